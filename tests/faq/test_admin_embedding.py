"""The lines that put a widget on a page: what was chosen and nothing else, for keys that work, shown to whom it is allowed."""

import base64
import hashlib
import re
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.urls import reverse

from faq.admin import embedding
from faq.domain import keys
from faq.models import ApiKey, Topic
from tests.faq.desk import person, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]
SITE = "http://localhost:8000"


@pytest.fixture
def key() -> ApiKey:
    Topic.objects.create(key="parking", title="Parking")
    return keys.create_widget_key("Shop", allowed_origins=["https://shop.example"], tags=["en", "de", "ar"])


@pytest.fixture
def desk() -> Client:
    return signed_in(person("anna", ["view_apikey"]))


def shown(desk: Client, key: ApiKey, **query: str) -> Any:
    return desk.get(reverse("admin:faq_apikey_embed", args=[key.pk]), query)


class Elements(HTMLParser):
    """(name, attributes) of each element."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_without_a_choice_they_are_as_short_as_can_be(desk: Client, key: ApiKey) -> None:
    assert shown(desk, key).context["lines"].splitlines() == [
        f'<polyfaq-widget key="{key.public}"></polyfaq-widget>',
        f'<script src="{SITE}/static/widget/polyfaq-widget.js" async></script>',
        f'<noscript><a href="{SITE}/">Questions and answers</a></noscript>',
    ]


def test_what_was_chosen_is_said_by_attributes_and_the_link_speaks_the_language(desk: Client, key: ApiKey) -> None:
    chosen = {"mode": "inline", "locale": "de", "topic": "parking", "theme": "dark", "accent": "#FFCC00"}
    page = shown(desk, key, **chosen, contact="help@shop.example")
    attributes = {
        "key": key.public, "mode": "inline", "locale": "de", "topic": "parking", "theme": "dark",
        "contact": "mailto:help@shop.example", "style": "--polyfaq-accent: #ffcc00; --polyfaq-on-accent: #000000",
    }  # fmt: skip
    assert Elements(page.context["lines"]).found[0] == ("polyfaq-widget", attributes)
    assert f'<a href="{SITE}/de/">Fragen und Antworten</a>' in page.context["lines"]
    assert ("polyfaq-widget", attributes) in Elements(page.content.decode()).found


def test_a_pinned_script_is_the_very_file_that_its_address_serves(desk: Client, key: ApiKey) -> None:
    lines = shown(desk, key, pinned="on").context["lines"]
    script = next(attributes for name, attributes in Elements(lines).found if name == "script")
    source, digest = str(script["src"]), str(script["integrity"])
    assert re.fullmatch(rf"{SITE}/static/widget/polyfaq-widget\.[0-9a-f]{{12}}\.js", source)
    served = desk.get(urlsplit(source).path)
    body = b"".join(served.streaming_content) if served.streaming else served.content
    assert digest == f"sha384-{base64.b64encode(hashlib.sha384(body).digest()).decode()}"
    assert (script["crossorigin"], served.headers["Access-Control-Allow-Origin"]) == ("anonymous", "*")


@pytest.mark.parametrize(
    "wrong",
    [
        {"locale": "fr"},  # not among the key's
        {"topic": "none"},
        {"mode": "window"},
        {"accent": "red"},
        {"accent": '#ffcc00;"><script>alert(1)</script>'},
        {"contact": "javascript:alert(1)"},
        {"contact": "shop"},
    ],
)
def test_what_cannot_be_is_said_and_gives_no_lines(desk: Client, key: ApiKey, wrong: dict[str, str]) -> None:
    page = shown(desk, key, **wrong)
    text = page.content.decode()
    assert (page.status_code, page.context["lines"], list(page.context["form"].errors)) == (200, "", list(wrong))
    assert ("<polyfaq-widget" in text, "<script>alert" in text, "Something is not right yet" in text) == (
        False, False, True,
    )  # fmt: skip


def test_an_address_stays_an_attribute_whatever_it_holds(desk: Client, key: ApiKey) -> None:
    odd = 'https://shop.example/"><script>alert(1)</script>'
    page = shown(desk, key, contact=odd)
    assert Elements(page.context["lines"]).found[0] == ("polyfaq-widget", {"key": key.public, "contact": odd})
    assert "<script>alert" not in page.content.decode()


def test_a_key_without_origins_is_told_to_be_of_no_use_yet(desk: Client, key: ApiKey) -> None:
    without = keys.create_widget_key("Later", allowed_origins=[])
    warning = "This key names no origin yet"
    assert [warning in shown(desk, each).content.decode() for each in (key, without)] == [False, True]


def test_secret_and_revoked_keys_have_none(desk: Client, key: ApiKey) -> None:
    token, _secret = keys.create_server_token("Import", scopes=[], actor=person("ben", []))
    keys.revoke_key(key)
    assert [shown(desk, each).status_code for each in (token, key)] == [404, 404]
    revoked = desk.get(reverse("admin:faq_apikey_change", args=[key.pk])).content.decode()
    assert reverse("admin:faq_apikey_embed", args=[key.pk]) not in revoked


def test_who_may_not_see_keys_sees_none_of_it(key: ApiKey) -> None:
    assert shown(signed_in(person("ben", ["view_source"])), key).status_code == 403


@pytest.mark.parametrize(("colour", "on"), [("#ffffff", "#000000"), ("#0f665a", "#ffffff"), ("#ff8800", "#000000")])
def test_words_on_a_colour_can_be_read(colour: str, on: str) -> None:
    assert embedding.readable_on(colour) == on
