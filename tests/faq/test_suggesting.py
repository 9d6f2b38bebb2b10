"""Search as you type finds published questions by the beginnings, insides and near spellings of what was typed."""

from collections.abc import Mapping
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from faq.domain import questions
from faq.enums import State
from faq.models import Feedback, Question
from faq.queries.suggesting import LIMIT, MAX_CHARACTERS, Wordings, suggest
from retrieval.near_words import key_of
from tests.faq.factories import make_question

ENGLISH = {
    1: "How do I get a resident parking permit?",
    2: "How do I pay a parking fine?",
    3: "When is my bin collected?",
    4: "Do collections change on public holidays?",
    5: "Where can I borrow e-books?",
}
OTHERS = {
    "de": {1: "Wie hoch ist die Abfallgebühr?", 2: "Wann ist der Müll dran?", 3: "Wo parke ich in der Straße?"},
    "pl": {1: "Jak zgłosić śmieci?", 2: "Ile kosztuje łódka?"},
    "uk": {1: "Коли вивозять сміття?", 2: "Де можна паркуватися?"},
    "tr": {1: "Çöp kutum ne zaman boşaltılır?", 2: "İzin nasıl alınır?"},
    "ar": {1: "متى تبدأ الإجازة؟", 2: "أين المكتبة؟"},
    "zh-hans": {1: "垃圾什么时候收运？", 2: "停车罚款怎么交？"},
}


def found(typed: str, texts: Mapping[int, str] = ENGLISH, locale: str = "en", **demand: int) -> list[int]:
    rows = [(number, text, True, True) for number, text in texts.items()]
    wanted = {int(name[1:]): count for name, count in demand.items()}
    return Wordings(rows, wanted, locale).find(key_of(typed))


@pytest.mark.parametrize(
    ("typed", "numbers"),
    [
        ("park", [1, 2]),
        ("pay park", [2]),
        ("how do i p", [2, 1, 4]),
        ("how do i", [1, 2]),
        ("COLLE", [3, 4]),
        ("collection", [4]),
        ("holidays collect", [4]),  # in any order
        ("ident", [1]),  # inside a word
        ("parkign", [1, 2]),  # swapped
        ("hollidays", [4]),
        ("holliday", [4]),  # misspelt, and not yet whole
        ("resdnt", []),
        ("residnt", [1]),
        ("resiident", [1]),
        ("e-b", [5]),
        ("zeppelin", []),
        ("zeppelin collection", []),
        ("?", []),
    ],
)
def test_what_is_typed_meets_beginnings_insides_and_near_spellings(typed: str, numbers: list[int]) -> None:
    assert found(typed) == numbers


@pytest.mark.parametrize(
    ("locale", "typed", "numbers"),
    [
        ("de", "gebuhr", [1]),
        ("de", "mull", [2]),
        ("de", "strasse", [3]),
        ("pl", "smie", [1]),
        ("pl", "lodka", [2]),
        ("uk", "сміт", [1]),
        ("tr", "cop", [1]),
        ("tr", "izin", [2]),
        ("ar", "الاجازه", [1]),
        ("ar", "المكتب", [2]),
        ("zh-hans", "垃圾", [1]),
        ("zh-hans", "罚款", [2]),
        ("zh-hans", "车", [2]),
    ],
)
def test_accents_and_scripts_without_spaces_are_met(locale: str, typed: str, numbers: list[int]) -> None:
    assert found(typed, OTHERS[locale], locale) == numbers


def test_what_is_in_demand_comes_first_among_equals() -> None:
    assert found("park") == [1, 2]
    assert found("park", q2=50) == [2, 1]
    assert found("resident park", q2=50)[0] == 1


@pytest.mark.django_db
class TestSuggestions:
    @pytest.fixture
    def permit(self) -> Question:
        made = make_question("What does a resident permit cost?", key="permit")
        questions.add_phrasing(made, text="كم تكلفة تصريح السكان؟", locale="ar", canonical=True)
        questions.add_phrasing(made, text="parking badge price", locale="en")
        return made

    def test_the_readers_own_wording_is_shown_with_what_was_typed_marked(self, permit: Question) -> None:
        [own] = suggest("تصريح", "ar")
        assert (own.key, own.text.lang, own.text.dir) == ("permit", "ar", "rtl")
        assert own.parts == (("كم تكلفة ", False), ("تصريح", True), (" السكان؟", False))
        [other] = suggest("resid", "ar")  # found by the wording in the sources' language
        assert other.text.lang == "ar"
        [hidden] = suggest("badge", "en")  # found by a wording that is never shown
        assert hidden.parts == (("What does a resident permit cost?", False),)

    def test_typing_on_another_keyboard_layout_is_understood(self, permit: Question) -> None:
        [one] = suggest("зукьше", "en")
        assert [part for part, typed in one.parts if typed] == ["permit"]

    def test_only_published_questions_are_suggested_at_once(self, permit: Question) -> None:
        make_question("What does a secret permit cost?", key="secret", publish=False)
        assert [one.key for one in suggest("permit", "en")] == ["permit"]
        Question.objects.filter(pk=permit.pk).update(state=State.RETIRED)  # what is kept does not know of it
        assert suggest("permit", "en") == []

    def test_one_query_serves_any_number_of_questions(self, permit: Question) -> None:
        for number in range(8):
            make_question(f"Is permit {number} free?", key=f"free-{number}")
        Feedback.objects.create(
            question=Question.objects.get(key="free-7"), locale_id="en", helpful=True, visitor="a visitor"
        )
        suggest("permit", "en")
        with CaptureQueriesContext(connection) as queries:
            keys = [one.key for one in suggest("perm", "en")]
        assert (len(queries), len(keys), keys[0]) == (1, LIMIT, "free-7")

    @pytest.mark.parametrize("typed", ["", " ", "🙂", "\x00", '"* NEAR( -', "a" * 100_000, "a b " * 9000, "\ud800"])
    def test_no_input_breaks_it(self, permit: Question, typed: str) -> None:
        assert [one for one in suggest(typed, "en") if one.key != "permit"] == []

    def test_of_a_long_text_the_end_counts(self, permit: Question) -> None:
        assert [
            one.key for one in suggest("zeppelin " * MAX_CHARACTERS + "? " * (MAX_CHARACTERS // 2) + "permit", "en")
        ] == ["permit"]


def test_a_wording_with_a_line_break_is_kept_apart() -> None:
    texts: Any = {1: "one\ntwo", 2: "three"}
    assert found("three", texts) == [2]
