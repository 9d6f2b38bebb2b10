"""Whether the quotes of an answer say what its sentences say: a hint to its editor while it is written, and never a refusal.

It asks what a language model's sentences are asked (faq.composition.support), of the quotes that a sentence cites. Of the
demonstration's 154 published sentences none is called wrong.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from faq.composition.prompting import Numbered
from faq.domain.answers.sentences import pieces
from faq.models import Citation
from faq.queries import evidence, support

BARE, UNKNOWN = "bare", "unknown"
MOST = 60
"""Sentences that are looked at."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A sentence, and what is wrong with it: BARE, UNKNOWN (a mark without a citation), the name of a check that it failed, or
    "" when its quotes say it."""

    text: str
    verdict: str
    citations: tuple[int, ...]


def check(text: str, locale: str, citations: Sequence[Citation]) -> list[Checked]:
    """Each sentence of an answer. `citations` need not be stored, their passages are. Unavailable when the library is."""
    judge = support.judge(locale)
    found = pieces(text, locale)[:MOST]
    told = {citation.number: _numbered(citation) for citation in citations}
    quotes = {citation.number: citation.quote for citation in citations}
    # A text without any mark rests on all its citations, as sentences.segment_rows() has it.
    everything = () if any(piece.citations for piece in found) else tuple(sorted(told))
    checked = []
    for piece in found:
        numbers = piece.citations or everything
        cited = [sentence for number in numbers for sentence in told.get(number, ())]
        if not any(character.isalnum() for character in piece.text):
            continue
        verdict = BARE if not numbers else UNKNOWN if set(numbers) - set(told) or not cited else ""
        if not verdict and not any(_holds(quotes[number], piece.text) for number in numbers):
            verdict = judge(piece.text, cited).verdict
        checked.append(Checked(piece.text, verdict, numbers))
    return checked


def _holds(quote: str, sentence: str) -> bool:
    """Whether a quote says the sentence word for word, which needs no judge."""
    return " ".join(sentence.split()) in " ".join(quote.split())


def _numbered(citation: Citation) -> list[Numbered]:
    """The sentences of a quote: what one of them denies is not denied by the others."""
    source, quote = citation.passage.revision.source, citation.quote
    heading = " › ".join(dict.fromkeys([source.title, *citation.passage.heading_path]))
    return [
        Numbered(place, citation.passage_id, quote[start:end], source.locale_id, start, end, heading)
        for place, (start, end) in enumerate(evidence.spans(quote, source.locale_id), start=1)
    ]
