"""Mask what a machine must not touch, and put it back: URLs, e-mail addresses, phone numbers, code, placeholders, tags.

Law: `restore` gives the masked spans back exactly once each, in any order, or raises PlaceholderLost; nothing is guessed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import regex

from translation.types import Term

_PROTECTED = regex.compile(
    r"""(?P<code>`[^`\n]+`)
    |(?P<tag></?[A-Za-z][^<>\n]*>)
    |(?P<url>(?:https?://|www\.)[^\s<>"'）】」]+?(?=[.,;:!?)\]。，；]*(?:\s|$|[<>"'）】」。，；])))
    |(?P<mail>[\w.+-]+@[\w-]+(?:\.[\w-]+)+)
    |(?P<brace>\{[^{}\n]{0,60}\}|%\(\w+\)[sd]|%[sd](?!\w))
    |(?P<citation>\[\d{1,3}\])
    |(?P<phone>(?<![\w.,])\+?\d[\d /()-]{6,}\d(?![\w.,]*\d))""",
    regex.VERBOSE,
)
_TOKEN = regex.compile(r"⟦\s*(\d+)\s*⟧")


class PlaceholderLost(ValueError):
    """A placeholder is missing, doubled or invented; the translation must not be shown."""


@dataclass(frozen=True, slots=True)
class Masked:
    """`text` holds `⟦n⟧` for `spans[n]`."""

    text: str
    spans: tuple[str, ...]


def mask(text: str, keep: Sequence[str] = ()) -> Masked:
    """Protect what the module names, and the given terms wherever they stand as whole words."""
    spans: list[str] = []

    def token(match: "regex.Match[str]") -> str:
        spans.append(match.group())
        return f"⟦{len(spans) - 1}⟧"

    kept = sorted((term for term in keep if term), key=len, reverse=True)
    if kept:  # terms first, on their own: a URL that holds one is still masked whole around its token
        text = _whole_words(kept).sub(token, text)
    return Masked(_PROTECTED.sub(token, text), tuple(spans))


def _whole_words(terms: Sequence[str]) -> "regex.Pattern[str]":
    """Any of the terms, longest first; at word borders where the script has them."""
    return regex.compile(
        "|".join(rf"(?<!\w){regex.escape(t)}(?!\w)" if t[0].isascii() else regex.escape(t) for t in terms)
    )


def restore(text: str, spans: Sequence[str]) -> str:
    """The text with its spans; raises PlaceholderLost unless each token stands in it exactly once."""
    nested = {int(number) for span in spans for number in _TOKEN.findall(span)}
    seen = [int(number) for number in _TOKEN.findall(text)]
    if sorted(seen) != [number for number in range(len(spans)) if number not in nested]:
        raise PlaceholderLost(f"placeholders {seen} of {len(spans)}")
    for _ in range(2):  # a span may hold the token of a kept term
        text = _TOKEN.sub(lambda match: spans[int(match.group(1))], text)
    return str(text)


def protected(text: str) -> list[str]:
    """What mask() would protect, sorted: equal on both sides of a good translation."""
    return sorted(match.group() for match in _PROTECTED.finditer(text))


def kept_terms(terms: Sequence[Term]) -> list[str]:
    """The glossary's do-not-translate terms."""
    return [term.term for term in terms if term.kind == "keep"]
