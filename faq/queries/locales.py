"""The portal's languages, and which of them a language tag means.

A tag is understood as its language and script say, however it is written: `zh`, `zh-CN`, `zh_CN` and `ZH-Hans-CN` are
`zh-hans`, `de_AT` is `de`. A tag in another script (`zh-TW`) is not taken for a language its readers do not read.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from django.utils.translation.trans_real import parse_accept_lang_header

from faq import cache
from faq.enums import TranslationPolicy
from faq.errors import Invalid
from faq.gateways import retrieval
from faq.models import Locale

WELL_FORMED = re.compile(r"[a-z]{2,8}(-[a-z0-9]{1,8})*\Z")


@dataclass(frozen=True, slots=True)
class Parts:
    """A tag with what it leaves out filled in: `zh` is written in Hans, in CN."""

    language: str
    script: str
    region: str


def all_locales() -> list[Locale]:
    """Every locale the portal knows, in menu order."""
    return cache.cached(cache.LOCALES, "all", lambda: list(Locale.objects.all()))


def enabled_locales() -> list[Locale]:
    """What readers may choose, in menu order."""
    return [locale for locale in all_locales() if locale.enabled]


def machine_locales() -> list[str]:
    """Where the policy lets machines translate; read afresh, because background work follows from it."""
    rows = Locale.objects.filter(enabled=True).exclude(policy=TranslationPolicy.OFF)
    return list(rows.values_list("tag", flat=True))


def default_locale() -> Locale:
    """The default; the first enabled one where none is marked. Invalid when nothing is enabled."""
    enabled = enabled_locales()
    for locale in enabled:
        if locale.is_default:
            return locale
    if not enabled:
        raise Invalid("No language is enabled. Run `manage.py migrate`, then enable a language in the admin.")
    return enabled[0]


def resolve(tag: str) -> Locale | None:
    """The enabled locale that a tag means, None when there is none."""
    enabled = {locale.tag: locale for locale in enabled_locales()}
    found = match(tag, tuple(enabled))
    return enabled[found] if found else None


def accepted(header: str) -> Locale | None:
    """The enabled locale that an Accept-Language header likes best; None when it names none of them."""
    weighed = parse_accept_lang_header(header[:500].replace("_", "-"))  # some programs write zh_CN
    found = (resolve(tag) for tag, quality in weighed if quality and tag != "*")
    return next((locale for locale in found if locale is not None), None)


def require(tag: str) -> Locale:
    """As resolve(); Invalid, with the languages there are, instead of None."""
    locale = resolve(tag)
    if locale is None:
        known = ", ".join(each.tag for each in enabled_locales())
        raise Invalid(
            "There is no language %(locale)s here. Known languages: %(known)s.", locale=repr(str(tag)[:35]), known=known
        )
    return locale


def of_question(text: str, tag: str, among: Sequence[str] = ()) -> str:
    """The locale in whose language a question on the page of `tag` is asked, often that one. `among`: which it may be; the
    enabled ones."""
    with retrieval.mapped():
        return retrieval.retriever().language_of(text, tag, among or [locale.tag for locale in enabled_locales()])


@lru_cache(maxsize=2000)
def match(tag: str, available: tuple[str, ...]) -> str | None:
    """Which of the available tags this one means: itself, or the same language and script, the same region first."""
    wanted = str(tag).strip().replace("_", "-").lower()
    if wanted in available:
        return wanted
    if len(wanted) > 35 or not WELL_FORMED.match(wanted):
        return None
    parts = likely(wanted)
    same = [
        each for each in available if (likely(each).language, likely(each).script) == (parts.language, parts.script)
    ]
    return next((each for each in same if likely(each).region == parts.region), same[0] if same else None)


@lru_cache(maxsize=2000)
def likely(tag: str) -> Parts:
    """Language, script and region of a well-formed tag, with Unicode's likely subtags where it is silent."""
    from babel.core import get_global  # a hundred kilobytes that only a tag seen for the first time needs

    language, *rest = tag.split("-")
    if len(rest) and len(rest[0]) == 3 and rest[0].isalpha():
        language, rest = rest[0], rest[1:]  # zh-yue: the extended language subtag is the language
    alias = str(get_global("language_aliases").get(language, language)).lower().replace("_", "-").split("-")
    language = alias[0]
    script = next((part for part in [*rest, *alias[1:]] if len(part) == 4 and part.isalpha()), "")
    region = next((part for part in rest if len(part) == 2 or (len(part) == 3 and part.isdigit())), "")
    table = get_global("likely_subtags")
    keys = [f"{language}_{region.upper()}", f"{language}_{script.title()}", language]
    full = next((table[key] for key in keys if key in table and not key.endswith("_")), language)
    _, *guess = str(full).lower().split("_")
    guess_script = next((part for part in guess if len(part) == 4), "")
    guess_region = next((part for part in guess if len(part) == 2 or part.isdigit()), "")
    return Parts(language, script or guess_script, region or guess_region)
