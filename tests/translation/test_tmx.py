"""TMX comes in safely and piece by piece, and goes out whole."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translation.files import locale_tag, writable
from translation.tmx import InvalidTmx, read_tmx, write_tmx


def written(path: Path, body: str, head: str = "", srclang: str = "en") -> Path:
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


@given(st.lists(st.tuples(st.text(min_size=1), st.text(min_size=1)), max_size=5))
def test_what_is_written_is_read_again(rows: list[tuple[str, str]]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.tmx"
        assert write_tmx(path, rows, "en", "zh-hans") == len(rows)
        assert [p.name for p in Path(folder).iterdir()] == ["a.tmx"]
        clean = [tuple(writable(text).strip() for text in row) for row in rows]
        assert list(read_tmx(path)) == [("en", "zh-hans", *row) for row in clean if all(row)]


def test_languages_are_normalised_and_the_source_is_the_declared_one(tmp_path: Path) -> None:
    body = tu(zh_CN="你好", EN_us="Hello", de="Hallo") + tu(de="Gut", en="Good") + tu('srclang="de"', en="Yes", de="Ja")
    rows = list(read_tmx(written(tmp_path / "a.tmx", body, srclang="de")))
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
    assert list(read_tmx(written(tmp_path / "a.tmx", body))) == [("en", "de", "Press <b>OK", "OK drücken")]


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
    path = written(
        tmp_path / "a.tmx", tu(en="Hi", de="Hallo"), head='<!DOCTYPE tmx SYSTEM "http://127.0.0.1:9/tmx14.dtd">'
    )
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
    monkeypatch.setattr("translation.tmx.MAX_TMX_BYTES", 10)
    with pytest.raises(InvalidTmx, match="ceiling"):
        read_tmx(written(tmp_path / "a.tmx", ""))


def test_what_is_said_about_a_pair_comes_back_with_it(tmp_path: Path) -> None:
    rows = [("One.", "Eins.", {"x-origin": "machine", "x-engine": "a & b"}), ("Two.", "Zwei.", {}), ("Three.", "Drei.")]
    path = tmp_path / "memory.tmx"
    assert write_tmx(path, rows, "en", "de") == 3
    assert [(row[2], dict(said)) for row, said in read_tmx(path).described()] == [
        ("One.", {"x-origin": "machine", "x-engine": "a & b"}), ("Two.", {}), ("Three.", {}),
    ]  # fmt: skip
    assert list(read_tmx(path)) == [
        ("en", "de", "One.", "Eins."),
        ("en", "de", "Two.", "Zwei."),
        ("en", "de", "Three.", "Drei."),
    ]
