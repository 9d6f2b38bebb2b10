"""Questions as Markdown, for assistants and whoever else reads text: the same sentences, references and labels as the page.

Invariants: nothing of an editor's or a source's text is taken for markup; every sentence keeps its references; addresses are
absolute, because a text is read far from its page.
"""

import re
from collections.abc import Iterator

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from faq import conf
from faq.errors import NotFound
from faq.queries import content
from faq.queries.payloads import BlockPayload, QuestionPayload, SourcePayload
from faq.web import shown
from faq.web.context import absolute
from faq.web.localised import written
from faq.web.pages import MARKDOWN, PERSONAL, shared

_TICKS = re.compile("`+")
_MARKS = re.compile(r"([\\`*_\[\]<>&~|$])")
_BEGINNING = re.compile(r"^([#+\-=:])|^(\d{1,9})([.)])")


def wanted(request: HttpRequest) -> bool:
    """Whether Markdown is asked for by name, before HTML. Who takes anything gets the page."""
    accepted = request.META.get("HTTP_ACCEPT", "")
    return MARKDOWN in accepted and request.get_preferred_type([MARKDOWN, "text/html"]) == MARKDOWN


def redirected(locale: str, key: str) -> HttpResponse:
    """To a question's Markdown. For no cache: what the address says to others is its page."""
    response = HttpResponseRedirect(reverse("question-markdown", args=[locale, key]))
    response.headers["Cache-Control"] = PERSONAL
    response.headers["Vary"] = "Accept"
    return response


@require_safe
@shared
def question(request: HttpRequest, locale: str, key: str) -> HttpResponse:
    try:
        page = content.question_page(key, locale)
    except NotFound as error:
        raise Http404(str(error)) from error
    return _text(question_text(page, locale), absolute(f"{locale}/questions/{page.key}/"))


def _text(text: str, canonical: str) -> HttpResponse:
    response = HttpResponse(f"{text}\n", content_type=f"{MARKDOWN}; charset=utf-8")
    response.headers["Link"] = f'<{canonical}>; rel="canonical"'
    return response


def question_text(page: QuestionPayload, tag: str) -> str:
    """A question with its answer, in the language that is active."""
    return "\n\n".join(_question(page, tag))


def answer_text(answer: shown.ShownAnswer) -> str:
    """An answer with what a reader must know of it and its references, in the language that is active."""
    return "\n\n".join(_answer(answer))


def source_blocks(page: SourcePayload) -> list[tuple[str, str]]:
    """(passage, its text with the headings above it) of a source, in the reader's language where the memory has it."""
    return [(each.key, "\n\n".join(map(_block, (*each.headings, *each.blocks)))) for each in page.passages]


def _block(block: BlockPayload) -> str:
    text = (block.translation or block.text).text
    if block.kind == "heading":
        return f"{'#' * min(6, max(2, block.level))} {_inside(text)}"
    if block.kind == "code":
        fence = "`" * max(3, 1 + max(map(len, _TICKS.findall(text)), default=0))
        return f"{fence}\n{text}\n{fence}"
    return f"- {_inside(text)}" if block.kind == "list_item" else escaped(text)


def _question(page: QuestionPayload, tag: str) -> Iterator[str]:
    """Blocks, which have an empty line between them."""
    yield f"# {escaped(page.text.text)}"
    if page.answer is None:
        yield escaped(_("This question has no answer yet. Our editors are working on it."))
    else:
        yield from _answer(shown.curated(page.answer, tag))
    if page.related:
        yield f"## {escaped(_('Related questions'))}"
        yield "\n".join(listed(row.text.text, tag, row.key) for row in page.related)
    if page.answer is not None:
        day = written(page.answer.updated.date(), tag)
        yield escaped(_("Last updated: %(date)s") % {"date": day})
    yield f"<{absolute(f'{tag}/questions/{page.key}/')}>"


def _answer(answer: shown.ShownAnswer) -> Iterator[str]:
    yield from _labels(answer)
    yield from map(_group, answer.groups)
    if answer.references:
        yield "\n".join(map(_reference, answer.references))


def _labels(answer: shown.ShownAnswer) -> Iterator[str]:
    """What a reader must know of the answer, as the page says it."""
    if answer.stale:
        yield "> " + escaped(
            _(
                "The source has changed since this answer was written. We are checking the answer; please read the source too."
            )
        )
    if answer.untranslated:
        yield "> " + escaped(
            _("This answer is not fully translated yet. Some sentences are shown in their original language.")
        )
    if answer.translation == "machine":
        yield "> " + escaped(_("Translated automatically from %(language)s.") % {"language": answer.language})
    elif answer.translation:
        yield "> " + escaped(_("Translated from %(language)s.") % {"language": answer.language})


def _group(group: shown.Group) -> str:
    items = [
        "".join(_sentence(sentence, first=not place) for place, sentence in enumerate(item)) for item in group.items
    ]
    if group.kind == "p":
        return "\n\n".join(items)
    return "\n".join(f"{number}. {item}" if group.kind == "ol" else f"- {item}" for number, item in enumerate(items, 1))


def _sentence(sentence: shown.Sentence, *, first: bool) -> str:
    """With its references, and what the page says of it where it is unlike the others."""
    text = escaped(sentence.text) if first else f"{sentence.space}{_inside(sentence.text)}"
    mark = _("machine translation") if sentence.mark == "machine" else sentence.language
    return text + (f" ({_inside(mark)})" if mark else "") + "".join(f"[^{number}]" for number in sentence.citations)


def _reference(reference: shown.Reference) -> str:
    name = " › ".join(each for each in (reference.source.text, reference.heading.text) if each)
    link = f"[{_inside(name)}](<{_absolute(reference.link)}>)" if reference.link else _inside(name)
    return f"[^{reference.number}]: {link}: “{_inside(reference.quote.text)}”"


def _absolute(path: str) -> str:
    """Of an address that reverse() made, whose prefix is that of the site already."""
    return f"{conf.get('SITE_URL')}{path}"


def listed(text: str, tag: str, key: str) -> str:
    """A line that leads to a question's Markdown."""
    return f"- [{_inside(text)}]({_absolute(reverse('question-markdown', args=[tag, key]))})"


def escaped(text: str) -> str:
    """A text on one line, no character of which is markup, at the beginning of a block or inside it."""
    return _BEGINNING.sub(r"\\\1" if not text[:1].isdigit() else r"\2\\\3", _inside(text))


def _inside(text: str) -> str:
    return _MARKS.sub(r"\\\1", " ".join(text.split()))
