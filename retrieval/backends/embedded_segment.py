"""The searchable form of stored entries in memory: immutable segments of numpy arrays, and snapshots made of them.

A Segment holds entries with ascending ids; nothing in it ever changes. A Snapshot is a list of segments and, for each,
which of its entries are still alive. Readers keep the snapshot they began with; a refresh makes another one.
BM25 is computed here: idf over the living entries in the asked locales, length norms per locale (a language with long
token strings is not punished for them), so what other languages hold does not move a ranking.
"""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from retrieval.types import Filters, LaneHit, Matrix, Vector

K1 = 1.2
B = 0.75
MAX_TERM_FREQUENCY = 255
COLUMNS = ("locale", "kind", "topic", "source", "family")

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Mask = npt.NDArray[np.bool_]
Norms = Mapping[tuple[str, int], float]
"""(field, locale code) -> mean length."""


class Names:
    """Text <-> small number, for the columns that filters restrict. Only grows; appending is atomic enough for threads."""

    def __init__(self) -> None:
        self.codes: dict[str, int] = {}
        self.texts: list[str] = []

    def code(self, text: str) -> int:
        found = self.codes.get(text)
        if found is None:
            self.texts.append(text)
            found = self.codes[text] = len(self.texts) - 1
        return found


def pack_tokens(counts: Mapping[int, int]) -> bytes:
    """Token id -> how often, as stored: ids (4 bytes each), then counts (1 byte each)."""
    ids = np.fromiter(counts.keys(), dtype="<u4", count=len(counts))
    times = np.minimum(np.fromiter(counts.values(), dtype=np.int64, count=len(counts)), MAX_TERM_FREQUENCY)
    return ids.tobytes() + times.astype(np.uint8).tobytes()


def unpack_tokens(packed: bytes) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint8]]:
    count = len(packed) // 5
    return np.frombuffer(packed, "<u4", count), np.frombuffer(packed, np.uint8, count, offset=4 * count)


