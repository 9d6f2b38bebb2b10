"""Errors as RFC 9457 problem details: `type`, `title`, `status`, `detail` and, for fields, `errors`."""

from typing import Any

from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler as rest_handler

from faq.errors import DomainError

CONTENT_TYPE = "application/problem+json"
BASE = "https://polyfaq.org/problems/"


def problem(
    status: int, kind: str, title: str, detail: str, headers: dict[str, str] | None = None, **extra: Any
) -> Response:
    """A response whose `type` is stable for programs; `detail` says to people what to do."""
    body = {"type": f"{BASE}{kind}", "title": title, "status": status, "detail": detail, **extra}
    return Response(body, status=status, headers=headers, content_type=CONTENT_TYPE)


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Django REST framework's EXCEPTION_HANDLER."""
    if isinstance(error, DomainError):
        return problem(error.status, error.type, error.type.replace("-", " ").capitalize(), str(error))
    if isinstance(error, exceptions.ValidationError):
        return problem(400, "invalid", "Invalid", "Some fields are wrong; see errors.", errors=error.detail)
    response = rest_handler(error, context)
    if response is None:
        return None
    kind = "not-found" if isinstance(error, Http404) else getattr(error, "default_code", "error").replace("_", "-")
    detail = str(getattr(error, "detail", error))
    headers = {
        name: response.headers[name]
        for name in ("Retry-After", "WWW-Authenticate", "Allow")
        if name in response.headers
    }
    return problem(response.status_code, kind, kind.replace("-", " ").capitalize(), detail, headers)
