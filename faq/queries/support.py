"""How far the sentences that a model cites support what it wrote: measured with the portal's own lexicons and vectors.

What the measures must reach is decided in faq.composition.support. A sentence in the reader's language is compared with
the cited sentences in theirs and, where the memory has it, with their translation; whichever says more counts.
"""

import functools
import unicodedata
from collections.abc import Sequence

import regex
from anyascii import anyascii
from rapidfuzz import fuzz

from faq.composition.expectation import negates
from faq.composition.figures import figures
from faq.composition.prompting import Numbered
from faq.composition.support import LIKENESS_SHARE, Judge, Support
from faq.gateways import retrieval, translation
from retrieval.stopwords import STOP_WORDS
from retrieval.text import fold, language

NAME_LIKENESS = 78
"""Of two spellings of one name, from 0 to 100: inflected, romanised."""
NAME_MEANING = 0.3
"""Weight of a meaning that the cited text shares with a word, from which the word is no new name."""
NAME_COVERED = 0.3
"""Share of a word's meaning that the cited text says; of invented names it says nothing."""
NOUN = 0.5
"""Weight of a translation from which a German word is a noun that the lexicon knows."""
KNOWN_LANGUAGES = ("en", "de", "fr", "es", "pl", "uk", "tr", "ar", "it", "nl", "pt", "sv")
SCRIPTS = {
    "ar": "Arabic", "fa": "Arabic", "ur": "Arabic", "he": "Hebrew", "el": "Greek", "hi": "Devanagari", "th": "Thai",
    "ru": "Cyrillic", "uk": "Cyrillic", "bg": "Cyrillic", "sr": "Cyrillic", "zh": "Han", "ja": "Han", "ko": "Hangul",
}  # fmt: skip
FEWEST_TOLD = 3
"""Function words by which a language is told from another; some are the same in several."""

Text = tuple[str, str]
"""(text, locale)"""

_WORD = regex.compile(r"[\p{L}\p{M}][\p{L}\p{M}'’\-]*")
_CAPITALISED = regex.compile(r"\p{Lu}[\p{L}\p{M}'’\-]*")
_LATIN_RUN = regex.compile(r"[\p{Latin}][\p{Latin}\p{M}'’\-]+")
_ADDRESS = regex.compile(
    r"[\p{L}\p{N}_-]{2,}(?:\.[\p{L}\p{N}_-]{2,})*\.\p{L}[\p{L}\p{N}-]+(?:/\S*[\p{L}\p{N}/])?|(?<!\w)@\w+|\w+@\w+"
)
_NUMERIC = regex.compile(r"[\p{Nd}.,]+")
_MARKUP = regex.compile(r"</?[A-Za-z!][^>]*>?|\]\(|!\[|&#?\w+;|\{\{|\}\}|```|<\|")


def judge(locale: str) -> Judge:
    """What measures sentences in a reader's locale."""

    def measure(sentence: str, cited: Sequence[Numbered]) -> Support:
        told = _told(cited, locale)
        around = [*told, *((each.heading, each.locale) for each in cited)]
        with retrieval.mapped():
            covered, likeness, own = _closeness(sentence, locale, cited)
            names = not unnamed(sentence, locale, around)
        return Support(
            numbers=_numbers(sentence, locale, told),
            names=names,
            addresses=_addresses(sentence, around),
            affirms=any(negates(sentence) == negates(text) for text, _ in told),
            spoken=spoken(sentence, locale),
            covered=covered,
            likeness=likeness,
            own=own,
        )

    return measure


def _told(cited: Sequence[Numbered], locale: str) -> list[Text]:
    return [(each.text, each.locale) for each in cited] + [
        (each.translation, locale) for each in cited if each.translation
    ]


def _closeness(sentence: str, locale: str, cited: Sequence[Numbered]) -> tuple[float, float, bool]:
    """(covered, likeness, compared in its own language) by the texts that say most of the sentence."""
    retriever = retrieval.retriever()
    headings = list(dict.fromkeys((each.heading, each.locale) for each in cited))
    own = [(each.text, locale) for each in cited if each.locale == locale]
    own += [(each.translation, locale) for each in cited if each.translation and each.locale != locale]
    if own:
        like = retriever.likeness(sentence, locale, own + headings)
        if like.covered >= LIKENESS_SHARE:
            return like.covered, max(like.own, like.other), True
    other = [(each.text, each.locale) for each in cited if each.locale != locale]
    if not other:
        return (like.covered, max(like.own, like.other), True) if own else (0.0, 0.0, True)
    like = retriever.likeness(sentence, locale, other + headings)
    return like.covered, max(like.own, like.other), False


def _numbers(sentence: str, locale: str, told: Sequence[Text]) -> bool:
    """Whether each number, month and day stands in one of the texts, in digits or in words."""
    values = frozenset().union(*(figures(text, lang) for text, lang in told))
    if not translation.same_numbers(sentence, locale, told, values):
        return False
    digits = frozenset(
        digit.replace(",", "").rstrip(".") for text, _ in told for digit in _NUMERIC.findall(_ascii(text))
    )
    return figures(sentence, locale) <= values | digits


