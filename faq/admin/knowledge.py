"""The knowledge base out of this portal as one archive, and into an empty one.

For administrators: the archive holds drafts and what readers wrote.
"""

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminFileFieldWidget

from faq.admin.desk import allow
from faq.domain import knowledge
from faq.errors import DomainError
from faq.models import Question, Source, TranslationUnit

NEEDS = ("faq.add_source", "faq.add_question", "faq.change_locale")


class ArchiveForm(forms.Form):
    archive = forms.FileField(
        label=gettext_lazy("Archive"),
        help_text=gettext_lazy("As this page, or export_knowledge, wrote it."),
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ".zip,application/zip"}),
    )


class KnowledgeViews:
    """Views of the languages' admin; mixed into it."""

    if TYPE_CHECKING:
        admin_site: Any

        def page(self, request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse: ...

    def knowledge_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [path("knowledge/", view(self.knowledge_view), name="faq_knowledge")]

    def knowledge_view(self, request: HttpRequest) -> HttpResponseBase:
        """Both ways on one page; an import only where nothing is there that it could mix with."""
        allow(request, *NEEDS)
        form = ArchiveForm()
        if request.method == "POST" and "export" in request.POST:
            return _archive()
        if request.method == "POST":
            form = ArchiveForm(request.POST, request.FILES)
            if form.is_valid() and _imported(request, form):
                return HttpResponseRedirect(reverse("admin:index"))
        held = {
            "sources": Source.objects.count(),
            "questions": Question.objects.count(),
            "units": TranslationUnit.objects.count(),
        }
        context = {"title": _("Import and export"), "form": form, "held": held, "empty": not knowledge.held()}
        return self.page(request, "admin/faq/knowledge.html", context)


def _archive() -> FileResponse:
    """The archive as a download; its file is gone from the disk as soon as it is open."""
    now = datetime.now(UTC)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "knowledge.zip"
        knowledge.export_knowledge(file)
        return FileResponse(file.open("rb"), as_attachment=True, filename=f"knowledge-{now:%Y-%m-%d}.zip")


def _imported(request: HttpRequest, form: ArchiveForm) -> bool:
    """Whether it came in; what was wrong is said at the field."""
    upload: UploadedFile = form.cleaned_data["archive"]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "knowledge.zip"
        with file.open("wb") as out:
            for chunk in upload.chunks():
                out.write(chunk)
        try:
            done = knowledge.import_knowledge(file, request.user)
        except DomainError as error:
            form.add_error("archive", str(error))
            return False
    said = _("%(sources)d sources and %(questions)d questions came in. The search index is being built.")
    messages.success(request, said % {"sources": done.sources, "questions": done.questions})
    return True
