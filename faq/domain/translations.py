"""The translation memory as people and jobs use it: fill, correct, approve, import, export.

Invariants: what a person wrote is never replaced by a machine; filling asks the engine only for what the memory lacks;
a correction reaches every answer that holds the sentence.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import transaction

from faq import cache, signals
from faq.domain import answers, audit, jobs
from faq.enums import JobKind, Origin, State, TranslationPolicy
from faq.errors import Conflict, DomainError, Invalid
from faq.gateways import translation
from faq.models import AnswerRevision, Locale, Passage, Source, Topic, TranslationUnit
from faq.queries import locales

BATCH = 400
"""Segments given to the engine together: enough to fill its batches, few enough to show progress."""
UNIT_LENGTH = 10_000
FEW = 40


@dataclass(frozen=True, slots=True)
class Imported:
    """Units by what an import did to them. `skipped`: in languages the portal does not have."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    skipped: int = 0


def source_texts(source: Source) -> list[str]:
    """What of a published source is translated: title, topic, headings, sentences; each once, in order."""
    names = [source.title]
    if source.topic is not None and source.locale_id == locales.default_locale().tag:
        names += [source.topic.title, source.topic.description]
    found: list[str] = list(names)
    for passage in Passage.objects.filter(revision_id=source.published_revision_id):
        found += passage.heading_path
        found += [segment.text for segment in translation.segment(passage.text, source.locale_id)]
    return [text for text in dict.fromkeys(found) if text.strip()]


def fill_memory(source_id: int | None, locales: Sequence[str], progress: jobs.Progress) -> int:
    """Translate what the memory lacks of one published source, or of all and the topics; returns how many were made."""
    work = list(_work(source_id, locales))
    progress.start(sum(len(texts) for _, _, texts in work))
    made = 0
    for source_locale, target, texts in work:
        for start in range(0, len(texts), BATCH):
            batch = texts[start : start + BATCH]
            try:
                made += _fill(batch, source_locale, target)
            except DomainError as error:
                progress.fail(f"{source_locale} → {target}", str(error))
            progress.advance(len(batch), target)
    if made:
        cache.bump(cache.CONTENT)
    return made


def _work(source_id: int | None, targets: Sequence[str]) -> Iterator[tuple[str, str, list[str]]]:
    """(from, into, texts) with texts of all sources of a locale together."""
    rows = Source.objects.filter(state=State.PUBLISHED).select_related("topic")
    rows = rows.filter(pk=source_id) if source_id is not None else rows
    by_locale: dict[str, dict[str, None]] = {}
    for source in rows:
        by_locale.setdefault(source.locale_id, {}).update(dict.fromkeys(source_texts(source)))
    if source_id is None:
        names = [text for topic in Topic.objects.all() for text in (topic.title, topic.description) if text]
        by_locale.setdefault(locales.default_locale().tag, {}).update(dict.fromkeys(names))
    allowed = set(
        Locale.objects.filter(enabled=True).exclude(policy=TranslationPolicy.OFF).values_list("tag", flat=True)
    )
    for source_locale, texts in by_locale.items():
        for target in targets:
            if target != source_locale and target in allowed and texts:
                yield source_locale, target, list(texts)


def _fill(texts: Sequence[str], source_locale: str, target: str) -> int:
    known = translation.recall(texts, source_locale, target)
    missing = [text for text in texts if text not in known]
    if not missing:
        return 0
    results = translation.translate_texts(missing, source_locale, target)
    return sum(1 for result in results if not result.verdict)


# People


def correct_unit(
    unit: TranslationUnit, text: str, actor: audit.Actor = None, *, expected: str | None = None
) -> TranslationUnit:
    """A person's wording of a sentence; it is used everywhere the sentence stands.

    `expected`: the translation as it stood when the editor looked; Conflict when somebody changed it since.
    """
    text = text.strip()
    if not text:
        raise Invalid("A translation cannot be empty.")
    if len(text) > UNIT_LENGTH:
        raise Invalid(f"A translation has at most {UNIT_LENGTH} characters.")
    return _settle(unit, text, "correct", actor, expected)


def record_translation(
    source_text: str, source_locale: str, target_locale: str, text: str, actor: audit.Actor = None
) -> TranslationUnit:
    """A person's translation of a sentence, whether the memory knows the sentence or not."""
    with transaction.atomic():
        unit, _ = TranslationUnit.objects.get_or_create(
            source_locale_id=locales.require(source_locale).tag,
            target_locale_id=locales.require(target_locale).tag,
            source_hash=translation.unit_hash(source_text),
            context_hash="",
            defaults={"source_text": source_text, "target_text": "", "origin": Origin.MACHINE, "verdict": "empty"},
        )
        return correct_unit(unit, text, actor)


