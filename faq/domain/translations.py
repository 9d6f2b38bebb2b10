"""The translation memory as people and jobs use it: fill, correct, approve.

Invariants: what a person wrote is never replaced by a machine; filling asks the engine only for what the memory lacks;
a correction reaches every answer that holds the sentence.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.db import transaction

from faq import cache, signals
from faq.domain import access, answers, audit, jobs
from faq.domain.deadlocks import again_after_deadlock
from faq.enums import JobKind, Origin, State, TranslationPolicy
from faq.errors import Conflict, Invalid
from faq.gateways import translation
from faq.models import AnswerRevision, Locale, Passage, Source, Topic, TranslationUnit
from faq.queries import locales

BATCH = 400
"""Segments given to the engine together: enough to fill its batches, few enough to show progress."""
UNIT_LENGTH = 10_000
FEW = 40


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


def translatable(source_id: int | None, targets: Sequence[str]) -> list[str]:
    """Those of the languages into which the engine can translate one published source, or any of them and the topics."""
    rows = Source.objects.filter(state=State.PUBLISHED)
    rows = rows.filter(pk=source_id) if source_id is not None else rows
    found = set(rows.values_list("locale_id", flat=True).order_by().distinct())
    if source_id is None:
        found.add(locales.default_locale().tag)
    return [target for target in targets if any(translation.supports(locale, target) for locale in found)]


def fill_memory(source_id: int | None, locales: Sequence[str], progress: jobs.Progress) -> int:
    """Translate what the memory lacks of one published source, or of all and the topics; returns how many were made."""
    work = list(_work(source_id, locales))
    progress.start(sum(len(texts) for _, _, texts in work))
    made = 0

    def fill(batch: tuple[str, str, int, list[str]]) -> None:
        nonlocal made
        made += _fill(batch[3], batch[0], batch[1])

    batches = [
        (source_locale, target, start, texts[start : start + BATCH])
        for source_locale, target, texts in work
        for start in range(0, len(texts), BATCH)
    ]
    progress.each(
        batches,
        fill,
        name=lambda batch: f"{batch[0]} → {batch[1]}, {batch[2] + 1}–{batch[2] + len(batch[3])}",
        steps=lambda batch: len(batch[3]),
    )
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
    """How many the engine translated so that they may be shown; what the memory holds costs nothing."""
    results = translation.translate_texts(texts, source_locale, target)
    return sum(1 for result in results if str(result.origin) == Origin.MACHINE)


# People


def _unit_into(given: Mapping[str, Any]) -> list[str]:
    return [given["unit"].target_locale_id]


def _target(given: Mapping[str, Any]) -> list[str]:
    return [locales.require(given["target_locale"]).tag]


@access.needs("change_translationunit", into=_unit_into)
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
        raise Invalid("A translation has at most %(ceiling)s characters.", ceiling=UNIT_LENGTH)
    return _settle(unit, text, "correct", actor, expected)


@access.needs("change_translationunit", into=_target)
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


@access.needs("change_translationunit", into=_unit_into)
def approve_unit(unit: TranslationUnit, actor: audit.Actor = None) -> TranslationUnit:
    """A person vouches for the translation as it stands."""
    if unit.verdict:
        raise Invalid("This translation failed a check. Correct it instead.")
    return _settle(unit, unit.target_text, "approve", actor)


@again_after_deadlock
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
