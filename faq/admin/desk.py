"""What the desk's screens share: permission checks, one domain call with its messages, badges, page context.

Invariant: every view of ours names the permission it needs; there is no default. A view that takes text shows the same
page again with that text when a domain function refuses it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin

from faq.admin.forms import unwritten
from faq.domain import access
from faq.errors import DomainError

BADGES = {
    "published": "good",
    "succeeded": "good",
    "current": "good",
    "valid": "good",
    "human": "good",
    "answered": "good",
    "in_review": "info",
    "running": "info",
    "machine": "info",
    "generated": "info",
    "moved": "warn",
    "stale": "warn",
    "open": "warn",
    "missing": "bad",
    "failed": "bad",
    "broken": "bad",
}


def badge(value: str, label: object = "") -> SafeString:
    """A coloured word; the colour is never the only sign."""
    return format_html('<span class="pf-badge pf-{}">{}</span>', BADGES.get(value, "plain"), label or value)


def allow(request: HttpRequest, *permissions: str) -> None:
    """PermissionDenied unless the person has all of these, as in `faq.change_source`."""
    if not request.user.has_perms(permissions):
        raise PermissionDenied


def may(request: HttpRequest, permission: str) -> bool:
    """Whether to offer what allow() would refuse."""
    return bool(request.user.has_perm(f"faq.{permission}"))


def may_translate(request: HttpRequest, permission: str, tag: str) -> bool:
    """Whether somebody may do this to translations into a language."""
    return access.may(request.user, permission) and access.translates(request.user, tag)


def perform(
    request: HttpRequest, call: Callable[[], Any], done: str | Callable[[Any], str], to: str, *, needs: str
) -> HttpResponse:
    """One domain call on POST, then a redirect; a DomainError becomes a message and nothing else changes.

    For what takes no text: there is nothing to lose. `done` may be made of what the call returned.
    """
    allow(request, needs)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    try:
        result = call()
    except DomainError as error:
        messages.error(request, str(error))
    except OperationalError as error:
        messages.error(request, unwritten(error))
    else:
        messages.success(request, done(result) if callable(done) else done)
    return HttpResponseRedirect(to)


@dataclass(frozen=True, slots=True)
class Crumb:
    """The last of the breadcrumbs: the object under the name that editors know it by."""

    of: Model
    title: str

    @property
    def _meta(self) -> Any:
        return self.of._meta

    @property
    def pk(self) -> Any:
        return self.of.pk

    def __str__(self) -> str:
        return self.title


class Renamed:
    """A model's options under another plural, for a list that shows some of its rows only."""

    def __init__(self, opts: Any, plural: str) -> None:
        self._opts, self.verbose_name_plural = opts, plural

    def __getattr__(self, name: str) -> Any:
        return getattr(self._opts, name)


class DeskAdmin(ModelAdmin):
    """A list and screens of our own."""

    list_per_page = 50
    list_fullwidth = True

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False  # what was published is retired, so that links and citations can say so

    def message_user(self, request: HttpRequest, message: Any, level: Any = messages.SUCCESS, **kwargs: Any) -> None:
        """As Django's, for what went well unless a level says otherwise."""
        super().message_user(request, message, level, **kwargs)

    def page(self, request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
        """A screen inside the admin's frame; `crumb` names the object."""
        request.current_app = self.admin_site.name
        shared = {**self.admin_site.each_context(request), "opts": self.opts, "original": context.get("crumb")}
        return TemplateResponse(request, template, shared | context)


class ReadOnlyAdmin(DeskAdmin):
    """Rows that only domain functions write."""

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
