"""Translation memory: units by hash, matches by likeness, TMX in and out (through translate-toolkit).

`unit_hash` is what a unit is found by: SHA-256 of the text in NFC with white space runs as one space.
"""

import hashlib
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path

import regex
from rapidfuzz import fuzz, process

from translation.types import Match, TranslationError, Unit

MAX_TMX_BYTES = 200_000_000
IN_CONTEXT = 101.0
EXACT = 100.0


class InvalidTmx(TranslationError):
    """The file is no TMX that can be read; the message says where and why."""


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
        rows = process.extract(wanted, list(self._by_text), scorer=fuzz.ratio, score_cutoff=threshold, limit=limit)
        matches = []
        for text, score, _ in rows:
            differs = regex.findall(r"\p{Nd}+", text) != regex.findall(r"\p{Nd}+", wanted)
            unit = max(self._by_text[text], key=lambda unit: unit.human)
            matches.append(Match(unit, EXACT if text == wanted else min(99.0, score - (5 if differs else 0))))
        return sorted((m for m in matches if m.score >= threshold), key=lambda m: -m.score)


def read_tmx(path: Path) -> Iterator[tuple[str, str, str, str]]:
    """(source locale, target locale, source text, target text) of each pair; locales in lower case, zh-CN as zh-hans.

    Raises InvalidTmx for what is too large, no TMX, or holds entity declarations.
    """
    from translate.storage import tmx

    data = _safe_bytes(path)
    try:
        store = tmx.tmxfile.parsestring(data)
    except Exception as error:  # the toolkit raises lxml's errors and its own
        raise InvalidTmx(f"{path.name} is not a TMX file that can be read: {error}") from error
    for unit in store.units:
        variants = [(locale_tag(node), "".join(node.itertext()).strip()) for node in unit.getlanguageNodes()]
        if len(variants) < 2:
            continue
        source_locale, source = variants[0]
        for target_locale, target in variants[1:]:
            if source and target and source_locale and target_locale:
                yield source_locale, target_locale, source, target


def write_tmx(path: Path, rows: Iterable[tuple[str, str]], source_locale: str, target_locale: str) -> int:
    """Write (source, target) pairs; returns how many. The file appears whole or not at all."""
    from translate.storage import tmx

    store = tmx.tmxfile()
    count = 0
    for source, target in rows:
        store.addtranslation(source, source_locale, target, target_locale)
        count += 1
    partial = path.with_name(f".{path.name}.partial")
    with partial.open("wb") as file:
        store.serialize(file)
    partial.replace(path)
    return count


def locale_tag(node: object) -> str:
    """The xml:lang of a variant as our tags write it."""
    attributes = node.attrib  # type: ignore[attr-defined]
    raw = str(attributes.get("{http://www.w3.org/XML/1998/namespace}lang") or attributes.get("lang") or "")
    tag = raw.replace("_", "-").lower()
    return {"zh": "zh-hans", "zh-cn": "zh-hans", "zh-sg": "zh-hans", "zh-tw": "zh-hant", "zh-hk": "zh-hant"}.get(
        tag, tag
    )


def _safe_bytes(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > MAX_TMX_BYTES:
            raise InvalidTmx(
                f"{path.name} has {size // 1_000_000} MB; the ceiling is {MAX_TMX_BYTES // 1_000_000} MB. Split it."
            )
        data = path.read_bytes()
    except OSError as error:
        raise InvalidTmx(f"{path.name} cannot be read: {error.strerror}.") from error
    if b"<!ENTITY" in data[:100_000]:
        raise InvalidTmx(f"{path.name} declares entities, which are not accepted. Export it again without them.")
    return data


__all__ = ["InvalidTmx", "Memory", "canonical", "read_tmx", "unit_hash", "write_tmx"]
