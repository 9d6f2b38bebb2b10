"""Publishing sources: a pure plan of what happens to each citation, and one transaction that applies it.

Publishing, rolling back (publishing an older revision) and retiring are the same move: the source's published revision
becomes another one or none. What is published stands whole before and whole after; the index follows at once, and a
job written in the same transaction makes it follow when the process dies in between.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from faq import signals
from faq.domain import access, answers, audit, jobs, questions
from faq.domain.deadlocks import again_after_deadlock
from faq.enums import CitationStatus, JobKind, Origin, State
from faq.errors import Conflict, Invalid, NotFound
from faq.models import AnswerRevision, Citation, Passage, Source, SourceRevision


@dataclass(frozen=True, slots=True)
class Cited:
    """A citation as planning sees it. `key`: of the passage it points at now; `hash`: of the passage last looked at."""

    id: int
    passage_id: int
    key: str
    hash: str
    quote: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Standing:
    """A passage of the revision that is to be published."""

    id: int
    key: str
    hash: str
    text: str


@dataclass(frozen=True, slots=True)
class Move:
    """Where a citation points after publishing. BROKEN: it stays where it is."""

    citation_id: int
    status: CitationStatus
    passage_id: int
    start: int
    end: int


def plan_citations(cited: Sequence[Cited], standing: Sequence[Standing]) -> list[Move]:
    """One move for each citation: to the same text, else to wherever its quote stands, else none."""
    by_key = {passage.key: passage for passage in standing}
    by_hash = {passage.hash: passage for passage in reversed(standing)}
    return [_move(citation, by_key, by_hash, standing) for citation in cited]


def _move(
    citation: Cited, by_key: dict[str, Standing], by_hash: dict[str, Standing], standing: Sequence[Standing]
) -> Move:
    same_key = by_key.get(citation.key)
    # The text that was looked at goes first: rolling back heals what an edit had made stale.
    likely = [same_key if same_key and same_key.hash == citation.hash else None, by_hash.get(citation.hash), same_key]
    for passage in [*(each for each in likely if each), *standing]:
        place = _place(citation, passage)
        if place >= 0:
            status = CitationStatus.VALID if passage.hash == citation.hash else CitationStatus.MOVED
            return Move(citation.id, status, passage.id, place, place + len(citation.quote))
    return Move(citation.id, CitationStatus.BROKEN, citation.passage_id, citation.start, citation.end)


def _place(citation: Cited, passage: Standing) -> int:
    """Where the quote stands: where it stood, when it stands there still (a quote may occur twice)."""
    if passage.text[citation.start : citation.end] == citation.quote:
        return citation.start
    return passage.text.find(citation.quote)


@access.needs("publish_source")
@again_after_deadlock
def publish_source(
    source: Source,
    *,
    revision: SourceRevision | None = None,
    actor: audit.Actor = None,
    sync: bool = True,
    expected: datetime | None = None,
) -> Source:
    """Make a revision (the newest when none is given) what readers see. Nothing happens when it already is.

    `expected`: the source's `updated_at` when the editor looked; Conflict when somebody changed it since.
    `sync=False` leaves the index to the job, for whoever publishes many sources and syncs once.
    """
    with transaction.atomic():
        row = locked(source, expected)
        target = revision or newest_revision(row)
        if target.source_id != row.pk:
            raise Invalid("Revision %(n)s belongs to another source.", n=target.number)
        if row.state == State.PUBLISHED and row.published_revision_id == target.pk:
            return _caught_up(source)
        if row.revisions.exclude(pk=target.pk).exists():  # else what cites it stands where it stood
            _repoint(row, target)
        before = {"state": row.state, "revision": _number(row.published_revision)}
        _follow_title(row, target)
        row.published_revision, row.state = target, State.PUBLISHED
        row.settled_number = newest_revision(row).number
        row.publish_at = row.publish_revision = None  # whoever publishes another one now does not want that one later
        row.save()
        if _is_table(target):
            _publish_imported(target, actor)
            _retire_removed(row, target, actor)
        audit.record(actor, "publish", row, before, {"state": row.state, "revision": target.number})
        signals.source_published.send(sender=Source, source_id=row.pk, revision_id=target.pk)
        _index_after_commit(row.pk, sync)
    return _caught_up(source)


@access.needs("publish_source")
def keep_published(source: Source, *, actor: audit.Actor = None, expected: datetime | None = None) -> Source:
    """Decide for the revision that readers see: what came in since waits no longer, until more comes in. Invalid where they see
    none."""
    with transaction.atomic():
        row = locked(source, expected)
        if row.published_revision is None:
            raise Invalid("Readers do not see this source, so there is nothing to keep.")
        newest = newest_revision(row).number
        if row.settled_number != newest:
            row.settled_number = newest
            row.save()
            audit.record(actor, "keep", row, {"newest": newest}, {"revision": row.published_revision.number})
    return _caught_up(source)


@access.needs("publish_source")
@again_after_deadlock
def retire_source(source: Source, actor: audit.Actor = None, *, expected: datetime | None = None) -> Source:
    """Take a source away from readers; its revisions stay, and so do citations to them, which are then broken."""
    with transaction.atomic():
        row = locked(source, expected)
        if row.state == State.RETIRED:
            return _caught_up(source)
        before = {"state": row.state, "revision": _number(row.published_revision)}
        row.published_revision, row.state = None, State.RETIRED
        row.publish_at = row.publish_revision = row.retire_at = None
        row.save()
        audit.record(actor, "retire", row, before, {"state": row.state})
        signals.source_published.send(sender=Source, source_id=row.pk, revision_id=None)
        _index_after_commit(row.pk, True)
    return _caught_up(source)


def _caught_up(source: Source) -> Source:
    source.refresh_from_db()
    return source


def locked(source: Source, expected: datetime | None = None) -> Source:
    """The source as it is now, nobody else's until the transaction ends. `expected`: as publish_source() takes it."""
    # The row alone: the ordering joins nullable rows, which PostgreSQL cannot lock.
    row = Source.objects.select_for_update(of=("self",)).filter(pk=source.pk).first()
    if row is None:
        raise NotFound("This source is gone.")
    if expected is not None and row.updated_at != expected:
        raise Conflict(
            "Somebody else changed “%(title)s” meanwhile. Look at it again, then repeat your change.", title=row.title
        )
    return row


