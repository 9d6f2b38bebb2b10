"""What the translation sheet asks for while somebody translates: like sentences, checks of what is typed, a machine's attempt.

Each answers in a fragment of HTML or a few words of JSON, and changes nothing.
"""

from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from faq.admin.answering import found_question
from faq.admin.desk import allow, may_translate
from faq.domain import review, translations
from faq.enums import Origin
from faq.errors import DomainError
from faq.gateways import translation
from faq.queries import aids
from translation.types import Term

BY_PERSON = (Origin.HUMAN, Origin.MEMORY)
VERDICTS = {
    "empty": gettext_lazy("there are no words in it"),
    "parity:protected": gettext_lazy("an address, a placeholder or a code is missing or changed"),
    "parity:numbers": gettext_lazy("its numbers are others than the original's"),
    "parity:list": gettext_lazy("its list is another than the original's"),
    "repetition": gettext_lazy("it repeats itself"),
    "script": gettext_lazy("it is in another script"),
    "copy": gettext_lazy("it is the original, untranslated"),
    "length": gettext_lazy("it is much longer or shorter than the original"),
}


def verdict_label(verdict: str) -> str:
    """What a failed check means, in words."""
    return str(VERDICTS.get(verdict, verdict))


def term_label(term: Term) -> str:
    """What the glossary asks for."""
    if term.kind == "keep":
        return _("“%(term)s” is not translated") % {"term": term.term}
    if term.kind == "forbidden":
        return _("“%(term)s” is never “%(word)s”") % {"term": term.term, "word": term.translation}
    return _("“%(term)s” is “%(word)s”") % {"term": term.term, "word": term.translation}


class AidViews:
    """Views of the translations' admin; mixed into it."""

    if TYPE_CHECKING:
        admin_site: Any

    def aid_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("of/<int:pk>/<slug:tag>/proposals/", view(self.proposals_view), name="faq_translation_proposals"),
            path("of/<int:pk>/<slug:tag>/check/", view(self.check_view), name="faq_translation_check"),
            path("of/<int:pk>/<slug:tag>/segment/", view(self.segment_view), name="faq_translation_segment"),
        ]

    def proposals_view(self, request: HttpRequest, pk: int, tag: str) -> HttpResponse:
        """Like sentences of the memory for each sentence that no person translated, by its number."""
        allow(request, "faq.view_answerrevision")
        sheet = _sheet(pk, tag)
        if sheet is None:
            return HttpResponse(status=204)
        wanted = {number: each for number, each in enumerate(sheet.sentences, start=1) if each.origin not in BY_PERSON}
        found = aids.proposals([each.source for each in wanted.values()], sheet.canonical.locale_id, sheet.locale.tag)
        rows = [
            (number, [proposal for proposal in found[each.source] if proposal.text != each.text])
            for number, each in wanted.items()
        ]
        context = {"rows": [(number, some) for number, some in rows if some], "sheet": sheet}
        return TemplateResponse(request, "admin/faq/translation_proposals.html", context)

    def check_view(self, request: HttpRequest, pk: int, tag: str) -> HttpResponse:
        """POST of `source` and `text`: what the text would fail at."""
        allow(request, "faq.view_answerrevision")
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        sheet = _sheet(pk, tag)
        source, text = (" ".join(request.POST.get(name, "").split()) for name in ("source", "text"))
        if sheet is None or not text or max(len(source), len(text)) > translations.UNIT_LENGTH:
            return HttpResponse(status=204)
        found = aids.problems(source, text, sheet.canonical.locale_id, sheet.locale.tag)
        context = {
            "verdict": verdict_label(found.verdict) if found.verdict else "",
            "terms": [term_label(term) for term in found.terms],
        }
        return TemplateResponse(request, "admin/faq/translation_check.html", context)

    def segment_view(self, request: HttpRequest, pk: int, tag: str) -> HttpResponse:
        """POST of `source`: the engine's translation of one sentence, which is not stored."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        sheet = _sheet(pk, tag)
        if sheet is None or not may_translate(request, "change_answerrevision", sheet.locale.tag):
            raise PermissionDenied
        source = request.POST.get("source", "")
        if source not in {each.source for each in sheet.sentences}:
            return JsonResponse({"text": "", "said": _("This sentence is gone. Load the page again.")})
        try:
            result = translation.machine(source, sheet.canonical.locale_id, sheet.locale.tag)
        except DomainError as error:
            return JsonResponse({"text": "", "said": str(error)})
        if result.verdict == "unsupported":
            return JsonResponse({"text": "", "said": _("No translation engine leads into this language.")})
        return JsonResponse({"text": result.attempt or result.text, "said": ""})


def _sheet(pk: int, tag: str) -> review.Sheet | None:
    """What is looked at; None where there is nothing to translate."""
    try:
        return review.sheet(found_question(pk), tag)
    except DomainError:
        return None
