"""Ask: curated, composed or an honest abstention; cited, in the reader's language, and from what is published only."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from faq import cache
from faq.domain import answered, answers, indexing, locales, publication, questions, sources
from faq.domain.ask import ask
from faq.enums import State, TranslationPolicy
from faq.errors import Invalid, Unavailable
from faq.gateways import retrieval
from faq.models import Asked, Locale, Passage, Question, Source, TranslationUnit
from retrieval.types import Query
from tests.faq import worlds
from tests.faq.factories import (
    COST,
    GERMAN,
    HARBOUR,
    citation,
    edit,
    make_portal,
    make_question,
    make_source,
    passages,
    remember,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("starter")]

FERRY = "The harbour ferry leaves every hour from the old pier."
UMBRELLAS = "Found umbrellas are kept for six months in the town hall."
FIELDS = [
    "outcome", "locale", "question", "segments", "answer", "citations", "passages", "nearest", "degraded", "corrected",
    "timings",
]  # fmt: skip


@pytest.fixture(scope="module")
def portal(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with worlds.built(make_portal, tmp_path_factory.mktemp("portal"), django_db_blocker, worlds.STARTER) as home:
        yield home


@pytest.fixture
def permit(portal: Path, tmp_path: Path) -> Question:
    """The portal of make_portal()."""
    worlds.enter(portal, tmp_path)
    return Question.objects.get(key="permit")


@pytest.fixture(autouse=True)
def _empty_without_it(request: pytest.FixtureRequest, db: None) -> None:
    if "permit" not in request.fixturenames:
        worlds.leave()


def asked(text: str, locale: str = "en", **options: Any) -> dict[str, Any]:
    """The result as JSON has it."""
    result: dict[str, Any] = json.loads(json.dumps(ask(text, locale, **options).as_dict()))
    return result


def change_locale(tag: str, **changes: Any) -> None:
    locales.change_locale(tag, **changes)
    cache.bump(cache.LOCALES)  # as after commit


def told(result: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(row["text"], row["lang"], row["origin"]) for row in result["segments"]]


# The shape


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("What does a resident permit cost?", "curated"),
        ("When does the harbour ferry leave?", "composed"),
        ("Who won the football match?", "abstained"),
    ],
)
def test_every_outcome_has_the_same_fields(permit: Question, text: str, outcome: str) -> None:
    result = asked(text)
    assert (list(result), result["outcome"], result["locale"], result["degraded"]) == (FIELDS, outcome, "en", False)
    assert result["timings"]["total"] >= max(result["timings"].values()) >= 0
    assert all(list(row) == ["text", "lang", "origin", "citations"] for row in result["segments"])
    assert all(list(row) == ["key", "text", "lang"] for row in result["nearest"])
    assert bool(result["segments"]) == bool(result["citations"]) == (outcome != "abstained")
    for row in result["citations"]:
        assert list(row) == ["number", "source", "url", "heading", "quote", "passage", "lang"]
    for row in result["passages"]:
        assert list(row) == ["id", "source", "path", "score", "evidence", "lanes"]
        assert all(list(part) == ["rank", "score"] for part in row["lanes"].values())


def test_passages_are_ranked_and_say_which_lanes_found_them(permit: Question) -> None:
    found = asked("When does the harbour ferry leave?")["passages"]
    assert [row["score"] for row in found] == sorted((row["score"] for row in found), reverse=True)
    assert (found[0]["source"], set(found[0]["lanes"])) == ("Harbour", {"lexical", "gloss", "vector"})
    assert Passage.objects.get(pk=found[0]["id"]).text.startswith(FERRY)


def test_the_answer_is_the_segments_joined(permit: Question) -> None:
    result = asked("When does the harbour ferry leave and what does a crossing cost?")
    assert result["answer"] == f"{FERRY} A crossing costs 2 euros."
    assert result["answer"] == " ".join(row["text"] for row in result["segments"])


# Curated


@pytest.mark.parametrize(
    ("text", "locale"),
    [
        ("What does a resident permit cost?", "en"),
        ("what does a  RESIDENT permit cost", "en"),
        ("How much is a resident permit?", "en"),
        ("Was kostet ein Bewohnerausweis?", "de"),
        ("Wie viel kostet der Bewohnerausweis?", "de"),
        ("What does a resident permit cost?", "de"),
    ],
)
def test_a_question_close_to_a_published_wording_gets_the_curated_answer(
    permit: Question, text: str, locale: str
) -> None:
    result = asked(text, locale)
    assert (result["outcome"], result["question"]) == ("curated", "permit")
    assert told(result) == [(COST, "en", "human") if locale == "en" else (GERMAN[COST], "de", "memory")]


@pytest.mark.parametrize("locale", ["en", "fr", "zh-hans"])
def test_a_wording_in_a_language_that_is_not_the_pages_is_understood(permit: Question, locale: str) -> None:
    result = asked("Was kostet ein Bewohnerausweis", locale)
    assert (result["outcome"], result["question"], result["locale"]) == ("curated", "permit", locale)
    assert told(result) == [(COST, "en", "human")]


@pytest.mark.parametrize("locale", ["en", "zh-hans", "ar"])
def test_a_paraphrase_in_a_language_that_is_not_the_pages_is_understood(permit: Question, locale: str) -> None:
    result = asked("Wie viel kostet der Bewohnerausweis?", locale)
    assert (result["outcome"], result["question"], result["locale"]) == ("curated", "permit", locale)


def test_what_was_asked_in_another_language_than_the_pages_is_recorded_in_its_own(permit: Question) -> None:
    assert asked("متى يفتح المسبح العام؟", "en", record=True)["outcome"] == "abstained"
    assert Asked.objects.get().locale_id == "ar"


def test_a_curated_answer_cites_the_stored_passage_in_its_own_language(permit: Question) -> None:
    (row,) = asked("Was kostet ein Bewohnerausweis?", "de")["citations"]
    passage = Passage.objects.get(pk=row["passage"])
    assert (row["number"], row["quote"], row["lang"]) == (1, COST, "en")
    assert row["quote"] in passage.text
    assert passage.revision.published_source.title == "Parking"


def test_a_language_tag_may_be_written_in_any_way(permit: Question) -> None:
    assert asked("Was kostet ein Bewohnerausweis?", "de_AT")["locale"] == "de"


def test_a_curated_answer_goes_before_a_composed_one(permit: Question) -> None:
    row = citation(Passage.objects.get(text__contains=COST), "You can apply online.")
    answers.save_revision(
        permit, locale="en", text="Permits are sold online. [1]", citations=[row], state=State.PUBLISHED
    )
    assert asked("What does a resident permit cost?")["answer"] == "Permits are sold online."


def test_the_nearest_other_entries_stand_beside_an_answer(permit: Question) -> None:
    make_question("What does a visitor permit cost?", key="visitor")
    indexing.sync_all()
    result = asked("What does a resident permit cost?")
    assert [row["key"] for row in result["nearest"]] == ["visitor"]


# Composed


def test_without_an_entry_the_answer_is_composed_from_passages(permit: Question) -> None:
    result = asked("Where are found umbrellas kept?")
    assert (result["outcome"], result["question"], told(result)) == ("composed", "", [(UMBRELLAS, "en", "source")])
    (row,) = result["citations"]
    assert (row["source"], row["quote"], row["lang"]) == ("Harbour", UMBRELLAS, "en")
    assert "Lost property" in row["heading"]


@pytest.mark.parametrize("text", ["Wann legt die Hafenfähre ab?", "When does the harbour ferry leave?"])
def test_a_composed_answer_is_in_the_readers_language_where_the_memory_has_it(permit: Question, text: str) -> None:
    result = asked(text, "de")
    assert told(result) == [(GERMAN[FERRY], "de", "memory")]
    assert [(row["quote"], row["lang"]) for row in result["citations"]] == [(FERRY, "en")]


def test_what_the_memory_lacks_is_shown_in_the_original_and_says_so(permit: Question) -> None:
    result = asked("Wo werden gefundene Regenschirme aufbewahrt?", "de")
    assert (result["locale"], told(result)) == ("de", [(UMBRELLAS, "en", "source")])


@pytest.mark.parametrize(
    ("policy", "shown"),
    [
        (TranslationPolicy.PUBLISH, ("Regenschirme bleiben sechs Monate.", "de", "machine")),
        (TranslationPolicy.DRAFT, (UMBRELLAS, "en", "source")),
        (TranslationPolicy.OFF, (UMBRELLAS, "en", "source")),
    ],
)
def test_a_machines_words_are_shown_only_where_the_policy_lets_them(
    permit: Question, policy: str, shown: tuple[str, str, str]
) -> None:
    remember(UMBRELLAS, "Regenschirme bleiben sechs Monate.", human=False)
    change_locale("de", policy=policy)
    assert told(asked("Where are found umbrellas kept?", "de")) == [shown]


def test_a_translation_that_failed_a_check_is_never_shown(permit: Question) -> None:
    remember(UMBRELLAS, "Regen Regen Regen", human=False, verdict="repetition")
    assert told(asked("Where are found umbrellas kept?", "de")) == [(UMBRELLAS, "en", "source")]


@pytest.mark.parametrize(
    ("text", "locale", "answer"),
    [
        ("Wann öffnet die Bibliothek?", "de", "Die Bibliothek öffnet um neun Uhr."),
        ("When does the library open?", "en", "Die Bibliothek öffnet um neun Uhr."),
        ("When does the harbour ferry leave?", "en", FERRY),
        ("Wann legt die Hafenfähre ab?", "de", GERMAN[FERRY]),
    ],
)
def test_sources_in_two_languages_answer_questions_in_either(
    permit: Question, text: str, locale: str, answer: str
) -> None:
    assert asked(text, locale)["answer"] == answer


def test_a_language_that_writes_no_spaces_gets_none_between_sentences(permit: Question) -> None:
    remember(FERRY, "渡轮每小时从旧码头出发。", "zh-hans")
    remember("A crossing costs 2 euros.", "单程票价为2欧元。", "zh-hans")
    indexing.sync_all()
    result = asked("When does the harbour ferry leave and what does a crossing cost?", "zh-CN")
    assert (result["locale"], result["answer"]) == ("zh-hans", "渡轮每小时从旧码头出发。单程票价为2欧元。")


# Abstaining


@pytest.mark.parametrize(
    ("text", "locale"),
    [("Who won the football match?", "en"), ("Wer gewann das Fußballspiel?", "de"), ("asdf qwer zxcv", "en")],
)
def test_what_the_sources_do_not_answer_gets_no_answer(permit: Question, text: str, locale: str) -> None:
    result = asked(text, locale)
    assert (result["outcome"], result["segments"], result["answer"], result["citations"]) == ("abstained", [], "", [])


def test_the_nearest_entries_stand_in_for_an_answer_in_the_readers_language(permit: Question) -> None:
    result = asked("Gibt es einen Bewohnerausweis für Motorboote im Winter auf dem Mond?", "de")
    assert result["nearest"] == [{"key": "permit", "text": "Was kostet ein Bewohnerausweis?", "lang": "de"}]


def test_an_entry_without_an_answer_is_answered_from_the_sources(permit: Question) -> None:
    make_question("Where is lost property kept?", key="lost")
    indexing.sync_all()
    result = asked("Where is lost property kept?")
    assert (result["outcome"], result["answer"]) == ("composed", UMBRELLAS)


# What may not be seen

SECRET = "A mooring for small boats costs 77 florins."
MOORING = "What does a mooring for small boats cost?"


def leaks(text: str = MOORING) -> bool:
    """Whether anything of the secret reaches a reader in any part of the result, in any of three languages."""
    found = [json.dumps(asked(text, locale, record=False)) for locale in ("en", "de", "ar")]
    return any("florin" in each or "mooring" in each.casefold() for each in found)


def test_a_draft_source_is_not_seen_until_it_is_published(permit: Question) -> None:
    draft = make_source(f"# Boats\n\n{SECRET}\n", title="Boats", publish=False)
    indexing.sync_all()
    assert not leaks()
    publication.publish_source(draft)
    indexing.sync_all()
    assert leaks()


def test_a_draft_revision_is_not_seen_until_it_is_published(permit: Question) -> None:
    source = make_source(HARBOUR.replace("Harbour ferry", "Ships"), title="Ships")
    sources.revise_content(source, text=f"# Ships\n\n{SECRET}\n")
    indexing.sync_all()
    assert not leaks()
    publication.publish_source(source)
    indexing.sync_all()
    assert leaks()


def test_a_retired_source_is_gone_at_once_though_the_index_still_holds_it(permit: Question) -> None:
    source = make_source(f"# Boats\n\n{SECRET}\n", title="Boats")
    indexing.sync_all()
    assert leaks()
    publication.retire_source(source)
    stale = retrieval.retriever().search(Query(MOORING, "en")).hits
    assert passages_of(source) & {hit.family for hit in stale}
    assert not leaks()


def passages_of(source: Any) -> set[str]:
    return set(Passage.objects.filter(revision__source=source).values_list("key", flat=True))


def test_what_an_edit_took_out_is_gone_at_once_though_the_index_still_holds_it(permit: Question) -> None:
    source = make_source(f"# Boats\n\n{SECRET}\n", title="Boats")
    indexing.sync_all()
    assert leaks()
    edit(source, SECRET, "Boats are not allowed here.")
    assert not leaks()


def curated_mooring(text: str = MOORING) -> Question:
    """An entry that answers with the secret; its source says as much in other words, which no search finds."""
    passage = passages(make_source("# Tariff\n\nPosition 9: 77 groats.\n", title="Tariff"))[0]
    return make_question(text, cites=passage, answer=f"{SECRET} [1]", key="secret-mooring")


def test_a_draft_question_is_not_seen_until_it_is_published(permit: Question) -> None:
    question = curated_mooring()
    Question.objects.filter(pk=question.pk).update(state=State.DRAFT)
    indexing.sync_all()
    assert not leaks()
    questions.publish_question(question)
    indexing.sync_all()
    assert leaks()


def test_a_retired_question_is_gone_at_once_though_the_index_still_holds_it(permit: Question) -> None:
    question = curated_mooring()
    indexing.sync_all()
    assert leaks()
    questions.retire_question(question)
    assert f"q{question.pk}" in {hit.family for hit in retrieval.retriever().search(Query(MOORING, "en")).hits}
    assert not leaks()


def test_a_drafted_answer_is_not_seen_until_it_is_published(permit: Question) -> None:
    question = make_question("What does berthing cost?", key="berth")
    passage = passages(make_source("# Tariff\n\nPosition 9: 77 groats.\n", title="Tariff"))[0]
    draft = answers.save_revision(question, locale="en", text=f"{SECRET} [1]", citations=[citation(passage)])
    indexing.sync_all()
    assert not leaks("What does berthing cost?")
    answers.publish_revision(draft)
    assert leaks("What does berthing cost?")


def test_a_drafted_translation_is_not_seen_until_it_is_published(permit: Question) -> None:
    draft = answers.save_translation(permit, "de", {COST: "Ein Bewohnerausweis kostet 77 Euro."})
    assert draft is not None
    assert asked("Was kostet ein Bewohnerausweis?", "de")["answer"] == GERMAN[COST]
    answers.publish_revision(draft)
    assert asked("Was kostet ein Bewohnerausweis?", "de")["answer"] == "Ein Bewohnerausweis kostet 77 Euro."


def test_an_entry_whose_source_was_retired_answers_no_longer(permit: Question) -> None:
    publication.retire_source(Passage.objects.get(text__contains=COST).revision.source)
    result = asked("What does a resident permit cost?")
    assert (result["outcome"], "30" in json.dumps(result["segments"] + result["citations"])) == ("abstained", False)


def test_a_sentence_whose_quote_was_edited_away_is_no_longer_shown(permit: Question) -> None:
    edit(Passage.objects.get(text__contains=COST).revision.source, "30 euros", "45 euros")
    indexing.sync_all()
    result = asked("What does a resident permit cost?")
    assert "30" not in json.dumps(result["segments"] + result["citations"])
    assert result["answer"] == "A resident permit costs 45 euros a year."


# The index is away


def away(*_: object) -> Any:
    raise Unavailable("The index is away.")


@pytest.mark.parametrize(
    ("text", "locale", "answer"),
    [
        ("What does a resident permit cost?", "en", COST),
        ("what does a resident PERMIT cost", "en", COST),
        ("Was kostet ein Bewohnerausweis?", "de", GERMAN[COST]),
    ],
)
def test_without_the_index_the_same_words_are_still_answered(
    permit: Question, monkeypatch: pytest.MonkeyPatch, text: str, locale: str, answer: str
) -> None:
    monkeypatch.setattr(retrieval, "retriever", away)
    result = asked(text, locale)
    assert (result["outcome"], result["question"], result["answer"]) == ("curated", "permit", answer)
    assert (result["degraded"], result["citations"][0]["quote"], list(result)) == (True, COST, FIELDS)


def test_without_the_index_other_words_get_the_nearest_entries_and_are_no_gap(
    permit: Question, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retrieval, "retriever", away)
    result = asked("How can one obtain a resident permit?")
    assert (result["outcome"], result["degraded"], result["answer"]) == ("abstained", True, "")
    assert [row["key"] for row in result["nearest"]] == ["permit"]
    assert not Asked.objects.exists()


def test_an_index_that_was_never_built_is_one_that_is_away() -> None:
    passage = passages(make_source())[0]
    make_question("What does a resident permit cost?", cites=passage, quote=COST)
    result = asked("What does a resident permit cost?")
    assert (result["outcome"], result["answer"], result["degraded"]) == ("curated", COST, True)


def test_an_index_that_is_broken_is_one_that_is_away(permit: Question, settings: Any) -> None:
    retrieval.reset()
    for path in settings.POLYFAQ["HOME"].glob("index.sqlite3*"):
        path.write_bytes(b"this was an index")
    result = asked("What does a resident permit cost?")
    assert (result["outcome"], result["answer"], result["degraded"]) == ("curated", COST, True)


# What asking costs


def test_no_engine_runs_while_a_reader_waits(permit: Question, engine: Any, client: Any) -> None:
    for locale in Locale.objects.values_list("tag", flat=True):
        for text in ("What does a resident permit cost?", "Where are found umbrellas kept?", "Who won the match?"):
            asked(text, locale)
        assert client.get(f"/{locale}/ask/", {"q": "Where are found umbrellas kept?"}).status_code == 200
        assert client.get(f"/{locale}/questions/permit/").status_code == 200
    assert (engine.calls, engine.texts) == (0, [])


def test_asking_what_is_answered_changes_nothing(permit: Question) -> None:
    units = list(TranslationUnit.objects.values())
    asked("Where are found umbrellas kept?", "fr")
    assert (list(TranslationUnit.objects.values()), Asked.objects.count()) == (units, 0)


@pytest.mark.parametrize("text", ["What does a resident permit cost?", "When does the harbour ferry leave?"])
def test_asking_costs_as_many_queries_in_a_large_portal_as_in_a_small_one(permit: Question, text: str) -> None:
    asked(text, "de")
    answered.forget()
    with CaptureQueriesContext(connection) as few:
        asked(text, "de")
    for number in range(12):
        make_source(f"# Ferry {number}\n\nThe river ferry {number} leaves the pier. A permit costs {number} euros.\n")
        make_question(f"What does a ferry permit cost on line {number}?")
    indexing.sync_all()
    asked(text, "de")
    answered.forget()
    with CaptureQueriesContext(connection) as many:
        asked(text, "de")
    assert len(many) == len(few)


# Bad input


@pytest.mark.parametrize("text", ["", "   ", "?!", "🙂🙂", "\x00\x01", "。，"], ids=repr)
def test_a_question_without_words_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="in words"):
        ask(text, "en")


@pytest.mark.parametrize("length", [501, 100_000])
def test_a_question_too_long_is_refused_with_the_ceiling(length: int) -> None:
    with pytest.raises(Invalid, match="at most 500 characters"):
        ask("x" * length, "en")


@pytest.mark.parametrize("locale", ["xx", "", "english", "zh-tw"])
def test_an_unknown_language_is_refused_with_those_there_are(locale: str) -> None:
    with pytest.raises(Invalid, match="Known languages: en, de"):
        ask("permit", locale)


def test_a_language_that_is_switched_off_is_unknown() -> None:
    change_locale("de", enabled=False)
    with pytest.raises(Invalid, match="no language 'de'"):
        ask("permit", "de")


@pytest.mark.parametrize(
    "text",
    [
        '"harbour ferry"', "harbour AND ferry", "harbour NEAR/2 ferry", "ferry*", "-ferry harbour", "harbour) OR (1=1",
        "ferry'; DROP TABLE faq_source; --", "<script>alert('ferry')</script>", "ferry 🙂 渡轮 паром", "harbour\x00ferry\x1b[0m",
    ],
)  # fmt: skip
def test_operators_and_markup_are_words_like_others(permit: Question, text: str) -> None:
    result = asked(text)
    assert (result["passages"][0]["source"], result["degraded"], Source.objects.count()) == ("Harbour", False, 3)
    assert "<script>" not in json.dumps(result)


def test_nothing_is_answered_by_an_empty_portal() -> None:
    indexing.sync_all()
    result = asked("What does a resident permit cost?")
    assert (result["outcome"], result["nearest"], result["passages"]) == ("abstained", [], [])
