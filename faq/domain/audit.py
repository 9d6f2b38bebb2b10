"""The one way to write the audit log: inside the transaction of what it tells about."""

from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.db.models import Model

from faq.models import AuditEntry

Actor = AbstractBaseUser | AnonymousUser | None


def person(actor: Actor) -> Any:
    """The actor as a foreign key takes it: a stored person or None."""
    return actor if actor is not None and actor.is_authenticated else None


def record(
    actor: Actor, verb: str, target: Model, before: dict[str, Any] | None = None, after: dict[str, Any] | None = None
) -> AuditEntry:
    """Who did what to which object; `before` and `after` are small and JSON."""
    return AuditEntry.objects.create(
        actor=person(actor),
        verb=verb,
        object_type=target._meta.model_name or "",
        object_id=str(target.pk),
        before=before or {},
        after=after or {},
    )
