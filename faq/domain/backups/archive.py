"""The archive: a ZIP file of members, and last a manifest that tells of each its length and SHA-256.

Invariants: an archive appears under its name whole and verified, or not at all, readable by its owner only; nothing is read
from one but members that its manifest names, under names of the forms below; nothing is ever unpacked by a name that it gives.
Memory does not grow with the size of an archive; only the manifest is read as a whole.
"""

import hashlib
import json
import os
import re
import uuid
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from faq.errors import Conflict, Invalid, Unavailable

FORMAT = 1
MANIFEST = "manifest.json"
MANIFEST_BYTES = 64 * 1024 * 1024
CHUNK = 1024 * 1024
SECRET_KEY = "secret_key"  # noqa: S105 - a member's name
TABLE = re.compile(r"database/[a-z0-9_]+\.[A-Za-z0-9_]+\.jsonl")
UPLOAD = re.compile(r"uploads/(sources/[0-9a-f]{2}/([0-9a-f]{64})(?:\.[a-z0-9]{1,10})?)")
PACKAGE = re.compile(r"packages/([A-Za-z0-9_-][A-Za-z0-9._-]*(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)+)")
_FORMS = (TABLE, UPLOAD, PACKAGE, re.compile(SECRET_KEY))

Progress = Callable[[int, int], None]
"""Called with (done, total)."""
DAMAGED = "%(file)s is damaged: %(reason)s. Nothing was changed; take another backup."


@dataclass(frozen=True, slots=True)
class Member:
    """`size`: bytes before they were compressed."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Table:
    """`columns`: in the order of the values of each line."""

    columns: tuple[str, ...]
    rows: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """`migrations`: every one that had run, as `app.name`; `missing`: uploads that a source names and that were gone."""

    version: str
    created_at: str
    engine: str
    migrations: tuple[str, ...]
    tables: dict[str, Table] = field(default_factory=dict)
    members: dict[str, Member] = field(default_factory=dict)
    missing: tuple[str, ...] = ()

    def as_json(self) -> str:
        return json.dumps(
            {
                "format": FORMAT,
                "version": self.version,
                "created_at": self.created_at,
                "engine": self.engine,
                "migrations": list(self.migrations),
                "tables": {
                    name: {"columns": list(table.columns), "rows": table.rows} for name, table in self.tables.items()
                },
                "members": {
                    name: {"size": member.size, "sha256": member.sha256} for name, member in self.members.items()
                },
                "missing": list(self.missing),
            },
            indent=1,
        )


class Writer:
    """Members one after the other; finish() makes the file appear."""

    def __init__(self, zipped: zipfile.ZipFile) -> None:
        self._zip = zipped
        self.members: dict[str, Member] = {}

    @contextmanager
    def member(self, name: str) -> Iterator[Callable[[bytes], None]]:
        """A function that adds bytes to the member."""
        if not _named_well(name) or name in self.members:
            raise ValueError(name)
        digest, size = hashlib.sha256(), 0
        with self._zip.open(name, "w", force_zip64=True) as out:

            def write(data: bytes) -> None:
                nonlocal size
                digest.update(data)
                size += len(data)
                out.write(data)

            yield write
        self.members[name] = Member(size, digest.hexdigest())

    def copy(self, name: str, path: Path) -> None:
        """A file as a member. OSError when it cannot be read; then nothing is added."""
        with path.open("rb") as file, self.member(name) as write:
            while data := file.read(CHUNK):
                write(data)

    def manifest(self, manifest: Manifest) -> None:
        self._zip.writestr(MANIFEST, manifest.as_json(), zipfile.ZIP_DEFLATED)


@contextmanager
def created(path: Path, progress: Progress | None = None) -> Iterator[Writer]:
    """A new archive, whose manifest must be written inside; it is read back and verified before it gets its name.

    Conflict when there is such a file; Unavailable when it cannot be written.
    """
    if path.exists():
        raise Conflict("%(file)s is there already. Name a file that is not.", file=path)
    aside = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        with os.fdopen(os.open(aside, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as zipped:
                yield Writer(zipped)
            file.flush()
            os.fsync(file.fileno())
        with opened(aside) as archive:
            archive.verify(progress)
        os.link(aside, path)
    except FileExistsError as error:
        raise Conflict("%(file)s is there already. Name a file that is not.", file=path) from error
    except OSError as error:
        raise Unavailable(
            "%(file)s could not be written: %(reason)s. There is no backup of now.",
            file=path,
            reason=error.strerror or error,
        ) from error
    finally:
        aside.unlink(missing_ok=True)


class Archive:
    """An archive open for reading."""

    def __init__(self, path: Path, zipped: zipfile.ZipFile, manifest: Manifest) -> None:
        self.path, self.manifest = path, manifest
        self._zip = zipped

    @property
    def size(self) -> int:
        """Bytes of all members."""
        return sum(member.size for member in self.manifest.members.values())

    def names(self, form: re.Pattern[str]) -> list[str]:
        return sorted(name for name in self.manifest.members if form.fullmatch(name))

    @contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        """One member's bytes. Invalid when they cannot be read."""
        with mended(self.path), self._zip.open(name) as file:
            yield file

    def chunks(self, name: str) -> Iterator[bytes]:
        with self.open(name) as file:
            while data := file.read(CHUNK):
                yield data

    def verify(self, progress: Progress | None = None) -> None:
        """Read every member to its end. Invalid for the first that is not as the manifest says."""
        done, total = 0, self.size
        for name, member in self.manifest.members.items():
            digest, size, lines = hashlib.sha256(), 0, 0
            for data in self.chunks(name):
                digest.update(data)
                size += len(data)
                lines += data.count(b"\n")
                if size > member.size:
                    break
                if progress:
                    progress(done + size, total)
            done += size
            if (size, digest.hexdigest()) != (member.size, member.sha256):
                raise damaged(self.path, f"{name} is not what was written")
            table = self.manifest.tables.get(name)
            if TABLE.fullmatch(name) and (table is None or table.rows != lines):
                raise damaged(self.path, f"{name} does not hold as many rows as it says")
            found = UPLOAD.fullmatch(name)
            if found and found[2] != member.sha256:
                raise damaged(self.path, f"{name} holds another file than its name says")


