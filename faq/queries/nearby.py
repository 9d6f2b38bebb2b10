"""Entries near another one, for its editor: those that may ask the same, and those whose answers say otherwise.

A hint and never a refusal. That two questions ask the same is told by what matches a reader's question with an entry
(faq.queries.matching). Two sentences say otherwise when they speak of the same, word for word and meaning for meaning, and each
has a number or a day that the other has not, or only one of them denies.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.db.models import Q

from faq.composition.expectation import negates
from faq.composition.figures import figures
from faq.enums import State
from faq.gateways import retrieval, translation
from faq.models import AnswerRevision, Citation, Passage, Phrasing
from faq.queries import evidence, matching
from faq.queries.payloads import Text, reading
from retrieval.text import normalise
from retrieval.types import Filters, Query

ALIKE = 3.5
"""The value above which an entry may ask the same. Of the paraphrases of the demonstration's questions .73 are above it with
their own entry and .07 with another one; of its 58 questions 8 are with another one (`python -m benchmarks.nearby`)."""
SAME_SUBJECT = 0.84
"""Share of two sentences' meanings, numbers and addresses aside, that the other says, on average, from which they speak of the
same. No two sentences of the demonstration's answers that differ in their numbers come above .83 (a birth certificate and a
residence certificate); of 81 with one number changed 75 are told (`python -m benchmarks.nearby`)."""
HALF = 0.5
"""Each says so much of the other at least."""
WORDINGS = 24
MOST_NEAR = 3
MOST_ENTRIES = 40
"""Entries whose answers are compared: the nearest, and those that cite the same sources."""
MOST_SENTENCES = 20
_FIGURES = re.compile(r"https?://\S+|\d[\d.,:/ -]*")


class Otherwise(StrEnum):
    """How a sentence says otherwise."""

    FIGURES = "figures"
    DENIAL = "denial"


@dataclass(frozen=True, slots=True)
class Near:
    """An entry that may ask the same. `same`: it has one of the wordings, word for word."""

    question_id: int
    text: Text
    same: bool
    published: bool


@dataclass(frozen=True, slots=True)
class Clash:
    """Two sentences that cannot both be true. `text`: the other entry's question."""

    question_id: int
    text: Text
    ours: str
    theirs: str
    how: Otherwise


def alike(
    wordings: Sequence[str], locale: str, *, leave_out: int = 0, values: Mapping[int, float] | None = None
) -> list[Near]:
    """Entries that may ask what these wordings of one question ask, the first of which counts most; MOST_NEAR at most, those of
    the same words first. `leave_out`: the entry's own id; `values`: what compared() says of the first wording. Unavailable when
    the index is."""
    found = {row.question_id: row for row in _same(wordings, locale) if row.question_id != leave_out}
    if values is None:
        values = compared(wordings[0], locale) if wordings else {}
    for pk, value in values.items():
        if value > ALIKE and pk != leave_out and pk not in found:
            found[pk] = Near(pk, Text("", locale, ""), False, True)
    named = _named(found, locale)
    rows = [Near(pk, named[pk], row.same, row.published) for pk, row in found.items() if pk in named]
    return rows[:MOST_NEAR]


def _same(wordings: Sequence[str], locale: str) -> list[Near]:
    """Entries, drafts among them, that have one of these wordings."""
    wanted = {key for text in wordings if (key := matching.same_words(text))}
    begins = Q(pk__in=[])
    for text in wordings:
        begins |= Q(text__istartswith=normalise(text).strip(" ?!.。？！؟")[:200])
    rows = Phrasing.objects.filter(begins, locale_id=locale).exclude(question__state=State.RETIRED)
    return [
        Near(pk, Text("", locale, ""), True, state == State.PUBLISHED)
        for pk, state, text in rows.order_by("question_id").values_list("question_id", "question__state", "text")
        if matching.same_words(text) in wanted
    ]


def compared(text: str, locale: str) -> dict[int, float]:
    """Published entries near a question, with how much speaks for their asking the same (ALIKE); the best first. Unavailable when
    the index is."""
    with retrieval.mapped():
        hits = retrieval.retriever().search(Query(text, locale, Filters(kinds=("phrasing",)), WORDINGS)).hits
    pairs = evidence.find(text, locale).pairs
    _rows, found = matching.gathered(text, locale, reading(locale), hits, pairs)
    return dict(sorted(((pk, each.value) for pk, each in found.items()), key=lambda pair: -pair[1]))


