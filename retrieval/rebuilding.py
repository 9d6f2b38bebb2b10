"""Builds of the index: the first generation, and new ones beside the one in use.

Invariants: one builder at a time over all processes, so that nobody clears away a build that still runs; a generation is
switched to only when it holds what it should; what was published while it was built is in it before the builder ends,
and searches find the old generation or the new one, never less.
"""

import contextlib
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from retrieval.backends.base import Backend, Generation
from retrieval.sync import IndexState, SyncPlan, plan_sync
from retrieval.types import IndexCorrupt, IndexEntry, InvalidInput, RetrievalError, Unavailable

logger = logging.getLogger(__name__)

BATCH = 256
PASSES = 3
"""How often a new generation is compared with what is expected now; more would only chase an editor who never rests."""
FIRST_SECONDS = 10.0
"""How long a write waits for another process that makes the very first generation."""
BUILD_SECONDS = 3600.0
"""How long a rebuild waits for another one."""

Expected = Iterable[IndexEntry] | Callable[[], Iterable[IndexEntry]]
Asking = Callable[[], Mapping[str, IndexEntry]]
Progress = Callable[[int, int], None]
"""Told (done, total)."""


@dataclass(frozen=True, slots=True)
class Builder:
    """Makes generations of one recipe. `upsert` stores entries in a generation, `fingerprint` tells what is stored."""

    backend: Backend
    recipe: str
    dimensions: int
    calibration: Mapping[str, float]
    upsert: Callable[[list[IndexEntry], str], int]
    fingerprint: Callable[[IndexEntry], str]

    def begin(self) -> None:
        """The very first generation, empty and in use; nothing when there is one in use."""
        with self.backend.building(FIRST_SECONDS):
            if self._cleared() is None:
                self._switch(self._created())

    def rebuild(self, expected: Expected, progress: Progress | None) -> str:
        """A new generation, filled, compared, switched to; returns its name. The one before it is kept, older ones go.

        Waits for a rebuild of another process. When that was of the same recipe, only what has changed since is done.
        """
        ask = _asking(expected)
        before = _in_use(self.backend)
        with self.backend.building(BUILD_SECONDS) as waited:
            previous = self._cleared()
            if waited and previous is not None and previous.name != before and previous.recipe == self.recipe:
                logger.info(
                    "Another process has rebuilt the index meanwhile; what changed since is brought up to date."
                )
                self._settle(previous.name, ask)
                return previous.name
            name = self._built(ask, progress)
            self._settle(name, ask)
            for generation in self.backend.generations():
                if generation.name not in {name, previous.name if previous else None}:
                    self.backend.drop(generation.name)
            self.backend.compact()
            return name

    def _built(self, ask: Asking, progress: Progress | None) -> str:
        name = self._created()
        try:
            self._fill(name, ask(), progress)
            latest = ask()  # with what was published meanwhile
            self._fill(name, latest, None)
            if not self._plan(name, latest).empty:
                raise Unavailable("The new index does not hold what it should; the one in use stays. Rebuild it again.")
            self._switch(name)
        except BaseException:
            with contextlib.suppress(RetrievalError):
                self.backend.drop(name)
            raise
        return name

    def _created(self) -> str:
        name = f"g{time.time_ns()}"
        self.backend.create(name, self.recipe, self.dimensions)
        return name

    def _switch(self, name: str) -> None:
        self.backend.complete(name, self.calibration)
        self.backend.activate(name)

    def _settle(self, name: str, ask: Asking) -> None:
        """Catch up with what was published between the last comparison and the switch."""
        for _ in range(PASSES):
            if self._fill(name, ask(), None).empty:
                return

    def _fill(self, name: str, entries: Mapping[str, IndexEntry], progress: Progress | None) -> SyncPlan:
        """Make a generation hold exactly these entries; returns what that took."""
        plan = self._plan(name, entries)
        todo = [entries[key] for key in (*plan.add, *plan.change)]
        for start in range(0, len(todo), BATCH):
            self.upsert(todo[start : start + BATCH], name)
            if progress:
                progress(min(start + BATCH, len(todo)), len(todo))
        if plan.remove:
            self.backend.remove(plan.remove, name)
        return plan

    def _plan(self, name: str, entries: Mapping[str, IndexEntry]) -> SyncPlan:
        expected = {key: self.fingerprint(entry) for key, entry in entries.items()}
        return plan_sync(expected, dict(self.backend.fingerprints(name)))

    def _cleared(self) -> Generation | None:
        """Clear away what cannot be used; returns the generation in use. Only while nobody else can be building."""
        try:
            generations = self.backend.generations()
        except IndexCorrupt:
            logger.warning("The index cannot be read; it is set aside and made anew.")
            self.backend.reset()
            generations = self.backend.generations()
        for generation in generations:
            if not generation.complete:
                logger.warning("Index generation %s was never finished and is dropped.", generation.name)
                self.backend.drop(generation.name)
        return active_of(generations)


def state_of(backend: Backend, recipe: str) -> IndexState:
    """How the index stands to a recipe. Raises Unavailable when the backend is away."""
    try:
        active = active_of(backend.generations())
    except IndexCorrupt:
        return IndexState.UNREADABLE
    if active is None:
        return IndexState.MISSING
    return IndexState.CURRENT if active.recipe == recipe else IndexState.OUTDATED


def is_building(backend: Backend) -> bool:
    """Whether some process builds a generation at this moment."""
    try:
        with backend.building(0):
            return False
    except Unavailable:
        return True


def active_of(generations: Iterable[Generation]) -> Generation | None:
    return next((generation for generation in generations if generation.active), None)


def by_key(entries: Iterable[IndexEntry]) -> dict[str, IndexEntry]:
    """InvalidInput when two have the same key."""
    found: dict[str, IndexEntry] = {}
    for entry in entries:
        if entry.key in found:
            raise InvalidInput(f"Two entries to be indexed have the key {entry.key}.")
        found[entry.key] = entry
    return found


def _asking(expected: Expected) -> Asking:
    """What gives the entries expected at the moment of asking; of an iterable always the same, read once."""
    if callable(expected):
        return lambda: by_key(expected())
    entries = by_key(expected)
    return lambda: entries


def _in_use(backend: Backend) -> str:
    try:
        active = active_of(backend.generations())
    except IndexCorrupt:
        return ""
    return active.name if active else ""
