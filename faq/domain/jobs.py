"""Background work: the Job row is the outbox, whoever runs it.

Invariants: a job is claimed by one conditional UPDATE, so that it runs once at a time wherever it was sent; its work may
run twice without harm, so that a killed process costs a repetition and nothing else. Work that is enqueued again while
it runs is run once more, because the run under way may have read what is now old.
"""

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.models import F, Q
from django.utils import timezone, translation

from faq import signals
from faq.domain import access, audit, leases, queues
from faq.domain.progress import DATABASE_AWAY, Cancelled, Progress, Watch
from faq.domain.storable import storable
from faq.enums import JobKind, JobState
from faq.errors import Conflict, DomainError, NotFound, Unavailable
from faq.models import Job

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 5
"""So often a job is begun that finds a service away."""
RETRY_SECONDS = 30
"""How long such a job waits for its second attempt; twice as long for each one after."""
HELD_SECONDS = 2.0
"""The longest that quick work waits for more of its kind (together)."""
AGAIN = "again"
OURS = (AGAIN, leases.DEATHS)
"""Arguments that are not the handler's."""


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
        _send(job)
    return job


def _send(job: Job) -> None:
    signals.job_created.send(sender=Job, job_id=str(job.pk), kind=job.kind)


@contextmanager
def alone(name: str) -> Iterator[None]:
    """A transaction that no other process is in under the same name: what is looked at and then enqueued in it, is so once.

    A transaction of SQLite is alone anyway: it begins with the write lock.
    """
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"polyfaq:{name}"])
        yield


def enqueue_when_due(kind: str, every: timedelta) -> Job | None:
    """Enqueue work that is done once in a while; None when it was enqueued less than `every` ago, by whatever process."""
    with alone(kind):
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


@dataclass(slots=True)
class _Held:
    """Quick jobs that wait for each other, in their order."""

    most: int
    ids: dict[UUID, None] = field(default_factory=dict)
    since: float = 0.0

    def take(self) -> list[UUID]:
        taken, self.ids = list(self.ids), {}
        return taken

    def add(self, job_id: UUID) -> bool:
        """Whether enough wait now, or the first for long enough."""
        if not self.ids:
            self.since = time.monotonic()
        self.ids[job_id] = None
        return len(self.ids) >= self.most or time.monotonic() - self.since > HELD_SECONDS


@contextmanager
def together(most: int = 25) -> Iterator[None]:
    """Within, quick work that follows from many changes to sources or questions is done in one go: whenever `most` wait,
    or one for HELD_SECONDS, and at the end.

    Each job is written with its fact as ever: when the process dies or is stopped in between, the next start or sweep does it.
    """
    held = _Held(most)
    token = _HELD.set(held)
    try:
        yield
    except Exception:
        _HELD.reset(token)
        with suppress(
            *DATABASE_AWAY
        ):  # the error that is told is the one that came first; the jobs stand in the database
            _merge(held.take())
        raise
    except BaseException:
        _HELD.reset(token)  # the process is being stopped
        raise
    _HELD.reset(token)
    _merge(held.take())


_HELD: ContextVar[_Held | None] = ContextVar("held", default=None)


def _merge(ids: list[UUID]) -> None:
    """One job instead of those that wait to synchronise one source or one question each; the others one by one."""
    for name in ("source_id", "question_id"):
        ids = _merged(ids, name)
    for pk in ids:
        _follow_at_once(pk)


def _merged(ids: list[UUID], name: str) -> list[UUID]:
    with transaction.atomic():
        rows = Job.objects.select_for_update(of=("self",)).filter(
            pk__in=ids, state=JobState.QUEUED, kind=JobKind.SYNC_INDEX, args__has_key=name
        )
        found = {row.pk: row.args[name] for row in rows}
        if len(found) < 2:
            return ids
        Job.objects.filter(pk__in=list(found)).delete()
        merged = Job.objects.create(kind=JobKind.SYNC_INDEX, args={f"{name}s": sorted(set(found.values()))})
    return [merged.pk, *(pk for pk in ids if pk not in found)]


def _follow_now(job_id: UUID) -> None:
    held = _HELD.get()
    if held is None:
        _follow_at_once(job_id)
    elif held.add(job_id):
        _merge(held.take())


def _follow_at_once(job_id: UUID) -> None:
    if not Job.objects.filter(pk=job_id, state=JobState.QUEUED).exists():
        return  # an earlier change of the same transaction has brought it along
    try:
        job = run(job_id)
    except NotFound:
        return  # another process was faster, and deleted it
    if job.state == JobState.SUCCEEDED:
        job.delete()
    elif job.state == JobState.QUEUED:
        _send(job)


def _waiting(key: str) -> Job | None:
    if not key:
        return None
    active = Job.objects.select_for_update(of=("self",)).filter(state__in=[JobState.QUEUED, JobState.RUNNING])
    return active.filter(key=key[:200]).first()


def run(job_id: UUID | str, watch: Watch | None = None) -> Job:
    """Run a job that waits, in this thread; returns it as it then is. Nothing when another runner has it or it is done.

    A job that a killed process left counts as waiting: its message comes again right away.
    """
    claimed = _claim(job_id)
    job = get(job_id)
    if not claimed and job.state == JobState.RUNNING and leases.take_back(job.pk):
        claimed = _claim(job_id)
        job = get(job_id)
    if claimed:
        # What a job notes stays: it is written in the program's own language, whoever's request runs it.
        with translation.override(settings.LANGUAGE_CODE):
            _perform(job, Progress(job, watch))
        try:
            job.refresh_from_db()
        except Job.DoesNotExist:
            job.state = JobState.SUCCEEDED  # whoever else waited for it found it done, and deleted it
    return job


