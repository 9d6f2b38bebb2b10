"""Who has a running job, and whether that process still lives: what a killed worker held is taken up at once.

A running job names its runner and is held by a lease that the runner's heart renews. Another process of the same machine sees
directly that the runner is gone; where it cannot look (another machine or container) the lease has to run out. Invariants:
a claim is told from every later one by `started_at`, so that a runner whose job was taken from it writes nothing into it
any more; a job that ends its processes again and again is given up, and so is the one item of it that does.
"""

import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from django.db import DatabaseError, connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from faq.enums import JobState
from faq.models import Job

log = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 5
LEASE_SECONDS = 30
"""A running job whose heart has not beaten for so long belongs to a process that is gone, or that must not go on."""
MAX_DEATHS = 3
"""So many processes may end with the same item in hand, or with the same job where it names no items."""
DEATHS = "deaths"
"""In a job's arguments: how many processes ended with which item in hand, {item: n}; "" where none was named."""


def runner() -> str:
    """This process, so named that another one of the same machine can tell whether it lives; "" where nobody could."""
    space, begun = _space(), _begun(os.getpid())
    return f"{space}:{os.getpid()}:{begun}" if space and begun else ""


def is_gone(name: str) -> bool:
    """Whether a runner has certainly ended. False also where that cannot be seen from here."""
    space, pid, begun = ("", "", *name.rsplit(":", 2))[-3:]
    if not space or not pid.isdigit() or space != _space():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except OSError:
        pass  # another user's: it is there
    now = _begun(int(pid))
    return bool(now) and now != begun  # its number belongs to another process now, or it waits to be buried


def _space() -> str:
    """What gives process numbers their meaning: this start of this machine, and the container. "" where it has no name."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}:{Path('/proc/self/ns/pid').stat().st_ino}"
    except OSError:
        return ""


def _begun(pid: int) -> str:
    """When a process began, in ticks of its machine; "dead" for one that has ended and is not buried; "" when unknown."""
    try:
        # The second field is the program's name, which may hold anything, and ends with the last bracket.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "dead" if fields[0] in "ZX" else fields[19]


def held(job: Job) -> QuerySet[Job]:
    """The row of a job as long as this claim of it stands: no rows once it was cancelled or taken back."""
    return Job.objects.filter(pk=job.pk, state=JobState.RUNNING, started_at=job.started_at)


@contextmanager
def heart(job: Job) -> Iterator[None]:
    """Renews the lease every few seconds, even inside one long step."""
    stop = threading.Event()

    def beat() -> None:
        try:
            while not stop.wait(HEARTBEAT_SECONDS):
                try:
                    if not held(job).update(heartbeat_at=timezone.now()):
                        return
                except DatabaseError:  # away or busy for a moment: a heart that stops would give a living job away
                    log.warning("job %s: its lease could not be renewed", job.pk, exc_info=True)
                    connection.close()
        finally:
            connection.close()

    thread = threading.Thread(target=beat, name=f"heart-{job.pk}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()


def take_back(job_id: UUID | None = None) -> int:
    """Queue the jobs (or one) whose runner is gone, and give up those that ended too many; returns how many are queued again."""
    rows = Job.objects.filter(state=JobState.RUNNING)
    rows = rows.filter(pk=job_id) if job_id is not None else rows
    return sum(_released(job) for job in rows.only("started_at", "heartbeat_at", "runner") if _is_lost(job))


def _is_lost(job: Job) -> bool:
    return is_gone(job.runner) or _expired(job.heartbeat_at)


def _expired(beat: datetime | None) -> bool:
    return beat is None or beat < timezone.now() - timedelta(seconds=LEASE_SECONDS)


def _released(seen: Job) -> bool:
    """Whether the job waits again; what its process had in hand is counted against it."""
    with transaction.atomic():
        job = held(seen).select_for_update(of=("self",)).first()
        if job is None or not _is_lost(job):
            return False
        deaths = dict(job.args.get(DEATHS, {}))
        deaths[job.item] = deaths.get(job.item, 0) + 1
        job.args = {**job.args, DEATHS: deaths}
        given_up = not job.item and deaths[""] >= MAX_DEATHS
        job.state = JobState.FAILED if given_up else JobState.QUEUED
        job.error = f"The process that ran this job ended {MAX_DEATHS} times." if given_up else ""
        job.finished_at = timezone.now() if given_up else None
        job.heartbeat_at, job.item, job.runner = None, "", ""
        job.save()
    log.warning("job %s (%s): its process is gone; it is %s", job.pk, job.kind, job.state)
    return not given_up
