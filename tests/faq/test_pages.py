"""Pages that are kept: the same for everyone, told unchanged without a query, and never older than the last change."""

import gzip
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from faq import cache
from faq.domain import locales, publication, questions, sources
from faq.models import Question
from faq.web import pages, validators
from tests.faq.factories import PARKING
from tests.faq.pages import COST, permit

__all__ = ["permit"]
pytestmark = pytest.mark.django_db(transaction=True)
ADDRESS = "/en/questions/permit/"
SECURITY = ("Content-Security-Policy", "X-Frame-Options", "X-Content-Type-Options", "Referrer-Policy")


@pytest.fixture(autouse=True)
def _empty() -> Iterator[None]:
    pages.kept.clear()
    yield
    pages.kept.clear()


def read(path: str = ADDRESS, **headers: str) -> tuple[Any, int]:
    """The answer to a visitor who was never here, and how many queries it took."""
    with CaptureQueriesContext(connection) as queries:
        response = Client().get(path, headers=headers)
    return response, len(queries)


def kept_headers(response: Any) -> dict[str, str]:
    """All but the request's own id, which a page from memory has not."""
    return {name: value for name, value in response.headers.items() if name != "X-Request-ID"}


def test_a_page_read_before_costs_no_query_and_is_the_same(permit: Question) -> None:
    first, cost = read()
    again, none = read()
    assert cost > 0
    assert none == 0
    assert again.content == first.content
    assert kept_headers(again) == kept_headers(first)
    assert [name for name in SECURITY if name not in again.headers] == []


def test_a_copy_that_still_holds_is_told_so_without_a_query_even_by_another_process(permit: Question) -> None:
    tag = read()[0]["ETag"]
    pages.kept.clear()
    for given in (tag, f'"other", {tag}', tag.removeprefix("W/")):
        response, cost = read(**{"if-none-match": given})
        assert (response.status_code, cost, response.content, response["ETag"]) == (304, 0, b"", tag)
        assert (response["Cache-Control"], response["Vary"]) == (pages.SHARED, "Accept-Encoding")
    assert read(**{"if-none-match": '"other", *'})[0].status_code == 200


def test_no_address_is_unchanged_that_was_never_sent(permit: Question) -> None:
    """A tag holds for its own address, host and query; nothing is told about pages that are not there."""
    tag = read()[0]["ETag"]
    assert read("/de/questions/permit/", **{"if-none-match": tag})[0].status_code == 200
    assert read(f"{ADDRESS}?feedback=more", **{"if-none-match": tag})[0].status_code == 200
    assert read("/en/questions/nothing/", **{"if-none-match": tag})[0].status_code == 404
    assert read("/en/ask/?q=permit", **{"if-none-match": tag})[0].status_code == 200
    assert read(host="elsewhere.example", **{"if-none-match": tag})[0].status_code == 400


def test_a_changed_source_a_retired_question_and_a_language_that_goes_show_at_once(
    permit: Question, retriever: Any
) -> None:
    source = permit.answer.revisions.get().citations.get().passage.revision.source
    tag = read()[0]["ETag"]
    assert COST in read()[0].content.decode()
    sources.revise_content(source, text=PARKING.replace("30 euros", "40 euros"))
    publication.publish_source(source)
    changed, _ = read(**{"if-none-match": tag})
    assert (changed.status_code, COST in changed.content.decode()) == (200, False)
    assert changed["ETag"] != tag
    german = read("/de/questions/permit/")[0]["ETag"]
    locales.change_locale("de", enabled=False)
    assert read("/de/questions/permit/", **{"if-none-match": german})[0].status_code == 404
    questions.retire_question(permit, None)
    assert read(**{"if-none-match": changed["ETag"]})[0].status_code == 404


def test_while_a_change_is_under_way_nothing_is_kept_or_told_unchanged(permit: Question) -> None:
    tag = read()[0]["ETag"]
    with cache.changing(cache.CONTENT):
        response, cost = read(**{"if-none-match": tag})
        assert (response.status_code, response.has_header("ETag")) == (200, False)
        assert cost > 0
        assert read()[1] == cost
    assert read()[1] > 0
    assert read()[1] == 0


