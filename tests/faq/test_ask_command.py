"""`manage.py ask`: one question for people or as JSON, or many from a file in one process."""

import json
from collections.abc import Iterable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from faq.gateways import retrieval
from faq.models import Asked, Question
from tests.faq.factories import COST, GERMAN, make_portal

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]  # what is printed; what is answered is asked in test_ask
COSTS = "What does a resident permit cost?"


@pytest.fixture
def permit(starter: Any) -> Question:
    return make_portal()


def run(*args: str) -> str:
    out = StringIO()
    call_command("ask", *args, stdout=out)
    return out.getvalue()


def batch(path: Path, rows: Iterable[Any], *args: str) -> list[dict[str, Any]]:
    lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
    path.write_text("\n".join(lines), encoding="utf-8")
    return [json.loads(line) for line in run("--batch", str(path), *args).splitlines()]


# One question


def test_an_answer_is_told_with_its_marks_and_references(permit: Question) -> None:
    assert run(COSTS) == f"{COST} [1]\n  [1] Parking — Parking: “{COST}”\n"


def test_the_answer_is_in_the_language_asked_for(permit: Question) -> None:
    assert run("Was kostet ein Bewohnerausweis?", "--locale", "de").splitlines()[0] == f"{GERMAN[COST]} [1]"


def test_an_abstention_says_so_and_what_comes_nearest(permit: Question) -> None:
    assert run("Who won the football match?").splitlines() == [
        "We do not know: the sources do not answer this.",
        f"  see also: {COSTS}",
    ]


def test_json_is_one_line_with_every_letter_as_it_is(permit: Question) -> None:
    line = run("Wie öffnet die Bibliothek?", "--locale", "de", "--json")
    assert line.count("\n") == 1
    assert "öffnet" in line
    assert json.loads(line)["locale"] == "de"


def test_what_is_asked_here_is_no_visitors_question(permit: Question, tmp_path: Path) -> None:
    run("Who won the football match?")
    batch(tmp_path / "asked.jsonl", [{"question": "Who won the football match?"}])
    assert not Asked.objects.exists()


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ([], "Give a question, or --batch FILE"),
        (["?!"], "in words"),
        (["x" * 501], "at most 500 characters"),
        (["permit", "--locale", "xx"], "Known languages: en, de"),
        (["--batch", "nowhere.jsonl"], "nowhere.jsonl cannot be read"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_what_to_do(args: list[str], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        call_command("ask", *args)


# Many


def test_each_line_gets_one_result_in_order(permit: Question, tmp_path: Path) -> None:
    rows = [
        {"question": COSTS, "locale": "en"},
        {"question": "Was kostet ein Bewohnerausweis?", "locale": "de"},
        {"question": "Who won the football match?", "locale": "fr"},
    ]
    results = batch(tmp_path / "asked.jsonl", rows)
    assert [(row["locale"], row["outcome"], row["answer"]) for row in results] == [
        ("en", "curated", COST),
        ("de", "curated", GERMAN[COST]),
        ("fr", "abstained", ""),
    ]


def test_a_line_of_a_batch_says_what_the_question_alone_says(permit: Question, tmp_path: Path) -> None:
    (many,) = batch(tmp_path / "asked.jsonl", [{"question": COSTS}])
    alone = json.loads(run(COSTS, "--json"))
    assert {**many, "timings": {}} == {**alone, "timings": {}}


def test_a_line_without_a_locale_takes_the_commands(permit: Question, tmp_path: Path) -> None:
    rows = [{"question": COSTS}, {"question": COSTS, "locale": ""}, {"question": COSTS, "locale": "en"}]
    results = batch(tmp_path / "asked.jsonl", rows, "--locale", "de")
    assert [row["locale"] for row in results] == ["de", "de", "en"]


def test_a_bad_line_is_reported_with_its_number_and_the_others_go_on(permit: Question, tmp_path: Path) -> None:
    rows = [
        {"question": COSTS}, "{", "[]", '"permit"', {"locale": "en"}, {"question": "?!"}, {"question": "permit", "locale": "xx"},
        {"question": "x" * 501}, {"question": None}, {"question": COSTS},
    ]  # fmt: skip
    results = batch(tmp_path / "asked.jsonl", rows)
    assert len(results) == len(rows)
    assert results[0]["answer"] == results[-1]["answer"] == COST
    for number, result in enumerate(results[1:-1], start=2):
        assert list(result) == ["error"]
        assert result["error"].startswith(f"Line {number}")


def test_empty_lines_are_passed_over_and_still_counted(permit: Question, tmp_path: Path) -> None:
    results = batch(tmp_path / "asked.jsonl", ["", {"question": COSTS}, "   ", "{", ""])
    assert [row.get("answer") for row in results] == [COST, None]
    assert results[1]["error"].startswith("Line 4")


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "asked.jsonl"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CommandError, match=r"asked\.jsonl cannot be read"):
        run("--batch", str(path))


def test_a_file_of_another_system_is_read_as_it_is(permit: Question, tmp_path: Path) -> None:
    path = tmp_path / "asked.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps({"question": COSTS}).encode() + b"\r\n")
    assert json.loads(run("--batch", str(path)))["answer"] == COST


def test_line_separators_inside_a_question_do_not_end_the_line(permit: Question, tmp_path: Path) -> None:
    (result,) = batch(tmp_path / "asked.jsonl", [{"question": "What does a\u2028resident permit\x85cost?"}])
    assert result["answer"] == COST


def test_many_questions_build_the_services_once(
    permit: Question, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built: list[int] = []
    build = retrieval._build
    monkeypatch.setattr(retrieval, "_build", lambda: built.append(1) or build())
    retrieval.reset()
    assert len(batch(tmp_path / "asked.jsonl", [{"question": COSTS}] * 5)) == 5
    assert built == [1]
