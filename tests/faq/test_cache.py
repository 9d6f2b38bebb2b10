"""What is kept in memory is never older than what was committed, in this process or another."""

import multiprocessing
import os
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from faq import cache

pytestmark = pytest.mark.django_db(transaction=True)


class Store:
    """A value that lives elsewhere, and how often it was read."""

    def __init__(self) -> None:
        self.value, self.reads = 1, 0

    def read(self) -> int:
        self.reads += 1
        return self.value

    def kept(self) -> int:
        return cache.cached(cache.CONTENT, "value", self.read)


def test_a_value_is_built_once_until_its_group_is_bumped() -> None:
    store = Store()
    assert [store.kept(), store.kept(), store.reads] == [1, 1, 1]
    store.value = 2
    cache.bump(cache.LOCALES)
    assert [store.kept(), store.reads] == [1, 1]
    cache.bump(cache.CONTENT)
    assert [store.kept(), store.kept(), store.reads] == [2, 2, 2]


def test_nothing_read_before_a_commit_is_kept_beyond_it() -> None:
    store = Store()
    with transaction.atomic():
        cache.bump_on_commit(cache.CONTENT)
        assert [store.kept(), store.kept(), store.reads] == [1, 1, 2]  # what another process would see meanwhile
        store.value = 2
    assert [store.kept(), store.kept(), store.reads] == [2, 2, 3]


def test_a_change_that_was_cut_off_stops_keeping_for_a_while_only(monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store()

    def cut_off() -> None:
        with transaction.atomic():
            cache.bump_on_commit(cache.CONTENT)
            raise KeyError

    with pytest.raises(KeyError):
        cut_off()
    assert not cache.stamp(cache.CONTENT).settled
    monkeypatch.setattr(cache, "CHANGING_SECONDS", -1)
    assert [store.kept(), store.kept(), store.reads] == [1, 1, 1]


def test_a_change_beside_the_database_is_told_before_and_after_even_when_it_fails() -> None:
    before = cache.version(cache.INDEX)
    settled = []

    def fail() -> None:
        with cache.changing(cache.INDEX):
            settled.append(cache.stamp(cache.INDEX).settled)
            raise TimeoutError

    with pytest.raises(TimeoutError):
        fail()
    assert settled == [False]
    assert cache.stamp(cache.INDEX).settled
    assert cache.version(cache.INDEX) != before


def test_one_moment_has_one_stamp_and_its_own_changes_end_it() -> None:
    with cache.at_one_moment():
        first = cache.version(cache.CONTENT)
        cache._write_file(cache._path(cache.CONTENT), cache._SETTLED)  # another process
        assert cache.version(cache.CONTENT) == first
        cache.bump(cache.CONTENT)
        assert cache.version(cache.CONTENT) != first


def _bump(home: str) -> None:
    path = Path(home) / "stamps" / cache.CONTENT
    cache._write_file(str(path), cache._SETTLED)


def test_another_process_is_heard_at_once(tmp_path: Path) -> None:
    store = Store()
    assert store.kept() == 1
    store.value = 2
    child = multiprocessing.get_context("fork").Process(target=_bump, args=(str(tmp_path),))
    child.start()
    child.join()
    assert [child.exitcode, store.kept()] == [0, 2]


def test_a_stamp_that_cannot_be_written_keeps_nothing(settings: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no directory")
    settings.POLYFAQ = settings.POLYFAQ | {"HOME": tmp_path / "file"}
    store = Store()
    assert [store.kept(), store.kept(), store.reads] == [1, 1, 2]


def test_a_full_disk_still_tells_of_a_change(monkeypatch: pytest.MonkeyPatch) -> None:
    before = cache.stamp(cache.CONTENT)
    os.utime(cache._path(cache.CONTENT), ns=(1, 1))

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("builtins.open", full)
    cache.bump(cache.CONTENT)
    assert cache.version(cache.CONTENT) != before.version


def test_the_oldest_values_go_first() -> None:
    kept = cache.Kept(2)
    for key in "ababc":
        kept.put(key, "1", key)
    assert [kept.get(key, "1") is cache.MISSING for key in "abc"] == [True, False, False]
    assert kept.get("b", "2") is cache.MISSING
