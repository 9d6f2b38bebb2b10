"""The protocol of an index backend: dumb storage with three ranked look-ups. Fusion, glossing, embedding happen outside.

A backend holds generations: complete, separate builds of the index, one per recipe fingerprint or rebuild. Reads go to
the active generation; `activate` switches atomically for every process. Before any generation is active, look-ups find
nothing and writes without a generation are refused. All methods raise Unavailable when the engine is away, IndexCorrupt
when its data cannot be read, InvalidInput for entries they must refuse (naming their keys).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from retrieval.types import Filters, LaneHit, StoredEntry, Vector


@dataclass(frozen=True, slots=True)
class Generation:
    """`complete` is written last: a generation without it is a build that was cut off."""

    name: str
    recipe: str
    entries: int
    complete: bool
    active: bool
    calibration: Mapping[str, float]


class Backend(Protocol):
    remote: bool
    """Whether look-ups wait for another machine: several are then worth asking side by side."""

    def generations(self) -> list[Generation]:
        """Oldest first."""
        ...

    def create(self, name: str, recipe: str, dimensions: int) -> None:
        """An empty generation; nothing when it exists with the same recipe; InvalidInput when with another."""
        ...

    def complete(self, name: str, calibration: Mapping[str, float]) -> None:
        """Mark as whole; keep the calibration of the evidence score with it."""
        ...

    def activate(self, name: str) -> None:
        """All processes read `name` from their next call of generations() on, or at once. InvalidInput when it is not
        complete."""
        ...

    def drop(self, name: str) -> None:
        """Nothing when there is none of that name. InvalidInput for the active generation."""
        ...

    def building(self, seconds: float) -> AbstractContextManager[bool]:
        """Held by whoever builds generations, one at a time over all processes; free again when its holder dies.

        Gives whether it had to wait for another holder; Unavailable after `seconds` of waiting.
        """
        ...

    def compact(self) -> None:
        """Give back what only dropped generations needed. Look-ups and writes go on meanwhile."""
        ...

    def reset(self) -> None:
        """Set data that cannot be read aside and begin empty: the way out of IndexCorrupt, before a rebuild."""
        ...

    def upsert(self, entries: Iterable[StoredEntry], generation: str | None = None) -> int:
        """Insert or replace by key; returns how many. None: the active generation.

        Of entries that are refused, or cannot all be read, none is stored. An engine on several machines that fails in the
        middle may keep a part: the same call again completes it.
        """
        ...

    def remove(self, keys: Sequence[str], generation: str | None = None) -> int:
        """Returns how many existed."""
        ...

    def fetch(self, keys: Sequence[str], generation: str | None = None) -> list[StoredEntry]:
        """The stored entries of those keys that exist. Token strings come back as the same tokens, in any order."""
        ...

    def fingerprints(self, generation: str | None = None, families: Sequence[str] = ()) -> Iterator[tuple[str, str]]:
        """(key, fingerprint) of every stored entry, or of those families."""
        ...

    def lexical(self, tokens: Mapping[str, float], filters: Filters, limit: int) -> list[LaneHit]:
        """BM25 over `lexical` tokens; token -> weight (weights may be approximated). Empty tokens: no hits."""
        ...

    def gloss(self, tokens: Mapping[str, float], filters: Filters, limit: int) -> list[LaneHit]:
        """BM25 over `gloss` tokens, weighted."""
        ...

    def vector(self, vector: Vector, filters: Filters, limit: int) -> list[LaneHit]:
        """Cosine similarity, best first; entries without a vector, or with one of zeros, are never found."""
        ...

    def frequencies(self, field: str, tokens: Sequence[str], locales: Sequence[str] = ()) -> tuple[int, dict[str, int]]:
        """(entries in the active generation, token -> how many hold it) for field `lexical` or `gloss`.

        With `locales`: counted over the entries in them. A token that none holds counts 0.
        """
        ...

    def vocabulary(self, field: str) -> Iterator[str]:
        """Every token of a field (for names across scripts and spelling), each once.

        Those of entries that are gone may be among them until compact(); frequencies() counts them 0.
        """
        ...

    def close(self) -> None: ...
