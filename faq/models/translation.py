"""The translation memory and the glossary.

A TranslationUnit is one segment in two locales. `source_hash` is retrieval-independent: translation.memory.unit_hash(text).
A unit of human origin is never overwritten by a machine.
"""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from faq.enums import Origin, TermKind


class TranslationUnit(models.Model):
    source_locale = models.ForeignKey("faq.Locale", models.CASCADE, related_name="+", verbose_name=_("from"))
    target_locale = models.ForeignKey("faq.Locale", models.CASCADE, related_name="+", verbose_name=_("into"))
    source_hash = models.CharField(max_length=64)
    context_hash = models.CharField(
        max_length=64, blank=True, default="", help_text="Hash of the segment before; empty: any context"
    )
    source_text = models.TextField(_("original"))
    target_text = models.TextField(_("translation"))
    origin = models.CharField(_("origin"), max_length=10, choices=Origin, default=Origin.MACHINE)
    verdict = models.CharField(
        _("verdict"), max_length=40, blank=True, help_text=_("empty: passed; else the check it failed; never shown")
    )
    engine = models.CharField(_("engine"), max_length=100, blank=True)
    approved = models.BooleanField(_("approved"), default=False)
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)

    class Meta:
        ordering = ["-updated_at", "-id"]
        verbose_name = _("translation unit")
        verbose_name_plural = _("translation memory")
        constraints = [
            models.UniqueConstraint(
                fields=["source_locale", "target_locale", "source_hash", "context_hash"], name="unit_once"
            ),
            models.CheckConstraint(condition=models.Q(origin__in=[Origin.HUMAN, Origin.MACHINE]), name="unit_origin"),
        ]
        indexes = [models.Index(fields=["target_locale", "source_hash"], name="unit_lookup")]

    def __str__(self) -> str:
        return f"{self.source_text[:40]} → {self.target_text[:40]}"


class GlossaryTerm(models.Model):
    """`target_locale` empty (only for KEEP): in every locale."""

    source_locale = models.ForeignKey("faq.Locale", models.CASCADE, related_name="+", verbose_name=_("from"))
    target_locale = models.ForeignKey(
        "faq.Locale", models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("into")
    )
    term = models.CharField(_("term"), max_length=200)
    translation = models.CharField(_("translation"), max_length=200, blank=True)
    kind = models.CharField(_("kind"), max_length=10, choices=TermKind, default=TermKind.PREFERRED)
    case_sensitive = models.BooleanField(_("case matters"), default=False)
    note = models.CharField(_("note"), max_length=300, blank=True)

    class Meta:
        ordering = ["term"]
        verbose_name = _("glossary term")
        verbose_name_plural = _("glossary")
        constraints = [
            models.UniqueConstraint(
                fields=["source_locale", "target_locale", "term", "kind", "translation"], name="term_once"
            ),
            models.CheckConstraint(
                condition=models.Q(kind=TermKind.KEEP, translation="")
                | (~models.Q(kind=TermKind.KEEP) & models.Q(target_locale__isnull=False) & ~models.Q(translation="")),
                name="term_complete",
            ),
        ]

    def __str__(self) -> str:
        return self.term
