"""Beside an answer while it is written: what its quotes do not say, entries near it, and the page as readers would see it.

Nothing here changes anything, and nothing keeps an editor from saving.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from faq.admin import answering
from faq.admin.answering import CitationRow
from faq.admin.desk import Crumb, allow
from faq.admin.forms import AddQuestionForm, enabled
from faq.domain import answers
from faq.errors import DomainError, Unavailable
from faq.models import Citation, Question
from faq.queries import nearby

VERDICTS = {
    "bare": gettext_lazy("It cites nothing, so it cannot be published."),
    "unknown": gettext_lazy("There is no citation of this number, or its quote is not in its passage."),
    "addresses": gettext_lazy("An address, a telephone number or a code in it is in none of its quotes."),
    "numbers": gettext_lazy("A number or a day in it is in none of its quotes."),
    "names": gettext_lazy("A name in it is in none of its quotes."),
    "negation": gettext_lazy("It denies what its quotes say, or says what they deny."),
    "language": gettext_lazy("It seems to be in another language than the answer."),
    "support": gettext_lazy("It says more than its quotes."),
}
OTHERWISE = {
    "figures": gettext_lazy("Their numbers differ."),
    "denial": gettext_lazy("One denies what the other says."),
}


@dataclass(frozen=True, slots=True)
class Report:
    """`wrong`: (sentence, what is wrong). `count`: sentences looked at. `clashes`: (clash, how they differ)."""

    wrong: tuple[tuple[str, str], ...]
    count: int
    near: tuple[nearby.Near, ...]
    clashes: tuple[tuple[nearby.Clash, str], ...]
    unavailable: str = ""


def report(question: Question, text: str, locale: str, citations: Sequence[Citation]) -> Report:
    """What an editor should know of an answer; an index that is away is said, and raises nothing."""
    rows, first = list(question.phrasings.all()), answering.canonical_phrasing(question)
    checked: list[answers.Checked] = []
    near: list[nearby.Near] = []
    clashes: list[nearby.Clash] = []
    try:
        checked = answers.check(text, locale, citations) if text.strip() else []
        if first is not None:
            asked = [first.text, *(row.text for row in rows if row.locale_id == first.locale_id)]
            values = nearby.compared(first.text, first.locale_id)
            near = nearby.alike(asked, first.locale_id, leave_out=question.pk, values=values)
            told, cited = [each.text for each in checked], [each.passage_id for each in citations]
            clashes = nearby.clashes(values, locale, told, cited, leave_out=question.pk)
    except Unavailable as error:
        return Report((), len(checked), (), (), str(error))
    return Report(
        wrong=tuple((each.text, str(VERDICTS[each.verdict])) for each in checked if each.verdict),
        count=len(checked),
        near=tuple(near),
        clashes=tuple((each, str(OTHERWISE[each.how])) for each in clashes),
    )


def found_quotes(rows: Sequence[CitationRow]) -> list[Citation]:
    """The citations whose quotes stand in their passages, as they would be stored."""
    return answers.quoted([(str(row.number), str(row.passage.pk), row.quote) for row in rows])


class CheckViews:
    """Views of the questions' admin; mixed into it."""

    if TYPE_CHECKING:
        admin_site: Any

        def page(self, request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse: ...

    def check_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("<int:pk>/check/", view(self.check_view), name="faq_question_check"),
            path("<int:pk>/preview/", view(self.preview_view), name="faq_question_preview"),
        ]

    def check_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """POST of the answer's form: what it would be told, as a fragment."""
        allow(request, "faq.view_question")
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        question, form = answering.found_question(pk), answering.posted(request)
        if len(form.text) > answers.TEXT_LENGTH:
            return HttpResponse(status=204)  # refused in words when it is saved
        made = report(question, form.text, answering.home_locale(question), found_quotes(form.citations))
        return TemplateResponse(request, "admin/faq/question_check.html", {"report": made})

    def preview_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The page in each language and width: of what is stored, or of the form that was posted."""
        allow(request, "faq.view_question")
        question = answering.found_question(pk)
        latest = answering.latest_original(question)
        if request.method == "POST":
            form = answering.posted(request)
            text, rows, significance = form.text, form.citations, form.significance
        else:
            text, rows, significance = latest.text if latest else "", answering.stored(latest), "major"
        home = answering.home_locale(question)
        chosen = request.GET.get("lang", "") or home
        title = answering.canonical_text(question)
        languages = [(each, reverse("preview", args=[each.tag, question.pk])) for each in enabled()]
        context = {
            "title": _("Preview: %(question)s") % {"question": title},
            "crumb": Crumb(question, title),
            "question": question,
            "text": text,
            "rows": rows,
            "significance": significance,
            "home": home,
            "chosen": chosen if any(each.tag == chosen for each, _to in languages) else home,
            "languages": languages,
            "unsaved": request.method == "POST" and (latest is None or latest.text != text),
        }
        return self.page(request, "admin/faq/question_preview.html", context)


def repeated(form: AddQuestionForm) -> list[nearby.Near]:
    """Entries that may ask what a new question asks; none when the index is away, which keeps nobody from writing."""
    wordings = [form.cleaned_data["text"], *form.wordings()]
    try:
        return nearby.alike(wordings, form.cleaned_data["locale"].tag)
    except Unavailable:
        return []


def warned(question: Question) -> str:
    """What to say of entries that say otherwise, after an answer was saved; "" when there is nothing."""
    latest = answering.latest_original(question)
    if latest is None:
        return ""
    try:
        made = report(question, latest.text, latest.locale_id, found_quotes(answering.stored(latest)))
    except DomainError:
        return ""
    if not made.clashes:
        return ""
    clash = made.clashes[0][0]
    return _("“%(question)s” says otherwise: “%(sentence)s” Look at both, below.") % {
        "question": clash.text,
        "sentence": clash.theirs,
    }
