"""The file: a ZIP of members with readable names, and last a manifest with the SHA-256 of each.

Invariants: an archive appears under its name whole or not at all; a member is read only when it is as the manifest says; nothing
is unpacked by a name that the archive gives.
"""

import hashlib
import json
import os
import uuid
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from faq.domain.backups.archive import mended
from faq.errors import Conflict, Invalid, Unavailable

FORMAT = 1
MANIFEST = "manifest.json"
MOST_MEMBERS = 1_000_000
LARGEST_MEMBER = 500_000_000
"""Bytes: far above the longest source, and no more than memory holds."""
KIND = "polyfaq-knowledge"
_Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def damaged(path: Path, reason: object) -> Invalid:
    return Invalid(
        "%(file)s is damaged: %(reason)s. Nothing was imported; export it again.", file=path.name, reason=reason
    )


class Writer:
    """Members one after the other."""

    def __init__(self, zipped: zipfile.ZipFile) -> None:
        self._zip = zipped
        self._digests: dict[str, str] = {}

    def put(self, name: str, content: str | bytes) -> None:
        data = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
        if name in self._digests:
            raise ValueError(name)
        self._zip.writestr(name, data)
        self._digests[name] = hashlib.sha256(data).hexdigest()

    def put_yaml(self, name: str, content: Any) -> None:
        self.put(name, yaml.dump(content, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=120))

    def put_json(self, name: str, content: Any) -> None:
        self.put(name, json.dumps(content, ensure_ascii=False, indent=1))

    def manifest(self, **about: Any) -> None:
        said = {"kind": KIND, "format": FORMAT, **about, "members": self._digests}
        self._zip.writestr(MANIFEST, json.dumps(said, ensure_ascii=False, indent=1))


class Reader:
    """An archive open for reading. `about`: what its manifest says beside its members."""

    def __init__(self, path: Path, zipped: zipfile.ZipFile, manifest: dict[str, Any]) -> None:
        self.path, self.about = path, manifest
        self._zip = zipped
        self.names = sorted(manifest["members"])

    def below(self, folder: str, ending: str = "") -> list[str]:
        return [name for name in self.names if name.startswith(f"{folder}/") and name.endswith(ending)]

    def read(self, name: str) -> bytes:
        """Invalid for a member that is missing, too long, or not as it was written."""
        if name not in self.about["members"]:
            raise damaged(self.path, f"{name} is missing")
        with mended(self.path, damaged):
            try:
                if self._zip.getinfo(name).file_size > LARGEST_MEMBER:
                    raise damaged(self.path, f"{name} is too long")
                data = self._zip.read(name)
            except KeyError as error:
                raise damaged(self.path, f"{name} is missing") from error
        if hashlib.sha256(data).hexdigest() != self.about["members"][name]:
            raise damaged(self.path, f"{name} is not what was written")
        return data

    def text(self, name: str) -> str:
        return self.read(name).decode("utf-8", "surrogatepass")

    def json(self, name: str) -> Any:
        return json.loads(self.text(name))

    def yaml(self, name: str) -> Any:
        """What nothing refers back into: an alias makes a short text an endless one."""
        text = self.text(name)
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=_Loader)):
            raise damaged(self.path, f"{name} holds an alias")
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader


@contextmanager
def created(path: Path) -> Iterator[Writer]:
    """A new archive, whose manifest must be written inside. Conflict when there is such a file; Unavailable when it cannot be
    written."""
    if path.exists():
        raise Conflict("%(file)s is there already. Name a file that is not.", file=path)
    aside = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        with zipfile.ZipFile(aside, "x", zipfile.ZIP_DEFLATED, compresslevel=6) as zipped:
            yield Writer(zipped)
        os.link(aside, path)
    except FileExistsError as error:
        raise Conflict("%(file)s is there already. Name a file that is not.", file=path) from error
    except OSError as error:
        raise Unavailable(
            "%(file)s could not be written: %(reason)s.", file=path, reason=error.strerror or error
        ) from error
    finally:
        aside.unlink(missing_ok=True)


@contextmanager
def opened(path: Path) -> Iterator[Reader]:
    """Invalid for what is no such archive, a damaged one, or one of a newer program."""
    with mended(path, damaged):
        try:
            zipped = zipfile.ZipFile(path)
        except OSError as error:
            raise Invalid(
                "%(file)s cannot be read: %(reason)s.", file=path, reason=error.strerror or str(error)
            ) from error
        with zipped:
            yield Reader(path, zipped, _manifest(path, zipped))


def _manifest(path: Path, zipped: zipfile.ZipFile) -> dict[str, Any]:
    try:
        if zipped.getinfo(MANIFEST).file_size > LARGEST_MEMBER:
            raise damaged(path, "its manifest is too long")
        said = json.loads(zipped.read(MANIFEST))
        members = said["members"]
        if said["kind"] != KIND or len(members) > MOST_MEMBERS:
            raise ValueError(said["kind"])
        newer = int(said["format"]) > FORMAT
    except (KeyError, ValueError, TypeError) as error:
        raise Invalid(
            "%(file)s is no knowledge base of Polyfaq. `manage.py export_knowledge` makes one.", file=path
        ) from error
    if newer:
        raise Invalid(
            "%(file)s was made by a newer Polyfaq (%(version)s). Import it with that version.",
            file=path,
            version=str(said.get("version", ""))[:40],
        )
    return dict(said)
