"""What tests are made of: plain functions that go through the domain, so that a test's world is one that can exist."""

from importlib import import_module
from typing import Any

from faq.domain import sources
from faq.enums import Origin, TranslationPolicy
from faq.models import Citation, Job, Locale, Passage, Question, Source, TranslationUnit
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


HARBOUR = """# Harbour ferry

The harbour ferry leaves every hour from the old pier. A crossing costs 2 euros.

# Lost property

Found umbrellas are kept for six months in the town hall.
"""
LIBRARY = "# Bibliothek\n\nDie Bibliothek öffnet um neun Uhr. Ein Leseausweis kostet 12 Euro im Jahr.\n"
COST = "A resident permit costs 30 euros a year."
GERMAN = {
    COST: "Ein Bewohnerausweis kostet 30 Euro im Jahr.",
    "The harbour ferry leaves every hour from the old pier.": "Die Hafenfähre legt jede Stunde am alten Pier ab.",
    "A crossing costs 2 euros.": "Eine Überfahrt kostet 2 Euro.",
}


def make_portal() -> Question:
    """Two sources in English and one in German, and one entry, `permit`, worded in both; indexed. Returns the entry.

    The memory holds GERMAN: the entry and the ferry in German.
    """
    from faq.domain import indexing, questions

    permit, _ = passages(make_source(title="Parking"))
    make_source(HARBOUR, title="Harbour")
    make_source(LIBRARY, locale="de", title="Bibliothek")
    question = make_question("What does a resident permit cost?", cites=permit, quote=COST, key="permit")
    questions.add_phrasing(question, text="Was kostet ein Bewohnerausweis?", locale="de", canonical=True)
    for source, target in GERMAN.items():
        remember(source, target)
    indexing.sync_all()
    return question


def edit(source: Source, old: str, new: str) -> Source:
    """The source with one passage of its text changed, published."""
    assert source.published_revision is not None
    text = source.published_revision.text
    assert old in text
    sources.revise_content(source, text=text.replace(old, new))
    return sources.publish_source(source)


def work() -> list[Job]:
    """Run every job that waits, and those they cause, as a worker would; returns them as they ended."""
    from faq.domain import jobs

    done: list[Job] = []
    while waiting := [job for job in jobs.pending() if not job.error]:
        done += [jobs.run(job.pk) for job in waiting]
    return done


def set_policy(tag: str, policy: str) -> None:
    """Change what machine translations into a language become."""
    from faq import cache

    Locale.objects.filter(pk=tag).update(policy=policy)
    cache.bump(cache.LOCALES)


def translate_into(*tags: str) -> None:
    """Let machines translate into these languages only."""
    for tag in Locale.objects.values_list("pk", flat=True):
        set_policy(tag, TranslationPolicy.PUBLISH if tag in tags else TranslationPolicy.OFF)
