"""The visitor's language from the path, else cookie, else Accept-Language; and the response headers that protect pages."""

from collections.abc import Callable
from urllib.parse import quote

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.utils import translation
from django.utils.translation.trans_real import parse_accept_lang_header

from faq.models import Locale
from faq.queries import locales

COOKIE = "polyfaq_locale"
Handler = Callable[[HttpRequest], HttpResponse]
UNLOCALISED = {"admin", "api", "static", "sitemap.xml", "robots.txt", "favicon.ico"}

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'"
)


def negotiate(request: HttpRequest) -> Locale:
    """The best enabled locale for a visitor who named none in the path."""
    wanted = [request.COOKIES.get(COOKIE, "")]
    wanted += [
        tag for tag, quality in parse_accept_lang_header(request.headers.get("Accept-Language", "")[:500]) if quality
    ]
    found = (locales.resolve(tag) for tag in wanted if tag and tag != "*")
    return next((locale for locale in found if locale is not None), locales.default_locale())


class LocaleMiddleware:
    """Sets `request.locale` and Django's active language; sends other spellings of a tag to the one we use."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        first, _, rest = request.path_info.lstrip("/").partition("/")
        if first in UNLOCALISED:
            return self.get_response(request)
        locale = locales.resolve(first) if first else None
        if locale is not None and locale.tag != first:
            query = f"?{request.META['QUERY_STRING']}" if request.META.get("QUERY_STRING") else ""
            return HttpResponsePermanentRedirect(f"/{locale.tag}/{quote(rest)}{query}")
        request.locale = locale or negotiate(request)  # type: ignore[attr-defined]
        known = {code for code, _ in settings.LANGUAGES}
        tag = request.locale.tag  # type: ignore[attr-defined]
        with translation.override(tag if tag in known else settings.LANGUAGE_CODE):
            response = self.get_response(request)
            response.headers.setdefault("Content-Language", tag)
        if locale is not None and request.COOKIES.get(COOKIE) != tag and response.status_code == 200:
            response.set_cookie(
                COOKIE, tag, max_age=31_536_000, samesite="Lax", httponly=True, secure=request.is_secure()
            )
        return response


class SecurityHeadersMiddleware:
    """A strict content security policy on public pages; the admin's own scripts need a looser one."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not request.path_info.startswith("/admin/"):
            response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        response.headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
        return response
