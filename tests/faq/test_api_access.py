"""Who gets in: stolen keys, made-up hosts, pages of nowhere, huge and broken bodies, floods; and who may read the answer."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client, RequestFactory
from django.test.client import ClientHandler

from faq.api import quotas
from faq.domain import keys, questions, topics
from faq.models import ApiKey, Question, Source
from tests.faq import worlds
from tests.faq.factories import COST, GERMAN, make_portal

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]  # who gets in is decided before the database is asked
SHOP = "https://shop.example"
EVIL = "https://evil.example"
HERE = "http://testserver"
ASK = "/api/v1/ask"
PERMIT = {"question": "What does a resident permit cost?", "locale": "en"}
READ = "/api/v1/questions"


def build() -> None:
    make_portal()
    parking, harbour = topics.ensure_topic("parking"), topics.ensure_topic("harbour")
    questions.move_question(Question.objects.get(key="permit"), parking)
    Source.objects.filter(key="parking").update(topic=parking)
    Source.objects.filter(key="harbour").update(topic=harbour)
    from faq.domain import indexing

    indexing.sync_all()


@pytest.fixture(scope="module")
def portal(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with worlds.built(build, tmp_path_factory.mktemp("portal"), django_db_blocker, worlds.STARTER) as home:
        yield home


@pytest.fixture(autouse=True)
def world(portal: Path, starter: Any, tmp_path: Path) -> None:
    worlds.enter(portal, tmp_path)


def widget(*origins: str, **fields: Any) -> ApiKey:
    return keys.create_widget_key("Shop", allowed_origins=origins or [SHOP], **fields)


def secret(*scopes: str) -> str:
    owner, _ = User.objects.get_or_create(username="anna", is_superuser=True)
    return keys.create_server_token("Import", scopes=scopes, actor=owner)[1]


def headed(key: str = "", origin: str = "", **more: str) -> dict[str, str]:
    return more | ({"authorization": f"Bearer {key}"} if key else {}) | ({"origin": origin} if origin else {})


def ask(client: Client, body: Any = PERMIT, **headers: str) -> Any:
    return client.post(ASK, body, content_type="application/json", headers=headers)


def outcome(response: Any) -> tuple[int, str, str]:
    """Status, kind of the problem, and which origin's pages may read it."""
    kind = json.loads(response.content).get("type", "") if response.content else ""
    return (
        response.status_code,
        kind.removeprefix("https://polyfaq.org/problems/"),
        response.headers.get("Access-Control-Allow-Origin", ""),
    )


DENIED = (403, "origin-not-allowed", "")
UNKNOWN = (401, "unauthenticated", "")
OPEN = (200, "", "")


# Keys and origins


def test_pages_of_the_keys_origin_get_in_and_may_read_the_answer(client: Client) -> None:
    key = widget().public
    assert outcome(ask(client, **headed(key, SHOP))) == (200, "", SHOP)
    assert outcome(client.get(f"{READ}?key={key}", headers={"origin": SHOP})) == (200, "", SHOP)


@pytest.mark.parametrize(
    "origin", [EVIL, "null", f"{SHOP}.evil.example", "http://shop.example", f"{SHOP}:8443", "*", ""]
)
def test_a_stolen_key_is_worth_nothing_elsewhere(client: Client, origin: str) -> None:
    key = widget().public
    refused = [
        ask(client, **headed(key, origin)), client.get(READ, headers=headed(key, origin)),
        client.get(f"{READ}?key={key}", headers=headed("", origin)),
    ]  # fmt: skip
    assert [outcome(response) for response in refused] == [DENIED] * 3
    assert COST not in b"".join(response.content for response in refused).decode()


@pytest.mark.parametrize("origin", [EVIL, "null", "https://testserver", "http://testserver:81"])
def test_without_a_key_no_other_sites_page_gets_in(client: Client, origin: str) -> None:
    assert outcome(ask(client, origin=origin)) == DENIED
    assert outcome(client.get(READ, headers={"origin": origin})) == DENIED


def test_the_portals_own_pages_and_programs_need_no_key(client: Client) -> None:
    own = [{"origin": HERE}, {"sec-fetch-site": "same-origin"}, {}]
    assert [outcome(ask(client, **headers)) for headers in own] == [OPEN] * 3
    assert [outcome(client.get(READ, headers=headers)) for headers in own] == [OPEN] * 3