def clashes(
    near: Iterable[int], locale: str, sentences: Sequence[str], passages: Sequence[int], *, leave_out: int = 0
) -> list[Clash]:
    """Sentences of other published answers that say otherwise than these of one answer, one for each entry. `near`: ids of
    entries near its question (compared()); `passages`: of what it cites. Only answers that are there in this language.
    Unavailable when the library is."""
    ours = list(dict.fromkeys(sentences))[:MOST_SENTENCES]
    ids = [pk for pk in (*near, *_beside(passages)) if pk != leave_out]
    told = _told(list(dict.fromkeys(ids))[:MOST_ENTRIES], locale)
    if not ours or not told:
        return []
    found: dict[int, tuple[str, str, Otherwise]] = {}
    with retrieval.mapped():
        subjects = [[(_subject(other), locale)] for _pk, other in told]
        for one in ours:
            like = retrieval.retriever().compare(_subject(one), locale, subjects)
            for (pk, other), each in zip(told, like, strict=True):
                if pk not in found and each.covered >= HALF and (how := otherwise(one, other, locale)):
                    back = covered(other, one, locale)
                    if back >= HALF and (each.covered + back) / 2 >= SAME_SUBJECT:
                        found[pk] = (one, other, how)
    named = _named(found, locale)
    return [Clash(pk, named[pk], *each) for pk, each in found.items() if pk in named]


def covered(one: str, other: str, locale: str) -> float:
    """Share of what one sentence speaks of that the other speaks of, from 0 to 1."""
    found = retrieval.retriever().compare(_subject(one), locale, [[(_subject(other), locale)]])
    return found[0].covered


def _subject(sentence: str) -> str:
    return " ".join(_FIGURES.sub(" ", sentence).split())


def otherwise(one: str, other: str, locale: str) -> Otherwise | None:
    """How two sentences about the same differ; None where they do not, or where one only says more numbers than the other."""
    if not _figures_of(one, other, locale) and not _figures_of(other, one, locale):
        return Otherwise.FIGURES
    return Otherwise.DENIAL if negates(one) != negates(other) else None


def _figures_of(one: str, other: str, locale: str) -> bool:
    """Whether every number, month and day of one stands in the other as well."""
    held = figures(other, locale)
    return figures(one, locale) <= held and translation.same_numbers(one, locale, [(other, locale)], held)


def _beside(passages: Sequence[int]) -> list[int]:
    """Questions whose published answers cite the sources of these passages."""
    sources = Passage.objects.filter(pk__in=passages).values("revision_id")
    cited = Citation.objects.filter(
        passage__revision__in=sources, answer_revision__state=State.PUBLISHED, answer_revision__is_translation=False
    )
    return list(cited.order_by().values_list("answer_revision__answer__question_id", flat=True).distinct()[:200])


def _told(ids: Sequence[int], locale: str) -> list[tuple[int, str]]:
    """(question, sentence) of the published answers in a language."""
    rows = AnswerRevision.objects.filter(
        answer__question__in=ids, answer__question__state=State.PUBLISHED, state=State.PUBLISHED, locale_id=locale
    )
    order = {pk: place for place, pk in enumerate(ids)}
    held = sorted(rows.values_list("answer__question_id", "segments"), key=lambda row: order[row[0]])
    return [
        (pk, str(row["text"]))
        for pk, segments in held
        for row in segments[:MOST_SENTENCES]
        if row.get("lang", locale) == locale
    ]


def _named(ids: Iterable[int], locale: str) -> dict[int, Text]:
    """How an editor knows these questions."""
    reader = reading(locale)
    by_question: dict[int, list[Phrasing]] = {}
    for row in Phrasing.objects.filter(question__in=list(ids), canonical=True):
        by_question.setdefault(row.question_id, []).append(row)
    named = {pk: reader.worded(rows) for pk, rows in by_question.items()}
    return {pk: text for pk, text in named.items() if text is not None}
