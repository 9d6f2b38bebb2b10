"""One field of a segment, inverted: which documents hold a token, how often, and what BM25 gives for it.

Documents of one locale stand together (see embedded_segment), so one locale's share of a token's documents is one run.
Length norms are per locale: a language with long token strings is not punished for them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

K1 = 1.2
B = 0.75
MAX_TERM_FREQUENCY = 255

Ints = npt.NDArray[np.int64]
Documents = npt.NDArray[np.int32]
Means = Mapping[str, float]
"""Locale -> mean length of a field."""


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
    """`documents[starts[i]:starts[i + 1]]`, ascending, hold `tokens[i]`, `times` times each. `saturation`: of each
    document, BM25's length part. Five bytes a posting."""

    tokens: npt.NDArray[np.uint32]
    starts: Ints
    documents: Documents
    times: npt.NDArray[np.uint8]
    saturation: npt.NDArray[np.float32]

    def runs(self, tokens: Sequence[int]) -> list[tuple[int, int]]:
        """For each token where its documents begin and end; (0, 0) for those that none holds."""
        if not len(self.tokens):
            return [(0, 0)] * len(tokens)
        wanted = np.array(tokens, dtype=np.uint32)
        at = np.minimum(self.tokens.searchsorted(wanted), len(self.tokens) - 1)
        held = self.tokens[at] == wanted
        begin, end = np.where(held, self.starts[at], 0), np.where(held, self.starts[at + 1], 0)
        return list(zip(begin.tolist(), end.tolist(), strict=True))

    def within(self, begin: int, end: int, first: np.int32, last: np.int32) -> tuple[int, int]:
        """The part of a run that lies in the documents from `first` up to `last`."""
        run = self.documents[begin:end]
        return begin + int(run.searchsorted(first)), begin + int(run.searchsorted(last))

    def impacts(self, begin: int, end: int) -> npt.NDArray[np.float32]:
        """BM25 without idf for each posting of a run."""
        times = self.times[begin:end].astype(np.float32)
        return times * np.float32(K1 + 1) / (times + self.saturation[self.documents[begin:end]])

    def held(self, alive: npt.NDArray[np.bool_] | None) -> npt.NDArray[np.uint32]:
        """The tokens that a living document holds."""
        if alive is None or not len(self.tokens):
            return self.tokens
        counts = np.add.reduceat(alive[self.documents].astype(np.int64), self.starts[:-1])
        return self.tokens[counts > 0]


@dataclass(frozen=True, slots=True)
class Inverted:
    """What inverting one field needs of its rows, gathered in one pass. `keys`: a sortable number for each posting: token,
    then document, then count. `lengths`: tokens of each document."""

    keys: npt.NDArray[np.uint64]
    lengths: npt.NDArray[np.float32]

    @classmethod
    def gather(cls, rows: Iterable[bytes], ranks: Ints, size: int) -> "Inverted":
        """`rows`: packed tokens in the order of `ranks`, the documents' numbers; `size`: of all rows, in bytes."""
        keys = np.empty(size // 5, dtype=np.uint64)
        lengths = np.zeros(len(ranks), dtype=np.float32)
        at = 0
        for document, packed in zip(ranks.tolist(), rows, strict=True):
            ids, times = unpack_tokens(packed)
            end = at + len(ids)
            np.left_shift(ids, np.uint64(32), out=keys[at:end], casting="unsafe", dtype=np.uint64)
            keys[at:end] |= times
            keys[at:end] |= np.uint64(document << 8)
            lengths[document] = times.sum(dtype=np.int64)
            at = end
        if at != len(keys):
            raise ValueError("packed tokens of another size than announced")
        return cls(keys, lengths)

    def postings(self, locales: Sequence[tuple[str, int, int]], means: Means) -> Postings:
        """`locales`: (locale, first document, one past its last). Uses `keys` up."""
        keys = self.keys
        keys.sort()
        times = keys.astype(np.uint8)  # the lowest eight bits
        keys >>= np.uint64(8)
        documents = (keys.astype(np.uint32) & np.uint32(0xFFFFFF)).astype(np.int32)
        keys >>= np.uint64(24)
        starts = np.flatnonzero(keys[1:] != keys[:-1]) + 1 if len(keys) else np.zeros(0, np.int64)
        starts = np.concatenate(([0], starts)) if len(keys) else starts
        saturation = np.ones(len(self.lengths), dtype=np.float32)
        for locale, first, last in locales:
            mean = means.get(locale) or float(self.lengths[first:last].mean()) or 1.0
            saturation[first:last] = K1 * (1 - B + B * self.lengths[first:last] / mean)
        return Postings(
            tokens=keys[starts].astype(np.uint32),
            starts=np.append(starts, len(keys)).astype(np.int64),
            documents=documents,
            times=times,
            saturation=saturation,
        )

    def means(self, locales: Sequence[tuple[str, int, int]]) -> dict[str, float]:
        return {locale: float(self.lengths[first:last].mean(dtype=np.float64)) for locale, first, last in locales}
