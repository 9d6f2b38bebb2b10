"""Which published question a visitor's question repeats, in other words or another language.

The same words after normalising are certain. Else the candidates compete: each has a value, a weighted sum of what it
shares with the question, "none of them" has the value 0, and a likeness is the candidate's share of all exponentials.
So two entries that fit equally well are each half as likely, and a question about something else matches none. What an
entry of many wordings shares, among many, weighs otherwise than what one shares that has its question and little else.
The weights were fitted on paraphrases of the demonstration's questions in nine languages and on questions about other
things (`python -m benchmarks.matching`, which cross-validates them).
"""

import math
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, fields
from operator import attrgetter

from django.db.models import Q

from faq.composition.expectation import expected, negates
from faq.enums import State
from faq.gateways import retrieval
from faq.models import Citation, Passage, Phrasing
from faq.queries.payloads import Reading, Text, reading
from retrieval.text import normalise
from retrieval.types import Hit
from retrieval.wording import Likeness

MAX_CANDIDATES = 12
AGREEING = 2
"""So many first passages bring the questions whose answers cite them, whatever their wordings."""


@dataclass(frozen=True, slots=True)
class Signals:
    """What an entry shares with a question; all from 0 to 1. `rank`: the reciprocal rank of the first found passage that
    its answer cites; `evidence`: that passage's. `kind`: both ask for the same kind of answer. `denied`: one of them
    denies what the other does not. `few`: how little the question has to tell by, one part of its words."""

    own: float = 0.0
    other: float = 0.0
    near: float = 0.0
    covered: float = 0.0
    alone: float = 0.0
    covering: float = 0.0
    score: float = 0.0
    rank: float = 0.0
    evidence: float = 0.0
    kind: float = 0.0
    denied: float = 0.0
    few: float = 0.0


@dataclass(frozen=True, slots=True)
class Weighing:
    """What each signal is worth, and what an entry is worth that shares nothing."""

    weights: Signals
    bias: float

    def value(self, signals: Signals) -> float:
        """The weighted sum; 0 is what "none of them" is worth."""
        pairs: Iterator[tuple[float, float]] = zip(_VALUES(self.weights), _VALUES(signals), strict=True)
        return self.bias + sum(weight * value for weight, value in pairs)


