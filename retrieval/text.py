"""Texts into tokens, one analyser per language: the only module that knows scripts.

Invariants: tokens hold no white space, quotes or control characters; no input raises; time and memory grow with the
length of the text, which is cut at MAX_CHARACTERS. `analyse` makes a text's words, `query_tokens` a question's: the same
tokens less stop words, unless nothing would be left. `index_tokens` and `query_weights` add pieces of four letters, so
that a word finds its compounds, its other forms and near spellings (`~inde`; on XQuAD, recall@1 in the same language:
de +2.0, tr +2.7, ar +1.9, es +0.5 points). Raise ANALYSIS_GENERATION when any token changes.

Per language: case folding (Turkish dotted and dotless i kept apart), Snowball stems, then accents folded where readers
commonly leave them out (not in Swedish, Danish, Norwegian, Finnish, where they make other letters); Arabic without
harakat and tatweel, alef and yeh forms unified, common prefixes off; Chinese and Japanese as bigrams and characters,
Korean as words and bigrams, Thai, Lao, Khmer and Burmese as trigrams.
"""

import functools
import threading
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Any

import regex
import sentencex

from retrieval.stopwords import STOP_WORDS

ANALYSIS_GENERATION = 2
MAX_CHARACTERS = 200_000
MAX_TOKEN = 60
MAX_QUERY_TOKENS = 256
MAX_QUERY_WORDS = 64
"""Longer questions are asked by their first words."""
PIECE = 4
PIECE_MARK = "~"
"""No word begins with it, so a piece is never taken for one."""
PIECE_WEIGHT = 0.4
"""Of a piece in a question; 0.2 to 0.5 are alike, and the same weight as a word costs under a point."""

_SNOWBALL = {
    "ar": "arabic", "ca": "catalan", "da": "danish", "de": "german", "el": "greek", "en": "english", "es": "spanish",
    "et": "estonian", "eu": "basque", "fi": "finnish", "fr": "french", "ga": "irish", "hi": "hindi", "hu": "hungarian",
    "hy": "armenian", "id": "indonesian", "it": "italian", "lt": "lithuanian", "nb": "norwegian", "ne": "nepali",
    "nl": "dutch", "no": "norwegian", "pl": "polish", "pt": "portuguese", "ro": "romanian", "ru": "russian",
    "sr": "serbian", "sv": "swedish", "ta": "tamil", "tr": "turkish", "yi": "yiddish",
}  # fmt: skip
_KEEP_ACCENTS = {"sv", "da", "nb", "no", "fi", "hi", "ne", "ta", "th", "lo", "km", "my"}
_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}ー々"
_SYLLABIC = r"\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_LETTER = rf"[[\p{{L}}\p{{M}}\p{{Nd}}_]--[{_UNSPACED}{_SYLLABIC}\p{{Hangul}}]]"
"""Of scripts that put spaces between words: `BSkyB的` is a word and then Chinese."""
_RUN = regex.compile(
    rf"(?P<cjk>[{_UNSPACED}]+)|(?P<syllabic>[{_SYLLABIC}]+)|(?P<hangul>\p{{Hangul}}+)"
    rf"|(?P<number>\p{{Nd}}++(?:[.,:]\p{{Nd}}++)*+(?!{_LETTER}))|(?P<word>{_LETTER}+(?:[+#]+(?!{_LETTER}))?)",
    regex.VERSION1,
)
_CONTROL = regex.compile(r"[\p{Cc}\p{Cs}\p{Co}\u200b\u2060\ufeff]+")
_SURROGATE = regex.compile(r"\p{Cs}")
_ARABIC_MARKS = regex.compile(r"[\u064b-\u065f\u0670\u0640]")
_ARABIC_FORMS = str.maketrans(
    {"أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ى": "ي", "ة": "ه", "ؤ": "و", "ئ": "ي", "ی": "ي", "ک": "ك"}
)
_ARABIC_PREFIX = regex.compile(r"^(?:وال|بال|كال|فال|لل|ال)(?=\p{L}{3})")
_FOLD = str.maketrans({"ı": "i", "ß": "ss", "ł": "l", "ø": "o", "đ": "d", "æ": "ae", "œ": "oe", "ґ": "г"})
_UKRAINIAN_ENDING = regex.compile(
    r"(?:ення|ання|ість|ості|ами|ями|ого|ому|ими|ові|еві|ється|ються|ати|яти|ити|іти|ання|ах|ях|ою|ею|ів|їв|ий|ій|их|їх|им|ої|ую|юю"
    r"|ть|ся|а|я|у|ю|і|ї|и|о|е|й|ь)$"
)


