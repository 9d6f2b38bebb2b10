"""What machines read: JSON-LD, the sitemap with its alternates, robots.txt."""

import json
from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import pgettext
from django.views.decorators.http import require_safe

from faq.queries import content, locales
from faq.queries.payloads import QuestionPayload, Text, TopicPayload
from faq.web.context import absolute, hreflang
from faq.web.pages import shared

# As Django's json_script: nothing inside can close the element or open another.
_ESCAPES = {ord("<"): "\\u003C", ord(">"): "\\u003E", ord("&"): "\\u0026", 0x2028: "\\u2028", 0x2029: "\\u2029"}
FOLDERS = {"topic": "topics", "question": "questions", "source": "sources"}
MOST_ADDRESSES = 15_000
"""In one sitemap file: with their alternates below the protocol's ceiling of 50 MB."""


def question_page(page: QuestionPayload, tag: str) -> SafeString | str:
    """schema.org FAQPage and the way to it; without an answer only the way."""
    address = absolute(f"{tag}/questions/{page.key}/")
    way: list[tuple[Text | str, str]] = [(pgettext("start page", "Home"), absolute(f"{tag}/"))]
    if page.topic:
        way.append((page.topic.title, absolute(f"{tag}/topics/{page.topic.key}/")))
    graph = [_breadcrumbs([*way, (page.text, address)])]
    if page.answer is not None:
        answer = {
            "@type": "Answer",
            "text": page.answer.plain,
            "inLanguage": hreflang(page.answer.segments[0].lang),
            "dateModified": page.answer.updated.isoformat(),
            "citation": [citation.url for citation in page.answer.citations if citation.url],
        }
        question = {"@type": "Question", "name": page.text.text, "acceptedAnswer": answer}
        graph.append(
            {"@type": "FAQPage", "url": address, "inLanguage": hreflang(page.text.lang), "mainEntity": [question]}
        )
    return _script({"@context": "https://schema.org", "@graph": graph})


def topic_page(page: TopicPayload, tag: str) -> SafeString | str:
    """The way to a topic."""
    way: list[tuple[Text | str, str]] = [
        (pgettext("start page", "Home"), absolute(f"{tag}/")),
        (page.title, absolute(f"{tag}/topics/{page.key}/")),
    ]
    return _script({"@context": "https://schema.org", "@graph": [_breadcrumbs(way)]})


def _breadcrumbs(way: list[tuple[Text | str, str]]) -> dict[str, Any]:
    items = [
        {"@type": "ListItem", "position": place, "name": str(name), "item": address}
        for place, (name, address) in enumerate(way, start=1)
    ]
    return {"@type": "BreadcrumbList", "itemListElement": items}


def _script(value: Any) -> SafeString:
    return mark_safe(json.dumps(value, ensure_ascii=False).translate(_ESCAPES))  # noqa: S308 - escaped here


@require_safe
@shared
def sitemap(request: HttpRequest, part: int = 0) -> HttpResponse:
    """Each page in each language with the addresses of the others; an index of parts where they are too many."""
    tags = [locale.tag for locale in locales.enabled_locales()]
    pages: list[tuple[str, datetime | None]] = [("", None), ("about/", None)]
    pages += [(f"{FOLDERS[kind]}/{key}/", at) for kind, key, at in content.published_pages()]
    size = max(1, MOST_ADDRESSES // len(tags))
    parts = -(-len(pages) // size)
    if part > parts or (part and parts == 1):
        raise Http404
    if parts > 1 and not part:
        addresses = [absolute(f"sitemap-{number}.xml") for number in range(1, parts + 1)]
        return render(request, "site/sitemap_index.xml", {"addresses": addresses}, content_type="application/xml")
    chosen = pages[(part - 1) * size : part * size] if part else pages
    default = locales.default_locale().tag
    groups = [
        {
            "at": at,
            "addresses": [(hreflang(tag), absolute(f"{tag}/{path}")) for tag in tags],
            "default": absolute(f"{default}/{path}"),
        }
        for path, at in chosen
    ]
    return render(request, "site/sitemap.xml", {"groups": groups}, content_type="application/xml")


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    lines = [
        "User-agent: *",
        "Disallow: /admin/",
        "Disallow: /*/ask/?",
        "Disallow: /*/search/?",
        "Disallow: /*/suggest/",
        "",
        f"Sitemap: {absolute('sitemap.xml')}",
        "",
    ]
    return HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8")
