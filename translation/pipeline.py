"""Segments in, verified segments out: memory, then mask, engine, unmask, quality.

Invariants: the engine is called at most once, for the distinct segments that memory lacks; what fails any check is
shown in its source language (origin SOURCE) with the verdict; a person's unit is never questioned.
"""

from collections.abc import Callable, Mapping, Sequence

import regex

from translation import glossary, protection, quality
from translation.engine import TranslationEngine
from translation.types import LanguagePair, Origin, SegmentResult, Term, Unit, UnsupportedPair

_WORDS = regex.compile(r"\p{L}")


def translate(
    segments: Sequence[str],
    *,
    pair: LanguagePair,
    engine: TranslationEngine | None,
    lookup: Callable[[Sequence[str]], Mapping[str, Unit]],
    terms: Sequence[Term] = (),
) -> list[SegmentResult]:
    """One result a segment, in order. Without an engine, or for a pair it lacks, the verdict is `unsupported`.

    A segment without letters (a number, an address) needs no translation: it stands as it is, origin MEMORY.
    """
    distinct = list(dict.fromkeys(segments))
    units = lookup(distinct)
    made: dict[str, SegmentResult] = {}
    for segment in distinct:
        if segment in units:
            made[segment] = _remembered(segment, units[segment])
        elif not _needs_words(segment):
            made[segment] = SegmentResult(segment, segment, Origin.MEMORY, score=100.0)
    missing = [segment for segment in distinct if segment not in made]
    made |= _by_machine(missing, pair, engine, terms)
    return [made[segment] for segment in segments]


def _remembered(segment: str, unit: Unit) -> SegmentResult:
    return SegmentResult(segment, unit.target, Origin.HUMAN if unit.human else Origin.MEMORY, score=100.0)


def _needs_words(segment: str) -> bool:
    bare = regex.sub(r"⟦\d+⟧", " ", protection.mask(segment).text)
    return _WORDS.search(bare) is not None


def _by_machine(
    missing: Sequence[str], pair: LanguagePair, engine: TranslationEngine | None, terms: Sequence[Term]
) -> dict[str, SegmentResult]:
    if not missing:
        return {}
    if engine is None:
        return {segment: _unsupported(segment) for segment in missing}
    keep = protection.kept_terms(terms)
    masked = [protection.mask(segment, keep) for segment in missing]
    try:
        outputs = engine.translate([one.text for one in masked], pair)
    except UnsupportedPair:
        return {segment: _unsupported(segment) for segment in missing}
    return {
        segment: _judged(segment, one, output, pair, terms)
        for segment, one, output in zip(missing, masked, outputs, strict=True)
    }


def _unsupported(segment: str) -> SegmentResult:
    return SegmentResult(segment, segment, Origin.SOURCE, verdict="unsupported")


def _judged(
    segment: str, masked: protection.Masked, output: str, pair: LanguagePair, terms: Sequence[Term]
) -> SegmentResult:
    try:
        text = protection.restore(output, masked.spans).strip()
    except protection.PlaceholderLost:
        return SegmentResult(segment, segment, Origin.SOURCE, verdict="parity:placeholders", attempt=output)
    failed = quality.verdict(segment, text, source_locale=pair.source, target_locale=pair.target)
    if failed:
        return SegmentResult(segment, segment, Origin.SOURCE, verdict=failed, attempt=text)
    return SegmentResult(segment, text, Origin.MACHINE, problems=tuple(glossary.violations(segment, text, terms)))
