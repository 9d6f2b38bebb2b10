"""Who has a job: what a process leaves that ended is taken up at once, what a living one has is left to it, and a bad item
never keeps the others from being done."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from faq.domain import handlers, jobs, leases, progress, queues
from faq.enums import JobKind, JobState, Queue
from faq.errors import Invalid
from faq.models import Job

KIND = JobKind.POPULATE


@pytest.fixture
def ended() -> Iterator[tuple[str, str]]:
    """The names of two runners that have ended: one is buried, the other waits for its parent to notice."""
    name = "from faq.domain import leases; print(leases.runner(), flush=True)"
    code = f"import os; os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'portal.settings'); import django; django.setup(); {name}"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        unburied = process.stdout.readline().strip()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        space, _, begun = leases.runner().rsplit(":", 2)
        yield f"{space}:{2**22 + 7}:{begun}", unburied
    # Past the largest number that Linux gives to a process.


class TestRunners:
    def test_a_living_process_is_not_gone(self) -> None:
        assert (leases.is_gone(leases.runner()), leases.runner().split(":")[2]) == (False, str(os.getpid()))

    def test_a_process_that_ended_is_gone_also_before_it_is_buried(self, ended: tuple[str, str]) -> None:
        assert [leases.is_gone(name) for name in ended] == [True, True]

    def test_a_process_that_got_the_number_of_one_that_ended_is_another(self) -> None:
        space, pid, begun = leases.runner().rsplit(":", 2)
        assert leases.is_gone(f"{space}:{pid}:{int(begun) - 1}")

    @pytest.mark.parametrize("name", ["", "nonsense", "a:b:c", "::", "another-start:1:4999999:1"])
    def test_of_what_cannot_be_seen_from_here_nothing_is_said(self, name: str) -> None:
        assert not leases.is_gone(name)

    def test_where_there_is_no_proc_a_runner_has_no_name(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(leases, "_space", lambda: "")
        assert (leases.runner(), leases.is_gone(":1:1")) == ("", False)


@pytest.fixture
def handle(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], None]:
    return lambda function: monkeypatch.setitem(handlers.HANDLERS, KIND, function)


def left_by(runner: str, **fields: Any) -> Job:
    """A job that this runner had a moment ago."""
    now = timezone.now()
    made = {"kind": KIND, "state": JobState.RUNNING, "started_at": now, "heartbeat_at": now, "attempts": 1}
    return Job.objects.create(runner=runner, **made | fields)


@pytest.mark.django_db
class TestTakingBack:
    def test_what_a_process_of_this_machine_left_is_taken_back_at_once(self, ended: tuple[str, str]) -> None:
        lost = [left_by(name) for name in ended]
        alive, elsewhere = left_by(leases.runner()), left_by("another-start:1:1:1")
        assert leases.take_back() == 2
        assert [jobs.get(job.pk).state for job in (*lost, alive, elsewhere)] == [
            "queued",
            "queued",
            "running",
            "running",
        ]

    def test_elsewhere_the_lease_has_to_run_out(self) -> None:
        old = timezone.now() - timedelta(seconds=leases.LEASE_SECONDS + 1)
        left_by("another-start:1:1:1", heartbeat_at=old)
        assert (leases.take_back(), jobs.recover()) == (1, 1)

    def test_a_message_that_comes_again_runs_what_its_process_left(self, ended: tuple[str, str], handle: Any) -> None:
        handle(lambda args, progress: None)
        job = left_by(ended[0])
        assert (jobs.run(job.pk).state, jobs.get(job.pk).attempts) == (JobState.SUCCEEDED, 2)

    def test_a_message_that_comes_again_leaves_a_living_process_its_job(self, handle: Any) -> None:
        handle(lambda args, progress: pytest.fail("it ran twice at once"))
        job = left_by(leases.runner())
        assert jobs.run(job.pk).state == JobState.RUNNING

    def test_whose_job_was_taken_writes_nothing_into_it_any_more(self, handle: Any) -> None:
        """A process that stood still for longer than its lease, and goes on while another has the job."""

        def work(args: Any, progress: jobs.Progress) -> None:
            progress.start(9)
            Job.objects.update(heartbeat_at=None, done=0)
            assert leases.take_back() == 1
            assert jobs._claim(progress.job.pk)
            progress.advance(5, "old")
            progress.start(9, "old")
            progress.advance()
            pytest.fail("it went on")

        handle(work)
        job = jobs.run(jobs.enqueue(KIND, {}).pk)
        assert (job.state, job.done, job.message, job.finished_at) == (JobState.RUNNING, 0, "", None)

    def test_a_heart_goes_on_when_the_database_was_away_for_a_moment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        beats: list[int] = []

        class Rows:
            def update(self, **fields: Any) -> int:
                beats.append(len(beats))
                if len(beats) == 1:
                    raise OperationalError("away")
                return int(len(beats) < 4)

        monkeypatch.setattr(leases, "held", lambda job: Rows())
        monkeypatch.setattr(leases, "HEARTBEAT_SECONDS", 0)
        with leases.heart(Job()):
            while len(beats) < 4:
                pass
        assert beats == [0, 1, 2, 3]


@pytest.mark.django_db
class TestItems:
    def run(self, handle: Any, items: list[str], work: Callable[[str], object], **fields: Any) -> Job:
        def whole(args: Any, progress: jobs.Progress) -> None:
            progress.start(len(items), resume=True)
            progress.each(items, work)

        handle(whole)
        return jobs.run(Job.objects.create(kind=KIND, **fields).pk)

    def test_one_that_raises_whatever_it_is_keeps_none_from_being_done(self, handle: Any) -> None:
        done: list[str] = []

        def work(item: str) -> None:
            if item in errors:
                raise errors[item]
            done.append(item)

        errors = {"b": Invalid("No such page."), "d": RecursionError("too deep"), "e": ValueError("NUL")}
        job = self.run(handle, list("abcdef"), work)
        assert (job.state, job.done, job.total, job.percent, done) == ("succeeded", 6, 6, 100, ["a", "c", "f"])
        unexpected = "Polyfaq could not do this; its log has more."
        assert job.failures == [
            {"item": "b", "reason": "No such page."},
            {"item": "d", "reason": f"{unexpected} RecursionError: too deep"},
            {"item": "e", "reason": f"{unexpected} ValueError: NUL"},
        ]

    def test_one_that_ends_its_process_is_left_out_after_some_tries(self, handle: Any) -> None:
        done: list[str] = []
        job = left_by("another-start:1:1:1", item="b", heartbeat_at=None, args={leases.DEATHS: {"b": 2, "c": 1}})
        assert leases.take_back() == 1

        def whole(args: Any, progress: jobs.Progress) -> None:
            progress.start(3)
            progress.each(["a", "b", "c"], done.append)

        handle(whole)
        job = jobs.run(job.pk)
        assert (job.state, job.done, done) == (JobState.SUCCEEDED, 3, ["a", "c"])
        reason = "The process ended 3 times while it worked on this. It is left out."
        assert job.failures == [{"item": "b", "reason": reason}]

    def test_what_is_in_hand_stands_in_the_row_and_goes_with_it(self, handle: Any) -> None:
        seen: list[tuple[str, int]] = []
        job = self.run(handle, ["a", "b"], lambda item: seen.append(Job.objects.values_list("item", "done").get()))
        assert (seen, job.item, job.runner) == ([("a", 0), ("b", 1)], "", "")

    def test_a_later_run_passes_over_what_is_done_and_keeps_what_failed(self, handle: Any) -> None:
        done: list[str] = []
        before = [{"item": "a", "reason": "Broken."}]
        job = self.run(handle, ["a", "b", "c"], done.append, done=2, attempts=1, failures=before)
        assert (done, job.done, job.failures) == (["c"], 3, before)

    def test_work_that_was_asked_for_again_meanwhile_begins_at_the_beginning(self, handle: Any) -> None:
        done: list[str] = []

        def work(item: str) -> None:
            if len(done) == 1:
                jobs.enqueue(KIND, {}, key="k")
            done.append(item)

        job = self.run(handle, ["a", "b"], work, key="k")
        assert (job.state, job.done, job.total) == (JobState.QUEUED, 0, 0)
        assert (jobs.run(job.pk).state, done) == (JobState.SUCCEEDED, ["a", "b", "a", "b"])

    def test_whose_time_is_up_goes_on_behind_the_item_that_took_it(
        self, handle: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        done: list[str] = []
        monkeypatch.setattr(queues, "LIMITS", dict.fromkeys(Queue, queues.Limits(60, 0, 0)))

        def work(item: str) -> None:
            if item == "b":
                monkeypatch.setattr(progress.time, "monotonic", lambda: float("inf"))
                raise RuntimeError("broken off")
            done.append(item)

        job = self.run(handle, ["a", "b", "c"], work)
        monkeypatch.undo()
        reason = "It was not done within 1 minutes and was broken off."
        assert (job.state, job.done, job.failures) == (JobState.QUEUED, 2, [{"item": "b", "reason": reason}])

    def test_one_that_a_deadlock_chose_is_tried_once_more_at_once(self, handle: Any) -> None:
        tried: list[str] = []

        def work(item: str) -> None:
            tried.append(item)
            if item == "c" or (item == "b" and tried.count("b") == 1):
                raise OperationalError("deadlock detected")

        job = self.run(handle, ["a", "b", "c", "d"], work)
        assert (job.state, tried) == (JobState.SUCCEEDED, ["a", "b", "b", "c", "c", "d"])
        assert job.failures == [{"item": "c", "reason": "The database was too busy with this, twice."}]

    def test_a_database_that_is_away_puts_the_job_off(self, handle: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        def work(item: str) -> None:
            monkeypatch.setattr(connection, "is_usable", lambda: False)
            raise OperationalError("the server closed the connection")

        job = self.run(handle, ["a", "b"], work)
        assert (job.state, job.error) == (JobState.QUEUED, "The database was away or too busy.")
        assert (job.done, job.failures, job.finished_at) == (0, [], None)
