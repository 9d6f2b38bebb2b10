"""Verdicts on machine output: parity of what must be equal on both sides, and signs of degenerate output.

A verdict is "" (passed) or the name of the first check that failed:
`empty`, `parity:protected` (URLs, e-mail addresses, placeholders, code, citation marks), `parity:numbers`, `parity:list`
(items of a list, parts of a table row), `repetition`, `script`, `copy` (the source came back), `length`.
Only machine output is judged; what a person wrote is shown as it is. The bounds were set on human translations in 21
languages (docs/explanation/translation.md), so that at most about one good translation in a hundred is refused.
"""

import functools
import re
from collections import Counter
from collections.abc import Callable

import regex

from translation import numerals, protection

_SCRIPTS = {
    "ar": "Arabic", "fa": "Arabic", "ur": "Arabic", "he": "Hebrew", "el": "Greek", "hi": "Devanagari", "th": "Thai",
    "ru": "Cyrillic", "uk": "Cyrillic", "bg": "Cyrillic", "mk": "Cyrillic", "be": "Cyrillic", "bn": "Bengali",
    "ta": "Tamil", "hy": "Armenian", "ka": "Georgian", "zh": "Han", "ja": "Hiragana", "ko": "Hangul",
}  # fmt: skip
_ALSO = {"ja": r"\p{Katakana}\p{Han}", "ko": r"\p{Han}", "hi": r"\p{M}", "th": r"\p{M}"}
_LETTERS_PER_ENGLISH = {
    "zh": 0.36, "ja": 0.52, "ko": 0.55, "th": 0.95, "ar": 0.9, "he": 0.8, "fa": 0.95, "hi": 1.05, "vi": 1.1,
}  # fmt: skip
"""How many characters a language needs for one of English; those not named need about as many, up to a quarter more."""
_WORD = regex.compile(
    r"[\p{Han}\p{Hiragana}\p{Katakana}]+|[[\p{L}\p{M}]--[\p{Han}\p{Hiragana}\p{Katakana}]]+", regex.VERSION1
)
_CYCLES = (re.compile(r"([^\W\d_])\1\1\1", re.IGNORECASE), re.compile(r"([^\s\d.…_*=-][^\d]{0,11}?)\1\1\1\1"))
"""A letter four times in a row; anything else of up to twelve characters five times. (`re` is three times faster here.)"""
_PUNCTUATION = ".,;:!?()\"'“”„«»"
_MASK = regex.compile(r"⟦\d+⟧")
_ROW_END = regex.compile(r"[;；؛]")
_ROW_PART = regex.compile(r"\S\s*[:：]\s*\S")
_LIST_MARK = regex.compile(r"^\s*(?:[-*+•]|\d{1,3}[.)])\s", regex.MULTILINE)


def verdict(source: str, target: str, *, source_locale: str, target_locale: str) -> str:
    """The first failed check by name, or "" when the translation may be shown."""
    checks: tuple[tuple[str, Callable[[], bool]], ...] = (
        ("empty", lambda: not _WORD.search(target) and bool(_WORD.search(source))),
        ("parity:protected", lambda: protection.protected(source) != protection.protected(target)),
        ("parity:numbers", lambda: not numerals.agree(source, target, source_locale, target_locale)),
        ("parity:list", lambda: _items(source) != _items(target)),
        ("repetition", lambda: repeats(source, target)),
        ("script", lambda: wrong_script(source, target, target_locale)),
        ("copy", lambda: copied(source, target, source_locale, target_locale)),
        ("length", lambda: odd_length(source, target, source_locale, target_locale)),
    )
    return next((name for name, failed in checks if failed()), "")


def _items(text: str) -> tuple[int, int]:
    """Items of a list, and parts of a row written out as `Header: value; Header: value`."""
    parts = [part for part in _ROW_END.split(text) if part.strip()]
    row = len(parts) if len(parts) > 1 and all(map(_ROW_PART.search, parts)) else 0
    return len(_LIST_MARK.findall(text)), row


