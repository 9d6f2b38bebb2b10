"""Mask what a machine must not touch, and put it back.

Masked: URLs, e-mail addresses, phone numbers, account numbers, inline code, placeholders, tags, entities, citation marks,
and the glossary's `keep` terms. Plain numbers are not masked, since a language may write them in its own way: numerals
compares them.

Laws: `restore(mask(t).text, mask(t)) == t` for every text; `restore` gives every masked span back exactly once, in any
order, or raises PlaceholderLost; nothing is guessed.
"""

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import regex

from translation import glossary
from translation.types import Term

_PATTERN = regex.compile(
    r"""(?P<literal>⟦[^⟦⟧\n]{0,20}⟧|[⟦⟧])
    |(?P<code>`[^`\n]++`)
    |(?P<tag></?[A-Za-z][^<>\n]{0,500}>)
    |(?P<entity>&(?:\#\d{1,7}|\#x[0-9A-Fa-f]{1,6}|[A-Za-z]{2,10});)
    |(?P<target>(?<=\])\((?!\s)[^()\s]++\))
    |(?P<url>(?<![A-Za-z0-9@])(?:[a-z][a-z0-9+.-]{1,14}://|www\.|mailto:|tel:)
        (?:[[\p{L}\p{M}\p{N}!\#$%&()*+,./:;=?@_~\[\]|{}\-]--[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}]]
          |(?<=[/=_-])[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}]++)++)
    |(?P<mail>(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]++@[A-Za-z0-9-]++(?:\.[A-Za-z0-9-]++)++)
    |(?P<domain>(?<![A-Za-z0-9@._/-])(?:[A-Za-z0-9-]{1,63}\.){1,5}
        (?:com|org|net|edu|gov|info|eu|io|de|fr|es|pl|uk|ua|tr|ch|nl|cz|ru|cn|jp|br|se|fi|example)(?![A-Za-z0-9-])
        (?:/[!\#$%&()*+,./:;=?@_~A-Za-z0-9-]*+)?)
    |(?P<brace>\$?\{\{?[^{}\n]{0,60}\}\}?|%(?:\(\w{1,40}\)|\d{1,2}\$)?[sdif](?![\p{L}\p{N}]))
    |(?P<citation>\[\d{1,3}\])
    |(?P<account>(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?:[ ]?[A-Z0-9]{4}){3,7}(?:[ ]?[A-Z0-9]{1,3})?(?![A-Za-z0-9]))
    |(?P<phone>(?<![\p{N}A-Za-z.,:+/-])(?:\+|\()?\d(?:[ \u00a0\u202f()/-]{0,2}\d){5,16}(?![\p{N}]|[.,:/-]\p{N}))""",
    regex.VERBOSE | regex.VERSION1,
)
_MAY_HOLD = regex.compile(
    r"[⟦⟧`<&@{%\[]|\]\(|://|www\.|mailto:|tel:|\.[a-z]|[A-Z]{2}\d{2}|\d(?:[ \u00a0\u202f()/-]{0,2}\d){5}"
)
"""Found in every text that _PATTERN matches in. Most sentences have nothing to protect, and this says so ten times sooner."""
_TOKEN = regex.compile(r"⟦\s*(\d{1,6})\s*⟧")
_BRACKET = regex.compile("[⟦⟧]")
_TRAILING = ".,;:!?…"
_CLOSING = {")": "(", "]": "[", "}": "{"}
_LOCAL_PHONE = regex.compile(r"\d{3}[- ]\d{4}|\d{3}[- ]\d{3}[- ]\d{4}|\(\d{2,5}\).*")
_APART = frozenset({"url", "mail", "domain"})
"""Kinds that read as something longer when any letter touches them."""


class PlaceholderLost(ValueError):
    """A placeholder is missing, doubled or invented; the translation must not be shown."""


@dataclass(frozen=True, slots=True)
class Span:
    """A run of a text that must survive. `kind`: a group of the pattern above, or `term`."""

    start: int
    end: int
    kind: str


@dataclass(frozen=True, slots=True)
class Masked:
    """`text` holds `⟦n⟧` for `spans[n]`, once each, in order."""

    text: str
    spans: tuple[str, ...]
    kinds: tuple[str, ...] = ()


