"""The translation memory in and out as TMX files.

Invariants: a file is checked as a whole before any of it is kept; it is kept piece by piece, each with its audit entry and
its news to the index in one transaction, so that memory is bounded, other writers wait for a moment only, and an import that
was broken off is finished by another, which finds what is there unchanged.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from django.db import transaction

from faq import signals
from faq.domain import audit
from faq.enums import Origin
from faq.gateways import translation
from faq.models import Locale, TranslationUnit
from faq.queries import locales

TOGETHER = 5000
"""Units kept in one transaction; half a second of writing."""
FEW = 40
"""The index is told of so many units one by one; of more it is told to look at all."""

Report = Callable[[int, int], None]
Unit = tuple[str, str, str]
"""Source locale, target locale, hash of the source text."""


@dataclass(frozen=True, slots=True)
class Imported:
    """Units by what an import did to them. `skipped`: pairs in languages the portal does not have."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    skipped: int = 0

    def __add__(self, other: "Imported") -> "Imported":
        return Imported(
            self.added + other.added,
            self.changed + other.changed,
            self.unchanged + other.unchanged,
            self.skipped + other.skipped,
        )


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
                total += _keep(pair, waiting.pop(pair), path.name, actor)
                if report:
                    report(number + 1, len(rows))
    for pair, chunk in waiting.items():
        total += _keep(pair, chunk, path.name, actor)
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


def _keep(pair: tuple[str, str], rows: dict[str, tuple[str, str]], name: str, actor: audit.Actor) -> Imported:
    """Hash -> (source, target) into the memory, in one transaction."""
    source_locale, target_locale = pair
    person = audit.person(actor)
    with transaction.atomic():
        held = TranslationUnit.objects.filter(
            source_locale_id=source_locale, target_locale_id=target_locale, context_hash="", source_hash__in=list(rows)
        )
        changed, known = [], set()
        for unit in held:
            target = rows[unit.source_hash][1]
            known.add(unit.source_hash)
            if (unit.target_text, unit.origin, unit.approved, unit.verdict) == (target, Origin.HUMAN, True, ""):
                continue
            unit.target_text, unit.origin, unit.approved, unit.verdict = target, Origin.HUMAN, True, ""
            unit.changed_by = person
            changed.append(unit)
        fresh = [
            TranslationUnit(
                source_locale_id=source_locale, target_locale_id=target_locale, source_hash=digest,
                source_text=source, target_text=target, origin=Origin.HUMAN, approved=True, changed_by=person,
            )
            for digest, (source, target) in rows.items()
            if digest not in known
        ]  # fmt: skip
        TranslationUnit.objects.bulk_create(fresh, batch_size=500)
        TranslationUnit.objects.bulk_update(
            changed, ["target_text", "origin", "approved", "verdict", "changed_by"], batch_size=200
        )
        done = Imported(len(fresh), len(changed), len(rows) - len(fresh) - len(changed))
        if fresh or changed:
            counts = {"file": name[:200], "from": source_locale, "added": done.added, "changed": done.changed}
            audit.record(actor, "import", Locale.objects.get(pk=target_locale), {}, counts)
            hashes = [unit.source_hash for unit in [*fresh, *changed]]
            signals.memory_changed.send(
                sender=TranslationUnit,
                target_locale=target_locale,
                source_hashes=hashes if len(hashes) <= FEW else [],
            )
    return done


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
