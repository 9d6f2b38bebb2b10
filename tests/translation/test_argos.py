"""The real engine on a real, small model."""

import importlib.metadata
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.translation.packaging import REAL, real, small, write
from translation import argos, batching, packages
from translation.argos import ArgosEngine
from translation.types import EngineUnavailable, LanguagePair, UnsupportedPair

EN_DE = LanguagePair("en", "de")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("argos")
    packages.install_file(REAL, folder)
    return folder


@pytest.fixture(scope="module")
def engine(folder: Path) -> ArgosEngine:
    return ArgosEngine(folder, threads=1)


@pytest.fixture
def three(tmp_path: Path) -> Path:
    """English-German, German-French, French-Polish."""
    folder = tmp_path / "three"
    for source, target in (("en", "de"), ("de", "fr"), ("fr", "pl")):
        packages.install_file(real(tmp_path / f"{source}.argosmodel", source, target), folder)
    return folder


def test_a_sentence_is_translated(engine: ArgosEngine) -> None:
    assert engine.translate(["I like apples."], EN_DE) == ["Ich mag Äpfel."]


def test_the_structure_around_sentences_stays(engine: ArgosEngine) -> None:
    text = "- I like apples. [1]\n- I like apples.\n\n> 25\n"
    assert engine.translate([text, "", "  "], EN_DE) == [
        "- Ich mag Äpfel. [1]\n- Ich mag Äpfel.\n\n> 25\n",
        "",
        "  ",
    ]


