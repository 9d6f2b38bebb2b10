"""Jobs with live progress: the list refreshes its rows by itself while anything runs; cancel and retry."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from faq.admin.desk import ReadOnlyAdmin, badge, perform
from faq.domain import jobs
from faq.enums import JobState
from faq.models import Job


def active() -> QuerySet[Job]:
    """Queued and running jobs, newest first."""
    return Job.objects.filter(state__in=[JobState.QUEUED, JobState.RUNNING])


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    list_display = ["kind", "status", "progress", "message", "failed_items", "created_at", "finished_at"]
    list_filter = ["state", "kind"]
    change_list_template = "admin/faq/job_list.html"
    change_form_template = "admin/faq/job_desk.html"

    @display(description=gettext_lazy("state"), ordering="state")
    def status(self, job: Job) -> SafeString:
        return badge(job.state, job.get_state_display())

    @display(description=gettext_lazy("progress"))
    def progress(self, job: Job) -> SafeString:
        return format_html('<progress class="pf-progress" max="100" value="{0}">{0} %</progress>', job.percent)

    @display(description=gettext_lazy("failed items"))
    def failed_items(self, job: Job) -> int:
        return len(job.failures)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("active/", view(self.active_view), name="faq_job_active"),
            path("<uuid:pk>/cancel/", view(self.cancel_view), name="faq_job_cancel"),
            path("<uuid:pk>/retry/", view(self.retry_view), name="faq_job_retry"),
            *super().get_urls(),
        ]

    def active_view(self, request: HttpRequest) -> HttpResponse:
        """The fragment that polls itself every two seconds while a job is active."""
        return TemplateResponse(request, "admin/faq/job_progress.html", {"active_jobs": list(active()[:20])})

    def cancel_view(self, request: HttpRequest, pk: str) -> HttpResponse:
        return perform(request, lambda: jobs.cancel(pk), _("The job stops at its next step."), self._to(pk))

    def retry_view(self, request: HttpRequest, pk: str) -> HttpResponse:
        return perform(request, lambda: jobs.retry(pk), _("The job is queued again."), self._to(pk))

    def _to(self, pk: str) -> str:
        return reverse("admin:faq_job_change", args=[pk])

    def changelist_view(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        response: HttpResponse = super().changelist_view(
            request, {"active_jobs": list(active()[:20]), **(extra_context or {})}
        )
        return response
