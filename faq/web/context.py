"""What every public page needs: its locale, the same page in the other languages, the site's name."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from faq import conf
from faq.queries import locales
from faq.queries.content import text_in


@dataclass(frozen=True, slots=True)
class Alternate:
    """This page in one language."""

    tag: str
    hreflang: str
    autonym: str
    direction: str
    path: str
    current: bool


def hreflang(tag: str) -> str:
    """BCP 47 with the usual capitals: `zh-hans` as `zh-Hans`, `pt-br` as `pt-BR`."""
    first, *rest = tag.split("-")
    return "-".join([first, *(p.title() if len(p) == 4 else p.upper() for p in rest)])


def site(request: HttpRequest) -> dict[str, Any]:
    """Template context; empty outside the public site."""
    locale = getattr(request, "locale", None)
    if locale is None:
        return {}
    first, _, rest = request.path_info.lstrip("/").partition("/")
    tail = rest if first == locale.tag else ""
    query = f"?{request.META['QUERY_STRING']}" if request.META.get("QUERY_STRING") else ""
    alternates = [
        Alternate(
            each.tag,
            hreflang(each.tag),
            each.autonym,
            each.direction,
            f"/{each.tag}/{tail}{query}",
            each.tag == locale.tag,
        )
        for each in locales.enabled_locales()
    ]
    name = text_in(conf.get("SITE_NAME"), locales.default_locale().tag)
    return {
        "locale": locale,
        "alternates": alternates,
        "default_path": next((a.path for a in alternates if a.tag == locales.default_locale().tag), "/"),
        "base_url": settings.SITE_URL,
        "canonical": f"{settings.SITE_URL}{request.path}",
        "site_name": _localised(name, locale.tag),
    }


def _localised(name: Any, tag: str) -> Any:
    """The site's name in the visitor's language, when the memory has it; cached with the locales."""
    from faq import cache
    from faq.gateways import translation

    def look() -> str:
        units = translation.recall([name.text], name.lang, tag) if tag != name.lang else {}
        return units[name.text].target if name.text in units else ""

    found = cache.cached(cache.LOCALES, f"site-name-{tag}", look)
    return text_in(found, tag) if found else name
