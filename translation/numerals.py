"""Numbers of a text by what they mean, so that both sides of a translation can be compared.

`1.50` in English and `1,50` in German are one number, `1,000`, `1.000` and `1 000` too, and so are the digits of every
script. Times compare as times (`6:30 p.m.`, `18.30`, `18 h 30`). Words for numbers and the names of months may stand for a
number on the other side, and are never required. A number may have several readings; two agree when they share one.
"""

import functools
import unicodedata
from collections.abc import Iterator, Sequence

import regex

from translation import protection

Readings = frozenset[str]

_UNIT = r"(?P<unit>[AaPp]\.?\s?[Mm](?![\p{L}])\.?|o[’']clock|Uhr|uur|h(?!\p{L})|[点點时時]|시)"
_CLOCK = regex.compile(
    rf"""(?<![0-9.,:])(?P<hour>[0-9]{{1,2}})
    (?: [:.](?P<minute>[0-9]{{2}})(?::[0-9]{{2}})?(?![0-9]|[.,:][0-9])(?:\s?{_UNIT})?
      | \s?{_UNIT}(?:\s?(?P<late>[0-9]{{2}})(?![0-9])(?:\s?[分분])?|(?P<half>半))? )""".replace(
        "(?P<unit>", "(?P<unit_a>", 1
    ).replace("(?P<unit>", "(?P<unit_b>", 1),
    regex.VERBOSE,
)
_NUMBER = regex.compile(
    r"[0-9]{1,3}(?:[ \u00a0\u202f\u2009'’][0-9]{3})++(?:[.,\u066b][0-9]+)?(?![0-9])"
    r"|[0-9]++(?:[.,:\u066b\u066c][0-9]++)*+|\p{No}"
)
_ANY = regex.compile(r"[\p{Nd}\p{No}]")
_OTHER_DIGIT = regex.compile(r"[\p{Nd}--[0-9]]", regex.VERSION1)
_NOT_DIGIT = regex.compile(r"[^0-9]")
_DIGITS = frozenset("0123456789")
_GROUPS_BY_SPACE = frozenset({"fr", "es", "pl", "uk", "ru", "cs", "sv", "nb", "no", "fi", "bg", "hu", "sk"})
_SPACES = " \u00a0\u202f\u2009"

_WORDS = {
    "en": "one two three four five six seven eight nine ten eleven twelve",
    "de": "eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf",
    "fr": "un deux trois quatre cinq six sept huit neuf dix onze douze",
    "es": "uno dos tres cuatro cinco seis siete ocho nueve diez once doce",
    "it": "uno due tre quattro cinque sei sette otto nove dieci undici dodici",
    "pt": "um dois três quatro cinco seis sete oito nove dez onze doze",
    "nl": "één twee drie vier vijf zes zeven acht negen tien elf twaalf",
    "sv": "ett två tre fyra fem sex sju åtta nio tio elva tolv",
    "pl": "jeden dwa trzy cztery pięć sześć siedem osiem dziewięć dziesięć jedenaście dwanaście",
    "uk": "один два три чотири п'ять шість сім вісім дев'ять десять одинадцять дванадцять",
    "ru": "один два три четыре пять шесть семь восемь девять десять одиннадцать двенадцать",
    "tr": "bir iki üç dört beş altı yedi sekiz dokuz on onbir oniki",
    "ar": "واحد اثنان ثلاثة أربعة خمسة ستة سبعة ثمانية تسعة عشرة",
    "zh": "一 二 三 四 五 六 七 八 九 十 十一 十二",
    "ja": "一 二 三 四 五 六 七 八 九 十 十一 十二",
}
_MORE_WORDS = {
    "en": {"once": 1, "twice": 2, "first": 1, "second": 2, "third": 3},
    "de": {"ein": 1, "eine": 1, "einen": 1, "einem": 1, "einer": 1},
    "fr": {"une": 1}, "es": {"un": 1, "una": 1}, "it": {"un": 1, "una": 1}, "pt": {"uma": 1, "duas": 2},
    "pl": {"dwóch": 2, "dwie": 2, "trzech": 3, "czterech": 4, "pięciu": 5, "sześciu": 6, "dziesięciu": 10},
    "uk": {"дві": 2, "двох": 2, "трьох": 3, "чотирьох": 4, "п’ять": 5, "п'яти": 5, "п’яти": 5, "десяти": 10},
    "ru": {"две": 2, "двух": 2, "трёх": 3, "трех": 3, "четырёх": 4, "четырех": 4, "пяти": 5, "десяти": 10},
    "ar": {"أربع": 4, "ثلاث": 3, "خمس": 5, "ست": 6, "سبع": 7, "ثماني": 8, "تسع": 9, "عشر": 10, "يومين": 2, "مرتين": 2},
    "zh": {"两": 2, "兩": 2},
}  # fmt: skip


