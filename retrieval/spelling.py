"""What a question with typing errors was meant as.

A word is corrected only when nothing knows it: neither the index, in the asker's locale, nor the language's lexicon. So a
rare but rightly spelt word is left alone, and a question about something else does not become one about what we have.
Near words of the index's vocabulary compete with "none of them": each weighs as the typing error is likely (accents,
doubled, swapped and neighbouring letters are likelier than others) and as often as entries hold it. A text that was typed
with another keyboard layout on is read as a whole.

The vocabulary is kept outside the index, so that any backend can use it: a WordStore only grows, and the index decides
what counts, since a word that no entry holds any more is never proposed. `Correction.confidence` is how much of the
question's weight goes to what was meant; the rest stays with what was typed (retrieval.searching).
"""

import functools
import math
import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import regex

from retrieval import keyboards, text
from retrieval.lexicon import Lexicons
from retrieval.near_words import MAX_LETTERS, SHORT, Near, NearWords, key_of, reach
from retrieval.stopwords import STOP_WORDS
from retrieval.types import Correction

MAX_CHARACTERS = 500
"""Longer questions have words enough to be found by those that are spelt right."""
MAX_CORRECTED = 6
"""Words corrected in one question."""
WARMING = "warm"
ACCEPTED = 0.5
"""Confidence from which a word is corrected."""
STEEP = 2.2
"""How fast likelihood falls with each edit: an error is e^-2.2, a ninth, as likely as none."""
LETTERS_AN_ERROR = 5.0
"""A word of so many letters is as likely a word nobody knows as one with a typing error."""
FOREIGN_SHARE = 0.5
FOREIGN_WORDS = 3
"""A text of at least so many words, more than this share of them unknown, is in another language: nothing is corrected."""
RETYPED_SHARE = 0.6
RETYPED_CONFIDENCE = 0.9
TOUCHING, SWAPPED, DOUBLED, OTHER = 0.7, 0.7, 0.6, 1.0
FIRST_LETTER = 0.3
"""More for an error in the first letter: few make one there."""
ACCENT = 0.05
MERGE_BELOW = 0.1
MERGE_COUNT = 2000

_WORD = regex.compile(
    r"(?:[\p{L}\p{M}--[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]]"
    r"|(?<=\p{L})['’ʼ`](?=\p{L}))+",
    regex.VERSION1,
)
_DIGRAPHS = dict.fromkeys(("de", "sv", "da", "nb", "no", "tr"), (("ae", "a"), ("oe", "o"), ("ue", "u"), ("aa", "a")))
"""What is typed for ä, ö, ü and å where they are not on the keyboard."""

Count = Callable[[Sequence[str], str], Mapping[str, int]]
"""(lexical tokens, locale) -> how many entries of the locale hold each."""


class WordStore(Protocol):
    """The words of what is indexed, as written in lower case, by locale. Shared by all processes; it only grows."""

    def add(self, words: Mapping[str, Collection[str]]) -> None:
        """Words by locale; those it has stay once."""
        ...

    def since(self, locale: str, mark: int) -> tuple[Sequence[str], int]:
        """The words added after a mark, all of them after 0, and the mark to ask with the next time."""
        ...


class MemoryWords:
    """A WordStore of one process."""

    def __init__(self) -> None:
        self._words: dict[str, dict[str, None]] = {}

    def add(self, words: Mapping[str, Collection[str]]) -> None:
        for locale, found in words.items():
            self._words.setdefault(locale, {}).update(dict.fromkeys(found))

    def since(self, locale: str, mark: int) -> tuple[Sequence[str], int]:
        held = list(self._words.get(locale, ()))
        return held[mark:], len(held)


def words_of(texts: Iterable[str], locale: str) -> set[str]:
    """What the vocabulary keeps of texts: words of three letters and more, in lower case; none of scripts without
    spaces."""
    found: set[str] = set()
    for each in texts:
        found.update(_WORD.findall(text.normalise(_lower(each, locale))))
    return {word for word in found if 3 <= len(word) <= MAX_LETTERS}


def _lower(given: str, locale: str) -> str:
    if text.language(locale) in {"tr", "az"}:
        given = given.replace("İ", "i").replace("I", "ı")
    return given.lower()


class Vocabulary:
    """The words of one locale, read again where the store has more. A small part holds what came last."""

    def __init__(self, store: WordStore, locale: str) -> None:
        self._store = store
        self._locale = locale
        self._mark = 0
        self._parts: tuple[NearWords, ...] = ()

    def refresh(self) -> None:
        """Read what is new."""
        new, self._mark = self._store.since(self._locale, self._mark)
        if not new:
            return
        base = self._parts[:1]
        late = [word for part in self._parts[1:] for word in part] + list(new)
        if not base or len(late) > max(MERGE_COUNT, MERGE_BELOW * len(base[0])):
            self._parts = (NearWords([*(word for part in base for word in part), *late]),)
        else:
            self._parts = (base[0], NearWords(late))

    def near(self, key: str, edits: int) -> list[Near]:
        """As NearWords.near()."""
        return [found for part in self._parts for found in part.near(key, edits)]


