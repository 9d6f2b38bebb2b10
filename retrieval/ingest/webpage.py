"""HTML pages: the main content only, with its headings, lists and tables.

A page that declares its main element (`<main>`, `role=main`, a single `<article>`) is believed. Otherwise trafilatura
says which text is content, and the element that holds it is read. Furniture (navigation, banners, cookie dialogs, related links,
footers) is cut from inside the main element too, since templates put it there.
"""

import logging
import re

import trafilatura
from lxml import etree

from retrieval.ingest import markup
from retrieval.ingest.builder import DocumentBuilder, Input, refusal, tidy_line
from retrieval.ingest.decoding import decode
from retrieval.types import Document

MEDIA_TYPE = "text/html"
MAX_FOR_TRAFILATURA = 1_500_000
"""Characters: its comparison of extractors is slow, and a larger page is a dump and no article."""

MAX_NESTING = 200
"""The parser drops what is nested much deeper; no page made for readers is."""

_log = logging.getLogger(__name__)

_FURNITURE_TAGS = ("nav", "aside", "footer", "form", "dialog")
_FURNITURE_ROLES = frozenset(
    [
        "navigation",
        "banner",
        "contentinfo",
        "search",
        "complementary",
        "dialog",
        "alertdialog",
        "menu",
        "menubar",
        "toolbar",
        "tablist",
        "tooltip",
    ]
)
_FURNITURE_NAMES = re.compile(
    r"(^|[\s_-])(cookies?|consent|gdpr|breadcrumbs?|pagination|pager|share|sharing|social|newsletter|subscribe|advert\w*|"
    r"sponsored|related|skip-?links?|site-?(header|footer|nav\w*)|nav(bar|igation)?|sidebar|toc|table-of-contents|"
    r"edit-?(this-?)?page|print-?only|sr-only|visually-hidden|screen-reader-text|comments?)($|[\s_-])",
    re.IGNORECASE,
)
_LEAVES = ("p", "li", "td", "th", "dd", "dt", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre")
_META = {
    "author": ("//meta[@name='author']/@content", "//meta[@property='article:author']/@content"),
    "date": (
        "//meta[@property='article:modified_time']/@content",
        "//meta[@name='last-modified']/@content",
        "//meta[@property='article:published_time']/@content",
        "//meta[@name='date']/@content",
    ),
    "description": ("//meta[@name='description']/@content", "//meta[@property='og:description']/@content"),
    "url": ("//link[@rel='canonical']/@href", "//meta[@property='og:url']/@content"),
}


def read(given: Input) -> Document:
    """The Document of a web page; InvalidInput when it has no content of its own."""
    text = decode(given, _declared_encoding(given.data))
    root = markup.parse(text)
    if root is None:
        raise refusal(given.filename, "the page is empty. Check the address, or paste its text instead.")
    metadata = _metadata(root)
    page_title = tidy_line(root.findtext(".//title") or "")
    builder = DocumentBuilder(given.filename, given.max_characters)
    main, body = _main_element(root), root.find("body")
    if main is None and body is not None:
        _remove_furniture(body)
        main = _container(body, text)
    if main is not None:
        _remove_furniture(main)
        _add_title(root, main, page_title, builder)
        markup.add_blocks(main, builder)
    if builder.count == 0 and text.count("<") > 10 * MAX_NESTING and _nesting(root) >= MAX_NESTING:
        raise refusal(given.filename, "its elements are nested too deeply to be read. Paste its text instead.")
    return builder.build(
        title=builder.first_heading(1) or _site_cut(page_title), media_type=MEDIA_TYPE, metadata=metadata
    )


def _add_title(root: markup.Element, main: markup.Element, page_title: str, builder: DocumentBuilder) -> None:
    """The page's heading when it stands outside its content; the window title tells it from a site's name."""
    headings = [markup.line_of(heading) for heading in root.iter("h1")]
    if (
        len(headings) == 1
        and next(main.iter("h1"), None) is None
        and headings[0]
        and page_title.startswith(headings[0])
    ):
        builder.heading(headings[0], 1)


def _nesting(root: markup.Element) -> int:
    deepest, element = 0, root
    while len(element):
        element, deepest = element[-1], deepest + 1
    return deepest


def from_markup(text: str, builder: DocumentBuilder) -> None:
    """Blocks of a fragment that is all content (made from Markdown or DOCX)."""
    root = markup.parse(f"<div>{text}</div>")
    if root is not None:
        markup.add_blocks(root, builder)


def _declared_encoding(data: bytes) -> str:
    found = re.search(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([\w.:-]{2,40})", data[:4096], re.IGNORECASE)
    found = found or re.search(rb"^\s*<\?xml[^>]{0,100}encoding=[\"']([\w.:-]{2,40})", data[:200])
    return found.group(1).decode("ascii", "replace") if found else ""


def _metadata(root: markup.Element) -> dict[str, str]:
    metadata = {"lang": tidy_line(root.get("lang", "") or root.get("xml:lang", "") or "")[:35]}
    for name, paths in _META.items():
        values = (str(value) for path in paths for value in root.xpath(path))
        metadata[name] = tidy_line(next((value for value in values if value.strip()), ""))[:1000]
    if not metadata["url"].startswith(("http://", "https://")):
        metadata["url"] = ""
    return metadata


def _site_cut(title: str) -> str:
    """`Parking | City of Larkmouth` -> `Parking`."""
    return re.split(r"\s+[|·•»–—]\s+|\s+::\s+", title)[0].strip() or title


def _main_element(root: markup.Element) -> markup.Element | None:
    for path in ("//main", "//*[@role='main']", "//article"):
        found = [element for element in root.xpath(path) if element.get("hidden") is None]
        if len(found) == 1 and len(markup.line_of(found[0])) >= 40:
            return found[0]
    return None


def _remove_furniture(main: markup.Element) -> None:
    for element in list(main.iter()):
        if element is main or not isinstance(element.tag, str) or element.getparent() is None:
            continue
        if _is_furniture(element):
            element.drop_tree()


def _is_furniture(element: markup.Element) -> bool:
    if element.tag in _FURNITURE_TAGS:
        # A page built as one big form (as some city portals are) keeps its content.
        return element.tag != "form" or element.find(".//p") is None
    if element.get("role", "").lower() in _FURNITURE_ROLES:
        return True
    if element.tag not in ("div", "section", "ul", "ol", "p", "span", "header", "a"):
        return False
    names = f"{element.get('class', '')} {element.get('id', '')}"
    # A name is a hint only: an element with headings and several paragraphs is content whatever it is called.
    return bool(_FURNITURE_NAMES.search(names)) and len(element.findall(".//p")) < 3


def _container(body: markup.Element, text: str) -> markup.Element:
    """The smallest element that holds nearly all of what trafilatura takes for the content.

    Its own output is not used, since it drops headings and table rows now and then; the element has them all.
    """
    found = _content_lines(text)
    weights: dict[markup.Element, int] = {}
    for element in body.iter(*_LEAVES):
        line = markup.line_of(element)
        if line in found:
            for holder in (element, *element.iterancestors()):
                weights[holder] = weights.get(holder, 0) + len(line)
    element = body
    while weights.get(element):
        heaviest = max(element, key=lambda child: weights.get(child, 0), default=None)
        if heaviest is None or heaviest.tag in _LEAVES or weights.get(heaviest, 0) < 0.9 * weights[element]:
            break
        element = heaviest
    return element


def _content_lines(text: str) -> frozenset[str]:
    """The lines of text that trafilatura finds; none when the page is too large or too broken for it."""
    if len(text) > MAX_FOR_TRAFILATURA:
        return frozenset()
    try:
        output = trafilatura.extract(
            text, output_format="xml", include_comments=False, include_tables=True, include_formatting=False,
            include_links=False, include_images=False, favor_recall=True, deduplicate=False,
        )  # fmt: skip
        tree = etree.fromstring(output.encode(), parser=_xml_parser()) if output else None
    except Exception as error:  # noqa: BLE001 - it runs three extractors over wild pages; without it, the body is read
        _log.info("trafilatura failed: %s", type(error).__name__)
        return frozenset()
    texts = (" ".join("".join(element.itertext()).split()) for element in tree.iter()) if tree is not None else ()
    return frozenset(line for line in texts if len(line) > 1)


def _xml_parser() -> etree.XMLParser:
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
