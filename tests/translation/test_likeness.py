"""What is skipped without a comparison could not have been found by one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz import fuzz, process

from translation import likeness
from translation.likeness import Likeness

TEXTS = st.lists(st.text("abcdéж的 ", max_size=12), max_size=20, unique=True)


@given(TEXTS, st.text("abcdéж的 ", max_size=12), st.sampled_from([0.0, 40.0, 75.0, 100.0]), st.integers(1, 6))
def test_the_likest_are_those_of_a_full_comparison(texts: list[str], text: str, threshold: float, limit: int) -> None:
    rows = process.extract(text, texts, scorer=fuzz.ratio, score_cutoff=threshold, limit=limit)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(likeness, "_FIRST", 3)
        patch.setattr(likeness, "_AT_ONCE", 4)
        assert Likeness(texts).like(text, threshold, limit) == [(other, score) for other, score, _ in rows]


def test_few_of_many_texts_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[str] = []
    extract = process.extract
    monkeypatch.setattr(
        likeness.process, "extract", lambda text, texts, **how: compared.extend(texts) or extract(text, texts, **how)
    )
    texts = [f"Notice {n} {'abcdefghij'[n % 10] * 12}" for n in range(1000)]
    assert Likeness(texts).like("Notice 7 hhhhhhhhhhhx", 75.0, 3)[0][0] == "Notice 7 hhhhhhhhhhhh"
    assert len(compared) <= 100


def test_long_texts_of_one_letter_are_told_apart() -> None:
    assert Likeness(["a" * 1000, "a" * 1500]).like("a" * 999, 99.0, 5) == [("a" * 1000, pytest.approx(99.95, abs=0.01))]
