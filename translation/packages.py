"""Argos packages on disk: list, install (index, URL, file, folder), remove; and the codes they use.

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
import stat
import tempfile
import threading
import urllib.error
import urllib.request
import uuid
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

import regex
from packaging.version import InvalidVersion, Version

from translation.memory import locale_tag
from translation.types import EngineUnavailable, InvalidPackage, LanguagePair, TranslationError, UnsupportedPair

Progress = Callable[[int, int], None]
"""Called with (done, total) bytes; total is 0 when it is not known."""

MAX_FILE_BYTES = 1_500_000_000
MAX_UNPACKED_BYTES = 3_000_000_000
MAX_MEMBERS = 5_000
MAX_METADATA_BYTES = 1_000_000
MAX_INDEX_BYTES = 20_000_000
TIMEOUT_SECONDS = 60.0
SUFFIX = ".argosmodel"

_PARTIAL = ".partial-"
_CODE = regex.compile(r"[a-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*")
_NOT_NEEDED = frozenset({"stanza", "minisbd", "spacy"})
"""Sentence models some packages carry; ours are sentencex's rules."""
_TAGS = {"zh": "zh-hans", "zt": "zh-hant", "pb": "pt-br"}
_CODES = {tag: code for code, tag in _TAGS.items()}
_CHUNK = 1 << 20
_import_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Package:
    """An installed package. `source`, `target`: BCP 47 tags; the codes are Argos'."""

    source: str
    target: str
    version: str
    path: Path
    source_code: str = ""
    target_code: str = ""
    target_prefix: str = ""


@dataclass(frozen=True, slots=True)
class Available:
    """A package of an index."""

    source: str
    target: str
    version: str
    name: str
    links: tuple[str, ...]


def argos_code(locale: str) -> str:
    """Argos' code of a locale: `zh-hans` is zh, `zh-hant` zt, `pt-br` pb; else the language alone (`de-at` is de)."""
    normal = locale_tag(locale)
    if normal in _CODES:
        return _CODES[normal]
    language = normal.partition("-")[0]
    return _CODES.get(locale_tag(language), "nb" if language == "no" else language)


def tag(code: str) -> str:
    """The BCP 47 tag of one of Argos' codes."""
    return _TAGS.get(code, code.replace("_", "-").lower())


def installed(folder: Path) -> list[Package]:
    """The packages that can be used, the newest of each pair, in order of their languages."""
    newest: dict[tuple[str, str], Package] = {}
    for package in _all(folder):
        pair = (package.source, package.target)
        if pair not in newest or _order(package) > _order(newest[pair]):
            newest[pair] = package
    return [newest[pair] for pair in sorted(newest)]


def _all(folder: Path) -> Iterator[Package]:
    try:
        children = sorted(folder.iterdir())
    except OSError:  # no folder yet
        return
    for path in children:
        if not path.name.startswith(".") and path.is_dir():
            with contextlib.suppress(InvalidPackage, OSError):
                yield _read(path)


def _order(package: Package) -> tuple[Version, int]:
    try:
        version = Version(package.version)
    except InvalidVersion:
        version = Version("0")
    return version, package.path.stat().st_mtime_ns


def _read(path: Path) -> Package:
    """The package in a folder; InvalidPackage when something it needs is missing."""
    metadata = path / "metadata.json"
    if not metadata.is_file():
        raise InvalidPackage(f"{path.name} has no metadata.json: it is no Argos package.")
    if metadata.stat().st_size > MAX_METADATA_BYTES:
        raise InvalidPackage(f"{path.name}: metadata.json is too large.")
    package = _described(metadata.read_bytes(), path)
    if not (path / "model" / "model.bin").is_file():
        raise InvalidPackage(f"{path.name} has no model/model.bin: the package is incomplete. Download it again.")
    if not (path / "sentencepiece.model").is_file():
        reason = (
            "uses a BPE tokenizer, which is not supported" if (path / "bpe.model").is_file() else "has no tokenizer"
        )
        raise InvalidPackage(f"{path.name} {reason}. Choose another version of the package.")
    return package


