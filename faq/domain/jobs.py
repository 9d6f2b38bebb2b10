"""Background work: the Job row is the outbox, whoever runs it.

Invariants: a job is claimed by one conditional UPDATE, so that it runs once at a time wherever it was sent; its work may
run twice without harm, so that a killed process costs a repetition and nothing else. Work that is enqueued again while
it runs is run once more, because the run under way may have read what is now old.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.models import F, Q
from django.utils import timezone

from faq import signals
from faq.domain import audit
from faq.domain.storable import storable
from faq.enums import JobKind, JobState
from faq.errors import Conflict, DomainError, NotFound, Unavailable
from faq.models import Job

log = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 10
STALE_SECONDS = 60
"""A running job whose heart has not beaten for so long belongs to a process that is gone."""
MAX_ATTEMPTS = 5
LIMIT_SECONDS = 3300
WRITE_SECONDS = 0.5
MAX_FAILURES = 200
AGAIN = "again"

Watch = Callable[["Progress"], None]


class Cancelled(Exception):
    """Raised inside a handler at its next step after a person cancelled the job."""


class Progress:
    """What a handler is given to say how far it is. Writes at most twice a second; each write asks for cancellation."""

    def __init__(self, job: Job, watch: Watch | None = None) -> None:
        self.job = job
        self.done = 0
        self.total = 0
        self.message = ""
        self.failures: list[dict[str, str]] = []
        self.cancelled = False
        self._watch = watch
        self._written = 0.0
        self._deadline = time.monotonic() + LIMIT_SECONDS

    def start(self, total: int, message: str = "") -> None:
        """How many steps there are."""
        self.total = max(0, total)
        self.message = message or self.message
        self._write()

    def advance(self, n: int = 1, message: str = "") -> None:
        """n more steps are done. Raises Cancelled when a person cancelled, Unavailable when the time is up."""
        self.done += n
        self.message = message or self.message
        if self._watch:
            self._watch(self)
        if time.monotonic() - self._written >= WRITE_SECONDS:
            self._write()
        if self.cancelled:
            raise Cancelled
        if time.monotonic() > self._deadline:
            raise Unavailable(f"The job ran longer than {LIMIT_SECONDS // 60} minutes. It goes on where it stopped.")

    def fail(self, item: str, reason: str) -> None:
        """One item failed; the others go on."""
        log.warning("job %s: an item failed", self.job.pk)
        if len(self.failures) < MAX_FAILURES:
            self.failures.append({"item": storable(str(item))[:300], "reason": storable(str(reason))[:500]})

    def _write(self) -> None:
        self._written = time.monotonic()
        alive = Job.objects.filter(pk=self.job.pk, state=JobState.RUNNING).update(
            done=self.done,
            total=self.total,
            message=storable(self.message)[:300],
            failures=self.failures,
            heartbeat_at=timezone.now(),
        )
        self.cancelled = not alive


def enqueue(kind: str, args: Mapping[str, Any], *, key: str = "", actor: audit.Actor = None) -> Job:
    """Write the job down; it is sent to a runner after commit. With a key, work that already waits is not queued twice."""
    with transaction.atomic():
        waiting = _waiting(key)
        if waiting is not None:
            if waiting.state == JobState.RUNNING:
                Job.objects.filter(pk=waiting.pk).update(args={**waiting.args, AGAIN: True})
            return waiting
        try:
            with transaction.atomic():
                job = Job.objects.create(
                    kind=JobKind(kind), args=dict(args), key=key[:200], requested_by=audit.person(actor)
                )
        except IntegrityError:
            taken = _waiting(key)
            if taken is None:
                raise
            return taken
        signals.job_created.send(sender=Job, job_id=str(job.pk))
    return job


def enqueue_when_due(kind: str, every: timedelta) -> Job | None:
    """Enqueue work that is done once in a while; None when it was enqueued less than `every` ago, by whatever process."""
    if Job.objects.filter(kind=kind, created_at__gt=timezone.now() - every).exists():
        return None
    return enqueue(kind, {}, key=kind)


def follow(kind: str, args: Mapping[str, Any], *, key: str) -> None:
    """Quick work that readers should see at once: run in this process right after commit.

    The job is written with the fact it follows from, so that the next start does it when the process dies in between;
    it is deleted once it has succeeded.
    """
    with transaction.atomic():
        waiting = _waiting(key)
        if waiting is None:
            job = Job.objects.create(kind=JobKind(kind), args=dict(args), key=key[:200])
            transaction.on_commit(partial(_follow_now, job.pk))
        elif waiting.state == JobState.RUNNING:
            Job.objects.filter(pk=waiting.pk).update(args={**waiting.args, AGAIN: True})
        else:
            # Left by a process that died or a service that was away: whoever changed something now need not wait for it.
            transaction.on_commit(partial(_follow_now, waiting.pk))


def _follow_now(job_id: UUID) -> None:
    if not Job.objects.filter(pk=job_id, state=JobState.QUEUED).exists():
        return  # an earlier change of the same transaction has brought it along
    job = run(job_id)
    if job.state == JobState.SUCCEEDED:
        job.delete()
    elif job.state == JobState.QUEUED:
        signals.job_created.send(sender=Job, job_id=str(job.pk))


def _waiting(key: str) -> Job | None:
    if not key:
        return None
    active = Job.objects.select_for_update(of=("self",)).filter(state__in=[JobState.QUEUED, JobState.RUNNING])
    return active.filter(key=key[:200]).first()


def run(job_id: UUID | str, watch: Watch | None = None) -> Job:
    """Run a job that waits, in this thread; returns it as it then is. Nothing when another runner has it or it is done."""
    now = timezone.now()
    claimed = Job.objects.filter(pk=job_id, state=JobState.QUEUED).update(
        state=JobState.RUNNING, started_at=now, heartbeat_at=now, attempts=F("attempts") + 1, error=""
    )
    job = get(job_id)
    if claimed:
        _perform(job, Progress(job, watch))
        job.refresh_from_db()
    return job


def _perform(job: Job, progress: Progress) -> None:
    args = {name: value for name, value in job.args.items() if name != AGAIN}
    try:
        from faq.domain.handlers import HANDLERS  # handlers call the domain, which enqueues jobs

        with _heart(job):
            HANDLERS[JobKind(job.kind)](args, progress)
    except Cancelled:
        _finish(job, progress, JobState.CANCELLED)
    except Unavailable as error:
        # Stays queued for the next sweep, which waits for the heartbeat to age; given up after MAX_ATTEMPTS.
        again = job.attempts < MAX_ATTEMPTS
        _finish(job, progress, JobState.QUEUED if again else JobState.FAILED, str(error))
    except DomainError as error:
        _finish(job, progress, JobState.FAILED, str(error))
    except Exception as error:
        log.exception("job %s (%s) failed", job.pk, job.kind)
        _finish(job, progress, JobState.FAILED, f"{type(error).__name__}: {error}"[:2000])
    except BaseException:
        _finish(job, progress, JobState.QUEUED)  # the process is being stopped: the next start goes on
        raise
    else:
        _finish(job, progress, JobState.SUCCEEDED)


def _finish(job: Job, progress: Progress, state: JobState, error: str = "") -> None:
    with transaction.atomic():
        stored = Job.objects.select_for_update(of=("self",)).filter(pk=job.pk, state=JobState.RUNNING).first()
        if stored is None:
            return  # cancelled meanwhile
        again = stored.args.pop(AGAIN, False) and state == JobState.SUCCEEDED
        stored.state = JobState.QUEUED if again else state
        stored.done, stored.total, stored.failures = progress.done, progress.total, progress.failures
        stored.message, stored.error = storable(progress.message)[:300], storable(error)
        stored.heartbeat_at = timezone.now()
        stored.finished_at = None if stored.state == JobState.QUEUED else timezone.now()
        stored.save()
        if again:
            signals.job_created.send(sender=Job, job_id=str(job.pk))


@contextmanager
def _heart(job: Job) -> Any:
    """Says every few seconds that the job is alive, even inside one long step."""
    stop = threading.Event()

    def beat() -> None:
        try:
            while not stop.wait(HEARTBEAT_SECONDS):
                Job.objects.filter(pk=job.pk, state=JobState.RUNNING).update(heartbeat_at=timezone.now())
        finally:
            connection.close()

    thread = threading.Thread(target=beat, name=f"heart-{job.pk}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()


def get(job_id: UUID | str) -> Job:
    """NotFound for what is no job."""
    try:
        return Job.objects.get(pk=job_id)
    except (Job.DoesNotExist, ValidationError, ValueError) as error:
        raise NotFound(f"There is no job {str(job_id)[:40]!r}.") from error


def cancel(job_id: UUID | str, *, actor: audit.Actor = None) -> Job:
    """A queued job never starts; a running one stops at its next step. What it did so far stays."""
    with transaction.atomic():
        changed = Job.objects.filter(pk=get(job_id).pk, state__in=[JobState.QUEUED, JobState.RUNNING]).update(
            state=JobState.CANCELLED, finished_at=timezone.now()
        )
        job = get(job_id)
        if not changed:
            raise Conflict(f"The job is already over: {job.get_state_display()}.")
        audit.record(actor, "cancel", job)
    return job


def retry(job_id: UUID | str, *, actor: audit.Actor = None) -> Job:
    """Queue a failed or cancelled job again."""
    job = get(job_id)
    try:
        with transaction.atomic():
            changed = Job.objects.filter(
                pk=job.pk, state__in=[JobState.FAILED, JobState.CANCELLED, JobState.SUCCEEDED]
            ).update(
                state=JobState.QUEUED, done=0, total=0, message="", error="", failures=[], attempts=0, finished_at=None
            )
            if not changed:
                raise Conflict(f"The job is not over yet: {job.get_state_display()}.")
            audit.record(actor, "retry", job)
            signals.job_created.send(sender=Job, job_id=str(job.pk))
    except IntegrityError as error:
        raise Conflict("The same work is already queued.") from error
    return get(job_id)


def recover() -> int:
    """Send again every job that waits, after taking back those whose process is gone; returns how many were sent.

    Sending twice is harmless: only one runner can claim a job.
    """
    now = timezone.now()
    gone = Job.objects.filter(state=JobState.RUNNING).filter(
        Q(heartbeat_at__isnull=True) | Q(heartbeat_at__lt=now - timedelta(seconds=STALE_SECONDS))
    )
    gone.filter(attempts__gte=MAX_ATTEMPTS).update(
        state=JobState.FAILED, finished_at=now, error=f"The process that ran this job ended {MAX_ATTEMPTS} times."
    )
    gone.update(state=JobState.QUEUED)
    # A job that found a service away keeps its heartbeat, so that it is not sent again at once.
    waiting = Job.objects.filter(state=JobState.QUEUED).filter(
        Q(attempts=0) | Q(heartbeat_at__isnull=True) | Q(heartbeat_at__lt=now - timedelta(seconds=STALE_SECONDS / 2))
    )
    ids = list(waiting.order_by("created_at").values_list("pk", flat=True))
    for pk in ids:
        signals.job_created.send(sender=Job, job_id=str(pk))
    return len(ids)


def pending() -> list[Job]:
    """What waits, oldest first."""
    return list(Job.objects.filter(state=JobState.QUEUED).order_by("created_at"))
