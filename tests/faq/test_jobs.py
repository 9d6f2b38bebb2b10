"""Background work: nothing is lost, nothing runs twice at once, and people can see, stop and repeat it."""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from faq import tasks
from faq.domain import handlers, jobs, leases, progress, queues
from faq.enums import JobKind, JobState, Queue
from faq.errors import Conflict, Invalid, NotFound, Unavailable
from faq.models import Job

Handle = Callable[..., None]
KIND = JobKind.POPULATE


@pytest.fixture
def handle(monkeypatch: pytest.MonkeyPatch) -> Callable[[Handle], list[dict[str, Any]]]:
    """Replaces the handler of KIND; returns the list of arguments it was called with."""

    def replace(function: Handle = lambda args, progress: None) -> list[dict[str, Any]]:
        calls: list[dict[str, Any]] = []

        def handler(args: dict[str, Any], progress: jobs.Progress) -> None:
            calls.append(args)
            function(args, progress)

        monkeypatch.setitem(handlers.HANDLERS, KIND, handler)
        return calls

    return replace


def test_every_kind_has_a_handler() -> None:
    assert set(handlers.HANDLERS) == set(JobKind)


@pytest.mark.django_db
class TestRunning:
    def test_a_job_runs_once_however_often_it_is_sent(self, handle: Any) -> None:
        calls = handle()
        job = jobs.enqueue(KIND, {"n": 1})
        assert [jobs.run(job.pk).state, jobs.run(job.pk).state] == [JobState.SUCCEEDED, JobState.SUCCEEDED]
        assert calls == [{"n": 1}]

    def test_progress_and_failed_items_are_kept(self, handle: Any) -> None:
        def work(args: Any, progress: jobs.Progress) -> None:
            progress.start(3, "begin")
            progress.fail("a.md", "broken")
            progress.advance(3, "end")

        handle(work)
        job = jobs.run(jobs.enqueue(KIND, {}).pk)
        assert (job.done, job.total, job.message, job.percent) == (3, 3, "end", 100)
        assert job.failures == [{"item": "a.md", "reason": "broken"}]

    def test_the_same_key_waits_once(self, handle: Any) -> None:
        handle()
        first = jobs.enqueue(KIND, {}, key="k")
        assert jobs.enqueue(KIND, {}, key="k") == first
        jobs.run(first.pk)
        assert jobs.enqueue(KIND, {}, key="k") != first

    def test_work_enqueued_while_it_runs_is_run_once_more(self, handle: Any) -> None:
        again = []

        def work(args: Any, progress: jobs.Progress) -> None:
            if not again:
                again.append(jobs.enqueue(KIND, {}, key="k").pk)

        calls = handle(work)
        job = jobs.enqueue(KIND, {}, key="k")
        assert jobs.run(job.pk).state == JobState.QUEUED
        assert jobs.run(job.pk).state == JobState.SUCCEEDED
        assert (again, calls, Job.objects.count()) == ([job.pk], [{}, {}], 1)

    @pytest.mark.parametrize(
        ("error", "state", "text"),
        [
            (Invalid("No such thing."), JobState.FAILED, "No such thing."),
            (Unavailable("Away."), JobState.QUEUED, "Away."),
            (RuntimeError("bug"), JobState.FAILED, "RuntimeError: bug"),
        ],
    )
    def test_what_goes_wrong_decides_what_happens(self, handle: Any, error: Exception, state: str, text: str) -> None:
        def work(args: Any, progress: jobs.Progress) -> None:
            raise error

        handle(work)
        job = jobs.run(jobs.enqueue(KIND, {}).pk)
        assert (job.state, job.error) == (state, text)

    def test_a_service_that_stays_away_is_given_up(self, handle: Any) -> None:
        def work(args: Any, progress: jobs.Progress) -> None:
            raise Unavailable("Away.")

        calls = handle(work)
        job = jobs.enqueue(KIND, {})
        states = [jobs.run(job.pk).state for _ in range(jobs.MAX_ATTEMPTS + 1)]
        assert (states[-1], len(calls)) == (JobState.FAILED, jobs.MAX_ATTEMPTS)

    def test_a_process_that_is_stopped_gives_the_job_back(self, handle: Any) -> None:
        def work(args: Any, progress: jobs.Progress) -> None:
            raise KeyboardInterrupt

        handle(work)
        job = jobs.enqueue(KIND, {})
        with pytest.raises(KeyboardInterrupt):
            jobs.run(job.pk)
        assert jobs.get(job.pk).state == JobState.QUEUED

    def test_too_long_a_job_stops_and_goes_on_later(self, handle: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(queues, "LIMITS", dict.fromkeys(Queue, queues.Limits(-1, 0, 0)))
        handle(lambda args, progress: progress.advance())
        assert jobs.run(jobs.enqueue(KIND, {}).pk).state == JobState.QUEUED


@pytest.mark.django_db
class TestPeople:
    def test_a_cancelled_job_stops_at_its_next_step(self, handle: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(progress, "WRITE_SECONDS", 0)
        steps = []

        def work(args: Any, progress: jobs.Progress) -> None:
            for step in range(5):
                steps.append(step)
                if step == 1:
                    jobs.cancel(progress.job.pk)
                progress.advance()

        handle(work)
        job = jobs.run(jobs.enqueue(KIND, {}).pk)
        assert (job.state, steps) == (JobState.CANCELLED, [0, 1])

    def test_a_cancelled_job_never_starts_and_can_be_tried_again(self, handle: Any) -> None:
        calls = handle()
        job = jobs.enqueue(KIND, {})
        jobs.cancel(job.pk)
        assert (jobs.run(job.pk).state, calls) == (JobState.CANCELLED, [])
        with pytest.raises(Conflict, match="already over"):
            jobs.cancel(job.pk)
        jobs.retry(job.pk)
        assert jobs.run(job.pk).state == JobState.SUCCEEDED

    def test_a_job_that_waits_cannot_be_tried_again(self) -> None:
        with pytest.raises(Conflict, match="not over yet"):
            jobs.retry(jobs.enqueue(KIND, {}).pk)

    @pytest.mark.parametrize("name", ["", "nonsense", "00000000-0000-0000-0000-000000000000"])
    def test_what_is_no_job_is_not_found(self, name: str) -> None:
        with pytest.raises(NotFound):
            jobs.get(name)


@pytest.mark.django_db
class TestRecovering:
    def running(self, seconds: int, attempts: int = 1) -> Job:
        beat = timezone.now() - timedelta(seconds=seconds)
        return Job.objects.create(kind=KIND, state=JobState.RUNNING, heartbeat_at=beat, attempts=attempts)

    def test_a_job_whose_process_is_gone_is_taken_back(self) -> None:
        gone, alive = self.running(3600), self.running(1)
        assert jobs.recover() == 1
        assert [jobs.get(gone.pk).state, jobs.get(alive.pk).state] == [JobState.QUEUED, JobState.RUNNING]

    def test_a_job_that_ends_its_process_again_and_again_is_given_up(self) -> None:
        job = self.running(3600)
        for _ in range(leases.MAX_DEATHS - 1):
            assert jobs.recover() == 1
            Job.objects.filter(pk=job.pk).update(state=JobState.RUNNING)
        assert jobs.recover() == 0
        job.refresh_from_db()
        assert (job.state, job.error) == (JobState.FAILED, "The process that ran this job ended 3 times.")

    def test_a_person_who_tries_it_again_gives_it_as_many_tries_as_before(self) -> None:
        job = self.running(3600)
        Job.objects.update(args={"n": 1, leases.DEATHS: {"": leases.MAX_DEATHS - 1}})
        assert jobs.recover() == 0
        jobs.retry(job.pk)
        assert jobs.get(job.pk).args == {"n": 1}

    def test_a_lost_message_is_sent_again(self, django_capture_on_commit_callbacks: Callable[..., Any]) -> None:
        job = Job.objects.create(kind=KIND)
        with django_capture_on_commit_callbacks(execute=True):
            assert jobs.recover() == 1
        assert tasks.background().deferred == [str(job.pk)]

    def test_a_service_that_is_away_is_left_in_peace_for_longer_each_time(self) -> None:
        def waits(attempts: int, seconds: int) -> None:
            beat = timezone.now() - timedelta(seconds=seconds)
            Job.objects.create(kind=KIND, attempts=attempts, heartbeat_at=beat)

        for attempts, seconds in ((1, 20), (2, 50), (3, 110), (4, 230), (9, 230)):
            waits(attempts, seconds)
        assert jobs.recover() == 0
        for attempts, seconds in ((1, 40), (2, 70), (3, 130), (4, 250), (9, 250)):
            waits(attempts, seconds)
        assert jobs.recover() == 5

    def test_nothing_is_sent_before_commit(self, django_capture_on_commit_callbacks: Callable[..., Any]) -> None:
        with django_capture_on_commit_callbacks() as callbacks:
            jobs.enqueue(KIND, {})
        assert (tasks.background().deferred, len(callbacks)) == ([], 1)


@pytest.mark.django_db(transaction=True)
class TestWorkerThread:
    """Celery for real: its worker in a thread, its messages over the memory transport."""

    @pytest.fixture
    def serving(self, settings: Any) -> Iterator[None]:
        settings.POLYFAQ = settings.POLYFAQ | {"WORKER_THREAD": True}
        tasks.background().serving = True
        yield
        tasks.stop_worker()
        connection.close()

    def wait(self, job: Job, state: str = JobState.SUCCEEDED, seconds: float = 15) -> float:
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            if Job.objects.get(pk=job.pk).state == state:
                return time.monotonic() - began
            time.sleep(0.02)
        return -1

    def test_a_job_runs_in_the_background_soon_after_commit(self, serving: None, handle: Any) -> None:
        calls = handle()
        first = self.wait(jobs.enqueue(KIND, {"n": 1}))
        second = self.wait(jobs.enqueue(KIND, {"n": 2}))
        assert (first >= 0, 0 <= second < 3, calls) == (True, True, [{"n": 1}, {"n": 2}])

    def test_a_start_finds_what_another_process_left(self, serving: None, handle: Any) -> None:
        handle()
        left = Job.objects.create(
            kind=KIND, state=JobState.RUNNING, attempts=1, heartbeat_at=timezone.now() - timedelta(hours=1)
        )
        tasks.start_worker()
        assert self.wait(left) >= 0

    def test_a_job_that_fails_does_not_end_the_worker(self, serving: None, handle: Any) -> None:
        def work(args: Any, progress: jobs.Progress) -> None:
            if args["n"] == 1:
                raise RuntimeError("bug")

        handle(work)
        assert self.wait(jobs.enqueue(KIND, {"n": 1}), JobState.FAILED) >= 0
        assert self.wait(jobs.enqueue(KIND, {"n": 2})) >= 0

    def test_a_worker_can_be_stopped_and_started_again(self, serving: None, handle: Any) -> None:
        handle()
        assert self.wait(jobs.enqueue(KIND, {"n": 1})) >= 0
        tasks.stop_worker()
        assert self.wait(jobs.enqueue(KIND, {"n": 2})) >= 0


@pytest.mark.django_db(transaction=True)
def test_commands_run_the_jobs_they_cause(handle: Any) -> None:
    calls = handle()
    jobs.enqueue(KIND, {"n": 1})
    assert ([job.state for job in tasks.drain()], calls) == ([JobState.SUCCEEDED], [{"n": 1}])


@pytest.mark.django_db(transaction=True)
class TestTogether:
    """What follows from many changes to sources or questions, in one go."""

    @pytest.fixture
    def synchronised(self, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
        calls: list[dict[str, Any]] = []
        monkeypatch.setitem(handlers.HANDLERS, JobKind.SYNC_INDEX, lambda args, progress: calls.append(args))
        return calls

    def change(self, **args: Any) -> None:
        jobs.follow(JobKind.SYNC_INDEX, args, key=str(args))

    def test_sources_are_synchronised_at_the_end_by_one_job_that_leaves_nothing(self, synchronised: Any) -> None:
        with jobs.together():
            for source in (3, 1, 2):
                self.change(source_id=source)
            assert (synchronised, Job.objects.count()) == ([], 3)
        assert (synchronised, Job.objects.count()) == ([{"source_ids": [1, 2, 3]}], 0)

    def test_they_do_not_wait_for_more_than_so_many(self, synchronised: Any) -> None:
        with jobs.together(2):
            for source in range(5):
                self.change(source_id=source)
            assert synchronised == [{"source_ids": [0, 1]}, {"source_ids": [2, 3]}]
        assert synchronised[2:] == [{"source_id": 4}]

    def test_nor_for_so_long(self, synchronised: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        with jobs.together():
            self.change(question_id=2)
            monkeypatch.setattr(jobs, "HELD_SECONDS", -1.0)
            self.change(question_id=1)
            assert synchronised == [{"question_ids": [1, 2]}]

    def test_questions_are_another_matter_than_sources(self, synchronised: Any) -> None:
        with jobs.together():
            for number in (3, 1):
                self.change(question_id=number)
                self.change(source_id=number)
        assert (synchronised, Job.objects.count()) == ([{"question_ids": [1, 3]}, {"source_ids": [1, 3]}], 0)

    def test_other_work_is_done_by_itself(self, synchronised: Any) -> None:
        with jobs.together():
            self.change(source_id=1)
            self.change(question_id=7)
            self.change(source_id=2)
        assert synchronised == [{"source_ids": [1, 2]}, {"question_id": 7}]

    def test_after_an_error_what_was_committed_before_is_done(self, synchronised: Any) -> None:
        def broken() -> None:
            with jobs.together():
                self.change(source_id=1)
                self.change(source_id=2)
                raise Invalid("The third is broken.")

        with pytest.raises(Invalid):
            broken()
        assert (synchronised, Job.objects.count()) == ([{"source_ids": [1, 2]}], 0)

    def test_when_the_process_is_stopped_the_jobs_wait_for_a_sweep(self, synchronised: Any) -> None:
        def stopped() -> None:
            with jobs.together():
                self.change(source_id=1)
                self.change(source_id=2)
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            stopped()
        assert (synchronised, Job.objects.filter(state=JobState.QUEUED).count()) == ([], 2)
        for job in jobs.pending():
            jobs.run(job.pk)
        assert synchronised == [{"source_id": 1}, {"source_id": 2}]

    def test_outside_everything_follows_at_once(self, synchronised: Any) -> None:
        with jobs.together():
            pass
        self.change(source_id=1)
        assert synchronised == [{"source_id": 1}]

    def test_a_service_that_is_away_keeps_the_merged_job(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def away(args: Any, progress: Any) -> None:
            raise Unavailable("The index is away.")

        monkeypatch.setitem(handlers.HANDLERS, JobKind.SYNC_INDEX, away)
        with jobs.together():
            self.change(source_id=1)
            self.change(source_id=2)
        assert [(job.state, job.args) for job in Job.objects.all()] == [(JobState.QUEUED, {"source_ids": [1, 2]})]
