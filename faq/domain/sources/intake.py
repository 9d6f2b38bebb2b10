"""Bringing content in: new sources, new content for those that are here, and web pages looked at again.

Invariants: a source is written whole or not at all; reading the same bytes again costs one look-up by `path` and one
digest, and loads no extractor.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any, Literal

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.text import slugify

from faq.domain import access, audit, jobs, uploads
from faq.domain.impact import plan_publication
from faq.domain.publication import locked, publish_source
from faq.domain.sources.contents import Content, clean, fetched, given, raw_digest
from faq.domain.sources.reading import Reading, read
from faq.domain.sources.revisions import TITLE_LENGTH, revise
from faq.enums import JobKind, RefreshPolicy, SourceKind, State
from faq.errors import Conflict, DomainError, Invalid
from faq.models import Source, SourceRevision, Topic
from faq.queries import locales
from faq.queries.waiting import waits
from retrieval.types import Document

Change = Literal["added", "revised", "unchanged"]

PATH_LENGTH = 960
"""The column's 1000, less the mark of a language that follows (`#zh-hans`)."""


@dataclass(frozen=True, slots=True)
class About:
    """What is said about the content. `upload`: the name it is kept under, empty when it is not."""

    url: str
    topic: Topic | None
    title: str
    path: str
    actor: audit.Actor
    upload: str = ""


@access.needs("add_source")
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
        raise Conflict("%(path)s is already here as “%(title)s”.", path=repr(path), title=source.title)
    return source


def _publishing(given: Mapping[str, Any]) -> access.Permissions:
    return ("publish_source",) if given["publish"] else ()


@access.needs("add_source|change_source", also=_publishing)
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
    keep: bool = False,
) -> tuple[Source, Change]:
    """Add content, or revise the source of the same `path`; nothing when it was read before and has not changed.

    Give `data` with a `filename`, or `text`, or only a `url`, which is then fetched. With `data` or `text`, `url` is the
    public address shown to readers. `publish` publishes what is new and what waits as a draft. A file without a `path`,
    where it could be read again, is kept with the uploads; with `keep`, one that has a path too.
    """
    tag = locales.require(locale).tag
    by_address = data is None and not text
    identity = clean(path or (url if by_address else ""))[:PATH_LENGTH]
    known = Source.objects.filter(path=identity).first() if identity and not new else None
    if known is not None and known.locale_id != tag:
        raise Conflict(
            "“%(title)s” is here in %(locale)s. Ingest it with that language, or retire it first.",
            title=known.title,
            locale=known.locale_id,
        )
    content = fetched(url, known) if by_address else given(data, filename, text, kind)
    if content is None:
        assert known is not None
        return _published(known, "unchanged", publish, actor)
    digest = raw_digest(content)
    if known is not None and known.raw_hash == digest:
        return _published(known, "unchanged", publish, actor)
    reading, *others = read(content, tag)
    about = About(url, topic, title, identity, actor, "" if identity and not keep else _kept(content))
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


@access.needs("change_source")
def revise_content(
    source: Source,
    *,
    data: bytes | None = None,
    filename: str = "",
    text: str = "",
    url: str = "",
    kind: str = "",
    actor: audit.Actor = None,
    expected: datetime | None = None,
) -> SourceRevision | None:
    """Read new content into a source; None when it says what the newest revision says.

    A table of questions and answers in several languages is a source for each; all of them are revised, and a language that
    is new there becomes one. The revision returned is the source's own, else the first that another language got.

    `expected`: the source's `updated_at` when the editor looked; Conflict when somebody changed it since.
    """
    by_address = data is None and not text
    content = fetched(url or source.path or source.url, None) if by_address else given(data, filename, text, kind)
    assert content is not None
    readings = _readings(source, content)
    digest, upload = raw_digest(content), _kept(content)
    with transaction.atomic():
        siblings = _siblings(source)
        revision = revise(locked(source, expected), readings[0], actor)
        noted = [source.pk]
        for reading in readings[1:]:
            sibling, made = _revise_sibling(source, siblings.get(reading.locale), reading, content, actor)
            noted.append(sibling.pk)
            revision = revision or made
        Source.objects.filter(pk__in=noted).update(raw_hash=digest, error="", upload=upload)
    source.refresh_from_db()
    return revision


@access.needs("change_source")
def reread_source(source: Source, actor: audit.Actor = None) -> SourceRevision | None:
    """Read a source's kept file again, as files are read today; None when that says what the newest revision says.
    NotFound when no file is kept."""
    file, name = uploads.open_upload(source)
    with file:
        data = file.read()
    return revise_content(source, data=data, filename=name, kind=SourceKind.FILE, actor=actor)


def _readings(source: Source, content: Content) -> list[Reading]:
    """What the content says in the source's language, then in the others that a table names. A row that names none is in the
    language in which the table first came in. Invalid for a table without a row in the source's language."""
    first = min([source, *_siblings(source).values()], key=lambda row: row.pk)
    readings = read(content, first.locale_id)
    readings.sort(key=lambda each: each.locale != source.locale_id)
    if readings[0].locale != source.locale_id:
        raise Invalid(
            "%(file)s: the table has no row with a question and an answer in %(language)s.",
            file=content.filename,
            language=source.locale.autonym,
        )
    return readings


