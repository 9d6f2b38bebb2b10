"""What people did: visitors' unanswered questions and feedback, editors' actions."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from faq.enums import AskedState, Outcome


class Gap(models.Model):
    """A content gap: unanswered questions that ask for the same, in whatever language. One without a question is deleted."""

    created_at = models.DateTimeField(_("first asked"), auto_now_add=True)

    class Meta:
        ordering = ["-created_at"]
        verbose_name = _("unanswered question")
        verbose_name_plural = _("unanswered questions")

    def __str__(self) -> str:
        return str(self.pk)


class Asked(models.Model):
    """A visitor's question in one wording; `count` says how often. Personal data is scrubbed before it is stored. `told`: the
    wording by machine in languages of the desk, tag -> text, empty where that failed. `compared`: whether it was compared
    with the other gaps, or an editor put it where it is."""

    # Null: recorded by a process of the version before gaps, while it was replaced; the next look gives it one.
    gap = models.ForeignKey(Gap, models.PROTECT, null=True, blank=True, related_name="asked")
    compared = models.BooleanField(default=False, db_default=False)
    told = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()), blank=True)
    text = models.CharField(_("question"), max_length=500)
    locale = models.ForeignKey("faq.Locale", models.CASCADE, related_name="+", verbose_name=_("language"))
    text_hash = models.CharField(max_length=64)
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome)
    state = models.CharField(_("state"), max_length=10, choices=AskedState, default=AskedState.OPEN)
    count = models.PositiveIntegerField(_("times asked"), default=1)
    nearest = models.ForeignKey(
        "faq.Question", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("nearest entry")
    )
    first_at = models.DateTimeField(_("first asked"), auto_now_add=True)
    last_at = models.DateTimeField(_("last asked"), auto_now=True)

    class Meta:
        ordering = ["-count", "-last_at"]
        verbose_name = _("unanswered wording")
        verbose_name_plural = _("unanswered wordings")
        constraints = [models.UniqueConstraint(fields=["locale", "text_hash"], name="asked_once")]

    def __str__(self) -> str:
        return self.text


class AskedDay(models.Model):
    """How often a question without an answer was asked on one day."""

    asked = models.ForeignKey(Asked, models.CASCADE, related_name="days")
    day = models.DateField(_("day"))
    count = models.PositiveIntegerField(_("times asked"), default=0)

    class Meta:
        ordering = ["asked_id", "day"]
        constraints = [models.UniqueConstraint(fields=["asked", "day"], name="asked_day_once")]

    def __str__(self) -> str:
        return f"{self.asked_id} {self.day}: {self.count}"


class Tally(models.Model):
    """How many readers' questions of a day and language ended how; `question`: the entry that answered. Holds no text and
    nothing of a person."""

    day = models.DateField(_("day"))
    locale = models.ForeignKey("faq.Locale", models.CASCADE, related_name="+", verbose_name=_("language"))
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome)
    question = models.ForeignKey(
        "faq.Question", models.CASCADE, null=True, blank=True, related_name="tallies", verbose_name=_("question")
    )
    count = models.PositiveIntegerField(_("times asked"), default=0)

    class Meta:
        ordering = ["day", "locale_id"]
        constraints = [
            models.UniqueConstraint(
                fields=["day", "locale", "outcome", "question"],
                condition=models.Q(question__isnull=False),
                name="tally_entry_once",
            ),
            models.UniqueConstraint(
                fields=["day", "locale", "outcome"], condition=models.Q(question__isnull=True), name="tally_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.locale_id} {self.outcome}: {self.count}"


class Feedback(models.Model):
    """Was this helpful? One vote a visitor (by an unlinkable daily digest) and answer revision."""

    question = models.ForeignKey("faq.Question", models.CASCADE, related_name="feedback", verbose_name=_("question"))
    locale = models.ForeignKey("faq.Locale", models.CASCADE, related_name="+", verbose_name=_("language"))
    helpful = models.BooleanField(_("helpful"))
    comment = models.CharField(_("comment"), max_length=1000, blank=True)
    visitor = models.CharField(max_length=64)
    created_at = models.DateTimeField(_("given"), auto_now_add=True)

    class Meta:
        ordering = ["-created_at"]
        verbose_name = _("feedback")
        verbose_name_plural = _("feedback")
        constraints = [models.UniqueConstraint(fields=["question", "locale", "visitor"], name="feedback_once")]


class AuditEntry(models.Model):
    """Who did what to which object, with before and after; written by every domain function that changes something."""

    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("who")
    )
    verb = models.CharField(_("action"), max_length=60)
    object_type = models.CharField(_("kind"), max_length=40)
    object_id = models.CharField(_("id"), max_length=64)
    before = models.JSONField(_("before"), default=dict)
    after = models.JSONField(_("after"), default=dict)
    at = models.DateTimeField(_("when"), auto_now_add=True)

    class Meta:
        ordering = ["-at", "-id"]
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit log")
        indexes = [models.Index(fields=["object_type", "object_id"], name="audit_object")]

    def __str__(self) -> str:
        return f"{self.verb} {self.object_type} {self.object_id}"