def language(locale: str) -> str:
    """The primary subtag in lower case: `zh-hans` and `zh_CN` give `zh`."""
    return locale.replace("_", "-").partition("-")[0].lower()


def script_share(text: str, locale: str) -> float:
    """The share of a text's letters that belong to the scripts the locale's language is written in; 0 without letters."""
    letters = _LETTERS.findall(text)
    return len(_script(language(locale)).findall("".join(letters))) / len(letters) if letters else 0.0


_LETTERS = regex.compile(r"\p{L}")
_SCRIPTS = {
    "Arabic": "ar ckb fa ps sd ug ur", "Cyrillic": "be bg kk ky mk mn ru sr tg uk", "Han": "zh", "Greek": "el",
    "Han}\\p{Hiragana}\\p{Katakana": "ja", "Hangul}\\p{Han": "ko", "Hebrew": "he yi", "Armenian": "hy", "Georgian": "ka",
    "Devanagari": "hi mr ne", "Bengali": "as bn", "Gujarati": "gu", "Gurmukhi": "pa", "Kannada": "kn", "Malayalam": "ml",
    "Tamil": "ta", "Telugu": "te", "Sinhala": "si", "Thai": "th", "Lao": "lo", "Khmer": "km", "Myanmar": "my",
    "Ethiopic": "am ti",
}  # fmt: skip
"""Of the languages not written in Latin letters."""


def is_latin(locale: str) -> bool:
    """Whether the locale's language is written in Latin letters."""
    return not any(language(locale) in codes.split() for codes in _SCRIPTS.values())


@functools.cache
def _script(code: str) -> Any:
    name = next((name for name, codes in _SCRIPTS.items() if code in codes.split()), "Latin")
    return regex.compile(rf"[\p{{{name}}}]")


def normalise(text: str) -> str:
    """NFC, control characters (line breaks and tabs too) as one space, no white space at the ends."""
    return " ".join(_CONTROL.sub(" ", unicodedata.normalize("NFC", text[:MAX_CHARACTERS])).split())


def analyse(text: str, locale: str) -> list[str]:
    """Lexical tokens of a text in a locale, in order, repeated as often as they stand there."""
    return [token for _, token in _analysed(text, language(locale))]


def query_tokens(text: str, locale: str) -> list[str]:
    """As analyse(), without stop words; with them when nothing else is there."""
    code = language(locale)
    stop = STOP_WORDS.get(code, frozenset())
    pairs = list(_analysed(text, code))
    return [token for surface, token in pairs if surface not in stop] or [token for _, token in pairs]


def index_tokens(text: str, locale: str) -> list[str]:
    """What is indexed: analyse(), and every second piece of each word that is not a stop word."""
    code = language(locale)
    tokens: list[str] = []
    for chunk in _chunks(text, code):
        tokens += _chunk_tokens(chunk, code) if len(chunk) <= MAX_TOKEN else _made_tokens(chunk, code)
    return tokens


@functools.lru_cache(maxsize=50_000)
def _chunk_tokens(chunk: str, code: str) -> tuple[str, ...]:
    return tuple(_made_tokens(chunk, code))


def _made_tokens(chunk: str, code: str) -> Iterator[str]:
    stop = STOP_WORDS.get(code, frozenset())
    for surface, token in _analysed_chunk(chunk, code):
        yield token
        if surface not in stop:
            yield from _pieces(token, step=2)


