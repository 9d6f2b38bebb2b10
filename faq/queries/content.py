"""Payloads of the public pages, named by what they return; the site and the API read the same ones.

Only what is published leaves this module. Every text says its language and direction, because it may be a fallback.
Translations come from stored revisions and the translation memory; nothing here calls an engine.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Count, Prefetch, Q

from faq.enums import Origin, Significance, State
from faq.errors import NotFound
from faq.gateways import translation
from faq.models import AnswerRevision, Citation, Locale, Passage, Phrasing, Question, Source, Topic
from faq.queries import locales


@dataclass(frozen=True, slots=True)
class Text:
    """A text with the language it is in."""

    text: str
    lang: str
    dir: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class QuestionLink:
    key: str
    text: Text


@dataclass(frozen=True, slots=True)
class TopicPayload:
    key: str
    title: Text
    description: Text
    count: int = 0
    questions: tuple[QuestionLink, ...] = ()


@dataclass(frozen=True, slots=True)
class SegmentPayload:
    """One sentence as shown; `original` is set when it was translated."""

    text: str
    lang: str
    dir: str
    origin: str
    citations: tuple[int, ...] = ()
    original: str = ""
    before: str = " "


@dataclass(frozen=True, slots=True)
class CitationPayload:
    number: int
    source: Text
    source_key: str
    heading: str
    quote: Text
    passage: str
    url: str


@dataclass(frozen=True, slots=True)
class AnswerPayload:
    """`machine`: some sentence was translated by a machine. `stale`: the original or a cited passage changed since."""

    segments: tuple[SegmentPayload, ...]
    citations: tuple[CitationPayload, ...]
    original: Text | None
    machine: bool
    stale: bool
    untranslated: bool
    updated: datetime | None

    @property
    def plain(self) -> str:
        """The segments as one text."""
        return "".join(f"{s.before if i else ''}{s.text}" for i, s in enumerate(self.segments))


@dataclass(frozen=True, slots=True)
class QuestionPayload:
    id: int
    key: str
    text: Text
    topic: TopicPayload | None
    answer: AnswerPayload | None
    related: tuple[QuestionLink, ...] = ()


@dataclass(frozen=True, slots=True)
class PassagePayload:
    key: str
    heading: tuple[str, ...]
    text: Text
    translation: Text | None = None
    cited: bool = False


@dataclass(frozen=True, slots=True)
class SourcePayload:
    key: str
    title: Text
    original_title: Text
    url: str
    updated: datetime
    passages: tuple[PassagePayload, ...] = field(default_factory=tuple)


def directions() -> dict[str, str]:
    """Tag -> direction of every known locale."""
    return {locale.tag: locale.direction for locale in locales.all_locales()}


def text_in(text: str, tag: str) -> Text:
    return Text(text, tag, directions().get(tag, "ltr"))


def chain(tag: str) -> list[str]:
    """The locale, what it falls back to, and the default, each once."""
    known = {locale.tag: locale for locale in locales.all_locales()}
    found: list[str] = []
    current: str | None = tag
    while current and current in known and current not in found:
        found.append(current)
        current = known[current].fallback_id
    default = locales.default_locale().tag
    return found if default in found else [*found, default]


def _titles(texts: Iterable[str], source: str, tag: str) -> dict[str, Text]:
    """Short texts in a locale, from the memory; the original where it has none."""
    wanted = [text for text in dict.fromkeys(texts) if text]
    units = translation.recall(wanted, source, tag) if tag != source else {}
    return {text: text_in(units[text].target, tag) if text in units else text_in(text, source) for text in wanted}


def topics(tag: str) -> list[TopicPayload]:
    """Topics that have a published question, in order, with how many."""
    published = Count("questions", filter=Q(questions__state=State.PUBLISHED))
    rows = list(Topic.objects.annotate(published=published).filter(published__gt=0))
    default = locales.default_locale().tag
    texts = _titles([t for row in rows for t in (row.title, row.description)], default, tag)
    empty = text_in("", tag)
    return [TopicPayload(r.key, texts[r.title], texts.get(r.description, empty), r.published) for r in rows]


def topic_page(key: str, tag: str) -> TopicPayload:
    """One topic with its published questions. NotFound for other keys."""
    topic = Topic.objects.filter(key=key).first()
    if topic is None:
        raise NotFound("There is no such topic.")
    links = question_links(Question.objects.filter(topic=topic, state=State.PUBLISHED), tag)
    texts = _titles([topic.title, topic.description], locales.default_locale().tag, tag)
    description = texts.get(topic.description, text_in("", tag))
    return TopicPayload(topic.key, texts[topic.title], description, len(links), tuple(links))


def question_links(rows: Any, tag: str, limit: int = 200) -> list[QuestionLink]:
    """Links to the given questions in their order, each worded in the best locale there is; two queries."""
    wanted = chain(tag)
    canonical = Phrasing.objects.filter(canonical=True)
    found = rows.prefetch_related(Prefetch("phrasings", canonical, to_attr="wordings"))[:limit]
    links = [(question.key, worded(question.wordings, wanted)) for question in found]
    return [QuestionLink(key, text) for key, text in links if text is not None]


def worded(phrasings: Sequence[Phrasing], wanted: Sequence[str]) -> Text | None:
    """The canonical wording in the first of the wanted locales that has one, else in any."""
    by_locale = {phrasing.locale_id: phrasing.text for phrasing in phrasings}
    tag = next((tag for tag in wanted if tag in by_locale), next(iter(by_locale), None))
    return text_in(by_locale[tag], tag) if tag else None


def question_page(key: str, tag: str) -> QuestionPayload:
    """A published question with its answer in the locale, or the best fallback. NotFound for other keys."""
    canonical = Prefetch("phrasings", Phrasing.objects.filter(canonical=True), to_attr="wordings")
    rows = Question.objects.filter(key=key, state=State.PUBLISHED).select_related("topic").prefetch_related(canonical)
    question = rows.first()
    if question is None:
        raise NotFound("There is no such question.")
    text = worded(question.wordings, chain(tag)) or text_in(question.key, tag)  # type: ignore[attr-defined]
    topic, related = None, []
    if question.topic is not None:
        titles = _titles([question.topic.title], locales.default_locale().tag, tag)
        topic = TopicPayload(question.topic.key, titles[question.topic.title], text_in("", tag))
        others = Question.objects.filter(topic=question.topic, state=State.PUBLISHED).exclude(pk=question.pk)
        related = question_links(others, tag, limit=5)
    return QuestionPayload(question.pk, question.key, text, topic, answer(question, tag), tuple(related))


def answer(question: Question, tag: str) -> AnswerPayload | None:
    """The published answer as shown in a locale; None when there is none or nothing of it can be verified."""
    published = AnswerRevision.objects.filter(answer__question=question, state=State.PUBLISHED)
    rows = {row.locale_id: row for row in published.select_related("based_on")}
    canonical = next((row for row in rows.values() if not row.is_translation), None)
    if canonical is None:
        return None
    shown = next(
        (rows[each] for each in chain(tag) if each in rows and (each == tag or not rows[each].is_translation)),
        canonical,
    )
    citations = _citations(shown.based_on or canonical if shown.is_translation else canonical)
    standing = {c.number for c in citations if c.passage.revision_id == c.passage.revision.source.published_revision_id}
    segments = [s for s in _segments(shown, tag) if not s.citations or set(s.citations) & standing]
    if not any(segment.citations for segment in segments):
        return None
    used = {number for segment in segments for number in segment.citations} & standing
    changed = any(c.passage.content_hash != c.passage_hash or c.number not in standing for c in citations)
    return AnswerPayload(
        segments=tuple(segments),
        citations=tuple(_citation_payloads([c for c in citations if c.number in used], tag)),
        original=text_in(canonical.text, canonical.locale_id) if canonical.locale_id != tag else None,
        machine=any(s.origin == Origin.MACHINE for s in segments),
        stale=changed or _outdated(shown, canonical),
        untranslated=any(s.lang != tag for s in segments),
        updated=shown.published_at or shown.created_at,
    )


def _outdated(shown: AnswerRevision, canonical: AnswerRevision) -> bool:
    """A translation is outdated when a newer canonical revision of major significance was published since."""
    if not shown.is_translation or shown.based_on_id == canonical.pk:
        return False
    return canonical.significance == Significance.MAJOR


def _segments(revision: AnswerRevision, tag: str) -> list[SegmentPayload]:
    """A revision's segments; those of another locale through the memory."""
    rows = revision.segments or [{"text": revision.text, "source": revision.text, "citations": []}]
    foreign = revision.locale_id != tag
    units = translation.recall([row["text"] for row in rows], revision.locale_id, tag) if foreign else {}
    return [_segment(row, revision, units, tag) for row in rows]


