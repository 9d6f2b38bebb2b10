"""What a serving process sees to when it begins: an outdated index is rebuilt once, and languages are read beforehand."""

import io
import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from faq import checks, tasks, warming
from faq.domain import indexing, jobs, readiness
from faq.enums import JobKind, JobState
from faq.errors import Unavailable
from faq.gateways import retrieval
from faq.models import Job, Locale
from retrieval.backends.embedded import EmbeddedBackend
from retrieval.embedders.fake import FakeEmbedder
from retrieval.lexicon import Lexicons
from retrieval.service import Retriever
from retrieval.sync import IndexState
from tests.faq.factories import make_question, make_source

pytestmark = pytest.mark.django_db(transaction=True)
OLDER = 32
"""Dimensions of the model that the index was made with."""


def use_model(settings: Any, dimensions: int) -> Retriever:
    """This process's retriever, as the next version of the program would build it."""
    path: Path = settings.POLYFAQ["INDEX_PATH"]
    made = Retriever(EmbeddedBackend(path), FakeEmbedder(dimensions), Lexicons())
    retrieval.use(made)
    return made


@pytest.fixture
def outdated(settings: Any) -> Iterator[Retriever]:
    """A published source in an index of an older recipe; this process has the newer one."""
    use_model(settings, OLDER)
    make_source()
    make_question()
    tasks.drain()
    yield use_model(settings, 64)
    retrieval.reset()


def status() -> dict[str, Any]:
    out, code = io.StringIO(), 0
    try:
        call_command("index", status=True, json=True, stdout=out)
    except SystemExit as stopped:
        code = int(stopped.code or 0)
    return dict(json.loads(out.getvalue())) | {"code": code}


def test_an_outdated_index_is_told_by_command_and_check_and_searched_without_vectors(outdated: Retriever) -> None:
    assert (status()["state"], status()["code"]) == ("outdated", 1)
    assert [message.id for message in checks.check_index()] == ["polyfaq.W004"]
    out = io.StringIO()
    with pytest.raises(SystemExit):
        call_command("index", status=True, stdout=out)
    assert "made by an older recipe" in out.getvalue()


def test_it_is_rebuilt_by_one_job_however_many_processes_begin(
    outdated: Retriever, caplog: pytest.LogCaptureFixture
) -> None:
    written = [readiness.ensure_index() for _ in range(3)]
    assert len({job.pk for job in written if job is not None}) == 1
    job = Job.objects.get(kind=JobKind.REBUILD_INDEX)
    assert str(job.pk) in caplog.text
    assert jobs.run(job.pk).state == JobState.SUCCEEDED
    assert (status()["state"], status()["code"], checks.check_index()) == ("current", 0, [])
    assert indexing.check().clean
    assert readiness.ensure_index() is None
    assert Job.objects.filter(kind=JobKind.REBUILD_INDEX).count() == 1


def test_a_rebuild_that_comes_too_late_does_nothing(outdated: Retriever) -> None:
    job = readiness.ensure_index()
    assert job is not None
    generation = indexing.rebuild()
    embedded = outdated._embedder.texts  # type: ignore[attr-defined]
    assert jobs.run(job.pk).state == JobState.SUCCEEDED
    assert indexing.describe()["generation"] == generation
    assert outdated._embedder.texts == embedded  # type: ignore[attr-defined]


def test_a_portal_without_content_needs_no_index(settings: Any) -> None:
    use_model(settings, 64)
    assert (readiness.ensure_index(), status()["state"]) == (None, "missing")
    assert [(message.id, message.is_serious()) for message in checks.check_index()] == [("polyfaq.W004", False)]
    retrieval.reset()


@pytest.mark.parametrize("content", [None, b"this is no database at all" * 500])
def test_an_index_that_is_gone_or_broken_is_built_anew(settings: Any, retriever: Any, content: bytes | None) -> None:
    make_source()
    path: Path = settings.POLYFAQ["INDEX_PATH"]
    retriever._backend.close()
    for file in path.parent.glob("index.sqlite3*"):
        file.unlink()
    if content:
        path.write_bytes(content)
    use_model(settings, 64)
    assert status()["state"] == ("unreadable" if content else "missing")
    job = readiness.ensure_index()
    assert job is not None
    assert jobs.run(job.pk).state == JobState.SUCCEEDED
    assert indexing.check().clean
    retrieval.reset()


def test_a_service_that_is_away_is_a_warning_of_the_check(monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> IndexState:
        raise Unavailable("The embedding server cannot be reached.")

    monkeypatch.setattr(indexing, "state", away)
    assert [(message.id, message.msg) for message in checks.check_index()] == [
        ("polyfaq.W005", "The embedding server cannot be reached.")
    ]


# reading beforehand


def test_every_enabled_language_is_read_the_default_one_first(retriever: Any) -> None:
    Locale.objects.filter(tag="de").update(is_default=False)
    Locale.objects.filter(tag="tr").update(enabled=False)
    from faq.queries import locales

    default = locales.default_locale().tag
    enabled = {locale.tag for locale in locales.enabled_locales()}
    steps = list(readiness.warm())
    assert (steps[0], sorted(steps)) == (default, sorted(enabled))


def test_what_fails_is_logged_and_never_keeps_a_server_from_starting(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away() -> None:
        raise Unavailable("The index is away.")

    monkeypatch.setattr(readiness, "ensure_index", away)
    warming.run()
    assert "The index is away." in caplog.text


def test_a_server_forks_between_two_steps_and_its_child_can_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """gunicorn --preload forks at once: a child that inherits a held lock would wait for ever."""
    inside, go = threading.Event(), threading.Event()
    guard = threading.Lock()  # as the locks of lexicons and vectors: free between two steps only

    def steps() -> Iterator[str]:
        with guard:
            inside.set()
            assert go.wait(30)
        yield "de"

    monkeypatch.setattr(readiness, "ensure_index", lambda: None)
    monkeypatch.setattr(readiness, "warm", steps)
    monkeypatch.setattr(warming, "_again", warming._step.release)  # the child of this test is no server
    thread = warming.begin()
    assert inside.wait(30)
    threading.Timer(0.2, go.set).start()
    pid = os.fork()
    if pid == 0:
        os._exit(0 if guard.acquire(timeout=5) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    thread.join(30)
