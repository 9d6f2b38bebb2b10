"""What a question's answer consists of as it comes about: evidence, then sentence by sentence, then all of it.

The site's page and the API's server-sent events read the same ones. `name` is the event's; `as_dict` what it says as JSON.
Invariant: the last one is Done, and its result has every segment told before, in order.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils import translation

from faq.composition.types import Segment

if TYPE_CHECKING:
    from faq.domain.ask import AskResult


def segment_dict(segment: Segment) -> dict[str, Any]:
    """A sentence as every surface shows it."""
    return {
        "text": segment.text,
        "lang": segment.lang,
        "origin": str(segment.origin),
        "citations": list(segment.citations),
    }


@dataclass(frozen=True, slots=True)
class EvidenceFound:
    """The passages that the search found, the best first, before anything is composed from them."""

    passages: tuple[dict[str, Any], ...]
    name: str = "evidence"

    def as_dict(self) -> dict[str, Any]:
        return {"passages": list(self.passages)}


@dataclass(frozen=True, slots=True)
class SegmentTold:
    """A verified sentence; `citations`: those that no sentence before had; `before`: what stands between it and that one."""

    segment: Segment
    citations: tuple[dict[str, Any], ...]
    name: str = "segment"

    def as_dict(self) -> dict[str, Any]:
        return segment_dict(self.segment) | {
            "before": self.segment.before,
            "new_citations": list(self.citations),
        }


@dataclass(frozen=True, slots=True)
class Done:
    """The whole result, as ask() gives it."""

    result: "AskResult"
    name: str = "done"

    def as_dict(self) -> dict[str, Any]:
        return self.result.as_dict()


Event = EvidenceFound | SegmentTold | Done


def spoken(events: Iterator[Event], language: str) -> Iterator[Event]:
    """Each step in the reader's language, and what lies between them in whatever else is served: a stream is made when
    the middleware has put its language away."""
    while True:
        with translation.override(language):
            event = next(events, None)
        if event is None:
            return
        yield event


def as_sent(name: str, data: Mapping[str, Any]) -> str:
    """A server-sent event."""
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"
