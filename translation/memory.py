"""Translation memory: units by hash, matches by likeness, TMX in and out (through translate-toolkit).

`unit_hash` is what a unit is found by: SHA-256 of the text in NFC with white space runs as one space. A fuzzy match is a
proposal for editors and is never shown to readers; where only numbers differ it carries the unit's target with the numbers
exchanged, if that can be done without guessing.
"""

import hashlib
import os
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import regex
from rapidfuzz import fuzz, process

from translation.types import Match, TranslationError, Unit

MAX_TMX_BYTES = 200_000_000
IN_CONTEXT = 101.0
EXACT = 100.0
FUZZY_CEILING = 99.0
OTHER_NUMBERS = 5.0
"""What a fuzzy match loses when its numbers differ: likeness of letters hides it."""

_FIGURE = regex.compile(r"\p{Nd}+(?:[.,:\u066b\u066c]\p{Nd}+)*")
_ILLEGAL_IN_XML = regex.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_TAGS = {
    "zh": "zh-hans", "zh-cn": "zh-hans", "zh-sg": "zh-hans", "zh-hans-cn": "zh-hans", "zh-hans-sg": "zh-hans",
    "zh-chs": "zh-hans", "zh-tw": "zh-hant", "zh-hk": "zh-hant", "zh-mo": "zh-hant", "zh-hant-tw": "zh-hant",
    "zh-hant-hk": "zh-hant", "zh-cht": "zh-hant", "iw": "he", "in": "id", "no": "nb",
}  # fmt: skip


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
        rows = process.extract(wanted, list(self._by_text), scorer=fuzz.ratio, score_cutoff=threshold, limit=limit + 5)
        matches = [self._scored(text, wanted, score) for text, score, _ in rows]
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


def read_tmx(path: Path) -> Iterator[tuple[str, str, str, str]]:
    """(source locale, target locale, source text, target text) of each pair; locales in lower case, zh-CN as zh-hans.

    The source is the variant in the unit's or the header's `srclang`, else the first. Raises InvalidTmx, before the first
    row, for what is too large, no TMX, not well-formed (with the line), or declares entities.
    """
    from translate.storage import tmx

    data = _safe_bytes(path)
    try:
        store = tmx.tmxfile.parsestring(data)  # type: ignore[no-untyped-call]
    except Exception as error:
        raise InvalidTmx(f"{path.name} is not a TMX file that can be read: {error}") from error
    return _rows(store)


def _rows(store: Any) -> Iterator[tuple[str, str, str, str]]:
    default = locale_tag(store.sourcelanguage or "")
    for unit in store.units:
        variants = [(_node_tag(node), (unit.getNodeText(node) or "").strip()) for node in unit.getlanguageNodes()]
        variants = [(tag, text) for tag, text in variants if tag and text]
        if len(variants) < 2:
            continue
        wanted = locale_tag(unit.xmlelement.get("srclang") or "") or default
        source = next((variant for variant in variants if variant[0] == wanted), variants[0])
        for variant in variants:
            if variant is not source:
                yield source[0], variant[0], source[1], variant[1]


def write_tmx(path: Path, rows: Iterable[tuple[str, str]], source_locale: str, target_locale: str) -> int:
    """Write (source, target) pairs; returns how many. The file appears whole or not at all."""
    from translate.storage import tmx

    store = tmx.tmxfile(sourcelanguage=source_locale)
    count = 0
    for source, target in rows:
        store.addtranslation(_writable(source), source_locale, _writable(target), target_locale)
        count += 1
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as file:
            store.serialize(file)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return count


def _writable(text: str) -> str:
    """XML has no way to write control characters."""
    return str(_ILLEGAL_IN_XML.sub("", text))


def locale_tag(tag: str) -> str:
    """A language tag of any spelling as ours: lower case, hyphens, Chinese by script (zh_CN, zh-CN, zh: zh-hans)."""
    lowered = tag.strip().replace("_", "-").lower()
    return _TAGS.get(lowered, lowered)


def _node_tag(node: Any) -> str:
    attributes = node.attrib
    return locale_tag(str(attributes.get("{http://www.w3.org/XML/1998/namespace}lang") or attributes.get("lang") or ""))


def _safe_bytes(path: Path) -> bytes:
    """The file's content, after a parser that expands nothing and fetches nothing has read all of it."""
    from defusedxml import ElementTree, common  # type: ignore[import-untyped]

    try:
        size = path.stat().st_size
        if size > MAX_TMX_BYTES:
            raise InvalidTmx(
                f"{path.name} has {size // 1_000_000} MB; the ceiling is {MAX_TMX_BYTES // 1_000_000} MB. Split it."
            )
        data = path.read_bytes()
    except OSError as error:
        raise InvalidTmx(f"{path.name} cannot be read: {error.strerror}.") from error
    try:
        with path.open("rb") as file:
            _check_root(path.name, ElementTree.iterparse(file, events=("start", "end")))
    except common.DefusedXmlException as error:
        raise InvalidTmx(
            f"{path.name} declares entities, which are not accepted. Export it again without them."
        ) from error
    except ElementTree.ParseError as error:
        line, column = error.position
        raise InvalidTmx(f"{path.name} is not well-formed XML: line {line}, column {column + 1}: {error}.") from error
    except (ValueError, LookupError) as error:  # an encoding that Python does not know
        raise InvalidTmx(f"{path.name} is not a TMX file that can be read: {error}.") from error
    return data


def _check_root(name: str, events: Iterable[tuple[str, Any]]) -> None:
    first = True
    for event, element in events:
        if first and element.tag != "tmx":
            raise InvalidTmx(f"{name} is no TMX file: its root is <{element.tag}>, not <tmx>.")
        first = False
        if event == "end":
            element.clear()


__all__ = [
    "InvalidTmx", "Memory", "canonical", "locale_tag", "read_tmx", "unit_hash", "with_numbers_of", "write_tmx",
]  # fmt: skip
