"""Make a backup while the portal serves: one moment of the database, and the files that it names then."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

import faq
from faq.domain.backups import archive, files, rows
from faq.domain.backups.archive import Manifest, Progress, Table, Writer


@dataclass(frozen=True, slots=True)
class Made:
    """`rows`: of all tables; `uploads`, `package_files`: how many; `missing`: uploads that sources name and that are gone;
    `size`: bytes of the archive."""

    rows: int
    uploads: int
    package_files: int
    missing: tuple[str, ...]
    size: int


def back_up(
    path: Path,
    *,
    packages: bool = False,
    secret_key: bool = False,
    writing: Progress | None = None,
    verifying: Progress | None = None,
) -> Made:
    """Write the archive, read it back and verify it; it appears when all that went well.

    `writing` is told of rows, `verifying` of bytes. Conflict when the file is there; Unavailable when it cannot be written.
    """
    with archive.created(path, verifying) as writer:
        with rows.snapshot():
            tables = _write_tables(writer, writing)
            migrations = tuple(applied_migrations())
            missing = tuple(files.write_uploads(writer))
        count = files.write_packages(writer) if packages else 0
        if secret_key:
            with writer.member(archive.SECRET_KEY) as write:
                write(str(settings.SECRET_KEY).encode())
        uploads = sum(1 for name in writer.members if archive.UPLOAD.fullmatch(name))
        manifest = Manifest(
            version=faq.__version__,
            created_at=timezone.now().isoformat(),
            engine=connection.vendor,
            migrations=migrations,
            tables=tables,
            members=writer.members,
            missing=missing,
        )
        writer.manifest(manifest)
    return Made(sum(table.rows for table in tables.values()), uploads, count, missing, path.stat().st_size)


def applied_migrations() -> list[str]:
    """As `app.name`, sorted."""
    return sorted(f"{app}.{name}" for app, name in MigrationRecorder(connection).applied_migrations())


def _write_tables(writer: Writer, progress: Progress | None) -> dict[str, Table]:
    models = rows.tables()
    total = sum(model._base_manager.count() for model in models)
    wrote = counted(progress, total)
    found = {}
    for model in models:
        with writer.member(rows.member(model)) as write:
            found[rows.member(model)] = Table(rows.columns(model), rows.write(model, write, wrote))
    return found


def counted(progress: Progress | None, total: int) -> Callable[[int], None]:
    """A function of how many more rows are done."""
    done = 0

    def wrote(more: int) -> None:
        nonlocal done
        done += more
        if progress:
            progress(done, total)

    return wrote
