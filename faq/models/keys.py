"""Keys of the API. A key's text is stored only where it is no secret; a look-up goes by its digest."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class ApiKey(models.Model):
    """WIDGET: publishable, for pages of the origins named here and no others. SERVER: a secret with scopes, for programs.

    `digest`: SHA-256 of the whole key, which is random and long: a slow hash would protect nothing more. `public`: the
    key itself where it is publishable. Empty `locales` and `topics` mean all; empty `origins` and `scopes` mean none.
    """

    class Kind(models.TextChoices):
        WIDGET = "widget", _("publishable, for pages")
        SERVER = "server", _("secret, for programs")

    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    name = models.CharField(_("name"), max_length=80)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    hint = models.CharField(_("begins with"), max_length=16, editable=False)
    public = models.CharField(_("key"), max_length=80, blank=True, editable=False)
    origins = models.JSONField(_("origins"), default=list, blank=True)
    locales = models.JSONField(_("languages"), default=list, blank=True)
    topics = models.JSONField(_("topics"), default=list, blank=True)
    scopes = models.JSONField(_("scopes"), default=list, blank=True)
    per_minute = models.PositiveIntegerField(_("requests a minute"), default=600)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("owner")
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    expires_at = models.DateTimeField(_("valid until"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True, editable=False)
    used_on = models.DateField(_("last used"), null=True, blank=True, editable=False)

    class Meta:
        ordering = ["-created_at", "-id"]
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind="server", public="") | (models.Q(kind="widget") & ~models.Q(public="")),
                name="api_key_kind",
            ),
            models.CheckConstraint(condition=models.Q(per_minute__gt=0), name="api_key_rate"),
        ]

    def __str__(self) -> str:
        return self.name
