"""Housekeeping: what is past its time goes, what is not stays, and audit entries stay for ever."""

import json
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from faq import tasks
from faq.domain import audit, housekeeping, jobs
from faq.domain.housekeeping import Deleted
from faq.enums import JobKind, JobState, Outcome
from faq.models import Asked, AuditEntry, Feedback, Job, Question
from portal.celery import app

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def days(settings: Any) -> Any:
    """Jobs 10, asked questions 20, votes 30 days."""
    settings.POLYFAQ = settings.POLYFAQ | {
        "RETENTION_JOBS_DAYS": 10,
        "RETENTION_ASKED_DAYS": 20,
        "RETENTION_FEEDBACK_DAYS": 30,
    }
    return settings


def ago(days: float) -> Any:
    return timezone.now() - timedelta(days=days)


def job(state: str, finished: float | None, created: float = 100) -> Job:
    made = Job.objects.create(kind=JobKind.INGEST, state=state)
    Job.objects.filter(pk=made.pk).update(created_at=ago(created), finished_at=ago(finished) if finished else None)
    return made


def asked(text: str, last: float) -> None:
    made = Asked.objects.create(text=text, locale_id="en", text_hash=text, outcome=Outcome.ABSTAINED)
    Asked.objects.filter(pk=made.pk).update(first_at=ago(100), last_at=ago(last))


def vote(question: Question, visitor: str, given: float) -> None:
    made = Feedback.objects.create(question=question, locale_id="en", helpful=True, visitor=visitor)
    Feedback.objects.filter(pk=made.pk).update(created_at=ago(given))


@pytest.mark.parametrize("state", housekeeping.OVER)
def test_a_job_goes_by_when_it_ended(state: str) -> None:
    job(state, finished=10.1)
    stays = job(state, finished=9.9)
    assert housekeeping.housekeep() == Deleted(jobs=1, asked=0, feedback=0)
    assert list(Job.objects.all()) == [stays]


@pytest.mark.parametrize("state", [JobState.QUEUED, JobState.RUNNING])
def test_a_job_that_is_not_over_stays_however_old(state: str) -> None:
    stays = [job(state, finished=None), job(state, finished=50)]
    assert housekeeping.housekeep().jobs == 0
    assert set(Job.objects.all()) == set(stays)


def test_a_question_goes_by_when_it_was_last_asked_and_a_vote_by_when_it_was_given() -> None:
    asked("old", 20.1)
    asked("new", 19.9)
    question = Question.objects.create(key="permit")
    vote(question, "old", 30.1)
    vote(question, "new", 29.9)
    assert housekeeping.housekeep() == Deleted(jobs=0, asked=1, feedback=1)
    assert (Asked.objects.get().text, Feedback.objects.get().visitor) == ("new", "new")


def test_no_days_keep_for_ever(days: Any) -> None:
    days.POLYFAQ = days.POLYFAQ | dict.fromkeys(
        ("RETENTION_JOBS_DAYS", "RETENTION_ASKED_DAYS", "RETENTION_FEEDBACK_DAYS"), 0
    )
    job(JobState.SUCCEEDED, finished=5000)
    asked("old", 5000)
    vote(Question.objects.create(key="permit"), "old", 5000)
    assert housekeeping.housekeep() == Deleted(0, 0, 0)
    assert (Job.objects.count(), Asked.objects.count(), Feedback.objects.count()) == (1, 1, 1)


def test_many_are_deleted_in_several_transactions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(housekeeping, "BATCH", 2)
    for _ in range(5):
        job(JobState.SUCCEEDED, finished=11)
    assert housekeeping.housekeep().jobs == 5
    assert housekeeping.housekeep().jobs == 0


def test_audit_entries_stay_also_those_of_what_is_deleted() -> None:
    old = job(JobState.CANCELLED, finished=11)
    audit.record(None, "cancel", old)
    AuditEntry.objects.update(at=ago(5000))
    housekeeping.housekeep()
    assert list(AuditEntry.objects.values_list("verb", "object_id")) == [("cancel", str(old.pk))]


def test_the_command_says_how_much_went() -> None:
    job(JobState.SUCCEEDED, finished=11)
    said = []
    for options in ({}, {"json": True}):
        out = StringIO()
        call_command("housekeep", stdout=out, **options)
        said.append(out.getvalue())
    assert said[0] == "1 jobs, 0 asked questions and 0 votes deleted.\n"
    assert json.loads(said[1]) == {"jobs": 0, "asked": 0, "feedback": 0}


def test_it_is_due_once_a_day_whoever_asks() -> None:
    job(JobState.SUCCEEDED, finished=11)
    tasks.housekeep()
    tasks.housekeep()
    due = Job.objects.get(kind=JobKind.HOUSEKEEP)
    done = jobs.run(due.pk)
    assert (done.state, done.message) == (
        JobState.SUCCEEDED,
        "1 jobs, 0 asked questions and 0 votes deleted.",
    )
    tasks.housekeep()
    assert Job.objects.filter(kind=JobKind.HOUSEKEEP).count() == 1
    Job.objects.update(created_at=ago(1))
    tasks.housekeep()
    assert Job.objects.filter(kind=JobKind.HOUSEKEEP).count() == 2


def test_the_beat_knows_it() -> None:
    assert app.conf.beat_schedule["housekeep"]["task"] in app.tasks
