"""Uploaded files, kept as they came under POLYFAQ_HOME/uploads, so that they can be read anew and handed back.

Invariants: a file's name is made of its content and the ending it came with, and of nothing else that came from outside;
it is there whole or not at all; it is kept before the row that names it, so that a row never names what is missing; no
web server serves the folder, open_upload() is the only way to a file.
"""

import hashlib
import os
import re
import time
import uuid
from pathlib import Path, PurePosixPath
from typing import IO

from django.conf import settings
from django.core.exceptions import SuspiciousFileOperation

from faq.errors import NotFound, Unavailable
from faq.models import Source

FOLDER = "sources"
SUFFIX = re.compile(r"\.[a-z0-9]{1,10}")
GRACE_SECONDS = 86_400
"""So long a file may wait for the row that names it."""


def keep(data: bytes, filename: str) -> str:
    """Store the bytes; their name below the folder of uploads. Equal bytes are kept once. Unavailable when the disk is
    full or may not be written."""
    suffix = PurePosixPath(filename.lower()).suffix
    digest = hashlib.sha256(data).hexdigest()
    name = f"{FOLDER}/{digest[:2]}/{digest}{suffix if SUFFIX.fullmatch(suffix) else ''}"
    place = _root() / name
    aside = place.with_name(f".{uuid.uuid4().hex}")
    try:
        if place.is_file() and place.stat().st_size == len(data):
            os.utime(place)  # no sweep takes it before its row is written
            return name
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            aside.replace(place)
        finally:
            aside.unlink(missing_ok=True)
    except OSError as error:
        raise Unavailable(
            (
                "%(file)s could not be kept in %(folder)s: %(reason)s. Nothing of it was added; free space or "
                "mend the permissions, then try again."
            ),
            file=filename,
            folder=_root(),
            reason=error.strerror or error,
        ) from error
    return name


def short_name(name: str) -> str:
    """A file's own name as one printable line that any disk takes, its ending kept: at most 60 characters."""
    last = PurePosixPath(name.replace("\\", "/")).name
    said = "".join(character for character in last if character.isprintable()).strip(" .")
    suffix = PurePosixPath(said).suffix[-10:]
    return f"{said.removesuffix(suffix)[: 60 - len(suffix)].rstrip()}{suffix}" or "file"


def read_kept(name: str) -> bytes:
    """The bytes of what keep() named so. NotFound when it is gone."""
    try:
        return (_root() / name).read_bytes()
    except OSError as error:
        raise NotFound(
            "The file of “%(title)s” is gone from the folder of uploads. Upload it again.", title=name
        ) from error


def open_upload(source: Source) -> tuple[IO[bytes], str]:
    """The file that a source was last read from, open for reading, and a name to save it under. NotFound when none is kept.

    Whoever sends it to a browser sends it as an attachment: it may be HTML.
    """
    if not source.upload:
        raise NotFound("No file is kept for “%(title)s”.", title=source.title)
    try:
        file: IO[bytes] = source.upload.open("rb")
    except (OSError, SuspiciousFileOperation) as error:
        raise NotFound(
            "The file of “%(title)s” is gone from the folder of uploads. Upload it again.", title=source.title
        ) from error
    stem = re.sub(r"[^\w.-]+", "-", source.title).strip("-.")[:80] or "source"
    return file, f"{stem}{PurePosixPath(str(source.upload)).suffix}"


def sweep() -> int:
    """Remove files that no source names any more, and what killed processes left; how many there were."""
    old = time.time() - GRACE_SECONDS
    there = [path for path in (_root() / FOLDER).glob("*/*") if path.is_file() and path.stat().st_mtime < old]
    named = set(Source.objects.exclude(upload="").values_list("upload", flat=True)) if there else set()
    gone = [path for path in there if path.relative_to(_root()).as_posix() not in named]
    for path in gone:
        path.unlink(missing_ok=True)
    return len(gone)


def _root() -> Path:
    return Path(settings.MEDIA_ROOT)
