"""Which request this is: one id from the browser's request over its background jobs to every line of the logs.

An id is made here or taken from our own proxy; it says nothing about who asked or what. Outside a request and its jobs it is "".
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import uuid4

SAFE = re.compile(r"[A-Za-z0-9._-]{8,64}\Z")
EXPORTED = "polyfaq.exported"
"""In a request's environ: it is made by the export, for a folder of files. No HTTP header can say so; those begin with HTTP_."""
_request: ContextVar[str] = ContextVar("polyfaq_request", default="")


def current() -> str:
    """The id of the request that this is done for; "" where it is none."""
    return _request.get()


def new() -> str:
    """32 hexadecimal digits."""
    return uuid4().hex


def safe(text: object) -> str:
    """The text where it may be an id, else ""."""
    return text if isinstance(text, str) and SAFE.match(text) else ""


@contextmanager
def within(request_id: str) -> Iterator[None]:
    """Inside, this is the request."""
    token = _request.set(request_id)
    try:
        yield
    finally:
        _request.reset(token)
