"""How well questions with typing errors are found, with and without correction: `python -m benchmarks.typing_errors`.

Loads the demonstration into a scratch portal, makes misspelt versions of each published question in each of its languages
by a deterministic generator, searches for them as the search page does, and prints the share with the right question
first, and among the first five; then, how many questions about other things get an answer. `--questions` types whole
questions; otherwise the two longest words of each are typed, as in a search box: there a misspelt word has no others to
lean on. `--every N` takes every Nth case, `-v` prints what is missed.
"""

import argparse
import csv
import hashlib
import os
import sys
import tempfile
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from retrieval import keyboards
from retrieval.near_words import key_of
from retrieval.stopwords import STOP_WORDS
from retrieval.text import language

LOCALES = ("en", "de", "fr", "es", "pl", "uk", "tr", "ar", "zh-hans")
LABELLED = Path(__file__).resolve().parent.parent / "tests" / "data" / "asked"
SHORTEST = 5
"""Letters a misspelt word has at least: short words have no near ones."""


def pick(seed: str, most: int) -> int:
    """A number below `most`, the same in every run."""
    return int.from_bytes(hashlib.sha256(seed.encode()).digest()[:4], "big") % most


def swapped(word: str, at: int, locale: str) -> str:
    """Two letters after each other in the wrong order."""
    at = next((place for place in range(at, len(word) - 1) if word[place] != word[place + 1]), 1)
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


def omitted(word: str, at: int, locale: str) -> str:
    """A letter left out."""
    return word[:at] + word[at + 1 :]


def doubled(word: str, at: int, locale: str) -> str:
    """A letter typed twice."""
    return word[: at + 1] + word[at:]


def beside(word: str, at: int, locale: str) -> str:
    """The key beside the right one."""
    near = sorted(other for one, other in keyboards.neighbours(locale) if one == word[at])
    return word[:at] + near[pick(word, len(near))] + word[at + 1 :] if near else omitted(word, at, locale)


ERRORS: dict[str, Callable[[str, int, str], str]] = {
    "swapped letters": swapped,
    "left out": omitted,
    "typed twice": doubled,
    "neighbouring key": beside,
}


def misspelt(text: str, locale: str, kind: str) -> str:
    """The text with one error of a kind in its longest word, not in the word's first letter; "" where there can be none."""
    if kind == "no accents":
        plain = "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
        plain = plain.translate(str.maketrans("łŁıßøđ’ʼ", "lLisod''")).replace("'", "") if locale == "uk" else plain
        plain = plain.translate(str.maketrans("łŁıßøđ", "lLisod"))
        return plain if plain != text else ""
    if kind == "other layout":
        return on_another_layout(text, locale)
    words = [word.strip("?!.,;:¿¡؟،()«»“”\"'…") for word in text.split()]
    longest = max((word for word in words if word.isalpha()), key=len, default="")
    if len(longest) < SHORTEST or language(locale) in {"zh", "ja", "th"}:
        return ""
    at = 1 + pick(text + kind, len(longest) - 2)
    wrong = ERRORS[kind](longest.lower() if not longest[0].isupper() else longest, at, locale)
    return text.replace(longest, wrong) if key_of(wrong) != key_of(longest) else ""


def on_another_layout(text: str, locale: str) -> str:
    """What appears when the reader types with the layout of another script on: English for those who do not write Latin
    letters, else Ukrainian; "" where a letter has no key there."""
    own = keyboards.layout_of(locale)
    if language(locale) in {"zh", "ja", "th", "ko"}:
        return ""
    other = "uk" if own not in {"uk", "ru", "ar", "el"} else "en"
    typed = text.lower()
    found = keyboards.converted(typed, own, other)
    return found if found is not None else ""


KINDS = (*ERRORS, "no accents", "other layout")


def keywords(text: str, locale: str) -> str:
    """The two longest words that are no stop words, in order."""
    stop = STOP_WORDS.get(language(locale), frozenset())
    words = [word.strip("?!.,;:¿¡؟،()«»“”\"'…") for word in text.split()]
    words = [word for word in words if word.lower() not in stop] or words
    longest = sorted(range(len(words)), key=lambda at: (-len(words[at]), at))[:2]
    return " ".join(words[at] for at in sorted(longest))


