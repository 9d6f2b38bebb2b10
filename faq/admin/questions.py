"""Questions: the wordings, the drafted answer beside the passages it rests on, edit, publish, and its translations."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from faq.admin.desk import badge, perform
from faq.domain import answers, feedback, questions
from faq.enums import AskedState, Origin, State
from faq.errors import DomainError, Invalid
from faq.models import AnswerRevision, Asked, Citation, Locale, Passage, Phrasing, Question, Topic
from faq.queries import freshness


class AddQuestionForm(forms.Form):
    text = forms.CharField(label=gettext_lazy("Question"), max_length=500, widget=UnfoldAdminTextInputWidget)
    locale = forms.ModelChoiceField(
        label=gettext_lazy("Language"), queryset=Locale.objects.filter(enabled=True), widget=UnfoldAdminSelectWidget
    )
    topic = forms.ModelChoiceField(
        label=gettext_lazy("Topic"), queryset=Topic.objects.all(), required=False, widget=UnfoldAdminSelectWidget
    )
    phrasings = forms.CharField(
        label=gettext_lazy("Other wordings, one a line"),
        required=False,
        max_length=5000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}),
    )

    def wordings(self) -> list[str]:
        return [line.strip() for line in self.cleaned_data["phrasings"].splitlines() if line.strip()]


@dataclass(frozen=True, slots=True)
class LocaleRow:
    """One line of the question's table of languages."""

    locale: Locale
    freshness: str
    origin: str
    revision: AnswerRevision | None


