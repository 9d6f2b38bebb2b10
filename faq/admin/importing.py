"""Bringing questions in: choose a file or an address, say which column is what, see what would come in, take it.

The file is held for a day under a name that only this page's signature gives out.
"""

from typing import TYPE_CHECKING, Any

from django import forms
from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from faq.admin.desk import Renamed, allow, may
from faq.admin.forms import PlacedForm, check_size, reported
from faq.domain import uploads
from faq.domain.sources import importing
from faq.domain.sources.importing import Table
from faq.errors import NotFound
from faq.models import Question

HELD_SECONDS = 86_400
SALT = "faq.importing"
LABELS = {
    "question": gettext_lazy("Question"),
    "answer": gettext_lazy("Answer"),
    "locale": gettext_lazy("Language"),
    "topic": gettext_lazy("Topic"),
    "url": gettext_lazy("Address"),
}


class ChooseForm(forms.Form):
    """A file or an address."""

    upload = forms.FileField(
        label=gettext_lazy("File"),
        required=False,
        help_text=gettext_lazy("A table (CSV, XLSX), or a web page or JSON file with FAQPage data."),
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ".csv,.tsv,.xlsx,.html,.htm,.json,.jsonld"}),
    )
    url = forms.URLField(
        label=gettext_lazy("Or the address of a page with FAQPage data"),
        required=False,
        max_length=2000,
        assume_scheme="https",
        widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "https://…", "inputmode": "url", "dir": "ltr"}),
    )

    def clean(self) -> dict[str, Any]:
        fields = self.cleaned_data
        if upload := fields.get("upload"):
            check_size(upload)
        if not self.errors and bool(fields.get("upload")) == bool(fields.get("url")):
            raise forms.ValidationError(_("Give one of the two: a file or an address."))
        return fields


class MapForm(PlacedForm):
    """Which column is what, and where the questions go."""

    again = forms.BooleanField(
        label=gettext_lazy("Also questions that are here already"), required=False, widget=UnfoldBooleanSwitchWidget
    )
    publish = forms.BooleanField(
        label=gettext_lazy("Publish at once"), required=False, widget=UnfoldBooleanSwitchWidget
    )

    def __init__(self, cells: Table, *args: Any, may_publish: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        guess = cells.guess()
        columns = [(str(at), name or _("Column %(n)d") % {"n": at + 1}) for at, name in enumerate(cells.columns)]
        for name in importing.FIELDS:
            needed = name in importing.NEEDED
            self.fields[f"column_{name}"] = forms.ChoiceField(
                label=_("Column: %(name)s") % {"name": LABELS[name]},
                required=needed,
                choices=columns if needed and name in guess else [("", "–"), *columns],
                initial=str(guess.get(name, "")),
                widget=UnfoldAdminSelectWidget,
            )
        self.order_fields([f"column_{name}" for name in importing.FIELDS])
        self.fields["locale"].help_text = _("Of rows that name no language.")
        self.fields["topic"].help_text = _("Of rows that name no topic.")
        if not may_publish:
            del self.fields["publish"]

    def mapping(self) -> dict[str, int]:
        """Field -> column."""
        found = {name: self.cleaned_data.get(f"column_{name}", "") for name in importing.FIELDS}
        return {name: int(at) for name, at in found.items() if at != ""}

    def first(self) -> dict[str, Any]:
        """The form as it is sent when nothing of it is changed."""
        return {name: self.initial.get(name, field.initial) for name, field in self.fields.items()}


class ImportViews:
    """Views of the questions' admin; mixed into it."""

    if TYPE_CHECKING:
        admin_site: Any

        def page(self, request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse: ...
        def message_user(self, request: HttpRequest, message: Any, level: Any = ..., **kwargs: Any) -> None: ...

    def import_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("import/", view(self.import_view), name="faq_import"),
            path("import/columns/", view(self.columns_view), name="faq_import_columns"),
        ]

    def import_view(self, request: HttpRequest) -> HttpResponse:
        """Choose; the file is read before anything else is asked."""
        allow(request, "faq.add_source", "faq.add_question")
        form = ChooseForm(request.POST, request.FILES) if request.method == "POST" else ChooseForm()
        if request.method == "POST" and form.is_valid():
            with reported(form):
                upload, url = form.cleaned_data["upload"], form.cleaned_data["url"]
                given = {"url": url} if url else {"data": upload.read(), "name": upload.name or ""}
                kept, name = importing.keep(**given)
                return self._columns(request, kept, name, None)
        context = {"title": _("Import questions"), "opts": Renamed(Question._meta, _("Import questions")), "form": form}
        return self.page(request, "admin/faq/import_choose.html", context)

    def columns_view(self, request: HttpRequest) -> HttpResponse:
        """POST of what the page before signed, with the mapping: look again, or with `take` bring it in."""
        allow(request, "faq.add_source", "faq.add_question")
        try:
            kept, name, person = signing.loads(request.POST.get("token", ""), salt=SALT, max_age=HELD_SECONDS)
        except signing.BadSignature:
            person = None
        if person is None or person != request.user.pk:
            self.message_user(request, _("This preview is too old. Choose the file again."), level="ERROR")
            return HttpResponseRedirect(reverse("admin:faq_import"))
        try:
            return self._columns(request, kept, name, request.POST)
        except NotFound as error:  # it was held longer than a day
            self.message_user(request, str(error), level="ERROR")
            return HttpResponseRedirect(reverse("admin:faq_import"))

    def _columns(self, request: HttpRequest, kept: str, name: str, data: Any) -> HttpResponse:
        cells = importing.table(uploads.read_kept(kept), name)
        may_publish = may(request, "publish_source")
        if data is None:
            data = MapForm(cells, may_publish=may_publish).first()
        form, looked = MapForm(cells, data, may_publish=may_publish), None
        if form.is_valid():
            fields = form.cleaned_data
            with reported(form):
                looked = importing.look(cells, form.mapping(), fields["locale"].tag, again=fields["again"])
                if "take" in data:
                    job = importing.bring_in(
                        kept, name, form.mapping(), locale=fields["locale"].tag, topic=fields["topic"],
                        again=fields["again"], publish=bool(fields.get("publish")), actor=request.user,
                    )  # fmt: skip
                    return self._begun(request, job)
        context = {
            "title": _("Import questions"),
            "opts": Renamed(Question._meta, _("Import questions")),
            "form": form,
            "name": name,
            "looked": looked,
            "token": signing.dumps([kept, name, request.user.pk], salt=SALT),
        }
        return self.page(request, "admin/faq/import_columns.html", context)

    def _begun(self, request: HttpRequest, job: Any) -> HttpResponse:
        if may(request, "view_job"):
            return HttpResponseRedirect(reverse("admin:faq_job_change", args=[job.pk]))
        self.message_user(request, _("The questions are being brought in."))
        return HttpResponseRedirect(reverse("admin:faq_question_changelist"))
