"""The API's ask: what `ask` says as JSON, and errors as problem details whose type programs can rely on."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client, RequestFactory
from django.utils import translation
from django.utils.translation import gettext

from faq.api import problems
from faq.api.problems import TITLES
from faq.domain.ask import ask
from faq.gateways import retrieval
from faq.models import Asked, Question
from tests.faq import worlds
from tests.faq.factories import COST, GERMAN, make_portal

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.any_database,
]  # the API's shapes and problems; what it answers is asked in test_ask
ADDRESS = "/api/v1/ask"
JSON = "application/json"
TYPE = "https://polyfaq.org/problems/"
QUESTIONS = [
    ("What does a resident permit cost?", "en"),
    ("Was kostet ein Bewohnerausweis?", "de"),
    ("Where are found umbrellas kept?", "fr"),
    ("Who won the football match?", "ar"),
]


@pytest.fixture(scope="module")
def portal(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with worlds.built(make_portal, tmp_path_factory.mktemp("portal"), django_db_blocker, worlds.STARTER) as home:
        yield home


@pytest.fixture
def permit(portal: Path, starter: Any, tmp_path: Path) -> Question:
    """The portal of make_portal()."""
    worlds.enter(portal, tmp_path)
    return Question.objects.get(key="permit")


@pytest.fixture
def limited(settings: Any) -> Any:
    """Sets how often an address may ask."""

    def to(rate: str) -> None:
        settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {"DEFAULT_THROTTLE_RATES": {"anon": rate}}
        cache.clear()

    return to


def post(client: Client, body: Any, accept_language: str = "", **headers: str) -> Any:
    text = body if isinstance(body, str) else json.dumps(body)
    headers |= {"accept-language": accept_language} if accept_language else {}
    return client.post(ADDRESS, text, content_type=JSON, headers=headers)


def untimed(result: dict[str, Any]) -> dict[str, Any]:
    """Without what differs from run to run."""
    return {name: value for name, value in result.items() if name != "timings"}


def problem(response: Any) -> tuple[int, str]:
    """Status and kind of a response, which must have the form of RFC 9457."""
    body = json.loads(response.content)
    assert response.headers["Content-Type"] == "application/problem+json"
    assert set(body) - {"errors"} == {"type", "title", "status", "detail"}
    assert (body["status"], bool(body["detail"])) == (response.status_code, True)
    assert body["type"].startswith(TYPE)
    return response.status_code, body["type"].removeprefix(TYPE)


# Answers


@pytest.mark.parametrize(("text", "locale"), QUESTIONS)
def test_the_api_the_command_and_the_domain_say_the_same(
    client: Client, permit: Question, text: str, locale: str, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = json.loads(json.dumps(ask(text, locale, record=False).as_dict()))
    response = post(client, {"question": text, "locale": locale})
    assert (response.status_code, response.headers["Content-Type"]) == (200, JSON)
    call_command("ask", text, "--locale", locale, "--json")
    printed = json.loads(capsys.readouterr().out)
    assert list(response.json()) == list(printed) == list(expected)
    assert untimed(response.json()) == untimed(printed) == untimed(expected)


@pytest.mark.parametrize(("text", "locale"), QUESTIONS[:3])
def test_the_page_shows_the_answer_that_the_api_gives(client: Client, permit: Question, text: str, locale: str) -> None:
    result = post(client, {"question": text, "locale": locale}).json()
    page = client.get(f"/{locale}/ask/", {"q": text}).content.decode()
    assert all(row["text"] in page for row in result["segments"])
    assert all(row["quote"] in page for row in result["citations"])


@pytest.mark.parametrize(
    ("body", "header", "locale"),
    [
        ({}, "de;q=0.9, en;q=0.1", "de"),
        ({"locale": ""}, "zh_CN", "zh-hans"),
        ({"locale": "en"}, "de", "en"),
        ({"locale": "de-CH"}, "en", "de"),
        ({}, "xx, *;q=0.1", "en"),
        ({}, "", "en"),
    ],
)
def test_without_a_locale_the_accepted_language_counts(
    client: Client, permit: Question, body: dict[str, str], header: str, locale: str
) -> None:
    response = post(client, {"question": "What does a resident permit cost?"} | body, accept_language=header)
    assert response.json()["locale"] == locale
    assert response.json()["answer"] == (GERMAN[COST] if locale == "de" else COST)


def test_without_the_index_the_api_still_answers(
    client: Client, permit: Question, monkeypatch: pytest.MonkeyPatch
) -> None:
    from faq.errors import Unavailable

    def away() -> Any:
        raise Unavailable("The index is away.")

    monkeypatch.setattr(retrieval, "retriever", away)
    result = post(client, {"question": "What does a resident permit cost?"}).json()
    assert (result["outcome"], result["answer"], result["degraded"]) == ("curated", COST, True)


def test_a_question_in_vain_is_recorded_for_the_editors(client: Client, permit: Question) -> None:
    post(client, {"question": "Who won the football match?", "locale": "en"})
    post(client, {"question": "What does a resident permit cost?", "locale": "en"})
    assert [(row.text, row.locale_id) for row in Asked.objects.all()] == [("Who won the football match?", "en")]


def test_nobody_needs_to_be_known(permit: Question) -> None:
    response = Client(enforce_csrf_checks=True).post(ADDRESS, {"question": "permit"}, content_type=JSON)
    assert (response.status_code, dict(response.cookies)) == (200, {})


# Problems


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "question"),
        ({"question": ""}, "question"),
        ({"question": "   "}, "question"),
        ({"question": None}, "question"),
        ({"question": ["permit"]}, "question"),
        ({"question": {"text": "permit"}}, "question"),
        ({"question": 30}, "question"),
        ({"question": "permit", "as_typed": 1}, "as_typed"),
        ({"question": "permit", "as_typed": "yes"}, "as_typed"),
        ({"question": "x" * 100_000}, "question"),
        ({"question": "permit", "locale": "x" * 36}, "locale"),
        ({"question": "permit", "locale": ["de"]}, "locale"),
        ([], "non_field_errors"),
        ("null", "non_field_errors"),
    ],
    ids=range(14),
)
def test_a_wrong_field_is_named(client: Client, body: Any, field: str) -> None:
    response = post(client, body)
    assert problem(response) == (400, "invalid")
    assert list(response.json()["errors"]) == [field]


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({"question": "x" * 501}, "at most 500 characters"),
        ({"question": "?!"}, "in words"),
        ({"question": "🙂"}, "in words"),
        ({"question": "permit", "locale": "xx"}, "Known languages: en, de"),
        ({"question": "permit", "locale": "zh-TW"}, "Known languages: en, de"),
    ],
    ids=range(5),
)
def test_what_cannot_be_asked_is_said_with_what_to_do(client: Client, body: dict[str, str], detail: str) -> None:
    response = post(client, body)
    assert problem(response) == (400, "invalid")
    assert detail in response.json()["detail"]


@pytest.mark.parametrize("text", ["", "{", '{"question": "permit"', "question=permit", '{"question": NaN,}', "\x00"])
def test_what_is_no_json_is_said_to_be_none(client: Client, text: str) -> None:
    response = client.post(ADDRESS, text, content_type=JSON)
    assert problem(response) in {(400, "parse-error"), (400, "invalid")}


def test_a_request_too_large_is_refused_before_it_is_read(client: Client) -> None:
    response = post(client, {"question": "x" * 3_000_000})
    assert problem(response) == (413, "too-large")
    assert "2097152 bytes" in response.json()["detail"]


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
def test_other_methods_are_refused_with_those_there_are(client: Client, method: str) -> None:
    response = getattr(client, method)(ADDRESS)
    assert problem(response) == (405, "method-not-allowed")
    assert response.headers["Allow"] == "POST, OPTIONS"


@pytest.mark.parametrize("media_type", ["application/x-www-form-urlencoded", "text/xml", "text/plain", "nonsense"])
def test_other_media_types_are_refused(client: Client, media_type: str) -> None:
    response = client.post(ADDRESS, '{"question": "permit"}', content_type=media_type)
    assert problem(response) == (415, "unsupported-media-type")


def test_other_formats_than_json_are_not_to_be_had(client: Client, permit: Question) -> None:
    assert problem(post(client, {"question": "permit"}, accept="text/html")) == (406, "not-acceptable")


@pytest.mark.parametrize(
    "address", ["/api", "/api/", "/api/v2/ask", "/api/v1/nothing", "/api/v1/", "/api/v1/ask/", "/api/v1/ask/1"]
)
@pytest.mark.parametrize("method", ["get", "post"])
def test_what_is_no_address_is_a_problem_and_no_page(client: Client, address: str, method: str) -> None:
    assert problem(getattr(client, method)(address)) == (404, "not-found")


def test_a_page_that_is_none_of_the_api_stays_a_page(client: Client) -> None:
    assert client.get("/en/api/").headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize(
    ("accept_language", "title"), [("de", "Der Server ist gescheitert"), ("", "The server failed")]
)
def test_what_nobody_foresaw_is_a_problem_that_tells_nothing_of_the_inside(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, accept_language: str, title: str
) -> None:
    from faq.api import views

    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("the password is larkmouth")

    monkeypatch.setattr(views, "ask", broken)
    response = post(Client(raise_request_exception=False), {"question": "permit"}, accept_language=accept_language)
    assert problem(response) == (500, "internal-error")
    assert (response.json()["title"], "larkmouth" in response.content.decode()) == (title, False)
    assert [record.exc_info[1].args for record in caplog.records if record.exc_info] == [("the password is larkmouth",)]


def test_a_host_that_is_not_ours_gets_a_problem(client: Client) -> None:
    response = post(client, {"question": "permit"}, host="evil.example")
    assert problem(response) == (400, "invalid")


@pytest.mark.parametrize("status", sorted(problems.DETAILS))
def test_what_no_view_answered_is_said_in_the_askers_language(rf: RequestFactory, status: int) -> None:
    english = problems.outside(rf.get("/api/v1/ask"), status)
    german = problems.outside(rf.get("/api/v1/ask", {"locale": "de-AT"}), status)
    assert (problem(english), german.headers["Content-Language"]) == (problem(german), "de")
    said = [
        {name: json.loads(response.content)[name] for name in ("title", "detail")} for response in (english, german)
    ]
    assert not set(said[0].values()) & set(said[1].values())


def test_too_many_requests_are_told_when_to_come_back(client: Client, limited: Any) -> None:
    limited("2/min")
    responses = [post(client, {"question": "?"}) for _ in range(3)]
    assert [response.status_code for response in responses] == [400, 400, 429]
    assert problem(responses[-1]) == (429, "throttled")
    assert 1 <= int(responses[-1].headers["Retry-After"]) <= 60


def test_a_service_that_is_away_is_said_to_be(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    from faq.api import views
    from faq.errors import Unavailable

    def away(*_: Any, **__: Any) -> Any:
        raise Unavailable("The database is being moved. Try again later.")

    monkeypatch.setattr(views, "ask", away)
    response = post(client, {"question": "permit"})
    assert problem(response) == (503, "unavailable")
    assert response.json()["detail"] == "The database is being moved. Try again later."


@pytest.mark.parametrize(
    ("header", "title"),
    [
        ("", "Invalid request"), ("de-AT, en;q=0.5", "Ungültige Anfrage"), ("fr", "Requête non valide"),
        ("es", "Solicitud no válida"), ("pl", "Nieprawidłowe żądanie"), ("uk", "Недійсний запит"), ("tr", "Geçersiz istek"),
        ("ar", "طلب غير صالح"), ("zh-CN", "请求无效"), ("xx", "Invalid request"),
    ],
)  # fmt: skip
def test_a_problem_has_a_title_in_the_callers_language_and_one_type(client: Client, header: str, title: str) -> None:
    response = post(client, {}, accept_language=header)
    assert problem(response) == (400, "invalid")
    assert response.json()["title"] == title


@pytest.mark.parametrize(
    ("body", "query", "header", "said"),
    [
        ({"locale": "tr"}, "?locale=de", "fr", "tr"),
        ({}, "?locale=de", "fr", "de"),
        ({"locale": "xx"}, "?locale=yy", "fr", "fr"),
        ({"locale": ["de"]}, "", "fr", "fr"),
        ([], "?locale=zh_CN", "", "zh-hans"),
        ({}, "", "", "en"),
    ],
)
def test_body_then_address_then_headers_tell_the_askers_language(
    client: Client, body: Any, query: str, header: str, said: str
) -> None:
    response = client.post(
        ADDRESS + query, json.dumps(body), content_type=JSON, headers={"accept-language": header} if header else {}
    )
    assert problem(response) == (400, "invalid")
    assert (response.headers["Content-Language"], "Accept-Language" in response.headers["Vary"]) == (said, True)
    with translation.override(said):
        assert response.json()["detail"] == gettext("Some fields are wrong; see errors.")


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({"question": "?!", "locale": "de"}, "Bitte schreiben Sie Ihre Frage in Worten."),
        ({"question": "?!", "locale": "ar"}, "يُرجى كتابة سؤالكم بالكلمات."),
        ("{", "Der Inhalt ist kein JSON: Expecting property name"),
    ],
)
def test_what_was_wrong_is_said_in_the_askers_language(client: Client, body: Any, detail: str) -> None:
    assert post(client, body, accept_language="de").json()["detail"].startswith(detail)


def test_fields_are_spoken_of_in_the_askers_language_too(client: Client) -> None:
    assert post(client, {"locale": "fr"}).json()["errors"] == {"question": ["Ce champ est obligatoire."]}


def test_the_locale_may_stand_in_the_address(client: Client, permit: Question) -> None:
    body = json.dumps({"question": "What does a resident permit cost?"})
    response = client.post(f"{ADDRESS}?locale=de", body, content_type=JSON, headers={"accept-language": "en"})
    assert response.json()["locale"] == "de"


def test_every_title_is_translated_into_every_language() -> None:
    english = {kind: str(title) for kind, title in TITLES.items()}
    for code, _ in settings.LANGUAGES[1:]:
        with translation.override(code):
            same = [kind for kind, title in TITLES.items() if str(title) == english[kind]]
        assert (code, same) == (code, [])
