"""Search results and suggestions: the index proposes, the database disposes; without the index the database searches."""

from dataclasses import dataclass

from django.db.models import Prefetch, Q

from faq.enums import State
from faq.errors import Unavailable
from faq.gateways import retrieval, translation
from faq.models import Passage, Phrasing, Question
from faq.queries.content import QuestionLink, Text, chain, text_in, worded
from retrieval.types import Filters, Hit, Query

MAX_LENGTH = 500
SNIPPET = 220


@dataclass(frozen=True, slots=True)
class PassageLink:
    source_key: str
    source: Text
    passage: str
    heading: str
    text: Text


@dataclass(frozen=True, slots=True)
class FoundPayload:
    """`degraded`: the index was away and the database was searched word by word."""

    questions: tuple[QuestionLink, ...] = ()
    passages: tuple[PassageLink, ...] = ()
    degraded: bool = False


def search(text: str, tag: str, *, topic: str = "", limit: int = 12) -> FoundPayload:
    """Questions and passages for words in any language. Empty for a text without letters or digits."""
    text = " ".join(text.split())[:MAX_LENGTH]
    if not any(character.isalnum() for character in text):
        return FoundPayload()
    topics = (topic,) if topic else ()
    try:
        found = retrieval.retriever()
        with retrieval.mapped():
            phrased = found.search(Query(text, tag, Filters(kinds=("phrasing",), topics=topics), limit)).hits
            passages = found.search(Query(text, tag, Filters(kinds=("passage",), topics=topics), limit)).hits
    except Unavailable:
        return _from_database(text, tag, limit)
    return FoundPayload(tuple(_questions(phrased, tag)), tuple(_passages(passages, tag)))


def suggest(text: str, tag: str, limit: int = 6) -> list[QuestionLink]:
    """Published questions for what was typed so far: those that contain it, then those that search finds."""
    text = " ".join(text.split())[:MAX_LENGTH]
    if len(text) < 2:
        return []
    rows = Phrasing.objects.filter(question__state=State.PUBLISHED, locale_id__in=chain(tag), text__icontains=text)
    keys = list(dict.fromkeys(rows.order_by("-canonical", "pk").values_list("question_id", flat=True)[:limit]))
    direct = _links(keys, tag)
    if len(direct) >= limit:
        return direct
    known = {link.key for link in direct}
    more = [link for link in search(text, tag, limit=limit).questions if link.key not in known]
    return [*direct, *more][:limit]


def _links(ids: list[int], tag: str) -> list[QuestionLink]:
    """Links to published questions, in the order of the ids."""
    canonical = Prefetch("phrasings", Phrasing.objects.filter(canonical=True), to_attr="wordings")
    rows = Question.objects.filter(pk__in=ids, state=State.PUBLISHED).prefetch_related(canonical)
    wanted = chain(tag)
    by_id = {q.pk: QuestionLink(q.key, text) for q in rows if (text := worded(q.wordings, wanted))}  # type: ignore[attr-defined]
    return [by_id[pk] for pk in ids if pk in by_id]


def _questions(hits: tuple[Hit, ...], tag: str) -> list[QuestionLink]:
    ids = [int(hit.family[1:]) for hit in hits if hit.family[1:].isdigit()]
    return _links(ids, tag)


def _passages(hits: tuple[Hit, ...], tag: str) -> list[PassageLink]:
    """The passages behind the hits, in order, those of published revisions only."""
    keys = [hit.family for hit in hits]
    rows = Passage.objects.filter(key__in=keys, revision__published_source__isnull=False)
    by_key = {row.key: row for row in rows.select_related("revision__source")}
    found = [by_key[key] for key in keys if key in by_key]
    return [_passage(row, tag) for row in found]


def _passage(row: Passage, tag: str) -> PassageLink:
    source = row.revision.source
    text, lang = row.text, source.locale_id
    if lang != tag:
        pieces = translation.segment(text, lang)
        units = translation.recall([source.title, *(p.text for p in pieces if p.text)], lang, tag)
        if all(p.text in units for p in pieces if p.text):
            text = "".join(p.prefix + (units[p.text].target if p.text else "") + p.suffix for p in pieces)
            title = units[source.title].target if source.title in units else source.title
            shown = text_in(title, tag if source.title in units else lang)
            return PassageLink(source.key, shown, row.key, "", text_in(_cut(text), tag))
    return PassageLink(
        source.key, text_in(source.title, lang), row.key, " › ".join(row.heading_path), text_in(_cut(text), lang)
    )


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= SNIPPET else line[:SNIPPET].rsplit(" ", 1)[0] + " …"


def _from_database(text: str, tag: str, limit: int) -> FoundPayload:
    """Any of the words, in wordings and passages: what is left when the index is away."""
    wanted = Q()
    for word in [word for word in text.split() if len(word) > 2][:8] or [text]:
        wanted |= Q(text__icontains=word)
    ids = Phrasing.objects.filter(wanted, question__state=State.PUBLISHED).values_list("question_id", flat=True)
    rows = Passage.objects.filter(wanted, revision__published_source__isnull=False).select_related("revision__source")
    return FoundPayload(
        tuple(_links(list(dict.fromkeys(ids[:limit])), tag)),
        tuple(_passage(row, tag) for row in rows[:limit]),
        degraded=True,
    )
