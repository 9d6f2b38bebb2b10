"""What people did: unanswered questions (with what to do about them), feedback, the audit log."""

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from faq.admin.desk import ReadOnlyAdmin, badge
from faq.domain import feedback
from faq.enums import AskedState
from faq.models import Asked, AuditEntry, Feedback


@admin.register(Asked)
class AskedAdmin(ReadOnlyAdmin):
    list_display = ["question", "locale", "count", "nearest", "status", "last_at"]
    list_filter = ["state", "locale", "outcome"]
    search_fields = ["text"]
    actions = ["mark_dismissed", "mark_spam", "mark_open"]
    actions_row = ["answer_this"]
    list_select_related = ["locale", "nearest"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Asked]:
        rows: QuerySet[Asked] = super().get_queryset(request)
        return (
            rows if "state__exact" in request.GET else rows.exclude(state__in=[AskedState.DISMISSED, AskedState.SPAM])
        )

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        # The list's actions need it; the change form stays read-only through get_readonly_fields.
        return bool(request.user.has_perm("faq.change_asked"))

    def get_readonly_fields(self, request: HttpRequest, obj: Asked | None = None) -> list[str]:
        return [field.name for field in Asked._meta.fields]

    @display(description=_("question"), ordering="text")
    def question(self, asked: Asked) -> SafeString:
        from django.utils.html import format_html

        return format_html('<bdi lang="{}" dir="auto">{}</bdi>', asked.locale_id, asked.text)

    @display(description=_("state"), ordering="state")
    def status(self, asked: Asked) -> SafeString:
        return badge(asked.state, asked.get_state_display())

    @action(description=_("Write an answer"), url_path="answer-this")
    def answer_this(self, request: HttpRequest, object_id: int) -> HttpResponseRedirect:
        return HttpResponseRedirect(f"{reverse('admin:faq_question_add')}?asked={object_id}")

    def _mark(self, request: HttpRequest, rows: QuerySet[Asked], state: AskedState) -> None:
        for asked in rows:
            feedback.set_asked_state(asked, state, actor=request.user)
        self.message_user(request, _("%(n)d questions changed.") % {"n": len(rows)})

    @admin.action(description=_("Dismiss"))
    def mark_dismissed(self, request: HttpRequest, rows: QuerySet[Asked]) -> None:
        self._mark(request, rows, AskedState.DISMISSED)

    @admin.action(description=_("Mark as spam"))
    def mark_spam(self, request: HttpRequest, rows: QuerySet[Asked]) -> None:
        self._mark(request, rows, AskedState.SPAM)

    @admin.action(description=_("Open again"))
    def mark_open(self, request: HttpRequest, rows: QuerySet[Asked]) -> None:
        self._mark(request, rows, AskedState.OPEN)


@admin.register(Feedback)
class FeedbackAdmin(ReadOnlyAdmin):
    list_display = ["question", "locale", "helpful", "comment", "created_at"]
    list_filter = ["helpful", "locale"]
    list_select_related = ["question", "locale"]


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    list_display = ["at", "actor", "verb", "object_type", "object_id"]
    list_filter = ["verb", "object_type"]
    search_fields = ["object_id"]
    list_select_related = ["actor"]