def test_texts_are_pooled_and_each_sentence_is_run_once(engine: ArgosEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    run = argos._run
    monkeypatch.setattr(argos, "_run", lambda model, texts, *rest: seen.extend(texts) or run(model, texts, *rest))
    engine.translate(["I like apples. Go home.", "Go home.", "I like apples."], EN_DE)
    assert seen == ["I like apples.", "Go home."]


def test_one_by_one_and_together_give_the_same(engine: ArgosEngine) -> None:
    texts = [
        "I like apples.",
        "Where is the station?",
        "My father is a teacher and my mother is a doctor.",
        "Good night.",
    ]
    assert engine.translate(texts, EN_DE) == [engine.translate([text], EN_DE)[0] for text in texts]


def test_long_sentences_are_cut_and_none_of_them_is_dropped(
    engine: ArgosEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = [f"▁w{n}" if n % 3 else "▁w," for n in range(1000)]
    parts = list(batching.cut(tokens))
    assert [token for part in parts for token in part] == tokens
    assert max(map(len, parts)) <= batching.LONGEST
    assert next(iter(batching.cut(["人"] * 1000))) == ["人"] * batching.LONGEST
    # A model that says what it is given: what a real one makes of two hundred apples differs from processor to processor.
    long = "I like apples, " * 200 + "and you."
    monkeypatch.setattr(argos, "_translated", lambda model, parts, *rest: parts)
    assert engine.translate([long], EN_DE) == [long]


def test_what_has_no_words_does_not_reach_the_model(engine: ArgosEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(argos, "_run", lambda model, texts, *rest: pytest.fail("ran") if texts else [])
    assert engine.translate(["25", "⟦0⟧ ⟦1⟧", "…"], EN_DE) == ["25", "⟦0⟧ ⟦1⟧", "…"]


def test_a_lost_placeholder_is_tried_in_other_spellings(engine: ArgosEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that leaves only curly brackets alone."""
    tries: list[list[str]] = []

    def run(model: Any, texts: list[str], *rest: Any) -> list[str]:
        tries.append(list(texts))
        return [text.replace("[X0X]", "").replace("{1}", "{ 1 }") for text in texts]

    monkeypatch.setattr(argos, "_run", run)
    assert engine.translate(["Go to ⟦0⟧ and ⟦1⟧ now.", "Go home."], EN_DE) == ["Go to ⟦0⟧ and ⟦1⟧ now.", "Go home."]
    assert tries == [["Go to [X0X] and [X1X] now.", "Go home."], ["Go to {0} and {1} now."]]


def test_a_missing_pair_is_an_error_never_a_copy(engine: ArgosEngine, tmp_path: Path) -> None:
    for pair in (LanguagePair("de", "en"), LanguagePair("en", "fr"), LanguagePair("en", "en")):
        with pytest.raises(UnsupportedPair, match="install_languages"):
            engine.translate(["Hello."], pair)
    with pytest.raises(UnsupportedPair):
        ArgosEngine(tmp_path / "nowhere").translate(["Hello."], EN_DE)


def test_two_packages_make_a_pivot_and_three_do_not(three: Path) -> None:
    engine = ArgosEngine(three, threads=1)
    pairs = {(pair.source, pair.target) for pair in engine.pairs()}
    assert pairs == {("en", "de"), ("de", "fr"), ("fr", "pl"), ("en", "fr"), ("de", "pl")}
    direct = engine.translate(["I like apples."], EN_DE)
    assert engine.translate(["I like apples."], LanguagePair("en", "fr")) == engine.translate(
        direct, LanguagePair("de", "fr")
    )
    with pytest.raises(UnsupportedPair):
        engine.translate(["I like apples."], LanguagePair("en", "pl"))


def test_regional_tags_find_their_package(engine: ArgosEngine) -> None:
    assert engine.translate(["I like apples."], LanguagePair("en-GB", "de_AT")) == ["Ich mag Äpfel."]


def test_models_are_loaded_once_and_evicted_by_least_use(three: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loads: list[str] = []
    load = argos._load
    monkeypatch.setattr(argos, "_load", lambda p, size, threads: loads.append(p.source) or load(p, size, threads))
    engine = ArgosEngine(three, memory_mb=14, threads=1)  # room for two of 6.3 MB
    for source, target in (("en", "de"), ("de", "fr"), ("en", "de"), ("fr", "pl"), ("en", "de"), ("de", "fr")):
        engine.translate(["I like apples."], LanguagePair(source, target))
    assert loads == ["en", "de", "fr", "de"]
    assert len(engine._models) == 2
    tiny = ArgosEngine(three, memory_mb=1, threads=1)
    assert tiny.translate(["I like apples."], EN_DE) == ["Ich mag Äpfel."]


def test_new_and_removed_packages_count_at_once_and_change_the_name(tmp_path: Path) -> None:
    engine = ArgosEngine(tmp_path / "p", threads=1)
    assert engine.pairs() == []
    empty = engine.name
    packages.install_file(REAL, tmp_path / "p")
    assert engine.pairs() == [EN_DE]
    assert engine.name != empty
    packages.remove(EN_DE, tmp_path / "p")
    assert engine.pairs() == []


def test_a_model_that_cannot_be_loaded_is_unavailable_with_advice(tmp_path: Path) -> None:
    packages.install_file(write(tmp_path / "a.argosmodel", small()), tmp_path / "p")
    with pytest.raises(EngineUnavailable, match="install_languages fr"):
        ArgosEngine(tmp_path / "p").translate(["Hello."], LanguagePair("en", "fr"))


def test_many_threads_share_one_engine(three: Path) -> None:
    engine = ArgosEngine(three, memory_mb=7, threads=1)  # every change of the pair evicts
    found: list[list[str]] = []

    def work(number: int) -> None:
        pair = EN_DE if number % 2 else LanguagePair("de", "fr")
        found.extend(engine.translate(["I like apples."], pair) for _ in range(3))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [["Ich mag Äpfel."]] * 18


def test_no_heavy_framework_is_installed() -> None:
    names = {str(d.metadata["Name"]).lower() for d in importlib.metadata.distributions()}
    assert names & {"torch", "stanza", "spacy"} == set()


IMPORTS = """
import sys
import translation.argos
print([name for name in ("argostranslate", "torch", "stanza", "spacy", "ctranslate2", "sentencepiece") if name in sys.modules])
"""


def test_importing_the_engine_imports_no_model_code() -> None:
    run = subprocess.run([sys.executable, "-c", IMPORTS], check=True, capture_output=True, text=True)
    assert run.stdout.strip() == "[]"