def _ascii(text: str) -> str:
    return "".join(str(unicodedata.decimal(each)) if each.isdecimal() else each for each in text)


def _addresses(sentence: str, told: Sequence[Text]) -> bool:
    """Whether every address, code and placeholder stands letter by letter in what is cited, and nothing is marked up."""
    everything = " ".join(text for text, _ in told).casefold()
    spans = translation.protected_spans(sentence) | frozenset(_ADDRESS.findall(sentence))
    return not _MARKUP.search(sentence) and all(span.casefold() in everything for span in spans)


def spoken(sentence: str, locale: str) -> bool:
    """Whether a sentence is in the language, as far as its script and its function words tell."""
    code = language(locale)
    script = SCRIPTS.get(code, "Latin")
    letters = regex.findall(r"\p{L}", _ADDRESS.sub(" ", sentence))
    if len(regex.findall(rf"\p{{{script}}}", sentence)) < 0.5 * len(letters):
        return False
    words = [word.casefold() for word in _WORD.findall(sentence)]
    counts = {each: sum(word in STOP_WORDS.get(each, ()) for word in words) for each in {code, *KNOWN_LANGUAGES}}
    best = max(counts.values())
    return counts[code] == best or best < FEWEST_TOLD or counts[code] * 2 > best


# Names


def unnamed(sentence: str, locale: str, told: Sequence[Text]) -> list[str]:
    """Names in a sentence that the texts do not have, in any spelling or translation."""
    candidates = _names(sentence, locale)
    if not candidates:
        return []
    held = _held(tuple(told))
    return [name for name in candidates if not _known(name, locale, held, told)]


def _names(sentence: str, locale: str) -> list[str]:
    """Words that may name somebody or something: capitalised ones, but not the first one, which is written so anyway
    unless a second one follows it; in scripts without capitals, what is written in Latin letters."""
    if language(locale) in {"ar", "zh", "ja", "he", "fa", "ur", "hi", "th", "ko"}:
        return [run for run in _LATIN_RUN.findall(sentence) if len(run) > 1]
    words = list(_WORD.finditer(sentence))
    stop = STOP_WORDS.get(language(locale), frozenset())
    capital = [_CAPITALISED.fullmatch(each.group()) and each.group().casefold() not in stop for each in words]
    found = []
    for place, match in enumerate(words):
        beside = any(_touching(sentence, words, a, b) and capital[a] and capital[b] for a, b in _around(place, words))
        word = match.group()
        if not capital[place] or (place == 0 and not beside and not word[1:].isupper()):
            continue
        # Every German noun has a capital: one that stands alone and that the lexicon translates is no name.
        if language(locale) != "de" or beside or not _noun(word):
            found.append(word)
    return found


def _around(place: int, words: Sequence["regex.Match[str]"]) -> list[tuple[int, int]]:
    return [(a, a + 1) for a in (place - 1, place) if 0 <= a < len(words) - 1]


def _touching(sentence: str, words: Sequence["regex.Match[str]"], one: int, other: int) -> bool:
    return sentence[words[one].end() : words[other].start()] in {" ", "-", ". "} and not (
        sentence[words[one].end()] == "." and words[one].end() - words[one].start() > 3
    )


def _noun(word: str) -> bool:
    plain = anyascii(fold(word)).lower()
    meanings = retrieval.retriever().gloss(word, "de")
    return any(weight >= NOUN for stem, weight in meanings.items() if stem[:4] != plain[:4])


_Held = tuple[frozenset[str], frozenset[str]]
"""Folded words, and the English stems of what they mean."""


@functools.lru_cache(maxsize=256)
def _held(told: tuple[Text, ...]) -> _Held:
    retriever = retrieval.retriever()
    words = frozenset(anyascii(fold(word)).lower() for text, _ in told for word in _WORD.findall(text))
    stems = frozenset(stem for text, lang in told for stem in retriever.gloss(text, lang))
    return words, stems


def _known(name: str, locale: str, held: _Held, told: Sequence[Text]) -> bool:
    words, stems = held
    plain = anyascii(fold(name.replace("’", "'").split("'")[0] if language(locale) == "tr" else name)).lower()
    if plain in words or any(_alike(plain, word) for word in words):
        return True
    meanings = retrieval.retriever().gloss(name, locale)
    if any(weight >= NAME_MEANING for stem, weight in meanings.items() if stem in stems):
        return True
    return retrieval.retriever().likeness(name, locale, list(told)).covered >= NAME_COVERED


def _alike(name: str, word: str) -> bool:
    """Whether two words are forms or spellings of one name: they begin alike, and are alike."""
    return name[:1] == word[:1] and min(len(name), len(word)) >= 3 and fuzz.ratio(name, word) >= NAME_LIKENESS
