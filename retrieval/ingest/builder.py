"""Collects blocks in reading order and joins them into a Document with exact offsets.

Invariants: every text is cleaned before it is placed, so that nothing shifts afterwards; `text[start:end]` of each block
is what was added; a block is never empty. All formats end here, so what holds here holds for every Document.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from retrieval.types import Block, BlockKind, Document, InvalidInput

TIGHT = frozenset({BlockKind.LIST_ITEM, BlockKind.TABLE_ROW})
"""Two neighbours of the same tight kind are one list or one table: a single line break stands between them."""

# Control characters but tab and line feed; byte order marks, soft hyphens, and the bidirectional embeddings and overrides
# that a text could use to show something else than it says (isolates and the marks LRM and RLM are kept). Surrogates
# and noncharacters cannot be stored or sent.
_UNWANTED = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\ufeff\u202a-\u202e\ufff9-\ufffb\ufffe\uffff\ud800-\udfff]"
)
_LINE_END = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
# A no-break space stays where typography wants it (French punctuation, thousands); elsewhere it is an editor's accident.
_ACCIDENTAL_NO_BREAK = re.compile("(?<![\\d«„])[\xa0\u202f](?![\\d?!:;%€»])")
_SPACES = re.compile("[ \t]+")
_AROUND_BREAK = re.compile(" *\n[ \n]*")


def tidy(text: str) -> str:
    """Running text: NFC, no control characters, single spaces; a line break stays as one line break."""
    text = _UNWANTED.sub("", _LINE_END.sub("\n", text))
    text = _ACCIDENTAL_NO_BREAK.sub(" ", unicodedata.normalize("NFC", text))
    return _AROUND_BREAK.sub("\n", _SPACES.sub(" ", text)).strip()


def tidy_line(text: str) -> str:
    """As tidy, on one line: headings, table cells, titles."""
    return tidy(text).replace("\n", " ")


def tidy_code(text: str) -> str:
    """Code keeps its line breaks and indents."""
    text = unicodedata.normalize("NFC", _UNWANTED.sub("", _LINE_END.sub("\n", text))).expandtabs(4)
    lines = [line.rstrip() for line in text.split("\n")]
    while lines and not lines[0]:
        lines.pop(0)
    while lines and not lines[-1]:
        lines.pop()
    return "\n".join(lines)


def shown_name(filename: str) -> str:
    """A file name that is safe inside a message: one line, bounded."""
    name = "".join(character if character.isprintable() else "�" for character in filename).strip() or "(no name)"
    return name if len(name) <= 120 else f"{name[:80]}…{name[-30:]}"


def refusal(filename: str, reason: str) -> InvalidInput:
    """The one error of this package, to be raised: it names the file and says what to do."""
    return InvalidInput(f"{shown_name(filename)}: {reason}")


def title_from_name(filename: str) -> str:
    """`penalty-notices.txt` -> `Penalty notices`."""
    stem = re.split(r"[/\\]", filename.rstrip("/\\"))[-1]
    stem = re.sub(r"\.[A-Za-z0-9]{1,8}$", "", stem)
    words = tidy_line(re.sub(r"[-_+]+", " ", stem))
    return words[:1].upper() + words[1:] if words else "Untitled"


@dataclass(frozen=True, slots=True)
class Input:
    """What every reader is given. `declared`: the encoding a server named; `locale` helps with undeclared ones."""

    data: bytes
    filename: str
    declared: str = ""
    locale: str = ""
    max_characters: int = 4_000_000
    max_pages: int = 2_000


class DocumentBuilder:
    """Blocks in, one Document out. `filename` is only for messages."""

    def __init__(self, filename: str, max_characters: int) -> None:
        self.filename = filename
        self.max_characters = max_characters
        self._parts: list[tuple[BlockKind, str, tuple[str, ...], int]] = []
        self._above: list[tuple[int, str]] = []
        self._length = 0

    def heading(self, text: str, level: int) -> None:
        text = tidy_line(text)
        if not text:
            return
        level = min(max(level, 1), 6)
        self.close(level)
        self._append(BlockKind.HEADING, text, level)
        self._above.append((level, text))

    def close(self, level: int) -> None:
        """Leave every section of this level or deeper."""
        while self._above and self._above[-1][0] >= level:
            self._above.pop()

    @property
    def depth(self) -> int:
        """Level of the innermost open heading, 0 above all."""
        return self._above[-1][0] if self._above else 0

    @property
    def count(self) -> int:
        """How many blocks there are: the index of the next one in the Document."""
        return len(self._parts)

    def add(self, kind: BlockKind, text: str, level: int = 0) -> None:
        text = tidy_code(text) if kind is BlockKind.CODE else tidy(text)
        if kind is BlockKind.TABLE_ROW:
            text = text.replace("\n", " ")
        if text:
            self._append(kind, text, level)

    def row(self, headers: list[str], cells: list[str]) -> None:
        """A table row as "Header: value; Header: value"; empty cells are left out."""
        pairs = []
        for position, cell in enumerate(cells):
            value = tidy_line(cell)
            header = tidy_line(headers[position]).rstrip(":") if position < len(headers) else ""
            if value:
                pairs.append(f"{header}: {value}" if header and header != value else value)
        self.add(BlockKind.TABLE_ROW, "; ".join(pairs))

    def first_heading(self, level: int = 6) -> str:
        return next((text for kind, text, _, at in self._parts if kind is BlockKind.HEADING and at <= level), "")

    def _append(self, kind: BlockKind, text: str, level: int) -> None:
        self._length += len(text) + 2
        if self._length > self.max_characters:
            raise refusal(
                self.filename,
                f"it holds more than {self.max_characters:,} characters of text. Split it into several files.",
            )
        self._parts.append((kind, text, tuple(heading for _, heading in self._above), level))

    def build(self, *, title: str, media_type: str, metadata: Mapping[str, str] | None = None) -> Document:
        """InvalidInput when nothing was added."""
        if not self._parts:
            raise refusal(self.filename, "no text was found in it. Check that the page or file has content of its own.")
        if all(kind is BlockKind.HEADING for kind, *_ in self._parts):
            # Lines that looked like headings, with nothing under them, are the content itself.
            self._parts = [(BlockKind.PARAGRAPH, text, (), 0) for _, text, _, _ in self._parts]
        pieces: list[str] = []
        blocks: list[Block] = []
        position = 0
        before: BlockKind | None = None
        for kind, text, path, level in self._parts:
            if before is not None:
                separator = "\n" if kind is before and kind in TIGHT else "\n\n"
                pieces.append(separator)
                position += len(separator)
            pieces.append(text)
            blocks.append(Block(kind, position, position + len(text), path, level))
            position += len(text)
            before = kind
        name = tidy_line(title) or title_from_name(self.filename)
        kept = {key: value for key, value in (metadata or {}).items() if value}
        return Document(name, "".join(pieces), tuple(blocks), media_type, kept)
