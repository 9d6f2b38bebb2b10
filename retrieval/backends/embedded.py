"""The default backend: one SQLite file as the truth, searched by numpy in memory (docs/adr/0002-embedded-index.md).

Rows hold packed tokens and vectors; each process keeps a snapshot of the active generation as inverted arrays and a
matrix, and before each look-up compares one counter with the file: unchanged costs microseconds, a few changed entries
become a small segment beside the big one, many make the snapshot anew. A fork inherits the snapshot, not the connection.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from sqlite3 import Connection

import numpy as np

from retrieval.backends.base import Generation
from retrieval.backends.embedded_database import Database, translated
from retrieval.backends.embedded_reader import Reader
from retrieval.backends.embedded_segment import Snapshot, pack_tokens, unpack_tokens
from retrieval.types import Filters, InvalidInput, LaneHit, StoredEntry, Vector

FIELDS = ("lexical", "gloss")
BATCH = 500


class EmbeddedBackend:
    """A Backend in one file. Safe to share between threads and across forks."""

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
            generation = _generation(connection, name)
            connection.execute(
                "UPDATE generation SET complete = 1, calibration = ? WHERE id = ?",
                (json.dumps(dict(calibration), sort_keys=True), generation),
            )

    def activate(self, name: str) -> None:
        with self._database.write() as connection:
            generation = _generation(connection, name)
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

    def reset(self) -> None:
        self._database.set_aside()
        self._reader.forget()

    # entries ---------------------------------------------------------------------------------------------------------

    def upsert(self, entries: Iterable[StoredEntry], generation: str | None = None) -> int:
        written = growth = 0
        source = iter(entries)
        with self._database.write() as connection:
            target = _generation(connection, generation)
            dimensions = connection.execute("SELECT dimensions FROM generation WHERE id = ?", (target,)).fetchone()[0]
            while batch := list(islice(source, BATCH)):
                _refuse(batch, dimensions)
                # Of one key given twice the last stands.
                batch = list({entry.key: entry for entry in batch}.values())
                growth += len(batch) - _delete(connection, target, [entry.key for entry in batch])
                _insert(connection, target, batch)
                written += len(batch)
            if written:
                _touch(connection, target, growth)
        return written

    def remove(self, keys: Sequence[str], generation: str | None = None) -> int:
        with self._database.write() as connection:
            target = _generation(connection, generation)
            removed = _delete(connection, target, list(dict.fromkeys(keys)))
            if removed:
                _touch(connection, target, -removed)
        return removed

    def fetch(self, keys: Sequence[str], generation: str | None = None) -> list[StoredEntry]:
        found = []
        with self._database.read() as connection:
            target = _generation(connection, generation)
            for key in dict.fromkeys(keys):
                row = connection.execute(
                    "SELECT key, family, kind, locale, topic, source, fingerprint, lexical, gloss, vector"
                    " FROM entry WHERE generation = ? AND key = ?",
                    (target, key),
                ).fetchone()
                if row is not None:
                    vector = None if row[9] is None else np.frombuffer(row[9], "<f2").astype(np.float32)
                    found.append(StoredEntry(*row[:7], _text(connection, row[7]), _text(connection, row[8]), vector))
        return found

    def fingerprints(self, generation: str | None = None, families: Sequence[str] = ()) -> Iterator[tuple[str, str]]:
        with self._database.read() as connection:
            if generation is None and _active(connection) is None:
                return iter(())
            target = _generation(connection, generation)
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
        ids = self._token_ids(tokens)
        total, counts = snapshot.frequencies(field, list(ids.values()), Filters(locales=tuple(locales)))
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
        snapshot: Snapshot | None = self._reader.snapshot()
        if snapshot is None:
            return []
        ids = self._token_ids(list(tokens))
        return snapshot.bm25(field, {number: tokens[text] for text, number in ids.items()}, filters, limit)

    def _token_ids(self, tokens: Sequence[str]) -> dict[str, int]:
        with translated(self._database.path):
            return _token_ids(self._database.connection(), tokens)


def _active(connection: Connection) -> int | None:
    row = connection.execute("SELECT active FROM state").fetchone()
    return None if row is None or row[0] is None else int(row[0])


def _generation(connection: Connection, name: str | None) -> int:
    """The id of a generation by name, of the active one without; InvalidInput when there is none."""
    if name is None:
        if (active := _active(connection)) is None:
            raise InvalidInput("The index has no active generation yet. Run `manage.py index --rebuild`.")
        return active
    row = connection.execute("SELECT id FROM generation WHERE name = ?", (name,)).fetchone()
    if row is None:
        raise InvalidInput(f"The index has no generation {name}.")
    return int(row[0])


def _touch(connection: Connection, generation: int, growth: int) -> None:
    """Tell readers that something changed; keep the count of entries beside it."""
    connection.execute(
        "UPDATE generation SET counter = counter + 1, entries = entries + ? WHERE id = ?", (growth, generation)
    )


def _refuse(batch: Sequence[StoredEntry], dimensions: int) -> None:
    """InvalidInput for what must not be stored, naming the keys."""
    wrong = [
        entry.key
        for entry in batch
        if not entry.key
        or not entry.locale
        or (entry.vector is not None and (len(entry.vector) != dimensions or not np.isfinite(entry.vector).all()))
    ]
    if wrong:
        raise InvalidInput(
            f"Entries without key or locale, or whose vector is not {dimensions} finite numbers: {', '.join(wrong[:10])}"
        )
    try:
        for entry in batch:
            "".join((entry.key, entry.family, entry.topic, entry.source, entry.lexical, entry.gloss)).encode()
    except UnicodeEncodeError as error:
        raise InvalidInput(f"Entry {entry.key!a} holds text that is not valid Unicode.") from error


def _delete(connection: Connection, generation: int, keys: Sequence[str]) -> int:
    gone = 0
    for key in keys:
        row = connection.execute("SELECT id FROM entry WHERE generation = ? AND key = ?", (generation, key)).fetchone()
        if row is not None:
            connection.execute("INSERT INTO removed (generation, entry) VALUES (?, ?)", (generation, row[0]))
            connection.execute("DELETE FROM entry WHERE id = ?", row)
            gone += 1
    return gone


def _insert(connection: Connection, generation: int, batch: Sequence[StoredEntry]) -> None:
    counts = [{field: Counter(getattr(entry, field).split()) for field in FIELDS} for entry in batch]
    ids = _make_tokens(connection, {token for row in counts for field in FIELDS for token in row[field]})

    def packed(tokens: Mapping[str, int]) -> bytes:
        return pack_tokens({ids[token]: times for token, times in tokens.items()})

    connection.executemany(
        "INSERT INTO entry (generation, key, family, kind, locale, topic, source, fingerprint, lexical, gloss, vector)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (
                generation,
                entry.key,
                entry.family,
                str(entry.kind),
                entry.locale,
                entry.topic,
                entry.source,
                entry.fingerprint,
                packed(row["lexical"]),
                packed(row["gloss"]),
                entry.vector.astype("<f2").tobytes() if entry.vector is not None and entry.vector.any() else None,
            )
            for entry, row in zip(batch, counts, strict=True)
        ),
    )


def _token_ids(connection: Connection, tokens: Sequence[str]) -> dict[str, int]:
    """The numbers of the tokens that the index has ever seen."""
    found: dict[str, int] = {}
    for start in range(0, len(tokens), BATCH):
        part = tokens[start : start + BATCH]
        marks = ",".join("?" * len(part))
        found.update(connection.execute(f"SELECT text, id FROM token WHERE text IN ({marks})", part))  # noqa: S608
    return found


def _make_tokens(connection: Connection, tokens: Iterable[str]) -> dict[str, int]:
    """The numbers of the tokens, new ones given out in a fixed order."""
    wanted = sorted(tokens)
    ids = _token_ids(connection, wanted)
    for token in wanted:
        if token not in ids:
            ids[token] = int(connection.execute("INSERT INTO token (text) VALUES (?)", (token,)).lastrowid or 0)
    return ids


def _text(connection: Connection, packed: bytes) -> str:
    ids, times = unpack_tokens(packed)
    words = []
    for number, count in zip(ids.tolist(), times.tolist(), strict=True):
        words += [connection.execute("SELECT text FROM token WHERE id = ?", (number,)).fetchone()[0]] * count
    return " ".join(words)
