"""Terms found in a segment, and whether a translation honours them. Word borders only where the script has them."""

from collections.abc import Sequence

import regex

from translation.types import Term

_UNSPACED = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]")


def contains(text: str, term: str, *, case_sensitive: bool = False) -> bool:
    """Whether the term stands in the text as a word (or anywhere, in scripts without spaces)."""
    escaped = regex.escape(term)
    pattern = escaped if _UNSPACED.search(term) else rf"(?<!\w){escaped}(?!\w)"
    return regex.search(pattern, text, 0 if case_sensitive else regex.IGNORECASE) is not None


def applicable(source: str, terms: Sequence[Term]) -> list[Term]:
    """The terms that stand in the source segment."""
    return [term for term in terms if contains(source, term.term, case_sensitive=term.case_sensitive)]


def violations(source: str, target: str, terms: Sequence[Term]) -> list[str]:
    """What the translation gets wrong, in words for editors."""
    found = []
    for term in applicable(source, terms):
        if term.kind == "keep" and not contains(target, term.term, case_sensitive=term.case_sensitive):
            found.append(f"“{term.term}” must not be translated")
        elif term.kind == "preferred" and not _stands(target, term.translation):
            found.append(f"“{term.term}” should be “{term.translation}”")
        elif term.kind == "forbidden" and contains(target, term.translation):
            found.append(f"“{term.translation}” must not be used for “{term.term}”")
    return found


def _stands(target: str, translation: str) -> bool:
    """Inflected forms count: the term without its last two letters is enough for longer words."""
    core = translation if len(translation) < 6 or _UNSPACED.search(translation) else translation[:-2]
    return core.casefold() in target.casefold()
