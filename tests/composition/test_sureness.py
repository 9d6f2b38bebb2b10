"""When a composed draft is sure enough to be shown."""

from hypothesis import given
from hypothesis import strategies as st

from faq.composition.sureness import FLOOR, sureness

share = st.floats(0.0, 1.0)


def test_strong_evidence_that_says_all_of_the_question_is_sure():
    assert sureness(0.9, 0.9, 0.5, words=5, unmet=False, own=True) > FLOOR
    assert sureness(0.9, 0.9, 0.5, words=5, unmet=False, own=False) > FLOOR


def test_a_passage_that_shares_a_word_only_is_not():
    assert sureness(0.3, 0.3, 0.2, words=5, unmet=False, own=True) < FLOOR
    assert sureness(0.1, 0.3, 0.2, words=5, unmet=False, own=False) < FLOOR


@given(share, share, share, st.integers(0, 40), st.booleans(), st.booleans())
def test_more_evidence_never_makes_it_less_sure(evidence, covered, likeness, words, unmet, own):
    def sure(more: float = 0.0, said: float = 0.0, longer: int = 0) -> float:
        given_ = (min(1.0, evidence + more), min(1.0, covered + said), likeness)
        return sureness(*given_, words=words + longer, unmet=unmet, own=own)

    assert 0.0 <= sure() <= 1.0
    assert sure(more=0.1) >= sure()
    assert sure(said=0.1) >= sure()
    assert sure(longer=3) >= sure()


@given(share, share, share, st.integers(0, 40), st.booleans())
def test_sentences_without_the_kind_of_answer_asked_for_are_less_sure(evidence, covered, likeness, words, own):
    met, unmet = (sureness(evidence, covered, likeness, words=words, unmet=each, own=own) for each in (False, True))
    assert unmet < met
