"""Words with typing errors find the words that were meant, and nothing that is known is touched."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from benchmarks.typing_errors import misspelt
from retrieval import keyboards
from retrieval.backends.embedded import EmbeddedBackend
from retrieval.embedders.fake import FakeEmbedder
from retrieval.lexicon import Lexicons
from retrieval.near_words import NearWords, key_of, reach
from retrieval.service import Retriever
from retrieval.spelling import MemoryWords, Speller, Vocabulary, cost_of, words_of
from retrieval.text import analyse
from retrieval.types import Correction, EntryKind, IndexEntry, Query

LEXICONS = Lexicons()
WORDS = {
    "en": "the collection of bulky waste swimming pool library parking permit form forms fare farm hello permits",
    "de": "sperrmüll müll wohnung straße anmelden bewohnerparkausweis",
    "fr": "déchets encombrants café hôtel de ville",
    "pl": "śmieci odbiór łąka opłata",
    "uk": "сміття вивезення комп'ютер дозвіл",
    "tr": "çöp toplama ılıca izin başvuru",
    "ar": "نفايات تصريح إجازة مكتبة",
    "zh-hans": "垃圾 Larkmouth",
}


def speller(**more: str) -> Speller:
    """Every word of the vocabulary stands in three entries, and in one more for each time it is repeated."""
    store = MemoryWords()
    counts: dict[tuple[str, str], int] = {}
    for locale, said in (WORDS | more).items():
        store.add({locale: words_of([said], locale)})
        for token in analyse(said, locale):
            counts[token, locale] = counts.get((token, locale), 2) + 1

    def count(tokens: Sequence[str], locale: str) -> Mapping[str, int]:
        return {token: counts.get((token, locale), 0) for token in tokens}

    return Speller(store, LEXICONS, count)


def meant(asked: str, locale: str) -> str:
    found = speller().correct(asked, locale)
    return found.text if found else ""


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("collecton day", "collection day"),  # left out
        ("collectiion day", "collection day"),  # doubled
        ("collectoin day", "collection day"),  # swapped
        ("collextion day", "collection day"),  # the key beside it
        ("wollection day", "collection day"),  # the first letter
        ("Libary", "Library"),
        ("LIBARY", "library"),  # caps lock
        ("bulky wsate?", "bulky waste?"),
        ("swiming pol", "swimming pol"),  # below four letters nothing is near
    ],
)
def test_each_kind_of_typing_error_is_undone(typed: str, text: str) -> None:
    assert meant(typed, "en") == text


@pytest.mark.parametrize(
    ("locale", "typed", "text"),
    [
        ("de", "Sperrmul", "Sperrmüll"),
        ("fr", "dechts", "déchets"),
        ("pl", "oplatta", "opłata"),
        ("uk", "компютерр", "комп'ютер"),
        ("tr", "basvru", "başvuru"),
        ("ar", "مكتبه العامه نفيات", "مكتبه العامه نفايات"),
    ],
)
def test_accents_and_letters_that_look_alike_do_not_count_as_errors(locale: str, typed: str, text: str) -> None:
    assert meant(typed, locale) == text


@pytest.mark.parametrize(
    ("locale", "typed", "text"),
    [
        ("en", "руддщ", "hello"),
        ("en", "ыцшььштп зщщд?", "swimming pool?"),
        ("uk", "cvsnnz", "сміття"),
        ("uk", "Ljpdsk", "дозвіл"),
        ("ar", "jwvdp", "تصريح"),
        ("de", "anmelden Wohnung Straße", ""),
    ],
)
def test_a_text_typed_on_another_layout_is_read_as_it_was_meant(locale: str, typed: str, text: str) -> None:
    assert meant(typed, locale) == text


def test_a_layout_turns_a_text_into_any_other() -> None:
    assert "мусор" in list(keyboards.retyped("vecjh", "ru"))
    assert "мусор." in list(keyboards.retyped("vecjh.", "ru"))
    assert "хата" in list(keyboards.retyped("[fnf", "uk"))
    assert list(keyboards.retyped("垃圾", "en")) == []


@pytest.mark.parametrize(
    ("locale", "typed"),
    [
        ("en", "farg or bread"),  # "farg" is as near to "farm" as to "fare"
        ("en", "king of France"),  # right words that no entry holds
        ("en", "king's permit"),
        ("en", "Wie beantrage ich Wohnung"),  # another language
        ("en", "xqzvwk"),
        ("en", "COVID-19 2024 ???"),
        ("zh-hans", "垃级"),
        ("en", ""),
        ("en", "collecton " * 60),
    ],
)
def test_what_is_known_unclear_or_foreign_is_left_as_it_is(locale: str, typed: str) -> None:
    assert speller().correct(typed, locale) is None


def test_a_word_that_no_entry_holds_any_more_is_never_proposed() -> None:
    store = MemoryWords()
    store.add({"en": {"collection"}})
    assert Speller(store, LEXICONS, lambda tokens, _: dict.fromkeys(tokens, 0)).correct("collecton", "en") is None
    held = Speller(store, LEXICONS, lambda tokens, _: {token: int(token == "collect") for token in tokens})
    assert held.correct("collecton", "en") == Correction("collection", 0.892, (("collecton", "collection"),))


def test_frequent_words_and_likely_errors_are_believed_more() -> None:
    often = speller(en="library " * 40).correct("libary", "en")
    seldom = speller(en="library").correct("libary", "en")
    assert often is not None
    assert seldom is not None
    assert often.confidence > seldom.confidence
    assert cost_of("teh", "the", "en") < cost_of("tha", "the", "en")
    assert cost_of("tyr", "try", "en") < cost_of("tbr", "try", "en")
    assert cost_of("wasre", "waste", "en") < cost_of("waspe", "waste", "en")
    assert cost_of("maste", "waste", "en") > cost_of("wamte", "waste", "en")


def test_words_that_came_later_are_near_too() -> None:
    store = MemoryWords()
    store.add({"en": {"collection"}})
    vocabulary = Vocabulary(store, "en")
    vocabulary.refresh()
    store.add({"en": {"recycling", "collection"}, "de": {"recycling"}})
    assert vocabulary.near("recyclin", 2) == []
    vocabulary.refresh()
    assert [near.word for near in vocabulary.near("recyclin", 2)] == ["recycling"]
    assert [near.word for near in vocabulary.near("colection", 2)] == ["collection"]


def test_near_words_are_all_those_within_reach_and_no_others() -> None:
    words = ["waste", "paste", "wastes", "taste", "was", "waist", "west", "aswte", "Wüste", "wasste", "swate"]
    near = {found.word: found.edits for found in NearWords(words).near("waste", 1)}
    assert near == {"waste": 0, "Wüste": 1, "paste": 1, "taste": 1, "wastes": 1, "wasste": 1}
    two = {found.word for found in NearWords(words).near("waste", 2)} - set(near)
    assert two == {"was", "waist", "west", "aswte", "swate"}
    assert [found.word for found in NearWords(words).same(key_of("Wuste"))] == ["Wüste"]
    assert NearWords([]).near("waste", 2) == []
    assert [reach(word) for word in ("abc", "abcd", "abcdefg", "abcdefgh")] == [0, 1, 1, 2]


def test_the_vocabulary_keeps_words_and_no_numbers_marks_or_scripts_without_spaces() -> None:
    assert words_of(["Ein Müll-Eimer, 120 l: comp'ny!", "垃圾Larkmouth"], "de") == {
        "ein",
        "müll",
        "eimer",
        "comp'ny",
        "larkmouth",
    }
    assert words_of(["IZIN İZİN"], "tr") == {"ızın", "izin"}


def test_what_a_guessed_word_finds_is_weaker_evidence_than_what_a_typed_one_does(tmp_path: Path) -> None:
    retriever = Retriever(EmbeddedBackend(tmp_path / "index.sqlite3"), FakeEmbedder(), LEXICONS, MemoryWords())
    said = ["a parking permit", "the library card", "swimming pool hours", "bulky waste", "school holidays", "dog tax"]
    retriever.upsert(IndexEntry(f"p{n}", f"p{n}", EntryKind.PASSAGE, "en", text) for n, text in enumerate(said))

    def evidence(asked: str, *, corrected: bool = False) -> float:
        correction = retriever.respelt(asked, "en") if corrected else None
        found = retriever.search(Query(asked, "en", correction=correction))
        return next((hit.evidence for hit in found.hits if hit.family == "p1"), 0.0)

    typed, guessed, unread = evidence("library"), evidence("lbirary", corrected=True), evidence("lbirary")
    assert typed > guessed > unread
    assert retriever.respelt("library", "en") is None
    assert retriever.holds("the library", "en")
    assert not retriever.holds("the lbirary", "en")


def test_without_a_place_for_words_nothing_is_corrected(tmp_path: Path) -> None:
    retriever = Retriever(EmbeddedBackend(tmp_path / "index.sqlite3"), FakeEmbedder(), LEXICONS)
    retriever.upsert([IndexEntry("p", "p", EntryKind.PASSAGE, "en", "the library")])
    assert retriever.respelt("lbirary", "en") is None
    assert retriever.retyped("дшикфкн", "en") is None


ASKED = Path(__file__).resolve().parents[1] / "data" / "asked" / "paraphrases.tsv"


@pytest.fixture(scope="module")
def asked() -> dict[str, list[str]]:
    """Readers' questions by locale."""
    found: dict[str, list[str]] = {}
    with ASKED.open(encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            found.setdefault(row["locale"], []).append(row["text"])
    return {locale: texts for locale, texts in found.items() if locale != "zh-hans"}


@pytest.mark.parametrize(
    ("kind", "least"),
    [
        ("swapped letters", 0.85),
        ("left out", 0.85),
        ("typed twice", 0.9),
        ("neighbouring key", 0.8),
        ("other layout", 0.9),
    ],
)
def test_most_questions_of_eight_languages_are_read_as_they_were_meant(
    asked: dict[str, list[str]], kind: str, least: float
) -> None:
    """The small measure of `python -m benchmarks.typing_errors`; texts lose case and marks on another layout."""
    learned = speller(**{locale: " ".join(texts) for locale, texts in asked.items()})
    right = total = 0
    for locale, texts in asked.items():
        for text in texts[::4]:
            if wrong := misspelt(text, locale, kind):
                found = learned.correct(wrong, locale)
                total += 1
                right += analyse(found.text if found else wrong, locale) == analyse(text, locale)
    assert total > 20
    assert right / total >= least
