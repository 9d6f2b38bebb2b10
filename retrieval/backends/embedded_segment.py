"""The searchable form of stored entries: immutable segments of numpy arrays, in memory or mapped from a file.

A Segment holds entries as documents numbered from 0, those of one locale together and by id within it, so that a locale
is a range of numbers. Nothing in it ever changes. A Part is a segment with those of its entries that are still alive.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from retrieval.backends.embedded_postings import Ints, Postings
from retrieval.backends.embedded_texts import Column, Texts
from retrieval.backends.embedded_vectors import Vectors
from retrieval.types import Filters

COLUMNS = ("locale", "kind", "topic", "source", "family")
FIELDS = ("lexical", "gloss")

Mask = npt.NDArray[np.bool_]
Array = npt.NDArray[Any]
Keep = Callable[[str, Array], Array]
"""Puts an array where it is to stay and gives it back from there."""


@dataclass(frozen=True, slots=True)
class Segment:
    """`ids`: of each document's entry. `by_id`: the documents in the order of their ids."""

    ids: Ints
    by_id: Ints
    keys: Texts
    columns: Mapping[str, Column]
    postings: Mapping[str, Postings]
    vectors: Vectors
    lacking: Mask | None
    """Documents without a vector; None when all have one."""

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def newest(self) -> int:
        """The highest id; 0 when empty."""
        return int(self.ids[self.by_id[-1]]) if len(self) else 0

    def locales(self) -> list[tuple[str, int, int]]:
        """(locale, first document, one past its last)."""
        return ranges(self.columns["locale"])

    def range_of(self, locale: str) -> tuple[int, int]:
        """The documents of a locale: first, one past the last; (0, 0) when there are none."""
        column = self.columns["locale"]
        code = column.texts.place(locale)
        if code is None:
            return 0, 0
        return int(column.codes.searchsorted(np.int32(code))), int(column.codes.searchsorted(np.int32(code + 1)))


def ranges(locales: Column) -> list[tuple[str, int, int]]:
    """Of a column in order: each text with its first place and the one after its last."""
    edges = np.searchsorted(locales.codes, np.arange(len(locales.texts) + 1, dtype=np.int32)).tolist()
    return [(locales.texts[code], edges[code], edges[code + 1]) for code in range(len(locales.texts))]


def kept_texts(name: str, texts: Texts, keep: Keep) -> Texts:
    return Texts(keep(f"{name}.letters", texts.letters), keep(f"{name}.starts", texts.starts))


def kept_column(name: str, column: Column, keep: Keep) -> Column:
    return Column(keep(f"{name}.codes", column.codes), kept_texts(name, column.texts, keep))


def kept_postings(name: str, postings: Postings, keep: Keep) -> Postings:
    return Postings(
        tokens=keep(f"{name}.tokens", postings.tokens),
        starts=keep(f"{name}.starts", postings.starts),
        documents=keep(f"{name}.documents", postings.documents),
        times=keep(f"{name}.times", postings.times),
        saturation=keep(f"{name}.saturation", postings.saturation),
    )


def kept_vectors(vectors: Vectors, keep: Keep) -> Vectors:
    leading = keep("vectors.leading", vectors.leading)
    if vectors.axes is None or vectors.whole is None:
        return Vectors(leading, None, None)
    return Vectors(leading, keep("vectors.axes", vectors.axes), keep("vectors.whole", vectors.whole))


def segment_of(arrays: Mapping[str, Array]) -> Segment:
    """From the arrays that the kept_ functions named. KeyError when one is missing."""

    def texts(name: str) -> Texts:
        return Texts(arrays[f"{name}.letters"], arrays[f"{name}.starts"])

    def postings(name: str) -> Postings:
        return Postings(**{part: arrays[f"{name}.{part}"] for part in Postings.__dataclass_fields__})

    return Segment(
        ids=arrays["ids"],
        by_id=arrays["by_id"],
        keys=texts("keys"),
        columns={name: Column(arrays[f"{name}.codes"], texts(name)) for name in COLUMNS},
        postings={name: postings(name) for name in FIELDS},
        vectors=Vectors(arrays["vectors.leading"], arrays.get("vectors.axes"), arrays.get("vectors.whole")),
        lacking=arrays.get("lacking"),
    )


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
        segment = self.segment
        at = np.searchsorted(segment.ids, removed, sorter=segment.by_id)
        inside = at < len(segment)
        documents = segment.by_id[at[inside]]
        documents = documents[segment.ids[documents] == removed[inside]]
        if not len(documents):
            return self
        alive = np.ones(len(segment), dtype=np.bool_) if self.alive is None else self.alive.copy()
        alive[documents] = False
        return Part(segment, alive)

    def slices(self, locales: Sequence[str]) -> Iterator["Slice"]:
        """The documents in these locales, in all of them when none is named, as ranges."""
        if not locales:
            yield Slice(self, 0, len(self.segment), self.alive)
            return
        for locale in dict.fromkeys(locales):
            first, last = self.segment.range_of(locale)
            if first < last:
                yield Slice(self, first, last, None if self.alive is None else self.alive[first:last])


@dataclass(frozen=True, slots=True)
class Slice:
    """A range of a part's documents. `alive`: of the range; None: all."""

    part: Part
    first: int
    last: int
    alive: Mask | None

    def __len__(self) -> int:
        return self.last - self.first

    @property
    def living(self) -> int:
        return len(self) if self.alive is None else int(np.count_nonzero(self.alive))

    def runs(self, field: str, tokens: Sequence[int]) -> list[tuple[int, int]]:
        """For each token where its postings in this range begin and end."""
        postings = self.part.segment.postings[field]
        found = postings.runs(tokens)
        if len(self) == len(self.part.segment):
            return found
        first, last = np.int32(self.first), np.int32(self.last)
        return [postings.within(begin, end, first, last) if begin < end else (0, 0) for begin, end in found]

    def documents(self, field: str, begin: int, end: int) -> npt.NDArray[np.int32]:
        """Of a run of postings, counted from the range's first document."""
        found = self.part.segment.postings[field].documents[begin:end]
        return found - np.int32(self.first) if self.first else found

    def mask(self, filters: Filters) -> Mask | None:
        """Which documents the filters besides locales let through, dead ones among them out; None: all."""
        mask = self.alive
        for name, wanted in (
            ("topic", filters.topics),
            ("source", filters.sources),
            ("kind", filters.kinds),
            ("family", filters.families),
        ):
            if not wanted:
                continue
            column = self.part.segment.columns[name]
            codes = [code for text in wanted if (code := column.texts.place(text)) is not None]
            values = column.codes[self.first : self.last]
            here = values == codes[0] if len(codes) == 1 else np.isin(values, codes)
            mask = here if mask is None else mask & here
        return mask
