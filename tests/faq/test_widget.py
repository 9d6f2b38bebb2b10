"""The widget's file: small enough for any page, complete in every language, and without a way for foreign HTML."""

import gzip
import re
from pathlib import Path

import pytest
from django.conf import settings

SOURCE = (Path(settings.BASE_DIR) / "static" / "widget" / "polyfaq-widget.js").read_text(encoding="utf-8")
MOST_BYTES = 15_000
LANGUAGES = ["ar", "de", "en", "es", "fr", "pl", "tr", "uk", "zh-hans"]
WORDS = dict(re.findall(r'^  "?([a-z-]+)"?: "(.*)",$', SOURCE, re.MULTILINE))


def test_it_is_at_most_fifteen_kilobytes_with_all_its_strings() -> None:
    assert len(gzip.compress(SOURCE.encode(), 9)) <= MOST_BYTES


def test_it_speaks_the_nine_languages_of_the_site() -> None:
    assert sorted(WORDS) == LANGUAGES


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_string_is_there_in_every_language(language: str) -> None:
    (names,) = re.findall(r'^const NAMES = "(.*)";$', SOURCE, re.MULTILINE)
    assert [bool(text) for text in WORDS[language].split("|")] == [True] * len(names.split(","))


def test_nothing_is_ever_read_as_html_or_code() -> None:
    assert (
        re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|setHTML", SOURCE)
        == []
    )


def test_it_keeps_no_cookie_and_sends_no_credentials() -> None:
    assert re.findall(r"cookie|localStorage|sessionStorage|credentials: \"include\"", SOURCE) == []
