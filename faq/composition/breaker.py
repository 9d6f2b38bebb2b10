"""When to leave a service alone that keeps failing: pure but for a lock; the clock is given.

Closed: requests go. After FAILURES in a row it opens: none goes until the pause is over; then one goes as a trial, whose
success closes it and whose failure doubles the pause.
"""

import threading
from collections.abc import Callable
from enum import StrEnum

FAILURES = 3
PAUSE_SECONDS = 30.0
LONGEST_SECONDS = 600.0


class Admission(StrEnum):
    """GO: ask. TRIAL: ask, but let nobody wait for it. WAIT: do not ask."""

    GO = "go"
    TRIAL = "trial"
    WAIT = "wait"


class Breaker:
    """Safe between threads. `clock`: seconds that never go back."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._pause = 0.0
        self._until = 0.0
        self._trying = False

    def admit(self) -> Admission:
        """Whether a request may go now; of many that ask at the end of a pause one is the trial."""
        with self._lock:
            if not self._pause:
                return Admission.GO
            now = self._clock()
            if now < self._until:
                return Admission.WAIT
            self._trying = True
            self._until = now + self._pause  # should the trial never report, another one follows
            return Admission.TRIAL

    def succeeded(self) -> None:
        with self._lock:
            self._failures, self._pause, self._until, self._trying = 0, 0.0, 0.0, False

    def failed(self, *, lasting: bool = False) -> None:
        """`lasting`: it will fail until somebody changes something, so there is no need to count."""
        with self._lock:
            self._failures += 1
            if self._pause and not self._trying:
                return  # one that began before the pause
            if self._failures >= FAILURES or lasting or self._trying:
                self._pause = min(LONGEST_SECONDS, self._pause * 2 or PAUSE_SECONDS)
                self._until = self._clock() + self._pause
                self._trying = False
