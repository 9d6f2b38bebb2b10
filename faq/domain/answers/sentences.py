"""The sentences of an answer's text, each with the numbers of the citations it rests on.

Invariant: the pieces of a text, joined, are the text. Nothing here reads or writes the database.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from faq.gateways import translation

UNSPACED = {"zh", "ja", "th", "lo", "km", "my"}
MARK = re.compile(r"\[(\d{1,3})\]")
MARKS = re.compile(r"[^\S\n]*\[\d{1,3}\]")


@dataclass(frozen=True, slots=True)
class Piece:
    """One sentence of an answer's text: what stands around it, and the numbers that support it."""

    prefix: str
    text: str
    suffix: str
    before: str
    citations: tuple[int, ...]


def pieces(text: str, locale: str) -> list[Piece]:
    """The sentences of a text; their prefixes, texts and suffixes joined are the text.

    A sentence without a mark shares the next one's in its line; an introduction that ends with a colon, the next line's.
    """
    parts = _merged(translation.segment(text, locale))
    numbers = [numbers_in(prefix + suffix) for prefix, _, suffix in parts]
    for place in range(len(parts) - 2, -1, -1):
        line_ends = "\n" in MARKS.sub("", parts[place][2]) + parts[place + 1][0]
        if not numbers[place] and (not line_ends or parts[place][1].rstrip().endswith((":", "："))):
            numbers[place] = numbers[place + 1]
    found: list[Piece] = []
    for place, (prefix, body, suffix) in enumerate(parts):
        gap = MARKS.sub("", (parts[place - 1][2] if place else "") + prefix)
        found.append(Piece(prefix, body, suffix, gap, numbers[place]))
    return found


def _merged(segments: Iterable[Any]) -> list[tuple[str, str, str]]:
    """Segments without a word belong to their neighbours."""
    parts: list[tuple[str, str, str]] = []
    waiting = ""
    for segment in segments:
        if segment.text:
            parts.append((waiting + segment.prefix, segment.text, segment.suffix))
            waiting = ""
        elif parts:
            prefix, body, suffix = parts[-1]
            parts[-1] = (prefix, body, suffix + segment.prefix + segment.suffix)
        else:
            waiting += segment.prefix + segment.suffix
    return parts


def numbers_in(text: str) -> tuple[int, ...]:
    """The numbers of the marks in a text, each once, in order."""
    return tuple(dict.fromkeys(int(number) for number in MARK.findall(text)))


def segment_rows(text: str, locale: str, origin: str, known: Iterable[int]) -> list[dict[str, Any]]:
    """The stored form of a text's sentences. A text without any mark rests on all its citations."""
    found = pieces(text, locale)
    everything = () if any(piece.citations for piece in found) else tuple(sorted(known))
    return [segment_row(piece, piece.text, locale, origin, piece.citations or everything) for piece in found]


def segment_row(piece: Piece, text: str, lang: str, origin: str, citations: Sequence[int]) -> dict[str, Any]:
    """A segment as AnswerRevision.segments holds it."""
    return {
        "source": piece.text,
        "text": text,
        "lang": lang,
        "origin": str(origin),
        "citations": list(citations),
        "before": piece.before,
    }


def spaced(locale: str) -> bool:
    """Whether the language writes a space between sentences."""
    return locale.partition("-")[0] not in UNSPACED
