"""Passages for a question, re-checked in the database, and the draft composed from them.

The index proposes: hits whose evidence is below the recipe's floor are not composed from. The database disposes: only
passages of published revisions are read, in one query.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from faq import conf
from faq.composition.compose import compose
from faq.composition.types import Draft, Evidence, Match, Scorer, Segment
from faq.composition.verify import verify
from faq.gateways import retrieval, translation
from faq.models import Passage
from retrieval.types import Filters, Hit, Query, Results

LIMIT = 10


@dataclass(frozen=True, slots=True)
class Composed:
    """A verified draft, the passages it may cite by id, and what the search said."""

    draft: Draft
    passages: Mapping[int, Passage] = field(default_factory=dict)
    hits: tuple[tuple[Hit, Passage], ...] = ()
    results: Results = field(default_factory=lambda: Results((), 1.0))


def find(text: str, locale: str, limit: int = LIMIT) -> tuple[Results, list[tuple[Hit, Passage]]]:
    """Ranked hits with their published passages."""
    retriever = retrieval.retriever()
    with retrieval.mapped():
        results = retriever.search(Query(text, locale, Filters(kinds=("passage",)), limit))
    keys = [hit.family for hit in results.hits]
    rows = Passage.objects.filter(key__in=keys, revision__published_source__isnull=False)
    by_key = {row.key: row for row in rows.select_related("revision__source__topic")}
    return results, [(hit, by_key[hit.family]) for hit in results.hits if hit.family in by_key]


def passages_for(text: str, locale: str) -> list[dict[str, object]]:
    """For editors: the nearest passages whatever their evidence."""
    _, pairs = find(text, locale, 6)
    return [
        {
            "passage": passage.pk,
            "title": passage.revision.source.title,
            "heading": " › ".join(passage.heading_path),
            "text": passage.text,
        }
        for _, passage in pairs
    ]


def compose_for(text: str, locale: str, *, translate: bool = True) -> Composed:
    """Search, compose, verify; with `translate`, sentences in the asker's locale where the memory has them."""
    results, pairs = find(text, locale)
    strong = [(hit, passage) for hit, passage in pairs if hit.evidence >= results.floor]
    passages = {passage.pk: passage for _, passage in strong}
    draft = compose(
        text,
        [_evidence(hit, passage) for hit, passage in strong],
        scorer(text, locale),
        limit=int(conf.get("ANSWER_SENTENCES")),
    )
    draft = verify(draft, {pk: passage.text for pk, passage in passages.items()})
    if translate and draft:
        draft = replace(draft, segments=tuple(localised(draft.segments, locale)))
    return Composed(draft, passages, tuple(pairs), results)


def localised(segments: Sequence[Segment], locale: str) -> list[Segment]:
    """Segments in a locale through the translation memory; those it lacks stay as they are. Never the engine."""
    units: dict[tuple[str, str], Any] = {}
    for source_locale in {part.lang for part in segments if part.lang != locale}:
        texts = [part.text for part in segments if part.lang == source_locale]
        units |= {
            (source_locale, text): unit for text, unit in translation.recall(texts, source_locale, locale).items()
        }
    return [_localised(part, units.get((part.lang, part.text)), locale) for part in segments]


def _localised(part: Segment, unit: Any, locale: str) -> Segment:
    if unit is None:
        return part
    origin = "memory" if unit.human else "machine"
    return replace(part, text=unit.target, lang=locale, origin=origin, source=part.text)


def _evidence(hit: Hit, passage: Passage) -> Evidence:
    source = passage.revision.source
    return Evidence(
        passage=passage.pk,
        key=passage.key,
        source=source.title,
        url=source.url,
        heading=(source.title, *passage.heading_path),
        text=passage.text,
        locale=source.locale_id,
        sentences=tuple(spans(passage.text, source.locale_id)),
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


def scorer(question: str, locale: str) -> Scorer:
    """Compares sentences with the question: own words in its language, English stems across languages, vectors beside."""
    retriever = retrieval.retriever()
    own = (
        set(retriever.query_tokens(question, locale))
        if hasattr(retriever, "query_tokens")
        else set(retriever.analyse(question, locale))
    )
    gloss = retriever.gloss(question, locale)

    def score(texts: Sequence[tuple[str, str]]) -> Sequence[Match]:
        bags = [_bag(retriever, text, lang, locale, own, gloss) for text, lang in texts]
        rarity = _rarity([set(held) for held, _ in bags])
        likeness = [0.0] * len(texts)
        for lang in {lang for _, lang in texts}:
            places = [i for i, (_, each) in enumerate(texts) if each == lang]
            cosines = retriever.similarity([question], locale, [texts[i][0] for i in places], lang)
            for i, cosine in zip(places, cosines, strict=True):
                likeness[i] = max(0.0, cosine)
        return [_match(held, asked, rarity, like) for (held, asked), like in zip(bags, likeness, strict=True)]

    return score


def _bag(
    retriever: Any, text: str, lang: str, locale: str, own: set[str], gloss: Mapping[str, float]
) -> tuple[set[str], Mapping[str, float]]:
    """(terms of the question the text holds, all terms of the question with weights), in the language they share."""
    if lang == locale:
        return own & set(retriever.analyse(text, lang)), dict.fromkeys(own, 1.0)
    return set(gloss) & set(retriever.gloss(text, lang)), gloss


def _rarity(held: Sequence[set[str]]) -> Callable[[str], float]:
    """A term that few of the sentences hold tells more."""
    counts: dict[str, int] = {}
    for terms in held:
        for term in terms:
            counts[term] = counts.get(term, 0) + 1
    return lambda term: 1.0 / (1.0 + counts.get(term, 0)) ** 0.5


def _match(held: set[str], asked: Mapping[str, float], rarity: Callable[[str], float], likeness: float) -> Match:
    weights = {term: weight * rarity(term) for term, weight in asked.items()}
    total = sum(weights.values()) or 1.0
    return Match({term: weights[term] / total for term in sorted(held) if term in weights}, likeness)
