"""A property for each field and locale, such as `lexical_zh_hans`: pure.

A server weighs a text's length by the mean length of its property. Lengths differ sevenfold between languages, so one
property for all of them would choose other candidates than the embedded index, which counts per locale.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

FIELDS = ("lexical", "gloss")


@lru_cache(maxsize=2000)
def property_name(field: str, locale: str) -> str:
    """Of letters, digits and underscores, as a server takes them; no two locales share one."""
    return f"{field}_{re.sub(r'[^A-Za-z0-9]', _written, locale)}"


def property_names(field: str, locales: Iterable[str]) -> tuple[str, ...]:
    return tuple(property_name(field, locale) for locale in locales)


def tokens_of(properties: Mapping[str, Any], field: str) -> str:
    """An object's tokens of a field, "" where it has none."""
    return str(properties.get(property_name(field, str(properties["locale"])), ""))


def _written(found: re.Match[str]) -> str:
    return "_" if found[0] == "-" else f"__{ord(found[0]):x}_"
