"""The file of arrays beside the index: made once, mapped by all, never believed when it is not this index's own."""

import shutil
import sqlite3
import threading

import numpy as np
import pytest

from retrieval.backends import embedded_arrays, embedded_reader, embedded_snapshot, embedded_vectors
from retrieval.backends.embedded import EmbeddedBackend
from retrieval.backends.embedded_texts import Column, Texts
from retrieval.types import Filters
from tests.contracts.backend import DIMENSIONS, entry, keys, unit
from tests.retrieval.test_embedded_file import batch, built, everything, found


@pytest.fixture
def path(tmp_path):
    return tmp_path / "index.sqlite3"


@pytest.fixture(autouse=True)
def _any_size(monkeypatch):
    monkeypatch.setattr(embedded_reader, "KEPT", 1)


@pytest.fixture
def reads(monkeypatch):
    """How many entries each reading of rows took."""
    read = []
    load = embedded_reader.load

    def counting(*args: object) -> object:
        segment, norms = load(*args)
        read.append(len(segment))
        return segment, norms

    monkeypatch.setattr(embedded_reader, "load", counting)
    return read


def files(path):
    return sorted(file.name for file in path.parent.glob("*.arrays*"))


def mixed(count: int) -> list:
    return [
        entry(
            f"k{number:03}", f"word w{number % 7} größe{number}", f"word w{number % 5}", unit(1, number % 3, 0, number),
            topic="odd" if number % 2 else "even", locale="de" if number % 3 else "en",
        )
        for number in range(count)
    ]  # fmt: skip


def test_rows_are_read_once_and_the_next_process_maps_what_the_first_made(path, reads):
    first = built(path, mixed(60))
    expected = everything(first)
    again = EmbeddedBackend(path)
    assert everything(again) == expected
    assert sorted(again.vocabulary("lexical")) == sorted(first.vocabulary("lexical"))
    assert reads == [60]
    assert len(files(path)) == 1


def test_what_changed_after_the_file_was_made_is_all_that_is_read(path, reads):
    first = built(path, batch("x", 30))
    assert len(found(first, "x")) == 30
    first.upsert([entry("k00003", "y", "y", unit(1, 0, 0, 0))])
    first.remove(["k00004"])
    reads.clear()
    later = EmbeddedBackend(path)
    assert found(later, "y") == ["k00003"]
    assert len(found(later, "x")) == 28
    assert reads == [1]


def test_a_file_left_beside_an_older_copy_of_the_index_is_not_believed(path):
    """A backup brought back: the same generation, other entries, a counter that has grown past the file's."""
    backend = built(path, batch("x", 5))
    backend.close()
    backup = path.with_name("backup")
    shutil.copy(path, backup)
    backend.upsert(batch("new", 3, start=5))
    assert len(found(backend, "new")) == 3
    assert len(files(path)) == 1
    backend.close()
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    backup.replace(path)
    restored = EmbeddedBackend(path)
    for number in range(4):
        restored.upsert(batch("other", 1, start=10 + number))
    assert (len(found(restored, "x")), found(restored, "new"), len(found(restored, "other"))) == (5, [], 4)


@pytest.mark.parametrize("damage", [lambda f: f.write_bytes(b""), lambda f: f.write_bytes(f.read_bytes()[:-300])])
def test_a_damaged_or_cut_file_is_made_anew(path, reads, damage):
    assert len(found(built(path, batch("x", 9)), "x")) == 9
    [name] = files(path)
    damage(path.with_name(name))
    assert len(found(EmbeddedBackend(path), "x")) == 9
    assert reads == [9, 9]
    assert len(files(path)) == 1
    assert files(path) != [name]


def test_without_room_for_the_file_the_process_holds_its_own_arrays(path, monkeypatch):
    def full(self: object, name: str, array: object) -> object:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(embedded_arrays.ArraysFile, "keep", full)
    backend = built(path, batch("x", 9))
    assert len(found(backend, "x")) == 9
    assert files(path) == []


def test_while_another_process_makes_the_file_longer_than_one_waits_the_process_holds_its_own(path, monkeypatch):
    monkeypatch.setattr(embedded_reader, "MAKING_SECONDS", 0.0)
    backend = built(path, batch("x", 9))
    with embedded_reader.exclusive(path.with_name(f"{path.name}.making"), 0):
        assert len(found(backend, "x")) == 9
        assert files(path) == []


