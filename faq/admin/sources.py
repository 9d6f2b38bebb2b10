"""Sources: paste, upload or address; the extracted text and its passages; what publishing would change; publish."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from faq import conf
from faq.admin.desk import badge, perform
from faq.domain import publication, sources
from faq.enums import State
from faq.errors import DomainError
from faq.models import Locale, Source, SourceRevision, Topic


class ContentForm(forms.Form):
    """One of three: text, file or address."""

    text = forms.CharField(
        label=gettext_lazy("Paste text or Markdown"),
        required=False,
        max_length=2_000_000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 12}),
    )
    upload = forms.FileField(
        label=gettext_lazy("Or upload a file"),
        required=False,
        widget=UnfoldAdminFileFieldWidget,
        help_text=gettext_lazy("Markdown, HTML, text, PDF, DOCX; CSV or XLSX with the columns question and answer."),
    )
    url = forms.URLField(
        label=gettext_lazy("Or fetch a web page"),
        required=False,
        max_length=2000,
        assume_scheme="https",
        widget=UnfoldAdminTextInputWidget,
    )

    def clean_upload(self) -> UploadedFile | None:
        upload: UploadedFile | None = self.cleaned_data["upload"]
        ceiling = conf.get("UPLOAD_MAX_BYTES")
        if upload and (upload.size or 0) > ceiling:
            raise forms.ValidationError(
                _(
                    "%(name)s has %(size)d MB; the ceiling is %(ceiling)d MB. Split the file, or ask your operator to raise it."
                )
                % {"name": upload.name, "size": (upload.size or 0) // 1_000_000, "ceiling": ceiling // 1_000_000}
            )
        return upload

    def clean(self) -> dict[str, Any]:
        given = [name for name in ("text", "upload", "url") if self.cleaned_data.get(name)]
        if len(given) != 1 and not self.errors:
            raise forms.ValidationError(_("Give exactly one: text, a file or an address."))
        return self.cleaned_data

    def content(self) -> dict[str, Any]:
        """Keyword arguments of the domain functions."""
        upload: UploadedFile | None = self.cleaned_data["upload"]
        if upload:
            return {"data": upload.read(), "filename": upload.name, "kind": "file"}
        if self.cleaned_data["url"]:
            return {"url": self.cleaned_data["url"], "kind": "url"}
        return {"text": self.cleaned_data["text"], "kind": "text"}


class AddSourceForm(ContentForm):
    title = forms.CharField(
        label=gettext_lazy("Title"),
        max_length=300,
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text=gettext_lazy("Left empty, the title comes from the content."),
    )
    locale = forms.ModelChoiceField(
        label=gettext_lazy("Language"), queryset=Locale.objects.filter(enabled=True), widget=UnfoldAdminSelectWidget
    )
    topic = forms.ModelChoiceField(
        label=gettext_lazy("Topic"), queryset=Topic.objects.all(), required=False, widget=UnfoldAdminSelectWidget
    )
    publish = forms.BooleanField(label=gettext_lazy("Publish at once"), required=False)
    field_order = ["title", "locale", "topic", "text", "upload", "url", "publish"]


@admin.register(Source)
class SourceAdmin(ModelAdmin):
    list_display = ["title", "kind", "locale", "topic", "status", "revisions_count", "updated_at", "problem"]
    list_filter = ["state", "kind", "locale", "topic"]
    search_fields = ["title", "url", "path"]
    list_select_related = ["locale", "topic"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Source]:
        rows: QuerySet[Source] = super().get_queryset(request)
        return rows.annotate(revision_total=Count("revisions"))

    @display(description=gettext_lazy("state"), ordering="state")
    def status(self, source: Source) -> SafeString:
        return badge(source.state, source.get_state_display())

    @display(description=gettext_lazy("revisions"))
    def revisions_count(self, source: Source) -> int:
        return source.revision_total  # type: ignore[attr-defined, no-any-return]

    @display(description=gettext_lazy("problem"))
    def problem(self, source: Source) -> str:
        return source.error[:80]

    def has_delete_permission(self, request: HttpRequest, obj: Source | None = None) -> bool:
        return False  # sources are retired, so that citations keep what they cite

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("<int:pk>/publish/", view(self.publish_view), name="faq_source_publish"),
            path("<int:pk>/retire/", view(self.retire_view), name="faq_source_retire"),
            path("<int:pk>/revise/", view(self.revise_view), name="faq_source_revise"),
            *super().get_urls(),
        ]

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict | None = None) -> HttpResponse:
        form = AddSourceForm(request.POST or None, request.FILES or None, initial={"locale": "en", "publish": True})
        if request.method == "POST" and form.is_valid():
            fields = form.cleaned_data
            try:
                source = sources.add_source(
                    title=fields["title"],
                    locale=fields["locale"].tag,
                    topic=fields["topic"],
                    actor=request.user,
                    **form.content(),
                )
                if fields["publish"]:
                    publication.publish_source(source, actor=request.user)
            except DomainError as error:
                form.add_error(None, str(error))
            else:
                self.message_user(request, _("“%s” is added.") % source.title)
                return HttpResponseRedirect(self._to(source.pk))
        return self._page(request, "admin/faq/source_add.html", {"form": form, "title": _("Add a source")})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict | None = None
    ) -> HttpResponse:
        source = self._source(object_id)
        revisions = list(source.revisions.all()[:20])
        wanted = request.GET.get("revision")
        shown = next((r for r in revisions if str(r.number) == wanted), revisions[0] if revisions else None)
        context = {
            "title": source.title,
            "source": source,
            "revisions": revisions,
            "shown": shown,
            "passages": list(shown.passages.all()) if shown else [],
            "impact": self._impact(source, shown),
            "form": ContentForm(),
            "status": badge(source.state, source.get_state_display()),
        }
        return self._page(request, "admin/faq/source_desk.html", context)

    def publish_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        source = self._source(pk)
        number = request.POST.get("revision")
        revision = source.revisions.filter(number=number).first() if number else None
        return perform(
            request,
            lambda: publication.publish_source(source, revision=revision, actor=request.user),
            _("Published. The portal answers from it now."),
            self._to(pk),
        )

    def retire_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        source = self._source(pk)
        return perform(
            request,
            lambda: publication.retire_source(source, actor=request.user),
            _("Retired. Readers no longer see it."),
            self._to(pk),
        )

    def revise_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        source, form = self._source(pk), ContentForm(request.POST, request.FILES)
        if not form.is_valid():
            self.message_user(
                request, " ".join(str(e) for errors in form.errors.values() for e in errors), level="ERROR"
            )
            return HttpResponseRedirect(self._to(pk))
        return perform(
            request,
            lambda: sources.revise_content(source, actor=request.user, **form.content()),
            _("Read. Look at the new revision, then publish it."),
            self._to(pk),
        )

    def _impact(self, source: Source, shown: SourceRevision | None) -> object:
        if shown is None or shown.pk == source.published_revision_id:
            return None
        return publication.plan_publication(source, shown)

    def _source(self, pk: object) -> Source:
        source = Source.objects.select_related("locale", "topic", "published_revision").filter(pk=str(pk)).first()
        if source is None:
            raise Http404
        return source

    def _to(self, pk: int) -> str:
        return reverse("admin:faq_source_change", args=[pk])

    def _page(self, request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
        request.current_app = self.admin_site.name
        shared = {**self.admin_site.each_context(request), "opts": self.opts, "State": State}
        return TemplateResponse(request, template, shared | context)
