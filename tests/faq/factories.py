"""What tests are made of: plain functions that go through the domain, so that a test's world is one that can exist."""

from importlib import import_module
from typing import Any

from faq.domain import sources
from faq.enums import Origin
from faq.models import Citation, Locale, Passage, Question, Source, TranslationUnit
from translation.memory import unit_hash

PARKING = """# Parking

A resident permit costs 30 euros a year. You can apply online.

# Fines

A parking fine is 25 euros. Pay it within 14 days.
"""


def make_locales() -> None:
    """The locales the migration ships, when they are missing."""
    rows = import_module("faq.migrations.0002_raw_hash_and_locales").LOCALES
    if Locale.objects.exists():
        return
    for order, (tag, name, autonym, direction, fallback) in enumerate(rows):
        Locale.objects.create(
            tag=tag, name=name, autonym=autonym, direction=direction, fallback_id=fallback, order=order,
            is_default=tag == "en",
        )  # fmt: skip


def make_source(text: str = PARKING, *, locale: str = "en", publish: bool = True, **fields: Any) -> Source:
    """A source of pasted Markdown, published."""
    source = sources.add_source(title=fields.pop("title", ""), locale=locale, text=text, kind="text", **fields)
    return sources.publish_source(source) if publish else source


def passages(source: Source) -> list[Passage]:
    """Passages of the published revision."""
    return list(Passage.objects.filter(revision=source.published_revision))


def citation(passage: Passage, quote: str = "", number: int = 1) -> Citation:
    """An unsaved citation of a passage, of all of it when no quote is given."""
    quote = quote or passage.text
    start = passage.text.index(quote)
    return Citation(
        number=number, passage=passage, quote=quote, start=start, end=start + len(quote),
        passage_hash=passage.content_hash,
    )  # fmt: skip


def make_question(
    text: str = "What does a permit cost?", *, cites: Passage | None = None, quote: str = "", publish: bool = True,
    locale: str = "en", key: str = "", answer: str = "",
) -> Question:  # fmt: skip
    """A question; with `cites`, also a published answer that quotes the passage."""
    from faq.domain import answers, questions

    question = questions.create_question(key=key, topic=None, phrasings=[text], locale=locale, actor=None)
    if cites is not None:
        row = citation(cites, quote)
        revision = answers.save_revision(
            question, locale=locale, text=answer or f"{row.quote} [1]", citations=[row], origin=Origin.HUMAN, actor=None
        )
        answers.publish_revision(revision, actor=None)
    if publish:
        questions.publish_question(question, actor=None)
    question.refresh_from_db()
    return question


def remember(source: str, target: str, locale: str = "de", *, human: bool = True, **fields: Any) -> TranslationUnit:
    """A unit of the translation memory."""
    return TranslationUnit.objects.create(
        source_locale_id=fields.pop("source_locale", "en"), target_locale_id=locale, source_hash=unit_hash(source),
        source_text=source, target_text=target, origin=Origin.HUMAN if human else Origin.MACHINE, approved=human,
        **fields,
    )  # fmt: skip
