"""Degenerate output is refused by name; good translations pass."""

from pathlib import Path

import pytest

from translation.quality import verdict
from translation.tmx import read_tmx

MEMORY = Path(__file__).resolve().parents[2] / "demo" / "memory"


def judged(source: str, target: str, target_locale: str = "de", source_locale: str = "en") -> str:
    return verdict(source, target, source_locale=source_locale, target_locale=target_locale)


@pytest.mark.parametrize(
    ("source", "target", "locale", "expected"),
    [
        ("The bin is full.", "Die Tonne ist voll.", "de", ""),
        ("The bin is full.", "", "de", "empty"),
        ("The bin is full.", " … ", "de", "empty"),
        ("See https://a.example/b.", "Siehe https://a.example/c.", "de", "parity:protected"),
        ("See https://a.example/b.", "Siehe dort.", "de", "parity:protected"),
        ("Write to a@b.example.", "Schreiben Sie an a@b.example [1].", "de", "parity:protected"),
        ("Hello {name}.", "Hallo {Name}.", "de", "parity:protected"),
        ("It costs 25 euros.", "Es kostet 52 Euro.", "de", "parity:numbers"),
        ("Bin: Grey; Cost: High; Day: Monday", "Tonne: grau; Kosten: hoch; Tag: Montag", "de", ""),
        ("Bin: Grey; Cost: High; Day: Monday", "Tonne: grau; Kosten: hoch", "de", "parity:list"),
        ("- Grey bins\n- Blue bins", "- Graue Tonnen\nBlaue Tonnen", "de", "parity:list"),
        ("The bin is full.", "Die Die Die Tonne ist voll.", "de", "repetition"),
        ("The bin is full again.", "Die Tonne ist voll Tonne ist voll.", "de", "repetition"),
        ("Contact", "llll", "de", "repetition"),
        ("The bin is full.", "Die Tonschschschschsch ist voll.", "de", "repetition"),
        ("No, no, no, no!", "Nein, nein, nein, nein!", "de", ""),
        ("The bin is full.", "Контейнер заповнений.", "de", "script"),
        ("The bin is full.", "The bin is full.", "uk", "copy"),
        ("The bin of the house is full.", "Die bin is full yes.", "ar", "script"),
        ("The bin is full.", "垃圾桶满了。", "zh-hans", ""),
        ("LarkBike has stations.", "LarkBike有站点。", "zh-hans", ""),
        ("The bin is full.", "The bin is full.", "de", "copy"),
        ("Report it before you go to the tip, please.", "Melden Sie: before you go to the tip.", "de", "copy"),
        ("Larkmouth Service Centre", "Larkmouth Service Centre", "de", ""),
        ("Bus", "Bus", "de", ""),
        ("Booking an appointment", "预约", "zh-hans", ""),
        ("Crews do not empty a bin with the wrong waste in it.", "Nein.", "de", "length"),
        ("Yes.", "Das ist eine sehr lange Antwort, die mit der Frage gar nichts zu tun hat.", "de", "length"),
    ],
)
def test_verdicts(source: str, target: str, locale: str, expected: str) -> None:
    assert judged(source, target, locale) == expected


def test_a_text_in_another_variety_of_the_language_may_be_equal() -> None:
    assert judged("The bin of the house is full.", "The bin of the house is full.", "en-gb", "en-us") == ""


@pytest.mark.parametrize("path", sorted(MEMORY.glob("*.tmx")), ids=lambda path: path.stem)
def test_nothing_that_people_translated_for_the_demonstration_would_be_refused(path: Path) -> None:
    rows = list(read_tmx(path))
    assert rows
    refused = [(s, t) for a, b, s, t in rows if verdict(s, t, source_locale=a, target_locale=b)]
    assert refused == []
