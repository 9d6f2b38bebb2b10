"""An HTML element tree -> blocks. Every format that has or can be given HTML (pages, Markdown, DOCX) comes through here.

Invariants: no tag, script, style, comment or hidden text reaches a block; recursion is bounded, so that a page nested a
hundred thousand levels deep costs no stack.
"""

import re
import sys
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from lxml import etree
from lxml import html as lxml_html

from retrieval.ingest.builder import DocumentBuilder
from retrieval.types import BlockKind

Element: TypeAlias = Any
"""An lxml.html element; lxml brings no types."""

MAX_DEPTH = 120
"""Deeper than this, structure is noise: the text is kept, flat."""
MAX_CELLS = 500_000

_SKIPPED = frozenset(
    [
        "script",
        "style",
        "noscript",
        "template",
        "svg",
        "math",
        "iframe",
        "object",
        "embed",
        "canvas",
        "audio",
        "video",
        "map",
        "head",
        "title",
        "meta",
        "link",
        "input",
        "select",
        "textarea",
        "datalist",
        "progress",
        "meter",
        "dialog",
        "menu",
    ]
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "center",
        "details",
        "dd",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "header",
        "hgroup",
        "hr",
        "html",
        "legend",
        "li",
        "main",
        "nav",
        "ol",
        "optgroup",
        "option",
        "p",
        "pre",
        "section",
        "summary",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "tr",
        "ul",
        "caption",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
    ]
)
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
"""Characters that no XML text may hold: lxml reads them and later refuses to move the text."""
_NUMBERED = re.compile(r"&#(?:[xX]([0-9a-fA-F]{1,8})|([0-9]{1,8}));?")
_PERMALINKS = frozenset(["#", "¶", "§", "🔗", "⚓", "↩", "↩︎", "\u200b"])


def parse(markup: str) -> Element | None:
    """The document's root, or None when there is no element at all."""
    # The text is decoded already: a declaration inside it no longer counts.
    markup = re.sub(r"^\s*<\?xml[^>]{0,200}\?>", "", markup[:400]) + markup[400:]
    markup = _NUMBERED.sub(_fit, _UNFIT.sub(" ", markup))
    if not markup.strip():
        return None
    parser = lxml_html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True)
    try:
        return lxml_html.document_fromstring(markup.encode("utf-8", "replace"), parser=parser)
    except (etree.ParserError, ValueError):
        return None


def _fit(reference: re.Match[str]) -> str:
    """A numbered character reference; a blank for one to a character that is unfit."""
    number = int(reference[1], 16) if reference[1] else int(reference[2])
    return " " if number <= sys.maxunicode and _UNFIT.match(chr(number)) else reference[0]


def add_blocks(root: Element, builder: DocumentBuilder) -> None:
    """Append the blocks of `root` in reading order."""
    walker = _Walker(builder, _controlled(root))
    walker.flow(root, 0)
    walker.flush()


def line_of(element: Element) -> str:
    """The element's text on one line, without what a reader does not see."""
    pieces: list[str] = []
    _collect(element, pieces, 0)
    return " ".join("".join(pieces).split())


def _controlled(root: Element) -> frozenset[str]:
    """Ids of collapsed panels: hidden now, opened by a click, so part of the content."""
    return frozenset(
        name for element in root.xpath("//*[@aria-controls]") for name in element.get("aria-controls", "").split()
    )


def _is_hidden(element: Element, controlled: frozenset[str]) -> bool:
    style = element.get("style", "").replace(" ", "").lower()
    hidden = (
        (element.get("hidden") is not None and element.get("hidden") != "until-found")
        or element.get("aria-hidden") == "true"
        or "display:none" in style
        or "visibility:hidden" in style
    )
    return hidden and element.get("id", "") not in controlled


def _is_permalink(element: Element) -> bool:
    return element.tag == "a" and (element.text_content() or "").strip() in _PERMALINKS


def _collect(element: Element, pieces: list[str], depth: int) -> None:
    if depth > MAX_DEPTH:
        pieces.append(element.text_content())
        return
    pieces.append(element.text or "")
    for child in element:
        if isinstance(child.tag, str) and child.tag not in _SKIPPED and not _is_permalink(child):
            gap = " " if child.tag in _BLOCKS or child.tag == "br" else ""
            pieces.append(gap)
            _collect(child, pieces, depth + 1)
            pieces.append(gap)
        pieces.append(child.tail or "")


