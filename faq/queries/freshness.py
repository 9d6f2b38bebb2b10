"""How fresh answers are: derived from citations and from what a translation was made of, never stored.

A canonical answer is stale when what it cites changed or vanished since a person looked. A translation is stale when a
later original of major significance was published. Both cost a fixed number of queries, whatever the number of answers.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from faq.enums import CitationStatus, Freshness, Origin, Significance, State
from faq.models import AnswerRevision, Citation, Locale, Question
from faq.queries import locales


@dataclass(frozen=True, slots=True)
class Coverage:
    """One language's share of the published questions; the percentages are of all of them."""

    locale: Locale
    current: int
    machine: int
    stale: int
    missing: int

    @property
    def total(self) -> int:
        return self.current + self.stale + self.missing

    @property
    def human_percent(self) -> int:
        return _percent(self.current - self.machine, self.total)

    @property
    def machine_percent(self) -> int:
        return _percent(self.machine, self.total)

    @property
    def stale_percent(self) -> int:
        return _percent(self.stale, self.total)


def _percent(part: int, total: int) -> int:
    return round(100 * part / total) if total else 0


def citation_status(citation: Citation) -> CitationStatus:
    """VALID: what was looked at stands unchanged; MOVED: the quote stands in changed text; BROKEN: it does not stand."""
    passage = citation.passage
    if passage.revision_id != passage.revision.source.published_revision_id:
        return CitationStatus.BROKEN
    if passage.text[citation.start : citation.end] != citation.quote:
        return CitationStatus.BROKEN
    return CitationStatus.VALID if passage.content_hash == citation.passage_hash else CitationStatus.MOVED


def standing_citations(revision_ids: Sequence[int]) -> dict[int, list[Citation]]:
    """Citations of these revisions with passage, revision and source; one query."""
    rows = Citation.objects.filter(answer_revision_id__in=list(revision_ids))
    found: dict[int, list[Citation]] = defaultdict(list)
    light = rows.select_related("passage__revision__source").defer(
        "passage__revision__text", "passage__revision__blocks"
    )
    for row in light.order_by("answer_revision_id", "number"):
        found[row.answer_revision_id].append(row)
    return found


def outdated(revision: AnswerRevision, canonical: AnswerRevision) -> bool:
    """Whether a translation was made of an original that a major revision has replaced; may ask the database once."""
    if not revision.is_translation or revision.based_on_id == canonical.pk:
        return False
    if revision.based_on_id is None:
        return True
    return _majors([canonical.answer_id], canonical.answer_id, revision.based_on_id, canonical.pk)


def _majors(answer_ids: list[int], answer_id: int, based_on: int, canonical: int) -> bool:
    """Whether a published revision between the two, in either direction, was a major one."""
    rows = AnswerRevision.objects.filter(
        answer_id__in=answer_ids, is_translation=False, published_at__isnull=False, significance=Significance.MAJOR
    ).values_list("answer_id", "pk")
    return _major_between(list(rows), answer_id, based_on, canonical)


def _major_between(rows: Iterable[tuple[int, int]], answer_id: int, based_on: int, canonical: int) -> bool:
    low, high = sorted((based_on, canonical))
    return any(owner == answer_id and low < pk <= high for owner, pk in rows)


def answer_freshness(question_ids: Sequence[int] | None = None) -> dict[int, dict[str, Freshness]]:
    """Question -> enabled locale -> freshness, of these questions or of all; five queries."""
    wanted = Question.objects.all() if question_ids is None else Question.objects.filter(pk__in=list(question_ids))
    tags = [locale.tag for locale in locales.enabled_locales()]
    found = {pk: dict.fromkeys(tags, Freshness.MISSING) for pk in wanted.values_list("pk", flat=True)}
    revisions = _published(found)
    canonical = {row.answer_id: row for row in revisions if not row.is_translation}
    changed = _changed(canonical.values())
    majors = _all_majors(revisions, canonical)
    for row in revisions:
        if row.locale_id not in tags:
            continue
        original = canonical.get(row.answer_id)
        if not row.is_translation:
            stale = row.pk in changed
        elif original is None or row.based_on_id is None:
            stale = True
        else:
            stale = row.based_on_id != original.pk and _major_between(
                majors, row.answer_id, row.based_on_id, original.pk
            )
        found[row.answer.question_id][row.locale_id] = Freshness.STALE if stale else Freshness.CURRENT
    return found


def _published(question_ids: Iterable[int]) -> list[AnswerRevision]:
    rows: QuerySet[AnswerRevision] = AnswerRevision.objects.filter(state=State.PUBLISHED)
    ids = list(question_ids)
    # A list of every id is longer than a database takes; then all rows are read and the others left out.
    if len(ids) <= 500:
        rows = rows.filter(answer__question_id__in=ids)
    return list(rows.select_related("answer").defer("text", "segments"))


def _changed(canonical: Iterable[AnswerRevision]) -> set[int]:
    """Canonical revisions with a citation that is not valid; those without any citation are stale too."""
    ids = {row.pk for row in canonical}
    rows = Citation.objects.filter(answer_revision__state=State.PUBLISHED)
    if len(ids) <= 500:
        rows = rows.filter(answer_revision_id__in=list(ids))
    bad: set[int] = set()
    cited: set[int] = set()
    for row in rows.select_related("passage__revision__source").defer(
        "passage__revision__text", "passage__revision__blocks"
    ):
        cited.add(row.answer_revision_id)
        if citation_status(row) != CitationStatus.VALID:
            bad.add(row.answer_revision_id)
    return bad | (ids - cited)


def _all_majors(revisions: Sequence[AnswerRevision], canonical: dict[int, AnswerRevision]) -> list[tuple[int, int]]:
    moved = {
        row.answer_id
        for row in revisions
        if row.is_translation and row.answer_id in canonical and row.based_on_id != canonical[row.answer_id].pk
    }
    if not moved:
        return []
    rows = AnswerRevision.objects.filter(
        answer_id__in=list(moved)[:500],
        is_translation=False,
        published_at__isnull=False,
        significance=Significance.MAJOR,
    )
    return list(rows.values_list("answer_id", "pk"))


def canonical_freshness(question_ids: Sequence[int] | None = None) -> dict[int, Freshness]:
    """Question -> freshness of its original answer; those that have none are left out."""
    ids = question_ids if question_ids is not None else list(Question.objects.values_list("pk", flat=True))
    canonical = [row for row in _published(ids) if not row.is_translation]
    changed = _changed(canonical)
    return {row.answer.question_id: Freshness.STALE if row.pk in changed else Freshness.CURRENT for row in canonical}


def coverage() -> list[Coverage]:
    """How much of the published questions each enabled language covers, in menu order."""
    ids = set(Question.objects.filter(state=State.PUBLISHED).values_list("pk", flat=True))
    fresh = {pk: by_locale for pk, by_locale in answer_freshness().items() if pk in ids}
    machine = {(row.answer.question_id, row.locale_id) for row in _published(ids) if row.origin == Origin.MACHINE}
    found = []
    for locale in locales.enabled_locales():
        values = {pk: by_locale.get(locale.tag, Freshness.MISSING) for pk, by_locale in fresh.items()}
        current = {pk for pk, value in values.items() if value == Freshness.CURRENT}
        found.append(
            Coverage(
                locale=locale,
                current=len(current),
                machine=sum(1 for pk in current if (pk, locale.tag) in machine),
                stale=sum(1 for value in values.values() if value == Freshness.STALE),
                missing=sum(1 for value in values.values() if value == Freshness.MISSING),
            )
        )
    return found
