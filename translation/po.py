"""Gettext PO files: what is to be translated out to a translator's tool, and back, through translate-toolkit.

`fuzzy` is what a machine made and nobody has looked at; a translator takes the mark away.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from translation.files import locale_tag, whole, writable
from translation.types import SegmentState, TranslationError, Work
from translation.xliff import standard_case

MAX_PO_BYTES = 20_000_000
_SOURCE_HEADER = "X-Source-Language"


class InvalidPo(TranslationError):
    """The file is no PO file that can be read; the message says why."""


def write_po(path: Path, work: Iterable[Work], source_locale: str, target_locale: str) -> int:
    """Write the segments in their order; returns how many. The file appears whole or not at all."""
    from translate.storage import pypo

    store: Any = pypo.pofile()
    store.updateheader(
        add=True,
        MIME_Version="1.0",
        Content_Type="text/plain; charset=UTF-8",
        Content_Transfer_Encoding="8bit",
        Language=standard_case(target_locale).replace("-", "_"),
        X_Source_Language=standard_case(source_locale).replace("-", "_"),
    )
    count = 0
    for each in work:
        unit = store.addsourceunit(writable(each.source))
        unit.target = writable(each.target)
        for note in each.notes:
            unit.addnote(writable(note), origin="developer")
        unit.addlocation(each.id)
        if each.target and each.state == SegmentState.INITIAL:
            unit.markfuzzy(True)
        count += 1
    with whole(path) as out:
        store.serialize(out)
    return count


def read_po(path: Path) -> tuple[str, str, list[Work]]:
    """(source locale, target locale, segments), locales as ours; the source locale is "" where the file does not say it.

    Raises InvalidPo for what is too large, no PO, or names no target language.
    """
    try:
        if path.stat().st_size > MAX_PO_BYTES:
            raise InvalidPo(f"{path.name} is larger than {MAX_PO_BYTES // 1_000_000} MB. Split it.")
        store = _parsed(path)
    except OSError as error:
        raise InvalidPo(f"{path.name} cannot be read: {error.strerror}.") from error
    header = store.parseheader()
    target = locale_tag(header.get("Language", ""))
    if not target:
        raise InvalidPo(f"{path.name} does not say its language. Put a line such as “Language: de” into its header.")
    found = [
        _work(unit) for unit in store.units if unit.istranslatable() and not unit.isheader() and not unit.isobsolete()
    ]
    return locale_tag(header.get(_SOURCE_HEADER, "")), target, found


def _parsed(path: Path) -> Any:
    from translate.storage import pypo

    data = path.read_bytes()
    try:
        data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidPo(f"{path.name} is not UTF-8; save it as UTF-8.") from error
    try:
        parser: Any = pypo.pofile
        store = parser.parsestring(data)
    except Exception as error:  # the parser raises what it happens to meet
        raise InvalidPo(f"{path.name} is not a PO file that can be read: {error}") from error
    if not store.units:
        raise InvalidPo(f"{path.name} is not a PO file: it has no entry.")
    return store


def _work(unit: Any) -> Work:
    target = str(unit.target or "")
    done = bool(target.strip()) and not unit.isfuzzy()
    where = unit.getlocations()
    return Work(
        where[0] if where else "", str(unit.source), target, SegmentState.TRANSLATED if done else SegmentState.INITIAL
    )
