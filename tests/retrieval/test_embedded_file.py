"""One file, many hands: threads, forks, processes, killed writers, a full disk, a broken file."""

import multiprocessing
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import numpy as np
import pytest

from retrieval.backends.embedded import EmbeddedBackend
from retrieval.types import Filters, IndexCorrupt, LaneHit, Unavailable
from tests.contracts.backend import DIMENSIONS, entry, keys, unit

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "index.sqlite3"


def batch(word: str, count: int, start: int = 0) -> list:
    return [entry(f"k{number:05}", word, word, unit(1, 0, 0, number + 1)) for number in range(start, start + count)]


def built(path: Path, entries: list, name: str = "g1") -> EmbeddedBackend:
    backend = EmbeddedBackend(path)
    backend.create(name, "recipe", DIMENSIONS)
    backend.upsert(entries, name)
    backend.complete(name, {})
    backend.activate(name)
    return backend


def found(backend: EmbeddedBackend, word: str, limit: int = 100_000) -> list[str]:
    return keys(backend.lexical({word: 1.0}, Filters(), limit))


# refreshing --------------------------------------------------------------------------------------------------------


def test_another_backend_of_the_same_file_sees_every_write_at_once(path):
    writer = built(path, batch("x", 3))
    reader = EmbeddedBackend(path)
    assert len(found(reader, "x")) == 3
    writer.upsert(batch("x", 2, start=3))
    assert len(found(reader, "x")) == 5
    writer.remove(["k00000"])
    assert found(reader, "x") == ["k00001", "k00002", "k00003", "k00004"]


def everything(backend: EmbeddedBackend) -> list[list[LaneHit]]:
    filters = [Filters(), Filters(topics=("odd",)), Filters(locales=("de",))]
    return [
        hits
        for each in filters
        for hits in (
            backend.lexical({"word": 1.0, "w1": 0.5, "w2": 1.5}, each, 40),
            backend.gloss({"word": 1.0, "w3": 1.0}, each, 40),
            backend.vector(unit(1, 2, 3, 4), each, 40),
        )
    ]


def test_a_refreshed_snapshot_finds_what_a_new_one_finds(path):
    """Thousands of small changes go through every way of catching up: dead entries, small segments, merges, reloads."""
    random = np.random.default_rng(7)

    def some(number: int, version: int) -> object:
        words = " ".join(["word", *(f"w{random.integers(12)}" for _ in range(7))])
        return entry(
            f"k{number:05}", words, words, unit(*random.normal(size=4)), fingerprint=f"v{version}",
            topic="odd" if number % 2 else "even", locale="de" if number % 3 == 0 else "en",
        )  # fmt: skip

    old = built(path, [some(number, 0) for number in range(2500)])
    for version in range(1, 60):
        changed = random.integers(0, 2600, size=int(random.integers(1, 25)))
        old.upsert([some(int(number), version) for number in changed])
        old.remove([f"k{number:05}" for number in random.integers(0, 2600, size=3)])
        if version % 6 == 0:
            new = EmbeddedBackend(path)
            mine, fresh = everything(old), everything(new)
            # Length norms are those of the last whole reading, so scores may differ a little, nearness may not.
            assert [keys(hits) for hits in mine[2::3]] == [keys(hits) for hits in fresh[2::3]]
            assert [len(hits) for hits in mine] == [len(hits) for hits in fresh]
            tokens = ["word", "w1", "w9", "never"]
            assert old.frequencies("lexical", tokens, ["de"]) == new.frequencies("lexical", tokens, ["de"])
            assert sorted(old.vocabulary("gloss")) == sorted(new.vocabulary("gloss"))
            for mine_hits, fresh_hits in zip(mine, fresh, strict=True):
                expected = {hit.key: hit.score for hit in fresh_hits}
                shared = [hit for hit in mine_hits if hit.key in expected]
                assert len(shared) >= 0.9 * len(expected)
                assert [hit.score for hit in shared] == pytest.approx([expected[hit.key] for hit in shared], rel=0.02)


