"""When a composed draft is sure enough to be shown."""

from hypothesis import given
from hypothesis import strategies as st

from faq.composition.sureness import FLOOR, sureness

share = st.floats(0.0, 1.0)


def test_strong_evidence_that_says_all_of_the_question_is_sure():
    assert sureness(0.9, 0.9, 0.5, own=True) > FLOOR
    assert sureness(0.9, 0.9, 0.5, own=False) > FLOOR


def test_a_passage_that_shares_a_word_only_is_not():
    assert sureness(0.3, 0.3, 0.2, own=True) < FLOOR
    assert sureness(0.1, 0.3, 0.2, own=False) < FLOOR


@given(share, share, share, st.booleans())
def test_more_evidence_never_makes_it_less_sure(evidence, covered, likeness, own):
    value = sureness(evidence, covered, likeness, own=own)
    assert 0.0 <= value <= 1.0
    assert sureness(min(1.0, evidence + 0.1), covered, likeness, own=own) >= value
    assert sureness(evidence, min(1.0, covered + 0.1), likeness, own=own) >= value
