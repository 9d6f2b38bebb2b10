"""Freshness is derived: a change marks exactly what rests on it, costs exactly what changed, and is live at once."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from faq import cache
from faq.domain import answers, publication, sources
from faq.domain.ask import ask
from faq.enums import Freshness, Origin, Significance, State
from faq.models import Locale, Question, Source
from faq.queries import coverage, freshness
from tests.faq.factories import (
    citation,
    edit,
    make_question,
    make_source,
    passages,
    remember,
    translate_into,
    work,
)

pytestmark = pytest.mark.django_db
Capture = Callable[..., Any]
CURRENT, STALE, MISSING = Freshness.CURRENT, Freshness.STALE, Freshness.MISSING
PERMITS = "# Parking\n\nA permit costs 30 euros. You can apply online.\n"
PARKING = f"{PERMITS}\n# Fines\n\nA parking fine is 25 euros. Pay it within 14 days.\n"
COST, APPLY = "A permit costs 30 euros.", "You can apply online."
FINE, PAY = "A parking fine is 25 euros.", "Pay it within 14 days."
NOTE = "\n# Bicycles\n\nBicycles park for free everywhere.\n"


@pytest.fixture
def source() -> Source:
    """A source with three passages; an entry cites the first, another one the second, none the third."""
    made = make_source(PARKING + NOTE, title="Parking")
    permit, fine, _ = passages(made)
    make_question("What does a resident permit cost?", cites=permit, quote=COST, key="permit", answer=f"{COST} [1]")
    make_question("What is the fine?", cites=fine, quote=f"{FINE} {PAY}", key="fine", answer=f"{FINE} [1] {PAY} [1]")
    return made


def stale() -> list[str]:
    """Keys of the questions whose original answer needs a look."""
    keys = dict(Question.objects.values_list("pk", "key"))
    return sorted(keys[pk] for pk, value in freshness.canonical_freshness().items() if value == STALE)


def of(key: str, tag: str) -> Freshness:
    return freshness.answer_freshness()[Question.objects.get(key=key).pk][tag]


# What marks an answer


def test_what_was_just_written_is_current(source: Source) -> None:
    assert (stale(), of("permit", "en"), of("fine", "en")) == ([], CURRENT, CURRENT)


@pytest.mark.parametrize(
    ("old", "new", "marked"),
    [
        ("30 euros", "40 euros", ["permit"]),
        ("apply online", "apply by post", ["permit"]),
        ("14 days", "30 days", ["fine"]),
        (f"{FINE} {PAY}", "There are no fines.", ["fine"]),
        (f"\n# Fines\n\n{FINE} {PAY}\n", "", ["fine"]),
        ("Bicycles park for free", "Bicycles park free of charge", []),
        (NOTE, "", []),
        ("# Fines", "# Penalties", []),
        (f"{FINE} {PAY}", f"{FINE}  {PAY}", []),
    ],
    ids=[
        "cited sentence", "sentence beside it", "other passage", "all of a passage", "passage vanishes", "typo elsewhere",
        "other passage vanishes", "heading", "white space",
    ],
)  # fmt: skip
def test_an_edit_marks_exactly_the_answers_whose_passages_changed(
    source: Source, old: str, new: str, marked: list[str]
) -> None:
    rewrite(source, old, new)
    assert stale() == marked


def rewrite(source: Source, old: str, new: str) -> None:
    """Edit the Markdown that the source was pasted as, and publish."""
    text = PARKING + NOTE
    assert old in text
    sources.revise_content(source, text=text.replace(old, new))
    publication.publish_source(source)


def test_what_moved_within_its_source_is_still_what_was_looked_at(source: Source) -> None:
    first, second = PARKING.split("# Fines")
    sources.revise_content(source, text=f"# Fines{second}\n{first}")
    publication.publish_source(source)
    assert stale() == []


def test_another_source_marks_nothing(source: Source) -> None:
    other = make_source("# Fines\n\nA fine for noise is 50 euros.\n", title="Noise")
    edit(other, "50 euros", "60 euros")
    publication.retire_source(other)
    assert stale() == []


def test_a_draft_marks_nothing_until_it_is_published(source: Source) -> None:
    sources.revise_content(source, text=PARKING.replace("30 euros", "40 euros"))
    assert stale() == []
    publication.publish_source(source)
    assert stale() == ["permit"]


def test_a_retired_source_marks_all_that_rests_on_it_until_it_is_back(source: Source) -> None:
    publication.retire_source(source)
    assert stale() == ["fine", "permit"]
    publication.publish_source(source)
    assert stale() == []


def test_publishing_the_older_revision_clears_the_mark(source: Source) -> None:
    first = source.published_revision
    rewrite(source, "30 euros", "40 euros")
    publication.publish_source(source, revision=first)
    assert stale() == []


def test_typing_the_old_text_again_clears_the_mark(source: Source) -> None:
    rewrite(source, "30 euros", "40 euros")
    rewrite(source, "30 euros", "30 euros")
    assert (stale(), source.published_revision.number) == ([], 3)


def test_an_editor_who_answers_anew_clears_the_mark(source: Source) -> None:
    rewrite(source, "30 euros", "40 euros")
    row = citation(passages(source)[0], COST.replace("30", "40"))
    question = Question.objects.get(key="permit")
    answers.save_revision(question, locale="en", text=f"{row.quote} [1]", citations=[row], state=State.PUBLISHED)
    assert stale() == []


# Translations


def test_a_language_without_a_translation_misses_it(source: Source) -> None:
    assert of("permit", "de") == MISSING
    remember(COST, "Ein Ausweis kostet 30 Euro im Jahr.")
    answers.translate_answer(Question.objects.get(key="permit"), "de")
    assert (of("permit", "de"), of("permit", "fr"), of("fine", "de")) == (CURRENT, MISSING, MISSING)


def test_a_drafted_translation_is_still_missing(source: Source) -> None:
    answers.save_translation(Question.objects.get(key="permit"), "de", {COST: "Ein Ausweis kostet 30 Euro."})
    assert of("permit", "de") == MISSING


@pytest.mark.parametrize(("significance", "expected"), [(Significance.MAJOR, STALE), (Significance.MINOR, CURRENT)])
def test_a_new_original_makes_translations_stale_unless_the_change_is_minor(
    source: Source, significance: str, expected: Freshness
) -> None:
    question = Question.objects.get(key="permit")
    answers.save_translation(question, "de", {COST: "Ein Ausweis kostet 30 Euro."}, state=State.PUBLISHED)
    row = citation(passages(source)[0], APPLY)
    answers.save_revision(
        question, locale="en", text=f"{APPLY} [1]", citations=[row], significance=significance, state=State.PUBLISHED
    )
    assert (of("permit", "en"), of("permit", "de")) == (CURRENT, expected)


def test_a_minor_change_does_not_hide_a_major_one_before_it(source: Source) -> None:
    question = Question.objects.get(key="permit")
    answers.save_translation(question, "de", {COST: "Ein Ausweis kostet 30 Euro."}, state=State.PUBLISHED)
    for text, significance in ((APPLY, Significance.MAJOR), (COST, Significance.MINOR)):
        row = citation(passages(source)[0], text)
        answers.save_revision(
            question, locale="en", text=f"{text} [1]", citations=[row], significance=significance, state=State.PUBLISHED
        )
    assert of("permit", "de") == STALE


def test_a_language_that_is_switched_off_is_not_counted(source: Source) -> None:
    Locale.objects.filter(pk="de").update(enabled=False)
    cache.bump(cache.LOCALES)
    assert "de" not in freshness.answer_freshness()[Question.objects.get(key="permit").pk]


def test_coverage_counts_each_published_question_once_in_each_language(source: Source, engine: Any) -> None:
    translate_into("de", "fr")
    answers.save_translation(Question.objects.get(key="permit"), "fr", {COST: "30 euros."}, state=State.PUBLISHED)
    answers.translate_answer(Question.objects.get(key="permit"), "de")
    make_question("Draft?", publish=False)
    rewrite(source, "14 days", "30 days")
    found = {row.locale.tag: (row.current, row.machine, row.stale, row.missing) for row in coverage.by_language()}
    assert found["en"] == (1, 0, 1, 0)
    assert found["de"] == (1, 1, 0, 1)
    assert found["fr"] == (1, 0, 0, 1)
    assert found["ar"] == (0, 0, 0, 2)


def test_freshness_costs_the_same_queries_for_many_questions(source: Source) -> None:
    with CaptureQueriesContext(connection) as few:
        freshness.answer_freshness()
    passage = passages(source)[0]
    for number in range(10):
        make_question(f"Question {number}?", cites=passage, quote=COST)
    with CaptureQueriesContext(connection) as many:
        assert len(freshness.answer_freshness()) == 12
    assert len(many) == len(few)


# What a change costs


@pytest.fixture
def translated(source: Source, engine: Any, retriever: Any) -> Any:
    """Everything translated into German and French; returns the engine, its counts at nought."""
    translate_into("de", "fr")
    publication.retire_source(source)
    publication.publish_source(source)
    work()
    assert of("permit", "de") == of("fine", "fr") == CURRENT
    forget(engine)
    return engine


def forget(engine: Any) -> None:
    engine.calls, engine.texts = 0, []


def test_nothing_new_costs_nothing(source: Source, translated: Any) -> None:
    sources.revise_content(source, text=PARKING + NOTE)
    publication.publish_source(source)
    call_command("populate", verbosity=0)
    work()
    assert (translated.calls, translated.texts) == (0, [])


@pytest.mark.parametrize(
    ("old", "new", "texts"),
    [
        ("14 days", "30 days", ["Pay it within 30 days."]),
        ("Bicycles park for free", "Bikes park for free", ["Bikes park for free everywhere."]),
        ("# Fines", "# Penalties", ["Penalties"]),
        (NOTE, "", []),
        (f"{FINE} {PAY}", f"{PAY} {FINE}", []),
        (COST, f"{COST} It is yellow.", ["It is yellow."]),
    ],
    ids=["a sentence", "uncited", "a heading", "taken out", "moved", "added"],
)
def test_exactly_the_changed_segments_are_translated_again(
    source: Source, translated: Any, old: str, new: str, texts: list[str]
) -> None:
    rewrite(source, old, new)
    work()
    assert sorted(translated.texts) == sorted(texts * 2)
    assert translated.calls == 2 * len(texts)


def test_an_answer_that_changed_in_one_sentence_costs_that_sentence(source: Source, translated: Any) -> None:
    rewrite(source, "14 days", "30 days")
    work()
    forget(translated)
    fine = citation(passages(source)[1], f"{FINE} Pay it within 30 days.")
    answers.save_revision(
        Question.objects.get(key="fine"), locale="en", text=f"{FINE} [1] Pay it within 30 days. [1] So it is. [1]",
        citations=[fine], state=State.PUBLISHED,
    )  # fmt: skip
    work()
    assert sorted(translated.texts) == ["So it is."] * 2
    assert (of("fine", "de"), of("fine", "fr")) == (CURRENT, CURRENT)


def test_reverting_costs_nothing(source: Source, translated: Any) -> None:
    first = source.published_revision
    rewrite(source, "14 days", "30 days")
    work()
    forget(translated)
    publication.publish_source(source, revision=first)
    work()
    assert translated.texts == []


# Live at once


def test_a_changed_source_is_live_at_once_everywhere(
    source: Source, starter: Any, client: Client, django_capture_on_commit_callbacks: Capture
) -> None:
    """Also where the index had not followed yet: the source was published before what happens after commit could happen."""
    question = "Do bicycles park for free?"
    with django_capture_on_commit_callbacks(execute=True):
        publication.retire_source(source)
        publication.publish_source(source)
    assert told(everywhere(client, source, question), "free everywhere") == [True] * 4
    with django_capture_on_commit_callbacks(execute=True):
        rewrite(source, "for free everywhere", "for free at the harbour")
    shown = everywhere(client, source, question)
    assert told(shown, "free at the harbour") == [True] * 4
    assert told(shown, "free everywhere") == [False] * 4


def told(shown: list[str], text: str) -> list[bool]:
    return [text in each for each in shown]


def everywhere(client: Client, source: Source, question: str) -> list[str]:
    """The source's page, the ask page, the API and the domain."""
    return [
        client.get(f"/en/sources/{source.key}/").content.decode(),
        client.get("/en/ask/", {"q": question}).content.decode(),
        client.post("/api/v1/ask", {"question": question}, content_type="application/json").content.decode(),
        ask(question, "en").as_dict()["answer"],
    ]