def cases(whole: bool) -> Iterator[tuple[str, str, str, str]]:
    """(kind, locale, key, text); kind "as it is" for the texts without an error."""
    from faq.models import Phrasing

    rows = Phrasing.objects.filter(canonical=True, question__state="published", locale_id__in=LOCALES)
    for locale, key, text in rows.order_by("pk").values_list("locale_id", "question__key", "text"):
        typed = text if whole or locale.startswith("zh") else keywords(text, locale)
        yield "as it is", locale, key, typed
        for kind in KINDS:
            if wrong := misspelt(typed, locale, kind):
                yield kind, locale, key, wrong


def rank(text: str, locale: str, key: str, *, as_typed: bool) -> int:
    """The place of the right question among the results, from 1; 0 when it is not there."""
    from faq.queries.finding import search

    keys = [link.key for link in search(text, locale, as_typed=as_typed).questions]
    return keys.index(key) + 1 if key in keys else 0


def shares(ranks: Sequence[int]) -> str:
    first, five = (sum(1 for place in ranks if 0 < place <= most) / len(ranks) for most in (1, 5))
    return f"{first:.2f} / {five:.2f}"


def report(given: Sequence[tuple[str, str, str, str]], *, verbose: bool) -> None:
    found: dict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
    for kind, locale, key, text in given:
        before, after = (rank(text, locale, key, as_typed=as_typed) for as_typed in (True, False))
        found[kind, locale].append((before, after))
        found[kind, "all"].append((before, after))
        if kind != "as it is":
            found["all errors", locale].append((before, after))
            found["all errors", "all"].append((before, after))
        if verbose and after != 1 and kind != "as it is":
            print(f"  {kind:18} {locale:8} {before} -> {after}  {text}  ({key})", file=sys.stderr)
    for title, column in (("as typed", 0), ("corrected", 1)):
        print(f"\n| found first / among five, {title} | n | all | {' | '.join(LOCALES)} |")
        print(f"|---|---|---|{'---|' * len(LOCALES)}")
        for kind in ("as it is", *KINDS, "all errors"):
            cells = [
                shares([pair[column] for pair in found[kind, locale]]) if found[kind, locale] else ""
                for locale in ("all", *LOCALES)
            ]
            print(f"| {kind} | {len(found[kind, 'all'])} | {' | '.join(cells)} |")


def off_topic() -> list[tuple[str, str, str]]:
    """(kind, locale, text) of questions that the demonstration does not answer."""
    with (LABELLED / "off_topic.tsv").open(encoding="utf-8") as file:
        rows = [(row["locale"], row["text"]) for row in csv.DictReader(file, delimiter="\t")]
    found = [("as it is", locale, text) for locale, text in rows]
    for locale, text in rows:
        kind = KINDS[pick(text, len(KINDS))]
        if wrong := misspelt(text, locale, kind):
            found.append(("with an error", locale, wrong))
    return found


def report_off_topic(*, verbose: bool) -> None:
    """How many of them get an answer."""
    from faq.domain.ask import ask

    print("\n| questions about other things that get an answer | n | as typed | corrected |\n|---|---|---|---|")
    for wanted in ("as it is", "with an error"):
        given = [(locale, text) for kind, locale, text in off_topic() if kind == wanted]
        answered = [0, 0]
        for locale, text in given:
            results = [ask(text, locale, record=False, as_typed=as_typed) for as_typed in (True, False)]
            for column, result in enumerate(results):
                answered[column] += result.outcome != "abstained"
            if verbose and results[0].outcome != results[1].outcome:
                print(f"  {locale} {text} -> {results[1].corrected}: {results[1].outcome}", file=sys.stderr)
        print(f"| {wanted} | {len(given)} | {answered[0]} | {answered[1]} |")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.typing_errors", description=__doc__)
    parser.add_argument("--questions", action="store_true", help="type whole questions")
    parser.add_argument("--every", type=int, default=1, help="take every Nth case")
    parser.add_argument("-v", action="store_true", help="print what is missed")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="polyfaq-typing-") as home:
        fresh = "POLYFAQ_HOME" not in os.environ
        os.environ.setdefault("POLYFAQ_HOME", home)
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
        import django
        from django.core.management import call_command

        django.setup()
        if fresh:
            call_command("migrate", verbosity=0)
            call_command("load_demo", verbosity=0)
        report(list(cases(options.questions))[:: options.every], verbose=options.v)
        report_off_topic(verbose=options.v)


if __name__ == "__main__":
    main()
