"""XLIFF 2.0 and 2.1 (OASIS): what is to be translated out to a translator's tool, and back.

One `unit` with one `segment` for each sentence: no tool has to merge or divide what a citation hangs on (`canResegment`). Text is
written without inline elements; those that a tool puts in are read as their text.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as tree

from translation.files import locale_tag, whole, writable
from translation.types import SegmentState, TranslationError, Work
from translation.xml import elements, local_name

MAX_XLIFF_BYTES = 50_000_000
NAMESPACE = "urn:oasis:names:tc:xliff:document:2.0"
_SPACE = "{http://www.w3.org/XML/1998/namespace}space"
_DONE = {"translated", "reviewed", "final"}


class InvalidXliff(TranslationError):
    """The file is no XLIFF 2 that can be read; the message says where and why."""


def write_xliff(path: Path, work: Iterable[Work], source_locale: str, target_locale: str) -> int:
    """Write the segments in their order; returns how many. The file appears whole or not at all.

    `srcLang` and `trgLang` are BCP 47 tags in the case that is usual for them.
    """
    tree.register_namespace("", NAMESPACE)
    root = _element(
        None, "xliff", version="2.0", srcLang=standard_case(source_locale), trgLang=standard_case(target_locale)
    )
    file = _element(root, "file", id="f1", canResegment="no", original="polyfaq")
    count = 0
    for count, each in enumerate(work, start=1):
        unit = _element(file, "unit", id=f"u{count}", name=each.id)
        if each.notes:
            notes = _element(unit, "notes")
            for note in each.notes:
                _element(notes, "note").text = writable(note)
        segment = _element(unit, "segment", state=each.state.value)
        source = _element(segment, "source")
        source.text = writable(each.source)
        source.set(_SPACE, "preserve")
        if each.target:
            target = _element(segment, "target")
            target.text = writable(each.target)
            target.set(_SPACE, "preserve")
    tree.indent(root)
    with whole(path) as out:
        tree.ElementTree(root).write(out, encoding="utf-8", xml_declaration=True)
    return count


def read_xliff(path: Path) -> tuple[str, str, list[Work]]:
    """(source locale, target locale, segments), locales as ours. Raises InvalidXliff, also for XLIFF 1.2 and a file that
    names no target language."""
    source, target = "", ""
    found: list[Work] = []
    for event, element in elements(path, "xliff", MAX_XLIFF_BYTES, InvalidXliff):
        name = local_name(element)
        if event == "start" and name == "xliff":
            source, target = _languages(path, element)
        elif event == "end" and name == "unit":
            found += _segments(element)
            element.clear()
    return source, target, found


def standard_case(tag: str) -> str:
    """BCP 47's usual writing: zh-hans as zh-Hans, pt-br as pt-BR (RFC 5646, 2.1.1)."""
    first, *rest = tag.split("-")
    return "-".join(
        [first, *(part.title() if len(part) == 4 else part.upper() if len(part) == 2 else part for part in rest)]
    )


def _languages(path: Path, root: Any) -> tuple[str, str]:
    version = root.get("version") or ""
    if not version.startswith("2."):
        raise InvalidXliff(f"{path.name} is XLIFF {version or 'of no version'}; export it as XLIFF 2.0 from your tool.")
    source, target = locale_tag(root.get("srcLang") or ""), locale_tag(root.get("trgLang") or "")
    if not source or not target:
        raise InvalidXliff(
            f"{path.name} does not say from which language into which it is: srcLang and trgLang are needed."
        )
    return source, target


def _segments(unit: Any) -> Iterator[Work]:
    for segment in unit:
        if local_name(segment) != "segment":
            continue
        texts = {local_name(child): "".join(child.itertext()) for child in segment}
        if "source" in texts:
            target = texts.get("target", "")
            done = bool(target.strip()) and segment.get("state") in _DONE
            state = SegmentState.TRANSLATED if done else SegmentState.INITIAL
            yield Work(unit.get("name") or unit.get("id") or "", texts["source"], target, state)


def _element(parent: Any, kind: str, **attributes: str) -> Any:
    tag = f"{{{NAMESPACE}}}{kind}"
    return tree.Element(tag, attributes) if parent is None else tree.SubElement(parent, tag, attributes)
