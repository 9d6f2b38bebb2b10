"""An answer as it comes about, for programs: server-sent events of JSON.

`evidence`: the passages found; `segment`: each verified sentence with the citations that no sentence before had; `done`: what
the plain JSON says; `problem`, in place of `done`: problem details of what failed on the way.
"""

import logging
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.http import StreamingHttpResponse
from django.utils import translation
from rest_framework.renderers import JSONRenderer

from faq.api import problems
from faq.domain.events import Event, as_sent, spoken
from faq.errors import DomainError

log = logging.getLogger(__name__)
MEDIA_TYPE = "text/event-stream"


class EventStreamRenderer(JSONRenderer):
    """Lets a client ask for events; what is refused before the first one is told in JSON."""

    media_type = MEDIA_TYPE
    format = "event-stream"


def streamed(events: Iterator[Event]) -> StreamingHttpResponse:
    """The events, each sent as soon as it is there, in the language that is active now."""
    language = translation.get_language() or settings.LANGUAGE_CODE
    response = StreamingHttpResponse(_sent(events, language), content_type=f"{MEDIA_TYPE}; charset=utf-8")
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"
    return response


def _sent(events: Iterator[Event], language: str) -> Iterator[str]:
    try:
        for event in spoken(events, language):
            yield as_sent(event.name, event.as_dict())
    except DomainError as error:
        with translation.override(language):
            yield as_sent("problem", problems.details(error.status, error.type, str(error)))
    except Exception:
        log.exception("An answer failed on its way.")
        with translation.override(language):
            yield as_sent("problem", _unforeseen())


def _unforeseen() -> dict[str, Any]:
    kind, detail = problems.DETAILS[500]
    return problems.details(500, kind, str(detail))
