"""From rows to snapshots: each process's searchable copy of the active generation, refreshed by what changed.

Invariants: a snapshot is of one commit, never older than the last one before the call; a forked child starts from the
parent's snapshot with a lock of its own. Of a large generation one process makes the arrays and keeps them in a file,
which the others map (embedded_arrays); where that file cannot be made, each process holds its own.
"""

import logging
import os
import threading
from pathlib import Path
from sqlite3 import Connection
from typing import NamedTuple

import numpy as np

from retrieval.backends import embedded_arrays
from retrieval.backends.embedded_database import Database, translated
from retrieval.backends.embedded_loading import load
from retrieval.backends.embedded_lock import exclusive
from retrieval.backends.embedded_segment import Keep, Part, segment_of
from retrieval.backends.embedded_snapshot import Snapshot
from retrieval.types import IndexCorrupt, Unavailable

logger = logging.getLogger(__name__)

MAX_PARTS = 8
SMALL = 512
KEPT = 2000
"""From so many entries on the arrays are kept in a file; fewer are read faster than that is worth."""
MAKING_SECONDS = 60.0
"""How long a process waits for another one that makes the file, before it makes arrays of its own."""


class State(NamedTuple):
    """Of the active generation: its id, change counter, dimensions and number of entries."""

    generation: int
    counter: int
    dimensions: int
    entries: int


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
            state = _state(self._database.connection())
            if state is None:
                return None
            if (held := self._held(state)) is not None and held.counter == state.counter:
                return held
            with self._lock:
                return self._refresh()

    def forget(self) -> None:
        self._snapshot = None

    def sweep(self) -> None:
        """Delete files of arrays that the index does not name; nothing while somebody makes one."""
        try:
            with exclusive(self._lock_path, 0), self._database.read() as connection:
                stamps = {stamp for (stamp,) in connection.execute("SELECT stamp FROM arrays")}
                embedded_arrays.sweep(self._database.path, stamps)
        except Unavailable:
            return

    @property
    def _lock_path(self) -> Path:
        path = self._database.path
        return path.with_name(f"{path.name}.making")

    def _held(self, state: State) -> Snapshot | None:
        """The snapshot held, if it is of this file and generation."""
        held = self._snapshot
        of_this = held is not None and (held.file, held.generation) == (self._database.identity(), state.generation)
        return held if of_this else None

    def _refresh(self) -> Snapshot | None:
        with self._database.read() as connection:
            state = _state(connection)
            if state is None:
                return None
            with self._readable():
                found = self._known(connection, state)
                if found is None and state.entries < KEPT:
                    found = _whole(connection, self._database.identity(), state, None)
        if found is None:
            found = self._made() or self._own()
        self._snapshot = found
        return found

    def _known(self, connection: Connection, state: State) -> Snapshot | None:
        """From the snapshot held, else from the file of arrays, with what changed since; None when all must be read."""
        held = self._held(state)
        if held is not None and held.counter == state.counter:
            return held
        fresh = _caught_up(connection, held, state.counter) if held is not None else None
        if fresh is None:
            mapped = self._mapped(connection, state)
            fresh = mapped and _caught_up(connection, mapped, state.counter)
        return fresh

    def _mapped(self, connection: Connection, state: State) -> Snapshot | None:
        """The snapshot in the file that the index names."""
        row = connection.execute("SELECT stamp FROM arrays WHERE generation = ?", (state.generation,)).fetchone()
        found = embedded_arrays.read(self._database.path, row[0]) if row else None
        if found is None:
            return None
        arrays, about = found
        try:
            parts = (Part(segment_of(arrays)),)
            counter, seq, norms = int(about["counter"]), int(about["seq"]), about["norms"]
        except (KeyError, TypeError):  # written by another version of this program
            return None
        identity = self._database.identity()
        return Snapshot(identity, state.generation, counter, seq, state.dimensions, parts, norms)

    def _made(self) -> Snapshot | None:
        """Read all rows, keep the arrays in a file; or take the file that another process has just made. None when
        there can be no file."""
        try:
            with exclusive(self._lock_path, MAKING_SECONDS):
                file = embedded_arrays.ArraysFile(self._database.path)
                try:
                    return self._make(file)
                finally:
                    file.give_up()
        except (OSError, Unavailable) as error:
            logger.warning("The index's arrays cannot be kept in a file (%s); this process holds its own.", error)
            return None

    def _make(self, file: embedded_arrays.ArraysFile) -> Snapshot | None:
        with self._database.read() as connection, self._readable():
            state = _state(connection)
            if state is None:
                return None
            if (found := self._known(connection, state)) is not None:
                return found
            made = _whole(connection, self._database.identity(), state, file.keep)
        file.finish({"counter": made.counter, "seq": made.seq, "norms": made.norms})
        with self._database.write() as connection:
            connection.execute("INSERT OR REPLACE INTO arrays VALUES (?, ?)", (made.generation, file.stamp))
            connection.execute("DELETE FROM arrays WHERE generation NOT IN (SELECT id FROM generation)")
            stamps = {stamp for (stamp,) in connection.execute("SELECT stamp FROM arrays")}
        embedded_arrays.sweep(self._database.path, stamps)
        return made

    def _own(self) -> Snapshot | None:
        with self._database.read() as connection, self._readable():
            state = _state(connection)
            return None if state is None else _whole(connection, self._database.identity(), state, None)

    def _readable(self) -> "_Readable":
        return _Readable(self._database)


