"""Terms match as the script writes words."""

import pytest

from translation.glossary import applicable, contains, violations
from translation.types import Term


@pytest.mark.parametrize(
    ("text", "term", "expected"),
    [
        ("The bin is full", "bin", True), ("The cabin is full", "bin", False), ("Bins are full", "bin", False),
        ("BIN!", "bin", True), ("在拉克茅斯市", "拉克茅斯", True), ("ごみ箱です", "ごみ箱", True), ("ถังขยะเต็ม", "ขยะ", True),
        ("مدينة كبيرة", "مدينة", True), ("المدينة كبيرة", "مدينة", False), ("Larkmouth  Card", "Larkmouth Card", True),
        ("C++ is old", "C++", True), ("Straße", "straße", True), ("anything", " ", False),
        ("cafe\u0301", "café", False), ("café", "cafe\u0301", True),
    ],
)  # fmt: skip
def test_whether_a_text_holds_a_term(text: str, term: str, expected: bool) -> None:
    assert contains(text, term) is expected


def test_case_matters_where_the_term_says_so() -> None:
    assert applicable("it works", [Term("IT", "", "keep", case_sensitive=True), Term("IT", "", "keep")]) == [
        Term("IT", "", "keep")
    ]


def test_violations_are_told_in_words() -> None:
    terms = [
        Term("resident permit", "Bewohnerparkausweis", "preferred"),
        Term("fine", "Strafe", "forbidden"),
        Term("Larkmouth", "", "keep"),
        Term("ferry", "Fähre", "preferred"),
    ]
    source = "A resident permit of Larkmouth costs less than a fine."
    assert violations(source, "Ein Ausweis der Stadt kostet weniger als eine Strafe.", terms) == [
        "“resident permit” should be “Bewohnerparkausweis”",
        "“Strafe” must not be used for “fine”",
        "“Larkmouth” must not be translated",
    ]
    assert violations(source, "Bewohnerparkausweise von Larkmouth kosten weniger als ein Bußgeld.", terms) == []


def test_inflected_and_compound_forms_of_a_preferred_term_count() -> None:
    assert (
        violations("the Service Centre", "im Servicezentrum", [Term("Service Centre", "Servicezentrum", "preferred")])
        == []
    )
    assert violations("the fee", "без оплати", [Term("fee", "оплата", "preferred")]) == []
    assert violations("the bus", "Autobus", [Term("bus", "Bus", "preferred")]) == ["“bus” should be “Bus”"]
    assert violations("bin", "垃圾箱", [Term("bin", "垃圾桶", "preferred")]) == ["“bin” should be “垃圾桶”"]
