"""TBX: a glossary goes out and comes back as it was; other programs' files, of both versions, are understood."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translation.files import writable
from translation.tbx import InvalidTbx, read_tbx, write_tbx
from translation.types import TermRow

ROWS = [
    TermRow("en", "permit", "de", "Ausweis", "preferred", False, "of residents & guests"),
    TermRow("en", "permit", "de", "Erlaubnis", "forbidden", True),
    TermRow("en", "Larkmouth", "", "", "keep", True),
    TermRow("en", "Pier", "zh-hans", "", "keep"),
    TermRow("de", "Hafen", "ar", "ميناء", "preferred"),
]


def test_what_goes_out_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "g.tbx"
    assert write_tbx(path, ROWS, "en") == 5
    assert read_tbx(path, "en") == ROWS


WORD = st.text(min_size=1).map(lambda text: " ".join(writable(text).split())).filter(bool)


@given(term=WORD, translation=WORD, note=WORD)
def test_any_term_comes_back_letter_by_letter(
    term: str, translation: str, note: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("tbx") / "g.tbx"
    rows = [TermRow("en", term, "fr", translation, "preferred", False, note)]
    write_tbx(path, rows, "en")
    assert read_tbx(path, "en") == rows


VERSION_3 = """<tbx xmlns="urn:iso:std:iso:30042:ed-2" type="TBX-Basic" xml:lang="en"><text><body>
<conceptEntry id="c1"><langSec xml:lang="en"><termSec><term>permit</term></termSec></langSec>
<langSec xml:lang="de"><termSec><term>Ausweis</term></termSec>
<termSec><term>Erlaubnis</term><termNote type="administrativeStatus">supersededTerm-admn-sts</termNote></termSec></langSec>
<langSec xml:lang="zh-CN"><termSec><term>许可证</term></termSec></langSec></conceptEntry>
<conceptEntry id="c2"><langSec xml:lang="en"><termSec><term>alone</term></termSec></langSec></conceptEntry>
</body></text></tbx>"""
NESTED = """<martif type="TBX"><text><body><termEntry>
<langSet xml:lang="fr"><ntig><termGrp><term>permis</term></termGrp></ntig>
</langSet><langSet xml:lang="en"><ntig><termGrp><term>permit</term></termGrp></ntig></langSet>
</termEntry></body></text></martif>"""


def test_other_programs_files_are_understood(tmp_path: Path) -> None:
    path = tmp_path / "g.tbx"
    path.write_text(VERSION_3, encoding="utf-8")
    assert read_tbx(path, "de") == [
        TermRow("en", "permit", "de", "Ausweis", "preferred"), TermRow("en", "permit", "de", "Erlaubnis", "forbidden"),
        TermRow("en", "permit", "zh-hans", "许可证", "preferred"),
    ]  # fmt: skip
    path.write_text(NESTED, encoding="utf-8")
    assert read_tbx(path, "en") == [TermRow("en", "permit", "fr", "permis", "preferred")]
    assert read_tbx(path, "pl") == [TermRow("fr", "permis", "en", "permit", "preferred")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<tmx/>", "is no MARTIF file"), ("<martif>", "not well-formed XML: line 1"),
        ('<!DOCTYPE martif [<!ENTITY a "aaa">]><martif>&a;</martif>', "declares entities"),
    ],
)  # fmt: skip
def test_what_is_no_tbx_says_why(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "g.tbx"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidTbx, match=said):
        read_tbx(path, "en")
