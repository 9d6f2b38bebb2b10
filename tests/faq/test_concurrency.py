"""People and workers who do the same thing in the same moment. On SQLite they wait for one another from the start of a
transaction, on PostgreSQL only where rows meet: what comes out is the same on both."""

import contextlib
import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction
from django.db.models import Value
from django.db.models.functions import Concat
from django.utils import timezone

from faq.domain import answers, feedback, handlers, jobs, leases, publication, questions, sources, topics
from faq.domain.deadlocks import again_after_deadlock
from faq.enums import JobKind, JobState, Origin, State
from faq.models import AnswerRevision, Asked, AuditEntry, Feedback, Job, Passage, Phrasing, Question, Source, Topic
from tests.faq.factories import PARKING, citation, make_question, make_source, passages

pytestmark = pytest.mark.django_db(transaction=True)

MANY = 6


def together(*work: Callable[[], Any]) -> list[Any]:
    """What each function returned or raised, all begun in the same moment, each in a thread and connection of its own."""
    barrier = threading.Barrier(len(work), timeout=30)
    found: list[Any] = [None] * len(work)

    def run(place: int) -> None:
        try:
            connection.ensure_connection()
            barrier.wait()
            found[place] = work[place]()
        except Exception as error:  # noqa: BLE001 - what was raised is looked at
            found[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(work))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return found


def outcomes(found: list[Any]) -> Counter[str]:
    return Counter(type(each).__name__ if isinstance(each, Exception) else "done" for each in found)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The jobs of one kind that were really run, by their `n`."""
    ran: list[str] = []
    monkeypatch.setitem(handlers.HANDLERS, JobKind.POPULATE, lambda args, progress: ran.append(args.get("n", "")))
    return ran


def test_a_job_that_many_workers_take_runs_once(counted: list[str]) -> None:
    job = jobs.enqueue(JobKind.POPULATE, {"n": "one"})
    found = together(*[lambda: jobs.run(job.pk)] * MANY)
    assert (outcomes(found), counted, jobs.get(job.pk).attempts) == (Counter(done=MANY), ["one"], 1)


def test_many_workers_share_many_jobs(counted: list[str]) -> None:
    made = [jobs.enqueue(JobKind.POPULATE, {"n": str(n)}).pk for n in range(8)]
    found = together(*[lambda: [jobs.run(pk) for pk in made]] * 4)
    assert (outcomes(found), sorted(counted)) == (Counter(done=4), [str(n) for n in range(8)])
    assert set(Job.objects.values_list("state", "attempts")) == {(JobState.SUCCEEDED, 1)}


def test_work_under_one_key_is_queued_once() -> None:
    found = together(*[lambda: jobs.enqueue(JobKind.POPULATE, {}, key="same").pk] * MANY)
    assert (outcomes(found), len(set(found)), Job.objects.count()) == (Counter(done=MANY), 1, 1)


def test_quick_work_that_many_processes_wait_for_is_nobodys_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever finds it done deletes it, also under the feet of the one that did it."""
    job = Job.objects.create(kind=JobKind.POPULATE)

    def work(args: Any, progress: Any) -> None:
        monkeypatch.setattr(jobs, "_finish", lambda *given: Job.objects.all().delete())

    monkeypatch.setitem(handlers.HANDLERS, JobKind.POPULATE, work)
    assert jobs.run(job.pk).state == JobState.SUCCEEDED
    monkeypatch.undo()
    job = Job.objects.create(kind=JobKind.SYNC_INDEX)
    faster = jobs.run
    monkeypatch.setattr(jobs, "run", lambda job_id: [faster(job_id), Job.objects.all().delete(), faster(job_id)])
    jobs._follow_at_once(job.pk)
    assert Job.objects.count() == 0


def test_a_job_is_either_cancelled_or_done(counted: list[str]) -> None:
    job = jobs.enqueue(JobKind.POPULATE, {"n": "one"})
    together(lambda: jobs.cancel(job.pk), lambda: jobs.run(job.pk))
    assert jobs.get(job.pk).state in {JobState.CANCELLED, JobState.SUCCEEDED}