def _described(data: bytes, path: Path) -> Package:
    try:
        metadata = json.loads(data)
    except ValueError as error:
        raise InvalidPackage(f"{path.name}: metadata.json is no JSON ({error}).") from error
    if not isinstance(metadata, dict):
        raise InvalidPackage(f"{path.name}: metadata.json is no JSON object.")
    if metadata.get("type", "translate") != "translate":
        raise InvalidPackage(
            f"{path.name} is a package of type {metadata['type']!r}; only translation packages are used."
        )
    codes = [str(metadata.get(key, "")) for key in ("from_code", "to_code")]
    if not all(map(_CODE.fullmatch, codes)) or codes[0] == codes[1]:
        raise InvalidPackage(f"{path.name}: metadata.json names no pair of languages (from_code, to_code).")
    version, prefix = metadata.get("package_version", ""), metadata.get("target_prefix", "")
    if not isinstance(version, str) or not isinstance(prefix, str) or len(version) > 40:
        raise InvalidPackage(f"{path.name}: metadata.json has no proper package_version.")
    return Package(tag(codes[0]), tag(codes[1]), version, path, codes[0], codes[1], prefix)


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
    with _opened(path) as archive:
        package = _archived(archive, path)
    return package.source_code, package.target_code


def install_from_url(url: str, folder: Path, progress: Progress | None = None) -> Package:
    """Download a package and install it."""
    with _changing(folder):
        staged = folder / f"{_PARTIAL}{uuid.uuid4().hex}{SUFFIX}"
        try:
            _download(url, staged, MAX_FILE_BYTES, progress)
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
        _download(index_url, path, MAX_INDEX_BYTES, None)
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
        or not all(isinstance(code, str) and _CODE.fullmatch(code) for code in codes)
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
        found = [package for package in _all(folder) if (package.source, package.target) == wanted]
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
    with _opened(path, name) as archive:
        members = _members(archive, name)
        package = _archived(archive, path, name)
        place = folder / _place(package, path)
        if place.exists():
            with contextlib.suppress(InvalidPackage):
                return _read(place)
            _discard(place, folder)
        try:
            _unpack(archive, members, staged, progress)
            _read(staged)
            staged.replace(place)
        except (zipfile.BadZipFile, EOFError, ValueError, NotImplementedError) as error:
            raise InvalidPackage(f"{name} is damaged: {error}. Download it again.") from error
        except InvalidPackage as error:
            raise InvalidPackage(str(error).replace(staged.name, name)) from error
        finally:
            shutil.rmtree(staged, ignore_errors=True)
    made = _read(place)
    for other in list(_all(folder)):
        if (other.source, other.target) == (made.source, made.target) and other.path != place:
            _discard(other.path, folder)
    return made


def _place(package: Package, path: Path) -> str:
    """A folder's name that tells pair and version; the same content has the same name, other content another."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while data := file.read(_CHUNK):
            digest.update(data)
    version = regex.sub(r"[^0-9A-Za-z]+", "_", package.version) or "0"
    return f"{package.source_code}_{package.target_code}-{version}-{digest.hexdigest()[:8]}"


def _discard(path: Path, folder: Path) -> None:
    """Out of sight first, so that no half of it is ever listed."""
    hidden = folder / f"{_PARTIAL}{uuid.uuid4().hex}"
    path.replace(hidden)
    shutil.rmtree(hidden, ignore_errors=True)


def _opened(path: Path, name: str = "") -> zipfile.ZipFile:
    name = name or path.name
    if not path.is_file():
        raise InvalidPackage(f"There is no file {path}.")
    if path.stat().st_size > MAX_FILE_BYTES:
        raise InvalidPackage(f"{name} is larger than {MAX_FILE_BYTES // 1_000_000} MB.")
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, ValueError) as error:
        raise InvalidPackage(f"{name} is no Argos package (a zip archive). Download it again.") from error


def _members(archive: zipfile.ZipFile, name: str) -> list[tuple[zipfile.ZipInfo, PurePosixPath]]:
    """The files to unpack, with their places inside the package. Raises InvalidPackage for anything out of the ordinary."""
    infos = archive.infolist()
    if len(infos) > MAX_MEMBERS:
        raise InvalidPackage(f"{name} holds {len(infos)} files; a package has a few.")
    if sum(info.file_size for info in infos) > MAX_UNPACKED_BYTES:
        raise InvalidPackage(f"{name} would unpack to more than {MAX_UNPACKED_BYTES // 1_000_000} MB.")
    found: list[tuple[zipfile.ZipInfo, PurePosixPath]] = []
    for info in infos:
        path = PurePosixPath(info.filename)
        kind = stat.S_IFMT(info.external_attr >> 16)
        outside = path.is_absolute() or ".." in path.parts or "\\" in info.orig_filename or ":" in info.filename
        if outside or not path.parts or any(ord(character) < 32 for character in info.filename):
            raise InvalidPackage(f"{name} holds a file with a path outside the package: {info.filename!r}.")
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise InvalidPackage(f"{name} holds a link or device: {info.filename!r}.")
        if info.flag_bits & 0x1:
            raise InvalidPackage(f"{name} is encrypted.")
        if not info.is_dir():
            found.append((info, path))
    tops = {path.parts[0] for _, path in found}
    if len(tops) != 1 or any(len(path.parts) < 2 for _, path in found):
        raise InvalidPackage(f"{name} is no Argos package: it should hold one folder with metadata.json in it.")
    inside = [(info, PurePosixPath(*path.parts[1:])) for info, path in found]
    if len({str(path).casefold() for _, path in inside}) != len(inside):
        raise InvalidPackage(f"{name} holds a file twice.")
    return [(info, path) for info, path in inside if path.parts[0] not in _NOT_NEEDED]


def _archived(archive: zipfile.ZipFile, path: Path, name: str = "") -> Package:
    """What the archive's metadata says, before anything is unpacked."""
    name = name or path.name
    metadata = [info for info, inside in _members(archive, name) if str(inside) == "metadata.json"]
    if not metadata:
        raise InvalidPackage(f"{name} has no metadata.json: it is no Argos package.")
    if metadata[0].file_size > MAX_METADATA_BYTES:
        raise InvalidPackage(f"{name}: metadata.json is too large.")
    try:
        data = archive.read(metadata[0])
    except (zipfile.BadZipFile, EOFError, ValueError, NotImplementedError, OSError) as error:
        raise InvalidPackage(f"{name} is damaged: {error}. Download it again.") from error
    return _described(data, path.with_name(name))


