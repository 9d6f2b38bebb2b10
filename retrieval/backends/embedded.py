"""The default backend: one SQLite file as the truth, searched by numpy in memory (docs/adr/0002-embedded-index.md).

Rows hold packed tokens and vectors; each process keeps a snapshot of the active generation as inverted arrays and a
matrix, and before each look-up compares one counter with the file: unchanged costs microseconds, a few changed entries
become a small segment beside the big one, many make the snapshot anew. A fork inherits the snapshot, not the connection.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import islice
from pathlib import Path

import numpy as np

from retrieval.backends import embedded_arrays
from retrieval.backends.base import Generation
from retrieval.backends.embedded_database import Database, translated
from retrieval.backends.embedded_lock import exclusive
from retrieval.backends.embedded_reader import Reader
from retrieval.backends.embedded_rows import (
    BATCH,
    active,
    delete,
    forget_tokens,
    generation_id,
    insert,
    refuse,
    row_entry,
    token_ids,
    touch,
)
from retrieval.backends.embedded_snapshot import KNOWN, Snapshot
from retrieval.types import Filters, InvalidInput, LaneHit, StoredEntry, Vector


class EmbeddedBackend:
    """A Backend in one file. Safe to share between threads and across forks."""

    remote = False

    def __init__(self, path: Path | str) -> None:
        self._database = Database(Path(path))
        self._reader = Reader(self._database)

    # generations -----------------------------------------------------------------------------------------------------

    def generations(self) -> list[Generation]:
        with translated(self._database.path):
            rows = self._database.connection().execute(
                "SELECT name, recipe, entries, complete, generation.id IS state.active, calibration"
                " FROM generation, state ORDER BY generation.id"
            )
            return [
                Generation(name, recipe, entries, bool(complete), bool(active), json.loads(calibration))
                for name, recipe, entries, complete, active, calibration in rows
            ]

    def create(self, name: str, recipe: str, dimensions: int) -> None:
        with self._database.write() as connection:
            row = connection.execute("SELECT recipe FROM generation WHERE name = ?", (name,)).fetchone()
            if row is None:
                connection.execute(
                    "INSERT INTO generation (name, recipe, dimensions) VALUES (?, ?, ?)", (name, recipe, dimensions)
                )
            elif row[0] != recipe:
                raise InvalidInput(f"Generation {name} exists with another recipe ({row[0]}, not {recipe}).")

    def complete(self, name: str, calibration: Mapping[str, float]) -> None:
        with self._database.write() as connection:
            generation = generation_id(connection, name)
            connection.execute(
                "UPDATE generation SET complete = 1, calibration = ? WHERE id = ?",
                (json.dumps(dict(calibration), sort_keys=True), generation),
            )

    def activate(self, name: str) -> None:
        with self._database.write() as connection:
            generation = generation_id(connection, name)
            if not connection.execute("SELECT complete FROM generation WHERE id = ?", (generation,)).fetchone()[0]:
                raise InvalidInput(f"Generation {name} is not complete: its build was cut off or still runs.")
            connection.execute("UPDATE state SET active = ?", (generation,))

    def drop(self, name: str) -> None:
        with self._database.write() as connection:
            row = connection.execute(
                "SELECT generation.id, generation.id IS active FROM generation, state WHERE name = ?", (name,)
            ).fetchone()
            if row is None:
                return
            generation, active = row
            if active:
                raise InvalidInput(f"Generation {name} is the active one and cannot be dropped.")
            connection.execute("DELETE FROM entry WHERE generation = ?", (generation,))
            connection.execute("DELETE FROM removed WHERE generation = ?", (generation,))
            connection.execute("DELETE FROM generation WHERE id = ?", (generation,))

    def building(self, seconds: float) -> AbstractContextManager[bool]:
        path = self._database.path
        return exclusive(path.with_name(f"{path.name}.building"), seconds)

    def compact(self) -> None:
        with self._database.write() as connection:
            forget_tokens(connection)
        self._reader.sweep()

    def reset(self) -> None:
        self._database.set_aside()
        embedded_arrays.sweep(self._database.path, set())
        self._reader.forget()

    # entries ---------------------------------------------------------------------------------------------------------

    def upsert(self, entries: Iterable[StoredEntry], generation: str | None = None) -> int:
        written = growth = 0
        source = iter(entries)
        with self._database.write() as connection:
            target = generation_id(connection, generation)
            dimensions = connection.execute("SELECT dimensions FROM generation WHERE id = ?", (target,)).fetchone()[0]
            while batch := list(islice(source, BATCH)):
                refuse(batch, dimensions)
                # Of one key given twice the last stands.
                batch = list({entry.key: entry for entry in batch}.values())
                growth += len(batch) - delete(connection, target, [entry.key for entry in batch])
                insert(connection, target, batch)
                written += len(batch)
            if written:
                touch(connection, target, growth)
        return written

    def remove(self, keys: Sequence[str], generation: str | None = None) -> int:
        with self._database.write() as connection:
            target = generation_id(connection, generation)
            removed = delete(connection, target, list(dict.fromkeys(keys)))
            if removed:
                touch(connection, target, -removed)
        return removed

    def fetch(self, keys: Sequence[str], generation: str | None = None) -> list[StoredEntry]:
        found = []
        with self._database.read() as connection:
            target = generation_id(connection, generation)
            for key in dict.fromkeys(keys):
                row = connection.execute(
                    "SELECT key, family, kind, locale, topic, source, fingerprint, lexical, gloss, vector"
                    " FROM entry WHERE generation = ? AND key = ?",
                    (target, key),
                ).fetchone()
                if row is not None:
                    found.append(row_entry(connection, row))
        return found

    def fingerprints(self, generation: str | None = None, families: Sequence[str] = ()) -> Iterator[tuple[str, str]]:
        with self._database.read() as connection:
            if generation is None and active(connection) is None:
                return iter(())
            target = generation_id(connection, generation)
            rows: list[tuple[str, str]] = []
            if not families:
                rows += connection.execute(
                    "SELECT key, fingerprint FROM entry INDEXED BY entry_family WHERE generation = ?", (target,)
                )
            for family in dict.fromkeys(families):
                rows += connection.execute(
                    "SELECT key, fingerprint FROM entry WHERE generation = ? AND family = ?", (target, family)
                )
        return iter(rows)

    # look-ups --------------------------------------------------------------------------------------------------------

    def lexical(self, tokens: Mapping[str, float], filters: Filters, limit: int) -> list[LaneHit]:
        return self._bm25("lexical", tokens, filters, limit)

    def gloss(self, tokens: Mapping[str, float], filters: Filters, limit: int) -> list[LaneHit]:
        return self._bm25("gloss", tokens, filters, limit)

    def vector(self, vector: Vector, filters: Filters, limit: int) -> list[LaneHit]:
        snapshot = self._reader.snapshot()
        if snapshot is None:
            return []
        if len(vector) != snapshot.dimensions:
            raise InvalidInput(
                f"The index holds vectors of {snapshot.dimensions} numbers, the query has {len(vector)}."
            )
        if limit < 1 or not vector.any():
            return []
        return snapshot.nearest(np.asarray(vector, dtype=np.float32), filters, limit)

    def frequencies(self, field: str, tokens: Sequence[str], locales: Sequence[str] = ()) -> tuple[int, dict[str, int]]:
        snapshot = self._reader.snapshot()
        if snapshot is None:
            return 0, dict.fromkeys(tokens, 0)
        ids = self._token_ids(snapshot, tokens)
        total, counts = snapshot.frequencies(field, list(ids.values()), locales)
        found = dict(zip(ids, counts, strict=True))
        return total, {token: found.get(token, 0) for token in tokens}

    def vocabulary(self, field: str) -> Iterator[str]:
        snapshot = self._reader.snapshot()
        if snapshot is None:
            return iter(())
        held = set(snapshot.tokens(field).tolist())
        with self._database.read() as connection:
            return iter([text for number, text in connection.execute("SELECT id, text FROM token") if number in held])

    def close(self) -> None:
        self._database.close()
        self._reader.forget()

    def _bm25(self, field: str, tokens: Mapping[str, float], filters: Filters, limit: int) -> list[LaneHit]:
        if not tokens or limit < 1:
            return []
        snapshot = self._reader.snapshot()
        if snapshot is None:
            return []
        ids = self._token_ids(snapshot, list(tokens))
        return snapshot.bm25(field, {number: tokens[text] for text, number in ids.items()}, filters, limit)

    def _token_ids(self, snapshot: Snapshot, tokens: Sequence[str]) -> dict[str, int]:
        """The numbers of those tokens that the index has seen."""
        known = snapshot.numbers
        found = {token: known[token] for token in tokens if token in known}
        if new := [token for token in tokens if token not in found]:
            with translated(self._database.path):
                looked_up = token_ids(self._database.connection(), new)
            fresh = {token: looked_up.get(token, 0) for token in new}
            if len(known) < KNOWN:
                known.update(fresh)
            found |= fresh
        return {token: number for token, number in found.items() if number}
