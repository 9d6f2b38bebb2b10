"""What is given to a source, as bytes with a name: a text, a file, or what an address holds.

Invariant: a name that came from outside is one printable line.
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from faq.enums import SourceKind
from faq.errors import Invalid
from faq.gateways import retrieval
from faq.models import Source

READING_GENERATION = 1
"""Counted up when the same bytes would be read into another document, so that the next ingest reads them again."""
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200e\u200f\ufeff\ud800-\udfff]+")


@dataclass(frozen=True, slots=True)
class Content:
    """What was given, as bytes with a name; `url` is where it was fetched from."""

    data: bytes
    filename: str
    kind: SourceKind
    media_type: str = ""
    url: str = ""
    etag: str = ""
    last_modified: str = ""


def clean(text: str) -> str:
    """One line without control characters and marks that turn the reading direction."""
    return " ".join(CONTROL.sub(" ", text).split())


def raw_digest(content: Content) -> str:
    """Equal digests: the same bytes, read in the same way."""
    suffix = PurePosixPath(content.filename.lower()).suffix
    how = f"{READING_GENERATION}:{suffix}:{content.media_type}\n".encode()
    return hashlib.sha256(how + content.data).hexdigest()


def given(data: bytes | None, filename: str, text: str, kind: str) -> Content:
    """A file, else a pasted text; Invalid when there is neither."""
    if data is not None:
        return Content(data, clean(filename.replace("\\", "/").rsplit("/", 1)[-1]), SourceKind(kind or SourceKind.FILE))
    if not text.strip():
        raise Invalid("There is no text. Paste some, or give a file or an address.")
    return Content(text.encode("utf-8", "replace"), "text.md", SourceKind.TEXT)


def fetched(url: str, known: Source | None) -> Content | None:
    """None when the server says that nothing changed since `known` was read."""
    if not url:
        raise Invalid("There is no text, no file and no address.")
    conditional = {"etag": known.etag, "last_modified": known.last_modified} if known and known.raw_hash else {}
    got = retrieval.fetch_url(url, **conditional)
    if got.not_modified and known is not None:
        return None
    name = clean(unquote(PurePosixPath(urlsplit(got.url).path).name)) or "page.html"
    return Content(got.data, name, SourceKind.URL, got.media_type, got.url, got.etag, got.last_modified)
