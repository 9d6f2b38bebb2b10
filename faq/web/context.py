"""What every public page needs: its locale, the same page in the other languages, the site's name."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from django.http import HttpRequest
from django.urls import get_script_prefix, reverse
from django.utils.translation import get_language, gettext, gettext_noop

from faq import conf
from faq.export.visitor import LIVE
from faq.gateways import generation
from faq.queries import locales
from faq.queries.payloads import Text, reading, titles
from faq.tracing import EXPORTED

QUERY_LENGTH = 8000
"""Bytes of a query that the language menu repeats, once a language: a question of the longest kind, in any script."""


@dataclass(frozen=True, slots=True)
class Alternate:
    """This page in one language. `path` keeps the query for the menu; `address` is absolute, for search engines."""

    tag: str
    hreflang: str
    autonym: str
    direction: str
    path: str
    address: str
    current: bool


def hreflang(tag: str) -> str:
    """BCP 47 with the usual capitals: `zh-hans` as `zh-Hans`, `pt-br` as `pt-BR`."""
    first, *rest = tag.split("-")
    return "-".join([first, *(part.title() if len(part) == 4 else part.upper() for part in rest)])


def absolute(path: str) -> str:
    """The public address of a path below the site's root, whatever host this request came to."""
    return f"{conf.get('SITE_URL')}{get_script_prefix()}{path}"


def site(request: HttpRequest) -> dict[str, Any]:
    """Template context; empty outside the public site."""
    locale = getattr(request, "locale", None)
    if locale is None:
        return {}
    first, _, rest = request.path_info.lstrip("/").partition("/")
    tail = quote(rest) if first == locale.tag else ""
    asked = request.META.get("QUERY_STRING", "")
    query = f"?{asked}" if tail and 0 < len(asked) <= QUERY_LENGTH else ""
    alternates = [
        Alternate(
            tag=each.tag,
            hreflang=hreflang(each.tag),
            autonym=each.autonym,
            direction=each.direction,
            path=f"{get_script_prefix()}{each.tag}/{tail}{query}",
            address=absolute(f"{each.tag}/{tail}"),
            current=each.tag == locale.tag,
        )
        for each in locales.enabled_locales()
    ]
    default = locales.default_locale().tag
    exported = bool(request.META.get(EXPORTED))
    return {
        "locale": locale,
        "lang": hreflang(locale.tag),
        "alternates": alternates,
        "default_address": absolute(f"{default}/{tail}"),
        "canonical": absolute(f"{locale.tag}/{tail}"),
        "site_name": site_name(locale.tag),
        "question_length": conf.get("QUESTION_MAX_LENGTH"),
        "streaming": generation.ready() and not exported,
        "exported": exported,
        "ask_address": _ask_address(request, locale.tag),
    }


def _ask_address(request: HttpRequest, tag: str) -> str:
    """Where questions are answered: here; from an exported site the live portal, or nowhere."""
    if not request.META.get(EXPORTED):
        return reverse("ask", args=[tag])
    live = request.META.get(LIVE, "")
    return f"{live}/{tag}/ask/" if live else ""


gettext_noop("Help centre")


def site_name(tag: str) -> Text:
    """The site's name in the visitor's language, when the memory has it."""
    reader = reading(tag)
    found, name = titles(reader).site, str(conf.get("SITE_NAME"))
    known = gettext(name)
    # The name a portal has until it is given one is in the interface's catalogues.
    return reader.text(known, get_language() or tag) if found.lang != tag and known != name else found
