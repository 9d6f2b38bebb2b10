import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.fusion import ABROAD, AT_HOME, AWAY, WEIGHTS, K, collapse, fuse
from retrieval.types import LaneHit


def lane(*families: str, locale: str = "en") -> list[LaneHit]:
    return [LaneHit(key=f"{f}:{locale}", family=f, locale=locale, score=float(-i)) for i, f in enumerate(families)]


def families(hits) -> list[str]:
    return [hit.family for hit in hits]


rankings = st.lists(st.sampled_from("abcdefgh"), unique=True, max_size=8).map(lambda names: lane(*names))
some_lanes = st.dictionaries(st.sampled_from(sorted(WEIGHTS)), rankings)


def test_no_lanes_give_no_hits():
    assert fuse({}, 10) == []
    assert fuse({"lexical": []}, 10) == []


@given(rankings)
def test_one_lane_keeps_its_order(ranking):
    assert families(fuse({"lexical": ranking}, 10)) == families(ranking)


def test_a_score_is_the_sum_of_weights_over_ranks():
    [first, second] = fuse({"lexical": lane("a", "b"), "gloss": lane("b")}, 2, weights={"lexical": 2.0, "gloss": 1.0})
    assert families([first, second]) == ["b", "a"]
    assert first.score == pytest.approx(2 / (K + 2) + 1 / (K + 1))
    assert second.score == pytest.approx(2 / (K + 1))


def test_a_family_found_by_two_lanes_passes_those_found_by_one():
    hits = fuse({"x": lane("a", "b"), "y": lane("c", "b")}, 10, weights={"x": 1.0, "y": 1.0})
    assert families(hits) == ["b", "a", "c"]


def test_a_family_counts_once_a_lane_by_its_best_entry():
    ranking = [*lane("a", locale="de"), *lane("a", locale="en"), *lane("b")]
    hits = fuse({"gloss": ranking}, 10)
    assert [(hit.key, hit.lanes["gloss"][0]) for hit in hits] == [("a:de", 1), ("b:en", 2)]


def test_the_entry_shown_is_that_of_the_lane_that_gave_most():
    lanes = {"x": lane("a", locale="en"), "y": lane("a", locale="de")}
    assert [hit.key for hit in fuse(lanes, 1, weights={"x": 0.6, "y": 1.0})] == ["a:de"]
    assert [hit.key for hit in fuse(lanes, 1, weights={"x": 1.0, "y": 0.6})] == ["a:en"]


def test_the_first_of_a_lane_that_meets_little_passes_no_better_hit_of_another():
    little, much = [LaneHit("a:de", "a", "de", 1.0)], [LaneHit("b:en", "b", "en", 8.0)]
    lanes = {"x": little, "y": much}
    assert families(fuse(lanes, 2, weights={"x": 1, "y": 1})) == ["a", "b"]
    assert families(fuse(lanes, 2, weights={"x": 1, "y": 1}, attainable={"x": 10.0, "y": 10.0})) == ["b", "a"]


def test_a_hit_counts_no_more_than_the_whole_question_and_no_less_than_nothing():
    lanes = {"x": [LaneHit("a:en", "a", "en", 50.0), LaneHit("b:en", "b", "en", -3.0)]}
    hits = fuse(lanes, 2, weights={"x": 1}, k=1, attainable={"x": 10.0}, locale="en")
    assert {hit.family: hit.score for hit in hits} == {"a": 0.5, "b": 0.0}


def test_a_hit_in_another_language_that_fewer_lanes_see_is_not_drowned():
    own = [LaneHit("a:de", "a", "de", 4.0)]
    gloss = [LaneHit("b:en", "b", "en", 6.0), LaneHit("a:de", "a", "de", 4.0)]
    lanes = {"lexical": own, "gloss": gloss}
    whole = {"lexical": 10.0, "gloss": 10.0}
    assert families(fuse(lanes, 2, attainable=whole, locale="de")) == ["b", "a"]
    assert families(fuse(lanes, 2)) == ["a", "b"]


def test_a_family_is_at_home_when_any_lane_has_it_in_the_askers_language():
    lanes = {"gloss": [LaneHit("a:en", "a", "en", 5.0), LaneHit("a:de", "a", "de", 5.0)]}
    [home] = fuse(lanes, 1, attainable={"gloss": 10.0}, locale="de")
    [away] = fuse(lanes, 1, attainable={"gloss": 10.0}, locale="fr")
    assert away.score - home.score == pytest.approx(ABROAD + AWAY["gloss"] - AT_HOME["gloss"])


def test_equals_are_ordered_by_family_so_that_all_backends_agree():
    assert families(fuse({"x": lane("b"), "y": lane("a")}, 2, weights={"x": 1, "y": 1})) == ["a", "b"]


def test_hits_tell_rank_and_score_of_every_lane():
    [hit] = fuse({"lexical": lane("a"), "vector": lane("a")}, 1)
    assert hit.lanes == {"lexical": (1, 0.0), "vector": (1, 0.0)}


@given(some_lanes, st.integers(1, 5))
def test_a_limit_cuts_and_changes_nothing_else(lanes, limit):
    assert fuse(lanes, limit) == fuse(lanes, 100)[:limit]


@given(some_lanes)
def test_each_family_once_best_first_and_none_lost(lanes):
    hits = fuse(lanes, 100)
    assert sorted(families(hits)) == sorted({hit.family for ranking in lanes.values() for hit in ranking})
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


@given(some_lanes)
def test_the_order_in_which_lanes_come_does_not_count(lanes):
    backwards = fuse(dict(reversed(list(lanes.items()))), 100)
    assert {hit.family: pytest.approx(hit.score) for hit in backwards} == {h.family: h.score for h in fuse(lanes, 100)}


@given(rankings, rankings)
def test_rising_in_a_lane_never_lowers_a_family(first, second):
    if len(first) < 2:
        return
    risen = [first[1], first[0], *first[2:]]
    before = {hit.family: hit.score for hit in fuse({"lexical": first, "gloss": second}, 100)}
    after = {hit.family: hit.score for hit in fuse({"lexical": risen, "gloss": second}, 100)}
    assert after[first[1].family] > before[first[1].family]


def test_collapse_keeps_the_first_of_each_family():
    assert collapse(lane("a", "b", "a")) == lane("a", "b")[:2]
