"""Numbers compare by what they mean in their language."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translation.numerals import agree, optional, required

SAME = [
    ("It costs 1.50 euros", "Das kostet 1,50 Euro", "en", "de"),
    ("It costs 1.50 euros", "Das kostet 1,5 Euro", "en", "de"),
    ("1,000 people", "1.000 Menschen", "en", "de"),
    ("1,000 people", "1 000 personnes", "en", "fr"),
    ("1,000 people", "1\u202f000 personnes", "en", "fr"),
    ("1,000 people", "1000 Menschen", "en", "de"),
    ("1,234,567.89", "1.234.567,89", "en", "es"),
    ("1,234.50", "1 234,50", "en", "pl"),
    ("1,000", "1’000", "en", "de-CH"),
    ("25 euros in 2026", "٢٥ يورو في ٢٠٢٦", "en", "ar"),
    ("1.5 and 1,500", "١٫٥ و ١٬٥٠٠", "en", "ar"),
    ("25 euros", "۲۵ یورو", "en", "fa"),
    ("by 6:00", "bis 6.00 Uhr", "en", "de"),
    ("by 6:00", "bis 6 Uhr", "en", "de"),
    ("by 6:00", "avant 6 h", "en", "fr"),
    ("by 6:00", "avant 6h00", "en", "fr"),
    ("at 6:30", "à 6 h 30", "en", "fr"),
    ("at 6:30", "um 06.30", "en", "de"),
    ("at 6:30 p.m.", "um 18:30 Uhr", "en", "de"),
    ("at 6 pm", "à 18 h", "en", "fr"),
    ("from 9:00 to 18:00", "9点至18点", "en", "zh-hans"),
    ("at 9:30", "9点半", "en", "zh-hans"),
    ("on 12 May 2026", "2026年5月12日", "en", "zh-hans"),
    ("on 12 May 2026", "am 12.5.2026", "en", "de"),
    ("2026-05-12", "12.05.2026", "en", "de"),
    ("within five working days", "在5个工作日内", "en", "zh-hans"),
    ("within 5 days", "binnen fünf Tagen", "en", "de"),
    ("the 1st of 3", "le 1er de 3", "en", "fr"),
    ("½ litre", "½ Liter", "en", "de"),
    ("call 0555 0100 2200", "0555-0100-2200", "en", "de"),
    ("version 1.2.3", "Version 1.2.3", "en", "de"),
]
OTHER = [
    ("It costs 25 euros", "Das kostet 35 Euro", "en", "de"),
    ("It costs 25 euros", "Das kostet Euro", "en", "de"),
    ("It costs euros", "Das kostet 25 Euro", "en", "de"),
    ("25 and 25", "25", "en", "de"),
    ("1,000 people", "1,000 Menschen", "en", "de"),
    ("1.5 litres", "15 Liter", "en", "de"),
    ("1.50 euros", "150 Euro", "en", "de"),
    ("at 6:30", "um 6 Uhr", "en", "de"),
    ("at 6:30", "um 7.30 Uhr", "en", "de"),
    ("at 6 am", "à 18 h", "en", "fr"),
    ("on 12 May", "6月12日", "en", "zh-hans"),
    ("five days", "6天", "en", "zh-hans"),
    ("call 0555 0100 2200", "0555 0100 2201", "en", "de"),
    ("call 0555 0100 2200", "rufen Sie an", "en", "de"),
    ("2 of 3", "3 von 3", "en", "de"),
]


@pytest.mark.parametrize(("source", "target", "source_locale", "target_locale"), SAME)
def test_the_same_numbers_written_otherwise_agree(
    source: str, target: str, source_locale: str, target_locale: str
) -> None:
    assert agree(source, target, source_locale, target_locale)
    assert agree(target, source, target_locale, source_locale)


@pytest.mark.parametrize(("source", "target", "source_locale", "target_locale"), OTHER)
def test_other_numbers_do_not_agree(source: str, target: str, source_locale: str, target_locale: str) -> None:
    assert not agree(source, target, source_locale, target_locale)
    assert not agree(target, source, target_locale, source_locale)


@given(st.text(), st.sampled_from(["en", "de", "fr", "ar", "zh-hans", "xx", ""]))
def test_a_text_agrees_with_itself(text: str, locale: str) -> None:
    assert agree(text, text, locale, locale)


@given(st.lists(st.integers(13, 10**6), max_size=6), st.randoms(use_true_random=False))
def test_numbers_in_another_order_agree_and_one_changed_does_not(values: list[int], random: object) -> None:
    source = " and ".join(str(value) for value in values)
    random.shuffle(values)  # type: ignore[attr-defined]
    assert agree(source, " und ".join(str(value) for value in values), "en", "de")
    if values:
        assert not agree(source, " und ".join(str(value + (n == 0)) for n, value in enumerate(values)), "en", "de")


@given(st.text(alphabet="0123456789.,: '’h\u00a0٣½年点pmA", max_size=40), st.sampled_from(["en", "de", "fr", "zh"]))
def test_any_run_of_digits_and_signs_can_be_read(text: str, locale: str) -> None:
    assert all(required(text, locale))


def test_addresses_and_placeholders_hold_no_numbers_of_the_text() -> None:
    assert required("[1] {0} https://a.example/2026 a1@b.example `42`", "en") == []


@pytest.mark.parametrize("piece", ["1", "1 ", "1.", "1,000", "12:30 ", "1 000 ", "½"])
def test_a_page_of_figures_takes_no_time(piece: str) -> None:
    begin = time.perf_counter()
    text = piece * (20_000 // len(piece))
    assert agree(text, text + " 7", "en", "de") is False
    assert time.perf_counter() - begin < 60


def test_a_capital_with_a_dot_is_the_small_one_of_its_word() -> None:
    assert optional("İki gün, İKI gün, iki gün", "tr") == [frozenset({"2"})] * 3
    assert agree("2 days", "İki gün", "en", "tr")
