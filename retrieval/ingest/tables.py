"""Question-and-answer tables (CSV, XLSX): each row becomes a section, its question the heading, its answer the content.

A cell's text is only ever text: a formula-like cell ("=HYPERLINK(…)") is stored as it reads and never computed; of XLSX
formulas the stored values are read.
"""

import csv
import io
import re
import zipfile
from collections.abc import Iterator, Sequence

import openpyxl

from retrieval.ingest.builder import DocumentBuilder, Input, refusal, shown_name, tidy_line, title_from_name
from retrieval.ingest.decoding import decode
from retrieval.ingest.office import checked_zip
from retrieval.ingest.plaintext import add_text
from retrieval.types import Document, InvalidInput, QuestionRow

CSV_TYPE = "text/csv"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LAYOUT = "questions"
"""`metadata["layout"]` of these Documents: chunking keeps each answer a passage of its own."""
MAX_ROWS = 50_000
MAX_COLUMNS = 200
MAX_CELL = 200_000
MAX_SHEET = 60_000_000
"""Bytes of one part, unpacked: sheets are read row by row."""

_COLUMNS = ("question", "answer", "locale", "topic", "url")
_DELIMITERS = ",;\t|"

Cells = Sequence[str]


def read(given: Input) -> Document:
    """The Document alone."""
    return rows(given)[0]


def rows(given: Input) -> tuple[Document, list[QuestionRow]]:
    """The Document of the answers and its rows; InvalidInput naming the columns or rows that are wrong."""
    filename = given.filename
    is_xlsx = _is_xlsx(given)
    table = _xlsx_rows(given) if is_xlsx else _csv_rows(given)
    header_at, columns = _columns(table, filename)
    builder = DocumentBuilder(filename, given.max_characters)
    seen: list[tuple[dict[str, str], int, int]] = []
    skipped: list[str] = []
    for number, row in enumerate(table[header_at + 1 :], start=header_at + 2):
        cells = {name: row[place].strip() if place < len(row) else "" for name, place in columns.items()}
        question, answer = tidy_line(cells["question"]), cells["answer"]
        if not question and not answer.strip():
            continue
        if not question or not answer.strip():
            skipped.append(str(number))
            continue
        builder.close(1)
        builder.heading(question, 2)
        first = builder.count
        add_text(answer, builder, headings=False)
        if builder.count == first:
            skipped.append(str(number))
            continue
        seen.append((cells, first, builder.count))
    if not seen:
        raise _empty(filename, skipped, is_xlsx=is_xlsx)
    document = builder.build(
        title=title_from_name(filename), media_type=XLSX_TYPE if is_xlsx else CSV_TYPE,
        metadata={"layout": LAYOUT, "skipped": ", ".join(skipped[:100])},
    )  # fmt: skip
    return document, [_question(document, *row) for row in seen]


def grid(data: bytes, filename: str) -> list[list[str]]:
    """Every row of a CSV or XLSX file, empty ones too, so that they can be named by their number; columns after the last one
    that holds anything are left out. InvalidInput for what is no table."""
    given = Input(data, filename)
    table = _xlsx_rows(given) if _is_xlsx(given) else _csv_rows(given)
    width = max(place + 1 for row in table for place, cell in enumerate(row) if cell.strip())
    return [[*row[:width], *[""] * (width - len(row))] for row in table]


def _is_xlsx(given: Input) -> bool:
    return given.data.startswith(b"PK") or given.filename.lower().endswith((".xlsx", ".xlsm"))


def is_question_table(data: bytes, filename: str) -> bool:
    """Whether this is a CSV or XLSX file with the columns `question` and `answer`."""
    given = Input(data, filename)
    try:
        table = _xlsx_rows(given, most=20) if _is_xlsx(given) else _csv_rows(given, most=20)
        _columns(table, filename)
    except InvalidInput:
        return False
    return True


def _question(document: Document, cells: dict[str, str], first: int, last: int) -> QuestionRow:
    start, end = document.blocks[first].start, document.blocks[last - 1].end
    heading = document.blocks[first - 1]
    url = cells.get("url", "")
    return QuestionRow(
        question=document.text[heading.start : heading.end],
        answer=document.text[start:end],
        start=start,
        end=end,
        locale=tidy_line(cells.get("locale", "")).replace("_", "-").lower(),
        topic=tidy_line(cells.get("topic", "")),
        url=url if re.match(r"https?://[^\s\"'<>]+$", url) else "",
    )


