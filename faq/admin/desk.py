"""What the desk's screens share: doing one domain call with its messages, read-only model admins, state badges."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin

from faq.errors import DomainError

BADGES = {
    "published": "good",
    "succeeded": "good",
    "current": "good",
    "valid": "good",
    "human": "good",
    "draft": "plain",
    "queued": "plain",
    "memory": "plain",
    "source": "plain",
    "in_review": "info",
    "running": "info",
    "machine": "info",
    "moved": "warn",
    "stale": "warn",
    "open": "warn",
    "missing": "bad",
    "failed": "bad",
    "broken": "bad",
}


def badge(value: str, label: str = "") -> SafeString:
    """A coloured word; the colour is never the only sign."""
    return format_html('<span class="pf-badge pf-{}">{}</span>', BADGES.get(value, "plain"), label or value)


def perform(request: HttpRequest, call: Callable[[], Any], done: str, to: str) -> HttpResponse:
    """One domain call on POST, then a redirect; a DomainError becomes a message and nothing else changes."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    try:
        call()
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, done)
    return HttpResponseRedirect(to)


class ReadOnlyAdmin(ModelAdmin):
    """Rows that only domain functions write."""

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
