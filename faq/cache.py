"""Cached values by group; one bump forgets a whole group.

A group's version is part of each key, so that forgetting is one write and no key has to be known. With the in-process
cache a bump reaches only its own process; the short life of such values bounds how long another one may lag behind.
"""

from collections.abc import Callable
from typing import TypeVar
from uuid import uuid4

from django.conf import settings
from django.core.cache import cache

T = TypeVar("T")

LOCALES = "locales"
CONTENT = "content"
SHARED_SECONDS = 3600
LOCAL_SECONDS = 20
_MISSING = object()


def version(group: str) -> str:
    """What changes with each bump of the group; fit for ETags and fragment keys."""
    key = f"polyfaq:version:{group}"
    found = cache.get(key)
    if found is None:
        cache.add(key, uuid4().hex, None)
        found = cache.get(key, "0")
    return str(found)


def bump(*groups: str) -> None:
    """Forget every value of these groups."""
    for group in groups:
        cache.set(f"polyfaq:version:{group}", uuid4().hex, None)


def cached(group: str, name: str, build: Callable[[], T]) -> T:
    """The group's value of this name, built when it is not there."""
    key = f"polyfaq:{group}:{version(group)}:{name}"
    found = cache.get(key, _MISSING)
    if found is not _MISSING:
        return found  # type: ignore[no-any-return]
    value = build()
    cache.set(key, value, _seconds())
    return value


def _seconds() -> int:
    shared = "locmem" not in settings.CACHES["default"]["BACKEND"]
    return SHARED_SECONDS if shared else LOCAL_SECONDS
