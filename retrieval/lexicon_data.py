"""A lexicon's data as read from its file: columns, and words packed into one string (format: retrieval/data/README.md).

Packed, the lexicons of nine languages take 12 MB of a process; as lists and dicts of words they took 71.
"""

import gzip
import itertools
import json
import sys
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, overload

from retrieval.types import NotConfigured


class Words(Sequence[str]):
    """Many words, immutable: one string and where each word begins. A word costs its letters and 4 bytes."""

    def __init__(self, words: Iterable[str]) -> None:
        held = list(words)
        self._text = "".join(held)
        self._begin = array("I", itertools.accumulate(map(len, held), initial=0))

    def __len__(self) -> int:
        return len(self._begin) - 1

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> list[str]: ...
    def __getitem__(self, at: int | slice) -> str | list[str]:
        if isinstance(at, slice):
            return [self[place] for place in range(*at.indices(len(self)))]
        if not 0 <= at < len(self):
            raise IndexError(at)
        return self._text[self._begin[at] : self._begin[at + 1]]

    def __iter__(self) -> Iterator[str]:
        return (self._text[begin:end] for begin, end in itertools.pairwise(self._begin))

    def place(self, word: str) -> int | None:
        """Where a word stands, if these are in order; None when it is not there."""
        at = bisect_left(self, word)
        return at if at < len(self) and self[at] == word else None


class Columns(NamedTuple):
    """A lexicon's file, unpacked: the i-th stem (they are in order) has `counts[i]` translations, best first, one after
    the other in `words` (places in `english`) and `thousandths` (of probability)."""

    stems: Words
    english: list[str]
    counts: bytes
    words: "array[int]"
    thousandths: "array[int]"

    @classmethod
    def of(cls, entries: Mapping[str, Sequence[tuple[str, float]]]) -> "Columns":
        rows = sorted(entries.items())
        english = list(dict.fromkeys(word for _, pairs in rows for word, _ in pairs))
        places = {word: place for place, word in enumerate(english)}
        return cls(
            stems=Words(stem for stem, _ in rows),
            english=english,
            counts=bytes(len(pairs) for _, pairs in rows),
            words=array("H", (places[word] for _, pairs in rows for word, _ in pairs)),
            thousandths=array("H", (round(1000 * p) for _, pairs in rows for _, p in pairs)),
        )


def load(path: Path) -> Columns:
    """NotConfigured when the file is missing or damaged."""
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            raw = json.load(file)
        stems = raw["stems"].split(" ")
        columns = Columns(
            stems=Words(stems),
            english=[sys.intern(word) for word in raw["english"].split(" ")],
            counts=bytes(raw["counts"]),
            words=array("H", raw["words"]),
            thousandths=array("H", raw["thousandths"]),
        )
    except (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise NotConfigured(f"The lexicon {path.name} is damaged; install Polyfaq again ({error}).") from error
    fitting = len(stems) == len(columns.counts) and sum(columns.counts) == len(columns.words)
    if not fitting or 0 in columns.counts or len(columns.words) != len(columns.thousandths) or stems != sorted(stems):
        raise NotConfigured(f"The lexicon {path.name} is damaged; install Polyfaq again (its columns do not match).")
    return columns
