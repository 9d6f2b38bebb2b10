"""Markdown, as people write it for site generators: front matter, tables, raw HTML, Hugo shortcodes.

Rendered by markdown-it and read as HTML. Shortcodes never show; a shortcode that encloses text and names it (a glossary's
`{{% def name="…" %}}`) gives that name as the text's beginning, since the site shows it too.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass

import yaml
from markdown_it import MarkdownIt

from retrieval.ingest.builder import DocumentBuilder, Input, refusal, tidy_line
from retrieval.ingest.decoding import decode
from retrieval.ingest.webpage import from_markup
from retrieval.types import Document

MEDIA_TYPE = "text/markdown"
MAX_PARAGRAPH = 50_000
"""Characters of one run of inline Markdown: beyond, marks are left as they are, since parsing them is quadratic at worst."""
MAX_FRONT_MATTER = 20_000

_FRONT_MATTER = re.compile(r"\A\s*(---|\+\+\+)[ \t]*\n(.*?)\n\1[ \t]*(?:\n|\Z)", re.DOTALL)
_METADATA = {
    "url": ("url", "canonical", "canonical_url", "link"),
    "lang": ("lang", "language", "locale"),
    "author": ("author", "authors"),
    "date": ("lastmod", "updated", "last_updated", "modified", "date"),
    "description": ("description", "summary"),
    "topic": ("topic", "category"),
}


def read(given: Input) -> Document:
    """The Document of a Markdown file; InvalidInput when nothing but front matter and shortcodes is in it."""
    text = decode(given).replace("\r\n", "\n").replace("\r", "\n")
    front, body = split_front_matter(text)
    if len(body) > 2 * given.max_characters:
        raise refusal(
            given.filename, f"it is longer than {given.max_characters:,} characters. Split it into several files."
        )
    builder = DocumentBuilder(given.filename, given.max_characters)
    from_markup(render(without_shortcodes(body)), builder)
    title = _scalar(front.get("title")) or builder.first_heading(1) or builder.first_heading()
    metadata = {name: _first(front, keys) for name, keys in _METADATA.items()}
    if not metadata["url"].startswith(("http://", "https://")):
        metadata["url"] = ""
    return builder.build(title=title, media_type=MEDIA_TYPE, metadata=metadata)


def split_front_matter(text: str) -> tuple[Mapping[str, object], str]:
    """YAML between `---`, or TOML between `+++`; broken front matter is dropped, it is never content."""
    found = _FRONT_MATTER.match(text) if text.lstrip()[:3] in ("---", "+++") else None
    if found is None:
        return {}, text
    mark, source = found.group(1), found.group(2)
    if mark == "---" and source.strip() and not re.search(r"^[\w\"'-]+\s*:", source, re.MULTILINE):
        return {}, text  # a rule at the top of a page, not front matter
    body = text[found.end() :]
    if len(source) > MAX_FRONT_MATTER:
        return {}, body
    try:
        values = tomllib.loads(source) if mark == "+++" else yaml.safe_load(source)
    except (yaml.YAMLError, tomllib.TOMLDecodeError, ValueError, RecursionError):
        return {}, body
    return ({str(key).lower(): value for key, value in values.items()} if isinstance(values, dict) else {}), body


def _scalar(value: object) -> str:
    return "" if value is None or isinstance(value, dict | list) else tidy_line(str(value))[:1000]


def _first(front: Mapping[str, object], keys: tuple[str, ...]) -> str:
    for key in keys:
        value = front.get(key)
        text = _scalar(value[0] if isinstance(value, list) and value else value)
        if text:
            return text
    return ""


@dataclass(frozen=True, slots=True)
class Shortcode:
    start: int
    end: int
    name: str
    closes: bool
    attributes: Mapping[str, str]


_ATTRIBUTE = re.compile(r"([\w-]{1,40})\s*=\s*(?:\"([^\"]{0,300})\"|'([^']{0,300})'|`([^`]{0,300})`)")


def without_shortcodes(text: str) -> str:
    """Hugo's `{{< … >}}` and `{{% … %}}`, Jekyll's lines of `{% … %}`, and their comments, taken out."""
    codes = list(_shortcodes(text))
    closed = {code.name for code in codes if code.closes}
    pieces: list[str] = []
    position = 0
    for code in codes:
        pieces.append(text[position : code.start])
        if not code.closes and code.name in closed:
            pieces.append(_label(code.attributes))
        position = code.end
    pieces.append(text[position:])
    return re.sub(r"^[ \t]*\{%[^\n]{0,500}?%\}[ \t]*$", "", "".join(pieces), flags=re.MULTILINE)


def _shortcodes(text: str) -> list[Shortcode]:
    found: list[Shortcode] = []
    position = 0
    while (start := _next(text, position)) >= 0:
        closing = text[start + 2].replace("<", ">") + "}}"
        end = text.find(closing, start + 3)
        if end < 0:
            # Never closed: to the end of its line.
            end = text.find("\n", start)
            found.append(Shortcode(start, len(text) if end < 0 else end, "", False, {}))
            position = found[-1].end
            continue
        inner = text[start + 3 : end].strip()
        name = re.match(r"/?\s*([\w./-]*)", inner[:100])
        attributes = {key: a or b or c for key, a, b, c in _ATTRIBUTE.findall(inner[:2000])}
        found.append(
            Shortcode(start, end + 3, name.group(1).strip("/") if name else "", inner.startswith("/"), attributes)
        )
        position = end + 3
    return found


def _next(text: str, position: int) -> int:
    places = [place for place in (text.find("{{<", position), text.find("{{%", position)) if place >= 0]
    return min(places, default=-1)


def _label(attributes: Mapping[str, str]) -> str:
    """What names the enclosed text: "Name (abbreviation): "."""
    name = next((attributes[key] for key in ("name", "title", "term", "summary") if attributes.get(key)), "")
    short = attributes.get("abbr", "")
    if name and short and short != name:
        name = f"{name} ({short})"
    return f"{name or short}: " if name or short else ""


def render(body: str) -> str:
    """HTML of the Markdown; raw HTML stays, to be read (and its tags dropped) as such."""
    body = re.sub(r"^(#{1,6} .{0,500}?)[ \t]*\{[#.][^}\n]{0,200}\}[ \t]*$", r"\1", body, flags=re.MULTILINE)
    body = re.sub(r"\[\^[\w-]{1,40}\](:[ \t])?", "", body)
    parser = MarkdownIt("commonmark", {"html": True, "maxNesting": 60}).enable(["table", "strikethrough"])
    parser.core.ruler.at("inline", _bounded_inline)
    return str(parser.render(body))


def _bounded_inline(state: object) -> None:
    """As markdown-it's own rule, but a run too long to parse in bounded time stays literal."""
    for token in state.tokens:  # type: ignore[attr-defined]
        if token.type != "inline":
            continue
        if len(token.content) > MAX_PARAGRAPH:
            literal = type(token)("text", "", 0)
            literal.content = token.content
            token.children = [literal]
        else:
            token.children = []
            state.md.inline.parse(token.content, state.md, state.env, token.children)  # type: ignore[attr-defined]
