"""Request ids on the way in and out, and through Celery's messages.

A visitor's own X-Request-ID counts for nothing; with POLYFAQ_TRUSTED_PROXIES the header is our proxy's, which sets it
(deploy/nginx). Pages sent from memory (faq.web.pages.before) never come here: they have no id, and nothing of theirs is logged.
"""

import logging
import time
from collections.abc import Callable, Iterator
from typing import Any

from celery.signals import before_task_publish, task_postrun, task_prerun
from django.conf import settings
from django.http import FileResponse, HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase

from faq import tracing

log = logging.getLogger(__name__)
Handler = Callable[[HttpRequest], HttpResponseBase]
HEADER = "X-Request-ID"
MESSAGE_HEADER = "polyfaq_request"
_running: dict[str, Any] = {}
"""Task id -> what ends the request's context of a task that runs in this process."""


class RequestIdMiddleware:
    """Gives every request an id, tells it in the response, and logs how the request ended: by the view's name, never the
    address, in which a reader's words may stand."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        given = request.headers.get(HEADER) if settings.TRUSTED_PROXIES else None
        name = tracing.safe(given) or tracing.new()
        begun = time.perf_counter()
        with tracing.within(name):
            response = self.get_response(request)
            view = request.resolver_match.view_name if request.resolver_match else "-"
            milliseconds = (time.perf_counter() - begun) * 1000
            level = (
                logging.DEBUG if tracing.EXPORTED in request.META else logging.INFO
            )  # an operator's command is no request
            log.log(level, "%s %s %d in %.0f ms", request.method, view, response.status_code, milliseconds)
        response.headers[HEADER] = name
        if isinstance(response, StreamingHttpResponse) and not isinstance(response, FileResponse):
            parts = response.streaming_content
            if isinstance(parts, Iterator):
                response.streaming_content = _streamed(name, parts)
        return response


def _streamed(name: str, steps: Iterator[bytes]) -> Iterator[bytes]:
    """What is sent after the middleware is through belongs to the request too; the server may serve others in between."""
    while True:
        with tracing.within(name):
            try:
                part = next(steps)
            except StopIteration:
                return
        yield part


def _sent(headers: dict[str, Any] | None = None, **_: Any) -> None:
    """The request that causes a message goes with it."""
    if headers is not None and tracing.current():
        headers[MESSAGE_HEADER] = tracing.current()


def _begun(task_id: str = "", task: Any = None, **_: Any) -> None:
    # A worker reads a message's headers as attributes; a task that is called in place has them in one.
    named = getattr(task.request, MESSAGE_HEADER, None) or (task.request.headers or {}).get(MESSAGE_HEADER)
    context = tracing.within(tracing.safe(named) or tracing.new())
    context.__enter__()
    _running[task_id] = context


def _ended(task_id: str = "", **_: Any) -> None:
    context = _running.pop(task_id, None)
    if context is not None:
        context.__exit__(None, None, None)


def follow_messages() -> None:
    """From now on a request's id goes with the messages it causes, and holds in whichever process runs them."""
    before_task_publish.connect(_sent)
    task_prerun.connect(_begun)
    task_postrun.connect(_ended)
