"""PDF with a text layer: lines with their place and size, joined to paragraphs; headings by size and weight.

A scanned PDF (pictures of pages) and one locked with a password are refused with what to do. Running heads, footers and
page numbers are dropped: the same line at the same edge of most pages is no content.
"""

import io
import logging
import re
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import pypdf

from retrieval.ingest.builder import DocumentBuilder, Input, refusal, tidy_line
from retrieval.ingest.plaintext import BULLET, SENTENCE_END
from retrieval.types import BlockKind, Document, InvalidInput

MEDIA_TYPE = "application/pdf"
MAX_SECONDS = 120.0
MAX_PAGE_BYTES = 30_000_000
"""A page's drawing commands, unpacked. Pages of text have a few thousand bytes; more is a map, or made to exhaust us."""

# Bullets of symbol fonts arrive as private or control characters.
_MARK = re.compile("^[\x7f\x80-\x9f\uf000-\uf0ff\u25a0\u25cf\u2666\u27a2\u2713]\\s*(?=\\w)")
_UNSPACED_END = re.compile("[\u3000-\u30ff\u3400-\u9fff\uff00-\uffef]$")
_UNSPACED_START = re.compile("[\u3000-\u30ff\u3400-\u9fff\uff00-\uffef]")

logging.getLogger("pypdf").setLevel(logging.ERROR)


@dataclass(frozen=True, slots=True)
class Line:
    text: str
    x: float
    y: float
    size: float
    bold: bool
    page: int


