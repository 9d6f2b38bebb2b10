"""Logging in to the desk: the password, then a code of those who turned that on; and the page where they do.

Invariant: with two-factor login on, a right password alone logs nobody in: until the code is right, the session holds only
whose turn it is, for WAIT_SECONDS.
"""

import time
from typing import Any

import segno
from django import forms
from django.contrib import admin, messages
from django.contrib.auth import login as log_in
from django.contrib.auth.models import User
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters
from unfold.widgets import UnfoldAdminTextInputWidget

from faq.domain import two_factor
from faq.errors import DomainError

PENDING = "two_factor"
WAIT_SECONDS = 300


class CodeForm(forms.Form):
    token = forms.CharField(
        label=gettext_lazy("Code"),
        max_length=two_factor.TOKEN_LENGTH,
        widget=UnfoldAdminTextInputWidget(
            attrs={"autocomplete": "one-time-code", "autofocus": True, "dir": "ltr", "spellcheck": "false"}
        ),
    )


@method_decorator([sensitive_post_parameters("password"), csrf_protect, never_cache], name="dispatch")
class DeskLogin(LoginView):
    """As the admin's own, with the code as a second step for those who have one."""

    template_name = "admin/login.html"

    def get_form_class(self) -> Any:
        return admin.site.login_form

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method == "GET" and admin.site.has_permission(request):
            return HttpResponseRedirect(reverse("admin:index"))
        return super().dispatch(request, *args, **kwargs)

    def get_default_redirect_url(self) -> str:
        return reverse("admin:index")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        self.request.current_app = admin.site.name
        return _context(
            self.request,
            **super().get_context_data(**kwargs),
            app_path=self.request.get_full_path(),
            username=self.request.user.get_username(),
        ) | {"title": _("Log in")}

    def form_valid(self, form: Any) -> HttpResponse:
        person = form.get_user()
        if not two_factor.is_on(person):
            return super().form_valid(form)
        self.request.session.cycle_key()
        self.request.session[PENDING] = {
            "person": person.pk,
            "backend": person.backend,
            "at": time.time(),
            "next": self.get_success_url(),
        }
        return HttpResponseRedirect(reverse("login_code"))


@sensitive_post_parameters("token")
@csrf_protect
@never_cache
def code(request: HttpRequest) -> HttpResponse:
    """The second step."""
    pending: dict[str, Any] = request.session.get(PENDING) or {}
    person = User.objects.filter(pk=int(pending.get("person", 0)), is_active=True).first()
    if person is None or time.time() - pending["at"] > WAIT_SECONDS:
        request.session.pop(PENDING, None)
        messages.warning(request, _("That took too long. Log in again."))
        return HttpResponseRedirect(reverse("admin:login"))
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and _right(form, person):
        del request.session[PENDING]
        log_in(request, person, backend=pending["backend"])
        return HttpResponseRedirect(pending["next"])
    return TemplateResponse(
        request, "admin/faq/login_code.html", _context(request, form=form, title=_("Two-factor login"))
    )


def _right(form: CodeForm, person: User) -> bool:
    try:
        two_factor.verify(person, form.cleaned_data["token"])
    except DomainError as error:
        form.add_error("token", str(error))
        return False
    return True


@sensitive_post_parameters("token")
@never_cache
def settings(request: HttpRequest) -> HttpResponse:
    """A person's own two-factor login: turn it on, look how it stands, new backup codes, turn it off."""
    person, context = request.user, dict[str, Any]()
    assert isinstance(person, User)  # admin_view() lets nobody else in
    if request.method == "POST":
        try:
            context = {"codes": _done(request, person)}
        except DomainError as error:
            context = {"error": str(error)}
    device = two_factor.begun(person)
    shown = _context(
        request,
        title=_("Two-factor login"),
        standing=two_factor.standing(person),
        secret=_spaced(device) if device else "",
        picture=_picture(device.config_url) if device else "",
        address=device.config_url if device else "",
        **context,
    )
    return TemplateResponse(request, "admin/faq/two_factor.html", shown)


def _done(request: HttpRequest, person: User) -> list[str]:
    """What the button asked for; returns backup codes that were made."""
    token = request.POST.get("token", "")
    match request.POST.get("do"):
        case "begin":
            two_factor.begin(person)
        case "confirm":
            return two_factor.confirm(person, token)
        case "codes":
            return two_factor.renew_codes(person, token)
        case "off":
            two_factor.turn_off(person, token, actor=person)
            messages.success(request, _("Two-factor login is off. The password alone logs you in."))
    return []


def _context(request: HttpRequest, **given: Any) -> dict[str, Any]:
    return {**admin.site.each_context(request), **given}


def _spaced(device: Any) -> str:
    """The secret for typing, in groups of four."""
    from base64 import b32encode

    secret = b32encode(device.bin_key).decode()
    return " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))


def _picture(address: str) -> SafeString:
    drawn = segno.make(address, error="m").svg_inline(scale=5, border=3, light="#fff", title=_("QR code"))
    return mark_safe(drawn)  # noqa: S308 - squares that the library draws; the title is ours