def query_weights(text: str, locale: str) -> dict[str, float]:
    """What is asked for: query_tokens() with weight 1, and all their pieces with PIECE_WEIGHT."""
    weights = dict.fromkeys(query_tokens(text, locale)[:MAX_QUERY_TOKENS], 1.0)
    for token in list(weights)[:MAX_QUERY_WORDS]:
        for piece in _pieces(token, step=1):
            weights[piece] = weights.get(piece, 0.0) + PIECE_WEIGHT
    return weights


def words(text: str, locale: str) -> list[str]:
    """Words as the lexicons know them: lower case, unstemmed; bigrams and characters for zh and ja, 4-grams for th."""
    code = language(locale)
    out: list[str] = []
    for chunk in _chunks(text, code):
        out += _chunk_words(chunk, code) if len(chunk) <= MAX_TOKEN else _made_words(chunk, code)
    return out


@functools.lru_cache(maxsize=50_000)
def _chunk_words(chunk: str, code: str) -> tuple[str, ...]:
    return tuple(_made_words(chunk, code))


def _made_words(chunk: str, code: str) -> Iterator[str]:
    for kind, run in _runs(chunk):
        if kind == "cjk" or (kind == "syllabic" and code == "th"):
            yield from _grams(run, 4 if code == "th" else 2)
            yield from run if kind == "cjk" and len(run) > 1 else ()
        else:
            yield _number(run) if kind == "number" else run


def stem(word: str, locale: str) -> str:
    """The word's stem as the lexicons' keys have it: Snowball's, Arabic alef forms unified before; else the word."""
    code = language(locale)
    if code == "ar":
        word = _ARABIC_MARKS.sub("", word).translate(str.maketrans({"أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا"}))
    return _snowball(word, code)


def stems(found: Iterable[str], locale: str) -> list[str]:
    """stem() of each."""
    code = language(locale)
    return [stem(word, code) for word in found] if code == "ar" else [_snowball(word, code) for word in found]


def sentences(text: str, locale: str) -> list[tuple[int, int]]:
    """Offsets of the text's sentences, in order, without the white space around them; a line break ends a sentence."""
    spans: list[tuple[int, int]] = []
    start = 0
    for line in _SURROGATE.sub("?", text).splitlines(keepends=True):  # the splitter takes UTF-8 only
        spans += _line_sentences(line, start, language(locale))
        start += len(line)
    return spans


def _line_sentences(line: str, offset: int, code: str) -> Iterator[tuple[int, int]]:
    at = 0
    for piece in sentencex.segment(code, line):
        bare = piece.strip()
        if not bare:
            continue
        found = line.find(bare, at)
        if found < 0:  # the splitter altered the piece: take the rest of the line as one sentence
            rest = line[at:].strip()
            begin = line.find(rest, at)
            yield (offset + begin, offset + begin + len(rest))
            return
        at = found + len(bare)
        yield (offset + found, offset + at)


def fold(word: str) -> str:
    """Without accents and with the letters that readers type instead: `Straße` gives `strasse`."""
    decomposed = unicodedata.normalize("NFD", word.lower().translate(_FOLD))
    return unicodedata.normalize("NFC", "".join(c for c in decomposed if not unicodedata.combining(c)))


def _chunks(text: str, code: str) -> list[str]:
    """What stands between white space, lower-cased. A word and the mark after it come again and again in natural text,
    so what is made of a chunk is worth keeping."""
    lowered = _lower(unicodedata.normalize("NFKC", text[:MAX_CHARACTERS]), code)
    separated = _APOSTROPHE[code].sub(_JOINT.get(code, " "), lowered) if code in _APOSTROPHE else lowered
    return separated.split()


def _runs(chunk: str) -> Iterator[tuple[str, str]]:
    for match in _RUN.finditer(chunk):
        if any(character.isalnum() for character in match.group()):  # not accents or low lines alone
            yield match.lastgroup or "word", match.group()


