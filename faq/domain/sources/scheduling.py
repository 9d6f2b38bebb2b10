"""Publishing and retiring at a time: said by a person who may do it now, done by whichever process looks first.

Invariants: what was scheduled is done once, at its time or at the first look after it; who publishes or retires by hand in
between takes back what was scheduled to be published; a source whose retirement is due as well is only retired.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from faq.domain import access, audit
from faq.domain.publication import locked, publish_source, retire_source
from faq.errors import DomainError, Invalid
from faq.models import Source, SourceRevision


@access.needs("publish_source")
def publish_later(
    source: Source,
    revision: SourceRevision,
    at: datetime,
    *,
    actor: audit.Actor = None,
    expected: datetime | None = None,
) -> Source:
    """Publish this revision at a time, in place of what was scheduled before. Invalid for a time that is over, or not before
    its retirement; `expected` as publish_source() takes it."""
    _ahead(at)
    with transaction.atomic():
        row = locked(source, expected)
        if revision.source_id != row.pk:
            raise Invalid("Revision %(n)s belongs to another source.", n=revision.number)
        if row.retire_at is not None and at >= row.retire_at:
            raise Invalid("It is to be retired before that. Choose an earlier time, or take the retirement back first.")
        before = _said(row)
        row.publish_at, row.publish_revision = at, revision
        _save(row, before, actor)
    source.refresh_from_db()
    return source


@access.needs("publish_source")
def retire_later(
    source: Source, at: datetime, *, actor: audit.Actor = None, expected: datetime | None = None
) -> Source:
    """Retire it at a time. Invalid for a time that is over, or not after it is to be published, or for what nobody sees."""
    _ahead(at)
    with transaction.atomic():
        row = locked(source, expected)
        if row.publish_at is None and row.published_revision_id is None:
            raise Invalid("Readers do not see this source. Publish it, or say when it is to be published, first.")
        if row.publish_at is not None and at <= row.publish_at:
            raise Invalid("It is to be published only after that. Choose a later time.")
        before = _said(row)
        row.retire_at = at
        _save(row, before, actor)
    source.refresh_from_db()
    return source


@access.needs("publish_source")
def take_back(source: Source, *, actor: audit.Actor = None, expected: datetime | None = None) -> Source:
    """Nothing is scheduled any more; nothing happens when nothing was."""
    with transaction.atomic():
        row = locked(source, expected)
        before = _said(row)
        if before:
            row.publish_at = row.publish_revision = row.retire_at = None
            _save(row, before, actor)
    source.refresh_from_db()
    return source


def run_due(now: datetime | None = None) -> int:
    """Do what is due; returns how much. What cannot be done is said with its source, and is not tried again."""
    now = now or timezone.now()
    rows = list(Source.objects.filter(Q(publish_at__lte=now) | Q(retire_at__lte=now)).order_by("pk"))
    for source in rows:
        try:
            if source.retire_at is not None and source.retire_at <= now:
                retire_source(source)
            elif source.publish_revision is None:
                raise Invalid("The revision that was to be published is gone.")
            else:
                publish_source(source, revision=source.publish_revision)
        except DomainError as error:
            Source.objects.filter(pk=source.pk).update(error=str(error))
        # Also what was live, or retired, before its time came.
        Source.objects.filter(pk=source.pk, publish_at__lte=now).update(publish_at=None, publish_revision=None)
        Source.objects.filter(pk=source.pk, retire_at__lte=now).update(retire_at=None)
    return len(rows)


def _ahead(at: datetime) -> None:
    if at <= timezone.now():
        raise Invalid("This time is over. Choose one in the future.")


def _save(row: Source, before: dict[str, object], actor: audit.Actor) -> None:
    row.save()
    audit.record(actor, "schedule", row, before, _said(row))


def _said(row: Source) -> dict[str, object]:
    said: dict[str, object] = {}
    if row.publish_at is not None:
        said |= {
            "publish at": row.publish_at.isoformat(),
            "revision": row.publish_revision and row.publish_revision.number,
        }
    if row.retire_at is not None:
        said |= {"retire at": row.retire_at.isoformat()}
    return said
