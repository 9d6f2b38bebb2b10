"""Background work between real processes: site, worker and broker, on SQLite and on PostgreSQL."""

import socket
import time
from collections.abc import Callable

import pytest

from tests.services.conftest import Portal

NewPortal = Callable[..., Portal]

PUBLISH = """
import portal.wsgi  # as a server loads it
from faq.domain import sources
source = sources.add_source(title="Buses", locale="en", text="# Buses\\n\\nBuses run every ten minutes.\\n", kind="text")
sources.publish_source(source, sync=False)
"""
INDEXED = """
import json
from faq.domain import indexing
report = indexing.check()
wrong = [*report.missing, *report.orphaned, *report.differing]
print(json.dumps([len(wrong), [entry.text for entry in indexing.expected_entries()]]))
"""
ENQUEUE = """
import json
from faq.domain import jobs
print(json.dumps(str(jobs.enqueue("sync_index", {}).pk)))
"""
AT_ONCE = """
from kombu.utils import functional
functional.sleep = None  # whoever saves something does not wait for a broker to come back
"""
KILLED = """
import os, signal
from faq.domain import handlers, jobs
from faq.enums import JobKind
handlers.HANDLERS[JobKind.SYNC_INDEX] = lambda args, progress: os.kill(os.getpid(), signal.SIGKILL)
jobs.run(jobs.enqueue("sync_index", {}).pk)
"""
LONG_AGO = """
from datetime import timedelta
from django.utils import timezone
from faq.models import Job
assert Job.objects.filter(state="running").update(heartbeat_at=timezone.now() - timedelta(hours=1)) == 1
"""
STAY = """
import time
from faq.models import Job
deadline = time.monotonic() + 60
while Job.objects.filter(state__in=["queued", "running"]).exists() and time.monotonic() < deadline:
    time.sleep(0.05)
"""
ON_SQLITE = pytest.mark.parametrize("new_portal", ["sqlite"], indirect=True)
"""For what does not depend on the database: real processes take their time."""
ON_POSTGRESQL = pytest.mark.parametrize("new_portal", ["postgresql"], indirect=True)
"""For what a database on a socket makes harder: connections of its own for each process."""
SILENT = {"POLYFAQ_WORKER_THREAD": "0"}
"""A site that runs no jobs itself: whatever gets done was done by somebody else."""


def nowhere() -> str:
    """A broker that is away."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"redis://127.0.0.1:{free.getsockname()[1]}/0"


@ON_POSTGRESQL
def test_a_worker_process_finishes_what_the_site_enqueues(new_portal: NewPortal, broker: str) -> None:
    portal = new_portal(CELERY_BROKER_URL=broker)
    portal.start("manage.py", "worker", "--concurrency", "1")
    portal.python(PUBLISH)
    jobs = portal.finished("kind", "state", "attempts")
    # No package is installed, so there is nothing to translate and no job for it.
    assert jobs == [("sync_index", "succeeded", 1)], portal.log()
    assert portal.python(INDEXED) == [0, ["Buses run every ten minutes."]]


@ON_SQLITE
def test_a_worker_that_starts_finds_what_no_message_tells_of(new_portal: NewPortal, broker: str) -> None:
    """The broker was away when the site enqueued the job, and another runner was killed in the middle of its own."""
    portal = new_portal(CELERY_BROKER_URL=broker)
    lost = portal.python(AT_ONCE + ENQUEUE, CELERY_BROKER_URL=nowhere())
    assert portal.run(KILLED, CELERY_BROKER_URL=nowhere()).returncode == -9
    portal.python(LONG_AGO)
    portal.start("manage.py", "worker", "--concurrency", "1")
    jobs = [row for row in portal.finished("id", "kind", "state", "attempts") if row[1] == "sync_index"]
    assert jobs == [(lost, "sync_index", "succeeded", 1), (jobs[1][0], "sync_index", "succeeded", 2)], portal.log()


def test_a_job_sent_to_two_workers_many_times_runs_once(new_portal: NewPortal, broker: str) -> None:
    import redis

    portal = new_portal(CELERY_BROKER_URL=broker)
    portal.python(
        "from faq import tasks\nfrom faq.domain import jobs\n"
        "made = [jobs.enqueue('sync_index', {}, key=str(n)) for n in range(12)]\n"
        "for _ in range(3):\n    for job in made: tasks.dispatch(str(job.pk), job.kind)\n"
    )
    with redis.Redis.from_url(broker) as client:
        assert client.llen("answer") == 48
    for _ in range(2):
        portal.start("manage.py", "worker", "--concurrency", "1")
    portal.finished("state")
    deadline = time.monotonic() + 60
    with redis.Redis.from_url(broker) as client:
        while (client.llen("answer") or client.hlen("unacked")) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert (client.llen("answer"), client.hlen("unacked")) == (0, 0)
    jobs = [row[1:] for row in portal.finished("kind", "state", "attempts") if row[0] == "sync_index"]
    assert jobs == [("succeeded", 1)] * 12, portal.log()


@pytest.mark.parametrize(
    ("new_portal", "options"),
    [("sqlite", []), ("postgresql", ["--preload", "--workers", "2"])],
    indirect=["new_portal"],
    ids=["plain on SQLite", "forked on PostgreSQL"],
)
def test_without_a_broker_the_server_does_what_it_finds_at_its_start(new_portal: NewPortal, options: list[str]) -> None:
    portal = new_portal()
    lost = portal.python(ENQUEUE)
    assert portal.run(KILLED).returncode == -9
    portal.python(LONG_AGO)
    portal.start("-m", "gunicorn", "portal.wsgi:application", "--bind", "127.0.0.1:0", *options)
    jobs = portal.finished("id", "state", "attempts")
    assert jobs == [(lost, "succeeded", 1), (jobs[1][0], "succeeded", 2)], portal.log()


@ON_SQLITE
def test_without_a_broker_the_site_finishes_in_a_thread_what_it_enqueues(new_portal: NewPortal) -> None:
    portal = new_portal()
    portal.python(f"{PUBLISH}\n{STAY}")
    assert [row[1:] for row in portal.finished("kind", "state", "attempts") if row[0] == "sync_index"] == [
        ("succeeded", 1)
    ]
    assert portal.python(INDEXED) == [0, ["Buses run every ten minutes."]]


@ON_SQLITE
def test_without_a_broker_and_thread_the_job_waits_for_a_worker(new_portal: NewPortal) -> None:
    portal = new_portal(**SILENT)
    portal.python(PUBLISH)
    assert set(portal.rows("SELECT state FROM faq_job")) == {("queued",)}
    portal.python("call_command('worker', once=True)")
    assert set(portal.rows("SELECT state FROM faq_job")) == {("succeeded",)}


@ON_SQLITE
def test_a_worker_that_is_stopped_finishes_first(new_portal: NewPortal, broker: str) -> None:
    portal = new_portal(CELERY_BROKER_URL=broker)
    portal.python(PUBLISH)
    worker = portal.start("manage.py", "worker", "--concurrency", "1")
    portal.finished("state")
    worker.terminate()
    assert (worker.wait(60), {row[0] for row in portal.finished("state")}) == (0, {"succeeded"}), portal.log()
