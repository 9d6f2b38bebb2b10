"""Markdown or plain text into segments of one sentence, and back without loss.

Law: `join(split(text, locale)) == text` for every text. A segment's `text` is what is translated: no line breaks around it,
no white space at its ends, no heading, list, quote or table marks, no citation marks `[1]`; those are its `prefix` and
`suffix`. A segment without anything to translate has an empty text. Lines are split on their own; code fences are left
whole, as one segment with an empty text.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import regex
import sentencex

MAX_CHARACTERS = 2_000_000

_MARKS = regex.compile(r"\s*(?:(?:#{1,6}|[-*+•]|>|\d{1,3}[.)])\s+|\|\s*)*")
_CITATIONS = regex.compile(r"(?:\s*\[\d{1,3}\])+\s*")
_TAIL = regex.compile(r"(?P<body>.*?)(?P<tail>(?:\s*\[\d{1,3}\])*[\s|]*)", regex.DOTALL)
_FENCE = regex.compile(r"[ \t]{0,3}(?:```|~~~)")
_WORD = regex.compile(r"\p{L}")


@dataclass(frozen=True, slots=True)
class Segment:
    """`prefix + text + suffix` is the run of the original that the segment covers."""

    prefix: str
    text: str
    suffix: str

    @property
    def citations(self) -> tuple[int, ...]:
        """The numbers of the citation marks after the sentence."""
        return tuple(int(number) for number in regex.findall(r"\[(\d{1,3})\]", self.suffix))


def split(text: str, locale: str) -> list[Segment]:
    """The text's segments in order; `locale` decides where sentences end."""
    language = locale.replace("_", "-").partition("-")[0].lower()
    return [
        segment
        for run, is_code in _runs(text)
        for segment in ([Segment(run, "", "")] if is_code else _line(run, language))
    ]


def join(segments: Sequence[Segment], texts: Sequence[str] | None = None) -> str:
    """The text again; with `texts`, one for each segment, those in place of the originals."""
    chosen = [segment.text for segment in segments] if texts is None else texts
    return "".join(s.prefix + text + s.suffix for s, text in zip(segments, chosen, strict=True))


def _runs(text: str) -> Iterator[tuple[str, bool]]:
    """Lines with their line breaks; a fenced block with its fences as one run."""
    fenced: list[str] = []
    for line in text.splitlines(keepends=True):
        if _FENCE.match(line):
            fenced.append(line)
            if len(fenced) > 1:
                yield "".join(fenced), True
                fenced = []
        elif fenced:
            fenced.append(line)
        else:
            yield line, False
    for line in fenced:  # an open fence that never closes is not code
        yield line, False


def _line(line: str, language: str) -> Iterator[Segment]:
    mark = _MARKS.match(line)
    at = mark.end() if mark else 0
    prefix, body = line[:at], line[at:]
    if not body:
        yield Segment(prefix, "", "")
        return
    for piece in _sentences(body, language):
        yield _segment(prefix, piece)
        prefix = ""


def _sentences(body: str, language: str) -> Iterator[str]:
    """Pieces that joined are the body. Citation marks and closing white space stay with the sentence before them."""
    pending = ""
    for chunk in _around_citations(body):
        pieces = _split_lossless(chunk, language)
        for piece in pieces:
            if pending and not _WORD.search(_CITATIONS.sub("", piece)) and not piece.strip().isalnum():
                pending += piece
                continue
            if pending:
                yield pending
            pending = piece
    if pending:
        yield pending


def _around_citations(body: str) -> Iterator[str]:
    """Cut after each run of citation marks that follows a sentence end, so that the splitter never sees past one."""
    start = 0
    for match in _CITATIONS.finditer(body):
        before = body[start : match.start()].rstrip()
        if before and before[-1] in '.!?。！？؟…:;)”"»':
            yield body[start : match.end()]
            start = match.end()
    if start < len(body):
        yield body[start:]


def _split_lossless(chunk: str, language: str) -> list[str]:
    """sentencex's sentences with the white space between them kept; the chunk whole where it altered anything."""
    found: list[str] = []
    at = 0
    for sentence in sentencex.segment(language, chunk):
        bare = sentence.strip()
        if not bare:
            continue
        begin = chunk.find(bare, at)
        if begin < 0:
            return [chunk]
        if found:
            found[-1] += chunk[at:begin]
            found.append(bare)
        else:
            found.append(chunk[at:begin] + bare)
        at = begin + len(bare)
    if not found:
        return [chunk]
    found[-1] += chunk[at:]
    return found


def _segment(prefix: str, piece: str) -> Segment:
    lead = len(piece) - len(piece.lstrip())
    match = _TAIL.fullmatch(piece, lead)
    body, tail = (match.group("body"), match.group("tail")) if match else (piece[lead:], "")
    if not body:
        return Segment(prefix + piece[:lead], "", tail)
    return Segment(prefix + piece[:lead], body, tail)
