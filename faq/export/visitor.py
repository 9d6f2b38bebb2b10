"""A visitor without cookies, language or session, who asks this process's own WSGI handler: what it gets is what the web
gets, through all middleware, without a server."""

from collections.abc import Iterable
from dataclasses import dataclass
from io import BytesIO
from typing import Any, cast
from urllib.parse import quote, unquote, urlsplit

from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.core.signals import request_finished
from django.db import close_old_connections
from django.http.response import HttpResponseBase
from django.urls import get_script_prefix

from faq.tracing import EXPORTED

LIVE = "polyfaq.live"
"""In a request's environ: where the portal itself answers questions; empty where an exported site stands alone."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`kind`: the media type, without parameters."""

    status: int
    kind: str
    body: bytes


class Visitor:
    """Asks for paths of the site at `address` (`https://host[:port]`)."""

    def __init__(self, address: str, live: str = "") -> None:
        split = urlsplit(address)
        self._host, self._scheme = split.netloc, split.scheme
        self._live = live
        self._handler = WSGIHandler()

    def get(self, path: str, query: str = "") -> Answer:
        """What the portal says at a path of the site (both percent-encoded), redirects as they are."""
        response = self._handler.get_response(WSGIRequest(self._environ(path, query)))
        try:
            body = b"".join(cast("Iterable[bytes]", response))
        finally:
            _closed(response)
        return Answer(response.status_code, response.get("Content-Type", "").partition(";")[0], body)

    def _environ(self, path: str, query: str) -> dict[str, Any]:
        prefix = get_script_prefix().rstrip("/")
        name, _, port = self._host.partition(":")
        inside = path.removeprefix(quote(prefix)) or "/"
        return {
            "REQUEST_METHOD": "GET",
            "SCRIPT_NAME": prefix,
            "PATH_INFO": unquote(inside).encode().decode("latin-1"),  # as WSGI (PEP 3333) wants it
            "QUERY_STRING": query,
            "SERVER_NAME": name,
            "SERVER_PORT": port or ("443" if self._scheme == "https" else "80"),
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": self._host,
            "REMOTE_ADDR": "127.0.0.1",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": self._scheme,
            "wsgi.input": BytesIO(),
            "wsgi.errors": BytesIO(),
            "wsgi.multithread": False,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            EXPORTED: True,
            LIVE: self._live,
        }


def _closed(response: HttpResponseBase) -> None:
    """Close files that were sent. The end of a request would also close the database, which the walk still needs."""
    request_finished.disconnect(close_old_connections)
    try:
        response.close()
    finally:
        request_finished.connect(close_old_connections)