def mask(text: str, terms: Sequence[Term] = ()) -> Masked:
    """The text with a token for each span that must survive."""
    parts: list[str] = []
    spans: list[str] = []
    kinds: list[str] = []
    at = 0
    for span in find(text, terms):
        parts += [text[at : span.start], f"⟦{len(spans)}⟧"]
        spans.append(text[span.start : span.end])
        kinds.append(span.kind)
        at = span.end
    return Masked("".join([*parts, text[at:]]), tuple(spans), tuple(kinds))


def restore(text: str, masked: Masked) -> str:
    """The text with its spans; raises PlaceholderLost unless each token stands in it exactly once.

    A space that the engine lost between a span and a word is put back where the source had one.
    """
    seen = [int(number) for number in _TOKEN.findall(text)]
    stray = len(_BRACKET.findall(text)) != 2 * len(seen)
    if stray or sorted(seen) != list(range(len(masked.spans))):
        raise PlaceholderLost(f"placeholders {seen} of {len(masked.spans)}")
    glued = _glued(masked.text)
    parts: list[str] = []
    at = 0
    for match in _TOKEN.finditer(text):
        number = int(match.group(1))
        parts.append(text[at : match.start()])
        touches_before, touches_after = glued[number]
        if not touches_before and _touches("".join(parts[-2:])[-1:], masked, number):
            parts.append(" ")
        parts.append(masked.spans[number])
        at = match.end()
        if not touches_after and _touches(text[at : at + 1], masked, number):
            parts.append(" ")
    return "".join([*parts, text[at:]])


def _glued(text: str) -> dict[int, tuple[bool, bool]]:
    """Of each token of a masked text: whether a word or another token touches it before, and after."""
    return {
        int(match.group(1)): (
            text[match.start() - 1 : match.start()].isalnum() or text[: match.start()].endswith("⟧"),
            text[match.end() : match.end() + 1].isalnum() or text.startswith("⟦", match.end()),
        )
        for match in _TOKEN.finditer(text)
    }


def _touches(neighbour: str, masked: Masked, number: int) -> bool:
    """Whether the neighbour would run into the span."""
    if not neighbour or neighbour.isspace():
        return False
    kind = masked.kinds[number] if masked.kinds else ""
    spaced = neighbour.isascii() or not regex.match(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}]", neighbour)
    return (neighbour.isalnum() and (spaced or kind in _APART)) or neighbour == "⟦"


def find(text: str, terms: Sequence[Term] = ()) -> list[Span]:
    """What must survive, in order, without overlaps; a term inside an address is part of the address."""
    spans = list(_protected(text))
    taken = sorted(spans, key=lambda span: span.start)
    for term in sorted(_kept(terms), key=lambda term: -len(term.term)):
        for match in glossary.pattern(term.term.strip(), term.case_sensitive).finditer(text):
            if all(match.end() <= other.start or match.start() >= other.end for other in taken):
                taken.append(Span(match.start(), match.end(), "term"))
    return sorted(taken, key=lambda span: span.start)


def protected(text: str) -> list[str]:
    """The spans whose exact text must be equal on both sides of a translation, sorted; phone numbers compare as numbers."""
    return sorted(text[span.start : span.end] for span in _protected(text) if span.kind not in ("phone", "literal"))


def _kept(terms: Sequence[Term]) -> list[Term]:
    return [term for term in terms if term.kind == "keep" and term.term.strip()]


@functools.lru_cache(maxsize=256)  # one verdict looks at the same two texts many times
def _protected(text: str) -> tuple[Span, ...]:
    return tuple(_matches(text)) if _MAY_HOLD.search(text) else ()


def _matches(text: str) -> Iterator[Span]:
    at = 0
    while match := _PATTERN.search(text, at):
        kind = match.lastgroup or ""
        start, end = match.span()
        if kind in ("url", "domain"):
            end = start + len(_trimmed(match.group()))
        if kind == "phone" and not _is_phone(match.group()):
            at = match.end()
            continue
        yield Span(start, end, kind)
        at = max(end, start + 1)


def _trimmed(address: str) -> str:
    """Without the punctuation of the sentence around it; a closing bracket stays when it was opened inside."""
    while address:
        last = address[-1]
        if last in _TRAILING or (last in _CLOSING and address.count(last) > address.count(_CLOSING[last])):
            address = address[:-1]
        else:
            break
    return address


def _is_phone(written: str) -> bool:
    """Numbers with a prefix, or in the groups of a local number; others are quantities, years, dates."""
    digits = [character for character in written if character.isdigit()]
    starts = written[0] in "+(" or int(digits[0]) == 0
    return (starts and len(digits) >= 6) or _LOCAL_PHONE.fullmatch(written) is not None
