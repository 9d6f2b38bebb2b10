"""Statements on the rows of the embedded backend's file; each is called inside the caller's transaction."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from sqlite3 import Connection
from typing import Any

import numpy as np

from retrieval.backends.embedded_postings import pack_tokens, unpack_tokens
from retrieval.backends.embedded_segment import FIELDS
from retrieval.types import InvalidInput, StoredEntry

BATCH = 500


def row_entry(connection: Connection, row: Sequence[Any]) -> StoredEntry:
    """From key, family, kind, locale, topic, source, fingerprint, lexical, gloss, vector."""
    key, family, kind, locale, topic, source, fingerprint, lexical, gloss, vector = row
    return StoredEntry(
        key=key,
        family=family,
        kind=kind,
        locale=locale,
        topic=topic,
        source=source,
        fingerprint=fingerprint,
        lexical=text_of(connection, lexical),
        gloss=text_of(connection, gloss),
        vector=None if vector is None else np.frombuffer(vector, "<f2").astype(np.float32),
    )


def active(connection: Connection) -> int | None:
    row = connection.execute("SELECT active FROM state").fetchone()
    return None if row is None or row[0] is None else int(row[0])


def generation_id(connection: Connection, name: str | None) -> int:
    """The id of a generation by name, of the active one without; InvalidInput when there is none."""
    if name is None:
        if (found := active(connection)) is None:
            raise InvalidInput("The index has no active generation yet. Run `manage.py index --rebuild`.")
        return found
    row = connection.execute("SELECT id FROM generation WHERE name = ?", (name,)).fetchone()
    if row is None:
        raise InvalidInput(f"The index has no generation {name}.")
    return int(row[0])


def touch(connection: Connection, generation: int, growth: int) -> None:
    """Tell readers that something changed; keep the count of entries beside it."""
    connection.execute(
        "UPDATE generation SET counter = counter + 1, entries = entries + ? WHERE id = ?", (growth, generation)
    )


def refuse(batch: Sequence[StoredEntry], dimensions: int) -> None:
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


def delete(connection: Connection, generation: int, keys: Sequence[str]) -> int:
    gone = 0
    for key in keys:
        row = connection.execute("SELECT id FROM entry WHERE generation = ? AND key = ?", (generation, key)).fetchone()
        if row is not None:
            connection.execute("INSERT INTO removed (generation, entry) VALUES (?, ?)", (generation, row[0]))
            connection.execute("DELETE FROM entry WHERE id = ?", row)
            gone += 1
    return gone


def insert(connection: Connection, generation: int, batch: Sequence[StoredEntry]) -> None:
    counts = [{field: Counter(getattr(entry, field).split()) for field in FIELDS} for entry in batch]
    ids = make_tokens(connection, {token for row in counts for field in FIELDS for token in row[field]})

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


def token_ids(connection: Connection, tokens: Sequence[str]) -> dict[str, int]:
    """The numbers of the tokens that the index has ever seen."""
    found: dict[str, int] = {}
    for start in range(0, len(tokens), BATCH):
        part = tokens[start : start + BATCH]
        marks = ",".join("?" * len(part))
        found.update(connection.execute(f"SELECT text, id FROM token WHERE text IN ({marks})", part))  # noqa: S608
    return found


def make_tokens(connection: Connection, tokens: Iterable[str]) -> dict[str, int]:
    """The numbers of the tokens, new ones given out in a fixed order."""
    wanted = sorted(tokens)
    ids = token_ids(connection, wanted)
    for token in wanted:
        if token not in ids:
            ids[token] = int(connection.execute("INSERT INTO token (text) VALUES (?)", (token,)).lastrowid or 0)
    return ids


def forget_tokens(connection: Connection) -> int:
    """Delete the tokens that no entry of any generation holds; returns how many.

    The newest one stays, so that a number is never given out twice: a reader that looked it up before finds nothing
    wrong.
    """
    last = int(connection.execute("SELECT COALESCE(MAX(id), 0) FROM token").fetchone()[0])
    unheld = np.ones(last, dtype=np.bool_)  # the last one is not among them
    unheld[:1] = False
    for row in connection.execute("SELECT lexical, gloss FROM entry"):
        for packed in row:
            ids = unpack_tokens(packed)[0]
            unheld[ids[ids < last]] = False
    gone = [(int(number),) for number in np.flatnonzero(unheld)]
    return connection.executemany("DELETE FROM token WHERE id = ?", gone).rowcount if gone else 0


def text_of(connection: Connection, packed: bytes) -> str:
    ids, times = unpack_tokens(packed)
    words = []
    for number, count in zip(ids.tolist(), times.tolist(), strict=True):
        words += [connection.execute("SELECT text FROM token WHERE id = ?", (number,)).fetchone()[0]] * count
    return " ".join(words)
