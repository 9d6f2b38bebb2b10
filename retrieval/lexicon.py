"""Bilingual lexicons: any of 22 languages into weighted English word stems, so that a question finds across languages.

A gloss is a bag of English stems with weights from 0 to 1: a weighted BM25 query, or what an entry is indexed under.
English glosses to its own stems. A word is looked up as it is, then without accents, clitics or its case's spelling, as
a compound, and as the word that begins alike; what no lexicon knows passes through in Latin letters (names, product
codes) and is looked up by its beginning and its romanised consonants in the index's own vocabulary (Names). Stop words
and the English stop words among translations are left out unless nothing else is there.

Lexicons are read on first use and kept packed (1.5 MB for 35,000 stems; retrieval.lexicon_data); their provenance is in
retrieval/data/README.md. What each step is worth on XQuAD stands in docs/explanation/retrieval.md.
"""

import bisect
import collections
import difflib
import functools
import itertools
import threading
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import regex
from anyascii import anyascii

from retrieval.fingerprint import files_digest
from retrieval.lexicon_data import Columns, Words, load
from retrieval.stopwords import STOP_WORDS
from retrieval.text import fold, language, stem, stems, words
from retrieval.types import NotConfigured

DATA = Path(__file__).resolve().parent / "data" / "lexicons"
COMPOUNDING = frozenset({"de", "nl", "sv"})
UNSPACED = frozenset({"zh", "ja", "th"})
LEXICON_GENERATION = 2
"""Raise when a gloss changes for the same text: entries are stored with theirs."""

CEILING = 1.0
"""No stem counts more than this, however many words of the text say it."""
FAINT = 0.03
FLATTEN = 0.5
"""Probabilities to this power: the right word is often not the most probable one (0.7 is a point worse, 1 three)."""
NEAR_DISCOUNT = 0.4
PART_DISCOUNT = 0.5
COPIED = 0.8
"""Weight of a known word of Latin letters beside its translations: `computer`, `bank` mean themselves as well."""
SHARED_START = 4
SHARED_SHARE = 0.6
LIKENESS = 0.5
LATIN_LIKENESS = 0.7
"""Words of the same script must look more alike to count as one name: they could have been copied."""
INDEXED = 0.2
"""Entries are indexed under meanings of at least this weight; questions ask for fainter ones too."""
CACHED = 8000
"""Words whose translations are kept, for each language; 3 MB when full."""
MAX_WORDS = 4000
MAX_INDEXED_WORDS = 40_000

Weights = Mapping[str, float]
Pairs = tuple[tuple[str, float], ...]

_SOUNDS = (
    ("tsch", "c"), ("sch", "s"), ("dzh", "j"), ("ch", "c"), ("sh", "s"), ("ph", "f"), ("th", "t"), ("kh", "h"),
    ("gh", "g"), ("zh", "j"), ("ck", "k"), ("qu", "kv"), ("ts", "s"), ("x", "ks"), ("c", "k"), ("q", "k"), ("z", "s"), ("w", "v"),
)  # fmt: skip
_VOWELS = regex.compile("[aeiouyh]")
_DOUBLED = regex.compile(r"(.)\1+")
_NOT_LATIN = regex.compile("[^a-z]")


# names across scripts -----------------------------------------------------------------------------------------------


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
    """The vocabulary of an index, to find what an unknown word may be spelt like there."""

    def __init__(self, vocabulary: Iterable[str]) -> None:
        words_ = {word for word in vocabulary if word.isascii() and len(word) >= 3 and word.isalpha()}
        self._sorted = sorted(words_)
        self._by_skeleton: dict[str, list[str]] = {}
        for word in self._sorted:
            if key := skeleton(word):
                self._by_skeleton.setdefault(key, []).append(word)
        self.find = functools.lru_cache(maxsize=10_000)(self._find)

    def __contains__(self, word: str) -> bool:
        at = bisect.bisect_left(self._sorted, word)
        return at < len(self._sorted) and self._sorted[at] == word

    def _find(self, word: str) -> Pairs:
        """Words of the vocabulary with their likeness, 0.5 to 1, best first: at most two that sound alike and two that
        begin alike."""
        letters = romanised(word)
        floor = LATIN_LIKENESS if fold(word).isascii() else LIKENESS
        found = dict(self._beginning(letters))
        for other, likeness in self._sounding(letters, skeleton(word)):
            if likeness >= floor:
                found[other] = max(found.get(other, 0.0), likeness)
        return tuple(sorted(found.items(), key=lambda pair: (-pair[1], pair[0])))

    def _sounding(self, letters: str, key: str) -> list[tuple[str, float]]:
        if not key:
            return []
        near = set(self._by_skeleton.get(key, ()))
        if len(key) >= 4:
            for i in range(len(key)):
                near.update(self._by_skeleton.get(key[:i] + key[i + 1 :], ()))
        ranked = ((difflib.SequenceMatcher(None, letters, other).ratio(), other) for other in near)
        return [(other, likeness) for likeness, other in sorted(ranked, reverse=True)[:2]]

    def _beginning(self, letters: str) -> list[tuple[str, float]]:
        """Inflected names: `broncosun` finds `bronco`."""
        ranked = []
        for other in _starting(self._sorted, letters[:SHARED_START]) if len(letters) >= SHARED_START else ():
            likeness = 2 * _shared(other, letters) / (len(other) + len(letters))
            if likeness >= SHARED_SHARE:
                ranked.append((likeness, other))
        return [(other, likeness) for likeness, other in sorted(ranked, reverse=True)[:2]]


