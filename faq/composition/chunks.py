"""The stream of a chat completion into text: server-sent events of JSON, as OpenAI's protocol has them: pure.

Takes the bytes as they come, cut anywhere. A server that answers in one piece of JSON, though a stream was asked for, is
understood too. Whatever else comes is Malformed, with a reason that repeats nothing of it.
"""

import codecs
import json
from typing import Any

DONE = "[DONE]"
FINISHED = frozenset({"stop", "length", "eos", "end_turn"})
FILTERED = frozenset({"content_filter", "refusal"})


class Malformed(ValueError):
    """The answer is not of the protocol, is too large, or is an error in the middle of a stream."""


class Decoder:
    """One answer. `limit`: bytes that are read at most. `finished`: why the model stopped; empty while it has not said."""

    def __init__(self, limit: int) -> None:
        self.finished = ""
        self.refused = False
        self._room = limit
        self._text = codecs.getincrementaldecoder("utf-8")()
        self._line = ""
        self._whole = ""
        self._events = False

    @property
    def complete(self) -> bool:
        """Whether the model has said that it is done."""
        return bool(self.finished)

    def feed(self, data: bytes) -> list[str]:
        """The pieces of text that these bytes complete."""
        self._room -= len(data)
        if self._room < 0:
            raise Malformed("the answer is too large")
        try:
            text = self._text.decode(data)
        except UnicodeDecodeError as error:
            raise Malformed("the answer is not UTF-8") from error
        *lines, self._line = (self._line + text.replace("\r\n", "\n").replace("\r", "\n")).split("\n")
        return [piece for line in lines for piece in self._event(line)]

    def close(self) -> list[str]:
        """What is left when the connection has ended; Malformed when it ended too early."""
        pieces = self._event(self._line)
        if not self._events:
            pieces = self._completion(self._whole)
        if not self.complete:
            raise Malformed("the answer was cut off")
        return pieces

    def _event(self, line: str) -> list[str]:
        field, colon, value = line.partition(":")
        if field != "data" or not colon:
            # A comment, another field, an empty line: or JSON in one piece.
            self._whole += "" if self._events or field in {"event", "id", "retry", ""} else f"{line}\n"
            return []
        self._events = True
        value = value.strip()
        if not value:
            return []
        if value == DONE:
            self.finished = self.finished or "stop"
            return []
        return self._read(_parsed(value), "delta")

    def _completion(self, body: str) -> list[str]:
        pieces = self._read(_parsed(body), "message")
        self.finished = self.finished or "stop"
        return pieces

    def _read(self, answer: Any, part: str) -> list[str]:
        if not isinstance(answer, dict) or answer.get("error"):
            raise Malformed("the server reports an error in its answer" if isinstance(answer, dict) else "no object")
        choices = answer.get("choices")
        if not isinstance(choices, list):
            raise Malformed("the answer has no choices")
        pieces: list[str] = []
        for choice in choices[:1]:
            said = choice.get(part) if isinstance(choice, dict) else None
            if not isinstance(said, dict):
                raise Malformed("a choice of the answer says nothing")
            content, reason = said.get("content"), choice.get("finish_reason")
            self.refused = self.refused or bool(said.get("refusal")) or reason in FILTERED
            self.finished = str(reason)[:40] if reason else self.finished
            if content is not None and not isinstance(content, str):
                raise Malformed("the content of the answer is no text")
            # Half characters cannot be sent on.
            pieces += [content.encode("utf-8", "ignore").decode()] if content else []
        return pieces


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Malformed("the answer is not JSON") from error
