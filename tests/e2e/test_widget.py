"""The widget on other people's pages: another origin, hostile styles, a strict policy, keyboard only, everything away."""

import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import User

from faq import cache
from faq.domain import keys
from faq.models import Question
from tests.e2e.chromium import violations
from tests.e2e.test_admin import log_in

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
expect = sync_api.expect
pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

COST = "A resident permit costs 30 euros a year."
HOSTILE = "* { display: block !important; color: red !important; font-size: 40px !important } button { all: unset }"
EVENTS = """for (const name of ["open", "close", "answer", "feedback", "error"])
  addEventListener("polyfaq:" + name, (event) => (window.told ??= []).push([name, event.detail]));"""


class Host:
    """Pages of another site: path -> (headers, HTML)."""

    def __init__(self) -> None:
        self.pages: dict[str, tuple[dict[str, str], str]] = {}
        pages = self.pages

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                headers, html = pages.get(self.path, ({}, ""))
                body = html.encode()
                self.send_response(200 if self.path in pages else 404)
                for name, value in {"Content-Type": "text/html; charset=utf-8", **headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def show(self, body: str, *, lang: str = "en", head: str = "", path: str = "/", **headers: str) -> str:
        """The address of a page with this body."""
        html = (
            f'<!doctype html><html lang="{lang}"><head><link rel="icon" href="data:,"><title>Shop</title>{head}</head>'
        )
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.pages[path] = (named, f"{html}<body><main><h1>Shop</h1>{body}</main></body></html>")
        return f"{self.url}{path}"


@pytest.fixture
def host() -> Iterator[Host]:
    made = Host()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def key(permit: Question, host: Host) -> str:
    made = keys.create_widget_key("Shop", allowed_origins=[host.url])
    cache.clear()
    return str(made.public)


@pytest.fixture
def script(live_server: Any) -> str:
    return f'<script async src="{live_server.url}/static/widget/polyfaq-widget.js"></script>'


@pytest.fixture
def shop(browser: Any) -> Iterator["Page"]:
    """A page whose every console error is collected in `page.noise`."""
    context: BrowserContext = browser.new_context(viewport={"width": 1280, "height": 900})
    context.add_init_script(EVENTS)
    page = context.new_page()
    sync_api.expect.set_options(timeout=30_000)  # the first question of a process reads vectors and lexicons
    noise: list[str] = []
    page.on("console", lambda message: noise.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: noise.append(str(error)))
    page.noise = noise  # type: ignore[attr-defined]
    yield page
    sync_api.expect.set_options()
    context.close()


def told(page: "Page") -> list[str]:
    return [str(name) for name, _ in page.evaluate("window.told ?? []")]


def test_a_question_is_answered_with_references_by_keyboard_alone(
    shop: "Page", host: Host, key: str, script: str
) -> None:
    shop.goto(host.show(f'<polyfaq-widget key="{key}"></polyfaq-widget>{script}'))
    expect(shop.get_by_role("button", name="Questions? Ask here")).to_be_visible()
    shop.keyboard.press("Tab")
    shop.keyboard.press("Enter")
    box = shop.get_by_role("combobox")
    expect(box).to_be_focused()
    expect(shop.get_by_role("button", name="What does a resident permit cost?")).to_be_visible()
    shop.keyboard.type("resident per")
    expect(shop.get_by_role("option")).to_have_text(["What does a resident permit cost?"])
    shop.keyboard.type("mit cost")
    shop.keyboard.press("Enter")
    expect(shop.locator(".answer")).to_contain_text(COST)
    expect(shop.get_by_role("status")).to_contain_text(COST)
    shop.get_by_role("button", name="References 1").press("Enter")
    expect(shop.locator("details[open] blockquote")).to_have_text(COST)
    expect(shop.get_by_role("link", name="Open the whole page")).to_have_attribute(
        "href", re.compile(r"/en/sources/parking/\?passage=")
    )
    assert violations(shop) == []
    shop.get_by_role("button", name="Yes").press("Enter")
    expect(shop.get_by_role("button", name="Undo")).to_be_focused()
    for _ in range(30):  # the focus stays in the panel, however often it is moved
        shop.keyboard.press("Tab")
    assert shop.evaluate("document.activeElement.localName") == "polyfaq-widget"
    shop.keyboard.press("Escape")
    expect(shop.get_by_role("dialog")).to_be_hidden()
    assert shop.evaluate("document.activeElement.shadowRoot.activeElement.className") == "open main"
    shop.wait_for_function("window.told.length > 3")  # a dialog says that it closed in a task of its own
    assert told(shop) == ["open", "answer", "feedback", "close"]
    assert shop.noise == []  # type: ignore[attr-defined]


def test_a_strict_policy_and_hostile_styles_change_nothing(
    shop: "Page", host: Host, key: str, script: str, live_server: Any
) -> None:
    portal = live_server.url
    policy = f"default-src 'none'; img-src data:; script-src {portal}; connect-src {portal}; style-src 'nonce-1'"
    shop.goto(
        host.show(
            f'<polyfaq-widget mode="inline" key="{key}"></polyfaq-widget>{script}',
            head=f'<style nonce="1">{HOSTILE}</style>',
            Content_Security_Policy=policy,
        )
    )
    entry = shop.get_by_role("button", name="What does a resident permit cost?")
    expect(entry).to_be_visible()
    assert entry.evaluate("e => [getComputedStyle(e).fontSize, getComputedStyle(e).color]") == [
        "16px",
        "rgb(27, 36, 35)",
    ]
    entry.click()
    expect(shop.locator(".answer")).to_contain_text(COST)
    assert shop.noise == []  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("lang", "question", "direction", "button"),
    [("ar", "كم تكلفة تصريح السكان؟", "rtl", "اسأل"), ("zh-CN", "What does a resident permit cost?", "ltr", "提问")],
)
def test_the_widget_speaks_the_pages_language_and_follows_it(
    shop: "Page", host: Host, key: str, script: str, lang: str, question: str, direction: str, button: str
) -> None:
    body = f'<polyfaq-widget mode="inline" locale="auto" key="{key}"></polyfaq-widget>{script}'
    shop.set_viewport_size({"width": 390, "height": 844})
    shop.goto(host.show(body, lang=lang))
    expect(shop.get_by_role("button", name=button, exact=True)).to_be_visible()
    assert shop.locator("polyfaq-widget section").get_attribute("dir") == direction
    shop.get_by_role("button", name=question).click()
    expect(shop.locator(".answer")).to_contain_text("30")
    assert shop.evaluate("document.documentElement.scrollWidth") == 390
    shop.evaluate("document.documentElement.lang = 'de'")
    expect(shop.get_by_role("button", name="Fragen", exact=True)).to_be_visible()
    assert violations(shop) == []


