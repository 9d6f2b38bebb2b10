"""The demonstration: loads whole and once, shows what it is meant to show, and answers well in all nine languages.

It is loaded once for this file, with the product's own vectors. Where a share is asserted, the failures are listed.
"""

import csv
import json
import shutil
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings as configured
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.test import Client, override_settings

from faq.domain import indexing, populate
from faq.domain.ask import ask
from faq.domain.jobs import Progress
from faq.enums import Freshness, JobKind, Origin, State
from faq.gateways import retrieval, translation
from faq.models import (
    AnswerRevision,
    Asked,
    AuditEntry,
    Citation,
    Feedback,
    Job,
    Passage,
    Phrasing,
    Question,
    Source,
    TranslationUnit,
)
from faq.queries import asking, content, freshness
from tests.faq.factories import make_locales

DEMO = Path(configured.BASE_DIR) / "demo"
LABELLED = Path(__file__).parents[1] / "data" / "asked"
TAGS = ["en", "de", "fr", "es", "pl", "uk", "tr", "ar", "zh-hans"]
KNOWLEDGE: dict[str, Any] = yaml.safe_load((DEMO / "knowledge.yaml").read_text(encoding="utf-8"))
ENTRIES: dict[str, Any] = {row["key"]: row for row in KNOWLEDGE["questions"]}
ASKED: list[dict[str, Any]] = yaml.safe_load((DEMO / "asked.yaml").read_text(encoding="utf-8"))["asked"]
UNANSWERED = {
    "old-medicines": "sources/recycling.html",
    "housing-advice": "sources/moving.md",
    "school-holidays": "sources/schools.docx",
}
"""Entries without an answer, for populate to draft, and where their answers stand."""
OTHERS = {"housing-advice": "sources/new-residents.docx"}
MD5 = "django.contrib.auth.hashers.MD5PasswordHasher"
RIGHT = 0.75
"""The share of paraphrases in each language that must get the right entry, or an answer from its sources."""
WRONG = 2
"""So many in each language at most may get the answer of another entry."""
REACHED, CURATED_WRONG, CURATED_FALSE = 0.91, 0.03, 0.03
"""Shares of paraphrases that reach their entry, of those that get another one's answer, and of off-topic questions that get
any: what was reached when they were recorded, less a question or two."""

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.any_database,
]  # what is asked here are the index and the composed answers