@dataclass(frozen=True, slots=True)
class _Word:
    """A word of the question and where it stands. `held`: entries of the index hold it. `known`: they or the lexicon."""

    surface: str
    start: int
    end: int
    held: bool
    known: bool
    stop: bool


class Speller:
    """Corrects questions against a store's vocabulary; safe between threads."""

    def __init__(self, store: WordStore, lexicons: Lexicons, count: Count) -> None:
        self._store = store
        self._lexicons = lexicons
        self._count = count
        self._lock = threading.Lock()
        self._vocabularies: dict[str, Vocabulary] = {}

    def warm(self, locale: str) -> None:
        """Read what the first misspelt word of a locale would wait for."""
        self._vocabulary(locale)
        self._lexicons.knows(WARMING, locale)

    def correct(self, asked: str, locale: str) -> Correction | None:
        """What was meant; None where nothing needs correcting or nothing is near enough."""
        return self.retyped(asked, locale) or self.respelt(asked, locale)

    def retyped(self, asked: str, locale: str) -> Correction | None:
        """The text as it was meant, if it was typed with another keyboard layout on; else None."""
        told = self._doubtful(asked, locale)
        found = self._retyped(asked, told, locale) if told else None
        further = self.respelt(found.text, locale) if found else None
        if found and further:
            confidence = round(found.confidence * further.confidence, 3)
            return Correction(further.text, confidence, ((asked.strip(), further.text.strip()),))
        return found

    def respelt(self, asked: str, locale: str) -> Correction | None:
        """The text with near words in place of those that nothing knows; None where nothing changes."""
        told = self._doubtful(asked, locale)
        return self._respelt(asked, told, locale) if told else None

    def holds(self, asked: str, locale: str) -> bool:
        """Whether every word of a text stands in an entry of the locale, stop words aside."""
        return all(word.held or word.stop for word in self._told(asked[:MAX_CHARACTERS], locale))

    def _doubtful(self, asked: str, locale: str) -> list[_Word]:
        """The words of a text that holds some that no entry does; none of a long one."""
        told = self._told(asked, locale) if len(asked) <= MAX_CHARACTERS else []
        return [] if all(word.held or word.stop for word in told) else told

    # reading ---------------------------------------------------------------------------------------------------------

    def _told(self, asked: str, locale: str) -> list[_Word]:
        code = text.language(locale)
        stop = STOP_WORDS.get(code, frozenset())
        spans = [(_lower(found.group(), locale), *found.span()) for found in _WORD.finditer(asked)]
        counts = self._frequencies([surface for surface, _, _ in spans], locale)
        return [
            _Word(
                surface=surface,
                start=start,
                end=end,
                held=bool(counts[surface]),
                known=surface in stop or bool(counts[surface]) or self._lexicons.knows(surface, code),
                stop=surface in stop,
            )
            for surface, start, end in spans
        ]

    def _frequencies(self, words: Sequence[str], locale: str) -> dict[str, int]:
        """In how many entries of the locale each word stands, whatever its ending; 0: in none."""
        tokens = {word: _tokens(word, locale) for word in words}
        wanted = list(dict.fromkeys(token for found in tokens.values() for token in found))
        counts = self._count(wanted, locale) if wanted else {}
        return {word: min((counts.get(each, 0) for each in found), default=0) for word, found in tokens.items()}

    # another keyboard layout -----------------------------------------------------------------------------------------

    def _retyped(self, asked: str, told: Sequence[_Word], locale: str) -> Correction | None:
        """The whole text as another layout has it, where that makes it known."""
        best: tuple[float, str] | None = None
        floor = max(RETYPED_SHARE, 2 * _known_share(told))
        for meant in keyboards.retyped(asked, locale):
            read = self._told(meant, locale)
            share = _known_share(read)
            if share >= floor and (best is None or share > best[0]):
                best = (share, meant)
        if best is None:
            return None
        share, meant = best
        return Correction(meant, round(RETYPED_CONFIDENCE * share, 3), ((asked.strip(), meant.strip()),))

    # near words ------------------------------------------------------------------------------------------------------

    def _respelt(self, asked: str, told: Sequence[_Word], locale: str) -> Correction | None:
        matter = [word for word in told if not word.stop]
        unknown = [word for word in told if not word.known]
        if len(told) >= FOREIGN_WORDS and len(unknown) > FOREIGN_SHARE * len(told):
            return None
        found: list[tuple[_Word, str, float]] = []
        # Of a word that the lexicon knows and no entry holds, only accents may have been left out.
        for word in [word for word in matter if not word.held and len(word.surface) >= SHORT - 1][:MAX_CORRECTED]:
            meant, confidence = self._meant(word.surface, locale, accents_only=word.known)
            if meant and confidence >= ACCEPTED:
                found.append((word, _as_typed(meant, asked[word.start : word.end]), confidence))
        if not found:
            return None
        corrected = asked
        for word, meant, _ in reversed(found):
            corrected = corrected[: word.start] + meant + corrected[word.end :]
        pairs = tuple((asked[word.start : word.end], meant) for word, meant, _ in found)
        return Correction(corrected, round(min(confidence for _, _, confidence in found), 3), pairs)

    def _meant(self, word: str, locale: str, *, accents_only: bool) -> tuple[str, float]:
        """The likeliest word and its confidence; "" without any near one."""
        costs = self._near(word, locale, accents_only=accents_only)
        counts = self._frequencies(list(costs), locale)
        weights = {
            near: math.sqrt(1 + counts[near]) * math.exp(-STEEP * cost) for near, cost in costs.items() if counts[near]
        }
        if not weights:
            return "", 0.0
        none = math.exp(-STEEP * len(key_of(word)) / LETTERS_AN_ERROR)
        # Forms of one word do not compete: `collection` and `collections` are the same guess.
        groups: dict[tuple[str, ...], float] = {}
        for near, weight in weights.items():
            form = _tokens(near, locale)
            groups[form] = groups.get(form, 0.0) + weight
        best = min(weights, key=lambda near: (-groups[_tokens(near, locale)], -weights[near], near))
        return best, groups[_tokens(best, locale)] / (none + sum(groups.values()))

    def _near(self, word: str, locale: str, *, accents_only: bool) -> dict[str, float]:
        """Near words of the vocabulary with what it costs to have typed this one instead."""
        key, vocabulary = key_of(word), self._vocabulary(locale)
        costs = {
            each.word: cost_of(key, each.key, locale)
            for each in vocabulary.near(key, 0 if accents_only else reach(key))
        }
        for digraph, letter in _DIGRAPHS.get(text.language(locale), ()):
            if digraph in key:
                costs |= {each.word: ACCENT for each in vocabulary.near(key.replace(digraph, letter), 0)}
        costs.pop(word, None)
        return costs

    def _vocabulary(self, locale: str) -> Vocabulary:
        with self._lock:
            found = self._vocabularies.get(locale)
            if found is None:
                found = self._vocabularies[locale] = Vocabulary(self._store, locale)
            found.refresh()
            return found


