"""Jobs go to the queue of their kind with its limits, lost messages are sent again and no others, and what is due is
enqueued once. Celery and its broker are real; the broker is memory."""

import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from kombu import Connection

from faq import tasks
from faq.domain import handlers, jobs, queues
from faq.domain.queues import Waiting
from faq.enums import JobKind, Queue, SourceKind, State
from faq.management.commands import worker
from faq.models import Job
from portal.celery import app
from tests.faq.factories import make_source


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The portal takes Celery's memory for a broker that reaches other processes, and it begins empty."""
    monkeypatch.setattr(tasks, "has_broker", lambda: True)
    empty()
    yield
    empty()


def empty() -> None:
    with app.connection_for_write() as connection:
        for queue in app.conf.task_queues:
            bound = queue.bind(connection.default_channel)
            bound.declare()
            bound.purge()


def take(connection: Connection, queue: Queue) -> list[Any]:
    """The messages of a queue, taken out of it."""
    channel = connection.default_channel
    found = []
    while (message := channel.basic_get(queue.value, no_ack=True)) is not None:
        found.append(message)
    return found


def sent() -> dict[str, list[tuple[str, list[int]]]]:
    """By queue, the job and the limits of each message, hard and soft, taken out of the broker."""
    with app.connection_for_read() as connection:
        return {
            queue.value: [(message.payload[0][0], message.headers["timelimit"]) for message in messages]
            for queue in Queue
            if (messages := take(connection, queue))
        }


class TestWhereAJobGoes:
    def test_every_kind_has_a_queue_and_every_queue_limits_that_follow_each_other(self) -> None:
        assert (set(queues.QUEUES), set(queues.LIMITS)) == (set(JobKind), set(Queue))
        assert all(0 < each.work < each.soft < each.hard for each in queues.LIMITS.values())

    @pytest.mark.django_db(transaction=True)
    def test_it_is_sent_there_with_the_limits_of_the_queue(self, broker: None) -> None:
        made = {kind: str(jobs.enqueue(kind, {}).pk) for kind in (JobKind.FILL_MEMORY, JobKind.SYNC_INDEX)}
        translate, answer = queues.LIMITS[Queue.TRANSLATE], queues.LIMITS[Queue.ANSWER]
        assert sent() == {
            "translate": [(made[JobKind.FILL_MEMORY], [translate.hard, translate.soft])],
            "answer": [(made[JobKind.SYNC_INDEX], [answer.hard, answer.soft])],
        }

    def test_what_the_timer_sends_goes_to_a_queue_that_workers_serve(self) -> None:
        names = {queue.name for queue in app.conf.task_queues}
        assert (names, app.conf.task_default_queue in names) == (set(Queue), True)
        assert {entry["task"] for entry in app.conf.beat_schedule.values()} <= set(app.tasks)


def waiting(*kinds: JobKind, attempts: int = 0) -> list[Waiting]:
    return [Waiting(f"{kind}-{attempts}-{place}", kind, attempts) for place, kind in enumerate(kinds)]


