"""Jobs with live progress: the list refreshes itself while anything runs; cancel and retry."""

from datetime import datetime
from uuid import UUID

from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from faq.admin.desk import Crumb, ReadOnlyAdmin, allow, badge, may, perform
from faq.domain import jobs
from faq.enums import JobState
from faq.models import Job

SHOWN = 20


def active() -> QuerySet[Job]:
    """Queued and running jobs, newest first."""
    return Job.objects.filter(state__in=[JobState.QUEUED, JobState.RUNNING])


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    list_display = ["kind", "status", "progress", "message", "failed_items", "created", "finished"]
    list_filter = ["state", "kind"]
    list_display_links = ["kind"]
    change_list_template = "admin/faq/job_list.html"

    @display(description=gettext_lazy("state"), ordering="state")
    def status(self, job: Job) -> SafeString:
        return badge(job.state, job.get_state_display())

    @display(description=gettext_lazy("progress"))
    def progress(self, job: Job) -> SafeString:
        return format_html(
            '<progress class="pf-progress" max="100" value="{0}" aria-label="{1}">{0} %</progress>',
            job.percent,
            job.get_kind_display(),
        )

    @display(description=gettext_lazy("created"), ordering="created_at")
    def created(self, job: Job) -> str:
        return _at(job.created_at)

    @display(description=gettext_lazy("finished"), ordering="finished_at")
    def finished(self, job: Job) -> str:
        return _at(job.finished_at)

    @display(description=gettext_lazy("failed items"))
    def failed_items(self, job: Job) -> int:
        return len(job.failures)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("active/", view(self.active_view), name="faq_job_active"),
            path("<uuid:pk>/state/", view(self.state_view), name="faq_job_state"),
            path("<uuid:pk>/cancel/", view(self.cancel_view), name="faq_job_cancel"),
            path("<uuid:pk>/retry/", view(self.retry_view), name="faq_job_retry"),
            *super().get_urls(),
        ]

    def active_view(self, request: HttpRequest) -> HttpResponse:
        """The fragment that asks for itself again; when the last job has ended, the page is loaded anew."""
        allow(request, "faq.view_job")
        found = list(active()[:SHOWN])
        response = TemplateResponse(request, "admin/faq/job_progress.html", {"active_jobs": found})
        if request.GET.get("busy") and not found:
            response.headers["HX-Refresh"] = "true"
        return response

    def changelist_view(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        context = {"active_jobs": list(active()[:SHOWN]), **(extra_context or {})}
        response: HttpResponse = super().changelist_view(request, context)
        return response

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict | None = None
    ) -> HttpResponse:
        allow(request, "faq.view_job")
        job = _job(object_id)
        context = {"crumb": Crumb(job, job.get_kind_display()), "title": job.get_kind_display()}
        return self.page(request, "admin/faq/job_desk.html", context | job_context(request, job))

    def state_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """The part of a job's page that changes while it runs. With `around`, the page around it is loaded anew at its end."""
        allow(request, "faq.view_job")
        context = job_context(request, _job(str(pk))) | {"around": request.GET.get("around", "")}
        response = TemplateResponse(request, "admin/faq/job_state.html", context)
        if context["around"] and not context["is_active"]:
            response.headers["HX-Refresh"] = "true"
        return response

    def cancel_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        return perform(
            request,
            lambda: jobs.cancel(pk, actor=request.user),
            _("Cancelled: the job stops at its next step. What it did so far stays."),
            self._to(pk),
            needs="faq.change_job",
        )

    def retry_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        return perform(
            request,
            lambda: jobs.retry(pk, actor=request.user),
            _("The job is queued again."),
            self._to(pk),
            needs="faq.change_job",
        )

    def _to(self, pk: UUID) -> str:
        return reverse("admin:faq_job_change", args=[pk])


def job_context(request: HttpRequest, job: Job) -> dict[str, object]:
    """What job_state.html shows."""
    return {
        "job": job,
        "status": badge(job.state, job.get_state_display()),
        "is_active": job.state in (JobState.QUEUED, JobState.RUNNING),
        "may_retry": job.state in (JobState.FAILED, JobState.CANCELLED) or bool(job.failures),
        "may_change": may(request, "change_job"),
    }


def _at(time: datetime | None) -> str:
    """Short enough for a column."""
    return date_format(timezone.localtime(time), "j M, H:i") if time else ""


def found_job(pk: str) -> Job | None:
    """The job of an id as an address has it; None for what is none."""
    try:
        return Job.objects.select_related("requested_by").filter(pk=UUID(pk)).first()
    except ValueError:
        return None


def _job(pk: str) -> Job:
    job = found_job(pk)
    if job is None:
        raise Http404
    return job
