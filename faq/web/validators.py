"""What tells whether a browser's copy of a page still holds: an ETag made of everything that decides the page's bytes.

It is made of stamps, the program and the request, not of the page: `304` is told before anything is read or built, and
by any process. Last-Modified serves whoever knows nothing better; it is told when its second is over only.
"""

import functools
import re
import time
from dataclasses import dataclass
from hashlib import blake2b

from django.http import HttpRequest
from django.utils.http import http_date, parse_http_date_safe

from faq import cache
from faq.program import program

BEGAN = time.time()
"""Whoever has a page of an older program gets the newer one: it runs since then."""
VOTES_SECONDS = 600
"""The start page shows what readers found helpful; votes bump nothing, they show after so long."""
_TAGS = re.compile(r'"[^"]*"')


@dataclass(frozen=True, slots=True)
class Validators:
    """`version`: of all content. `settled`: no change is under way; only then may anything be kept or told unchanged.
    `at`: seconds since the epoch of the last change."""

    etag: str
    version: str
    settled: bool
    at: float

    @property
    def last_modified(self) -> str:
        """The header; empty while another change may still fall into the same second."""
        return _written(int(self.at)) if time.time() - self.at > 2 else ""

    def match(self, request: HttpRequest) -> bool:
        """Whether one of the browser's tags is ours: only who was given it has it."""
        given = request.META.get("HTTP_IF_NONE_MATCH")
        return self.settled and given is not None and self.etag[2:] in _TAGS.findall(given[:2000])

    def unmodified(self, request: HttpRequest) -> bool:
        """Whether a page, known to exist, has not changed since the time a browser names that knows no tag."""
        named = request.META.get("HTTP_IF_MODIFIED_SINCE")
        if not named or not self.settled or "HTTP_IF_NONE_MATCH" in request.META or not self.last_modified:
            return False
        since = parse_http_date_safe(named)
        return since is not None and int(self.at) <= since


@functools.lru_cache(maxsize=8)
def _written(seconds: int) -> str:
    return http_date(seconds)


def validators(request: HttpRequest) -> Validators:
    """Of the page at the request's address, whether there is one or not."""
    content, locales = cache.stamp(cache.CONTENT), cache.stamp(cache.LOCALES)
    version = f"{content.version}.{locales.version}"
    meta = request.META
    parts = [program(), version, request.scheme or "", meta.get("HTTP_HOST", ""), request.path]
    parts.append(meta.get("QUERY_STRING", ""))
    if request.path_info.count("/") <= 2:  # a language's start page
        parts.append(str(int(time.time() // VOTES_SECONDS)))
    digest = blake2b("\n".join(parts).encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
    at = max(content.at, locales.at, BEGAN)
    # Weak: the same page, whether compressed or not.
    return Validators(f'W/"{digest}"', version, content.settled and locales.settled, at)
