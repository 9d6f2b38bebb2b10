"""A model's text becomes sentences with their marks, the same ones however it is cut into pieces."""

import itertools
from collections.abc import Sequence

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from faq.composition.marked import MAX_TEXT, Marked, Reader


def split(text: str) -> Sequence[tuple[int, int]]:
    """Sentences end with a stop before white space, or with a Chinese one."""
    return [match.span() for match in regex.finditer(r"\S(?:.*?)(?:[.!?](?=\s|$)|[。！？]|$)", text, regex.DOTALL)]


def read(*pieces: str) -> list[tuple[str, tuple[int, ...]]]:
    reader = Reader(split)
    found = [made for piece in pieces for made in reader.feed(piece)] + reader.close()
    return [(made.text, made.numbers) for made in found]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("A costs 30 [1]. B is free [2].", [("A costs 30.", (1,)), ("B is free.", (2,))]),
        ("A costs 30. [1] B is free. [2]", [("A costs 30.", (1,)), ("B is free.", (2,))]),
        ("A costs 30.[1][2]\nB is free. [2, 3]", [("A costs 30.", (1, 2)), ("B is free.", (2, 3))]),
        ("A [1] costs 30 [2].", [("A costs 30.", (1, 2))]),
        ("A costs 30 [1][1].", [("A costs 30.", (1,))]),
        ("A costs 30. B is free [2].", [("A costs 30.", ()), ("B is free.", (2,))]),
        ("- **A** costs 30 [1].\n- B is free [2].", [("A costs 30.", (1,)), ("B is free.", (2,))]),
        ("价格为30欧元【1】。免费［2］。", [("价格为30欧元。", (1,)), ("免费。", (2,))]),
        ("A costs 30 [١].", [("A costs 30.", (1,))]),
        ("A costs 30 [99999].", [("A costs 30.", (9999,))]),
        ("A costs \u202e30\u202c \u200b\ue000 [1].", [("A costs 30.", (1,))]),
        ("[1] [2] ...", []),
        ("", []),
        ("NONE", [("NONE", ())]),
    ],
)
def test_marks_belong_to_the_sentence_they_follow(text: str, sentences: list[tuple[str, tuple[int, ...]]]) -> None:
    assert read(text) == sentences


def test_a_sentence_is_told_when_the_next_one_begins_and_not_before() -> None:
    reader = Reader(split)
    pieces = ["A costs 30.", " [1", "]", " B", " is free [2]."]
    assert [reader.feed(piece) for piece in pieces] == [[], [], [], [Marked("A costs 30.", (1,))], []]
    assert reader.close() == [Marked("B is free.", (2,))]


WRITTEN = "A costs 30. [1] [2]\nB is 3.50 euros [3]. C! [4] D [5]? E without."


@given(st.lists(st.integers(0, len(WRITTEN)), max_size=8))
def test_however_a_text_is_cut_it_reads_the_same(cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(WRITTEN)]
    assert read(*(WRITTEN[a:b] for a, b in itertools.pairwise(places))) == read(WRITTEN)


def test_what_exceeds_the_limit_is_not_read() -> None:
    filler = "x" * (MAX_TEXT - 10)
    assert read(filler, " [1]. ", "Secret [2]. " * 9) == [(f"{filler}.", (1,)), ("Secr", ())]
