"""Translations: an answer side by side with its original, approved and corrected as a whole; the translation memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from faq.admin.aids import AidViews, term_label, verdict_label
from faq.admin.answering import canonical_text, found_question
from faq.admin.desk import Crumb, ReadOnlyAdmin, Renamed, allow, badge, may, may_translate, perform
from faq.admin.filters import TranslationNeed
from faq.admin.translators import TranslatorViews
from faq.domain import access, answers, review, translations
from faq.domain.review import Sentence
from faq.enums import Freshness, Origin, State
from faq.errors import Conflict, DomainError, Invalid
from faq.models import AnswerRevision, Locale, Question, TranslationUnit
from faq.queries import aids, freshness
from translation.types import Term

LABELS = {**{value.value: value.label for value in Origin}, review.MISSING: gettext_lazy("not translated")}
SENTENCES = 400
"""More rows than an answer of the greatest length has; what a form sends beyond is not read."""


@dataclass(frozen=True, slots=True)
class Row:
    """A sentence beside its translation. `stored`: what is stored, where the editor's text differs from it."""

    sentence: Sentence
    text: str
    badge: SafeString
    stored: str = ""
    terms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Posted:
    """The form as it came in: sentence of the original -> its translation."""

    texts: Mapping[str, str]
    wording: str
    seen: str


