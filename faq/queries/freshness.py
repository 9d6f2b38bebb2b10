"""How fresh answers are: derived from citations and from what a translation was made of, never stored.

A canonical answer is stale when what it cites changed or vanished since a person looked. A translation is stale when a
later original of major significance was published. Both cost a fixed number of queries, whatever the number of answers.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db.models import Count, F, Q
from django.db.models.functions import Substr

from faq.enums import CitationStatus, Freshness, Significance, State
from faq.models import AnswerRevision, Citation, Question
from faq.queries import locales

if TYPE_CHECKING:
    from django.db.models import QuerySet


MOST_IDS = 500
"""A longer list is no condition of a query: then all rows are read and the others left out."""


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
    return _majors(canonical.answer_id, revision.based_on_id, canonical.pk)


def _majors(answer_id: int, based_on: int, canonical: int) -> bool:
    """Whether a published revision between the two, in either direction, was a major one."""
    low, high = sorted((based_on, canonical))
    return AnswerRevision.objects.filter(
        answer_id=answer_id, is_translation=False, published_at__isnull=False, significance=Significance.MAJOR,
        pk__gt=low, pk__lte=high,
    ).exists()  # fmt: skip


class Live(NamedTuple):
    """What is published of an answer in one locale."""

    question: int
    answer: int
    locale: str
    pk: int
    origin: str
    is_translation: bool
    based_on: int | None


@dataclass(frozen=True, slots=True)
class Standing:
    """What readers get of an entry in one locale, on two axes. `revision`: 0 where nothing is published."""

    freshness: Freshness = Freshness.MISSING
    origin: str = ""
    is_original: bool = False
    revision: int = 0


MISSING = Standing()


def standings(question_ids: Sequence[int] | None = None, *, locale: str = "") -> dict[int, dict[str, Standing]]:
    """Question -> locale -> how its published answer stands; locales without one are left out. `locale`: only that one beside
    the originals. Three queries at most."""
    rows = live(question_ids, locale=locale)
    originals = {row.answer: row.pk for row in rows if not row.is_translation}
    changed = _changed(originals.values())
    majors = _all_majors(rows, originals)
    found: dict[int, dict[str, Standing]] = defaultdict(dict)
    for row in rows:
        stale = _stale(row, originals.get(row.answer), majors) if row.is_translation else row.pk in changed
        value = Freshness.STALE if stale else Freshness.CURRENT
        found[row.question][row.locale] = Standing(value, row.origin, not row.is_translation, row.pk)
    return found


def _stale(row: Live, original: int | None, majors: dict[int, list[int]]) -> bool:
    if original is None or row.based_on is None:
        return True
    low, high = sorted((row.based_on, original))
    return any(low < pk <= high for pk in majors.get(row.answer, ()))


def live(question_ids: Iterable[int] | None = None, *, locale: str = "", originals_only: bool = False) -> list[Live]:
    """Published revisions of these questions, or of all; of one locale and the originals, of the originals, or of all. One
    query."""
    rows = AnswerRevision.objects.filter(state=State.PUBLISHED)
    if originals_only:
        rows = rows.filter(is_translation=False)
    if locale:
        rows = rows.filter(Q(locale_id=locale) | Q(is_translation=False))
    if question_ids is not None:
        rows = _among(rows, "answer__question_id", question_ids)
    columns = ("answer__question_id", "answer_id", "locale_id", "pk", "origin", "is_translation", "based_on_id")
    return [Live(*row) for row in rows.order_by().values_list(*columns)]


def _among(rows: "QuerySet[Any]", column: str, ids: Iterable[int]) -> "QuerySet[Any]":
    """The rows of these; a list that is longer than a database takes is no condition, and the caller leaves the rest out."""
    wanted = list(ids)
    return rows.filter(**{f"{column}__in": wanted}) if len(wanted) <= MOST_IDS else rows


def _changed(originals: Iterable[int]) -> set[int]:
    """Originals with a citation that is not valid (as citation_status() says), and those without any; one query."""
    ids = set(originals)
    cited = Q(
        citations__passage__revision=F("citations__passage__revision__source__published_revision"),
        citations__passage__content_hash=F("citations__passage_hash"),
        citations__quote=Substr(
            "citations__passage__text", F("citations__start") + 1, F("citations__end") - F("citations__start")
        ),
    )
    rows = AnswerRevision.objects.filter(state=State.PUBLISHED, is_translation=False)
    counted = _among(rows, "pk", ids).annotate(all=Count("citations"), valid=Count("citations", filter=cited))
    stale = counted.filter(Q(all=0) | Q(valid__lt=F("all"))).order_by().values_list("pk", flat=True)
    return ids.intersection(stale)


def _all_majors(rows: Sequence[Live], originals: Mapping[int, int]) -> dict[int, list[int]]:
    """Answer -> its published originals of major significance, where a translation is of another one than today's."""
    moved = {
        row.answer for row in rows if row.is_translation and originals.get(row.answer, row.based_on) != row.based_on
    }
    found: dict[int, list[int]] = defaultdict(list)
    if moved:
        majors = AnswerRevision.objects.filter(
            is_translation=False, published_at__isnull=False, significance=Significance.MAJOR
        )
        for answer, pk in _among(majors, "answer_id", moved).order_by().values_list("answer_id", "pk"):
            found[answer].append(pk)
    return found


def answer_freshness(question_ids: Sequence[int] | None = None) -> dict[int, dict[str, Freshness]]:
    """Question -> enabled locale -> freshness, of these questions or of all; a fixed number of queries."""
    wanted = Question.objects.all() if question_ids is None else Question.objects.filter(pk__in=list(question_ids))
    tags = [locale.tag for locale in locales.enabled_locales()]
    ids = list(wanted.order_by().values_list("pk", flat=True))
    known = standings(question_ids)
    return {pk: {tag: known.get(pk, {}).get(tag, MISSING).freshness for tag in tags} for pk in ids}


def canonical_freshness(question_ids: Sequence[int] | None = None) -> dict[int, Freshness]:
    """Question -> freshness of its original answer; those that have none are left out."""
    originals = {row.pk: row.question for row in live(question_ids, originals_only=True)}
    changed = _changed(originals)
    wanted = None if question_ids is None else set(question_ids)
    return {
        question: Freshness.STALE if pk in changed else Freshness.CURRENT
        for pk, question in originals.items()
        if wanted is None or question in wanted
    }
