"""Errors as RFC 9457 problem details: `type`, `title`, `status`, `detail` and, for fields, `errors`.

`type` never changes for a kind of problem, so that programs can tell them apart; `title` is its name in the caller's
language; `detail` says what was wrong this time.
"""

from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import Http404
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import exception_handler as rest_handler

from faq.errors import DomainError
from faq.queries import locales

CONTENT_TYPE = "application/problem+json"
BASE = "https://polyfaq.org/problems/"
TITLES = {
    "conflict": _("Changed by somebody else meanwhile"),
    "forbidden": _("Not permitted"),
    "invalid": _("Invalid request"),
    "method-not-allowed": _("Method not allowed"),
    "not-acceptable": _("Format not available"),
    "not-found": _("Not found"),
    "parse-error": _("Request could not be read"),
    "throttled": _("Too many requests"),
    "too-large": _("Request too large"),
    "unavailable": _("Service unavailable"),
    "unsupported-media-type": _("Unsupported media type"),
}


def problem(status: int, kind: str, detail: str, headers: dict[str, str] | None = None, **extra: Any) -> Response:
    """A response in the language that is active; `kind` is one of TITLES."""
    title = str(TITLES.get(kind, kind.replace("-", " ").capitalize()))
    body = {"type": f"{BASE}{kind}", "title": title, "status": status, "detail": detail, **extra}
    return Response(body, status=status, headers=headers, content_type=CONTENT_TYPE)


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Django REST framework's EXCEPTION_HANDLER."""
    with translation.override(_language(context["request"])):
        return _handled(error, context)


def _language(request: Request) -> str:
    found = locales.accepted(request.headers.get("Accept-Language", ""))
    known = {code for code, _ in settings.LANGUAGES}
    return found.tag if found is not None and found.tag in known else settings.LANGUAGE_CODE


def _handled(error: Exception, context: dict[str, Any]) -> Response | None:
    if isinstance(error, DomainError):
        return problem(error.status, error.type, str(error))
    if isinstance(error, RequestDataTooBig):
        most = int(settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0)
        return problem(413, "too-large", f"A request has at most {most} bytes.")
    if isinstance(error, exceptions.ValidationError):
        return problem(400, "invalid", "Some fields are wrong; see errors.", errors=error.detail)
    response = rest_handler(error, context)
    if response is None:
        return None
    kind = "not-found" if isinstance(error, Http404) else getattr(error, "default_code", "error").replace("_", "-")
    headers = {
        name: response.headers[name]
        for name in ("Retry-After", "WWW-Authenticate", "Allow")
        if name in response.headers
    }
    return problem(response.status_code, kind, str(getattr(error, "detail", error)), headers)
