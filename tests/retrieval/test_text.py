"""Tokens by language: laws over any text, and what each language's analyser must not get wrong."""

import itertools
import sys
import time
import unicodedata
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval import text as text_module
from retrieval.stopwords import STOP_WORDS
from retrieval.text import (
    MAX_TOKEN,
    PIECE_MARK,
    PIECE_WEIGHT,
    analyse,
    fold,
    index_tokens,
    language,
    normalise,
    query_tokens,
    query_weights,
    sentences,
    stem,
    words,
)

LOCALES = ["en", "de", "fr", "es", "pl", "uk", "tr", "ar", "zh-hans", "ja", "ko", "th", "he", "sv", "hi", "el", "xx"]
locales = st.sampled_from(LOCALES)
texts = st.text(max_size=80)


@given(texts, locales)
def test_tokens_hold_no_white_space_no_quotes_and_no_control_characters(text, locale):
    for token in [*analyse(text, locale), *index_tokens(text, locale), *query_weights(text, locale)]:
        assert token
        assert token.split() == [token]
        assert not set(token) & {'"', "'", "’", "`", "*"}
        assert not any(unicodedata.category(c) in {"Cc", "Cs"} for c in token)
        assert len(token) <= 2 * MAX_TOKEN


@given(texts, locales)
def test_a_text_with_tokens_never_becomes_an_empty_question(text, locale):
    assert bool(query_tokens(text, locale)) == bool(analyse(text, locale))
    assert bool(query_weights(text, locale)) == bool(analyse(text, locale))


@given(texts, locales)
def test_a_question_asks_only_for_tokens_that_its_own_text_would_hold(text, locale):
    assert set(query_tokens(text, locale)) <= set(analyse(text, locale))
    assert set(analyse(text, locale)) <= set(index_tokens(text, locale))


@given(texts, locales)
def test_canonically_equal_texts_have_equal_tokens(text, locale):
    decomposed, composed = unicodedata.normalize("NFD", text), unicodedata.normalize("NFC", text)
    assert analyse(decomposed, locale) == analyse(composed, locale)


@given(texts, texts, locales)
def test_tokens_of_two_lines_are_the_tokens_of_each(first, second, locale):
    assert analyse(f"{first}\n{second}", locale) == analyse(first, locale) + analyse(second, locale)


@given(texts)
def test_normalised_text_is_in_nfc_and_stays_as_it_is(text):
    once = normalise(text)
    assert once == unicodedata.normalize("NFC", once)
    assert normalise(once) == once
    assert not any(unicodedata.category(c) == "Cc" for c in once)


@given(texts, locales)
@settings(max_examples=50)
def test_sentences_are_spans_in_order_that_do_not_overlap(text, locale):
    spans = sentences(text, locale)
    assert all(start < end <= len(text) and text[start:end] == text[start:end].strip() for start, end in spans)
    assert all(end <= start for (_, end), (start, _) in itertools.pairwise(spans))


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize(
    "text",
    ["", " ", "\x00\x01\x1b", "🙂👩‍👩‍👧", '" * NEAR(a b) - ^', "'; DROP TABLE entry; --", "\ud800", "́", "_", "____"],
)
def test_odd_texts_never_raise(text, locale):
    for function in (analyse, index_tokens, query_tokens, query_weights, words, sentences):
        function(text, locale)


@pytest.mark.parametrize("locale", ["en", "de", "ar", "zh-hans", "th", "tr"])
@pytest.mark.parametrize(
    "text", ["a" * 100_000, "word " * 20_000, "好" * 100_000, "a'" * 50_000, "1." * 50_000, "ก" * 100_000]
)
def test_a_long_text_takes_time_in_proportion(text, locale):
    begun = time.process_time()
    index_tokens(text, locale)
    query_weights(text, locale)
    assert time.process_time() - begun < 60


def test_language_is_the_primary_subtag():
    assert [language(tag) for tag in ("zh-hans", "zh_CN", "DE-at", "en")] == ["zh", "zh", "de", "en"]


@pytest.mark.parametrize(
    ("locale", "one", "other"),
    [
        ("en", "The registrations", "registration"),
        ("de", "Häuser", "HÄUSER"),
        ("de", "Straße", "strasse"),
        ("fr", "l’école", "ecole"),
        ("es", "dirección", "direccion"),
        ("pl", "żółty", "zolty"),
        ("uk", "об'єкт", "обєкт"),
        ("tr", "İstanbul'da", "istanbul"),
        ("tr", "IŞIK", "ışık"),
        ("ar", "الْمَكْتَبَة", "مكتبة"),
        ("ar", "إلى أحمد", "الى احمد"),
        ("ar", "والمدرسة", "مدرسة"),
        ("el", "ΟΔΌΣ", "οδός"),
        ("en", "ﬁle", "file"),
        ("ar", "٢٥", "25"),
        ("de", "1.200 Euro", "1200 euro"),
    ],
)
def test_what_readers_take_for_one_word_meets(locale, one, other):
    assert set(analyse(other, locale)) <= set(analyse(one, locale))


