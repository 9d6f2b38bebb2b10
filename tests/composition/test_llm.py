"""The model's transport against a real server: what is sent, what is read, and what is said when that fails."""

import logging
from collections.abc import Iterator

import pytest

from faq.composition.chunks import Decoder, Malformed
from faq.composition.llm import ChatModel, ModelError
from tests.model_server import (
    Behaviour,
    ModelServer,
    completion,
    cut_off,
    delta,
    event,
    fails,
    refuses_parameter,
    says,
    sends,
    serving,
    silent,
)  # fmt: skip

KEY = "secret-key-of-the-test"
ASKED = [{"role": "user", "content": "What about the confidential matter?"}]


@pytest.fixture(scope="module")
def running() -> Iterator[ModelServer]:
    with serving() as server:
        yield server


@pytest.fixture
def server(running: ModelServer) -> ModelServer:
    running.requests.clear()
    return running


@pytest.fixture(scope="module")
def model(running: ModelServer) -> ChatModel:
    return ChatModel(running.url, "m", KEY, tokens=77)


def answer(model: ChatModel, server: ModelServer, *script: Behaviour) -> str:
    server.script = list(script)
    return "".join(model.stream(ASKED))


def test_the_request_is_one_of_chat_completions_with_bounds(model: ChatModel, server: ModelServer) -> None:
    assert answer(model, server, says("Yes", ", ", "it does.")) == "Yes, it does."
    (request,) = server.requests
    assert (request["path"], request["headers"]["authorization"]) == ("/v1/chat/completions", f"Bearer {KEY}")
    assert request["body"] == {
        "model": "m", "messages": ASKED, "stream": True, "max_tokens": 77, "temperature": 0,
    }  # fmt: skip


def test_nothing_of_the_environment_but_our_settings_is_sent(
    server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("API_KEY", "ORG_ID", "PROJECT_ID", "BASE_URL"):
        monkeypatch.setenv(f"OPENAI_{name}", "http://leak.invalid/leaked")
    assert answer(ChatModel(server.url, "m", KEY), server, says("Yes.")) == "Yes."
    assert "leak" not in str(server.requests[0]["headers"])


def test_the_address_may_name_the_whole_path(server: ModelServer) -> None:
    server.script = [says("Yes.")]
    model = ChatModel(f"{server.url}/chat/completions", "m")
    assert "".join(model.stream(ASKED)) == "Yes."
    assert server.requests[0]["path"] == "/v1/chat/completions"


def test_a_server_that_cannot_stream_is_understood(model: ChatModel, server: ModelServer) -> None:
    assert answer(model, server, completion("All at once.")) == "All at once."


@pytest.mark.parametrize(("name", "instead"), [("max_tokens", "max_completion_tokens"), ("temperature", None)])
def test_a_parameter_that_the_server_does_not_know_is_said_otherwise_from_then_on(
    server: ModelServer, name: str, instead: str | None
) -> None:
    server.script = [refuses_parameter(name), says("Yes.")]
    model = ChatModel(server.url, "m")
    assert ["".join(model.stream(ASKED)) for _ in range(2)] == ["Yes.", "Yes."]
    assert [name in request["body"] for request in server.requests] == [True, False, False]
    assert instead is None or [request["body"].get(instead) for request in server.requests] == [None, 400, 400]


def test_reading_stops_when_nobody_wants_more(model: ChatModel, server: ModelServer) -> None:
    server.script = [cut_off("One. ", "Two. ")]
    heard: list[str] = []
    for piece in model.stream(ASKED, lambda: not heard):
        heard.append(piece)
    assert heard[0] == "One. "


FAILURES: dict[str, tuple[Behaviour, str, bool]] = {
    "no key": (fails(401), "(status 401). Check POLYFAQ_LLM_KEY.", True),
    "forbidden": (fails(403), "(status 403). Check POLYFAQ_LLM_KEY.", True),
    "no such model": (fails(404), "(status 404). Check POLYFAQ_LLM_URL and POLYFAQ_LLM_MODEL.", True),
    "redirect": (fails(307, Location="http://127.0.0.1:9/v1/chat/completions"), "redirects (status 307)", True),
    "too many requests": (fails(429), "busy or broken (status 429)", False),
    "broken": (fails(500), "busy or broken (status 500)", False),
    "bad request": (fails(400), "busy or broken (status 400)", False),
    "not JSON": (lambda handler: handler.reply(200, b"<html>Welcome</html>", "text/html"), "is not JSON", False),
    "empty": (lambda handler: handler.reply(200, b""), "is not JSON", False),
    "another protocol": (lambda handler: handler.reply(200, b'{"text": "hi"}'), "has no choices", False),
    "broken JSON": (sends(event('{"choices": [{')), "is not JSON", False),
    "no text": (sends(event({"choices": [{"delta": {"content": 7}}]})), "is no text", False),
    "error within": (sends(delta("Yes"), event({"error": {"message": "x"}})), "reports an error", False),
    "cut off": (cut_off("Permits cost"), "cannot be reached (RemoteProtocolError)", False),
    "ends early": (sends(delta("Permits cost")), "was cut off", False),
    "refusal": (sends(delta(None, refusal="I must not."), delta(None, "stop")), "refused to answer", False),
    "filtered": (says("", reason="content_filter"), "refused to answer", False),
    "endless": (sends(*[delta("x" * 50_000)] * 8), "too large", False),
    "not UTF-8": (sends(b"data: \xff\xfe\n\n"), "not UTF-8", False),
}  # fmt: skip


@pytest.mark.parametrize("name", FAILURES)
def test_every_failure_says_what_happened_and_nothing_of_what_was_said(
    model: ChatModel, server: ModelServer, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    behaviour, message, lasting = FAILURES[name]
    with caplog.at_level(logging.DEBUG), pytest.raises(ModelError) as caught:
        answer(model, server, behaviour)
    assert (message in str(caught.value), caught.value.lasting, len(server.requests)) == (True, lasting, 1)
    everything = f"{caught.value} {caplog.text}"
    assert [word for word in (KEY, "confidential", "Permits") if word in everything] == []


def test_a_silent_server_is_waited_for_as_long_as_was_said(server: ModelServer) -> None:
    with pytest.raises(ModelError, match=r"did not answer within 0\.05 s"):
        answer(ChatModel(server.url, "m", seconds=0.05), server, silent)


def test_a_server_that_is_not_there_is_told() -> None:
    with serving() as gone:
        url = gone.url
    with pytest.raises(ModelError, match="cannot be reached") as caught:
        list(ChatModel(url, "m").stream(ASKED))
    assert not caught.value.lasting


# The stream's format


WHOLE = delta("Grüße, ") + b": a comment\r\n\r\n" + delta("你好") + delta(None, "stop") + event("[DONE]")


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 4096])
def test_a_stream_may_be_cut_into_bytes_anywhere(size: int) -> None:
    decoder = Decoder(10_000)
    pieces = [piece for at in range(0, len(WHOLE), size) for piece in decoder.feed(WHOLE[at : at + size])]
    assert ("".join(pieces + decoder.close()), decoder.complete) == ("Grüße, 你好", True)


def test_half_characters_are_left_out() -> None:
    decoder = Decoder(10_000)
    assert decoder.feed(delta("a\ud800b")) == ["ab"]


def test_a_limit_counts_bytes_and_not_letters() -> None:
    with pytest.raises(Malformed, match="too large"):
        Decoder(len(WHOLE) - 1).feed(WHOLE)
    assert "".join(Decoder(len(WHOLE)).feed(WHOLE)) == "Grüße, 你好"
