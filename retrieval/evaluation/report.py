"""From what became of each question to the figures of `manage.py evaluate --json`: pure.

A row is one question language into the passages of one language. Its figures are shares from 0 to 1 over the questions
that the index can answer, but `wrong_answers`: over those whose passages were taken out of it. `None`: nothing to measure.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from retrieval import text
from retrieval.chunking import tokens
from retrieval.evaluation.labelled import Labelled
from retrieval.evaluation.metrics import (
    Promise,
    answer_hit,
    calibration_error,
    interval,
    loose,
    mrr,
    ndcg_at_10,
    percentile,
    recall_at_k,
    reliability,
    share,
)
from retrieval.evaluation.types import Judged, Quote, Said

CONTENT = 0.8
"""This share of a sentence's words must stand in what it cites; all of them, where it is a quote itself."""

Row = dict[str, Any]
Passages = Mapping[tuple[str, str], str]
"""(locale, id) -> text"""


def rows(judged: Iterable[Judged]) -> list[Row]:
    """One row for each pair of languages, own passages before English ones."""
    pairs: dict[tuple[str, str], list[Judged]] = defaultdict(list)
    for each in judged:
        pairs[each.question.locale, each.passage_locale].append(each)
    order = sorted(pairs, key=lambda pair: (pair[0], pair[0] != pair[1], pair[1]))
    return [{"question_locale": asker, "passage_locale": into, **row(pairs[asker, into])} for asker, into in order]


def row(judged: Sequence[Judged]) -> Row:
    """The figures of questions in one language into passages of one language."""
    able = [each for each in judged if each.answerable]
    away = [each for each in judged if each.held_out]
    none = [each for each in judged if not each.question.passage]
    spanned = [each for each in able if each.spans]
    allowed = [max((answer_hit(top, each.spans) for top in each.top), default=0.0) for each in spanned]
    hits = [_hit(each) for each in spanned]
    measured: dict[str, tuple[list[float], list[Judged], list[float] | None]] = {
        "recall_at_1": ([recall_at_k(each.ranked, each.question.passage, 1) for each in able], able, None),
        "recall_at_5": ([recall_at_k(each.ranked, each.question.passage, 5) for each in able], able, None),
        "mrr": ([mrr(each.ranked, each.question.passage) for each in able], able, None),
        "ndcg_at_10": ([ndcg_at_10(each.ranked, {each.question.passage: 1.0}) for each in able], able, None),
        "answered": ([float(each.answer.given) for each in able], able, None),
        "answer_hit": (hits, spanned, None),
        "answer_hit_of_allowed": (hits, spanned, allowed),
        "wrong_answers": ([float(each.answer.given) for each in away], away, None),
    }
    lengths = [tokens(each.answer.text) for each in able if each.answer.given]
    found: Row = {"n": len(able)}
    found |= {name: share(values, among) for name, (values, _, among) in measured.items()}
    found |= {
        "answer_words": round(sum(lengths) / len(lengths), 1) if lengths else None,
        "top_passage_allows": share(allowed),
        "held_out": len(away),
        "intervals": {
            name: interval(values, [one.question.passage for one in each], among)
            for name, (values, each, among) in measured.items()
        },
    }
    if none:
        found |= {"unanswerable": len(none), "false_answers": share([float(each.answer.given) for each in none])}
    return found


def _hit(judged: Judged) -> float:
    return answer_hit(judged.answer.text, judged.spans) if judged.answer.given else 0.0


def citation_precision(judged: Iterable[Judged], passages: Passages) -> float | None:
    """The share of citations in given answers whose quote stands in its passage and that say what their sentence says."""
    values = [
        float(stands(quote, said.locale, passages) and supports(said))
        for each in judged
        if each.answer.given
        for said in each.answer.said
        for quote in said.quotes or (Quote("", 0, 0, ""),)  # a sentence without a citation is a citation that fails
    ]
    return share(values)


def stands(quote: Quote, locale: str, passages: Passages) -> bool:
    """Whether the quote is found, not empty, at its offsets in the passage as the file has it."""
    held = passages.get((locale, quote.passage))
    return held is not None and bool(quote.text.strip()) and held[quote.start : quote.end] == quote.text


def supports(said: Said) -> bool:
    """Whether the sentence's content is in its quotes together: it is part of them, or nearly all of its words are."""
    quoted = " ".join(quote.text for quote in said.quotes)
    if loose(said.source) in loose(quoted):
        return True
    words = set(text.query_tokens(said.source, said.locale))
    held = set(text.analyse(quoted, said.locale))
    return bool(words) and len(words & held) >= CONTENT * len(words)


def parity_failures(judged: Iterable[Judged]) -> int:
    """How many sentences of given answers differ from their sources in numbers, addresses or lists."""
    return sum(not said.parity for each in judged if each.answer.given for said in each.answer.said)


def calibration(judged: Iterable[Judged]) -> dict[str, Any]:
    """Whether what scores promise comes true, held-out questions included: evidence of the first passage found, that it is
    the right one; sureness of what was composed, shown or withheld, that it rests on the right one."""
    asked = [each for each in judged if each.answerable or each.held_out]
    found = [Promise(each.evidence, _first(each)) for each in asked if each.ranked]
    composed = [Promise(each.answer.sureness, _rests(each)) for each in asked if each.answer.said]
    tables = {"evidence": reliability(found), "sureness": reliability(composed)}
    errors = {name: calibration_error(table) for name, table in tables.items()}
    return {**tables, "expected_calibration_error": errors}


def _first(judged: Judged) -> bool:
    return not judged.held_out and judged.ranked[0] == judged.question.passage


def _rests(judged: Judged) -> bool:
    cited = {quote.passage for said in judged.answer.said for quote in said.quotes}
    return not judged.held_out and judged.question.passage in cited


def latency(judged: Iterable[Judged]) -> dict[str, float]:
    """`p50` and `p95` of one search, in milliseconds."""
    taken = [each.milliseconds for each in judged]
    return {"p50": round(percentile(taken, 0.5), 2), "p95": round(percentile(taken, 0.95), 2)}


def texts(labelled: Labelled) -> Passages:
    """Every passage's text."""
    return {(locale, key): each.text for locale, held in labelled.passages.items() for key, each in held.items()}
