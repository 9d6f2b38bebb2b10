"""Composing: the sentences that answer, in the order and the words of their sources, each with its citation."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faq.composition.compose import compose
from faq.composition.types import Draft, Evidence, joined
from faq.composition.verify import verify
from tests.composition.making import evidence, marked, sharing

PERMIT = "A resident permit costs thirty euros."
APPLY = "Apply for a resident permit online."
FERRY = "The ferry leaves from the old harbour."
BUS = "The night bus runs on Saturdays."


def answered(question: str, *items: Evidence, limit: int = 3) -> Draft:
    return compose(question, items, sharing(question), limit=limit)


def shown(draft: Draft) -> list[str]:
    return [segment.text for segment in draft.segments]


def test_the_sentence_that_answers_is_shown_and_its_neighbours_are_not() -> None:
    draft = answered("ferry leaves harbour", evidence(PERMIT, FERRY, BUS))
    assert shown(draft) == [FERRY]


def test_nothing_is_answered_from_sentences_that_share_nothing_with_the_question() -> None:
    draft = answered("swimming pool", evidence(PERMIT, FERRY), evidence(BUS, passage=2))
    assert (bool(draft), draft.citations, draft.text) == (False, (), "")


@pytest.mark.parametrize("items", [(), (evidence("   "),), (evidence(""),)], ids=["none", "blank", "empty"])
def test_nothing_is_answered_from_nothing(items: Sequence[Evidence]) -> None:
    assert answered("ferry", *items) == Draft()


def test_sentences_stand_in_source_order_however_well_each_answers() -> None:
    item = evidence(APPLY, PERMIT)
    draft = answered("resident permit costs euros apply", item)
    assert shown(draft) == [APPLY, PERMIT]


def test_neighbouring_sentences_share_one_citation_that_quotes_both() -> None:
    draft = answered("resident permit costs euros apply", evidence(BUS, PERMIT, APPLY))
    (citation,) = draft.citations
    assert citation.quote == f"{PERMIT} {APPLY}"
    assert (citation.start, citation.end) == (len(BUS) + 1, len(f"{BUS} {PERMIT} {APPLY}"))
    assert [segment.citations for segment in draft.segments] == [(1,), (1,)]


def test_sentences_of_two_passages_have_a_citation_each() -> None:
    draft = answered("resident permit costs euros apply online", evidence(PERMIT), evidence(APPLY, passage=2))
    assert [(each.number, each.passage, each.quote) for each in draft.citations] == [(1, 1, PERMIT), (2, 2, APPLY)]
    assert [segment.citations for segment in draft.segments] == [(1,), (2,)]


@pytest.mark.parametrize("limit", [1, 2, 3, 4])
def test_there_are_never_more_sentences_than_the_limit(limit: int) -> None:
    lines = [f"A permit costs {n} euros in zone {n}." for n in range(8)]
    draft = answered("permit costs euros zone", evidence(*lines), limit=limit)
    assert 1 <= len(draft.segments) <= limit


def test_a_sentence_that_points_back_brings_the_one_before() -> None:
    draft = answered("crossing costs euros", evidence(FERRY, "It costs two euros for a crossing.", BUS))
    assert shown(draft) == [FERRY, "It costs two euros for a crossing."]


def test_a_sentence_that_points_back_at_nothing_stands_alone() -> None:
    draft = answered("crossing costs euros", evidence(FERRY), evidence("It costs two euros for a crossing.", passage=2))
    assert shown(draft) == ["It costs two euros for a crossing."]


def test_the_sentence_before_is_left_out_where_the_limit_leaves_no_room() -> None:
    draft = answered("crossing costs euros", evidence(FERRY, "It costs two euros for a crossing."), limit=1)
    assert shown(draft) == ["It costs two euros for a crossing."]


def test_an_introduction_brings_what_it_introduces() -> None:
    item = evidence("For a passport you need:", "a photograph", "your old passport", gap="\n- ")
    draft = answered("passport need", item)
    assert shown(draft) == ["For a passport you need:", "a photograph", "your old passport"]
    assert draft.citations[0].quote == item.text


def test_an_introduction_at_the_end_of_a_passage_brings_nothing_of_the_next() -> None:
    draft = answered("passport need", evidence("For a passport you need:"), evidence(BUS, FERRY, passage=2))
    assert shown(draft) == ["For a passport you need:"]


def test_a_line_break_between_sentences_stays_one() -> None:
    draft = answered("resident permit costs euros apply online", evidence(PERMIT, APPLY, gap="\n\n"))
    assert draft.text == f"{PERMIT}\n{APPLY}"


def test_scripts_without_spaces_are_joined_without_any() -> None:
    first, second = "居民停车证每年三十欧元。", "可以在网上申请停车证。"
    question = "停车证申请多少欧元"
    draft = compose(question, [evidence(first, second, gap="", locale="zh-hans")], marked(question), limit=3)
    assert draft.text == first + second


def test_a_sentence_is_found_by_its_translation_and_shown_in_its_own_words() -> None:
    item = evidence(FERRY, PERMIT, translations=(None, "Ein Bewohnerausweis kostet dreißig Euro."))
    question = "Bewohnerausweis kostet"
    draft = compose(question, [item], sharing(question), locale="de")
    (segment,) = draft.segments
    assert (segment.text, segment.lang, segment.origin, segment.source) == (PERMIT, "en", "source", PERMIT)
    assert compose(question, [evidence(FERRY, PERMIT)], sharing(question), locale="de") == Draft()


def test_of_equal_sentences_the_one_in_the_passage_trusted_more_is_shown() -> None:
    low = evidence("The pool opens at nine.", passage=1, weight=0.2)
    high = evidence("The pool opens at ten.", passage=2, weight=0.9)
    assert shown(answered("pool opens", low, high, limit=1)) == ["The pool opens at ten."]


def test_a_sentence_of_the_kind_that_was_asked_for_goes_first() -> None:
    item = evidence("A permit has costs.", "A permit costs 30 euros.")
    assert shown(answered("How much does a permit cost?", item, limit=1)) == ["A permit costs 30 euros."]


def test_without_the_kind_that_was_asked_for_the_rest_still_answers() -> None:
    assert shown(answered("How much is a permit?", evidence("A permit is a sticker."))) == ["A permit is a sticker."]


# Laws

WORDS = st.sampled_from(["permit", "ferry", "harbour", "bus", "euros", "ticket", "It", "This", "They"])
SENTENCES = st.lists(
    st.builds(lambda parts, end: " ".join(parts) + end, st.lists(WORDS, min_size=1, max_size=6), st.sampled_from(".:")),
    min_size=1,
    max_size=6,
)
PASSAGES = st.lists(st.tuples(SENTENCES, st.sampled_from([" ", "\n", ""])), min_size=1, max_size=5)
QUESTIONS = st.lists(WORDS, min_size=1, max_size=4).map(" ".join)


def built(passages: Sequence[tuple[list[str], str]]) -> list[Evidence]:
    return [evidence(*texts, passage=n, gap=gap) for n, (texts, gap) in enumerate(passages, start=10)]


@given(PASSAGES, QUESTIONS, st.integers(1, 4))
def test_whatever_is_composed_keeps_the_laws(
    passages: Sequence[tuple[list[str], str]], question: str, limit: int
) -> None:
    items = built(passages)
    texts = {item.passage: item.text for item in items}
    draft = compose(question, items, sharing(question), limit=limit)
    assert len(draft.segments) <= limit
    assert all(texts[each.passage][each.start : each.end] == each.quote for each in draft.citations)
    by_number = {each.number: each for each in draft.citations}
    cited = [by_number[number] for segment in draft.segments for number in segment.citations]
    assert [each.number for each in draft.citations] == list(range(1, len(draft.citations) + 1))
    assert len(cited) == len(draft.segments)
    assert all(segment.text in each.quote for segment, each in zip(draft.segments, cited, strict=True))
    assert [(each.passage, each.start) for each in draft.citations] == sorted(
        (each.passage, each.start) for each in draft.citations
    )
    assert draft.text == joined(draft.segments)
    assert verify(draft, texts) == draft


@given(PASSAGES, QUESTIONS, st.integers(1, 4))
def test_each_sentence_is_shown_once_and_whole(
    passages: Sequence[tuple[list[str], str]], question: str, limit: int
) -> None:
    items = built(passages)
    draft = compose(question, items, sharing(question), limit=limit)
    for citation in draft.citations:
        item = next(item for item in items if item.passage == citation.passage)
        inside = [item.text[a:b] for a, b in item.sentences if citation.start <= a and b <= citation.end]
        mine = [segment.text for segment in draft.segments if citation.number in segment.citations]
        assert mine == inside


@given(PASSAGES, QUESTIONS)
def test_composing_again_gives_the_same(passages: Sequence[tuple[list[str], str]], question: str) -> None:
    items = built(passages)
    assert compose(question, items, sharing(question)) == compose(question, items, sharing(question))
