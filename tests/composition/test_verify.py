"""Verifying: no sentence is shown whose quote does not stand, letter by letter, where its citation says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faq.composition.types import CitationDraft, Draft, Segment
from faq.composition.verify import stands, verify

TEXT = "A permit costs 30 euros. Apply online. Bring a passport."
COST, APPLY, BRING = "A permit costs 30 euros.", "Apply online.", "Bring a passport."


def cite(number: int, quote: str, passage: int = 1, text: str = TEXT) -> CitationDraft:
    start = text.index(quote)
    return CitationDraft(number, passage, quote, start, start + len(quote))


def draft(*citations: CitationDraft, uses: tuple[tuple[int, ...], ...] = ()) -> Draft:
    numbers = uses or tuple((citation.number,) for citation in citations)
    segments = tuple(Segment(f"Sentence {n}.", "en", "source", each) for n, each in enumerate(numbers))
    return Draft(segments, citations)


def test_what_stands_stays_as_it_is() -> None:
    given = draft(cite(1, COST), cite(2, BRING))
    assert verify(given, {1: TEXT}) == given


@pytest.mark.parametrize(
    "altered",
    [
        CitationDraft(1, 1, "A permit costs 40 euros.", 0, 24),
        CitationDraft(1, 1, COST, 1, 25),
        CitationDraft(1, 1, COST, -len(TEXT), 24 - len(TEXT)),
        CitationDraft(1, 1, TEXT + " ", 0, len(TEXT) + 1),
        CitationDraft(1, 1, "", 3, 3),
        CitationDraft(1, 1, " ", 24, 25),
        CitationDraft(1, 1, COST.upper(), 0, 24),
        CitationDraft(1, 2, COST, 0, 24),
    ],
    ids=["altered", "shifted", "from the end", "past the end", "empty", "blank", "case", "passage not published"],
)
def test_a_quote_that_does_not_stand_takes_its_sentence_along(altered: CitationDraft) -> None:
    result = verify(draft(altered), {1: TEXT})
    assert (stands(altered, {1: TEXT}), result.segments, result.citations) == (False, (), ())


def test_a_passage_that_changed_since_is_cited_no_longer() -> None:
    assert not verify(draft(cite(1, COST)), {1: TEXT.replace("30", "40")})


def test_numbers_stay_without_gaps_after_a_refusal() -> None:
    result = verify(draft(cite(1, "Gone.", 2, "Gone."), cite(2, COST), cite(3, BRING)), {1: TEXT})
    assert [(each.number, each.quote) for each in result.citations] == [(1, COST), (2, BRING)]
    assert [(segment.text, segment.citations) for segment in result.segments] == [
        ("Sentence 1.", (1,)),
        ("Sentence 2.", (2,)),
    ]


def test_a_sentence_stands_only_when_all_its_citations_do() -> None:
    given = draft(cite(1, COST), cite(2, "Gone.", 2, "Gone."), uses=((1,), (1, 2)))
    result = verify(given, {1: TEXT})
    assert [segment.text for segment in result.segments] == ["Sentence 0."]
    assert [each.number for each in result.citations] == [1]


def test_a_sentence_without_a_citation_is_refused() -> None:
    result = verify(draft(cite(1, COST), uses=((1,), ())), {1: TEXT})
    assert [segment.text for segment in result.segments] == ["Sentence 0."]


def test_a_citation_that_nothing_uses_any_more_goes() -> None:
    result = verify(draft(cite(1, COST), cite(2, BRING), uses=((2,),)), {1: TEXT})
    assert [(each.number, each.quote) for each in result.citations] == [(1, BRING)]
    assert result.segments[0].citations == (1,)


QUOTES = st.builds(
    CitationDraft,
    number=st.integers(1, 5),
    passage=st.integers(1, 3),
    quote=st.sampled_from([COST, APPLY, BRING, "Gone.", ""]),
    start=st.sampled_from([-1, 0, 25, 39]),
    end=st.sampled_from([0, 24, 38, 56, 99]),
)


@given(
    st.lists(QUOTES, max_size=5, unique_by=lambda each: each.number),
    st.lists(st.lists(st.integers(1, 5), max_size=3).map(tuple), max_size=5),
    st.sets(st.integers(1, 3)),
)
def test_whatever_is_given_only_what_stands_is_left(
    citations: list[CitationDraft], uses: list[tuple[int, ...]], published: set[int]
) -> None:
    passages = dict.fromkeys(published, TEXT)
    result = verify(draft(*citations, uses=tuple(uses) or ((),)), passages)
    assert all(TEXT[each.start : each.end] == each.quote for each in result.citations)
    assert {each.passage for each in result.citations} <= published
    assert [each.number for each in result.citations] == list(range(1, len(result.citations) + 1))
    used = [number for segment in result.segments for number in segment.citations]
    assert set(used) == {each.number for each in result.citations}
    assert all(segment.citations for segment in result.segments)
    assert verify(result, passages) == result
