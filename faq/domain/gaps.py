"""Content gaps: unanswered questions put together where they ask for the same, and told in the desk's languages.

Invariants: a question is recorded in a gap of its own and joins another one when a job has compared it; where an editor has
put it, it stays. Grouping changes no question's state, and may run twice without harm. Nothing of what readers wrote goes
into the translation memory.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from faq.domain import access, audit, feedback, jobs, questions
from faq.domain.progress import Progress
from faq.enums import AskedState, JobKind
from faq.errors import Invalid, Unavailable
from faq.gateways import translation
from faq.models import Asked, Gap, Question
from faq.queries import gaps, locales

MOST = 2000
"""Open wordings that a new one is compared with: those asked last."""
BATCH = 50
"""Wordings told in one call of the engine."""


def perform(args: Mapping[str, Any], progress: Progress) -> None:
    """Compare what is new, then tell every open wording in `locale` (none: the default one)."""
    adopt()
    waiting = list(Asked.objects.filter(compared=False, state=AskedState.OPEN).order_by("pk"))
    tag = args.get("locale") or locales.default_locale().tag
    untold = [asked for asked in Asked.objects.filter(state=AskedState.OPEN) if is_untold(asked, tag)]
    progress.start(len(waiting) + len(untold))
    for asked in waiting:
        place(asked)
        progress.advance()
    for batch in _batches(untold):
        tell(batch, tag)
        progress.advance(len(batch))


def is_untold(asked: Asked, tag: str) -> bool:
    """Whether a wording could be told in a language, and is not."""
    return asked.locale_id != tag and tag not in asked.told and translation.supports(asked.locale_id, tag)


def _batches(rows: Sequence[Asked]) -> list[list[Asked]]:
    by_locale: dict[str, list[Asked]] = {}
    for row in rows:
        by_locale.setdefault(row.locale_id, []).append(row)
    return [each[at : at + BATCH] for each in by_locale.values() for at in range(0, len(each), BATCH)]


def tell(rows: Sequence[Asked], tag: str) -> None:
    """Keep the machine's translation of wordings of one language beside them; "" for one that fails a check."""
    made = translation.translate_texts([row.text for row in rows], rows[0].locale_id, tag, store=False)
    for row, result in zip(rows, made, strict=True):
        with transaction.atomic():
            locked = Asked.objects.select_for_update(of=("self",)).filter(pk=row.pk).first()
            if locked is not None:  # else its time had come
                locked.told = {**locked.told, tag: "" if result.verdict else result.text}
                locked.save(update_fields=["told"])


def place(asked: Asked) -> None:
    """Put a new wording into the gap whose wordings ask the same, if there is one. Costs one comparison for each open one."""
    others = list(
        Asked.objects.filter(compared=True, state=AskedState.OPEN, gap__isnull=False)
        .exclude(pk=asked.pk)
        .order_by("-last_at")
        .values_list("text", "locale_id", "gap_id")[:MOST]
    )
    alike = gaps.compare((asked.text, asked.locale_id), [(text, tag) for text, tag, _gap in others])
    values = {n: gaps.value(each) for n, each in alike.items()}
    found = gaps.joined(values, [gap for _text, _tag, gap in others])
    with transaction.atomic():
        locked = Asked.objects.select_for_update(of=("self",)).filter(pk=asked.pk).first()
        if locked is None or locked.compared:  # gone, or an editor was first
            return
        if found is not None and Gap.objects.filter(pk=found).exists():
            locked.gap_id = found
        locked.compared = True
        locked.save(update_fields=["gap", "compared"])
        clear()


def bring_up_to_date(rows: Sequence[Asked], tag: str, actor: audit.Actor = None) -> bool:
    """Begin a job where some of these are not compared yet or not told in a language; whether there was a need."""
    try:
        needed = any(not row.compared or is_untold(row, tag) for row in rows if row.state == AskedState.OPEN)
    except Unavailable:
        return False
    if needed:
        jobs.enqueue(JobKind.GROUP_ASKED, {"locale": tag}, key=f"{JobKind.GROUP_ASKED}:{tag}", actor=actor)
    return needed


@access.needs("change_asked")
def sort(rows: Sequence[Asked], state: str, actor: audit.Actor = None) -> int:
    """What an editor made of several wordings, all or none; returns how many. Invalid without one."""
    _some(rows)
    with transaction.atomic():
        for asked in rows:
            feedback.set_asked_state(asked, state, actor=actor)
    return len(rows)


@access.needs("change_asked", "change_question")
def answered_by(rows: Sequence[Asked], question: Question, actor: audit.Actor = None) -> int:
    """An entry answers these: their words find it from now on. Returns how many of them are new wordings of it."""
    _some(rows)
    wordings: dict[str, list[str]] = {}
    for asked in sorted(rows, key=lambda asked: (-asked.count, asked.pk)):
        wordings.setdefault(asked.locale_id, []).append(asked.text)
    with transaction.atomic():
        added = questions.add_phrasings(question, wordings, actor=actor)
        sort(rows, AskedState.ANSWERED, actor=actor)
    return added


@access.needs("change_asked")
def take_apart(rows: Sequence[Asked], actor: audit.Actor = None) -> Gap:
    """These ask for something else than the rest of their gap: a gap of their own, where they stay together."""
    _some(rows)
    with transaction.atomic():
        gap = Gap.objects.create()
        _put(rows, gap, "take apart", actor)
    return gap


@access.needs("change_asked")
def put_together(found: Sequence[Gap], actor: audit.Actor = None) -> Gap:
    """Several gaps are one: the wordings of all go into the first. take_apart undoes it. Invalid for fewer than two."""
    if len(found) < 2:
        raise Invalid("Choose at least two questions to put together.")
    rows = Asked.objects.filter(gap__in=found[1:])
    with transaction.atomic():
        _put(list(rows), found[0], "put together", actor)
        Asked.objects.filter(gap=found[0]).update(compared=True)
    return found[0]


def adopt() -> int:
    """A gap for each wording that has none yet; returns how many."""
    rows = list(Asked.objects.filter(gap=None))
    for asked in rows:
        with transaction.atomic():
            Asked.objects.filter(pk=asked.pk, gap=None).update(gap=Gap.objects.create())
            clear()
    return len(rows)


def clear() -> int:
    """Delete gaps without a wording; returns how many."""
    return Gap.objects.filter(asked__isnull=True).delete()[0]


def _put(rows: Sequence[Asked], gap: Gap, verb: str, actor: audit.Actor) -> None:
    for asked in Asked.objects.select_for_update(of=("self",)).filter(pk__in=[row.pk for row in rows]):
        before = {"gap": asked.gap_id}
        asked.gap, asked.compared = gap, True
        asked.save(update_fields=["gap", "compared"])
        audit.record(actor, verb, asked, before, {"gap": gap.pk})
    clear()


def _some(rows: Sequence[Asked]) -> None:
    if not rows:
        raise Invalid("Tick at least one wording.")