def test_a_changed_answer_is_live_at_once_on_its_page(
    source: Source, client: Client, django_capture_on_commit_callbacks: Capture
) -> None:
    assert "30 euros" in client.get("/en/questions/permit/").content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        rewrite(source, "30 euros", "40 euros")
    assert "30 euros" not in client.get("/en/questions/permit/").content.decode()


def versions(act: Callable[[], object], capture: Capture) -> list[str]:
    """The groups of the cache that an act makes forget what they held."""
    before = {group: cache.version(group) for group in (cache.CONTENT, cache.LOCALES)}
    with capture(execute=True):
        act()
    return [group for group, version in before.items() if cache.version(group) != version]


def test_the_cache_forgets_exactly_what_changed(
    source: Source, django_capture_on_commit_callbacks: Capture, retriever: Any
) -> None:
    from faq.domain import feedback, locales, questions

    question = Question.objects.get(key="permit")

    def forgotten(act: Callable[[], object]) -> list[str]:
        return versions(act, django_capture_on_commit_callbacks)

    assert forgotten(lambda: sources.revise_content(source, text="# Other\n\nQuite another text.\n")) == []
    assert forgotten(lambda: publication.publish_source(source)) == [cache.CONTENT]
    assert forgotten(lambda: publication.publish_source(source)) == []
    assert forgotten(lambda: ask("Who won the match?", "en")) == []
    assert forgotten(lambda: feedback.record_feedback(question, "en", True, visitor="v")) == []
    assert forgotten(lambda: questions.retire_question(question)) == [cache.CONTENT]
    assert forgotten(lambda: locales.change_locale("de", order=9)) == [cache.CONTENT, cache.LOCALES]


def test_a_machines_translation_is_labelled_by_where_it_came_from_not_by_how_fresh_it_is(
    source: Source, translated: Any
) -> None:
    row = answers.translate_answer(Question.objects.get(key="permit"), "de")
    assert row is not None
    assert (row.origin, of("permit", "de")) == (Origin.MACHINE, CURRENT)
    rewrite(source, "30 euros", "40 euros")
    assert (of("permit", "en"), of("permit", "de")) == (STALE, CURRENT)
