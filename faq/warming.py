"""The thread in which a serving process reads what its first readers would wait for: index, vectors, lexicons.

Management commands never start it. A question that comes before the thread is done waits for its own language at most:
each lexicon has a lock of its own. A server that forks after loading the application (gunicorn --preload) forks between
two steps, never inside one, so no lock is copied while it is held; its workers share what was read by then.
"""

import logging
import os
import threading
import time

from django.db import DatabaseError, connection
from django.urls import get_resolver

from faq.domain import readiness
from faq.errors import DomainError

log = logging.getLogger(__name__)

_step = threading.Lock()
"""Held by the thread inside each step, and by whoever forks."""
_began = threading.Event()


def begin() -> threading.Thread:
    """Start the thread. Called once, where a server has loaded the application."""
    if not _began.is_set():
        _began.set()
        os.register_at_fork(before=_step.acquire, after_in_parent=_step.release, after_in_child=_again)
    thread = threading.Thread(target=run, name="polyfaq-warming", daemon=True)
    thread.start()
    return thread


def _again() -> None:
    _step.release()
    begin()


def run() -> None:
    """See to the index, then read; whatever is away now is read when the first question needs it."""
    begun = time.perf_counter()
    try:
        with _step:
            readiness.ensure_index()
        with _step:
            get_resolver().url_patterns  # noqa: B018 - every view and serializer is imported with the first address
        steps, ready = readiness.warm(), 0
        while True:
            with _step:
                if next(steps, None) is None:
                    break
            ready += 1
        log.info("Ready: what questions in %d languages need was read in %.1f s.", ready, time.perf_counter() - begun)
    except (DomainError, DatabaseError) as error:
        log.warning("Not everything could be read beforehand (%s); the first questions read it.", error)
    finally:
        connection.close()
