"""What two questions have in common, in one language or two."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval.embedders.starter import StarterEmbedder
from retrieval.lexicon import Lexicons
from retrieval.wording import Likeness, Wordings

WORDINGS = Wordings(StarterEmbedder(), Lexicons())


def like(asked, locale, *wordings):
    return WORDINGS.likeness(asked, locale, list(wordings))


def test_a_question_covers_itself_and_is_covered_by_itself():
    found = like("How do I get rid of old furniture?", "en", ("How do I get rid of old furniture?", "en"))
    assert found.own == pytest.approx(1.0, abs=1e-4)
    assert found.covered == pytest.approx(1.0, abs=1e-4)
    assert found.covering == pytest.approx(1.0, abs=1e-4)
    assert found.other == 0.0


def test_another_language_counts_as_other():
    found = like("Wie werde ich alte Möbel los?", "de", ("How do I get rid of old furniture?", "en"))
    distant = like("Wie werde ich alte Möbel los?", "de", ("How much is dog tax?", "en"))
    assert found.own == found.covering == 0.0
    assert found.other > distant.other
    assert found.covered > distant.covered + 0.3


@pytest.mark.parametrize(
    ("locale", "asked", "near", "far"),
    [
        ("en", "How can I throw out a sofa?", "How do I get rid of old furniture?", "How much is dog tax?"),
        ("de", "Was kostet eine Fahrkarte?", "Wie viel kostet ein Ticket für den Bus?", "Wo wird mein Müll abgeholt?"),
        ("ar", "كم سعر تذكرة الحافلة؟", "كم تكلف تذكرة الحافلة أو العبّارة؟", "متى تُفرغ حاويتي؟"),
        ("zh-hans", "坐公交车要多少钱？", "公交车或渡轮的票价是多少？", "我的垃圾桶什么时候清空？"),
    ],
)
def test_the_nearer_wording_is_more_alike(locale, asked, near, far):
    close, distant = like(asked, locale, (near, locale)), like(asked, locale, (far, locale))
    assert close.own > distant.own
    assert close.covered > distant.covered


def test_what_no_wording_says_stays_uncovered():
    whole = like("register a dog", "en", ("How do I register a dog?", "en")).covered
    half = like("register a company", "en", ("How do I register a dog?", "en")).covered
    assert whole == pytest.approx(1.0, abs=1e-4)
    assert half < 0.75


def test_wordings_complete_each_other():
    one, other = ("How much is the bus?", "en"), ("When does the ferry run?", "en")
    both = like("When does the bus run?", "en", one, other).covered
    assert both > like("When does the bus run?", "en", one).covered
    assert both > like("When does the bus run?", "en", other).covered


def test_without_wordings_there_is_no_likeness():
    assert like("anything", "en") == Likeness()


@given(st.text(max_size=80), st.text(max_size=80), st.sampled_from(["en", "de", "ar", "zh-hans", "th", "xx"]))
@settings(max_examples=80, deadline=None)
def test_every_value_lies_between_0_and_1_whatever_is_asked(asked, worded, locale):
    found = like(asked, locale, (worded, locale), (worded, "en"))
    for value in (found.own, found.other, found.covered, found.covering):
        assert 0.0 <= value <= 1.0001