def approve_unit(unit: TranslationUnit, actor: audit.Actor = None) -> TranslationUnit:
    """A person vouches for the translation as it stands."""
    if unit.verdict:
        raise Invalid("This translation failed a check. Correct it instead.")
    return _settle(unit, unit.target_text, "approve", actor)


def _settle(
    unit: TranslationUnit, text: str, verb: str, actor: audit.Actor, expected: str | None = None
) -> TranslationUnit:
    with transaction.atomic():
        locked = TranslationUnit.objects.select_for_update(of=("self",)).get(pk=unit.pk)
        if expected is not None and locked.target_text != expected:
            raise Conflict("Somebody else changed this translation meanwhile. Compare the two, then save again.")
        before = {"text": locked.target_text, "origin": locked.origin, "approved": locked.approved}
        changed = locked.target_text != text or bool(locked.verdict)
        if changed or locked.origin != Origin.HUMAN or not locked.approved:
            locked.target_text, locked.verdict = text, ""
            locked.origin, locked.approved = Origin.HUMAN, True
            locked.changed_by = audit.person(actor)
            locked.save()
            audit.record(actor, verb, locked, before, {"text": text, "origin": locked.origin})
            answers.apply_unit(locked, actor)
            _complete_answers(locked)
            if changed:
                signals.memory_changed.send(
                    sender=TranslationUnit,
                    target_locale=locked.target_locale_id,
                    source_hashes=[locked.source_hash],
                )
    unit.refresh_from_db()
    return unit


def _complete_answers(unit: TranslationUnit) -> None:
    """Answers that lacked this sentence may be whole now."""
    rows = AnswerRevision.objects.filter(
        state=State.PUBLISHED,
        is_translation=False,
        locale_id=unit.source_locale_id,
        text__contains=unit.source_text,
        answer__question__state=State.PUBLISHED,
    ).values_list("answer__question_id", flat=True)
    ids = sorted(set(rows[:FEW]))
    if ids:
        target = unit.target_locale_id
        jobs.enqueue(
            JobKind.TRANSLATE_ANSWERS,
            {"question_ids": ids, "locales": [target]},
            key=f"translate:unit:{unit.pk}",
        )


# TMX


def import_tmx(path: Path, actor: audit.Actor = None) -> Imported:
    """Read a TMX file's pairs into the memory as what people wrote. What a person wrote here before is replaced."""
    tags = {locale.tag for locale in locales.all_locales()}
    pairs: dict[tuple[str, str], dict[str, tuple[str, str]]] = {}
    skipped = 0
    with translation.mapped():
        for source_tag, target_tag, source, target in translation.read_tmx(path):
            source_locale, target_locale = _known(source_tag, tags), _known(target_tag, tags)
            if not source_locale or not target_locale or source_locale == target_locale:
                skipped += 1
                continue
            rows = pairs.setdefault((source_locale, target_locale), {})
            rows[translation.unit_hash(source)] = (source, target)
    total = Imported(skipped=skipped)
    for (source_locale, target_locale), rows in pairs.items():
        done = _import(source_locale, target_locale, rows, path.name, actor)
        total = Imported(
            total.added + done.added, total.changed + done.changed, total.unchanged + done.unchanged, skipped
        )
    return total


def _known(tag: str, tags: Iterable[str]) -> str:
    return locales.match(tag, tuple(sorted(tags))) or ""


def _import(
    source_locale: str, target_locale: str, rows: dict[str, tuple[str, str]], name: str, actor: audit.Actor
) -> Imported:
    with transaction.atomic():
        held = {
            unit.source_hash: unit
            for unit in TranslationUnit.objects.filter(
                source_locale_id=source_locale, target_locale_id=target_locale, context_hash=""
            )
            if unit.source_hash in rows
        }
        fresh = [
            TranslationUnit(
                source_locale_id=source_locale, target_locale_id=target_locale, source_hash=digest,
                source_text=source, target_text=target, origin=Origin.HUMAN, approved=True,
                changed_by=audit.person(actor),
            )
            for digest, (source, target) in rows.items()
            if digest not in held
        ]  # fmt: skip
        changed = []
        for digest, unit in held.items():
            target = rows[digest][1]
            if (unit.target_text, unit.origin, unit.approved, unit.verdict) == (target, Origin.HUMAN, True, ""):
                continue
            unit.target_text, unit.origin, unit.approved, unit.verdict = target, Origin.HUMAN, True, ""
            unit.changed_by = audit.person(actor)
            changed.append(unit)
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
