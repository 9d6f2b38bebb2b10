"""An answer as it comes about, for the site's own script: server-sent events of finished HTML.

`evidence`: what is being read; `segment`: the sentences verified so far; `done`: what the plain page shows, and its title.
The page works without any of it: a question that cannot be streamed is asked by opening its page.
"""

from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.utils import translation
from django.views.decorators.http import require_safe

from faq.domain.ask import ask_events
from faq.domain.events import Done, Event, EvidenceFound, SegmentTold, as_sent, spoken
from faq.errors import DomainError
from faq.queries import content
from faq.web import shown
from faq.web.views import answer_context, as_typed, own

SOURCES = 3


@require_safe
def ask_stream(request: HttpRequest, locale: str) -> HttpResponseBase:
    """400 without a question that can be read; the page then says why."""
    text = request.GET.get("q", "").strip()
    try:
        events = ask_events(text, locale, as_typed=as_typed(request))
    except DomainError as error:
        return own(HttpResponse(str(error), status=400, content_type="text/plain; charset=utf-8"))
    pages = _Pages(request, locale, text)
    language = translation.get_language() or locale
    response = StreamingHttpResponse(_stream(events, pages, language), content_type="text/event-stream; charset=utf-8")
    response.headers["X-Accel-Buffering"] = "no"
    return own(response)


def _stream(events: Iterator[Event], pages: "_Pages", language: str) -> Iterator[str]:
    """The events as text. The middleware has put its language away when this runs."""
    for event in spoken(events, language):
        with translation.override(language):
            data = pages.of(event)
        yield as_sent(event.name, data)


class _Pages:
    """The HTML of each event of one answer."""

    def __init__(self, request: HttpRequest, locale: str, text: str) -> None:
        self._request = request
        self._locale = locale
        self._text = text
        self._told: list[dict[str, Any]] = []

    def of(self, event: Event) -> dict[str, str]:
        if isinstance(event, EvidenceFound):
            return self._evidence(event)
        if isinstance(event, SegmentTold):
            return self._segments(event)
        return self._done(event)

    def _evidence(self, event: EvidenceFound) -> dict[str, str]:
        places = content.cited_places([row["id"] for row in event.passages[:SOURCES]], self._locale)
        by_source = {place.source_key: place for place in places.values()}
        return {"html": self._rendered("site/_evidence.html", {"places": list(by_source.values())})}

    def _segments(self, event: SegmentTold) -> dict[str, str]:
        self._told.append(event.as_dict())
        groups = shown.grouped(shown.asked_segments(self._told, self._locale), self._locale)
        return {"html": self._rendered("site/_groups.html", {"groups": groups, "plain": False})}

    def _done(self, event: Done) -> dict[str, str]:
        context = {"q": self._text} | answer_context(event.result, self._locale)
        return {"html": self._rendered("site/_asked.html", context)}

    def _rendered(self, template: str, context: dict[str, Any]) -> str:
        return render_to_string(template, context, request=self._request)
