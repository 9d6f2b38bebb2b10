"""The one fan-out table: which fact makes which work. Everything is sent after commit; what must not be lost is a Job,
written in the transaction of the fact itself."""

from functools import partial
from typing import Any

from django.db import transaction

from faq import cache, signals, tasks
from faq.domain import indexing, jobs, translations
from faq.enums import JobKind, State
from faq.models import Question
from faq.queries import locales


def connect() -> None:
    """Connect every receiver once."""
    for signal, receiver in (
        (signals.source_published, on_source_published),
        (signals.source_placed, on_source_placed),
        (signals.question_changed, on_question_changed),
        (signals.memory_changed, on_memory_changed),
        (signals.locale_changed, on_locale_changed),
        (signals.job_created, on_job_created),
    ):
        signal.connect(receiver, dispatch_uid=receiver.__name__)


def _forget(*groups: str) -> None:
    cache.bump_on_commit(*groups)


def on_job_created(*, job_id: str, kind: str, **_: Any) -> None:
    """Send the job to its runner."""
    transaction.on_commit(partial(tasks.dispatch, job_id, kind))


def on_source_published(*, source_id: int, revision_id: int | None, **_: Any) -> None:
    """Translate the new passages in the background. The index has followed already (faq.domain.publication)."""
    _forget(cache.CONTENT)
    if revision_id is None:
        return
    targets = translations.translatable(source_id, locales.machine_locales())
    if targets:
        jobs.enqueue(
            JobKind.FILL_MEMORY, {"source_id": source_id, "locales": targets}, key=f"fill_memory:source:{source_id}"
        )


def on_source_placed(*, source_id: int, state: str, renamed: bool, **_: Any) -> None:
    """Index the source's passages under their new title and topic at once; a new title is translated in the background."""
    _forget(cache.CONTENT)
    if state != State.PUBLISHED:
        return
    jobs.follow(JobKind.SYNC_INDEX, {"source_id": source_id}, key=f"sync:source:{source_id}")
    targets = locales.machine_locales() if renamed else []
    if targets:
        jobs.enqueue(
            JobKind.FILL_MEMORY, {"source_id": source_id, "locales": targets}, key=f"fill_memory:source:{source_id}"
        )


def on_question_changed(*, question_id: int, **_: Any) -> None:
    """Index the phrasings at once, and translate what is new in the background."""
    _forget(cache.CONTENT)
    state = Question.objects.filter(pk=question_id).values_list("state", flat=True).first()
    if state in (State.PUBLISHED, State.RETIRED):
        jobs.follow(JobKind.SYNC_INDEX, {"question_id": question_id}, key=f"sync:question:{question_id}")
    if state == State.PUBLISHED:
        jobs.enqueue(
            JobKind.TRANSLATE_ANSWERS, {"question_ids": [question_id]}, key=f"translate:question:{question_id}"
        )


def on_memory_changed(*, target_locale: str, source_hashes: list[str], **_: Any) -> None:
    """Index the passages that hold the units again; the whole index when they are many."""
    _forget(cache.CONTENT)
    families = indexing.memory_families(target_locale, source_hashes)
    if families is None:
        jobs.enqueue(JobKind.SYNC_INDEX, {}, key="sync:all")
    elif families:
        jobs.enqueue(JobKind.SYNC_INDEX, {"families": families}, key="")


def on_locale_changed(*, tag: str, **_: Any) -> None:
    """A language that comes or goes takes its entries along."""
    _forget(cache.LOCALES, cache.CONTENT)
    jobs.enqueue(JobKind.SYNC_INDEX, {}, key="sync:all")
    if tag in locales.machine_locales():
        jobs.enqueue(JobKind.FILL_MEMORY, {"source_id": None, "locales": [tag]}, key=f"fill_memory:locale:{tag}")
