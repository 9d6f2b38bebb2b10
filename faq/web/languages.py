"""The cookie that remembers a reader's language: given only where the browser's own wishes would lead elsewhere, so that
most pages are sent without one and may be kept by anyone."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from faq import cache
from faq.models import Locale
from faq.queries import locales

COOKIE = "polyfaq_locale"
COOKIE_SECONDS = 365 * 24 * 3600


def negotiate(request: HttpRequest) -> Locale:
    """The best enabled locale for a visitor whose path names none."""
    remembered = locales.resolve(request.COOKIES.get(COOKIE, ""))
    return remembered or wished(request)


def chosen(request: HttpRequest, tag: str) -> bool:
    """Whether this enabled locale is not the one that the visitor would be led to from the site's first address."""
    if all(locale.tag != tag for locale in locales.enabled_locales()):
        return False
    remembered = request.COOKIES.get(COOKIE, "") if "HTTP_COOKIE" in request.META else ""
    return (remembered or wished(request).tag) != tag


def remember(request: HttpRequest, response: HttpResponseBase, tag: str) -> None:
    response.set_cookie(COOKIE, tag, max_age=COOKIE_SECONDS, samesite="Lax", httponly=True, secure=request.is_secure())


def wished(request: HttpRequest) -> Locale:
    """The best enabled locale for what the browser asks for."""
    header = request.headers.get("Accept-Language", "")[:500]
    if not header:
        return locales.default_locale()
    return cache.cached(
        cache.LOCALES, f"accepted:{header}", lambda: locales.accepted(header) or locales.default_locale()
    )
