"""One question through three lanes: own words in the asker's locale, English stems over all locales, vectors over all.

Fused by rank and collapsed by family (fusion), each hit with its evidence (calibration). Invariants: frequent words are
left out only while rarer ones remain; a lane whose service is away is named in `degraded` and the others answer.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from retrieval import text
from retrieval.backends.base import Backend, Generation
from retrieval.calibration import Signals, evidence, floor
from retrieval.embedders.base import Embedder
from retrieval.fusion import fuse
from retrieval.lanes import Ask, ask
from retrieval.lexicon import Lexicons, Names
from retrieval.types import Hit, Lane, LaneHit, NotConfigured, Query, Results, Unavailable, Vector

MAX_CHARACTERS = 2000
"""Of a question; what follows is not read."""
MAX_TOKENS = 64
DEPTH = 50
"""Rows asked of each lane, at least."""
FREQUENT_SHARE = 0.2
FREQUENT_COUNT = 500
"""A word in more than this share and this number of entries is left out while rarer ones remain."""
MAX_LIMIT = 100


class Vocabulary:
    """The index's own English stems, for names across scripts; read again when the index has grown or shrunk."""

    TOLERANCE = 0.05

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._held: tuple[str, int, Names] | None = None

    def names(self, active: Generation | None) -> Names | None:
        if active is None:
            return None
        held = self._held
        if held is not None and held[0] == active.name and abs(held[1] - active.entries) <= self.TOLERANCE * held[1]:
            return held[2]
        names = Names(self._backend.vocabulary("gloss"))
        self._held = (active.name, active.entries, names)
        return names


@dataclass(slots=True)
class _Lanes:
    """What the lanes gave. `attainable`: lane -> the idf of the whole question, to tell how much a hit covers."""

    hits: dict[str, list[LaneHit]] = field(default_factory=dict)
    attainable: dict[str, float] = field(default_factory=dict)
    degraded: list[str] = field(default_factory=list)
    milliseconds: dict[str, float] = field(default_factory=dict)


