"""How well questions find their passages: metrics (pure) and their run over labelled files in scratch indexes.

A folder holds `passages.<locale>.jsonl` (`id`, `text`, optional `title`) and `questions.<locale>.jsonl` (`id`,
`question`, `passage`: the id that answers it, optional `answers`: exact spans). Each question locale is asked into its
own passages and into the English ones, each in an index that holds nothing else. A question whose `passage` is empty is
answered by none: it counts for `false_answers` only.
"""

import json
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from retrieval.types import EntryKind, Hit, IndexEntry, InvalidInput, Query, Results

ENGLISH = "en"
DEPTH = 10


@dataclass(frozen=True, slots=True)
class LabelledPassage:
    id: str
    locale: str
    text: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class LabelledQuestion:
    """`answers`: spans of the passage in the question's locale, any of which answers it. `line`: where it was read."""

    id: str
    locale: str
    question: str
    passage: str
    answers: tuple[str, ...] = ()
    line: int = 0


class Searcher(Protocol):
    """The part of retrieval.service.Retriever that is measured."""

    def upsert(self, entries: list[IndexEntry]) -> int: ...

    def search(self, query: Query) -> Results: ...


Compose = Callable[[LabelledQuestion, Sequence[tuple[LabelledPassage, Hit]]], str]
"""A question and its ranked passages -> the answer's text, empty for none."""


# metrics: `ranked` are ids, best first ------------------------------------------------------------------------------


def recall_at_k(ranked: Sequence[str], wanted: str, k: int) -> float:
    """1 when the wanted id is among the first k, else 0."""
    return 1.0 if wanted in ranked[:k] else 0.0


def mrr(ranked: Sequence[str], wanted: str) -> float:
    """The reciprocal of the wanted id's rank; 0 when it is not there."""
    return 1.0 / (ranked.index(wanted) + 1) if wanted in ranked else 0.0


def ndcg_at_10(ranked: Sequence[str], gains: Mapping[str, float]) -> float:
    """Discounted gain of the first ten over the best that is possible; 0 without any gain to be had."""
    got = sum(gains.get(one, 0.0) / math.log2(place + 2) for place, one in enumerate(dict.fromkeys(ranked[:10])))
    best = sorted((gain for gain in gains.values() if gain > 0), reverse=True)[:10]
    ideal = sum(gain / math.log2(place + 2) for place, gain in enumerate(best))
    return got / ideal if ideal else 0.0


def answer_hit(answer: str, spans: Sequence[str]) -> float:
    """1 when the answer holds one of the spans, case and white space aside, else 0."""
    told = _loose(answer)
    return 1.0 if any(_loose(span) and _loose(span) in told for span in spans) else 0.0


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of all do not exceed; 0 for none."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)] if values else 0.0


def _loose(text: str) -> str:
    return " ".join(text.casefold().split())


# the run ------------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Sums:
    """What one row adds up while its questions are asked."""

    recall_1: list[float] = field(default_factory=list)
    recall_5: list[float] = field(default_factory=list)
    reciprocal: list[float] = field(default_factory=list)
    gain: list[float] = field(default_factory=list)
    hits: list[float] = field(default_factory=list)
    confident: list[float] = field(default_factory=list)
    false: list[float] = field(default_factory=list)


def evaluate(folder: Path, make_retriever: Callable[[], Searcher], compose: Compose | None = None) -> dict[str, Any]:
    """`rows` and `latency_ms` as `manage.py evaluate --json` prints them. InvalidInput names file and line.

    `make_retriever` gives a fresh scratch retriever for each passage locale. `answer_hit`: the composed answer (without
    `compose`: the first passage that reaches the evidence floor) holds one of the expected spans; into English, the
    spans of the English question of the same id. `answered`: share of answerable questions that get an answer at all.
    """
    questions = {locale: read_questions(file) for locale, file in _files(folder, "questions")}
    passages = {locale: read_passages(file) for locale, file in _files(folder, "passages")}
    if not questions or not passages:
        raise InvalidInput(f"{folder} holds no pair of questions.<locale>.jsonl and passages.<locale>.jsonl.")
    english = {question.id: question.answers for question in questions.get(ENGLISH, ())}
    rows: list[dict[str, Any]] = []
    latencies: list[float] = []
    for locale, own in passages.items():
        askers = list(questions) if locale == ENGLISH else [one for one in questions if one == locale]
        if not askers:
            continue
        retriever = make_retriever()
        retriever.upsert([_entry(passage) for passage in own.values()])
        for asker in askers:
            _refuse_unknown(questions[asker], own, asker, locale)
            spans = english if asker != locale else {question.id: question.answers for question in questions[asker]}
            sums = _Sums()
            for question in questions[asker]:
                latencies.append(_ask(question, own, retriever, spans.get(question.id, ()), compose, sums))
            rows.append({"question_locale": asker, "passage_locale": locale, **_row(sums)})
    rows.sort(key=lambda row: (row["question_locale"], row["question_locale"] != row["passage_locale"]))
    milliseconds = {"p50": round(percentile(latencies, 0.5), 2), "p95": round(percentile(latencies, 0.95), 2)}
    return {"rows": rows, "latency_ms": milliseconds}


