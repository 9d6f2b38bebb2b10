"""Restore a backup: everything is verified before anything is touched, and one commit of the database is the moment at which
the portal is the other one. Whatever fails or is killed before it leaves the portal as it was, after it as the archive says.

The index is derived: its rebuild is a job of the same transaction.
"""

from dataclasses import dataclass
from pathlib import Path

from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType
from django.db import DatabaseError, connection, transaction

from faq import cache
from faq.domain import jobs
from faq.domain.backups import archive, files, rows
from faq.domain.backups.archive import Archive, Manifest, Progress
from faq.domain.backups.making import applied_migrations, counted
from faq.domain.readiness import REBUILD_KEY
from faq.enums import JobKind, JobState
from faq.errors import Conflict, Invalid, Unavailable
from faq.models import Job

CONTENT = (
    "faq.Source", "faq.Question", "faq.Topic", "faq.TranslationUnit", "faq.GlossaryTerm", "faq.Asked", "faq.Feedback",
    "faq.AuditEntry",
)  # fmt: skip
"""Tables that are empty in a portal that has just been set up; people are counted beside them."""


@dataclass(frozen=True, slots=True)
class Restored:
    """`rows`: of all tables; `uploads`, `packages`: that were not there yet; `secret_key`: whether the archive's is in use from
    the next start on; `missing`: uploads that were gone when the backup was made."""

    created_at: str
    rows: int
    uploads: int
    packages: int
    secret_key: bool
    missing: tuple[str, ...]


def restore(
    path: Path, *, replace: bool = False, verifying: Progress | None = None, loading: Progress | None = None
) -> Restored:
    """Make this portal the one in the archive. `verifying` is told of bytes, `loading` of rows.

    Conflict for a portal that holds something, without `replace`; Invalid for an archive that is damaged, newer, or of other
    tables than this program's; Unavailable when the disk or the database fails. The portal is as it was after each of them.
    """
    with archive.opened(path) as found:
        check_version(path, found.manifest)
        if not replace and (there := content()):
            raise Conflict(
                "This portal is not empty: it holds %(there)s. Restore into an empty one, or replace it with --replace.",
                there=", ".join(f"{count} {name}" for name, count in there.items()),
            )
        found.verify(verifying)
        files.make_room(found)
        uploads, packages = files.place_uploads(found), files.place_packages(found)
        count = _load(found, loading)
        secret_key = files.place_secret_key(found)
    return Restored(found.manifest.created_at, count, uploads, packages, secret_key, found.manifest.missing)


def content() -> dict[str, int]:
    """What this portal holds that an empty one does not: name -> how many."""
    models = [*(apps.get_model(label) for label in CONTENT), get_user_model()]
    counts = {str(model._meta.verbose_name_plural): model._base_manager.count() for model in models}
    return {name: count for name, count in counts.items() if count}


def check_version(path: Path, manifest: Manifest) -> None:
    """Invalid unless the archive is of this program's tables: with others, rows would have no place or no meaning."""
    ours, theirs = set(applied_migrations()), set(manifest.migrations)
    if newer := sorted(theirs - ours):
        raise Invalid(
            "%(file)s was made by a newer Polyfaq (%(version)s): this one does not know %(names)s. Upgrade and migrate this"
            " portal first, then restore.",
            file=path,
            version=manifest.version[:40],
            names=", ".join(newer[:3]),
        )
    if older := sorted(ours - theirs):
        raise Invalid(
            "%(file)s was made by an older Polyfaq (%(version)s), without %(names)s. Restore it with that version, then"
            " upgrade.",
            file=path,
            version=manifest.version[:40],
            names=", ".join(older[:3]),
        )
    expected = {rows.member(model): rows.columns(model) for model in rows.tables()}
    given = {name: table.columns for name, table in manifest.tables.items()}
    if {name: sorted(of) for name, of in expected.items()} != {name: sorted(of) for name, of in given.items()}:
        raise Invalid("%(file)s is of other tables than this program's. Restore it with its own version.", file=path)


def _load(found: Archive, progress: Progress | None) -> int:
    try:
        with transaction.atomic():
            rows.lock()
            cache.bump_on_commit(cache.LOCALES, cache.CONTENT, cache.INDEX)
            rows.clear()
            count = _read_tables(found, progress)
            rows.settle()
            # One that waits in the archive may be for a portal whose index is current.
            waiting = Job.objects.filter(key=REBUILD_KEY, state__in=[JobState.QUEUED, JobState.RUNNING])
            waiting.delete()
            jobs.enqueue(JobKind.REBUILD_INDEX, {}, key=REBUILD_KEY)
    except DatabaseError as error:
        # Its text may repeat values.
        raise Unavailable(
            "The database did not take the archive's content (%(error)s). The portal is as it was.",
            error=type(error).__name__,
        ) from error
    finally:
        ContentType.objects.clear_cache()
    return count


def _read_tables(found: Archive, progress: Progress | None) -> int:
    tables = found.manifest.tables
    wrote = counted(progress, sum(table.rows for table in tables.values()))
    count = 0
    for model in rows.tables():
        name = rows.member(model)
        with found.open(name) as file:
            count += rows.read(model, tables[name].columns, rows.lines_of(file), wrote)
    connection.check_constraints()
    return count