def agree(source: str, target: str, source_locale: str, target_locale: str) -> bool:
    """Whether no number was lost, added or changed."""
    ours, theirs = required(source, source_locale), required(target, target_locale)
    if ours == theirs:
        return True
    return _covered(ours, [*theirs, *optional(target, target_locale)]) and _covered(
        theirs, [*ours, *optional(source, source_locale)]
    )


def _covered(wanted: Sequence[Readings], offered: Sequence[Readings]) -> bool:
    """Whether each wanted number has one of its own among the offered. (Both sides covered: one matching covers both.)"""
    owner: dict[int, int] = {}

    def place(number: int, tried: set[int]) -> bool:
        for index, other in enumerate(offered):
            if index in tried or not wanted[number] & other:
                continue
            tried.add(index)
            if index not in owner or place(owner[index], tried):
                owner[index] = number
                return True
        return False

    if len(wanted) > len(offered):
        return False
    if len(wanted) > 60:  # a page of figures: the search for a matching could go deep; the plain readings must do
        return sorted(map(sorted, wanted)) == sorted(map(sorted, offered[: len(wanted)]))
    return all(place(number, set()) for number in range(len(wanted)))


def required(text: str, locale: str) -> list[Readings]:
    """The numbers written in digits, addresses and other protected spans left out; phone numbers by their digits."""
    found: list[Readings] = []
    if not _ANY.search(text):
        return found
    at = 0
    spans = protection.find(text)
    text = _OTHER_DIGIT.sub(_ascii, text)
    for span in [*spans, None]:
        end = span.start if span else len(text)
        found += _read(text[at:end], locale)
        if span and span.kind == "phone":
            found.append(frozenset({"".join(c for c in text[span.start : span.end] if c in _DIGITS)}))
        at = span.end if span else end
    return found


def _read(text: str, locale: str) -> Iterator[Readings]:
    at = 0
    while match := _NUMBER.search(text, at):
        clock = _CLOCK.match(text, match.start())
        readings = _time(clock, locale) if clock else frozenset()
        if clock and readings:
            yield readings
            at = clock.end()
            continue
        yield from _number(match.group(), locale)
        at = match.end()


def _time(match: "regex.Match[str]", locale: str) -> Readings:
    """The readings of a clock time; none when it is no time."""
    hour = int(match.group("hour"))
    unit = (match.group("unit_a") or match.group("unit_b") or "").lower()
    written = match.group("minute") or match.group("late")
    minute = 30 if match.group("half") else int(written or 0)
    by_point = match.group("minute") is not None and "." in match.group()[:3]
    if hour > 24 or minute > 59 or (by_point and not unit and decimal_sign(locale) == "."):
        return frozenset()
    hours = {hour}
    if unit.startswith("p") and hour < 12:
        hours.add(hour + 12)
    if unit.startswith("a") and hour == 12:
        hours.add(0)
    readings = {f"{each}:{minute:02d}" for each in hours}
    if by_point and not unit:  # 6.30 may be a time or, in a careless translation, a price
        readings.add(_decimal(str(hour), f"{minute:02d}"))
    if minute == 0 and not match.group("minute"):
        readings |= {str(each) for each in hours}
    if not unit and match.group("minute") and minute == 0:
        readings.add(str(hour))
    return frozenset(readings)


def _number(written: str, locale: str) -> list[Readings]:
    """One number, or the several of a date or a version."""
    if len(written) == 1 and written not in _DIGITS:
        return [frozenset({f"{unicodedata.numeric(written, -1.0):g}"})]  # ½, ², ①
    parts = _NOT_DIGIT.split(written)
    signs = [character for character in written if character not in _DIGITS]
    if signs and signs[0] in _SPACES and not _groups_by_space(parts, signs, locale):
        head, _, rest = written.partition(signs[0])
        return [*_number(head, locale), *_number(rest, locale)]
    value = _value(parts, signs, locale)
    return [frozenset({_whole(part)}) for part in parts] if value is None else [frozenset({value})]