def test_one_changed_entry_does_not_read_the_index_again(path, monkeypatch):
    backend = built(path, batch("x", 3000))
    found(backend, "x")
    read = []
    from retrieval.backends import embedded_reader

    load = embedded_reader.load

    def counting(*args: object) -> object:
        segment, norms = load(*args)
        read.append(len(segment))
        return segment, norms

    monkeypatch.setattr(embedded_reader, "load", counting)
    backend.upsert([entry("k00007", "y", "y", unit(1, 0, 0, 0))])
    assert found(backend, "y") == ["k00007"]
    assert read == [1]


# threads, forks, processes -----------------------------------------------------------------------------------------


def test_threads_share_a_backend(path):
    backend = built(path, batch("x", 50))
    failures: list[object] = []

    def work(number: int) -> None:
        for turn in range(10):
            backend.upsert([entry(f"t{number}-{turn}", "mine", "", unit(1, 1, 1, number + 1))])
            if len(found(backend, "x")) != 50 or f"t{number}-{turn}" not in found(backend, "mine"):
                failures.append((number, turn))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(found(backend, "mine")) == 60


def _child(backend: EmbeddedBackend, results: object) -> None:
    before = len(found(backend, "x"))
    backend.upsert([entry("child", "x", "x", unit(1, 0, 0, 0))])
    results.put((before, len(found(backend, "x"))))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_fork_uses_the_backend_it_inherited(path):
    backend = built(path, batch("x", 10))
    assert len(found(backend, "x")) == 10
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    child = context.Process(target=_child, args=(backend, results))
    child.start()
    assert results.get(timeout=30) == (10, 11)
    child.join(30)
    assert child.exitcode == 0
    assert len(found(backend, "x")) == 11
    backend.upsert([entry("parent", "x", "x", unit(1, 0, 0, 0))])
    assert len(found(EmbeddedBackend(path), "x")) == 12


def _reader(path: Path, stop: object, results: object) -> None:
    """Every write replaces the whole of 40 entries by 40 of the next version; a reader must see one version."""
    backend = EmbeddedBackend(path)
    seen = set()
    wrong = []
    while not stop.is_set():
        versions = {hit.topic for hit in backend.fetch([f"k{number:05}" for number in range(40)])}
        lexical = len(found(backend, "x"))
        near = backend.vector(unit(1, 0, 0, 0), Filters(), 100)
        if len(versions) != 1 or lexical != 40 or len(near) != 40:
            wrong.append((versions, lexical, len(near)))
        seen |= versions
    results.put((wrong[:3], len(seen)))


def version(number: int) -> list:
    return [entry(f"k{at:05}", "x", "x", unit(1, 0, 0, at + 1), topic=f"v{number}") for at in range(40)]


def test_readers_in_other_processes_see_whole_versions_while_one_writes_and_switches(path):
    writer = built(path, version(0))
    context = multiprocessing.get_context("spawn")
    stop, results = context.Event(), context.Queue()
    readers = [context.Process(target=_reader, args=(path, stop, results)) for _ in range(2)]
    for reader in readers:
        reader.start()
    for number in range(1, 60):
        if number % 10 == 0:
            name = f"g{number}"
            old = next(generation.name for generation in writer.generations() if generation.active)
            writer.create(name, "recipe", DIMENSIONS)
            writer.upsert(version(number)[:20], name)
            writer.upsert(version(number)[20:], name)
            writer.complete(name, {})
            writer.activate(name)
            writer.drop(old)
        else:
            writer.upsert(version(number))
    stop.set()
    outcomes = [results.get(timeout=60) for _ in readers]
    for reader in readers:
        reader.join(30)
    assert [wrong for wrong, _ in outcomes] == [[], []]


# killed, full, broken ----------------------------------------------------------------------------------------------


def killed_in_the_middle(path: Path, program: str) -> None:
    """Run a program that prints a line when it is in the middle of a write, and kill it there."""
    preamble = f"""
    import sys
    from pathlib import Path
    from retrieval.backends.embedded import EmbeddedBackend
    from tests.contracts.backend import DIMENSIONS, entry, unit
    backend = EmbeddedBackend(Path({str(path)!r}))
    def endless(word):
        number = 0
        while True:
            if number == 3000:
                print("in the middle", flush=True)
            yield entry(f"n{{number:05}}", word, word, unit(1, 0, 0, number + 1))
            number += 1
    """
    code = textwrap.dedent(preamble) + textwrap.dedent(program)
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "in the middle\n"
    os.kill(process.pid, signal.SIGKILL)
    process.wait(30)
    process.stdout.close()


