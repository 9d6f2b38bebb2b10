"""Office files: the checks every ZIP passes before anything parses it, and DOCX through mammoth.

Invariants: no entry is unpacked before all declared sizes are within the ceilings (the ZIP reader never gives more than an
entry declares); no XML with a document type is parsed; pictures and linked files are never opened.
"""

import io
import re
import zipfile
import zlib

import mammoth

from retrieval.ingest.builder import DocumentBuilder, Input, refusal, tidy_line
from retrieval.ingest.webpage import from_markup
from retrieval.types import Document, InvalidInput

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
MAX_ENTRIES = 5_000
MAX_UNPACKED = 300_000_000
MAX_XML = 20_000_000
"""Bytes of one part, unpacked: five times a long novel with all its markup. mammoth keeps the whole tree in memory."""
MAX_RATIO = 200
"""Real parts pack 5 to 50 times; repetition alone packs a thousand times. Small parts are left alone."""
SMALL = 2_000_000

_STYLES = "\n".join(
    (
        "p[style-name='Title'] => h1:fresh",
        "p[style-name='Subtitle'] => p:fresh",
        "p[style-name='List Paragraph'] => p:fresh",
        "p[style-name='Code'] => pre:separator('\\n')",
        "comment-reference => ",
    )
)


def checked_zip(data: bytes, *, filename: str, needed: str, what: str, max_xml: int = MAX_XML) -> None:
    """Refuse what is no Office file of this kind, is locked, or unpacks to more than its share."""
    if data.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        raise refusal(
            filename, f"it is protected by a password or in an old format. Save it as {what} without a password."
        )
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            _check_sizes(entries, filename, max_xml)
            if needed not in archive.namelist():
                raise refusal(
                    filename, f"this is not a {what} file, whatever its name says. Save it as {what} and add it again."
                )
            for entry in entries:
                if entry.filename.lower().endswith((".xml", ".rels", ".vml")):
                    _check_xml(archive, entry, filename)
    except (zipfile.BadZipFile, zlib.error, OSError, NotImplementedError, RuntimeError, EOFError, ValueError) as error:
        raise refusal(
            filename, f"this {what} file is damaged ({type(error).__name__}). Open it, save it again and add that."
        ) from error


def _check_sizes(entries: list[zipfile.ZipInfo], filename: str, max_xml: int) -> None:
    if len(entries) > MAX_ENTRIES:
        raise refusal(
            filename, f"it packs more than {MAX_ENTRIES:,} parts. Copy its text into a new document and add that."
        )
    if any(entry.flag_bits & 1 for entry in entries):
        raise refusal(filename, "it is protected by a password. Save it without the password and add it again.")
    for entry in entries:
        too_dense = entry.file_size > SMALL and entry.file_size > MAX_RATIO * max(entry.compress_size, 1)
        is_xml = entry.filename.lower().endswith((".xml", ".rels"))
        if too_dense or (is_xml and entry.file_size > max_xml):
            raise _bomb(filename)
    if sum(entry.file_size for entry in entries) > MAX_UNPACKED:
        raise _bomb(filename)


def _bomb(filename: str) -> InvalidInput:
    return refusal(
        filename, "it unpacks to far more than a document needs. Copy its text into a new document and add that."
    )


def _check_xml(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, filename: str) -> None:
    """Entities are declared before the root element; in any encoding, once zero bytes are dropped."""
    with archive.open(entry) as part:
        head = part.read(100_000).replace(b"\x00", b"")
    if re.search(rb"<!(DOCTYPE|ENTITY)", head, re.IGNORECASE):
        raise refusal(
            filename, "its XML declares entities, which no Office program writes. Save it again and add that."
        )


def read(given: Input) -> Document:
    """The Document of a DOCX file; InvalidInput when it is locked, damaged, a bomb or empty."""
    data, filename = given.data, given.filename
    checked_zip(data, filename=filename, needed="word/document.xml", what="DOCX")
    try:
        result = mammoth.convert_to_html(
            io.BytesIO(data), style_map=_STYLES, ignore_empty_paragraphs=True,
            convert_image=mammoth.images.img_element(lambda image: {}),
        )  # fmt: skip
        properties = _properties(data)
    except Exception as error:
        raise refusal(
            filename, f"this DOCX file is damaged ({type(error).__name__}). Open it, save it again and add that."
        ) from error
    builder = DocumentBuilder(filename, given.max_characters)
    from_markup(result.value, builder)
    title = builder.first_heading(1) or properties.get("title", "") or builder.first_heading()
    return builder.build(title=title, media_type=MEDIA_TYPE, metadata=properties)


def _properties(data: bytes) -> dict[str, str]:
    """Title, author, language and date of docProps/core.xml; a few named elements, read without an XML tree."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if "docProps/core.xml" not in archive.namelist():
            return {}
        with archive.open("docProps/core.xml") as part:
            core = part.read(50_000).decode("utf-8", "replace")
    found = {}
    for name, tag in (
        ("title", "dc:title"),
        ("author", "dc:creator"),
        ("lang", "dc:language"),
        ("date", "dcterms:modified"),
    ):
        value = re.search(rf"<{tag}\b[^>]{{0,200}}>([^<]{{0,1000}})</{tag}>", core)
        found[name] = tidy_line(value.group(1)) if value else ""
    return found
