"""The public pages: one selector or domain call each, then a template. No page needs JavaScript."""

from collections.abc import Callable
from hashlib import md5
from typing import Any, TypeVar

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import condition, require_POST, require_safe

from faq import cache, conf
from faq.domain import ask as asking
from faq.domain import feedback, recording
from faq.enums import Outcome, State
from faq.errors import DomainError, Invalid, NotFound
from faq.models import Question
from faq.queries import content, suggesting
from faq.queries.payloads import QuestionLink, Text
from faq.tracing import EXPORTED
from faq.web import markdown, passages, shown, structured
from faq.web.localised import language_name
from faq.web.origins import same_origin
from faq.web.pages import PERSONAL, shared
from faq.web.visitors import visitor_digest

T = TypeVar("T")
AnyResponse = TypeVar("AnyResponse", bound=HttpResponseBase)
COMMENT_LENGTH = 1000
KEY_LENGTH = 120
SUGGESTIONS_SECONDS = 60


def tag_of(request: HttpRequest) -> str:
    """The visitor's locale tag, as LocaleMiddleware found it."""
    return str(request.locale.tag)  # type: ignore[attr-defined]


@require_safe
def root(request: HttpRequest) -> HttpResponse:
    """To the home page in the visitor's language."""
    return HttpResponseRedirect(reverse("home", args=[tag_of(request)]))


@require_safe
@shared
def home(request: HttpRequest, locale: str) -> HttpResponse:
    return render(request, "site/home.html", {"topics": content.topics(locale), "popular": content.popular(locale)})


@require_safe
@shared
def topic(request: HttpRequest, locale: str, key: str) -> HttpResponse:
    page = _or_404(lambda: content.topic_page(key, locale))
    return render(request, "site/topic.html", {"topic": page, "json_ld": structured.topic_page(page, locale)})


@require_safe
@shared
def question(request: HttpRequest, locale: str, key: str) -> HttpResponse:
    if markdown.wanted(request):
        return markdown.redirected(locale, key)
    page = _or_404(lambda: content.question_page(key, locale))
    context = {
        "question": page,
        "answer": shown.curated(page.answer, locale) if page.answer else None,
        "description": page.answer.plain if page.answer else "",
        "updated": page.answer.updated if page.answer else None,
        "json_ld": structured.question_page(page, locale),
        "feedback": request.GET.get("feedback", ""),
    }
    return render(request, "site/question.html", context)


@require_POST
@same_origin
def give_feedback(request: HttpRequest, locale: str, key: str) -> HttpResponse:
    """One vote a visitor and day. Who was not helped is asked what was missing; the second form changes the vote's
    comment; `undo` withdraws the vote. Without JavaScript the visitor returns to the page, which says thank you."""
    found = Question.objects.filter(key=key, state=State.PUBLISHED).first()
    answer = request.POST.get("helpful")
    if found is None:
        raise Http404
    comment = request.POST.get("comment", "").strip()[:COMMENT_LENGTH]
    if "undo" in request.POST:
        feedback.withdraw_feedback(found, locale, visitor_digest(request))
        state = "undone"
    elif answer in ("yes", "no"):
        feedback.record_feedback(found, locale, answer == "yes", comment, visitor_digest(request))
        state = "thanks" if answer == "yes" or "comment" in request.POST else "more"
    else:
        return HttpResponseRedirect(reverse("question", args=[locale, key]))
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "site/_feedback.html", {"feedback": state, "question": {"key": key}})
    return HttpResponseRedirect(f"{reverse('question', args=[locale, key])}?feedback={state}#feedback")


@require_safe
def search(request: HttpRequest, locale: str) -> HttpResponse:
    text = _asked_text(request)
    name = request.GET.get("topic", "")[:KEY_LENGTH]
    found = content.search(text, locale, topic=name, as_typed=as_typed(request)) if text else None
    number = len(found.questions) + len(found.passages) if found else 0
    context: dict[str, Any] = {"q": text, "found": found, "number_found": number, "topic": name}
    if text and not found:
        _record_nothing_found(text, locale)
        context["topics"] = content.topics(locale)
    if request.META.get(EXPORTED):
        context["topics"] = content.topics(locale)
    return own(render(request, "site/search.html", context))


def _suggestions_version(request: HttpRequest, locale: str) -> str:
    """Changes with content, language, form and what was typed: told without a query."""
    parts = (cache.version(cache.CONTENT), locale, _suggestions_type(request), request.GET.get("q", ""))
    return f'"{md5(chr(0).join(parts).encode("utf-8", "replace"), usedforsecurity=False).hexdigest()}"'


def _suggestions_type(request: HttpRequest) -> str:
    return request.get_preferred_type(["text/html", "application/json"]) or "text/html"


