"""A real Chromium before a live server. Every page that a test opens must be silent: no console message that is an
error, no broken script, no breach of the content security policy."""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from faq.domain import indexing, questions, topics
from faq.models import Question
from tests.e2e.chromium import CHROMIUM, QUIET
from tests.faq.factories import make_question, make_source, passages, remember

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

COST = "A resident permit costs 30 euros a year."
# Playwright's synchronous interface runs an event loop in this thread; Django's guard does not mean such a one.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


@pytest.fixture(scope="session")
def browser() -> "Iterator[Browser]":
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    if not CHROMIUM:
        pytest.skip("There is no Chromium on this machine")
    with playwright.sync_playwright() as running:
        found = running.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield found
        found.close()


@pytest.fixture(autouse=True)
def _static_files_as_in_production(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test server would serve static files itself, and knows no names with digests: the middleware does."""
    from django.contrib.staticfiles.handlers import StaticFilesHandler

    monkeypatch.setattr(StaticFilesHandler, "_should_handle", lambda self, path: False)


@pytest.fixture
def open_context(browser: "Browser", live_server: Any) -> Iterator[Any]:
    """Make a context whose pages must be silent: `open_context(width=360, java_script_enabled=False)`."""
    opened: list[BrowserContext] = []
    noise: list[str] = []

    def listen(page: "Page") -> None:
        page.on("console", lambda message: noise.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: noise.append(str(error)))

    def make(width: int = 1280, height: int = 900, **options: Any) -> "BrowserContext":
        context = browser.new_context(viewport={"width": width, "height": height}, base_url=live_server.url, **options)
        context.on("page", listen)
        opened.append(context)
        return context

    yield make
    for context in opened:
        context.close()
    assert noise == []


@pytest.fixture
def page(open_context: Any) -> "Page":
    return open_context().new_page()  # type: ignore[no-any-return]


@pytest.fixture
def permit(live_server: Any) -> Question:
    """A published question with an Arabic wording and translation, found by search."""
    passage = passages(make_source(title="Parking"))[0]
    made = make_question(
        "What does a resident permit cost?", cites=passage, quote=COST, key="permit", answer=f"{COST} [1]"
    )
    questions.add_phrasing(made, text="كم تكلفة تصريح السكان؟", locale="ar", canonical=True)
    remember(COST, "تكلفة تصريح السكان 30 يورو في السنة.", "ar")
    Question.objects.filter(pk=made.pk).update(topic=topics.ensure_topic("parking"))
    indexing.sync_all()
    return made