def test_daily_work_is_queued_once_by_many_workers() -> None:
    from faq.tasks import DAY

    together(*[lambda: jobs.enqueue_when_due(JobKind.RECONCILE, DAY)] * MANY)
    assert Job.objects.filter(kind=JobKind.RECONCILE).count() == 1


def test_of_two_editors_who_publish_what_they_saw_one_is_told() -> None:
    source = make_source()
    sources.revise_content(source, text=PARKING.replace("30", "40"))
    source.refresh_from_db()
    seen = source.updated_at
    first = source.revisions.get(number=1)

    def publish() -> Source:
        return publication.publish_source(Source.objects.get(pk=source.pk), expected=seen)

    def retire() -> Source:
        return publication.retire_source(Source.objects.get(pk=source.pk), expected=seen)

    assert outcomes(together(publish, retire)) == Counter(done=1, Conflict=1)
    source.refresh_from_db()
    assert (source.state, source.published_revision_id == first.pk) in {
        (State.PUBLISHED, False),
        (State.RETIRED, False),
    }


def test_of_two_editors_who_write_over_one_text_one_is_told() -> None:
    question = make_question(cites=passages(make_source())[0])
    seen = answers.last_written(question)
    row = passages(Source.objects.get())[0]

    def write(word: str) -> Callable[[], AnswerRevision]:
        text = f"{word}. [1]"
        return lambda: answers.save_revision(
            question, locale="en", text=text, citations=[citation(row)], origin=Origin.HUMAN, actor=None, expected=seen
        )

    assert outcomes(together(write("One"), write("Two"))) == Counter(done=1, Conflict=1)
    drafts = AnswerRevision.objects.filter(state=State.DRAFT)
    assert (drafts.count(), drafts.get().citations.count()) == (1, 1)


def test_revisions_written_at_once_get_numbers_of_their_own() -> None:
    question = make_question(cites=passages(make_source())[0])
    row = passages(Source.objects.get())[0]
    write = [
        lambda n=n: answers.save_revision(
            question, locale="en", text=f"Number {n}. [1]", citations=[citation(row)], origin=Origin.HUMAN, actor=None
        )
        for n in range(MANY)
    ]
    assert outcomes(together(*write)) == Counter(done=MANY)
    numbers = AnswerRevision.objects.filter(locale_id="en").order_by("number").values_list("number", flat=True)
    assert list(numbers) == list(range(1, MANY + 2))


def test_of_revisions_published_at_once_one_stands() -> None:
    question = make_question(cites=passages(make_source())[0])
    row = passages(Source.objects.get())[0]
    drafts = [
        answers.save_revision(
            question, locale="en", text=f"Number {n}. [1]", citations=[citation(row)], origin=Origin.HUMAN, actor=None
        )
        for n in range(3)
    ]
    found = together(*[lambda d=d: answers.publish_revision(AnswerRevision.objects.get(pk=d.pk)) for d in drafts])
    assert outcomes(found).keys() <= {"done", "Conflict"}
    assert AnswerRevision.objects.filter(state=State.PUBLISHED, is_translation=False).count() == 1


def test_drafts_of_machines_published_at_once_do_not_wait_for_each_other_for_ever() -> None:
    """Each retires those before it."""
    question = make_question(cites=passages(make_source())[0])
    row = passages(Source.objects.get())[0]
    drafts = [
        answers.save_revision(
            question,
            locale="en",
            text=f"Number {n}. [1]",
            citations=[citation(row)],
            origin=Origin.GENERATED,
            actor=None,
        )
        for n in range(4)
    ]
    found = together(*[lambda d=d: answers.publish_revision(AnswerRevision.objects.get(pk=d.pk)) for d in drafts])
    assert outcomes(found) == Counter(done=4)
    assert AnswerRevision.objects.filter(state=State.PUBLISHED, is_translation=False).count() == 1


