"""What two questions have in common, in one language or two."""

from dataclasses import astuple, replace

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


def test_what_several_entries_say_is_shared_among_them_and_what_one_says_is_its_own():
    entries = [[("When is the bin emptied after a holiday?", "en")], [("When is the bin emptied?", "en")]]
    both, one = WORDINGS.compare("bin emptied after a holiday", "en", entries)
    assert both.covered == pytest.approx(1.0, abs=1e-4)
    assert 0.0 < one.alone < both.alone < both.covered
    assert both.alone + one.alone == pytest.approx(1.0, abs=1e-4)
    assert one.alone < one.covered


def test_an_entry_alone_shares_with_nobody():
    found = like("old furniture", "en", ("How do I get rid of old furniture?", "en"))
    assert found.alone == pytest.approx(found.covered, abs=1e-6)


def test_near_is_the_mean_of_the_four_nearest_wordings_in_whatever_language():
    same, away = ("old furniture", "en"), ("Kdo je král?", "cs")
    assert like("old furniture", "en", same).near == pytest.approx(1.0, abs=1e-4)
    single = like("old furniture", "en", away).near
    assert like("old furniture", "en", same, away).near == pytest.approx((1.0 + single) / 2, abs=1e-4)
    assert like("old furniture", "en", same, same, away, same, same).near == pytest.approx(1.0, abs=1e-4)


def test_entries_are_compared_in_their_order_and_each_as_if_it_were_alone():
    entries = [
        [("Where do I pay a fine?", "en"), ("Wo zahle ich?", "de")], [], [("?!", "en")], [("How do I pay?", "en")],
    ]  # fmt: skip
    together = WORDINGS.compare("How can I pay the fine?", "en", entries)
    singly = [WORDINGS.likeness("How can I pay the fine?", "en", each) for each in entries]
    # What is told of it beside others differs by what they say, and nothing else by more than rounding.
    wanted = [pytest.approx(astuple(replace(each, alone=0.0)), abs=1e-5) for each in singly]
    assert [astuple(replace(each, alone=0.0)) for each in together] == wanted
    assert WORDINGS.compare("How can I pay the fine?", "en", []) == []


def test_without_wordings_there_is_no_likeness():
    assert like("anything", "en") == Likeness(words=1)


@given(st.text(max_size=80), st.text(max_size=80), st.sampled_from(["en", "de", "ar", "zh-hans", "th", "xx"]))
@settings(max_examples=80, deadline=None)
def test_every_value_lies_between_0_and_1_whatever_is_asked(asked, worded, locale):
    found = like(asked, locale, (worded, locale), (worded, "en"))
    for value in (found.own, found.other, found.covered, found.alone, found.covering):
        assert 0.0 <= value <= 1.0001
