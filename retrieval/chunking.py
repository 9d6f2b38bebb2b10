"""Document -> passages: what is indexed, cited and translated as one.

Invariants: `document.text[c.start:c.end] == c.text`; chunks are in order and do not overlap; every block but headings is
covered; a chunk stays within one section and never ends inside a sentence. Boundaries are decided within a section from
its start and only by the blocks near them, so that an edit changes the chunks it touches and no other. The sizes are
measured: docs/adr/0003-passage-size.md. A change of any rule here that moves boundaries raises CHUNKING_GENERATION.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from retrieval.text import sentences
from retrieval.types import Block, BlockKind, Chunk, Document

CHUNKING_GENERATION = 1

TARGET = 60
"""Tokens: a passage is closed at the end of the block with which it reaches this."""
MOST = 240
"""Tokens: no passage is larger, unless one sentence is."""
LONGEST_SENTENCE = 1_500
"""Tokens: what goes on longer without an end is no sentence (a list of codes, a text without marks) and is cut at spaces."""

_SECTION = tuple[Block, ...]
_UNSPACED = "\u2e80-\u2fdf\u3005-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_THIN = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
# A word of a spaced script is one token; three ideographs or kana make about two; Thai, Lao, Burmese and Khmer
# words have about four letters.
_TOKEN = re.compile(f"(?P<ideograph>[{_UNSPACED}])|(?P<thin>[{_THIN}])|[^\\W{_UNSPACED}{_THIN}]+")
_ASCII_TOKEN = re.compile(r"\w+", re.ASCII)
_INTRODUCES = re.compile("[:：]['\"»”’)]*$")


@dataclass(frozen=True, slots=True)
class Piece:
    """A span that is kept whole, and its size in tokens."""

    start: int
    end: int
    size: float


@dataclass(frozen=True, slots=True)
class Sizes:
    target: float = TARGET
    most: float = MOST


def chunk(document: Document, locale: str, sizes: Sizes = Sizes()) -> list[Chunk]:
    """The document's passages. `locale` decides how sentences are found."""
    chunks: list[Chunk] = []
    for section in _sections(document):
        for piece in _passages(document, section, locale, sizes):
            text = document.text[piece.start : piece.end]
            chunks.append(Chunk(len(chunks), piece.start, piece.end, text, section[0].path))
    return chunks


def passage_keys(source_id: int, chunks: Sequence[Chunk]) -> list[str]:
    """A key for each chunk that depends only on its headings and text; `occurrence` tells equal ones apart."""
    seen: dict[str, int] = {}
    keys = []
    for one in chunks:
        digest = hashlib.sha256("\x1f".join((*one.path, one.text)).encode()).hexdigest()[:16]
        occurrence = seen.get(digest, 0)
        seen[digest] = occurrence + 1
        keys.append(f"p{source_id}-{digest}-{occurrence}")
    return keys


def tokens(text: str) -> float:
    """Size of a text in words, also of scripts that do not put spaces between them."""
    if text.isascii():
        words = _ASCII_TOKEN.findall(text)
        if all(len(word) <= 30 for word in words):
            return float(len(words))
    size = 0.0
    for found in _TOKEN.finditer(text):
        start, end = found.span()
        size += (
            0.65
            if found.lastgroup == "ideograph"
            else 0.25
            if found.lastgroup == "thin"
            else max(1.0, (end - start) / 30)
        )
    return size


def _sections(document: Document) -> Iterator[_SECTION]:
    """Runs of blocks between headings."""
    for is_heading, blocks in groupby(document.blocks, key=lambda block: block.kind is BlockKind.HEADING):
        if not is_heading:
            # A fold-out's end returns to the section around it without a heading between.
            for _, same in groupby(blocks, key=lambda block: block.path):
                yield tuple(same)


def _passages(document: Document, section: _SECTION, locale: str, sizes: Sizes) -> Iterator[Piece]:
    """Whole paragraphs and lists up to the sizes; what is larger by itself is split at sentences."""
    waiting: Piece | None = None
    ready: Piece | None = None  # held back, for a short rest may join it
    for blocks in _groups(document, section, sizes):
        whole = _piece(document, blocks[0].start, blocks[-1].end)
        parts = [whole] if whole.size <= sizes.most else _split(document, blocks, locale, sizes)
        for part in parts:
            if waiting is not None and waiting.size + part.size > sizes.most:
                if ready is not None:
                    yield ready
                ready, waiting = waiting, None
            waiting = part if waiting is None else _with(waiting, part)
            if waiting.size >= sizes.target:
                if ready is not None:
                    yield ready
                ready, waiting = waiting, None
    if (
        ready is not None
        and waiting is not None
        and waiting.size < sizes.target / 3
        and ready.size + waiting.size <= sizes.most
    ):
        ready, waiting = _with(ready, waiting), None
    yield from (piece for piece in (ready, waiting) if piece is not None)


