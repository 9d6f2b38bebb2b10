"""`manage.py evaluate`: how well search and composing do on labelled questions, away from the portal's own index."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from faq.gateways import retrieval
from faq.models import Asked, Job, Source

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("starter")]

PASSAGES = {
    "en": [
        ("p1", "Ferry", "The harbour ferry leaves from the old pier. A crossing costs 2 euros."),
        ("p2", "Library", "The library opens at nine. A reader's card costs 12 euros."),
    ],
    "de": [
        ("p1", "Fähre", "Die Hafenfähre legt am alten Pier ab. Eine Überfahrt kostet 2 Euro."),
        ("p2", "Bibliothek", "Die Bibliothek öffnet um neun. Ein Leseausweis kostet 12 Euro."),
    ],
}
QUESTIONS = {
    "en": [("q1", "What does a ferry crossing cost?", "p1", "2 euros"), ("q2", "When does the library open?", "p2", "nine")],
    "de": [("q1", "Was kostet eine Überfahrt?", "p1", "2 Euro"), ("q2", "Wann öffnet die Bibliothek?", "p2", "neun")],
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "labelled"
    made.mkdir()
    for locale, rows in PASSAGES.items():
        write(made / f"passages.{locale}.jsonl", [dict(zip(("id", "title", "text"), row, strict=True)) for row in rows])
    for locale, rows in QUESTIONS.items():
        ask(made, locale, rows)
    return made


def ask(folder: Path, locale: str, rows: list[tuple[str, str, str, str]]) -> None:
    """Write the labelled questions of a language: id, question, passage, answer."""
    found = [
        {"id": name, "question": text, "passage": passage, "answers": [answer] if answer else []}
        for name, text, passage, answer in rows
    ]
    write(folder / f"questions.{locale}.jsonl", found)


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def run(folder: Path, *args: str) -> str:
    out = StringIO()
    call_command("evaluate", str(folder), *args, stdout=out)
    return out.getvalue()


def test_each_language_is_measured_into_itself_and_into_english(folder: Path) -> None:
    report = json.loads(run(folder, "--json"))
    pairs = [(row["question_locale"], row["passage_locale"]) for row in report["rows"]]
    assert sorted(pairs) == [("de", "de"), ("de", "en"), ("en", "en")]
    for row in report["rows"]:
        assert {"n", "recall_at_1", "recall_at_5", "mrr", "answer_hit"} < set(row)
        assert row["n"] == 2
        assert all(0 <= row[name] <= 1 for name in ("recall_at_1", "recall_at_5", "mrr", "answer_hit"))


def test_questions_in_the_words_of_their_passages_find_them_and_are_answered(folder: Path) -> None:
    report = json.loads(run(folder, "--json"))
    own = [row for row in report["rows"] if row["question_locale"] == row["passage_locale"]]
    assert [(row["recall_at_1"], row["recall_at_5"], row["mrr"], row["answer_hit"]) for row in own] == [
        (1, 1, 1, 1)
    ] * 2


def test_questions_about_other_passages_are_counted_as_missed(folder: Path) -> None:
    swapped = [
        ("q1", "What does a ferry crossing cost?", "p2", "twelve"),
        ("q2", "When does the library open?", "p1", "ten"),
    ]
    ask(folder, "en", swapped)
    report = json.loads(run(folder, "--json"))
    (row,) = [row for row in report["rows"] if row["question_locale"] == "en"]
    assert (row["recall_at_1"], row["answer_hit"]) == (0, 0)


def test_latency_is_of_one_search(folder: Path) -> None:
    latency = json.loads(run(folder, "--json"))["latency_ms"]
    assert 0 < latency["p50"] <= latency["p95"]


def test_people_get_a_table(folder: Path) -> None:
    head, line, *rows, last = run(folder).splitlines()
    names = [cell.strip() for cell in head.strip("|").split("|")]
    assert names[:6] == ["question_locale", "passage_locale", "n", "recall_at_1", "recall_at_5", "mrr"]
    assert all(each.count("|") == head.count("|") for each in (line, *rows))
    assert (len(rows), last.startswith("One search: p50 ")) == (3, True)


def test_an_answer_to_what_no_passage_answers_counts_against(folder: Path) -> None:
    ask(folder, "en", [*QUESTIONS["en"], ("q3", "Who won the football match?", "", "")])
    report = json.loads(run(folder, "--json"))
    (row,) = [row for row in report["rows"] if row["question_locale"] == "en"]
    assert (row["n"], row["recall_at_1"], row["false_answers"]) == (2, 1, 0)


def test_the_portals_index_and_data_are_left_alone(folder: Path, settings: Any) -> None:
    before = retrieval.retriever()
    run(folder)
    assert not Path(settings.POLYFAQ["INDEX_PATH"]).exists()
    assert (Source.objects.count(), Asked.objects.count(), Job.objects.count()) == (0, 0, 0)
    assert retrieval.retriever() is not before
    assert not [path for path in Path(settings.POLYFAQ["HOME"]).iterdir() if path.name != "labelled"]


@pytest.mark.parametrize("name", ["nowhere", "empty"])
def test_a_folder_without_labelled_questions_is_refused_by_name(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(CommandError, match=name):
        run(tmp_path / name)


@pytest.mark.parametrize("line", ["{", "[]", '{"id": "q1"}'])
def test_a_broken_line_is_named_by_file_and_number(folder: Path, line: str) -> None:
    path = folder / "questions.de.jsonl"
    path.write_text(path.read_text(encoding="utf-8") + line + "\n", encoding="utf-8")
    with pytest.raises(CommandError, match=r"questions\.de\.jsonl.*3"):
        run(folder)


def test_a_question_about_a_passage_that_is_not_there_is_refused(folder: Path) -> None:
    ask(folder, "en", [("q1", "Where?", "p9", "here")])
    with pytest.raises(CommandError, match="p9"):
        run(folder)