def _segment(row: dict[str, Any], revision: AnswerRevision, units: dict[str, Any], tag: str) -> SegmentPayload:
    text, lang = row["text"], row.get("lang") or revision.locale_id
    origin = row.get("origin") or revision.origin
    original = row.get("source") or "" if revision.is_translation else ""
    unit = units.get(text)
    if unit is not None:
        text, lang, original, origin = unit.target, tag, text, Origin.HUMAN if unit.human else Origin.MACHINE
    cited = tuple(row.get("citations") or ())
    return SegmentPayload(text, lang, directions().get(lang, "ltr"), origin, cited, original, row.get("before") or " ")


def _citations(revision: AnswerRevision) -> list[Citation]:
    return list(revision.citations.select_related("passage__revision__source").order_by("number"))


def _citation_payloads(citations: Sequence[Citation], tag: str) -> list[CitationPayload]:
    sources = [citation.passage.revision.source for citation in citations]
    titles: dict[str, Text] = {}
    for locale_tag in {source.locale_id for source in sources}:
        titles |= _titles([s.title for s in sources if s.locale_id == locale_tag], locale_tag, tag)
    return [
        CitationPayload(
            number=citation.number,
            source=titles[source.title],
            source_key=source.key,
            heading=" › ".join(citation.passage.heading_path),
            quote=text_in(citation.quote, source.locale_id),
            passage=citation.passage.key,
            url=source.url,
        )
        for citation, source in zip(citations, sources, strict=True)
    ]