def test_files_of_dropped_generations_and_of_killed_makers_are_swept(path):
    backend = built(path, batch("x", 9))
    found(backend, "x")
    [old] = files(path)
    path.with_name(f"{path.name}-0123.arrays.new").write_bytes(b"cut off")
    built(path, batch("y", 9), "g2")
    backend.drop("g1")
    assert len(found(backend, "y")) == 9
    assert len(files(path)) == 1
    assert files(path) != [old]
    backend.reset()
    assert files(path) == []


def test_an_index_of_the_format_before_is_taken_over(path):
    built(path, batch("x", 9)).close()
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE arrays")
        connection.execute("PRAGMA user_version=1")
    assert len(found(EmbeddedBackend(path), "x")) == 9
    assert len(files(path)) == 1


def test_those_who_search_first_at_the_same_time_end_with_one_file(path, reads):
    built(path, batch("x", 300)).close()
    counts: list[int] = []
    threads = [threading.Thread(target=lambda: counts.append(len(found(EmbeddedBackend(path), "x")))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts == [300, 300, 300]
    assert reads == [300]
    assert len(files(path)) == 1


# many vectors -------------------------------------------------------------------------------------------------------


def test_of_many_vectors_the_nearest_by_leading_components_are_compared_whole(path, monkeypatch):
    monkeypatch.setattr(embedded_vectors, "EXACT", 100)
    monkeypatch.setattr(embedded_vectors, "LEADING", 2)
    monkeypatch.setattr(embedded_vectors, "AGAIN", 60)
    random = np.random.default_rng(3)
    # Most of the length lies in two directions, as with real vectors; the others decide among neighbours.
    rows = [unit(*(random.normal(size=DIMENSIONS) * (1, 1, 0.1, 0.1))) for _ in range(400)]
    backend = built(path, [entry(f"k{at:03}", "x", "x", row) for at, row in enumerate(rows)])
    asked = unit(0.6, 0.7, 0.1, -0.1)
    halves = np.array(rows).astype(np.float16).astype(np.float32)
    expected = [f"k{at:03}" for at in np.argsort(-(halves @ asked), kind="stable")[:10]]
    hits = backend.vector(asked, Filters(), 10)
    segment = backend._reader.snapshot().parts[0].segment
    assert (segment.vectors.leading.shape[0], segment.vectors.whole.shape) == (2, (400, DIMENSIONS))
    assert keys(hits) == expected
    assert [hit.score for hit in hits] == pytest.approx(sorted(halves @ asked, reverse=True)[:10], abs=1e-6)
    assert keys(EmbeddedBackend(path).vector(asked, Filters(), 10)) == expected


def test_halves_are_unpacked_exactly():
    halves = np.array([[0.0, -0.0, 1.0, -1.5, 6e-8, 65504.0, 0.1, -3.1e-5]], dtype=np.float16)
    assert np.array_equal(embedded_vectors._floats(halves), halves.astype(np.float32))


@pytest.mark.parametrize("limit", [1, 3, 50])
def test_the_best_of_many_scores_are_those_a_sort_gives(limit):
    scores = np.round(np.random.default_rng(5).random(5000), 2).astype(np.float32)
    scores[::3] = 0.0
    border = np.sort(scores)[-limit]
    expected = np.flatnonzero(scores >= border)
    assert np.array_equal(embedded_snapshot._top(scores, limit, least=0.0), expected)
    near = embedded_snapshot._near_top(scores, limit, least=0.0)
    assert set(expected.tolist()) <= set(near.tolist())
    assert embedded_snapshot._top(np.zeros(5000, np.float32), limit, least=0.0).tolist() == []


# texts --------------------------------------------------------------------------------------------------------------


def test_packed_texts_come_back_and_are_found_by_their_order():
    words = sorted(["", "a", "ab", "b", "größe", "zürich", "北京", "😀"])
    texts = Texts.of(words)
    assert [texts[at] for at in range(len(texts))] == words
    assert texts.many(np.array([5, 0, 2])) == [words[5], words[0], words[2]]
    assert [texts.place(word) for word in words] == list(range(len(words)))
    assert [texts.place(word) for word in ("A", "aa", "zz", "😁")] == [None] * 4
    assert Texts.of([]).place("a") is None
    assert Column.of(["b", "a", "b"]).many(np.array([0, 1, 2])) == ["b", "a", "b"]
