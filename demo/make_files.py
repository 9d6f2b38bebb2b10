"""Make the PDF and DOCX sources of the demonstration from their originals.

The originals (`originals/*.md`) are written in a small part of Markdown: headings, paragraphs, bullet and numbered
lists, and tables. This script turns them into the files a city would really publish. Run it after an original changed:

    python -m venv /tmp/files && /tmp/files/bin/pip install reportlab python-docx
    /tmp/files/bin/python demo/make_files.py

Polyfaq itself needs neither package: the files made are committed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from docx import Document
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle, getSampleStyleSheet
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate

HERE = Path(__file__).resolve().parent
AUTHOR = "City of Larkmouth"
WRITTEN = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
PDF_NAMES = ("fees",)
DOCX_NAMES = ("new-residents", "schools")


@dataclass(frozen=True)
class Block:
    """One block of an original: its kind, its heading level and its lines (cells, for a table)."""

    kind: str  # heading, paragraph, bullets, numbers, table
    level: int
    lines: tuple[tuple[str, ...], ...]

    @property
    def text(self) -> str:
        return " ".join(cell for line in self.lines for cell in line)


def read_blocks(markdown: str) -> Iterator[Block]:
    """Yield the blocks of an original; blocks are separated by empty lines."""
    for part in re.split(r"\n\s*\n", markdown.strip()):
        lines = [line.strip() for line in part.splitlines()]
        first = lines[0]
        if first.startswith("#"):
            marks, _, title = first.partition(" ")
            yield Block("heading", len(marks), ((title,),))
        elif first.startswith("- "):
            yield Block("bullets", 0, tuple((line.removeprefix("- "),) for line in lines))
        elif re.match(r"\d+\. ", first):
            yield Block("numbers", 0, tuple((re.sub(r"^\d+\. ", "", line),) for line in lines))
        elif first.startswith("|"):
            rows = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines]
            yield Block("table", 0, tuple(row for row in rows if not set("".join(row)) <= set("-: ")))
        else:
            yield Block("paragraph", 0, ((" ".join(lines),),))


def write_docx(blocks: list[Block], target: Path) -> None:
    """Write the blocks with Word's own heading, list and table styles."""
    document = Document()
    properties = document.core_properties
    properties.author = AUTHOR
    properties.title = blocks[0].text
    properties.language = "en"
    properties.created = properties.modified = WRITTEN.replace(tzinfo=None)
    for block in blocks:
        if block.kind == "heading":
            document.add_heading(block.text, level=block.level)
        elif block.kind == "paragraph":
            document.add_paragraph(block.text)
        elif block.kind == "table":
            table = document.add_table(rows=0, cols=len(block.lines[0]), style="Table Grid")
            for line in block.lines:
                for cell, text in zip(table.add_row().cells, line, strict=True):
                    cell.text = text
        else:
            style = "List Bullet" if block.kind == "bullets" else "List Number"
            for (item,) in block.lines:
                document.add_paragraph(item, style=style)
    document.save(str(target))


def write_pdf(blocks: list[Block], target: Path) -> None:
    """Write the blocks as a text PDF of one column; the same input gives the same bytes."""
    sheet = getSampleStyleSheet()
    body = ParagraphStyle("body", parent=sheet["BodyText"], fontSize=10.5, leading=14, spaceAfter=5)
    listed = ParagraphStyle("listed", parent=body, leftIndent=14, firstLineIndent=-8, spaceAfter=2)
    headings = {
        1: ParagraphStyle("title", parent=sheet["Heading1"], fontSize=20, leading=26, spaceAfter=12),
        2: ParagraphStyle("section", parent=sheet["Heading2"], fontSize=14, leading=19, spaceBefore=10, spaceAfter=4),
    }
    story: list[Flowable] = []
    for block in blocks:
        if block.kind == "heading":
            story.append(Paragraph(block.text, headings[block.level]))
        elif block.kind == "paragraph":
            story.append(Paragraph(block.text, body))
        elif block.kind in ("bullets", "numbers"):
            for number, (item,) in enumerate(block.lines, start=1):
                mark = "-" if block.kind == "bullets" else f"{number}."
                story.append(Paragraph(f"{mark} {item}", listed))
        else:
            raise ValueError(f"{target.name}: a PDF of the demonstration has no {block.kind}; write sentences")
    margin = 20 * mm
    template = SimpleDocTemplate(
        str(target), pagesize=A4, leftMargin=margin, rightMargin=margin, topMargin=margin, bottomMargin=margin,
        title=blocks[0].text, author=AUTHOR, lang="en", invariant=1,
    )  # fmt: skip
    template.build(story)


def main() -> None:
    for names, ending, write in ((PDF_NAMES, ".pdf", write_pdf), (DOCX_NAMES, ".docx", write_docx)):
        for name in names:
            blocks = list(read_blocks((HERE / "originals" / f"{name}.md").read_text(encoding="utf-8")))
            target = (HERE / "sources" / name).with_suffix(ending)
            write(blocks, target)
            print(f"wrote {target.relative_to(HERE)}")


if __name__ == "__main__":
    main()