def test_a_transaction_that_a_deadlock_ended_is_done_again() -> None:
    """Two people change the same two topics, each beginning with another; on SQLite the second waits for the first."""
    first, second = (topics.ensure_topic(title).pk for title in ("Parking", "Waste"))
    meet = threading.Barrier(2)
    tries: list[str] = []

    def change(name: str, *order: int) -> Callable[[], None]:
        @again_after_deadlock
        def both() -> None:
            tries.append(name)
            with transaction.atomic():
                for pk in order:
                    Topic.objects.filter(pk=pk).update(description=Concat("description", Value(name)))
                    with contextlib.suppress(threading.BrokenBarrierError):
                        meet.wait(0.5)

        return both

    found = together(change("a", first, second), change("b", second, first))
    assert outcomes(found) == Counter(done=2)
    assert {"".join(sorted(text)) for text in Topic.objects.values_list("description", flat=True)} == {"ab"}
    assert len(tries) == (3 if connection.vendor == "postgresql" else 2)


def test_a_database_that_fails_otherwise_is_not_asked_again() -> None:
    tries = []

    @again_after_deadlock
    def away() -> None:
        tries.append(1)
        raise OperationalError("the server closed the connection")

    with pytest.raises(OperationalError):
        away()
    assert tries == [1]


def test_processes_that_died_are_taken_from_by_one_sweep_alone(counted: list[str]) -> None:
    old = timezone.now() - timedelta(hours=1)
    made = [
        Job.objects.create(
            kind=JobKind.POPULATE, state=JobState.RUNNING, started_at=old, attempts=1, args={"n": str(n)}
        )
        for n in range(6)
    ]
    found = together(*[leases.take_back] * 4)
    assert sum(found) == 6
    assert [job.args[leases.DEATHS] for job in Job.objects.all()] == [{"": 1}] * 6
    together(*[lambda: [jobs.run(job.pk) for job in made]] * 3)
    assert (sorted(counted), set(Job.objects.values_list("state", "attempts"))) == (list("012345"), {("succeeded", 2)})


def test_a_file_that_comes_in_twice_at_once_is_one_source() -> None:
    def come_in() -> Any:
        return sources.ingest(
            locale="en", data=PARKING.encode(), filename="p.md", kind="file", path="p.md", publish=True
        )

    found = together(*[come_in] * 3)
    assert outcomes(found).keys() <= {"done", "Conflict"}
    source = Source.objects.get()
    assert (source.state, source.revisions.count(), Passage.objects.count()) == (State.PUBLISHED, 1, 2)


def test_questions_of_one_wording_get_keys_of_their_own() -> None:
    make = lambda: questions.create_question(key="", topic=None, phrasings=["Why?"], locale="en", actor=None)  # noqa: E731
    found = together(*[make] * MANY)
    assert outcomes(found).keys() <= {"done", "Conflict"}
    stored = Question.objects.count()
    assert (stored, Phrasing.objects.count()) == (outcomes(found)["done"],) * 2
    assert stored >= 1


def test_a_topic_made_by_many_is_one() -> None:
    found = together(*[lambda: topics.ensure_topic("Parking").pk] * MANY)
    assert (outcomes(found), Topic.objects.count()) == (Counter(done=MANY), 1)


def test_the_same_question_asked_in_vain_by_many_is_counted() -> None:
    found = together(*[lambda: feedback.record_asked("Where is the zoo?", "en")] * MANY)
    assert (outcomes(found), Asked.objects.get().count) == (Counter(done=MANY), MANY)


def test_a_visitor_who_clicks_twice_votes_once() -> None:
    question = make_question()
    votes = [lambda n=n: feedback.record_feedback(question, "en", n % 2 == 0, "", "visitor") for n in range(MANY)]
    assert (outcomes(together(*votes)), Feedback.objects.count()) == (Counter(done=MANY), 1)


def test_each_move_is_in_the_log_once() -> None:
    question = make_question(publish=False)
    found = together(*[lambda: questions.publish_question(Question.objects.get(pk=question.pk))] * MANY)
    assert outcomes(found).keys() <= {"done", "Conflict"}
    moves = AuditEntry.objects.filter(verb="publish", object_type__icontains="question", object_id=str(question.pk))
    assert (moves.count(), Question.objects.get().state) == (1, State.PUBLISHED)
