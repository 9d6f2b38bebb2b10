"""The backend for more than one machine: a Weaviate server or cluster (docs/adr/0006-weaviate.md).

Vectors, tokens and ranking are ours: the server stores them, finds candidates and survives. Look-ups have a deadline and
go through a circuit breaker, so that a reader waits once and briefly for a dead server; writes wait longer, and repeat
what was not taken. A call that fails in the middle may have stored a part: entries are replaced by key, so the same call
again completes it.
"""

import atexit
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import asdict, replace
from uuid import uuid4

import numpy as np

from retrieval.backends.base import Generation
from retrieval.backends.embedded_rows import refuse
from retrieval.backends.weaviate_census import census
from retrieval.backends.weaviate_client import WORK_SECONDS, Connection, Missing
from retrieval.backends.weaviate_fields import FIELDS, property_name, tokens_of
from retrieval.backends.weaviate_generations import FULL_SCAN, Generations, Record
from retrieval.backends.weaviate_lease import Lease
from retrieval.backends.weaviate_naming import Names
from retrieval.backends.weaviate_options import READ_SECONDS, options
from retrieval.backends.weaviate_scoring import scored, steering
from retrieval.backends.weaviate_statistics import Statistics
from retrieval.backends.weaviate_wire import MAX_ROWS, Reader, Row, Where
from retrieval.backends.weaviate_words import Words
from retrieval.backends.weaviate_writing import Stored, Writer
from retrieval.types import (
    EntryKind,
    Filters,
    IndexCorrupt,
    InvalidInput,
    LaneHit,
    RetrievalError,
    StoredEntry,
    Unavailable,
    Vector,
)

BATCH = 256
"""Objects in one message."""
GROUP = 100
"""Keys or families in one condition."""
FRESH_SECONDS = 1.0
"""How long a look-up counts words with what the last call saw; where it finds them is always up to date."""
SPARE = 4
"""Of so many hits wanted one more candidate is asked of the server, since its scores are ours but for rounded weights."""
COUNT_SECONDS = 3.0
COUNT_ATTEMPTS = 5
EVERY_KIND: Where = {"kind": tuple(kind.value for kind in EntryKind)}
"""Lets every entry through. A server searches what a condition leaves exactly, when that is not too much."""
PROPERTIES = ("key", "family", "locale")
STORED = ("key", "family", "kind", "locale", "topic", "source", "fingerprint")


