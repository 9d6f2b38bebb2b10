"""Searching over the API: results for words, and questions for what was typed so far."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from faq import cache, conf
from faq.api import describe, represent, shapes
from faq.api.lists import truth
from faq.api.reads import PERSONAL, ReadView
from faq.domain import recording
from faq.enums import Outcome
from faq.errors import Invalid
from faq.queries import content, suggesting
from faq.queries.payloads import Reading

SUGGESTIONS_SECONDS = 60
KEY_LENGTH = 120


@describe.reads("search", shapes.Found, describe.Q, describe.TOPIC, describe.EXACT, tag="finding")
class SearchView(ReadView):
    """Questions and passages for words in any language. What is looked for in vain is recorded for the editors."""

    parameters = ("q", "topic", "exact")
    groups = (cache.CONTENT, cache.LOCALES, cache.INDEX)
    caching = PERSONAL

    def read(self, request: Request, how: Reading, **names: Any) -> Mapping[str, Any]:
        text = typed(request)
        if not any(character.isalnum() for character in text):
            raise Invalid("Please write your question in words.")
        exact = truth(request, "exact")
        found = content.search(text, how.tag, topics=self._topics(request), as_typed=exact)
        if not found and conf.get("RECORD_ASKED"):
            recording.record(text, how.tag, Outcome.ABSTAINED)
        return {
            "questions": [represent.link(each) for each in found.questions],
            "passages": [represent.found_passage(each) for each in found.passages],
            "degraded": found.degraded,
            "corrected": found.corrected,
        }

    def _topics(self, request: Request) -> tuple[str, ...]:
        """The one that was asked for, among those that the key is bound to."""
        named, bound = request.GET.get("topic", "")[:KEY_LENGTH], self.caller.topics
        if named and bound and named not in bound:
            raise Invalid("There is no topic %(topic)s.", topic=repr(named[:60]))
        return (named,) if named else bound

    def keeps(self, made: Mapping[str, Any]) -> bool:
        """Not what a service that was away had its part in, nor what was looked for in vain: each time counts."""
        return bool((made["questions"] or made["passages"]) and not made["degraded"])


@describe.reads("suggest", shapes.Suggestions, describe.Q, tag="finding")
class SuggestView(ReadView):
    """Published questions for what a reader has typed so far, best first; none for less than a letter or a digit."""

    parameters = ("q",)

    def read(self, request: Request, how: Reading, **names: Any) -> Mapping[str, Any]:
        return {
            "results": [
                represent.suggestion(each)
                for each in suggesting.suggest(typed(request), how.tag, topics=self.caller.topics)
            ]
        }

    def tell(self, response: HttpResponse, how: Reading, etag: str) -> HttpResponse:
        """Browsers keep it for a minute: readers type, delete and type again."""
        told = super().tell(response, how, etag)
        told.headers["Cache-Control"] = f"public, max-age={SUGGESTIONS_SECONDS}"
        return told


def typed(request: Request) -> str:
    """`?q` in one line; Invalid when it is missing."""
    if "q" not in request.GET:
        raise Invalid("The parameter %(name)s is missing.", name="q")
    text = request.GET["q"].replace("\0", " ")  # PostgreSQL takes no NUL
    return " ".join(text[: int(conf.get("QUESTION_MAX_LENGTH"))].split())
