"""Passages of natural sentences, for measures in which made-up ones mislead: random words lie much farther apart.

Read from a folder of `<locale>.tsv.gz`, gzipped lines of locale, English sentence, the same in the locale, origin. Three
sentences that follow each other make a passage; questions are sentences of them, in English and in their own language.
"""

import gzip
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from retrieval.types import EntryKind, IndexEntry

LOCALES = ("de", "es", "fr", "it", "tr")
MOST = 0.3
"""The share of one locale: some have less."""
TOGETHER = 3
SHORTEST = 20
"""Characters of a sentence that is taken."""
ASKED = 40
"""Passages of each locale that two questions are about."""
Sentences = tuple[tuple[str, str], ...]
"""(English, own) of each."""


class Natural:
    """At most `size` entries."""

    def __init__(self, size: int, folder: Path, seed: int = 3) -> None:
        random = np.random.default_rng(seed)
        self._passages: list[tuple[str, int, Sentences]] = []
        for locale in LOCALES:
            rows = _read(folder / f"{locale}.tsv.gz")
            groups = len(rows) // TOGETHER
            for place in random.permutation(groups)[: int(MOST * size)]:
                group = rows[TOGETHER * place : TOGETHER * (place + 1)]
                self._passages.append((locale, int(place), tuple(group)))
        del self._passages[size:]

    def __len__(self) -> int:
        return len(self._passages)

    def entries(self) -> Iterator[IndexEntry]:
        for locale, place, sentences in self._passages:
            yield IndexEntry(
                key=f"{locale}-{place}:{locale}",
                family=f"{locale}-{place}",
                kind=EntryKind.PASSAGE,
                locale=locale,
                topic="",
                source=locale,
                heading="",
                text=" ".join(own for _, own in sentences),
            )

    def questions(self, count: int) -> list[tuple[str, str, str]]:
        """(text, locale, family that it is from)."""
        found = []
        for locale in LOCALES:
            about = [each for each in self._passages if each[0] == locale][:ASKED]
            for _, place, sentences in about:
                found.append((sentences[1][0], "en", f"{locale}-{place}"))
                found.append((sentences[0][1], locale, f"{locale}-{place}"))
        return found[:count]


def _read(path: Path) -> list[tuple[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = [line.rstrip("\n").split("\t") for line in file]
    return [(row[1], row[2]) for row in rows if len(row) > 2 and len(row[2]) > SHORTEST]
