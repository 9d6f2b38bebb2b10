"""The translation memory and background jobs, for editors' programs."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django_filters import rest_framework as filters  # type: ignore[import-untyped]
from rest_framework.request import Request
from rest_framework.response import Response

from faq.api import describe, desk_shapes
from faq.api.desk import DeskView, Latest, Newest, found
from faq.api.lists import OneOfFilter, YesNoFilter, filtered
from faq.domain import jobs, translations
from faq.enums import JobKind, JobState
from faq.models import Job, TranslationUnit


class UnitFilter(filters.FilterSet):
    """`failed`: whether a check failed, so that the translation is not shown."""

    source_locale = filters.CharFilter(field_name="source_locale_id", max_length=35)
    target_locale = filters.CharFilter(field_name="target_locale_id", max_length=35)
    approved = YesNoFilter()
    failed = YesNoFilter(method="with_verdict")

    class Meta:
        model = TranslationUnit
        fields: list[str] = []

    def with_verdict(self, rows: QuerySet[TranslationUnit], name: str, value: bool) -> QuerySet[TranslationUnit]:
        return rows.exclude(verdict="") if value else rows.filter(verdict="")


def unit_said(row: TranslationUnit) -> dict[str, Any]:
    return {
        "id": row.pk,
        "source_locale": row.source_locale_id,
        "target_locale": row.target_locale_id,
        "text": row.source_text,
        "translation": row.target_text,
        "origin": row.origin,
        "approved": row.approved,
        "verdict": row.verdict,
        "updated": row.updated_at,
    }


def unit_of(pk: int) -> TranslationUnit:
    return found(TranslationUnit.objects.filter(pk=pk).first(), "There is no such translation.")


@describe.desk(
    get=describe.Operation("listTranslations", desk_shapes.Units, filters=UnitFilter),
    post=describe.Operation("recordTranslation", desk_shapes.Unit, desk_shapes.NewUnit, 201),
)
class UnitsView(DeskView):
    """The translation memory: sentences and their translations, used wherever a sentence stands."""

    scopes = {"GET": "translations:read", "POST": "translations:write"}

    def get(self, request: Request) -> Response:
        rows = filtered(UnitFilter, request, TranslationUnit.objects.all())
        return self.listed(request, rows, unit_said, Latest)

    def post(self, request: Request) -> Response:
        """A person's translation of a sentence. It is shown at once where the sentence stands: so it is approved."""
        self.also("translations:publish")
        fields = self.given(request, desk_shapes.NewUnit)
        unit = translations.record_translation(
            fields["text"], fields["source_locale"], fields["target_locale"], fields["translation"], actor=self.actor
        )
        return Response(unit_said(unit), status=201)


@describe.desk(
    get=describe.Operation("getTranslation", desk_shapes.Unit, missing=True),
    put=describe.Operation(
        "correctTranslation", desk_shapes.Unit, desk_shapes.CorrectUnit, missing=True, conflicts=True
    ),
)
class UnitView(DeskView):
    """One sentence and its translation."""

    scopes = {"GET": "translations:read", "PUT": "translations:write"}

    def get(self, request: Request, pk: int) -> Response:
        return Response(unit_said(unit_of(pk)))

    def put(self, request: Request, pk: int) -> Response:
        """A person's wording in place of what stands there; it is shown at once."""
        self.also("translations:publish")
        unit, fields = unit_of(pk), self.given(request, desk_shapes.CorrectUnit)
        translations.correct_unit(unit, fields["translation"], actor=self.actor, expected=fields["expected"])
        return Response(unit_said(unit))


@describe.desk(post=describe.Operation("approveTranslation", desk_shapes.Unit, missing=True))
class ApproveUnitView(DeskView):
    """A person vouches for the translation as it stands."""

    scopes = {"POST": "translations:publish"}

    def post(self, request: Request, pk: int) -> Response:
        return Response(unit_said(translations.approve_unit(unit_of(pk), actor=self.actor)))


class JobFilter(filters.FilterSet):
    state = OneOfFilter(choices=JobState.choices)
    kind = OneOfFilter(choices=JobKind.choices)

    class Meta:
        model = Job
        fields: list[str] = []


def job_said(row: Job) -> dict[str, Any]:
    return {
        "id": row.pk,
        "kind": row.kind,
        "state": row.state,
        "done": row.done,
        "total": row.total,
        "message": row.message,
        "failures": row.failures,
        "error": row.error,
        "created": row.created_at,
        "finished": row.finished_at,
    }


@describe.desk(
    get=describe.Operation("listJobs", desk_shapes.Jobs, filters=JobFilter),
    post=describe.Operation("startJob", desk_shapes.Job, desk_shapes.NewJob, 202),
)
class JobsView(DeskView):
    """Background work, the newest first."""

    scopes = {"GET": "jobs:read", "POST": "jobs:write"}

    def get(self, request: Request) -> Response:
        return self.listed(request, filtered(JobFilter, request, Job.objects.all()), job_said, Newest)

    def post(self, request: Request) -> Response:
        """Work that waits or runs already is not queued twice: the answer is then that job."""
        kind = self.given(request, desk_shapes.NewJob)["kind"]
        key = {JobKind.SYNC_INDEX: "sync:all"}.get(kind, kind)
        return Response(job_said(jobs.enqueue(kind, {}, key=key, actor=self.actor)), status=202)


@describe.desk(get=describe.Operation("getJob", desk_shapes.Job, missing=True))
class JobView(DeskView):
    """How far a job is, and which items failed."""

    scopes = {"GET": "jobs:read"}

    def get(self, request: Request, pk: UUID) -> Response:
        return Response(job_said(jobs.get(pk)))


@describe.desk(post=describe.Operation("cancelJob", desk_shapes.Job, missing=True, conflicts=True))
class CancelJobView(DeskView):
    """A queued job never starts; a running one stops at its next step."""

    scopes = {"POST": "jobs:write"}

    def post(self, request: Request, pk: UUID) -> Response:
        return Response(job_said(jobs.cancel(pk, actor=self.actor)))


@describe.desk(post=describe.Operation("retryJob", desk_shapes.Job, missing=True, conflicts=True))
class RetryJobView(DeskView):
    """Queues a job again that is over."""

    scopes = {"POST": "jobs:write"}

    def post(self, request: Request, pk: UUID) -> Response:
        return Response(job_said(jobs.retry(pk, actor=self.actor)))
