"""The durable record of background work. The row is the outbox: Celery is only its runner.

`key` makes a job unique while it is queued or running: enqueueing the same work again returns the job that waits.
"""

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from faq.enums import JobKind, JobState


class Job(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(_("kind"), max_length=30, choices=JobKind)
    args = models.JSONField(default=dict)
    key = models.CharField(max_length=200, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=JobState, default=JobState.QUEUED)
    done = models.PositiveIntegerField(_("done"), default=0)
    total = models.PositiveIntegerField(_("of"), default=0)
    message = models.CharField(_("message"), max_length=300, blank=True)
    failures = models.JSONField(
        _("failed items"), default=list, help_text="[{item, reason}]; a failed item never fails its batch"
    )
    error = models.TextField(_("error"), blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("requested by"),
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    runner = models.CharField(
        max_length=200, blank=True, default="", db_default="", help_text="the process that has it"
    )
    item = models.CharField(max_length=1000, blank=True, default="", db_default="", help_text="what that has in hand")
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        constraints = [
            models.UniqueConstraint(
                fields=["key"],
                condition=models.Q(state__in=[JobState.QUEUED, JobState.RUNNING]) & ~models.Q(key=""),
                name="job_key_once",
            ),
            models.CheckConstraint(condition=models.Q(state__in=JobState.values), name="job_state"),
        ]
        indexes = [models.Index(fields=["state", "created_at"], name="job_queue")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} ({self.get_state_display()})"

    @property
    def percent(self) -> int:
        """Progress from 0 to 100; a finished job is 100."""
        if self.state == JobState.SUCCEEDED:
            return 100
        return min(99, self.done * 100 // self.total) if self.total else 0
