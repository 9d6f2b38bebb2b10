"""The glossary at the desk: terms, what a term touches, and the glossary as a file."""

import tempfile
from pathlib import Path
from typing import Any

from django import forms
from django.contrib import admin
from django.core import signing
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Model, QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.widgets import UnfoldAdminFileFieldWidget

from faq.admin.conflicts import SeenForm
from faq.admin.desk import Crumb, DeskAdmin, Renamed, allow, may, perform
from faq.admin.forms import reported
from faq.domain import glossary, glossary_table, uploads
from faq.domain.glossary_table import Imported
from faq.enums import TermKind
from faq.errors import DomainError, Invalid
from faq.models import GlossaryTerm

SHOWN = 50
HELD_SECONDS = 86_400
SALT = "faq.glossary"


class GlossaryForm(SeenForm):
    """Says in words what the table's constraint would refuse."""

    def _get_validation_exclusions(self) -> set[str]:
        # What clean() has said in words is not said again in the constraint's.
        found: set[str] = super()._get_validation_exclusions()  # type: ignore[misc]
        return found | {"translation"} if self.errors else found

    def clean(self) -> dict[str, Any]:
        fields: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors:
            values = {
                name: value for name, value in fields.items() if name in {f.name for f in GlossaryTerm._meta.fields}
            }
            try:
                term = GlossaryTerm(pk=self.instance.pk, **values)
                glossary.check_term(term)
                glossary.check_alone(term)
            except DomainError as error:
                raise ValidationError(str(error)) from error
        return fields


class TableForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy("CSV with the columns term, from, into, kind, translation; or TBX."),
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ",".join(glossary_table.ENDINGS)}),
    )


@admin.register(GlossaryTerm)
class GlossaryTermAdmin(DeskAdmin):
    form = GlossaryForm
    list_display = ["term", "translation", "kind", "source_locale", "target_locale"]
    list_filter = ["kind", "target_locale"]
    list_select_related = ["source_locale", "target_locale"]
    search_fields = ["term", "translation"]
    change_list_template = "admin/faq/glossary_list.html"

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("files/", view(self.files_view), name="faq_glossary_files"),
            path("files/take/", view(self.take_view), name="faq_glossary_take"),
            path("<int:pk>/touched/", view(self.touched_view), name="faq_glossary_touched"),
            *super().get_urls(),
        ]

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return bool(request.user.has_perm("faq.delete_glossaryterm"))

    def save_model(self, request: HttpRequest, obj: GlossaryTerm, form: GlossaryForm, change: bool) -> None:
        glossary.save_term(obj, actor=request.user, expected=form.expected)
        if count := len(glossary.touched(obj)):
            said = ngettext(
                "%(n)d sentence by machine does not honour this term.",
                "%(n)d sentences by machine do not honour this term.",
                count,
            ) % {"n": count}
            link = reverse("admin:faq_glossary_touched", args=[obj.pk])
            told = format_html('{} <a class="pf-link" href="{}">{}</a>', said, link, _("Look at them"))
            self.message_user(request, told, level="WARNING")

    def delete_model(self, request: HttpRequest, obj: GlossaryTerm) -> None:
        glossary.delete_term(obj, actor=request.user)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[GlossaryTerm]) -> None:
        for term in queryset:
            glossary.delete_term(term, actor=request.user)

    def touched_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """What a term would change; POST lets the engine do it."""
        allow(request, "faq.view_glossaryterm")
        term = GlossaryTerm.objects.select_related("source_locale", "target_locale").filter(pk=pk).first()
        if term is None:
            raise Http404
        here = reverse("admin:faq_glossary_touched", args=[pk])
        if request.method == "POST":
            done = _("The machine translates them again in the background.")
            return perform(
                request,
                lambda: glossary.translate_touched(term, request.user),
                done,
                here,
                needs="faq.change_glossaryterm",
            )
        units = glossary.touched(term)
        context = {
            "title": term.term,
            "crumb": Crumb(term, term.term),
            "term": term,
            "units": units[:SHOWN],
            "more": max(0, len(units) - SHOWN),
            "count": len(units),
            "may_change": may(request, "change_glossaryterm"),
            "by_machine": term.kind == TermKind.KEEP,
        }
        return self.page(request, "admin/faq/glossary_touched.html", context)

    def files_view(self, request: HttpRequest) -> HttpResponseBase:
        """Both ways on one page; a file is counted before anything of it is kept."""
        allow(request, "faq.view_glossaryterm")
        if (ending := request.GET.get("format", "")) in ("csv", "tbx"):
            return _download(ending)
        form, counted, token = TableForm(), None, ""
        if request.method == "POST":
            allow(request, "faq.change_glossaryterm")
            form = TableForm(request.POST, request.FILES)
            if form.is_valid():
                with reported(form):
                    kept, name, counted = _looked_through(form.cleaned_data["file"])
                    token = signing.dumps([kept, name, request.user.pk], salt=SALT)
        context = {
            "title": _("Glossary as a file"),
            "opts": Renamed(GlossaryTerm._meta, _("Glossary as a file")),
            "form": form,
            "counted": counted,
            "token": token,
            "count": GlossaryTerm.objects.count(),
            "may_change": may(request, "change_glossaryterm"),
        }
        return self.page(request, "admin/faq/glossary_files.html", context)

    def take_view(self, request: HttpRequest) -> HttpResponse:
        """POST of what the page before signed: the terms are kept, all of them or none."""
        allow(request, "faq.change_glossaryterm")

        def call() -> Imported:
            try:
                kept, name, person = signing.loads(request.POST.get("token", ""), salt=SALT, max_age=HELD_SECONDS)
            except signing.BadSignature as error:
                raise Invalid("This preview is too old. Choose the file again.") from error
            if person != request.user.pk:
                raise Invalid("This preview is too old. Choose the file again.")
            with tempfile.TemporaryDirectory() as folder:
                file = Path(folder) / name
                file.write_bytes(uploads.read_kept(kept))
                return glossary_table.import_file(file, request.user)

        return perform(
            request,
            call,
            lambda done: (
                _("Terms added: %(added)d, changed: %(changed)d.") % {"added": done.added, "changed": done.changed}
            ),
            reverse("admin:faq_glossaryterm_changelist"),
            needs="faq.change_glossaryterm",
        )


def _download(ending: str) -> FileResponse:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"glossary.{ending}"
        glossary_table.export_file(file)
        return FileResponse(
            file.open("rb"), as_attachment=True, filename=file.name, content_type="application/octet-stream"
        )


def _looked_through(upload: UploadedFile) -> tuple[str, str, Imported]:
    """The name it is kept under for a day, its own, and what taking it in would do."""
    name = uploads.short_name(upload.name or "")
    glossary_table.check_ending(name)
    if (upload.size or 0) > glossary_table.LARGEST:
        raise Invalid(
            "%(file)s is larger than %(limit)d MB; divide it.", file=name, limit=glossary_table.LARGEST // 1_000_000
        )
    data = upload.read()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / name
        file.write_bytes(data)
        counted = glossary_table.import_file(file, dry_run=True)
    return uploads.keep(data, name), name, counted
