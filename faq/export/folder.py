"""The folder of an exported site: a manifest of what is ours in it, and changes made all at once at the end.

Files are first written below `.new` in the folder. What is the same as before is not written. `manifest.json` comes last: a run
that breaks off leaves a folder that the next run puts right.
"""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from faq.errors import Conflict, Invalid, Unavailable

MANIFEST = "manifest.json"
ASIDE = ".new"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Kept:
    """Of one file: its SHA-256 in hexadecimal and its bytes."""

    sha256: str
    size: int


@dataclass(slots=True)
class Changes:
    """Names of files, relative to the folder."""

    written: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)


class Folder:
    """One export into a folder: put() each file, then finish()."""

    def __init__(self, path: Path) -> None:
        """Conflict for a folder with files that are not of an export, Invalid for a manifest that cannot be read."""
        self.path = path
        self._before = _known(path)
        self._now: dict[str, Kept] = {}
        self._changes = Changes()
        shutil.rmtree(path / ASIDE, ignore_errors=True)

    def put(self, name: str, content: bytes) -> None:
        """Keep a file for finish(); twice the same name is an error of the caller. Unavailable when it cannot be written."""
        if name in self._now:
            raise ValueError(name)
        kept = Kept(sha256(content).hexdigest(), len(content))
        self._now[name] = kept
        place = self.path / name
        if self._before.get(name) == kept and place.is_file() and place.stat().st_size == kept.size:
            self._changes.unchanged.append(name)
            return
        with _writing(self.path):
            aside = self.path / ASIDE / name
            aside.parent.mkdir(parents=True, exist_ok=True)
            aside.write_bytes(content)
        self._changes.written.append(name)

    def drop(self) -> None:
        """Forget what was put: the folder stays as it was."""
        self._now, self._changes = {}, Changes()
        shutil.rmtree(self.path / ASIDE, ignore_errors=True)

    def finish(self, about: dict[str, Any]) -> Changes:
        """Move the new files into place, remove those of before that are no more, write the manifest."""
        with _writing(self.path):
            for name in self._changes.written:
                place = self.path / name
                if place.is_symlink() or not place.resolve().is_relative_to(self.path.resolve()):
                    raise Conflict("%(file)s is a link. Nothing is written through links; remove it.", file=place)
                place.parent.mkdir(parents=True, exist_ok=True)
                (self.path / ASIDE / name).replace(place)
            for name in sorted(self._before.keys() - self._now.keys()):
                (self.path / name).unlink(missing_ok=True)
                self._changes.removed.append(name)
                _without_empty(self.path, (self.path / name).parent)
            shutil.rmtree(self.path / ASIDE, ignore_errors=True)
            self._manifest(about)
        return self._changes

    def _manifest(self, about: dict[str, Any]) -> None:
        files = {name: {"sha256": kept.sha256, "size": kept.size} for name, kept in sorted(self._now.items())}
        text = json.dumps({"format": FORMAT, **about, "files": files}, ensure_ascii=False, indent=1)
        aside = self.path / f".{MANIFEST}.{os.getpid()}"
        aside.write_text(text + "\n", encoding="utf-8")
        aside.replace(self.path / MANIFEST)


def _known(path: Path) -> dict[str, Kept]:
    """What the manifest says is ours; nothing for a folder that is not there or empty."""
    if path.exists() and not path.is_dir():
        raise Conflict("%(file)s is a file. Name a folder.", file=path)
    manifest = path / MANIFEST
    if not manifest.is_file():
        others = [each.name for each in path.iterdir() if each.name != ASIDE] if path.is_dir() else []
        if others:
            raise Conflict(
                "%(folder)s holds files that are of no export, such as %(file)s. Name an empty folder.",
                folder=path,
                file=min(others),
            )
        return {}
    try:
        read = json.loads(manifest.read_text(encoding="utf-8"))
        known = {name: Kept(row["sha256"], row["size"]) for name, row in read["files"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Invalid("%(file)s cannot be read. Name another folder, or empty this one.", file=manifest) from error
    if any(Path(name).is_absolute() or ".." in Path(name).parts for name in known):
        raise Invalid("%(file)s names files outside its folder. Name another folder.", file=manifest)
    return known


def _without_empty(root: Path, folder: Path) -> None:
    """Remove folders that hold nothing any more, up to the root."""
    while folder != root and folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    """Around writing: what the operating system refuses becomes Unavailable."""
    try:
        yield
    except OSError as error:
        raise Unavailable(
            "%(folder)s could not be written: %(reason)s. Free space or mend the permissions, and export again.",
            folder=path,
            reason=error.strerror or type(error).__name__,
        ) from error
