"""A portal whose Redis goes away and comes back: readers read on, nothing stale is shown, and what changed meanwhile is told."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache as shared
from django.test import Client

from faq import cache
from portal import caching


class Server:
    """A Redis that can be taken away: the address of the one in use."""

    def __init__(self, settings: Any, url: str) -> None:
        self.settings, self.url = settings, url
        self.be(url)

    def be(self, url: str) -> None:
        self.settings.CACHES = {"default": {"BACKEND": "portal.caching.ForgetfulRedisCache", "LOCATION": url}}
        caching.Client._until = 0.0

    def go_away(self) -> None:
        self.be("redis://127.0.0.1:1/0")

    def come_back(self) -> None:
        self.be(self.url)


@pytest.fixture
def server(settings: Any, broker: str) -> Iterator[Server]:
    cache._kept.clear()
    found = Server(settings, broker)
    yield found
    found.come_back()


def test_without_it_there_is_nothing_and_no_error(server: Server) -> None:
    shared.set("a", 1)
    assert (shared.get("a"), shared.has_key("a"), shared.get_many(["a", "b"])) == (1, True, {"a": 1})
    server.go_away()
    before = shared.failures
    shared.set("a", 2)
    assert (shared.get("a", "none"), shared.add("a", 1), shared.get_many(["a"]), shared.delete("a")) == (
        "none",
        False,
        {},
        False,
    )
    assert shared.failures == before + 5
    server.come_back()
    assert shared.get("a") == 1


def test_after_a_failure_it_is_left_alone_for_a_while(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.go_away()
    assert shared.get("a") is None
    monkeypatch.setattr(caching.RedisCacheClient, "get", lambda *arguments: pytest.fail("asked again at once"))
    assert shared.get("a") is None
    caching.Client._until = 0.0
    monkeypatch.setattr(caching.RedisCacheClient, "get", lambda *arguments: "asked")
    assert shared.get("a") == "asked"


def test_without_it_nothing_is_kept_and_no_two_stamps_are_the_same(server: Server) -> None:
    settled = cache.stamp(cache.CONTENT)
    assert (settled.settled, cache.stamp(cache.CONTENT)) == (True, settled)
    server.go_away()
    away = [cache.stamp(cache.CONTENT) for _ in range(2)]
    assert ([stamp.settled for stamp in away], len({settled.version, *(stamp.version for stamp in away)})) == (
        [False, False],
        3,
    )
    built = iter(range(9))
    assert [cache.cached(cache.CONTENT, "n", lambda: next(built)) for _ in range(2)] == [0, 1]


def test_what_changed_while_it_was_away_is_told_when_it_is_back(server: Server) -> None:
    before = cache.stamp(cache.CONTENT)
    server.go_away()
    cache.bump(cache.CONTENT)
    server.come_back()
    after = cache.stamp(cache.CONTENT)
    assert (after.settled, after.version != before.version) == (True, True)
    assert cache.stamp(cache.CONTENT) == after


@pytest.mark.django_db
def test_readers_and_programs_get_their_pages_without_it(server: Server) -> None:
    server.go_away()
    page = Client().get("/en/about/")
    assert (page.status_code, page.get("ETag")) == (200, None)
    asked = Client().post("/api/v1/ask", {"question": "When?", "locale": "en"}, content_type="application/json")
    assert asked.status_code == 200