class WeaviateBackend:
    """A Backend on a server. Safe to share between threads and across forks."""

    remote = True

    def __init__(
        self,
        url: str = "",
        grpc_url: str = "",
        api_key: str = "",
        prefix: str = "Polyfaq",
        replicas: int = 1,
        shards: int = 0,
        quantiser: str = "rq-8",
        read_seconds: float = READ_SECONDS,
        *,
        scratch: bool = False,
    ) -> None:
        """Opens nothing. NotConfigured for what cannot be used; see docs/how-to/use-weaviate.md.

        `scratch`: everything of this prefix is dropped when the process ends.
        """
        chosen = options(url, grpc_url, api_key, prefix, replicas, shards, quantiser, read_seconds)
        self._connection = Connection(chosen)
        self._seconds = chosen.read_seconds
        self._names = Names(chosen.prefix)
        self._reader = Reader(self._connection)
        self._writer = Writer(self._connection)
        self._generations = Generations(self._names, chosen, self._reader, self._writer)
        self._words = Words(self._names, self._reader, self._writer)
        self._lease = Lease(self._names, self._reader, self._writer)
        self._statistics: Statistics | None = None
        self._totals: dict[str, tuple[str, int]] = {}
        if scratch:
            atexit.register(self._discard, os.getpid())

    # generations -----------------------------------------------------------------------------------------------------

    def generations(self) -> list[Generation]:
        with self._reading():
            records, active = self._generations.current(self._seconds)
            if active is not None and active not in {record.name for record in records}:
                raise IndexCorrupt(f"The index's active generation {active} is not registered. Rebuild it.")
            totals = {record.name: self._total(record, active == record.name) for record in records}
        self._remember(next((record for record in records if record.name == active), None))
        return [
            Generation(each.name, each.recipe, totals[each.name], each.complete, each.name == active, each.calibration)
            for each in records
        ]

    def create(self, name: str, recipe: str, dimensions: int) -> None:
        self._names.entries(name)  # refuses what cannot be a name
        found = next((each for each in self._records() if each.name == name), None)
        if found is not None and found.recipe != recipe:
            raise InvalidInput(f"Generation {name} exists with another recipe ({found.recipe}, not {recipe}).")
        if found is None:
            self._generations.create(name, recipe, dimensions)

    def complete(self, name: str, calibration: Mapping[str, float]) -> None:
        self._count(self._generations.record(name, WORK_SECONDS), list_words=True)
        self._generations.change(name, complete=True, calibration=json.dumps(dict(calibration), sort_keys=True))

    def activate(self, name: str) -> None:
        if not self._generations.record(name, WORK_SECONDS).complete:
            raise InvalidInput(f"Generation {name} is not complete: its build was cut off or still runs.")
        self._generations.activate(name)
        self._statistics = None

    def drop(self, name: str) -> None:
        if name not in {record.name for record in self._records()}:
            return
        if self._generations.active(WORK_SECONDS) == name:
            raise InvalidInput(f"Generation {name} is the active one and cannot be dropped.")
        self._generations.drop(name)
        self._words.forget(name)

    def building(self, seconds: float) -> AbstractContextManager[bool]:
        self._generations.prepare()
        return self._lease.held(seconds, WORK_SECONDS)

    def compact(self) -> None:
        """Count all entries of the active generation anew, unless nothing was written since; space is given back by the
        server itself."""
        active = self._generations.active(WORK_SECONDS)
        if active is not None:
            record = self._generations.record(active, WORK_SECONDS)
            if record.marker != record.measures.listed:
                self._count(record, list_words=True)

    def reset(self) -> None:
        self._generations.reset()
        self._statistics = None
        self._totals.clear()

    # entries ---------------------------------------------------------------------------------------------------------

    def upsert(self, entries: Iterable[StoredEntry], generation: str | None = None) -> int:
        given = list(entries)
        record = self._generations.record(generation, WORK_SECONDS)
        refuse(given, record.dimensions)
        # Of one key given twice the last stands.
        unique = list({entry.key: entry for entry in given}.values())
        for start in range(0, len(unique), BATCH):
            batch = unique[start : start + BATCH]
            self._generations.prepare_locales(record, {entry.locale for entry in batch})
            self._words.add(record.name, batch)
            objects = [_object(entry) for entry in batch]
            named = {each.uuid: entry.key for each, entry in zip(objects, batch, strict=True)}
            self._writer.store(self._names.entries(record.name), objects, named)
        if unique:
            self._touch(record, {entry.locale for entry in unique})
        return len(given)

    def remove(self, keys: Sequence[str], generation: str | None = None) -> int:
        record = self._generations.record(generation, WORK_SECONDS)
        gone = self._writer.delete(
            self._names.entries(record.name), [self._names.entry_id(key) for key in dict.fromkeys(keys)]
        )
        if gone:
            self._touch(record, set())
        return gone

    def fetch(self, keys: Sequence[str], generation: str | None = None) -> list[StoredEntry]:
        record = self._generations.record(generation, WORK_SECONDS)
        collection = self._names.entries(record.name)
        properties = sorted(self._generations.properties(record, WORK_SECONDS))
        ids = [self._names.entry_id(key) for key in dict.fromkeys(keys)]
        found: list[StoredEntry] = []
        for start in range(0, len(ids), GROUP):
            where = {"_id": ids[start : start + GROUP]}
            rows = self._reader.listed(collection, properties, WORK_SECONDS, where, vectors=True, quorum=True)
            found += [_entry(row) for row in rows]
        return found

    def fingerprints(self, generation: str | None = None, families: Sequence[str] = ()) -> Iterator[tuple[str, str]]:
        if generation is None and self._generations.active(WORK_SECONDS) is None:
            return iter(())
        collection = self._names.entries(self._generations.record(generation, WORK_SECONDS).name)
        if not families:
            return _fingerprints(self._reader.every(collection, ("key", "fingerprint"), WORK_SECONDS))
        return _fingerprints(self._of_families(collection, list(dict.fromkeys(families))))

    def _of_families(self, collection: str, families: Sequence[str]) -> Iterator[Row]:
        for start in range(0, len(families), GROUP):
            group = families[start : start + GROUP]
            rows = self._reader.listed(collection, ("key", "fingerprint"), WORK_SECONDS, {"family": group}, quorum=True)
            if len(rows) == MAX_ROWS and len(group) > 1:  # perhaps not all of them
                for family in group:
                    yield from self._of_families(collection, [family])
            elif len(rows) == MAX_ROWS:
                every = self._reader.every(collection, ("key", "fingerprint", "family"), WORK_SECONDS)
                yield from (row for row in every if row.properties["family"] == group[0])
            else:
                yield from rows

    # look-ups --------------------------------------------------------------------------------------------------------

    def lexical(self, tokens: Mapping[str, float], filters: Filters, limit: int) -> list[LaneHit]:
        return self._switched(lambda: self._bm25("lexical", tokens, filters, limit))

    def gloss(self, tokens: Mapping[str, float], filters: Filters, limit: int) -> list[LaneHit]:
        return self._switched(lambda: self._bm25("gloss", tokens, filters, limit))

    def vector(self, vector: Vector, filters: Filters, limit: int) -> list[LaneHit]:
        given = np.asarray(vector, dtype=np.float32)
        if limit < 1 or not given.any():
            return []
        hits = self._switched(lambda: self._nearest(given, filters, limit))
        return sorted(hits, key=lambda hit: (-hit.score, hit.key))

    def _nearest(self, given: Vector, filters: Filters, limit: int) -> list[LaneHit]:
        with self._reading():
            known = self._known()
            if known is None:
                return []
            if len(given) != known.record.dimensions:
                raise InvalidInput(
                    f"The index holds vectors of {known.record.dimensions} numbers, the query has {len(given)}."
                )
            where = _where(filters)
            if not where and known.total() <= FULL_SCAN:
                where = EVERY_KIND
            rows = self._reader.nearest(known.collection, given, where, PROPERTIES, min(limit, MAX_ROWS), self._seconds)
        return [_hit(row) for row in rows]

    def frequencies(self, field: str, tokens: Sequence[str], locales: Sequence[str] = ()) -> tuple[int, dict[str, int]]:
        with self._reading():
            known = self._known()
            if known is None:
                return 0, dict.fromkeys(tokens, 0)
            return known.counts(field, tokens, locales, self._seconds)

    def vocabulary(self, field: str) -> Iterator[str]:
        with self._reading():
            known = self._known()
            return iter(() if known is None else list(self._words.read(known.record.name, field, self._seconds)))

    def close(self) -> None:
        self._connection.close()
        self._statistics = None

    def _bm25(self, field: str, tokens: Mapping[str, float], filters: Filters, limit: int) -> list[LaneHit]:
        if not tokens or limit < 1:
            return []
        with self._reading():
            known = self._known()
            if known is None:
                return []
            fields = known.properties(field, filters.locales, self._seconds)
            total, counts = known.counts(field, list(tokens), filters.locales, self._seconds)
            holders = known.holders(field, counts, filters.locales, self._seconds)
            query = steering(tokens, counts, holders, total, known.total())
            if not query or not fields:
                return []
            where = _where(replace(filters, locales=()))  # each locale has properties of its own
            depth = min(limit + limit // SPARE + 10, MAX_ROWS)
            rows = self._reader.bm25(
                known.collection, fields, query, where, (*PROPERTIES, *fields), depth, self._seconds
            )
        return scored(rows, field, tokens, counts, total, known.means(field))[:limit]

    def _switched(self, look_up: Callable[[], list[LaneHit]]) -> list[LaneHit]:
        """Again, when the generation was dropped after it was taken for the active one.

        Look-ups name its collection and not the alias: a node of a cluster may follow a switch a moment later than the one that
        was asked for it.
        """
        try:
            return look_up()
        except Missing:
            return look_up()

    def _discard(self, made_in: int) -> None:
        if os.getpid() == made_in:
            with suppress(RetrievalError):
                self.reset()
            self.close()

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Around everything that a reader waits for."""
        with self._connection.reading(self._seconds):
            try:
                yield
            except Missing:
                self._statistics = None
                raise

    # what is known of the server -------------------------------------------------------------------------------------

    def _known(self) -> Statistics | None:
        """Of the active generation, as seen at most FRESH_SECONDS ago."""
        held = self._statistics
        if held is not None and time.monotonic() - held.seen < FRESH_SECONDS:
            return held
        active = self._generations.active(self._seconds)
        self._remember(self._generations.record(active, self._seconds) if active else None)
        return self._statistics

    def _remember(self, record: Record | None) -> None:
        held = self._statistics
        if record is None:
            self._statistics = None
        elif held is None or held.record.name != record.name:
            self._statistics = Statistics(self._reader, self._words, self._names.entries(record.name), record)
        else:
            self._statistics = held.refreshed(record)

    def _records(self) -> list[Record]:
        return self._generations.records(WORK_SECONDS)

    def _total(self, record: Record, active: bool) -> int:
        """Entries of a generation; counted once for each marker."""
        marker, total = self._totals.get(record.name, ("", 0))
        if marker != record.marker or not marker:
            try:
                [total] = self._reader.counts(self._names.entries(record.name), [{}], self._seconds)
            except Missing:
                if active:
                    raise
                return 0  # cut off between its record and its collection
            self._totals[record.name] = (record.marker, total)
        return total

    def _counted(self, collection: str) -> int:
        """The entries of a collection, for background work. A server waits for the replica that it asks, also for one that
        has just died, and asks another the next time."""
        for _ in range(COUNT_ATTEMPTS - 1):
            with suppress(Unavailable):
                return self._reader.counts(collection, [{}], COUNT_SECONDS)[0]
        return self._reader.counts(collection, [{}], WORK_SECONDS)[0]

    def _touch(self, record: Record, locales: set[str]) -> None:
        """Tell every process that something was written; count anew what a complete generation's ranking rests on."""
        marker = uuid4().hex
        if record.complete:
            total = self._counted(self._names.entries(record.name))
            if record.measures.outdated(total, locales):
                self._count(record, marker)
        self._generations.change(record.name, marker=marker)
        self._statistics = None

    def _count(self, record: Record, marker: str = "", *, list_words: bool = False) -> None:
        """`marker`: of the write that this belongs to. `list_words`: make the vocabulary anew too; what others add to it at
        this moment may be lost until the next time, so it is left to builders."""
        collection, edition = self._names.entries(record.name), marker or uuid4().hex
        total = self._counted(collection)
        properties = sorted(self._generations.properties(record, WORK_SECONDS))
        found = census(self._reader.every(collection, properties, WORK_SECONDS), total, edition)
        measures = replace(found.measures, listed=record.measures.listed)
        if list_words and found.words is not None:
            self._words.replace(record.name, found.words, WORK_SECONDS)
            measures = replace(measures, listed=edition)
        self._words.store_counts(record.name, edition, found.frequent, WORK_SECONDS)
        self._generations.change(record.name, measures=json.dumps(asdict(measures), sort_keys=True), marker=edition)
        self._statistics = None


def _where(filters: Filters) -> Where:
    given = {
        "locale": filters.locales,
        "topic": filters.topics,
        "source": filters.sources,
        "kind": filters.kinds,
        "family": filters.families,
    }
    return {name: values for name, values in given.items() if values}


def _object(entry: StoredEntry) -> Stored:
    return Stored(
        uuid=Names.entry_id(entry.key),
        properties={
            "key": entry.key,
            "family": entry.family,
            "kind": str(entry.kind),
            "locale": entry.locale,
            "topic": entry.topic,
            "source": entry.source,
            "fingerprint": entry.fingerprint,
            **{
                property_name(field, entry.locale): said
                for field in FIELDS
                if (said := " ".join(getattr(entry, field).split()))
            },
        },
        vector=_rounded(entry.vector).tolist() if entry.vector is not None and entry.vector.any() else None,
    )


def _rounded(vector: Vector) -> Vector:
    """As the embedded index keeps it, so that rounding orders two entries alike on both."""
    return vector.astype(np.float16).astype(np.float32)


def _entry(row: Row) -> StoredEntry:
    texts = {name: str(row.properties.get(name, "")) for name in STORED}
    texts |= {field: tokens_of(row.properties, field) for field in FIELDS}
    return StoredEntry(**texts, vector=row.vector)


def _hit(row: Row) -> LaneHit:
    return LaneHit(str(row.properties["key"]), str(row.properties["family"]), str(row.properties["locale"]), row.score)


def _fingerprints(rows: Iterable[Row]) -> Iterator[tuple[str, str]]:
    for row in rows:
        yield str(row.properties["key"]), str(row.properties["fingerprint"])