def repeats(source: str, target: str) -> bool:
    """A phrase said again and again as engines do, unless the source does so."""
    words, original = _said(target), _said(source)
    runs = ((1, 3), (2, 3), (3, 2), (4, 2), (5, 2), (6, 2))
    again = len(words) - len(set(words))  # any run says at least two words again
    if again >= 2 and any(_times(words, size) >= times > _times(original, size) for size, times in runs):
        return True
    if any(cycle.search(target) and not cycle.search(source) for cycle in _CYCLES):
        return True
    if again < 4:
        return False
    most = max((n for word, n in Counter(words).items() if n >= 5 and len(word) > 3 and _WORD.search(word)), default=0)
    mine = max(Counter(original).values(), default=0)
    return most > 2 * mine and most > sum(map(_has_letter, words)) / 4


def _said(text: str) -> list[str]:
    return [word.strip(_PUNCTUATION) for word in text.casefold().split()]


def _times(words: list[str], size: int) -> int:
    """How often at most a phrase of that many words stands in a row."""
    best = run = 1 if len(words) >= size else 0
    same = 0
    for at in range(size, len(words)):
        same = same + 1 if words[at] == words[at - size] and _WORD.search(words[at]) else 0
        run = 1 + same // size
        best = max(best, run)
    return best


def copied(source: str, target: str, source_locale: str, target_locale: str) -> bool:
    """Untranslated: the source, or a run of six of its words, came back. Names and numbers alone may well be equal."""
    if _language(source_locale) == _language(target_locale):
        return False
    ours, theirs = _spoken(source), _spoken(target)
    common = [word for word in ours if word[:1].islower() and len(word) > 1]
    if len(common) >= 3 and ours == theirs:
        return True
    size = 6
    runs = {tuple(ours[at : at + size]) for at in range(len(ours) - size + 1)}
    again = (tuple(theirs[at : at + size]) for at in range(len(theirs) - size + 1))
    return any(run in runs and sum(word.isalpha() and word.islower() for word in run) >= 5 for run in again)


def _spoken(text: str) -> list[str]:
    """The words as they stand between spaces, without punctuation at their ends and without protected spans."""
    words = (word.strip(_PUNCTUATION) for word in _bare(text).split())
    return [word for word in words if _has_letter(word)]


def _has_letter(word: str) -> bool:
    return word.isalpha() or _WORD.search(word) is not None


@functools.lru_cache(maxsize=64)  # the checks of one verdict look at the same two texts
def _bare(text: str) -> str:
    return str(_MASK.sub(" ", protection.mask(text).text))


def _plain(text: str) -> list[str]:
    """The words outside protected spans."""
    return list(_WORD.findall(_bare(text)))


def wrong_script(source: str, target: str, target_locale: str) -> bool:
    """Most letters are not the language's. Words that stand in the source too (names, products) are left out."""
    language = _language(target_locale)
    script = _SCRIPTS.get(language, "Latin")
    known = set(_WORD.findall(source))
    letters = "".join(word for word in _plain(target) if word not in known)
    if len(letters) < (2 if script != "Latin" else 6):
        return False
    return len(_letters(script, _ALSO.get(language, "")).findall(letters)) < 0.5 * len(letters)


@functools.lru_cache(maxsize=64)
def _letters(script: str, others: str) -> "regex.Pattern[str]":
    return regex.compile(rf"[\p{{{script}}}{others}]")


def odd_length(source: str, target: str, source_locale: str, target_locale: str) -> bool:
    """Outside a third to three times of the expected length, with room for short segments."""
    ours, theirs = len("".join(_plain(source))), len("".join(_plain(target)))
    per_source = _LETTERS_PER_ENGLISH.get(_language(source_locale), 1.1)
    per_target = _LETTERS_PER_ENGLISH.get(_language(target_locale), 1.1)
    expected = ours / per_source * per_target
    return theirs > 3 * expected + 12 or theirs < expected / 3 - 4


def _language(locale: str) -> str:
    return locale.replace("_", "-").partition("-")[0].lower()
