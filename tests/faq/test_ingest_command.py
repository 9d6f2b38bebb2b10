"""`manage.py ingest`: files, folders and addresses; what fails is named and never keeps the others out."""

import io
import json
import time
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from faq.domain import indexing
from faq.enums import JobState, State
from faq.errors import Unavailable
from faq.gateways import retrieval
from faq.management.commands import ingest
from faq.models import Job, Question, Source, Topic
from tests.faq.factories import PARKING

pytestmark = pytest.mark.django_db(transaction=True)
LETSENCRYPT = Path(__file__).parents[3] / "shared" / "data" / "letsencrypt"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    here = tmp_path / "kb"
    (here / "deep").mkdir(parents=True)
    (here / "parking.md").write_text(PARKING)
    (here / "deep" / "buses.txt").write_text("Buses run every ten minutes.\n\nThe last one leaves at midnight.\n")
    (here / "questions.csv").write_text("question,answer\nWhat is the fee?,The fee is 5 euros.\n")
    (here / ".hidden.md").write_text("Never read. Not this.")
    (here / "picture.png").write_bytes(b"\x89PNG")
    return here


def run(*what: object, **options: Any) -> dict[str, Any]:
    out = io.StringIO()
    call_command("ingest", *map(str, what), locale=options.pop("locale", "en"), json=True, stdout=out, **options)
    report: dict[str, Any] = json.loads(out.getvalue())
    return report


def counts(report: dict[str, Any]) -> tuple[int, int, int, int]:
    return report["added"], report["revised"], report["unchanged"], len(report["failed"])


def test_a_folder_comes_in_once(folder: Path) -> None:
    assert counts(run(folder)) == (3, 0, 0, 0)
    assert counts(run(folder)) == (0, 0, 3, 0)
    (folder / "parking.md").write_text(PARKING.replace("14 days", "30 days"))
    assert counts(run(folder)) == (0, 1, 2, 0)


def test_publishing_makes_it_visible_and_searchable_and_leaves_no_work(folder: Path, retriever: Any) -> None:
    run(folder, publish=True, topic="City life")
    assert set(Source.objects.values_list("state", "topic__key")) == {(State.PUBLISHED, "city-life")}
    assert Question.objects.get().state == State.PUBLISHED
    report = indexing.check()
    assert (report.missing, report.orphaned, report.differing) == ((), (), ())
    assert set(Job.objects.values_list("state", flat=True)) <= {JobState.SUCCEEDED}


def test_a_failing_file_is_named_and_the_others_come_in(folder: Path) -> None:
    (folder / "broken.pdf").write_bytes(b"%PDF-1.4 not really")
    (folder / "empty.md").write_text("")
    (folder / "binary.txt").write_bytes(bytes(range(256)) * 20)
    report = run(folder, folder / "missing.md")
    assert counts(report) == (3, 0, 0, 4)
    assert {Path(each["path"]).name for each in report["failed"]} == {
        "broken.pdf",
        "empty.md",
        "binary.txt",
        "missing.md",
    }
    assert all(each["reason"] for each in report["failed"])


def test_when_nothing_worked_the_exit_code_says_so(tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as stopped:
        run(tmp_path / "missing.md")
    assert stopped.value.code == 1


def test_a_file_above_the_ceiling_is_refused_before_it_is_read(folder: Path, settings: Any) -> None:
    settings.POLYFAQ = settings.POLYFAQ | {"UPLOAD_MAX_BYTES": 10}
    with pytest.raises(SystemExit):
        run(folder / "parking.md")
    assert Source.objects.count() == 0


def test_an_unknown_locale_is_told_with_the_known_ones(folder: Path) -> None:
    with pytest.raises(CommandError, match="Known languages: en, de, fr, es, pl, uk, tr, ar, zh-hans"):
        run(folder, locale="tlh")
    assert Topic.objects.count() == 0


def test_an_address_that_does_not_answer_fails_alone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(url: str, **_: object) -> None:
        raise Unavailable(f"{url} does not answer.")

    monkeypatch.setattr(retrieval, "fetch_url", away)
    report = run("https://example.org/a", folder / "parking.md")
    assert report["failed"] == [{"path": "https://example.org/a", "reason": "https://example.org/a does not answer."}]
    assert report["added"] == 1


def test_file_names_with_markup_and_control_characters(tmp_path: Path) -> None:
    (tmp_path / "<b>\x1b[31m\n.md").write_text("Only text here. Nothing else.")
    assert counts(run(tmp_path)) == (1, 0, 0, 0)
    source = Source.objects.get()
    assert (source.title.isprintable(), source.path.isprintable()) == (True, True)


def test_a_full_disk_is_told_for_the_file_and_leaves_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from faq.domain.sources import revisions

    passages = revisions._passages

    def full(source: Source, *rest: Any) -> Any:
        if source.title == "Parking":
            raise OSError(28, "No space left on device")
        return passages(source, *rest)

    monkeypatch.setattr(revisions, "_passages", full)
    report = run(folder)
    assert (counts(report), "No space left" in report["failed"][0]["reason"]) == ((2, 0, 0, 1), True)
    monkeypatch.undo()
    assert counts(run(folder)) == (1, 0, 2, 0)


def test_the_text_for_people_says_the_same(folder: Path) -> None:
    out, err = io.StringIO(), io.StringIO()
    call_command("ingest", str(folder), "nowhere.md", locale="en", stdout=out, stderr=err)
    assert out.getvalue() == "3 added, 0 revised, 0 unchanged.\n"
    assert err.getvalue().startswith("nowhere.md: ")


def test_only_known_kinds_are_taken_from_a_folder(folder: Path) -> None:
    names = [Path(item).name for item in ingest._items([str(folder)])]
    assert names == ["parking.md", "questions.csv", "buses.txt"]


@pytest.mark.skipif(not LETSENCRYPT.is_dir(), reason="needs the shared pages of letsencrypt.org")
def test_real_pages_come_in_once_and_the_second_time_costs_a_tenth(starter: Any) -> None:
    began = time.perf_counter()
    assert counts(run(LETSENCRYPT, publish=True)) == (23, 0, 0, 1)  # the index page has no text of its own
    first, began = time.perf_counter() - began, time.perf_counter()
    assert counts(run(LETSENCRYPT, publish=True)) == (0, 0, 23, 1)
    assert time.perf_counter() - began < first
