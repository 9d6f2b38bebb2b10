"""People before the editors' desk: plain functions, as in tests.faq.factories."""

from typing import Any

from django.contrib.auth.models import Permission, User
from django.test import Client

EDITOR = [
    *(f"{verb}_{model}" for verb in ("view", "add", "change", "publish") for model in ("source", "question")),
    *(f"{verb}_answerrevision" for verb in ("view", "change", "publish")),
    *(f"{verb}_{model}" for verb in ("view", "change") for model in ("asked", "job", "translationunit")),
    "view_feedback",
    "view_auditentry",
]
"""What an editor may do; people and languages are the administrator's."""


def person(name: str = "anna", permissions: list[str] | None = None, **fields: Any) -> User:
    """Somebody who may log in to the desk, with these permissions of the app only."""
    user = User.objects.create_user(name, password="larkmouth", is_staff=True, **fields)
    wanted = EDITOR if permissions is None else permissions
    found = Permission.objects.filter(content_type__app_label="faq", codename__in=wanted)
    assert found.count() == len(wanted)
    user.user_permissions.set(found)
    return user


def signed_in(user: User, **options: Any) -> Client:
    """A browser in which this person is logged in; follow=… and the like are the caller's."""
    client = Client(**options)
    client.force_login(user)
    return client


def messages(response: Any) -> list[str]:
    """What the page after a redirect says."""
    return [str(message) for message in response.context["messages"]]
