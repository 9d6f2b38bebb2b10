"""An answer as it comes about, on the site: evidence, verified sentences, then what the plain page shows."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from faq.gateways import generation as door
from faq.models import Question
from faq.queries import generation
from tests.faq.factories import make_portal
from tests.faq.pages import page
from tests.model_server import ModelServer, fails, says, serving

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("starter")]

FERRY = "The harbour ferry leaves every hour from the old pier."
WORDED = "The harbour ferry leaves the old pier every hour"
ASKED = {"q": "When does the harbour ferry leave?"}
LABEL = {
    "en": "Worded by a language model, checked against our sources",
    "de": "Von einem Sprachmodell formuliert, an unseren Quellen geprüft",
}


@pytest.fixture
def permit() -> Question:
    return make_portal()


@pytest.fixture(scope="module")
def running() -> Iterator[ModelServer]:
    with serving() as server:
        yield server


@pytest.fixture
def server(running: ModelServer, settings: Any) -> Iterator[ModelServer]:
    """A model that words the ferry's sentence and makes up another one; warm, as in a serving process."""
    running.requests.clear()
    running.script = [says(f"{WORDED} [1]. ", "Captain Hansen sells tickets for 9 euros [1]. ")]
    settings.POLYFAQ = settings.POLYFAQ | {"LLM_URL": running.url, "LLM_MODEL": "m"}
    door.reset()
    door.warm()
    yield running
    door.reset()


def streamed(client: Client, locale: str = "en", **query: str) -> list[tuple[str, str]]:
    """(event, HTML) pairs as they are sent."""
    response = client.get(f"/{locale}/ask/stream/", query or ASKED)
    assert (response.status_code, response.headers["Content-Type"]) == (200, "text/event-stream; charset=utf-8")
    text = b"".join(response.streaming_content).decode()  # type: ignore[attr-defined]
    found = re.findall(r"event: (\w+)\ndata: (.*)\n\n", text)
    assert "".join(f"event: {name}\ndata: {data}\n\n" for name, data in found) == text
    return [(name, json.loads(data)["html"]) for name, data in found]


def main_of(html: str) -> str:
    return html.partition('<main id="content" tabindex="-1">')[2].partition("</main>")[0]


def test_evidence_comes_first_then_verified_sentences_then_what_the_plain_page_shows(
    client: Client, permit: Question, server: ModelServer
) -> None:
    (evidence, found), (segment, told), (done, whole) = streamed(client)
    assert (evidence, segment, done) == ("evidence", "segment", "done")
    assert "Harbour" in found
    assert WORDED in told
    assert LABEL["en"] in whole
    assert whole.strip() == main_of(page(client, "/en/ask/?q=When+does+the+harbour+ferry+leave%3F")).strip()
    assert "Hansen" not in found + told + whole
    assert len(server.requests) == 1


def test_the_plain_page_shows_the_answer_in_the_models_words_with_its_label_and_references(
    client: Client, permit: Question, server: ModelServer
) -> None:
    text = page(client, "/en/ask/?q=When+does+the+harbour+ferry+leave%3F")
    assert [part in text for part in (WORDED, LABEL["en"], FERRY, 'href="#ref-1"')] == [True] * 4
    assert "Hansen" not in text


def test_the_events_are_in_the_readers_language(client: Client, permit: Question, server: ModelServer) -> None:
    server.script = [says("Die Hafenfähre legt jede Stunde am alten Pier ab [1]. ")]
    *_, (_, told), (_, whole) = streamed(client, "de")
    assert "Die Hafenfähre legt jede Stunde am alten Pier ab." in told
    assert LABEL["de"] in whole


def test_when_the_model_fails_the_sources_own_words_are_streamed_under_their_own_label(
    client: Client, permit: Question, server: ModelServer
) -> None:
    server.script = [fails(500)]
    *_, (name, told), (_, whole) = streamed(client)
    assert (name, FERRY in told, LABEL["en"] in whole) == ("segment", True, False)
    assert "Answer taken from our sources" in whole


def test_without_an_answer_only_the_end_says_so_and_no_model_is_asked(
    client: Client, permit: Question, server: ModelServer
) -> None:
    events = streamed(client, q="Who won the football match?")
    assert [name for name, _ in events] == ["evidence", "done"]
    assert "We do not have an answer to this" in events[-1][1]
    assert server.requests == []


def test_the_question_is_sent_without_personal_data(
    client: Client, permit: Question, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    generated = generation.generated

    def spied(composed: Any, question: str, tag: str) -> Any:
        sent.append(question)
        return generated(composed, question, tag)

    monkeypatch.setattr(generation, "generated", spied)
    streamed(client, q="When does the harbour ferry leave? Write to me@home.example or 0171 2345678")
    assert sent == ["When does the harbour ferry leave? Write to …@… or …"]


@pytest.mark.parametrize("q", ["", "???", "x" * 5000])
def test_what_cannot_be_asked_is_no_stream(client: Client, permit: Question, q: str) -> None:
    response = client.get("/en/ask/stream/", {"q": q})
    assert (response.status_code, response.headers["Content-Type"]) == (400, "text/plain; charset=utf-8")


def test_only_with_a_model_does_a_page_say_so_and_stream(client: Client, server: ModelServer, settings: Any) -> None:
    assert "A language model may word an answer." in page(client, "/en/about/")
    assert 'data-stream="/en/ask/stream/"' in page(client, "/en/ask/")
    settings.POLYFAQ = settings.POLYFAQ | {"LLM_URL": ""}
    text = page(client, "/en/ask/")
    assert [part in text for part in ("data-stream", "ask.js", 'id="asking"')] == [False] * 3


def test_what_a_model_writes_is_text_and_no_markup(client: Client, permit: Question, server: ModelServer) -> None:
    server.script = [says(f"{WORDED} & <script>alert(1)</script> [1]. {WORDED} [1]. ")]
    html = "".join(html for _, html in streamed(client))
    assert ("<script>" in html, WORDED in html) == (False, True)
