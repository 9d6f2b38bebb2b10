"""An answer worded by a model, watched in a browser while it comes: verified sentences at once, others never."""

import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from faq.domain import indexing
from faq.gateways import generation as door
from tests.faq.factories import HARBOUR, make_source
from tests.model_server import Handler, ModelServer, delta, serving

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("starter")]

QUESTION = "When does the harbour ferry leave?"
WORDED = "The harbour ferry leaves the old pier every hour."
PATH = "/en/ask/?q=When+does+the+harbour+ferry+leave%3F"


@pytest.fixture
def going_on() -> Iterator[threading.Event]:
    """Set: the model may end its answer."""
    event = threading.Event()
    yield event
    event.set()


@pytest.fixture
def server(settings: Any, live_server: Any, going_on: threading.Event) -> Iterator[ModelServer]:
    """A model whose second sentence is invented, and that pauses after having said it."""

    def act(handler: Handler) -> None:
        handler.begin()
        handler.chunk(delta(f"{WORDED[:-1]} [1]. Captain Hansen sells tickets for 9 euros [1]. And"))
        going_on.wait(30)
        handler.chunk(delta(None, "stop"))
        handler.end()

    with serving() as running:
        running.script = [act]
        settings.POLYFAQ = settings.POLYFAQ | {"LLM_URL": running.url, "LLM_MODEL": "m", "LLM_TIMEOUT_SECONDS": 30}
        door.reset()
        door.warm()
        make_source(HARBOUR, title="Harbour")
        indexing.sync_all()
        yield running
    door.reset()


def test_a_sentence_is_shown_when_it_is_verified_and_the_page_is_that_of_the_answer(
    page: "Page", server: ModelServer, going_on: threading.Event
) -> None:
    page.goto("/en/ask/")
    page.fill("#q", QUESTION)
    page.press("#q", "Enter")
    page.get_by_text(WORDED).wait_for()
    assert "Harbour" in page.inner_text('[data-part="evidence"]')
    assert page.inner_text("h1").endswith(QUESTION)
    assert "Hansen" not in page.inner_text("main")
    going_on.set()
    page.get_by_role("heading", name="References").wait_for()
    streamed = page.inner_text("main")
    assert ("Hansen" in streamed, "Worded by a language model" in streamed) == (False, True)
    assert (page.url.endswith(PATH), page.title().startswith(QUESTION)) == (True, True)
    page.wait_for_selector("h1:focus")
    links = page.locator(".languages a").evaluate_all("links => links.map(link => link.getAttribute('href'))")
    assert f"/de{PATH.removeprefix('/en')}" in links
    page.reload()
    assert page.inner_text("main") == streamed
    page.go_back()
    page.wait_for_url("**/en/ask/")
    page.get_by_role("heading", level=1, name="Ask a question").wait_for()


def test_without_javascript_the_page_shows_the_whole_answer(
    open_context: Any, server: ModelServer, going_on: threading.Event
) -> None:
    going_on.set()
    page = open_context(java_script_enabled=False).new_page()
    page.goto("/en/ask/")
    page.fill("#q", QUESTION)
    page.press("#q", "Enter")
    page.wait_for_url(f"**{PATH}")
    text = page.inner_text("main")
    assert (WORDED in text, "Hansen" in text) == (True, False)


def test_when_the_stream_breaks_the_question_opens_its_page(
    page: "Page", server: ModelServer, going_on: threading.Event
) -> None:
    going_on.set()
    page.route("**/ask/stream/**", lambda route: route.fulfill(status=200, body="event: evidence\n"))
    page.goto("/en/ask/")
    page.fill("#q", QUESTION)
    page.press("#q", "Enter")
    page.get_by_role("heading", name="References").wait_for()
    assert WORDED in page.inner_text("main")
