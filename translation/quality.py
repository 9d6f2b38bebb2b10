"""Verdicts on machine output: parity of what must be equal on both sides, and signs of degenerate output.

A verdict is "" (passed) or the name of the first check that failed. Numbers compare by value: decimal commas, thousands
separators, digits of other scripts and times written with a point are the same number; number words are not judged.
"""

import collections
import unicodedata

import regex

from translation import protection

_NUMBER = regex.compile(r"\p{Nd}+(?:[.,:\u066b\u066c\u00a0\u202f'’]\p{Nd}+)*")
_SCRIPTS = {
    "ar": r"\p{Arabic}", "fa": r"\p{Arabic}", "he": r"\p{Hebrew}", "zh": r"\p{Han}", "ja": r"[\p{Han}\p{Hiragana}\p{Katakana}]",
    "ko": r"\p{Hangul}", "ru": r"\p{Cyrillic}", "uk": r"\p{Cyrillic}", "bg": r"\p{Cyrillic}", "el": r"\p{Greek}",
    "hi": r"\p{Devanagari}", "th": r"\p{Thai}",
}  # fmt: skip
_MONTHS = {"zh", "ja", "ko"}
"""Languages that write months as numbers: a date's month may be a number on one side only."""
_LETTER = regex.compile(r"\p{L}")
_DENSE = {"zh", "ja", "ko", "th"}


def verdict(source: str, target: str, *, source_locale: str, target_locale: str) -> str:
    """The first failed check by name, or "" when the translation may be shown."""
    checks = (
        ("empty", lambda: not target.strip()),
        ("parity:protected", lambda: protection.protected(source) != protection.protected(target)),
        ("parity:numbers", lambda: not _numbers_agree(source, target, source_locale, target_locale)),
        ("repetition", lambda: _repeats(source, target)),
        ("copy", lambda: _copied(source, target, source_locale, target_locale)),
        ("script", lambda: _wrong_script(target, target_locale)),
        ("length", lambda: _odd_length(source, target, source_locale, target_locale)),
    )
    return next((name for name, failed in checks if failed()), "")


def numbers(text: str) -> collections.Counter[str]:
    """The values of the numbers in a text, protected spans left out: `1,50`, `1.50` and `١٫٥٠` are one."""
    bare = protection.mask(text).text
    bare = regex.sub(r"⟦\d+⟧", " ", bare)
    return collections.Counter(_value(match.group()) for match in _NUMBER.finditer(bare))


def _value(written: str) -> str:
    digits = "".join(str(unicodedata.digit(c)) if c.isdigit() else c for c in written)
    parts = regex.split(r"[^0-9]", digits)
    if len(parts) > 1 and all(len(part) == 3 for part in parts[1:]) and len(parts[0]) <= 3:
        return "".join(parts)
    return ".".join(parts)


def _numbers_agree(source: str, target: str, source_locale: str, target_locale: str) -> bool:
    ours, theirs = numbers(source), numbers(target)
    if ours == theirs:
        return True
    if _code(target_locale) in _MONTHS and not ours - theirs:
        return all(value.isdigit() and 1 <= int(value) <= 12 for value in (theirs - ours))
    if _code(source_locale) in _MONTHS and not theirs - ours:
        return all(value.isdigit() and 1 <= int(value) <= 12 for value in (ours - theirs))
    return False


def _repeats(source: str, target: str) -> bool:
    """A phrase said four times in a row, or a bracketed one more often than the source has."""
    words = target.casefold().split()
    for size in (1, 2, 3, 4):
        for start in range(len(words) - 4 * size + 1):
            phrase = words[start : start + size]
            if all(words[start + i * size : start + (i + 1) * size] == phrase for i in range(1, 4)):
                return " ".join(phrase * 4) not in " ".join(source.casefold().split())
    again = regex.search(r"(.{2,20}?)\1{4,}", target)
    return again is not None and regex.search(r"(.{2,20}?)\1{4,}", source) is None


def _copied(source: str, target: str, source_locale: str, target_locale: str) -> bool:
    """The source came back: for four words or more; names, numbers and short labels may well be equal."""
    if _code(source_locale) == _code(target_locale):
        return False
    plain = [word for word in source.split() if _LETTER.search(word) and word[:1].islower()]
    return len(plain) >= 3 and source.casefold().strip(" .") == target.casefold().strip(" .")


def _wrong_script(target: str, target_locale: str) -> bool:
    script = _SCRIPTS.get(_code(target_locale))
    bare = regex.sub(r"⟦\d+⟧", " ", protection.mask(target).text)
    letters = _LETTER.findall(bare)
    if not script or len(letters) < 8:
        return False
    return len(regex.findall(script, bare)) < 0.4 * len(letters)


def _odd_length(source: str, target: str, source_locale: str, target_locale: str) -> bool:
    """Outside 0.35 to 3 times the expected length; dense scripts need a third of the letters."""
    ours = len(source) * (3 if _code(source_locale) in _DENSE else 1)
    theirs = len(target) * (3 if _code(target_locale) in _DENSE else 1)
    return ours >= 20 and not 0.3 * ours <= theirs <= 3.2 * ours


def _code(locale: str) -> str:
    return locale.partition("-")[0].lower()
