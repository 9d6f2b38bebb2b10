"""Lanes asked one after the other and side by side: the same comes out, and a lane that is away costs the others nothing."""

import os
import threading
from contextvars import ContextVar

import pytest

from retrieval import lanes
from retrieval.types import InvalidInput, Lane, LaneHit, NotConfigured, Unavailable

NAMES = (Lane.LEXICAL, Lane.GLOSS, Lane.VECTOR)
request: ContextVar[str] = ContextVar("request", default="")


def hit(key: str) -> list[LaneHit]:
    return [LaneHit(key, key, "en", 1.0)]


def asked(*calls: lanes.Ask, side_by_side: bool) -> list[lanes.Asked]:
    return lanes.ask(list(zip(NAMES, calls, strict=False)), side_by_side=side_by_side)


@pytest.mark.parametrize("side_by_side", [False, True])
def test_what_comes_out_is_in_the_order_of_what_went_in(side_by_side: bool) -> None:
    found = asked(lambda: hit("a"), lambda: hit("b"), lambda: hit("c"), side_by_side=side_by_side)
    assert [(each.lane, each.hits, each.error) for each in found] == [
        (lane, hit(key), None) for lane, key in zip(NAMES, "abc", strict=True)
    ]


def test_side_by_side_means_that_each_is_under_way_before_any_has_ended() -> None:
    barrier = threading.Barrier(3, timeout=30)

    def meet() -> list[LaneHit]:
        barrier.wait()
        return hit("met")

    assert [each.hits for each in asked(meet, meet, meet, side_by_side=True)] == [hit("met")] * 3


@pytest.mark.parametrize("side_by_side", [False, True])
@pytest.mark.parametrize("error", [Unavailable("It is away."), NotConfigured("It has no key.")])
@pytest.mark.parametrize("place", [0, 2])
def test_a_lane_that_is_away_says_so_and_the_others_answer(side_by_side: bool, error: Exception, place: int) -> None:
    def away() -> list[LaneHit]:
        raise error

    calls = [lambda: hit("a"), lambda: hit("b"), lambda: hit("c")]
    calls[place] = away
    found = asked(*calls, side_by_side=side_by_side)
    assert [each.error for each in found] == [error if at == place else None for at in range(3)]
    assert [each.hits is None for each in found] == [at == place for at in range(3)]


@pytest.mark.parametrize("side_by_side", [False, True])
def test_any_other_error_is_raised(side_by_side: bool) -> None:
    def wrong() -> list[LaneHit]:
        raise InvalidInput("These are no tokens.")

    with pytest.raises(InvalidInput):
        asked(lambda: hit("a"), wrong, side_by_side=side_by_side)


def test_a_lane_knows_which_request_it_is_asked_for() -> None:
    token = request.set("ours")
    try:
        found = asked(*[lambda: hit(request.get())] * 3, side_by_side=True)
    finally:
        request.reset(token)
    assert [each.hits for each in found] == [hit("ours")] * 3


def test_a_forked_process_makes_threads_of_its_own() -> None:
    asked(lambda: hit("a"), lambda: hit("b"), side_by_side=True)
    child = os.fork()
    if not child:
        found = asked(lambda: hit("a"), lambda: hit("b"), side_by_side=True)
        os._exit(0 if [each.hits for each in found] == [hit("a"), hit("b")] else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