def _with(first: Piece, second: Piece) -> Piece:
    return Piece(first.start, second.end, first.size + second.size)


def _piece(document: Document, start: int, end: int) -> Piece:
    return Piece(start, end, tokens(document.text[start:end]))


def _groups(document: Document, section: _SECTION, sizes: Sizes) -> Iterator[_SECTION]:
    """Blocks that belong together: the items of a list, the rows of a table, and the line that introduces them."""
    runs = _runs(section)
    intro: _SECTION = ()
    for place, run in enumerate(runs):
        if intro:
            yield intro + run
            intro = ()
        elif place + 1 < len(runs) and _introduces(document, run, runs[place + 1], sizes):
            intro = run
        else:
            yield run


def _runs(section: _SECTION) -> list[_SECTION]:
    """Lists and tables whole, every other block alone."""
    runs: list[_SECTION] = []
    for kind, grouped in groupby(section, key=lambda block: block.kind):
        blocks = tuple(grouped)
        runs.extend([blocks] if kind in (BlockKind.LIST_ITEM, BlockKind.TABLE_ROW) else [(block,) for block in blocks])
    return runs


def _introduces(document: Document, run: _SECTION, following: _SECTION, sizes: Sizes) -> bool:
    if run[0].kind is not BlockKind.PARAGRAPH or following[0].kind is BlockKind.PARAGRAPH:
        return False
    text = document.text[run[0].start : run[0].end]
    return bool(_INTRODUCES.search(text)) or (
        following[0].kind is not BlockKind.CODE and tokens(text) <= sizes.target / 4
    )


def _split(document: Document, blocks: _SECTION, locale: str, sizes: Sizes) -> list[Piece]:
    """Parts of about equal size: at items, rows or lines where there are any, else at sentences."""
    units = _units(document, blocks, locale, sizes)
    total = sum(unit.size for unit in units)
    aim = total / -(-total // sizes.most)
    parts: list[Piece] = []
    current: Piece | None = None
    for unit in units:
        if current is not None and (current.size >= aim or current.size + unit.size > sizes.most):
            parts.append(current)
            current = None
        current = unit if current is None else _with(current, unit)
    return [*parts, current] if current is not None else parts


def _units(document: Document, blocks: _SECTION, locale: str, sizes: Sizes) -> list[Piece]:
    units: list[Piece] = []
    for block in blocks:
        whole = _piece(document, block.start, block.end)
        parts = [whole] if whole.size <= sizes.most else list(_fine(document, block, locale))
        if len(units) == 1 and block is blocks[1] and block.kind is not BlockKind.PARAGRAPH:
            # The introduction (or its last sentence) stays with the first item.
            parts[0] = _with(units.pop(), parts[0])
        units.extend(parts)
    return units


def _fine(document: Document, block: Block, locale: str) -> Iterator[Piece]:
    """Lines of code; sentences of anything else."""
    text = document.text[block.start : block.end]
    if block.kind is BlockKind.CODE:
        spans = [found.span() for found in re.finditer(r"\S[^\n]*", text)]
    else:
        spans = [
            span for line in re.finditer(r"\S[^\n]*", text) for span in _sentences(line.group(), line.start(), locale)
        ]
    for start, end in spans:
        yield from _bounded(document, block.start + start, block.start + end)


def _sentences(line: str, offset: int, locale: str) -> Iterator[tuple[int, int]]:
    """Spans that cover all of the line but white space, whatever the sentence finder left out."""
    ends = sorted({end for _, end in sentences(line, locale)} | {len(line)})
    start = 0
    for end in ends:
        inner = line[start:end]
        if inner.strip():
            left = start + len(inner) - len(inner.lstrip())
            yield offset + left, offset + start + len(inner.rstrip())
            start = end


def _bounded(document: Document, start: int, end: int) -> Iterator[Piece]:
    """The span itself; or, beyond what any sentence is, runs of words (or characters, where nothing separates)."""
    whole = _piece(document, start, end)
    if whole.size <= LONGEST_SENTENCE and end - start <= 10 * LONGEST_SENTENCE:
        yield whole
        return
    text = document.text[start:end]
    at = 0
    while at < len(text):
        stop = min(at + 2 * LONGEST_SENTENCE, len(text))
        space = text.rfind(" ", at + LONGEST_SENTENCE, stop) if stop < len(text) else -1
        stop = space if space > 0 else stop
        if text[at:stop].strip():
            yield _piece(document, start + at, start + stop)
        at = stop + (1 if space > 0 else 0)