def test_trusted_origins_are_the_portals_own(client: Client, settings: Any) -> None:
    settings.CSRF_TRUSTED_ORIGINS = ["https://help.example"]
    assert outcome(ask(client, origin="https://help.example")) == OPEN


def test_an_origin_that_a_page_made_up_together_with_the_host_is_refused(client: Client) -> None:
    response = ask(client, origin=EVIL, host="evil.example")
    assert outcome(response) == (400, "invalid", "")


def test_the_portals_own_pages_may_show_any_key(client: Client) -> None:
    key = widget().public
    assert outcome(ask(client, **headed(key, HERE))) == OPEN
    assert outcome(client.get(READ, headers=headed(key) | {"sec-fetch-site": "same-origin"})) == OPEN
    assert outcome(client.get(READ, headers=headed(key) | {"sec-fetch-site": "cross-site"})) == DENIED


@pytest.mark.parametrize("key", ["pk_unknown", "sk_unknown", "nonsense", "x" * 500])
@pytest.mark.parametrize("origin", ["", SHOP, HERE])
def test_an_unknown_key_opens_nothing(client: Client, key: str, origin: str) -> None:
    widget()
    response = client.get(READ, headers=headed(key, origin))
    assert outcome(response) == UNKNOWN
    assert response.headers["WWW-Authenticate"].startswith("Bearer ")


def test_a_revoked_key_is_refused_at_once_and_so_is_what_was_kept_for_it(client: Client) -> None:
    key = widget()
    first = client.get(READ, headers=headed(key.public, SHOP))
    assert outcome(first) == (200, "", SHOP)
    keys.revoke_key(key)
    again = client.get(READ, headers=headed(key.public, SHOP) | {"if-none-match": first.headers["ETag"]})
    assert outcome(again) == UNKNOWN


def test_a_secret_token_reads_what_is_public_from_anywhere_but_a_page(client: Client) -> None:
    token = secret()
    assert outcome(client.get(READ, headers=headed(token))) == OPEN
    assert outcome(client.get(READ, headers=headed(token, HERE))) == OPEN
    refused = client.get(READ, headers=headed(token, SHOP))
    assert outcome(refused) == DENIED
    assert "publishable key" in refused.json()["detail"]


def test_a_secret_in_an_address_is_refused_and_said_to_be_lost(client: Client) -> None:
    refused = client.get(f"{READ}?key={secret()}")
    assert (outcome(refused), "Revoke it" in refused.json()["detail"]) == (UNKNOWN, True)


def test_other_schemes_than_bearer_are_the_proxys(client: Client) -> None:
    assert outcome(client.get(READ, headers={"authorization": "Basic YTpi"})) == OPEN


# CORS


def preflight(client: Client, origin: str, address: str = ASK, method: str = "POST") -> Any:
    return client.options(address, headers={"origin": origin, "access-control-request-method": method})


def test_a_browser_is_told_what_a_keys_origin_may_do(client: Client) -> None:
    key = widget(SHOP, "https://*.clinic.example").public
    response = preflight(client, SHOP)
    assert (response.status_code, response.content) == (204, b"")
    told = {name: value for name, value in response.headers.items() if name.startswith("Access-Control")}
    assert told == {
        "Access-Control-Allow-Origin": SHOP,
        "Access-Control-Allow-Methods": "POST, OPTIONS",
        "Access-Control-Allow-Headers": "Authorization, Content-Type, Accept, Accept-Language, If-None-Match",
        "Access-Control-Max-Age": "600",
    }
    assert "Origin" in response.headers["Vary"]
    assert outcome(preflight(client, "https://a.clinic.example", READ, "GET"))[2] == "https://a.clinic.example"
    assert outcome(preflight(client, SHOP, f"{ASK}?key={key}")) == (204, "", SHOP)


@pytest.mark.parametrize("origin", [EVIL, "null", "https://clinic.example", "https://other.example"])
def test_a_browser_is_told_nothing_for_an_origin_of_no_key(client: Client, origin: str) -> None:
    widget(SHOP, "https://*.clinic.example")
    keys.revoke_key(widget("https://other.example"))
    assert outcome(preflight(client, origin)) == DENIED


def test_a_preflight_with_one_key_does_not_count_for_anothers_origin(client: Client) -> None:
    widget("https://other.example")
    assert outcome(preflight(client, "https://other.example", f"{ASK}?key={widget().public}")) == DENIED


