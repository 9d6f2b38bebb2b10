"""Languages of the portal. `tag` is Django's lower-case form of a BCP 47 tag (`de`, `zh-hans`)."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from faq.enums import TranslationPolicy


class Locale(models.Model):
    tag = models.CharField(
        _("tag"), max_length=35, primary_key=True, help_text=_("BCP 47, lower case: de, pt-br, zh-hans")
    )
    name = models.CharField(_("name"), max_length=80)
    autonym = models.CharField(_("name in the language itself"), max_length=80)
    direction = models.CharField(_("direction"), max_length=3, choices=[("ltr", "ltr"), ("rtl", "rtl")], default="ltr")
    fallback = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("falls back to")
    )
    enabled = models.BooleanField(_("enabled"), default=True)
    is_default = models.BooleanField(_("default"), default=False)
    policy = models.CharField(
        _("machine translation"), max_length=10, choices=TranslationPolicy, default=TranslationPolicy.PUBLISH
    )
    order = models.PositiveSmallIntegerField(_("order"), default=0)

    class Meta:
        ordering = ["order", "tag"]
        verbose_name = _("language")
        verbose_name_plural = _("languages")
        constraints = [
            models.UniqueConstraint(
                fields=["is_default"], condition=models.Q(is_default=True), name="locale_one_default"
            ),
            models.CheckConstraint(
                condition=~models.Q(is_default=True) | models.Q(enabled=True), name="locale_default_enabled"
            ),
            models.CheckConstraint(condition=models.Q(direction__in=["ltr", "rtl"]), name="locale_direction"),
            models.CheckConstraint(condition=models.Q(policy__in=TranslationPolicy.values), name="locale_policy"),
        ]

    def __str__(self) -> str:
        return self.autonym or self.tag
