"""Sources: paste, upload or address; the extracted text and its passages; what publishing would change; publish."""

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import Count, Exists, OuterRef, QuerySet
from django.http import (
    FileResponse,
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
)
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from faq.admin.bringing import BringViews
from faq.admin.conflicts import beside, last_hand
from faq.admin.desk import Crumb, DeskAdmin, allow, badge, may, perform
from faq.admin.filters import Waiting
from faq.admin.forms import AddSourceForm, ContentForm, PlaceForm, ScheduleForm, reported
from faq.domain import differences, jobs, publication, sources, uploads
from faq.enums import JobKind, SourceKind
from faq.errors import Conflict, Invalid, NotFound
from faq.models import Phrasing, Source, SourceRevision
from faq.queries import locales, waiting

REVISIONS = 20
DUE = {"publish": gettext_lazy("goes live on %(when)s"), "retire": gettext_lazy("is retired on %(when)s")}


@admin.register(Source)
class SourceAdmin(BringViews, DeskAdmin):
    list_display = ["title", "kind", "locale", "topic", "status", "revisions_count", "updated_at", "problem"]
    list_filter = [Waiting, "state", "kind", "locale", "topic"]
    search_fields = ["title", "url", "path"]
    list_select_related = ["locale", "topic"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Source]:
        rows: QuerySet[Source] = super().get_queryset(request)
        late = waiting.overtaken(Source.objects.filter(pk=OuterRef("pk"))).order_by()
        return rows.annotate(revision_total=Count("revisions"), late=Exists(late))

    @display(description=gettext_lazy("state"), ordering="state")
    def status(self, source: Source) -> SafeString:
        said = [*([_("a newer revision waits")] if source.late else []), *_due(source)]  # type: ignore[attr-defined]
        marks = format_html_join("", '<br><span class="pf-quiet">{}</span>', ((each,) for each in said))
        return format_html("{}{}", badge(source.state, source.get_state_display()), marks)

    @display(description=gettext_lazy("revisions"))
    def revisions_count(self, source: Source) -> int:
        return source.revision_total  # type: ignore[attr-defined, no-any-return]

    @display(description=gettext_lazy("problem"))
    def problem(self, source: Source) -> str:
        return source.error[:80]

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            *self.bring_urls(),
            *(
                path(f"<int:pk>/{name}/", view(getattr(self, f"{name}_view")), name=f"faq_source_{name}")
                for name in ("publish", "keep", "retire", "schedule", "revise", "refresh", "upload", "place")
            ),
            *super().get_urls(),
        ]

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict | None = None) -> HttpResponse:
        allow(request, "faq.add_source")
        may_publish = may(request, "publish_source")
        form = AddSourceForm(request.POST or None, request.FILES or None, may_publish=may_publish)
        if request.method == "POST" and form.is_valid():
            fields = form.cleaned_data
            with reported(form):
                if form.several:
                    return self._ingest(request, form)
                source, _change = sources.ingest(
                    title=fields["title"], locale=fields["locale"].tag, topic=fields["topic"], actor=request.user,
                    publish=bool(fields.get("publish")), new=True, **form.content(),
                )  # fmt: skip
                self.message_user(request, _added(source))
                return HttpResponseRedirect(self._to(source.pk))
        return self.page(
            request,
            "admin/faq/source_add.html",
            {"form": form, "title": _("Add a source"), "may_folder": may(request, "change_source")},
        )

    def _ingest(self, request: HttpRequest, form: AddSourceForm) -> HttpResponse:
        """Several files become a source each, in the background; a bad one stops none of the others."""
        fields = form.cleaned_data
        kept = [(uploads.keep(file.read(), file.name or ""), file.name or "") for file in form.several]
        given = {
            "uploads": kept,
            "locale": fields["locale"].tag,
            "topic": fields["topic"].key if fields["topic"] else "",
            "publish": bool(fields.get("publish")),
        }
        job = jobs.enqueue(JobKind.INGEST, given, actor=request.user)
        return self.reading(request, job.pk, len(kept))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict | None = None
    ) -> HttpResponse:
        allow(request, "faq.view_source")
        return self._desk(request, self._source(object_id), ContentForm())

    def _desk(
        self, request: HttpRequest, source: Source, form: ContentForm, place: PlaceForm | None = None
    ) -> HttpResponse:
        revisions = list(source.revisions.defer("text", "blocks")[:REVISIONS])
        wanted = request.GET.get("revision")
        shown = next((r for r in revisions if str(r.number) == wanted), None)
        if shown is None and wanted and wanted.isdecimal():  # an older one than those that are listed
            shown = source.revisions.filter(number=int(wanted[:9])).first()
        shown = shown or (revisions[0] if revisions else None)
        impact = self._impact(source, shown)
        fresh = set(impact.passages_added) if impact and source.published_revision_id else set()
        context = {
            "title": source.title,
            "crumb": Crumb(source, source.title),
            "source": source,
            "status": badge(source.state, source.get_state_display()),
            "revisions": revisions,
            "shown": shown,
            "passages": [(p, p.text in fresh) for p in shown.passages.all()] if shown else [],
            "impact": impact,
            "languages": _named(impact.languages if impact else []),
            "compared": self._compared(source, impact),
            **_touched(impact),
            "retiring": _retiring(source) if may(request, "publish_source") else None,
            "form": form,
            "place": place or PlaceForm(source, may_publish=may(request, "publish_source")),
            "waits": waiting.waits(source),
            "due": _due(source),
            "zone": timezone.get_current_timezone_name(),
            "is_web": source.kind == SourceKind.URL,
            "may_change": may(request, "change_source"),
            "may_publish": may(request, "publish_source"),
        }
        return self.page(request, "admin/faq/source_desk.html", context)

    def publish_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        source = self._source(pk)
        number = request.POST.get("revision", "")
        revision = source.revisions.filter(number=number).first() if number.isdigit() else None
        return perform(
            request,
            lambda: publication.publish_source(
                source, revision=revision, actor=request.user, expected=_expected(request)
            ),
            _("Published. The portal answers from it now."),
            self._to(pk),
            needs="faq.publish_source",
        )

    def keep_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        source = self._source(pk)
        return perform(
            request,
            lambda: publication.keep_published(source, actor=request.user, expected=_expected(request)),
            _("Kept. The newer revision waits no longer; it can still be published."),
            self._to(pk),
            needs="faq.publish_source",
        )

    def retire_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        source = self._source(pk)
        return perform(
            request,
            lambda: publication.retire_source(source, actor=request.user, expected=_expected(request)),
            _("Retired. Readers no longer see it; publish a revision to bring it back."),
            self._to(pk),
            needs="faq.publish_source",
        )

    def schedule_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Publish a revision, or retire the source, at a time; or neither."""
        source, form, does = self._source(pk), ScheduleForm(request.POST), request.POST.get("do", "")
        said: dict[str, Any] = {"actor": request.user, "expected": _expected(request)}
        number = request.POST.get("revision", "")
        revision = source.revisions.filter(number=number).first() if number.isdigit() else None

        def call() -> Source:
            if does == "take back":
                return sources.take_back(source, **said)
            if not form.is_valid():
                raise Invalid(_("Give the day and the time."))
            if does == "retire":
                return sources.retire_later(source, form.cleaned_data["at"], **said)
            if revision is None:
                raise Invalid(_("Choose the revision that is to be published."))
            return sources.publish_later(source, revision, form.cleaned_data["at"], **said)

        def done(source: Source) -> str:
            at = {"publish": source.publish_at, "retire": source.retire_at}.get(does)
            return DUE[does] % {"when": _when(at)} if at else _("Taken back. Nothing happens by itself.")

        return perform(request, call, done, self._to(pk), needs="faq.publish_source")

    def refresh_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        source = self._source(pk)
        return perform(
            request,
            lambda: sources.refresh_source(source, actor=request.user),
            lambda change: _refreshed(source, change),
            self._to(pk),
            needs="faq.change_source",
        )

    def upload_view(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """The file as it came, to save and never to show: it may be HTML."""
        allow(request, "faq.view_source")
        try:
            file, name = uploads.open_upload(self._source(pk))
        except NotFound as error:
            raise Http404(str(error)) from error
        return FileResponse(file, as_attachment=True, filename=name, content_type="application/octet-stream")

    def revise_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        allow(request, "faq.change_source")
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        source, form = self._source(pk), ContentForm(request.POST, request.FILES)
        if form.is_valid():
            with reported(form):
                try:
                    made = sources.revise_content(
                        source, actor=request.user, expected=_expected(request), **form.content()
                    )
                except Conflict:
                    form.add_error(None, _by(source))
                    return self._desk(request, self._source(pk), form)
                self.message_user(request, _revised(made))
                return HttpResponseRedirect(self._to(made.source_id if made else pk))
        return self._desk(request, source, form)

    def place_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Another title or topic, or looked at more or less often; refused, what was typed stays in its field."""
        allow(request, "faq.change_source")
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        source = self._source(pk)
        form = PlaceForm(source, request.POST, may_publish=may(request, "publish_source"))
        if form.is_valid():
            with reported(form):
                try:
                    sources.place_source(source, **form.cleaned_data, actor=request.user, expected=_expected(request))
                except Conflict:
                    now = self._source(pk)
                    form.add_error(None, _by(now))
                    names = ("title", "topic", "refresh_hours", "refresh_policy")
                    beside(form, {name: getattr(now, name) for name in names})
                    return self._desk(request, now, ContentForm(), form)
                self.message_user(request, _("Saved. Readers see the change at once."))
                return HttpResponseRedirect(self._to(pk))
        return self._desk(request, self._source(pk), ContentForm(), form)

    def _impact(self, source: Source, shown: SourceRevision | None) -> sources.Impact | None:
        if shown is None or shown.pk == source.published_revision_id:
            return None
        return sources.plan_publication(source, shown)

    def _compared(self, source: Source, plan: sources.Impact | None) -> differences.Differences | None:
        if plan is None or source.published_revision_id is None:
            return None
        return differences.between(plan.passages_removed, plan.passages_added)

    def _source(self, pk: object) -> Source:
        rows = Source.objects.select_related("locale", "topic", "published_revision")
        source = rows.filter(pk=str(pk)).first() if str(pk).isdigit() else None
        if source is None:
            raise Http404
        return source

    def _to(self, pk: int) -> str:
        return reverse("admin:faq_source_change", args=[pk])


