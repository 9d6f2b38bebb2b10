"""The translation memory in and out as TMX files.

Invariants: a file is checked as a whole before any of it is kept; it is kept piece by piece, each with its audit entry and
its news to the index in one transaction, so that memory is bounded, other writers wait for a moment only, and an import that
was broken off is finished by another, which finds what is there unchanged.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from faq.domain import audit, units
from faq.domain.units import Imported
from faq.enums import Origin
from faq.gateways import translation
from faq.models import TranslationUnit
from faq.queries import locales

TOGETHER = 5000
"""Units kept in one transaction; half a second of writing."""
Report = Callable[[int, int], None]
Unit = tuple[str, str, str]
"""Source locale, target locale, hash of the source text."""


def import_tmx(path: Path, actor: audit.Actor = None, report: Report | None = None) -> Imported:
    """Read a TMX file's pairs into the memory as what people wrote; what stood there before is replaced.

    Of several translations of one text into a language the last counts. `report` is told how many pairs of how many are
    done. Raises Invalid, and keeps nothing, for a file that cannot be read.
    """
    with translation.mapped():
        rows = translation.read_tmx(path)
        last: dict[Unit, int] = {}
        skipped = len(rows)
        for number, unit, _, _ in _numbered(rows):
            last[unit] = number
            skipped -= 1
        total = Imported(skipped=skipped)
        waiting: dict[tuple[str, str], dict[str, tuple[str, str]]] = defaultdict(dict)
        for number, unit, source, target in _numbered(rows):
            if last[unit] != number:
                continue
            pair = unit[:2]
            waiting[pair][unit[2]] = (source, target)
            if len(waiting[pair]) >= TOGETHER:
                total += units.record_many(pair, waiting.pop(pair), path.name, actor)
                if report:
                    report(number + 1, len(rows))
    for pair, chunk in waiting.items():
        total += units.record_many(pair, chunk, path.name, actor)
    if report:
        report(len(rows), len(rows))
    return total


def _numbered(rows: Iterable[tuple[str, str, str, str]]) -> Iterator[tuple[int, Unit, str, str]]:
    """(number in the file, unit, source, target) of the pairs in languages of the portal."""
    tags = tuple(sorted(locale.tag for locale in locales.all_locales()))

    @cache
    def known(tag: str) -> str:
        return locales.match(tag, tags) or ""

    for number, (source_tag, target_tag, source, target) in enumerate(rows):
        source_locale, target_locale = known(source_tag), known(target_tag)
        if source_locale and target_locale and source_locale != target_locale:
            yield number, (source_locale, target_locale, translation.unit_hash(source)), source, target


def export_tmx(path: Path, source_locale: str, target_locale: str, *, human_only: bool = False) -> int:
    """Write the memory of one pair; what failed a check is left out. Returns how many units were written."""
    rows = TranslationUnit.objects.filter(
        source_locale_id=locales.require(source_locale).tag,
        target_locale_id=locales.require(target_locale).tag,
        verdict="",
    )
    if human_only:
        rows = rows.filter(origin=Origin.HUMAN)
    pairs: Any = rows.order_by("pk").values_list("source_text", "target_text").iterator(chunk_size=2000)
    with translation.mapped():
        return translation.write_tmx(path, pairs, source_locale, target_locale)
