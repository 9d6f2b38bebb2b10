"""Names of everything that one portal keeps on a Weaviate server, and of nothing else there: pure.

Several portals share a server by different prefixes. An object's id follows from its name alone, so that storing it
again replaces it.
"""

import re
from typing import ClassVar
from uuid import UUID, uuid5

from retrieval.types import InvalidInput

GENERATION = re.compile(r"[A-Za-z0-9]{1,100}")


class Names:
    SPACE: ClassVar[UUID] = UUID("6f2f2b0e-2c0f-5d64-9a51-6b6d0b0a7d11")
    """Of all ids that Polyfaq makes from names."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self.active = f"{prefix}_Active"
        self.registry = f"{prefix}_Generations"
        self.words = f"{prefix}_Words"
        self._entries = f"{prefix}_Entries_"
        self._lease = f"{prefix}_Lease_"

    def entries(self, generation: str) -> str:
        """The collection of a generation. InvalidInput for a name that cannot be part of one."""
        if not GENERATION.fullmatch(generation):
            raise InvalidInput(f"{generation!r} is no name of a generation: it takes letters and digits.")
        return f"{self._entries}{generation}"

    def generation(self, collection: str) -> str | None:
        """The generation that a collection holds; None for another collection."""
        return collection.removeprefix(self._entries) if collection.startswith(self._entries) else None

    def lease(self, number: int) -> str:
        return f"{self._lease}{number:09}"

    def lease_number(self, alias: str) -> int | None:
        tail = alias.removeprefix(self._lease)
        return int(tail) if alias.startswith(self._lease) and tail.isdigit() else None

    def ours(self, name: str) -> bool:
        """Whether a collection or an alias is this portal's."""
        return name in {self.active, self.registry, self.words} or name.startswith((self._entries, self._lease))

    def record_id(self, generation: str) -> str:
        return str(uuid5(self.SPACE, f"generation {generation}"))

    @classmethod
    def entry_id(cls, key: str) -> str:
        """Within a generation's collection a key names one entry."""
        return str(uuid5(cls.SPACE, key))
