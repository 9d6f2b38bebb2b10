"""A count of all entries of a generation: how many there are of each locale, how long they are, how many hold each word.

A server counts the entries that hold a word by reading each of them, so it is asked for rare words only. The counts of
frequent ones, the mean lengths and the numbers of entries are taken when a generation is complete and again when it has
changed enough to matter, and are kept beside it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice

from retrieval.backends.weaviate_fields import FIELDS, tokens_of
from retrieval.backends.weaviate_wire import Row

FREQUENT = 16
"""A word in at least as many entries is kept with its count in each locale."""
MOST = 200_000
"""Entries read for a census; of more, a random choice as large as this stands for all."""
ALWAYS = 2000
"""A generation of at most as many entries is counted again after every write."""
GROWTH = 0.2
"""A larger one after it has grown or shrunk by this share: an idf is then wrong by a fifth at most."""
ALL = ""
"""In place of a locale: all of them."""

Counts = Mapping[str, Mapping[str, int]]
"""Locale or ALL -> word -> entries."""


@dataclass(frozen=True, slots=True)
class Measures:
    """What of a census is kept in the generation's record. `edition` names the census, `listed` the last one that also made
    the vocabulary anew; both are empty before."""

    edition: str = ""
    listed: str = ""
    measured: int = 0
    entries: Mapping[str, int] = field(default_factory=dict)
    means: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def outdated(self, total: int, locales: Iterable[str]) -> bool:
        """Whether it must be taken anew when there are `total` entries, some of them in these locales."""
        if total <= ALWAYS or not set(locales) <= set(self.entries):
            return True
        return abs(total - self.measured) > GROWTH * self.measured

    def total(self, locales: Iterable[str]) -> int:
        """Entries in these locales; in all when there are none."""
        return sum(self.entries.get(locale, 0) for locale in (tuple(locales) or self.entries))


@dataclass(frozen=True, slots=True)
class Census:
    """`frequent`: field -> counts. `words`: field -> every word; None when only a part was read."""

    measures: Measures
    frequent: Mapping[str, Counts]
    words: Mapping[str, set[str]] | None


def census(rows: Iterable[Row], total: int, edition: str) -> Census:
    """`rows`: entries in a random order, with their locale and tokens; at most MOST are read. `total`: how many
    entries there are."""
    entries: Counter[str] = Counter()
    lengths: dict[str, Counter[str]] = {name: Counter() for name in FIELDS}
    held: dict[str, dict[str, Counter[str]]] = {name: {} for name in FIELDS}
    for row in islice(rows, MOST):
        locale = str(row.properties["locale"])
        entries[locale] += 1
        for name in FIELDS:
            tokens = tokens_of(row.properties, name).split()
            lengths[name][locale] += len(tokens)
            held[name].setdefault(locale, Counter()).update(set(tokens))
    read = sum(entries.values())
    scale = max(1.0, total / read) if read else 1.0
    whole = {name: by_locale | {ALL: sum(by_locale.values(), Counter())} for name, by_locale in held.items()}
    return Census(
        Measures(
            edition=edition,
            measured=total,
            entries={locale: round(scale * count) for locale, count in entries.items()},
            means={
                name: {locale: length / entries[locale] for locale, length in by_locale.items()}
                for name, by_locale in lengths.items()
            },
        ),
        frequent={name: _frequent(counts, scale) for name, counts in whole.items()},
        words={name: set(counts[ALL]) for name, counts in whole.items()} if read < MOST else None,
    )


def _frequent(counts: Counts, scale: float) -> dict[str, dict[str, int]]:
    frequent = {token for token, count in counts[ALL].items() if scale * count >= FREQUENT}
    return {
        locale: {token: round(scale * count) for token, count in held.items() if token in frequent}
        for locale, held in counts.items()
    }
