"""Where content comes from: Source, its immutable SourceRevisions, and their Passages, the unit that is cited.

A source is visible to readers when `published_revision` is set. `Passage.key` is stable across revisions for unchanged
text, so that what did not change keeps its index entries and its citations.
"""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from faq.enums import RefreshPolicy, SourceKind, State


class Source(models.Model):
    key = models.SlugField(_("key"), max_length=120, unique=True, allow_unicode=True)
    kind = models.CharField(_("kind"), max_length=8, choices=SourceKind, default=SourceKind.TEXT)
    title = models.CharField(_("title"), max_length=300)
    locale = models.ForeignKey("faq.Locale", models.PROTECT, related_name="sources", verbose_name=_("language"))
    topic = models.ForeignKey(
        "faq.Topic", models.SET_NULL, null=True, blank=True, related_name="sources", verbose_name=_("topic")
    )
    url = models.URLField(
        _("address"), max_length=2000, blank=True, help_text=_("Public address of the original, shown to readers")
    )
    path = models.CharField(_("imported from"), max_length=1000, blank=True, db_index=True)
    upload = models.FileField(_("file"), upload_to="sources/%Y/%m/", max_length=400, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("owner")
    )
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.DRAFT)
    published_revision = models.OneToOneField(
        "faq.SourceRevision",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="published_source",
        verbose_name=_("published revision"),
    )
    publish_at = models.DateTimeField(_("goes live"), null=True, blank=True)
    publish_revision = models.ForeignKey("faq.SourceRevision", models.SET_NULL, null=True, blank=True, related_name="+")
    retire_at = models.DateTimeField(_("is retired"), null=True, blank=True)
    refresh_hours = models.PositiveIntegerField(
        _("refresh every (hours)"), default=0, help_text=_("0: never by itself")
    )
    refresh_policy = models.CharField(
        _("what has changed"),
        max_length=8,
        choices=RefreshPolicy,
        default=RefreshPolicy.WAIT,
        db_default=RefreshPolicy.WAIT.value,
    )
    # Number of the newest revision there was when somebody last decided which one is published.
    settled_number = models.PositiveIntegerField(null=True, blank=True, editable=False)
    # Digest of the bytes last read and of how they are read: equal means that nothing has to be extracted again.
    raw_hash = models.CharField(max_length=64, blank=True, editable=False)
    etag = models.CharField(max_length=500, blank=True, editable=False)
    last_modified = models.CharField(max_length=100, blank=True, editable=False)
    checked_at = models.DateTimeField(_("last checked"), null=True, blank=True, editable=False)
    error = models.TextField(_("last error"), blank=True, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)

    class Meta:
        ordering = ["title", "id"]
        verbose_name = _("source")
        verbose_name_plural = _("sources")
        permissions = [("publish_source", "Can publish and retire sources")]
        constraints = [
            models.CheckConstraint(condition=models.Q(state__in=State.values), name="source_state"),
            models.CheckConstraint(condition=models.Q(kind__in=SourceKind.values), name="source_kind"),
            models.CheckConstraint(
                condition=models.Q(state=State.PUBLISHED, published_revision__isnull=False)
                | (~models.Q(state=State.PUBLISHED) & models.Q(published_revision__isnull=True)),
                name="source_published_has_revision",
            ),
            models.UniqueConstraint(fields=["path"], condition=~models.Q(path=""), name="source_path_once"),
        ]

    def __str__(self) -> str:
        return self.title


class SourceRevision(models.Model):
    """An immutable snapshot of the extracted text; a new one exists only when `content_hash` differs from the last."""

    source = models.ForeignKey(Source, models.CASCADE, related_name="revisions")
    number = models.PositiveIntegerField(_("number"))
    title = models.CharField(_("title"), max_length=300)
    text = models.TextField(_("extracted text"))
    blocks = models.JSONField(
        default=list, help_text="[{kind, start, end, path}] of the text, as retrieval.types.Block"
    )
    content_hash = models.CharField(max_length=64)
    media_type = models.CharField(max_length=100, blank=True)
    chunking_generation = models.PositiveSmallIntegerField(default=0)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        ordering = ["source_id", "-number"]
        verbose_name = _("source revision")
        verbose_name_plural = _("source revisions")
        constraints = [models.UniqueConstraint(fields=["source", "number"], name="revision_number_once")]

    def __str__(self) -> str:
        return f"{self.title} #{self.number}"


class Passage(models.Model):
    """`text == revision.text[start:end]`; `key` is `p<source>-<hash of path and text>-<occurrence>`."""

    revision = models.ForeignKey(SourceRevision, models.CASCADE, related_name="passages")
    ordinal = models.PositiveIntegerField()
    key = models.CharField(max_length=80, db_index=True)
    start = models.PositiveIntegerField()
    end = models.PositiveIntegerField()
    text = models.TextField(_("text"))
    heading_path = models.JSONField(_("headings"), default=list)
    content_hash = models.CharField(max_length=64)

    class Meta:
        ordering = ["revision_id", "ordinal"]
        verbose_name = _("passage")
        verbose_name_plural = _("passages")
        constraints = [
            models.UniqueConstraint(fields=["revision", "ordinal"], name="passage_ordinal_once"),
            models.UniqueConstraint(fields=["revision", "key"], name="passage_key_once"),
            models.CheckConstraint(condition=models.Q(end__gt=models.F("start")), name="passage_not_empty"),
        ]

    def __str__(self) -> str:
        return " › ".join([*self.heading_path, self.text[:60]])
