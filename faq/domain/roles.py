"""Roles of the desk: groups of Django's with permissions, so that one can be changed, and others be made, as everywhere.

Invariant: a group that is there is left as it is: its administrator's changes outlive every upgrade. What a role allows is
enforced by the domain's functions (faq.domain.access), whatever surface they are called from.
"""

from collections.abc import Mapping

from django.contrib.auth.models import Group, Permission

from faq.enums import Role

_SEEN = tuple(
    f"view_{model}"
    for model in (
        "source", "question", "answerrevision", "translationunit", "glossaryterm", "topic", "locale", "asked", "feedback",
        "job", "auditentry",
    )
)  # fmt: skip
_TRANSLATED = ("change_answerrevision", "publish_answerrevision", "change_translationunit")
_EDITED = (
    "add_source", "change_source", "add_question", "change_question", "change_answerrevision", "change_translationunit",
    "change_asked", "change_job", "add_topic", "change_topic", "add_glossaryterm", "change_glossaryterm",
    "delete_glossaryterm",
)  # fmt: skip
_PUBLISHED = ("publish_source", "publish_question", "publish_answerrevision", "delete_topic")
PERMISSIONS: Mapping[Role, frozenset[str]] = {
    Role.VIEWER: frozenset(_SEEN),
    Role.TRANSLATOR: frozenset((*_SEEN, *_TRANSLATED)),
    Role.EDITOR: frozenset((*_SEEN, *_EDITED)),
    Role.PUBLISHER: frozenset((*_SEEN, *_EDITED, *_PUBLISHED)),
}
"""A viewer looks; a translator translates and approves; an editor writes, and publishes nothing; a publisher does all of
it. Languages, people and keys are the administrator's."""


def ensure() -> list[str]:
    """Make the groups that are missing; returns their names. Called after each migration."""
    known = set(Group.objects.filter(name__in=list(Role)).values_list("name", flat=True))
    missing = [role for role in Role if role.value not in known]
    for role in missing:
        group = Group.objects.create(name=role.value)
        group.permissions.set(Permission.objects.filter(content_type__app_label="faq", codename__in=PERMISSIONS[role]))
    return [role.value for role in missing]
