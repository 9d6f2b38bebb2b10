"""What Unicode's tables know of a reader's language: the names of other languages, and how a date is written."""

from datetime import date
from functools import lru_cache
from typing import Any

REGIONS = {"en": "GB"}
"""Whose way of writing dates is meant where a tag names no region: one that all readers of the language understand."""


@lru_cache(maxsize=500)
def language_name(tag: str, reader: str) -> str:
    """A language's name in the reader's language; its own tag where nothing knows it."""
    table = _locale(reader)
    names = table.languages if table else {}
    return str(names.get(tag.partition("-")[0], tag))


@lru_cache(maxsize=500)
def written(day: date, reader: str) -> str:
    """The date in full, `23 November 2026`; as ISO 8601 has it where nothing knows the language."""
    from babel.dates import format_date

    table = _locale(reader)
    return format_date(day, "long", table) if table else day.isoformat()


@lru_cache(maxsize=100)
def _locale(tag: str) -> Any:
    from babel import Locale, UnknownLocaleError  # some of babel's tables, read when a page first needs them

    first, *rest = tag.split("-")
    script = next((part.title() for part in rest if len(part) == 4), None)
    region = next((part.upper() for part in rest if len(part) == 2), REGIONS.get(tag))
    for parts in ((first, region, script), (first,)):
        try:
            return Locale(*parts)
        except (UnknownLocaleError, ValueError):
            continue
    return None