def test_problems_may_be_read_by_the_page_that_may_read_the_answer(client: Client) -> None:
    key = widget().public
    assert outcome(ask(client, {"question": "?"}, **headed(key, SHOP))) == (400, "invalid", SHOP)
    assert outcome(client.get("/api/v1/questions/none", headers=headed(key, SHOP))) == (404, "not-found", SHOP)


def test_no_answer_allows_cookies_and_each_says_what_it_hangs_on(client: Client) -> None:
    response = client.get(READ, headers=headed(widget().public, SHOP))
    assert "Access-Control-Allow-Credentials" not in response.headers
    assert {"Origin", "Authorization", "Accept-Language"} <= set(response.headers["Vary"].split(", "))
    assert "RateLimit" in response.headers["Access-Control-Expose-Headers"]


def test_a_stream_may_be_read_by_the_page_that_asked(client: Client) -> None:
    response = ask(client, accept="text/event-stream", **headed(widget().public, SHOP))
    assert response.headers["Access-Control-Allow-Origin"] == SHOP
    assert COST in b"".join(response.streaming_content).decode()


# What a key is bound to


def test_a_key_speaks_only_its_languages(client: Client) -> None:
    headers = headed(widget(tags=["de", "fr"]).public, SHOP)
    assert ask(client, {"question": "Was kostet ein Bewohnerausweis?"}, **headers).json()["answer"] == GERMAN[COST]
    said = [
        client.get(READ, headers=headers | {"accept-language": wish}).json()["locale"]
        for wish in ("ar, fr;q=0.5", "ar")
    ]
    assert said == ["fr", "de"]
    refused = ask(client, PERMIT, **headers)
    assert (outcome(refused), "de, fr" in refused.json()["detail"]) == ((400, "invalid", SHOP), True)
    rows = client.get("/api/v1/locales", headers=headers).json()["results"]
    assert [row["tag"] for row in rows] == ["de", "fr"]


def test_a_key_finds_only_what_stands_in_its_topics(client: Client) -> None:
    headers = headed(widget(topics=["harbour"]).public, SHOP)

    def found(address: str) -> list[str]:
        body = client.get(f"/api/v1/{address}", headers=headers).json()
        return [row["key"] for row in body.get("results") or body.get("questions") or []]

    assert [found(address) for address in ("questions", "topics", "suggest?q=resid", "search?q=resident+permit")] == [
        []
    ] * 4
    assert found("sources") == ["harbour"]
    ferry = ask(client, {"question": "When does the harbour ferry leave?", "locale": "en"}, **headers).json()
    assert ferry["answer"] == "The harbour ferry leaves every hour from the old pier."
    permit = ask(client, PERMIT, **headers).json()
    assert (permit["outcome"], permit["nearest"], COST in json.dumps(permit)) == ("abstained", [], False)
    assert ask(client).json()["outcome"] == "curated"


def test_an_answer_kept_for_all_is_none_for_a_key_of_other_topics(client: Client) -> None:
    headers = headed(widget(topics=["harbour"]).public, SHOP)
    assert ask(client).json()["answer"] == COST
    assert ask(client, **headers).json()["outcome"] == "abstained"
    assert len(client.get(READ).json()["results"]) == 1
    assert client.get(READ, headers=headers).json()["results"] == []


