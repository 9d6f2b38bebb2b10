"""llms.txt (llmstxt.org): what the portal is and where its questions are as Markdown, for assistants."""

from collections.abc import Iterator

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.http import require_safe

from faq.queries import content, locales
from faq.web.context import absolute, hreflang, site_name
from faq.web.markdown import escaped, listed
from faq.web.pages import shared

MOST = 2000
"""Questions listed; the sitemap has all."""


@require_safe
@shared
def of_language(request: HttpRequest, locale: str) -> HttpResponse:
    return _sent(locale)


@require_safe
@shared
def of_site(request: HttpRequest) -> HttpResponse:
    """In the default language, whatever the visitor's: it is one file for everyone."""
    tag = locales.default_locale().tag
    with override(tag):
        return _sent(tag)


def _sent(tag: str) -> HttpResponse:
    return HttpResponse("\n\n".join(_blocks(tag)) + "\n", content_type="text/plain; charset=utf-8")


def _blocks(tag: str) -> Iterator[str]:
    yield f"# {escaped(site_name(tag).text)}"
    yield "> " + escaped(_("Every answer names the passages it rests on. Where our sources do not answer, we say so."))
    for topic, questions in content.questions_by_topic(tag, MOST):
        yield f"## {escaped(topic.title.text if topic else _('Questions'))}"
        yield "\n".join(listed(row.text.text, tag, row.key) for row in questions)
    yield f"## {escaped(_('Languages'))}"
    yield "\n".join(
        f"- [{escaped(each.autonym)}]({absolute(f'{each.tag}/llms.txt')}): {hreflang(each.tag)}"
        for each in locales.enabled_locales()
    )
