"""Plain text: paragraphs by empty lines, lists by their marks, headings by how they stand.

A heading is a short line alone between empty lines that does not end as a sentence does, and has text below it; or a line
underlined with === or ---. Lines wrapped by hand are joined; lines that are short on purpose (an address) stay lines.
"""

import re
from collections.abc import Sequence

from retrieval.ingest.builder import DocumentBuilder, Input
from retrieval.ingest.decoding import decode
from retrieval.types import BlockKind, Document

MEDIA_TYPE = "text/plain"
MAX_HEADING = 80

BULLET = re.compile(r"^(\s*)(?:[-*+•‣◦▪●–·]|\(?(?:\d{1,3}|[a-zA-Z])[.)])[ \t]+(?=\S)")
SENTENCE_END = re.compile(r"[.!:;,…。！：；，、؛،۔।]['\"»”’)\]]*$")
_UNDERLINE = re.compile(r"^\s*(=|-|~|\*){3,}\s*$")
_MARKED = re.compile(r"^(#{1,6})\s+(.+?)\s*#*$")
_NUMBERED = re.compile(r"^(\d{1,2}(?:\.\d{1,2}){0,4})\.?\s+\S")
_UNSPACED = re.compile("[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\u3040-\u30ff]")


def read(given: Input) -> Document:
    """The Document of a text file; InvalidInput for binary data and empty files."""
    builder = DocumentBuilder(given.filename, given.max_characters)
    add_text(decode(given), builder)
    return builder.build(title=builder.first_heading(1) or builder.first_heading(), media_type=MEDIA_TYPE)


def add_text(text: str, builder: DocumentBuilder, *, headings: bool = True) -> None:
    """Append the blocks of plain text; without `headings` every line is content (cells, pasted answers)."""
    groups = _groups(text)
    width = _wrap_width(groups)
    for place, group in enumerate(groups):
        heading = _heading(group, groups[place + 1 :], first=place == 0) if headings else None
        if heading is not None:
            builder.heading(*heading)
            group = _under_heading(group)
        if group:
            _add_group(group, width, builder)


def _groups(text: str) -> list[list[str]]:
    """Runs of lines between empty lines."""
    groups: list[list[str]] = [[]]
    for line in re.split(r"\r\n|[\n\r\x0b\x0c\x85\u2028\u2029]", text):
        if line.strip(" \t\u3000\xa0\ufeff\x1a"):
            groups[-1].append(line.rstrip())
        elif groups[-1]:
            groups.append([])
    return [group for group in groups if group]


def _wrap_width(groups: Sequence[Sequence[str]]) -> int:
    """Length of the longest line that another line follows in its paragraph: where the writer's lines break."""
    lengths = sorted(len(line) for group in groups for line in group[:-1])
    return lengths[int(len(lengths) * 0.9)] if lengths else 0


def _heading(group: Sequence[str], following: Sequence[Sequence[str]], *, first: bool) -> tuple[str, int] | None:
    line = group[0].strip()
    marked = _MARKED.match(line)
    if marked:
        return marked.group(2), len(marked.group(1))
    if len(group) > 1 and _UNDERLINE.match(group[1]) and not _UNDERLINE.match(line) and len(line) <= 2 * MAX_HEADING:
        return line, 1 if group[1].strip()[0] == "=" else 2
    if len(group) > 1 or not following or not _could_be_heading(line):
        return None
    numbered = _NUMBERED.match(line)
    if numbered:
        return line, min(numbered.group(1).count(".") + 2, 6)
    return line, 1 if first else 2


def _could_be_heading(line: str) -> bool:
    if len(line) > MAX_HEADING or (BULLET.match(line) and not _NUMBERED.match(line)) or SENTENCE_END.search(line):
        return False
    return any(character.isalpha() for character in line) and "://" not in line and "@" not in line


def _under_heading(group: list[str]) -> list[str]:
    rest = group[1:]
    return rest[1:] if rest and _UNDERLINE.match(rest[0]) else rest


def _add_group(group: Sequence[str], width: int, builder: DocumentBuilder) -> None:
    """A run of lines: list items where lines have marks, else one paragraph."""
    indents: list[int] = []
    item: list[str] = []
    level: int | None = None
    for line in group:
        if _UNDERLINE.match(line):
            continue
        bullet = BULLET.match(line)
        if bullet is None:
            item.append(line)
            continue
        _add_lines(item, level, width, builder)
        indent = len(bullet.group(1).expandtabs(4))
        while indents and indents[-1] > indent:
            indents.pop()
        if not indents or indents[-1] < indent:
            indents.append(indent)
        item, level = [line[bullet.end() :]], len(indents) - 1
    _add_lines(item, level, width, builder)


def _add_lines(lines: Sequence[str], level: int | None, width: int, builder: DocumentBuilder) -> None:
    kind = BlockKind.PARAGRAPH if level is None else BlockKind.LIST_ITEM
    builder.add(kind, join_lines(lines, width), level or 0)


def join_lines(lines: Sequence[str], width: int) -> str:
    """One text of wrapped lines: a line that could have held the next word ends on purpose and stays a line."""
    text = ""
    for place, line in enumerate(lines):
        line = line.strip()
        if place == 0:
            text = line
            continue
        before = lines[place - 1].rstrip()
        next_word = len(line.split(maxsplit=1)[0]) if line else 0
        on_purpose = width >= 40 and len(before) + 1 + next_word <= 0.8 * width
        if on_purpose or (width < 40 and not _UNSPACED.search(before[-1:])):
            text += "\n" + line
        elif _UNSPACED.search(before[-1:]) and _UNSPACED.match(line):
            text += line
        else:
            text += " " + line
    return text