@pytest.fixture(scope="module")
def loaded(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The demonstration in the database and an index of its own; gives the settings and the retriever."""
    home = tmp_path_factory.mktemp("demonstration")
    values = configured.POLYFAQ | {
        "HOME": home,
        "INDEX_PATH": home / "index.sqlite3",
        "EMBEDDER": "retrieval.embedders.starter.StarterEmbedder",
        "TRANSLATION_ENGINE": "",
        "WORKER_THREAD": False,
    }
    others = {"CELERY_BROKER_URL": "memory://localhost//", "PASSWORD_HASHERS": [MD5]}
    with django_db_blocker.unblock(), override_settings(POLYFAQ=values, **others):
        make_locales()
        retrieval.reset()
        translation.reset()
        out = StringIO()
        call_command("load_demo", stdout=out, stderr=out)
        yield {"settings": values, "retriever": retrieval.retriever(), "said": out.getvalue(), "results": {}}
        call_command("flush", interactive=False, verbosity=0)


@pytest.fixture
def demo(db: None, settings: Any, loaded: Any) -> Any:
    settings.POLYFAQ = loaded["settings"]
    retrieval.use(loaded["retriever"])
    return loaded


def said(demo: Any, text: str, locale: str) -> dict[str, Any]:
    """What ask says; each question is asked once in this file."""
    results: dict[tuple[str, str], dict[str, Any]] = demo["results"]
    if (text, locale) not in results:
        results[text, locale] = ask(text, locale, record=False).as_dict()
    return results[text, locale]


# Loading


def test_everything_of_the_manifest_is_there_and_published(demo: Any) -> None:
    assert Source.objects.filter(state=State.PUBLISHED).count() == len(KNOWLEDGE["sources"]) >= 12
    assert set(ENTRIES) <= set(Question.objects.filter(state=State.PUBLISHED).values_list("key", flat=True))
    assert len(ENTRIES) >= 40
    assert len({row["topic"] for row in ENTRIES.values()}) == 6
    assert {Path(row["file"]).suffix for row in KNOWLEDGE["sources"]} == {
        ".md",
        ".html",
        ".docx",
        ".pdf",
        ".txt",
        ".csv",
    }
    answered = {key for key, row in ENTRIES.items() if "answer" in row}
    canonical = AnswerRevision.objects.filter(state=State.PUBLISHED, is_translation=False)
    assert answered <= set(canonical.values_list("answer__question__key", flat=True))
    assert set(UNANSWERED) == set(ENTRIES) - answered


def test_loading_says_what_there_is_and_how_to_log_in(demo: Any) -> None:
    counts = (Source.objects.count(), Question.objects.count(), TranslationUnit.objects.count())
    first, second = demo["said"].strip().splitlines()[-2:]
    assert first.startswith("{} sources, {} questions, {} translation units in ".format(*counts))
    assert second == "Demo login for /admin/: editor / larkmouth"
    assert Client().login(username="editor", password="larkmouth")


def test_no_work_is_left_and_the_index_holds_what_the_database_says(demo: Any) -> None:
    assert list(Job.objects.exclude(state="succeeded").values_list("kind", "error")) == []
    report = indexing.check()
    assert (report.missing, report.orphaned, report.differing) == ((), (), ())


def test_loading_again_changes_nothing(demo: Any) -> None:
    before = everything()
    call_command("load_demo", stdout=StringIO(), stderr=StringIO())
    assert everything() == before


def everything() -> list[Any]:
    models = (Source, Question, Phrasing, AnswerRevision, Citation, TranslationUnit, Asked, Feedback, AuditEntry, Job)
    users = get_user_model().objects.values_list("username", "password")
    return [list(model.objects.order_by("pk").values()) for model in models] + [list(users)]


@pytest.mark.parametrize("name", ["knowledge.yaml", "sources/waste.md"])
def test_a_demonstration_that_is_not_complete_names_what_is_missing(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "demo"
    shutil.copytree(DEMO, folder, ignore=shutil.ignore_patterns("memory", "originals"))
    (folder / name).unlink()
    with pytest.raises(CommandError, match=Path(name).name):
        call_command("load_demo", "--folder", str(folder), stdout=StringIO(), stderr=StringIO())


# What it shows


@pytest.mark.parametrize(("what", "expected"), [("stale", Freshness.STALE), ("missing", Freshness.MISSING)])
def test_what_is_meant_to_be_amiss_is_amiss(demo: Any, what: str, expected: Freshness) -> None:
    meant = {(key, tag) for key, row in ENTRIES.items() for tag in row.get("demo", {}).get(what, [])}
    keys = dict(Question.objects.values_list("pk", "key"))
    fresh = freshness.answer_freshness()
    found = {(keys[pk], tag) for pk, tags in fresh.items() for tag, value in tags.items() if value == expected}
    assert meant
    assert {(key, tag) for key, tag in found if key not in UNANSWERED} == meant


def test_machine_drafts_are_labelled_as_a_machines(demo: Any) -> None:
    meant = {(key, tag) for key, row in ENTRIES.items() for tag in row.get("demo", {}).get("machine_draft", [])}
    rows = AnswerRevision.objects.filter(state=State.PUBLISHED, origin=Origin.MACHINE)
    assert meant == set(rows.values_list("answer__question__key", "locale_id"))


@pytest.mark.parametrize("tag", TAGS[1:])
def test_every_other_answer_stands_in_every_language(demo: Any, tag: str) -> None:
    missing = {key for key, row in ENTRIES.items() if tag in row.get("demo", {}).get("missing", [])}
    foreign = []
    for pk, key in Question.objects.filter(state=State.PUBLISHED).values_list("pk", "key"):
        answer = content.answer(pk, tag)
        if answer is not None and answer.untranslated:
            foreign.append(key)
    assert set(foreign) == missing


def test_what_has_no_answer_is_drafted_from_the_source_that_holds_it(demo: Any) -> None:
    Question.objects.exclude(key__in=UNANSWERED).update(state=State.RETIRED)
    populate.populate(Progress(Job.objects.create(kind=JobKind.POPULATE, state="running")), [])
    drafts = AnswerRevision.objects.filter(state=State.DRAFT, is_translation=False, origin=Origin.GENERATED)
    found = {row.answer.question.key: sources_of(row) for row in drafts.select_related("answer__question")}
    assert {key for key, paths in found.items() if paths & expected(key)} == set(UNANSWERED), found


def sources_of(revision: AnswerRevision) -> set[str]:
    rows = Citation.objects.filter(answer_revision=revision)
    return set(rows.values_list("passage__revision__source__path", flat=True))


def expected(key: str) -> set[str]:
    """Where the answer to an entry stands."""
    row = ENTRIES.get(key, {})
    names = {each["source"] for each in row.get("answer", {}).get("citations", [])}
    names |= {UNANSWERED[key]} if key in UNANSWERED else set()
    names |= {OTHERS[key]} if key in OTHERS else set()
    return {f"demo/{name}" for name in names} or {"demo/sources/questions.csv"}


def test_what_helped_most_often_is_asked_often(demo: Any) -> None:
    votes = yaml.safe_load((DEMO / "votes.yaml").read_text(encoding="utf-8"))["votes"]
    helpful = {key: sum(row[0] for row in rows.values()) for key, rows in votes.items()}
    expected = sorted(helpful, key=lambda key: -helpful[key])[:6]
    assert len({helpful[key] for key in expected}) == 6
    assert {tag: [link.key for link in content.popular(tag)] for tag in TAGS} == dict.fromkeys(TAGS, expected)


# How it answers


def labelled(kind: str) -> list[tuple[str, str, str]]:
    """(entry, locale, question)"""
    with (LABELLED / "paraphrases.tsv").open(encoding="utf-8") as file:
        rows = csv.DictReader(file, delimiter="\t")
        return [(row["key"], row["locale"], row["text"]) for row in rows if row["kind"] == kind]


def verdict(key: str, result: dict[str, Any]) -> str:
    """`right`, `none`, `entry` (the answer of another one) or `passage` (composed from another source)."""
    if result["outcome"] == "abstained":
        return "none"
    if result["outcome"] == "curated":
        return "right" if result["question"] == key else "entry"
    ids = [row["passage"] for row in result["citations"]]
    cited = set(Passage.objects.filter(pk__in=ids).values_list("revision__source__path", flat=True))
    return "right" if cited & expected(key) else "passage"


def reaches(key: str, result: dict[str, Any]) -> bool:
    """The answer of the entry; of one that has none yet, an answer from the sources and the entry as the nearest."""
    if key not in UNANSWERED:
        return bool(result["question"] == key)
    return result["outcome"] == "composed" and [row["key"] for row in result["nearest"][:1]] == [key]


@pytest.mark.parametrize("tag", TAGS)
def test_paraphrases_get_the_right_answer_in_every_language(demo: Any, tag: str) -> None:
    asked = [(key, text) for key, locale, text in labelled("plain") if locale == tag]
    found = {text: (verdict(key, said(demo, text, tag)), key) for key, text in asked}
    failed = {text: what for text, what in found.items() if what[0] != "right"}
    assert len(failed) <= len(asked) * (1 - RIGHT), listed(failed)
    assert sum(what == "entry" for what, _ in failed.values()) <= WRONG, listed(failed)


def listed(failed: dict[str, Any]) -> str:
    return json.dumps(failed, ensure_ascii=False, indent=1)


def test_every_entry_is_found_by_its_own_wording_in_every_language(demo: Any) -> None:
    """Each entry in two of the languages, each language by two of nine entries."""
    failed = {}
    rows = Phrasing.objects.filter(canonical=True, question__answer__revisions__state=State.PUBLISHED).distinct()
    for row in rows.select_related("question").order_by("question_id", "locale__order"):
        if (TAGS.index(row.locale_id) - row.question_id) % 9 not in (0, 4):
            continue
        result = said(demo, row.text, row.locale_id)
        if (result["outcome"], result["question"]) != ("curated", row.question.key):
            failed[f"{row.locale_id}: {row.text}"] = (row.question.key, result["outcome"], result["question"])
    assert failed == {}


def test_what_visitors_asked_in_vain_is_not_answered_by_something_else(demo: Any) -> None:
    """At most two of fifteen: a reader who asks for another thing must not be told of this one."""
    failed = {}
    for row in ASKED:
        result = said(demo, row["text"], row["locale"])
        if result["outcome"] != "abstained":
            failed[f"{row['locale']}: {row['text']}"] = (result["outcome"], result["question"], result["answer"])
    assert {row["locale"] for row in ASKED} == set(TAGS)
    assert len(failed) <= 2, listed(failed)


def test_what_was_asked_lies_weeks_back_so_that_the_desk_has_something_to_draw(demo: Any) -> None:
    days = {row.pk: sum(day.count for day in row.days.all()) for row in Asked.objects.prefetch_related("days")}
    assert days == dict(Asked.objects.values_list("pk", "count"))
    rates = {rate.locale.tag: rate for rate in asking.answer_rates()}
    assert {tag for tag, rate in rates.items() if rate.all.total} == {row["locale"] for row in ASKED} | {"en"}
    assert all(sum(week.answered > 0 for week in rates[tag].weeks) >= 8 for tag in ("en", "de"))
    assert sum(rate.all.abstained for rate in rates.values()) == sum(row["count"] for row in ASKED)


def test_what_visitors_asked_in_vain_waits_for_the_editors(demo: Any) -> None:
    stored = set(Asked.objects.values_list("locale_id", "text", "count"))
    assert {(row["locale"], row["text"], row["count"]) for row in ASKED} <= stored


def test_paraphrases_reach_their_entry_and_off_topic_questions_none_as_well_as_before(demo: Any) -> None:
    """All languages together, hard ones too; the quality gate of matching. Every question that goes wrong is listed."""
    asked = [*labelled("plain"), *labelled("hard")]
    with (LABELLED / "off_topic.tsv").open(encoding="utf-8") as file:
        others = [(row["locale"], row["text"]) for row in csv.DictReader(file, delimiter="\t")]
    results = {(tag, text, key): said(demo, text, tag) for key, tag, text in asked}
    missed = {f"{tag}: {text}": key for (tag, text, key), result in results.items() if not reaches(key, result)}
    found = {(tag, text, key): result["question"] for (tag, text, key), result in results.items()}
    wrong = {f"{tag}: {text}": other for (tag, text, key), other in found.items() if other not in (key, "")}
    false = {f"{tag}: {text}": other for tag, text in others if (other := said(demo, text, tag)["question"])}
    assert len(missed) / len(asked) <= 1 - REACHED, listed(missed)
    assert len(wrong) / len(asked) <= CURATED_WRONG, listed(wrong)
    assert len(false) / len(others) <= CURATED_FALSE, listed(false)


# Cited or silent


def every_result(demo: Any) -> list[dict[str, Any]]:
    """The result of every question of this file, in its own language."""
    for _, locale, text in [*labelled("plain"), *labelled("hard")]:
        said(demo, text, locale)
    return list(demo["results"].values())


def test_every_quote_stands_in_the_stored_passage_of_a_published_revision(demo: Any) -> None:
    published = dict(Passage.objects.filter(revision__published_source__isnull=False).values_list("pk", "text"))
    results = every_result(demo)
    assert sum(bool(result["citations"]) for result in results) > 100
    for result in results:
        for row in result["citations"]:
            assert row["quote"].strip()
            assert row["quote"] in published[row["passage"]]


def test_every_stored_citation_stands_at_its_offsets(demo: Any) -> None:
    rows = Citation.objects.filter(answer_revision__state=State.PUBLISHED).select_related("passage__revision")
    assert len(rows) >= len(ENTRIES)
    for row in rows:
        assert row.passage.text[row.start : row.end] == row.quote
        text = row.passage.revision.text
        assert text[row.passage.start : row.passage.end] == row.passage.text


def test_every_sentence_is_cited_and_says_where_it_came_from(demo: Any) -> None:
    assert every_result(demo)
    for (_, tag), result in demo["results"].items():
        numbers = [row["number"] for row in result["citations"]]
        assert numbers == sorted(set(numbers))
        assert set(numbers) == {number for segment in result["segments"] for number in segment["citations"]}
        for segment in result["segments"]:
            assert segment["citations"]
            assert segment["origin"] in {"source", "human", "memory", "machine"}
            assert (segment["lang"] == tag) or segment["origin"] in {"source", "human"}


def test_a_composed_answer_has_at_most_four_sentences_numbered_without_gaps(demo: Any) -> None:
    composed = [result for result in every_result(demo) if result["outcome"] == "composed"]
    assert composed
    for result in composed:
        assert 1 <= len(result["segments"]) <= 4
        assert [row["number"] for row in result["citations"]] == list(range(1, len(result["citations"]) + 1))
        assert "".join(result["answer"].split()) == "".join("".join(s["text"] for s in result["segments"]).split())
