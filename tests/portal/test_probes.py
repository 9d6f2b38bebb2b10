"""What orchestrators ask: alive, ready, degraded, unavailable."""

from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client, RequestFactory

from faq.domain import dependencies, indexing
from faq.domain.dependencies import Condition, Dependency
from portal import probes
from portal.probes import ProbesMiddleware
from tests.faq.factories import make_source

ELSEWHERE = "a-host-that-is-not-ours.example"


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[list[Dependency]]:
    """What each look will find, the last again and again; those taken are gone."""
    found: list[list[Dependency]] = []
    monkeypatch.setattr(dependencies, "every", lambda: found.pop(0) if len(found) > 1 else found[0])
    return found


def ask(path: str, method: str = "get") -> Any:
    """Of a middleware that has seen nothing yet."""
    middleware = ProbesMiddleware(lambda request: HttpResponse("the site"))
    return middleware(getattr(RequestFactory(), method)(path))


def test_alive_needs_no_database_no_host_name_and_no_https(settings: Any, client: Client) -> None:
    settings.SECURE_SSL_REDIRECT = True
    response = client.get("/healthz", headers={"host": ELSEWHERE})
    assert (response.status_code, response.json()) == (200, {"status": "alive"})
    assert response["Cache-Control"] == "no-store"


@pytest.mark.django_db
def test_ready_names_every_dependency_and_needs_no_host_name_either(settings: Any, client: Client) -> None:
    settings.SECURE_SSL_REDIRECT = True
    response = client.get("/readyz", headers={"host": ELSEWHERE})
    found = {each["name"]: each["condition"] for each in response.json()["dependencies"]}
    assert (response.status_code, response.json()["status"]) == (200, "ready")
    assert (found["database"], found["index"]) == ("up", "up")


@pytest.mark.django_db
def test_an_index_that_is_missing_is_degraded_and_not_dead(retriever: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    make_source()
    monkeypatch.setattr(indexing, "state", lambda: dependencies.IndexState.MISSING)
    response = ask("/readyz")
    assert (response.status_code, b'"degraded"' in response.content) == (200, True)


def test_without_its_database_it_is_unavailable(looks: Any) -> None:
    looks.append([Dependency("database", Condition.DOWN, "It cannot be reached (OperationalError).", 3.0)])
    response = ask("/readyz")
    assert response.status_code == 503
    assert response.content == (
        b'{"status": "unavailable", "dependencies": [{"name": "database", "condition": "down", '
        b'"detail": "It cannot be reached (OperationalError).", "milliseconds": 3.0}]}'
    )


def test_many_questions_are_one_look_until_it_is_old(looks: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    up = [Dependency("database", Condition.UP)]
    looks += [up, [Dependency("database", Condition.DOWN)]]
    now = [100.0]
    monkeypatch.setattr(probes.time, "monotonic", lambda: now[0])
    middleware = ProbesMiddleware(lambda request: HttpResponse())
    asked = lambda: middleware(RequestFactory().get("/readyz")).status_code  # noqa: E731
    assert [asked(), asked(), asked()] == [200, 200, 200]
    now[0] += probes.AGE_SECONDS + 0.1
    assert asked() == 503


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_only_reading_is_allowed(path: str) -> None:
    response = ask(path, "post")
    assert (response.status_code, response["Allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize("path", ["/", "/healthz/", "/readyz/x", "/en/healthz"])
def test_everything_else_is_the_sites(path: str) -> None:
    assert ask(path).content == b"the site"
