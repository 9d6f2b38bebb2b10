"""A circuit breaker: after a failure nobody waits for the service again until one caller has found it alive.

Closed: calls go through. Open, for a pause after a failure: they fail at once. Half-open, when the pause is over: one
call goes through as the probe, the others go on failing at once; the probe closes the circuit or opens it for a longer
pause. Safe between threads.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from retrieval.types import RetrievalError, Unavailable

FIRST_SECONDS = 1.0
LONGEST_SECONDS = 8.0
"""A reader's question is the probe, so a dead server costs one reader in this time the limit of one look-up."""


class Breaker:
    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        first: float = FIRST_SECONDS,
        longest: float = LONGEST_SECONDS,
    ) -> None:
        self._clock = clock
        self._first = first
        self._longest = longest
        self._lock = threading.Lock()
        self._pause = 0.0
        self._until = 0.0
        self._probing = False
        self._reason = ""

    @property
    def open(self) -> bool:
        """Whether calls fail without being tried, the probe aside."""
        return self._pause > 0

    @contextmanager
    def call(self) -> Iterator[None]:
        """Around one call. Unavailable at once while open; what the call raises as Unavailable opens the circuit."""
        probe = self._enter()
        try:
            yield
        except Unavailable as error:
            self._failed(str(error), probe=probe)
            raise
        except RetrievalError:  # it answered, if only to refuse
            self._succeeded(probe=probe)
            raise
        except BaseException:
            self._abandoned(probe=probe)
            raise
        self._succeeded(probe=probe)

    def _enter(self) -> bool:
        """Whether this call is the probe."""
        with self._lock:
            if not self._pause:
                return False
            if self._probing or self._clock() < self._until:
                raise Unavailable(f"{self._reason} It is not asked again for a moment.")
            self._probing = True
            return True

    def _failed(self, reason: str, *, probe: bool) -> None:
        with self._lock:
            if probe:
                self._probing = False
            elif self._pause:
                return  # one of several that were under way when the first failed
            self._pause = min(self._longest, 2 * self._pause) if self._pause else self._first
            self._until = self._clock() + self._pause
            self._reason = reason

    def _succeeded(self, *, probe: bool) -> None:
        """A late answer to a call from before the failure says nothing: only the probe closes."""
        if probe:
            with self._lock:
                self._pause, self._probing, self._reason = 0.0, False, ""

    def _abandoned(self, *, probe: bool) -> None:
        """The call was broken off before anything was known; the next one probes."""
        if probe:
            with self._lock:
                self._probing = False
