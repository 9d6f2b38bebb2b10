"""The one door to the language model, which is off until POLYFAQ_LLM_URL and POLYFAQ_LLM_MODEL are set.

Invariants: a reader never waits longer than POLYFAQ_LLM_TIMEOUT_SECONDS in all, whatever the server does, because each
request runs in a thread of its own; a server that keeps failing is left alone (faq.composition.breaker) and tried again
beside the readers, never before one; at most IN_FLIGHT requests run at once in a process. All that can go wrong is
Unavailable; logs name what happened, never a text.
"""

import logging
import os
import queue
import threading
import time
from collections.abc import Iterator

from django.core.cache import cache

from faq import conf
from faq.composition.breaker import Admission, Breaker
from faq.composition.llm import ChatModel, ModelError
from faq.composition.prompting import PROMPT_GENERATION, Messages
from faq.errors import Unavailable
from faq.gateways import retrieval

log = logging.getLogger(__name__)

IN_FLIGHT = 8
KEPT_SECONDS = 24 * 3600
"""An answer is found again by its question, its evidence and its model: none of these changes with time."""
MAX_KEPT = 20_000

_lock = threading.RLock()
_built: dict[int, "_Door"] = {}


class _Door:
    """This process's model, its breaker and its free places."""

    def __init__(self) -> None:
        self.seconds = float(conf.get("LLM_TIMEOUT_SECONDS"))
        self.model = ChatModel(
            conf.get("LLM_URL"),
            conf.get("LLM_MODEL"),
            conf.get("LLM_KEY"),
            seconds=self.seconds,
            tokens=int(conf.get("LLM_MAX_TOKENS")),
        )
        self.breaker = Breaker(time.monotonic)
        self.places = threading.BoundedSemaphore(IN_FLIGHT)


def ready() -> bool:
    """Whether a model is configured."""
    return bool(conf.get("LLM_URL") and conf.get("LLM_MODEL"))


def reset() -> None:
    """Forget the model and its failures, so that changed settings count."""
    with _lock:
        _built.clear()


def warm() -> None:
    """Import what the first answer would wait for; does nothing without a model."""
    if ready():
        try:
            _door().model.warm()
        except ModelError as error:
            log.warning("%s", error)


def kept(messages: Messages) -> str:
    """The answer that was given to the same request before, by the same model; empty when there is none."""
    return str(cache.get(_key(messages)) or "")


def keep(messages: Messages, text: str) -> None:
    """Remember an answer that was read to its end, or as far as it was wanted."""
    if 0 < len(text) <= MAX_KEPT:
        cache.set(_key(messages), text, KEPT_SECONDS)


def pieces(messages: Messages) -> Iterator[str]:
    """The answer's text as it comes; whoever has enough stops reading. Unavailable when there is none, or no more of it."""
    door = _door()
    admission = door.breaker.admit()
    if admission == Admission.WAIT:
        raise Unavailable("The language model has failed several times and is left alone for a while.")
    if not door.places.acquire(blocking=False):
        raise Unavailable("The language model has as many requests as it may have.")
    call = _Call(door, messages)
    if admission == Admission.TRIAL:
        raise Unavailable("The language model is being tried again; this reader does not wait for it.")
    yield from call.pieces()


def _key(messages: Messages) -> str:
    told = {
        "prompt": PROMPT_GENERATION,
        "url": conf.get("LLM_URL"),
        "model": conf.get("LLM_MODEL"),
        "tokens": conf.get("LLM_MAX_TOKENS"),
        "messages": list(messages),
    }
    return f"polyfaq:generated:{retrieval.fingerprint(told)}"


def _door() -> _Door:
    pid = os.getpid()
    with _lock:
        if pid not in _built:
            _built.clear()  # a parent's connections and failures are its own
            _built[pid] = _Door()
        return _built[pid]


class _Call:
    """One request in a thread; the thread frees its place, and each call tells the breaker once how it went."""

    def __init__(self, door: _Door, messages: Messages) -> None:
        self._door = door
        self._messages = messages
        self._begun = time.monotonic()
        self._said: queue.SimpleQueue[str | Unavailable | None] = queue.SimpleQueue()
        self._left = threading.Event()
        self._told = threading.Lock()
        threading.Thread(target=self._run, name="polyfaq-model", daemon=True).start()

    def pieces(self) -> Iterator[str]:
        try:
            while True:
                left = self._begun + self._door.seconds - time.monotonic()
                try:
                    said = self._said.get(timeout=max(0.0, left))
                except queue.Empty:
                    message = f"The model was not done after {self._door.seconds:g} s."
                    self._tell(ModelError(message))
                    raise Unavailable(message) from None
                if said is None:
                    return
                if isinstance(said, Unavailable):
                    raise said
                yield said
        finally:
            self._left.set()

    def _run(self) -> None:
        try:
            for piece in self._door.model.stream(self._messages, self._wanted):
                self._said.put(piece)
            self._tell(None)
            self._said.put(None)
        except ModelError as error:
            self._tell(error)
            self._said.put(Unavailable(str(error)))
        except Exception as error:  # noqa: BLE001 - a fault of the client must not cost a reader the answer
            self._tell(ModelError(f"The model's client failed ({type(error).__name__})."))
            self._said.put(Unavailable("The language model cannot be asked."))
        finally:
            self._door.places.release()

    def _wanted(self) -> bool:
        in_time = time.monotonic() < self._begun + self._door.seconds
        return in_time and not self._left.is_set()

    def _tell(self, error: ModelError | None) -> None:
        if not self._told.acquire(blocking=False):
            return
        milliseconds = round((time.monotonic() - self._begun) * 1000)
        if error is None:
            self._door.breaker.succeeded()
            log.info("The model answered in %d ms.", milliseconds)
        else:
            self._door.breaker.failed(lasting=error.lasting)
            log.warning("%s (%d ms)", error, milliseconds)