@require_safe
@condition(etag_func=_suggestions_version)
def suggest(request: HttpRequest, locale: str) -> HttpResponse:
    """Search as you type: a fragment of options, or JSON for whoever prefers it. The same for all readers of a language."""
    found = suggesting.suggest(_asked_text(request), locale)
    response: HttpResponse
    if _suggestions_type(request) == "application/json":
        response = JsonResponse({"locale": locale, "suggestions": [each.as_dict() for each in found]})
    else:
        response = render(request, "site/_suggestions.html", {"suggestions": found})
    patch_vary_headers(response, ("Accept",))
    patch_cache_control(response, public=True, max_age=SUGGESTIONS_SECONDS)
    return _unlisted(response)


@require_safe
def ask(request: HttpRequest, locale: str) -> HttpResponse:
    """The answer to a question of the visitor's own, at an address that can be shared."""
    text = request.GET.get("q", "").strip()
    most = int(conf.get("QUESTION_MAX_LENGTH"))
    context: dict[str, Any] = {"q": text[:most]}
    if len(text) > most:
        context["problem"] = ngettext(
            "Please shorten your question to at most %(number)d character.",
            "Please shorten your question to at most %(number)d characters.",
            most,
        ) % {"number": most}
    elif text:
        context |= _asked(text, locale, as_typed=as_typed(request))
    else:
        context["popular"] = content.popular(locale)
    return own(render(request, "site/ask.html", context))


def _asked(text: str, locale: str, *, as_typed: bool) -> dict[str, Any]:
    """Context for a question: the answer, or what to do instead of one."""
    try:
        result = asking.ask(text, locale, as_typed=as_typed)
    except Invalid:
        return {"problem": _("We could not read this question. Please ask it in a few words.")}
    except DomainError:
        return {"problem": _("We cannot answer at the moment. Please try again in a few minutes.")}
    return answer_context(result, locale)


def answer_context(asked: asking.AskResult, locale: str) -> dict[str, Any]:
    """What site/_asked.html shows of a result."""
    result = asked.as_dict()
    answered = result["outcome"] != Outcome.ABSTAINED
    return {
        "outcome": result["outcome"],
        "full": result.get("question", ""),
        "answer": shown.asked(result, locale) if answered else None,
        "nearest": _nearest(result, locale),
        "degraded": result["degraded"],
        "corrected": result.get("corrected", ""),
        "topics": () if answered else content.topics(locale),
    }


def _nearest(result: dict[str, Any], locale: str) -> list[QuestionLink]:
    """Links to the nearest published questions."""
    directions = content.directions()
    found = []
    for row in result["nearest"]:
        lang = row.get("lang") or row.get("locale") or locale
        if row.get("key") and row.get("text"):
            text = Text(row["text"], lang, directions.get(lang, "ltr"))
            found.append(QuestionLink(row["key"], text))
    return found


def _record_nothing_found(text: str, locale: str) -> None:
    """Tell the editors what was looked for in vain."""
    if conf.get("RECORD_ASKED") and any(character.isalnum() for character in text):
        recording.record(text, locale, Outcome.ABSTAINED)


@require_safe
@shared
def source(request: HttpRequest, locale: str, key: str) -> HttpResponse:
    cited = request.GET.get("passage", "")[:KEY_LENGTH]
    page = _or_404(lambda: content.source_page(key, locale, cited))
    context = {
        "source": page,
        "passages": [passages.passage(each, _span(request)) for each in page.passages],
        "original_language": language_name(page.original_title.lang, locale),
        "cited": any(passage.cited for passage in page.passages),
        "gone": bool(cited) and not any(passage.cited for passage in page.passages),
    }
    return render(request, "site/source.html", context)


def _span(request: HttpRequest) -> tuple[int, int] | None:
    start, end = request.GET.get("from", ""), request.GET.get("to", "")
    if all(value.isdecimal() and len(value) < 9 for value in (start, end)):
        return int(start), int(end)
    return None


@require_safe
@shared
def about(request: HttpRequest, locale: str) -> HttpResponse:
    """How answers are made and what happens when none is found."""
    return render(request, "site/about.html")


def as_typed(request: HttpRequest) -> bool:
    """Whether the reader wants the words taken as typed."""
    return bool(request.GET.get("exact"))


def _asked_text(request: HttpRequest) -> str:
    text = request.GET.get("q", "").replace("\0", " ")  # PostgreSQL takes no NUL
    return " ".join(text[: int(conf.get("QUESTION_MAX_LENGTH"))].split())


def own(response: AnyResponse) -> AnyResponse:
    """An answer to one visitor's own words: for no cache that others share, and no search engine."""
    response.headers["Cache-Control"] = PERSONAL
    return _unlisted(response)


def _unlisted(response: AnyResponse) -> AnyResponse:
    """Pages of a visitor's own words do not belong into search engines."""
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def _or_404(select: Callable[[], T]) -> T:
    try:
        return select()
    except NotFound as error:
        raise Http404(str(error)) from error
