"""What is deleted when its time has come: finished jobs, what visitors asked in vain, and their votes.

The settings say after how many days; 0 keeps for ever. Audit entries stay: they are the editors' memory, and hold no visitor.
Running it again deletes nothing more.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from faq import conf
from faq.domain import gaps
from faq.enums import JobState
from faq.models import Asked, Feedback, Job

OVER = [JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED]
BATCH = 1000
"""Rows of one transaction: nobody waits long for the lock."""


@dataclass(frozen=True, slots=True)
class Deleted:
    """How many of each."""

    jobs: int
    asked: int
    feedback: int

    def __str__(self) -> str:
        return f"{self.jobs} jobs, {self.asked} asked questions and {self.feedback} votes deleted."


def housekeep(now: datetime | None = None) -> Deleted:
    """Delete what is past its time: a job by when it ended, a question by when it was last asked, a vote by when it was given."""
    now = now or timezone.now()
    jobs = Job.objects.filter(state__in=OVER)
    deleted = Deleted(
        jobs=_delete(jobs, "finished_at", "RETENTION_JOBS_DAYS", now),
        asked=_delete(Asked.objects.all(), "last_at", "RETENTION_ASKED_DAYS", now),
        feedback=_delete(Feedback.objects.all(), "created_at", "RETENTION_FEEDBACK_DAYS", now),
    )
    gaps.clear()
    return deleted


def _delete(rows: "QuerySet", field: str, setting: str, now: datetime) -> int:  # type: ignore[type-arg]
    days = int(conf.get(setting))
    if not days:
        return 0
    old = rows.filter(**{f"{field}__lt": now - timedelta(days=days)})
    deleted = 0
    while ids := list(old.order_by().values_list("pk", flat=True)[:BATCH]):
        with transaction.atomic():
            # Asked again: somebody may have asked the question, or queued the job, since.
            gone, _ = old.filter(pk__in=ids).delete()
        deleted += gone
        if not gone:
            break
    return deleted
