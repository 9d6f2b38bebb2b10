"""Bytes of any supported format -> Document. The one door of extraction.

Invariants: time and memory are bounded by the ceilings; whatever is wrong with a file ends as InvalidInput that names the
file and says what to do; a format is decided by what the transport says, then by the name, then by the first bytes.
"""

import re
from email.message import Message
from importlib import import_module

from retrieval.ingest.builder import Input, refusal
from retrieval.types import Document, QuestionRow

MAX_BYTES = 50_000_000
MAX_CHARACTERS = 4_000_000
MAX_PAGES = 2_000

ENDINGS = {
    ".md": "markdown", ".markdown": "markdown", ".mdown": "markdown", ".mdx": "markdown",
    ".html": "html", ".htm": "html", ".xhtml": "html",
    ".txt": "text", ".text": "text",
    ".pdf": "pdf", ".docx": "docx",
    ".csv": "table", ".tsv": "table", ".xlsx": "table", ".xlsm": "table",
}  # fmt: skip
"""Endings that can be ingested; a folder is searched for these."""

_MEDIA_TYPES = {
    "text/markdown": "markdown",
    "text/x-markdown": "markdown",
    "text/html": "html",
    "application/xhtml+xml": "html",
    "application/pdf": "pdf",
    "application/x-pdf": "pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "table",
    "text/csv": "table",
    "text/tab-separated-values": "table",
}
_READERS = {
    "markdown": "markdown",
    "html": "webpage",
    "text": "plaintext",
    "pdf": "pdf",
    "docx": "office",
    "table": "tables",
}
_BLANK = b" \t\r\n\x00\x1a\xef\xbb\xbf\xfe\xff"
_ACCEPTED = "Markdown, HTML, text, PDF, DOCX, or CSV and XLSX of questions and answers"


def extract(
    data: bytes,
    *,
    filename: str,
    media_type: str = "",
    locale: str = "",
    max_bytes: int = MAX_BYTES,
    max_characters: int = MAX_CHARACTERS,
    max_pages: int = MAX_PAGES,
) -> Document:
    """The Document in `data`. `media_type`: as a server sent it, parameters and all. `locale` helps with old encodings."""
    _check_size(data, filename, max_bytes)
    kind, declared = format_of(data, filename, media_type)
    # Each reader is imported when first needed: together they cost a web worker 60 MB and half a second.
    reader = import_module(f"retrieval.ingest.{_READERS[kind]}")
    document: Document = reader.read(
        Input(data, filename, declared, locale, max_characters=max_characters, max_pages=max_pages)
    )
    return document


def question_rows(data: bytes, *, filename: str, locale: str = "") -> tuple[Document, list[QuestionRow]]:
    """The Document and the rows of a question-and-answer table; InvalidInput naming what is wrong with it."""
    _check_size(data, filename, MAX_BYTES)
    tables = import_module("retrieval.ingest.tables")
    found: tuple[Document, list[QuestionRow]] = tables.rows(
        Input(data, filename, "", locale, max_characters=MAX_CHARACTERS, max_pages=MAX_PAGES)
    )
    return found


def is_question_table(data: bytes, filename: str) -> bool:
    """Whether this is a CSV or XLSX file with the columns `question` and `answer`."""
    if len(data) > MAX_BYTES or ENDINGS.get(_ending(filename)) != "table":
        return False
    return bool(import_module("retrieval.ingest.tables").is_question_table(data, filename))


def _check_size(data: bytes, filename: str, max_bytes: int) -> None:
    if len(data) > max_bytes:
        size, most = len(data) / 1_000_000, max_bytes / 1_000_000
        raise refusal(
            filename, f"it is too large ({size:.0f} MB; at most {most:.0f} MB). Split it, or remove its pictures."
        )
    if not data[:100_000].strip(_BLANK) and not data.strip(_BLANK):
        raise refusal(filename, "it is empty. Check that the right file was saved.")


def format_of(data: bytes, filename: str, media_type: str = "") -> tuple[str, str]:
    """(format, declared encoding); InvalidInput for a type we do not read."""
    header = Message()
    header["content-type"] = media_type or "application/octet-stream"
    declared = header.get_content_charset() or ""
    by_ending = _by_ending(filename)
    by_type = _MEDIA_TYPES.get(header.get_content_type(), "")
    # A server's text/plain, octet-stream or a browser's guess for CSV says less than the name does.
    kind = by_type or by_ending or _by_content(data, filename, media_type)
    return kind, declared


def _ending(filename: str) -> str:
    found = re.search(r"\.[A-Za-z0-9]{1,8}$", filename.split("?")[0].split("#")[0])
    return found.group().lower() if found else ""


def _by_ending(filename: str) -> str:
    return ENDINGS.get(_ending(filename), "")


def _by_content(data: bytes, filename: str, media_type: str) -> str:
    head = data[:2048].lstrip(b"\xef\xbb\xbf \t\r\n")
    if head.startswith(b"%PDF-"):
        return "pdf"
    if head.startswith(b"PK\x03\x04"):
        return "docx" if b"word/" in data else "table" if b"xl/" in data else _unknown(filename)
    if re.match(rb"<!doctype html|<html|<head|<body", head, re.IGNORECASE):
        return "html"
    if media_type.startswith("text/") or not _ending(filename):
        return "text"
    if _ending(filename) == ".doc":
        raise refusal(filename, "the old Word format is not read. Save it as DOCX and add that.")
    if _ending(filename) == ".xls":
        raise refusal(filename, "the old Excel format is not read. Save it as XLSX or CSV and add that.")
    return _unknown(filename)


def _unknown(filename: str) -> str:
    raise refusal(filename, f"this kind of file is not read. Save it as {_ACCEPTED}.")
