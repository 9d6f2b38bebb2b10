"""Deadlocks: of transactions that wait for each other's rows PostgreSQL ends one. People did nothing wrong, so it is done again.

Only for a function that is one transaction from end to end, so that nothing of the first try is left.
"""

import functools
import logging
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from django.db import OperationalError, connection

log = logging.getLogger(__name__)
P = ParamSpec("P")
R = TypeVar("R")

TRIES = 3
CHOSEN = frozenset({"40P01", "40001"})
"""SQLSTATE of a transaction that was ended so that others could go on."""


def again_after_deadlock(function: Callable[P, R]) -> Callable[P, R]:
    """Call it again, up to TRIES times in all, when a deadlock ended it. Inside a transaction the outermost has to."""

    @functools.wraps(function)
    def repeated(*args: P.args, **kwargs: P.kwargs) -> R:
        for _ in range(TRIES - 1):
            try:
                return function(*args, **kwargs)
            except OperationalError as error:
                if connection.in_atomic_block or getattr(error.__cause__, "sqlstate", "") not in CHOSEN:
                    raise
                log.warning("%s was ended by a deadlock; it is done again", function.__name__)
        return function(*args, **kwargs)

    return repeated
