"""Files for translators outside: download what is to be translated, look through what came back, take it in.

A file that came back is held for a day under a name that only this page's signature gives out, so that looking and taking
in are two steps with one upload.
"""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django import forms
from django.core import signing
from django.core.files.uploadedfile import UploadedFile
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldAdminSelectWidget

from faq.admin.desk import Renamed, allow, may
from faq.admin.forms import reported
from faq.domain import access, translators, uploads
from faq.domain.translators import Plan
from faq.enums import Fate, FileFormat, Wanted
from faq.errors import DomainError, NotFound
from faq.models import Locale, Topic, TranslationUnit
from faq.queries import locales

SAMPLE = 20
"""Sentences shown of each fate; the others are counted."""
SHOWN = (Fate.FAILED, Fate.OVER_PERSON, Fate.TOO_LONG, Fate.OVER_MACHINE, Fate.NEW)
HELD_SECONDS = 86_400
SALT = "faq.translators"
FORMATS = [
    (FileFormat.XLIFF.value, gettext_lazy("XLIFF 2.0, for translators' programs")),
    (FileFormat.PO.value, gettext_lazy("PO, for Poedit and Weblate")),
    (FileFormat.TMX.value, gettext_lazy("TMX, the whole memory of these two languages")),
]


class OutgoingForm(forms.Form):
    """What goes out."""

    source = forms.ChoiceField(label=gettext_lazy("Originals in"), widget=UnfoldAdminSelectWidget)
    target = forms.ChoiceField(label=gettext_lazy("Into"), widget=UnfoldAdminSelectWidget)
    wanted = forms.ChoiceField(
        label=gettext_lazy("Sentences"), choices=Wanted, initial=Wanted.UNCHECKED, widget=UnfoldAdminSelectWidget
    )
    topic = forms.ModelChoiceField(
        Topic.objects.all(),
        label=gettext_lazy("Topic"),
        required=False,
        to_field_name="key",
        empty_label=gettext_lazy("all"),
        widget=UnfoldAdminSelectWidget,
    )
    format = forms.ChoiceField(label=gettext_lazy("File"), choices=FORMATS, widget=UnfoldAdminSelectWidget)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("source", "target"):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = [(locale.tag, locale.autonym) for locale in locales.all_locales()]


class IncomingForm(forms.Form):
    """What came back."""

    file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy("XLIFF 2 (.xlf), PO or TMX. You see what it would change before anything is changed."),
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ",".join(translators.ENDINGS)}),
    )


