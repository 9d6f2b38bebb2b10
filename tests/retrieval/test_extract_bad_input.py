"""Bad input: each refusal names the file and says what to do, in bounded time; odd encodings are recognised."""

import contextlib
import io
import os
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pypdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reportlab.pdfgen import canvas

from retrieval.ingest.extract import extract
from retrieval.types import InvalidInput

DEMO = Path(__file__).resolve().parents[2] / "demo" / "sources"


def encrypted_pdf() -> bytes:
    writer, data = pypdf.PdfWriter(clone_from=pypdf.PdfReader(DEMO / "fees.pdf")), io.BytesIO()
    writer.encrypt("secret", algorithm="AES-256")
    writer.write(data)
    return data.getvalue()


def scanned_pdf() -> bytes:
    data = io.BytesIO()
    page = canvas.Canvas(data)
    page.rect(10, 10, 300, 300, fill=1)
    page.save()
    return data.getvalue()


def packed(*parts: tuple[str, bytes]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in parts:
            archive.writestr(name, content)
    return data.getvalue()


def many_parts() -> bytes:
    return packed(*((f"p{number}", b"") for number in range(6000)))


def formula_workbook() -> bytes:
    workbook, data = openpyxl.Workbook(), io.BytesIO()
    for row in (("question", "answer"), ("How much?", "=1+1")):
        workbook.active.append(row)
    workbook.save(data)
    return data.getvalue()


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
ENTITY = b'<!DOCTYPE a [<!ENTITY x "lol">]><a>&x;</a>'


@pytest.mark.parametrize(
    ("name", "make", "advice"),
    [
        ("locked.pdf", encrypted_pdf, "password"),
        ("scan.pdf", scanned_pdf, "OCR"),
        ("cut.pdf", lambda: (DEMO / "fees.pdf").read_bytes()[:900], "Save or export it again"),
        ("noise.pdf", lambda: b"%PDF-1.7\n" + os.urandom(3000), "Save or export it again"),
        ("program.txt", lambda: b"\x7fELF" + os.urandom(5000), "a program"),
        ("noise.txt", lambda: bytes(range(256)) * 20, "binary data"),
        ("noise.md", lambda: os.urandom(5000), "binary data"),
        ("picture.txt", lambda: b"\x89PNG\r\n\x1a\n" + bytes(100), "PNG"),
        ("really-pdf.txt", lambda: b"%PDF-1.4 text", "ending .pdf"),
        ("empty.txt", lambda: b"", "empty"),
        ("zeros.txt", lambda: bytes(10_000), "empty"),
        ("blank.md", lambda: b"\xef\xbb\xbf \n\n", "empty"),
        ("only-front.md", lambda: b"---\ntitle: X\n---\n\n{{< index >}}\n", "no text"),
        ("app.html", lambda: b"<html><head><title>App</title></head><body><div id=root></div><script>x</script></body></html>", "no text"),  # noqa: E501
        ("menu.html", lambda: b"<html><body><nav><ul><li>Home</li></ul></nav></body></html>", "no text"),
        ("deep.html", lambda: b"<main>" + b"<div>" * 50_000 + b"text", "nested too deeply"),
        ("huge.pdf", lambda: bytes(200_000_000), "too large (200 MB; at most 50 MB)"),
        ("bomb.docx", lambda: packed(("word/document.xml", b" " * 90_000_000)), "unpacks to far more"),
        ("bomb.xlsx", lambda: packed(("xl/workbook.xml", b" " * 90_000_000)), "unpacks to far more"),
        ("media-bomb.docx", lambda: packed(("word/document.xml", b"<a/>"), ("word/media/a.bin", bytes(50_000_000))), "unpacks to far more"),  # noqa: E501
        ("many.docx", many_parts, "parts"),
        ("entities.docx", lambda: packed(("word/document.xml", ENTITY)), "entities"),
        ("entities16.docx", lambda: packed(("word/document.xml", ENTITY.decode().encode("utf-16"))), "entities"),
        ("broken.docx", lambda: packed(("word/document.xml", b"<a><b>")), "damaged"),
        ("other.docx", lambda: packed(("xl/workbook.xml", b"<a/>")), "not a DOCX"),
        ("noise.docx", lambda: os.urandom(3000), "damaged"),
        ("locked.docx", lambda: OLE, "without a password"),
        ("locked.xlsx", lambda: OLE, "without a password"),
        ("old.doc", lambda: OLE, "Save it as DOCX"),
        ("old.xls", lambda: OLE, "XLSX or CSV"),
        ("song.mp3", lambda: b"ID3" + os.urandom(100), "not read"),
        ("data.json", lambda: b"{}", "not read"),
        ("wrong.csv", lambda: b"Frage,Antwort\na,b\n", "“question” and “answer”"),
        ("half.csv", lambda: b"Question;Text\na;b\n", "the column “answer”"),
        ("header.csv", lambda: b"question,answer\n", "no rows"),
        ("blank.csv", lambda: b",,\n,,\n", "empty"),
        ("unanswered.csv", lambda: b"question,answer\na,\nb,\n", "row 2"),
        ("quote.csv", lambda: b'question,answer\n"' + b"a" * 500_000, "CSV"),
        ("wide.csv", lambda: b"question,answer\n" + b"a," * 5000, "columns"),
        ("long.csv", lambda: b"question,answer\n" + b"a,b\n" * 60_000, "more than 50,000 rows"),
        ("formulas.xlsx", formula_workbook, "open the file in a spreadsheet program and save it"),
        ("broken.xlsx", lambda: packed(("xl/workbook.xml", b"<a>")), "damaged"),
        ("broken16.txt", lambda: b"\xff\xfea", "broken"),
    ],
)  # fmt: skip
def test_bad_files_are_refused_by_name_with_advice(name: str, make: Callable[[], bytes], advice: str) -> None:
    data = make()
    began = time.monotonic()
    with pytest.raises(InvalidInput) as caught:
        extract(data, filename=name)
    assert time.monotonic() - began < 60
    assert str(caught.value).startswith(f"{name}: ")
    assert advice in str(caught.value)


def test_a_pdf_that_only_forbids_printing_is_read() -> None:
    writer, data = pypdf.PdfWriter(clone_from=pypdf.PdfReader(DEMO / "fees.pdf")), io.BytesIO()
    writer.encrypt("", owner_password="secret", algorithm="AES-256")
    writer.write(data)
    assert extract(data.getvalue(), filename="a.pdf").title == "Fees and discounts 2026"


def test_the_ceilings_can_be_set() -> None:
    page = (DEMO / "fees.pdf").read_bytes()
    for ceiling in ({"max_bytes": 100}, {"max_characters": 100}, {"max_pages": 0}):
        with pytest.raises(InvalidInput, match=r"fees\.pdf"):
            extract(page, filename="fees.pdf", **ceiling)
    for name in ("a.txt", "a.md", "a.html"):
        with pytest.raises(InvalidInput, match="characters"):
            extract(b"word " * 1000, filename=name, max_characters=1000)


def test_a_message_is_one_short_line_whatever_the_file_is_called() -> None:
    with pytest.raises(InvalidInput) as caught:
        extract(b"", filename="a\nb\x1b[31m\u202e<script>" + "x" * 5000)
    message = str(caught.value)
    assert message.isprintable()
    assert len(message) < 300


HOSTILE = {
    "brackets": b"[" * 60_000,
    "images": b"![" * 60_000,
    "stars": b"*a " * 40_000,
    "emphasis": b"*a **b " * 6_000,
    "ticks": b"".join(b"`" * count + b" " for count in range(1, 300)),
    "quotes": b"> " * 50_000 + b"deep",
    "lists": b"".join(b" " * (2 * depth) + b"- x\n" for depth in range(500)),
    "links": b"[a](" * 40_000,
    "tags": b"<a " * 40_000,
    "shortcodes": b"{{< " * 100_000 + b"\ntext",
    "references": b"".join(b"[r%d]: /x\n" % number for number in range(10_000)) + b"text",
    "aliases": b"---\na: &a [x,x,x]\nb: &b [*a,*a,*a]\nc: &c [*b,*b,*b]\ntitle: *c\n---\nBody",
    "deep yaml": b"---\na: " + b"[" * 2_000 + b"\n---\nBody",
    "spans": b"<table>" + b"<tr><td colspan=9999999 rowspan=99999>x</td><td>y</td></tr>" * 2_000 + b"</table>",
    "anchors": b"<main>" + b"<a>x" * 20_000 + b"</main>",
    "dashes": b"-" * 300_000 + b"\nabc",
    "numbers": b"1." * 50_000,
    "spaces": b" " * 500_000 + b"x",
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("ending", ["md", "html", "txt"])
def test_input_made_to_exhaust_a_parser_ends_soon(name: str, ending: str) -> None:
    began = time.monotonic()
    with contextlib.suppress(InvalidInput):
        extract(HOSTILE[name], filename=f"a.{ending}")
    assert time.monotonic() - began < 90


@given(st.sampled_from(sorted(DEMO.iterdir())), st.integers(0, 10**6), st.binary(min_size=1, max_size=40))
@settings(max_examples=120, deadline=None)
def test_a_damaged_file_is_read_or_refused_and_nothing_else(path: Path, place: int, noise: bytes) -> None:
    data = path.read_bytes()
    place %= len(data)
    with contextlib.suppress(InvalidInput):
        extract(data[:place] + noise + data[place + len(noise) :], filename=path.name)


TEXTS = [
    ("cp1252", "de", "Die Gebühr für die Müllabfuhr beträgt 96 €. Bitte schließen Sie die Straße – „danke“."),
    ("utf-16", "de", "Die Gebühr für die Straße."),
    ("utf-16-le", "de", "Die Gebühr für die Straße."),
    ("utf-16-be", "ja", "市は毎週 ごみを集めます。"),
    ("utf-8-sig", "fr", "Où payer à Noël ?"),
    ("utf-32", "en", "Plain enough."),
    ("shift_jis", "ja", "市は毎週ごみを集めます。ごみ箱を歩道に置いてください。"),
    ("euc_jp", "ja", "市は毎週ごみを集めます。ごみ箱を歩道に置いてください。"),
    ("iso2022_jp", "ja", "市は毎週ごみを集めます。"),
    ("windows-1251", "ru", "Город собирает мусор каждую неделю. Поставьте баки на тротуар."),
    ("windows-1251", "uk", "Місто збирає сміття щотижня. Поставте баки на тротуар."),
    ("koi8-u", "uk", "Місто збирає сміття щотижня. Поставте баки на тротуар."),
    ("gb18030", "zh-hans", "城市每周收集厨余垃圾和花园垃圾一次。请把垃圾桶放在人行道上。"),
    ("cp1254", "tr", "Şehir her hafta çöp toplar. İğne ışık."),
    ("cp1250", "pl", "Miasto co tydzień odbiera śmieci. Źdźbło żółć gęś."),
    ("cp1256", "ar", "تجمع المدينة النفايات مرة كل أسبوع من كل بيت"),
    ("cp949", "ko", "시는 매주 쓰레기를 수거합니다."),
]


@pytest.mark.parametrize(("encoding", "locale", "text"), TEXTS, ids=lambda value: value if len(str(value)) < 15 else "")
def test_the_encodings_of_the_source_language_are_recognised(encoding: str, locale: str, text: str) -> None:
    assert extract(text.encode(encoding), filename="a.txt", locale=locale).text == text


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "shift_jis", "windows-1251", "gb18030"])
def test_common_encodings_are_recognised_without_knowing_the_language(encoding: str) -> None:
    text = next(text for name, _, text in TEXTS if name == encoding)
    text = " ".join([text] * 6) if encoding not in ("shift_jis", "gb18030") else text * 6
    assert extract(text.encode(encoding), filename="a.txt").text == text


