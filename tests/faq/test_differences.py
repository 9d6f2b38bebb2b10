"""What changed between passages: the words that did, in every script, and nothing lost on the way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faq.domain import differences
from faq.domain.differences import Kind, between, change

TEXTS = st.text(alphabet="ab c.é中文\nไทย", max_size=40)


def shown(pieces: differences.Change) -> str:
    marks = {Kind.SAME: "{}", Kind.GONE: "[-{}-]", Kind.NEW: "[+{}+]"}
    return "".join(marks[piece.kind].format(piece.text) for piece in pieces)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("It costs 60 euros a year.", "It costs 75 euros a year.", "It costs [-60-][+75+] euros a year."),
        ("Open on Sunday.", "Open on Sunday morning.", "Open on Sunday[+ morning+]."),
        ("Pay at the desk.", "Ask in our office.", "[-Pay at the desk-][+Ask in our office+]."),
        ("护照费用为60欧元。", "护照费用为75欧元。", "护照费用为[-60-][+75+]欧元。"),
        ("", "All new.", "[+All new.+]"),
        ("All gone.", "", "[-All gone.-]"),
        ("The same.", "The same.", "The same."),
    ],
)
def test_words_that_changed_are_marked(old: str, new: str, said: str) -> None:
    assert shown(change(old, new)) == said


@given(TEXTS, TEXTS)
def test_both_texts_can_be_read_from_the_pieces(old: str, new: str) -> None:
    pieces = change(old, new)
    assert "".join(piece.text for piece in pieces if piece.kind != Kind.NEW) == old
    assert "".join(piece.text for piece in pieces if piece.kind != Kind.GONE) == new


def test_a_passage_is_compared_with_the_one_that_it_was() -> None:
    removed = ["The pool opens at ten.", "Dogs are not allowed in the pool hall."]
    added = ["Dogs are allowed in the pool hall.", "A ticket costs six euros.", "The pool opens at nine."]
    found = between(removed, added)
    assert [shown(each) for each in found.changes] == [
        "Dogs are[- not-] allowed in the pool hall.", "[+A ticket costs six euros.+]", "The pool opens at [-ten-][+nine+].",
    ]  # fmt: skip
    assert [shown(each) for each in between(removed, []).changes] == [f"[-{text}-]" for text in removed]


def test_more_than_anybody_reads_is_counted() -> None:
    found = between([], [f"Passage {number}." for number in range(differences.MOST + 5)])
    assert (len(found.changes), found.left_out) == (differences.MOST, 5)