@functools.lru_cache(maxsize=10_000)
def _tokens(word: str, locale: str) -> tuple[str, ...]:
    return tuple(text.analyse(word, locale))


def _known_share(told: Sequence[_Word]) -> float:
    """Of the letters of a text, those in known words: short words say little."""
    total = sum(len(word.surface) for word in told)
    return sum(len(word.surface) for word in told if word.known) / total if total else 0.0


def _as_typed(meant: str, typed: str) -> str:
    """With the capital that was typed; a word in capitals only was typed with caps lock on."""
    return meant[:1].upper() + meant[1:] if typed[:1].isupper() and not typed[1:].isupper() else meant


def cost_of(typed: str, meant: str, locale: str) -> float:
    """What it costs to have typed one key for another: 0 for none, about 1 an error (optimal string alignment).

    Doubled or left out double letters, swapped letters and neighbouring keys cost less, the first letter more.
    """
    if typed == meant:
        return ACCENT
    touching = keyboards.neighbours(locale)
    before: list[float] = []
    rows = [[float(at) for at in range(len(meant) + 1)]]
    for i, a in enumerate(typed, start=1):
        row = [float(i)]
        for j, b in enumerate(meant, start=1):
            extra = DOUBLED if i > 1 and a == typed[i - 2] else OTHER
            missing = DOUBLED if j > 1 and b == meant[j - 2] else OTHER
            change = 0.0 if a == b else TOUCHING if (a, b) in touching else OTHER
            best = min(rows[-1][j] + extra, row[j - 1] + missing, rows[-1][j - 1] + change)
            if i > 1 and j > 1 and a == meant[j - 2] and b == typed[i - 2] and a != b:
                best = min(best, before[j - 2] + SWAPPED)
            row.append(best)
        before = rows[-1]
        rows = [row]
    return rows[-1][-1] + (FIRST_LETTER if typed[:1] != meant[:1] else 0.0)
