"""Words that stand for one of a few are read by their value, in nine languages."""

import pytest

from faq.composition.figures import figures


@pytest.mark.parametrize(
    ("locale", "text", "values"),
    [
        ("en", "Pay within twenty days, on Monday or in July.", {"20", "day 0", "month 7"}),
        ("de", "Zahlen Sie in zwanzig Tagen, am Montag oder im Juli.", {"20", "day 0", "month 7"}),
        ("fr", "Payez dans vingt jours, lundi ou en juillet.", {"20", "day 0", "month 7"}),
        ("es", "Pague en veinte días, el lunes o en julio.", {"20", "day 0", "month 7"}),
        ("pl", "Prosimy zapłacić w poniedziałku, w środę lub w lipcu: dwadzieścia.", {"20", "day 0", "day 2", "month 7"}),
        ("uk", "Сплатіть у понеділок або в липні: двадцять.", {"20", "day 0", "month 7"}),
        ("tr", "Pazartesi günü ya da Temmuz'da yirmi gün.", {"20", "day 0", "month 7"}),
        ("ar", "ادفع خلال عشرين يوما، يوم الاثنين أو في يوليو", {"20", "day 0", "month 7"}),
        ("zh-hans", "请在二十天内、星期一或七月付款", {"20", "day 0", "month 7"}),
    ],
)  # fmt: skip
def test_one_value_in_every_language(locale: str, text: str, values: set[str]) -> None:
    assert figures(text, locale) == values


@pytest.mark.parametrize(
    ("locale", "text"),
    [
        ("en", "You may march on; one second."),
        ("en", "May I apply?"),
        ("de", "Es gibt eine Karte."),
        ("tr", "Altında bir şey var."),
        ("zh-hans", "统一规定十分重要"),
        ("xx", "seven"),
    ],
)
def test_a_word_with_another_meaning_has_no_value(locale: str, text: str) -> None:
    assert figures(text, locale) == frozenset()


def test_may_is_a_month_with_a_capital_within_a_sentence() -> None:
    assert figures("Closed in May.", "en") == {"month 5"}
