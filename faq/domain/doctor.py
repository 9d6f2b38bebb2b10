"""`manage.py doctor`: everything that can be looked at before readers notice it, each with what to do.

Invariants: it changes nothing; one look that goes wrong never keeps the others from being taken; nothing that is said holds a
secret. FAIL means that readers or editors are harmed now; WARN, that they will be, or that it is not as it should be.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.db import DatabaseError

from faq.errors import DomainError

log = logging.getLogger(__name__)


class State(StrEnum):
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line. `action`: what to do; empty only when all is well."""

    name: str
    state: State
    detail: str
    action: str = ""


Look = Callable[[], Iterator[Finding]]


def examine(*, integrity: bool = True, progress: Callable[[int, int], None] | None = None) -> Iterator[Finding]:
    """Each finding as soon as it is known. `integrity`: also compare the whole index with the database, which takes about a
    minute for 100,000 passages. `progress`: (looks taken, looks)."""
    from faq.domain import examinations  # what is asked for nothing else imports nothing

    looks: Sequence[tuple[str, Look]] = examinations.looks(integrity=integrity)
    for done, (name, look) in enumerate(looks):
        if progress:
            progress(done, len(looks))
        yield from _taken(name, look)
    if progress:
        progress(len(looks), len(looks))


def _taken(name: str, look: Look) -> Iterator[Finding]:
    try:
        yield from look()
    except (DomainError, DatabaseError, OSError) as error:
        yield Finding(
            name,
            State.FAIL,
            f"It could not be looked at: {type(error).__name__}.",
            "See to the lines above that failed first, then run this again.",
        )


def worst(found: Sequence[Finding]) -> State:
    """OK without any."""
    order = list(State)
    return max((each.state for each in found), key=order.index, default=State.OK)
