"""Asking step by step, and votes, over the API."""

import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from faq.api import views
from faq.errors import Unavailable
from faq.models import Feedback, Question
from tests.faq import worlds
from tests.faq.factories import make_portal

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]  # what is answered is asked in test_ask
FEEDBACK = "/api/v1/questions/permit/feedback"
PERMIT = "What does a resident permit cost?"


@pytest.fixture(scope="module")
def portal(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with worlds.built(make_portal, tmp_path_factory.mktemp("portal"), django_db_blocker, worlds.STARTER) as home:
        yield home


@pytest.fixture
def permit(portal: Path, starter: Any, tmp_path: Path) -> Question:
    worlds.enter(portal, tmp_path)
    return Question.objects.get(key="permit")


def ask(client: Client, body: Any, **headers: str) -> Any:
    return client.post("/api/v1/ask", body, content_type="application/json", headers=headers)


def events(response: Any) -> list[tuple[str, dict[str, Any]]]:
    """(event, data) as they were sent."""
    assert (response.status_code, response.headers["Content-Type"]) == (200, "text/event-stream; charset=utf-8")
    text = b"".join(response.streaming_content).decode()
    found = re.findall(r"event: (\w+)\ndata: (.*)\n\n", text)
    assert "".join(f"event: {name}\ndata: {data}\n\n" for name, data in found) == text
    return [(name, json.loads(data)) for name, data in found]


def untimed(result: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in result.items() if name != "timings"}


# Step by step


@pytest.mark.parametrize(
    ("text", "locale"), [(PERMIT, "de"), ("When does the harbour ferry leave?", "en"), ("Who won the match?", "en")]
)
def test_evidence_comes_first_then_each_sentence_then_what_the_plain_answer_says(
    client: Client, permit: Question, text: str, locale: str
) -> None:
    body = {"question": text, "locale": locale}
    plain = ask(client, body).json()
    first, *sentences, last = events(ask(client, body, accept="text/event-stream"))
    assert (first, last[0]) == (("evidence", {"passages": plain["passages"]}), "done")
    assert untimed(last[1]) == untimed(plain)
    assert [name for name, _ in sentences] == ["segment"] * len(plain["segments"])
    told = [{key: data[key] for key in ("text", "lang", "origin", "citations")} for _, data in sentences]
    assert told == plain["segments"]
    assert [each for _, data in sentences for each in data["new_citations"]] == plain["citations"]


def test_a_stream_is_kept_by_nobody_and_held_back_by_no_proxy(client: Client, permit: Question) -> None:
    response = ask(client, {"question": PERMIT}, accept="text/event-stream")
    assert (response.headers["Cache-Control"], response.headers["X-Accel-Buffering"]) == ("no-store", "no")
    assert "Accept" in response.headers["Vary"]
    assert len(events(response)) == 3


@pytest.mark.parametrize(
    ("body", "status"), [({"question": "?!"}, 400), ({"question": "x", "locale": "xx"}, 400), ({}, 400)]
)
def test_what_is_refused_before_the_first_event_is_a_problem(client: Client, body: dict[str, str], status: int) -> None:
    response = ask(client, body, accept="text/event-stream")
    assert (response.status_code, response.headers["Content-Type"]) == (status, "application/problem+json")
    assert json.loads(response.content)["type"] == "https://polyfaq.org/problems/invalid"


@pytest.mark.parametrize(
    ("error", "kind", "logged"),
    [(Unavailable("The database is being moved."), "unavailable", 0), (RuntimeError("larkmouth"), "internal-error", 1)],
)
def test_what_fails_on_the_way_is_told_as_the_last_event(
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
    kind: str,
    logged: int,
) -> None:
    def broken(*_: Any, **__: Any) -> Iterator[Any]:
        raise error
        yield

    monkeypatch.setattr(views, "ask_events", broken)
    ((name, data),) = events(ask(client, {"question": "permit", "locale": "de"}, accept="text/event-stream"))
    assert (name, data["type"]) == ("problem", f"https://polyfaq.org/problems/{kind}")
    errors = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert ("larkmouth" in json.dumps(data), len(errors)) == (False, logged)
    assert data["title"] in ("Dienst nicht verfügbar", "Der Server ist gescheitert")


def test_words_may_be_taken_as_typed(client: Client, permit: Question) -> None:
    body = {"question": "What does a residnet permitt cost?", "locale": "en"}
    assert ask(client, body).json()["corrected"] == PERMIT
    assert ask(client, body | {"as_typed": True}).json()["corrected"] == ""


# Votes


def vote(client: Client, body: Any, method: str = "post", query: str = "", **headers: str) -> Any:
    call = getattr(client, method)
    return call(FEEDBACK + query, body, content_type="application/json", headers=headers)


def votes() -> list[tuple[str, str, bool, str]]:
    rows = Feedback.objects.order_by("pk")
    return [(row.question.key, row.locale_id, row.helpful, row.comment) for row in rows.select_related("question")]


def test_a_vote_is_counted_once_a_visitor_and_the_last_one_counts(client: Client, permit: Question) -> None:
    assert vote(client, {"helpful": True, "locale": "de"}).status_code == 204
    assert vote(client, {"helpful": False, "locale": "de", "comment": "Write to me@example.org"}).status_code == 204
    assert votes() == [("permit", "de", False, "Write to …@…")]
    assert vote(client, {"helpful": True}, **{"user-agent": "another browser"}).status_code == 204
    assert [row[1:3] for row in votes()] == [("de", False), ("en", True)]


def test_the_site_and_the_api_count_the_same_visitor_once(client: Client, permit: Question) -> None:
    client.post("/en/questions/permit/feedback/", {"helpful": "yes"})
    assert vote(client, {"helpful": False, "locale": "en"}).status_code == 204
    assert votes() == [("permit", "en", False, "")]


def test_a_vote_can_be_taken_back_by_its_visitor_alone(client: Client, permit: Question) -> None:
    vote(client, {"helpful": True})
    assert vote(client, "", "delete", **{"user-agent": "another browser"}).status_code == 204
    assert len(votes()) == 1
    assert vote(client, "", "delete", "?locale=en").status_code == 204
    assert votes() == []


@pytest.mark.parametrize(
    ("body", "field"),
    [({}, "helpful"), ({"helpful": "perhaps"}, "helpful"), ({"helpful": True, "comment": "x" * 1001}, "comment")],
)
def test_a_vote_that_says_nothing_is_refused(client: Client, permit: Question, body: Any, field: str) -> None:
    response = vote(client, body)
    assert (response.status_code, list(response.json()["errors"]), votes()) == (400, [field], [])


def test_only_published_questions_take_votes(client: Client, permit: Question) -> None:
    Question.objects.filter(pk=permit.pk).update(state="retired")
    assert [vote(client, {"helpful": True}).status_code, vote(client, "", "delete").status_code, votes()] == [
        404,
        404,
        [],
    ]
