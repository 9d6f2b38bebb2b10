"""Passages: exact, complete, within sections and sentences, and stable when something else changes."""

import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval.chunking import MOST, TARGET, chunk, passage_keys, tokens
from retrieval.ingest.builder import DocumentBuilder
from retrieval.ingest.extract import extract
from retrieval.text import sentences
from retrieval.types import BlockKind, Chunk, Document, InvalidInput

Part = tuple[BlockKind, str, int]
LETSENCRYPT = Path(__file__).resolve().parents[3] / "shared" / "data" / "letsencrypt"
DEMO = Path(__file__).resolve().parents[2] / "demo" / "sources"


def made(parts: Sequence[Part]) -> Document:
    builder = DocumentBuilder("test.txt", 10_000_000)
    for kind, text, level in parts:
        if kind is BlockKind.HEADING:
            builder.heading(text, level)
        else:
            builder.add(kind, text, level)
    return builder.build(title="Test", media_type="text/plain")


def heading(text: str, level: int = 2) -> Part:
    return BlockKind.HEADING, text, level


def paragraph(text: str) -> Part:
    return BlockKind.PARAGRAPH, text, 0


def item(text: str) -> Part:
    return BlockKind.LIST_ITEM, text, 0


def prose(count: int, about: str = "bins") -> str:
    """`count` sentences of eight words, no two alike."""
    return " ".join(f"The rule number {number} about {about} says this." for number in range(count))


def texts(document: Document, locale: str = "en") -> list[str]:
    return [one.text for one in chunk(document, locale)]


def assert_lawful(document: Document, chunks: Sequence[Chunk]) -> None:
    """Exact offsets, order, no overlap, and every block but headings covered."""
    assert [one.ordinal for one in chunks] == list(range(len(chunks)))
    for one in chunks:
        assert document.text[one.start : one.end] == one.text
        assert one.text.strip()
    assert all(first.end <= second.start for first, second in pairwise(chunks))
    covered = bytearray(len(document.text))
    for one in chunks:
        covered[one.start : one.end] = b"\x01" * (one.end - one.start)
    for block in document.blocks:
        inside = document.text[block.start : block.end]
        shown = [bool(covered[block.start + place]) for place, letter in enumerate(inside) if not letter.isspace()]
        assert all(shown) == (block.kind is not BlockKind.HEADING) or not shown
        owners = [one for one in chunks if one.start < block.end and block.start < one.end]
        assert all(one.path == block.path for one in owners)


WORDS = st.text(alphabet="abc äß жд 中文。 กข .!?:- \n é́ 😀 ١٢", min_size=0, max_size=60)
LONG = st.builds(lambda word, count: f"{word or 'word'} more of it. " * count, WORDS, st.integers(1, 80))
PARTS = st.lists(
    st.tuples(st.sampled_from(list(BlockKind)), st.one_of(WORDS, LONG), st.integers(1, 6)), min_size=1, max_size=25
)


@given(PARTS, st.sampled_from(["en", "de", "zh-hans", "th", "ar", "xx"]))
@settings(max_examples=150, deadline=None)
def test_any_document_is_cut_lawfully(parts: list[Part], locale: str) -> None:
    try:
        document = made(parts)
    except InvalidInput:
        return  # nothing but white space
    chunks = chunk(document, locale)
    assert_lawful(document, chunks)
    keys = passage_keys(7, chunks)
    assert len(set(keys)) == len(keys)
    assert all(re.fullmatch(r"p7-[0-9a-f]{16}-\d+", key) for key in keys)


@given(PARTS, st.integers(0, 30), WORDS)
@settings(max_examples=100, deadline=None)
def test_an_edit_leaves_the_keys_of_other_sections_alone(parts: list[Part], place: int, new: str) -> None:
    place %= len(parts)
    if parts[place][0] is BlockKind.HEADING:
        return
    edited = [*parts[:place], (parts[place][0], f"Wholly new. {new}", parts[place][2]), *parts[place + 1 :]]
    try:
        before, after = made(parts), made(edited)
    except InvalidInput:
        return
    if {block.kind for block in before.blocks} != {block.kind for block in after.blocks}:
        return  # headings alone are content, so the first text of a document changes what headings are
    sections = heading_numbers(before), heading_numbers(after)
    touched = (
        0 if place == 0 else sum(kind is BlockKind.HEADING and bool(text.split()) for kind, text, _ in parts[:place])
    )
    kept = {tuple(one) for section, one in sections[0] if section != touched}
    assert kept <= {tuple(one) for _, one in sections[1]}


