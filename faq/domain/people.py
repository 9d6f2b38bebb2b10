"""The languages that a person translates into, set by who may change people."""

from collections.abc import Iterable

from django.contrib.auth.models import User
from django.db import transaction

from faq.domain import audit
from faq.errors import Forbidden
from faq.models import AssignedLocale
from faq.queries import locales


def assign_locales(person: User, tags: Iterable[str], actor: audit.Actor = None) -> None:
    """Let somebody translate into these languages and no others; without any, into every language again.

    Forbidden for who may not change people, Invalid for a language that the portal does not have.
    """
    if actor is not None and not getattr(actor, "has_perm")("auth.change_user"):  # noqa: B009 - as in faq.domain.access
        raise Forbidden("Your role does not allow this. Ask an administrator for another role.")
    wanted = {locales.require(tag).tag for tag in tags}
    with transaction.atomic():
        User.objects.select_for_update().get(pk=person.pk)
        rows = AssignedLocale.objects.filter(person=person)
        before = set(rows.order_by().values_list("locale_id", flat=True))
        if wanted == before:
            return
        rows.exclude(locale_id__in=wanted).delete()
        AssignedLocale.objects.bulk_create(
            AssignedLocale(person=person, locale_id=tag) for tag in sorted(wanted - before)
        )
        audit.record(actor, "assign", person, {"languages": sorted(before)}, {"languages": sorted(wanted)})
