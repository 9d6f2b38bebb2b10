"""Which of a few languages a question is asked in: by its script, then by whose words it is made of.

Readers ask in their own language on a page in another. Rests on the stop words and lexicons that are there anyway. Short
questions look alike in related languages, so the expected language stands unless another knows clearly more words. Of
300 short questions in nine languages (tests/data/asked), asked on pages in the others, 97 % are told and 1 % taken for a
third language; none on a page of its own language is taken for another. Questions of XQuAD: the same.
"""

from collections.abc import Sequence

from retrieval.lexicon import Lexicons
from retrieval.stopwords import STOP_WORDS
from retrieval.text import is_latin, language, normalise, script_share, words

MARGIN = 0.2
"""So much larger a share of its words must another language know."""
CONTENT_WORD = 0.8
"""What a known word counts beside a stop word: names and loans are known to many languages."""
LATIN = 0.8
OTHER = 0.2
"""Of a text's letters that must be of a language's scripts: names in Latin letters stand in texts of all others."""
SHORTEST = 3
"""Letters of a content word that tells anything (`Wi-Fi`); a Chinese bigram is never asked, its script tells."""
MAX_WORDS = 24
MAX_CHARACTERS = 400


def identify(text: str, expected: str, among: Sequence[str], lexicons: Lexicons) -> str:
    """The locale, out of `among` and the expected one, in whose language the text is; in doubt the expected one."""
    text = normalise(text[:MAX_CHARACTERS])
    written = [locale for locale in dict.fromkeys((expected, *among)) if _written(text, locale)]
    if not written or written == [expected]:
        return expected
    # Where nobody can know clearly more, nobody else is asked: the usual case.
    floor = _known(text, expected, lexicons) + MARGIN if expected in written else 0.0
    others = [locale for locale in written if locale != expected] if floor <= 1.0 else []
    known = {locale: _known(text, locale, lexicons) if len(written) > 1 else 1.0 for locale in others}
    best = max(others, key=lambda locale: known[locale], default=expected)
    return best if known.get(best, -1.0) >= floor else expected


def _written(text: str, locale: str) -> bool:
    return script_share(text, locale) >= (LATIN if is_latin(locale) else OTHER)


def _known(text: str, locale: str, lexicons: Lexicons) -> float:
    """The share of the text's words that the language knows, from 0 to 1."""
    code = language(locale)
    found = [word for word in words(text, code)[:MAX_WORDS] if not word[0].isdigit()]
    stop = STOP_WORDS.get(code, frozenset())
    worth = [
        1.0 if word in stop else CONTENT_WORD * (len(word) >= SHORTEST and lexicons.knows(word, code)) for word in found
    ]
    return sum(worth) / len(worth) if worth else 0.0
