"""Keys of the API: publishable ones for pages, secret tokens for programs; made here, changed, revoked.

A secret is shown by the answer that makes it, to nobody else and never again.
"""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display
from unfold.widgets import UnfoldAdminDateWidget, UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from faq.admin import embedding
from faq.admin.desk import Crumb, ReadOnlyAdmin, allow, badge, may, perform
from faq.admin.forms import enabled, reported
from faq.domain import keys
from faq.models import ApiKey, Topic

NAME_HELP = gettext_lazy("What it is for, so that you know later whether anybody would miss it.")


class KeyForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=80, widget=UnfoldAdminTextInputWidget, help_text=NAME_HELP
    )
    per_minute = forms.IntegerField(
        label=gettext_lazy("Requests a minute"),
        min_value=1,
        max_value=keys.MOST_A_MINUTE,
        initial=600,
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "numeric"}),
        help_text=gettext_lazy("Of all who use the key together."),
    )


class WidgetKeyForm(KeyForm):
    """What a publishable key allows."""

    origins = forms.CharField(
        label=gettext_lazy("Origins, one a line"),
        required=False,
        max_length=20_000,
        widget=UnfoldAdminTextareaWidget(
            attrs={"rows": 4, "dir": "ltr", "placeholder": "https://shop.example.org\nhttps://*.example.org"}
        ),
        help_text=gettext_lazy("Only pages of these sites may use the key; without any, none may."),
    )
    locales: Any = forms.ModelMultipleChoiceField(
        label=gettext_lazy("Languages"),
        queryset=None,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("None marked: all."),
    )
    topics = forms.ModelMultipleChoiceField(
        label=gettext_lazy("Topics"),
        queryset=Topic.objects.all(),
        to_field_name="key",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Only these are searched and answered from; none marked: all."),
    )
    field_order = ["name", "origins", "locales", "topics", "per_minute"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["locales"].queryset = enabled()  # type: ignore[attr-defined]

    def given(self) -> dict[str, Any]:
        """Keyword arguments of the domain functions."""
        values = self.cleaned_data
        return {
            "name": values["name"],
            "allowed_origins": values["origins"].splitlines(),
            "tags": [locale.tag for locale in values["locales"]],
            "topics": [topic.key for topic in values["topics"]],
            "per_minute": values["per_minute"],
        }


class TokenForm(KeyForm):
    """What a secret token allows: at most what the person may do who makes it."""

    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("Scopes"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("What the program may do beside reading what is public; no more than you may yourself."),
    )
    expires_at = forms.DateTimeField(
        label=gettext_lazy("Valid until"),
        required=False,
        widget=UnfoldAdminDateWidget(attrs={"type": "date"}),
        help_text=gettext_lazy("Left empty: until it is revoked."),
    )
    field_order = ["name", "scopes", "expires_at", "per_minute"]

    def __init__(self, *args: Any, scopes: tuple[str, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["scopes"].choices = [(scope, scope) for scope in scopes]  # type: ignore[attr-defined]


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnlyAdmin):
    list_display = ["name", "kind", "hint", "status", "owner", "created_at", "used_on"]
    list_filter = ["kind"]
    search_fields = ["name", "hint"]
    list_select_related = ["owner"]

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return may(request, "add_apikey")

    @display(description=gettext_lazy("state"))
    def status(self, key: ApiKey) -> SafeString:
        return _status(key)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("add/token/", view(self.add_token_view), name="faq_apikey_add_token"),
            path("<int:pk>/revoke/", view(self.revoke_view), name="faq_apikey_revoke"),
            path("<int:pk>/embed/", view(self.embed_view), name="faq_apikey_embed"),
            *super().get_urls(),
        ]

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict | None = None) -> HttpResponse:
        """A publishable key."""
        allow(request, "faq.add_apikey")
        form = WidgetKeyForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            with reported(form):
                key = keys.create_widget_key(**form.given(), actor=request.user)
                self.message_user(request, _("The key is made. Put it into the pages of its origins."))
                return HttpResponseRedirect(self._to(key.pk))
        context = {"form": form, "title": _("Make a publishable key"), "is_widget": True}
        return self.page(request, "admin/faq/key_add.html", context)

    def add_token_view(self, request: HttpRequest) -> HttpResponse:
        """A secret token: the answer is the one time that it is shown."""
        allow(request, "faq.add_apikey")
        form = TokenForm(request.POST or None, scopes=keys.grantable(request.user))
        if request.method == "POST" and form.is_valid():
            with reported(form):
                key, secret = keys.create_server_token(**form.cleaned_data, actor=request.user)
                return self._shown_once(request, key, secret)
        context = {"form": form, "title": _("Make a secret token"), "is_widget": False}
        return self.page(request, "admin/faq/key_add.html", context)

    def _shown_once(self, request: HttpRequest, key: ApiKey, secret: str) -> HttpResponse:
        context = {"title": _("Copy the token now"), "key": key, "secret": secret, "crumb": Crumb(key, key.name)}
        response = self.page(request, "admin/faq/key_secret.html", context)
        response.headers["Cache-Control"] = "no-store"
        return response

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict | None = None
    ) -> HttpResponse:
        allow(request, "faq.view_apikey")
        key = _key(object_id)
        form = WidgetKeyForm(request.POST or None, initial=_told(key))
        if request.method == "POST":
            allow(request, "faq.change_apikey")
            if form.is_valid():
                with reported(form):
                    keys.change_widget_key(key, **form.given(), actor=request.user)
                    self.message_user(request, _("Saved. It holds from now on."))
                    return HttpResponseRedirect(self._to(key.pk))
        context = {
            "title": key.name,
            "crumb": Crumb(key, key.name),
            "key": key,
            "status": _status(key),
            "form": form if key.kind == ApiKey.Kind.WIDGET and not key.revoked_at else None,
            "may_change": may(request, "change_apikey"),
        }
        return self.page(request, "admin/faq/key_desk.html", context)

    def embed_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The lines that put the key's widget on a page, and the widget as they make it."""
        allow(request, "faq.view_apikey")
        key = _key(str(pk))
        if key.kind != ApiKey.Kind.WIDGET or key.revoked_at:
            raise Http404
        form = embedding.chosen(key, request.GET.dict())
        valid = form.is_valid()
        context = {
            "title": _("Put it on a page"),
            "crumb": Crumb(key, key.name),
            "key": key,
            "form": form,
            "lines": embedding.lines(key, form) if valid else "",
            "element": embedding.element(key, form) if valid else "",
        }
        return self.page(request, "admin/faq/key_embed.html", context)

    def revoke_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        return perform(
            request,
            lambda: keys.revoke_key(_key(str(pk)), actor=request.user),
            _("Revoked. Nobody gets in with this key any more."),
            self._to(pk),
            needs="faq.change_apikey",
        )

    def _to(self, pk: int) -> str:
        return reverse("admin:faq_apikey_change", args=[pk])


def _status(key: ApiKey) -> SafeString:
    if key.revoked_at:
        return badge("broken", _("revoked"))
    return badge("current", _("in force")) if keys.in_force(key) else badge("stale", _("past its time"))


def _told(key: ApiKey) -> dict[str, Any]:
    return {
        "name": key.name,
        "origins": "\n".join(key.origins),
        "locales": key.locales,
        "topics": key.topics,
        "per_minute": key.per_minute,
    }


def _key(pk: str) -> ApiKey:
    key = ApiKey.objects.select_related("owner").filter(pk=pk).first() if pk.isdigit() else None
    if key is None:
        raise Http404
    return key
