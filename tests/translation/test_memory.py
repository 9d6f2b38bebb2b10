"""Units are found again however they are spaced, and similar ones are proposed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translation import memory
from translation.memory import Memory, unit_hash, with_numbers_of
from translation.types import Match, Unit


def unit(source: str, target: str, human: bool = True, context: str = "") -> Unit:
    return Unit(source, target, human, context)


def test_a_unit_is_found_by_its_words_not_by_its_white_space() -> None:
    assert unit_hash(" a  cafe\u0301\n") == unit_hash("a café")
    assert unit_hash("a") != unit_hash("A")
    assert len(unit_hash("\ud800")) == 64


@given(st.text())
def test_the_hash_of_the_canonical_text_is_the_hash_of_the_text(text: str) -> None:
    assert unit_hash(memory.canonical(text)) == unit_hash(text)


def test_a_match_in_context_scores_101_and_a_person_goes_before_a_machine() -> None:
    units = [unit("Open", "Offen", human=False), unit("Open", "Öffnen", context="c"), unit("Open", "Geöffnet")]
    assert Memory(units).match("Open") == Match(units[1], 100.0)
    assert Memory(units).match("Open", "c") == Match(units[1], 101.0)
    assert Memory(units[::2]).match(" Open", "d") == Match(units[2], 100.0)
    assert Memory(units).match("Closed") is None


def test_fuzzy_matches_come_best_first_above_the_threshold() -> None:
    found = Memory([unit("The bin is full", "A"), unit("The bins are full", "B"), unit("Ferries", "C")])
    assert [(m.unit.target, m.score >= 75) for m in found.fuzzy("The bin is full.")] == [("A", True), ("B", True)]
    assert found.fuzzy("The bin is full")[0].score == 100.0
    assert found.fuzzy("Nothing like it at all") == []


def test_other_numbers_lower_the_score_and_are_carried_over_where_that_is_safe() -> None:
    found = Memory([unit("It costs 25 euros.", "Das kostet 25 Euro.")])
    match = found.fuzzy("It costs 35 euros.")[0]
    same = Memory([unit("It costs 2a euros.", "x")]).fuzzy("It costs 2b euros.")[0]
    assert match.adapted == "Das kostet 35 Euro."
    assert match.score == pytest.approx(same.score - memory.OTHER_NUMBERS)


@pytest.mark.parametrize(
    ("source", "target", "segment"),
    [
        ("It costs 25 euros.", "Das kostet 25 Euro.", "They cost 35 euros."),
        ("From 5 to 5.", "Von 5 bis 5.", "From 5 to 6."),
        ("It costs 5 euros.", "Das kostet fünf Euro.", "It costs 6 euros."),
        ("It has 1 or 2.", "Es hat 1, 2 oder 1.", "It has 3 or 2."),
        ("It has 1000.", "Es hat 1000.", "It has 1,000."),
    ],
)
def test_numbers_that_cannot_be_placed_are_not_guessed(source: str, target: str, segment: str) -> None:
    assert with_numbers_of(segment, unit(source, target)) == ""
