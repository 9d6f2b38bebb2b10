"""The pages that a sitemap names (sitemaps.org, protocol 0.9), and the sitemaps that robots.txt does (RFC 9309).

Invariants: nothing is fetched here; XML is read without entities and external references; what comes out is bounded.
"""

import re
import zlib
from dataclasses import dataclass
from typing import Any

from defusedxml import DefusedXmlException  # type: ignore[import-untyped]
from defusedxml.ElementTree import ParseError, fromstring  # type: ignore[import-untyped]

from retrieval.ingest.builder import refusal
from retrieval.types import InvalidInput

MOST_ADDRESSES = 50_000
"""Of one file, as the protocol says."""
MOST_BYTES = 52_428_800
"""Of one file, unpacked, as the protocol says."""
MAX_URL = 2_000
_NAMED = re.compile(rb"^\s*sitemap\s*:\s*(\S+)\s*$", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Page:
    """`languages`: address by language tag in lower case, where the sitemap says in which ones the page is (hreflang)."""

    url: str
    languages: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Sitemap:
    """What one file names: pages, or further sitemaps."""

    pages: tuple[Page, ...] = ()
    sitemaps: tuple[str, ...] = ()


def read_sitemap(data: bytes, filename: str) -> Sitemap:
    """A sitemap, or an index of sitemaps, also packed with gzip, or as text with an address a line. InvalidInput for anything
    else."""
    data = _unpacked(data, filename)
    lines = data.lstrip(b"\xef\xbb\xbf \t\r\n")
    if lines.startswith((b"http://", b"https://")):
        found = [line.strip() for line in lines.decode("utf-8", "replace").splitlines()]
        return Sitemap(pages=tuple(Page(url) for url in dict.fromkeys(found) if _is_address(url))[:MOST_ADDRESSES])
    try:
        root = fromstring(lines, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise refusal(filename, "it is no sitemap: it cannot be read as XML.") from error
    kind = _name(root)
    if kind == "sitemapindex":
        locations = [_location(each) for each in root]
        return Sitemap(sitemaps=tuple(dict.fromkeys(url for url in locations if _is_address(url)))[:MOST_ADDRESSES])
    if kind != "urlset":
        raise refusal(filename, f"it is no sitemap: it begins with <{kind[:40]}>.")
    pages = {url: Page(url, _languages(each)) for each in root if _is_address(url := _location(each))}
    return Sitemap(pages=tuple(pages.values())[:MOST_ADDRESSES])


def named_in_robots(data: bytes) -> list[str]:
    """The addresses of sitemaps in a robots.txt, in its order."""
    found = (match.decode("utf-8", "replace") for match in _NAMED.findall(data[:500_000]))
    return list(dict.fromkeys(url for url in found if _is_address(url)))


def _unpacked(data: bytes, filename: str) -> bytes:
    if not data.startswith(b"\x1f\x8b"):
        return data
    unpack = zlib.decompressobj(wbits=31)
    try:
        text = unpack.decompress(data, MOST_BYTES)
    except zlib.error as error:
        raise refusal(filename, "it cannot be unpacked.") from error
    if unpack.unconsumed_tail:
        raise InvalidInput(f"{filename}: it is larger than {MOST_BYTES // 1_000_000} MB when unpacked.")
    return text


def _name(node: Any) -> str:
    return str(node.tag).rpartition("}")[2]


def _location(node: Any) -> str:
    return next(((each.text or "").strip() for each in node if _name(each) == "loc"), "")


def _languages(node: Any) -> tuple[tuple[str, str], ...]:
    links = [each for each in node if _name(each) == "link" and each.get("rel") == "alternate" and each.get("hreflang")]
    return tuple((str(each.get("hreflang")).lower(), str(each.get("href", ""))) for each in links)


def _is_address(url: str) -> bool:
    return url.lower().startswith(("http://", "https://")) and len(url) <= MAX_URL
