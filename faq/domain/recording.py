"""Asked questions are written beside the readers' requests: no reader waits for the database's one writer.

A serving process calls begin(); from then on a thread writes what comes, in order, and again what the database was too
busy to take. What waits when the process ends is written then. Everywhere else (commands, tests) it is written at once.
"""

import atexit
import logging
import os
import queue
import threading
import time
from dataclasses import dataclass

from django.db import DatabaseError, close_old_connections, connection

from faq.domain import feedback
from faq.errors import DomainError

log = logging.getLogger(__name__)

MOST_WAITING = 10_000
TRIES = 5
PAUSE_SECONDS = 1.0
LAST_SECONDS = 5.0
"""A process that ends waits so long for what is not written yet."""


@dataclass(frozen=True, slots=True)
class Entry:
    text: str
    locale: str
    outcome: str
    nearest: int | None


class Recorder:
    """One thread and what it is to write. After a fork the child has its own: threads do not follow."""

    def __init__(self) -> None:
        self.waiting: queue.Queue[Entry] = queue.Queue(MOST_WAITING)
        self._pid, self._lock = 0, threading.Lock()

    def put(self, entry: Entry) -> None:
        with self._lock:
            if self._pid != os.getpid():
                self._pid, self.waiting = os.getpid(), queue.Queue(MOST_WAITING)
                threading.Thread(target=self._run, name="polyfaq-recording", daemon=True).start()
                atexit.register(self.finish)
        try:
            self.waiting.put_nowait(entry)
        except queue.Full:
            log.error("A question was not recorded: %d wait already for the database.", MOST_WAITING)

    def finish(self, seconds: float = LAST_SECONDS) -> None:
        """Wait until everything is written, so long at most."""
        deadline = time.monotonic() + seconds
        while self.waiting.unfinished_tasks and time.monotonic() < deadline:
            time.sleep(0.005)

    def _run(self) -> None:
        while True:
            entry = self.waiting.get()
            try:
                _write(entry)
            finally:
                self.waiting.task_done()
                if self.waiting.empty():
                    connection.close()


def _write(entry: Entry) -> None:
    for left in reversed(range(TRIES)):
        try:
            close_old_connections()
            feedback.record_asked(entry.text, entry.locale, entry.outcome, entry.nearest)
            return
        except DomainError as error:  # its language went meanwhile
            log.info("A question was not recorded: %s", error)
            return
        except DatabaseError as error:
            if not left:
                log.error("A question was not recorded: %s", error)
            else:
                time.sleep(PAUSE_SECONDS)


recorder = Recorder()
_serving = threading.Event()


def begin() -> None:
    """From here on, record() does not wait. Called once, where a server has loaded the application."""
    _serving.set()


def is_serving() -> bool:
    """Whether this process serves readers, who must not wait for the database's one writer."""
    return _serving.is_set()


def record(text: str, locale: str, outcome: str, nearest: int | None = None) -> None:
    """As feedback.record_asked(); in a serving process without waiting for it."""
    if _serving.is_set():
        recorder.put(Entry(text, locale, outcome, nearest))
    else:
        feedback.record_asked(text, locale, outcome, nearest)
