"""Which queue a job goes to, how long it may take there, and what a sweep has to send again.

Queues part work by who waits for it, so that an hour of translating does not stand before a question that an editor has
just published. Invariant: every kind of job has a queue (tests/faq/test_queues.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from faq.enums import JobKind, Queue


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds. After `work` a job stops at its next step and goes on in another run; after `soft` a step that hangs is
    broken off and the job fails; after `hard` its process is killed, and the job is taken back as any killed one."""

    work: int
    soft: int
    hard: int


def _limits(work: int) -> Limits:
    return Limits(work, work + 300, work + 600)


QUEUES: Mapping[JobKind, Queue] = MappingProxyType(
    {
        JobKind.INGEST: Queue.INGEST,
        JobKind.REFRESH_SOURCE: Queue.INGEST,
        JobKind.FILL_MEMORY: Queue.TRANSLATE,
        JobKind.TRANSLATE_ANSWERS: Queue.TRANSLATE,
        JobKind.BULK: Queue.TRANSLATE,
        JobKind.APPLY_TERM: Queue.TRANSLATE,
        JobKind.IMPORT_TRANSLATIONS: Queue.TRANSLATE,
        JobKind.POPULATE: Queue.ANSWER,
        JobKind.SYNC_INDEX: Queue.ANSWER,
        JobKind.REBUILD_INDEX: Queue.HOUSEKEEPING,
        JobKind.RECONCILE: Queue.HOUSEKEEPING,
        JobKind.HOUSEKEEP: Queue.HOUSEKEEPING,
        JobKind.GROUP_ASKED: Queue.TRANSLATE,
    }
)
LIMITS: Mapping[Queue, Limits] = MappingProxyType(
    {
        Queue.INGEST: _limits(3300),
        Queue.TRANSLATE: _limits(2 * 3600),
        Queue.ANSWER: _limits(3300),
        Queue.HOUSEKEEPING: _limits(4 * 3600),  # the index of a large portal, built in one go
    }
)


def queue(kind: str) -> Queue:
    """Where jobs of this kind are sent."""
    return QUEUES[JobKind(kind)]


def limits(kind: str) -> Limits:
    """How long one run of a job of this kind may take."""
    return LIMITS[queue(kind)]


ENOUGH = 1000
"""Messages of a queue that keep its workers busy until the next sweep: so many are sent at most, and none above."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A job that waits. `attempts`: how often a runner has begun it."""

    id: Any
    kind: str
    attempts: int


def lost(waiting: Sequence[Waiting], held: Mapping[str, int] | None = None) -> list[Waiting]:
    """Those jobs that no message tells of any more, in their order. `held`: messages in the broker, by queue; None: unknown,
    then all of them.

    Messages do not say by name which are missing, so that of a queue with too few the oldest ENOUGH are sent again, which
    does no harm. A queue with as many messages as jobs, or with ENOUGH, gets none: ten thousand waiting jobs must not become
    ten thousand more messages with every sweep, nor with each of the timers that find the broker empty. Where the jobs that
    a runner has begun before account for what is missing, only they are sent: their messages are certainly used up.
    """
    if held is None:
        return list(waiting)
    chosen: set[Any] = set()
    for name in Queue:
        here = [job for job in waiting if queue(job.kind) == name]
        there = held.get(name, 0)
        missing = len(here) - there
        begun = [job for job in here if job.attempts]
        if missing > 0 and missing <= len(begun):
            chosen |= {job.id for job in begun[:ENOUGH]}
        elif missing > 0 and there < ENOUGH:
            chosen |= {job.id for job in here[:ENOUGH]}
    return [job for job in waiting if job.id in chosen]
