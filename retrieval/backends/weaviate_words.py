"""Lists of a generation's words, in a collection of their own: reading them must not read all entries.

Two kinds. The vocabulary of a field: writers append what they have not written before, so that words of entries that
were removed or changed stay until the list is made anew. The frequent words of a field in a locale with their counts,
as a census found them.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from uuid import uuid5

from retrieval.backends.weaviate_census import Counts
from retrieval.backends.weaviate_fields import FIELDS
from retrieval.backends.weaviate_naming import Names
from retrieval.backends.weaviate_wire import MAX_ROWS, Reader
from retrieval.backends.weaviate_writing import Stored, Writer
from retrieval.types import StoredEntry

PIECE = 20_000
"""Words in one object."""
COUNTED = "counts"
"""A kind of list beside the fields' vocabularies."""
PROPERTIES = ("generation", "field", "locale", "edition", "tokens", "counts")

Piece = tuple[str, list[str]]
"""An object's id and its words."""


class Words:
    def __init__(self, names: Names, reader: Reader, writer: Writer) -> None:
        self._names = names
        self._reader = reader
        self._writer = writer
        self._written: dict[tuple[str, str], set[str]] = {}

    def add(self, generation: str, entries: Sequence[StoredEntry]) -> None:
        """To be called before the entries are stored: a word too many does no harm, one too few is not found."""
        for field in FIELDS:
            written = self._written.setdefault((generation, field), set())
            new = {token for entry in entries for token in getattr(entry, field).split()} - written
            if new:
                self._append(generation, field, new)
                written |= new

    def read(self, generation: str, field: str, seconds: float) -> Iterator[str]:
        """Each word once; `seconds` for one call to the server."""
        return iter(dict.fromkeys(token for _, tokens in self._pieces(generation, field, seconds) for token in tokens))

    def replace(self, generation: str, words: Mapping[str, set[str]], seconds: float) -> None:
        """Make the vocabularies anew."""
        for field, tokens in words.items():
            pieces = list(self._pieces(generation, field, seconds))
            kept = self._append(generation, field, tokens)
            self._writer.delete(self._names.words, [uuid for uuid, _ in pieces if uuid not in kept])
        self.forget(generation)

    def store_counts(self, generation: str, edition: str, frequent: Mapping[str, Counts], seconds: float) -> None:
        """Those of other editions go; whoever still looks for one finds it missing, and reads the record again."""
        where = {"generation": (generation,), "field": tuple(f"{field} {COUNTED}" for field in FIELDS)}
        before = [row.uuid for row in self._reader.listed(self._names.words, [], seconds, where, quorum=True)]
        objects = []
        for field, by_locale in frequent.items():
            for locale, counts in by_locale.items():
                properties = {
                    "generation": generation,
                    "field": f"{field} {COUNTED}",
                    "locale": locale,
                    "edition": edition,
                    "tokens": " ".join(counts),
                    "counts": " ".join(map(str, counts.values())),
                }
                objects.append(Stored(self._id(generation, field, locale, edition), properties))
        if objects:
            self._writer.store(self._names.words, objects)
        self._writer.delete(self._names.words, before)

    def counts(self, generation: str, edition: str, field: str, seconds: float) -> dict[str, dict[str, int]]:
        """Of the frequent words: locale or ALL -> word -> entries."""
        where = {"generation": (generation,), "field": (f"{field} {COUNTED}",)}
        found = {}
        for row in self._reader.listed(self._names.words, PROPERTIES, seconds, where):
            if row.properties["edition"] == edition:
                tokens, counts = (str(row.properties.get(name, "")).split() for name in ("tokens", "counts"))
                found[str(row.properties.get("locale", ""))] = dict(zip(tokens, map(int, counts), strict=True))
        return found

    def forget(self, generation: str) -> None:
        for field in FIELDS:
            self._written.pop((generation, field), None)

    def _append(self, generation: str, field: str, tokens: Iterable[str]) -> set[str]:
        """Returns the ids of the objects written; they follow from what the objects hold."""
        ordered = sorted(tokens)
        objects = []
        for start in range(0, len(ordered), PIECE):
            text = " ".join(ordered[start : start + PIECE])
            properties = {"generation": generation, "field": field, "tokens": text}
            objects.append(Stored(self._id(generation, field, text), properties))
        if objects:
            self._writer.store(self._names.words, objects)
        return {each.uuid for each in objects}

    def _pieces(self, generation: str, field: str, seconds: float) -> Iterator[Piece]:
        where = {"generation": (generation,), "field": (field,)}
        rows = self._reader.listed(self._names.words, ["tokens"], seconds, where)
        if len(rows) == MAX_ROWS:  # more than one answer holds: go through all that there are
            every = self._reader.every(self._names.words, PROPERTIES, seconds)
            rows = [
                row for row in every if row.properties["generation"] == generation and row.properties["field"] == field
            ]
        for row in rows:
            yield row.uuid, str(row.properties.get("tokens", "")).split()

    def _id(self, *parts: str) -> str:
        return str(uuid5(self._names.SPACE, json.dumps(parts)))
