"""Which surface says that a request failed: below /api/ the API with problem details, elsewhere the site with a page."""

from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse

from faq.api import problems as api
from faq.web import problems as site


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if _of_api(request):
        return api.outside(request, 400)
    return site.too_large(request) if isinstance(exception, RequestDataTooBig) else site.bad_request(request, exception)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return api.outside(request, 403) if _of_api(request) else site.forbidden(request, exception)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return api.outside(request, 404) if _of_api(request) else site.not_found(request, exception)


def server_error(request: HttpRequest, *_: Any) -> HttpResponse:
    return api.outside(request, 500) if _of_api(request) else site.server_error(request)


def _of_api(request: HttpRequest) -> bool:
    return request.path_info.startswith("/api/")
