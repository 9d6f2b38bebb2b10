"""Argos packages in their folder: list, install (index, URL, file, folder), remove.

Invariants: a package is in the folder whole or not at all. It is checked, unpacked into `.partial-…` beside its place and
renamed there at the end; an installation that was killed leaves only such a folder, which nobody lists and the next call
removes. An older version goes after the newer one has come. One process changes a folder at a time.

`argostranslate` is imported only to read the index, and only when it is read: its settings module makes folders in the
home directory at import, so it is shown a temporary one. Its own installer unpacks whatever an archive holds, in place, and
clears a cache of its translate module, which imports the sentence splitters we do without; therefore not that one.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import tempfile
import threading
import uuid
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import regex
from packaging.version import InvalidVersion, Version

from translation import archives
from translation.archives import Package, Progress, argos_code, tag
from translation.downloads import download
from translation.types import EngineUnavailable, InvalidPackage, LanguagePair, TranslationError, UnsupportedPair

MAX_INDEX_BYTES = 20_000_000
SUFFIX = ".argosmodel"

_PARTIAL = ".partial-"
_import_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Available:
    """A package of an index."""

    source: str
    target: str
    version: str
    name: str
    links: tuple[str, ...]


def installed(folder: Path) -> list[Package]:
    """The packages that can be used, the newest of each pair, in order of their languages."""
    newest: dict[tuple[str, str], Package] = {}
    for package in readable(folder):
        pair = (package.source, package.target)
        if pair not in newest or _order(package) > _order(newest[pair]):
            newest[pair] = package
    return [newest[pair] for pair in sorted(newest)]


def readable(folder: Path) -> Iterator[Package]:
    """Every package of the folder that is whole, older versions too."""
    try:
        children = sorted(folder.iterdir())
    except OSError:  # no folder yet
        return
    for path in children:
        if not path.name.startswith(".") and path.is_dir():
            with contextlib.suppress(InvalidPackage, OSError):
                yield archives.read(path)


def _order(package: Package) -> tuple[Version, int]:
    try:
        version = Version(package.version)
    except InvalidVersion:
        version = Version("0")
    return version, package.path.stat().st_mtime_ns


def install_file(path: Path, folder: Path, progress: Progress | None = None) -> Package:
    """Install an .argosmodel file. Raises InvalidPackage for what must not be installed, EngineUnavailable for the rest."""
    with _changing(folder):
        return _install(path, folder, progress)


def install_from(
    path: Path, folder: Path, *, languages: Sequence[str] = (), progress: Progress | None = None
) -> list[Package]:
    """Install a file, or the package files of a folder; with languages, only those from or into one of them."""
    if not path.exists():
        raise InvalidPackage(f"There is no file or folder {path}.")
    files = sorted(path.glob(f"*{SUFFIX}")) if path.is_dir() else [path]
    if not files:
        raise InvalidPackage(f"{path} holds no {SUFFIX} file.")
    wanted = {argos_code(language) for language in languages}
    chosen = [file for file in files if not wanted or path.is_file() or wanted & set(_codes_of(file))]
    if not chosen:
        names = ", ".join(file.name for file in files[:10])
        raise UnsupportedPair(f"None of the packages in {path} is for {', '.join(sorted(wanted))}. It has: {names}.")
    return [install_file(file, folder, progress) for file in chosen]


def _codes_of(path: Path) -> tuple[str, str]:
    with archives.opened(path) as archive:
        package = archives.described(archive, path)
    return package.source_code, package.target_code


def install_from_url(url: str, folder: Path, progress: Progress | None = None) -> Package:
    """Download a package and install it."""
    with _changing(folder):
        staged = folder / f"{_PARTIAL}{uuid.uuid4().hex}{SUFFIX}"
        try:
            download(url, staged, archives.MAX_FILE_BYTES, progress)
            return _install(staged, folder, None, name=PurePosixPath(url).name)
        finally:
            staged.unlink(missing_ok=True)


def install_from_index(pair: LanguagePair, folder: Path, index_url: str, progress: Progress | None = None) -> Package:
    """Install the newest package of the index for this pair. Raises UnsupportedPair when it has none."""
    rows = [
        row for row in available(index_url) if (row.source, row.target) == (_tag_of(pair.source), _tag_of(pair.target))
    ]
    if not rows:
        raise UnsupportedPair(f"The index has no package from {pair.source} into {pair.target}.")
    newest = max(rows, key=lambda row: _version(row.version))
    failures = []
    for link in newest.links:
        try:
            return install_from_url(link, folder, progress)
        except EngineUnavailable as error:
            failures.append(str(error))
    raise EngineUnavailable(" ".join(failures) or f"The index names no address for {newest.name}.")


def _tag_of(locale: str) -> str:
    return tag(argos_code(locale))


def _version(written: str) -> Version:
    try:
        return Version(written)
    except InvalidVersion:
        return Version("0")


def available(index_url: str) -> list[Available]:
    """The translation packages of an index, in Argos' format."""
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary) / "index.json"
        download(index_url, path, MAX_INDEX_BYTES, None)
        try:
            rows = json.loads(path.read_bytes())
        except ValueError as error:
            raise InvalidPackage(f"{index_url} is no package index: {error}.") from error
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise InvalidPackage(f"{index_url} is no package index: it is no list of packages.")
    parse = _argostranslate().AvailablePackage
    return [row for row in map(_offered, map(parse, rows)) if row is not None]


