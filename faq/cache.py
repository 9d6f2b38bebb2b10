"""Values kept in memory by group, and the stamps that tell every process when a group has changed.

A group's stamp changes with each bump and is part of what identifies a kept value: one bump makes every process build
anew. Stamps live in Redis when there is one, else in files of POLYFAQ_HOME, one byte a change, so that the processes of
one machine agree without a service; reading one is a look at the file's size and time. While Redis is away nothing is kept and
no page told unchanged; when it is back, every group is taken to have changed.

Invariants: a value is kept under a stamp that was read before the data it is made of; nothing is kept while a change is
under way (from the first word of it until after its commit), so that what is kept is never older than its stamp.
A value lives KEPT_SECONDS at most: what changed the database behind the program's back shows then.
"""

import logging
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

from django.conf import settings
from django.core.cache import cache
from django.db import transaction

from faq import conf

log = logging.getLogger(__name__)
T = TypeVar("T")

LOCALES = "locales"
CONTENT = "content"
INDEX = "index"
KEYS = "keys"
GROUPS = (LOCALES, CONTENT, INDEX, KEYS)
KEPT_SECONDS = 60
KEPT_VALUES = 5000
CHANGING_SECONDS = 30
"""A change that began and was never heard of again is over by then, one way or the other."""
_SETTLED, _CHANGING = b".", b"~"


@dataclass(frozen=True, slots=True)
class Stamp:
    """`version`: another one after each change; fit for ETags. `settled`: no change is under way. `at`: seconds since the
    epoch of the last change."""

    version: str
    settled: bool
    at: float


def stamp(group: str) -> Stamp:
    """How the group stands now; within at_one_moment(), how it stood when first asked."""
    held = _moment.get()
    if held is None:
        return _read(group)
    found = held.get(group)
    if found is None:
        found = held[group] = _read(group)
    return found


def version(group: str) -> str:
    """What changes with each bump of the group."""
    return stamp(group).version


def bump(*groups: str) -> None:
    """Forget every value of these groups, in every process."""
    for group in groups:
        _write(group, _SETTLED)


def bump_on_commit(*groups: str) -> None:
    """bump() when the transaction under way commits; until then nothing new of these groups is kept."""
    if transaction.get_connection().in_atomic_block:
        for group in groups:
            _write(group, _CHANGING)
    transaction.on_commit(partial(bump, *groups))


@contextmanager
def changing(group: str) -> Iterator[None]:
    """Around a change that is no transaction of the database; whatever comes of it, the group is bumped after it."""
    _write(group, _CHANGING)
    try:
        yield
    finally:
        bump(group)


@contextmanager
def at_one_moment() -> Iterator[None]:
    """Inside, each group's stamp is read once: what one page is made of stands under one stamp."""
    token = _moment.set({})
    try:
        yield
    finally:
        _moment.reset(token)


def cached(group: str, name: str, build: Callable[[], T]) -> T:
    """The group's value of this name, built when it is not there. All callers share it: nobody may change it."""
    now, key = stamp(group), (group, name)
    found: T = _kept.get(key, now.version) if now.settled else MISSING
    if found is not MISSING:
        return found
    value = build()
    if now.settled:
        _kept.put(key, now.version, value)
    return value


def clear() -> None:
    """Forget everything, in every process."""
    _kept.clear()
    cache.clear()
    bump(*GROUPS)


class Kept:
    """Values with the stamp they are of, in the order of their use; safe between threads."""

    def __init__(self, most: int, seconds: float = KEPT_SECONDS) -> None:
        self._most, self._seconds = most, seconds
        self._lock = threading.Lock()
        self._held: OrderedDict[Any, tuple[str, float, Any]] = OrderedDict()

    def get(self, key: Any, version: str) -> Any:
        """The value; MISSING when there is none of this version, or it is too old."""
        with self._lock:
            held = self._held.get(key)
            if held is None or held[0] != version or held[1] < time.monotonic():
                return MISSING
            self._held.move_to_end(key)
            return held[2]

    def put(self, key: Any, version: str, value: Any) -> None:
        with self._lock:
            self._held[key] = (version, time.monotonic() + self._seconds, value)
            self._held.move_to_end(key)
            while len(self._held) > self._most:
                self._held.popitem(last=False)

    def clear(self) -> None:
        with self._lock:
            self._held.clear()


MISSING: Any = object()
_kept = Kept(KEPT_VALUES)
_moment: ContextVar[dict[str, Stamp] | None] = ContextVar("polyfaq_moment", default=None)


# Where stamps live


def _read(group: str) -> Stamp:
    return _read_shared(group) if _shared() else _read_file(group)


def _write(group: str, state: bytes) -> None:
    held = _moment.get()
    if held is not None:
        held.pop(group, None)
    if _shared():
        cache.set(_key(group), (uuid4().hex, state == _SETTLED, time.time()), None)
    else:
        _write_file(_path(group), state)


def _shared() -> bool:
    return "locmem" not in settings.CACHES["default"]["BACKEND"]


def _key(group: str) -> str:
    return f"polyfaq:stamp:{group}"


_told = 0
"""How many failures of the shared cache there had been when the stamps were last known to tell of every change."""


def _read_shared(group: str) -> Stamp:
    global _told
    failures = getattr(cache, "failures", 0)
    found = cache.get(_key(group))
    if failures != _told and getattr(cache, "failures", 0) == failures:
        # It was away and is back: what changed meanwhile was told to nobody. Whoever notices tells it for all.
        _told = failures
        bump(*GROUPS)
        found = cache.get(_key(group))
    if found is None:
        cache.add(_key(group), (uuid4().hex, True, time.time()), None)
        found = cache.get(_key(group)) or (uuid4().hex, False, time.time())
    version, settled, at = found
    return Stamp(version, settled or at + CHANGING_SECONDS < time.time(), at)


_seen: dict[str, tuple[tuple[int, int, int], bytes]] = {}
"""Path of a stamp -> what the system said of the file, and its last byte then."""


def _path(group: str) -> str:
    return f"{conf.get('HOME')}/stamps/{group}"


def _read_file(group: str) -> Stamp:
    path = _path(group)
    try:
        found = os.stat(path)  # noqa: PTH116 - several times a page
    except OSError:
        _write_file(path, _SETTLED)
        try:
            found = os.stat(path)  # noqa: PTH116
        except OSError:
            return Stamp(uuid4().hex, False, time.time())
    identity = (found.st_size, found.st_mtime_ns, found.st_ino)
    held = _seen.get(path)
    if held is None or held[0] != identity:
        held = _seen[path] = (identity, _last_byte(path, found.st_size))
    settled = held[1] != _CHANGING or found.st_mtime + CHANGING_SECONDS < time.time()
    # With the inode: a copy of POLYFAQ_HOME is another portal's.
    return Stamp(f"{found.st_size:x}-{found.st_mtime_ns:x}-{found.st_ino:x}", settled, found.st_mtime)


def _last_byte(path: str, size: int) -> bytes:
    """The byte that the size told of, whatever was added since; as under way when it cannot be read."""
    try:
        with Path(path).open("rb") as file:
            file.seek(max(0, size - 1))
            return file.read(1)
    except OSError:
        return _CHANGING


def _write_file(path: str, state: bytes) -> None:
    """Add a byte; where the disk is full, the time alone tells of the change."""
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120
        with open(path, "ab", buffering=0) as file:  # noqa: PTH123
            file.write(state)
    except OSError as error:
        try:
            os.utime(path)
        except OSError:
            log.error("The stamp %s cannot be written (%s): running servers may show what was before.", path, error)
