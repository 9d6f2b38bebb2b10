"""Words that stand for one of a few: numbers in words, months, days of the week. Their vectors are alike, so nothing but
the word itself tells Monday from Tuesday: pure.

Values are comparable across languages: `7`, `month 7`, `day 2` (Monday is 0). A word that may mean something else as well
(`may`, `second`) is left out; what is not known here is for other checks.
"""

import functools

import regex
from babel import Locale, UnknownLocaleError

_NUMBERS = {
    "en": "two=2 three=3 four=4 five=5 six=6 seven=7 eight=8 nine=9 ten=10 eleven=11 twelve=12 thirteen=13 fourteen=14 fifteen=15"
    " sixteen=16 seventeen=17 eighteen=18 nineteen=19 twenty=20 thirty=30 forty=40 fifty=50 sixty=60 seventy=70 eighty=80 ninety=90"
    " hundred=100 thousand=1000 million=1000000 twice=2 dozen=12",
    "de": "zwei=2 drei=3 vier=4 fünf=5 sechs=6 sieben=7 acht=8 neun=9 zehn=10 elf=11 zwölf=12 dreizehn=13 vierzehn=14 fünfzehn=15"
    " zwanzig=20 dreißig=30 vierzig=40 fünfzig=50 sechzig=60 siebzig=70 achtzig=80 neunzig=90 hundert=100 tausend=1000"
    " million=1000000 millionen=1000000 zweimal=2",
    "fr": "deux=2 trois=3 quatre=4 cinq=5 six=6 sept=7 huit=8 dix=10 onze=11 douze=12 treize=13 quatorze=14 quinze=15 vingt=20 trente=30"
    " quarante=40 cinquante=50 soixante=60 cent=100 cents=100 mille=1000 million=1000000",
    "es": "dos=2 tres=3 cuatro=4 cinco=5 seis=6 siete=7 ocho=8 nueve=9 diez=10 once=11 doce=12 trece=13 catorce=14 quince=15 veinte=20"
    " treinta=30 cuarenta=40 cincuenta=50 sesenta=60 setenta=70 ochenta=80 noventa=90 cien=100 ciento=100 mil=1000 millón=1000000",
    "pl": "dwa=2 dwie=2 dwóch=2 trzy=3 trzech=3 cztery=4 czterech=4 pięć=5 pięciu=5 sześć=6 sześciu=6 siedem=7 siedmiu=7 osiem=8 ośmiu=8"
    " dziewięć=9 dziewięciu=9 dziesięć=10 dziesięciu=10 jedenaście=11 dwanaście=12 piętnaście=15 dwadzieścia=20 trzydzieści=30"
    " czterdzieści=40 pięćdziesiąt=50 sto=100 tysiąc=1000 milion=1000000",
    "uk": "два=2 дві=2 двох=2 три=3 трьох=3 чотири=4 чотирьох=4 шість=6 шести=6 сім=7 семи=7 вісім=8 восьми=8 десять=10 десяти=10"
    " одинадцять=11 дванадцять=12 двадцять=20 тридцять=30 сорок=40 п'ять=5 п’ять=5 п'яти=5 п’яти=5 сто=100 тисяча=1000 мільйон=1000000",
    "tr": "iki=2 üç=3 dört=4 beş=5 yedi=7 sekiz=8 dokuz=9 yirmi=20 otuz=30 kırk=40 elli=50 altmış=60 yetmiş=70 seksen=80 doksan=90 yüz=100"
    " bin=1000 milyon=1000000",
    "ar": "ثلاثة=3 ثلاث=3 أربعة=4 أربع=4 خمسة=5 خمس=5 ستة=6 سبعة=7 سبع=7 ثمانية=8 ثماني=8 تسعة=9 تسع=9 عشرة=10 عشرون=20 عشرين=20"
    " ثلاثون=30 ثلاثين=30 أربعون=40 أربعين=40 خمسون=50 خمسين=50 مئة=100 مائة=100 ألف=1000 مليون=1000000 يومين=2 أسبوعين=2 شهرين=2",
    "zh": "",
}  # fmt: skip
_AMBIGUOUS = {"may", "mars", "mart", "march", "mai", "mar"}
"""Other words too; meant as months only with a capital in the middle of a sentence."""
_INFLECTED = {"pl", "uk", "tr", "ar"}
_SHORTEST = 4
_HAN = {"一": 1, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "十": 10, "两": 2}
_HAN_NUMBER = regex.compile(
    r"([二三四五六七八九十两百千万]+)(?=个月|个?(?:天|年|日|周|星期|小时|分钟|欧元|元|次|岁|人|份))"
)
_HAN_DAY = regex.compile(r"(?:星期|周|礼拜)([一二三四五六日天])")
_HAN_MONTH = regex.compile(r"(?<!\d)(\d{1,2}|十[一二]?|[一二三四五六七八九])月")


def figures(text: str, locale: str) -> frozenset[str]:
    """The values of such words in a text. Languages without a table give none."""
    code = locale.replace("_", "-").partition("-")[0].lower()
    if code == "zh":
        return _han(text)
    table, pattern = _words(code)
    if pattern is None:
        return frozenset()
    found = set()
    for match in pattern.finditer(text):
        word = match.group()
        key = next((key for key in (word.casefold(), *_beginnings(word.casefold(), code)) if key in table), "")
        if key and not (key in _AMBIGUOUS and not (word[:1].isupper() and match.start() > 0)):
            found.add(table[key])
    return frozenset(found)


def _han(text: str) -> frozenset[str]:
    days = {f"day {'一二三四五六日'.find(day.replace('天', '日'))}" for day in _HAN_DAY.findall(text)}
    months = {f"month {month if month.isascii() else _han_value(month)}" for month in _HAN_MONTH.findall(text)}
    numbers = {str(_han_value(number)) for number in _HAN_NUMBER.findall(text)}
    return frozenset(days | months | numbers)


def _han_value(written: str) -> int:
    total = 0
    unit = 0
    for sign in written:
        scale = {"十": 10, "百": 100, "千": 1000, "万": 10000}.get(sign)
        if scale is None:
            unit = _HAN[sign]
        elif scale == 10000:
            total, unit = (total + unit or 1) * scale, 0
        else:
            total, unit = total + (unit or 1) * scale, 0
    return total + unit


def _beginnings(word: str, code: str) -> list[str]:
    """What an inflected word may be the longer form of, the longest first."""
    if code not in _INFLECTED:
        return []
    return [f"{word[:length]}*" for length in range(len(word), _SHORTEST - 1, -1)]


@functools.lru_cache(maxsize=32)
def _words(code: str) -> "tuple[dict[str, str], regex.Pattern[str] | None]":
    table = dict(pair.split("=") for pair in _NUMBERS.get(code, "").split())
    for name, value in _calendar(code):
        table.setdefault(name, value)
        if code in _INFLECTED and len(name) > _SHORTEST:
            table.setdefault(f"{name[: max(_SHORTEST, len(name) - 2)]}*", value)
    return table, regex.compile(r"[\p{L}\p{M}'’]+") if table else None


def _calendar(code: str) -> list[tuple[str, str]]:
    try:
        locale = Locale.parse(code)
    except (UnknownLocaleError, ValueError):
        return []
    found = []
    for context in ("format", "stand-alone"):
        found += [(name.casefold(), f"month {number}") for number, name in locale.months[context]["wide"].items()]
        found += [(name.casefold(), f"day {number}") for number, name in locale.days[context]["wide"].items()]
    return [(name, value) for name, value in found if name.isalpha() and len(name) > 2]
