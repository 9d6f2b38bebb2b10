"""Celery's entry points, and the worker inside a serving process for portals without a broker.

Without a broker the transport is memory, which reaches no other process. So a serving process runs a Celery worker of
its own in a thread, which also looks for jobs that other processes wrote down; a command keeps the jobs it caused and
runs them before it ends (drain). Whatever is lost on the way stays in the Job table and is found by the next sweep.
"""

import contextlib
import logging
import os
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from celery.exceptions import CeleryError
from celery.signals import worker_ready
from django.conf import settings
from django.db import DatabaseError, close_old_connections, connection
from kombu.exceptions import KombuError

from faq import conf
from faq.domain import handlers, jobs, leases, queues, sources
from faq.domain.jobs import Progress
from faq.enums import JobKind, Queue
from faq.errors import NotFound
from faq.models import Job
from portal.celery import app

log = logging.getLogger(__name__)

SWEEP_SECONDS = 5
DUE_SECONDS = 900
"""How often it is asked whether the daily work, and the look at web sources, is due."""
DAY = timedelta(hours=23)
"""A little less than a day, so that asking every hour keeps the time of day."""


class Background:
    """What this process knows about its own background work. One a process; a fork begins anew."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.serving = False
        self.deferred: list[str] = []
        self.sent: set[str] = set()
        self.worker: Any = None
        self.threads: list[threading.Thread] = []
        self.stopping = threading.Event()
        self.lock = threading.RLock()


_background = Background()


def background() -> Background:
    global _background
    if _background.pid != os.getpid():
        serving = _background.serving
        _background = Background()
        _background.serving = serving
    return _background


@app.task(name="faq.run_job")
def run_job(job_id: str) -> None:
    """Run one job. Takes an id and nothing else, so that a message may be repeated or late: also so late that another
    process has done the job and deleted it."""
    background().sent.discard(job_id)
    with contextlib.suppress(NotFound):
        jobs.run(job_id)


@app.task(name="faq.sweep")
def sweep() -> None:
    """Publish and retire what is due; send again what waits and no message tells of any more."""
    sources.run_due()
    if not has_broker():
        jobs.recover()
        return
    try:
        held = messages_held()
    except (KombuError, CeleryError, OSError):
        leases.take_back()
        log.exception("the broker cannot be asked what it holds; the next sweep sends what waits")
    else:
        jobs.recover(held)


@app.task(name="faq.reconcile")
def reconcile() -> None:
    """The daily comparison of index and database, when it is due."""
    jobs.enqueue_when_due(JobKind.RECONCILE, DAY)


@app.task(name="faq.housekeep")
def housekeep() -> None:
    """The daily deleting of what is past its time, when it is due."""
    jobs.enqueue_when_due(JobKind.HOUSEKEEP, DAY)


@app.task(name="faq.refresh")
def refresh() -> None:
    """Look again at the web sources whose time has come."""
    handlers.enqueue_due_sources()


@worker_ready.connect
def sweep_at_start(**_: Any) -> None:
    """A worker process that begins finds at once what was left undone; it does not wait for its first beat."""
    sweep.delay()


def has_broker() -> bool:
    """Whether jobs reach workers outside this process."""
    return not str(settings.CELERY_BROKER_URL).startswith("memory")


def messages_held() -> dict[str, int]:
    """How many messages wait in the broker, by queue; those in the hands of a worker are not counted. KombuError, OSError."""
    found: dict[str, int] = {}
    with app.connection_for_read() as broker:
        for queue in Queue:
            # A channel of its own: one that has asked for a queue that is not there is closed by some brokers.
            with broker.channel() as channel:
                try:
                    found[queue] = channel.queue_declare(queue.value, passive=True).message_count
                except broker.channel_errors:
                    found[queue] = 0
    return found


def dispatch(job_id: str, kind: str) -> None:
    """Send a job to whoever runs jobs. Never fails: what cannot be sent is found by a sweep."""
    state = background()
    if not has_broker() and not state.serving:
        state.deferred.append(job_id)
        return
    if not has_broker():
        start_worker()
        if job_id in state.sent:
            return
        state.sent.add(job_id)
    limits = queues.limits(kind)
    try:
        run_job.apply_async(
            [job_id],
            queue=queues.queue(kind).value,
            soft_time_limit=limits.soft,
            time_limit=limits.hard,
            ignore_result=True,
            retry=False,
        )
    except (KombuError, CeleryError, OSError):
        state.sent.discard(job_id)
        log.exception("job %s could not be sent; a sweep will send it", job_id)


def drain(watch: Callable[[Job], jobs.Watch | None] | None = None) -> list[Job]:
    """Run the jobs that this process caused and, without a broker, nobody else would run; returns them as they ended."""
    state, done = background(), []
    while state.deferred:
        job_id = state.deferred.pop(0)
        job = Job.objects.filter(pk=job_id).first()
        if job is not None:
            done.append(jobs.run(job_id, watch(job) if watch else None))
    return done


def serve() -> None:
    """Called where a server loads the application: from here on this process runs jobs in a thread of its own."""
    state = background()
    state.serving = True
    if has_broker() or not conf.get("WORKER_THREAD"):
        return
    start_worker()
    os.register_at_fork(after_in_child=_restart)


def _restart() -> None:
    # Threads do not survive a fork: a server that loads the application before it forks gets a worker in each child.
    if _background.serving:
        start_worker()


def start_worker() -> None:
    """Start the worker and the sweeper of this process, once."""
    state = background()
    with state.lock:
        if state.threads or not conf.get("WORKER_THREAD"):
            return
        for target in (_work, _sweep):
            thread = threading.Thread(target=target, args=(state,), name=f"polyfaq{target.__name__}", daemon=True)
            state.threads.append(thread)
            thread.start()


def stop_worker(seconds: float = 10) -> None:
    """End the threads of start_worker(); a job under way is finished first."""
    state = background()
    with state.lock:
        threads, state.threads = state.threads, []
    state.stopping.set()
    if state.worker is not None:
        from celery.worker import state as worker_state

        worker_state.should_stop = 0
        state.worker.stop()
    for thread in threads:
        thread.join(seconds)
    if state.worker is not None:
        from celery.worker import state as worker_state

        worker_state.should_stop = None
    state.worker = None
    state.sent.clear()
    state.stopping = threading.Event()


def _work(state: Background) -> None:
    """A Celery worker that runs its tasks in this thread, over the memory transport."""
    while not state.stopping.is_set():
        try:
            state.worker = app.WorkController(
                app=app,
                hostname=f"inside@{os.getpid()}",
                pool_cls="solo",
                concurrency=1,
                without_heartbeat=True,
                without_mingle=True,
                without_gossip=True,
                loglevel=logging.WARNING,
            )
            state.worker.start()
        except SystemExit:
            return
        except Exception:
            log.exception("the worker thread stopped; it starts again")
            state.sent.clear()
            state.stopping.wait(5)
        finally:
            connection.close()
        if state.worker is None:
            return


def _sweep(state: Background) -> None:
    """Finds what other processes wrote down and what a killed one left."""
    waited = 0.0
    while not state.stopping.is_set():
        try:
            close_old_connections()
            sources.run_due()
            jobs.recover()
            if waited >= DUE_SECONDS:
                waited = 0.0
                refresh()
                reconcile()
                housekeep()
        except DatabaseError:
            log.exception("the sweep could not read the jobs; it tries again")
        finally:
            connection.close()
        state.stopping.wait(SWEEP_SECONDS)
        waited += SWEEP_SECONDS


__all__ = [
    "Progress",
    "background",
    "dispatch",
    "drain",
    "has_broker",
    "messages_held",
    "run_job",
    "serve",
    "start_worker",
    "stop_worker",
]