def test_another_sites_key_and_a_portal_that_is_away_are_told_with_a_way_on(
    shop: "Page", host: Host, permit: Question, script: str, live_server: Any
) -> None:
    stolen = keys.create_widget_key("Other", allowed_origins=["https://other.example"]).public
    cache.clear()
    shop.goto(host.show(f'<polyfaq-widget mode="inline" key="{stolen}"></polyfaq-widget>{script}'))
    expect(shop.get_by_role("alert")).to_be_visible()
    expect(shop.get_by_role("link", name="Go to the help centre")).to_have_attribute("href", f"{live_server.url}/")
    assert told(shop) == ["error"]
    shop.context.set_offline(True)
    shop.get_by_role("button", name="Try again").click()
    expect(shop.get_by_role("alert")).to_contain_text("You are offline")


def test_several_widgets_and_one_that_moves_keep_apart(shop: "Page", host: Host, key: str, script: str) -> None:
    one = f'<polyfaq-widget id="a" mode="inline" key="{key}"></polyfaq-widget>'
    two = f'<polyfaq-widget id="b" mode="search" key="{key}"></polyfaq-widget>'
    shop.goto(host.show(f"{one}{two}{script}{script}"))
    expect(shop.locator("#a").get_by_role("button", name="What does a resident permit cost?")).to_be_visible()
    expect(shop.locator("#b").get_by_role("button", name="What does a resident permit cost?")).to_be_visible()
    shop.evaluate("a.ask('resident permit cost')")
    expect(shop.locator("#a .answer")).to_contain_text(COST)
    expect(shop.locator("#b .answer")).to_have_count(0)
    shop.evaluate("{ const it = a; it.remove(); document.body.append(it) }")
    expect(shop.locator("#a").get_by_role("button", name="What does a resident permit cost?")).to_be_visible()
    shop.evaluate("b.search('permit')")
    expect(shop.locator("#b .list button")).to_have_text(["What does a resident permit cost?"])
    assert shop.noise == []  # type: ignore[attr-defined]


def test_what_no_source_answers_is_said_with_a_contact(shop: "Page", host: Host, key: str, script: str) -> None:
    widget = f'<polyfaq-widget mode="inline" contact="mailto:help@shop.example" key="{key}"></polyfaq-widget>'
    shop.goto(host.show(f"{widget}{script}"))
    shop.get_by_role("combobox").fill("Who painted the Mona Lisa?")
    shop.keyboard.press("Enter")
    expect(shop.get_by_text("We do not have an answer to this", exact=True).first).to_be_visible()
    expect(shop.get_by_role("link", name="Contact us")).to_have_attribute("href", "mailto:help@shop.example")
    assert shop.evaluate("window.told.at(-1)[1].outcome") == "abstained"


def test_the_desks_lines_pasted_into_a_page_make_what_the_desk_showed(
    page: "Page", shop: "Page", host: Host, permit: Question, live_server: Any, settings: Any
) -> None:
    """The tutorial, from the key to the answer on another site."""
    settings.POLYFAQ = settings.POLYFAQ | {"SITE_URL": live_server.url}
    User.objects.create_superuser("editor", "editor@larkmouth.example", "larkmouth")
    log_in(page, "/admin/faq/apikey/add/")
    page.get_by_label("Name").fill("Shop")
    page.get_by_label("Origins, one a line").fill(host.url)
    page.get_by_role("button", name="Make a publishable key").click()
    page.get_by_role("link", name="Put it on a page").click()
    page.get_by_label("Form").select_option("inline")
    page.get_by_label("Language").select_option("ar")
    page.locator("#embed_accent").fill("#ffcc00")
    page.get_by_label("Only this version of the script").check()
    lines = page.locator("#embed-lines")
    expect(lines).to_contain_text('integrity="sha384-')
    expect(page.locator("polyfaq-widget").get_by_role("button", name="كم تكلفة تصريح السكان؟")).to_be_visible()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == lines.inner_text()
    assert violations(page) == []

    shop.goto(host.show(lines.inner_text()))
    shop.locator("polyfaq-widget").get_by_role("button", name="كم تكلفة تصريح السكان؟").click()
    expect(shop.locator(".answer")).to_contain_text("30 يورو")
    colour = (
        "getComputedStyle(document.querySelector('polyfaq-widget').shadowRoot.querySelector('.main')).backgroundColor"
    )
    assert shop.evaluate(colour) == "rgb(255, 204, 0)"
    assert shop.noise == []  # type: ignore[attr-defined]
