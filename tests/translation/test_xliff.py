"""Translators' files, XLIFF and PO: what goes out comes back, and what is no such file says why."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translation.files import writable
from translation.po import InvalidPo, read_po, write_po
from translation.types import SegmentState, TranslationError, Work
from translation.xliff import InvalidXliff, read_xliff, standard_case, write_xliff

Writer, Reader = Callable[..., int], Callable[[Path], tuple[str, str, list[Work]]]
FORMATS = [pytest.param(write_xliff, read_xliff, id="xliff"), pytest.param(write_po, read_po, id="po")]
COST = 'A permit costs **30 euros** a year <b>today</b> & "tomorrow".'


@pytest.mark.parametrize(("write", "read"), FORMATS)
def test_what_goes_out_comes_back_with_its_state(write: Writer, read: Reader, tmp_path: Path) -> None:
    work = [
        Work("permit", COST, notes=("Question: What does it cost?", "Term: permit = Ausweis")),
        Work("pay", "Pay by card.", "Mit Karte zahlen.", SegmentState.TRANSLATED),
        Work("pay", "It is open.", "Es ist offen.", SegmentState.INITIAL),
    ]
    path = tmp_path / "de.file"
    assert write(path, work, "en", "zh-hans") == 3
    assert [p.name for p in tmp_path.glob("*de.file*")] == ["de.file"]
    assert read(path) == (
        "en", "zh-hans",
        [Work("permit", COST), Work("pay", "Pay by card.", "Mit Karte zahlen.", SegmentState.TRANSLATED),
         Work("pay", "It is open.", "Es ist offen.")],
    )  # fmt: skip


TEXT = st.text(min_size=1).map(lambda text: writable(text).replace("\r", " ").strip()).filter(bool)


@pytest.mark.parametrize(("write", "read"), FORMATS)
@given(pairs=st.dictionaries(TEXT, TEXT, min_size=1, max_size=4))
def test_any_text_comes_back_letter_by_letter(write: Writer, read: Reader, pairs: dict[str, str]) -> None:
    work = [Work("key", source, target, SegmentState.TRANSLATED) for source, target in pairs.items()]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.file"
        write(path, work, "en", "de")
        assert read(path)[2] == work


def xliff(
    path: Path, body: str, head: str = "", attributes: str = 'version="2.0" srcLang="en-GB" trgLang="zh-CN"'
) -> Path:
    name = "urn:oasis:names:tc:xliff:document:2.0"
    path.write_text(f'{head}<xliff xmlns="{name}" {attributes}><file id="f">{body}</file></xliff>', encoding="utf-8")
    return path


def test_what_another_tool_wrote_is_understood(tmp_path: Path) -> None:
    body = (
        '<group id="g"><unit id="u9"><segment state="final"><source>Press <pc id="1">OK</pc> now</source>'
        '<target>Drücken Sie <pc id="1">OK</pc></target></segment><ignorable><source> </source></ignorable>'
        '<segment state="translated"><source>Alone</source><target> </target></segment></unit></group>'
        '<unit id="v"><segment><source>Open</source><target>Offen</target></segment></unit>'
    )
    assert read_xliff(xliff(tmp_path / "a.xlf", body)) == (
        "en-gb", "zh-hans",
        [Work("u9", "Press OK now", "Drücken Sie OK", SegmentState.TRANSLATED), Work("u9", "Alone", " "),
         Work("v", "Open", "Offen")],
    )  # fmt: skip


ENTITY = '<!DOCTYPE xliff [<!ENTITY a "aaaaaaaa">]>'
UNIT = '<unit id="u"><segment><source>&a;</source></segment></unit>'


@pytest.mark.parametrize(
    ("body", "more", "said"),
    [
        ("", {"attributes": 'version="1.2"'}, "XLIFF 1.2; export it as XLIFF 2.0"),
        ("", {"attributes": 'version="2.0" srcLang="en"'}, "srcLang and trgLang"),
        (UNIT, {"head": ENTITY}, "declares entities"),
        ("<unit>", {}, "not well-formed XML: line 1"),
    ],
)
def test_an_xliff_that_cannot_be_taken_says_why(body: str, more: dict[str, Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidXliff, match=said):
        read_xliff(xliff(tmp_path / "a.xlf", body, **more))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "no entry"), (b"Hello, this is a letter.", "PO file"), (b"\xff\xfe", "not UTF-8"),
        (b'msgid ""\nmsgstr ""\n"X: y\\n"\n\nmsgid "A"\nmsgstr "B"\n', "does not say its language"),
    ],
)  # fmt: skip
def test_a_po_that_cannot_be_taken_says_why(data: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "a.po"
    path.write_bytes(data)
    with pytest.raises(InvalidPo, match=said):
        read_po(path)


def test_files_beyond_the_ceiling_or_gone_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("translation.po.MAX_PO_BYTES", 10)
    monkeypatch.setattr("translation.xliff.MAX_XLIFF_BYTES", 10)
    path = xliff(tmp_path / "a.xlf", "")
    for read in (read_po, read_xliff):
        with pytest.raises(TranslationError, match="Split it"):
            read(path)
        with pytest.raises(TranslationError, match="cannot be read: No such file"):
            read(tmp_path / "gone")


def test_obsolete_entries_and_the_header_are_no_work(tmp_path: Path) -> None:
    path = tmp_path / "a.po"
    path.write_text(
        'msgid ""\nmsgstr ""\n"Language: pt_BR\\n"\n"Content-Type: text/plain; charset=UTF-8\\n"\n\n'
        '#: key\n#, fuzzy\nmsgid "A"\nmsgstr "B"\n\n#~ msgid "Old"\n#~ msgstr "Alt"\n', encoding="utf-8",
    )  # fmt: skip
    assert read_po(path) == ("", "pt-br", [Work("key", "A", "B")])


def test_tags_are_written_as_is_usual() -> None:
    assert [standard_case(tag) for tag in ("zh-hans", "pt-br", "de", "zh-hant-hk")] == [
        "zh-Hans",
        "pt-BR",
        "de",
        "zh-Hant-HK",
    ]
