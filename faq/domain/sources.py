"""Bringing content in: sources, their revisions and passages, and tables of questions and answers.

Invariants: a revision exists only when what was read differs from the newest one; a source is written whole or not at
all; reading the same bytes again costs one look-up by `path` and one digest, and loads no extractor.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Literal
from urllib.parse import unquote, urlsplit

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.text import slugify

from faq.domain import audit, jobs, questions, topics
from faq.domain.publication import Impact, plan_publication, publish_source, retire_source
from faq.enums import JobKind, Origin, SourceKind, State
from faq.errors import Conflict, DomainError, Invalid
from faq.gateways import retrieval, translation
from faq.models import AnswerRevision, Citation, Passage, Phrasing, Question, Source, SourceRevision, Topic
from faq.queries import locales
from retrieval.types import Block, BlockKind, Chunk, Document, QuestionRow

__all__ = [
    "Impact",
    "add_source",
    "ingest",
    "plan_publication",
    "publish_source",
    "refresh_source",
    "retire_source",
    "revise_content",
    "revise_source",
]

Change = Literal["added", "revised", "unchanged"]

READING_GENERATION = 1
"""Counted up when the same bytes would be read into another document, so that the next ingest reads them again."""
TITLE_LENGTH = 300
PATH_LENGTH = 960
"""The column's 1000, less the mark of a language that follows (`#zh-hans`)."""
MANY_ROWS = 20_000
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200e\u200f\ufeff\ud800-\udfff]+")


@dataclass(frozen=True, slots=True)
class Content:
    """What was given, as bytes with a name; `url` is where it was fetched from."""

    data: bytes
    filename: str
    kind: SourceKind
    media_type: str = ""
    url: str = ""
    etag: str = ""
    last_modified: str = ""


@dataclass(frozen=True, slots=True)
class About:
    """What is said about the content."""

    url: str
    topic: Topic | None
    title: str
    path: str
    actor: audit.Actor


@dataclass(frozen=True, slots=True)
class Reading:
    """Content in one locale, read: the document, and the rows when it is a table of questions and answers."""

    document: Document
    locale: str
    rows: tuple[QuestionRow, ...] = ()


def add_source(
    *,
    title: str,
    locale: str,
    data: bytes | None = None,
    filename: str = "",
    text: str = "",
    url: str = "",
    kind: str = SourceKind.TEXT,
    topic: Topic | None = None,
    path: str = "",
    actor: audit.Actor = None,
) -> Source:
    """A new source with its first revision, as a draft. An empty title comes from the content."""
    source, change = ingest(
        title=title, locale=locale, data=data, filename=filename, text=text, url=url, kind=kind, topic=topic,
        path=path, actor=actor, new=True,
    )  # fmt: skip
    if change != "added":
        raise Conflict(f"{path!r} is already here as “{source.title}”.")
    return source


def ingest(
    *,
    title: str = "",
    locale: str,
    data: bytes | None = None,
    filename: str = "",
    text: str = "",
    url: str = "",
    kind: str = "",
    topic: Topic | None = None,
    path: str = "",
    publish: bool = False,
    actor: audit.Actor = None,
    new: bool = False,
) -> tuple[Source, Change]:
    """Add content, or revise the source of the same `path`; nothing when it was read before and has not changed.

    Give `data` with a `filename`, or `text`, or only a `url`, which is then fetched. With `data` or `text`, `url` is the
    public address shown to readers. `publish` publishes what is new and what waits as a draft.
    """
    tag = locales.require(locale).tag
    fetched = data is None and not text
    identity = clean(path or (url if fetched else ""))[:PATH_LENGTH]
    known = Source.objects.filter(path=identity).first() if identity and not new else None
    if known is not None and known.locale_id != tag:
        raise Conflict(
            f"“{known.title}” is here in {known.locale_id}. Ingest it with that language, or retire it first."
        )
    content = _fetched(url, known) if fetched else _given(data, filename, text, kind)
    if content is None:
        assert known is not None
        return _published(known, "unchanged", publish, actor)
    digest = raw_digest(content)
    if known is not None and known.raw_hash == digest:
        return _published(known, "unchanged", publish, actor)
    reading, *others = read(content, tag)
    about = About(url, topic, title, identity, actor)
    with transaction.atomic():
        source, change = _store(known, reading, content, digest, about)
        for other in others:
            path_there = f"{identity}#{other.locale}" if identity else ""
            there = Source.objects.filter(path=path_there).first() if path_there else None
            sibling, _ = _store(there, other, content, digest, replace(about, path=path_there))
            if publish:
                publish_source(sibling, actor=actor)
        return _published(source, change, publish, actor)


