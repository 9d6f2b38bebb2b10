"""From rows to snapshots: each process's searchable copy of the active generation, refreshed by what changed.

Invariants: a snapshot is read in one transaction, so it is the state at one commit; `snapshot()` never returns one
older than the last commit before the call; a forked child starts from the parent's snapshot with a lock of its own.
"""

import os
import threading
from collections.abc import Mapping
from sqlite3 import Connection

import numpy as np

from retrieval.backends.embedded_database import Database, translated
from retrieval.backends.embedded_segment import (
    COLUMNS,
    Names,
    Norms,
    Part,
    Postings,
    Segment,
    Snapshot,
    mean_lengths,
)
from retrieval.types import IndexCorrupt

MAX_PARTS = 8
SMALL = 512


class Reader:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._snapshot: Snapshot | None = None

    def snapshot(self) -> Snapshot | None:
        """The active generation as it is now; None when there is none."""
        if self._pid != os.getpid():
            # Another thread of the parent may have held the lock at the fork.
            self._pid, self._lock = os.getpid(), threading.Lock()
        with translated(self._database.path):
            connection = self._database.connection()
            state = _state(connection)
            if state is None:
                return None
            held = self._snapshot
            if held is not None and (held.file, held.generation, held.counter) == (
                self._database.identity(),
                *state[:2],
            ):
                return held
            with self._lock:
                return self._refresh()

    def forget(self) -> None:
        self._snapshot = None

    def _refresh(self) -> Snapshot | None:
        with self._database.read() as connection:
            file = self._database.identity()
            state = _state(connection)
            if state is None:
                return None
            generation, counter, dimensions = state
            held = self._snapshot
            if held is None or (held.file, held.generation) != (file, generation):
                held = None
            elif held.counter == counter:
                return held
            try:
                fresh = held and _caught_up(connection, held, counter)
                self._snapshot = fresh or _whole(connection, file, generation, counter, dimensions)
            except ValueError as error:
                raise IndexCorrupt(
                    f"The index {self._database.path} holds damaged entries. Run `manage.py index --rebuild`."
                ) from error
        return self._snapshot


def _state(connection: Connection) -> tuple[int, int, int] | None:
    """(generation id, change counter, dimensions) of the active generation."""
    row = connection.execute(
        "SELECT generation.id, counter, dimensions FROM state JOIN generation ON generation.id = state.active"
    ).fetchone()
    return row and (int(row[0]), int(row[1]), int(row[2]))


def _last_removal(connection: Connection, generation: int) -> int:
    row = connection.execute("SELECT MAX(seq) FROM removed WHERE generation = ?", (generation,)).fetchone()
    return int(row[0] or 0)


def _whole(connection: Connection, file: int, generation: int, counter: int, dimensions: int) -> Snapshot:
    names: Mapping[str, Names] = {column: Names() for column in COLUMNS}
    segment, norms = _load(connection, generation, 0, dimensions, names, None)
    seq = _last_removal(connection, generation)
    return Snapshot(file, generation, counter, seq, dimensions, (Part(segment),), names, norms)


def _caught_up(connection: Connection, held: Snapshot, counter: int) -> Snapshot | None:
    """The snapshot with what changed since; None when so much changed that a whole one is better."""
    base = held.parts[0].segment
    removed = np.array(
        connection.execute(
            "SELECT seq, entry FROM removed WHERE generation = ? AND seq > ? ORDER BY seq", (held.generation, held.seq)
        ).fetchall(),
        dtype=np.int64,
    ).reshape(-1, 2)
    parts = [part.without(removed[:, 1]) if len(removed) else part for part in held.parts]
    seen = max((int(part.segment.ids[-1]) for part in parts if len(part.segment)), default=0)
    new = connection.execute(
        "SELECT COUNT(*) FROM entry WHERE generation = ? AND id > ?", (held.generation, seen)
    ).fetchone()[0]
    dead = sum(len(part.segment) - part.living for part in parts)
    beside = sum(len(part.segment) for part in parts[1:])
    if new + dead + beside > max(SMALL, len(base) // 4):
        return None
    if new:
        if len(parts) >= MAX_PARTS:
            # Many small segments become one: read again all that came after the big one.
            parts, seen = parts[:1], int(base.ids[-1]) if len(base) else 0
        segment, _ = _load(connection, held.generation, seen, held.dimensions, held.names, held.norms)
        parts.append(Part(segment))
    seq = int(removed[-1, 0]) if len(removed) else held.seq
    return Snapshot(held.file, held.generation, counter, seq, held.dimensions, tuple(parts), held.names, held.norms)


def _load(
    connection: Connection,
    generation: int,
    after: int,
    dimensions: int,
    names: Mapping[str, Names],
    norms: Norms | None,
) -> tuple[Segment, Norms]:
    """The entries with ids above `after` as a segment. Without `norms`: with their own, which are returned."""
    where = "FROM entry WHERE generation = ? AND id > ?"
    count = connection.execute(f"SELECT COUNT(*) {where}", (generation, after)).fetchone()[0]
    ids = np.zeros(count, dtype=np.int64)
    matrix = np.zeros((count, dimensions), dtype=np.float32)
    has_vector = np.zeros(count, dtype=np.bool_)
    columns = {column: np.zeros(count, dtype=np.int32) for column in COLUMNS}
    keys: list[str] = []
    packed: dict[str, list[bytes]] = {"lexical": [], "gloss": []}
    rows = connection.execute(
        f"SELECT id, key, lexical, gloss, vector, {', '.join(COLUMNS)} {where} ORDER BY id",
        (generation, after),
    )
    for at, (number, key, lexical, gloss, vector, *texts) in enumerate(rows):
        ids[at] = number
        keys.append(key)
        packed["lexical"].append(lexical)
        packed["gloss"].append(gloss)
        if vector is not None:
            matrix[at] = np.frombuffer(vector, "<f2")
            has_vector[at] = True
        for column, text in zip(COLUMNS, texts, strict=True):
            columns[column][at] = names[column].code(text)
    if norms is None:
        norms = mean_lengths(packed, columns["locale"])
    postings = {field: Postings.build(blobs, columns["locale"], field, norms) for field, blobs in packed.items()}
    return Segment(ids, keys, columns, postings, matrix, None if has_vector.all() else ~has_vector), norms
