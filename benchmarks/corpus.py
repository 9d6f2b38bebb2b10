"""A made-up knowledge base with the word frequencies of real ones: a few words everywhere, most words almost nowhere.

Concepts are English words that the German, French and Turkish lexicons all know; a text is a row of concepts drawn by
Zipf's law around a theme, among stop words, said in four languages. The same seed gives the same corpus everywhere.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np

from retrieval import stopwords
from retrieval.lexicon_data import load
from retrieval.types import EntryKind, IndexEntry

LOCALES = ("en", "de", "fr", "tr")
LEXICONS = Path(__file__).resolve().parent.parent / "retrieval" / "data" / "lexicons"
EXPONENT = 1.05
THEMES = 200


@cache
def concepts() -> list[dict[str, str]]:
    """For each concept its word in each locale, in an order that has nothing to do with meaning."""
    inverse = {locale: _inverse(locale) for locale in LOCALES[1:]}
    common = sorted(set.intersection(*(set(words) for words in inverse.values())))
    order = np.random.default_rng(1).permutation(len(common))
    return [{"en": common[i]} | {locale: inverse[locale][common[i]] for locale in inverse} for i in order]


def _inverse(locale: str) -> dict[str, str]:
    columns = load(LEXICONS / f"{locale}.json.gz")
    found: dict[str, tuple[float, str]] = {}
    at = 0
    for stem, count in zip(columns.stems, columns.counts, strict=True):
        word, probability = columns.english[columns.words[at]], columns.thousandths[at] / 1000
        at += count
        if word.isalpha() and probability > found.get(word, (0.1, ""))[0]:
            found[word] = (probability, stem)
    return {word: stem for word, (_, stem) in found.items()}


class Corpus:
    """`size` entries: a quarter as many families, each in four locales."""

    def __init__(self, size: int, seed: int = 7) -> None:
        self._random = np.random.default_rng(seed)
        count = len(concepts())
        weights = 1.0 / (np.arange(count) + 2.7) ** EXPONENT
        self._cumulated = np.cumsum(weights / weights.sum())
        self._stop = {locale: sorted(_stop_words(locale)) for locale in LOCALES}
        # A theme is a shuffled start of the frequency list: its families share words that others rarely hold.
        self._themes = self._random.integers(0, count, size=(THEMES, 40))
        self.families = [self._family(number) for number in range(size // len(LOCALES))]

    def entries(self) -> Iterator[IndexEntry]:
        for number, row in enumerate(self.families):
            for locale in LOCALES:
                yield self.entry(number, row, locale)

    def entry(self, number: int, row: list[int], locale: str) -> IndexEntry:
        return IndexEntry(
            key=f"p{number // 20}-{number:016x}-1:{locale}",
            family=f"p{number // 20}-{number:016x}-1",
            kind=EntryKind.PASSAGE,
            locale=locale,
            text=self._say(row, locale, number),
            heading=concepts()[row[0]][locale],
            topic=f"topic-{number % 6}",
            source=f"s{number // 20}",
            original=locale == "en",
        )

    def questions(self, count: int) -> list[tuple[str, str, str]]:
        """(text, locale, family it was made from): three to six of a family's words among stop words."""
        random = np.random.default_rng(99)
        out = []
        for _ in range(count):
            number = int(random.integers(len(self.families)))
            locale = LOCALES[int(random.integers(len(LOCALES)))]
            row = self.families[number]
            asked = random.choice(len(row), size=int(random.integers(3, 7)), replace=False)
            entry = self.entry(number, [row[i] for i in asked], locale)
            out.append((entry.text, locale, entry.family))
        return out

    def _family(self, number: int) -> list[int]:
        length = int(self._random.integers(20, 70))
        drawn = np.searchsorted(self._cumulated, self._random.random(length))
        themed = self._random.choice(self._themes[number % THEMES], size=length)
        return [int(value) for value in np.where(self._random.random(length) < 0.3, themed, drawn)]

    def _say(self, row: list[int], locale: str, number: int) -> str:
        words, stop = concepts(), self._stop[locale]
        random = np.random.default_rng([number, len(row)])
        between = random.integers(0, len(stop), size=len(row))
        said = [f"{stop[at]} {words[concept][locale]}" for concept, at in zip(row, between, strict=True)]
        sentences = [" ".join(said[start : start + 6]).capitalize() + "." for start in range(0, len(said), 6)]
        return " ".join(sentences)


def _stop_words(locale: str) -> frozenset[str]:
    return stopwords.STOP_WORDS[locale]