def _unpack(
    archive: zipfile.ZipFile,
    members: Sequence[tuple[zipfile.ZipInfo, PurePosixPath]],
    staged: Path,
    progress: Progress | None,
) -> None:
    total = sum(info.file_size for info, _ in members)
    done = 0
    staged.mkdir()
    for info, inside in members:
        place = staged.joinpath(*inside.parts)
        place.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(info) as data, place.open("xb") as file:
            for count in _copy(data, file, info.file_size):
                done += count
                if progress:
                    progress(done, total)
            file.flush()
            os.fsync(file.fileno())


def _copy(data: IO[bytes], file: IO[bytes], ceiling: int) -> Iterator[int]:
    """Copy, and never more than was announced."""
    done = 0
    while block := data.read(_CHUNK):
        done += len(block)
        if done > ceiling:
            raise zipfile.BadZipFile("a file is larger than announced")
        file.write(block)
        yield len(block)


def _download(url: str, place: Path, ceiling: int, progress: Progress | None) -> None:
    """Fetch an http or https address into a file, under a ceiling of bytes."""
    if not url.lower().startswith(("https://", "http://")):
        raise InvalidPackage(f"{url} is no web address (https://…).")
    request = urllib.request.Request(url, headers={"User-Agent": "Polyfaq"})  # noqa: S310 - checked above
    try:
        with _opener().open(request, timeout=TIMEOUT_SECONDS) as response, place.open("wb") as file:
            total = int(response.headers.get("Content-Length") or 0)
            done = 0
            while block := response.read(_CHUNK):
                done += len(block)
                if max(done, total) > ceiling:
                    raise InvalidPackage(f"{url} is larger than {ceiling // 1_000_000} MB.")
                file.write(block)
                if progress:
                    progress(done, total)
    except urllib.error.HTTPError as error:
        raise EngineUnavailable(f"{url} answered {error.code} {error.reason}.") from error
    except urllib.error.URLError as error:
        raise EngineUnavailable(
            f"{url} cannot be reached: {error.reason}. See whether this machine is online."
        ) from error
    except (TimeoutError, ConnectionError) as error:
        raise EngineUnavailable(f"{url} stopped answering: {error}. Try again later.") from error
    except OSError as error:
        raise EngineUnavailable(
            f"What {url} sends cannot be stored in {place.parent}: {error.strerror or error}. Free space and try again."
        ) from error
    except ValueError as error:
        raise InvalidPackage(f"{url} is no web address that can be fetched: {error}.") from error
    if 0 < place.stat().st_size < total:
        raise EngineUnavailable(f"{url}: the connection ended early. Try again.")


def _opener() -> urllib.request.OpenerDirector:
    """Only http and https, redirects too: no handler for files or FTP."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(), urllib.request.HTTPHandler(), urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(), urllib.request.HTTPRedirectHandler(), urllib.request.HTTPErrorProcessor(),
        urllib.request.UnknownHandler(),
    ):  # fmt: skip
        opener.add_handler(handler)
    return opener


__all__ = [
    "Available", "Package", "TranslationError", "argos_code", "available", "install_file", "install_from",
    "install_from_index", "install_from_url", "installed", "remove", "tag",
]  # fmt: skip