@contextmanager
def opened(path: Path) -> Iterator[Archive]:
    """Invalid for what is no archive, a damaged one, or one of a newer program. Members are not verified yet."""
    with mended(path):
        try:
            file = path.open("rb")
        except OSError as error:
            raise Invalid(
                "%(file)s cannot be read: %(reason)s.", file=path, reason=error.strerror or str(error)
            ) from error
        with file, zipfile.ZipFile(file) as zipped:
            names = zipped.namelist()
            if MANIFEST not in names:
                raise Invalid("%(file)s is no backup of Polyfaq: it has no manifest.", file=path)
            if zipped.getinfo(MANIFEST).file_size > MANIFEST_BYTES:
                raise damaged(path, "its manifest is too long")
            manifest = _read(path, zipped.read(MANIFEST))
            _check_names(path, names, manifest)
            yield Archive(path, zipped, manifest)


def _check_names(path: Path, names: list[str], manifest: Manifest) -> None:
    strange = [name for name in manifest.members if not _named_well(name)]
    if strange:
        raise damaged(path, f"it holds {strange[0][:100]!r}, a name that no backup has")
    if sorted([*manifest.members, MANIFEST]) != sorted(names):
        raise damaged(path, "what it holds is not what its manifest lists")
    if set(manifest.tables) != {name for name in manifest.members if TABLE.fullmatch(name)}:
        raise damaged(path, "its tables are not those that its manifest lists")


def _named_well(name: str) -> bool:
    return any(form.fullmatch(name) for form in _FORMS)


def _read(path: Path, data: bytes) -> Manifest:
    try:
        said: dict[str, Any] = json.loads(data)
        version = said["format"]
        if isinstance(version, int) and version > FORMAT:
            raise Invalid(
                "%(file)s was made by a newer Polyfaq (%(version)s). Restore it with that version.",
                file=path,
                version=str(said.get("version", ""))[:40],
            )
        if version != FORMAT:
            raise ValueError(version)
        return Manifest(
            version=str(said["version"]),
            created_at=str(said["created_at"]),
            engine=str(said["engine"]),
            migrations=tuple(str(name) for name in said["migrations"]),
            tables={
                str(name): Table(tuple(str(column) for column in table["columns"]), int(table["rows"]))
                for name, table in said["tables"].items()
            },
            members={
                str(name): Member(int(member["size"]), str(member["sha256"]))
                for name, member in said["members"].items()
            },
            missing=tuple(str(name) for name in said["missing"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise damaged(path, "its manifest cannot be read") from error


def damaged(path: Path, reason: object) -> Invalid:
    return Invalid(DAMAGED, file=path, reason=reason)


@contextmanager
def mended(path: Path, told: Callable[[Path, object], Invalid] = damaged) -> Iterator[None]:
    """What the zip library raises for broken files becomes Invalid, as `told` says it."""
    try:
        yield
    except zipfile.BadZipFile as error:
        raise told(path, error) from error
    except (zipfile.zlib.error, EOFError, NotImplementedError, RuntimeError) as error:  # type: ignore[attr-defined]
        raise told(path, "a part of it cannot be read") from error
