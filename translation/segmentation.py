"""Markdown or plain text into segments of one sentence, and back without loss.

Law: `join(split(text, locale)) == text` for every text. A segment's `text` is what is translated: no line breaks around it,
no white space at its ends, no heading, list, quote or table marks, no citation marks `[1]` after it; those are its `prefix`
and `suffix`. A run without a letter or digit has an empty text. Lines are split on their own, each cell of a Markdown table
too; a row written out as `Header: value; Header: value` is one segment; a code fence is one segment with an empty text.
Work is linear in the length of the text, whatever it holds.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import regex
import sentencex

WINDOW = 4000
"""Characters of one line that are looked at together: sentencex takes quadratic time in scripts without spaces."""

_MARK = regex.compile(r"[^\S\n]*+(?:#{1,6}(?=\s|$)|[-*+•‣·](?=\s)|>|\d{1,3}[.)](?=\s)|\[[ xX]\](?=\s))[^\S\n]*+")
_CITATIONS = regex.compile(r"\[\d{1,3}\](?:[^\S\n]*+\[\d{1,3}\])*+[^\S\n]*+")
_CITATION_END = regex.compile(r"\[\d{1,3}\]$")
_FENCE = regex.compile(r"[ ]{0,3}(`{3,}|~{3,})")
_HAS_CONTENT = regex.compile(r"[\p{L}\p{N}]")
_CELL_BORDER = regex.compile(r"(?<!\\)\|")
_ROW_PART = regex.compile(r"[^:;：；]{1,80}[:：]\s*\S")
_UNSAFE = regex.compile(r"[\s\p{C}]")  # sentencex panics on some of these; one for one they become plain spaces
_TERMINALS = frozenset(".!?…。！？؟۔।॥։።")
_CLOSERS = "\"'”’»›」』）)*_`"
_WINDOW_END = regex.compile(r".*[.!?…。！？؟۔।\s]", regex.DOTALL)
_UNSPACED = frozenset({"zh", "ja", "th", "lo", "km", "my"})


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
    language = _language(locale)
    found: list[Segment] = []
    for run, is_code in _runs(text):
        found.extend([Segment(run, "", "")] if is_code else _line(run, language))
    return found


def join(segments: Sequence[Segment], texts: Sequence[str] | None = None, *, locale: str = "") -> str:
    """The text again; with `texts`, one for each segment, those in place of the originals.

    `locale`, the language of `texts`: sentences that stood without a space between them (Chinese) get one where the
    language writes it.
    """
    chosen = [segment.text for segment in segments] if texts is None else texts
    spaced = bool(locale) and _language(locale) not in _UNSPACED
    parts: list[str] = []
    for segment, text in zip(segments, chosen, strict=True):
        touching = parts and not segment.prefix and text and parts[-1] and not parts[-1][-1].isspace()
        if spaced and touching:
            parts.append(" ")
        parts.append(segment.prefix + text + segment.suffix)
    return "".join(parts)


def _language(locale: str) -> str:
    return locale.replace("_", "-").partition("-")[0].lower()


def _runs(text: str) -> Iterator[tuple[str, bool]]:
    """Lines with their line breaks; a fenced block with its fences as one run."""
    fenced: list[str] = []
    fence = ""
    for line in text.splitlines(keepends=True):
        mark = _FENCE.match(line)
        if not fenced and mark:
            fenced, fence = [line], mark.group(1)
        elif fenced:
            fenced.append(line)
            if mark and mark.group(1).startswith(fence) and not line[mark.end() :].strip():
                yield "".join(fenced), True
                fenced = []
        else:
            yield line, False
    for line in fenced:  # a fence that never closes is not code
        yield line, False


def _line(line: str, language: str) -> Iterator[Segment]:
    """The segments of one line: marks before, the line break after, sentences or cells between."""
    end = len(line.rstrip())
    body, after = line[:end], line[end:]
    start, heading = _marks(body)
    before, body = body[:start], body[start:]
    if heading and body.rstrip("#").endswith((" ", "\t")):
        bare = body.rstrip("#").rstrip()
        body, after = bare, body[len(bare) :] + after
    pieces = list(_pieces(body, language)) or [Segment("", "", "")]
    first, last = pieces[0], pieces[-1]
    pieces[0] = Segment(before + first.prefix, first.text, first.suffix)
    last = pieces[-1]
    pieces[-1] = Segment(last.prefix, last.text, last.suffix + after)
    yield from pieces


def _marks(body: str) -> tuple[int, bool]:
    """Where the text begins after white space, marks of headings, lists and quotes and citation marks; if a heading."""
    at, heading = 0, False
    while match := _MARK.match(body, at) or _CITATIONS.match(body, at):
        heading = heading or "#" in match.group()
        at = match.end()
    return at + len(body[at:]) - len(body[at:].lstrip()), heading


def _pieces(body: str, language: str) -> Iterator[Segment]:
    if not body:
        return
    if body.startswith("|"):
        yield from _cells(body, language)
    elif _is_row(body):
        yield _segment(body)
    else:
        yield from map(_segment, _sentences(body, language))


def _cells(body: str, language: str) -> Iterator[Segment]:
    """A Markdown table row: the border before a cell is in its first segment's prefix."""
    borders = [match.start() for match in _CELL_BORDER.finditer(body)]
    waiting = ""
    for begin, end in zip(borders, [*borders[1:], len(body)], strict=True):
        cell = body[begin + 1 : end]
        waiting += "|" + cell[: len(cell) - len(cell.lstrip())]
        cell = cell.lstrip()
        if not _HAS_CONTENT.search(cell):
            waiting += cell
            continue
        for segment in map(_segment, _sentences(cell, language)):
            yield Segment(waiting + segment.prefix, segment.text, segment.suffix)
            waiting = ""
    if waiting:
        yield Segment(waiting, "", "")


