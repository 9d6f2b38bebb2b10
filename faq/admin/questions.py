"""Questions: the wordings, the drafted answer beside the passages it rests on, edit, publish, and its translations."""

from dataclasses import dataclass
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from faq.admin import answering, checking
from faq.admin.answering import Posted, canonical_text
from faq.admin.checking import CheckViews
from faq.admin.coverage import CoverageViews
from faq.admin.desk import Crumb, DeskAdmin, allow, badge, may, perform
from faq.admin.filters import AnswerFreshness, MissingTranslation
from faq.admin.forms import AddQuestionForm, TopicForm, enabled, reported
from faq.admin.gaps import desk_locale, told
from faq.admin.importing import ImportViews
from faq.domain import answers, gaps, questions
from faq.enums import AskedState, Freshness, State
from faq.errors import Conflict, DomainError, Invalid
from faq.models import AnswerRevision, Asked, Locale, Phrasing, Question
from faq.queries import freshness, locales, nearby


@dataclass(frozen=True, slots=True)
class LocaleRow:
    """One line of the question's table of languages."""

    locale: Locale
    freshness: SafeString
    origin: SafeString | str
    own: bool


@admin.register(Question)
class QuestionAdmin(ImportViews, CoverageViews, CheckViews, DeskAdmin):
    list_display = ["wording", "topic", "status", "answer_freshness", "updated_at"]
    list_filter = ["state", "topic", AnswerFreshness, MissingTranslation]
    search_fields = ["phrasings__text", "key"]
    list_select_related = ["topic"]
    change_list_template = "admin/faq/question_list.html"

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
    def answer_freshness(self, question: Question) -> SafeString:
        value = self._freshness.get(question.pk, Freshness.MISSING)
        return badge(value, value.label)

    def changelist_view(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        self._freshness = freshness.canonical_freshness()
        shown = {"may_import": may(request, "add_source") and may(request, "add_question")}
        response: HttpResponse = super().changelist_view(request, shown | (extra_context or {}))
        return response

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            *self.coverage_urls(),
            *self.import_urls(),
            *self.check_urls(),
            *(
                path(f"<int:pk>/{name}/", view(getattr(self, f"{name}_view")), name=f"faq_question_{name}")
                for name in ("draft", "save", "retire", "place", "phrasing", "phrasing_remove")
            ),
            *super().get_urls(),
        ]

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict | None = None) -> HttpResponse:
        allow(request, "faq.add_question")
        wordings = _wordings(request)
        form = AddQuestionForm(request.POST or None, initial=_begun(wordings))
        chosen = request.POST.getlist("asked") if request.method == "POST" else [str(row.pk) for row in wordings]
        near: list[nearby.Near] = []
        # Asked once for each question as it is worded: changed words may ask what another entry asks.
        if request.method == "POST" and form.is_valid() and request.POST.get("despite") != form.cleaned_data["text"]:
            near = checking.repeated(form)
        if request.method == "POST" and form.is_valid() and not near:
            with reported(form):
                question = self._create(request, form, [row for row in wordings if str(row.pk) in chosen])
                return HttpResponseRedirect(self._to(question.pk))
        context = {
            "form": form,
            "near": near,
            "wordings": [(row, told(row, desk_locale()), str(row.pk) in chosen) for row in wordings],
            "times": sum(row.count for row in wordings),
            "title": _("Write a question"),
        }
        return self.page(request, "admin/faq/question_add.html", context)

    def _create(self, request: HttpRequest, form: AddQuestionForm, asked: list[Asked]) -> Question:
        fields = form.cleaned_data
        question = questions.create_question(
            topic=fields["topic"],
            phrasings=[fields["text"], *form.wordings()],
            locale=fields["locale"].tag,
            actor=request.user,
        )
        if asked and may(request, "change_asked") and may(request, "change_question"):
            gaps.answered_by(asked, question, actor=request.user)
        try:
            draft = answers.draft_answer(question, actor=request.user)
        except DomainError as error:  # the question is kept; a draft can be had later
            messages.warning(request, str(error))
            return question
        if draft is None:
            messages.warning(request, _no_draft())
        else:
            messages.success(request, _("A draft is ready. Check it against its passages, then publish it."))
        return question

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict | None = None
    ) -> HttpResponse:
        allow(request, "faq.view_question")
        return self._desk(request, self._question(object_id))

    def _desk(
        self,
        request: HttpRequest,
        question: Question,
        *,
        form: Posted | None = None,
        error: str = "",
        theirs: AnswerRevision | None = None,
        phrasing: dict[str, str] | None = None,
    ) -> HttpResponse:
        """The page; with `form`, as an editor left it, `error` saying why and `theirs` what somebody else saved."""
        latest = answering.latest_original(question)
        published = answers.canonical_revision(question)
        title = canonical_text(question)
        home = answering.home_locale(question)
        citations = form.citations if form else answering.stored(latest)
        phrasings = list(question.phrasings.select_related("locale").order_by("locale__order", "-canonical", "id"))
        context = {
            "title": title,
            "crumb": Crumb(question, title),
            "question": question,
            "status": badge(question.state, question.get_state_display()),
            "latest": latest,
            "latest_origin": badge(latest.origin, latest.get_origin_display()) if latest else "",
            "published": published if published and latest and published.pk != latest.pk else None,
            "text": form.text if form else latest.text if latest else "",
            "citations": citations,
            "next_number": max((row.number for row in citations), default=0) + 1,
            "significance": form.significance if form else "major",
            "seen": answers.last_written(question),
            "error": error,
            "theirs": theirs,
            "evidence": [_without_echo(row) for row in answers.evidence_for(question)],
            "rows": self._rows(question, published or latest),
            "is_translatable": published is not None,
            "phrasings": phrasings,
            "locales": list(enabled()),
            "home": home,
            "place": TopicForm(initial={"topic": question.topic_id}, auto_id="place_%s"),
            "phrasing": phrasing or {"locale": home},
            "report": checking.report(
                question,
                form.text if form else latest.text if latest else "",
                home,
                checking.found_quotes(citations),
            )
            if may(request, "change_question")
            else None,
            "may_change": may(request, "change_question"),
            "may_publish": may(request, "change_question") and may(request, "publish_question"),
            "may_translate": may(request, "view_answerrevision"),
        }
        return self.page(request, "admin/faq/question_desk.html", context)

    def _rows(self, question: Question, original: AnswerRevision | None) -> list[LocaleRow]:
        fresh = freshness.answer_freshness([question.pk]).get(question.pk, {})
        live = AnswerRevision.objects.filter(answer__question=question).exclude(state=State.RETIRED)
        newest = {row.locale_id: row for row in live.order_by("number").defer("text", "segments")}
        rows = []
        for locale in enabled():
            row, value = newest.get(locale.tag), fresh.get(locale.tag, Freshness.MISSING)
            drafted = row is not None and value == Freshness.MISSING
            rows.append(
                LocaleRow(
                    locale,
                    badge("draft", _("draft")) if drafted else badge(value, value.label),
                    badge(row.origin, row.get_origin_display()) if row else "",
                    original is not None and original.locale_id == locale.tag,
                )
            )
        return rows

    def save_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Save the answer as a draft, or publish it with its question; on refusal the page comes back as it was sent."""
        publish = "publish" in request.POST
        allow(request, "faq.change_question", *(["faq.publish_question"] if publish else []))
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        question, form = self._question(pk), answering.posted(request)
        try:
            answering.save(question, form, publish=publish, actor=request.user)
        except Conflict as error:
            theirs = answering.latest_original(question)
            return self._desk(request, self._question(pk), form=form, error=str(error), theirs=theirs)
        except DomainError as error:
            return self._desk(request, self._question(pk), form=form, error=str(error))
        self.message_user(
            request,
            _("Published. Readers see it now.") if publish else _("Saved as a draft. Readers do not see it yet."),
        )
        if warning := checking.warned(question):
            self.message_user(request, warning, level=messages.WARNING)
        return HttpResponseRedirect(self._to(pk))

    def draft_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        question = self._question(pk)

        def call() -> None:
            if answers.draft_answer(question, actor=request.user) is None:
                raise Invalid(_no_draft())

        done = _("A draft is ready. Check it against its passages, then publish it.")
        return perform(request, call, done, self._to(pk), needs="faq.change_question")

    def retire_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        question = self._question(pk)
        return perform(
            request,
            lambda: questions.retire_question(question, actor=request.user),
            _("Retired. Readers no longer find it; publish the answer to bring it back."),
            self._to(pk),
            needs="faq.publish_question",
        )

    def place_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        question, form = self._question(pk), TopicForm(request.POST or None)

        def call() -> None:
            if not form.is_valid():
                raise Invalid("There is no such topic any more. Choose another one.")
            questions.move_question(question, form.cleaned_data["topic"], actor=request.user)

        done = _("Saved. Readers see the change at once.")
        return perform(request, call, done, self._to(pk), needs="faq.change_question")

    def phrasing_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Add a wording; refused, it stays in its field."""
        allow(request, "faq.change_question")
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        question, given = self._question(pk), {name: request.POST.get(name, "") for name in ("text", "locale")}
        try:
            questions.add_phrasing(
                question, **given, canonical="canonical" in request.POST, actor=request.user
            )  # fmt: skip
        except DomainError as error:
            return self._desk(request, question, phrasing={**given, "error": str(error)})
        self.message_user(request, _("The wording is added."))
        return HttpResponseRedirect(self._to(pk))

    def phrasing_remove_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        given = request.POST.get("phrasing", "")
        rows = Phrasing.objects.filter(question_id=pk, pk=int(given) if given.isdecimal() else 0)

        def call() -> None:
            phrasing = rows.first()
            if phrasing is not None:  # else somebody removed it already
                questions.remove_phrasing(phrasing, actor=request.user)

        return perform(request, call, _("The wording is removed."), self._to(pk), needs="faq.change_question")

    def _question(self, pk: object) -> Question:
        rows = Question.objects.select_related("topic").prefetch_related("phrasings")
        question = rows.filter(pk=str(pk)).first() if str(pk).isdecimal() else None
        if question is None:
            raise Http404
        return question

    def _to(self, pk: int) -> str:
        return reverse("admin:faq_question_change", args=[pk])


def _no_draft() -> str:
    return _(
        "The published sources do not answer this question. Write the answer and cite a passage, or add a source first."
    )


def _wordings(request: HttpRequest) -> list[Asked]:
    """The open wordings of the gap that is to be answered; none when the question is an editor's own."""
    given = request.GET.get("gap", "")
    if not given.isdecimal() or not may(request, "view_asked"):
        return []
    rows = Asked.objects.filter(gap=int(given), state=AskedState.OPEN).select_related("locale")
    return list(rows.order_by("-count", "pk"))


def _begun(wordings: list[Asked]) -> dict[str, str]:
    """A form's first values: the most asked wording in the default language, else what it was told as there."""
    if not wordings:
        return {}
    default, first = locales.default_locale().tag, wordings[0]
    own = next((row for row in wordings if row.locale_id == default), None)
    if own is None and (also := told(first, default)):
        return {"text": also, "locale": default}
    return {"text": (own or first).text, "locale": (own or first).locale_id}


def _without_echo(row: dict[str, Any]) -> dict[str, Any]:
    """A page's title is often its first heading too; said once is enough."""
    heading = str(row["heading"])
    first, _sep, rest = heading.partition(" › ")
    return row | {"heading": rest if first == row["title"] else heading}
