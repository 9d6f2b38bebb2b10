"""Builders that meet, die or come too late; what a recipe covers; what a rebuild gives back."""

import shutil
import signal
import subprocess
import sys
import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from retrieval import preparing
from retrieval.backends.embedded import EmbeddedBackend
from retrieval.calibration import calibration_of
from retrieval.embedders.fake import FakeEmbedder
from retrieval.embedders.starter import DATA, FILES, StarterEmbedder
from retrieval.lexicon import Lexicons
from retrieval.lexicon_data import Columns
from retrieval.service import Retriever
from retrieval.sync import IndexState
from retrieval.types import EntryKind, Filters, IndexEntry, NotConfigured, Query, Unavailable

ROOT = Path(__file__).resolve().parents[2]
LEXICONS = Lexicons()
MANY = 600


def passage(family: str, text: str, locale: str = "en") -> IndexEntry:
    return IndexEntry(f"{family}:{locale}", family, EntryKind.PASSAGE, locale, text)


WASTE = passage("waste", "The bin is emptied every Tuesday.")
PARKING = passage("parking", "Pay for parking by card.")
KNOWLEDGE = [WASTE, PARKING]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "index.sqlite3"


@pytest.fixture
def retriever(path):
    return Retriever(EmbeddedBackend(path), FakeEmbedder(), LEXICONS)


def another(path: Path, dimensions: int = 64) -> Retriever:
    return Retriever(EmbeddedBackend(path), FakeEmbedder(dimensions), LEXICONS)


class Stepper:
    """A rebuild in a thread that stops in its middle until it is let go."""

    def __init__(self, retriever: Retriever, expected: object) -> None:
        self.inside, self.go, self.name = threading.Event(), threading.Event(), ""
        self._thread = threading.Thread(target=self._run, args=(retriever, expected))
        self._thread.start()
        assert self.inside.wait(30)

    def _run(self, retriever: Retriever, expected: object) -> None:
        self.name = retriever.rebuild(expected, self._wait)

    def _wait(self, done: int, total: int) -> None:
        self.inside.set()
        assert self.go.wait(30)

    def finish(self) -> None:
        self.go.set()
        self._thread.join(30)
        assert not self._thread.is_alive()


# two at the same time ----------------------------------------------------------------------------------------------


def test_a_second_rebuild_waits_and_then_does_only_what_changed_meanwhile(path, retriever):
    retriever.sync(KNOWLEDGE)
    first = Stepper(retriever, lambda: [WASTE])
    second = another(path)
    names: list[str] = []
    thread = threading.Thread(target=lambda: names.append(second.rebuild(lambda: KNOWLEDGE)))
    thread.start()
    thread.join(0.3)
    assert thread.is_alive()
    assert [g.complete for g in second._backend.generations()] == [True, False]  # the first one's build stands
    first.finish()
    thread.join(30)
    assert names == [first.name]
    assert second._embedder.texts == 1  # the parking passage
    assert retriever.check(KNOWLEDGE).clean


def test_a_second_rebuild_of_another_recipe_builds_its_own(path, retriever):
    retriever.sync(KNOWLEDGE)
    first = Stepper(retriever, lambda: KNOWLEDGE)
    other = another(path, dimensions=32)
    thread = threading.Thread(target=other.rebuild, args=(KNOWLEDGE,))
    thread.start()
    first.finish()
    thread.join(30)
    assert (other.state(), retriever.state()) == (IndexState.CURRENT, IndexState.OUTDATED)
    assert other.check(KNOWLEDGE).clean


def test_many_rebuilds_at_once_all_end_well(path):
    with ThreadPoolExecutor(6) as pool:
        names = list(pool.map(lambda _: another(path).rebuild(lambda: KNOWLEDGE), range(6)))
    assert another(path).describe()["generation"] in names
    assert another(path).check(KNOWLEDGE).clean
    assert all(generation.complete for generation in another(path)._backend.generations())


def test_a_build_that_runs_is_not_called_cut_off(path, retriever):
    retriever.sync(KNOWLEDGE)
    running = Stepper(retriever, lambda: KNOWLEDGE)
    assert [g.complete for g in another(path)._backend.generations()] == [True, False]
    assert another(path).check(KNOWLEDGE).unfinished == ()
    assert another(path).describe()["unfinished"] == []
    running.finish()


def test_whoever_waits_too_long_is_told_to_try_again(path, retriever):
    running = Stepper(retriever, lambda: KNOWLEDGE)
    with pytest.raises(Unavailable, match="being built by another process"), another(path)._backend.building(0.1):
        pytest.fail("the lock was held twice")
    running.finish()