def _claim(job_id: UUID | str) -> bool:
    now = timezone.now()
    waits = Job.objects.filter(pk=job_id, state=JobState.QUEUED)
    claimed = waits.update(
        state=JobState.RUNNING, started_at=now, heartbeat_at=now, attempts=F("attempts") + 1, error="", item="",
        runner=leases.runner(),
    )  # fmt: skip
    return bool(claimed)


def _perform(job: Job, progress: Progress) -> None:
    args = {name: value for name, value in job.args.items() if name not in OURS}
    try:
        from faq.domain.handlers import HANDLERS  # handlers call the domain, which enqueues jobs

        with leases.heart(job):
            HANDLERS[JobKind(job.kind)](args, progress)
    except Cancelled:
        _finish(job, progress, JobState.CANCELLED)
    except Unavailable as error:
        _try_again(job, progress, str(error))
    except DATABASE_AWAY:
        log.exception("job %s (%s): the database failed it", job.pk, job.kind)
        if not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()
        _try_again(job, progress, "The database was away or too busy.")
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


def _try_again(job: Job, progress: Progress, error: str) -> None:
    """Stays queued for a sweep, which lets some time pass; given up after MAX_ATTEMPTS."""
    deaths = sum(job.args.get(leases.DEATHS, {}).values())
    again = job.attempts - deaths < MAX_ATTEMPTS
    _finish(job, progress, JobState.QUEUED if again else JobState.FAILED, error)


def _finish(job: Job, progress: Progress, state: JobState, error: str = "") -> None:
    with transaction.atomic():
        stored = leases.held(job).select_for_update(of=("self",)).first()
        if stored is None:
            return  # cancelled or taken over meanwhile
        again = stored.args.pop(AGAIN, False) and state == JobState.SUCCEEDED
        stored.state = JobState.QUEUED if again else state
        stored.done, stored.total, stored.failures = progress.done, progress.total, progress.failures
        stored.message, stored.error = storable(progress.message)[:300], storable(error)
        if again:
            stored.done, stored.total, stored.failures = 0, 0, []
        # What found a service away keeps its heartbeat, and waits; what was stopped goes on as soon as somebody can.
        stored.heartbeat_at = timezone.now() if error else None
        stored.runner, stored.item = "", ""
        stored.finished_at = None if stored.state == JobState.QUEUED else timezone.now()
        stored.save()
        if again:
            _send(stored)


def get(job_id: UUID | str) -> Job:
    """NotFound for what is no job."""
    try:
        return Job.objects.get(pk=job_id)
    except (Job.DoesNotExist, ValidationError, ValueError) as error:
        raise NotFound("There is no job %(id)s.", id=repr(str(job_id)[:40])) from error


@access.needs("change_job")
def cancel(job_id: UUID | str, *, actor: audit.Actor = None) -> Job:
    """A queued job never starts; a running one stops at its next step. What it did so far stays."""
    with transaction.atomic():
        changed = Job.objects.filter(pk=get(job_id).pk, state__in=[JobState.QUEUED, JobState.RUNNING]).update(
            state=JobState.CANCELLED, finished_at=timezone.now()
        )
        job = get(job_id)
        if not changed:
            raise Conflict("The job is already over: %(state)s.", state=job.get_state_display())
        audit.record(actor, "cancel", job)
    return job


@access.needs("change_job")
def retry(job_id: UUID | str, *, actor: audit.Actor = None) -> Job:
    """Queue a failed or cancelled job again."""
    job = get(job_id)
    try:
        with transaction.atomic():
            args = {name: value for name, value in job.args.items() if name not in OURS}
            changed = Job.objects.filter(
                pk=job.pk, state__in=[JobState.FAILED, JobState.CANCELLED, JobState.SUCCEEDED]
            ).update(
                state=JobState.QUEUED, args=args, done=0, total=0, message="", error="", failures=[], attempts=0,
                finished_at=None,
            )  # fmt: skip
            if not changed:
                raise Conflict("The job is not over yet: %(state)s.", state=job.get_state_display())
            audit.record(actor, "retry", job)
            _send(job)
    except IntegrityError as error:
        raise Conflict("The same work is already queued.") from error
    return get(job_id)


def recover(held: Mapping[str, int] | None = None) -> int:
    """Send again the jobs that wait, after taking back those whose process is gone; returns how many were sent.

    `held`: how many messages the broker holds, by queue: then only what those cannot be about is sent (queues.lost).
    Sending twice is harmless: only one runner can claim a job.
    """
    leases.take_back()
    due = Q(attempts=0) | Q(heartbeat_at__isnull=True)
    for attempts in range(1, MAX_ATTEMPTS):
        waited = timezone.now() - timedelta(seconds=RETRY_SECONDS * 2 ** (attempts - 1))
        # The last of these holds for whatever has more attempts because processes ended.
        several = {"attempts": attempts} if attempts < MAX_ATTEMPTS - 1 else {"attempts__gte": attempts}
        due |= Q(heartbeat_at__lt=waited, **several)
    rows = Job.objects.filter(due, state=JobState.QUEUED).order_by("created_at").values_list("pk", "kind", "attempts")
    again = queues.lost([queues.Waiting(*row) for row in rows], held)
    for job in again:
        signals.job_created.send(sender=Job, job_id=str(job.id), kind=job.kind)
    return len(again)


def pending() -> list[Job]:
    """What waits, oldest first."""
    return list(Job.objects.filter(state=JobState.QUEUED).order_by("created_at"))


__all__ = [
    "Cancelled", "Progress", "Watch", "alone", "cancel", "enqueue", "enqueue_when_due", "follow", "get", "pending", "recover",
    "retry", "run", "together",
]  # fmt: skip