def read(given: Input) -> Document:
    """The Document of a PDF; InvalidInput when it is locked, scanned, broken or too long."""
    filename, max_pages = given.filename, given.max_pages
    try:
        reader = pypdf.PdfReader(io.BytesIO(given.data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise refusal(
                filename, "this PDF is protected by a password. Save it without the password and add it again."
            )
        pages = len(reader.pages)
        if pages > max_pages:
            raise refusal(filename, f"it has {pages} pages, more than {max_pages}. Split it into several files.")
        lines = _lines(reader, filename, given.max_characters)
        information = _information(reader)
    except InvalidInput:
        raise
    except Exception as error:
        # pypdf meets broken files with errors of any kind; all mean that the file cannot be read as it is.
        raise refusal(
            filename, f"this PDF is damaged and cannot be read ({type(error).__name__}). Save or export it again."
        ) from error
    if sum(len(line.text) for line in lines) < max(10, pages):
        raise refusal(
            filename,
            "this PDF holds pictures of pages and no text. Run text recognition (OCR) on it, or add the text itself.",
        )
    builder = DocumentBuilder(filename, given.max_characters)
    _add_lines(_without_running_heads(lines, pages), builder)
    title = builder.first_heading(1) or information.get("title", "") or builder.first_heading()
    return builder.build(title=title, media_type=MEDIA_TYPE, metadata=information)


def _information(reader: pypdf.PdfReader) -> dict[str, str]:
    found: Mapping[str, object] = reader.metadata or {}
    title = tidy_line(str(found.get("/Title") or ""))
    author = tidy_line(str(found.get("/Author") or ""))
    # Word processors leave their file's name as title.
    title = (
        ""
        if re.search(r"\.(docx?|odt|pages|indd|tex|dvi)$|^Microsoft Word|^untitled|^unspecified", title, re.I)
        else title
    )
    return {"title": title.strip("()")[:300], "author": author[:300]}


def _lines(reader: pypdf.PdfReader, filename: str, max_characters: int) -> list[Line]:
    lines: list[Line] = []
    characters = 0
    deadline = time.monotonic() + MAX_SECONDS
    for number, page in enumerate(reader.pages):
        contents = page.get_contents()
        if contents is not None and len(contents.get_data()) > MAX_PAGE_BYTES:
            raise refusal(
                filename, f"page {number + 1} is too complex to read. Export the text of the PDF and add that."
            )
        for line in _page_lines(page, number):
            lines.append(line)
            characters += len(line.text)
        if characters > max_characters:
            raise refusal(filename, f"it holds more than {max_characters:,} characters. Split it into several files.")
        if time.monotonic() > deadline:
            raise refusal(
                filename, f"reading it took longer than {MAX_SECONDS:.0f} seconds. Split it into several files."
            )
    return lines


def _page_lines(page: pypdf.PageObject, number: int) -> list[Line]:
    """Lines as pypdf puts them together, each with the place, size and weight of its first piece."""
    lines: list[Line] = []
    pieces: list[str] = []
    place: tuple[float, float, float, bool] | None = None

    def finish() -> None:
        nonlocal place
        text = _MARK.sub("• ", " ".join("".join(pieces).split()))
        if text and place is not None:
            lines.append(Line(text, *place, number))
        pieces.clear()
        place = None

    def piece(
        text: str, cm: Sequence[float], tm: Sequence[float], font: Mapping[str, object] | None, size: float
    ) -> None:
        nonlocal place
        for part in re.split(r"(\n)", text):
            if part == "\n":
                finish()
            elif part:
                if place is None and part.strip():
                    x = tm[4] * cm[0] + tm[5] * cm[2] + cm[4]
                    y = tm[4] * cm[1] + tm[5] * cm[3] + cm[5]
                    scale = abs(tm[3] * cm[3]) or abs(tm[0] * cm[0]) or 1.0
                    name = str((font or {}).get("/BaseFont", ""))
                    bold = bool(re.search(r"bold|black|heavy|semibold|demi", name, re.IGNORECASE))
                    place = (x, y, round(size * scale, 1), bold)
                pieces.append(part)

    page.extract_text(visitor_text=piece)
    finish()
    return lines


def _without_running_heads(lines: list[Line], pages: int) -> list[Line]:
    """Drop what stands first or last on most pages (numbers aside), and bare page numbers there."""
    edges: dict[int, list[Line]] = {}
    for line in lines:
        edges.setdefault(line.page, []).append(line)
    at_edge = [line for found in edges.values() for line in {*found[:2], *found[-2:]}]
    counts = Counter(_place(line) for line in at_edge)
    running = {place for place, count in counts.items() if pages >= 3 and count >= 0.6 * pages}
    numbers = {
        line
        for line in at_edge
        if pages >= 2 and re.fullmatch(r"[-–\s]*(\w{1,8}\s)?\d{1,4}([\s/]|of|von)*\d{0,4}[-–\s]*", line.text)
    }
    edge = set(at_edge)
    return [line for line in lines if line not in edge or (_place(line) not in running and line not in numbers)]


def _place(line: Line) -> tuple[str, int]:
    """What makes a running head the same on another page: its text but for numbers, and its height."""
    return re.sub(r"\d+", "0", line.text), round(line.y)


def _add_lines(lines: list[Line], builder: DocumentBuilder) -> None:
    if not lines:
        return
    weight: Counter[float] = Counter()
    for line in lines:
        weight[line.size] += len(line.text)
    body = weight.most_common(1)[0][0]
    mostly_bold = sum(len(line.text) for line in lines if line.bold) > 0.5 * sum(weight.values())
    sizes = sorted({line.size for line in lines if line.size > 1.1 * body}, reverse=True)[:5]
    right = max(len(line.text) for line in lines)
    gap = _usual_gap(lines, body)
    known = " ".join(line.text for line in lines)
    run: list[Line] = []
    for line in lines:
        level = _heading_level(line, body, sizes, mostly_bold=mostly_bold)
        if (
            level
            and run
            and _heading_level(run[-1], body, sizes, mostly_bold=mostly_bold) == level
            and _near(run[-1], line)
        ):
            run.append(line)  # a heading over two lines
            continue
        if (
            level
            or not run
            or _starts_anew(run, line, body=body, gap=gap, right=right, sizes=sizes, mostly_bold=mostly_bold)
        ):
            _add_run(run, body, sizes, known, builder, mostly_bold=mostly_bold)
            run = []
        run.append(line)
    _add_run(run, body, sizes, known, builder, mostly_bold=mostly_bold)


def _heading_level(line: Line, body: float, sizes: Sequence[float], *, mostly_bold: bool) -> int:
    """0 for content. Larger than the body by size; bold at the body's size comes below all larger ones."""
    if len(line.text) > 150 or not any(character.isalpha() for character in line.text) or BULLET.match(line.text):
        return 0
    if line.size in sizes:
        return sizes.index(line.size) + 1
    if (
        line.bold
        and not mostly_bold
        and line.size >= 0.95 * body
        and len(line.text) <= 80
        and not SENTENCE_END.search(line.text)
    ):
        return min(len(sizes) + 1, 6)
    return 0


def _near(above: Line, below: Line) -> bool:
    return above.page == below.page and 0 <= above.y - below.y <= 1.6 * above.size


def _usual_gap(lines: Sequence[Line], body: float) -> float:
    """The distance of two lines of one paragraph: the smallest that is common."""
    gaps: Counter[float] = Counter()
    for above, below in pairwise(lines):
        distance = round(above.y - below.y, 1)
        if above.page == below.page and above.size == below.size == body and 0.9 * body <= distance <= 2.5 * body:
            gaps[distance] += 1
    common = [distance for distance, count in gaps.items() if count >= max(2, 0.1 * sum(gaps.values()))]
    return min(common, default=1.4 * body)


def _starts_anew(
    run: Sequence[Line], line: Line, *, body: float, gap: float, right: int, sizes: Sequence[float], mostly_bold: bool
) -> bool:
    above = run[-1]
    if _heading_level(above, body, sizes, mostly_bold=mostly_bold) or BULLET.match(line.text):
        return True
    ended = bool(re.search(r"[.!?:。！？]['\"»”’)\]]*$", above.text))
    if above.page != line.page:
        return ended and (len(above.text) < 0.8 * right or line.text[:1].isupper())
    if above.y - line.y > gap * 1.15 or line.y > above.y + body:
        return ended or above.y - line.y > gap * 1.6 or bool(BULLET.match(run[0].text))
    # Back to the margin after a list's hanging lines.
    return bool(BULLET.match(run[0].text)) and len(run) > 1 and line.x < run[1].x - 2


def _add_run(
    run: Sequence[Line], body: float, sizes: Sequence[float], known: str, builder: DocumentBuilder, *, mostly_bold: bool
) -> None:
    if not run:
        return
    text = _joined([line.text for line in run], known)
    level = _heading_level(run[0], body, sizes, mostly_bold=mostly_bold)
    bullet = BULLET.match(text)
    if level:
        builder.heading(text, level)
    elif bullet:
        builder.add(BlockKind.LIST_ITEM, text[bullet.end() :])
    else:
        builder.add(BlockKind.PARAGRAPH, text)


def _joined(lines: Sequence[str], known: str) -> str:
    """Lines of one paragraph; a word cut at the line's end is made whole, unless it has its hyphen elsewhere too."""
    text = lines[0]
    for line in lines[1:]:
        cut = re.search(r"(\w+)-$", text)
        rest = re.match(r"[^\W\d_]+", line)
        if cut and rest and rest.group().islower() and cut.group(1).isalpha():
            whole = f"{cut.group(1)}-{rest.group()}"
            text = (text if whole in known else text[:-1]) + line
        elif cut or (_UNSPACED_END.search(text) and _UNSPACED_START.match(line)):
            text += line
        else:
            text += " " + line
    return text