def test_two_processes_that_publish_first_share_one_generation(path):
    threads = [threading.Thread(target=another(path).sync, args=([entry], [entry.family])) for entry in KNOWLEDGE]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(another(path)._backend.generations()) == 1
    assert another(path).check(KNOWLEDGE).clean


# killed in the middle ----------------------------------------------------------------------------------------------

KILLED = """
import os, signal
from pathlib import Path
from retrieval.backends.embedded import EmbeddedBackend
from retrieval.embedders.fake import FakeEmbedder
from retrieval.lexicon import Lexicons
from retrieval.service import Retriever
from tests.retrieval.test_rebuilding import MANY, passage

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

EmbeddedBackend.{method} = die
Retriever(EmbeddedBackend(Path({path!r})), FakeEmbedder(), Lexicons()).rebuild(
    [passage(f"p{{number}}", f"Text number {{number}}.") for number in range(MANY)]
)
"""


@pytest.mark.parametrize("method", ["upsert", "complete", "activate", "drop", "compact"])
def test_after_a_kill_at_any_step_an_index_is_in_use_and_the_next_rebuild_ends_well(path, retriever, method):
    retriever.sync(KNOWLEDGE)
    retriever.rebuild(KNOWLEDGE)  # so that there is an older generation to drop
    code = textwrap.dedent(KILLED.format(method=method, path=str(path)))
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=60).returncode == -signal.SIGKILL
    many = [passage(f"p{number}", f"Text number {number}.") for number in range(MANY)]
    switched = method in {"drop", "compact"}
    assert retriever.check(many if switched else KNOWLEDGE).clean
    assert retriever.search(Query("number" if switched else "bin", "en")).hits != ()
    name = retriever.rebuild(KNOWLEDGE)
    assert [(g.complete, g.active) for g in retriever._backend.generations()] == [(True, False), (True, True)]
    assert retriever.describe()["generation"] == name
    assert retriever.check(KNOWLEDGE).clean


# what a recipe covers ----------------------------------------------------------------------------------------------


def recipe(path: Path, lexicons: Lexicons = LEXICONS, embedder: object = None) -> str:
    return Retriever(EmbeddedBackend(path), embedder or FakeEmbedder(), lexicons).recipe


def test_a_new_version_of_a_lexicon_is_a_new_recipe(path, tmp_path):
    folder = tmp_path / "lexicons"
    shutil.copytree(DATA / "lexicons", folder)
    assert recipe(path, Lexicons(folder)) == recipe(path)
    shutil.copy(folder / "uk.json.gz", folder / "tr.json.gz")
    assert recipe(path, Lexicons(folder)) != recipe(path)


@pytest.mark.parametrize("name", FILES)
def test_a_new_version_of_the_vectors_is_a_new_recipe(path, tmp_path, name):
    folder = tmp_path / "data"
    folder.mkdir()
    for each in FILES:
        shutil.copy(DATA / each, folder / each)
    assert recipe(path, embedder=StarterEmbedder(folder)) == recipe(path, embedder=StarterEmbedder())
    content = bytearray((folder / name).read_bytes())
    content[-1] ^= 1
    (folder / name).write_bytes(content)
    assert recipe(path, embedder=StarterEmbedder(folder)) != recipe(path, embedder=StarterEmbedder())


def test_vectors_that_are_missing_are_said(path, tmp_path):
    with pytest.raises(NotConfigured, match="missing or damaged"):
        recipe(path, embedder=StarterEmbedder(tmp_path))


def test_other_stop_words_or_another_stemmer_are_a_new_recipe(path, monkeypatch):
    before = recipe(path)
    found = set()
    for name, value in (("STOP_WORDS", {"en": frozenset({"the"})}), ("version", lambda name: "0.0.1")):
        with monkeypatch.context() as patch:
            patch.setattr(preparing, name, value)
            preparing._word_lists.cache_clear()
            found.add(recipe(path))
    preparing._word_lists.cache_clear()
    assert len(found | {before}) == 3
    assert recipe(path) == before


def test_the_state_says_whether_the_index_is_of_this_recipe(path, retriever):
    assert retriever.state() == IndexState.MISSING
    retriever.sync(KNOWLEDGE)
    assert (retriever.state(), another(path, dimensions=32).state()) == (IndexState.CURRENT, IndexState.OUTDATED)
    broken = path.with_name("broken.sqlite3")
    broken.write_bytes(b"this is no database at all" * 500)
    assert another(broken).state() == IndexState.UNREADABLE


# calibration -------------------------------------------------------------------------------------------------------


def calibrations(retriever: Retriever) -> list[dict[str, float]]:
    return [dict(generation.calibration) for generation in retriever._backend.generations()]