def _ask(
    question: LabelledQuestion,
    passages: Mapping[str, LabelledPassage],
    retriever: Searcher,
    spans: Sequence[str],
    compose: Compose | None,
    sums: _Sums,
) -> float:
    """One search into the sums; returns its milliseconds."""
    begun = time.perf_counter()
    results = retriever.search(Query(question.question, question.locale, limit=DEPTH))
    elapsed = 1000 * (time.perf_counter() - begun)
    found = [(passages[hit.family], hit) for hit in results.hits]
    answer = compose(question, found) if compose else _first(found, results.floor)
    if not question.passage:
        sums.false.append(float(bool(answer)))
        return elapsed
    ranked = [hit.family for hit in results.hits]
    sums.recall_1.append(recall_at_k(ranked, question.passage, 1))
    sums.recall_5.append(recall_at_k(ranked, question.passage, 5))
    sums.reciprocal.append(mrr(ranked, question.passage))
    sums.gain.append(ndcg_at_10(ranked, {question.passage: 1.0}))
    sums.confident.append(float(bool(answer)))
    if spans:
        sums.hits.append(answer_hit(answer, spans))
    return elapsed


def _first(found: Sequence[tuple[LabelledPassage, Hit]], floor: float) -> str:
    """The first passage when it is evidence enough."""
    return found[0][0].text if found and found[0][1].evidence >= floor else ""


def _row(sums: _Sums) -> dict[str, Any]:
    row: dict[str, Any] = {
        "n": len(sums.recall_1),
        "recall_at_1": _mean(sums.recall_1),
        "recall_at_5": _mean(sums.recall_5),
        "mrr": _mean(sums.reciprocal),
        "ndcg_at_10": _mean(sums.gain),
        "answer_hit": _mean(sums.hits),
        "answered": _mean(sums.confident),
    }
    return row | ({"unanswerable": len(sums.false), "false_answers": _mean(sums.false)} if sums.false else {})


def _mean(values: Sequence[float]) -> float:
    return round(sum(values) / len(values), 4) if values else 0.0


def _entry(passage: LabelledPassage) -> IndexEntry:
    return IndexEntry(
        key=f"{passage.id}:{passage.locale}",
        family=passage.id,
        kind=EntryKind.PASSAGE,
        locale=passage.locale,
        text=passage.text,
        heading=passage.title,
    )


# files --------------------------------------------------------------------------------------------------------------


def read_passages(file: Path) -> dict[str, LabelledPassage]:
    """By id, in the file's order."""
    locale = _locale(file)
    found: dict[str, LabelledPassage] = {}
    for line, record in _records(file, locale):
        passage = LabelledPassage(
            id=_text(record, "id", file, line),
            locale=locale,
            text=_text(record, "text", file, line),
            title=_text(record, "title", file, line, needed=False),
        )
        if passage.id in found:
            raise InvalidInput(f"{file.name}, line {line}: the id {passage.id!r} stands there twice.")
        found[passage.id] = passage
    return found


def read_questions(file: Path) -> list[LabelledQuestion]:
    locale = _locale(file)
    return [
        LabelledQuestion(
            id=_text(record, "id", file, line),
            locale=locale,
            question=_text(record, "question", file, line),
            passage=_text(record, "passage", file, line, needed=False),
            answers=_answers(record, file, line),
            line=line,
        )
        for line, record in _records(file, locale)
    ]


def _files(folder: Path, kind: str) -> list[tuple[str, Path]]:
    if not folder.is_dir():
        raise InvalidInput(f"{folder} is not a folder.")
    return [(_locale(file), file) for file in sorted(folder.glob(f"{kind}.*.jsonl"))]


def _locale(file: Path) -> str:
    return file.name.split(".")[1].lower()


def _records(file: Path, locale: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """(line from 1, object) of every line that is not blank."""
    try:
        lines = file.read_text(encoding="utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise InvalidInput(f"{file.name}, line {line}: not UTF-8.") from error
    except OSError as error:
        raise InvalidInput(f"{file.name} cannot be read ({error.strerror}).") from error
    for number, content in enumerate(lines, start=1):
        if not content.strip():
            continue
        try:
            record = json.loads(content)
        except ValueError as error:
            raise InvalidInput(f"{file.name}, line {number}: not JSON ({error}).") from error
        if not isinstance(record, dict):
            raise InvalidInput(f"{file.name}, line {number}: not a JSON object.")
        if record.get("locale", locale) != locale:
            raise InvalidInput(f"{file.name}, line {number}: the locale {record['locale']!r} is not that of the file.")
        yield number, record


def _text(record: Mapping[str, Any], name: str, file: Path, line: int, *, needed: bool = True) -> str:
    value = record.get(name)
    if value is None and not needed:
        return ""
    if not isinstance(value, str) or (needed and not value.strip()):
        raise InvalidInput(
            f"{file.name}, line {line}: {name!r} must be a text{' that is not empty' if needed else ''}."
        )
    return value


def _answers(record: Mapping[str, Any], file: Path, line: int) -> tuple[str, ...]:
    value = record.get("answers", [])
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise InvalidInput(f"{file.name}, line {line}: 'answers' must be a list of texts.")
    return tuple(value)


def _refuse_unknown(
    questions: Sequence[LabelledQuestion], passages: Mapping[str, LabelledPassage], asker: str, locale: str
) -> None:
    for question in questions:
        if question.passage and question.passage not in passages:
            raise InvalidInput(
                f"questions.{asker}.jsonl, line {question.line}: question {question.id!r} names passage {question.passage!r}, "
                f"which passages.{locale}.jsonl does not hold."
            )
