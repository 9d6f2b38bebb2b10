"""What a handler is given to say how far it is, and to do many items so that a bad one never stops the others.

Invariants: what is stored is never more than what was done; nothing is written once the job was cancelled or taken from this
process; an item that fails, whatever its error, is named with its reason; one that ends its process is passed over after
few tries.
"""

import logging
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone

from faq.domain import leases, queues
from faq.domain.storable import storable
from faq.errors import DomainError, Unavailable
from faq.models import Job

log = logging.getLogger(__name__)
T = TypeVar("T")

WRITE_SECONDS = 0.5
MAX_FAILURES = 200
ITEM_LENGTH = 1000
DATABASE_AWAY = (OperationalError, InterfaceError)
"""The database is away, busy, or chose this transaction to end a deadlock: the same work may succeed a moment later."""

Watch = Callable[["Progress"], None]


class Cancelled(Exception):
    """Raised inside a handler at its next step after a person cancelled the job, or another process took it over."""


class Progress:
    """Of one run of a job. Writes at most twice a second, and before each item; each write asks for cancellation."""

    def __init__(self, job: Job, watch: Watch | None = None) -> None:
        self.job = job
        self.done = 0
        self.total = 0
        self.message = ""
        self.failures: list[dict[str, str]] = []
        self.cancelled = False
        self._item = ""
        self._deaths: dict[str, int] = job.args.get(leases.DEATHS, {})
        self._resumes = False
        self._watch = watch
        self._written = 0.0
        self._limit = queues.limits(job.kind).work
        self._deadline = time.monotonic() + self._limit

    def start(self, total: int, message: str = "", *, resume: bool = False) -> None:
        """How many steps there are. `resume`: they are the same in every run of this job, so that each() passes over those
        that an earlier run has done; what failed there stays noted."""
        self.total = max(0, total)
        self.message = message or self.message
        if resume and self.job.attempts > 1:
            self.done, self.failures = min(self.job.done, self.total), list(self.job.failures)
        self._resumes = resume
        self._write()

    def advance(self, n: int = 1, message: str = "") -> None:
        """n more steps are done. Raises Cancelled when a person cancelled, Unavailable when the time is up."""
        self.done += n
        self.message = message or self.message
        if self._watch:
            self._watch(self)
        if time.monotonic() - self._written >= WRITE_SECONDS:
            self._write()
        self._go_on()

    def each(
        self,
        items: Sequence[T],
        work: Callable[[T], object],
        name: Callable[[T], str] = str,
        steps: Callable[[T], int] = lambda item: 1,
    ) -> None:
        """Do the work for each item in order, after start(). `name`: what people know it by; `steps`: how many it counts for.

        An item that fails is noted, whatever the error, and so is one with which MAX_DEATHS processes ended; the others
        are done all the same. Only a database that is away stops them. Raises what advance() does.
        """
        for item in items[self.done if self._resumes else 0 :]:
            label = storable(name(item))[:ITEM_LENGTH]
            if self._deaths.get(label, 0) >= leases.MAX_DEATHS:
                self.fail(
                    label, f"The process ended {leases.MAX_DEATHS} times while it worked on this. It is left out."
                )
            else:
                self._item = label
                self._write()
                self._go_on()
                self._attempt(item, work)
            self.advance(steps(item), label)
        self._item = ""

    def fail(self, item: str, reason: str) -> None:
        """One item failed; the others go on."""
        log.warning("job %s: an item failed", self.job.pk)
        if len(self.failures) < MAX_FAILURES:
            self.failures.append({"item": storable(str(item))[:300], "reason": storable(str(reason))[:500]})

    def _attempt(self, item: T, work: Callable[[T], object], *, last: bool = False) -> None:
        try:
            work(item)
        except Cancelled:
            raise
        except DomainError as error:
            self.fail(self._item, str(error))
        except DATABASE_AWAY:
            if not connection.is_usable():
                raise
            if not last:
                self._attempt(item, work, last=True)
                return
            log.exception("job %s: the database refused an item twice", self.job.pk)
            self.fail(self._item, "The database was too busy with this, twice.")
        except Exception as error:
            log.exception("job %s: an item failed unexpectedly", self.job.pk)
            self.fail(self._item, self._unexpected(error))

    def _unexpected(self, error: Exception) -> str:
        if time.monotonic() > self._deadline:
            return f"It was not done within {self._limit // 60} minutes and was broken off."
        return f"Polyfaq could not do this; its log has more. {type(error).__name__}: {error}"

    def _go_on(self) -> None:
        if self.cancelled:
            raise Cancelled
        if time.monotonic() > self._deadline:
            raise Unavailable(
                "The job ran longer than %(minutes)s minutes. It goes on where it stopped.", minutes=self._limit // 60
            )

    def _write(self) -> None:
        self._written = time.monotonic()
        stands = leases.held(self.job).update(
            done=self.done,
            total=self.total,
            message=storable(self.message)[:300],
            failures=self.failures,
            item=self._item,
            heartbeat_at=timezone.now(),
        )
        self.cancelled = not stands