def test_a_stray_zero_or_control_character_is_dropped() -> None:
    text = b"The city collects waste\x00 from every home,\x07 each week of the year, and \x1b[31mholidays too."
    assert extract(text, filename="a.txt").text == (
        "The city collects waste from every home, each week of the year, and [31mholidays too."
    )


@pytest.mark.parametrize(
    "unfit", ["\x00", "\x01", "\x0b", "\x1f", "\ufffe", "&#1;", "&#x0b;", "&#X1F;", "&#65535;", "&#14"]
)
def test_characters_that_no_document_may_hold_cost_a_page_nothing_else(unfit: str) -> None:
    """Beside furniture, so that the text after it is moved."""
    page = (
        f"<main><h1>Fees</h1><p>The permit costs 40 €.</p><nav>Home</nav>{unfit} Pay &#169; at the desk, please.</main>"
    )
    text = extract(page.encode(), filename="fees.html").text
    assert "The permit costs 40 €." in text
    assert "Pay © at the desk, please." in text


def test_an_error_of_any_kind_in_a_pdf_means_that_it_is_damaged() -> None:
    data = (DEMO / "fees.pdf").read_bytes().replace(b"/ASCII85Decode", b"/\x00SCII85Decode")
    with pytest.raises(InvalidInput, match=r"fees\.pdf.*damaged"):
        extract(data, filename="fees.pdf")
