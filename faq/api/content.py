"""Reads of what is published: languages, topics, questions with their answers, sources and their passages.

The payloads are those of the public pages (faq.queries); each read takes a number of queries that its rows do not change.
"""

from collections.abc import Mapping
from typing import Any

from django.db.models import Prefetch
from rest_framework.request import Request

from faq.api import describe, represent, shapes
from faq.api.lists import LISTED, Cursor, QuestionFilter, SourceFilter, filtered
from faq.api.reads import ReadView
from faq.enums import State, TranslationPolicy
from faq.errors import NotFound
from faq.models import Locale, Phrasing, Question, Source
from faq.queries import content, locales
from faq.queries.payloads import Reading, reading, topic_titles


@describe.reads("listLocales", shapes.Locales)
class LocalesView(ReadView):
    """The portal's languages, in menu order."""

    def read(self, request: Request, how: Reading, **names: Any) -> Mapping[str, Any]:
        bound = self.caller.locales
        rows = [each for each in locales.enabled_locales() if not bound or each.tag in bound]
        return {"results": [_locale(each) for each in rows]}


def _locale(locale: Locale) -> dict[str, Any]:
    return {
        "tag": locale.tag,
        "name": locale.name,
        "autonym": locale.autonym,
        "dir": locale.direction,
        "fallbacks": list(reading(locale.tag).chain[1:]),
        "default": locale.tag == locales.default_locale().tag,
        "machine_translations": locale.policy == TranslationPolicy.PUBLISH,
    }


@describe.reads("listTopics", shapes.Topics)
class TopicsView(ReadView):
    """Topics that have a published question, in menu order."""

    def read(self, request: Request, how: Reading, **names: Any) -> Mapping[str, Any]:
        bound = self.caller.topics
        rows = [each for each in content.topics(how.tag) if not bound or each.key in bound]
        return {"results": [represent.topic(each) for each in rows]}


@describe.reads(
    "listQuestions",
    shapes.Questions,
    describe.TOPIC,
    describe.ANSWERED,
    describe.UPDATED,
    describe.CURSOR,
    describe.PAGE_SIZE,
)
class QuestionsView(ReadView):
    """Published questions by key, a page at a time; three queries."""

    parameters = ("topic", "answered", "updated_since", *LISTED)

    def read(self, request: Request, how: Reading, **names: Any) -> Mapping[str, Any]:
        canonical = Prefetch("phrasings", Phrasing.objects.filter(canonical=True), to_attr="wordings")
        rows = (
            Question.objects.filter(self.bound(), state=State.PUBLISHED)
            .select_related("topic")
            .prefetch_related(canonical)
        )
        cursor = Cursor()
        found = cursor.paginate_queryset(filtered(QuestionFilter, request, rows), request, self) or []
        return {**cursor.links(), "results": [_listed(row, how) for row in found]}


def _listed(row: Any, how: Reading) -> dict[str, Any]:
    wording = how.worded(row.wordings) or how.text(row.key, how.default)
    return {
        "key": row.key,
        "text": represent.text(wording),
        "topic": row.topic.key if row.topic else None,
        "updated": row.updated_at,
    }


@describe.reads("getQuestion", shapes.Question, missing=True)
class QuestionView(ReadView):
    """One published question with its answer in the reader's language, or the best fallback."""

    def read(self, request: Request, how: Reading, **names: Any) -> Mapping[str, Any]:
        found = content.question_page(names["key"], how.tag)
        topic = {"key": found.topic.key, "title": represent.text(found.topic.title)} if found.topic else None
        return {
            "key": found.key,
            "text": represent.text(found.text),
            "topic": topic,
            "answer": represent.answer(found.answer) if found.answer else None,
            "related": [represent.link(each) for each in found.related],
            "page": represent.page("question", how.tag, found.key),
        }


@describe.reads(
    "listSources",
    shapes.Sources,
    describe.TOPIC,
    describe.LANGUAGE,
    describe.UPDATED,
    describe.CURSOR,
    describe.PAGE_SIZE,
)
class SourcesView(ReadView):
    """Published sources by key, a page at a time; two queries, and one for each language they are translated from."""

    parameters = ("topic", "language", "updated_since", *LISTED)

    def read(self, request: Request, how: Reading, **names: Any) -> Mapping[str, Any]:
        rows = Source.objects.filter(self.bound(), state=State.PUBLISHED, published_revision__isnull=False)
        rows = rows.select_related("published_revision").defer("published_revision__text", "published_revision__blocks")
        cursor = Cursor()
        found = list(cursor.paginate_queryset(filtered(SourceFilter, request, rows), request, self) or [])
        titles: dict[str, list[str]] = {}
        for row in found:
            titles.setdefault(row.locale_id, []).append(row.title)
        units = {lang: how.recall(texts, lang) for lang, texts in titles.items()}
        topics = topic_titles(how)
        return {**cursor.links(), "results": [_source(row, how, units[row.locale_id], topics) for row in found]}


def _source(row: Source, how: Reading, units: Mapping[str, Any], topics: Mapping[int, Any]) -> dict[str, Any]:
    assert row.published_revision is not None
    return {
        "key": row.key,
        "title": represent.text(how.titled(row.title, row.locale_id, units)),
        "language": row.locale_id,
        "url": row.url,
        "topic": next((names[0] for pk, names in topics.items() if pk == row.topic_id), None),
        "updated": row.published_revision.created_at,
    }


@describe.reads("getSource", shapes.Source, missing=True)
class SourceView(ReadView):
    """One published source: its passages, each block with its translation where there is one."""

    def read(self, request: Request, how: Reading, **names: Any) -> Mapping[str, Any]:
        found = content.source_page(names["key"], how.tag)
        return {
            **represent.source(found),
            "passages": [represent.passage(each) for each in found.passages],
            "page": represent.page("source", how.tag, found.key),
        }


@describe.reads("getPassage", shapes.PassageInPlace, missing=True)
class PassageView(ReadView):
    """The passage that a reference leads to, by its key or by the number that an asked answer names."""

    def read(self, request: Request, how: Reading, **names: Any) -> Mapping[str, Any]:
        name: str = names["key"]
        wanted: str | int = int(name) if name.isdecimal() and len(name) < 16 else name
        place = content.cited_places([wanted], how.tag).get(wanted)
        if place is None:
            raise NotFound("There is no such passage, or it is no longer published.")
        whole = content.source_page(place.source_key, how.tag, place.passage)
        shown = next(each for each in whole.passages if each.cited)
        return {
            **represent.passage(shown),
            "heading": represent.text(place.heading),
            "source": represent.source(whole),
            "page": f"{represent.page('source', how.tag, whole.key)}?passage={place.passage}",
        }
