"""Bilingual lexicons: any of 22 languages into weighted English word stems, so that a question finds across languages.

A gloss is a bag of English stems with weights from 0 to 1.2: a weighted BM25 query, or what an entry is indexed under.
English glosses to its own stems. Words no lexicon knows pass through if they are written in Latin letters (names,
numbers, product codes), else they are looked up by their romanised consonants in the index's own vocabulary (Names).
Lexicons are read on first use and kept; their format and provenance are in retrieval/data/README.md.
"""

import collections
import difflib
import functools
import gzip
import json
import sys
import threading
from collections.abc import Iterable
from pathlib import Path

import regex
from anyascii import anyascii

from retrieval.text import language, stem, words
from retrieval.types import NotConfigured

DATA = Path(__file__).resolve().parent / "data" / "lexicons"
COMPOUNDING = {"de", "nl", "sv"}
UNSPACED = {"zh", "ja", "th"}
CEILING = 1.2
"""No stem counts more than this, however often the text says it (measured on XQuAD for the reference of the pack)."""
FAINT = 0.03
NEAR_DISCOUNT = 0.7
PART_DISCOUNT = 0.5
MAX_WORDS = 4000

_SOUNDS = (
    ("tsch", "c"), ("sch", "s"), ("dzh", "j"), ("ch", "c"), ("sh", "s"), ("ph", "f"), ("th", "t"), ("kh", "h"),
    ("gh", "g"), ("zh", "j"), ("ck", "k"), ("qu", "kv"), ("ts", "s"), ("x", "ks"), ("c", "k"), ("q", "k"), ("z", "s"), ("w", "v"),
)  # fmt: skip
_VOWELS = regex.compile("[aeiouyh]")
_DOUBLED = regex.compile(r"(.)\1+")
_NOT_LATIN = regex.compile("[^a-z]")


def romanised(word: str) -> str:
    """The word in the letters a to z."""
    return str(_NOT_LATIN.sub("", anyascii(word).lower()))


def skeleton(word: str) -> str:
    """Consonants of the romanised word, sounds that scripts confuse unified: Мельбурн and Melbourne share one."""
    letters = romanised(word)
    for old, new in _SOUNDS:
        letters = letters.replace(old, new)
    return str(_DOUBLED.sub(r"\1", _VOWELS.sub("", letters)))


class Names:
    """The vocabulary of an index by skeleton: what an unknown word of another script may be spelt like there."""

    def __init__(self, vocabulary: Iterable[str]) -> None:
        self._by_skeleton: dict[str, list[str]] = collections.defaultdict(list)
        for word in vocabulary:
            if word.isascii() and len(word) >= 3 and not word[0].isdigit() and (key := skeleton(word)):
                self._by_skeleton[key].append(word)
        self.find = functools.lru_cache(maxsize=10_000)(self._find)

    def _find(self, word: str) -> tuple[tuple[str, float], ...]:
        """At most two words of the vocabulary with their likeness, 0.5 to 1, best first."""
        letters, key = romanised(word), skeleton(word)
        if not key:
            return ()
        near = set(self._by_skeleton.get(key, ()))
        if len(key) >= 4:
            for i in range(len(key)):
                near.update(self._by_skeleton.get(key[:i] + key[i + 1 :], ()))
        ranked = sorted(
            ((difflib.SequenceMatcher(None, letters, other).ratio(), other) for other in near), reverse=True
        )
        return tuple((other, ratio) for ratio, other in ranked[:2] if ratio >= 0.5)


