"""Which program this is: part of every ETag, so that a newer program's answers are never taken for an older one's."""

import functools
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path

from django.conf import settings


@functools.cache
def program() -> str:
    """A digest of code, templates, catalogues and settings: of all that makes a page beside content."""
    digest = blake2b(repr(sorted((name, str(value)) for name, value in settings.POLYFAQ.items())).encode())
    digest.update(repr((settings.TIME_ZONE, settings.LANGUAGES, settings.STATIC_URL)).encode())
    for path in _files():
        digest.update(str(path.relative_to(settings.BASE_DIR)).encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _files() -> Iterator[Path]:
    for folder, pattern in (("faq", "*.py"), ("templates", "*"), ("locale", "*.mo"), ("static", "*")):
        yield from sorted(path for path in (Path(settings.BASE_DIR) / folder).rglob(pattern) if path.is_file())