def _columns(rows: Sequence[Cells], filename: str) -> tuple[int, dict[str, int]]:
    """Where the header row is (above it only empty rows or a title) and where each known column is."""
    names: list[str] = []
    for at, row in enumerate(rows[:10]):
        found = {name: place for place, name in reversed(list(enumerate(map(_name, row)))) if name in _COLUMNS}
        if "question" in found and "answer" in found:
            return at, found
        names = names or [cell.strip() for cell in row if cell.strip()]
        if found.keys() & {"question", "answer"}:
            names = [cell.strip() for cell in row if cell.strip()]
            break
    raise _missing(names, filename)


def _missing(names: Sequence[str], filename: str) -> InvalidInput:
    known = {_name(name) for name in names}
    missing = [f"“{name}”" for name in ("question", "answer") if name not in known]
    shown = ", ".join(shown_name(name)[:40] for name in names[:12]) or "nothing"
    return refusal(
        filename,
        f"{'the columns' if len(missing) > 1 else 'the column'} {' and '.join(missing)} cannot be found; "
        f"the first row has: {shown}. "
        "Name the columns question, answer and, if you like, locale, topic, url.",
    )


def _name(cell: str) -> str:
    return tidy_line(cell).strip("\"' ").lower()


def _empty(filename: str, skipped: Sequence[str], *, is_xlsx: bool) -> InvalidInput:
    if not skipped:
        return refusal(filename, "it has a header but no rows. Add questions and answers below it.")
    reason = f"no row has both a question and an answer (looked at row {skipped[0]} and below)."
    if is_xlsx:
        reason += " If they come from formulas, open the file in a spreadsheet program and save it, so that values are stored."
    return refusal(filename, reason)


def _csv_rows(given: Input, most: int = MAX_ROWS) -> list[Cells]:
    filename = given.filename
    text = decode(given)
    hint = re.match(r"sep=(.)\r?\n", text, re.IGNORECASE)
    if hint:
        text = text[hint.end() :]
    delimiter = hint.group(1) if hint else _delimiter(text)
    try:
        rows = list(_bounded(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), filename, most))
    except csv.Error as error:
        raise refusal(
            filename, f"it is not a proper CSV file ({error}). Save it again from a spreadsheet program."
        ) from error
    if not any(any(cell.strip() for cell in row) for row in rows):
        raise refusal(filename, "the table is empty. Add a header (question, answer) and rows.")
    return rows


def _delimiter(text: str) -> str:
    """The one under which a first line has the columns we need; else the most frequent in the first line."""
    head = "\n".join(text.lstrip("\ufeff\r\n").splitlines()[:10])
    for delimiter in _DELIMITERS:
        for row in csv.reader(io.StringIO(head, newline=""), delimiter=delimiter):
            if {"question", "answer"} <= set(map(_name, row)):
                return delimiter
    return max(_DELIMITERS, key=head.split("\n", maxsplit=1)[0].count)


def _bounded(rows: Iterator[Cells], filename: str, most: int) -> Iterator[Cells]:
    for number, row in enumerate(rows):
        if number >= most:
            if most < MAX_ROWS:
                return
            raise refusal(filename, f"it has more than {MAX_ROWS:,} rows. Split it into several files.")
        if len(row) > MAX_COLUMNS and any(row[MAX_COLUMNS:]):
            raise refusal(
                filename,
                f"row {number + 1} has more than {MAX_COLUMNS} columns. Keep question, answer, locale, topic, url.",
            )
        yield row[:MAX_COLUMNS]


def _xlsx_rows(given: Input, most: int = MAX_ROWS) -> list[Cells]:
    """Rows of the first sheet that has any; numbers as a person would write them."""
    data, filename = given.data, given.filename
    checked_zip(data, filename=filename, needed="xl/workbook.xml", what="XLSX", max_xml=MAX_SHEET)
    try:
        workbook = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        try:
            for sheet in workbook.worksheets:
                sheet.reset_dimensions()  # a wrong stored dimension would cut rows or pretend millions
                lines = (
                    [_written(cell) for cell in row] for row in sheet.iter_rows(values_only=True, max_col=MAX_COLUMNS)
                )
                rows: list[Cells] = list(_bounded(lines, filename, most))
                if any(any(cell.strip() for cell in row) for row in rows):
                    return rows
        finally:
            workbook.close()
    except InvalidInput:
        raise
    except (
        zipfile.BadZipFile,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        IndexError,
        SyntaxError,
        OSError,
    ) as error:
        # SyntaxError: what the XML parser raises for broken parts.
        raise refusal(
            filename, f"this XLSX file is damaged ({type(error).__name__}). Open it, save it again and add that."
        ) from error
    raise refusal(filename, "the table is empty. Add a header (question, answer) and rows.")


def _written(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)[:MAX_CELL]
