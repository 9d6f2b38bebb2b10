"""Passages for a question, re-checked in the database, and the draft composed from them.

The index proposes: hits whose evidence is below the recipe's floor are not composed from. The database disposes: only
passages of published revisions are read, in one query. Translations come from the memory, never from an engine.
"""

import functools
import math
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, replace

from faq import conf
from faq.composition.compose import MAX_PASSAGES, compose
from faq.composition.expectation import expected, holds
from faq.composition.sureness import FLOOR, sureness
from faq.composition.types import Draft, Evidence, Match, Scorer, Segment
from faq.composition.verify import verify
from faq.gateways import retrieval, translation
from faq.models import Passage
from faq.queries.payloads import Reading, reading
from retrieval.text import language, query_tokens
from retrieval.types import Correction, Filters, Hit, Query, Results

LIMIT = 10
UNMET = 0.3
"""A word of the question that no sentence at hand holds weighs this much of what it would otherwise."""
UNSPACED = {"zh", "ja", "th", "lo", "km", "my"}

Translations = Mapping[tuple[str, str], tuple[str, str]]
"""(locale, sentence) -> (translation, origin)"""


@dataclass(frozen=True, slots=True)
class Found:
    """What the search said, and the published passages behind its hits."""

    results: Results
    pairs: tuple[tuple[Hit, Passage], ...] = ()

    @property
    def strong(self) -> list[tuple[Hit, Passage]]:
        """Those that are evidence enough to answer from."""
        return [(hit, passage) for hit, passage in self.pairs if hit.evidence >= self.results.floor]


@dataclass(frozen=True, slots=True)
class Composed:
    """A verified draft, and the passages it may cite by id. `sureness`: from 0 to 1; below the floor the draft is empty,
    and `withheld` is what was not shown. `items`: what it was composed from; `asked`: for which question, in which
    locale."""

    draft: Draft
    passages: Mapping[int, Passage] = field(default_factory=dict)
    sureness: float = 0.0
    withheld: Draft = field(default_factory=Draft)
    items: tuple[Evidence, ...] = ()
    asked: tuple[str, str] = ("", "")


def find(
    text: str, locale: str, limit: int = LIMIT, *, correction: Correction | None = None, topics: Sequence[str] = ()
) -> Found:
    """Ranked hits with their published passages; one query. `correction`: as Query has it. `topics`: keys, empty for
    all. Raises Unavailable."""
    results = search(text, locale, limit, correction, topics)
    keys = [hit.family for hit in results.hits]
    rows = Passage.objects.filter(key__in=keys, revision__published_source__isnull=False)
    by_key = {row.key: row for row in rows.select_related("revision__source").defer(*_LARGE)}
    return Found(results, tuple((hit, by_key[hit.family]) for hit in results.hits if hit.family in by_key))


_LARGE = ("revision__text", "revision__blocks")


def search(
    text: str, locale: str, limit: int = LIMIT, correction: Correction | None = None, topics: Sequence[str] = ()
) -> Results:
    """What the index proposes among passages, as every question is asked (and measured). Raises Unavailable."""
    with retrieval.mapped():
        return retrieval.retriever().search(
            Query(text, locale, Filters(kinds=("passage",), topics=tuple(topics)), limit, correction)
        )


def passages_for(text: str, locale: str) -> list[dict[str, object]]:
    """For editors: the nearest passages whatever their evidence."""
    return [
        {
            "passage": passage.pk,
            "title": passage.revision.source.title,
            "heading": " › ".join(passage.heading_path),
            "text": passage.text,
        }
        for _, passage in find(text, locale, 6).pairs
    ]


def compose_from(
    found: Found,
    text: str,
    locale: str,
    *,
    reader: str = "",
    translate: bool = True,
    known: Translations | None = None,
    floor: float = FLOOR,
) -> Composed:
    """Compose from what is evidence enough, verify; with `translate`, in the reader's locale where the memory has it.

    `locale`: of the question; `reader`: the reader's, where it is another one. `known`: translations that the caller has;
    without them the memory is asked. `floor`: of sureness.
    """
    reader = reader or locale
    strong = found.strong[:MAX_PASSAGES]
    if not strong:
        return Composed(Draft())
    passages = {passage.pk: passage for _, passage in strong}
    spans_of = {passage.pk: tuple(spans(passage.text, passage.revision.source.locale_id)) for _, passage in strong}
    if known is None:
        known = _recalled(strong, spans_of, reading(reader))
    items = [_evidence(hit, passage, spans_of[passage.pk], known) for hit, passage in strong]
    made, sure = judged(text, locale, items, translated=reader)
    if sure < floor:
        return Composed(Draft(), passages, sure, withheld=made)
    draft = verify(made, {pk: passage.text for pk, passage in passages.items()})
    if translate and draft:
        draft = replace(draft, segments=tuple(_localised(part, known, reader) for part in draft.segments))
    return Composed(draft, passages, sure, items=tuple(items), asked=(text, locale))


def judged(text: str, locale: str, items: Sequence[Evidence], *, translated: str = "") -> tuple[Draft, float]:
    """What the evidence answers, and how sure that is, from 0 to 1. `translated`: the locale of the translations."""
    with retrieval.mapped():
        limit = int(conf.get("ANSWER_SENTENCES"))
        draft = compose(text, items, scorer(text, locale), limit=limit, locale=translated)
    return draft, sureness_of(draft, text, locale, items, translated=translated)


