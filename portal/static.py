"""Static files under names that hold a digest of their content, `site.3f1c….css`, which browsers keep for good.

No step of building or collecting is needed: a name is made when a page first needs it, and the file is served under it,
compressed where that is shorter. The plain names are served too, for a minute at a time. `manage.py collectstatic` makes all of
them beforehand, for a web server that sends them itself and for a disk that cannot be written.
"""

import contextlib
import functools
import gzip
import os
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path, PurePosixPath
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import StaticFilesStorage
from django.http import HttpRequest, HttpResponse
from whitenoise.middleware import WhiteNoiseMiddleware  # type: ignore[import-untyped]

PACKED = "packed"
"""Folder of STATIC_ROOT: copies under their hashed names, with compressed ones beside them."""


class HashedStorage(StaticFilesStorage):
    """Addresses with the digest in the name; of a file that is not there, the address as it is."""

    def url(self, name: str | None) -> str:
        return super().url(hashed(name) if name else name)

    def post_process(
        self, paths: dict[str, Any], dry_run: bool = False, **options: Any
    ) -> Iterator[tuple[str, str, bool]]:
        """collectstatic's second step: every file under its name with the digest, and compressed."""
        for name in paths if not dry_run else ():
            packed = hashed(name)
            pack(packed, Path(self.path(name)).read_bytes())
            yield name, packed, True


def hashed(name: str) -> str:
    """The name with the digest of its content before the suffix; while developing, of the content as it is now."""
    return _hashed.__wrapped__(name) if settings.DEBUG else _hashed(name)


@functools.cache
def _hashed(name: str) -> str:
    path = finders.find(name)
    if not path:
        return name
    digest = blake2b(Path(path).read_bytes(), digest_size=6).hexdigest()
    plain = PurePosixPath(name)
    return str(plain.with_name(f"{plain.stem}.{digest}{plain.suffix}"))


class StaticFilesMiddleware(WhiteNoiseMiddleware):  # type: ignore[misc]
    """WhiteNoise, which learns a hashed name when it is first asked for."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        path = request.path_info
        if path.startswith(self.static_prefix) and path not in self.files:
            self._learn(path)
        answer: HttpResponse = super().__call__(request)
        return answer

    def find_file(self, url: str) -> Any:
        """While developing, each file is looked up anew."""
        name = self.get_name_without_hash(url)
        return super().find_file(name if name != url and self.immutable_file_test("", url) else url)

    def _learn(self, path: str) -> None:
        if not self.immutable_file_test("", path):
            return
        name = path[len(self.static_prefix) :]
        found = finders.find(self.get_name_without_hash(name))
        if found:
            self.add_file_to_dictionary(path, str(_packed(name, Path(found))))


def _packed(name: str, original: Path) -> Path:
    """A copy with a compressed one beside it; the original where nothing can be written or nothing is gained."""
    content = original.read_bytes()
    copy = Path(settings.STATIC_ROOT) / PACKED / name
    if _same(copy, content):
        return copy
    if _shorter(content) is None:
        return original
    with contextlib.suppress(OSError):
        return pack(name, content)
    return original


def pack(name: str, content: bytes) -> Path:
    """Write the content and, where that is shorter, a compressed form beside it; the path of the plain one. OSError."""
    copy = Path(settings.STATIC_ROOT) / PACKED / name
    copy.parent.mkdir(parents=True, exist_ok=True)
    short = _shorter(content)
    for target, data in ((copy.with_name(f"{copy.name}.gz"), short), (copy, content)):
        if data is not None:
            aside = target.with_name(f".{target.name}.{os.getpid()}")
            aside.write_bytes(data)
            aside.replace(target)
    return copy


def _same(copy: Path, content: bytes) -> bool:
    with contextlib.suppress(OSError):
        return copy.read_bytes() == content
    return False


def _shorter(content: bytes) -> bytes | None:
    short = gzip.compress(content, 9, mtime=0)
    return short if len(short) < 0.9 * len(content) else None