_BETWEEN = regex.compile(r"(?<=\p{L})['’ʼ`](?=\p{L})")
_APOSTROPHE = dict.fromkeys(("fr", "it", "ca", "en", "uk"), _BETWEEN) | {
    # Turkish sets case endings off from names (Ankara'nın): the name is what is asked for.
    "tr": regex.compile(r"(?<=[\p{L}\p{Nd}])['’`]\p{L}+")
}
_JOINT = {"uk": "", "tr": ""}


def _lower(text: str, code: str) -> str:
    if code in {"tr", "az"}:
        text = text.replace("İ", "i").replace("I", "ı")
    return text.lower()


def _analysed(text: str, code: str) -> Iterator[tuple[str, str]]:
    """(surface in lower case, token) pairs."""
    for chunk in _chunks(text, code):
        yield from _analysed_chunk(chunk, code)


def _analysed_chunk(chunk: str, code: str) -> Iterator[tuple[str, str]]:
    for kind, run in _runs(chunk):
        if kind == "cjk":
            yield from ((gram, gram) for gram in _grams(run, 2))
            if len(run) > 1:
                yield from ((char, char) for char in run)
        elif kind == "syllabic":
            yield from ((gram, gram) for gram in _grams(run, 3))
        elif kind == "hangul":
            yield run[:MAX_TOKEN], run[:MAX_TOKEN]
            yield from ((gram, gram) for gram in _grams(run, 2) if len(run) > 2)
        elif kind == "number":
            yield run, _number(run)
        else:
            token = _token(run[:MAX_TOKEN], code)
            if token:
                yield run[:MAX_TOKEN], token


def _grams(run: str, n: int) -> list[str]:
    return [run[i : i + n] for i in range(max(1, len(run) - n + 1))]


@functools.lru_cache(maxsize=100_000)
def _pieces(token: str, step: int) -> tuple[str, ...]:
    """Four letters each, the word's borders marked; none of numbers and of what already is made of characters."""
    if len(token) < 2 or not token.isalpha() or _WHOLE.search(token):
        return ()
    bounded = f"_{token}_"
    return tuple(PIECE_MARK + bounded[i : i + PIECE] for i in range(0, max(1, len(bounded) - PIECE + 1), step))


_WHOLE = regex.compile(rf"[{_UNSPACED}{_SYLLABIC}\p{{Hangul}}]", regex.VERSION1)


def _number(run: str) -> str:
    """Digits of any script as ASCII, thousands joined, the decimal mark a point: `٢٥` is `25`, `1.200` is `1,200`."""
    digits = "".join(str(unicodedata.digit(c)) if c.isdigit() else c for c in run)
    if _THOUSANDS.fullmatch(digits):
        return digits.replace(",", "").replace(".", "")[:MAX_TOKEN]
    return digits.replace(",", ".")[:MAX_TOKEN]


_THOUSANDS = regex.compile(r"\d{1,3}([.,])\d{3}(?:\1\d{3})*")


@functools.lru_cache(maxsize=100_000)
def _token(word: str, code: str) -> str:
    if code == "ar":
        word = _ARABIC_PREFIX.sub("", _ARABIC_MARKS.sub("", word))
        return _snowball(word, code).translate(_ARABIC_FORMS)
    stemmed = _UKRAINIAN_ENDING.sub("", word) if code == "uk" and len(word) > 4 else _snowball(word, code)
    return stemmed if code in _KEEP_ACCENTS else fold(stemmed)


@functools.lru_cache(maxsize=100_000)
def _snowball(word: str, code: str) -> str:
    stemmer = _stemmer(code)
    return (stemmer.stemWord(word) or word) if stemmer is not None else word


_stemmers = threading.local()
"""One set a thread: a stemmer keeps the word it works on in itself, and two threads at once would get, and keep, each
other's stems."""


def _stemmer(code: str) -> Any:
    held: dict[str, Any] = _stemmers.__dict__
    if code not in held:
        import snowballstemmer  # some thirty modules: read by the first text, not by every command

        name = _SNOWBALL.get(code, "")
        held[code] = snowballstemmer.stemmer(name) if name in snowballstemmer.algorithms() else None
    return held[code]
