"""The last word before a reader sees a draft: what a citation says must stand in the stored passage, at its offsets; and
what no source says word for word must be supported by what it cites."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from faq.composition.types import CitationDraft, Draft, Segment

GENERATED = "generated"
Supported = Callable[[Segment, Sequence[CitationDraft]], bool]


def verify(draft: Draft, passages: Mapping[int, str], supported: Supported | None = None) -> Draft:
    """The draft without what fails. `passages`: id -> stored text, of published revisions only. `supported`: whether what
    a generated sentence says is what it cites; without it no generated sentence stands.

    A sentence stands only when every citation of it stands; numbers are given anew so that they stay without gaps.
    """
    sound = {citation.number: citation for citation in draft.citations if stands(citation, passages)}
    kept = [
        segment
        for segment in draft.segments
        if segment.citations
        and all(number in sound for number in segment.citations)
        and (segment.origin != GENERATED or _supported(segment, sound, supported))
    ]
    used = list(dict.fromkeys(number for segment in kept for number in segment.citations))
    anew = {number: place for place, number in enumerate(used, start=1)}
    return replace(
        draft,
        segments=tuple(
            replace(segment, citations=tuple(anew[number] for number in segment.citations)) for segment in kept
        ),
        citations=tuple(replace(sound[number], number=anew[number]) for number in used),
    )


def _supported(segment: Segment, sound: Mapping[int, CitationDraft], supported: Supported | None) -> bool:
    return supported is not None and supported(segment, [sound[number] for number in segment.citations])


def stands(citation: CitationDraft, passages: Mapping[int, str]) -> bool:
    """Whether the quote is found, not empty, exactly at its offsets in a passage that may be cited."""
    text = passages.get(citation.passage)
    return (
        text is not None
        and 0 <= citation.start < citation.end <= len(text)
        and bool(citation.quote.strip())
        and text[citation.start : citation.end] == citation.quote
    )
