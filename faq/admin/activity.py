"""What people did: unanswered questions (with what to do about them), feedback, the audit log."""

import json

from django.apps import apps
from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import NoReverseMatch, URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from faq.admin import charts
from faq.admin.answering import canonical_text
from faq.admin.desk import Crumb, ReadOnlyAdmin, allow, badge, may, perform
from faq.domain import feedback, questions
from faq.enums import AskedState
from faq.errors import DomainError, Invalid
from faq.models import Asked, AuditEntry, Feedback, Question
from faq.queries import asking

DONE = [AskedState.ANSWERED, AskedState.DISMISSED, AskedState.SPAM]


@admin.register(Asked)
class AskedAdmin(ReadOnlyAdmin):
    list_display = ["question", "locale", "count", "nearest_text", "status", "last_at"]
    list_filter = ["state", "locale", "outcome"]
    search_fields = ["text"]
    actions = ["mark_dismissed", "mark_spam", "mark_open"]
    list_select_related = ["locale"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Asked]:
        rows: QuerySet[Asked] = super().get_queryset(request).prefetch_related("nearest__phrasings")
        return rows if "state__exact" in request.GET else rows.exclude(state__in=DONE)

    def has_sort_permission(self, request: HttpRequest) -> bool:
        """Named by the list's actions."""
        return may(request, "change_asked")

    @display(description=gettext_lazy("question"), ordering="text")
    def question(self, asked: Asked) -> SafeString:
        return format_html('<bdi lang="{}" dir="auto">{}</bdi>', asked.locale_id, asked.text)

    @display(description=gettext_lazy("nearest entry"))
    def nearest_text(self, asked: Asked) -> str:
        return canonical_text(asked.nearest) if asked.nearest else "–"

    @display(description=gettext_lazy("state"), ordering="state")
    def status(self, asked: Asked) -> SafeString:
        return badge(asked.state, asked.get_state_display())

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("<int:pk>/sort/", view(self.sort_view), name="faq_asked_sort"),
            path("<int:pk>/wording/", view(self.wording_view), name="faq_asked_wording"),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict | None = None
    ) -> HttpResponse:
        allow(request, "faq.view_asked")
        asked = _asked(object_id)
        context = {
            "title": asked.text,
            "crumb": Crumb(asked, asked.text[:60]),
            "asked": asked,
            "status": badge(asked.state, asked.get_state_display()),
            "nearest": canonical_text(asked.nearest) if asked.nearest else "",
            "chart": charts.stacked(
                [(0, times, str(times)) for times in asking.demand_over_time(asked)],
                _("Times asked in each of the last %(n)s weeks") % {"n": asking.WEEKS},
            ),
            "may_change": may(request, "change_asked"),
            "may_word": may(request, "change_asked") and may(request, "change_question"),
            "may_write": may(request, "add_question"),
        }
        return self.page(request, "admin/faq/asked_desk.html", context)

    def sort_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        asked, state = _asked(str(pk)), request.POST.get("state", "")
        return perform(
            request,
            lambda: feedback.set_asked_state(asked, state, actor=request.user),
            lambda done: _("Marked as %s.") % done.get_state_display(),
            reverse("admin:faq_asked_changelist"),
            needs="faq.change_asked",
        )

    def wording_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The nearest entry answers it: add the words to it, so that they find it the next time."""
        allow(request, "faq.change_asked")
        asked = _asked(str(pk))

        def call() -> Question:
            if asked.nearest is None:
                raise Invalid(_("There is no entry near this question."))
            questions.add_phrasing(asked.nearest, text=asked.text, locale=asked.locale_id, actor=request.user)
            feedback.set_asked_state(asked, AskedState.ANSWERED, actor=request.user)
            return asked.nearest

        return perform(
            request,
            call,
            lambda question: _("Added as a wording of “%s”.") % canonical_text(question),
            reverse("admin:faq_asked_changelist"),
            needs="faq.change_question",
        )

    def _mark(self, request: HttpRequest, rows: QuerySet[Asked], state: AskedState) -> None:
        done = 0
        for asked in rows:
            try:
                feedback.set_asked_state(asked, state, actor=request.user)
                done += 1
            except DomainError as error:
                self.message_user(request, str(error), level="ERROR")
        self.message_user(request, _("%(n)d marked as %(state)s.") % {"n": done, "state": state.label})

    @admin.action(description=gettext_lazy("Dismiss"), permissions=["sort"])
    def mark_dismissed(self, request: HttpRequest, rows: QuerySet[Asked]) -> None:
        self._mark(request, rows, AskedState.DISMISSED)

    @admin.action(description=gettext_lazy("Mark as spam"), permissions=["sort"])
    def mark_spam(self, request: HttpRequest, rows: QuerySet[Asked]) -> None:
        self._mark(request, rows, AskedState.SPAM)

    @admin.action(description=gettext_lazy("Open again"), permissions=["sort"])
    def mark_open(self, request: HttpRequest, rows: QuerySet[Asked]) -> None:
        self._mark(request, rows, AskedState.OPEN)


def _asked(pk: str) -> Asked:
    rows = Asked.objects.select_related("locale", "nearest").prefetch_related("nearest__phrasings")
    asked = rows.filter(pk=pk).first() if pk.isdecimal() else None
    if asked is None:
        raise Http404
    return asked


@admin.register(Feedback)
class FeedbackAdmin(ReadOnlyAdmin):
    list_display = ["question_text", "locale", "is_helpful", "comment", "created_at"]
    list_filter = ["helpful", "locale"]
    list_select_related = ["question", "locale"]
    search_fields = ["comment"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Feedback]:
        rows: QuerySet[Feedback] = super().get_queryset(request)
        return rows.prefetch_related("question__phrasings")

    @display(description=gettext_lazy("question"))
    def question_text(self, vote: Feedback) -> str:
        return canonical_text(vote.question)

    @display(description=gettext_lazy("helpful"), boolean=True, ordering="helpful")
    def is_helpful(self, vote: Feedback) -> bool:
        return vote.helpful

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict | None = None
    ) -> HttpResponse:
        """A vote says all in its line; it opens the question it is about."""
        allow(request, "faq.view_feedback")
        vote = Feedback.objects.filter(pk=object_id).first() if object_id.isdecimal() else None
        if vote is None:
            raise Http404
        return HttpResponseRedirect(reverse("admin:faq_question_change", args=[vote.question_id]))


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    list_display = ["at", "who", "verb", "what", "summary"]
    list_filter = ["verb", "object_type"]
    search_fields = ["=object_id", "actor__username"]
    list_select_related = ["actor"]

    @display(description=gettext_lazy("who"), ordering="actor__username")
    def who(self, entry: AuditEntry) -> str:
        return str(entry.actor) if entry.actor else _("Polyfaq itself")

    @display(description=gettext_lazy("what"), ordering="object_type")
    def what(self, entry: AuditEntry) -> SafeString:
        try:
            kind = str(apps.get_model("faq", entry.object_type)._meta.verbose_name)
        except LookupError:  # a kind of an older version
            kind = entry.object_type
        name = f"{kind} {entry.object_id[:8]}"
        try:
            link = reverse(f"admin:faq_{entry.object_type}_change", args=[entry.object_id])
        except NoReverseMatch:
            return format_html("{}", name)
        return format_html('<a class="pf-link" href="{}">{}</a>', link, name)

    @display(description=gettext_lazy("after"))
    def summary(self, entry: AuditEntry) -> str:
        text = ", ".join(f"{name}: {value}" for name, value in entry.after.items())
        return text[:100] + ("…" if len(text) > 100 else "")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict | None = None
    ) -> HttpResponse:
        allow(request, "faq.view_auditentry")
        entry = (
            AuditEntry.objects.select_related("actor").filter(pk=object_id).first() if object_id.isdecimal() else None
        )
        if entry is None:
            raise Http404
        context = {
            "title": str(entry),
            "crumb": Crumb(entry, str(entry)),
            "entry": entry,
            "who": self.who(entry),
            "what": self.what(entry),
            "sides": [
                (label, json.dumps(side, ensure_ascii=False, indent=2) if side else "")
                for label, side in ((_("Before"), entry.before), (_("After"), entry.after))
            ],
        }
        return self.page(request, "admin/faq/audit_desk.html", context)
