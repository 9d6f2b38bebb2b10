"""Which published question a visitor's question repeats, in other words or another language.

The same words after normalising are certain. Else the candidates compete: each has a value, a weighted sum of what it
shares with the question, "none of them" has the value 0, and a likeness is the candidate's share of all exponentials.
So two entries that fit equally well are each half as likely, and a question about something else matches none. The
weights were fitted on paraphrases of the demonstration's questions in nine languages and on questions about other
things (`python -m benchmarks.matching`, which cross-validates them).
"""

import math
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass

from django.db.models import Q

from faq.composition.expectation import expected, negates
from faq.enums import State
from faq.gateways import retrieval
from faq.models import Citation, Passage, Phrasing
from faq.queries.payloads import Reading, Text, reading
from retrieval.text import normalise
from retrieval.types import Hit

MAX_CANDIDATES = 12
AGREEING = 2
"""So many first passages bring the questions whose answers cite them, whatever their wordings."""


@dataclass(frozen=True, slots=True)
class Signals:
    """What an entry shares with a question; all from 0 to 1. `rank`: the reciprocal rank of the first found passage that
    its answer cites; `evidence`: that passage's. `kind`: both ask for the same kind of answer. `denied`: one of them
    denies what the other does not."""

    own: float = 0.0
    other: float = 0.0
    covered: float = 0.0
    covering: float = 0.0
    score: float = 0.0
    rank: float = 0.0
    evidence: float = 0.0
    kind: float = 0.0
    denied: float = 0.0


WEIGHTS = Signals(
    own=2.0, other=3.9, covered=7.0, covering=3.7, score=1.2, rank=1.1, evidence=1.3, kind=0.8, denied=-1.6
)
BIAS = -8.7


@dataclass(frozen=True, slots=True)
class Candidate:
    """A published question near the one asked. `likeness`: from 0 to 1; 1: the same words. `canonical`: its wording in
    the language of the sources, which may be the reader's own."""

    question_id: int
    key: str
    text: Text
    canonical: Text
    likeness: float


def candidates(text: str, tag: str, hits: Sequence[Hit], passages: Sequence[tuple[Hit, Passage]]) -> list[Candidate]:
    """The questions behind hits among wordings, and those whose answers cite the first passages found; the most alike
    first. Two queries, whatever their number."""
    reader = reading(tag)
    rows, signals = gathered(text, reader, hits, passages)
    values = {pk: math.inf if held is None else value_of(held) for pk, held in signals.items()}
    return _ordered(values, rows, reader)


def gathered(
    text: str, reader: Reading, hits: Sequence[Hit], passages: Sequence[tuple[Hit, Passage]]
) -> tuple[Mapping[int, list[Phrasing]], dict[int, Signals | None]]:
    """The wordings of each candidate, and what each shares with the question; None: the same words."""
    scores: dict[int, float] = {}
    for hit in hits:
        if hit.family[1:].isdecimal():
            scores.setdefault(int(hit.family[1:]), hit.score)
    ranks = {passage.pk: (rank, hit.evidence) for rank, (hit, passage) in enumerate(passages, start=1)}
    cited = _cited(list(ranks))
    near = list(scores)[:MAX_CANDIDATES]
    near += [pk for pk, places in cited.items() if pk not in near and any(ranks[p][0] <= AGREEING for p in places)]
    worded = _worded(near, reader, [hit.key for hit in hits])
    best = max(scores.values(), default=0.0) or 1.0
    signals: dict[int, Signals | None] = {}
    for pk, rows in worded.items():
        if any(same_words(row.text) == same_words(text) for row in rows):
            signals[pk] = None
        else:
            found = [ranks[place] for place in cited.get(pk, ())]
            # What only the search found, in a language that is not the reader's, counts when it is the same words.
            read = [row for row in rows if row.locale_id in reader.chain or row.locale_id == reader.default] or rows
            signals[pk] = _signals(text, read, reader, scores.get(pk, 0.0) / best, found)
    return worded, signals


def value_of(signals: Signals) -> float:
    """The weighted sum; 0 is what "none of them" is worth."""
    pairs: Iterator[tuple[float, float]] = zip(astuple(WEIGHTS), astuple(signals), strict=True)
    return BIAS + sum(weight * value for weight, value in pairs)


def same_words(text: str) -> str:
    """Equal for texts that differ in case, spaces and marks at the end only."""
    return unicodedata.normalize("NFKC", normalise(text)).casefold().strip(" ?!.。？！؟¿¡…'\"")


def _cited(passages: Sequence[int]) -> dict[int, set[int]]:
    """Question -> those of the passages that its published answer cites."""
    rows = Citation.objects.filter(
        passage_id__in=passages,
        answer_revision__state=State.PUBLISHED,
        answer_revision__answer__question__state=State.PUBLISHED,
    ).values_list("answer_revision__answer__question_id", "passage_id")
    found: dict[int, set[int]] = defaultdict(set)
    for question, passage in rows:
        found[question].add(passage)
    return found


def _worded(questions: Sequence[int], reader: Reading, entries: Sequence[str]) -> Mapping[int, list[Phrasing]]:
    """The wordings that readers of the locale may mean, those of the sources' language, and those found, by question."""
    found_ids = [int(key.rpartition("-")[2]) for key in entries if key.rpartition("-")[2].isdecimal()]
    rows = Phrasing.objects.filter(
        Q(locale_id__in=reader.chain) | Q(locale_id=reader.default) | Q(pk__in=found_ids),
        question_id__in=questions,
        question__state=State.PUBLISHED,
    ).select_related("question")
    found: dict[int, list[Phrasing]] = defaultdict(list)
    for row in rows:
        found[row.question_id].append(row)
    return found


def _signals(
    text: str, rows: Sequence[Phrasing], reader: Reading, score: float, found: Sequence[tuple[int, float]]
) -> Signals:
    with retrieval.mapped():
        like = retrieval.retriever().likeness(text, reader.tag, [(row.text, row.locale_id) for row in rows])
    worded = _canonical(rows, reader.tag) or _canonical(rows, reader.default) or rows[0]
    return Signals(
        own=like.own,
        other=like.other if reader.tag != reader.default else like.own,
        covered=like.covered,
        covering=like.covering,
        score=score,
        rank=max((1.0 / rank for rank, _ in found), default=0.0),
        evidence=max((evidence for _, evidence in found), default=0.0),
        kind=float(bool(expected(text) & expected(worded.text))),
        denied=float(negates(text) != negates(worded.text)),
    )


def _canonical(rows: Sequence[Phrasing], tag: str) -> Phrasing | None:
    return next((row for row in rows if row.canonical and row.locale_id == tag), None)


def _ordered(
    values: Mapping[int, float], by_question: Mapping[int, Sequence[Phrasing]], reader: Reading
) -> list[Candidate]:
    certain = math.inf in values.values()
    peak = max([value for value in values.values() if value != math.inf], default=0.0)
    total = math.exp(-max(peak, 0.0)) + sum(math.exp(v - max(peak, 0.0)) for v in values.values() if v != math.inf)
    found = []
    for pk, value in values.items():
        rows = by_question[pk]
        likeness = 1.0 if value == math.inf else 0.0 if certain else math.exp(value - max(peak, 0.0)) / total
        worded = reader.worded(rows) or reader.text(rows[0].text, rows[0].locale_id)
        source = _canonical(rows, reader.default)
        canonical = reader.text(source.text, source.locale_id) if source else worded
        found.append((value, Candidate(pk, rows[0].question.key, worded, canonical, likeness)))
    return [candidate for _, candidate in sorted(found, key=lambda pair: -pair[0])]
