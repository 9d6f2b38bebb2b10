"""What an assistant may ask the portal: the same questions, answers and sources as a reader, as text and as data.

Invariants: input is bounded; every address is absolute; an answer comes with its references or says that there is none.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from django.db import close_old_connections, connection
from django.utils.translation import gettext as _
from django.utils.translation import override

from faq import conf
from faq.domain.ask import ask as asked
from faq.enums import Outcome
from faq.errors import Invalid
from faq.queries import content, locales
from faq.web import shown
from faq.web.context import absolute
from faq.web.markdown import answer_text, question_text, source_blocks

P = ParamSpec("P")
R = TypeVar("R")
KEY_LENGTH = 120
SOURCE_CHARACTERS = 20_000
"""Of a source in one answer; what follows is read from the passage that is named."""


# Without slots: the protocol's schema is derived from the classes, and would take a slot for a default.


@dataclass(frozen=True)
class QuestionFound:
    key: str
    question: str
    language: str
    url: str


@dataclass(frozen=True)
class PassageFound:
    source: str
    title: str
    heading: str
    text: str
    language: str
    url: str


@dataclass(frozen=True)
class Found:
    """`corrected`: what the words were taken for. `degraded`: the index was away, and words were looked up one by one."""

    language: str
    questions: list[QuestionFound]
    passages: list[PassageFound]
    corrected: str
    degraded: bool


@dataclass(frozen=True)
class Cited:
    number: int
    source: str
    quote: str
    url: str


@dataclass(frozen=True)
class Answered:
    """`outcome`: curated, composed or abstained. `answer`: Markdown with references; "" where the sources do not answer."""

    outcome: str
    language: str
    answer: str
    citations: list[Cited]
    nearest: list[QuestionFound]
    notice: str


@dataclass(frozen=True)
class SourceRead:
    """`next_passage`: where to read on; "" at the end."""

    key: str
    title: str
    language: str
    url: str
    text: str
    next_passage: str


def own_connection(function: Callable[P, R]) -> Callable[P, R]:
    """For a thread that serves one call and then another: no database connection outlives its use."""

    @wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        close_old_connections()
        try:
            return function(*args, **kwargs)
        finally:
            if not connection.in_atomic_block:
                connection.close()

    return wrapped


def search(text: str, language: str = "") -> Found:
    """Invalid for a language that there is not, for no words and for too many."""
    tag = _tag(language)
    with override(tag):
        found = content.search(_words(text), tag)
    return Found(
        language=tag,
        questions=[_question(row.key, row.text.text, row.text.lang, tag) for row in found.questions],
        passages=[
            PassageFound(
                source=row.source_key,
                title=row.source.text,
                heading=row.heading.text,
                text=row.text.text,
                language=row.text.lang,
                url=_absolute(shown.source_link(row.source_key, tag, row.passage)),
            )
            for row in found.passages
        ],
        corrected=found.corrected,
        degraded=found.degraded,
    )


def ask(question: str, language: str = "") -> Answered:
    """Invalid as search(); Unavailable when nothing can be asked at the moment."""
    tag = _tag(language)
    with override(tag):
        result = asked(_words(question), tag).as_dict()
        known = result["outcome"] != Outcome.ABSTAINED
        answer = shown.asked(result, tag) if known else None
        return Answered(
            outcome=result["outcome"],
            language=tag,
            answer=answer_text(answer) if answer else "",
            citations=[
                Cited(
                    number=each.number,
                    source=each.source.text,
                    quote=each.quote.text,
                    url=_absolute(each.link) if each.link else each.url,
                )
                for each in (answer.references if answer else ())
            ],
            nearest=[
                _question(row["key"], row["text"], row.get("lang") or tag, tag)
                for row in result["nearest"]
                if row.get("key") and row.get("text")
            ],
            notice="" if known else _("Our sources do not answer your question. We have passed it on to our editors."),
        )


def read_question(key: str, language: str = "") -> str:
    """Markdown. NotFound for what is not published."""
    tag = _tag(language)
    with override(tag):
        return question_text(content.question_page(key[:KEY_LENGTH], tag), tag)


def read_source(key: str, language: str = "", passage: str = "") -> SourceRead:
    """From a passage on, or from the beginning. NotFound for what is not published, Invalid for another source's passage."""
    tag = _tag(language)
    with override(tag):
        page = content.source_page(key[:KEY_LENGTH], tag)
    rows = source_blocks(page)
    at = next((place for place, (name, _text) in enumerate(rows) if name == passage), None) if passage else 0
    if at is None:
        raise Invalid(
            "The source has no passage %(passage)s. Leave it out to read from the beginning.", passage=passage[:80]
        )
    end = _fitting([text for _name, text in rows[at:]]) + at
    return SourceRead(
        key=page.key,
        title=page.title.text,
        language=page.title.lang,
        url=absolute(f"{tag}/sources/{page.key}/"),
        text="\n\n".join(text for _name, text in rows[at:end]),
        next_passage=rows[end][0] if end < len(rows) else "",
    )


def _fitting(texts: list[str]) -> int:
    """How many of them fit into one answer, at least one."""
    total = 0
    for place, text in enumerate(texts):
        total += len(text)
        if total > SOURCE_CHARACTERS:
            return max(1, place)
    return len(texts)


def _question(key: str, text: str, lang: str, tag: str) -> QuestionFound:
    return QuestionFound(key=key, question=text, language=lang, url=absolute(f"{tag}/questions/{key}/"))


def _tag(language: str) -> str:
    return locales.require(language.strip()).tag if language.strip() else locales.default_locale().tag


def _words(text: str) -> str:
    most = int(conf.get("QUESTION_MAX_LENGTH"))
    words = " ".join(text.replace("\0", " ").split())
    if not words or len(words) > most:
        raise Invalid("Give 1 to %(number)s characters to look for.", number=most)
    return words


def _absolute(path: str) -> str:
    return f"{conf.get('SITE_URL')}{path}"


def overview() -> dict[str, Any]:
    """Topics with their numbers of questions, and the languages there are."""
    tag = locales.default_locale().tag
    return {
        "languages": [{"tag": each.tag, "name": each.autonym} for each in locales.enabled_locales()],
        "default_language": tag,
        "topics": [
            {"key": each.key, "title": each.title.text, "questions": each.count} for each in content.topics(tag)
        ],
        "list": absolute("llms.txt"),
    }
