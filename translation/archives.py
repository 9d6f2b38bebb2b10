"""An Argos package as it comes and as it lies on disk: what its metadata says, what its archive may hold, unpacking.

Nothing is trusted: paths stay inside, sizes stay below ceilings, links and devices are refused, and each refusal names
the package. Argos' codes of languages and BCP 47 tags meet here too.
"""

import json
import os
import stat
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

import regex

from translation.files import locale_tag
from translation.types import InvalidPackage

Progress = Callable[[int, int], None]
"""Called with (done, total) bytes; total is 0 when it is not known."""

MAX_FILE_BYTES = 1_500_000_000
MAX_UNPACKED_BYTES = 3_000_000_000
MAX_MEMBERS = 5_000
MAX_METADATA_BYTES = 1_000_000

CODE = regex.compile(r"[a-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*")
CHUNK = 1 << 20
_NOT_NEEDED = frozenset({"stanza", "minisbd", "spacy"})
"""Sentence models some packages carry; ours are sentencex's rules."""
_TAGS = {"zh": "zh-hans", "zt": "zh-hant", "pb": "pt-br"}
_CODES = {tag: code for code, tag in _TAGS.items()}


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


def read(path: Path) -> Package:
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
    if not all(map(CODE.fullmatch, codes)) or codes[0] == codes[1]:
        raise InvalidPackage(f"{path.name}: metadata.json names no pair of languages (from_code, to_code).")
    version, prefix = metadata.get("package_version", ""), metadata.get("target_prefix", "")
    if not isinstance(version, str) or not isinstance(prefix, str) or len(version) > 40:
        raise InvalidPackage(f"{path.name}: metadata.json has no proper package_version.")
    return Package(tag(codes[0]), tag(codes[1]), version, path, codes[0], codes[1], prefix)


def opened(path: Path, name: str = "") -> zipfile.ZipFile:
    """The archive, to be closed; `name`: what messages call it."""
    name = name or path.name
    if not path.is_file():
        raise InvalidPackage(f"There is no file {path}.")
    if path.stat().st_size > MAX_FILE_BYTES:
        raise InvalidPackage(f"{name} is larger than {MAX_FILE_BYTES // 1_000_000} MB.")
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, ValueError) as error:
        raise InvalidPackage(f"{name} is no Argos package (a zip archive). Download it again.") from error


def members(archive: zipfile.ZipFile, name: str) -> list[tuple[zipfile.ZipInfo, PurePosixPath]]:
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


def described(archive: zipfile.ZipFile, path: Path, name: str = "") -> Package:
    """What the archive's metadata says, before anything is unpacked."""
    name = name or path.name
    metadata = [info for info, inside in members(archive, name) if str(inside) == "metadata.json"]
    if not metadata:
        raise InvalidPackage(f"{name} has no metadata.json: it is no Argos package.")
    if metadata[0].file_size > MAX_METADATA_BYTES:
        raise InvalidPackage(f"{name}: metadata.json is too large.")
    try:
        data = archive.read(metadata[0])
    except (zipfile.BadZipFile, EOFError, ValueError, NotImplementedError, OSError) as error:
        raise InvalidPackage(f"{name} is damaged: {error}. Download it again.") from error
    return _described(data, path.with_name(name))


def unpack(
    archive: zipfile.ZipFile,
    files: Sequence[tuple[zipfile.ZipInfo, PurePosixPath]],
    staged: Path,
    progress: Progress | None,
) -> None:
    """Write the files below a new folder, each to the disk itself."""
    total = sum(info.file_size for info, _ in files)
    done = 0
    staged.mkdir()
    for info, inside in files:
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
    while block := data.read(CHUNK):
        done += len(block)
        if done > ceiling:
            raise zipfile.BadZipFile("a file is larger than announced")
        file.write(block)
        yield len(block)
