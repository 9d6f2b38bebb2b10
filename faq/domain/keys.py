"""Keys of the API: made, changed, revoked, and looked up.

Invariants: a secret is shown once, by the call that makes it, and stored as a digest only; a widget key without origins may
be used from nowhere, a server token without scopes changes nothing; a revoked key never comes back; a change holds at once in
every process that shares the portal's stamps (faq.cache), and within a minute in all; a token ends with its owner's account.
"""

import hashlib
import logging
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.contrib.auth import get_user_model
from django.core.cache import cache as shared
from django.db import DatabaseError, transaction
from django.db.models import Q
from django.utils import timezone

from faq import cache
from faq.domain import audit, origins
from faq.errors import Forbidden, Invalid, NotFound
from faq.models import ApiKey, Topic
from faq.queries import locales
from retrieval.text import normalise

log = logging.getLogger(__name__)
PUBLISHABLE, SECRET = "pk_", "sk_"
BYTES = 24
HINT_LENGTH = 9
MOST_ORIGINS = 50
MOST_A_MINUTE = 100_000
PERMISSIONS = {
    "sources:read": "faq.view_source",
    "sources:write": "faq.change_source",
    "sources:publish": "faq.publish_source",
    "questions:read": "faq.view_question",
    "questions:write": "faq.change_question",
    "questions:publish": "faq.publish_question",
    "translations:read": "faq.view_translationunit",
    "translations:write": "faq.change_translationunit",
    "translations:publish": "faq.publish_answerrevision",
    "jobs:read": "faq.view_job",
    "jobs:write": "faq.change_job",
}
SCOPES = tuple(PERMISSIONS)
"""What a server token may be allowed beside reading what is public, and what its owner must be allowed at the desk for it, when
it is made and whenever it is used. `publish` decides what readers see."""


@dataclass(frozen=True, slots=True)
class Access:
    """What a key allows, as a request is checked against it. `owner`: the id of the person who answers for it."""

    id: int
    kind: str
    origins: tuple[str, ...]
    locales: tuple[str, ...]
    topics: tuple[str, ...]
    scopes: frozenset[str]
    per_minute: int
    expires_at: datetime | None
    owner: int | None
    used_on: date | None

    @property
    def is_widget(self) -> bool:
        return self.kind == ApiKey.Kind.WIDGET

    def from_origin(self, origin: str) -> bool:
        """Whether pages of this origin may use the key."""
        return self.is_widget and origins.allowed(origin, self.origins)


# Looking up


def find(text: str) -> Access | None:
    """What a key allows; None for one that is unknown, revoked or past its time. No query while nothing has changed."""
    found = _active().get(_digest(text))
    if found is None or (found.expires_at is not None and found.expires_at <= timezone.now()):
        return None
    return found


def in_force(key: ApiKey) -> bool:
    """Whether the key opens anything now."""
    found = _active().get(key.digest)
    return found is not None and (found.expires_at is None or found.expires_at > timezone.now())


def origin_known(origin: str) -> bool:
    """Whether any widget key may be used from pages of this origin."""
    return any(key.from_origin(origin) for key in _active().values())


def _active() -> dict[str, Access]:
    """Digest -> access of every key that is not revoked and whose owner, where it has one, may still log in."""
    return cache.cached(cache.KEYS, "active", _read)


def _read() -> dict[str, Access]:
    rows = ApiKey.objects.filter(Q(owner__isnull=True) | Q(owner__is_active=True), revoked_at__isnull=True)
    # Without its owner nobody answers for what a token changes.
    rows = rows.exclude(kind=ApiKey.Kind.SERVER, owner__isnull=True)
    return {row.digest: _access(row) for row in rows}


def _access(row: ApiKey) -> Access:
    return Access(
        row.pk, row.kind, tuple(row.origins), tuple(row.locales), tuple(row.topics), frozenset(row.scopes),
        row.per_minute, row.expires_at, row.owner_id, row.used_on,
    )  # fmt: skip


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def note_use(key: Access) -> None:
    """Write down, once a day, that a key is in use: so that editors know which ones nobody would miss."""
    today = timezone.localdate()
    if key.used_on == today or not shared.add(f"polyfaq:key-used:{key.id}:{today}", 1, 86_400):
        return
    try:
        ApiKey.objects.filter(pk=key.id).update(used_on=today)
    except DatabaseError as error:  # a locked or full database must not refuse a reader
        log.warning("The use of key %s was not noted: %s", key.id, type(error).__name__)


# Making and changing


def create_widget_key(
    name: str,
    *,
    allowed_origins: Sequence[str],
    tags: Sequence[str] = (),
    topics: Sequence[str] = (),
    per_minute: int = 600,
    actor: audit.Actor = None,
) -> ApiKey:
    """A publishable key; `public` holds it. `tags`, `topics`: empty for all."""
    token = PUBLISHABLE + secrets.token_urlsafe(BYTES)
    key = ApiKey(kind=ApiKey.Kind.WIDGET, public=token)
    _fill(key, name, allowed_origins, tags, topics, per_minute)
    return _store(key, token, actor)