def _siblings(source: Source) -> dict[str, Source]:
    """The sources that came in with the same table, by language: those of its file, or of its path and its languages'."""
    stored = Source.objects.filter(pk=source.pk).first() or source  # its file may be another by now
    rows = Source.objects.exclude(pk=source.pk)
    if stored.upload and not stored.path:
        return {row.locale_id: row for row in rows.filter(upload=str(stored.upload))}
    if not stored.path:
        return {}
    base = stored.path.removesuffix(f"#{stored.locale_id}")
    near = rows.filter(path__startswith=base)
    return {row.locale_id: row for row in near if row.path in (base, f"{base}#{row.locale_id}")}


def _revise_sibling(
    source: Source, sibling: Source | None, reading: Reading, content: Content, actor: audit.Actor
) -> tuple[Source, SourceRevision | None]:
    """The part of a table in another language, into the source that it came in with, else into a new one."""
    if sibling is not None:
        return sibling, revise(locked(sibling), reading, actor)
    base = source.path.removesuffix(f"#{source.locale_id}")
    path = f"{base}#{reading.locale}" if base else ""
    about = About(source.url, source.topic, source.title, path, actor)
    made, _ = _store(None, reading, content, source.raw_hash, about)
    return made, made.revisions.get()


def _kept(content: Content) -> str:
    """The name under which an uploaded file is kept; texts and web pages are not."""
    return uploads.keep(content.data, content.filename) if content.kind == SourceKind.FILE else ""


@access.needs("change_source")
def revise_source(source: Source, document: Document, actor: audit.Actor = None) -> SourceRevision | None:
    """A new revision with its passages when the document differs from the newest revision; else None."""
    with transaction.atomic():
        return revise(locked(source), Reading(document, source.locale_id), actor)


@access.needs("change_source")
def refresh_source(source: Source, actor: audit.Actor = None) -> Change:
    """Look at a web source again. A change waits as a draft revision, unless the source's policy lets it go live; what goes wrong
    is kept with the source."""
    if source.kind != SourceKind.URL:
        raise Invalid("“%(title)s” is not a web page.", title=source.title)
    try:
        content = fetched(source.path or source.url, source)
        change: Change = "unchanged"
        if content is not None and raw_digest(content) != source.raw_hash:
            change = "revised" if _refresh_from(source, content, actor) else "unchanged"
    except DomainError as error:
        Source.objects.filter(pk=source.pk).update(error=str(error), checked_at=timezone.now())
        raise
    now: dict[str, Any] = {"error": "", "checked_at": timezone.now()}
    if content is not None:  # the same bytes under another validator: the next look costs one 304 again
        now |= {"etag": content.etag[:500], "last_modified": content.last_modified[:100]}
    Source.objects.filter(pk=source.pk).update(**now)
    if change == "revised":
        _follow_policy(source)
    return change


def _follow_policy(source: Source) -> None:
    """Publish what came in, of the source and of those that came in with it, as each one's policy says."""
    for row in (Source.objects.get(pk=source.pk), *_siblings(source).values()):
        if row.state != State.PUBLISHED or row.refresh_policy == RefreshPolicy.WAIT or not waits(row):
            continue
        if row.refresh_policy == RefreshPolicy.PUBLISH or not plan_publication(row).questions_stale:
            publish_source(row)
    source.refresh_from_db()


def _refresh_from(source: Source, content: Content, actor: audit.Actor) -> bool:
    readings = _readings(source, content)
    with transaction.atomic():
        siblings = _siblings(source)
        made = [revise(locked(source), readings[0], actor)]
        made += [_revise_sibling(source, siblings.get(each.locale), each, content, actor)[1] for each in readings[1:]]
        Source.objects.filter(pk=source.pk).update(raw_hash=raw_digest(content))
    return any(made)


def _store(
    known: Source | None, reading: Reading, content: Content, digest: str, about: About
) -> tuple[Source, Change]:
    if known is not None:
        source = locked(known)
        revision = revise(source, reading, about.actor)
        _note(source, content, digest, about)
        return source, "revised" if revision else "unchanged"
    source = _create(
        kind=content.kind,
        title=clean(about.title)[:TITLE_LENGTH] or _title(reading.document, content),
        locale_id=reading.locale,
        topic=about.topic,
        url=about.url or content.url,
        path=about.path,
        upload=about.upload,
        owner=audit.person(about.actor),
        raw_hash=digest,
        etag=content.etag[:500],
        last_modified=content.last_modified[:100],
        checked_at=timezone.now() if content.kind == SourceKind.URL else None,
    )
    audit.record(about.actor, "add", source, {}, {"title": source.title, "locale": source.locale_id})
    revise(source, reading, about.actor)
    return source, "added"


def _note(source: Source, content: Content, digest: str, about: About) -> None:
    source.raw_hash, source.etag, source.last_modified = digest, content.etag[:500], content.last_modified[:100]
    source.error, source.upload = "", about.upload
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
                raise Conflict(
                    "%(path)s came in twice at the same time. Ingest it again.", path=fields["path"]
                ) from None
    raise Conflict("There are too many sources named “%(title)s”.", title=fields["title"])
