"""What a sitemap names, and nothing that its XML could smuggle in."""

import gzip

import pytest

from retrieval.ingest import sitemap
from retrieval.ingest.sitemap import Page, named_in_robots, read_sitemap
from retrieval.types import InvalidInput

NS = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
PAGES = f"""<?xml version="1.0" encoding="UTF-8"?>
<urlset {NS} xmlns:xhtml="http://www.w3.org/1999/xhtml">
  <url><loc> https://example.org/a </loc><lastmod>2026-01-01</lastmod></url>
  <url><loc>https://example.org/b</loc>
    <xhtml:link rel="alternate" hreflang="en" href="https://example.org/b"/>
    <xhtml:link rel="alternate" hreflang="zh-Hans" href="https://example.org/zh/b"/></url>
  <url><loc>https://example.org/a</loc></url>
  <url><loc>ftp://example.org/c</loc></url><url><loc></loc></url>
</urlset>""".encode()


def test_pages_come_once_in_their_order_with_their_languages() -> None:
    b = Page("https://example.org/b", (("en", "https://example.org/b"), ("zh-hans", "https://example.org/zh/b")))
    assert read_sitemap(PAGES, "sitemap.xml").pages == (Page("https://example.org/a"), b)


def test_an_index_names_sitemaps() -> None:
    data = f"<sitemapindex {NS}><sitemap><loc>https://example.org/1.xml</loc></sitemap></sitemapindex>".encode()
    found = read_sitemap(data, "sitemap.xml")
    assert (found.sitemaps, found.pages) == (("https://example.org/1.xml",), ())


def test_one_that_is_packed_is_unpacked() -> None:
    assert read_sitemap(gzip.compress(PAGES), "sitemap.xml.gz") == read_sitemap(PAGES, "sitemap.xml")


def test_a_text_with_an_address_a_line_is_one() -> None:
    data = b"\xef\xbb\xbfhttps://example.org/a\r\nhttps://example.org/b\nnonsense\n"
    assert [page.url for page in read_sitemap(data, "sitemap.txt").pages] == [
        "https://example.org/a",
        "https://example.org/b",
    ]


@pytest.mark.parametrize(
    "data",
    [
        b"", b"<html><body>Not here</body></html>", b"<urlset><url>", b"\x1f\x8b nonsense", b"%PDF-1.7", b"{}",
        b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><urlset><url><loc>&x;</loc></url></urlset>',
        b'<!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><urlset><url><loc>&b;</loc></url></urlset>',
    ],
)  # fmt: skip
def test_anything_else_is_refused_by_its_name(data: bytes) -> None:
    with pytest.raises(InvalidInput, match=r"sitemap\.xml"):
        read_sitemap(data, "sitemap.xml")


def test_what_unpacks_to_more_than_the_protocol_allows_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sitemap, "MOST_BYTES", 1000)
    with pytest.raises(InvalidInput, match="larger than"):
        read_sitemap(gzip.compress(b"<urlset>" + b" " * 100_000 + b"</urlset>"), "sitemap.xml")


def test_no_more_pages_than_the_protocol_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sitemap, "MOST_ADDRESSES", 3)
    urls = "".join(f"<url><loc>https://example.org/{n}</loc></url>" for n in range(9))
    assert len(read_sitemap(f"<urlset {NS}>{urls}</urlset>".encode(), "sitemap.xml").pages) == 3


def test_robots_names_sitemaps_in_any_case() -> None:
    data = b"User-agent: *\nsitemap: https://example.org/1.xml\r\nSitemap:https://example.org/2.xml\nSitemap: /3.xml\n"
    assert named_in_robots(data) == ["https://example.org/1.xml", "https://example.org/2.xml"]