def newest_revision(source: Source) -> SourceRevision:
    newest = source.revisions.order_by("-number").first()
    if newest is None:
        raise Invalid("“%(title)s” has no text yet.", title=source.title)
    return newest


def _number(revision: SourceRevision | None) -> int | None:
    return revision.number if revision else None


def _follow_title(source: Source, target: SourceRevision) -> None:
    """A title that came from the text follows it; one that a person gave stays."""
    if source.published_revision and source.title == source.published_revision.title:
        source.title = target.title


def _repoint(source: Source, target: SourceRevision) -> None:
    rows = {row.pk: row for row in live_citations(source)}
    if not rows:
        return
    standing = [as_standing(passage) for passage in passages_of(target.pk)]
    changed = []
    for move in plan_citations([as_cited(row) for row in rows.values()], standing):
        row = rows[move.citation_id]
        if (row.passage_id, row.start, row.end) != (move.passage_id, move.start, move.end):
            row.passage_id, row.start, row.end = move.passage_id, move.start, move.end
            changed.append(row)
    Citation.objects.bulk_update(changed, ["passage", "start", "end"], batch_size=200)


def live_citations(source: Source) -> list[Citation]:
    """Citations of this source in answers that are, or may still be, shown. History keeps what it cited."""
    rows = Citation.objects.filter(passage__revision__source=source).exclude(answer_revision__state=State.RETIRED)
    light = rows.select_related("passage__revision__source", "answer_revision__answer__question").defer(
        "passage__revision__text", "passage__revision__blocks"
    )
    return list(light.order_by("id"))


def passages_of(revision_id: int | None) -> list[Passage]:
    return list(Passage.objects.filter(revision_id=revision_id)) if revision_id else []


def as_cited(row: Citation) -> Cited:
    return Cited(row.pk, row.passage_id, row.passage.key, row.passage_hash, row.quote, row.start, row.end)


def as_standing(passage: Passage) -> Standing:
    return Standing(passage.pk, passage.key, passage.content_hash, passage.text)


def _publish_imported(target: SourceRevision, actor: audit.Actor) -> None:
    """Answers that came in as rows of a table go live with it, and their questions with them."""
    drafts = AnswerRevision.objects.filter(
        origin=Origin.SOURCE, state=State.DRAFT, is_translation=False, citations__passage__revision=target
    )
    for draft in drafts.select_related("answer__question").distinct():
        answers.publish_revision(draft, actor)
        if draft.answer.question.state in (State.DRAFT, State.IN_REVIEW):
            questions.publish_question(draft.answer.question, actor)


def _is_table(revision: SourceRevision) -> bool:
    return "csv" in revision.media_type or "spreadsheet" in revision.media_type


def _retire_removed(source: Source, target: SourceRevision, actor: audit.Actor) -> None:
    """A row that is gone takes its question along, where the answer is still the row's own."""
    gone = AnswerRevision.objects.filter(
        origin=Origin.SOURCE,
        state=State.PUBLISHED,
        is_translation=False,
        answer__question__state=State.PUBLISHED,
        citations__passage__revision__source=source,
    ).exclude(citations__passage__revision=target)
    for revision in gone.select_related("answer__question").distinct():
        questions.retire_question(revision.answer.question, actor)


def _index_after_commit(source_id: int, now: bool) -> None:
    """Index at once, in this process, unless the caller wants it left to a job."""
    key = f"sync:source:{source_id}"
    if now:
        jobs.follow(JobKind.SYNC_INDEX, {"source_id": source_id}, key=key)
    else:
        jobs.enqueue(JobKind.SYNC_INDEX, {"source_id": source_id}, key=key)