def passage_places(ids: Sequence[int]) -> dict[int, tuple[str, str]]:
    """Passage id -> (source key, passage key), of published revisions."""
    rows = Passage.objects.filter(pk__in=list(ids), revision__published_source__isnull=False)
    return {pk: (source, key) for pk, source, key in rows.values_list("pk", "revision__source__key", "key")}


def source_page(key: str, tag: str, cited: str = "") -> SourcePayload:
    """A published source's passages, each with its translation where the memory has all of it. NotFound otherwise."""
    rows = Source.objects.filter(key=key, state=State.PUBLISHED).select_related("published_revision", "locale")
    source = rows.first()
    if source is None or source.published_revision is None:
        raise NotFound("There is no such source.")
    passages = list(source.published_revision.passages.all())
    pieces = {p.pk: translation.segment(p.text, source.locale_id) for p in passages}
    texts = [s.text for parts in pieces.values() for s in parts if s.text]
    foreign = tag != source.locale_id
    units = translation.recall([source.title, *texts], source.locale_id, tag) if foreign else {}
    title = (
        text_in(units[source.title].target, tag) if source.title in units else text_in(source.title, source.locale_id)
    )
    return SourcePayload(
        key=source.key,
        title=title,
        original_title=text_in(source.title, source.locale_id),
        url=source.url,
        updated=source.published_revision.created_at,
        passages=tuple(
            PassagePayload(
                key=p.key,
                heading=tuple(p.heading_path),
                text=text_in(p.text, source.locale_id),
                translation=_joined(pieces[p.pk], units, tag) if foreign else None,
                cited=p.key == cited,
            )
            for p in passages
        ),
    )


def _joined(pieces: Sequence[Any], units: dict[str, Any], tag: str) -> Text | None:
    """The translation of all pieces, None when any is missing."""
    if any(piece.text and piece.text not in units for piece in pieces):
        return None
    text = "".join(p.prefix + (units[p.text].target if p.text else "") + p.suffix for p in pieces)
    return text_in(text, tag)


def popular(tag: str, limit: int = 6) -> list[QuestionLink]:
    """Questions readers found helpful most often, then the newest."""
    helpful = Count("feedback", filter=Q(feedback__helpful=True))
    rows = Question.objects.filter(state=State.PUBLISHED, answer__revisions__state=State.PUBLISHED).distinct()
    return question_links(rows.annotate(helpful=helpful).order_by("-helpful", "topic__order", "pk"), tag, limit)


def published_pages() -> list[tuple[str, str, datetime]]:
    """(kind, key, last change) of every page of the sitemap; three queries."""
    pages = [("topic", key, None) for key in Topic.objects.values_list("key", flat=True)]
    questions = Question.objects.filter(state=State.PUBLISHED).values_list("key", "updated_at")
    sources = Source.objects.filter(state=State.PUBLISHED).values_list("key", "updated_at")
    dated = [("question", key, at) for key, at in questions] + [("source", key, at) for key, at in sources]
    return [*pages, *dated]  # type: ignore[list-item]


def locale_payloads() -> list[Locale]:
    """The languages of the menu."""
    return locales.enabled_locales()
