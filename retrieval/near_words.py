"""Many words, and those of them that look like a given one: edit distance with transpositions, within 1 or 2 edits.

Words are compared by their *key*: lower case, accents and the letters that readers type instead folded (`Müll` and
`mull`, `łąka` and `laka`, `إجازة` and `اجازه`). A word costs its letters twice, and 17 bytes.

A look-up narrows down before it compares. Words are in order of length, so those that can be within reach are one slice;
of these, 64 bits a word tell which letters it holds once and twice, and an edit changes at most two of them. What is
left, a few hundred of 100,000, is compared exactly (rapidfuzz). A dictionary of deletions (SymSpell) is looked up faster,
in 0.1 instead of 0.2 ms, but holds every word some thirty times: 212 MB instead of 5 for 100,000 words.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from rapidfuzz import process
from rapidfuzz.distance import OSA

from retrieval.lexicon_data import Words
from retrieval.text import fold

MAX_LETTERS = 40
SHORT, LONG = 4, 8
"""Words below SHORT letters have no near words, those below LONG within one edit, longer ones within two."""
MAX_NEAR = 64
_BUCKETS = 32
_STEP = 20_000
_FORMS = str.maketrans({"ة": "ه", "ى": "ي", "ٱ": "ا", "ی": "ي", "ک": "ك", "ـ": "", "'": "", "’": "", "ʼ": "", "`": ""})


@dataclass(frozen=True, slots=True)
class Near:
    """A word of the vocabulary, its key, and how many edits part the keys."""

    word: str
    key: str
    edits: int


def key_of(word: str) -> str:
    """What is compared: accents, hamza, ta marbuta and apostrophes do not count."""
    return fold(word).translate(_FORMS)


def reach(key: str) -> int:
    """How many edits a word may be away: none below 4 letters, 1 up to 7, 2 above."""
    return 0 if len(key) < SHORT else 1 if len(key) < LONG else 2


class NearWords:
    """Immutable; safe between threads."""

    def __init__(self, words: Iterable[str]) -> None:
        held = sorted({word for word in words if 0 < len(word) <= MAX_LETTERS and "\n" not in word})
        keys = key_of("\n".join(held)).split("\n") if held else []
        order = sorted(range(len(held)), key=lambda at: (len(keys[at]), keys[at], held[at]))
        self._words = Words(held[at] for at in order)
        self._keys = Words(keys[at] for at in order)
        lengths = np.array([len(keys[at]) for at in order], dtype=np.int64)
        self._begins = np.searchsorted(lengths, np.arange(MAX_LETTERS * 2 + 3))
        self._lengths = lengths.astype(np.uint8)
        self._letters = _signatures(self._keys)

    def __len__(self) -> int:
        return len(self._words)

    def __iter__(self) -> Iterator[str]:
        return iter(self._words)

    def same(self, key: str) -> list[Near]:
        """The words of this very key."""
        begin, end = self._slice(len(key), len(key))
        while begin < end:
            middle = (begin + end) // 2
            begin, end = (middle + 1, end) if self._keys[middle] < key else (begin, middle)
        found = []
        while begin < len(self) and self._keys[begin] == key:
            found.append(Near(self._words[begin], key, 0))
            begin += 1
        return found

    def near(self, key: str, edits: int) -> list[Near]:
        """The words within so many edits of the key, the nearest first; at most MAX_NEAR. `edits`: 0 to 2."""
        if edits < 1 or not key or len(key) > MAX_LETTERS:
            return self.same(key)
        begin, end = self._slice(len(key) - edits, len(key) + edits)
        if begin >= end:
            return []
        apart = np.bitwise_count(self._letters[begin:end] ^ _signatures([key])[0])
        # An insertion or deletion changes one of the bits, a substitution two.
        allowed = 2 * edits - np.abs(self._lengths[begin:end].astype(np.int16) - len(key))
        places = (np.flatnonzero(apart <= allowed) + begin).tolist()
        choices = [self._keys[place] for place in places]
        scored = process.extract(key, choices, scorer=OSA.distance, score_cutoff=edits, limit=MAX_NEAR)
        return [Near(self._words[places[at]], choice, int(distance)) for choice, distance, at in scored]

    def _slice(self, shortest: int, longest: int) -> tuple[int, int]:
        last = len(self._begins) - 2
        return int(self._begins[min(max(shortest, 0), last)]), int(self._begins[min(longest, last) + 1])


def _signatures(keys: Sequence[str]) -> npt.NDArray[np.uint64]:
    """Which letters each word holds at least once (low half) and at least twice (high half), letters in 32 buckets."""
    out = np.zeros(len(keys), dtype=np.uint64)
    bits = np.left_shift(np.uint64(1), np.arange(2 * _BUCKETS, dtype=np.uint64))
    for start in range(0, len(keys), _STEP):
        batch = keys[start : start + _STEP]
        letters = np.frombuffer("".join(batch).encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.uint64)
        owners = np.repeat(np.arange(len(batch)), [len(key) for key in batch])
        buckets = ((letters * np.uint64(2654435761)) >> np.uint64(11)) % np.uint64(_BUCKETS)
        counts = np.bincount(owners * _BUCKETS + buckets.astype(np.int64), minlength=len(batch) * _BUCKETS)
        held = counts.reshape(len(batch), _BUCKETS)
        out[start : start + _STEP] = np.concatenate([held >= 1, held >= 2], axis=1) @ bits
    return out
