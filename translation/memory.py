"""Translation memory: units by hash, matches by likeness. TMX files are translation.tmx's.

`unit_hash` is what a unit is found by: SHA-256 of the text in NFC with white space runs as one space. A fuzzy match is a
proposal for editors and is never shown to readers; where only numbers differ it carries the unit's target with the numbers
exchanged, if that can be done without guessing.
"""

import hashlib
import unicodedata
from collections.abc import Iterable

import regex

from translation.likeness import Likeness
from translation.types import Match, Unit

IN_CONTEXT = 101.0
EXACT = 100.0
FUZZY_CEILING = 99.0
OTHER_NUMBERS = 5.0
"""What a fuzzy match loses when its numbers differ: likeness of letters hides it."""

_FIGURE = regex.compile(r"\p{Nd}+(?:[.,:\u066b\u066c]\p{Nd}+)*")


def unit_hash(text: str) -> str:
    """64 hexadecimal digits."""
    return hashlib.sha256(canonical(text).encode("utf-8", "surrogatepass")).hexdigest()


def canonical(text: str) -> str:
    """NFC, no white space at the ends, runs of it as one space."""
    return " ".join(unicodedata.normalize("NFC", text).split())


class Memory:
    """Matches among the units given to it. A person's unit goes before a machine's."""

    def __init__(self, units: Iterable[Unit]) -> None:
        self._by_text: dict[str, list[Unit]] = {}
        self._likeness: Likeness | None = None
        for unit in units:
            self._by_text.setdefault(canonical(unit.source), []).append(unit)

    def match(self, segment: str, context: str = "") -> Match | None:
        """The best exact match; 101 with the same context, else 100."""
        found = self._by_text.get(canonical(segment), [])
        if not found:
            return None
        same = [unit for unit in found if context and unit.context == context]
        best = max(same or found, key=lambda unit: unit.human)
        return Match(best, IN_CONTEXT if same else EXACT)

    def fuzzy(self, segment: str, threshold: float = 75.0, limit: int = 5) -> list[Match]:
        """Similar units for editors, best first, `threshold` from 0 to 100. Other numbers lower the score by 5."""
        wanted = canonical(segment)
        if self._likeness is None:
            self._likeness = Likeness(list(self._by_text))
        rows = self._likeness.like(wanted, threshold, limit + 5)
        matches = [self._scored(text, wanted, score) for text, score in rows]
        return sorted((m for m in matches if m.score >= threshold), key=lambda m: -m.score)[:limit]

    def _scored(self, text: str, wanted: str, score: float) -> Match:
        unit = max(self._by_text[text], key=lambda unit: unit.human)
        if text == wanted:
            return Match(unit, EXACT)
        differs = _FIGURE.findall(text) != _FIGURE.findall(wanted)
        score = min(FUZZY_CEILING, score - (OTHER_NUMBERS if differs else 0))
        return Match(unit, score, with_numbers_of(wanted, unit) if differs else "")


def with_numbers_of(segment: str, unit: Unit) -> str:
    """The unit's target with the segment's numbers; empty when the texts differ in more, or a number cannot be placed.

    A number can be placed when it stands once in the unit's source and once, written the same way, in its target.
    """
    source, wanted = canonical(unit.source), canonical(segment)
    if _FIGURE.sub("0", source) != _FIGURE.sub("0", wanted):
        return ""
    old, new, theirs = _FIGURE.findall(source), _FIGURE.findall(wanted), _FIGURE.findall(unit.target)
    changed = {before: after for before, after in zip(old, new, strict=True) if before != after}
    if any(old.count(number) != 1 or theirs.count(number) != 1 for number in changed):
        return ""
    if any(not after.isdecimal() for after in changed.values()):  # 1,000 is written otherwise in the other language
        return ""
    return str(_FIGURE.sub(lambda match: changed.get(match.group(), match.group()), unit.target))
