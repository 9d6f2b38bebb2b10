"""Finished pages, kept in memory and told from copies that browsers hold, so that reading costs about what sending costs.

A view whose page is the same for all readers of its address is marked `shared`: its page carries no cookie, no token and
nothing of a visitor. Invariants: what is kept or told unchanged is never older than the last commit (faq.cache); only
answers with status 200 are kept, so each had passed the checks of host, scheme and address that it now goes without.
"""

import gzip
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers

from faq import cache, metrics
from faq.tracing import EXPORTED
from faq.web import languages
from faq.web.validators import Validators, validators

Handler = Callable[[HttpRequest], HttpResponseBase]
Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
MARKDOWN = "text/markdown"
SHARED = "public, no-cache"
"""Whoever keeps a copy asks before each use: a changed source shows at once."""
PERSONAL = "private, no-cache"
KEPT_BYTES = 24_000_000
LARGEST = 500_000
"""A page of more bytes is not kept: a sitemap, or a source as long as a book."""
SMALLEST = 800
"""Fewer bytes are not worth compressing: they fit into the first packet as they are."""
ELSEWHERE = frozenset({"admin", "api", "static"})
"""First parts of addresses that are no pages of ours."""
_GZIP = re.compile(r"\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|\Z))", re.IGNORECASE)


