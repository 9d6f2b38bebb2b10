"""Segments in, verified segments out: memory, then mask, engine, unmask, quality.

Invariants: the engine is called at most once, for the distinct masked segments that memory lacks; what fails any check is
shown in its source language (origin SOURCE) with the verdict, and the engine's words are kept for editors only; a person's
unit is never questioned.

Segments without a word of their own (a number, an address, a mark) need no engine: they stand as they are, with origin
MEMORY, as if the memory had held them. Numbers only pass so when both languages write them alike.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import regex

from translation import glossary, numerals, protection, quality
from translation.engine import TranslationEngine
from translation.memory import EXACT, IN_CONTEXT
from translation.types import LanguagePair, Origin, SegmentResult, Term, Unit, UnsupportedPair

_LETTER = regex.compile(r"\p{L}")
_TOKEN = regex.compile(r"⟦\d+⟧")


def translate(
    segments: Sequence[str],
    *,
    pair: LanguagePair,
    engine: TranslationEngine | None,
    lookup: Callable[[Sequence[str]], Mapping[str, Unit]],
    terms: Sequence[Term] = (),
    contexts: Sequence[str] | None = None,
) -> list[SegmentResult]:
    """One result a segment, in order. Without an engine, or for a pair it lacks, the verdict is `unsupported`.

    `lookup` gets the distinct segments and gives the units it has. `contexts`, one for each segment: a unit that was made
    in the same context scores 101. Raises EngineUnavailable.
    """
    distinct = list(dict.fromkeys(segments))
    units = lookup(distinct) if distinct else {}
    made: dict[str, SegmentResult] = {}
    missing: dict[str, protection.Masked] = {}
    for segment in distinct:
        if segment in units:
            made[segment] = _remembered(segment, units[segment])
            continue
        masked = protection.mask(segment, terms)
        if _stands_as_it_is(segment, masked, pair):
            made[segment] = SegmentResult(segment, segment, Origin.MEMORY, score=EXACT)
        else:
            missing[segment] = masked
    made |= _by_machine(missing, pair, engine, terms)
    results = [made[segment] for segment in segments]
    if contexts is None:
        return results
    return [
        replace(result, score=IN_CONTEXT) if context and _same_context(units.get(result.source), context) else result
        for result, context in zip(results, contexts, strict=True)
    ]


def _same_context(unit: Unit | None, context: str) -> bool:
    return unit is not None and unit.context == context


def _remembered(segment: str, unit: Unit) -> SegmentResult:
    return SegmentResult(segment, unit.target, Origin.HUMAN if unit.human else Origin.MEMORY, score=EXACT)


def _stands_as_it_is(segment: str, masked: protection.Masked, pair: LanguagePair) -> bool:
    if _LETTER.search(_TOKEN.sub(" ", masked.text)):
        return False
    return numerals.agree(segment, segment, pair.source, pair.target)


def _by_machine(
    missing: Mapping[str, protection.Masked],
    pair: LanguagePair,
    engine: TranslationEngine | None,
    terms: Sequence[Term],
) -> dict[str, SegmentResult]:
    if not missing:
        return {}
    unsupported = {s: SegmentResult(s, s, Origin.SOURCE, verdict="unsupported") for s in missing}
    if engine is None:
        return unsupported
    texts = list(dict.fromkeys(masked.text for masked in missing.values()))
    try:
        outputs = dict(zip(texts, engine.translate(texts, pair), strict=True))
    except UnsupportedPair:
        return unsupported
    return {s: _judged(s, masked, outputs[masked.text], pair, terms) for s, masked in missing.items()}


def _judged(
    segment: str, masked: protection.Masked, output: str, pair: LanguagePair, terms: Sequence[Term]
) -> SegmentResult:
    try:
        text = protection.restore(output, masked).strip()
    except protection.PlaceholderLost:
        return SegmentResult(segment, segment, Origin.SOURCE, verdict="parity:placeholders", attempt=output)
    failed = quality.verdict(segment, text, source_locale=pair.source, target_locale=pair.target)
    if failed:
        return SegmentResult(segment, segment, Origin.SOURCE, verdict=failed, attempt=text)
    return SegmentResult(segment, text, Origin.MACHINE, problems=tuple(glossary.violations(segment, text, terms)))