def test_each_generation_is_judged_by_the_calibration_of_its_own_recipe(path, retriever):
    retriever.sync(KNOWLEDGE)
    starter = Retriever(EmbeddedBackend(path), StarterEmbedder(), LEXICONS)
    assert starter.search(Query("bin", "en")).floor == calibration_of("fake")["floor"]  # not rebuilt yet
    starter.rebuild(KNOWLEDGE)
    assert calibrations(retriever) == [calibration_of("fake"), calibration_of("starter")]
    assert starter.search(Query("bin", "en")).floor == calibration_of("starter")["floor"]
    retriever.rebuild(KNOWLEDGE)
    assert calibrations(retriever) == [calibration_of("starter"), calibration_of("fake")]


def test_a_calibration_that_was_fitted_anew_asks_for_a_rebuild_which_brings_it(path, retriever, monkeypatch):
    retriever.sync(KNOWLEDGE)
    fitted = {**calibration_of("fake"), "floor": 0.77}
    monkeypatch.setattr("retrieval.service.calibration_of", lambda provider: fitted)
    later = another(path)
    assert later.state() == IndexState.OUTDATED
    later.rebuild(KNOWLEDGE)
    assert (later.state(), later.search(Query("bin", "en")).floor) == (IndexState.CURRENT, 0.77)


# what a rebuild gives back -----------------------------------------------------------------------------------------


def words(retriever: Retriever) -> set[str]:
    return {text for (text,) in retriever._backend._database.connection().execute("SELECT text FROM token")}


def test_words_that_nobody_holds_any_more_go_with_the_generation_that_held_them(retriever):
    retriever.sync([*KNOWLEDGE, passage("old", "Zeppelin moorings.")])
    retriever.rebuild(KNOWLEDGE)
    assert "zeppelin" in words(retriever)  # the generation before still holds it
    retriever.rebuild(KNOWLEDGE)
    assert words(retriever).isdisjoint({"zeppelin", "moor"})
    assert {"bin", "park"} <= words(retriever)
    assert retriever.check(KNOWLEDGE).clean


def test_the_number_of_a_word_is_never_given_to_another(path, retriever):
    """A reader that looked a word up just before must not find another word's entries under its number."""
    retriever.rebuild([passage("z", "zeppelin")])
    numbers = dict(retriever._backend._database.connection().execute("SELECT text, id FROM token"))
    for _ in range(2):
        retriever.rebuild([WASTE])
    retriever.sync([PARKING], families=["parking"])
    later = dict(retriever._backend._database.connection().execute("SELECT text, id FROM token"))
    taken = {number: text for text, number in numbers.items()}
    assert {text: number for text, number in later.items() if taken.get(number, text) != text} == {}


def test_an_index_that_is_rebuilt_again_and_again_keeps_the_words_of_two_generations(retriever):
    for turn in range(6):
        retriever.rebuild([passage(f"p{number}", f"Round {turn} word{turn}x{number}.") for number in range(100)])
    assert {word[4] for word in words(retriever) if word.startswith("word")} == {"4", "5"}


# warming -----------------------------------------------------------------------------------------------------------


def test_a_warm_locale_reads_no_file_when_it_is_asked(retriever, monkeypatch):
    retriever.sync(KNOWLEDGE)
    fresh = Retriever(retriever._backend, StarterEmbedder(), Lexicons())
    fresh.rebuild(KNOWLEDGE)
    fresh.warm("de")

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a file was read while a reader waited")

    monkeypatch.setattr("retrieval.lexicon.load", refuse)
    monkeypatch.setattr("retrieval.backends.embedded_reader._whole", refuse)
    monkeypatch.setattr(StarterEmbedder, "_read", refuse)
    assert fresh.search(Query("Wann wird die Tonne geleert?", "de", Filters())).degraded == ()
    with pytest.raises(AssertionError):
        fresh.search(Query("Quand la poubelle est-elle vidée ?", "fr"))


def test_nobody_waits_for_the_lexicon_of_another_language(monkeypatch):
    from retrieval import lexicon

    reading, go = threading.Event(), threading.Event()
    load = lexicon.load

    def slow_chinese(path: Path) -> Columns:
        if path.name == "zh.json.gz":
            reading.set()
            assert go.wait(30)
        return load(path)

    monkeypatch.setattr(lexicon, "load", slow_chinese)
    lexicons = Lexicons()
    thread = threading.Thread(target=lexicons.warm, args=("zh-hans",))
    thread.start()
    assert reading.wait(30)
    assert lexicons.gloss("Tonne", "de") != {}
    go.set()
    thread.join(30)
    assert lexicons.gloss("垃圾", "zh-hans") != {}
