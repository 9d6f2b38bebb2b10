"""Units are found again however they are spaced; TMX comes in safely and goes out whole."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translation import memory
from translation.memory import InvalidTmx, Memory, locale_tag, read_tmx, unit_hash, with_numbers_of, write_tmx
from translation.types import Match, Unit


def unit(source: str, target: str, human: bool = True, context: str = "") -> Unit:
    return Unit(source, target, human, context)


def tmx(path: Path, body: str, head: str = "", srclang: str = "en") -> Path:
    path.write_text(
        f'<?xml version="1.0"?>{head}<tmx version="1.4"><header srclang="{srclang}"/><body>{body}</body></tmx>',
        encoding="utf-8",
    )
    return path


def tu(attributes: str = "", **texts: str) -> str:
    variants = "".join(
        f'<tuv xml:lang="{tag.replace("_", "-")}"><seg>{text}</seg></tuv>' for tag, text in texts.items()
    )
    return f"<tu {attributes}>{variants}</tu>"


def test_a_unit_is_found_by_its_words_not_by_its_white_space() -> None:
    assert unit_hash(" a  cafe\u0301\n") == unit_hash("a café")
    assert unit_hash("a") != unit_hash("A")
    assert len(unit_hash("\ud800")) == 64


@given(st.text())
def test_the_hash_of_the_canonical_text_is_the_hash_of_the_text(text: str) -> None:
    assert unit_hash(memory.canonical(text)) == unit_hash(text)


def test_a_match_in_context_scores_101_and_a_person_goes_before_a_machine() -> None:
    units = [unit("Open", "Offen", human=False), unit("Open", "Öffnen", context="c"), unit("Open", "Geöffnet")]
    assert Memory(units).match("Open") == Match(units[1], 100.0)
    assert Memory(units).match("Open", "c") == Match(units[1], 101.0)
    assert Memory(units[::2]).match(" Open", "d") == Match(units[2], 100.0)
    assert Memory(units).match("Closed") is None


def test_fuzzy_matches_come_best_first_above_the_threshold() -> None:
    found = Memory([unit("The bin is full", "A"), unit("The bins are full", "B"), unit("Ferries", "C")])
    assert [(m.unit.target, m.score >= 75) for m in found.fuzzy("The bin is full.")] == [("A", True), ("B", True)]
    assert found.fuzzy("The bin is full")[0].score == 100.0
    assert found.fuzzy("Nothing like it at all") == []


def test_other_numbers_lower_the_score_and_are_carried_over_where_that_is_safe() -> None:
    found = Memory([unit("It costs 25 euros.", "Das kostet 25 Euro.")])
    match = found.fuzzy("It costs 35 euros.")[0]
    same = Memory([unit("It costs 2a euros.", "x")]).fuzzy("It costs 2b euros.")[0]
    assert match.adapted == "Das kostet 35 Euro."
    assert match.score == pytest.approx(same.score - memory.OTHER_NUMBERS)


@pytest.mark.parametrize(
    ("source", "target", "segment"),
    [
        ("It costs 25 euros.", "Das kostet 25 Euro.", "They cost 35 euros."),
        ("From 5 to 5.", "Von 5 bis 5.", "From 5 to 6."),
        ("It costs 5 euros.", "Das kostet fünf Euro.", "It costs 6 euros."),
        ("It has 1 or 2.", "Es hat 1, 2 oder 1.", "It has 3 or 2."),
        ("It has 1000.", "Es hat 1000.", "It has 1,000."),
    ],
)
def test_numbers_that_cannot_be_placed_are_not_guessed(source: str, target: str, segment: str) -> None:
    assert with_numbers_of(segment, unit(source, target)) == ""


@given(st.lists(st.tuples(st.text(min_size=1), st.text(min_size=1)), max_size=5))
def test_what_is_written_is_read_again(rows: list[tuple[str, str]]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.tmx"
        assert write_tmx(path, rows, "en", "zh-hans") == len(rows)
        assert [p.name for p in Path(folder).iterdir()] == ["a.tmx"]
        clean = [tuple(memory._writable(text).strip() for text in row) for row in rows]
        assert list(read_tmx(path)) == [("en", "zh-hans", *row) for row in clean if all(row)]


def test_languages_are_normalised_and_the_source_is_the_declared_one(tmp_path: Path) -> None:
    body = tu(zh_CN="你好", EN_us="Hello", de="Hallo") + tu(de="Gut", en="Good") + tu('srclang="de"', en="Yes", de="Ja")
    rows = list(read_tmx(tmx(tmp_path / "a.tmx", body, srclang="de")))
    assert rows == [
        ("de", "zh-hans", "Hallo", "你好"), ("de", "en-us", "Hallo", "Hello"), ("de", "en", "Gut", "Good"),
        ("de", "en", "Ja", "Yes"),
    ]  # fmt: skip
    assert [locale_tag(tag) for tag in ("zh_CN", "zh", "ZH-TW", "zh-Hans-CN", "pt_BR", "iw")] == [
        "zh-hans", "zh-hans", "zh-hant", "zh-hans", "pt-br", "he",
    ]  # fmt: skip


def test_only_the_segment_is_read_with_its_inline_codes(tmp_path: Path) -> None:
    body = (
        '<tu><note>n</note><tuv xml:lang="en"><prop type="x">p</prop><seg>Press <bpt i="1">&lt;b&gt;</bpt>OK</seg></tuv>'
        '<tuv xml:lang="de"><seg>OK drücken</seg></tuv><tuv xml:lang="fr"><seg> </seg></tuv></tu>' + tu(en="Alone")
    )
    assert list(read_tmx(tmx(tmp_path / "a.tmx", body))) == [("en", "de", "Press <b>OK", "OK drücken")]


ENTITY = '<!DOCTYPE tmx [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>'
EXTERNAL = '<!DOCTYPE tmx [<!ENTITY x SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize("head", [ENTITY, EXTERNAL])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_are_refused_in_any_encoding(head: str, encoding: str, tmp_path: Path) -> None:
    text = f'<?xml version="1.0" encoding="{encoding}"?>{head}<tmx version="1.4"><header/><body/></tmx>'
    path = tmp_path / "a.tmx"
    path.write_bytes(text.encode(encoding))
    with pytest.raises(InvalidTmx, match=r"a\.tmx declares entities"):
        read_tmx(path)


def test_the_usual_document_type_is_accepted_and_not_fetched(tmp_path: Path) -> None:
    path = tmx(tmp_path / "a.tmx", tu(en="Hi", de="Hallo"), head='<!DOCTYPE tmx SYSTEM "http://127.0.0.1:9/tmx14.dtd">')
    assert list(read_tmx(path)) == [("en", "de", "Hi", "Hallo")]


def test_faults_are_named_with_their_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "broken.tmx"
    path.write_text("<tmx>\n<body>\n<tu></body>\n</tmx>")
    with pytest.raises(InvalidTmx, match=r"broken\.tmx is not well-formed XML: line 3"):
        read_tmx(path)
    path.write_text("<html/>")
    with pytest.raises(InvalidTmx, match="root is <html>"):
        read_tmx(path)
    path.write_bytes(b"")
    with pytest.raises(InvalidTmx, match="line 1"):
        read_tmx(path)
    path.write_bytes(b'<?xml version="1.0" encoding="no-such"?><tmx/>')
    with pytest.raises(InvalidTmx, match=r"broken\.tmx"):
        read_tmx(path)
    with pytest.raises(InvalidTmx, match="cannot be read"):
        read_tmx(tmp_path / "none.tmx")
    monkeypatch.setattr(memory, "MAX_TMX_BYTES", 10)
    with pytest.raises(InvalidTmx, match="ceiling"):
        read_tmx(tmx(tmp_path / "a.tmx", ""))
