"""What lies beside the database: uploads, and Argos packages where they shall go along.

An upload's name tells its content (faq.domain.uploads), and a package's folder its pair and version: what is there under a name
is what the archive has under it. So files are only ever added before the database changes, never replaced by others: whatever
breaks off then has added what nothing names yet.
"""

import hashlib
import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from django.conf import settings

from faq import conf
from faq.domain.backups import archive
from faq.domain.backups.archive import PACKAGE, UPLOAD, Archive, Writer
from faq.errors import Unavailable
from faq.models import Source

PARTIAL = ".restoring-"
MARGIN_BYTES = 50_000_000


def named_uploads() -> list[str]:
    """What sources name, each once."""
    found = Source.objects.exclude(upload="").order_by("upload").values_list("upload", flat=True)
    return [str(name) for name in found.distinct()]


def write_uploads(writer: Writer) -> list[str]:
    """Add every file that a source names; returns those that are gone."""
    missing = []
    for name in named_uploads():
        member = f"uploads/{name}"
        path = Path(settings.MEDIA_ROOT) / name
        if not UPLOAD.fullmatch(member) or not path.is_file():
            missing.append(name)
            continue
        writer.copy(member, path)
    return missing


def write_packages(writer: Writer) -> int:
    """Add the installed packages; returns of how many files they consist."""
    folder = Path(conf.get("ARGOS_PACKAGES"))
    count = 0
    for path in sorted(folder.rglob("*")) if folder.is_dir() else []:
        member = f"packages/{path.relative_to(folder).as_posix()}"
        if path.is_file() and not path.is_symlink() and PACKAGE.fullmatch(member):
            writer.copy(member, path)
            count += 1
    return count


def make_room(found: Archive) -> None:
    """Unavailable when the disk has no room for the files. The database tells of itself."""
    wanted = sum(found.manifest.members[name].size for form in (UPLOAD, PACKAGE) for name in found.names(form))
    free = shutil.disk_usage(conf.home()).free
    if wanted and wanted + MARGIN_BYTES > free:
        raise Unavailable(
            "The files of the archive take %(wanted)s MB, and %(free)s MB are free. Nothing was changed; free space.",
            wanted=wanted // 1_000_000,
            free=free // 1_000_000,
        )


def place_uploads(found: Archive) -> int:
    """Put every upload where it belongs; returns how many were not there yet."""
    placed = 0
    for member in found.names(UPLOAD):
        name = member.removeprefix("uploads/")
        target = _below(Path(settings.MEDIA_ROOT), name)
        if _holds(target, found.manifest.members[member].sha256):
            os.utime(target)  # no sweep takes it before the row that names it is there
            continue
        _write(target, found.chunks(member))
        placed += 1
    return placed


def place_packages(found: Archive) -> int:
    """Put every package that is not there yet into its folder, whole or not at all; returns how many."""
    members = [(member, PurePosixPath(member.removeprefix("packages/"))) for member in found.names(PACKAGE)]
    folder = Path(conf.get("ARGOS_PACKAGES"))
    names = sorted({path.parts[0] for _, path in members})
    wanted = [name for name in names if not (folder / name).exists()]
    for name in wanted:
        staged = folder / f"{PARTIAL}{uuid.uuid4().hex}"
        try:
            for member, path in members:
                if path.parts[0] == name:
                    _write(_below(staged, PurePosixPath(*path.parts[1:]).as_posix()), found.chunks(member))
            staged.replace(folder / name)
        except OSError as error:
            raise _full(folder / name, error) from error
        finally:
            shutil.rmtree(staged, ignore_errors=True)
    return len(wanted)


def place_secret_key(found: Archive) -> bool:
    """Put the archive's key into POLYFAQ_HOME; False when it has none, or this portal's comes from its environment."""
    if archive.SECRET_KEY not in found.manifest.members or key_from_environment():
        return False
    _write(conf.home() / "secret_key", found.chunks(archive.SECRET_KEY))
    return True


def key_from_environment() -> bool:
    """Whether the key in use is not the one that is kept in POLYFAQ_HOME."""
    kept = conf.home() / "secret_key"
    return not kept.is_file() or kept.read_text(encoding="utf-8").strip() != settings.SECRET_KEY


def _below(root: Path, name: str) -> Path:
    """The path; Unavailable when a link leads out of the folder. The forms of names let nothing else out."""
    path = root / name
    if not path.parent.resolve().is_relative_to(root.resolve()):
        raise Unavailable("A link in %(folder)s leads out of it. Nothing was changed; remove it.", folder=root)
    return path


def _holds(path: Path, sha256: str) -> bool:
    if path.is_symlink() or not path.is_file():
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == sha256


def _write(path: Path, chunks: Iterator[bytes]) -> None:
    """The file, whole or not at all."""
    aside = path.with_name(f".{uuid.uuid4().hex}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            for data in chunks:
                file.write(data)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    except OSError as error:
        raise _full(path, error) from error
    finally:
        aside.unlink(missing_ok=True)


def _full(path: Path, error: OSError) -> Unavailable:
    return Unavailable(
        "%(file)s could not be written: %(reason)s. The portal is as it was; free space or mend the permissions.",
        file=path,
        reason=error.strerror or error,
    )