@dataclass(frozen=True, slots=True)
class Postings:
    """One field, inverted: `documents[starts[i]:starts[i + 1]]` hold `tokens[i]`, each with its BM25 impact (no idf)."""

    tokens: npt.NDArray[np.uint32]
    starts: Ints
    documents: npt.NDArray[np.int32]
    impacts: npt.NDArray[np.float32]

    @classmethod
    def build(cls, packed: Sequence[bytes], locales: Codes, field: str, norms: Norms | None) -> "Postings":
        sizes = np.fromiter((len(blob) // 5 for blob in packed), dtype=np.int64, count=len(packed))
        sort_keys = np.empty(int(sizes.sum()), dtype=np.uint64)
        lengths = np.zeros(len(packed), dtype=np.float32)
        at = 0
        for document, blob in enumerate(packed):
            ids, times = unpack_tokens(blob)
            end = at + len(ids)
            # One sortable number per posting: token, then document, then count.
            sort_keys[at:end] = (ids.astype(np.uint64) << np.uint64(32)) | times | np.uint64(document << 8)
            lengths[document] = times.sum(dtype=np.int64)
            at = end
        sort_keys.sort()
        owners = (sort_keys >> np.uint64(32)).astype(np.uint32)
        documents = ((sort_keys >> np.uint64(8)) & np.uint64(0xFFFFFF)).astype(np.int32)
        times_of = (sort_keys & np.uint64(0xFF)).astype(np.float32)
        del sort_keys
        starts = np.flatnonzero(np.diff(owners, prepend=owners[:1] - 1)) if len(owners) else np.zeros(0, np.int64)
        saturation = _saturation(lengths, locales, field, norms)
        impacts = times_of * np.float32(K1 + 1) / (times_of + saturation[documents])
        return cls(
            tokens=owners[starts],
            starts=np.append(starts, len(owners)).astype(np.int64),
            documents=documents,
            impacts=impacts.astype(np.float32),
        )

    def of(self, token: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]] | None:
        # A number of another type would have the whole array converted first.
        at = int(self.tokens.searchsorted(np.uint32(token)))
        if at == len(self.tokens) or self.tokens[at] != token:
            return None
        start, end = self.starts[at], self.starts[at + 1]
        return self.documents[start:end], self.impacts[start:end]

    def held(self, alive: Mask | None) -> npt.NDArray[np.uint32]:
        """The tokens that a living entry holds."""
        if alive is None or not len(self.tokens):
            return self.tokens
        counts = np.add.reduceat(alive[self.documents].astype(np.int64), self.starts[:-1])
        return self.tokens[counts > 0]


def mean_lengths(packed: Mapping[str, Sequence[bytes]], locales: Codes) -> dict[tuple[str, int], float]:
    """Mean token count by field and locale."""
    means = {}
    for field, blobs in packed.items():
        lengths = np.fromiter((sum(blob[len(blob) // 5 * 4 :]) for blob in blobs), dtype=np.int64, count=len(blobs))
        for locale in np.unique(locales):
            means[field, int(locale)] = float(lengths[locales == locale].mean())
    return means


def _saturation(
    lengths: npt.NDArray[np.float32], locales: Codes, field: str, norms: Norms | None
) -> npt.NDArray[np.float32]:
    """BM25's length part for each document, by the mean length in its locale."""
    out = np.empty(len(lengths), dtype=np.float32)
    for locale in np.unique(locales):
        here = locales == locale
        mean = (norms or {}).get((field, int(locale))) or float(lengths[here].mean()) or 1.0
        out[here] = K1 * (1 - B + B * lengths[here] / mean)
    return out


@dataclass(frozen=True, slots=True)
class Segment:
    ids: Ints
    keys: list[str]
    columns: Mapping[str, Codes]
    postings: Mapping[str, Postings]
    matrix: Matrix
    lacking: Mask | None
    """Entries without a vector; None when all have one."""

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class Part:
    """A segment with its living entries; `alive` None: all."""

    segment: Segment
    alive: Mask | None = None

    @property
    def living(self) -> int:
        return len(self.segment) if self.alive is None else int(self.alive.sum())

    def without(self, removed: Ints) -> "Part":
        """The same part with those entry ids dead."""
        ids = self.segment.ids
        at = np.searchsorted(ids, removed)
        inside = at < len(ids)
        at = at[inside][ids[at[inside]] == removed[inside]]
        if not len(at):
            return self
        alive = np.ones(len(ids), dtype=np.bool_) if self.alive is None else self.alive.copy()
        alive[at] = False
        return Part(self.segment, alive)

    def mask(self, filters: Filters, names: Mapping[str, Names]) -> Mask | None:
        """Which entries the filters let through; None: all."""
        mask = self.alive
        for column, wanted in _restrictions(filters):
            codes = [code for text in wanted if (code := names[column].codes.get(text)) is not None]
            values = self.segment.columns[column]
            here = values == codes[0] if len(codes) == 1 else np.isin(values, codes)
            mask = here if mask is None else mask & here
        return mask


def _restrictions(filters: Filters) -> Iterator[tuple[str, tuple[str, ...]]]:
    for column, wanted in (
        ("locale", filters.locales),
        ("topic", filters.topics),
        ("source", filters.sources),
        ("kind", filters.kinds),
        ("family", filters.families),
    ):
        if wanted:
            yield column, wanted


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What one generation held at one moment. `counter`: its change counter then; `seq`: how far `removed` was read."""

    file: int
    generation: int
    counter: int
    seq: int
    dimensions: int
    parts: tuple[Part, ...]
    names: Mapping[str, Names]
    norms: Norms

    def bm25(self, field: str, weights: Mapping[int, float], filters: Filters, limit: int) -> list[LaneHit]:
        """Weighted BM25, best first. idf counts the living entries in `filters.locales`, whatever else is filtered."""
        scope = Filters(locales=filters.locales)
        scopes = [part.mask(scope, self.names) for part in self.parts]
        total = self._size(scopes)
        scores = [np.zeros(len(part.segment), dtype=np.float32) for part in self.parts]
        for token, weight in weights.items():
            found = []
            count = 0
            for part, scope_mask, score in zip(self.parts, scopes, scores, strict=True):
                postings = part.segment.postings[field].of(token)
                if postings is None:
                    continue
                documents, impacts = postings
                if scope_mask is not None:
                    inside = scope_mask[documents]
                    documents, impacts = documents[inside], impacts[inside]
                count += len(documents)
                found.append((score, documents, impacts))
            factor = np.float32(weight * inverse_frequency(total, count))
            for score, documents, impacts in found:
                score[documents] += impacts * factor
        if filters != scope:
            for part, score in zip(self.parts, scores, strict=True):
                mask = part.mask(filters, self.names)
                if mask is not None:
                    score *= mask
        return self._best(scores, limit, positive=True)

    def nearest(self, vector: Vector, filters: Filters, limit: int) -> list[LaneHit]:
        """Cosine over all living vectors that the filters let through, best first."""
        scores = []
        for part in self.parts:
            score = part.segment.matrix @ vector
            mask = part.mask(filters, self.names)
            if mask is not None:
                score[~mask] = -np.inf
            if part.segment.lacking is not None:
                score[part.segment.lacking] = -np.inf
            scores.append(score)
        return self._best(scores, limit, positive=False)

    def frequencies(self, field: str, tokens: Sequence[int], scope: Filters) -> tuple[int, list[int]]:
        """(living entries in scope, how many of them hold each token)."""
        masks = [part.mask(scope, self.names) for part in self.parts]
        counts = [0] * len(tokens)
        for part, mask in zip(self.parts, masks, strict=True):
            for at, token in enumerate(tokens):
                if (postings := part.segment.postings[field].of(token)) is not None:
                    counts[at] += len(postings[0]) if mask is None else int(mask[postings[0]].sum())
        return self._size(masks), counts

    def tokens(self, field: str) -> npt.NDArray[np.uint32]:
        held = [part.segment.postings[field].held(part.alive) for part in self.parts]
        return np.unique(np.concatenate(held)) if held else np.zeros(0, np.uint32)

    def _size(self, masks: Sequence[Mask | None]) -> int:
        return sum(len(p.segment) if m is None else int(m.sum()) for p, m in zip(self.parts, masks, strict=True))

    def _best(self, scores: Sequence[npt.NDArray[np.float32]], limit: int, *, positive: bool) -> list[LaneHit]:
        """The `limit` best over all parts; equal scores by key, so that every process gives the same order."""
        rows: list[tuple[float, str, Part, int]] = []
        for part, score in zip(self.parts, scores, strict=True):
            top = _top(score, limit, positive=positive)
            keys = part.segment.keys
            rows += [(-value, keys[at], part, at) for value, at in zip(score[top].tolist(), top.tolist(), strict=True)]
        best = heapq.nsmallest(limit, rows, key=lambda row: row[:2])
        return [
            LaneHit(
                key=key,
                family=self.names["family"].texts[part.segment.columns["family"][at]],
                locale=self.names["locale"].texts[part.segment.columns["locale"][at]],
                score=-negative,
            )
            for negative, key, part, at in best
        ]


def inverse_frequency(total: int, count: int) -> float:
    """BM25's idf, never negative."""
    return float(np.log1p((total - count + 0.5) / (count + 0.5)))


def _top(score: npt.NDArray[np.float32], limit: int, *, positive: bool) -> Ints:
    """Positions of the best scores, ties at the border included, unordered."""
    least = 0.0 if positive else -np.inf
    if len(score) > limit:
        border = np.partition(score, len(score) - limit)[len(score) - limit]
        if border > least:
            return np.flatnonzero(score >= border)
    return np.flatnonzero(score > least)
