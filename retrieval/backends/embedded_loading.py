"""Rows of the index file into a segment's arrays, one kind after the other, so that little is held at once."""

from collections.abc import Mapping
from sqlite3 import Connection

import numpy as np

from retrieval.backends.embedded_postings import Ints, Inverted
from retrieval.backends.embedded_segment import (
    COLUMNS,
    FIELDS,
    Array,
    Keep,
    Mask,
    Segment,
    kept_column,
    kept_postings,
    kept_texts,
    kept_vectors,
    ranges,
)
from retrieval.backends.embedded_snapshot import Norms
from retrieval.backends.embedded_texts import Column, Texts
from retrieval.backends.embedded_vectors import Vectors

WHERE = "FROM entry WHERE generation = ? AND id > ?"


def load(
    connection: Connection, generation: int, after: int, dimensions: int, norms: Norms | None, keep: Keep | None
) -> tuple[Segment, Norms]:
    """The entries with ids above `after`, inside one transaction. Without `norms`: with their own, which are returned.

    Raises ValueError for damaged rows.
    """
    keep = keep or _stay
    which = (generation, after)
    ids, keys, columns, sizes = _described(connection, which)
    # Documents stand by locale, then by id.
    order = np.argsort(columns["locale"].codes, kind="stable")
    ranks = np.empty(len(order), dtype=np.int64)
    ranks[order] = np.arange(len(order))
    columns = {name: kept_column(name, Column(c.codes[order], c.texts), keep) for name, c in columns.items()}
    texts = kept_texts("keys", Texts.of([keys[at] for at in order.tolist()]), keep)
    del keys
    locales = ranges(columns["locale"])
    postings, means = {}, dict(norms or {})
    for field in FIELDS:
        rows = (packed for (packed,) in connection.execute(f"SELECT {field} {WHERE} ORDER BY id", which))
        inverted = Inverted.gather(rows, ranks, sizes[field])
        if norms is None:
            means[field] = inverted.means(locales)
        postings[field] = kept_postings(field, inverted.postings(locales, means.get(field, {})), keep)
        del inverted
    vectors, lacking = _vectors(connection, which, ranks, dimensions)
    segment = Segment(
        ids=keep("ids", ids[order]),
        by_id=keep("by_id", ranks),
        keys=texts,
        columns=columns,
        postings=postings,
        vectors=kept_vectors(vectors, keep),
        lacking=None if lacking is None else keep("lacking", lacking),
    )
    return segment, means


def _stay(name: str, array: Array) -> Array:
    return array


def _described(
    connection: Connection, which: tuple[int, int]
) -> tuple[Ints, list[str], Mapping[str, Column], Mapping[str, int]]:
    """Ids, keys and columns in the order of the ids, and how many bytes each field's tokens are in all."""
    ids: list[int] = []
    keys: list[str] = []
    values: dict[str, list[str]] = {name: [] for name in COLUMNS}
    same: dict[str, str] = {}
    sizes = dict.fromkeys(FIELDS, 0)
    lengths = ", ".join(f"LENGTH({field})" for field in FIELDS)
    for number, key, lexical, gloss, *texts in connection.execute(
        f"SELECT id, key, {lengths}, {', '.join(COLUMNS)} {WHERE} ORDER BY id", which
    ):
        ids.append(number)
        keys.append(key)
        sizes["lexical"] += lexical
        sizes["gloss"] += gloss
        for name, text in zip(COLUMNS, texts, strict=True):
            values[name].append(same.setdefault(text, text))
    return np.array(ids, dtype=np.int64), keys, {name: Column.of(each) for name, each in values.items()}, sizes


def _vectors(
    connection: Connection, which: tuple[int, int], ranks: Ints, dimensions: int
) -> tuple[Vectors, Mask | None]:
    """And which documents have none; None when all have one."""
    halves = np.zeros((len(ranks), dimensions), dtype=np.float16)
    lacking = np.zeros(len(ranks), dtype=np.bool_)
    rows = connection.execute(f"SELECT vector {WHERE} ORDER BY id", which)
    for document, (vector,) in zip(ranks.tolist(), rows, strict=True):
        if vector is None:
            lacking[document] = True
        else:
            halves[document] = np.frombuffer(vector, "<f2")
    return Vectors.of(halves), lacking if lacking.any() else None