@admin.register(Question)
class QuestionAdmin(ModelAdmin):
    list_display = ["wording", "topic", "status", "freshness", "updated_at"]
    list_filter = ["state", "topic"]
    search_fields = ["phrasings__text", "key"]
    list_select_related = ["topic"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Question]:
        rows: QuerySet[Question] = super().get_queryset(request)
        return rows.prefetch_related("phrasings")

    @display(description=gettext_lazy("question"), ordering="key")
    def wording(self, question: Question) -> str:
        return canonical_text(question)

    @display(description=gettext_lazy("state"), ordering="state")
    def status(self, question: Question) -> SafeString:
        return badge(question.state, question.get_state_display())

    @display(description=gettext_lazy("answer"))
    def freshness(self, question: Question) -> SafeString:
        value = self._freshness.get(question.pk, "missing")
        return badge(value, _(value))

    def changelist_view(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        self._freshness = freshness.canonical_freshness()
        response: HttpResponse = super().changelist_view(request, extra_context)
        return response

    def has_delete_permission(self, request: HttpRequest, obj: Question | None = None) -> bool:
        return False  # questions are retired, so that links to them can say so

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        actions = ["draft", "save", "publish", "retire", "translate", "phrasing"]
        return [
            *(
                path(f"<int:pk>/{name}/", view(getattr(self, f"{name}_view")), name=f"faq_question_{name}")
                for name in actions
            ),
            *super().get_urls(),
        ]

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict | None = None) -> HttpResponse:
        asked = Asked.objects.filter(pk=request.GET.get("asked") or 0).first()
        initial = {"text": asked.text, "locale": asked.locale_id} if asked else {"locale": "en"}
        form = AddQuestionForm(request.POST or None, initial=initial)
        if request.method == "POST" and form.is_valid():
            try:
                question = self._create(request, form)
            except DomainError as error:
                form.add_error(None, str(error))
            else:
                if asked:
                    feedback.set_asked_state(asked, AskedState.ANSWERED, actor=request.user)
                return HttpResponseRedirect(self._to(question.pk))
        return self._page(
            request, "admin/faq/question_add.html", {"form": form, "asked": asked, "title": _("Write a question")}
        )

    def _create(self, request: HttpRequest, form: AddQuestionForm) -> Question:
        fields = form.cleaned_data
        question = questions.create_question(
            key="",
            topic=fields["topic"],
            phrasings=[fields["text"], *form.wordings()],
            locale=fields["locale"].tag,
            actor=request.user,
        )
        answers.draft_answer(question, actor=request.user)
        return question

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict | None = None
    ) -> HttpResponse:
        question = self._question(object_id)
        latest = latest_canonical(question)
        published = published_canonical(question)
        citations = list(latest.citations.select_related("passage__revision__source")) if latest else []
        context = {
            "title": canonical_text(question),
            "question": question,
            "status": badge(question.state, question.get_state_display()),
            "phrasings": list(
                question.phrasings.select_related("locale").order_by("locale__order", "-canonical", "id")
            ),
            "latest": latest,
            "is_live": latest is not None and published is not None and latest.pk == published.pk,
            "citations": [(citation, badge(freshness.citation_status(citation))) for citation in citations],
            "evidence": answers.evidence_for(question),
            "rows": self._rows(question),
            "locales": Locale.objects.filter(enabled=True),
        }
        return self._page(request, "admin/faq/question_desk.html", context)

    def _rows(self, question: Question) -> list[LocaleRow]:
        fresh = freshness.answer_freshness([question.pk]).get(question.pk, {})
        live = {
            revision.locale_id: revision
            for revision in AnswerRevision.objects.filter(answer__question=question).order_by("number")
            if revision.state != State.RETIRED
        }
        rows = []
        for locale in Locale.objects.filter(enabled=True):
            revision = live.get(locale.tag)
            value = fresh.get(locale.tag, "missing")
            rows.append(LocaleRow(locale, badge(value, _(value)), badge(revision.origin) if revision else "", revision))
        return rows

    def draft_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        return perform(
            request,
            lambda: self._draft(request, pk),
            _("A draft is ready. Check it against its passages."),
            self._to(pk),
        )

    def _draft(self, request: HttpRequest, pk: int) -> None:
        if answers.draft_answer(self._question(pk), actor=request.user) is None:
            raise Invalid(
                _(
                    "The published sources do not answer this question. Add a source, or write the answer and cite a passage."
                )
            )

    def save_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        def call() -> None:
            revision = self._save(request, self._question(pk))
            if "publish" in request.POST:
                answers.publish_revision(revision, actor=request.user)

        return perform(
            request, call, _("Published.") if "publish" in request.POST else _("Saved as a draft."), self._to(pk)
        )

    def _save(self, request: HttpRequest, question: Question) -> AnswerRevision:
        latest = latest_canonical(question)
        locale = latest.locale_id if latest else canonical_locale(question)
        return answers.save_revision(
            question,
            locale=locale,
            text=request.POST.get("text", ""),
            citations=posted_citations(request),
            origin=Origin.HUMAN,
            significance=request.POST.get("significance", "major"),
            actor=request.user,
        )

    def publish_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        question = self._question(pk)

        def call() -> None:
            latest = latest_canonical(question)
            if latest is not None and latest.state != State.PUBLISHED:
                answers.publish_revision(latest, actor=request.user)
            if question.state != State.PUBLISHED:
                questions.publish_question(question, actor=request.user)

        return perform(request, call, _("Published."), self._to(pk))

    def retire_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        question = self._question(pk)
        return perform(
            request, lambda: questions.retire_question(question, actor=request.user), _("Retired."), self._to(pk)
        )

    def translate_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        question, tag = self._question(pk), request.POST.get("locale", "")
        return perform(
            request,
            lambda: answers.translate_answer(question, tag, actor=request.user),
            _("Translated. Check the segments."),
            self._to(pk),
        )

    def phrasing_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        question = self._question(pk)
        return perform(
            request,
            lambda: questions.add_phrasing(
                question, text=request.POST.get("text", ""), locale=request.POST.get("locale", ""), actor=request.user
            ),
            _("The wording is added."),
            self._to(pk),
        )

    def _question(self, pk: object) -> Question:
        question = Question.objects.select_related("topic").filter(pk=str(pk)).first()
        if question is None:
            raise Http404
        return question

    def _to(self, pk: int) -> str:
        return reverse("admin:faq_question_change", args=[pk])

    def _page(self, request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
        request.current_app = self.admin_site.name
        return TemplateResponse(
            request, template, {**self.admin_site.each_context(request), "opts": self.opts} | context
        )


def canonical_phrasing(question: Question) -> Phrasing | None:
    """The canonical wording in the default locale, else in any."""
    wordings = [p for p in question.phrasings.all() if p.canonical] or list(question.phrasings.all())
    return next((p for p in wordings if p.locale_id == "en"), wordings[0] if wordings else None)


def canonical_text(question: Question) -> str:
    phrasing = canonical_phrasing(question)
    return phrasing.text if phrasing else question.key


def canonical_locale(question: Question) -> str:
    phrasing = canonical_phrasing(question)
    return phrasing.locale_id if phrasing else "en"


def latest_canonical(question: Question) -> AnswerRevision | None:
    """The newest canonical revision of any state."""
    return AnswerRevision.objects.filter(answer__question=question, is_translation=False).order_by("-pk").first()


def published_canonical(question: Question) -> AnswerRevision | None:
    return AnswerRevision.objects.filter(answer__question=question, is_translation=False, state=State.PUBLISHED).first()


def posted_citations(request: HttpRequest) -> list[Citation]:
    """Unsaved citations from the form's parallel fields `citation-passage` and `citation-quote`, numbered from 1.

    Raises Invalid when a quote is not in its passage.
    """
    found = []
    pairs = zip(request.POST.getlist("citation-passage"), request.POST.getlist("citation-quote"), strict=False)
    for number, (passage_id, quote) in enumerate(
        ((p, q.strip().replace("\r\n", "\n")) for p, q in pairs if q.strip()), start=1
    ):
        passage = Passage.objects.filter(pk=passage_id if passage_id.isdigit() else 0).first()
        start = passage.text.find(quote) if passage else -1
        if passage is None or start < 0:
            raise Invalid(
                _("Citation %(n)d: the quote is not in its passage word for word. Copy it from the passage.")
                % {"n": number}
            )
        found.append(
            Citation(
                number=number,
                passage=passage,
                quote=quote,
                start=start,
                end=start + len(quote),
                passage_hash=passage.content_hash,
            )
        )
    return found