class Lexicon:
    """One language's stems to English words with probabilities, at most six a stem, best first."""

    def __init__(self, code: str, entries: dict[str, tuple[tuple[str, float], ...]]) -> None:
        self.code = code
        self._entries = entries
        self._by_prefix: dict[str, list[str]] = collections.defaultdict(list)
        for key in entries:
            if len(key) >= 5:
                self._by_prefix[key[:5]].append(key)
        self.translate = functools.lru_cache(maxsize=50_000)(self._translate)

    def _translate(self, word: str) -> tuple[tuple[tuple[str, float], ...], bool]:
        """English words with weights, and whether the word is truly known (not only by a near stem)."""
        key = stem(word, self.code)
        if (found := self._entries.get(key)) is not None:
            return found, True
        if self.code in COMPOUNDING and len(word) >= 8 and (parts := self._compound(word)):
            return tuple((english, p * PART_DISCOUNT) for part in parts for english, p in self._entries[part]), True
        near = self._near(key)
        return (
            (tuple((english, p * NEAR_DISCOUNT) for english, p in self._entries[near]), False) if near else ((), False)
        )

    def _compound(self, word: str) -> tuple[str, str] | None:
        """The two known stems the word is most probably made of, a linking s allowed between them."""
        best: tuple[float, tuple[str, str]] | None = None
        for i in range(4, len(word) - 3):
            head = stem(word[:i], self.code)
            if head not in self._entries:
                continue
            tails = [word[i:], word[i + 1 :]] if word[i] == "s" else [word[i:]]
            for tail in (stem(part, self.code) for part in tails):
                if tail in self._entries:
                    score = self._entries[head][0][1] * self._entries[tail][0][1]
                    if best is None or score >= best[0]:
                        best = (score, (head, tail))
        return best[1] if best else None

    def _near(self, key: str) -> str | None:
        """A known stem that shares at least five letters and 60 % of the longer one's beginning."""
        best, best_ratio = None, 0.6
        for other in self._by_prefix.get(key[:5], ()) if len(key) >= 5 else ():
            ratio = _shared(other, key) / max(len(other), len(key))
            if ratio >= best_ratio and (best is None or ratio > best_ratio):
                best, best_ratio = other, ratio
        return best


class Lexicons:
    """All lexicons of a folder, each read on first use; safe between threads."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = Path(folder) if folder else DATA
        self._lock = threading.Lock()
        self._read: dict[str, Lexicon] = {}

    def supports(self, locale: str) -> bool:
        """Whether texts of the locale can be glossed."""
        code = language(locale)
        return code == "en" or code in self._read or (self._folder / f"{code}.json.gz").exists()

    def gloss(self, text: str, locale: str, names: Names | None = None) -> dict[str, float]:
        """English stems of the text with weights up to 1.2; empty for languages without a lexicon."""
        code = language(locale)
        if code == "en":
            return _english(text)
        if not self.supports(code):
            return _latin_only(text, code)
        english: collections.Counter[str] = collections.Counter()
        lexicon = self._lexicon(code)
        for word in words(text, code)[:MAX_WORDS]:
            _add(english, word, lexicon, names)
        return _stems(english)

    def _lexicon(self, code: str) -> Lexicon:
        found = self._read.get(code)
        if found is None:
            with self._lock:
                found = self._read.get(code)
                if found is None:
                    found = self._read[code] = Lexicon(code, _load(self._folder / f"{code}.json.gz"))
        return found


def _load(path: Path) -> dict[str, tuple[tuple[str, float], ...]]:
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            raw = json.load(file)
    except (OSError, EOFError, ValueError) as error:
        raise NotConfigured(f"The lexicon {path.name} is damaged; install Polyfaq again ({error}).") from error
    return {key: tuple((sys.intern(english), p) for english, p in pairs) for key, pairs in raw.items()}


def _add(english: "collections.Counter[str]", word: str, lexicon: Lexicon, names: Names | None) -> None:
    """One word's share: its translations, itself if it may be a name or number, or what it sounds like."""
    found, known = lexicon.translate(word)
    for translation, p in found:
        english[translation] += p  # type: ignore[assignment]
    if word.isascii():
        if word[0].isdigit():
            english[word] = 1
        elif not known:
            english[word] += 1
        elif len(word) > 3:
            english[word] += 0.5  # type: ignore[assignment]
    elif not known and names and lexicon.code not in UNSPACED and len(word) >= 3:
        for name, likeness in names.find(word):
            english[name] = max(english[name], likeness)  # type: ignore[assignment]


def _stems(english: "collections.Counter[str]") -> dict[str, float]:
    stems: dict[str, float] = collections.defaultdict(float)
    for word, weight in english.items():
        stems[stem(word, "en")] += weight
    return {key: min(weight, CEILING) for key, weight in stems.items() if weight > FAINT}


def _english(text: str) -> dict[str, float]:
    return dict.fromkeys((stem(word, "en") for word in words(text, "en")), 1.0)


def _latin_only(text: str, code: str) -> dict[str, float]:
    return dict.fromkeys((stem(word, "en") for word in words(text, code) if word.isascii()), 1.0)


def _shared(one: str, other: str) -> int:
    """How many characters two words begin with in common."""
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
