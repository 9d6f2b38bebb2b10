"""Workers are killed, Redis forgets, queues fill and pages are poison: nothing is lost, nothing doubled, progress is true.

Everything is real: PostgreSQL, Redis, one worker with its processes, and a console in the portal, all used by one test after
the other. A test waits for what is so, never for a time.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.services import servers
from tests.services.conftest import ROOT, SETUP, Portal, copy_database

MANY = int(os.environ.get("POLYFAQ_TEST_JOBS", "200"))
"""Jobs that fill a queue; 10,000 have been tried (docs/reference/performance.md)."""
SECONDS = 120 + MANY // 10
"""Tells a hang from an answer, nothing else."""
CONSOLE = """
import sys, json, traceback
from faq import tasks
from faq.domain import indexing, jobs, leases, sources
from faq.models import Job, Passage, Source, SourceRevision, TranslationUnit
from faq.gateways import retrieval
for line in sys.stdin:
    try:
        found = {"value": eval(json.loads(line))}
    except Exception:
        found = {"error": traceback.format_exc()}
    print(json.dumps(found, default=str), flush=True)
"""
JOB = "[(job.state, job.attempts, job.done, job.total, job.failures, job.error) for job in Job.objects.filter(pk={0!r})][0]"
INDEX = "[len(part) for part in (lambda r: (r.missing, r.orphaned, r.differing))(indexing.check())]"
PAGES = "sorted((s.title, s.state, s.revisions.count()) for s in Source.objects.filter(title__startswith='Tram'))"
READ = "jobs.enqueue('ingest', {{'urls': {0!r}, 'locale': 'en', 'publish': True}}).pk"


class Stack:
    """The portal, its servers, a worker of two processes, and a console."""

    def __init__(self, portal: Portal, redis: ExitStack, port: int) -> None:
        self.portal, self._redis, self._port = portal, redis, port
        self.gates = portal.home / "gates"
        self.gates.mkdir()
        self._console = subprocess.Popen(
            [sys.executable, "-c", SETUP + CONSOLE], env=portal.environment, cwd=ROOT, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=(portal.home / "console.log").open("w"),
        )  # fmt: skip
        self.worker = self._work()

    def _work(self) -> "subprocess.Popen[bytes]":
        return self.portal.start("manage.py", "worker", "--concurrency", "2")

    def ask(self, expression: str) -> Any:
        """The value of a Python expression inside the portal."""
        assert self._console.stdin is not None
        assert self._console.stdout is not None
        self._console.stdin.write(json.dumps(expression) + "\n")
        self._console.stdin.flush()
        found = json.loads(self._console.stdout.readline())
        assert "error" not in found, found["error"]
        return found["value"]

    def until(self, condition: Callable[[], Any]) -> Any:
        """What the condition gave when it gave something."""
        deadline = time.monotonic() + SECONDS
        while not (found := condition()):
            assert time.monotonic() < deadline, self.portal.log()[-6000:]
            time.sleep(0.1)
        return found

    def finished(self, job: str) -> Any:
        """(state, attempts, done, total, failures, error) of a job that is over."""

        def over() -> Any:
            found = self.ask(JOB.format(job))
            return found if found[0] in ("succeeded", "failed") else None

        return tuple(self.until(over))

    def close(self, gate: str) -> None:
        (self.gates / gate).touch()

    def open(self, gate: str) -> None:
        (self.gates / gate).unlink()

    def waiting(self, gate: str) -> int:
        """The number of the process that waits before the gate."""
        return int(self.until(lambda: self._read(self.gates / f"{gate}.pid")))

    def _read(self, path: Path) -> str:
        return path.read_text() if path.exists() else ""

    def kill_all(self) -> None:
        """The worker with all its processes, as when its machine or container goes."""
        os.killpg(self.worker.pid, signal.SIGKILL)
        self.worker.wait(30)

    def start(self) -> None:
        self.worker = self._work()

    def forget(self) -> None:
        """Redis ends, and another one begins in its place, empty."""
        self._redis.close()
        self._redis.enter_context(servers.redis(self._port))

    def stop(self) -> None:
        if self._console.poll() is None and self._console.stdin is not None:
            self._console.stdin.close()
            self._console.wait(30)
        self.portal.stop()


@pytest.fixture(scope="module")
def whole(migrated_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    port = servers.free_port()
    with ExitStack() as redis:
        try:
            url = redis.enter_context(servers.redis(port))
        except servers.ServerMissing as missing:
            pytest.skip(str(missing))
        portal = Portal(
            tmp_path_factory.mktemp("faults"),
            DATABASE_URL=copy_database(migrated_database, f"faults_{os.getpid()}"),
            CELERY_BROKER_URL=url,
            DJANGO_SETTINGS_MODULE="tests.services.faults",
            POLYFAQ_TRANSLATION_ENGINE="tests.services.faults.Engine",
        )
        stack = Stack(portal, redis, port)
        try:
            yield stack
        finally:
            stack.stop()


@pytest.fixture
def stack(whole: Stack) -> Iterator[Stack]:
    """The stack, without what the test before left."""
    for path in whole.gates.iterdir():
        path.unlink()
    whole.ask("[Source.objects.update(published_revision=None, state='draft'), Source.objects.all().delete()][:0]")
    whole.ask("[Job.objects.all().delete(), indexing.sync_all()][:0]")
    yield whole
    for path in whole.gates.iterdir():
        path.unlink()  # nobody waits for a test that is over


def pages(*numbers: object) -> list[str]:
    return [f"https://trams.example/{number}" for number in numbers]


def published(*numbers: int) -> list[Any]:
    return [[f"Tram line {number}", "published", 1] for number in numbers]


def test_a_process_killed_in_the_middle_of_an_ingest(stack: Stack) -> None:
    """Inside a transaction; and the job is delivered twice more while it runs."""
    stack.close("publish")
    job = stack.ask(READ.format(pages(1, 2, 3, 4, 5)))
    pid = stack.waiting("publish")
    stack.ask(f"[tasks.dispatch({job!r}, 'ingest') for _ in range(2)]")
    stack.until(lambda: stack.ask("tasks.messages_held()['ingest']") == 0)
    assert stack.ask(JOB.format(job)) == ["running", 1, 2, 5, [], ""]
    os.kill(pid, signal.SIGKILL)
    assert stack.finished(job) == ("succeeded", 2, 5, 5, [], "")
    assert (stack.ask(PAGES), stack.ask(INDEX)) == (published(1, 2, 3, 4, 5), [0, 0, 0])


def test_a_worker_killed_with_all_its_processes_in_the_middle_of_a_translation(stack: Stack) -> None:
    job = stack.ask(READ.format(pages(*range(1, 5))))
    assert stack.finished(job)[0] == "succeeded"
    stack.close("engine")
    stack.close("translate-4")
    job = stack.ask("jobs.enqueue('fill_memory', {'source_id': None, 'locales': ['de']}).pk")
    stack.waiting("translate-4")
    stack.kill_all()
    assert stack.ask(JOB.format(job))[:3] == ["running", 1, 4]
    stack.start()
    state, attempts, done, total, failures, error = stack.finished(job)
    assert (state, attempts, done, failures, error) == ("succeeded", 2, total, [], "")
    paid = (stack.gates / "paid").read_text().splitlines()
    units = stack.ask(
        "sorted(TranslationUnit.objects.filter(target_locale='de').values_list('source_text', flat=True))"
    )
    assert sorted(paid) == units  # each once: what was finished before the end was not paid for again
    assert len(units) >= 8
    assert stack.ask(INDEX) == [0, 0, 0]


def test_a_process_killed_in_the_middle_of_an_index_switch(stack: Stack) -> None:
    assert stack.finished(stack.ask(READ.format(pages(1, 2))))[0] == "succeeded"
    before = stack.ask("indexing.describe()['generation']")
    stack.close("activate")
    job = stack.ask("jobs.enqueue('rebuild_index', {}).pk")
    pid = stack.waiting("activate")
    assert stack.ask("indexing.describe()['generation']") == before
    os.kill(pid, signal.SIGKILL)
    state, attempts, done, total, failures, error = stack.finished(job)
    assert (state, attempts, done, failures, error) == ("succeeded", 2, total, [], "")
    after = stack.ask("indexing.describe()")
    assert (after["generation"] != before, after["state"], stack.ask(INDEX)) == (True, "current", [0, 0, 0])
    assert after.get("builds", []) == []


def test_a_redis_that_comes_back_empty(stack: Stack) -> None:
    stack.close("publish")
    first = stack.ask(READ.format(pages(3)))
    stack.waiting("publish")
    made = stack.ask(f"[{READ.format(pages(9))} for _ in range(20)]")
    stack.forget()
    stack.open("publish")
    assert {stack.finished(job)[:4] for job in (first, *made)} == {("succeeded", 1, 1, 1)}
    assert stack.ask(PAGES) == published(3, 9)


def test_a_full_queue_is_worked_off_and_nothing_else_waits_for_it(stack: Stack) -> None:
    """Its messages become no more however often it is swept, and what an editor does meanwhile comes first."""
    os.killpg(stack.worker.pid, signal.SIGSTOP)
    try:
        stack.ask(f"[jobs.enqueue('refresh_source', {{'source_id': 0}}).pk for n in range({MANY})][:0]")
        stack.ask("[tasks.sweep() for _ in range(5)]")
        # The worker may have one in its hands: then one sweep finds too few, and cannot know which is missing.
        assert MANY - 1 <= stack.ask("tasks.messages_held()['ingest']") < 2 * MANY
        quick = stack.ask("jobs.enqueue('sync_index', {}).pk")
    finally:
        os.killpg(stack.worker.pid, signal.SIGCONT)
    assert stack.finished(quick)[0] == "succeeded"
    assert stack.ask("Job.objects.filter(kind='refresh_source', state='queued').exists()")
    stack.until(lambda: not stack.ask("Job.objects.filter(state__in=['queued', 'running']).exists()"))
    ended = stack.ask("list(Job.objects.filter(kind='refresh_source').values_list('state', 'attempts'))")
    assert ended == [["succeeded", 1]] * MANY
    assert stack.until(lambda: stack.ask("sum(tasks.messages_held().values())") == 0)


def test_poison_pages_are_named_and_left_out(stack: Stack) -> None:
    job = stack.ask(READ.format(pages(1, "dies", 2, "raises", 4)))
    other = stack.ask(READ.format(pages(5)))
    assert stack.finished(other)[:4] == ("succeeded", 1, 1, 1)
    state, attempts, done, total, failures, error = stack.finished(job)
    assert (state, attempts, done, total, error) == ("succeeded", 4, 5, 5, "")
    dies, raises = pages("dies", "raises")
    assert failures == [
        {"item": dies, "reason": "The process ended 3 times while it worked on this. It is left out."},
        {
            "item": raises,
            "reason": "Polyfaq could not do this; its log has more. RecursionError: this page breaks the reader",
        },
    ]
    assert (stack.ask(PAGES), stack.ask(INDEX)) == (published(1, 2, 4, 5), [0, 0, 0])


def test_a_job_that_ends_its_process_every_time_fails_and_leaves_all_as_it_was(stack: Stack) -> None:
    assert stack.finished(stack.ask(READ.format(pages(1))))[0] == "succeeded"
    before = stack.ask("indexing.describe()['generation']")
    stack.close("die-activate")
    job = stack.ask("jobs.enqueue('rebuild_index', {}).pk")
    state, attempts, _, _, _, error = stack.finished(job)
    assert (state, attempts, error) == ("failed", 3, "The process that ran this job ended 3 times.")
    assert (stack.ask("indexing.describe()['generation']"), stack.ask(INDEX)) == (before, [0, 0, 0])
    stack.open("die-activate")
    stack.ask(f"jobs.retry({job!r}).pk")
    assert stack.finished(job)[:2] == ("succeeded", 1)


def test_what_hangs_is_broken_off_and_what_does_not_let_itself_be_is_ended(stack: Stack) -> None:
    """The limits are the worker's own, only shorter: soft for the first job, hard for the second."""
    hanging, stubborn = (
        stack.ask(
            f"(lambda job: [tasks.run_job.apply_async([str(job.pk)], queue='ingest', {limits}), job.pk][1])"
            f"(Job.objects.create(kind='ingest', args={{'urls': {pages(name, number)!r}, 'locale': 'en', 'publish': True}}))"
        )
        for name, number, limits in (
            ("hangs", 6, "soft_time_limit=4"),
            ("stubborn", 7, "soft_time_limit=3, time_limit=4"),
        )
    )
    state, attempts, done, total, failures, _ = stack.finished(hanging)
    assert (state, attempts, done, total) == ("succeeded", 1, 2, 2)
    assert [failure["item"] for failure in failures] == pages("hangs")
    assert stack.finished(stubborn) == ("succeeded", 2, 2, 2, [], "")
    assert [row for row in stack.ask(PAGES) if row[0][-1] in "67"] == published(6, 7)