def test_without_the_index_a_keys_topics_hold_as_well(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    from faq.errors import Unavailable
    from faq.gateways import retrieval

    def away() -> Any:
        raise Unavailable("The index is away.")

    monkeypatch.setattr(retrieval, "retriever", away)
    headers = headed(widget(topics=["harbour"]).public, SHOP)
    assert ask(client).json()["answer"] == COST
    result = ask(client, **headers).json()
    assert (result["degraded"], result["answer"], result["nearest"]) == (True, "", [])


def test_a_topic_that_the_key_is_not_bound_to_is_said_to_be_none(client: Client) -> None:
    headers = headed(widget(topics=["harbour"]).public, SHOP)
    assert outcome(client.get("/api/v1/search?q=permit&topic=parking", headers=headers)) == (400, "invalid", SHOP)


# Floods


@pytest.fixture
def limited(settings: Any) -> Any:
    def to(rate: str) -> None:
        settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {"DEFAULT_THROTTLE_RATES": {"anon": rate}}
        cache.clear()

    return to


def test_an_address_has_its_quota_and_is_told_what_is_left(client: Client, limited: Any) -> None:
    limited("2/min")
    answers = [ask(client, {"question": "?"}) for _ in range(3)]
    assert [outcome(response)[:2] for response in answers] == [(400, "invalid")] * 2 + [(429, "throttled")]
    assert [response.headers["RateLimit-Policy"] for response in answers] == ['"address";q=2;w=60'] * 3
    assert [response.headers["RateLimit"].split(";")[1] for response in answers] == ["r=1", "r=0", "r=0"]
    assert answers[2].headers["Retry-After"] == answers[2].headers["RateLimit"].split("t=")[1]
    other = client.post(ASK, {"question": "?"}, content_type="application/json", REMOTE_ADDR="203.0.113.7")
    assert other.status_code == 400


def test_reading_and_asking_are_counted_apart(client: Client, limited: Any) -> None:
    limited("1/min")
    assert [client.get(READ).status_code for _ in range(quotas.READS + 1)] == [200] * quotas.READS + [429]
    assert [ask(client).status_code for _ in range(2)] == [200, 429]


def test_what_is_told_from_memory_counts_too(client: Client, limited: Any) -> None:
    limited("1/min")
    etag = client.get(READ).headers["ETag"]
    answers = [client.get(READ, headers={"if-none-match": etag}).status_code for _ in range(quotas.READS)]
    assert answers == [304] * (quotas.READS - 1) + [429]


def test_a_key_has_its_quota_whatever_address_uses_it(client: Client) -> None:
    key = widget(per_minute=2).public
    answers = [client.get(READ, headers=headed(key, SHOP), REMOTE_ADDR=f"203.0.113.{n}") for n in range(3)]
    assert [outcome(response) for response in answers] == [(200, "", SHOP)] * 2 + [(429, "throttled", SHOP)]
    assert '"key";q=2;w=60' in answers[0].headers["RateLimit-Policy"]
    assert client.get(READ, headers=headed(widget().public, SHOP)).status_code == 200


def test_an_address_with_a_widgets_key_keeps_its_own_quota(client: Client, limited: Any) -> None:
    limited("1/min")
    assert [ask(client, **headed(widget().public, SHOP)).status_code for _ in range(2)] == [200, 429]


def test_a_server_is_counted_by_its_token_alone(client: Client, limited: Any) -> None:
    limited("1/min")
    token = secret()
    assert [ask(client, **headed(token)).status_code for _ in range(3)] == [200] * 3


def test_the_addresses_of_one_network_are_one_caller(client: Client, limited: Any) -> None:
    limited("1/min")
    addresses = ["2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "2001:db8:1:3::1"]
    answers = [
        client.post(ASK, PERMIT, content_type="application/json", REMOTE_ADDR=address).status_code
        for address in addresses
    ]
    assert answers == [200, 429, 200]


# Bodies


class Unread(io.RawIOBase):
    """A body that is sent so slowly that whoever reads it waits: nobody may."""

    def read(self, *_: Any) -> bytes:
        raise AssertionError("The body was waited for.")


class BrokenOff(io.RawIOBase):
    def read(self, *_: Any) -> bytes:
        raise OSError("The client is gone.")


def raw(stream: Any, length: int = 100, **headers: str) -> tuple[int, str]:
    """Status and kind of what a request gets whose body is this stream."""
    environ = RequestFactory().post(ASK, content_type="application/json", headers=headers).environ
    environ |= {"wsgi.input": stream, "CONTENT_LENGTH": str(length)}
    status, kind, _ = outcome(ClientHandler()(environ))
    return status, kind


def test_the_slow_body_of_one_who_may_not_ask_is_not_waited_for(limited: Any) -> None:
    assert raw(Unread(), origin=EVIL) == (403, "origin-not-allowed")
    assert raw(Unread(), authorization="Bearer pk_unknown", origin=SHOP) == (401, "unauthenticated")
    limited("1/min")
    assert raw(io.BytesIO(b"{}"), 2) == (400, "invalid")
    assert raw(Unread()) == (429, "throttled")


def test_a_huge_body_is_refused_by_its_length_before_it_is_read() -> None:
    assert raw(Unread(), 3_000_000) == (413, "too-large")
    assert raw(Unread(), 10**15) == (413, "too-large")


def test_a_body_that_breaks_off_is_a_problem_of_its_sender() -> None:
    assert raw(BrokenOff()) == (400, "parse-error")
    assert raw(io.BytesIO(b'{"question": "per'), 100) == (400, "parse-error")


def test_a_body_without_a_length_is_none() -> None:
    assert raw(io.BytesIO(b'{"question": "permit"}'), 0) == (400, "invalid")
