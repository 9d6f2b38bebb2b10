"""One builder at a time over all machines that share a Weaviate server, free again when its holder dies.

A server has no locks, but its schema goes through Raft: of several processes that make the same alias, one makes it. A
lease is such an alias with a number, and an object that its holder renews. Whoever finds the newest lease not renewed
for LEASE_SECONDS makes the alias with the next number; only one can. A holder that was only slow finds the higher number
when it renews, and holds no longer.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from uuid import uuid5

from retrieval.backends.weaviate_client import Missing
from retrieval.backends.weaviate_naming import Names
from retrieval.backends.weaviate_wire import Reader
from retrieval.backends.weaviate_writing import Stored, Writer
from retrieval.types import RetrievalError, Unavailable

logger = logging.getLogger(__name__)

LEASE_SECONDS = 30.0
"""By the clocks of the machines, which therefore must not differ by as much."""
RENEW_SECONDS = 5.0
POLL_SECONDS = 0.25


class Lease:
    def __init__(self, names: Names, reader: Reader, writer: Writer, clock: Callable[[], float] = time.time) -> None:
        self._names = names
        self._reader = reader
        self._writer = writer
        self._clock = clock

    @contextmanager
    def held(self, seconds: float, limit: float) -> Iterator[bool]:
        """Gives whether it had to wait; Unavailable after `seconds`. `limit`: for one call to the server."""
        number, waited = self._acquire(seconds, limit)
        over = threading.Event()
        thread = threading.Thread(target=self._renew, args=(number, over), daemon=True, name="weaviate-lease")
        thread.start()
        try:
            yield waited
        finally:
            over.set()
            thread.join()
            with suppress(RetrievalError, Missing):  # it runs out by itself
                self._release(number)

    def _acquire(self, seconds: float, limit: float) -> tuple[int, bool]:
        deadline = time.monotonic() + seconds
        waited = False
        while True:
            newest = max(self._numbers(), default=0)
            if not newest or self._expired(newest, limit):
                if newest:
                    logger.warning("Whoever built the index has not been heard of; its lease %s is taken over.", newest)
                if self._take(newest + 1):
                    self._forget(below=newest + 1)
                    return newest + 1, waited
                continue  # another was quicker
            if time.monotonic() >= deadline:
                raise Unavailable("Another process is building the index. Try again when it has finished.")
            waited = True
            time.sleep(POLL_SECONDS)

    def _take(self, number: int) -> bool:
        # The object first: an alias without one counts as expired.
        self._write(number)
        return self._writer.make_alias(self._names.lease(number), self._names.registry)

    def _expired(self, number: int, limit: float) -> bool:
        rows = self._reader.listed(self._names.registry, ["renewed"], limit, {"_id": (self._id(number),)}, quorum=True)
        return not rows or self._clock() - float(rows[0].properties.get("renewed", 0.0)) > LEASE_SECONDS

    def _renew(self, number: int, over: threading.Event) -> None:
        while not over.wait(RENEW_SECONDS):
            try:
                if max(self._numbers(), default=0) != number:
                    logger.error(
                        "The lease %s for building the index was taken over: this process was too slow.", number
                    )
                    return
                self._write(number)
            except (RetrievalError, Missing) as error:
                logger.warning("The lease for building the index could not be renewed: %s", error)

    def _write(self, number: int) -> None:
        properties = {"kind": "lease", "renewed": self._clock()}
        self._writer.store(self._names.registry, [Stored(self._id(number), properties)])

    def _release(self, number: int) -> None:
        # In this order: the number may be given out again as soon as its alias is gone.
        self._writer.delete(self._names.registry, [self._id(number)])
        self._writer.drop_alias(self._names.lease(number))

    def _forget(self, below: int) -> None:
        for number in self._numbers():
            if number < below:
                with suppress(RetrievalError, Missing):
                    self._release(number)

    def _numbers(self) -> list[int]:
        found = (self._names.lease_number(alias) for alias in self._writer.aliases())
        return [number for number in found if number is not None]

    def _id(self, number: int) -> str:
        return str(uuid5(self._names.SPACE, self._names.lease(number)))
