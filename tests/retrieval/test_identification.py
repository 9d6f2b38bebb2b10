import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.identification import identify
from retrieval.lexicon import Lexicons
from retrieval.text import is_latin, script_share

LOCALES = ["en", "de", "fr", "es", "pl", "uk", "tr", "ar", "zh-hans"]
ASKED = Path(__file__).parent.parent / "data" / "asked"


@pytest.fixture(scope="module")
def lexicons() -> Lexicons:
    found = Lexicons()
    for locale in LOCALES:
        found.warm(locale)  # so that the first of many examples does not wait for a file
        found.knows("warm", locale)
    return found


@pytest.fixture(scope="module")
def asked() -> list[tuple[str, str]]:
    with (ASKED / "paraphrases.tsv").open(encoding="utf-8") as file:
        return [(row["locale"], row["text"]) for row in csv.DictReader(file, delimiter="\t")]


@pytest.mark.parametrize(
    ("text", "page", "locale"),
    [
        ("أين أضع بقايا الدهان؟", "zh-hans", "ar"),
        ("图书馆什么时候开门？", "en", "zh-hans"),
        ("Коли забирають сміття?", "de", "uk"),
        ("Wann wird mein Müll abgeholt?", "tr", "de"),
        ("How do I register my address?", "ar", "en"),
        ("Gdzie mogę zapłacić mandat?", "en", "pl"),
    ],
)
def test_a_question_in_another_language_than_the_page_is_told(text, page, locale, lexicons):
    assert identify(text, page, LOCALES, lexicons) == locale


@pytest.mark.parametrize("text", ["BSkyB?", "12345", "???", "", "asdf qwer", "Wi-Fi", "😀"])
def test_what_no_language_can_claim_stays_with_the_page(text, lexicons):
    assert [identify(text, page, LOCALES, lexicons) for page in ("de", "tr")] == ["de", "tr"]


def test_a_name_in_latin_letters_makes_no_question_of_another_script_a_latin_one(lexicons):
    assert identify("Broadmeadows制作什么品牌的汽车？", "zh-hans", LOCALES, lexicons) == "zh-hans"
    assert identify("ما هو WhatsApp Business؟", "ar", LOCALES, lexicons) == "ar"


def test_no_question_on_a_page_of_its_own_language_is_taken_for_another(asked, lexicons):
    assert [(t, identify(t, locale, LOCALES, lexicons)) for locale, t in asked] == [(t, locale) for locale, t in asked]


def test_nearly_all_questions_on_an_english_page_are_told(asked, lexicons):
    others = [(locale, text) for locale, text in asked if locale != "en"]
    told = [identify(text, "en", LOCALES, lexicons) == locale for locale, text in others]
    assert sum(told) / len(told) >= 0.93


@given(text=st.text(max_size=80), page=st.sampled_from(LOCALES))
def test_any_text_gives_one_of_the_locales(text, page, lexicons):
    assert identify(text, page, LOCALES[:3], lexicons) in {page, *LOCALES[:3]}


def test_scripts():
    assert (is_latin("tr"), is_latin("uk"), is_latin("zh-hans")) == (True, False, False)
    assert script_share("Київ Kyiv", "uk") == 0.5
    assert script_share("東京タワ", "ja") == 1.0
    assert script_share("123", "en") == 0.0
