"""What narrows a person's permissions: the languages somebody translates into."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from faq.models.locale import Locale


class AssignedLocale(models.Model):
    """One language that a person translates into. Who has none may translate into every language, as the role says."""

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="assigned_locales", verbose_name=_("person")
    )
    locale = models.ForeignKey(Locale, models.CASCADE, related_name="+", verbose_name=_("language"))

    class Meta:
        ordering = ["locale__order", "locale_id"]
        verbose_name = _("assigned language")
        verbose_name_plural = _("assigned languages")
        constraints = [models.UniqueConstraint(fields=["person", "locale"], name="assigned_locale_once")]

    def __str__(self) -> str:
        return str(self.locale)
