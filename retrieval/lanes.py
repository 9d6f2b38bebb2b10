"""The lanes of one question asked: one after the other, or side by side where the index is on another machine.

Invariants: a lane whose service is away costs the others nothing; what comes out is in the order of what went in, whichever
lane was the fastest; threads are made in the process that uses them, never inherited by a fork.
"""

import logging
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from functools import lru_cache, partial

from retrieval.types import Lane, LaneHit, NotConfigured, Unavailable

logger = logging.getLogger(__name__)

THREADS = 32
"""Lanes that wait at once in one process; more wait for these."""
Ask = Callable[[], list[LaneHit]]


@dataclass(frozen=True, slots=True)
class Asked:
    """`hits`: None where the lane could not be asked; `error` then says why."""

    lane: Lane
    hits: list[LaneHit] | None
    milliseconds: float
    error: Unavailable | NotConfigured | None = None


def ask(lanes: Sequence[tuple[Lane, Ask]], *, side_by_side: bool) -> list[Asked]:
    """What each lane gives. Any error but Unavailable and NotConfigured is raised."""
    if not side_by_side or len(lanes) < 2:
        return [_one(lane, call) for lane, call in lanes]
    # Each in a context of its own: a log line from a lane still names its request.
    waiting = [_pool(os.getpid()).submit(copy_context().run, partial(_one, lane, call)) for lane, call in lanes[1:]]
    return [_one(*lanes[0]), *(each.result() for each in waiting)]


def _one(lane: Lane, call: Ask) -> Asked:
    begun = time.perf_counter()
    try:
        hits, error = call(), None
    except (Unavailable, NotConfigured) as caught:
        logger.warning("Search lane %s could not be asked: %s", lane.value, caught)
        hits, error = None, caught
    return Asked(lane, hits, 1000 * (time.perf_counter() - begun), error)


@lru_cache(maxsize=1)
def _pool(process: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(THREADS, thread_name_prefix=f"lane-{process}")
