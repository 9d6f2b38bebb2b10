"""What a process knows of the active generation: how many entries hold a word, how many there are, how long they are.

From the last census, and for words that it found to be rare from the server itself, asked when they are first needed.
That a word is in some entries holds for KEEP_SECONDS; that it is in none only until something is written.
"""

import threading
import time
from collections.abc import Mapping, Sequence

from retrieval.backends.weaviate_census import ALL
from retrieval.backends.weaviate_fields import property_name
from retrieval.backends.weaviate_generations import Record
from retrieval.backends.weaviate_wire import Reader, Where
from retrieval.backends.weaviate_words import Words

KEEP_SECONDS = 300.0
SHARED = "gloss"
"""The field whose tokens all locales have in common."""
MOST = 100_000
"""Counts remembered; then begun anew."""

Key = tuple[str, str, tuple[str, ...]]
"""Field, token, locales."""


class Statistics:
    """Of one generation, which `collection` holds. Safe between threads."""

    def __init__(self, reader: Reader, words: Words, collection: str, record: Record) -> None:
        self.record = record
        self.seen = time.monotonic()
        self._reader = reader
        self._words = words
        self.collection = collection
        self._lock = threading.Lock()
        self._frequent: dict[str, dict[str, dict[str, int]]] = {}
        self._counts: dict[Key, tuple[int, float]] = {}
        self._properties: frozenset[str] | None = None

    def refreshed(self, record: Record) -> "Statistics":
        """What of this still holds, given what the registry says now of the same generation."""
        self.seen = time.monotonic()
        if record.marker == self.record.marker:
            return self
        made = Statistics(self._reader, self._words, self.collection, record)
        oldest = time.monotonic() - KEEP_SECONDS
        with self._lock:
            made._counts = {key: held for key, held in self._counts.items() if held[0] and held[1] > oldest}
            if record.measures.edition == self.record.measures.edition:
                made._frequent = dict(self._frequent)
        return made

    def properties(self, field: str, locales: Sequence[str], seconds: float) -> tuple[str, ...]:
        """Those that hold the field's tokens, of these locales; of all when there are none."""
        if self._properties is None:
            self._properties = self._reader.property_names(self.collection, seconds)
        if not locales:
            return tuple(sorted(name for name in self._properties if name.startswith(f"{field}_")))
        return tuple(name for locale in locales if (name := property_name(field, locale)) in self._properties)

    def holders(
        self, field: str, counts: Mapping[str, int], locales: Sequence[str], seconds: float
    ) -> dict[str, float]:
        """Token -> in how many of the locales it is, 1 at least; as likely as not where it is rare.

        `counts`: of its entries. Glosses are English in each locale, so that a rare token's entries are anywhere; a word
        itself belongs to one language.
        """
        table = self._table(field, seconds)
        tables = [table.get(locale, {}) for locale in locales] or [held for name, held in table.items() if name != ALL]
        found = {token: float(sum(token in held for held in tables)) for token in counts}
        places = len(tables) if field == SHARED else 1
        return {token: n or _spread(counts[token], max(1, places)) for token, n in found.items()}

    def means(self, field: str) -> Mapping[str, float]:
        """Locale -> mean number of tokens."""
        return self.record.measures.means.get(field, {})

    def total(self, locales: Sequence[str] = ()) -> int:
        return self.record.measures.total(locales)

    def counts(
        self, field: str, tokens: Sequence[str], locales: Sequence[str], seconds: float
    ) -> tuple[int, dict[str, int]]:
        """(entries in the locales, token -> how many of them hold it); what is unknown in one round trip."""
        frequent, group = self._table(field, seconds), tuple(sorted(locales))
        tables = [frequent.get(locale, {}) for locale in locales or (ALL,)]
        found = {token: sum(table.get(token, 0) for table in tables) for token in tokens}
        with self._lock:
            for token in tokens:
                if not found[token] and (held := self._counts.get((field, token, group))):
                    found[token] = held[0]
            missing = [token for token, n in found.items() if not n and (field, token, group) not in self._counts]
        if missing:
            found |= self._asked(field, missing, group, seconds)
        return self.total(locales), found

    def _asked(self, field: str, tokens: Sequence[str], group: tuple[str, ...], seconds: float) -> dict[str, int]:
        names = self.properties(field, group, seconds)
        if not names:
            return dict.fromkeys(tokens, 0)
        wheres: list[Where] = [{names: (token,)} for token in tokens]
        counts = self._reader.counts(self.collection, wheres, seconds)
        now = time.monotonic()
        with self._lock:
            if len(self._counts) > MOST:
                self._counts.clear()
            self._counts.update({(field, token, group): (n, now) for token, n in zip(tokens, counts, strict=True)})
        return dict(zip(tokens, counts, strict=True))

    def _table(self, field: str, seconds: float) -> dict[str, dict[str, int]]:
        edition = self.record.measures.edition
        if field not in self._frequent:
            table = self._words.counts(self.record.name, edition, field, seconds) if edition else {}
            with self._lock:
                self._frequent[field] = table
        return self._frequent[field]


def _spread(entries: int, places: int) -> float:
    """In how many places so many entries are on average, each in any of them; 1 at least."""
    return max(1.0, places * (1 - (1 - 1 / places) ** entries))