def sureness_of(draft: Draft, text: str, locale: str, items: Sequence[Evidence], *, translated: str = "") -> float:
    """How sure the sentences of a draft are to answer a question, by what their sources say; 0 without any."""
    if not draft:
        return 0.0
    with retrieval.mapped():
        cited = {citation.passage for citation in draft.citations}
        used = [item for item in items if item.passage in cited]
        told = [(segment.source, segment.lang) for segment in draft.segments]
        told += [(" · ".join(item.heading), item.locale) for item in used]
        shown = {segment.source for segment in draft.segments}
        own = [each for item in used for each in _translations_of(item, shown)]
        like = retrieval.retriever().likeness(text, locale, told + [(each, translated) for each in own])
    kinds = expected(text)
    return sureness(
        max(item.weight for item in used),
        like.covered,
        max(like.own, like.other),
        words=like.words,
        unmet=bool(kinds) and not any(holds(part.source, kind) for part in draft.segments for kind in kinds),
        own=any(lang == locale for _, lang in told) or (bool(own) and translated == locale),
    )


def _translations_of(item: Evidence, shown: Set[str]) -> list[str]:
    pairs = zip(item.sentences, item.translations or (), strict=False)
    return [told for (start, end), told in pairs if told and item.text[start:end] in shown]


def _recalled(
    strong: Sequence[tuple[Hit, Passage]], spans_of: Mapping[int, Sequence[tuple[int, int]]], reader: Reading
) -> Translations:
    """The translations of every sentence at hand that readers may see; one query for each language of the sources."""
    texts: dict[str, list[str]] = {}
    for _, passage in strong:
        own = texts.setdefault(passage.revision.source.locale_id, [])
        own += [passage.text[start:end] for start, end in spans_of[passage.pk]]
    return {
        (lang, text): (unit.target, "memory" if unit.human else "machine")
        for lang, sentences in texts.items()
        for text, unit in reader.recall(sentences, lang).items()
    }


def _localised(part: Segment, known: Translations, locale: str) -> Segment:
    """The sentence in the reader's language where the memory has it; else as it is, labelled with its own."""
    target, origin = known.get((part.lang, part.text), (part.text, part.origin))
    lang = locale if (part.lang, part.text) in known else part.lang
    before = part.before if part.before.strip(" ") else "" if language(lang) in UNSPACED else " "
    return replace(part, text=target, lang=lang, origin=origin, before=before, source=part.text)


def _evidence(hit: Hit, passage: Passage, places: tuple[tuple[int, int], ...], known: Translations) -> Evidence:
    source = passage.revision.source
    texts = [passage.text[start:end] for start, end in places]
    return Evidence(
        passage=passage.pk,
        key=passage.key,
        source=source.title,
        url=source.url,
        heading=(source.title, *passage.heading_path),
        text=passage.text,
        locale=source.locale_id,
        sentences=places,
        translations=tuple(known.get((source.locale_id, text), (None, ""))[0] for text in texts),
        weight=min(1.0, max(0.0, hit.evidence)),
    )


def spans(text: str, locale: str) -> list[tuple[int, int]]:
    """Offsets of the text's segments, the units of translation, so that a composed sentence is found in the memory."""
    found, at = [], 0
    for piece in translation.segment(text, locale):
        at += len(piece.prefix)
        if piece.text:
            found.append((at, at + len(piece.text)))
        at += len(piece.text) + len(piece.suffix)
    return found


# Scoring


def scorer(question: str, locale: str) -> Scorer:
    """Compares texts with the question: own words in its language, English stems across languages, vectors beside."""
    retriever = retrieval.retriever()
    own = dict.fromkeys(query_tokens(question, locale), 1.0)
    glossed: dict[str, float] = {}

    def asked(lang: str) -> Mapping[str, float]:
        if lang == locale:
            return own
        if not glossed:
            glossed.update(retriever.gloss(question, locale))
        return glossed

    def score(texts: Sequence[tuple[str, str]]) -> Sequence[Match]:
        found: dict[int, Match] = {}
        for lang in dict.fromkeys(lang for _, lang in texts):
            places = [place for place, (_, each) in enumerate(texts) if each == lang]
            same = [texts[place][0] for place in places]
            held = [_terms(retriever.recipe, text, lang, lang == locale) for text in same]
            likeness = retriever.similarity([question], locale, same, lang)
            for place, match in zip(places, _matches(asked(lang), held, likeness), strict=True):
                found[place] = match
        return [found[place] for place in range(len(texts))]

    return score


@functools.lru_cache(maxsize=5000)
def _terms(recipe: str, text: str, lang: str, own: bool) -> frozenset[str]:
    # Sentences of often asked passages come back with every question about them.
    retriever = retrieval.retriever()
    return frozenset(retriever.analyse(text, lang) if own else retriever.gloss(text, lang))


def _matches(asked: Mapping[str, float], held: Sequence[frozenset[str]], likeness: Sequence[float]) -> list[Match]:
    """A term that few of the texts hold tells more; one that none of them holds tells little about any."""
    counts = Counter(term for terms in held for term in terms if term in asked)
    worth = {term: weight / math.sqrt(1 + counts[term]) for term, weight in asked.items()}
    total = sum(value if counts[term] else UNMET * value for term, value in worth.items()) or 1.0
    return [
        Match({term: worth[term] / total for term in sorted(terms) if term in asked}, max(0.0, like))
        for terms, like in zip(held, likeness, strict=True)
    ]