# one lexicon --------------------------------------------------------------------------------------------------------


class Lexicon:
    """One language's stems to English words with probabilities, at most six a stem, best first."""

    def __init__(self, code: str, columns: Columns) -> None:
        self.code = code
        self._columns = columns
        self._starts = array("L", itertools.accumulate(columns.counts, initial=0))
        self.translate = functools.lru_cache(maxsize=CACHED)(self._translate)
        self.meanings = functools.lru_cache(maxsize=CACHED)(self._meanings)

    def __len__(self) -> int:
        return len(self._columns.stems)

    def __contains__(self, key: str) -> bool:
        return self._columns.stems.place(key) is not None

    def warm(self) -> None:
        """Make the tables that are made on first use."""
        _ = self._folded, self._spellings

    @property
    def english(self) -> list[str]:
        """Every English word that a stem may mean."""
        return self._columns.english

    def entry(self, key: str) -> Pairs:
        """Translations of a stem with their probabilities; empty when there is none."""
        place = self._columns.stems.place(key)
        if place is None:
            return ()
        _, english, _, numbers, thousandths = self._columns
        return tuple(
            (english[numbers[at]], thousandths[at] / 1000) for at in range(self._starts[place], self._starts[place + 1])
        )

    @functools.cached_property
    def _folded(self) -> dict[str, str]:
        """Stems without their accents, for words typed without them."""
        if self.code in UNSPACED | _UNACCENTED:
            return {}
        folded = ((fold(key), key) for key in self._columns.stems if not key.isascii())
        return {plain: key for plain, key in folded if plain != key}

    @functools.cached_property
    def _spellings(self) -> tuple[Words, Sequence[int]]:
        """The stems as they may be spelt, in order, and the place of each one's stem."""
        stems = self._columns.stems
        if self.code not in _RESPELT:
            return stems, range(len(stems))
        rows = sorted((_respelt(key, self.code), place) for place, key in enumerate(stems))
        return Words(spelling for spelling, _ in rows), array("I", (place for _, place in rows))

    def has_word(self, word: str) -> bool:
        """Whether this is a word of the language, in any form. Arabic endings are not taken off: what is left of a
        misspelt word would too often be another one."""
        if self.code == "ar":
            bare = next(
                (word[len(p) :] for p in _ARABIC_ARTICLES if word.startswith(p) and len(word) > len(p) + 2), word
            )
            return any(stem(form, "ar") in self for form in (word, bare))
        return self.translate(word)[1]

    def _translate(self, word: str) -> tuple[Pairs, bool]:
        """English words with weights, and whether the word is truly known (not only by one that begins alike)."""
        key = stem(word, self.code)
        for candidate in self._candidates(word, key):
            if candidate in self:
                return self.entry(candidate), True
        if self.code in COMPOUNDING and len(word) >= 8 and (parts := self._compound(word)):
            return tuple((english, p * PART_DISCOUNT) for part in parts for english, p in self.entry(part)), True
        near = self._near(key)
        return tuple((english, p * NEAR_DISCOUNT) for english, p in self.entry(near)) if near else (), False

    def _meanings(self, word: str) -> tuple[str, ...]:
        """The English stems a text that says the word is indexed under."""
        senses = _stems(_sense(word, self, None))
        return tuple(key for key, weight in senses.items() if weight >= INDEXED and key not in _EMPTY_STEMS)

    def _candidates(self, word: str, key: str) -> Iterator[str]:
        yield key
        plain = fold(key)
        yield self._folded.get(plain, "" if plain.isascii() else plain)
        for other in _VARIANTS[self.code](word) if self.code in _VARIANTS else ():
            yield stem(other, self.code)

    def _compound(self, word: str) -> tuple[str, str] | None:
        """The two known stems the word is most probably made of, a linking s allowed between them."""
        best: tuple[float, tuple[str, str]] | None = None
        for i in range(4, len(word) - 3):
            head = stem(word[:i], self.code)
            if head not in self:
                continue
            tails = [word[i:], word[i + 1 :]] if word[i] == "s" else [word[i:]]
            for tail in (stem(part, self.code) for part in tails):
                if tail in self:
                    score = self.entry(head)[0][1] * self.entry(tail)[0][1]
                    if best is None or score >= best[0]:
                        best = (score, (head, tail))
        return best[1] if best else None

    def _near(self, key: str) -> str | None:
        """A known stem that shares at least four letters and 60 % of the longer one's beginning; better, one that the
        word begins with in whole."""
        wanted = _respelt(key, self.code)
        if len(wanted) < SHARED_START or self.code in UNSPACED:
            return None
        best, best_share = None, 0.0
        spellings, places = self._spellings
        at = bisect.bisect_left(spellings, wanted[:SHARED_START])
        while at < len(spellings) and (spelling := spellings[at]).startswith(wanted[:SHARED_START]):
            other = self._columns.stems[places[at]]
            at += 1
            shared = _shared(spelling, wanted)
            share = shared / max(len(spelling), len(wanted))
            if shared == len(spelling):
                share = max(share, SHARED_SHARE) + 0.1
            if share >= SHARED_SHARE and share > best_share:
                best, best_share = other, share
        return best


