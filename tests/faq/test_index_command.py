"""`manage.py index`: says what differs, does what differs, builds anew without a gap; `jobs` and `worker` beside it."""

import io
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from faq import checks
from faq.domain import indexing, jobs
from faq.enums import JobKind, JobState
from faq.errors import Unavailable
from faq.models import Job, Passage
from tests.faq.factories import make_question, make_source

pytestmark = pytest.mark.django_db(transaction=True)


NO_MORE = {"unfinished": [], "recipe_differs": False}


def index(**options: Any) -> dict[str, Any]:
    out = io.StringIO()
    code = 0
    try:
        call_command("index", json=True, stdout=out, **options)
    except SystemExit as stopped:
        code = int(stopped.code or 0)
    found: dict[str, Any] = json.loads(out.getvalue()) | {"code": code}
    return found


def test_a_whole_index_is_told_so(retriever: Any) -> None:
    make_source()
    make_question()
    assert index(check=True) == {"ok": True, "missing": [], "orphaned": [], "differing": [], **NO_MORE, "code": 0}


def test_what_bulk_changes_left_is_found_and_done(retriever: Any) -> None:
    make_source()
    question = make_question()
    passage = Passage.objects.order_by("pk").first()
    assert passage is not None
    Passage.objects.filter(pk=passage.pk).update(heading_path=["Streets"])
    phrasing = question.phrasings.get()
    question.phrasings.all().delete()
    make_source("Buses run. They run often.")
    added = Passage.objects.order_by("pk").last()
    assert added is not None
    with_family = [f"{added.key}:en"]
    indexing.retrieval.retriever().remove(with_family)
    assert index(check=True) == {
        "ok": False, "missing": with_family, "orphaned": [f"q{question.pk}-{phrasing.pk}"],
        "differing": [f"{passage.key}:en"], **NO_MORE, "code": 1,
    }  # fmt: skip
    assert index(sync=True) == {"added": 1, "changed": 1, "removed": 1, "unchanged": 1, "code": 0}
    assert index(check=True)["ok"] is True


def test_a_rebuild_switches_to_a_new_generation(retriever: Any) -> None:
    make_source()
    first, second = index(rebuild=True)["generation"], index(rebuild=True)["generation"]
    assert first != second
    assert index(check=True)["ok"] is True


def test_an_index_that_is_away_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> None:
        raise Unavailable("The index is away.")

    monkeypatch.setattr(indexing, "check", away)
    with pytest.raises(CommandError, match="The index is away"):
        call_command("index", check=True)


def test_jobs_are_listed_and_run() -> None:
    make_source()
    jobs.enqueue(JobKind.SYNC_INDEX, {})
    out = io.StringIO()
    call_command("jobs", run=True, stdout=out)
    assert out.getvalue() == "Nothing waits, runs or failed.\n"
    assert Job.objects.filter(state=JobState.SUCCEEDED).exists()
    out = io.StringIO()
    call_command("jobs", json=True, all=True, stdout=out)
    assert {job["state"] for job in json.loads(out.getvalue())["jobs"]} == {"succeeded"}


def test_a_worker_runs_what_waits_and_ends_when_told() -> None:
    job = Job.objects.create(kind=JobKind.SYNC_INDEX)
    call_command("worker", once=True)
    assert jobs.get(job.pk).state == JobState.SUCCEEDED


def test_settings_are_checked(settings: Any, tmp_path: Any) -> None:
    def found(**changes: Any) -> list[str | None]:
        settings.POLYFAQ = base | changes
        return [message.id for message in checks.check_settings()]

    base = settings.POLYFAQ | {"WORKER_THREAD": True}
    assert found() == []
    assert found(INDEX_PATH=tmp_path) == ["polyfaq.E002"]
    assert found(EMBEDDER="nowhere.Embedder") == ["polyfaq.E004"]
    assert "polyfaq.E005" in found(EMBEDDER="retrieval.embedders.http.HttpEmbedder", EMBEDDER_URL="")
    assert found(WORKER_THREAD=False) == ["polyfaq.W001"]
    assert found(SITE_URL="faq.example.org") == ["polyfaq.E007"]
