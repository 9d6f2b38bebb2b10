"""Template tags of the public site: icons, links in plain text, marked quotes."""

import re

from django import template
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

from faq.web.icons import ICONS, WORDS

register = template.Library()

ADDRESS = re.compile(
    r"(?P<url>https?://[^\s<>\"'。，、）；]+)|(?P<mail>[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)",
)
AFTER = ".,;:!?)]}»”’…"


@register.simple_tag
def icon(name: str) -> SafeString:
    """An inline picture that screen readers pass over."""
    return format_html(
        '<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">{}</svg>',
        mark_safe(ICONS.get(name, ICONS["help"])),  # noqa: S308 - the table above
    )


@register.simple_tag
def topic_icon(key: str) -> SafeString:
    """The picture that fits a topic's key best."""
    parts = [part for part in re.split(r"[-_]", key.lower()) if part]
    found = (name for part in parts for name, words in WORDS.items() if part.startswith(words))
    return icon(next(found, "help"))


@register.filter
def linked(text: str) -> SafeString:
    """Plain text with its web and e-mail addresses as links. Everything else is escaped."""
    pieces: list[str] = []
    at = 0
    value = str(text)
    for match in ADDRESS.finditer(value):
        found = match.group().rstrip(AFTER)
        end = match.start() + len(found)
        href = found if match.group("url") else f"mailto:{found}"
        pieces.append(escape(value[at : match.start()]))
        pieces.append(format_html('<a dir="ltr" href="{}" rel="nofollow">{}</a>', href, found))
        at = end
    pieces.append(escape(value[at:]))
    return mark_safe("".join(pieces))  # noqa: S308 - each piece is escaped above


@register.filter
def marked(block: object, span: tuple[int, int] | None) -> SafeString:
    """A source's block with the quoted characters marked; `span` is in the passage's text."""
    text, start = str(block.text), int(block.start)  # type: ignore[attr-defined]
    begin, end = (max(0, span[0] - start), min(len(text), span[1] - start)) if span else (0, 0)
    if end <= begin:
        return linked(text)
    parts = linked(text[:begin]), linked(text[begin:end]), linked(text[end:])
    return format_html("{}<mark>{}</mark>{}", *parts)
