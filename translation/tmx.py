"""TMX files, the exchange format of translation memories: read piece by piece, written through translate-toolkit.

A file is read once to see that all of it is sound before the first row is given, and memory stays the same whatever its
size. Nothing in it is expanded or fetched.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import regex

from translation.types import TranslationError

MAX_TMX_BYTES = 200_000_000

Row = tuple[str, str, str, str]
Properties = Mapping[str, str]
"""What a file says about a pair beside its texts (TMX's `prop`): type -> value."""

_ILLEGAL_IN_XML = regex.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_TAGS = {
    "zh": "zh-hans", "zh-cn": "zh-hans", "zh-sg": "zh-hans", "zh-hans-cn": "zh-hans", "zh-hans-sg": "zh-hans",
    "zh-chs": "zh-hans", "zh-tw": "zh-hant", "zh-hk": "zh-hant", "zh-mo": "zh-hant", "zh-hant-tw": "zh-hant",
    "zh-hant-hk": "zh-hant", "zh-cht": "zh-hant", "iw": "he", "in": "id", "no": "nb",
}  # fmt: skip


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
        store.addtranslation(_writable(source), source_locale, _writable(target), target_locale)
        if properties:
            _describe(store.units[-1].xmlelement, properties[0])
        count += 1
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as file:
            store.serialize(file)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return count


def locale_tag(tag: str) -> str:
    """A language tag of any spelling as ours: lower case, hyphens, Chinese by script (zh_CN, zh-CN, zh: zh-hans)."""
    lowered = tag.strip().replace("_", "-").lower()
    return _TAGS.get(lowered, lowered)


def _writable(text: str) -> str:
    """XML has no way to write control characters."""
    return str(_ILLEGAL_IN_XML.sub("", text))


def _describe(unit: Any, properties: Properties) -> None:
    """The properties come before the variants, as TMX 1.4b has it."""
    for at, (kind, value) in enumerate(properties.items()):
        prop = unit.makeelement("prop", {"type": kind})
        prop.text = _writable(value)
        unit.insert(at, prop)


def _rows(path: Path) -> Iterator[tuple[Row, Properties]]:
    default, body = "", None
    for event, element in _elements(path):
        name = _name(element)
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
        segment = next((part for part in child if _name(part) == "seg"), None) if _name(child) == "tuv" else None
        tag = locale_tag(child.get(_LANG) or child.get("lang") or "")
        text = "".join(segment.itertext()).strip() if segment is not None else ""
        if tag and text:
            variants.append((tag, text))
    if len(variants) < 2:
        return
    wanted = locale_tag(element.get("srclang") or "") or default
    source = next((variant for variant in variants if variant[0] == wanted), variants[0])
    said = {str(child.get("type") or ""): child.text or "" for child in element if _name(child) == "prop"}
    for variant in variants:
        if variant is not source:
            yield (source[0], variant[0], source[1], variant[1]), said


def _elements(path: Path) -> Iterator[tuple[str, Any]]:
    """(`start` or `end`, element) in order, by a parser that expands nothing and fetches nothing."""
    from defusedxml import ElementTree, common  # type: ignore[import-untyped]

    try:
        if path.stat().st_size > MAX_TMX_BYTES:
            size = path.stat().st_size // 1_000_000
            raise InvalidTmx(f"{path.name} has {size} MB; the ceiling is {MAX_TMX_BYTES // 1_000_000} MB. Split it.")
        with path.open("rb") as file:
            events = ElementTree.iterparse(file, events=("start", "end"))
            event, root = next(events)
            if _name(root) != "tmx":
                raise InvalidTmx(f"{path.name} is no TMX file: its root is <{root.tag}>, not <tmx>.")
            yield event, root
            yield from events
    except OSError as error:
        raise InvalidTmx(f"{path.name} cannot be read: {error.strerror}.") from error
    except common.DefusedXmlException as error:
        raise InvalidTmx(
            f"{path.name} declares entities, which are not accepted. Export it again without them."
        ) from error
    except ElementTree.ParseError as error:
        line, column = error.position
        raise InvalidTmx(f"{path.name} is not well-formed XML: line {line}, column {column + 1}: {error}.") from error
    except (ValueError, LookupError) as error:  # an encoding that Python does not know
        raise InvalidTmx(f"{path.name} is not a TMX file that can be read: {error}.") from error


def _name(element: Any) -> str:
    """The element's name without its namespace."""
    return str(element.tag).rpartition("}")[2]
