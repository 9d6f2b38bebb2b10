"""Topics, questions and their answers.

A Question and its Answer are language-neutral identities. Phrasings and AnswerRevisions are in one locale each.
The canonical revision of an answer is the published one whose `based_on` is empty; translations point at it.
Citation marks in a text are `[n]`, after the sentence they support.
"""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from faq.enums import Origin, Significance, State


class Topic(models.Model):
    """`title` and `description` are in the default locale; their translations are units of the translation memory."""

    key = models.SlugField(_("key"), max_length=60, unique=True, allow_unicode=True)
    title = models.CharField(_("title"), max_length=120)
    description = models.CharField(_("description"), max_length=300, blank=True)
    order = models.PositiveSmallIntegerField(_("order"), default=0)

    class Meta:
        ordering = ["order", "key"]
        verbose_name = _("topic")
        verbose_name_plural = _("topics")

    def __str__(self) -> str:
        return self.title


class Question(models.Model):
    key = models.SlugField(_("key"), max_length=120, unique=True, allow_unicode=True)
    topic = models.ForeignKey(
        Topic, models.SET_NULL, null=True, blank=True, related_name="questions", verbose_name=_("topic")
    )
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.DRAFT)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)

    class Meta:
        ordering = ["topic__order", "key"]
        verbose_name = _("question")
        verbose_name_plural = _("questions")
        permissions = [("publish_question", "Can publish and retire questions and their answers")]
        constraints = [models.CheckConstraint(condition=models.Q(state__in=State.values), name="question_state")]

    def __str__(self) -> str:
        return self.key


class Phrasing(models.Model):
    """One wording in one locale. Exactly one canonical wording a locale; the others only help to find."""

    question = models.ForeignKey(Question, models.CASCADE, related_name="phrasings")
    locale = models.ForeignKey("faq.Locale", models.PROTECT, related_name="+", verbose_name=_("language"))
    text = models.CharField(_("text"), max_length=500)
    canonical = models.BooleanField(_("canonical"), default=False)
    origin = models.CharField(_("origin"), max_length=10, choices=Origin, default=Origin.HUMAN)

    class Meta:
        ordering = ["question_id", "locale_id", "-canonical", "id"]
        verbose_name = _("phrasing")
        verbose_name_plural = _("phrasings")
        constraints = [
            models.UniqueConstraint(
                fields=["question", "locale"], condition=models.Q(canonical=True), name="phrasing_one_canonical"
            ),
            models.UniqueConstraint(fields=["question", "locale", "text"], name="phrasing_text_once"),
            models.CheckConstraint(condition=~models.Q(text=""), name="phrasing_not_empty"),
        ]

    def __str__(self) -> str:
        return self.text


class Answer(models.Model):
    question = models.OneToOneField(Question, models.CASCADE, related_name="answer")

    class Meta:
        verbose_name = _("answer")
        verbose_name_plural = _("answers")

    def __str__(self) -> str:
        return f"answer to {self.question_id}"


class AnswerRevision(models.Model):
    """One immutable text in one locale. `segments`: [{source, text, lang, origin, citations}], as faq.composition.Segment."""

    answer = models.ForeignKey(Answer, models.CASCADE, related_name="revisions")
    locale = models.ForeignKey("faq.Locale", models.PROTECT, related_name="+", verbose_name=_("language"))
    number = models.PositiveIntegerField(_("number"))
    text = models.TextField(_("text"))
    segments = models.JSONField(default=list)
    origin = models.CharField(_("origin"), max_length=10, choices=Origin, default=Origin.HUMAN)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.DRAFT)
    significance = models.CharField(_("significance"), max_length=5, choices=Significance, default=Significance.MAJOR)
    based_on = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="translations", verbose_name=_("translated from")
    )
    is_translation = models.BooleanField(default=False)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("author")
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    published_at = models.DateTimeField(_("published"), null=True, blank=True)

    class Meta:
        ordering = ["answer_id", "locale_id", "-number"]
        verbose_name = _("answer revision")
        verbose_name_plural = _("answer revisions")
        permissions = [("publish_answerrevision", "Can approve and publish translations")]
        constraints = [
            models.UniqueConstraint(fields=["answer", "locale", "number"], name="answer_revision_number_once"),
            models.UniqueConstraint(
                fields=["answer", "locale"], condition=models.Q(state=State.PUBLISHED), name="answer_one_published"
            ),
            models.UniqueConstraint(
                fields=["answer"],
                condition=models.Q(state=State.PUBLISHED, is_translation=False),
                name="answer_one_canonical",
            ),
            models.CheckConstraint(condition=models.Q(state__in=State.values), name="answer_revision_state"),
            models.CheckConstraint(
                condition=models.Q(is_translation=True) | models.Q(based_on__isnull=True), name="answer_based_on"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.locale_id} #{self.number}: {self.text[:60]}"


class Citation(models.Model):
    """`quote == passage.text[start:end]`. `passage_hash` is the cited passage's content hash when a person or the
    composer last looked: another hash now makes the answer stale. Canonical revisions only; translations share them."""

    answer_revision = models.ForeignKey(AnswerRevision, models.CASCADE, related_name="citations")
    number = models.PositiveSmallIntegerField()
    passage = models.ForeignKey("faq.Passage", models.PROTECT, related_name="citations")
    quote = models.TextField()
    start = models.PositiveIntegerField()
    end = models.PositiveIntegerField()
    passage_hash = models.CharField(max_length=64)

    class Meta:
        ordering = ["answer_revision_id", "number"]
        verbose_name = _("citation")
        verbose_name_plural = _("citations")
        constraints = [
            models.UniqueConstraint(fields=["answer_revision", "number"], name="citation_number_once"),
            models.CheckConstraint(condition=models.Q(end__gt=models.F("start")), name="citation_not_empty"),
        ]

    def __str__(self) -> str:
        return f"[{self.number}] {self.quote[:60]}"
