"""Request ids and logs: one id from the request to its jobs, nobody else's, and no word of a reader on the way."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.http import HttpResponse, StreamingHttpResponse
from django.test import Client, RequestFactory

from faq import tasks, tracing
from portal.celery import app
from portal.logs import JsonFormatter, RequestFilter
from portal.tracing import RequestIdMiddleware

GIVEN = "0123456789abcdef"


def answered(settings: Any, proxies: int, given: str) -> str:
    settings.TRUSTED_PROXIES = proxies
    seen: list[str] = []

    def view(request: Any) -> HttpResponse:
        seen.append(tracing.current())
        return HttpResponse()

    response = RequestIdMiddleware(view)(RequestFactory().get("/", headers={"X-Request-ID": given}))
    assert seen == [response["X-Request-ID"]]
    assert tracing.current() == ""
    return seen[0]


def test_our_proxys_id_is_kept(settings: Any) -> None:
    assert answered(settings, 1, GIVEN) == GIVEN


def test_what_is_streamed_after_the_middleware_still_belongs_to_the_request(settings: Any) -> None:
    seen: list[str] = []

    def parts() -> Iterator[str]:
        for _ in range(2):
            seen.append(tracing.current())
            yield "part"

    handler = RequestIdMiddleware(lambda request: StreamingHttpResponse(parts()))
    response = handler(RequestFactory().get("/"))
    between = [(part, tracing.current()) for part in response]
    assert between == [(b"part", ""), (b"part", "")]
    assert seen == [response["X-Request-ID"]] * 2


@pytest.mark.parametrize(
    ("proxies", "given"), [(0, GIVEN), (1, "short"), (1, "a" * 65), (1, "x y z evil log"), (1, "x\ny" * 5)]
)
def test_any_other_is_made_here(settings: Any, proxies: int, given: str) -> None:
    made = answered(settings, proxies, given)
    assert (len(made), made == given) == (32, False)


def test_the_id_goes_with_a_message_and_ends_with_its_task(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def see() -> None:
        seen.append(tracing.current())

    task = app.task(name="tests.seen")(see)
    try:
        headers: dict[str, Any] = {}
        from celery.signals import before_task_publish

        with tracing.within(GIVEN):
            before_task_publish.send(sender=task.name, headers=headers)
        assert headers == {"polyfaq_request": GIVEN}
        task.apply(headers=headers)
        assert seen == [GIVEN]
        assert tracing.current() == ""
        task.apply()
        assert len(seen[1]) == 32
    finally:
        app.tasks.unregister(task.name)
    assert tasks.run_job.name in app.tasks


def record(message: str, *args: object, error: BaseException | None = None) -> logging.LogRecord:
    info = (type(error), error, error.__traceback__) if error else None
    made = logging.LogRecord("faq.x", logging.ERROR, __file__, 1, message, args, info)
    RequestFilter().filter(made)
    return made


def test_a_json_line_names_the_request_and_what_failed_and_where_but_not_what_it_said() -> None:
    try:
        raise ValueError("invalid literal: 'my name is Ada Lovelace'")
    except ValueError as error:
        with tracing.within(GIVEN):
            line = JsonFormatter().format(record("job %s failed", 7, error=error))
    row = json.loads(line)
    assert (row["message"], row["request"], row["exception"]) == ("job 7 failed", GIVEN, "ValueError")
    assert row["at"][0].split(":")[0] == __file__
    assert "Lovelace" not in line
    assert "\n" not in line


def test_outside_a_request_there_is_no_id() -> None:
    assert "request" not in json.loads(JsonFormatter().format(record("begun")))


@pytest.mark.django_db
def test_a_question_leaves_its_view_and_time_in_the_logs_and_none_of_its_words(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    client.get("/en/search/", {"q": "Lovelace has measles"})
    client.post("/api/v1/ask", {"question": "Lovelace has measles", "locale": "en"}, content_type="application/json")
    lines = [entry.getMessage() for entry in caplog.records]
    assert any(line.startswith("GET search 200 in ") for line in lines)
    assert [line for line in lines if "Lovelace" in line or "measles" in line] == []