_UNACCENTED = frozenset({"ko", "hi", "ar", "id"})
_RESPELT = frozenset({"tr"})
_SOFTENED = str.maketrans("bcdgğ", "pçtkk")
_ARABIC_PROCLITICS = ("وال", "فال", "بال", "كال", "ولل", "لل", "ال", "و", "ف", "ب", "ل", "ك", "س")
_ARABIC_ARTICLES = ("وال", "فال", "بال", "كال", "ولل", "لل", "ال")
_ARABIC_ENCLITICS = ("هما", "تها", "كم", "هم", "ها", "نا", "ات", "ين", "ون", "ان", "ية", "ه", "ة", "ي")


def _respelt(key: str, code: str) -> str:
    """Turkish stems soften their last consonant before a suffix (kitap, kitabı)."""
    return key.translate(_SOFTENED) if code in _RESPELT else key


def _arabic_variants(word: str) -> list[str]:
    """The word without the particles written on to it, then without pronouns and endings."""
    bare = [word]
    for form in bare:  # grows while it is read: وبال is و and بال
        for particle in _ARABIC_PROCLITICS:
            rest = form.removeprefix(particle)
            if rest != form and len(rest) >= 3 and rest not in bare:
                bare.append(rest)
    found = bare[1:]
    for form in bare:
        for ending in _ARABIC_ENCLITICS:
            rest = form.removesuffix(ending)
            if rest != form and len(rest) >= 3:
                found += [rest, rest + "ة"]
    return list(dict.fromkeys(found))


def _turkish_variants(word: str) -> list[str]:
    """The lexicon was made from text lower-cased without regard for İ, which left words that begin with it headless."""
    return [word[1:]] if word.startswith("i") else []


def _german_variants(word: str) -> list[str]:
    """As typed without umlauts: `fuer`, `strasse`."""
    found = word.replace("ae", "ä").replace("oe", "ö").replace("ue", "ü")
    return [other for other in (found, found.replace("ss", "ß")) if other != word]


_VARIANTS: Mapping[str, Callable[[str], list[str]]] = {
    "ar": _arabic_variants,
    "tr": _turkish_variants,
    "de": _german_variants,
}


# all of them --------------------------------------------------------------------------------------------------------