@dataclass
class _Walker:
    """Depth-first over the tree. `buffer` holds running text until a block ends; `kind` is what it will become."""

    builder: DocumentBuilder
    controlled: frozenset[str]
    buffer: list[str] = field(default_factory=list)
    kind: BlockKind = BlockKind.PARAGRAPH
    level: int = 0
    lists: int = 0
    prefix: str = ""
    """Begins the next block, whichever element it comes from (a term before its definition)."""

    def flush(self) -> None:
        text = "".join(self.buffer)
        self.buffer.clear()
        if text.strip():
            self.builder.add(self.kind, self.prefix + text.lstrip(), self.level)
            self.prefix = ""
            if self.kind is BlockKind.LIST_ITEM:
                # What follows inside the same item (a second paragraph) is no item of its own.
                self.kind, self.level = BlockKind.PARAGRAPH, 0

    def flow(self, element: Element, depth: int) -> None:
        if depth > MAX_DEPTH:
            self.text(element.text_content())
            return
        self.text(element.text)
        for child in element:
            if isinstance(child.tag, str):
                self.visit(child, depth + 1)
            self.text(child.tail)

    def text(self, text: str | None) -> None:
        # In HTML a line break in the source is a space; only <br> breaks a line.
        if text:
            self.buffer.append(re.sub(r"[ \t\r\n\f]+", " ", text))

    def visit(self, element: Element, depth: int) -> None:
        tag = element.tag
        if tag in _SKIPPED or _is_hidden(element, self.controlled) or _is_permalink(element):
            return
        if tag == "br":
            self.buffer.append("\n")
        elif tag == "button":
            return
        elif tag not in _BLOCKS:
            self.flow(element, depth)
        else:
            self.flush()
            self.block(element, tag, depth)
            self.flush()

    def block(self, element: Element, tag: str, depth: int) -> None:
        if tag in _HEADINGS:
            self.builder.heading(line_of(element), _HEADINGS[tag])
        elif tag == "pre":
            self.builder.add(BlockKind.CODE, _code(element))
        elif tag in ("ul", "ol"):
            self.lists += 1
            self.flow(element, depth)
            self.lists -= 1
        elif tag == "li":
            self.item(element, depth)
        elif tag == "dl":
            self.definitions(element, depth)
        elif tag == "table":
            self.table(element, depth)
        elif tag == "details":
            self.details(element, depth)
        elif tag != "hr":
            self.flow(element, depth)

    def item(self, element: Element, depth: int) -> None:
        kept = self.kind, self.level
        self.kind, self.level = BlockKind.LIST_ITEM, max(self.lists - 1, 0)
        self.flow(element, depth)
        self.flush()
        self.kind, self.level = kept

    def definitions(self, element: Element, depth: int) -> None:
        """Each term with its definition is one item "Term: definition"; a long definition follows as it is."""
        term: list[str] = []
        for child in element.iter("dt", "dd"):
            if child.tag == "dt":
                term.append(line_of(child).rstrip(":"))
                continue
            self.kind, self.level = BlockKind.LIST_ITEM, self.lists
            self.prefix = ", ".join(term) + ": " if term else ""
            self.flow(child, depth + 1)
            self.flush()
            self.kind, self.level = BlockKind.PARAGRAPH, 0
            term = [self.prefix.removesuffix(": ")] if self.prefix else []
            self.prefix = ""
        if term:
            self.builder.add(BlockKind.LIST_ITEM, ", ".join(term), self.lists)

    def details(self, element: Element, depth: int) -> None:
        """A fold-out: its summary is a heading above its content, and only above that."""
        summary = element.find("summary")
        level = min(self.builder.depth + 1, 6)
        if summary is not None:
            self.builder.heading(line_of(summary), level)
            tail = summary.tail
            element.remove(summary)
            self.text(tail)
        self.flow(element, depth)
        self.flush()
        if summary is not None:
            self.builder.close(level)

    def table(self, element: Element, depth: int) -> None:
        if _is_layout(element):
            self.flow(element, depth)
            return
        caption = element.find("caption")
        if caption is not None:
            self.builder.add(BlockKind.PARAGRAPH, line_of(caption))
        add_table(_grid(element), self.builder)


