"""Links of exported pages: no query, no way out of the folder, nothing else changed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faq.export.links import file_name, linked, located


def test_a_reference_keeps_the_passage_and_loses_the_query() -> None:
    page = linked('<a href="/de/sources/bins/?passage=p1&amp;from=3&amp;to=9#p1">1</a>', "/")
    assert page.text == '<a href="/de/sources/bins/#p1">1</a>'
    assert page.paths == ("/de/sources/bins/",)


def test_each_path_is_met_once_in_its_order() -> None:
    page = linked('<a href="/b/">x</a> <img src="/a.svg"> <form action="/b/"><button formaction="/c/">', "/")
    assert page.paths == ("/b/", "/a.svg", "/c/")


@pytest.mark.parametrize(
    "html",
    [
        '<a href="https://example.org/de/?q=1">x</a>',
        '<a href="//example.org/?q=1">x</a>',
        '<a href="#ref-1">x</a>',
        '<a href="mailto:a@example.org?subject=x">x</a>',
        '<p data-href="/a/?b">/a/?b</p>',
    ],
)
def test_what_leads_elsewhere_stays_as_it_is(html: str) -> None:
    assert linked(html, "/") == linked(html, "/help/")
    assert (linked(html, "/").text, linked(html, "/").paths) == (html, ())


def test_only_paths_below_the_sites_root_are_its_own() -> None:
    page = linked('<a href="/help/de/?x=1">a</a><a href="/shop/?x=1">b</a>', "/help/")
    assert page.text == '<a href="/help/de/">a</a><a href="/shop/?x=1">b</a>'
    assert page.paths == ("/help/de/",)


def test_a_sitemap_names_paths_of_its_own_site_only() -> None:
    xml = (
        "<loc>https://a.example/de/</loc><loc> https://a.example/sitemap-1.xml </loc><loc>https://a.example.org/x</loc>"
    )
    assert located(xml, "https://a.example") == ("/de/", "/sitemap-1.xml")


@pytest.mark.parametrize(
    ("path", "prefix", "name"),
    [
        ("/de/about/", "/", "de/about/index.html"),
        ("/", "/", "index.html"),
        ("/help/", "/help/", "index.html"),
        ("/help/sitemap.xml", "/help/", "sitemap.xml"),
        ("/zh-hans/questions/%E6%8A%A4%E7%85%A7/", "/", "zh-hans/questions/护照/index.html"),
    ],
)
def test_a_path_has_one_file(path: str, prefix: str, name: str) -> None:
    assert file_name(path, prefix) == name


@pytest.mark.parametrize(
    "path", ["/../x", "/a/../../x/", "/%2e%2e/x", "/a//b/", "/.git/config", "/a%00b", "/" + "a" * 201]
)
def test_a_path_that_leads_out_or_that_no_disk_takes_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="/"):
        file_name(path, "/")


@given(st.text(max_size=60))
def test_text_without_attributes_is_never_changed(text: str) -> None:
    assert linked(text.replace('"', ""), "/").text == text.replace('"', "")
