"""Two-factor login: beside the password, a code that only the person's telephone knows (TOTP, RFC 6238).

Invariants: nothing is asked for at login before a code was given once, so that nobody locks themselves out; each code works
once; after a wrong one the next may be tried only after a pause that doubles (django-otp's throttling). Backup codes are
shown when they are made and never again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, User
from django.db import transaction
from django.utils import timezone
from django_otp import devices_for_user, match_token
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from faq.domain import audit
from faq.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable

BACKUP_CODES = 10
NAME = "desk"
TOKEN_LENGTH = 40


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether codes are asked for, since when, and how many backup codes are left."""

    is_on: bool
    since: datetime | None = None
    codes_left: int = 0


def standing(person: AbstractBaseUser) -> Standing:
    """Two queries."""
    device = TOTPDevice.objects.filter(user=person, confirmed=True).first()
    if device is None:
        return Standing(is_on=False)
    return Standing(True, device.created_at, StaticToken.objects.filter(device__user=person).count())


def is_on(person: AbstractBaseUser) -> bool:
    """Whether login asks this person for a code."""
    return bool(TOTPDevice.objects.filter(user=person, confirmed=True).exists())


def begin(person: User) -> TOTPDevice:
    """A new secret to be put into an authenticator; login does not ask for it before confirm(). Conflict when it is on."""
    with transaction.atomic():
        _alone(person)
        TOTPDevice.objects.filter(user=person, confirmed=False).delete()
        made: TOTPDevice = TOTPDevice.objects.create(user=person, name=NAME, confirmed=False)
    return made


def begun(person: User) -> TOTPDevice | None:
    """The secret that waits for its first code."""
    return TOTPDevice.objects.filter(user=person, confirmed=False).first()


def confirm(person: User, token: str) -> list[str]:
    """The first code turns it on; returns the backup codes. Invalid for a wrong code, NotFound before begin()."""
    with transaction.atomic():
        _alone(person)
        device = TOTPDevice.objects.select_for_update().filter(user=person, confirmed=False).first()
        if device is None:
            raise NotFound("There is no secret to confirm. Begin again.")
        if right := bool(device.verify_token(_clean(token))):
            device.confirmed = True
            device.throttle_reset(commit=False)
            device.save()
            codes = _new_codes(person)
            audit.record(person, "two-factor on", person)
    if not right:  # outside, so that the pause after a wrong code is kept
        raise _refused([device])
    return codes


def renew_codes(person: User, token: str) -> list[str]:
    """New backup codes in place of the old ones, for a right code."""
    verify(person, token)
    with transaction.atomic():
        audit.record(person, "two-factor codes", person)
        return _new_codes(person)


def turn_off(person: User, token: str = "", *, actor: audit.Actor = None) -> None:
    """Login asks no more. A person needs a code for it; who may change people does it for others without, and so does the
    program (actor None). NotFound when it is off already."""
    if actor is not None and actor.pk == person.pk:
        verify(person, token)
    elif actor is not None and not getattr(actor, "has_perm")("auth.change_user"):  # noqa: B009 - as in faq.domain.access
        raise Forbidden("Your role does not allow this. Ask an administrator for another role.")
    with transaction.atomic():
        if not TOTPDevice.objects.filter(user=person, confirmed=True).exists():
            raise NotFound("Two-factor login is off.")
        TOTPDevice.objects.filter(user=person).delete()
        StaticDevice.objects.filter(user=person).delete()
        audit.record(actor, "two-factor off", person)


def verify(person: AbstractBaseUser, token: str) -> None:
    """Use a code, of the authenticator or a backup one. Invalid for a wrong one, Unavailable while another is not allowed."""
    devices = list(devices_for_user(person))
    if not devices:
        raise NotFound("Two-factor login is off.")
    if any(_pause(device) for device in devices):
        raise _refused(devices)
    if match_token(person, _clean(token)) is None:
        raise _refused([])


def _clean(token: str) -> str:
    """As people type it: with spaces in between, backup codes in any case."""
    return "".join(token.split())[:TOKEN_LENGTH].lower()


def _refused(devices: Sequence[Any]) -> Invalid | Unavailable:
    seconds = max((_pause(device) for device in devices), default=0)
    if seconds > 1:
        return Unavailable("Too many wrong codes. Try again in %(seconds)s seconds.", seconds=seconds)
    return Invalid("This code is wrong or was used. Wait for the next one that your authenticator shows.")


def _pause(device: Any) -> int:
    """Seconds until the next code may be tried."""
    allowed, why = device.verify_is_allowed()
    return 0 if allowed else max(1, round((why["locked_until"] - timezone.now()).total_seconds()))


def _alone(person: User) -> None:
    User.objects.select_for_update().get(pk=person.pk)
    if is_on(person):
        raise Conflict("Two-factor login is on already.")


def _new_codes(person: User) -> list[str]:
    StaticDevice.objects.filter(user=person).delete()
    device = StaticDevice.objects.create(user=person, name=NAME, confirmed=True)
    codes = [StaticToken.random_token() for _ in range(BACKUP_CODES)]
    StaticToken.objects.bulk_create(StaticToken(device=device, token=code) for code in codes)
    return codes
