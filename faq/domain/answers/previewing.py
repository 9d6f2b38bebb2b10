"""How readers would see a question if a text were published now, in each of their languages.

Invariant: nothing is stored: no revision, no citation, no unit of the memory.
"""

import re
from collections.abc import Sequence
from typing import Any

from django.utils import timezone

from faq.domain.answers.revisions import TEXT_LENGTH, canonical_revision
from faq.domain.answers.sentences import pieces, segment_rows
from faq.domain.answers.translating import live_translations, translated, translated_rows, wording_of
from faq.enums import Origin, Significance, State, TranslationPolicy
from faq.gateways import translation
from faq.models import AnswerRevision, Citation, Locale, Passage, Phrasing, Question
from faq.queries import content, freshness, locales
from faq.queries.payloads import QuestionPayload, reading

MOST_CITATIONS = 99


def span(text: str, quote: str) -> tuple[int, int] | None:
    """Where a quote stands in a passage, white space aside; None when it does not."""
    words = quote.split()
    match = re.search(r"\s+".join(map(re.escape, words)), text) if words else None
    return match.span() if match else None


def quoted(rows: Sequence[tuple[str, str, str]]) -> list[Citation]:
    """Citations that are not stored, of (number, passage's id, quote) as a form sends them; without those that cite nothing."""
    whole = [row for row in rows[:MOST_CITATIONS] if row[0].isdecimal() and row[1].isdecimal()]
    found = Passage.objects.select_related("revision__source").defer("revision__text", "revision__blocks")
    passages = found.in_bulk([int(pk[:18]) for _number, pk, _quote in whole])
    citations = []
    for number, pk, quote in whole:
        passage = passages.get(int(pk[:18]))
        place = span(passage.text, quote) if passage else None
        if passage is None or place is None:
            continue
        start, end = place
        text, digest = passage.text[start:end], passage.content_hash
        citations.append(
            Citation(number=int(number[:9]), passage=passage, quote=text, start=start, end=end, passage_hash=digest)
        )
    return citations


def preview(
    question: Question,
    *,
    text: str,
    written_in: str,
    citations: Sequence[Citation],
    locale: str,
    significance: str = Significance.MAJOR,
) -> QuestionPayload:
    """What a reader of `locale` would see with this text, in the language it is written in, as the published answer. What the
    memory lacks the engine translates, where the language's policy shows readers what machines make. Invalid for a locale that
    is none; Unavailable when the engine is."""
    target, home = locales.require(locale), locales.require(written_in).tag
    text = text.strip()[:TEXT_LENGTH]
    canonical = AnswerRevision(
        locale_id=home,
        text=text,
        segments=segment_rows(text, home, Origin.HUMAN, [each.number for each in citations]) if text else [],
        origin=Origin.HUMAN,
        significance=significance,
        published_at=timezone.now(),
    )
    wordings = list(question.phrasings.filter(canonical=True))
    if target.tag == home:
        shown: AnswerRevision | None = canonical
    else:
        shown = _kept(question, canonical, target.tag)
    if shown is None:
        shown, told = _made(question, canonical, target)
        wordings = [row for row in wordings if row.locale_id != target.tag or not told] + told
    outdated = bool(shown.pk and not _says_the_same(shown, canonical)) and significance == Significance.MAJOR
    reader = reading(target.tag)
    answered = content.assembled(shown, canonical, citations, reader, outdated=outdated) if text else None
    return content.page_of(question, wordings, answered, reader)


def _kept(question: Question, canonical: AnswerRevision, tag: str) -> AnswerRevision | None:
    """The stored translation that readers would see: one of this very text, else what a person published."""
    rows = live_translations(question, tag) if question.pk else []
    of_this = next((row for row in rows if _says_the_same(row, canonical)), None)
    by_person = (row for row in rows if row.state == State.PUBLISHED and row.origin == Origin.HUMAN)
    return of_this or next(by_person, None)


def _says_the_same(row: AnswerRevision, canonical: AnswerRevision) -> bool:
    """Whether it was made from this text, or from one that the published text changed in nothing that matters."""
    based = row.based_on
    if based is None or based.locale_id != canonical.locale_id:
        return False
    if based.text == canonical.text:
        return True
    live = canonical_revision(row.answer.question)
    return live is not None and live.text == canonical.text and not freshness.outdated(row, live)


def _made(question: Question, canonical: AnswerRevision, target: Locale) -> tuple[AnswerRevision, list[Phrasing]]:
    """The text in the target language, as far as there is anything to translate with, and the question's wording in it."""
    home = canonical.locale_id
    sentences, wording = pieces(canonical.text, home), wording_of(question, home, target.tag)
    texts = [*(piece.text for piece in sentences), *wording]
    if target.policy == TranslationPolicy.PUBLISH:
        results = translated(texts, home, target, None, store=False)
    else:  # no engine works for what readers would not see
        units = translation.recall(texts, home, target.tag)
        results = {text: (unit.target, Origin.MEMORY) for text, unit in units.items() if unit.human}
    told = [results[each] for each in wording if each in results and results[each][1] != Origin.SOURCE]
    rows: list[dict[str, Any]] = translated_rows(sentences, results, canonical, target.tag)
    worded = [Phrasing(question=question, locale_id=target.tag, text=text, canonical=True) for text, _ in told]
    if all(row["origin"] == Origin.SOURCE for row in rows):
        return canonical, worded
    shown = AnswerRevision(
        locale_id=target.tag,
        text=canonical.text,
        segments=rows,
        origin=Origin.MACHINE,
        is_translation=True,
        published_at=canonical.published_at,
    )
    return shown, worded
