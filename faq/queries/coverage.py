"""Questions by languages: what readers get of each entry in each language, and how much of the whole a language covers.

Invariant: the number of queries depends neither on the number of questions nor on that of languages. A page of the matrix reads
its own questions only; a filter on what is derived reads ids and states of all, never a text.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import F, Sum
from django.utils import timezone

from faq.enums import CellState, Freshness, Origin, State
from faq.models import AnswerRevision, Locale, Question, Tally
from faq.queries import freshness, locales
from faq.queries.freshness import MISSING, Standing

DEMAND_DAYS = 90
ASKED, NEVER_ASKED = "asked", "never"


@dataclass(frozen=True, slots=True)
class Filters:
    """What of the matrix is wanted. `topic`: a key, "-" for none; `locale`: one column; `cell`: questions that have such a
    cell, in that column or in any; `demand`: ASKED or NEVER_ASKED within DEMAND_DAYS; `text`: in a wording."""

    state: str = State.PUBLISHED
    topic: str = ""
    locale: str = ""
    cell: str = ""
    demand: str = ""
    text: str = ""
    by_demand: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """An entry in one language. `draft`: a translation waits for somebody to approve it."""

    locale: Locale
    standing: Standing
    draft: bool

    @property
    def state(self) -> CellState:
        return cell_state(self.standing)

    @property
    def origin_label(self) -> str:
        """Where the text came from, in words; "" where there is none."""
        return str(Origin(self.standing.origin).label) if self.standing.origin else ""


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the matrix; `demand`: how often readers asked for it within DEMAND_DAYS."""

    question: Question
    demand: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Coverage:
    """One language's share of the published questions. `asked_for`: what readers asked that an entry answers, in any
    language; `asked_current`: how much of that has a current answer in this one."""

    locale: Locale
    current: int
    machine: int
    stale: int
    missing: int
    asked_for: int = 0
    asked_current: int = 0

    @property
    def total(self) -> int:
        return self.current + self.stale + self.missing

    @property
    def by_person(self) -> int:
        """Current ones that a person wrote or approved, or that come from such memory."""
        return self.current - self.machine

    @property
    def person_percent(self) -> int:
        return _percent(self.by_person, self.total)

    @property
    def machine_percent(self) -> int:
        return _percent(self.machine, self.total)

    @property
    def stale_percent(self) -> int:
        return _percent(self.stale, self.total)

    @property
    def asked_percent(self) -> int:
        return _percent(self.asked_current, self.asked_for)


def _percent(part: int, total: int) -> int:
    return round(100 * part / total) if total else 0


def cell_state(standing: Standing) -> CellState:
    """The one word for a cell: whether anything is there, whether it is fresh, and if so whether a person answers for it."""
    if standing.freshness == Freshness.MISSING:
        return CellState.MISSING
    if standing.freshness == Freshness.STALE:
        return CellState.STALE
    return CellState.MACHINE if standing.origin == Origin.MACHINE else CellState.CURRENT


def chosen(filters: Filters) -> list[int]:
    """The questions that pass, in the order of the matrix: by demand, or by topic and key."""
    rows = Question.objects.filter(state=filters.state) if filters.state else Question.objects.all()
    if filters.topic:
        rows = rows.filter(topic__isnull=True) if filters.topic == "-" else rows.filter(topic__key=filters.topic)
    if filters.text:
        rows = rows.filter(phrasings__text__icontains=filters.text).distinct()
    ids = list(
        rows.order_by(F("topic__order").asc(nulls_last=True), "topic__key", "key", "pk").values_list("pk", flat=True)
    )
    if filters.demand or filters.by_demand:
        asked = demand()
        if filters.demand:
            ids = [pk for pk in ids if bool(asked.get(pk)) == (filters.demand == ASKED)]
        if filters.by_demand:
            ids.sort(key=lambda pk: -asked.get(pk, 0))
    return _with_cell(ids, filters) if filters.cell else ids


def _with_cell(ids: Sequence[int], filters: Filters) -> list[int]:
    tags = [filters.locale] if filters.locale else [locale.tag for locale in locales.enabled_locales()]
    if filters.cell == CellState.DRAFT:
        waiting = drafts(None)
        return [pk for pk in ids if any((pk, tag) in waiting for tag in tags)]
    known = freshness.standings()
    return [pk for pk in ids if any(cell_state(known.get(pk, {}).get(tag, MISSING)) == filters.cell for tag in tags)]


def rows(question_ids: Sequence[int], columns: Sequence[Locale]) -> list[Row]:
    """These lines of the matrix, in this order."""
    found = Question.objects.select_related("topic").prefetch_related("phrasings").in_bulk(list(question_ids))
    known, waiting, asked = freshness.standings(question_ids), drafts(question_ids), demand(question_ids)
    return [
        Row(
            question=found[pk],
            demand=asked.get(pk, 0),
            cells=tuple(
                Cell(locale, known.get(pk, {}).get(locale.tag, MISSING), (pk, locale.tag) in waiting)
                for locale in columns
            ),
        )
        for pk in question_ids
        if pk in found
    ]


def drafts(question_ids: Sequence[int] | None) -> set[tuple[int, str]]:
    """(question, locale) for which a translation waits."""
    waiting = AnswerRevision.objects.filter(state__in=[State.DRAFT, State.IN_REVIEW], is_translation=True)
    if question_ids is not None:
        waiting = waiting.filter(answer__question_id__in=list(question_ids))
    return set(waiting.order_by().values_list("answer__question_id", "locale_id"))


def demand(question_ids: Iterable[int] | None = None, *, since: date | None = None) -> dict[int, int]:
    """Question -> how often readers asked for it since then, in any language; those never asked for are left out."""
    begin = since or timezone.now().date() - timedelta(days=DEMAND_DAYS)
    tallies = Tally.objects.filter(day__gte=begin, question__isnull=False)
    if question_ids is not None:
        tallies = tallies.filter(question_id__in=list(question_ids))
    return dict(tallies.order_by().values_list("question_id").annotate(times=Sum("count")))


def by_language() -> list[Coverage]:
    """How much of the published questions each enabled language covers, in menu order."""
    ids = set(Question.objects.filter(state=State.PUBLISHED).order_by().values_list("pk", flat=True))
    known = freshness.standings()
    asked = {pk: times for pk, times in demand().items() if pk in ids}
    return [_covered(locale, ids, known, asked) for locale in locales.enabled_locales()]


def _covered(
    locale: Locale, ids: set[int], known: Mapping[int, Mapping[str, Standing]], asked: Mapping[int, int]
) -> Coverage:
    counts = dict.fromkeys(CellState, 0)
    asked_current = 0
    for pk in ids:
        state = cell_state(known.get(pk, {}).get(locale.tag, MISSING))
        counts[state] += 1
        if state in (CellState.CURRENT, CellState.MACHINE):
            asked_current += asked.get(pk, 0)
    return Coverage(
        locale=locale,
        current=counts[CellState.CURRENT] + counts[CellState.MACHINE],
        machine=counts[CellState.MACHINE],
        stale=counts[CellState.STALE],
        missing=counts[CellState.MISSING],
        asked_for=sum(asked.values()),
        asked_current=asked_current,
    )
