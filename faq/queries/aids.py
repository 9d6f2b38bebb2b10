"""What helps to translate: like sentences of the memory, the glossary's terms, what a text would fail at, and what is left to do.

Invariant: nothing here is shown to readers, and nothing is stored.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from faq.enums import CellState, Origin
from faq.gateways import translation
from faq.models import TranslationUnit
from faq.queries import coverage, freshness
from faq.queries.freshness import MISSING
from translation.types import Term, Unit

MOST_UNITS = 50_000
"""Of a pair's memory, the newest, that are looked through for like sentences."""
THRESHOLD = 60.0
"""Percent; below it, correcting a like sentence takes longer than writing (the usual lower bound of translators' tools is 50
to 75)."""
MOST_PROPOSALS = 3
TO_DO = (CellState.MISSING, CellState.STALE, CellState.MACHINE)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A like sentence. `percent`: 100 for the same one; `text`: its translation, with the wanted numbers where only numbers
    differ (`adapted`)."""

    percent: int
    source: str
    text: str
    by_person: bool
    adapted: bool = False


@dataclass(frozen=True, slots=True)
class Problems:
    """What a translation would fail at: the first check, by its name, and the glossary's terms that it does not honour."""

    verdict: str
    terms: tuple[Term, ...]


def proposals(texts: Sequence[str], source_locale: str, target_locale: str) -> dict[str, list[Proposal]]:
    """Like sentences of each text, the likest first; one query."""
    from translation.memory import Memory

    rows = TranslationUnit.objects.filter(
        source_locale_id=source_locale, target_locale_id=target_locale, verdict=""
    ).order_by("-pk")
    memory = Memory(
        Unit(source, target, origin == Origin.HUMAN or approved)
        for source, target, origin, approved in rows.values_list("source_text", "target_text", "origin", "approved")[
            :MOST_UNITS
        ]
    )
    return {
        text: [
            Proposal(
                int(match.score),
                match.unit.source,
                match.adapted or match.unit.target,
                match.unit.human,
                bool(match.adapted),
            )
            for match in memory.fuzzy(text, THRESHOLD, MOST_PROPOSALS)
        ]
        for text in dict.fromkeys(texts)
    }


def terms(texts: Iterable[str], source_locale: str, target_locale: str) -> dict[str, list[Term]]:
    """The glossary's terms that stand in each text; one query."""
    from translation.glossary import applicable

    known = translation.glossary(source_locale, target_locale)
    return {text: applicable(text, known) for text in texts}


def problems(source: str, text: str, source_locale: str, target_locale: str) -> Problems:
    """What this translation would fail at; one query."""
    from translation.glossary import violations

    known = translation.glossary(source_locale, target_locale)
    broken = tuple(term for term in known if violations(source, text, [term]))
    return Problems(translation.check(source, text, source_locale, target_locale), broken)


def left_to_do(locale: str) -> list[int]:
    """Published questions whose answer is missing, stale, by machine, or a draft in a language; in the order of the matrix. A
    fixed number of queries."""
    known, waiting = freshness.standings(locale=locale), coverage.drafts(None)
    found = []
    for pk in coverage.chosen(coverage.Filters()):
        standings = known.get(pk, {})
        own = standings.get(locale, MISSING)
        answered = any(standing.is_original for standing in standings.values())
        if answered and not own.is_original and (coverage.cell_state(own) in TO_DO or (pk, locale) in waiting):
            found.append(pk)
    return found
