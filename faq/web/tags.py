"""Template tags of the public site: icons, links in plain text, marked quotes."""

import re
from datetime import datetime

from django import template
from django.utils import timezone
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from faq.web.icons import ICONS, WORDS
from faq.web.localised import written

register = template.Library()

ADDRESS = re.compile(
    r"(?P<url>https?://[^\s<>\"'。，、）；]+)|(?P<mail>[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)",
)
AFTER = ".,;:!?)]}»”’…"
PARTS = re.compile(r"https?://[^/?#]+|@.*|[^@/.?&=#_-]+|[/.?&=#_-]+[^@/.?&=#_-]*")


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
        pieces.append(format_html('<a dir="ltr" href="{}" rel="nofollow">{}</a>', href, breakable(found)))
        at = end
    pieces.append(escape(value[at:]))
    return mark_safe("".join(pieces))  # noqa: S308 - each piece is escaped above


def breakable(address: str) -> SafeString:
    """An address that a narrow column may break between its parts, and not in the middle of a word."""
    return format_html_join(mark_safe("<wbr>"), "{}", ((part,) for part in PARTS.findall(address)))


def marked(text: str, span: tuple[int, int]) -> SafeString:
    """linked(), with the characters from `span[0]` up to `span[1]` marked; none when it is empty."""
    begin, end = span
    if end <= begin:
        return linked(text)
    parts = linked(text[:begin]), linked(text[begin:end]), linked(text[end:])
    return format_html("{}<mark>{}</mark>{}", *parts)


@register.filter
def day(moment: datetime, tag: str) -> SafeString:
    """The moment's date as the language of this tag writes it in full."""
    local = timezone.localtime(moment).date()
    return format_html('<time datetime="{}">{}</time>', local.isoformat(), written(local, tag))
