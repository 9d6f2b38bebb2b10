"""The circuit breaker: one caller waits for a service that is away, nobody else does, and it is found when it is back."""

import pytest

from retrieval.backends.breaker import Breaker
from retrieval.types import IndexCorrupt, Unavailable


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Service:
    """Counts who reached it."""

    def __init__(self) -> None:
        self.asked = 0
        self.error: Exception | None = Unavailable("It is away.")

    def ask(self, breaker: Breaker) -> str:
        with breaker.call():
            self.asked += 1
            if self.error is not None:
                raise self.error
            return "answer"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker(clock, first=1.0, longest=4.0)


@pytest.fixture
def service() -> Service:
    return Service()


def refused(service: Service, breaker: Breaker) -> bool:
    """Whether a call failed without reaching the service."""
    before = service.asked
    with pytest.raises(Unavailable):
        service.ask(breaker)
    return service.asked == before


def test_while_all_is_well_every_call_goes_through(service: Service, breaker: Breaker) -> None:
    service.error = None
    assert [service.ask(breaker) for _ in range(3)] == ["answer"] * 3
    assert not breaker.open


def test_after_one_failure_nobody_waits_and_the_reason_is_told(service: Service, breaker: Breaker) -> None:
    assert not refused(service, breaker)
    with pytest.raises(Unavailable, match="It is away"):
        service.ask(breaker)
    assert service.asked == 1


def test_after_the_pause_one_call_probes_and_the_others_still_do_not_wait(
    service: Service, breaker: Breaker, clock: Clock
) -> None:
    refused(service, breaker)
    clock.now += 1.0
    others = []

    def probe() -> None:
        with breaker.call():
            others.append(refused(service, breaker))
            raise Unavailable("the probe")

    with pytest.raises(Unavailable, match="the probe"):
        probe()
    assert (others, refused(service, breaker)) == ([True], True)


def test_a_probe_that_succeeds_closes_the_circuit(service: Service, breaker: Breaker, clock: Clock) -> None:
    refused(service, breaker)
    clock.now += 1.0
    service.error = None
    assert [service.ask(breaker), service.ask(breaker)] == ["answer"] * 2
    assert not breaker.open


def test_pauses_grow_to_a_limit_and_begin_anew_after_a_success(
    service: Service, breaker: Breaker, clock: Clock
) -> None:
    for pause in (1.0, 2.0, 4.0, 4.0):
        assert not refused(service, breaker)
        clock.now += pause - 0.1
        assert refused(service, breaker)
        clock.now += 0.1
    assert service.asked == 4
    service.error = None
    service.ask(breaker)
    service.error = Unavailable("It is away.")
    assert not refused(service, breaker)
    clock.now += 1.0
    assert not refused(service, breaker)


def test_an_answer_that_is_an_error_is_an_answer(service: Service, breaker: Breaker, clock: Clock) -> None:
    refused(service, breaker)
    clock.now += 1.0
    service.error = IndexCorrupt("It answers, and what it holds is broken.")
    with pytest.raises(IndexCorrupt):
        service.ask(breaker)
    assert not breaker.open


def test_a_probe_that_is_broken_off_leaves_the_next_one_free(breaker: Breaker, service: Service, clock: Clock) -> None:
    refused(service, breaker)
    clock.now += 1.0
    with pytest.raises(KeyboardInterrupt), breaker.call():
        raise KeyboardInterrupt
    assert not refused(service, breaker)


def test_late_failures_of_calls_under_way_do_not_lengthen_the_pause(
    service: Service, breaker: Breaker, clock: Clock
) -> None:
    def under_way() -> None:
        with breaker.call():
            refused(service, breaker)
            raise Unavailable("also")

    with pytest.raises(Unavailable, match="also"):
        under_way()
    clock.now += 1.0
    assert not refused(service, breaker)