def heading_numbers(document: Document) -> list[tuple[int, tuple[tuple[str, ...], str]]]:
    """Each chunk's path and text, with how many headings stand before it."""
    starts = [block.start for block in document.blocks if block.kind is BlockKind.HEADING]
    return [(sum(start < one.start for start in starts), (one.path, one.text)) for one in chunk(document, "en")]


def fifty_sections(changed: int | None = None) -> Document:
    parts: list[Part] = [heading("Guide", 1)]
    for number in range(50):
        parts.append(heading(f"Section {number}"))
        for place in range(3):
            text = prose(9, f"topic {number} part {place}")
            parts.append(
                paragraph(f"Something else stands here now. {text}" if (number, place) == (changed, 1) else text)
            )
        parts += [item(f"Item {letter} of section {number}") for letter in "abc"]
    return made(parts)


@pytest.mark.parametrize("changed", [0, 17, 49])
def test_editing_one_paragraph_of_a_long_document_changes_one_passage(changed: int) -> None:
    before, after = (passage_keys(1, chunk(document, "en")) for document in (fifty_sections(), fifty_sections(changed)))
    assert len(before) == len(after) >= 150
    assert len(set(before) - set(after)) == len(set(after) - set(before)) == 1


def test_a_new_section_changes_no_other_passage() -> None:
    parts = [heading("A"), paragraph(prose(20, "a")), heading("C"), paragraph(prose(20, "c"))]
    with_b = [*parts[:2], heading("B"), paragraph("New here."), *parts[2:]]
    before, after = (passage_keys(1, chunk(made(some), "en")) for some in (parts, with_b))
    assert [key for key in after if key not in before] == [after[1]]
    assert set(before) <= set(after)


def test_a_growing_paragraph_does_not_move_the_passages_after_it() -> None:
    parts = [heading("A"), *(paragraph(prose(9, f"matter {number}")) for number in range(12))]
    longer = [*parts[:2], paragraph(prose(15, "matter 1")), *parts[3:]]
    before, after = (passage_keys(1, chunk(made(some), "en")) for some in (parts, longer))
    assert len(set(before) - set(after)) == 1


def test_equal_passages_under_equal_headings_have_keys_of_their_own() -> None:
    document = made([heading("Overrides"), paragraph("None."), heading("Overrides"), paragraph("None.")])
    first, second = passage_keys(3, chunk(document, "en"))
    assert first.removesuffix("-0") == second.removesuffix("-1")


def test_a_heading_counts_for_the_key() -> None:
    one, other = (made([heading(name), paragraph("Free.")]) for name in ("Buses", "Ferries"))
    assert passage_keys(1, chunk(one, "en")) != passage_keys(1, chunk(other, "en"))


def test_no_passage_reaches_over_a_heading() -> None:
    document = made([heading("A"), paragraph("Short."), heading("B"), paragraph("Also short.")])
    assert texts(document) == ["Short.", "Also short."]
    assert [one.path for one in chunk(document, "en")] == [("A",), ("B",)]


def test_short_paragraphs_of_a_section_are_one_passage() -> None:
    document = made([heading("A"), paragraph("One."), paragraph("Two."), item("Three")])
    assert texts(document) == ["One.\n\nTwo.\n\nThree"]


def test_a_short_rest_joins_the_passage_before_it() -> None:
    document = made([heading("A"), paragraph(prose(10)), paragraph("And this.")])
    assert texts(document) == [f"{prose(10)}\n\nAnd this."]


def test_a_paragraph_that_is_too_long_is_cut_between_sentences_into_like_parts() -> None:
    document = made([paragraph(prose(50))])
    chunks = chunk(document, "en")
    assert len(chunks) == 2
    assert abs(tokens(chunks[0].text) - tokens(chunks[1].text)) <= 16
    ends = {end for _, end in sentences(document.text, "en")}
    assert {one.end for one in chunks} <= ends