class TestLostMessages:
    def test_without_word_from_the_broker_all_are_sent(self) -> None:
        rows = waiting(JobKind.INGEST, JobKind.POPULATE)
        assert queues.lost(rows) == rows

    def test_a_broker_that_is_empty_gets_all(self) -> None:
        rows = waiting(JobKind.INGEST, JobKind.POPULATE)
        assert queues.lost(rows, dict.fromkeys(Queue, 0)) == rows

    def test_a_queue_with_as_many_messages_as_jobs_gets_none(self) -> None:
        rows = waiting(*[JobKind.INGEST] * 3)
        assert [queues.lost(rows, {"ingest": held}) for held in (3, 4)] == [[], []]

    def test_one_missing_message_has_all_of_its_queue_sent_and_no_other(self) -> None:
        rows = [*waiting(*[JobKind.INGEST] * 3), *waiting(JobKind.POPULATE)]
        assert queues.lost(rows, {"ingest": 2, "answer": 1}) == rows[:3]

    def test_jobs_begun_before_account_for_what_is_missing(self) -> None:
        """Ten thousand jobs wait, and one of them found a service away: one message is missing, not ten thousand."""
        fresh, begun = waiting(*[JobKind.INGEST] * 3), waiting(JobKind.INGEST, attempts=1)
        assert queues.lost([*fresh, *begun], {"ingest": 3}) == begun
        assert queues.lost([*fresh, *begun], {"ingest": 2}) == [*fresh, *begun]

    def test_a_full_queue_gets_none_and_an_empty_one_enough(self) -> None:
        """However many timers find ten thousand jobs and an empty broker, and however often."""
        rows = waiting(*[JobKind.INGEST] * (3 * queues.ENOUGH))
        assert queues.lost(rows, {"ingest": queues.ENOUGH}) == []
        assert [queues.lost(rows, {"ingest": held}) for held in (0, 999)] == [rows[: queues.ENOUGH]] * 2

    @pytest.mark.django_db(transaction=True)
    def test_sweeping_again_and_again_sends_each_job_once(self, broker: None) -> None:
        made = [str(jobs.enqueue(JobKind.INGEST, {"n": n}).pk) for n in range(20)]
        for _ in range(3):
            tasks.sweep()
        assert tasks.messages_held() == {"ingest": 20, "translate": 0, "answer": 0, "housekeeping": 0}
        assert [job for job, _ in sent()["ingest"]] == made

    @pytest.mark.django_db(transaction=True)
    def test_a_broker_that_was_emptied_is_filled_by_the_next_sweep(self, broker: None) -> None:
        made = [str(jobs.enqueue(JobKind.INGEST, {"n": n}).pk) for n in range(20)]
        empty()
        tasks.sweep()
        assert [job for job, _ in sent()["ingest"]] == made

    @pytest.mark.django_db(transaction=True)
    def test_a_broker_that_cannot_be_asked_keeps_the_sweep_from_nothing_else(
        self, broker: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def away() -> dict[str, int]:
            raise ConnectionRefusedError

        monkeypatch.setattr(tasks, "messages_held", away)
        long_ago = timezone.now() - timedelta(hours=1)
        job = Job.objects.create(kind=JobKind.INGEST, state="running", heartbeat_at=long_ago, attempts=1)
        tasks.sweep()
        assert (jobs.get(job.pk).state, sent()) == ("queued", {})

    @pytest.mark.django_db(transaction=True)
    def test_the_same_message_twice_runs_its_job_once(self, broker: None, monkeypatch: pytest.MonkeyPatch) -> None:
        ran: list[Any] = []
        monkeypatch.setitem(handlers.HANDLERS, JobKind.INGEST, lambda args, progress: ran.append(args["n"]))
        job = str(jobs.enqueue(JobKind.INGEST, {"n": 1}).pk)
        tasks.dispatch(job, JobKind.INGEST)
        for name, _ in sent()["ingest"]:
            tasks.run_job(name)
        assert (ran, jobs.get(job).attempts) == ([1], 1)

    @pytest.mark.django_db(transaction=True)
    def test_a_message_that_comes_when_its_job_is_done_and_deleted_does_nothing(
        self, broker: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ran: list[Any] = []
        monkeypatch.setitem(handlers.HANDLERS, JobKind.INGEST, lambda args, progress: ran.append(args))
        job = jobs.enqueue(JobKind.INGEST, {})
        name = str(job.pk)
        job.delete()
        tasks.run_job(name)
        assert ran == []


@pytest.mark.django_db(transaction=True)
class TestWhatIsDue:
    def source(self, checked: timedelta | None, **fields: Any) -> int:
        made = make_source(title=f"Page {checked} {fields}")
        at = None if checked is None else timezone.now() - checked
        type(made).objects.filter(pk=made.pk).update(
            **{"kind": SourceKind.URL, "refresh_hours": 6, "checked_at": at} | fields
        )
        return int(made.pk)

    def test_web_sources_are_looked_at_when_their_hours_are_over(self, broker: None) -> None:
        due = {self.source(timedelta(hours=7)), self.source(None)}
        self.source(timedelta(hours=5))
        self.source(timedelta(days=9), refresh_hours=0)
        self.source(timedelta(days=9), state=State.RETIRED, published_revision=None)
        self.source(timedelta(days=9), kind=SourceKind.TEXT)
        tasks.refresh()
        found = Job.objects.filter(kind=JobKind.REFRESH_SOURCE).values_list("args", flat=True)
        assert {args["source_id"] for args in found} == due

    def test_two_timers_enqueue_everything_once(self, broker: None) -> None:
        self.source(None)
        for task in (tasks.refresh, tasks.reconcile, tasks.housekeep) * 2:
            task()
        kinds = sorted(Job.objects.exclude(kind__in=[JobKind.SYNC_INDEX]).values_list("kind", flat=True))
        assert kinds == ["housekeep", "reconcile", "refresh_source"]


class TestCommands:
    def test_queues_are_named_with_commas(self) -> None:
        assert worker.queues(" translate,ingest,translate ") == [Queue.TRANSLATE, Queue.INGEST]
        assert worker.queues(worker.ALL) == list(Queue)

    @pytest.mark.parametrize("names", ["", ",", "translat", "ingest,translat"])
    def test_a_queue_that_is_none_is_an_error_that_names_those_there_are(self, names: str) -> None:
        with pytest.raises(CommandError, match="There are ingest, translate, answer, housekeeping"):
            worker.queues(names)

    def test_a_worker_without_a_timer_says_so_to_celery(self) -> None:
        line = worker.celery_worker([Queue.INGEST, Queue.ANSWER], 3, beat=False)
        assert [each for each in line if not each.startswith("--without")][-4:] == [
            "--concurrency",
            "3",
            "--queues",
            "ingest,answer",
        ]
        assert worker.celery_worker([Queue.INGEST], 1, beat=True)[-1] == "--beat"

    @pytest.mark.django_db
    def test_without_a_broker_there_are_no_queues_to_choose_and_no_timer(self) -> None:
        with pytest.raises(CommandError, match="Leave out --queues"):
            call_command("worker", queues="ingest", once=True)
        with pytest.raises(CommandError, match="REDIS_URL"):
            call_command("beat")

    @pytest.mark.django_db
    @pytest.mark.parametrize("given", ["0", "-1", "two", "²"])
    def test_a_worker_of_no_processes_is_refused(self, given: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "stderr", StringIO())
        with pytest.raises(CommandError, match="no whole number from 1"):
            call_command("worker", "--concurrency", given)

    @pytest.mark.django_db
    def test_with_a_broker_the_process_becomes_celerys(self, broker: None, monkeypatch: pytest.MonkeyPatch) -> None:
        became: list[list[str]] = []
        stop: Callable[[str, list[str]], None] = lambda path, command: became.append(command) or sys.exit(0)  # type: ignore[func-returns-value] # noqa: E731
        monkeypatch.setattr("os.execv", stop)
        for name, options in (("worker", {"queues": "ingest", "no_beat": True}), ("beat", {})):
            with pytest.raises(SystemExit):
                call_command(name, **options)
        assert [command[1:6] for command in became] == [
            ["-m", "celery", "--app", "portal", "worker"],
            ["-m", "celery", "--app", "portal", "beat"],
        ]
