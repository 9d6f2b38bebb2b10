"""Changing the portal's languages."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from faq import signals
from faq.domain import access, audit, versions
from faq.errors import Conflict, Invalid, NotFound
from faq.models import Locale
from faq.queries import locales

CHANGEABLE = {"name", "autonym", "direction", "fallback_id", "enabled", "policy", "order"}


@access.needs("change_locale")
def change_locale(tag: str, *, actor: audit.Actor = None, expected: str | None = None, **changes: Any) -> Locale:
    """Change fields of a language. The default stays enabled; a fallback never leads in a circle. `expected`: versions.of() when
    the person looked; Conflict when somebody changed it since."""
    if unknown := changes.keys() - CHANGEABLE:
        raise Invalid("A language has no %(names)s.", names=", ".join(sorted(unknown)))
    with transaction.atomic():
        locale = _locked(tag)
        versions.check(locale, expected)
        before = {name: getattr(locale, name) for name in changes}
        check_change(locale, changes)
        for name, value in changes.items():
            setattr(locale, name, value)
        locale.save()
        audit.record(actor, "change", locale, before, changes)
        signals.locale_changed.send(sender=Locale, tag=tag)
    return locale


def check_change(locale: Locale, changes: Mapping[str, Any]) -> None:
    """Invalid for what change_locale() would refuse, so that a form can say it first."""
    if locale.is_default and changes.get("enabled") is False:
        raise Invalid("%(locale)s is the default language. Make another one the default first.", locale=locale.tag)
    if changes.get("fallback_id"):
        _refuse_circle(locale.tag, changes["fallback_id"])


def is_tag(tag: str) -> bool:
    """Whether it has the form of a language tag in lower case."""
    return len(tag) <= 35 and bool(locales.WELL_FORMED.match(tag))


@access.needs("add_locale")
def add_locale(locale: Locale, actor: audit.Actor = None) -> Locale:
    """A language more; Invalid for a tag that is none, Conflict for one that is there."""
    locale.tag = locale.tag.strip().replace("_", "-").lower()
    if not is_tag(locale.tag):
        raise Invalid(
            "%(locale)s is not a language tag. Write it as in de, pt-br or zh-hans.", locale=repr(locale.tag[:35])
        )
    with transaction.atomic():
        if Locale.objects.filter(pk=locale.tag).exists():
            raise Conflict("%(locale)s is here already.", locale=locale.tag)
        locale.save(force_insert=True)
        audit.record(actor, "add", locale, {}, {"name": locale.name, "policy": locale.policy})
        signals.locale_changed.send(sender=Locale, tag=locale.tag)
    return locale


@access.needs("change_locale")
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
    locale = Locale.objects.select_for_update(of=("self",)).filter(pk=tag).first()
    if locale is None:
        known = ", ".join(Locale.objects.values_list("tag", flat=True))
        raise NotFound(
            "There is no language %(locale)s. Known languages: %(known)s.", locale=repr(tag[:35]), known=known
        )
    return locale


def _refuse_circle(tag: str, fallback: str) -> None:
    chain = dict(Locale.objects.values_list("tag", "fallback_id"))
    seen: str | None = fallback
    while seen:
        if seen == tag:
            raise Invalid(
                "%(locale)s cannot fall back to %(fallback)s: that leads back to %(locale)s.",
                locale=tag,
                fallback=fallback,
            )
        seen = chain.get(seen)
