"""Glosses: every language of the pack reaches English, by exact, folded, split, near and sounding words."""

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval.lexicon import CEILING, DATA, Lexicon, Lexicons, Names, romanised, skeleton
from retrieval.lexicon_data import Columns
from retrieval.types import NotConfigured

LEXICONS = Lexicons()
PORTAL = {
    "de": "Wo kann ich die Bibliothek finden?",
    "fr": "Où se trouve la bibliothèque ?",
    "es": "¿Dónde está la biblioteca?",
    "pl": "Gdzie jest biblioteka?",
    "uk": "Де бібліотека?",
    "tr": "Kütüphane nerede?",
    "ar": "أين المكتبة؟",
    "zh-hans": "图书馆在哪里？",
}


def small(code: str = "de", **entries: float) -> Lexicon:
    """Each stem means the word `x-<stem>`, with that probability."""
    return Lexicon(code, Columns.of({key: [(f"x-{key}", p)] for key, p in entries.items()}))


@pytest.mark.parametrize(("locale", "question"), PORTAL.items())
def test_a_question_in_every_language_of_the_portal_reaches_the_english_word(locale, question):
    assert LEXICONS.gloss(question, locale)["librari"] > 0.3


def test_english_glosses_to_its_own_stems_without_stop_words():
    assert LEXICONS.gloss("Where are the libraries?", "en") == {"librari": 1.0}


def test_a_question_of_stop_words_only_keeps_them():
    assert LEXICONS.gloss("Who are you?", "en") == {"who": 1.0, "are": 1.0, "you": 1.0}


def test_languages_without_a_lexicon_give_their_latin_words_and_names():
    assert not LEXICONS.supports("xx")
    assert LEXICONS.gloss("IBAN 123", "xx") == {"iban": 1.0, "123": 1.0}
    assert LEXICONS.gloss("Мельбурн", "sr", Names(["melbourne", "music"])) == {"melbourn": pytest.approx(0.9, abs=0.2)}


@given(st.text(max_size=60), st.sampled_from(["en", "de", "ar", "tr", "xx"]))
@settings(max_examples=60)
def test_weights_lie_between_nothing_and_the_ceiling_for_any_text(text, locale):
    assert all(0 < weight <= CEILING for weight in LEXICONS.gloss(text, locale, Names(["alpha", "beta"])).values())


@given(st.text(max_size=60), st.sampled_from(["en", "de", "ar", "tr"]))
@settings(max_examples=60)
def test_a_gloss_holds_what_its_senses_hold(text, locale):
    stems = {stem for sense in LEXICONS.senses(text, locale) for stem in sense}
    assert set(LEXICONS.gloss(text, locale)) <= stems


@pytest.mark.parametrize("text", ["", " ", "🙂", "\x00", "\ud800", "' OR 1=1 --", "ا" * 500, "ab " * 20_000])
@pytest.mark.parametrize("locale", ["en", "de", "ar", "zh-hans", "xx"])
def test_odd_texts_never_raise(text, locale):
    LEXICONS.gloss(text, locale, Names(["alpha"]))


def test_an_entry_is_indexed_under_a_meaning_as_often_as_it_says_it():
    assert LEXICONS.index_stems("the libraries of the library", "en").count("librari") == 2
    assert LEXICONS.index_stems("Die Bibliothek und die Bibliotheken", "de").count("librari") == 2
    assert LEXICONS.index_stems("und die", "de") == []


@given(st.text(max_size=60), st.sampled_from(["en", "de", "ar", "zh-hans", "xx"]))
@settings(max_examples=60)
def test_stems_that_are_indexed_hold_no_white_space(text, locale):
    assert all(stem.split() == [stem] for stem in LEXICONS.index_stems(text, locale))


def test_an_accent_without_a_letter_is_no_word():
    assert LEXICONS.index_stems("¸ __ Haus", "de") == LEXICONS.index_stems("Haus", "de")
    assert LEXICONS.gloss("¸", "de") == {}


