"""Glossaries as TBX (ISO 30042), the exchange format of term bases: version 2 is written, 2 and 3 are read.

One entry for each term; a translation that is not to be used is `deprecatedTerm-admn-sts`. What is never translated has a
`descrip` of our own, which other programs pass over.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as tree

from translation.files import locale_tag, whole, writable
from translation.types import TermRow, TranslationError
from translation.xliff import standard_case
from translation.xml import elements, local_name

MAX_TBX_BYTES = 20_000_000
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_KIND, _CASE = "x-polyfaq-kind", "x-polyfaq-case"
_STATUS = {"preferred": "preferredTerm-admn-sts", "forbidden": "deprecatedTerm-admn-sts"}
_REFUSED = ("deprecated", "superseded")


class InvalidTbx(TranslationError):
    """The file is no TBX that can be read; the message says where and why."""


def write_tbx(path: Path, rows: Iterable[TermRow], default_locale: str) -> int:
    """Write the terms in their order; returns how many. `default_locale`: of the file as a whole. The file appears whole or
    not at all."""
    root = tree.Element("martif", {"type": "TBX", _LANG: standard_case(default_locale)})
    described = tree.SubElement(tree.SubElement(root, "martifHeader"), "fileDesc")
    tree.SubElement(tree.SubElement(described, "sourceDesc"), "p").text = "Polyfaq"
    body = tree.SubElement(tree.SubElement(root, "text"), "body")
    count = 0
    for count, row in enumerate(rows, start=1):
        entry = tree.SubElement(body, "termEntry", {"id": f"t{count}"})
        if row.kind == "keep":
            tree.SubElement(entry, "descrip", {"type": _KIND}).text = "keep"
        if row.note:
            tree.SubElement(entry, "note").text = writable(row.note)
        case = {_CASE: "yes"} if row.case_sensitive else {}
        _term(entry, row.source_locale, row.term, case)
        if row.target_locale:
            status = {"administrativeStatus": _STATUS[row.kind]} if row.kind in _STATUS else {}
            _term(entry, row.target_locale, row.translation, status)
    tree.indent(root)
    with whole(path) as out:
        tree.ElementTree(root).write(out, encoding="utf-8", xml_declaration=True)
    return count


def _term(entry: Any, tag: str, text: str, notes: dict[str, str]) -> None:
    group = tree.SubElement(tree.SubElement(entry, "langSet", {_LANG: standard_case(tag)}), "tig")
    if text:
        tree.SubElement(group, "term").text = writable(text)
    for kind, value in notes.items():
        tree.SubElement(group, "termNote", {"type": kind}).text = value


def read_tbx(path: Path, default_locale: str) -> list[TermRow]:
    """The terms, each translation by itself; an entry in one language that is not marked as never translated is left out.

    The source is the entry's term in the language of the file, or in `default_locale`, else its first. Raises InvalidTbx.
    """
    source, found = default_locale, list[TermRow]()
    for event, element in elements(path, "martif", MAX_TBX_BYTES, InvalidTbx, also=("tbx",)):
        name = local_name(element)
        if event == "start" and name in ("martif", "tbx"):
            source = locale_tag(element.get(_LANG) or default_locale)
        elif event == "end" and name in ("termEntry", "conceptEntry"):
            found += _rows(element, (source, default_locale))
            element.clear()
    return found


def _rows(entry: Any, sources: tuple[str, ...]) -> Iterator[TermRow]:
    terms = [
        (locale_tag(section.get(_LANG) or ""), *read)
        for section in entry
        if local_name(section) in ("langSet", "langSec")
        for read in _read(section)
    ]
    own = [tag for tag, _, _ in terms]
    source = next((tag for tag in sources if tag in own), own[0] if own else "")
    kept = any(local_name(each) == "descrip" and each.get("type") == _KIND and each.text == "keep" for each in entry)
    note = next((each.text or "" for each in entry if local_name(each) == "note"), "")
    others = [(tag, text, notes) for tag, text, notes in terms if tag and tag != source]
    for tag, term, notes in terms:
        if tag != source or not source:
            continue
        case = notes.get(_CASE) == "yes"
        if kept:
            for target in [other for other, _, _ in others] or [""]:
                yield TermRow(source, term, target, "", "keep", case, note)
            continue
        for target, text, told in others:
            refused = told.get("administrativeStatus", "").lower().startswith(_REFUSED)
            yield TermRow(source, term, target, text, "forbidden" if refused else "preferred", case, note)


def _read(section: Any) -> Iterator[tuple[str, dict[str, str]]]:
    for group in section:
        if local_name(group) not in ("tig", "ntig", "termSec"):
            continue
        term = next(("".join(each.itertext()) for each in group.iter() if local_name(each) == "term"), "")
        notes = {each.get("type") or "": each.text or "" for each in group.iter() if local_name(each) == "termNote"}
        yield " ".join(term.split()), notes
