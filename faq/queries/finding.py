"""Search results: the index proposes, the database disposes; without the index the database searches."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Prefetch, Q

from faq.enums import State
from faq.errors import Unavailable
from faq.gateways import retrieval, translation
from faq.models import Passage, Phrasing, Question
from faq.queries.payloads import FoundPayload, PassageLink, QuestionLink, Reading, reading
from faq.queries.understanding import understood
from retrieval.types import Filters, Hit, Lane, Query, Results

MAX_LENGTH = 500
SNIPPET = 240
WORDS = 8
"""Words of a question that the database is asked for when the index is away."""
SHARE_OF_BEST = 0.45
"""A result needs the floor, and this part of the evidence that the best result has."""


def search(
    text: str, tag: str, *, topic: str = "", topics: Sequence[str] = (), limit: int = 12, as_typed: bool = False
) -> FoundPayload:
    """Questions and passages for words in any language. Empty for a text without letters or digits. `topic`, or one of
    `topics`: where they stand; any when none is given. `as_typed`: words with typing errors are not corrected."""
    text = " ".join(text.replace("\0", " ").split())[:MAX_LENGTH]  # PostgreSQL takes no NUL
    if not any(character.isalnum() for character in text):
        return FoundPayload()
    reader = reading(tag)
    topics = tuple(key.replace("\0", " ") for key in ((topic,) if topic else topics))
    try:
        read = understood(text, tag, as_typed=as_typed)
        with retrieval.mapped():
            phrased, passages = (
                retrieval.retriever().search(
                    Query(text, read.locale, Filters(kinds=(kind,), topics=topics), limit, read.correction)
                )
                for kind in ("phrasing", "passage")
            )
    except Unavailable:
        return _from_database(text, reader, limit, topics)
    if len(phrased.degraded) == len(Lane):  # no index has been built yet
        return _from_database(text, reader, limit, topics)
    return FoundPayload(
        tuple(_questions(_near(phrased), reader)),
        tuple(_passages([hit.family for hit in _near(passages)], reader)),
        degraded=bool(phrased.degraded or passages.degraded),
        corrected=read.corrected,
    )


def _near(results: Results) -> list[Hit]:
    """Without noise: hits far below what an answer needs, or far below the best one."""
    best = max((hit.evidence for hit in results.hits), default=0.0)
    least = max(results.floor, best * SHARE_OF_BEST)
    return [hit for hit in results.hits if hit.evidence >= least]


def _links(ids: Sequence[int], reader: Reading) -> list[QuestionLink]:
    """Links to published questions, in the order of the ids; two queries."""
    canonical = Prefetch("phrasings", Phrasing.objects.filter(canonical=True), to_attr="wordings")
    rows = Question.objects.filter(pk__in=ids, state=State.PUBLISHED).prefetch_related(canonical)
    by_id = {row.pk: (row.key, reader.worded(row.wordings)) for row in rows}
    found = [by_id[pk] for pk in ids if pk in by_id]
    return [QuestionLink(key, text) for key, text in found if text is not None]


def _questions(hits: Sequence[Hit], reader: Reading) -> list[QuestionLink]:
    return _links([int(hit.family[1:]) for hit in hits if hit.family[1:].isdigit()], reader)


def _passages(keys: Sequence[str], reader: Reading) -> list[PassageLink]:
    """The passages of these keys in published revisions, in their order; one query, and one for each other language."""
    rows = Passage.objects.filter(key__in=keys, revision__published_source__isnull=False)
    by_key = {
        row.key: row for row in rows.select_related("revision__source").defer("revision__text", "revision__blocks")
    }
    found = [by_key[key] for key in keys if key in by_key]
    pieces = {row.key: translation.segment(row.text, row.revision.source.locale_id) for row in found}
    wanted: dict[str, list[str]] = {}
    for row in found:
        source = row.revision.source
        wanted.setdefault(source.locale_id, []).extend(
            [source.title, *row.heading_path, *(piece.text for piece in pieces[row.key])]
        )
    units = {lang: reader.recall(texts, lang) for lang, texts in wanted.items()}
    return [_passage(row, pieces[row.key], units[row.revision.source.locale_id], reader) for row in found]


def _passage(row: Passage, pieces: Sequence[Any], units: dict[str, Any], reader: Reading) -> PassageLink:
    """In the reader's language when all of the passage is translated, else in its own."""
    source = row.revision.source
    text, lang = row.text, source.locale_id
    if units and all(not piece.text or piece.text in units for piece in pieces):
        text = "".join(p.prefix + (units[p.text].target if p.text else "") + p.suffix for p in pieces)
        lang = reader.tag
    heading = reader.path(row.heading_path[1:], source.locale_id, units)
    title = reader.titled(source.title, source.locale_id, units)
    return PassageLink(source.key, title, row.key, heading, reader.text(_cut(text), lang))


def _cut(text: str) -> str:
    line = " ".join(text.split())
    if len(line) <= SNIPPET:
        return line
    return (line[:SNIPPET].rsplit(" ", 1)[0] if " " in line[SNIPPET // 2 : SNIPPET] else line[:SNIPPET]) + " …"


def _from_database(text: str, reader: Reading, limit: int, topics: Sequence[str]) -> FoundPayload:
    """Any of the words, in wordings and passages: what is left when the index is away."""
    wanted = Q()
    for word in [word for word in text.split() if len(word) > 2][:WORDS] or [text]:
        wanted |= Q(text__icontains=word)
    entries = Q(question__topic__key__in=topics) if topics else Q()
    sources = Q(revision__source__topic__key__in=topics) if topics else Q()
    phrased = Phrasing.objects.filter(wanted, entries, question__state=State.PUBLISHED).order_by("pk")
    ids = list(dict.fromkeys(phrased.values_list("question_id", flat=True)[: limit * 4]))[:limit]
    rows = Passage.objects.filter(wanted, sources, revision__published_source__isnull=False).order_by("pk")
    keys = list(rows.values_list("key", flat=True)[:limit])
    return FoundPayload(tuple(_links(ids, reader)), tuple(_passages(keys, reader)), degraded=True)