def test_words_typed_without_accents_are_known():
    assert LEXICONS.gloss("bibliotheque", "fr").keys() & LEXICONS.gloss("bibliothèque", "fr").keys()
    assert "door" in LEXICONS.gloss("Tuer", "de")


def test_a_compound_is_taken_apart_with_its_linking_letter():
    words, known = small(hund=0.9, haus=0.8, amt=0.9).translate("hundshaus")
    assert known
    assert dict(words) == {"x-hund": pytest.approx(0.45), "x-haus": pytest.approx(0.4)}


def test_only_languages_that_write_compounds_as_one_word_have_them_taken_apart():
    assert small("fr", hund=0.9, steuer=0.8).translate("hundsteuer")[1] is False


def test_a_word_that_begins_with_a_known_stem_is_nearly_known():
    words, known = small("pl", opłat=0.8).translate("opłatowy")
    assert (dict(words), known) == ({"x-opłat": pytest.approx(0.32)}, False)


def test_words_that_share_little_are_not_near():
    assert small("pl", opłata=0.8).translate("opłakiwać") == ((), False)


def test_turkish_softened_consonants_are_near():
    assert dict(small("tr", kitap=0.5).translate("kitabımız")[0]) != {}


def test_arabic_particles_are_taken_off():
    assert LEXICONS.gloss("وبالمكتبة", "ar").get("librari", 0) > 0.3


def test_turkish_words_with_dotted_capital_are_found():
    assert "england" in LEXICONS.gloss("İngiltere", "tr")


def test_numbers_stand_for_themselves_however_they_are_written():
    assert LEXICONS.gloss("1.200", "de") == LEXICONS.gloss("1,200", "en") == {"1200": 1.0}
    assert LEXICONS.gloss("٢٥", "ar") == {"25": 1.0}


def test_names_are_found_across_scripts_and_endings():
    names = Names(["melbourne", "broncos", "parliament", "music"])
    assert names.find("мельбурн")[0][0] == "melbourne"
    assert names.find("broncosun")[0][0] == "broncos"
    assert names.find("parlamento")[0][0] == "parliament"
    assert names.find("zzzzz") == ()


def test_names_hold_words_of_letters_only():
    names = Names(["ab", "abc", "a1b2", "œuvre", "123"])
    assert [word in names for word in ("ab", "abc", "a1b2", "œuvre", "123", "zzz")] == [
        False,
        True,
        False,
        False,
        False,
        False,
    ]


def test_the_skeleton_leaves_what_scripts_agree_on():
    assert skeleton("Мельбурн") == skeleton("Melbourne")
    assert romanised("Łódź") == "lodz"


def test_a_lexicon_is_read_on_first_use_and_once(tmp_path):
    folder = Lexicons(tmp_path)
    (tmp_path / "de.json.gz").write_bytes((DATA / "de.json.gz").read_bytes())
    assert folder.supports("de-at")
    first = folder._lexicon("de")
    (tmp_path / "de.json.gz").unlink()
    assert folder._lexicon("de") is first


def damaged() -> list[bytes]:
    columns = {"stems": "a b", "english": "c", "counts": [1, 1], "words": [0], "thousandths": [900]}
    return [b"", b"no gzip", gzip.compress(b"[]"), gzip.compress(b"{"), gzip.compress(json.dumps(columns).encode())]


@pytest.mark.parametrize("data", damaged(), ids=range(5))
def test_a_damaged_lexicon_is_a_clear_error(tmp_path: Path, data):
    (tmp_path / "de.json.gz").write_bytes(data)
    with pytest.raises(NotConfigured, match=r"de\.json\.gz is damaged"):
        Lexicons(tmp_path).gloss("Haus", "de")


def test_every_lexicon_of_the_pack_can_be_read():
    codes = sorted(file.name.split(".")[0] for file in DATA.glob("*.json.gz"))
    assert " ".join(codes) == "ar de el es fr hi id it ja ko nl pl pt ro ru sv th tr uk vi zh"
    for code in codes:
        assert len(Lexicons()._lexicon(code)) > 3000
