"""Who may do what: asked inside the domain's functions, so that no surface can forget to.

Nobody (None) is the program itself: jobs, commands, and what follows from something a person was allowed to do. A person
needs the permissions that a function names with `needs`. Invariant: they are asked for once, by the outermost of the domain's
functions; what that one calls to do its work is not asked about again (approving a translation adds a wording to its
question, and takes no permission to change questions).

Of what changes a translation, the language is asked about too: who has languages assigned changes those and no others.
"""

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from typing import Any, ParamSpec, TypeVar

from faq.domain.audit import Actor
from faq.errors import Forbidden
from faq.models import AssignedLocale
from faq.queries import locales

P = ParamSpec("P")
R = TypeVar("R")
Permissions = tuple[str, ...]
_allowed: ContextVar[bool] = ContextVar("allowed", default=False)


def may(actor: Actor, *permissions: str) -> bool:
    """Whether somebody has all of these permissions of the app, as in `publish_question`; of `add_question|change_question`
    one is enough."""
    if actor is None:
        return True
    has: Callable[[str], bool] = getattr(actor, "has_perm")  # noqa: B009 - the base class of people has none
    return all(any(has(f"faq.{one}") for one in name.split("|")) for name in permissions)


def require(actor: Actor, *permissions: str) -> None:
    """Forbidden, with nothing changed, for who lacks one of them."""
    if not may(actor, *permissions):
        raise Forbidden("Your role does not allow this. Ask an administrator for another role.")


def assigned(actor: Actor) -> frozenset[str] | None:
    """The languages that somebody may translate into, as far as the role lets them; None for all of them."""
    if actor is None or getattr(actor, "is_superuser", False):
        return None
    rows = AssignedLocale.objects.filter(person_id=actor.pk).order_by()
    return frozenset(rows.values_list("locale_id", flat=True)) or None


def translates(actor: Actor, tag: str) -> bool:
    """Whether a language is among those that somebody may translate into."""
    allowed = assigned(actor)
    return allowed is None or tag in allowed


def require_locales(actor: Actor, wanted: Iterable[str]) -> None:
    """Forbidden for a language that is not assigned to somebody who has assigned ones."""
    allowed = assigned(actor)
    if allowed is not None and (beyond := sorted(set(wanted) - allowed)):
        names = {locale.tag: locale.autonym for locale in locales.all_locales()}
        raise Forbidden(
            "You translate into %(yours)s, not into %(other)s. Ask an administrator for that language.",
            yours=", ".join(names.get(tag, tag) for tag in sorted(allowed)),
            other=", ".join(names.get(tag, tag) for tag in beyond),
        )


def locale(given: Mapping[str, Any]) -> list[str]:
    """For `into`: the argument `locale`."""
    return [locales.require(given["locale"]).tag]


def needs(
    *permissions: str,
    also: Callable[[Mapping[str, Any]], Permissions] | None = None,
    into: Callable[[Mapping[str, Any]], Iterable[str]] | None = None,
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Ask for these permissions of the argument `actor` before a function of the domain begins. `also`: what further ones
    its arguments ask for, by their names; `into`: the languages of the translations that it changes, by the same."""

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        signature = inspect.signature(function)

        @functools.wraps(function)
        def allowed(*args: P.args, **kwargs: P.kwargs) -> R:
            if _allowed.get():
                return function(*args, **kwargs)
            given = signature.bind(*args, **kwargs)
            given.apply_defaults()
            actor = given.arguments["actor"]
            if actor is not None:
                require(actor, *permissions, *(also(given.arguments) if also else ()))
                if into is not None:
                    require_locales(actor, into(given.arguments))
            token = _allowed.set(True)
            try:
                return function(*args, **kwargs)
            finally:
                _allowed.reset(token)

        return allowed

    return decorate