def _offered(row: Any) -> Available | None:
    codes = (row.from_code, row.to_code)
    links = tuple(
        link for link in row.links or () if isinstance(link, str) and link.startswith(("https://", "http://"))
    )
    if (
        row.type != "translate"
        or not links
        or not all(isinstance(code, str) and archives.CODE.fullmatch(code) for code in codes)
    ):
        return None
    return Available(tag(codes[0]), tag(codes[1]), str(row.package_version), f"{row.from_name} → {row.to_name}", links)


def _argostranslate() -> Any:
    """argostranslate.package, imported with the folders it makes at import in a place that is gone afterwards."""
    with _import_lock, tempfile.TemporaryDirectory() as temporary:
        names = ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "ARGOS_PACKAGES_DIR")
        changed = (*names, "KMP_DUPLICATE_LIB_OK")  # the last is set by its settings module
        before = {name: os.environ.get(name) for name in changed}
        os.environ.update(dict.fromkeys(names, temporary))
        try:
            from argostranslate import package  # noqa: TID251 - this is its one place
        except ImportError as error:
            raise EngineUnavailable(
                "argostranslate is not installed: pip install --no-deps -r requirements-argos.txt"
            ) from error
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value
    return package


def remove(pair: LanguagePair, folder: Path) -> int:
    """Remove all versions of the pair's package; how many there were."""
    wanted = (_tag_of(pair.source), _tag_of(pair.target))
    with _changing(folder):
        found = [package for package in readable(folder) if (package.source, package.target) == wanted]
        for package in found:
            _discard(package.path, folder)
    return len(found)


@contextlib.contextmanager
def _changing(folder: Path) -> Iterator[None]:
    """Alone in the folder, without what killed installations left. An error of the disk says what to do."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / ".lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise EngineUnavailable(
                    f"Another installation is at work in {folder}. Wait for it and try again."
                ) from error
            for left in folder.glob(f"{_PARTIAL}*"):
                shutil.rmtree(left) if left.is_dir() and not left.is_symlink() else left.unlink()
            yield
    except OSError as error:
        raise EngineUnavailable(
            f"The package could not be stored in {folder}: {error.strerror or error}. Nothing was changed; free space or "
            "mend the permissions and try again."
        ) from error


def _install(path: Path, folder: Path, progress: Progress | None, name: str = "") -> Package:
    """Check, unpack beside, rename, and only then drop the versions before."""
    name = name or path.name
    staged = folder / f"{_PARTIAL}{uuid.uuid4().hex}"
    with archives.opened(path, name) as archive:
        members = archives.members(archive, name)
        package = archives.described(archive, path, name)
        place = folder / _place(package, path)
        if place.exists():
            with contextlib.suppress(InvalidPackage):
                return archives.read(place)
            _discard(place, folder)
        try:
            archives.unpack(archive, members, staged, progress)
            archives.read(staged)
            staged.replace(place)
        except (zipfile.BadZipFile, EOFError, ValueError, NotImplementedError) as error:
            raise InvalidPackage(f"{name} is damaged: {error}. Download it again.") from error
        except InvalidPackage as error:
            raise InvalidPackage(str(error).replace(staged.name, name)) from error
        finally:
            shutil.rmtree(staged, ignore_errors=True)
    made = archives.read(place)
    for other in list(readable(folder)):
        if (other.source, other.target) == (made.source, made.target) and other.path != place:
            _discard(other.path, folder)
    return made


def _place(package: Package, path: Path) -> str:
    """A folder's name that tells pair and version; the same content has the same name, other content another."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while data := file.read(archives.CHUNK):
            digest.update(data)
    version = regex.sub(r"[^0-9A-Za-z]+", "_", package.version) or "0"
    return f"{package.source_code}_{package.target_code}-{version}-{digest.hexdigest()[:8]}"


def _discard(path: Path, folder: Path) -> None:
    """Out of sight first, so that no half of it is ever listed."""
    hidden = folder / f"{_PARTIAL}{uuid.uuid4().hex}"
    path.replace(hidden)
    shutil.rmtree(hidden, ignore_errors=True)


__all__ = [
    "Available", "Package", "TranslationError", "argos_code", "available", "install_file", "install_from",
    "install_from_index", "install_from_url", "installed", "readable", "remove", "tag",
]  # fmt: skip
