"""Payloads of the public pages, named by what they return; the site and the API read the same ones.

Only what is published leaves this module. Translations come from stored revisions and the translation memory; nothing
here calls an engine. A question page takes at most eight queries, however long its answer is.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db.models import Count, Prefetch, Q, QuerySet

from faq.enums import Origin, Significance, State
from faq.errors import NotFound
from faq.gateways import translation
from faq.models import AnswerRevision, Citation, Passage, Phrasing, Question, Source, Topic
from faq.queries.finding import search
from faq.queries.payloads import (
    UNSPACED,
    AnswerPayload,
    CitationPayload,
    PlacePayload,
    QuestionLink,
    QuestionPayload,
    Reading,
    SegmentPayload,
    TopicPayload,
    Worded,
    reading,
    topic_titles,
)
from faq.queries.source_pages import source_page

__all__ = [
    "answer",
    "cited_places",
    "directions",
    "popular",
    "published_pages",
    "question_page",
    "questions_by_topic",
    "search",
    "source_page",
    "topic_page",
    "topics",
]


def directions() -> dict[str, str]:
    """Tag -> direction of every known locale."""
    return dict(reading("").directions)


def topics(tag: str) -> list[TopicPayload]:
    """Topics that have a published question, in order, with how many."""
    titles = topic_titles(reading(tag))
    published = Count("questions", filter=Q(questions__state=State.PUBLISHED))
    counts = dict(Topic.objects.annotate(published=published).values_list("pk", "published"))
    return [
        TopicPayload(key, title, description, counts[pk])
        for pk, (key, title, description) in titles.items()
        if counts.get(pk)
    ]


def topic_page(key: str, tag: str) -> TopicPayload:
    """One topic with its published questions. NotFound for other keys."""
    reader = reading(tag)
    found = next(((pk, row) for pk, row in topic_titles(reader).items() if row[0] == key), None)
    if found is None:
        raise NotFound("There is no such topic.")
    pk, (_, title, description) = found
    links = question_links(Question.objects.filter(topic_id=pk, state=State.PUBLISHED), reader)
    return TopicPayload(key, title, description, len(links), tuple(links))


def questions_by_topic(tag: str, limit: int) -> list[tuple[TopicPayload | None, list[QuestionLink]]]:
    """At most `limit` published questions by topic, in the topics' order; those without a topic last."""
    reader = reading(tag)
    titles = topic_titles(reader)
    rows = Question.objects.filter(state=State.PUBLISHED)
    places = dict(rows.values_list("key", "topic_id"))
    links: dict[int | None, list[QuestionLink]] = {}
    for link in question_links(rows, reader, limit):
        place = places.get(link.key)
        links.setdefault(place if place in titles else None, []).append(link)
    found: list[tuple[TopicPayload | None, list[QuestionLink]]] = [
        (TopicPayload(key, title, description, len(links[pk])), links[pk])
        for pk, (key, title, description) in titles.items()
        if pk in links
    ]
    return found + ([(None, links[None])] if None in links else [])


def popular(tag: str, limit: int = 6) -> list[QuestionLink]:
    """Answered questions, those first that readers found helpful most often."""
    helpful = Count("feedback", filter=Q(feedback__helpful=True), distinct=True)
    answered = Question.objects.filter(state=State.PUBLISHED, answer__revisions__state=State.PUBLISHED)
    ids = answered.values("pk").annotate(helpful=helpful).order_by("-helpful", "pk").values_list("pk", flat=True)
    return question_links_of(list(ids[:limit]), reading(tag))


def question_links(rows: QuerySet[Question], reader: Reading, limit: int = 200) -> list[QuestionLink]:
    """Links to the first of the given questions by topic and key, each worded in the best language there is; one query."""
    chosen = rows.order_by("topic__order", "key").values("pk")[:limit]
    found = Phrasing.objects.filter(canonical=True, question__in=chosen).select_related("question")
    wordings: dict[str, list[Phrasing]] = {}
    for wording in found.order_by("question__topic__order", "question__key"):
        wordings.setdefault(wording.question.key, []).append(wording)
    links = [(key, reader.worded(own)) for key, own in wordings.items()]
    return [QuestionLink(key, text) for key, text in links if text is not None]


def question_links_of(ids: Sequence[int], reader: Reading) -> list[QuestionLink]:
    """Links to those of the questions that are published, in the order of the ids."""
    rows = {row.pk: row for row in _with_wordings(Question.objects.filter(pk__in=ids, state=State.PUBLISHED))}
    links = [(rows[pk].key, reader.worded(rows[pk].wordings)) for pk in ids if pk in rows]  # type: ignore[attr-defined]
    return [QuestionLink(key, text) for key, text in links if text is not None]


def _with_wordings(rows: QuerySet[Question]) -> QuerySet[Question]:
    return rows.prefetch_related(Prefetch("phrasings", Phrasing.objects.filter(canonical=True), to_attr="wordings"))