@pytest.mark.parametrize(
    ("locale", "one", "other"),
    [("sv", "höra", "hora"), ("tr", "ılık", "ilik2"), ("en", "1.5", "15"), ("en", "3.11", "3.1"), ("hi", "कल", "काल")],
)
def test_what_are_two_words_stay_two(locale, one, other):
    assert set(analyse(one, locale)).isdisjoint(analyse(other, locale))


def test_chinese_gives_bigrams_and_characters():
    assert analyse("图书馆", "zh-hans") == ["图书", "书馆", "图", "书", "馆"]


def test_latin_names_end_where_chinese_begins():
    assert analyse("BSkyB的3G网络", "zh")[0] == "bskyb"
    assert "3g" in analyse("BSkyB的3G网络", "zh")
    assert "网络" in analyse("BSkyB的3G网络", "zh")


@pytest.mark.parametrize(("locale", "text"), [("th", "ห้องสมุด"), ("lo", "ຫໍສະໝຸດ"), ("km", "បណ្ណាល័យ"), ("my", "စာကြည့်တိုက်")])
def test_scripts_without_spaces_find_a_word_inside_a_run(locale, text):
    assert set(analyse(text, locale)) & set(analyse(text[:3] + text + text[-3:], locale))
    assert len(analyse(text, locale)) == len(unicodedata.normalize("NFKC", text)) - 2


def test_korean_finds_a_word_with_its_particle():
    assert set(query_tokens("도서관", "ko")) & set(analyse("도서관에서", "ko"))


def test_program_languages_keep_their_signs():
    assert analyse("C++ and C#", "en") == ["c++", "and", "c#"]


def test_stop_words_are_left_out_unless_nothing_else_is_there():
    assert query_tokens("Where is the library?", "en") == ["librari"]
    assert query_tokens("Where is it?", "en") == ["where", "is", "it"]


def test_the_languages_of_the_portal_have_stop_words_in_lower_case():
    for code in ("en", "de", "fr", "es", "pl", "uk", "tr", "ar", "zh"):
        assert len(STOP_WORDS[code]) >= 30
        assert all(word == word.lower() for word in STOP_WORDS[code])


def test_a_word_finds_the_compound_it_is_part_of():
    asked, stored = query_weights("Steuer", "de"), index_tokens("Hundesteuerbescheid", "de")
    shared = sorted(token for token in asked if token in stored)
    assert shared
    assert all(token.startswith(PIECE_MARK) for token in shared)


def test_pieces_weigh_less_than_words_and_are_not_made_of_numbers_or_characters():
    weights = query_weights("Library 2025 图书馆", "en")
    assert weights["librari"] == weights["2025"] == weights["图书"] == 1.0
    assert {weight for token, weight in weights.items() if token.startswith(PIECE_MARK)} == {PIECE_WEIGHT}
    assert not any("2" in token or "图" in token for token in weights if token.startswith(PIECE_MARK))


def test_long_questions_are_bounded():
    assert len(query_weights(" ".join(f"word{chr(97 + i % 26)}{chr(97 + i // 26)}" for i in range(600)), "en")) < 1000


def test_words_are_what_the_lexicons_know():
    assert words("L'École d'Été", "fr") == ["l", "école", "d", "été"]
    assert words("图书馆", "zh-hans") == ["图书", "书馆", "图", "书", "馆"]
    assert words("สวัสดี", "th") == ["สวัส", "วัสด", "ัสดี"]
    assert stem("häuser", "de") == "haus"


@pytest.mark.parametrize("locale", ["en", "de", "ar", "zh-hans"])
def test_stems_of_many_are_those_of_each(locale):
    given = ["houses", "häuser", "الكتب", "أحمد", "图书"]
    assert text_module.stems(given, locale) == [stem(word, locale) for word in given]


def test_a_chunk_without_white_space_is_read_alike_whether_it_is_kept_or_too_long_to_be_kept():
    long = ",".join(["word"] * 40)
    assert text_module.words(long, "en") == ["word"] * 40
    assert text_module.index_tokens(long, "en") == text_module.index_tokens("word", "en") * 40


def test_folding_writes_what_readers_type():
    assert [fold(word) for word in ("Straße", "Łódź", "København", "cœur")] == ["strasse", "lodz", "kobenhavn", "coeur"]


def test_sentences_end_at_stops_and_at_line_breaks():
    text = "Dr. Smith came. He left!\nA heading\n我来了。他走了。"
    assert [text[a:b] for a, b in sentences(text, "en")][:3] == ["Dr. Smith came.", "He left!", "A heading"]
    chinese = "我来了。他走了。"
    assert [chinese[a:b] for a, b in sentences(chinese, "zh-hans")] == ["我来了。", "他走了。"]


def test_threads_that_stem_at_once_get_the_stems_of_their_own_words():
    """The stemmers keep the word they work on in themselves; a wrong stem would be kept and found nothing for ever."""
    endings = ("ungen", "heiten", "lichen", "ischer", "est", "er")
    given = [f"wort{number}{ending}" for number in range(700) for ending in endings]
    expected = [stem(word, "de") for word in given]
    text_module._snowball.cache_clear()
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(6) as pool:
            found = list(pool.map(lambda part: [stem(word, "de") for word in given[part::6]], range(6)))
    finally:
        sys.setswitchinterval(interval)
    assert found == [expected[part::6] for part in range(6)]
