"""Who may call the API: pages of the portal itself, programs without a key, and whoever has a key that fits.

Deny by default. A publishable key is worth nothing but from its own origins; a secret one nothing in a page. Browsers say
which page asks, and no page can make them say otherwise; a program may claim any origin, and gains by it what a visitor of
that page has anyway. What may read is told in CORS headers, and only to origins that a key names.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import APIException
from rest_framework.request import Request

from faq.domain import keys
from faq.domain.keys import Access

BEARER = re.compile(r"\s*Bearer\s+(\S+)\s*\Z", re.IGNORECASE)
KEY_LENGTH = 200
ALLOWED_HEADERS = "Authorization, Content-Type, Accept, Accept-Language, If-None-Match"
EXPOSED_HEADERS = "ETag, Content-Language, Retry-After, RateLimit, RateLimit-Policy"
PREFLIGHT_SECONDS = 600
"""Browsers ask again after this; each request itself is checked anyway."""


class Unauthenticated(APIException):
    status_code = 401
    default_code = "unauthenticated"
    default_detail = _("This key is unknown, revoked or past its time. Ask who runs this portal for another one.")
    auth_header = 'Bearer realm="polyfaq", error="invalid_token"'


class OriginRefused(APIException):
    status_code = 403
    default_code = "origin-not-allowed"
    default_detail = _("Pages of this origin may not use the API with this key. Its editors can allow the origin.")


class ScopeMissing(APIException):
    status_code = 403
    default_code = "insufficient-scope"


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose request it is. `cors`: the other site's origin whose pages may read the answer; empty for none."""

    key: Access | None = None
    cors: str = ""

    @property
    def locales(self) -> tuple[str, ...]:
        """To which the key is bound; empty for all."""
        return self.key.locales if self.key else ()

    @property
    def topics(self) -> tuple[str, ...]:
        """To which the key is bound; empty for all."""
        return self.key.topics if self.key else ()


def caller(request: HttpRequest | Request) -> Caller:
    """Raises Unauthenticated and OriginRefused."""
    origin = request.META.get("HTTP_ORIGIN", "")
    here = from_here(request)
    text = given(request)
    if not text:
        if origin and not here:
            raise OriginRefused(_("Pages of other sites need a key of their own to use this API."))
        return Caller()
    key = keys.find(text)
    if key is None:
        raise Unauthenticated
    if key.is_widget:
        if not here and not (origin and key.from_origin(origin)):
            raise OriginRefused
        return Caller(key, "" if here else origin)
    if "key" in request.GET:
        raise Unauthenticated(
            _("A secret token in an address is no secret. Revoke it, and send the next one as a header.")
        )
    if origin and not here:
        raise OriginRefused(_("A secret token does not belong in a page. Revoke it, and use a publishable key there."))
    return Caller(key)


def given(request: HttpRequest | Request) -> str:
    """The key that a request shows: `Authorization: Bearer …`, or for pages `?key=…`."""
    found = BEARER.match(request.META.get("HTTP_AUTHORIZATION", ""))
    return (found.group(1) if found else request.GET.get("key", ""))[:KEY_LENGTH]


def from_here(request: HttpRequest | Request) -> bool:
    """Whether the browser says that a page of this very portal asks."""
    origin = request.META.get("HTTP_ORIGIN", "")
    if origin:
        return origin == f"{request.scheme}://{request.get_host()}" or origin in settings.CSRF_TRUSTED_ORIGINS
    return bool(request.META.get("HTTP_SEC_FETCH_SITE", "") == "same-origin")


def is_preflight(request: HttpRequest) -> bool:
    """Whether a browser asks if a page of another site may ask."""
    return (
        request.method == "OPTIONS"
        and "HTTP_ORIGIN" in request.META
        and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in request.META
    )


def preflight(request: HttpRequest, methods: str) -> Mapping[str, str]:
    """What to answer it. It shows no header, so that any key that names its origin counts. Raises OriginRefused."""
    origin = request.META["HTTP_ORIGIN"]
    key = keys.find(request.GET["key"][:KEY_LENGTH]) if "key" in request.GET else None
    if not (key.from_origin(origin) if key else keys.origin_known(origin)):
        raise OriginRefused
    return {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Methods": methods,
        "Access-Control-Allow-Headers": ALLOWED_HEADERS,
        "Access-Control-Max-Age": str(PREFLIGHT_SECONDS),
    }


def headers(who: Caller | None) -> dict[str, Any]:
    """Of every answer to a page of another site that may read it."""
    if who is None or not who.cors:
        return {}
    return {"Access-Control-Allow-Origin": who.cors, "Access-Control-Expose-Headers": EXPOSED_HEADERS}


def require_scope(who: Caller, scope: str) -> Access:
    """The secret token of a request that needs this scope. Raises Unauthenticated and ScopeMissing."""
    if who.key is None or who.key.is_widget:
        raise Unauthenticated(_("This needs a secret token: send it as “Authorization: Bearer sk_…”."))
    if scope not in who.key.scopes:
        raise ScopeMissing(_("This token does not have the scope %(scope)s.") % {"scope": scope})
    return who.key
