"""Forms of visitors who are nobody in particular: taken from this site's own pages only, without a token.

A token would make each page another one for each reader, to be built and sent anew. What a token proves, browsers tell
themselves, and no page can make them tell otherwise: `Sec-Fetch-Site`, and `Origin` where that is missing (plain http on
another machine, older browsers). What tells neither is refused. Forms of people who are logged in keep their tokens.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.http import is_same_domain
from django.views.decorators.csrf import csrf_exempt

from faq.web import problems


def same_origin(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Refuses what another site's page sends, with 403 and a page that explains it."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        # Django's own tests switch the check of tokens off in this way; it means this check as well.
        if from_here(request) or getattr(request, "_dont_enforce_csrf_checks", False):
            return view(request, *args, **kwargs)
        return problems.csrf_failure(request)

    return csrf_exempt(guarded)


def from_here(request: HttpRequest) -> bool:
    """Whether the browser says that a page of this very origin sent the form, or one that the settings trust."""
    origin = request.META.get("HTTP_ORIGIN", "")
    if origin in settings.CSRF_TRUSTED_ORIGINS or _trusted_domain(origin):
        return True
    told = request.META.get("HTTP_SEC_FETCH_SITE", "")
    if told:
        return bool(told == "same-origin")
    return bool(origin) and origin == f"{request.scheme}://{request.get_host()}"


def _trusted_domain(origin: str) -> bool:
    """POLYFAQ_TRUSTED_ORIGINS may say `https://*.example.org`."""
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    wide = (urlsplit(each.replace("*", "")) for each in settings.CSRF_TRUSTED_ORIGINS if "*" in each)
    return any(parts.scheme == each.scheme and is_same_domain(parts.netloc, each.netloc) for each in wide)
