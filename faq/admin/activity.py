"""What people did: feedback, the audit log."""

import json

from django.apps import apps
from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from faq.admin.answering import canonical_text
from faq.admin.desk import Crumb, ReadOnlyAdmin, allow
from faq.models import AuditEntry, Feedback


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
            page = "gap_of" if entry.object_type == "asked" else f"{entry.object_type}_change"
            link = reverse(f"admin:faq_{page}", args=[entry.object_id])
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
