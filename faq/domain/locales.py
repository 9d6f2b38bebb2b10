"""Changing the portal's languages."""

from typing import Any

from django.db import transaction

from faq import signals
from faq.domain import audit
from faq.errors import Invalid, NotFound
from faq.models import Locale

CHANGEABLE = {"name", "autonym", "direction", "fallback_id", "enabled", "policy", "order"}


def change_locale(tag: str, *, actor: audit.Actor = None, **changes: Any) -> Locale:
    """Change fields of a language. The default stays enabled; a fallback never leads in a circle."""
    if unknown := changes.keys() - CHANGEABLE:
        raise Invalid(f"A language has no {', '.join(sorted(unknown))}.")
    with transaction.atomic():
        locale = _locked(tag)
        before = {name: getattr(locale, name) for name in changes}
        if locale.is_default and changes.get("enabled") is False:
            raise Invalid(f"{locale.tag} is the default language. Make another one the default first.")
        if changes.get("fallback_id"):
            _refuse_circle(tag, changes["fallback_id"])
        for name, value in changes.items():
            setattr(locale, name, value)
        locale.save()
        audit.record(actor, "change", locale, before, changes)
        signals.locale_changed.send(sender=Locale, tag=tag)
    return locale


def make_default(tag: str, *, actor: audit.Actor = None) -> Locale:
    """The language that visitors get when theirs is not there."""
    with transaction.atomic():
        locale = _locked(tag)
        Locale.objects.filter(is_default=True).exclude(pk=tag).update(is_default=False)
        locale.is_default = locale.enabled = True
        locale.save()
        audit.record(actor, "make default", locale)
        signals.locale_changed.send(sender=Locale, tag=tag)
    return locale


def _locked(tag: str) -> Locale:
    locale = Locale.objects.select_for_update().filter(pk=tag).first()
    if locale is None:
        known = ", ".join(Locale.objects.values_list("tag", flat=True))
        raise NotFound(f"There is no language {tag[:35]!r}. Known languages: {known}.")
    return locale


def _refuse_circle(tag: str, fallback: str) -> None:
    chain = dict(Locale.objects.values_list("tag", "fallback_id"))
    seen: str | None = fallback
    while seen:
        if seen == tag:
            raise Invalid(f"{tag} cannot fall back to {fallback}: that leads back to {tag}.")
        seen = chain.get(seen)
