"""What machines read: JSON-LD of a question page, the sitemap with its alternates."""

import json
from typing import Any

from django.conf import settings
from django.utils.safestring import SafeString, mark_safe

from faq.queries import content, locales
from faq.queries.content import QuestionPayload
from faq.web.context import hreflang

_ESCAPES = {ord("<"): "\\u003C", ord(">"): "\\u003E", ord("&"): "\\u0026", 0x2028: "\\u2028", 0x2029: "\\u2029"}
PATHS = {"topic": "topics", "question": "questions", "source": "sources"}


def faq_page(page: QuestionPayload) -> SafeString | str:
    """schema.org FAQPage as JSON that is safe inside a script element; empty without an answer."""
    if page.answer is None:
        return ""
    value = {
        "@context": "https://schema.org",
        "@type": "FAQPage",
        "inLanguage": hreflang(page.text.lang),
        "mainEntity": [
            {
                "@type": "Question",
                "name": page.text.text,
                "acceptedAnswer": {"@type": "Answer", "text": page.answer.plain},
            }
        ],
    }
    # Escaped as Django's json_script does: nothing in it can close the element.
    return mark_safe(json.dumps(value, ensure_ascii=False).translate(_ESCAPES))  # noqa: S308


def sitemap() -> dict[str, Any]:
    """Template context: each page in each language, with the addresses of the others."""
    tags = [locale.tag for locale in locales.enabled_locales()]
    default = locales.default_locale().tag
    paths = [("", None)] + [(f"{PATHS[kind]}/{key}/", at) for kind, key, at in content.published_pages()]
    groups = [
        {
            "at": at,
            "urls": [(hreflang(tag), f"{settings.SITE_URL}/{tag}/{path}") for tag in tags],
            "default": f"{settings.SITE_URL}/{default}/{path}",
        }
        for path, at in paths
    ]
    return {"groups": groups}
