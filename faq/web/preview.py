"""A question's page as readers would see it, for its editor before it is published. The desk shows it in a frame.

Invariants: for people who may see questions at the desk; what is previewed comes with the request and is stored nowhere; the
page runs no script, and no other site frames it.
"""

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_POST

from faq.domain import answers
from faq.enums import Significance
from faq.errors import DomainError
from faq.models import Question
from faq.web import shown

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; font-src 'self'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'self'"
)
CITED = ("citation-number", "citation-passage", "citation-quote")


@never_cache
@require_POST
@xframe_options_sameorigin
def preview(request: HttpRequest, locale: str, pk: int) -> HttpResponse:
    """POST of the answer's form: `text`, `written-in`, the citations' parallel fields, `significance`."""
    user = request.user
    if not (user.is_active and user.is_staff and user.has_perm("faq.view_question")):
        raise PermissionDenied
    question = Question.objects.filter(pk=pk).first()
    if question is None:
        raise Http404
    given = request.POST
    rows = list(zip(*(given.getlist(name) for name in CITED), strict=False))
    significance = given.get("significance", "")
    try:
        page = answers.preview(
            question,
            text=given.get("text", ""),
            written_in=given.get("written-in", ""),
            citations=answers.quoted(rows),
            locale=locale,
            significance=significance if significance in Significance.values else Significance.MAJOR,
        )
    except DomainError as error:
        return _framed(HttpResponse(str(error), status=400, content_type="text/plain; charset=utf-8"))
    context = {
        "question": page,
        "answer": shown.curated(page.answer, locale) if page.answer else None,
        "updated": page.answer.updated if page.answer else None,
        "preview": True,  # without scripts
        "exported": True,  # and without what a reader does on the page
    }
    return _framed(render(request, "site/question.html", context))


def _framed(response: HttpResponse) -> HttpResponse:
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Robots-Tag"] = "noindex"
    return response
