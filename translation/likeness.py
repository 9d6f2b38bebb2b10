"""Which of many texts are like one: an exact filter in front of rapidfuzz, so that few are compared letter by letter.

fuzz.ratio is 100 * (1 - edits / (length + length)), where an edit puts in or takes out one letter. Two texts whose letters,
counted by kind, differ by more than the edits allowed cannot be that like; counting is done once. The most promising are
compared first, and of the others only those that could still be among the likest. No match is missed.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from rapidfuzz import fuzz, process

KINDS = 32
"""Letters are counted by their code point modulo this; letters that fall together only let more through."""
_MOST = 127
_FIRST = 500
"""Texts compared first; the worst of the likest among them is what the others must beat."""
_AT_ONCE = 5000

Counts = npt.NDArray[np.int8]
Places = npt.NDArray[np.int64]


class Likeness:
    """Immutable once made; 32 bytes and a number a text. Safe to use from many threads."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = list(texts)
        lengths = np.fromiter(map(len, self._texts), np.int64, len(self._texts))
        self._order = np.argsort(lengths, kind="stable")
        self._lengths = lengths[self._order]
        self._counts = np.empty((KINDS, len(self._texts)), np.int8)
        for start in range(0, len(self._texts), _AT_ONCE):
            chosen = self._order[start : start + _AT_ONCE]
            self._counts[:, start : start + len(chosen)] = _count([self._texts[at] for at in chosen])

    def like(self, text: str, threshold: float, limit: int) -> list[tuple[str, float]]:
        """(text, fuzz.ratio) of the likest, best first, none below the threshold, at most `limit`."""
        places, ceilings = self._candidates(text, threshold)
        first = ceilings >= (np.partition(ceilings, -_FIRST)[-_FIRST] if len(places) > _FIRST else threshold)
        found = self._compared(text, places[first], threshold, limit)
        if len(found) >= limit:
            threshold = max(threshold, found[-1][1])
        found += self._compared(text, places[~first & (ceilings >= threshold)], threshold, limit)
        found.sort(key=lambda each: (-each[1], each[0]))
        return [(self._texts[at], score) for at, score in found[:limit]]

    def _compared(self, text: str, places: Places, threshold: float, limit: int) -> list[tuple[int, float]]:
        """(position, score) of the likest at these positions."""
        texts = [self._texts[at] for at in places]
        rows = process.extract(text, texts, scorer=fuzz.ratio, score_cutoff=threshold, limit=limit)
        return [(int(places[row]), score) for _, score, row in rows]

    def _candidates(self, text: str, threshold: float) -> tuple[Places, npt.NDArray[np.float64]]:
        """Positions of all texts that can be that like, in order, and how like each can be at most."""
        share = 1 - min(max(threshold, 0.0), 100.0) / 100
        size = len(text)
        low = np.searchsorted(self._lengths, np.floor(size * (1 - share) / (1 + share)), "left")
        longest = np.inf if share >= 1 else np.ceil(size * (1 + share) / (1 - share))
        high = np.searchsorted(self._lengths, longest, "right")
        edits = np.abs(self._counts[:, low:high] - _count([text])).sum(axis=0, dtype=np.int16)
        ceilings = 100 * (1 - edits / np.maximum(self._lengths[low:high] + size, 1)) + 1e-6
        near = np.flatnonzero(ceilings >= threshold)
        near = near[np.argsort(self._order[low:high][near])]
        return self._order[low:high][near], ceilings[near]


def _count(texts: Sequence[str]) -> Counts:
    """Shape (KINDS, texts): how many letters of each kind, at most 127."""
    codes = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), np.uint32) % KINDS
    rows = np.repeat(np.arange(len(texts)), np.fromiter(map(len, texts), np.int64, len(texts)))
    counted = np.bincount(codes * len(texts) + rows, minlength=KINDS * len(texts))
    return np.minimum(counted, _MOST).reshape(KINDS, len(texts)).astype(np.int8)
