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
    call_command("evaluate", str(folder), *args, stdout=out, stderr=StringIO())
    return out.getvalue()


def test_each_language_is_measured_into_itself_and_into_english(folder: Path) -> None:
    report = json.loads(run(folder, "--json"))
    pairs = [(row["question_locale"], row["passage_locale"]) for row in report["rows"]]
    assert sorted(pairs) == [("de", "de"), ("de", "en"), ("en", "en")]
    for row in report["rows"]:
        assert {"n", "recall_at_1", "recall_at_5", "mrr", "ndcg_at_10", "answer_hit", "answer_words"} < set(row)
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


def test_people_get_tables_and_so_does_a_document_between_its_marks(folder: Path, tmp_path: Path) -> None:
    document = tmp_path / "quality.md"
    document.write_text("# Before\n<!-- evaluate: begin -->\nold\n<!-- evaluate: end -->\nafter\n", encoding="utf-8")
    shown = run(folder, "--update", str(document)).strip()
    head, line, *rows = shown.split("\n\n")[0].splitlines()
    names = [cell.strip() for cell in head.strip("|").split("|")]
    assert names[:5] == ["questions → passages", "n", "recall@1", "recall@5", "nDCG@10"]
    assert all(each.count("|") == head.count("|") for each in (line, *rows))
    assert [row.split(" | ")[0] for row in rows] == ["| de → de", "| de → en", "| en → en"]
    text = document.read_text(encoding="utf-8")
    between = text.removeprefix("# Before\n<!-- evaluate: begin -->\n").removesuffix(
        "\n<!-- evaluate: end -->\nafter\n"
    )
    assert between.partition("One search")[0] == shown.partition("One search")[0]


def test_a_document_may_have_the_rows_alone(folder: Path, tmp_path: Path) -> None:
    document = tmp_path / "readme.md"
    document.write_text("<!-- evaluate: begin rows -->\n<!-- evaluate: end -->\n", encoding="utf-8")
    shown = run(folder, "--update", str(document), "--locale", "en")
    table = shown.split("\n\n")[0]
    assert document.read_text(encoding="utf-8") == f"<!-- evaluate: begin rows -->\n{table}\n<!-- evaluate: end -->\n"


def test_a_document_without_marks_is_named_before_anything_is_measured(folder: Path, tmp_path: Path) -> None:
    document = tmp_path / "other.md"
    document.write_text("# Other\n", encoding="utf-8")
    with pytest.raises(CommandError, match=r"other\.md has no lines <!-- evaluate: begin -->"):
        run(folder, "--update", str(document))
    assert document.read_text(encoding="utf-8") == "# Other\n"
    with pytest.raises(CommandError, match=r"missing\.md cannot be read"):
        run(folder, "--update", str(tmp_path / "missing.md"))


def test_a_question_whose_passage_is_held_out_is_not_answered(folder: Path) -> None:
    """p1 is the first of every two articles: nothing is left about the ferry."""
    report = json.loads(run(folder, "--json", "--holdout", "2"))
    assert [(row["held_out"], row["wrong_answers"]) for row in report["rows"]] == [(1, 0.0)] * 3


def test_translated_entries_answer_in_the_readers_language(folder: Path) -> None:
    """The English passages with their German translations, of which every sentence is known."""
    details = folder / "details.jsonl"
    report = json.loads(run(folder, "--json", "--details", str(details)))
    (row,) = report["translated"]
    assert (row["question_locale"], row["passage_locale"], row["recall_at_1"], row["answer_hit"]) == ("de", "en", 1, 1)
    rows = [json.loads(line) for line in details.read_text(encoding="utf-8").splitlines()]
    said = [each["answer"]["text"] for each in rows if each["translated"] and each["question"]["id"] == "q1"]
    assert "Eine Überfahrt kostet 2 Euro." in said[0]
    quotes = [
        quote["text"]
        for each in rows
        if each["translated"]
        for part in each["answer"]["said"]
        for quote in part["quotes"]
    ]
    assert any("A crossing costs 2 euros." in quote for quote in quotes)
    assert report["parity_failures"] == 0


def test_a_translation_that_loses_a_number_is_not_shown(folder: Path) -> None:
    rows = [
        {"id": "p1", "title": "Fähre", "text": "Die Hafenfähre legt am alten Pier ab. Eine Überfahrt kostet 3 Euro."}
    ]
    rows += [{"id": "p2", "title": "Bibliothek", "text": PASSAGES["de"][1][2]}]
    write(folder / "passages.de.jsonl", rows)
    details = folder / "details.jsonl"
    assert json.loads(run(folder, "--json", "--details", str(details)))["parity_failures"] == 0
    found = [json.loads(line) for line in details.read_text(encoding="utf-8").splitlines()]
    said = [each["answer"]["text"] for each in found if each["translated"] and each["question"]["id"] == "q1"]
    assert "A crossing costs 2 euros." in said[0]


def test_every_quote_of_an_answer_stands_in_its_passage(folder: Path) -> None:
    assert json.loads(run(folder, "--json"))["citation_precision"] == 1.0


def test_what_is_measured_is_named(folder: Path) -> None:
    report = json.loads(run(folder, "--json", "--locale", "en", "--embedder", "fake", "--backend", "embedded"))
    assert [(row["question_locale"], row["passage_locale"]) for row in report["rows"]] == [("en", "en")]
    assert set(report["baselines"]) >= {"lexical", "gloss", "vector", "fused"}
    assert json.loads(run(folder, "--json", "--locale", "en", "--no-baselines"))["baselines"] == {}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--backend", "nowhere.Backend"], "nowhere"),
        (["--embedder", "retrieval.types.Query"], "lacks"),
        (["--holdout", "-1"], "holdout"),
        (["--locale", "fr"], r"questions\.fr\.jsonl"),
    ],
)
def test_what_cannot_be_measured_is_refused_by_name(folder: Path, options: list[str], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        run(folder, *options)


def test_an_answer_to_what_no_passage_answers_counts_against(folder: Path) -> None:
    ask(folder, "en", [*QUESTIONS["en"], ("q3", "Who won the football match?", "", "")])
    report = json.loads(run(folder, "--json"))
    (row,) = [row for row in report["rows"] if row["question_locale"] == "en"]
    assert (row["n"], row["recall_at_1"], row["false_answers"]) == (2, 1, 0)


def test_the_portals_index_and_data_are_left_alone(folder: Path, settings: Any) -> None:
    before = retrieval.retriever()
    files = sorted(Path(settings.POLYFAQ["HOME"]).rglob("*"))
    run(folder)
    assert not Path(settings.POLYFAQ["INDEX_PATH"]).exists()
    assert (Source.objects.count(), Asked.objects.count(), Job.objects.count()) == (0, 0, 0)
    assert retrieval.retriever() is not before
    assert sorted(Path(settings.POLYFAQ["HOME"]).rglob("*")) == files


def test_progress_is_told_beside_the_figures(folder: Path) -> None:
    out, errors = StringIO(), StringIO()
    call_command("evaluate", str(folder), "--json", "--locale", "en", stdout=out, stderr=errors)
    assert errors.getvalue() == "1 of 2 questions asked\n2 of 2 questions asked\n"
    assert json.loads(out.getvalue())["rows"][0]["n"] == 2


def test_no_database_is_asked(folder: Path, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        run(folder, "--locale", "en")


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
