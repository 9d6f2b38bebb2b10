"""The public pages: one selector or domain call each, then a template. No page needs JavaScript."""

import hashlib
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST, require_safe

from faq import conf
from faq.domain import ask as asking
from faq.domain import feedback
from faq.errors import DomainError, NotFound
from faq.models import Question
from faq.queries import content, finding
from faq.web import structured


def tag_of(request: HttpRequest) -> str:
    """The visitor's locale tag, as LocaleMiddleware found it."""
    return request.locale.tag  # type: ignore[attr-defined, no-any-return]


@require_safe
def root(request: HttpRequest) -> HttpResponse:
    """To the home page in the visitor's language."""
    response = HttpResponseRedirect(f"/{tag_of(request)}/")
    response.headers["Vary"] = "Accept-Language, Cookie"
    return response


@require_safe
def home(request: HttpRequest, locale: str) -> HttpResponse:
    tag = tag_of(request)
    return render(request, "site/home.html", {"topics": content.topics(tag), "popular": content.popular(tag)})


@require_safe
def topic(request: HttpRequest, locale: str, key: str) -> HttpResponse:
    page = _or_404(content.topic_page, key, tag_of(request))
    return render(request, "site/topic.html", {"topic": page})


@require_safe
def question(request: HttpRequest, locale: str, key: str) -> HttpResponse:
    page = _or_404(content.question_page, key, tag_of(request))
    context = {
        "question": page,
        "answer": page.answer,
        "json_ld": structured.faq_page(page),
        "given": request.GET.get("given"),
    }
    return render(request, "site/question.html", context)


@require_POST
def give_feedback(request: HttpRequest, locale: str, key: str) -> HttpResponse:
    """One vote a visitor and day; without JavaScript the visitor returns to the page, which says thank you."""
    found = Question.objects.filter(key=key, state="published").first()
    if found is None:
        raise Http404
    tag = tag_of(request)
    feedback.record_feedback(
        found,
        tag,
        request.POST.get("helpful") == "yes",
        request.POST.get("comment", "")[:1000],
        visitor_digest(request),
    )
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "site/_feedback.html", {"given": "1"})
    return HttpResponseRedirect(f"/{tag}/questions/{key}/?given=1#feedback")


@require_safe
def search(request: HttpRequest, locale: str) -> HttpResponse:
    text = request.GET.get("q", "")[: finding.MAX_LENGTH].strip()
    found = finding.search(text, tag_of(request), topic=request.GET.get("topic", "")[:60]) if text else None
    return render(request, "site/search.html", {"q": text, "found": found})


@require_GET
def suggest(request: HttpRequest, locale: str) -> HttpResponse:
    """A fragment for search-as-you-type."""
    links = finding.suggest(request.GET.get("q", ""), tag_of(request))
    return render(request, "site/_suggestions.html", {"links": links})


@require_safe
def ask(request: HttpRequest, locale: str) -> HttpResponse:
    """The answer to a question of the visitor's own, at an address that can be shared."""
    text = request.GET.get("q", "")[: int(conf.get("QUESTION_MAX_LENGTH")) + 1].strip()
    context: dict[str, Any] = {"q": text}
    if text:
        try:
            context["result"] = _shown(asking.ask(text, tag_of(request)).as_dict(), tag_of(request))
        except DomainError as error:
            context["problem"] = str(error)
    response = render(request, "site/ask.html", context)
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def _shown(result: dict[str, Any], tag: str) -> dict[str, Any]:
    """The result with directions and links, for the template."""
    directions = content.directions()
    places = content.passage_places([c["passage"] for c in result["citations"] if c.get("passage")])
    for segment in result["segments"]:
        segment["dir"] = directions.get(segment["lang"], "ltr")
    for citation in result["citations"]:
        citation["dir"] = directions.get(citation["lang"], "ltr")
        place = places.get(citation["passage"])
        citation["link"] = f"/{tag}/sources/{place[0]}/?passage={place[1]}#{place[1]}" if place else ""
    result["machine"] = any(s["origin"] == "machine" for s in result["segments"])
    result["untranslated"] = any(s["lang"] != tag for s in result["segments"])
    return result


@require_safe
def source(request: HttpRequest, locale: str, key: str) -> HttpResponse:
    cited = request.GET.get("passage", "")[:80]
    page = _or_404(content.source_page, key, tag_of(request), cited)
    return render(request, "site/source.html", {"source": page})


@require_safe
def about(request: HttpRequest, locale: str) -> HttpResponse:
    """How answers are made and what to do when none is found."""
    return render(request, "site/about.html")


@require_safe
def sitemap(request: HttpRequest) -> HttpResponse:
    return render(request, "site/sitemap.xml", structured.sitemap(), content_type="application/xml")


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    lines = ["User-agent: *", "Disallow: /admin/", "Disallow: /*/ask/", f"Sitemap: {settings.SITE_URL}/sitemap.xml", ""]
    return HttpResponse("\n".join(lines), content_type="text/plain")


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "site/error.html", {"title": _("This page does not exist")}, status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    return render(request, "500.html", status=500)


def visitor_digest(request: HttpRequest) -> str:
    """Tells one visitor from another for one day and cannot be traced back."""
    parts = (
        settings.SECRET_KEY,
        str(timezone.now().date()),
        request.META.get("REMOTE_ADDR", ""),
        request.headers.get("User-Agent", ""),
    )
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _or_404(selector: Any, *args: Any) -> Any:
    try:
        return selector(*args)
    except NotFound as error:
        raise Http404(str(error)) from error