def _refreshed(source: Source, change: str) -> str:
    if change != "revised":
        return _("The page says what it said before.")
    if waiting.waits(source) or source.published_revision_id is None:
        return _("The page changed: look at the new revision, then publish it.")
    return _("The page changed, and its new text is live, as the source's settings say.")


def _by(source: Source) -> str:
    hand = last_hand(source) or _("Polyfaq itself")
    return _("Somebody else changed “%(title)s” meanwhile (%(hand)s). Compare the two, then save again.") % {
        "title": source.title,
        "hand": hand,
    }


def _due(source: Source) -> list[str]:
    """What is to happen by itself, in words."""
    times = (("publish", source.publish_at), ("retire", source.retire_at))
    return [DUE[name] % {"when": _when(at)} for name, at in times if at]


def _when(at: datetime) -> str:
    return date_format(timezone.localtime(at), "j M Y, H:i")


def _added(source: Source) -> str:
    if source.published_revision_id:
        return _("“%s” is added and published. The portal answers from it now.") % source.title
    return _("“%s” is added as a draft. Look at its passages, then publish it.") % source.title


def _revised(made: SourceRevision | None) -> str:
    if made is None:
        return _("Nothing changed: this is what the newest revision says already.")
    return _("Revision %(n)d is read. Look at it, then publish it.") % {"n": made.number}


