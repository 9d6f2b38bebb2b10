"""Answers as pages show them: sentences in paragraphs and lists, references with links, and what to say about both.

The curated answer of a question page and the answer composed for a visitor's own question come out alike.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from faq.enums import Origin
from faq.queries import content
from faq.queries.payloads import HEADINGS, UNSPACED, AnswerPayload, CitationPayload, SegmentPayload, Text
from faq.web.localised import language_name

BULLET = re.compile(r"[-*+•]\s*\Z")
NUMBER = re.compile(r"\d{1,3}[.)]\s*\Z")
TRANSLATED = {Origin.HUMAN.value, Origin.MEMORY.value, Origin.MACHINE.value}


@dataclass(frozen=True, slots=True)
class Sentence:
    """`mark`: what to say after it: `machine` (where others are not), `foreign`, or nothing."""

    text: str
    lang: str
    dir: str
    citations: tuple[int, ...]
    space: str
    mark: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """A paragraph (`p`), or a list (`ul`, `ol`) of items."""

    kind: str
    items: tuple[tuple[Sentence, ...], ...]


@dataclass(frozen=True, slots=True)
class Reference:
    number: int
    source: Text
    heading: Text
    quote: Text
    link: str
    url: str


@dataclass(frozen=True, slots=True)
class ShownAnswer:
    """`translation`: `machine`, `human` or nothing. `language`: the original's name in the visitor's language.
    `generated`: worded by a language model."""

    groups: tuple[Group, ...]
    references: tuple[Reference, ...]
    original: tuple[Group, ...] = ()
    original_text: Text | None = None
    translation: str = ""
    language: str = ""
    stale: bool = False
    untranslated: bool = False
    generated: bool = False


def curated(answer: AnswerPayload, tag: str) -> ShownAnswer:
    """A question page's answer."""
    first = answer.original[0] if answer.original else None
    translation = ""
    if any(segment.lang == tag for segment in answer.segments) and answer.original_lang != tag:
        translation = "machine" if answer.machine else "human"
    return ShownAnswer(
        groups=grouped(answer.segments, tag),
        references=tuple(_reference(each, tag) for each in answer.citations),
        original=grouped(answer.original, answer.original_lang),
        original_text=Text("", first.lang, first.dir) if first else None,
        translation=translation,
        language=language_name(answer.original_lang, tag),
        stale=answer.stale,
        untranslated=answer.untranslated,
    )


def asked(result: Mapping[str, Any], tag: str) -> ShownAnswer:
    """The answer to a visitor's own question, from the result's JSON."""
    directions = content.directions()
    segments = asked_segments(result["segments"], tag)
    citations = list(result["citations"])
    translated = {s.origin for s in segments if s.lang == tag} & TRANSLATED
    languages = [row["lang"] for row in citations if row["lang"] != tag]
    return ShownAnswer(
        groups=grouped(segments, tag),
        references=tuple(_asked_references(citations, tag, directions)),
        translation=("machine" if Origin.MACHINE in translated else "human") if translated and languages else "",
        language=language_name(languages[0], tag) if languages else "",
        untranslated=any(segment.lang != tag for segment in segments),
        generated=any(segment.origin == Origin.GENERATED for segment in segments),
    )


def asked_segments(rows: Iterable[Mapping[str, Any]], tag: str) -> list[SegmentPayload]:
    """Sentences of the result's JSON."""
    directions = content.directions()
    return [
        SegmentPayload(
            text=row["text"],
            lang=row["lang"],
            dir=directions.get(row["lang"], "ltr"),
            origin=str(row["origin"]),
            citations=tuple(row.get("citations") or ()),
            before=row.get("before") or ("" if tag.startswith(UNSPACED) else " "),
        )
        for row in rows
    ]


def _asked_references(
    rows: Sequence[Mapping[str, Any]], tag: str, directions: Mapping[str, str]
) -> Iterable[Reference]:
    places = content.cited_places([row["passage"] for row in rows if row.get("passage")], tag)
    for row in rows:
        lang = row["lang"]
        title = Text(str(row["source"]), lang, directions.get(lang, "ltr"))
        link, heading = "", Text(row.get("heading") or "", lang, title.dir)
        if place := places.get(row.get("passage") or 0):
            title, heading = place.source, place.heading
            start = place.text.find(row["quote"])
            link = source_link(
                place.source_key, tag, place.passage, max(start, 0), start + len(row["quote"]) if start >= 0 else 0
            )
        yield Reference(
            number=row["number"],
            source=title,
            heading=_below_title(heading),
            quote=Text(row["quote"], lang, directions.get(lang, "ltr")),
            link=link,
            url=row.get("url") or "",
        )


def _below_title(path: Text) -> Text:
    """Without the first heading: the page's own title, which stands beside it already."""
    return replace(path, text=path.text.partition(HEADINGS)[2])


def _reference(citation: CitationPayload, tag: str) -> Reference:
    return Reference(
        number=citation.number,
        source=citation.source,
        heading=_below_title(citation.heading),
        quote=citation.quote,
        link=source_link(citation.source_key, tag, citation.passage, citation.start, citation.end),
        url=citation.url,
    )


def source_link(source: str, tag: str, passage: str, start: int = 0, end: int = 0) -> str:
    """The source's page at the passage, with the quoted characters marked when they are known."""
    query: dict[str, Any] = {"passage": passage}
    if end > start:
        query |= {"from": start, "to": end}
    return f"{reverse('source', args=[tag, source])}?{urlencode(query)}#{passage}"


@dataclass(slots=True)
class _Open:
    kind: str
    items: list[list[Sentence]] = field(default_factory=list)


def grouped(segments: Sequence[SegmentPayload], tag: str) -> tuple[Group, ...]:
    """Sentences in paragraphs and lists, as what stands between them says."""
    mixed = {segment.origin for segment in segments if segment.lang == tag} - {Origin.MACHINE.value}
    found: list[_Open] = []
    for place, segment in enumerate(segments):
        sentence = _sentence(segment, tag, bool(mixed))
        kind = _kind(segment.before)
        begins = not found or "\n" in segment.before or (kind != "p" and place == 0)
        if not begins:
            found[-1].items[-1].append(sentence)
        elif found and kind == found[-1].kind and kind != "p":
            found[-1].items.append([replace(sentence, space="")])
        else:
            found.append(_Open(kind, [[replace(sentence, space="")]]))
    return tuple(Group(each.kind, tuple(tuple(item) for item in each.items)) for each in found)


def _sentence(segment: SegmentPayload, tag: str, mixed: bool) -> Sentence:
    mark = "foreign" if segment.lang != tag else "machine" if mixed and segment.origin == Origin.MACHINE else ""
    name = language_name(segment.lang, tag) if mark == "foreign" else ""
    space = "" if not segment.before or segment.lang.startswith(UNSPACED) else " "
    return Sentence(segment.text, segment.lang, segment.dir, segment.citations, space, mark, name)


def _kind(before: str) -> str:
    if BULLET.search(before):
        return "ul"
    return "ol" if NUMBER.search(before) else "p"
