"""A service that keeps failing is left alone, and one request at a time finds out whether it is back."""

from faq.composition.breaker import FAILURES, LONGEST_SECONDS, PAUSE_SECONDS, Breaker


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def opened(clock: Clock) -> Breaker:
    breaker = Breaker(clock)
    for _ in range(FAILURES):
        assert breaker.admit() == "go"
        breaker.failed()
    return breaker


def test_after_so_many_failures_in_a_row_nobody_asks() -> None:
    assert [opened(Clock()).admit() for _ in range(3)] == ["wait"] * 3


def test_a_success_between_failures_counts_them_anew() -> None:
    breaker = Breaker(Clock())
    for outcome in (breaker.failed, breaker.failed, breaker.succeeded, breaker.failed, breaker.failed):
        outcome()
    assert breaker.admit() == "go"


def test_after_the_pause_one_of_many_is_the_trial() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now += PAUSE_SECONDS
    assert [breaker.admit() for _ in range(3)] == ["trial", "wait", "wait"]
    breaker.succeeded()
    assert breaker.admit() == "go"


def test_each_trial_that_fails_doubles_the_pause_up_to_a_bound() -> None:
    clock = Clock()
    breaker = opened(clock)
    pause, pauses = PAUSE_SECONDS, []
    for _ in range(8):
        clock.now += pause - 1
        assert breaker.admit() == "wait"
        clock.now += 1
        assert breaker.admit() == "trial"
        breaker.failed()
        pauses.append(pause)
        pause = min(LONGEST_SECONDS, pause * 2)
    assert pauses[-1] == LONGEST_SECONDS


def test_requests_that_began_before_the_pause_do_not_lengthen_it() -> None:
    clock = Clock()
    breaker = opened(clock)
    for _ in range(5):
        breaker.failed()
    clock.now += PAUSE_SECONDS
    assert breaker.admit() == "trial"


def test_what_fails_until_somebody_changes_it_opens_at_once() -> None:
    breaker = Breaker(Clock())
    breaker.failed(lasting=True)
    assert breaker.admit() == "wait"


def test_a_trial_that_never_reports_is_followed_by_another() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now += PAUSE_SECONDS
    assert breaker.admit() == "trial"
    clock.now += PAUSE_SECONDS
    assert breaker.admit() == "trial"
