"""Many units of the translation memory at once, as a person's: what files bring in.

Invariant: a piece is kept with its audit entry and its news to the index in one transaction, or not at all.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction

from faq import signals
from faq.domain import audit
from faq.domain.deadlocks import again_after_deadlock
from faq.enums import Origin
from faq.models import Locale, TranslationUnit

FEW = 40
"""The index is told of so many units one by one; of more it is told to look at all."""


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


@again_after_deadlock
def record_many(pair: tuple[str, str], rows: Mapping[str, tuple[str, str]], name: str, actor: audit.Actor) -> Imported:
    """Hash -> (source, target) into the memory, whatever stands there, in one transaction. `pair`: from, into; `name`: of the
    file. Its callers ask for permissions, and answers are theirs to follow up."""
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