class Lexicons:
    """All lexicons of a folder, each read on first use; safe between threads."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = Path(folder) if folder else DATA
        self._locks: dict[str, threading.Lock] = collections.defaultdict(threading.Lock)
        self._read: dict[str, Lexicon] = {}

    @functools.cached_property
    def digest(self) -> str:
        """Of the lexicons' data: 64 hexadecimal digits; changes when any of them does."""
        try:
            return files_digest(self._folder.glob("*.json.gz"))
        except OSError as error:
            raise NotConfigured(f"The lexicons in {self._folder} cannot be read ({error.strerror}).") from error

    def warm(self, locale: str) -> None:
        """Read what the first text of a locale would otherwise wait for. Raises NotConfigured."""
        code = language(locale)
        if code != "en":
            self._lexicon(code).warm()

    def supports(self, locale: str) -> bool:
        """Whether texts of the locale can be glossed."""
        code = language(locale)
        return code == "en" or (self._folder / f"{code}.json.gz").exists()

    def knows(self, word: str, locale: str) -> bool:
        """Whether a word in lower case is one of the language, in any form; of English, what another lexicon gives."""
        code = language(locale)
        if code == "en":
            return stem(word, "en") in self._english
        return self.supports(code) and self._lexicon(code).has_word(word)

    @functools.cached_property
    def _english(self) -> frozenset[str]:
        """Stems of everyday English, from the lexicon with the fewest foreign words among its translations."""
        return frozenset(stem(word, "en") for word in self._lexicon("de").english)

    def gloss(self, text: str, locale: str, names: Names | None = None) -> dict[str, float]:
        """English stems of the text with weights up to 1. Of languages without a lexicon: the words in Latin letters,
        and names."""
        stems: dict[str, float] = collections.defaultdict(float)
        for sense in self.senses(text, locale, names):
            for key, weight in sense.items():
                stems[key] += weight
        return {key: min(weight, CEILING) for key, weight in stems.items() if weight > FAINT}

    def senses(self, text: str, locale: str, names: Names | None = None) -> list[Weights]:
        """The gloss word by word: the stems of one item are alternatives for one word of the text."""
        code = language(locale)
        told = _told(words(text, code)[:MAX_WORDS], code)
        if code == "en":
            return [{stem(word, "en"): 1.0} for word in told]
        lexicon = self._lexicon(code)
        senses = [_stems(_sense(word, lexicon, names)) for word in told]
        bare = [{key: weight for key, weight in sense.items() if key not in _EMPTY_STEMS} for sense in senses]
        return [sense for sense in bare if sense] or [sense for sense in senses if sense]

    def index_stems(self, text: str, locale: str) -> list[str]:
        """What a text is indexed under: English stems, each as often as a word of the text may mean it.

        Counting instead of naming each once is worth 3 to 5 points of recall@1 into German, Turkish, Arabic and Chinese
        passages (XQuAD, questions in Spanish and English).
        """
        code = language(locale)
        told = words(text, code)[:MAX_INDEXED_WORDS]
        if code == "en":
            return stems(told, code)
        stop = STOP_WORDS.get(code, frozenset())
        lexicon = self._lexicon(code)
        return [key for word in told if word not in stop for key in lexicon.meanings(word)]

    def _lexicon(self, code: str) -> Lexicon:
        found = self._read.get(code)
        if found is None:
            with self._locks[code]:  # one for each language: nobody waits for another language's lexicon
                found = self._read.get(code)
                if found is None:
                    columns = load(self._folder / f"{code}.json.gz") if self.supports(code) else Columns.of({})
                    found = self._read[code] = Lexicon(code, columns)
        return found


_EMPTY_STEMS = frozenset(stem(word, "en") for word in STOP_WORDS["en"])


def _told(found: list[str], code: str) -> list[str]:
    """Each word once, stop words only when there is nothing else."""
    stop = STOP_WORDS.get(code, frozenset())
    distinct = list(dict.fromkeys(found))
    return [word for word in distinct if word not in stop] or distinct


def _sense(word: str, lexicon: Lexicon, names: Names | None) -> dict[str, float]:
    """A word's translations, itself if it may be a name or number, and what it sounds like."""
    if word[0].isdigit() and word.isascii():
        return {word: 1.0}
    found, known = lexicon.translate(word)
    sense: dict[str, float] = collections.defaultdict(float)
    for english, weight in found:
        sense[english] += weight**FLATTEN
    if known:
        if word.isascii() and len(word) > 3:
            sense[word] += COPIED
        return sense
    plain = fold(word)
    if plain.isascii():
        for form in dict.fromkeys((word, plain)):
            sense[form] += 1.0
    if names is not None and lexicon.code not in UNSPACED and len(word) >= 3 and plain not in names:
        for form in _spoken(word, lexicon.code):
            for name, likeness in names.find(form):
                sense[name] = max(sense[name], likeness)
    return sense


def _spoken(word: str, code: str) -> list[str]:
    """The forms in which a name may stand in the word: Arabic writes article and prepositions on to it."""
    if code != "ar":
        return [word]
    return [word, *[form for form in _arabic_variants(word) if len(form) >= 4][:3]]


def _stems(english: Weights) -> dict[str, float]:
    stems: dict[str, float] = collections.defaultdict(float)
    for word, weight in english.items():
        stems[stem(word, "en")] += weight
    return stems


def _starting(ordered: list[str], beginning: str) -> Iterator[str]:
    at = bisect.bisect_left(ordered, beginning)
    while at < len(ordered) and ordered[at].startswith(beginning):
        yield ordered[at]
        at += 1


def _shared(one: str, other: str) -> int:
    """How many characters two words begin with in common."""
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