def shared(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Marks a view's pages as the same for everyone."""

    @wraps(view)
    def marked(*args: Any, **kwargs: Any) -> HttpResponse:
        response = view(*args, **kwargs)
        response.shared = True  # type: ignore[attr-defined]
        return response

    return marked


@dataclass(frozen=True, slots=True)
class Page:
    """What is sent: `plain` and, when that is shorter, `packed` with gzip."""

    headers: dict[str, tuple[str, str]]
    plain: bytes
    packed: bytes | None

    def response(self, *, packed: bool) -> HttpResponse:
        body = self.packed if packed and self.packed is not None else self.plain
        response = HttpResponse(body, content_type="")
        response.headers._store.update(self.headers)  # each was checked when it was first set
        response.headers["Content-Length"] = str(len(body))
        if body is not self.plain:
            response.headers["Content-Encoding"] = "gzip"
        return response

    @property
    def size(self) -> int:
        return len(self.plain) + len(self.packed or b"") + 1000


class Pages:
    """Pages by ETag, in the order of their use, up to so many bytes; safe between threads."""

    def __init__(self, most: int = KEPT_BYTES) -> None:
        self._most, self._bytes = most, 0
        self._lock = threading.Lock()
        self._held: OrderedDict[str, tuple[float, Page]] = OrderedDict()

    def get(self, etag: str) -> Page | None:
        with self._lock:
            held = self._held.get(etag)
            if held is None or held[0] < time.monotonic():
                return None
            self._held.move_to_end(etag)
            return held[1]

    def put(self, etag: str, page: Page) -> None:
        with self._lock:
            self._drop(etag)
            self._held[etag] = (time.monotonic() + cache.KEPT_SECONDS, page)
            self._bytes += page.size
            while self._bytes > self._most:
                self._drop(next(iter(self._held)))

    def clear(self) -> None:
        with self._lock:
            self._held.clear()
            self._bytes = 0

    def _drop(self, etag: str) -> None:
        if etag in self._held:
            self._bytes -= self._held.pop(etag)[1].size


kept = Pages()


class PagesMiddleware:
    """Answers from what is kept before anything else is asked; compresses public pages."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not _may_be_kept(request):
            return self.get_response(request)
        with cache.at_one_moment():
            now = validators(request)
            return _recalled(request, now) or self._made(request, now)

    def _made(self, request: HttpRequest, now: Validators) -> HttpResponseBase:
        response = self.get_response(request)
        if not isinstance(response, HttpResponse) or not getattr(response, "shared", False):
            return _personal(response, packed=_takes_gzip(request))
        if response.status_code != 200 or response.cookies:
            return response
        metrics.looked_up("pages", found=False)
        page = _page(response)
        if now.settled and _worth_keeping(request, page):
            kept.put(now.etag, page)
        return _sent(request, now, page)


def before(application: Application) -> Application:
    """A WSGI application that answers from what is kept without the handler's signals, connections and middleware; what
    is not kept goes to the given one, whose PagesMiddleware keeps it."""

    def answered(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        request = WSGIRequest(dict(environ))  # it decodes the path in what it is given; the handler must do so itself
        if _may_be_kept(request):
            with cache.at_one_moment():
                response = _recalled(request, validators(request))
            if response is not None:
                cookies = [("Set-Cookie", cookie.OutputString()) for cookie in response.cookies.values()]
                start_response(f"{response.status_code} {response.reason_phrase}", [*response.items(), *cookies])
                return [response.content]
        return application(environ, start_response)

    return answered


def _may_be_kept(request: HttpRequest) -> bool:
    if request.method not in ("GET", "HEAD") or EXPORTED in request.META:
        return False
    if MARKDOWN in request.META.get("HTTP_ACCEPT", "") and not request.path_info.endswith(".md"):
        return False  # a question's page leads elsewhere then
    return _first(request) not in ELSEWHERE and not settings.DEBUG


def _first(request: HttpRequest) -> str:
    """The first part of the address: of a page, its language."""
    return request.path_info[1:].partition("/")[0]


def _takes_gzip(request: HttpRequest) -> bool:
    return _GZIP.search(request.META.get("HTTP_ACCEPT_ENCODING", "")) is not None


def _recalled(request: HttpRequest, now: Validators) -> HttpResponse | None:
    """What is told or sent again; None for what is not kept."""
    page = None
    if not (unchanged := now.match(request)):
        page = kept.get(now.etag) if now.settled else None
        if page is None:
            return None
    metrics.looked_up("unchanged" if unchanged else "pages", found=True)
    return _sent(request, now, page)


def _sent(request: HttpRequest, now: Validators, page: Page | None) -> HttpResponse:
    """The page, or word that it has not changed, with what tells how long it holds and the cookie of whoever chose its
    language. `page`: None where the browser has shown its tag."""
    if page is None or now.unmodified(request):
        response: HttpResponse = HttpResponseNotModified()
        response.headers["Vary"] = "Accept-Encoding"
    else:
        response = page.response(packed=_takes_gzip(request))
    if now.settled:
        response.headers["ETag"] = now.etag
        if changed := now.last_modified:
            response.headers["Last-Modified"] = changed
    chosen = languages.chosen(request, _first(request))
    response.headers["Cache-Control"] = PERSONAL if chosen else SHARED
    if chosen:
        languages.remember(request, response, _first(request))
    return response


def _page(response: HttpResponse) -> Page:
    patch_vary_headers(response, ("Accept-Encoding",))
    headers = {name.lower(): (name, value) for name, value in response.headers.items() if name != "Content-Length"}
    plain = bytes(response.content)
    packed = gzip.compress(plain, 6, mtime=0) if len(plain) >= SMALLEST else plain
    return Page(headers, plain, packed if len(packed) < len(plain) else None)


def _worth_keeping(request: HttpRequest, page: Page) -> bool:
    """An address that a page of ours leads to; others could be made up without end, each to push out a real one."""
    asked = request.META.get("QUERY_STRING", "")
    return len(page.plain) <= LARGEST and (not asked or asked.startswith("passage="))


def _personal(response: HttpResponseBase, *, packed: bool) -> HttpResponseBase:
    """A page of a visitor's own words. It holds no secret that the length of its compressed form could tell."""
    html = response.headers.get("Content-Type", "").startswith("text/html")
    if not isinstance(response, HttpResponse) or not html or response.has_header("Content-Encoding"):
        return response
    patch_vary_headers(response, ("Accept-Encoding",))
    if packed and len(response.content) >= SMALLEST:
        response.content = gzip.compress(response.content, 4, mtime=0)
        response.headers["Content-Encoding"] = "gzip"
        if response.headers.get("ETag", "W/")[:2] != "W/":
            response.headers["ETag"] = f"W/{response.headers['ETag']}"  # these are other bytes now
        if response.has_header("Content-Length"):
            response.headers["Content-Length"] = str(len(response.content))
    return response
