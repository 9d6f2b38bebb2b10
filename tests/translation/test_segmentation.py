"""Texts fall into sentences and come back whole; marks never reach a translator."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from translation.segmentation import Segment, join, split

DEMO = Path(__file__).resolve().parents[2] / "demo"
LOCALES = ("en", "de", "fr", "es", "pl", "uk", "tr", "ar", "zh-hans", "ja", "th", "hi", "xx", "")
PIECES = st.sampled_from(
    [
        "# ",
        "## ",
        "- ",
        "* ",
        "1. ",
        "> ",
        "| ",
        " | ",
        "|---|",
        "[1]",
        " [1][2]",
        "[23] ",
        "\n",
        "\r\n",
        "\n\n",
        "```\n",
        "~~~",
        "Dr. ",
        "z. B. ",
        "e.g. ",
        "J. ",
        "A bin. ",
        "Wo? ",
        "你好。",
        "ما هذا؟ ",
        "Name: value; Price: 5",
        "\u2028",
        "\x0b",
        "\x1c",
        "\u00a0",
        "\u3000",
        "\t",
        "😀",
        "[x] ",
        "\\|",
        "#",
        '"',
        "»",
        "\ud800",
    ]
)
TEXTS = st.one_of(st.text(), st.lists(st.one_of(PIECES, st.text(max_size=5)), max_size=25).map("".join))


def texts(text: str, locale: str = "en") -> list[str]:
    return [segment.text for segment in split(text, locale) if segment.text]


@given(TEXTS, st.sampled_from(LOCALES))
@settings(max_examples=400, deadline=None)
def test_joined_segments_are_the_text(text: str, locale: str) -> None:
    assert join(split(text, locale)) == text


@given(TEXTS, st.sampled_from(LOCALES))
@settings(max_examples=400, deadline=None)
def test_a_segments_text_holds_neither_white_space_at_its_ends_nor_line_breaks_nor_marks_after_it(
    text: str, locale: str
) -> None:
    for segment in split(text, locale):
        assert segment.text == segment.text.strip()
        assert len(segment.text.splitlines()) <= 1
        assert not segment.text.endswith(tuple(f"[{n}]" for n in (1, 2, 23)))


@given(st.lists(st.sampled_from(["Bins are free.", "Is it open?", "Call us!"]), min_size=1, max_size=6), st.data())
def test_a_replaced_text_keeps_every_citation_mark_in_its_place(sentences: list[str], data: st.DataObject) -> None:
    marks = [data.draw(st.lists(st.integers(1, 99), max_size=2)) for _ in sentences]
    cited = [s + "".join(f" [{n}]" for n in m) for s, m in zip(sentences, marks, strict=True)]
    segments = split(" ".join(cited), "en")
    assert [segment.citations for segment in segments] == [tuple(m) for m in marks]
    translated = ["X." for _ in segments]
    expected = " ".join("X." + "".join(f" [{n}]" for n in m) for m in marks)
    assert join(segments, translated) == expected


def test_marks_of_headings_lists_and_quotes_are_not_text() -> None:
    text = "# Bins #\n\n- Grey. Yellow.\n  1. Paper\n> Quoted\n* [x] Done\n"
    assert texts(text) == ["Bins", "Grey.", "Yellow.", "Paper", "Quoted", "Done"]
    assert split("## Fees\n", "en") == [Segment("## ", "Fees", "\n")]


def test_cells_of_a_table_are_segments_and_its_rule_is_none() -> None:
    text = "| Bin | Cost |\n|:---|---:|\n| Grey. Large. | 5 \\| 6 euros |\n"
    assert texts(text) == ["Bin", "Cost", "Grey.", "Large.", "5 \\| 6 euros"]


def test_a_row_written_out_is_one_segment() -> None:
    row = "Office: No. 5 St. Anne; Open: 9 a.m. Closed on Sundays. Ring; Price: 25 euros."
    assert texts(row) == [row]


def test_code_fences_are_not_segments_and_open_ones_are_text() -> None:
    assert texts("Run this.\n```sh\nrm file. Now.\n~~~\n```\nDone.") == ["Run this.", "Done."]
    assert texts("```\nRun this. Now.") == ["Run this.", "Now."]


def test_abbreviations_and_ordinals_do_not_end_a_sentence() -> None:
    assert texts("Er kam am 3. Mai. Dann ging er z. B. heim.", "de") == [
        "Er kam am 3. Mai.",
        "Dann ging er z. B. heim.",
    ]
    assert texts("Ask Dr. Hill. Open from 9 a.m. to 5 p.m. daily.", "en") == [
        "Ask Dr. Hill.",
        "Open from 9 a.m. to 5 p.m. daily.",
    ]


def test_scripts_without_spaces_are_split_and_joined_for_languages_with_spaces() -> None:
    segments = split("你好。[1]今天很好！", "zh-hans")
    assert segments == [Segment("", "你好。", "[1]"), Segment("", "今天很好！", "")]
    assert join(segments, ["Hello.", "It is fine today!"], locale="en") == "Hello.[1] It is fine today!"
    assert join(segments, locale="zh-hans") == "你好。[1]今天很好！"


def test_marks_inside_a_sentence_stay_in_it() -> None:
    assert texts("The fee [1] is due. Pay.") == ["The fee [1] is due.", "Pay."]


def test_what_holds_no_letter_or_digit_is_no_text() -> None:
    assert texts("😀 !!!\n---\n***\n") == []


@pytest.mark.parametrize(
    "text", ["人。" * 50_000, "a. " * 33_000, " " * 100_000 + "x", "[1] " * 25_000, "|" * 100_000, "- " * 50_000, "(" * 100_000]
)  # fmt: skip
def test_a_hundred_thousand_signs_join_losslessly(text: str) -> None:
    assert join(split(text, "zh")) == text


def test_answers_of_the_demonstration_split_into_lines_of_its_list() -> None:
    lines = set((DEMO / "segments.en.txt").read_text(encoding="utf-8").splitlines())
    questions = yaml.safe_load((DEMO / "knowledge.yaml").read_text(encoding="utf-8"))["questions"]
    answers = [
        q["answer"][key] for q in questions if "answer" in q for key in ("text", "earlier_text") if key in q["answer"]
    ]
    assert answers
    assert [text for answer in answers for text in texts(answer) if text not in lines] == []


def test_each_line_of_that_list_is_one_segment_unless_it_is_a_question_with_its_reason() -> None:
    lines = (DEMO / "segments.en.txt").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if texts(line) != [line] and not line.endswith("?")] == []
