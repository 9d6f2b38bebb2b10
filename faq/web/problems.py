"""Error pages in the visitor's language, with a way on. The page for a broken server needs neither database nor cache."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template import loader
from django.utils.translation import gettext as _

from faq.queries import content
from faq.web.languages import negotiate


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """No such page, or no such language."""
    return _page(
        request,
        404,
        _("We cannot find this page"),
        _("It may have moved, or its address may have a typing error. Search for it here, or choose a topic."),
        topics=lambda: content.topics(request.locale.tag),  # type: ignore[attr-defined]
    )


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _page(request, 400, _("We could not read this request"), _("Please go back and try again."))


def too_large(request: HttpRequest) -> HttpResponse:
    """More in a form than is read; uploaded files do not count."""
    megabytes = int(settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0) // 2**20
    text = _(
        "A form takes at most %(n)d MB of typed text, and this was more. Nothing was saved. Go back to what you typed, and"
        " upload the text as a file instead."
    )
    return _page(request, 413, _("Too much text for a form"), text % {"n": megabytes})


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _page(
        request, 403, _("You may not see this page"), _("If you think that this is a mistake, please tell us.")
    )


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form that was open for too long, or sent from elsewhere."""
    return _page(
        request,
        403,
        _("This form is no longer valid"),
        _("Please go back, reload the page and send the form again. Your browser must accept cookies for this."),
    )


def server_error(request: HttpRequest) -> HttpResponse:
    """Rendered without a request, so that what broke the page cannot break this one."""
    return HttpResponse(loader.get_template("500.html").render(), status=500)


def _page(request: HttpRequest, status: int, title: str, text: str, **more: Any) -> HttpResponse:
    if not hasattr(request, "locale"):
        request.locale = negotiate(request)  # type: ignore[attr-defined]
    context: dict[str, Any] = {"title": title, "text": text, "status": status, **more}
    return render(request, "site/error.html", context, status=status)