def _published(source: Source, change: Change, publish: bool, actor: audit.Actor) -> tuple[Source, Change]:
    waits = source.state in (State.DRAFT, State.IN_REVIEW) or change != "unchanged"
    if publish and waits and source.state != State.RETIRED:
        publish_source(source, actor=actor)
    return source, change


def revise_content(
    source: Source,
    *,
    data: bytes | None = None,
    filename: str = "",
    text: str = "",
    url: str = "",
    kind: str = "",
    actor: audit.Actor = None,
) -> SourceRevision | None:
    """Read new content into a source; None when it says what the newest revision says."""
    fetched = data is None and not text
    content = _fetched(url or source.path or source.url, None) if fetched else _given(data, filename, text, kind)
    assert content is not None
    readings = read(content, source.locale_id)
    reading = next((each for each in readings if each.locale == source.locale_id), readings[0])
    with transaction.atomic():
        revision = _revise(_locked(source), reading, actor)
        Source.objects.filter(pk=source.pk).update(raw_hash=raw_digest(content), error="")
    source.refresh_from_db()
    return revision


def revise_source(source: Source, document: Document, actor: audit.Actor = None) -> SourceRevision | None:
    """A new revision with its passages when the document differs from the newest revision; else None."""
    with transaction.atomic():
        return _revise(_locked(source), Reading(document, source.locale_id), actor)


def refresh_source(source: Source, actor: audit.Actor = None) -> Change:
    """Look at a web source again. A change waits as a draft revision; what goes wrong is kept with the source."""
    if source.kind != SourceKind.URL:
        raise Invalid(f"“{source.title}” is not a web page.")
    try:
        content = _fetched(source.path or source.url, source)
        change: Change = "unchanged"
        if content is not None and raw_digest(content) != source.raw_hash:
            change = "revised" if _refresh_from(source, content, actor) else "unchanged"
    except DomainError as error:
        Source.objects.filter(pk=source.pk).update(error=str(error), checked_at=timezone.now())
        raise
    Source.objects.filter(pk=source.pk).update(error="", checked_at=timezone.now())
    return change


def _refresh_from(source: Source, content: Content, actor: audit.Actor) -> bool:
    reading = read(content, source.locale_id)[0]
    with transaction.atomic():
        revision = _revise(_locked(source), reading, actor)
        Source.objects.filter(pk=source.pk).update(
            raw_hash=raw_digest(content), etag=content.etag[:500], last_modified=content.last_modified[:100]
        )
    return revision is not None


# What was given


def clean(text: str) -> str:
    """One line without control characters and marks that turn the reading direction."""
    return " ".join(CONTROL.sub(" ", text).split())


def raw_digest(content: Content) -> str:
    """Equal digests: the same bytes, read in the same way."""
    suffix = PurePosixPath(content.filename.lower()).suffix
    how = f"{READING_GENERATION}:{suffix}:{content.media_type}\n".encode()
    return hashlib.sha256(how + content.data).hexdigest()


def _given(data: bytes | None, filename: str, text: str, kind: str) -> Content:
    if data is not None:
        return Content(data, clean(filename.replace("\\", "/").rsplit("/", 1)[-1]), SourceKind(kind or SourceKind.FILE))
    if not text.strip():
        raise Invalid("There is no text. Paste some, or give a file or an address.")
    return Content(text.encode("utf-8", "replace"), "text.md", SourceKind.TEXT)


def _fetched(url: str, known: Source | None) -> Content | None:
    """None when the server says that nothing changed since `known` was read."""
    if not url:
        raise Invalid("There is no text, no file and no address.")
    conditional = {"etag": known.etag, "last_modified": known.last_modified} if known and known.raw_hash else {}
    got = retrieval.fetch_url(url, **conditional)
    if got.not_modified and known is not None:
        return None
    name = clean(unquote(PurePosixPath(urlsplit(got.url).path).name)) or "page.html"
    return Content(got.data, name, SourceKind.URL, got.media_type, got.url, got.etag, got.last_modified)


# Reading


def read(content: Content, locale: str) -> list[Reading]:
    """The content's document; for a table of questions, one for each locale that rows name, the given one first."""
    if not retrieval.is_question_table(content.data, content.filename):
        document = retrieval.extract_document(
            content.data, filename=content.filename, media_type=content.media_type, locale=locale
        )
        return [Reading(document, locale)]
    document, rows = retrieval.question_rows(content.data, filename=content.filename)
    if not rows:
        raise Invalid(f"{content.filename}: the table has no row with a question and an answer.")
    if len(rows) > MANY_ROWS:
        raise Invalid(f"{content.filename}: {len(rows)} rows; the ceiling is {MANY_ROWS}. Split the table.")
    by_locale: dict[str, list[QuestionRow]] = {}
    for row in rows:
        by_locale.setdefault(_row_locale(row, locale, content.filename), []).append(row)
    if set(by_locale) == {locale}:
        return [Reading(document, locale, tuple(rows))]
    first = locale if locale in by_locale else next(iter(by_locale))
    return [_part(document, by_locale[tag], tag) for tag in sorted(by_locale, key=lambda tag: tag != first)]


