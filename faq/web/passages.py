"""A source's passages as its page shows them: paragraphs, lists and tables, quoted words marked in both languages.

A table row is stored as a line, `Zone: A; Price: 3 euros`, so that it can be found and cited. Rows that name the same
columns are a table again here; any others stay lines.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from django.utils.safestring import SafeString

from faq.queries.payloads import BlockPayload, PassagePayload, Text
from faq.web.tags import marked

ROW, ITEM, CODE = "table_row", "list_item", "code"
PART = re.compile(r"\s*([^:：;；؛]{1,80}?)\s?(?::(?=\s|\Z)|：)\s*(.*?)\s*(?:[;；؛]|\Z)", re.DOTALL)
Span = tuple[int, int]
NOTHING: Span = (0, 0)


@dataclass(frozen=True, slots=True)
class Line:
    """One paragraph, list item or code block; `html` is safe, with the quoted words marked."""

    kind: str
    html: SafeString
    lang: str
    dir: str


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring lines of one kind: `lines`, `list`, `code`, or `table` with its `head` and `rows`."""

    kind: str
    lines: tuple[Line, ...]
    head: tuple[str, ...] = ()
    rows: tuple[tuple[SafeString, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class ShownPassage:
    key: str
    headings: tuple[BlockPayload, ...]
    runs: tuple[Run, ...]
    translated: tuple[Run, ...]
    cited: bool
    complete: bool


def passage(payload: PassagePayload, span: Span | None) -> ShownPassage:
    """`span`: the quoted characters of the passage's text."""
    quoted = span if span and payload.cited else NOTHING
    return ShownPassage(
        key=payload.key,
        headings=payload.headings,
        runs=tuple(_runs((block.kind, block.text, _within(block, quoted)) for block in payload.blocks)),
        translated=tuple(
            _runs(
                (block.kind, block.translation, _counterpart(block, quoted))
                for block in payload.blocks
                if block.translation is not None and block.kind != CODE
            )
        ),
        cited=payload.cited,
        complete=payload.translated,
    )


def _within(block: BlockPayload, quoted: Span) -> Span:
    """Which characters of the block are quoted."""
    start, end = max(0, quoted[0] - block.start), min(len(block.text.text), quoted[1] - block.start)
    return (start, end) if start < end else NOTHING


def _counterpart(block: BlockPayload, quoted: Span) -> Span:
    """Which characters of the translation stand for the quoted ones: those of the sentences quoted for the most part."""
    start, end = _within(block, quoted)
    found = [
        (place, until)
        for begin, stop, place, until in block.aligned
        if 2 * (min(end, stop) - max(start, begin)) > stop - begin
    ]
    return (found[0][0], found[-1][1]) if found else NOTHING


def _runs(blocks: Iterable[tuple[str, Text, Span]]) -> Iterable[Run]:
    kinds = {ITEM: "list", ROW: "table", CODE: "code"}
    for kind, group in groupby(blocks, key=lambda block: kinds.get(block[0], "lines")):
        members = list(group)
        lines = tuple(Line(name, marked(text.text, span), text.lang, text.dir) for name, text, span in members)
        head, rows = _table(members) if kind == "table" else ((), ())
        yield Run(kind if kind != "table" or head else "lines", lines, head, rows)


def _table(rows: Sequence[tuple[str, Text, Span]]) -> tuple[tuple[str, ...], tuple[tuple[SafeString, ...], ...]]:
    """Columns and cells of rows that all name the same columns; nothing for others."""
    parts = [[found for found in PART.finditer(text.text) if found.group()] for _, text, _ in rows]
    heads = {tuple(found.group(1) for found in row) for row in parts}
    whole = all(
        "".join(found.group() for found in row) == text.text for row, (_, text, _) in zip(parts, rows, strict=True)
    )
    if len(heads) != 1 or not whole or len(head := heads.pop()) < 2:
        return (), ()
    return head, tuple(
        tuple(_cell(found, span) for found in row) for row, (_, _, span) in zip(parts, rows, strict=True)
    )


def _cell(found: re.Match[str], span: Span) -> SafeString:
    start, end = max(span[0], found.start(2)), min(span[1], found.end(2))
    at = found.start(2)
    return marked(found.group(2), (start - at, end - at) if start < end else NOTHING)
