"""TMX files, the exchange format of translation memories: read piece by piece, written through translate-toolkit.

A file is read once to see that all of it is sound before the first row is given, and memory stays the same whatever its
size. Nothing in it is expanded or fetched.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from translation.files import locale_tag, whole, writable
from translation.types import TranslationError
from translation.xml import elements, local_name

MAX_TMX_BYTES = 200_000_000

Row = tuple[str, str, str, str]
Properties = Mapping[str, str]
"""What a file says about a pair beside its texts (TMX's `prop`): type -> value."""

_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


class InvalidTmx(TranslationError):
    """The file is no TMX that can be read; the message says where and why."""


class Pairs:
    """The pairs of a file that was found sound. len() is their number; iterating reads the file anew."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._count = sum(1 for _ in _rows(path))

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Row]:
        return (row for row, _ in _rows(self._path))

    def described(self) -> Iterator[tuple[Row, Properties]]:
        """Each pair with its properties."""
        return _rows(self._path)


def read_tmx(path: Path) -> Pairs:
    """(source locale, target locale, source text, target text) of each pair; locales in lower case, zh-CN as zh-hans.

    The source is the variant in the unit's or the header's `srclang`, else the first. Raises InvalidTmx, before the first
    row, for what is too large, no TMX, not well-formed (with the line), or declares entities.
    """
    return Pairs(path)


def write_tmx(
    path: Path,
    rows: Iterable[tuple[str, str] | tuple[str, str, Properties]],
    source_locale: str,
    target_locale: str,
) -> int:
    """Write (source, target[, properties]); returns how many. The file appears whole or not at all."""
    from translate.storage import tmx

    store = tmx.tmxfile(sourcelanguage=source_locale)
    count = 0
    for source, target, *properties in rows:
        store.addtranslation(writable(source), source_locale, writable(target), target_locale)
        if properties:
            _describe(store.units[-1].xmlelement, properties[0])
        count += 1
    with whole(path) as file:
        store.serialize(file)
    return count


def _describe(unit: Any, properties: Properties) -> None:
    """The properties come before the variants, as TMX 1.4b has it."""
    for at, (kind, value) in enumerate(properties.items()):
        prop = unit.makeelement("prop", {"type": kind})
        prop.text = writable(value)
        unit.insert(at, prop)


def _rows(path: Path) -> Iterator[tuple[Row, Properties]]:
    default, body = "", None
    for event, element in elements(path, "tmx", MAX_TMX_BYTES, InvalidTmx):
        name = local_name(element)
        if event == "start":
            if name == "header":
                default = locale_tag(element.get("srclang") or "")
            elif name == "body":
                body = element
        elif name == "tu":
            yield from _unit(element, default)
            if body is not None:
                body.clear()  # what was read is given back


def _unit(element: Any, default: str) -> Iterator[tuple[Row, Properties]]:
    variants = []
    for child in element:
        segment = (
            next((part for part in child if local_name(part) == "seg"), None) if local_name(child) == "tuv" else None
        )
        tag = locale_tag(child.get(_LANG) or child.get("lang") or "")
        text = "".join(segment.itertext()).strip() if segment is not None else ""
        if tag and text:
            variants.append((tag, text))
    if len(variants) < 2:
        return
    wanted = locale_tag(element.get("srclang") or "") or default
    source = next((variant for variant in variants if variant[0] == wanted), variants[0])
    said = {str(child.get("type") or ""): child.text or "" for child in element if local_name(child) == "prop"}
    for variant in variants:
        if variant is not source:
            yield (source[0], variant[0], source[1], variant[1]), said
