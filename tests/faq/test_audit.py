"""The audit log: who did what to which object, written with the deed itself and for no deed that changed nothing."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import transaction

from faq.domain import (
    answers,
    audit,
    feedback,
    glossary,
    jobs,
    locales,
    publication,
    questions,
    sources,
    topics,
    translations,
)
from faq.enums import AskedState, JobKind, State
from faq.errors import DomainError
from faq.models import Asked, AuditEntry, GlossaryTerm, Question, Source, Topic
from tests.faq.factories import COST, PARKING, citation, make_question, make_source, passages, remember

pytestmark = pytest.mark.django_db


@pytest.fixture
def editor() -> Any:
    return get_user_model().objects.create_superuser("editor", password="x")


@pytest.fixture
def source() -> Source:
    return make_source()


@pytest.fixture
def permit(source: Source) -> Question:
    return make_question(cites=passages(source)[0], quote=COST, key="permit", answer=f"{COST} [1]")


def recorded(act: Callable[[], object]) -> list[tuple[str, str, Any]]:
    """(verb, kind, actor) of what an act wrote into the log, oldest first."""
    last = AuditEntry.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    act()
    rows = AuditEntry.objects.filter(pk__gt=last).order_by("pk").select_related("actor")
    return [(row.verb, row.object_type, row.actor) for row in rows]


def deeds(
    source: Source, permit: Question, editor: Any
) -> dict[str, tuple[Callable[[], object], list[tuple[str, str]]]]:
    """Each kind of change an editor can make, and what the log must say of it."""

    def write() -> object:
        row = citation(passages(source)[0], "You can apply online.")
        return answers.save_revision(
            permit, locale="en", text="You can apply online. [1]", citations=[row], actor=editor, state=State.PUBLISHED
        )

    def term() -> object:
        return glossary.save_term(GlossaryTerm(source_locale_id="en", term="Larkmouth", kind="keep"), editor)

    def sort() -> object:
        asked = feedback.record_asked("Who won?", "en")
        assert isinstance(asked, Asked)
        return feedback.set_asked_state(asked, AskedState.SPAM, editor)

    job = jobs.enqueue(JobKind.RECONCILE, {}, key="audit-test")
    return {
        "write and publish": (write, [("write", "answerrevision"), ("publish", "answerrevision")]),
        "add a source": (
            lambda: sources.add_source(title="A", locale="en", text="A text. Quite short.", actor=editor), [("add", "source")],
        ),
        "revise": (lambda: sources.revise_content(source, text="Another text. Not long.", actor=editor), [("revise", "source")]),
        "publish": (lambda: publication.publish_source(source, actor=editor), [("publish", "source")]),
        "retire": (lambda: publication.retire_source(source, actor=editor), [("retire", "source")]),
        "ask": (
            lambda: questions.create_question(phrasings=["Why?"], locale="en", actor=editor), [("create", "question")],
        ),
        "word": (lambda: questions.add_phrasing(permit, text="Warum?", locale="de", actor=editor), [("word", "question")]),
        "correct": (
            lambda: translations.correct_unit(remember(COST, "Alt.", human=False), "Neu.", editor),
            [("correct", "translationunit")],
        ),
        "retire a question": (lambda: questions.retire_question(permit, editor), [("retire", "question")]),
        "topic": (lambda: topics.save_topic(Topic(key="traffic", title="Traffic"), editor), [("create", "topic")]),
        "term": (term, [("add", "glossaryterm")]),
        "locale": (lambda: locales.change_locale("de", actor=editor, policy="off"), [("change", "locale")]),
        "cancel": (lambda: jobs.cancel(job.pk, actor=editor), [("cancel", "job")]),
        "sort": (sort, [("sort", "asked")]),
    }  # fmt: skip


def test_every_change_is_recorded_with_who_made_it(source: Source, permit: Question, editor: Any) -> None:
    for name, (act, expected) in deeds(source, permit, editor).items():
        assert (name, recorded(act)) == (name, [(*each, editor) for each in expected])


def test_what_changes_nothing_is_not_recorded(source: Source, permit: Question, editor: Any) -> None:
    unit = remember(COST, "Neu.")
    topic = topics.ensure_topic("traffic", title="Traffic")
    revision = answers.canonical_revision(permit)
    assert revision is not None
    for act in (
        lambda: publication.publish_source(source, actor=editor),
        lambda: sources.revise_content(source, text=PARKING, actor=editor),
        lambda: questions.publish_question(permit, editor),
        lambda: questions.add_phrasing(permit, text="What does a permit cost?", locale="en", actor=editor),
        lambda: answers.publish_revision(revision, editor),
        lambda: translations.correct_unit(unit, "Neu.", editor),
        lambda: topics.ensure_topic("traffic", title="Traffic", actor=editor),
        lambda: topics.save_topic(topic, editor),
    ):
        assert recorded(act) == []


def test_before_and_after_are_kept(source: Source) -> None:
    publication.retire_source(source)
    entry = AuditEntry.objects.first()
    assert entry is not None
    assert (entry.object_id, entry.before, entry.after) == (
        str(source.pk),
        {"state": "published", "revision": 1},
        {"state": "retired"},
    )


def test_a_change_that_fails_is_not_recorded(source: Source, editor: Any) -> None:
    other = make_source("Another text. About buses.")

    def refused() -> None:
        with pytest.raises(DomainError):
            publication.publish_source(source, revision=other.published_revision, actor=editor)
        with pytest.raises(DomainError):
            questions.create_question(phrasings=["?!"], locale="en", actor=editor)

    assert recorded(refused) == []


def test_a_change_that_is_rolled_back_takes_its_entry_along(source: Source, editor: Any) -> None:
    def undone() -> None:
        with transaction.atomic():
            publication.retire_source(source, actor=editor)
            transaction.set_rollback(True)

    assert recorded(undone) == []
    source.refresh_from_db()
    assert source.state == State.PUBLISHED


def test_what_a_program_does_has_no_actor(source: Source) -> None:
    assert recorded(lambda: publication.retire_source(source, actor=None)) == [("retire", "source", None)]


def test_the_log_outlives_the_people_in_it(source: Source, editor: Any) -> None:
    publication.retire_source(source, actor=editor)
    editor.delete()
    entry = AuditEntry.objects.first()
    assert entry is not None
    assert (entry.verb, entry.actor) == ("retire", None)


def test_an_entry_is_written_in_the_transaction_of_its_deed(source: Source) -> None:
    entry = audit.record(None, "look", source)
    assert (entry.object_type, entry.object_id, entry.before, entry.after) == ("source", str(source.pk), {}, {})
