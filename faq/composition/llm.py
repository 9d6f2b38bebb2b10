"""Text from any server that speaks OpenAI's chat completions, streamed: the one file of composition that reaches outside,
and the only one that imports `openai` (an optional extra, imported when the first answer is asked for).

Invariants: only the configured address is called (redirects are not followed: they would carry the key and the question
elsewhere); nothing is tried twice but for a parameter that the server does not know; errors and logs name a status or a
setting, never a text or the key; what is read is bounded in bytes, what is written in tokens, each wait in seconds. Whoever
calls bounds the whole (faq.gateways.generation).
"""

import logging
import os
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from faq.composition.chunks import Decoder, Malformed
from faq.composition.prompting import Messages

if TYPE_CHECKING:
    from openai import OpenAI  # noqa: TID251 - this is its place

CONNECT_SECONDS = 3.0
MAX_BYTES = 256_000
"""Of one answer on the wire; a few hundred tokens, each in an event of its own, take a third of it."""
LASTING = frozenset({401, 403, 404, 405})
_SETTINGS = {401: "POLYFAQ_LLM_KEY", 403: "POLYFAQ_LLM_KEY", 404: "POLYFAQ_LLM_URL and POLYFAQ_LLM_MODEL"}
_SPELLINGS = {"max_tokens": "max_completion_tokens", "temperature": ""}
"""Parameters that newer models refuse, and what they take instead."""


class ModelError(Exception):
    """No answer can be had. `lasting`: not before somebody changes a setting. str(error) is fit for a log."""

    def __init__(self, message: str, *, lasting: bool = False) -> None:
        super().__init__(message)
        self.lasting = lasting


class ChatModel:
    """Safe between threads and across forks: each process opens its own connections.

    `url`: the server's base (`https://host/v1`); `seconds`: the longest wait for the next bytes; `tokens`: of an answer.
    """

    def __init__(self, url: str, model: str, key: str = "", *, seconds: float = 20.0, tokens: int = 400) -> None:
        self._url = url.removesuffix("/chat/completions")
        self._model = model
        self._key = key
        self._seconds = seconds
        self._given: dict[str, Any] = {"max_tokens": tokens, "temperature": 0}
        self._lock = threading.Lock()
        self._client: tuple[int, OpenAI] | None = None

    def warm(self) -> None:
        """Import the client, which takes a second; no connection is opened."""
        self._connected()

    def stream(self, messages: Messages, wanted: Callable[[], bool] = lambda: True) -> Iterator[str]:
        """Pieces of the answer as they come, until `wanted` says no. ModelError when there is none, or it ends too early."""
        client = self._connected()
        import httpx2  # noqa: TID251 - what the client's errors are while an answer is read
        import openai  # noqa: TID251 - this is its place

        try:
            yield from self._pieces(client, messages, wanted)
        except openai.APIStatusError as error:
            raise _refused(error.status_code) from error
        except openai.APITimeoutError as error:
            raise ModelError(f"The model did not answer within {self._seconds:g} s.") from error
        except (openai.OpenAIError, httpx2.HTTPError, httpx2.StreamError) as error:
            raise ModelError(f"The model cannot be reached ({type(error).__name__}).") from error
        except Malformed as error:
            raise ModelError(f"The model's answer cannot be read: {error}.") from error

    def _pieces(self, client: "OpenAI", messages: Messages, wanted: Callable[[], bool]) -> Iterator[str]:
        decoder = Decoder(MAX_BYTES)
        with self._opened(client, messages) as response:
            for data in response.iter_bytes():
                if not wanted():
                    return
                yield from decoder.feed(data)
                if decoder.complete:
                    break
            yield from decoder.close()
        if decoder.refused:
            raise ModelError("The model refused to answer.")

    def _opened(self, client: "OpenAI", messages: Messages) -> Any:
        """The response as a context; asked again without a parameter that the server names as unknown to it."""
        import openai  # noqa: TID251 - this is its place

        for _ in _SPELLINGS:
            try:
                return _Entered(self._request(client, messages))
            except openai.BadRequestError as error:
                if not self._respell(str(error.param or "")):
                    raise
        return _Entered(self._request(client, messages))

    def _request(self, client: "OpenAI", messages: Messages) -> Any:
        raw: Any = client.chat.completions.with_streaming_response
        return raw.create(model=self._model, messages=list(messages), stream=True, **self._given)

    def _respell(self, name: str) -> bool:
        """Whether there is another way to say it; remembered for the next request."""
        given = dict(self._given)
        if name not in _SPELLINGS or name not in given:
            return False
        value = given.pop(name)
        if _SPELLINGS[name]:
            given[_SPELLINGS[name]] = value
        self._given = given
        return True

    def _connected(self) -> "OpenAI":
        """This process's client: sockets shared with a parent process would mix up answers."""
        held = self._client
        if held is None or held[0] != os.getpid():
            with self._lock:
                held = self._client
                if held is None or held[0] != os.getpid():
                    held = self._client = (os.getpid(), self._connect())
        return held[1]

    def _connect(self) -> "OpenAI":
        try:
            import openai  # noqa: TID251 - this is its place
        except ImportError as error:
            raise ModelError("The package openai is not installed (requirements-llm.txt).", lasting=True) from error
        for name in ("openai", "httpx2", "httpcore2"):
            logging.getLogger(name).setLevel(logging.WARNING)  # below it they log addresses and texts
        timeout = openai.Timeout(self._seconds, connect=min(CONNECT_SECONDS, self._seconds))
        client = openai.OpenAI(
            base_url=self._url,
            api_key=self._key or "none",  # servers without keys ignore it
            max_retries=0,
            timeout=timeout,
            http_client=openai.DefaultHttpxClient(follow_redirects=False, timeout=timeout),
        )
        # Of the environment only our own settings count.
        client.organization = client.project = None
        return client


class _Entered:
    """A response whose request has been sent already, so that its errors can be told from those of reading it."""

    def __init__(self, manager: Any) -> None:
        self._manager = manager
        self._response = manager.__enter__()

    def __enter__(self) -> Any:
        return self._response

    def __exit__(self, *args: Any) -> None:
        self._manager.__exit__(*args)


def _refused(status: int) -> ModelError:
    if status in LASTING:
        setting = _SETTINGS.get(status, "POLYFAQ_LLM_URL")
        return ModelError(f"The model's server refused the request (status {status}). Check {setting}.", lasting=True)
    if 300 <= status < 400:
        return ModelError(
            f"The model's server redirects (status {status}), which is not followed. Set POLYFAQ_LLM_URL to the address"
            " it redirects to.",
            lasting=True,
        )
    return ModelError(f"The model's server is busy or broken (status {status}).")