def test_whoever_knows_no_tag_is_told_by_time_once_its_second_is_over(
    permit: Question, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not read()[0].has_header("Last-Modified")
    now = validators.time.time()
    monkeypatch.setattr(validators.time, "time", lambda: now + 3)
    changed = read()[0]["Last-Modified"]
    assert read(**{"if-modified-since": changed})[0].status_code == 304
    assert read(**{"if-modified-since": changed, "if-none-match": '"other"'})[0].status_code == 200
    assert read("/en/questions/nothing/", **{"if-modified-since": changed})[0].status_code == 404
    assert read(**{"if-modified-since": "Mon, 01 Jan 2024 00:00:00 GMT"})[0].status_code == 200


@pytest.mark.parametrize(
    ("accepted", "packed"),
    [("gzip, br", True), ("gzip;q=0, identity", False), ("identity", False), ("", False), ("x, GZIP;q=0.5", True)],
)
def test_pages_are_sent_compressed_to_whoever_takes_that(permit: Question, accepted: str, packed: bool) -> None:
    plain = read()[0]
    for path in (ADDRESS, ADDRESS, "/en/ask/?q=permit", "/en/nothing/"):
        response = read(path, **{"accept-encoding": accepted})[0]
        assert (response.get("Content-Encoding") == "gzip") is packed
        assert response["Vary"] == "Accept-Encoding"
        body = gzip.decompress(response.content) if packed else response.content
        assert response.get("Content-Length", str(len(response.content))) == str(len(response.content))
        assert (body == plain.content) is (path == ADDRESS)


def test_pages_of_ones_own_words_are_in_nobody_elses_cache(permit: Question) -> None:
    for path in ("/en/ask/?q=permit", "/en/search/?q=permit"):
        response, cost = read(path)
        assert (response["Cache-Control"], response.has_header("ETag")) == (pages.PERSONAL, False)
        assert cost > 0
        assert read(path)[1] > 0


def test_a_page_carries_nothing_of_a_visitor(permit: Question) -> None:
    client = Client(headers={"accept-language": "en"})
    response = client.get(ADDRESS)
    assert response.cookies.keys() == set()
    assert (response["Cache-Control"], response["Vary"], response["Content-Language"]) == (
        pages.SHARED,
        "Accept-Encoding",
        "en",
    )
    assert "csrf" not in response.content.decode()


def test_whoever_opens_another_language_is_remembered_though_the_page_is_kept(permit: Question) -> None:
    tag = read(ADDRESS, **{"accept-language": "de"})[0]["ETag"]
    for headers in ({}, {"if-none-match": tag}):
        client = Client(headers={"accept-language": "de"})
        response = client.get(ADDRESS, headers=headers)
        assert (response.cookies["polyfaq_locale"].value, response["Cache-Control"]) == ("en", pages.PERSONAL)
        assert client.get("/").url == "/en/"
        again = client.get(ADDRESS)
        assert (again.cookies.keys(), again["Cache-Control"]) == (set(), pages.SHARED)
        assert client.get("/de/").cookies["polyfaq_locale"].value == "de"


@pytest.mark.parametrize("path", ["/en/", "/zh-hans/q/公园/", "/ar/q/كم/", "/de/q/straße-é/", "/en/q/%FF/"])
def test_the_handler_gets_the_address_as_the_server_read_it(rf: Any, path: str) -> None:
    """A WSGI path is bytes told as Latin-1; a request that is made of it writes characters over them."""
    reached: list[str] = []
    application = pages.before(lambda environ, _: reached.append(environ["PATH_INFO"]) or [b""])
    environ = rf.get("/").environ | {"PATH_INFO": unquote_to_bytes(path).decode("latin-1")}
    told = environ["PATH_INFO"]
    application(environ, lambda *given: None)
    assert reached == [told]


def test_only_so_many_bytes_are_kept_and_no_made_up_queries(permit: Question) -> None:
    few = pages.Pages(most=5000)
    for name in "abc":
        few.put(name, pages.Page({}, b"x" * 1000, None))
    assert [few.get(name) is not None for name in "abc"] == [False, True, True]
    assert few._bytes == 4000
    assert [read(f"{ADDRESS}?utm={number}")[1] > 0 for number in (1, 1)] == [True, True]


def test_the_server_answers_from_what_is_kept_before_the_handler(permit: Question, rf: Any) -> None:
    """The same answers as behind the handler, which is asked for nothing else."""
    reached, told = [], []
    application = pages.before(lambda environ, _: reached.append(environ["PATH_INFO"]) or [b""])

    def get(path: str, **headers: str) -> bytes:
        environ = rf.get(path, headers=headers).environ
        return b"".join(application(environ, lambda *given: told.append(given)))

    page = read(**{"accept-language": "de"})[0]
    assert get(ADDRESS, **{"accept-language": "de"}) == page.content
    status, headers = told[-1]
    cookie = [value for name, value in headers if name == "Set-Cookie"]
    assert (status, [each.partition(";")[0] for each in cookie]) == ("200 OK", ["polyfaq_locale=en"])
    assert {name: value for name, value in headers if name != "Set-Cookie"} == kept_headers(page)
    assert get(ADDRESS, **{"if-none-match": page["ETag"]}) == b""
    assert told[-1][0] == "304 Not Modified"
    assert reached == []
    for path in ("/en/", "/admin/", f"{ADDRESS}?a=1"):
        get(path)
    get(ADDRESS, host="elsewhere.example")
    rf_post = rf.post(ADDRESS).environ
    application(rf_post, lambda *given: told.append(given))
    assert reached == ["/en/", "/admin/", ADDRESS, ADDRESS, ADDRESS]


# forms without a token


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"sec-fetch-site": "same-origin"}, 302),
        ({"sec-fetch-site": "same-origin", "origin": "http://testserver"}, 302),
        ({"origin": "http://testserver"}, 302),
        ({"origin": "https://desk.example.org"}, 302),
        ({"origin": "https://a.wide.example", "sec-fetch-site": "cross-site"}, 302),
        ({}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "none"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "https://testserver"}, 403),
        ({"origin": "http://testserver.elsewhere.example"}, 403),
        ({"origin": "http://["}, 403),
        ({"origin": "http://testserver", "sec-fetch-site": "cross-site"}, 403),
        ({"referer": "http://testserver/en/"}, 403),
    ],
)
def test_a_vote_is_taken_from_this_sites_own_pages_only(
    permit: Question, settings: Any, headers: dict[str, str], status: int
) -> None:
    settings.CSRF_TRUSTED_ORIGINS = ["https://desk.example.org", "https://*.wide.example"]
    client = Client(enforce_csrf_checks=True)
    response = client.post(f"{ADDRESS}feedback/", {"helpful": "yes"}, headers=headers)
    assert response.status_code == status
    assert permit.feedback.count() == (1 if status == 302 else 0)