def _touched(plan: sources.Impact | None) -> dict[str, list[tuple[int, str]]]:
    """Questions by what publishing would do to their answers: each in one list only."""
    if plan is None:
        return {"stale": [], "broken": [], "healed": []}
    stale = [pk for pk in plan.questions_stale if pk not in set(plan.questions_broken)]
    return {
        "stale": _worded(stale),
        "broken": _worded(plan.questions_broken),
        "healed": _worded(plan.questions_healed),
    }


def _retiring(source: Source) -> dict[str, Any] | None:
    """What retiring a published source would do."""
    if source.published_revision_id is None:
        return None
    plan = sources.plan_retirement(source)
    return {"broken": _worded(plan.questions_broken), "languages": _named(plan.languages)}


def _named(tags: list[str]) -> SafeString:
    names = {locale.tag: locale.autonym for locale in locales.all_locales()}
    return format_html_join(", ", '<bdi lang="{}">{}</bdi>', ((tag, names.get(tag, tag)) for tag in tags))


def _expected(request: HttpRequest) -> datetime | None:
    """The source's `updated_at` when the page was made."""
    try:
        return parse_datetime(request.POST.get("expected", ""))
    except ValueError:
        return None


def _worded(question_ids: list[int]) -> list[tuple[int, str]]:
    """(id, canonical wording) of questions, for links."""
    rows = Phrasing.objects.filter(question_id__in=question_ids, canonical=True).order_by("-locale__order")
    texts: dict[int, Any] = dict(rows.values_list("question_id", "text"))
    return [(pk, texts.get(pk, f"#{pk}")) for pk in question_ids]
