"""Memory before machine, one call for all, and nothing shown that a check refused."""

from collections.abc import Callable, Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.translation.test_protection import KEEP
from translation import numerals, protection
from translation.engine import FakeEngine
from translation.pipeline import translate
from translation.types import LanguagePair, Origin, SegmentResult, Term, Unit

EN_DE = LanguagePair("en", "de")


class Scripted(FakeEngine):
    """Says what a function makes of a text."""

    def __init__(self, say: Callable[[str], str]) -> None:
        super().__init__()
        self.say = say

    def translate(self, texts: Sequence[str], pair: LanguagePair) -> list[str]:
        super().translate(texts, pair)
        return [self.say(text) for text in texts]


def memory(**units: str) -> Callable[[Sequence[str]], Mapping[str, Unit]]:
    return lambda texts: {text: Unit(text, units[text], True, "ctx") for text in texts if text in units}


def run(segments: Sequence[str], engine: FakeEngine | None = None, **options: object) -> list[SegmentResult]:
    return translate(segments, pair=EN_DE, engine=engine, lookup=memory(), **options)  # type: ignore[arg-type]


def test_the_engine_is_called_once_for_the_distinct_segments_that_memory_lacks() -> None:
    engine = FakeEngine()
    results = translate(["Hello", "Known", "World", "Hello"], pair=EN_DE, engine=engine, lookup=memory(Known="Bekannt"))
    assert (engine.calls, engine.texts) == (1, ["Hello", "World"])
    assert [(r.text, r.origin) for r in results] == [
        ("[de] Hello", Origin.MACHINE), ("Bekannt", Origin.HUMAN), ("[de] World", Origin.MACHINE),
        ("[de] Hello", Origin.MACHINE),
    ]  # fmt: skip


def test_segments_that_differ_only_in_what_is_masked_cost_one_translation() -> None:
    engine = FakeEngine()
    results = run(["Write to a@b.example", "Write to c@d.example"], engine)
    assert engine.texts == ["Write to ⟦0⟧"]
    assert [r.text for r in results] == ["[de] Write to a@b.example", "[de] Write to c@d.example"]


def test_nothing_missing_means_no_call() -> None:
    engine = FakeEngine()
    assert run([], engine) == []
    translate(["Known"], pair=EN_DE, engine=engine, lookup=memory(Known="Bekannt"))
    assert engine.calls == 0


def test_what_has_no_words_stands_as_it_is() -> None:
    engine = FakeEngine()
    results = run(["25", "https://a.example/b", "0555 0100 2200", "…", "[1]", ""], engine)
    assert [(r.text, r.origin) for r in results] == [(r.source, Origin.MEMORY) for r in results]
    assert engine.calls == 0


def test_a_bare_number_that_the_other_language_writes_otherwise_goes_to_the_engine() -> None:
    assert run(["1,000"], Scripted(lambda text: "1.000"))[0].text == "1.000"


def test_the_context_of_a_unit_counts() -> None:
    results = translate(["A", "A"], pair=EN_DE, engine=None, lookup=memory(A="B"), contexts=["ctx", "other"])
    assert [result.score for result in results] == [101.0, 100.0]


def test_a_persons_unit_is_never_questioned() -> None:
    result = translate(["Pay 25 euros"], pair=EN_DE, engine=None, lookup=memory(**{"Pay 25 euros": "nix"}))[0]
    assert (result.text, result.origin, result.verdict) == ("nix", Origin.HUMAN, "")


@pytest.mark.parametrize("engine", [None, FakeEngine([LanguagePair("en", "fr")])])
def test_without_an_engine_for_the_pair_the_source_is_shown_as_unsupported(engine: FakeEngine | None) -> None:
    result = run(["Hello there"], engine)[0]
    assert (result.text, result.origin, result.verdict) == ("Hello there", Origin.SOURCE, "unsupported")


def test_a_lost_placeholder_or_a_failed_check_shows_the_source_and_keeps_the_attempt() -> None:
    lost = run(["See www.a.org now"], Scripted(lambda text: "Siehe"))[0]
    assert (lost.text, lost.origin, lost.verdict, lost.attempt) == (
        "See www.a.org now", Origin.SOURCE, "parity:placeholders", "Siehe",
    )  # fmt: skip
    wrong = run(["Pay 25 euros"], Scripted(lambda text: "Zahlen Sie 52 Euro"))[0]
    assert (wrong.text, wrong.verdict, wrong.attempt) == ("Pay 25 euros", "parity:numbers", "Zahlen Sie 52 Euro")


def test_terms_are_kept_and_others_reported() -> None:
    terms = [Term("Larkmouth", "", "keep"), Term("bin", "Tonne", "preferred")]
    engine = FakeEngine()
    result = run(["A bin in Larkmouth"], engine, terms=terms)[0]
    assert engine.texts == ["A bin in ⟦0⟧"]
    assert (result.text, result.problems) == ("[de] A bin in Larkmouth", ("“bin” should be “Tonne”",))


PIECES = [
    "the bin", "Larkmouth", "25", "1,000", "6:00", "0555 0100 2200", "https://a.example/b?c=1", "a@b.example", "[1]", "{name}",
    "`rm`", "<b>", "costs", "日", "⟦3⟧",
]  # fmt: skip
CUTS = st.lists(
    st.tuples(st.integers(0, 200), st.integers(0, 4), st.sampled_from(["", "7", "⟦0⟧", " ", "[2]", "/x", "a", "@"])),
    max_size=4,
)


@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=8), CUTS)
def test_no_number_address_or_mark_is_lost_added_or_changed_whatever_the_engine_says(
    pieces: list[str], cuts: list[tuple[int, int, str]]
) -> None:
    def say(text: str) -> str:
        for at, length, put in cuts:
            at %= len(text) + 1
            text = text[:at] + put + text[at + length :]
        return text

    segment = " ".join(pieces)
    result = run([segment], Scripted(say), terms=KEEP)[0]
    assert protection.protected(result.text) == protection.protected(segment)
    locale = "de" if result.origin == Origin.MACHINE else "en"
    assert numerals.agree(segment, result.text, "en", locale)
    if result.verdict:
        assert (result.text, result.origin) == (segment, Origin.SOURCE)


@given(st.lists(st.text(), max_size=5))
def test_any_text_comes_through_with_one_result_each(segments: list[str]) -> None:
    results = run(segments, FakeEngine())
    assert [result.source for result in results] == segments