class TranslatorViews:
    """Views of the translation memory's admin; mixed into it."""

    if TYPE_CHECKING:
        admin_site: Any

        def page(self, request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse: ...

    def translator_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("files/", view(self.files_view), name="faq_translators"),
            path("files/take/", view(self.take_view), name="faq_translators_take"),
        ]

    def files_view(self, request: HttpRequest) -> HttpResponseBase:
        """Both ways on one page. A download is a GET, with its choice in the address."""
        allow(request, "faq.view_translationunit")
        if "format" in request.GET:
            outgoing = OutgoingForm(request.GET)
            if outgoing.is_valid():
                with reported(outgoing):
                    return _download(outgoing.cleaned_data)
        else:
            outgoing = OutgoingForm(initial=_first(request))
        incoming = IncomingForm()
        if request.method == "POST":
            allow(request, "faq.change_translationunit")
            incoming = IncomingForm(request.POST, request.FILES)
            if incoming.is_valid():
                with reported(incoming):
                    return self._look(request, *_held(incoming.cleaned_data["file"]))
        source = outgoing.data.get("source") or outgoing.initial.get("source") or locales.default_locale().tag
        return self._files(request, outgoing, incoming, source)

    def _files(self, request: HttpRequest, outgoing: OutgoingForm, incoming: IncomingForm, source: str) -> HttpResponse:
        names = {locale.tag: locale for locale in locales.all_locales()}
        yours = access.assigned(request.user)
        standing = translators.standings(source) if source in names else {}
        context = {
            "title": _("Translators' files"),
            "opts": Renamed(TranslationUnit._meta, _("Translators' files")),
            "outgoing": outgoing,
            "incoming": incoming,
            "standings": [(names[tag], each) for tag, each in standing.items() if yours is None or tag in yours],
            "may_change": may(request, "change_translationunit"),
        }
        return self.page(request, "admin/faq/translators.html", context)

    def _look(self, request: HttpRequest, kept: str, name: str, error: str = "") -> HttpResponse:
        plan = translators.plan_kept(kept, name)
        context = {
            "title": _("Before it is taken in"),
            "opts": Renamed(TranslationUnit._meta, _("Translators' files")),
            "name": name,
            "plan": plan,
            "error": error,
            "token": signing.dumps([kept, name, request.user.pk], salt=SALT),
            "taken": len(plan.taken()),
            **_told(plan),
        }
        return self.page(request, "admin/faq/translators_plan.html", context)

    def take_view(self, request: HttpRequest) -> HttpResponse:
        """POST of what the preview signed: a job takes the file in."""
        allow(request, "faq.change_translationunit")
        here = reverse("admin:faq_translators")
        try:
            kept, name, person = signing.loads(request.POST.get("token", ""), salt=SALT, max_age=HELD_SECONDS)
        except signing.BadSignature:
            return self._again(request, here)
        if person != request.user.pk:
            return self._again(request, here)
        try:
            job = translators.import_file(
                kept, name, replace="replace" in request.POST, failed="failed" in request.POST, actor=request.user
            )
        except NotFound:  # it was held longer than a day
            return self._again(request, here)
        except DomainError as error:
            return self._look(request, kept, name, str(error))
        return HttpResponseRedirect(reverse("admin:faq_job_change", args=[job.pk]))

    def _again(self, request: HttpRequest, here: str) -> HttpResponse:
        self.message_user(request, _("This preview is too old. Choose the file again."), level="ERROR")  # type: ignore[attr-defined]
        return HttpResponseRedirect(here)


def _first(request: HttpRequest) -> dict[str, str]:
    """The language that most likely is wanted: the address's, the person's own, or the first."""
    source = locales.default_locale().tag
    yours = access.assigned(request.user)
    targets = [
        locale.tag
        for locale in locales.enabled_locales()
        if locale.tag != source and (yours is None or locale.tag in yours)
    ]
    asked = request.GET.get("target", "")
    return {"source": source, "target": asked or (targets[0] if targets else "")}


def _download(wanted: dict[str, Any]) -> FileResponse:
    """The file as a download; it is gone from the disk as soon as it is open."""
    source, target = wanted["source"], wanted["target"]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"{source}-{target}.{wanted['format']}"
        translators.export_file(file, source, target, wanted["wanted"], wanted["topic"].key if wanted["topic"] else "")
        return FileResponse(
            file.open("rb"), as_attachment=True, filename=file.name, content_type="application/octet-stream"
        )


def _held(upload: UploadedFile) -> tuple[str, str]:
    name = uploads.short_name(upload.name or "")
    translators.check_file(name, upload.size or 0)
    return translators.keep(upload.read(), name), name


def _told(plan: Plan) -> dict[str, Any]:
    names: dict[str, Locale] = {locale.tag: locale for locale in locales.all_locales()}
    counts = plan.by_fate()
    return {
        "counts": [(fate, count) for fate, count in counts.items()],
        "targets": [names[tag] for tag in plan.targets()],
        "samples": [
            (
                fate,
                counts[fate],
                [(row, names[row.source_locale], names[row.target_locale]) for row in plan.rows if row.fate == fate][
                    :SAMPLE
                ],
            )
            for fate in SHOWN
            if fate in counts
        ],
        "replaceable": counts.get(Fate.OVER_PERSON, 0),
        "failing": counts.get(Fate.FAILED, 0),
    }