_VALUES = attrgetter(*(field.name for field in fields(Signals)))
MANY_WORDINGS = 4
"""In the question's language; with fewer, one wording says little of the entry as a whole."""
MANY_CANDIDATES = 8
"""With fewer, that none of the others is like the question says little."""
RICH = Weighing(
    Signals(
        own=1.8, other=2.6, near=8.2, covered=5.0, alone=5.3, covering=3.4, score=0.3, rank=1.1, evidence=2.5, kind=0.7,
        denied=-0.9, few=-3.2,
    ),
    bias=-10.5,
)  # fmt: skip
SPARSE = Weighing(
    Signals(
        own=-3.7, other=3.2, near=2.2, covered=5.2, alone=0.3, covering=2.1, score=1.9, rank=2.4, evidence=1.9, kind=1.6,
        denied=-1.2, few=-2.2,
    ),
    bias=-6.8,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Compared:
    """A question beside an entry. `signals`: None when they are the same words. `rich`: the entry has MANY_WORDINGS and is one
    of MANY_CANDIDATES."""

    signals: Signals | None
    rich: bool

    @property
    def value(self) -> float:
        """Infinite for the same words."""
        if self.signals is None:
            return math.inf
        return (RICH if self.rich else SPARSE).value(self.signals)


@dataclass(frozen=True, slots=True)
class Wording:
    """A phrasing of a published question. `key`: the question's."""

    question_id: int
    key: str
    locale_id: str
    text: str
    canonical: bool


@dataclass(frozen=True, slots=True)
class Candidate:
    """A published question near the one asked. `likeness`: from 0 to 1; 1: the same words. `canonical`: its wording in
    the language of the sources, which may be the reader's own."""

    question_id: int
    key: str
    text: Text
    canonical: Text
    likeness: float


def candidates(
    text: str, locale: str, hits: Sequence[Hit], passages: Sequence[tuple[Hit, Passage]], *, reader: str = ""
) -> list[Candidate]:
    """The questions behind hits among wordings, and those whose answers cite the first passages found; the most alike
    first. Two queries, whatever their number. `locale`: of the question; `reader`: the reader's, where it is another."""
    read = reading(reader or locale)
    rows, compared = gathered(text, locale, read, hits, passages)
    values = {pk: each.value for pk, each in compared.items()}
    return _ordered(values, rows, read)


def gathered(
    text: str, locale: str, reader: Reading, hits: Sequence[Hit], passages: Sequence[tuple[Hit, Passage]]
) -> tuple[Mapping[int, list[Wording]], dict[int, Compared]]:
    """The wordings of each candidate, and what each shares with the question."""
    scores: dict[int, float] = {}
    for hit in hits:
        if hit.family[1:].isdecimal():
            scores.setdefault(int(hit.family[1:]), hit.score)
    ranks = {passage.pk: (rank, hit.evidence) for rank, (hit, passage) in enumerate(passages, start=1)}
    cited = _cited(list(ranks))
    near = list(scores)[:MAX_CANDIDATES]
    near += [pk for pk, places in cited.items() if pk not in near and any(ranks[p][0] <= AGREEING for p in places)]
    locales = {*reader.chain, reader.default, locale}
    worded = _worded(near, locales, [hit.key for hit in hits])
    best = max(scores.values(), default=0.0) or 1.0
    # What only the search found, in a language that is none of these, counts when it is the same words.
    meant = {pk: [row for row in rows if row.locale_id in locales] or rows for pk, rows in worded.items()}
    with retrieval.mapped():
        alike = retrieval.retriever().compare(
            text, locale, [[(row.text, row.locale_id) for row in rows] for rows in meant.values()]
        )
    asked = same_words(text)
    many = len(worded) >= MANY_CANDIDATES
    compared: dict[int, Compared] = {}
    for (pk, rows), like in zip(worded.items(), alike, strict=True):
        signals = None
        if not any(same_words(row.text) == asked for row in rows):
            found = [ranks[place] for place in cited.get(pk, ())]
            told = _canonical(meant[pk], locale) or _canonical(meant[pk], reader.default) or meant[pk][0]
            signals = _signals(text, like, told.text, locale != reader.default, scores.get(pk, 0.0) / best, found)
        own = sum(row.locale_id == locale for row in meant[pk])
        compared[pk] = Compared(signals, many and own >= MANY_WORDINGS)
    return worded, compared


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


def _worded(questions: Sequence[int], locales: Set[str], entries: Sequence[str]) -> Mapping[int, list[Wording]]:
    """The wordings in these languages, and those found, by question."""
    found_ids = [int(key.rpartition("-")[2]) for key in entries if key.rpartition("-")[2].isdecimal()]
    rows = Phrasing.objects.filter(
        Q(locale_id__in=locales) | Q(pk__in=found_ids),
        question_id__in=questions,
        question__state=State.PUBLISHED,
    )
    found: dict[int, list[Wording]] = defaultdict(list)
    # Rows and not models: some two hundred for each question asked.
    for columns in rows.values_list("question_id", "question__key", "locale_id", "text", "canonical"):
        found[columns[0]].append(Wording(*columns))
    return found


def _signals(
    text: str, like: Likeness, worded: str, abroad: bool, score: float, found: Sequence[tuple[int, float]]
) -> Signals:
    """`worded`: the entry's question. `abroad`: the question is in another language than the sources."""
    return Signals(
        own=like.own,
        other=like.other if abroad else like.own,
        near=like.near,
        covered=like.covered,
        alone=like.alone,
        covering=like.covering,
        score=score,
        rank=max((1.0 / rank for rank, _ in found), default=0.0),
        evidence=max((evidence for _, evidence in found), default=0.0),
        kind=float(bool(expected(text) & expected(worded))),
        denied=float(negates(text) != negates(worded)),
        few=1.0 / max(1, like.words),
    )


def _canonical(rows: Sequence[Wording], tag: str) -> Wording | None:
    return next((row for row in rows if row.canonical and row.locale_id == tag), None)


def _ordered(
    values: Mapping[int, float], by_question: Mapping[int, Sequence[Wording]], reader: Reading
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
        found.append((value, Candidate(pk, rows[0].key, worded, canonical, likeness)))
    return [candidate for _, candidate in sorted(found, key=lambda pair: -pair[0])]
