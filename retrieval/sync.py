"""What to do so that the index holds what it should: pure, and therefore idempotent.

A fingerprint has two parts, `content.placement`: equal content means that tokens and vector stand, whatever moved.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from retrieval.fingerprint import fingerprint
from retrieval.types import IndexEntry

CONTENT_DIGITS = 32
PLACEMENT_DIGITS = 16


@dataclass(frozen=True, slots=True)
class SyncPlan:
    """Keys by what must happen to them, in the order of `expected` (removals: of `stored`)."""

    add: tuple[str, ...]
    change: tuple[str, ...]
    remove: tuple[str, ...]
    keep: tuple[str, ...]

    @property
    def empty(self) -> bool:
        return not (self.add or self.change or self.remove)


@dataclass(frozen=True, slots=True)
class SyncReport:
    """How many entries a sync touched. `embedded`: for how many of them a vector was made."""

    added: int
    changed: int
    removed: int
    unchanged: int
    embedded: int = 0


@dataclass(frozen=True, slots=True)
class IndexReport:
    """Keys that the index lacks, holds without reason, or holds in another version than expected.

    `unfinished`: generations whose build was cut off, not those that are being built now. `recipe_differs`: the whole
    index was made by another recipe.
    """

    missing: tuple[str, ...]
    orphaned: tuple[str, ...]
    differing: tuple[str, ...]
    unfinished: tuple[str, ...] = ()
    recipe_differs: bool = False

    @property
    def clean(self) -> bool:
        return not (self.missing or self.orphaned or self.differing or self.recipe_differs)


class IndexState(StrEnum):
    """OUTDATED: made by another recipe, so searched without vectors and closed for writes until it is rebuilt."""

    CURRENT = "current"
    OUTDATED = "outdated"
    MISSING = "missing"
    UNREADABLE = "unreadable"


def plan_sync(expected: Mapping[str, str], stored: Mapping[str, str]) -> SyncPlan:
    """Compare two mappings of key -> fingerprint."""
    return SyncPlan(
        add=tuple(key for key in expected if key not in stored),
        change=tuple(key for key, digest in expected.items() if key in stored and stored[key] != digest),
        remove=tuple(key for key in stored if key not in expected),
        keep=tuple(key for key, digest in expected.items() if stored.get(key) == digest),
    )


def entry_fingerprint(entry: IndexEntry, recipe: str) -> str:
    """The digest of all that decides what is stored for an entry."""
    content = fingerprint({"text": entry.text, "heading": entry.heading, "locale": entry.locale, "recipe": recipe})
    placement = fingerprint(
        {"topic": entry.topic, "source": entry.source, "kind": str(entry.kind), "family": entry.family}
    )
    return f"{content[:CONTENT_DIGITS]}.{placement[:PLACEMENT_DIGITS]}"


def same_content(one: str, other: str) -> bool:
    """Whether two fingerprints differ at most in placement, so that tokens and vector can be kept."""
    return one.partition(".")[0] == other.partition(".")[0]
