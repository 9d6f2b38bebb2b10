"""Terms found in a segment, and whether a translation honours them.

A term matches as a whole word where its script has word borders, anywhere where it has none (Chinese, Japanese, Thai).
Inflected forms of longer terms count as the preferred term: a translator must be free to decline it.
"""

import functools
import unicodedata
from collections.abc import Sequence

import regex

from translation.types import Term

_UNSPACED = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]")
_INFLECTED = 6
"""Letters from which on a term may stand with another ending, up to two letters of its own exchanged."""


@functools.lru_cache(maxsize=4096)
def pattern(term: str, case_sensitive: bool = False) -> "regex.Pattern[str]":
    """What finds the term. Borders are asked only of ends that are letters or digits of a script with spaces."""
    escaped = r"\s+".join(regex.escape(word) for word in unicodedata.normalize("NFC", term).split())
    before = r"(?<![\p{L}\p{N}_])" if _bounded(term[:1]) else ""
    after = r"(?![\p{L}\p{N}_])" if _bounded(term[-1:]) else ""
    return regex.compile(before + escaped + after, 0 if case_sensitive else regex.IGNORECASE)


def _bounded(character: str) -> bool:
    return bool(character) and character.isalnum() and not _UNSPACED.match(character)


def contains(text: str, term: str, *, case_sensitive: bool = False) -> bool:
    """Whether the term stands in the text as a word (or anywhere, in scripts without spaces)."""
    return bool(term.strip()) and pattern(term.strip(), case_sensitive).search(text) is not None


def applicable(source: str, terms: Sequence[Term]) -> list[Term]:
    """The terms that stand in the source segment."""
    return [term for term in terms if contains(source, term.term, case_sensitive=term.case_sensitive)]


def violations(source: str, target: str, terms: Sequence[Term]) -> list[str]:
    """What the translation gets wrong, in words for editors."""
    source, target = unicodedata.normalize("NFC", source), unicodedata.normalize("NFC", target)
    found = []
    for term in applicable(source, terms):
        if term.kind == "keep" and not contains(target, term.term, case_sensitive=term.case_sensitive):
            found.append(f"“{term.term}” must not be translated")
        elif term.kind == "preferred" and not _stands(target, term.translation):
            found.append(f"“{term.term}” should be “{term.translation}”")
        elif term.kind == "forbidden" and contains(target, term.translation, case_sensitive=term.case_sensitive):
            found.append(f"“{term.translation}” must not be used for “{term.term}”")
    return found


def _stands(target: str, translation: str) -> bool:
    words = unicodedata.normalize("NFC", translation).split()
    return all(_word_stands(target, word) for word in words)


def _word_stands(target: str, word: str) -> bool:
    if _UNSPACED.search(word):
        return word in target
    if len(word) < _INFLECTED:
        return contains(target, word)
    stem = regex.escape(word[:-2])
    # without a border before it: German writes the term as part of a compound
    return regex.search(stem, target, regex.IGNORECASE) is not None