def _groups_by_space(parts: list[str], signs: list[str], locale: str) -> bool:
    """`1 000` is one number where the language writes it so or where it can be nothing else; `5 100` may be two."""
    sure = signs[0] != " " or len(parts) > 2 or parts[1].startswith("0")
    return sure or _language(locale) in _GROUPS_BY_SPACE


def _value(parts: list[str], signs: list[str], locale: str) -> str | None:
    """The number's canonical form; None for a date, a version, a ratio."""
    if not signs:
        return _whole(parts[0])
    if ":" in signs:
        return None
    last = signs[-1]
    grouped = 1 <= len(parts[0]) <= 3 and parts[0][0] != "0" and all(len(part) == 3 for part in parts[1:])
    if len(set(signs)) == 1 and len(signs) > 1:
        return "".join(parts) if grouped else None
    if len(signs) == 1:
        if last == "\u066b" or last == decimal_sign(locale):
            return _decimal(parts[0], parts[1])
        if grouped:
            return "".join(parts)
        return _decimal(parts[0], parts[1]) if last in ".," else None
    whole = parts[:-1]
    if last in ".,\u066b" and signs.count(last) == 1 and all(len(part) == 3 for part in whole[1:]):
        return _decimal("".join(whole), parts[-1])
    return None


def _decimal(whole: str, fraction: str) -> str:
    fraction = fraction.rstrip("0")
    return (whole.lstrip("0") or "0") + (f".{fraction}" if fraction else "")


def _whole(digits: str) -> str:
    """`05` of a date is 5; longer numbers with a leading zero are codes."""
    return (digits.lstrip("0") or "0") if len(digits) <= 2 else digits


def _ascii(match: "regex.Match[str]") -> str:
    """A digit of any script as ASCII; one sign for one. As it is where Python's Unicode does not know it yet."""
    return str(unicodedata.decimal(match.group(), match.group()))


def optional(text: str, locale: str) -> list[Readings]:
    """What the text's words for numbers and months may stand for."""
    table, pattern = _spoken(_language(locale))
    if pattern is None:
        return []
    return [table[folded] for match in pattern.finditer(text) if (folded := _folded(match.group())) in table]


def _folded(word: str) -> str:
    """Lower case; İ, which casefold() makes two signs of, as i."""
    return word.replace("İ", "i").casefold()


@functools.lru_cache(maxsize=64)
def _spoken(language: str) -> "tuple[dict[str, Readings], regex.Pattern[str] | None]":
    values: dict[str, set[str]] = {}
    for number, word in enumerate(_WORDS.get(language, "").split(), start=1):
        values.setdefault(_folded(word), set()).add(str(number))
    for word, number in _MORE_WORDS.get(language, {}).items():
        values.setdefault(_folded(word), set()).add(str(number))
    for number, name in _months(language):
        values.setdefault(_folded(name), set()).add(str(number))
    if not values:
        return {}, None
    either = "|".join(regex.escape(word) for word in sorted(values, key=len, reverse=True))
    if language not in ("zh", "ja"):
        either = rf"(?<!\p{{L}})(?:{either})(?!\p{{L}})"
    return {word: frozenset(found) for word, found in values.items()}, regex.compile(either, regex.IGNORECASE)


def _months(language: str) -> Iterator[tuple[int, str]]:
    from babel import Locale, UnknownLocaleError

    try:
        months = Locale.parse(language).months
    except (UnknownLocaleError, ValueError, TypeError):
        return
    for context in ("format", "stand-alone"):
        for width in ("wide", "abbreviated"):
            for number, name in months[context][width].items():
                if regex.search(r"\p{L}{3}", name) and not any(character.isdigit() for character in name):
                    yield number, name


@functools.lru_cache(maxsize=64)
def decimal_sign(locale: str) -> str:
    """`.` or `,`, as the locale writes it; `.` where it is not known."""
    from babel import Locale, UnknownLocaleError

    for tag in (locale, _language(locale)):
        try:
            symbols = Locale.parse(tag, sep="-").number_symbols
        except (UnknownLocaleError, ValueError, TypeError):
            continue
        return str(symbols.get("latn", {}).get("decimal", "."))
    return "."


def _language(locale: str) -> str:
    return locale.replace("_", "-").partition("-")[0].lower()