def _row_locale(row: QuestionRow, default: str, filename: str) -> str:
    if not row.locale:
        return default
    try:
        return locales.require(row.locale).tag
    except Invalid as error:
        raise Invalid(f"{filename}, question “{row.question[:60]}”: {error}") from error


def _part(document: Document, rows: Sequence[QuestionRow], locale: str) -> Reading:
    """The rows of one locale as a document of their own: each question a heading, each answer a paragraph."""
    text, blocks, placed = "", [], []
    for row in rows:
        text += "\n\n" if text else ""
        blocks.append(Block(BlockKind.HEADING, len(text), len(text) + len(row.question), (), 2))
        text += f"{row.question}\n\n"
        start, end = len(text), len(text) + len(row.answer)
        blocks.append(Block(BlockKind.PARAGRAPH, start, end, (row.question,)))
        placed.append(replace(row, start=start, end=end))
        text += row.answer
    return Reading(replace(document, text=text, blocks=tuple(blocks)), locale, tuple(placed))


# Writing


def _store(
    known: Source | None, reading: Reading, content: Content, digest: str, about: About
) -> tuple[Source, Change]:
    if known is not None:
        source = _locked(known)
        revision = _revise(source, reading, about.actor)
        _note(source, content, digest, about)
        return source, "revised" if revision else "unchanged"
    source = _create(
        kind=content.kind,
        title=clean(about.title)[:TITLE_LENGTH] or _title(reading.document, content),
        locale_id=reading.locale,
        topic=about.topic,
        url=about.url or content.url,
        path=about.path,
        owner=audit.person(about.actor),
        raw_hash=digest,
        etag=content.etag[:500],
        last_modified=content.last_modified[:100],
        checked_at=timezone.now() if content.kind == SourceKind.URL else None,
    )
    audit.record(about.actor, "add", source, {}, {"title": source.title, "locale": source.locale_id})
    _revise(source, reading, about.actor)
    return source, "added"


def _note(source: Source, content: Content, digest: str, about: About) -> None:
    source.raw_hash, source.etag, source.last_modified = digest, content.etag[:500], content.last_modified[:100]
    source.error = ""
    if about.url and content.kind != SourceKind.URL:
        source.url = about.url
    if about.topic is not None and source.topic_id != about.topic.pk:
        source.topic = about.topic
        jobs.follow(JobKind.SYNC_INDEX, {"source_id": source.pk}, key=f"sync:source:{source.pk}")
    if content.kind == SourceKind.URL:
        source.checked_at = timezone.now()
    source.save()


def _title(document: Document, content: Content) -> str:
    name = PurePosixPath(content.filename).stem if content.kind != SourceKind.TEXT else ""
    first = next((line for line in document.text.splitlines() if line.strip()), "")
    return (clean(document.title) or clean(name) or clean(first) or "Untitled")[:TITLE_LENGTH]


def _create(**fields: object) -> Source:
    """A source under a key of its own; two that come in at once under one title get two keys."""
    base = slugify(str(fields["title"]), allow_unicode=True)[:100].strip("-_") or "source"
    taken = set(Source.objects.filter(key__startswith=base).values_list("key", flat=True))
    for number in range(1, 10_000):
        key = base if number == 1 else f"{base}-{number}"
        if key in taken:
            continue
        try:
            with transaction.atomic():
                return Source.objects.create(key=key, **fields)
        except IntegrityError:
            if fields["path"] and Source.objects.filter(path=fields["path"]).exists():
                raise Conflict(f"{fields['path']} came in twice at the same time. Ingest it again.") from None
    raise Conflict(f"There are too many sources named “{fields['title']}”.")


def _locked(source: Source) -> Source:
    return Source.objects.select_for_update(of=("self",)).get(pk=source.pk)


def _document_digest(document: Document) -> str:
    return retrieval.fingerprint(
        {"title": document.title, "text": document.text, "blocks": retrieval.block_rows(document)}
    )


