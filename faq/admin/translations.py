"""Translations: an answer's segments side by side with approve and correct; the translation memory as a list."""

from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from faq.admin.desk import ReadOnlyAdmin, badge, perform
from faq.domain import answers, translations
from faq.enums import State
from faq.models import AnswerRevision, TranslationUnit
from faq.queries import freshness


@dataclass(frozen=True, slots=True)
class SegmentRow:
    """One segment beside its original; `unit` is what a correction changes."""

    source: str
    text: str
    origin: SafeString
    unit: TranslationUnit | None


@admin.register(AnswerRevision)
class AnswerRevisionAdmin(ReadOnlyAdmin):
    """Lists translations of answers; the change view is the translation screen."""

    list_display = ["question_key", "locale", "number", "kind_of_origin", "status", "created_at"]
    list_filter = ["locale", "origin", "state", "is_translation"]
    search_fields = ["text", "answer__question__key"]
    list_select_related = ["answer__question", "locale"]

    @display(description=gettext_lazy("question"), ordering="answer__question__key")
    def question_key(self, revision: AnswerRevision) -> str:
        return revision.answer.question.key

    @display(description=gettext_lazy("origin"), ordering="origin")
    def kind_of_origin(self, revision: AnswerRevision) -> SafeString:
        return badge(revision.origin, revision.get_origin_display())

    @display(description=gettext_lazy("state"), ordering="state")
    def status(self, revision: AnswerRevision) -> SafeString:
        return badge(revision.state, revision.get_state_display())

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("<int:pk>/correct/", view(self.correct_view), name="faq_answerrevision_correct"),
            path("<int:pk>/approve/", view(self.approve_view), name="faq_answerrevision_approve"),
            path("<int:pk>/again/", view(self.again_view), name="faq_answerrevision_again"),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict | None = None
    ) -> HttpResponse:
        revision = self._revision(object_id)
        original = revision.based_on
        fresh = freshness.answer_freshness([revision.answer.question_id]).get(revision.answer.question_id, {})
        value = fresh.get(revision.locale_id, "missing")
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": f"{revision.answer.question.key} · {revision.locale.autonym}",
            "revision": revision,
            "original": original,
            "rows": segment_rows(revision),
            "freshness": badge(value, _(value)),
            "state": badge(revision.state, revision.get_state_display()),
            "siblings": AnswerRevision.objects.filter(answer=revision.answer, is_translation=True)
            .exclude(state=State.RETIRED)
            .select_related("locale")
            .order_by("locale__order"),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/faq/translation_desk.html", context)

    def correct_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        revision = self._revision(pk)
        unit = TranslationUnit.objects.filter(pk=request.POST.get("unit") or 0, target_locale=revision.locale).first()
        if unit is None:
            raise Http404
        text = request.POST.get("text", "")
        return perform(
            request,
            lambda: translations.correct_unit(unit, text=text, actor=request.user),
            _("Saved. The correction is used everywhere this sentence stands."),
            self._to(pk),
        )

    def approve_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Approve every segment as it stands, and publish the translation."""
        revision = self._revision(pk)

        def call() -> None:
            for row in segment_rows(revision):
                if row.unit is not None:
                    translations.approve_unit(row.unit, actor=request.user)
            fresh = latest_translation(revision)
            if fresh.state != State.PUBLISHED:
                answers.publish_revision(fresh, actor=request.user)

        return perform(request, call, _("Approved and published."), self._to(pk))

    def again_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        revision = self._revision(pk)
        return perform(
            request,
            lambda: answers.translate_answer(revision.answer.question, revision.locale_id, actor=request.user),
            _("Translated again: segments that a person wrote were kept."),
            self._to(pk),
        )

    def _revision(self, pk: object) -> AnswerRevision:
        rows = AnswerRevision.objects.select_related("answer__question", "locale", "based_on")
        revision = rows.filter(pk=str(pk)).first()
        if revision is None:
            raise Http404
        return revision

    def _to(self, pk: int) -> str:
        return reverse("admin:faq_answerrevision_change", args=[latest_translation(self._revision(pk)).pk])


def latest_translation(revision: AnswerRevision) -> AnswerRevision:
    """The newest revision of the same answer and locale: corrections make new ones."""
    rows = AnswerRevision.objects.filter(
        answer_id=revision.answer_id, locale_id=revision.locale_id, is_translation=revision.is_translation
    )
    return rows.exclude(state=State.RETIRED).order_by("-number").first() or revision


def segment_rows(revision: AnswerRevision) -> list[SegmentRow]:
    """The segments of a translation with their memory units, in one query."""
    segments: list[dict[str, Any]] = revision.segments
    units = {
        unit.source_text: unit
        for unit in TranslationUnit.objects.filter(
            target_locale_id=revision.locale_id, source_text__in=[segment["source"] for segment in segments]
        )
    }
    return [
        SegmentRow(segment["source"], segment["text"], badge(segment["origin"]), units.get(segment["source"]))
        for segment in segments
    ]


@admin.register(TranslationUnit)
class TranslationUnitAdmin(ReadOnlyAdmin):
    list_display = [
        "original",
        "translated",
        "source_locale",
        "target_locale",
        "kind_of_origin",
        "approved",
        "verdict",
        "updated_at",
    ]
    list_filter = ["target_locale", "origin", "approved", "verdict"]
    search_fields = ["source_text", "target_text"]
    list_select_related = ["source_locale", "target_locale"]
    change_form_template = "admin/faq/unit_desk.html"
    show_full_result_count = False

    @display(description=gettext_lazy("original"))
    def original(self, unit: TranslationUnit) -> str:
        return unit.source_text[:120]

    @display(description=gettext_lazy("translation"))
    def translated(self, unit: TranslationUnit) -> SafeString:
        from django.utils.html import format_html

        return format_html(
            '<bdi lang="{}" dir="{}">{}</bdi>',
            unit.target_locale_id,
            unit.target_locale.direction,
            unit.target_text[:120],
        )

    @display(description=gettext_lazy("origin"), ordering="origin")
    def kind_of_origin(self, unit: TranslationUnit) -> SafeString:
        return badge(unit.origin, unit.get_origin_display())

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("<int:pk>/correct/", view(self.correct_view), name="faq_translationunit_correct"),
            *super().get_urls(),
        ]

    def correct_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        unit = TranslationUnit.objects.filter(pk=str(pk)).first()
        if unit is None:
            raise Http404
        text = request.POST.get("text", "")
        return perform(
            request,
            lambda: translations.correct_unit(unit, text=text, actor=request.user),
            _("Saved. The correction is used everywhere this sentence stands."),
            reverse("admin:faq_translationunit_change", args=[pk]),
        )
