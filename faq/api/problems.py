"""Errors as RFC 9457 problem details: `type`, `title`, `status`, `detail` and, for fields, `errors`.

`type` never changes for a kind of problem, so that programs can tell them apart; `title` is its name and `detail` says what
was wrong this time, both in the language that is active: faq.api.language says which the asker's is.
"""

import json
from typing import Any, TypeVar

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler as rest_handler

from faq.api import language
from faq.errors import DomainError

T = TypeVar("T", bound=HttpResponse)
CONTENT_TYPE = "application/problem+json"
BASE = "https://polyfaq.org/problems/"
TITLES = {
    "conflict": _("Changed by somebody else meanwhile"),
    "forbidden": _("Not permitted"),
    "internal-error": _("The server failed"),
    "insufficient-scope": _("The token does not allow this"),
    "invalid": _("Invalid request"),
    "method-not-allowed": _("Method not allowed"),
    "not-acceptable": _("Format not available"),
    "not-found": _("Not found"),
    "origin-not-allowed": _("Not from this page"),
    "parse-error": _("Request could not be read"),
    "throttled": _("Too many requests"),
    "too-large": _("Request too large"),
    "unauthenticated": _("No valid key"),
    "unavailable": _("Service unavailable"),
    "unsupported-media-type": _("Unsupported media type"),
}
DETAILS = {
    400: ("invalid", _("The server does not answer requests of this form. Check the address and its host name.")),
    403: ("forbidden", _("You may not do this.")),
    404: ("not-found", _("There is nothing at this address.")),
    500: (
        "internal-error",
        _("The request could not be answered. The failure has been noted; please try again later."),
    ),
}
"""What is said of a request that no view of the API answered."""


def problem(status: int, kind: str, detail: str, headers: dict[str, str] | None = None, **extra: Any) -> Response:
    """A response in the language that is active; `kind` is one of TITLES."""
    response = Response(
        details(status, kind, detail, **extra), status=status, headers=headers, content_type=CONTENT_TYPE
    )
    return _in_language(response)


def outside(request: HttpRequest, status: int) -> HttpResponse:
    """For what fails before or around the API's views: one of DETAILS, in the asker's language."""
    kind, detail = DETAILS[status]
    with translation.override(language.of(request)):
        text = json.dumps(details(status, kind, str(detail)), ensure_ascii=False)
        return _in_language(HttpResponse(text, status=status, content_type=CONTENT_TYPE))


def details(status: int, kind: str, detail: str, **extra: Any) -> dict[str, Any]:
    """The members of a problem; `kind` is one of TITLES."""
    title = str(TITLES.get(kind, kind.replace("-", " ").capitalize()))
    return {"type": f"{BASE}{kind}", "title": title, "status": status, "detail": detail, **extra}


def _in_language(response: T) -> T:
    response.headers["Content-Language"] = translation.get_language() or settings.LANGUAGE_CODE
    patch_vary_headers(response, ("Accept-Language",))
    return response


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Django REST framework's EXCEPTION_HANDLER; None for what nobody foresaw, which Django then logs and answers."""
    if isinstance(error, DomainError):
        return problem(error.status, error.type, str(error))
    if isinstance(error, RequestDataTooBig):
        most = int(settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0)
        return problem(413, "too-large", gettext("A request has at most %(n)d bytes.") % {"n": most})
    if isinstance(error, UnreadablePostError):
        return problem(400, "parse-error", gettext("The body broke off before its end. Send it again."))
    if isinstance(error, exceptions.ValidationError):
        return problem(400, "invalid", gettext("Some fields are wrong; see errors."), errors=error.detail)
    response = rest_handler(error, context)
    if response is None:
        return None
    kind = "not-found" if isinstance(error, Http404) else getattr(error, "default_code", "error").replace("_", "-")
    headers = {
        name: response.headers[name]
        for name in ("Retry-After", "WWW-Authenticate", "Allow")
        if name in response.headers
    }
    return problem(response.status_code, kind, _detail(error), headers)


def _detail(error: Exception) -> str:
    said = str(getattr(error, "detail", error))
    if isinstance(error, exceptions.ParseError):  # the one message of the framework that it does not translate
        return gettext("The body is no JSON: %(reason)s") % {"reason": said.removeprefix("JSON parse error - ")}
    return said