def _is_row(body: str) -> bool:
    parts = regex.split(r"[;；]\s*", body)
    return len(parts) > 1 and all(_ROW_PART.match(part) for part in parts if part)


def _sentences(body: str, language: str) -> Iterator[str]:
    """Pieces that joined are the body. Marks and signs without a word stay with the sentence before them."""
    pending = ""
    for window in _windows(body):
        for chunk in _around_citations(window):
            for piece in _split(chunk, language):
                if pending and not _HAS_CONTENT.search(_CITATIONS.sub("", piece)):
                    pending += piece
                    continue
                if pending:
                    yield pending
                pending = piece
    if pending:
        yield pending


def _windows(body: str) -> Iterator[str]:
    """The body in runs of at most WINDOW characters, cut after a sentence or a space where there is one."""
    at = 0
    while len(body) - at > WINDOW:
        match = _WINDOW_END.match(body, at, at + WINDOW)
        end = match.end() if match else at + WINDOW
        yield body[at:end]
        at = end
    if at < len(body):
        yield body[at:]


def _around_citations(body: str) -> Iterator[str]:
    """Cut after each run of citation marks that follows a sentence end, so that the splitter never sees past one."""
    start = 0
    for match in _CITATIONS.finditer(body):
        if match.end() < len(body) and _ends_sentence(body, start, match.start()):
            yield body[start : match.end()]
            start = match.end()
    yield body[start:]


def _ends_sentence(body: str, start: int, end: int) -> bool:
    while end > start and (body[end - 1].isspace() or body[end - 1] in _CLOSERS):
        end -= 1
    return end > start and body[end - 1] in _TERMINALS


def _split(chunk: str, language: str) -> list[str]:
    """sentencex's sentences, cut from the chunk itself by their lengths."""
    pieces: list[str] = []
    at = 0
    for sentence in sentencex.segment(language, _UNSAFE.sub(" ", chunk)):
        pieces.append(chunk[at : at + len(sentence)])
        at += len(sentence)
    if at < len(chunk):
        pieces.append(chunk[at:])
    return pieces


def _segment(piece: str) -> Segment:
    """White space before, citation marks and white space after."""
    if not _HAS_CONTENT.search(_CITATIONS.sub("", piece)):
        return Segment(piece, "", "")
    start = len(piece) - len(piece.lstrip())
    end = len(piece.rstrip())
    while piece[end - 1] == "]" and _CITATION_END.search(piece, max(start, end - 5), end):
        end = piece.rindex("[", start, end)
        while piece[end - 1].isspace():
            end -= 1
    return Segment(piece[:start], piece[start:end], piece[end:])
