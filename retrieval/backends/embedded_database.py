"""The file of the embedded backend: schema, connections, transactions, and SQLite's errors in our words.

Invariants: one connection per thread and process (a connection never crosses a fork); every write is one immediate
transaction that also moves the generation's change counter, so a reader sees all of it or nothing; entry ids are never
used twice, so `id > last seen` and the `removed` log are all a reader needs to catch up.
"""

import contextlib
import os
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

from retrieval.types import IndexCorrupt, Unavailable

SCHEMA_VERSION = 2
BUSY_SECONDS = 30.0
SCHEMA = """
CREATE TABLE generation (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    recipe TEXT NOT NULL,
    dimensions INTEGER NOT NULL,
    complete INTEGER NOT NULL DEFAULT 0,
    calibration TEXT NOT NULL DEFAULT '{}',
    entries INTEGER NOT NULL DEFAULT 0,
    counter INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE state (one INTEGER PRIMARY KEY CHECK (one = 1), active INTEGER REFERENCES generation(id));
INSERT INTO state VALUES (1, NULL);
CREATE TABLE token (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
CREATE TABLE entry (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    generation INTEGER NOT NULL REFERENCES generation(id),
    key TEXT NOT NULL,
    family TEXT NOT NULL,
    kind TEXT NOT NULL,
    locale TEXT NOT NULL,
    topic TEXT NOT NULL,
    source TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    lexical BLOB NOT NULL,
    gloss BLOB NOT NULL,
    vector BLOB,
    UNIQUE (generation, key)
);
CREATE INDEX entry_generation ON entry (generation);
CREATE INDEX entry_family ON entry (generation, family, key, fingerprint);
CREATE TABLE removed (seq INTEGER PRIMARY KEY AUTOINCREMENT, generation INTEGER NOT NULL, entry INTEGER NOT NULL);
CREATE TABLE arrays (generation INTEGER PRIMARY KEY, stamp TEXT NOT NULL);
"""
UPGRADES = {1: "CREATE TABLE arrays (generation INTEGER PRIMARY KEY, stamp TEXT NOT NULL)"}
"""Version -> the statement that makes it the next one."""

# Connections that a fork brought along. They are kept, unused: closing them would touch the parent's locks.
_inherited: list[sqlite3.Connection] = []


@contextlib.contextmanager
def translated(path: Path) -> Iterator[None]:
    """SQLite's errors as ours: what is away, what is broken, and what to do."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        text = str(error)
        if isinstance(error, sqlite3.OperationalError) and not text.startswith("no such"):
            if "full" in text:
                raise Unavailable(
                    f"The disk is full: the index {path} was left as it was. Free space, then retry."
                ) from error
            if "locked" in text or "busy" in text:
                raise Unavailable(f"The index {path} is being written by another process; try again.") from error
            raise Unavailable(f"The index {path} cannot be used: {text}.") from error
        raise IndexCorrupt(
            f"The index {path} cannot be read ({text}). Run `manage.py index --rebuild` to make it anew."
        ) from error


class Database:
    """Connections to one index file."""

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self._local = threading.local()

    def connection(self) -> sqlite3.Connection:
        """This thread's connection; opened anew after a fork and when the file has been replaced."""
        held: tuple[int, int, sqlite3.Connection] | None = getattr(self._local, "held", None)
        if held is not None:
            pid, inode, connection = held
            if pid == os.getpid():
                if inode == self._inode():
                    return connection
                connection.close()
            else:
                _inherited.append(connection)
            self._local.held = None
        connection = self._open()
        self._local.held = (os.getpid(), self._inode(), connection)
        return connection

    def identity(self) -> int:
        """Which file this thread's connection is to; another number after the file was replaced."""
        held: tuple[int, int, sqlite3.Connection] | None = getattr(self._local, "held", None)
        return held[1] if held is not None else 0

    def close(self) -> None:
        """Close this thread's connection; those of other threads close with their threads."""
        held: tuple[int, int, sqlite3.Connection] | None = getattr(self._local, "held", None)
        self._local.held = None
        if held is not None and held[0] == os.getpid():
            held[2].close()

    @contextlib.contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """One consistent view for several statements."""
        with translated(self.path):
            connection = self.connection()
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                connection.execute("ROLLBACK")

    @contextlib.contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """All or nothing."""
        with translated(self.path):
            connection = self.connection()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                # A full disk may have rolled back already.
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def set_aside(self) -> Path | None:
        """Move an unreadable file out of the way, with its log; nothing when there is none."""
        self.close()
        if not self.path.exists():
            return None
        number = 1
        while (aside := self.path.with_name(f"{self.path.name}.unreadable-{number}")).exists():
            number += 1
        self.path.rename(aside)
        for suffix in ("-wal", "-shm"):
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)
        return aside

    def _inode(self) -> int:
        try:
            return self.path.stat().st_ino
        except OSError:
            return 0

    def _open(self) -> sqlite3.Connection:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Unavailable(f"The folder of the index {self.path} cannot be made: {error.strerror}.") from error
        connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA foreign_keys=OFF")
        if _version(connection) == SCHEMA_VERSION:
            return
        connection.execute("BEGIN IMMEDIATE")
        try:
            version = _version(connection)  # another process may have been first
            while version in UPGRADES:
                connection.execute(UPGRADES[version])
                version += 1
                connection.execute(f"PRAGMA user_version={version}")
            if version not in (0, SCHEMA_VERSION):
                raise IndexCorrupt(
                    f"The index {self.path} has format {version}, this program reads {SCHEMA_VERSION}. "
                    "Run `manage.py index --rebuild`."
                )
            if version == 0:
                for statement in SCHEMA.split(";\n"):
                    if statement.strip():
                        connection.execute(statement)
                connection.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