class Search:
    def __init__(self, backend: Backend, embedder: Embedder, lexicons: Lexicons, vocabulary: Vocabulary) -> None:
        self._backend = backend
        self._embedder = embedder
        self._lexicons = lexicons
        self._vocabulary = vocabulary

    def run(self, query: Query, active: Generation | None, *, vectors: bool) -> Results:
        """`vectors`: whether the index's vectors are of the embedder's recipe."""
        started = time.perf_counter()
        if active is None:
            return Results((), floor({}), degraded=tuple(lane.value for lane in Lane))
        query = replace(query, text=query.text[:MAX_CHARACTERS], limit=max(1, min(query.limit, MAX_LIMIT)))
        depth = max(DEPTH, 5 * query.limit)
        lanes = _Lanes()
        last: Unavailable | NotConfigured | None = None
        asked: tuple[tuple[Lane, Ask], ...] = (
            (Lane.LEXICAL, lambda: self._lexical(query, depth, lanes)),
            (Lane.GLOSS, lambda: self._gloss(query, depth, lanes, active)),
            (Lane.VECTOR, lambda: self._vector(query, depth, usable=vectors)),
        )
        asked = tuple(pair for pair in asked if not query.lanes or pair[0] in query.lanes)
        for found in ask(asked, side_by_side=self._backend.remote):
            lanes.milliseconds[found.lane.value] = found.milliseconds
            if found.hits is not None:
                lanes.hits[found.lane.value] = found.hits
            else:
                lanes.degraded.append(found.lane.value)
                last = found.error
        if last is not None and len(lanes.degraded) == len(asked):
            raise last
        begun = time.perf_counter()
        hits = self._hits(query, lanes, active)
        lanes.milliseconds["fusion"] = _since(begun)
        lanes.milliseconds["total"] = _since(started)
        return Results(hits, floor(active.calibration), tuple(lanes.degraded), lanes.milliseconds)

    def _lexical(self, query: Query, depth: int, lanes: _Lanes) -> list[LaneHit]:
        if query.filters.locales and query.locale not in query.filters.locales:
            return []
        weights = self._rarest(
            Lane.LEXICAL, _read(query, lambda asked: text.query_weights(asked, query.locale)), (query.locale,), lanes
        )
        filters = replace(query.filters, locales=(query.locale,))
        return self._backend.lexical(weights, filters, depth)

    def _gloss(self, query: Query, depth: int, lanes: _Lanes, active: Generation) -> list[LaneHit]:
        names = self._vocabulary.names(active)
        weights: Mapping[str, float] = _read(query, lambda asked: self._lexicons.gloss(asked, query.locale, names))
        weights = self._rarest(Lane.GLOSS, weights, query.filters.locales, lanes)
        return self._backend.gloss(weights, query.filters, depth)

    def _vector(self, query: Query, depth: int, *, usable: bool) -> list[LaneHit]:
        if not usable:
            raise NotConfigured("The index holds vectors of another recipe. Run `manage.py index --rebuild`.")
        if not self._embedder.recipe.dimensions or not query.text.strip():
            return []
        vector = self._embedded(query)
        return self._backend.vector(vector, query.filters, depth) if np.any(vector) else []

    def _embedded(self, query: Query) -> Vector:
        if query.correction is None:
            found: Vector = self._embedder.embed_queries([query.text], [query.locale])[0]
            return found
        share = query.correction.confidence
        both = self._embedder.embed_queries([query.text, query.correction.text], [query.locale] * 2)
        mixed: Vector = (1.0 - share) * both[0] + share * both[1]
        return mixed / max(float(np.linalg.norm(mixed)), 1e-9)

    def _rarest(
        self, lane: Lane, weights: Mapping[str, float], locales: tuple[str, ...], lanes: _Lanes
    ) -> dict[str, float]:
        """The tokens worth asking for; notes what the whole question is worth."""
        if not weights:
            return {}
        total, counts = self._backend.frequencies(lane.value, list(weights), locales)
        # Words that no entry holds count as the rarest of those that one does: a hit that lacks them covers less of the
        # question, and in a portal of one page, where every word is in most passages, it does not cover next to nothing.
        worth = {token: weight * _idf(total, max(1, counts[token])) for token, weight in weights.items()}
        lanes.attainable[lane.value] = sum(worth.values())
        known = {token: weight for token, weight in weights.items() if counts[token]}
        limit = max(FREQUENT_COUNT, FREQUENT_SHARE * total)
        rare = {token: weight for token, weight in known.items() if counts[token] <= limit} or known
        return dict(sorted(rare.items(), key=lambda item: -worth[item[0]])[:MAX_TOKENS])

    def _hits(self, query: Query, lanes: _Lanes, active: Generation) -> tuple[Hit, ...]:
        scores = {lane: {hit.family: hit.score for hit in reversed(hits)} for lane, hits in lanes.hits.items()}
        found = []
        for hit in fuse(lanes.hits, query.limit, attainable=lanes.attainable, locale=query.locale):
            signals = Signals(
                lexical=_covered(scores, lanes, Lane.LEXICAL, hit.family),
                gloss=_covered(scores, lanes, Lane.GLOSS, hit.family),
                cosine=scores.get(Lane.VECTOR.value, {}).get(hit.family, 0.0),
                home=hit.locale == query.locale or Lane.LEXICAL.value in hit.lanes,
            )
            found.append(
                Hit(
                    key=hit.key,
                    family=hit.family,
                    locale=hit.locale,
                    score=hit.score,
                    evidence=evidence(signals, active.calibration),
                    lanes=hit.lanes,
                )
            )
        return tuple(found)


def _read(query: Query, weigh: Callable[[str], Mapping[str, float]]) -> Mapping[str, float]:
    """The weights of a question; of one that was probably meant otherwise, of both readings by their shares.

    What is known keeps its whole weight. A word that nobody knows gives to what it was meant as no more than we are sure
    of, so that a hit by a guessed word never covers as much of the question as one by a typed word.
    """
    if query.correction is None:
        return weigh(query.text)
    share = query.correction.confidence
    found = {token: (1.0 - share) * weight for token, weight in weigh(query.text).items()}
    for token, weight in weigh(query.correction.text).items():
        found[token] = found.get(token, 0.0) + share * weight
    return found


def _covered(scores: Mapping[str, Mapping[str, float]], lanes: _Lanes, lane: Lane, family: str) -> float:
    """The share of the question's idf that the family's best entry covers: a word once in an entry of mean length
    scores about its idf."""
    attainable = lanes.attainable.get(lane.value, 0.0)
    return min(1.0, scores.get(lane.value, {}).get(family, 0.0) / attainable) if attainable > 0 else 0.0


def _idf(total: int, count: int) -> float:
    return float(np.log1p((total - count + 0.5) / (count + 0.5)))


def _since(begun: float) -> float:
    return round(1000 * (time.perf_counter() - begun), 3)