@pytest.mark.parametrize(
    ("locale", "sentence"),
    [("zh-hans", "城市每周收集厨余垃圾和花园垃圾一次。"), ("ar", "تجمع المدينة النفايات مرة كل أسبوع من كل بيت. "),
     ("de", "Die Stadt leert z. B. die braune Tonne am 3. März um ca. 6 Uhr. "), ("ja", "市は毎週ごみを集めます。")],
)  # fmt: skip
def test_no_passage_ends_inside_a_sentence_in_other_languages(locale: str, sentence: str) -> None:
    document = made([paragraph(sentence * 120)])
    chunks = chunk(document, locale)
    assert len(chunks) > 1
    assert all(one.text.startswith(sentence[:6]) and one.text.endswith(sentence.strip()[-4:]) for one in chunks)
    assert all(tokens(one.text) <= MOST for one in chunks)


def test_one_long_sentence_is_one_passage() -> None:
    sentence = "It goes on " + "and on " * 300 + "to here."
    assert texts(made([paragraph(f"Before. {sentence} After.")])) == ["Before.", sentence, "After."]


def test_a_text_without_any_end_is_still_cut() -> None:
    document = made([paragraph("word " * 20_000), paragraph("x" * 100_000)])
    chunks = chunk(document, "en")
    assert_lawful(document, chunks)
    assert max(len(one.text) for one in chunks) <= 20_000


def test_the_line_that_introduces_a_list_stays_with_it() -> None:
    parts = [
        heading("A"),
        paragraph(prose(9)),
        paragraph("You need these papers:"),
        *(item(prose(2, f"{n}")) for n in range(9)),
    ]
    chunks = texts(made(parts))
    assert chunks[0] == prose(9)
    assert chunks[1].startswith("You need these papers:\n\nThe rule")


def test_a_list_that_is_too_long_is_cut_between_items_and_keeps_its_first_line() -> None:
    parts = [paragraph("You need these papers:"), *(item(prose(5, f"paper {n}")) for n in range(20))]
    chunks = texts(made(parts))
    assert len(chunks) > 2
    assert chunks[0].startswith("You need these papers:\n\nThe rule number 0 about paper 0")
    assert all(one.startswith("The rule number 0") for one in chunks[1:])


def test_code_is_cut_between_lines() -> None:
    code = "\n".join(f"line {number} = value one two three four" for number in range(80))
    chunks = texts(made([(BlockKind.CODE, code, 0)]))
    assert len(chunks) > 1
    assert "\n".join(chunks) == code


def test_each_answer_of_a_question_table_is_a_passage() -> None:
    document = extract(b"question,answer\nOne?,First.\nTwo,Second.\nThree?,Third.\n", filename="faq.csv")
    assert [(one.path, one.text) for one in chunk(document, "en")] == [
        (("One?",), "First."), (("Two",), "Second."), (("Three?",), "Third."),
    ]  # fmt: skip


def test_the_size_of_a_text_means_the_same_in_every_script() -> None:
    assert tokens("Put your bins on the pavement by 6:00.") == 9
    assert 5 <= tokens("请在六点前把垃圾桶放在人行道上。") <= 10
    assert 4 <= tokens("กรุณานำถังขยะไปวางบนทางเท้า") <= 10
    assert tokens("쓰레기통을 인도에 두세요") == 3
    assert tokens("") == 0


@pytest.mark.parametrize("path", sorted(DEMO.iterdir()), ids=lambda path: path.name)
def test_the_demonstration_is_cut_lawfully(path: Path) -> None:
    document = extract(path.read_bytes(), filename=path.name, locale="en")
    chunks = chunk(document, "en")
    assert_lawful(document, chunks)
    assert all(tokens(one.text) <= MOST for one in chunks)


@pytest.mark.skipif(not LETSENCRYPT.is_dir(), reason="the shared documentation pages are not on this machine")
def test_real_documentation_is_cut_lawfully_and_to_size() -> None:
    sizes = []
    for path in sorted(LETSENCRYPT.glob("*.md")):
        if path.name != "_index.md":
            document = extract(path.read_bytes(), filename=path.name, locale="en")
            chunks = chunk(document, "en")
            assert_lawful(document, chunks)
            sizes += [tokens(one.text) for one in chunks]
    assert max(sizes) <= MOST
    assert TARGET <= sum(sizes) / len(sizes) <= 120
