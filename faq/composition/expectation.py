"""What kind of answer a question asks for, and whether a sentence holds one: small word lists in nine languages.

A hint, never a condition: a sentence of the expected kind is preferred among those that meet the question.
"""

from enum import StrEnum

import regex


class Kind(StrEnum):
    """AMOUNT: a number; TIME: a number or a day; PERSON: a name; PLACE: a name, a number or an address; CONTACT: a web
    or e-mail address or a telephone number."""

    AMOUNT = "amount"
    TIME = "time"
    PERSON = "person"
    PLACE = "place"
    CONTACT = "contact"


def _asks(*words: str) -> regex.Pattern[str]:
    return regex.compile("|".join(words), regex.IGNORECASE)


_CUES = {
    Kind.AMOUNT: _asks(
        r"\bhow (?:much|many|long|old|often|far|big|high|large|tall)\b", r"\b(?:cost|price|fee)s?\b",
        r"\bwhat (?:percentage|number|amount)\b", r"\bwie ?(?:viele?|lange|oft|hoch|alt|groß|weit)\b", r"\bkoste", r"\bpreis",
        r"\bgebühr", r"\bcombien\b", r"\bcoût", r"\bprix\b", r"\btarif", r"\bcuánt", r"\bcuesta", r"\bprecio", r"\btasa\b",
        r"\bile\b", r"\bilu\b", r"\bkosztuj", r"\bcena\b", r"\bopłat", r"\bскільки\b", r"\bкоштує", r"\bціна\b", r"\bплат",
        r"\bkaç\b", r"\bne kadar\b", r"\bücret", r"\bfiyat", r"كم", r"تكلف", r"سعر", r"رسوم", r"多少", r"几[个天年次岁]",
        r"多[长久大高远]", r"费用", r"价格", r"收费",
    ),
    Kind.TIME: _asks(
        r"\bwhen\b", r"\b(?:what|which) (?:time|day|year|date|month|century)\b", r"\bhow long\b", r"\bopening hours\b",
        r"\bwann\b", r"\bwelche[mnrs]? (?:tag|jahr|monat|uhrzeit)", r"\bgeöffnet\b", r"\böffnungszeit", r"\bquand\b",
        r"\bquelle? (?:heure|jour|année|date)", r"\bhoraire", r"\bouvert", r"\bcuándo\b", r"\bqué (?:hora|día|año|fecha)",
        r"\bhorario", r"\bkiedy\b", r"\bktór(?:ej|ym) (?:godzin|dni|rok)", r"\bgodzin", r"\bколи\b", r"\bо котрій\b",
        r"\bякого (?:дня|року)",
        r"\bгодин", r"\bne zaman\b", r"\bsaat kaç", r"\bhangi (?:gün|yıl|tarih)", r"متى", r"ساعات", r"في أي (?:يوم|عام|سنة)",
        r"何时", r"什么时候", r"什么时间", r"几点", r"哪[一]?[天年]",
    ),
    Kind.PERSON: _asks(
        r"\bwho(?:se|m)?\b", r"\bwer\b", r"\bwem\b", r"\bwen\b", r"\bwessen\b", r"\bqui\b", r"\bquién", r"\bkto\b", r"\bkim\b",
        r"\bkogo\b", r"\bхто\b", r"\bкого\b", r"\bким\b", r"(?:^|\s)من (?:هو|هي|هم|الذي|التي)?", r"谁",
    ),
    Kind.PLACE: _asks(
        r"\bwhere\b", r"\bwhat (?:city|country|place|address|state)\b", r"\bwo(?:her|hin)?\b", r"\boù\b", r"\bdónde\b",
        r"\bgdzie\b", r"\bде\b", r"\bкуди\b", r"\bnerede", r"\bnereye\b", r"أين", r"哪里", r"哪儿", r"在哪", r"何处",
    ),
    Kind.CONTACT: _asks(
        r"\bonline\b", r"\b(?:web ?site|address|phone|telephone|e-?mail|contact|call)\b", r"\btelefon", r"\badresse\b",
        r"\bkontakt", r"\bteléfono", r"\bcorreo\b", r"\bсайт", r"\bтелефон", r"\bçevrim ?içi", r"هاتف", r"عنوان", r"إنترنت",
        r"网址", r"电话", r"网上", r"在线", r"联系",
    ),
}  # fmt: skip

_NUMBER = regex.compile(
    r"\p{Nd}|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|twelve|hundred|thousand|million|half|twice|once|zwei|drei"
    r"|vier|fünf|zehn|hundert|tausend|deux|trois|quatre|cinq|dix|cent|mille|dos|tres|cuatro|cinco|diez|cien|mil)\b"
    r"|[一二三四五六七八九十百千万两]",
    regex.IGNORECASE,
)
_DAY = regex.compile(
    r"\b(?:mon|tues|wednes|thurs|fri|satur|sun)days?\b|\b(?:january|february|march|april|june|july|august|september"
    r"|october|november|december|today|daily|week|weeks|month|months|century)\b|\b(?:mon|diens|donners|frei|sams|sonn)tag"
    r"|\b(?:lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|lunes|martes|miércoles|jueves|viernes|sábado|domingo)\b"
    r"|[周星期][一二三四五六日天末]",
    regex.IGNORECASE,
)
_NAME = regex.compile(r"(?<=[\p{Ll}\p{Nd},;)]\s)\p{Lu}[\p{L}.]+")
_CONTACT = regex.compile(r"https?://|www\.|\S@\S+\.\S|\p{Nd}{3,}[ /-]\p{Nd}{3,}")
_CASED = regex.compile(r"\p{Ll}")


def expected(question: str) -> frozenset[Kind]:
    """The kinds of answer that the question's words ask for; often none."""
    return frozenset(kind for kind, cue in _CUES.items() if cue.search(question))


def holds(sentence: str, kind: Kind) -> bool:
    """Whether a sentence has an answer of the kind. Where a script has no capitals, names cannot be told: no."""
    if kind == Kind.CONTACT:
        return _CONTACT.search(sentence) is not None
    if kind == Kind.PERSON:
        return _NAME.search(sentence) is not None
    number = _NUMBER.search(sentence) is not None
    if kind == Kind.TIME:
        return number or _DAY.search(sentence) is not None
    if kind == Kind.PLACE:
        return _NAME.search(sentence) is not None or _CONTACT.search(sentence) is not None
    return number


_NEGATION = regex.compile(
    r"\b(?:not|no|never|cannot|without|nicht|kein\w*|nie|ohne|ne|pas|jamais|sans|sin|nunca|bez|не|без|нема\w*|değil|yok)\b"
    r"|n['’]t\b|\bn['’]|\b(?:لا|لم|لن|ليس|بدون)\b|[不没無无未]",
    regex.IGNORECASE,
)


def negates(text: str) -> bool:
    """Whether a text denies something, which vectors of words do not tell."""
    return _NEGATION.search(text) is not None
