"""The visitor's language from the path, else cookie, else Accept-Language; and the response headers that protect pages.

`request.locale` is set on every public page. The admin speaks the language that was chosen there, else
the browser's: looking at a page in another one does not change it.
"""

from collections.abc import Callable
from urllib.parse import quote

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.urls import get_script_prefix
from django.utils import translation
from django.utils.cache import patch_vary_headers

from faq.models import Locale
from faq.queries import locales
from faq.web import languages
from faq.web.languages import negotiate

Handler = Callable[[HttpRequest], HttpResponse]
UNLOCALISED = {"api", "static", "sitemap.xml", "robots.txt", "favicon.ico"}
ADMIN = "admin"

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'"
)


def interface_language(locale: Locale) -> str:
    """The catalogue for a locale: its own, that of what it falls back to, else the program's own language."""
    known = {code for code, _ in settings.LANGUAGES}
    tags = (locale.tag, locale.fallback_id or "")
    return next((tag for tag in tags if tag in known), settings.LANGUAGE_CODE)


def desk_language(request: HttpRequest) -> str:
    """The catalogue for the admin: the one chosen there, else the best of the browser's wishes."""
    chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
    known = {code for code, _ in settings.LANGUAGES}
    return chosen if chosen in known else interface_language(languages.wished(request))


class LocaleMiddleware:
    """Sets `request.locale` and Django's active language; sends other spellings of a tag to the one we use."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        first, _, rest = request.path_info.lstrip("/").partition("/")
        if first in UNLOCALISED:
            return self.get_response(request)
        if first == ADMIN:
            with translation.override(desk_language(request)):
                return self.get_response(request)
        named = locales.resolve(first) if first else None
        if named is not None and named.tag != first:
            return _moved(request, f"{named.tag}/{quote(rest)}")
        locale = named or negotiate(request)
        request.locale = locale  # type: ignore[attr-defined]
        with translation.override(interface_language(locale)):
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", locale.tag)
        if named is None:
            patch_vary_headers(response, ("Accept-Language", "Cookie"))
        elif _remembers(request, response, named):
            languages.remember(request, response, named.tag)
        return response


def _remembers(request: HttpRequest, response: HttpResponse, named: Locale) -> bool:
    """Whether the reader has chosen this language by opening a page in it; what caches share sets no cookies here."""
    if response.status_code != 200 or request.method != "GET":
        return False
    kept = getattr(response, "shared", False) or "public" in response.get("Cache-Control", "")
    return not kept and languages.chosen(request, named.tag)


def _moved(request: HttpRequest, path: str) -> HttpResponse:
    query = f"?{request.META['QUERY_STRING']}" if request.META.get("QUERY_STRING") else ""
    return HttpResponsePermanentRedirect(f"{get_script_prefix()}{path}{query}")


class SecurityHeadersMiddleware:
    """A strict content security policy on public pages; the admin's own scripts need a looser one."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.path_info.lstrip("/").partition("/")[0] != ADMIN:
            response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        response.headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
        return response
