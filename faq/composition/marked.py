"""A model's running text into sentences with their citation marks, as they become complete: pure.

A sentence is complete when the next one has begun, so that marks behind its full stop are not lost; nothing is told of an
incomplete one. Marks are `[1]`, `[1][2]`, `[1, 2]`, in the digits and brackets of any script. What cannot be told apart
from a sentence without marks comes out without marks, and is refused by whoever checks it.
"""

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import regex

MAX_TEXT = 20_000
"""Characters that are read; what follows is ignored."""
MAX_NUMBER = 9_999

_MARK = r"[\[【［]\s*\p{Nd}{1,5}(?:\s*[,;、،–-]\s*\p{Nd}{1,5})*\s*[\]】］]"
_MARKS = regex.compile(rf"\s*({_MARK})")
_BEHIND = regex.compile(rf"([.!?。！？؟…]+[\"'”’»)）]*)((?:\s*{_MARK})+)")
_NUMBERS = regex.compile(r"\p{Nd}+")
_BULLET = regex.compile(r"^\s*(?:[-*+•–]\s+|\p{Nd}{1,2}[.)]\s+|#{1,6}\s+)")
_EMPHASIS = regex.compile(r"\*\*|__|`")
_UNSEEN = regex.compile(r"[[\p{Cc}\p{Cf}\p{Cs}\p{Co}]--[\t\n\r\u200c\u200d\u200e\u200f\u00ad]]", regex.VERSION1)
"""What readers cannot see, and what turns the direction of what they see; joiners and direction marks belong to scripts."""
_OPENING = "[【［"

Splitter = Callable[[str], Sequence[tuple[int, int]]]
"""A text to the offsets of its sentences, in order."""


@dataclass(frozen=True, slots=True)
class Marked:
    """One sentence as written, without its marks; `numbers`: those it cites, in order, each once."""

    text: str
    numbers: tuple[int, ...]


class Reader:
    """Takes the text piece by piece. `split`: finds sentences in the language of the answer."""

    def __init__(self, split: Splitter) -> None:
        self._split = split
        self._held = ""
        self._read = 0

    def feed(self, piece: str) -> list[Marked]:
        """The sentences that this piece completes."""
        piece = piece[: max(0, MAX_TEXT - self._read)]
        self._read += len(piece)
        self._held += _UNSEEN.sub("", piece)
        text = _tidy(self._held)
        spans = list(self._split(text))
        if len(spans) < 2 or text[spans[-1][0]] in _OPENING:
            return []  # the marks of the sentence before may still be on their way
        begun = spans[-1][0]
        self._held = text[begun:]
        return [made for start, end in spans[:-1] if (made := _marked(text[start:end]))]

    def close(self) -> list[Marked]:
        """What is left when the text has ended."""
        text, self._held = _tidy(self._held), ""
        return [made for start, end in self._split(text) if (made := _marked(text[start:end]))]


def _tidy(text: str) -> str:
    """Marks before the full stop, where the splitter takes them to the sentence they belong to."""
    return str(_BEHIND.sub(r"\2\1", text))


def _marked(written: str) -> Marked | None:
    """None for what has no words."""
    numbers = [
        min(int(digits), MAX_NUMBER) for mark in _MARKS.findall(written) for digits in _NUMBERS.findall(str(mark))
    ]
    bare = _EMPHASIS.sub("", _BULLET.sub("", _MARKS.sub("", written)))
    text = unicodedata.normalize("NFC", " ".join(bare.split()))
    if not any(character.isalnum() for character in text):
        return None
    return Marked(text, tuple(dict.fromkeys(numbers)))