def _revise(source: Source, reading: Reading, actor: audit.Actor) -> SourceRevision | None:
    """Called inside a transaction with the source locked."""
    document = reading.document
    if not document.text.strip():
        raise Invalid(f"“{source.title}” has no text that could be cited.")
    newest = source.revisions.order_by("-number").first()
    digest = _document_digest(document)
    generation = retrieval.chunking_generation()
    if newest is not None and (newest.content_hash, newest.chunking_generation) == (digest, generation):
        return None
    revision = SourceRevision.objects.create(
        source=source,
        number=newest.number + 1 if newest else 1,
        title=(clean(document.title) or source.title)[:TITLE_LENGTH],
        text=document.text,
        blocks=retrieval.block_rows(document),
        content_hash=digest,
        media_type=document.media_type[:100],
        chunking_generation=generation,
        created_by=audit.person(actor),
    )
    chunks = _row_chunks(reading.rows) if reading.rows else retrieval.chunk_document(document, reading.locale)
    if not chunks:
        raise Invalid(f"“{source.title}” has no text that could be cited.")
    passages = _passages(source, revision, chunks)
    if newest is not None:
        source.save(update_fields=["updated_at"])
        audit.record(actor, "revise", source, {"revision": newest.number}, {"revision": revision.number})
    if reading.rows:
        _import_rows(source, reading, passages, actor)
    return revision


def _passages(source: Source, revision: SourceRevision, chunks: Sequence[Chunk]) -> list[Passage]:
    return Passage.objects.bulk_create(
        [
            Passage(
                revision=revision,
                ordinal=chunk.ordinal,
                key=key,
                start=chunk.start,
                end=chunk.end,
                text=chunk.text,
                heading_path=list(chunk.path),
                content_hash=retrieval.content_hash(chunk.text),
            )
            for chunk, key in zip(chunks, retrieval.passage_keys(source.pk, chunks), strict=True)
        ],
        batch_size=500,
    )


# Tables of questions and answers


def _row_chunks(rows: Sequence[QuestionRow]) -> list[Chunk]:
    """One passage a row: the answer, under its question."""
    return [Chunk(place, row.start, row.end, row.answer, (row.question,)) for place, row in enumerate(rows)]


def _import_rows(source: Source, reading: Reading, passages: Sequence[Passage], actor: audit.Actor) -> None:
    """A question for each row, and a draft of its answer that cites the row's passage and goes live with the source."""
    known = _questions_of(source)
    for row, passage in zip(reading.rows, passages, strict=True):
        text = _wording(row)
        question = known.get(text)
        if question is None:
            question = questions.create_question(
                key="",
                topic=topics.ensure_topic(row.topic, actor=actor) if row.topic else source.topic,
                phrasings=[text],
                locale=reading.locale,
                actor=actor,
            )
            known[text] = question
        if _may_answer(question, passage):
            _save_answer(question, reading.locale, passage, actor)


def _wording(row: QuestionRow) -> str:
    try:
        return questions.wording(row.question)
    except Invalid as error:
        raise Invalid(f"Question “{clean(row.question)[:60]}”: {error}") from error


def _questions_of(source: Source) -> dict[str, Question]:
    """Questions that came in with earlier revisions of this table, by their canonical wording."""
    rows = Phrasing.objects.filter(
        canonical=True,
        locale_id=source.locale_id,
        question__answer__revisions__citations__passage__revision__source=source,
    ).select_related("question")
    return {row.text: row.question for row in rows.distinct()}


def _may_answer(question: Question, passage: Passage) -> bool:
    """Not where a person wrote an answer, nor where the newest one says the same already."""
    newest = (
        AnswerRevision.objects.filter(answer__question=question, is_translation=False)
        .exclude(state=State.RETIRED)
        .order_by("-number")
        .first()
    )
    if newest is None:
        return True
    cited = Citation.objects.filter(answer_revision=newest).values_list("passage__key", flat=True)
    return newest.origin == Origin.SOURCE and passage.key not in set(cited)


def _save_answer(question: Question, locale: str, passage: Passage, actor: audit.Actor) -> None:
    from faq.domain import answers

    citation = Citation(
        number=1,
        passage=passage,
        quote=passage.text,
        start=0,
        end=len(passage.text),
        passage_hash=passage.content_hash,
    )
    answers.save_revision(
        question,
        locale=locale,
        text=_cited_text(passage.text, locale),
        citations=[citation],
        origin=Origin.SOURCE,
        actor=actor,
    )


def _cited_text(text: str, locale: str) -> str:
    """The text with the mark of its only citation after each sentence."""
    return "".join(
        f"{piece.prefix}{piece.text} [1]{piece.suffix}" if piece.text else f"{piece.prefix}{piece.suffix}"
        for piece in translation.segment(text, locale)
    )