@admin.register(AnswerRevision)
class AnswerRevisionAdmin(AidViews, ReadOnlyAdmin):
    """The list of translations; a line opens the screen of its question and language."""

    list_display = ["question_text", "language", "kind_of_origin", "status", "freshness", "created_at"]
    list_filter = [TranslationNeed, "locale", "origin", "state"]
    search_fields = ["text", "answer__question__phrasings__text"]
    list_select_related = ["answer__question", "locale"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[AnswerRevision]:
        rows: QuerySet[AnswerRevision] = super().get_queryset(request).filter(is_translation=True)
        if "state__exact" not in request.GET:
            rows = rows.exclude(state=State.RETIRED)
        yours = access.assigned(request.user)
        if yours is not None and "locale__tag__exact" not in request.GET:
            rows = rows.filter(locale_id__in=yours)
        return rows.prefetch_related("answer__question__phrasings").order_by("answer_id", "locale__order", "-number")

    def changelist_view(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        self._freshness = freshness.answer_freshness()
        named = {"title": _("Translations"), "opts": Renamed(self.opts, _("Translations"))}
        response: HttpResponse = super().changelist_view(request, named | (extra_context or {}))
        return response

    @display(description=gettext_lazy("question"))
    def question_text(self, revision: AnswerRevision) -> str:
        return canonical_text(revision.answer.question)

    @display(description=gettext_lazy("language"), ordering="locale__order")
    def language(self, revision: AnswerRevision) -> SafeString:
        return format_html('<bdi lang="{}">{}</bdi>', revision.locale_id, revision.locale.autonym)

    @display(description=gettext_lazy("origin"), ordering="origin")
    def kind_of_origin(self, revision: AnswerRevision) -> SafeString:
        return badge(revision.origin, revision.get_origin_display())

    @display(description=gettext_lazy("state"), ordering="state")
    def status(self, revision: AnswerRevision) -> SafeString:
        return badge(revision.state, revision.get_state_display())

    @display(description=gettext_lazy("freshness"))
    def freshness(self, revision: AnswerRevision) -> SafeString | str:
        if revision.state != State.PUBLISHED:
            return "–"
        value = self._freshness.get(revision.answer.question_id, {}).get(revision.locale_id, Freshness.MISSING)
        return badge(value, value.label)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("of/<int:pk>/<slug:tag>/", view(self.sheet_view), name="faq_translation"),
            path("of/<int:pk>/<slug:tag>/machine/", view(self.machine_view), name="faq_translation_machine"),
            *self.aid_urls(),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict | None = None
    ) -> HttpResponse:
        allow(request, "faq.view_answerrevision")
        rows = AnswerRevision.objects.select_related("answer")
        revision = rows.filter(pk=object_id).first() if object_id.isdecimal() else None
        if revision is None:
            raise Http404
        if not revision.is_translation:
            return HttpResponseRedirect(reverse("admin:faq_question_change", args=[revision.answer.question_id]))
        return HttpResponseRedirect(_to(revision.answer.question_id, revision.locale_id))

    def sheet_view(self, request: HttpRequest, pk: int, tag: str) -> HttpResponse:
        """The side-by-side screen; POST keeps a draft or publishes, and on refusal shows what was sent."""
        allow(request, "faq.view_answerrevision")
        question = found_question(pk)
        if request.method != "POST":
            return self._sheet(request, question, tag)
        publish = "publish" in request.POST
        allow(request, "faq.change_answerrevision", *(["faq.publish_answerrevision"] if publish else []))
        form = _posted(request)
        try:
            review.settle(
                question, tag, form.texts, wording=form.wording, publish=publish, seen=form.seen, actor=request.user
            )
        except DomainError as error:
            return self._sheet(request, question, tag, form, str(error), conflict=isinstance(error, Conflict))
        self.message_user(
            request,
            _("Approved and published. Each sentence is in the translation memory now.")
            if publish
            else _("Saved as a draft. Readers do not see it yet."),
        )
        if request.POST.get("publish") == "next":
            return HttpResponseRedirect(_next(aids.left_to_do(tag), pk, tag))
        return HttpResponseRedirect(_to(pk, tag))

    def _sheet(
        self,
        request: HttpRequest,
        question: Question,
        tag: str,
        form: Posted | None = None,
        error: str = "",
        *,
        conflict: bool = False,
    ) -> HttpResponse:
        try:
            sheet = review.sheet(question, tag)
        except DomainError as refused:
            self.message_user(request, str(refused), level="ERROR")
            return HttpResponseRedirect(reverse("admin:faq_question_change", args=[question.pk]))
        fresh = freshness.answer_freshness([question.pk]).get(question.pk, {})
        value, newest = fresh.get(sheet.locale.tag, Freshness.MISSING), sheet.newest
        title = canonical_text(question)
        sources = {sentence.source for sentence in sheet.sentences}
        terms = aids.terms(sources, sheet.canonical.locale_id, sheet.locale.tag)
        waiting = aids.left_to_do(sheet.locale.tag)
        may_change = may_translate(request, "change_answerrevision", sheet.locale.tag)
        context = {
            "title": f"{title} · {sheet.locale.autonym}",
            "crumb": Crumb(question, title),
            "opts": Question._meta,
            "question": question,
            "sheet": sheet,
            "wording": _row(sheet.wording, form.wording if form else None, conflict) if sheet.wording else None,
            "rows": [
                _row(each, form.texts.get(each.source) if form else None, conflict, terms[each.source])
                for each in sheet.sentences
            ],
            "left": len(waiting),
            "next": _next(waiting, question.pk, sheet.locale.tag),
            "orphans": [(source, text) for source, text in form.texts.items() if source not in sources] if form else [],
            "error": error,
            "state": badge(newest.state, newest.get_state_display())
            if newest
            else badge("missing", _("not translated")),
            "freshness": badge(value, value.label) if newest and newest.state == State.PUBLISHED else "",
            "languages": [
                (locale, badge(fresh.get(locale.tag, Freshness.MISSING), fresh[locale.tag].label))
                for locale in Locale.objects.filter(enabled=True)
                if locale.tag != sheet.canonical.locale_id
            ],
            "has_gaps": any(not each.text or each.verdict for each in sheet.sentences),
            "may_change": may_change,
            "may_publish": may_change and may(request, "publish_answerrevision"),
        }
        return self.page(request, "admin/faq/translation_desk.html", context)

    def machine_view(self, request: HttpRequest, pk: int, tag: str) -> HttpResponse:
        """Let memory and machine translate what no person has."""
        question = found_question(pk)

        def call() -> AnswerRevision:
            made = answers.translate_answer(question, tag, actor=request.user)
            if made is None:
                raise Invalid(
                    _(
                        "No translation engine is installed for this language, and the memory does not hold every"
                        " sentence. Translate by hand here, or have your operator run: manage.py install_languages %s"
                    )
                    % tag
                )
            return made

        done = _("Translated again: what a person wrote was kept. Check the sentences.")
        return perform(request, call, done, _to(pk, tag), needs="faq.change_answerrevision")


def _to(pk: int, tag: str) -> str:
    return reverse("admin:faq_translation", args=[pk, tag])


def _next(waiting: Sequence[int], pk: int, tag: str) -> str:
    """The sheet of the next of the questions that wait for somebody in the language; the list when none does."""
    after = waiting.index(pk) + 1 if pk in waiting else 0
    following = [*waiting[after:], *(each for each in waiting[:after] if each != pk)]
    return _to(following[0], tag) if following else reverse("admin:faq_answerrevision_changelist")


def _posted(request: HttpRequest) -> Posted:
    pairs = zip(request.POST.getlist("source"), request.POST.getlist("text"), strict=False)
    texts = {source.replace("\r\n", "\n"): text for source, text in list(pairs)[:SENTENCES]}
    return Posted(texts, request.POST.get("wording", ""), request.POST.get("seen", ""))


def _row(sentence: Sentence, given: str | None, conflict: bool, terms: Sequence[Term] = ()) -> Row:
    text = sentence.text if given is None else given
    differs = conflict and text.strip() != sentence.text
    label = _("failed the check: %s") % verdict_label(sentence.verdict) if sentence.verdict else LABELS[sentence.origin]
    mark = badge("failed" if sentence.verdict else sentence.origin, label)
    return Row(sentence, text, mark, sentence.text if differs else "", tuple(map(term_label, terms)))


@admin.register(TranslationUnit)
class TranslationUnitAdmin(TranslatorViews, ReadOnlyAdmin):
    list_display = ["original", "translated", "target_locale", "kind_of_origin", "is_approved", "verdict", "updated_at"]
    list_filter = ["target_locale", "origin", "approved", "verdict"]
    search_fields = ["source_text", "target_text"]
    list_select_related = ["source_locale", "target_locale"]

    def get_urls(self) -> list[URLPattern]:
        return [*self.translator_urls(), *super().get_urls()]

    @display(description=gettext_lazy("original"))
    def original(self, unit: TranslationUnit) -> str:
        return unit.source_text[:120]

    @display(description=gettext_lazy("translation"))
    def translated(self, unit: TranslationUnit) -> SafeString:
        return format_html(
            '<bdi lang="{}" dir="{}">{}</bdi>',
            unit.target_locale_id,
            unit.target_locale.direction,
            unit.target_text[:120],
        )

    @display(description=gettext_lazy("origin"), ordering="origin")
    def kind_of_origin(self, unit: TranslationUnit) -> SafeString:
        return badge(unit.origin, unit.get_origin_display())

    @display(description=gettext_lazy("approved"), boolean=True, ordering="approved")
    def is_approved(self, unit: TranslationUnit) -> bool:
        return unit.approved

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict | None = None
    ) -> HttpResponse:
        """One sentence: POST corrects it everywhere it stands; refused, it comes back as it was sent."""
        allow(request, "faq.view_translationunit")
        rows = TranslationUnit.objects.select_related("source_locale", "target_locale")
        unit = rows.filter(pk=object_id).first() if object_id.isdecimal() else None
        if unit is None:
            raise Http404
        context = {"unit": unit, "text": unit.target_text, "crumb": Crumb(unit, unit.source_text[:60])}
        if request.method == "POST":
            allow(request, "faq.change_translationunit")
            text = request.POST.get("text", "").replace("\r\n", "\n")
            seen = request.POST.get("seen", "").replace("\r\n", "\n")
            try:
                translations.correct_unit(unit, text=text, actor=request.user, expected=seen)
            except DomainError as error:
                conflict = isinstance(error, Conflict)
                context |= {"text": text, "error": str(error), "theirs": unit.target_text if conflict else ""}
            else:
                self.message_user(request, _("Saved. The correction is used everywhere this sentence stands."))
                return HttpResponseRedirect(reverse("admin:faq_translationunit_change", args=[unit.pk]))
        context |= {
            "title": _("Translation"),
            "may_change": may_translate(request, "change_translationunit", unit.target_locale_id),
        }
        return self.page(request, "admin/faq/unit_desk.html", context)