class _Readable:
    """Inside, numbers that do not fit together mean that rows are damaged."""

    def __init__(self, database: Database) -> None:
        self._path = database.path

    def __enter__(self) -> None:
        return

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, ValueError):
            raise IndexCorrupt(
                f"The index {self._path} holds damaged entries. Run `manage.py index --rebuild`."
            ) from error


def _state(connection: Connection) -> State | None:
    row = connection.execute(
        "SELECT generation.id, counter, dimensions, entries FROM state JOIN generation ON generation.id = state.active"
    ).fetchone()
    return State(*map(int, row)) if row else None


def _last_removal(connection: Connection, generation: int) -> int:
    row = connection.execute("SELECT MAX(seq) FROM removed WHERE generation = ?", (generation,)).fetchone()
    return int(row[0] or 0)


def _whole(connection: Connection, file: int, state: State, keep: Keep | None) -> Snapshot:
    segment, norms = load(connection, state.generation, 0, state.dimensions, None, keep)
    seq = _last_removal(connection, state.generation)
    return Snapshot(file, state.generation, state.counter, seq, state.dimensions, (Part(segment),), norms)


def _caught_up(connection: Connection, held: Snapshot, counter: int) -> Snapshot | None:
    """The snapshot with what changed since; None when so much changed that a whole one is better."""
    if held.counter == counter:
        return held
    base = held.parts[0].segment
    removed = np.array(
        connection.execute(
            "SELECT seq, entry FROM removed WHERE generation = ? AND seq > ? ORDER BY seq", (held.generation, held.seq)
        ).fetchall(),
        dtype=np.int64,
    ).reshape(-1, 2)
    parts = [part.without(removed[:, 1]) if len(removed) else part for part in held.parts]
    seen = max(part.segment.newest for part in parts)
    new = connection.execute(
        "SELECT COUNT(*) FROM entry WHERE generation = ? AND id > ?", (held.generation, seen)
    ).fetchone()[0]
    dead = sum(len(part.segment) - part.living for part in parts)
    beside = sum(len(part.segment) for part in parts[1:])
    if new + dead + beside > max(SMALL, len(base) // 4):
        return None
    if new:
        parts = _room(parts, new)
        after = max(part.segment.newest for part in parts)
        segment, _ = load(connection, held.generation, after, held.dimensions, held.norms, None)
        parts.append(Part(segment))
    seq = int(removed[-1, 0]) if len(removed) else held.seq
    return Snapshot(held.file, held.generation, counter, seq, held.dimensions, tuple(parts), held.norms)


def _room(parts: list[Part], new: int) -> list[Part]:
    """Without the newest parts that are read again together with what is new: when there are too many, those that are
    not much larger than all after them, so that an entry is read again a few times at most, however many changes come."""
    if len(parts) < MAX_PARTS:
        return parts
    kept, after = len(parts), new
    while kept > 1 and (kept > MAX_PARTS // 2 or len(parts[kept - 1].segment) <= 2 * after):
        kept -= 1
        after += len(parts[kept].segment)
    return parts[:kept]