def test_a_writer_killed_in_the_middle_of_an_upsert_leaves_the_index_as_it_was(path):
    built(path, batch("x", 20)).close()
    killed_in_the_middle(path, "backend.upsert(endless('x'))")
    after = EmbeddedBackend(path)
    assert len(found(after, "x")) == 20
    assert after.upsert(batch("x", 1, start=20)) == 1
    assert len(found(after, "x")) == 21


def test_a_build_killed_in_the_middle_is_never_seen_and_known_as_unfinished(path):
    built(path, batch("x", 20)).close()
    program = """
    backend.create("g2", "recipe", DIMENSIONS)
    backend.upsert([entry("whole", "x")], "g2")
    backend.upsert(endless("x"), "g2")
    """
    killed_in_the_middle(path, program)
    after = EmbeddedBackend(path)
    assert len(found(after, "x")) == 20
    assert [(g.name, g.entries, g.complete, g.active) for g in after.generations()] == [
        ("g1", 20, True, True),
        ("g2", 1, False, False),
    ]
    after.drop("g2")
    assert [generation.name for generation in after.generations()] == ["g1"]


def test_a_full_disk_is_said_and_nothing_is_half_visible(path):
    backend = built(path, batch("x", 20))
    connection = backend._database.connection()
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count={pages + 4}")
    with pytest.raises(Unavailable, match="disk is full"):
        backend.upsert(batch("x", 3000, start=20))
    assert len(found(backend, "x")) == 20
    assert len(list(backend.fingerprints())) == 20
    connection.execute("PRAGMA max_page_count=1000000")
    assert backend.upsert(batch("x", 3000, start=20)) == 3000
    assert len(found(backend, "x")) == 3020


@pytest.mark.parametrize(
    "content", [b"this is no database, but long enough to be read as one" * 100, b"SQLite format 3\0" + b"\1" * 5000]
)
def test_a_broken_file_says_what_to_run_and_a_reset_sets_it_aside(path, content):
    path.write_bytes(content)
    backend = EmbeddedBackend(path)
    for ask in (
        backend.generations,
        lambda: found(backend, "x"),
        lambda: backend.vector(unit(1, 0, 0, 0), Filters(), 5),
        lambda: backend.upsert(batch("x", 1)),
        lambda: list(backend.fingerprints()),
    ):
        with pytest.raises(IndexCorrupt, match=r"manage\.py index --rebuild"):
            ask()
    backend.reset()
    assert backend.generations() == []
    assert [aside.read_bytes() for aside in path.parent.glob("*.unreadable-1")] == [content]
    backend.reset()
    backend.reset()
    assert len(list(path.parent.glob("*.unreadable-*"))) >= 1


def test_a_file_of_another_format_says_what_to_run(path):
    built(path, batch("x", 1)).close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version=99")
    with pytest.raises(IndexCorrupt, match=r"manage\.py index --rebuild"):
        EmbeddedBackend(path).generations()


def test_a_damaged_entry_says_what_to_run(path):
    built(path, batch("x", 3)).close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE entry SET vector = x'010203' WHERE key = 'k00001'")
    with pytest.raises(IndexCorrupt, match=r"manage\.py index --rebuild"):
        found(EmbeddedBackend(path), "x")


def test_a_file_that_was_replaced_is_noticed(path):
    backend = built(path, batch("x", 3))
    assert len(found(backend, "x")) == 3
    other = path.with_name("other.sqlite3")
    built(other, batch("x", 5)).close()
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    other.replace(path)
    assert len(found(backend, "x")) == 5


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable, match=r"index\.sqlite3"):
        EmbeddedBackend(tmp_path / "file" / "index.sqlite3").generations()


def test_a_writer_that_waits_too_long_is_told_to_try_again(path, monkeypatch):
    monkeypatch.setattr("retrieval.backends.embedded_database.BUSY_SECONDS", 0.1)
    backend = built(path, batch("x", 1))
    blocker = sqlite3.connect(path, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable, match="try again"):
        backend.upsert(batch("x", 1))
    blocker.execute("ROLLBACK")
    blocker.close()
    assert backend.upsert(batch("x", 1)) == 1