def question_page(key: str, tag: str) -> QuestionPayload:
    """A published question with its answer in the locale, or the best fallback. NotFound for other keys."""
    reader = reading(tag)
    question, wordings = _published(key)
    return page_of(question, wordings, answer(question.pk, tag), reader)


def page_of(
    question: Question, wordings: Sequence[Worded], answered: AnswerPayload | None, reader: Reading
) -> QuestionPayload:
    """A question as a reader sees it, with these wordings and this answer."""
    text = reader.worded(wordings) or reader.text(question.key, reader.default)
    topic: TopicPayload | None = None
    related: list[QuestionLink] = []
    # A topic may be younger than the titles at hand.
    if question.topic_id is not None and (names := topic_titles(reader).get(question.topic_id)):
        name, title, description = names
        topic = TopicPayload(name, title, description)
        others = Question.objects.filter(topic_id=question.topic_id, state=State.PUBLISHED).exclude(pk=question.pk)
        related = question_links(others, reader, limit=5)
    return QuestionPayload(question.pk, question.key, text, topic, answered, tuple(related))


def _published(key: str) -> tuple[Question, list[Phrasing]]:
    """The question of this key and its wordings; one query, unless it has none. NotFound when it is not published."""
    public = Phrasing.objects.filter(canonical=True, question__key=key, question__state=State.PUBLISHED)
    if wordings := list(public.select_related("question")):
        return wordings[0].question, wordings
    question = Question.objects.filter(key=key, state=State.PUBLISHED).first()
    if question is None:
        raise NotFound("There is no such question.")
    return question, []


def answer(question: Question | int, tag: str) -> AnswerPayload | None:
    """The published answer as shown in a locale; None when there is none or nothing of it can be verified."""
    reader = reading(tag)
    question_id = question if isinstance(question, int) else question.pk
    published = AnswerRevision.objects.filter(answer__question_id=question_id, state=State.PUBLISHED)
    rows = {row.locale_id: row for row in published}
    canonical = next((row for row in rows.values() if not row.is_translation), None)
    if canonical is None:
        return None
    shown = next((rows[each] for each in reader.chain if each in rows), canonical)
    return assembled(shown, canonical, _citations(shown, canonical), reader, outdated=_outdated(shown, canonical))


def assembled(
    shown: AnswerRevision, canonical: AnswerRevision, citations: Sequence[Citation], reader: Reading, *, outdated: bool
) -> AnswerPayload | None:
    """A revision as a reader sees it; none of it need be stored, or published. `outdated`: the original says something else by
    now."""
    units = _recalled(shown, citations, reader)
    standing = {each.number: each for each in citations if _stands(each)}
    segments = _standing(_segments(shown, reader, units), standing)
    if not any(segment.citations for segment in segments):
        return None
    used = {number for segment in segments for number in segment.citations}
    translated = canonical.locale_id != reader.tag and any(segment.lang == reader.tag for segment in segments)
    return AnswerPayload(
        segments=tuple(segments),
        citations=tuple(_citation(each, reader, units) for each in citations if each.number in used),
        original=tuple(_standing(_segments(canonical, reader, {}), standing)) if translated else (),
        original_lang=canonical.locale_id,
        machine=any(segment.origin == Origin.MACHINE for segment in segments),
        stale=outdated or any(_changed(each) for each in citations),
        untranslated=any(segment.lang != reader.tag for segment in segments),
        updated=shown.published_at or shown.created_at,
    )


def _citations(shown: AnswerRevision, canonical: AnswerRevision) -> list[Citation]:
    """What the shown text cites: its own citations, else those of what it was translated from."""
    wanted = [shown.pk] if not shown.is_translation else [shown.pk, shown.based_on_id or canonical.pk]
    cited = Citation.objects.filter(answer_revision_id__in=wanted).select_related("passage__revision__source")
    rows = cited.defer("passage__revision__text", "passage__revision__blocks")
    ordered = sorted(rows, key=lambda row: (row.answer_revision_id != shown.pk, row.number))
    first = ordered[0].answer_revision_id if ordered else None
    return [row for row in ordered if row.answer_revision_id == first]


def _stands(citation: Citation) -> bool:
    revision = citation.passage.revision
    return revision.pk == revision.source.published_revision_id


def _changed(citation: Citation) -> bool:
    return not _stands(citation) or citation.passage.content_hash != citation.passage_hash


def _outdated(shown: AnswerRevision, canonical: AnswerRevision) -> bool:
    """A translation is outdated when a newer canonical revision of major significance was published since."""
    if not shown.is_translation or shown.based_on_id == canonical.pk:
        return False
    return canonical.significance == Significance.MAJOR