def create_server_token(
    name: str,
    *,
    scopes: Sequence[str],
    per_minute: int = 600,
    expires_at: datetime | None = None,
    actor: audit.Actor = None,
) -> tuple[ApiKey, str]:
    """A secret token and its row. The secret is in nobody's hands but the caller's: it cannot be shown again."""
    if audit.person(actor) is None:
        raise Invalid("A secret token needs an owner, who answers for what it changes.")
    if unknown := [scope for scope in scopes if scope not in SCOPES]:
        raise Invalid("There is no scope %(scope)s.", scope=repr(unknown[0][:40]))
    if beyond := [scope for scope in scopes if scope not in grantable(actor)]:
        raise Forbidden(
            "You cannot give a token the scope %(scope)s: your role does not allow it you.", scope=beyond[0]
        )
    if expires_at is not None and expires_at <= timezone.now():
        raise Invalid("This time is over already.")
    token = SECRET + secrets.token_urlsafe(BYTES)
    key = ApiKey(kind=ApiKey.Kind.SERVER, expires_at=expires_at, scopes=[s for s in SCOPES if s in scopes])
    _fill(key, name, (), (), (), per_minute)
    return _store(key, token, actor), token


def grantable(actor: audit.Actor) -> tuple[str, ...]:
    """The scopes that a person may give: what he may do himself."""
    return tuple(s for s, needed in PERMISSIONS.items() if actor is not None and actor.has_perm(needed))  # type: ignore[union-attr]


def owner_allowing(key: Access, scope: str) -> audit.Actor:
    """The person in whose name a token acts. Forbidden when the role of that person no longer allows it."""
    owner = get_user_model().objects.filter(pk=key.owner or 0, is_active=True).first()
    if owner is None or not owner.has_perm(PERMISSIONS[scope]):
        raise Forbidden("The owner of this token may no longer do this. Ask an administrator for another token.")
    return owner


def change_widget_key(
    key: ApiKey,
    *,
    name: str,
    allowed_origins: Sequence[str],
    tags: Sequence[str] = (),
    topics: Sequence[str] = (),
    per_minute: int = 600,
    actor: audit.Actor = None,
) -> ApiKey:
    """What a widget key allows from now on."""
    with transaction.atomic():
        row = _locked(key)
        if row.kind != ApiKey.Kind.WIDGET:
            raise Invalid("What a secret token allows cannot be changed. Make another one, then revoke this.")
        before = _told(row)
        _fill(row, name, allowed_origins, tags, topics, per_minute)
        if before != _told(row):
            row.save()
            audit.record(actor, "change", row, before, _told(row))
            cache.bump_on_commit(cache.KEYS)
    key.refresh_from_db()
    return key


def revoke_key(key: ApiKey, actor: audit.Actor = None) -> ApiKey:
    """Nobody gets in with it from now on; it cannot be undone. Nothing happens when it is revoked already."""
    with transaction.atomic():
        row = _locked(key)
        if row.revoked_at is None:
            row.revoked_at = timezone.now()
            row.save(update_fields=["revoked_at"])
            audit.record(actor, "revoke", row, {"hint": row.hint}, {})
            cache.bump_on_commit(cache.KEYS)
    key.refresh_from_db()
    return key


def _fill(
    key: ApiKey, name: str, allowed_origins: Sequence[str], tags: Sequence[str], topics: Sequence[str], per_minute: int
) -> None:
    key.name = normalise(name)[:80]
    if not key.name:
        raise Invalid("A key needs a name, so that you know later what it is for.")
    if not 1 <= per_minute <= MOST_A_MINUTE:
        raise Invalid("A key takes from 1 to %(most)s requests a minute.", most=MOST_A_MINUTE)
    if len(allowed_origins) > MOST_ORIGINS:
        raise Invalid("A key takes at most %(most)s origins.", most=MOST_ORIGINS)
    key.origins = list(dict.fromkeys(origins.normalised(each) for each in allowed_origins if each.strip()))
    key.locales = list(dict.fromkeys(locales.require(tag).tag for tag in tags))
    known = set(Topic.objects.filter(key__in=topics).values_list("key", flat=True))
    if missing := [topic for topic in topics if topic not in known]:
        raise Invalid("There is no topic %(topic)s.", topic=repr(missing[0][:60]))
    key.topics = list(dict.fromkeys(topics))
    key.per_minute = per_minute


def _store(key: ApiKey, token: str, actor: audit.Actor) -> ApiKey:
    key.digest, key.hint, key.owner = _digest(token), token[:HINT_LENGTH], audit.person(actor)
    with transaction.atomic():
        key.save(force_insert=True)
        audit.record(actor, "create", key, {}, {"hint": key.hint, **_told(key)})
        cache.bump_on_commit(cache.KEYS)
    return key


def _locked(key: ApiKey) -> ApiKey:
    row = ApiKey.objects.select_for_update(of=("self",)).filter(pk=key.pk).first()
    if row is None:
        raise NotFound("This key is gone.")
    return row


def _told(key: ApiKey) -> dict[str, object]:
    return {name: getattr(key, name) for name in ("name", "origins", "locales", "topics", "scopes", "per_minute")}