def _code(element: Element) -> str:
    for line_break in element.iter("br"):
        line_break.tail = "\n" + (line_break.tail or "")
    return str(element.text_content())


def _is_layout(table: Element) -> bool:
    """Tables that only place things on a page: read as running content."""
    if table.get("role") in ("presentation", "none"):
        return True
    if next(table.iterdescendants("table"), None) is not None:
        return True
    if next(table.iterdescendants("h1", "h2", "h3", "h4", "h5", "h6", "pre"), None) is not None:
        return True
    rows = list(table.iter("tr"))
    return max((len(row.findall("td")) + len(row.findall("th")) for row in rows), default=0) < 2


@dataclass(frozen=True, slots=True)
class Row:
    cells: list[str]
    heads: list[bool]


def _grid(table: Element) -> list[Row]:
    """Rows with spans filled in: a cell over two rows belongs to both."""
    rows: list[Row] = []
    carried: dict[int, tuple[str, bool, int]] = {}
    total = 0
    for line in table.iter("tr"):
        in_head = line.getparent() is not None and line.getparent().tag == "thead"
        cells: list[str] = []
        heads: list[bool] = []
        waiting = [cell for cell in line if cell.tag in ("td", "th")]
        while waiting or len(cells) in carried:
            if len(cells) in carried:
                text, head, left = carried.pop(len(cells))
                if left > 1:
                    carried[len(cells)] = (text, head, left - 1)
                cells.append(text)
                heads.append(head)
                continue
            cell = waiting.pop(0)
            text, head = line_of(cell), in_head or cell.tag == "th"
            down, across = _span(cell, "rowspan"), _span(cell, "colspan")
            for step in range(across):
                if down > 1:
                    carried[len(cells)] = (text, head, down - 1)
                # Across, the text stands once: repeated it would read as several values.
                cells.append(text if step == 0 or head else "")
                heads.append(head)
        total += len(cells)
        if total > MAX_CELLS:
            break
        if any(cells):
            rows.append(Row(cells, heads))
    return rows


def _span(cell: Element, name: str) -> int:
    value = cell.get(name, "1").strip()
    return min(max(int(value), 1), 50) if value.isdecimal() and len(value) < 6 else 1


def add_table(rows: list[Row], builder: DocumentBuilder) -> None:
    """Rows with their header; a table whose first column is the header reads "Header: value" row by row."""
    if not rows:
        return
    if not all(rows[0].heads) and all(row.heads[:1] == [True] and not any(row.heads[1:]) for row in rows):
        for row in rows:
            values = [cell for cell in row.cells[1:] if cell]
            builder.row([row.cells[0]], ["; ".join(values)])
        return
    headers: list[str] = []
    start = 0
    while start < len(rows) and all(rows[start].heads):
        headers = _joined(headers, rows[start].cells)
        start += 1
    if not headers and len(rows) > 1 and _is_header(rows[0]):
        headers, start = rows[0].cells, 1
    if start == len(rows):
        headers, start = [], 0
    for row in rows[start:]:
        builder.row(headers, row.cells)


def _joined(above: list[str], below: list[str]) -> list[str]:
    """Two header rows: "Price" over "Adult" is "Price Adult"."""
    width = max(len(above), len(below))
    above, below = above + [""] * (width - len(above)), below + [""] * (width - len(below))
    return [a if a == b or not b else f"{a} {b}".strip() for a, b in zip(above, below, strict=True)]


def _is_header(row: Row) -> bool:
    """Names of columns are short, all there, all different, and no sentences or numbers."""
    cells = [cell for cell in row.cells if cell]
    return (
        len(cells) == len(row.cells)
        and len(set(cells)) == len(cells)
        and all(len(cell) <= 60 and not cell.endswith((".", "!", "。")) for cell in cells)
        and not any(re.fullmatch(r"[\d.,\s%€$£+-]+", cell) for cell in cells)
    )