def _recalled(shown: AnswerRevision, citations: Sequence[Citation], reader: Reading) -> dict[str, dict[str, Any]]:
    """Translations of the shown text's sentences and of the cited sources' titles and headings: one query for each of
    their languages."""
    wanted: dict[str, list[str]] = {}
    for row in _stored(shown):
        wanted.setdefault(row["lang"], []).append(row["text"])
    for citation in citations:
        source = citation.passage.revision.source
        wanted.setdefault(source.locale_id, []).extend([source.title, *citation.passage.heading_path])
    return {lang: reader.recall(texts, lang) for lang, texts in wanted.items()}


def _stored(revision: AnswerRevision) -> list[dict[str, Any]]:
    """The revision's segments with their languages; cut from the text where none are stored."""
    if revision.segments:
        return [{**row, "lang": row.get("lang") or revision.locale_id} for row in revision.segments]
    rows: list[dict[str, Any]] = []
    before = ""
    for piece in translation.segment(revision.text, revision.locale_id):
        if piece.text:
            rows.append(
                {
                    "text": piece.text,
                    "lang": revision.locale_id,
                    "citations": piece.citations,
                    "before": before + piece.prefix,
                }
            )
            before = ""
        else:
            before += piece.prefix
        before += _unmarked(piece.suffix)
    return rows


def _unmarked(suffix: str) -> str:
    """What follows a sentence, without its citation marks."""
    return "".join(part.partition("]")[2] if place else part for place, part in enumerate(suffix.split("[")))


def _segments(revision: AnswerRevision, reader: Reading, units: Mapping[str, Any]) -> list[SegmentPayload]:
    """The revision's sentences, each in the reader's language where the units have it."""
    found = []
    for row in _stored(revision):
        text, lang, origin = row["text"], row["lang"], row.get("origin") or revision.origin
        original = str(row.get("source") or "") if revision.is_translation else ""
        unit = units.get(lang, {}).get(text)
        if unit is not None:
            original = text
            text, lang, origin = unit.target, reader.tag, Origin.MEMORY if unit.human else Origin.MACHINE
        before = row.get("before", " ")
        if not before.strip(" ") and before and lang.startswith(UNSPACED):
            before = ""
        cited = tuple(row.get("citations") or ())
        direction = reader.directions.get(lang, "ltr")
        found.append(SegmentPayload(text, lang, direction, str(origin), cited, before, original))
    return found


def _standing(segments: Iterable[SegmentPayload], standing: Mapping[int, Any]) -> list[SegmentPayload]:
    """Without the sentences whose references are all broken, and without broken references."""
    return [
        replace(s, citations=tuple(number for number in s.citations if number in standing))
        for s in segments
        if not s.citations or any(number in standing for number in s.citations)
    ]


def _citation(citation: Citation, reader: Reading, units: Mapping[str, Any]) -> CitationPayload:
    source = citation.passage.revision.source
    known = units[source.locale_id]
    return CitationPayload(
        number=citation.number,
        source=reader.titled(source.title, source.locale_id, known),
        source_key=source.key,
        heading=reader.path(citation.passage.heading_path, source.locale_id, known),
        quote=reader.text(citation.quote, source.locale_id),
        passage=citation.passage.key,
        url=source.url,
        start=citation.start,
        end=citation.end,
    )


def cited_places(keys: Sequence[str | int], tag: str) -> dict[str | int, PlacePayload]:
    """Where passages of published revisions stand, by id and by key; one query, and one for each other language."""
    reader = reading(tag)
    ids = [key for key in keys if isinstance(key, int)]
    names = [key for key in keys if isinstance(key, str)]
    chosen = Passage.objects.filter(Q(pk__in=ids) | Q(key__in=names), revision__published_source__isnull=False)
    rows = list(chosen.select_related("revision__source").defer("revision__text", "revision__blocks"))
    wanted: dict[str, list[str]] = {}
    for row in rows:
        titles = wanted.setdefault(row.revision.source.locale_id, [])
        titles.extend([row.revision.source.title, *row.heading_path])
    units = {lang: reader.recall(titles, lang) for lang, titles in wanted.items()}
    found: dict[str | int, PlacePayload] = {}
    for row in rows:
        source = row.revision.source
        known = units[source.locale_id]
        title = reader.titled(source.title, source.locale_id, known)
        heading = reader.path(row.heading_path, source.locale_id, known)
        found[row.pk] = found[row.key] = PlacePayload(source.key, title, heading, row.key, row.text)
    return found


def published_pages() -> list[tuple[str, str, datetime | None]]:
    """(kind, key, last change) of every page for the sitemap; three queries."""
    topics = Topic.objects.filter(questions__state=State.PUBLISHED).distinct().values_list("key", flat=True)
    questions = Question.objects.filter(state=State.PUBLISHED).values_list("key", "updated_at")
    sources = Source.objects.filter(state=State.PUBLISHED).values_list("key", "published_revision__created_at")
    return [
        *(("topic", key, None) for key in topics),
        *(("question", key, at) for key, at in questions),
        *(("source", key, at) for key, at in sources),
    ]
