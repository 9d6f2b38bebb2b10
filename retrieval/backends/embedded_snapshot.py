"""What one generation held at one moment, searchable: parts (segments with their living entries), newest last.

Readers keep the snapshot they began with; a refresh makes another one. BM25's idf counts the living entries in the
asked locales only, so what other languages hold does not move a ranking.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from retrieval.backends.embedded_postings import Ints
from retrieval.backends.embedded_segment import Part, Slice
from retrieval.types import Filters, LaneHit, Vector

Norms = Mapping[str, Mapping[str, float]]
"""Field -> locale -> mean length."""
Scores = npt.NDArray[np.float32]
GROUPS = 8
"""For each document wanted; more let fewer others through."""
KNOWN = 20_000
"""Tokens whose numbers are kept with a snapshot."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`counter`: the generation's change counter then; `seq`: how far `removed` was read. `numbers`: of tokens that were
    looked up, 0 for unknown ones; as immutable as the snapshot, for a token that came later is in none of its entries."""

    file: int
    generation: int
    counter: int
    seq: int
    dimensions: int
    parts: tuple[Part, ...]
    norms: Norms
    numbers: dict[str, int] = field(default_factory=dict, compare=False)

    def bm25(self, field: str, weights: Mapping[int, float], filters: Filters, limit: int) -> list[LaneHit]:
        """Weighted BM25, best first. idf counts the living entries in `filters.locales`, whatever else is filtered."""
        slices = self._slices(filters)
        total = sum(each.living for each in slices)
        scores = [np.zeros(len(each), dtype=np.float32) for each in slices]
        tokens = list(weights)
        runs = [each.runs(field, tokens) for each in slices]
        for at, token in enumerate(tokens):
            found, count = [], 0
            for each, run, score in zip(slices, runs, scores, strict=True):
                begin, end = run[at]
                if begin == end:
                    continue
                documents = each.documents(field, begin, end)
                impacts = each.part.segment.postings[field].impacts(begin, end)
                if each.alive is not None:
                    alive = each.alive[documents]
                    documents, impacts = documents[alive], impacts[alive]
                count += len(documents)
                found.append((score, documents, impacts))
            factor = np.float32(weights[token] * inverse_frequency(total, count))
            for score, documents, impacts in found:
                score[documents] += impacts * factor
        for each, score in zip(slices, scores, strict=True):
            # Dead documents have scored nothing.
            if (filters.topics or filters.sources or filters.kinds or filters.families) and (
                mask := each.mask(filters)
            ) is not None:
                score *= mask
        return self._best(slices, scores, limit, least=0.0)

    def nearest(self, vector: Vector, filters: Filters, limit: int) -> list[LaneHit]:
        """Cosine over all living vectors that the filters let through, best first."""
        slices, scores = self._slices(filters), []
        for each in slices:
            segment = each.part.segment
            score = segment.vectors.scores(vector, each.first, each.last)
            mask = each.mask(filters)
            if mask is not None:
                score[~mask] = -np.inf
            if segment.lacking is not None:
                score[segment.lacking[each.first : each.last]] = -np.inf
            if again := segment.vectors.again(limit, len(each)):
                near = _near_top(score, again, least=-np.inf)
                exact = segment.vectors.exact(vector, near + each.first)
                score = np.full(len(each), -np.inf, dtype=np.float32)
                score[near] = exact
            scores.append(score)
        return self._best(slices, scores, limit, least=-np.inf)

    def frequencies(self, field: str, tokens: Sequence[int], locales: Sequence[str]) -> tuple[int, list[int]]:
        """(living entries in these locales, how many of them hold each token)."""
        slices = self._slices(Filters(locales=tuple(locales)))
        counts = [0] * len(tokens)
        for each in slices:
            for at, (begin, end) in enumerate(each.runs(field, tokens)):
                if begin < end and each.alive is not None:
                    counts[at] += int(np.count_nonzero(each.alive[each.documents(field, begin, end)]))
                else:
                    counts[at] += end - begin
        return sum(each.living for each in slices), counts

    def tokens(self, field: str) -> npt.NDArray[np.uint32]:
        held = [part.segment.postings[field].held(part.alive) for part in self.parts]
        return np.unique(np.concatenate(held)) if held else np.zeros(0, np.uint32)

    def _slices(self, filters: Filters) -> list[Slice]:
        return [each for part in self.parts for each in part.slices(filters.locales)]

    def _best(self, slices: Sequence[Slice], scores: Sequence[Scores], limit: int, *, least: float) -> list[LaneHit]:
        """The `limit` best over all; equal scores by key, so that every process gives the same order."""
        rows: list[tuple[float, str, str, str]] = []
        for each, score in zip(slices, scores, strict=True):
            top = _top(score, limit, least=least)
            segment, documents = each.part.segment, top + each.first
            rows += zip(
                (-score[top]).tolist(),
                segment.keys.many(documents),
                segment.columns["family"].many(documents),
                segment.columns["locale"].many(documents),
                strict=True,
            )
        best = sorted(rows)[:limit]
        return [LaneHit(key, family, locale, -negative) for negative, key, family, locale in best]


def inverse_frequency(total: int, count: int) -> float:
    """BM25's idf, never negative."""
    return float(np.log1p((total - count + 0.5) / (count + 0.5)))


def _top(score: Scores, limit: int, *, least: float) -> Ints:
    """Positions of the best scores above `least`, ties at the border included, unordered."""
    near = _near_top(score, limit, least=least)
    if len(near) > limit:
        held = score[near]
        border = np.partition(held, len(near) - limit)[len(near) - limit]
        near = near[held >= border]
    return near


def _near_top(score: Scores, limit: int, *, least: float) -> Ints:
    """Positions of scores above `least`: all of the `limit` best, and some others.

    Of as many groups of documents as make `limit` sure, the best of each: what is below the `limit`-th best of these is
    below as many documents. Reads the scores twice instead of sorting them.
    """
    groups = GROUPS * limit
    if len(score) >= 2 * groups:
        deep = len(score) // groups
        best = score[: deep * groups].reshape(deep, groups).max(axis=0)
        border = np.partition(best, groups - limit)[groups - limit]
        if border > least:
            return np.flatnonzero(score >= border)
    return np.flatnonzero(score > least)
