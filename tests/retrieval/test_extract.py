"""Extraction of good input: what a reader sees becomes text, with its structure; nothing else does."""

import contextlib
import io
import re
import unicodedata
from pathlib import Path

import docx
import openpyxl
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.pdfgen import canvas
from reportlab.platypus import Paragraph, SimpleDocTemplate

from retrieval.ingest.extract import extract, is_question_table, question_rows
from retrieval.text import sentences
from retrieval.types import Block, BlockKind, Document, InvalidInput, QuestionRow

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "demo"
SOURCES = sorted((DEMO / "sources").iterdir())
LETSENCRYPT = ROOT.parent / "shared" / "data" / "letsencrypt"
HEADING, PARAGRAPH, ITEM, ROW, CODE = BlockKind


def extracted(path: Path) -> Document:
    return extract(path.read_bytes(), filename=path.name, locale="en")


def from_text(text: str, filename: str) -> Document:
    return extract(text.encode(), filename=filename)


def shown(document: Document) -> list[tuple[BlockKind, str]]:
    return [(block.kind, text_of(document, block)) for block in document.blocks]


def text_of(document: Document, block: Block) -> str:
    return document.text[block.start : block.end]


def assert_lossless(document: Document) -> None:
    """Blocks in order, without overlap, and joined by the promised separators they are the text."""
    rebuilt, before = "", None
    for block in document.blocks:
        if before is not None:
            tight = block.kind is before.kind and block.kind in (ITEM, ROW)
            rebuilt += "\n" if tight else "\n\n"
        assert block.start == len(rebuilt)
        assert block.end > block.start
        rebuilt += text_of(document, block)
        before = block
    assert rebuilt == document.text


# The demonstration


def expected_segments() -> list[str]:
    """The lines of the demonstration that come from its sources and not from its questions and titles."""
    knowledge = yaml.safe_load((DEMO / "knowledge.yaml").read_text(encoding="utf-8"))
    elsewhere = set()
    for text in strings(knowledge):
        bare = re.sub(r"\s*\[\d+\]", "", text)
        elsewhere |= {text, *(bare[start:end] for start, end in sentences(bare, "en"))}
    lines = (DEMO / "segments.en.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and line not in elsewhere]


def strings(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for part in value.values() for text in strings(part)]
    if isinstance(value, list):
        return [text for part in value for text in strings(part)]
    return [value] if isinstance(value, str) else []


def test_every_segment_of_the_demonstration_is_a_sentence_or_block_of_its_sources() -> None:
    found: set[str] = set()
    for path in SOURCES:
        document = extracted(path)
        for block in document.blocks:
            text = text_of(document, block)
            found |= {text, *(text[start:end] for start, end in sentences(text, "en"))}
    expected = expected_segments()
    assert len(expected) > 300
    assert [line for line in expected if line not in found] == []


def test_every_sentence_of_the_demonstration_is_a_segment() -> None:
    """So that its translation memory covers all of it."""
    known = set((DEMO / "segments.en.txt").read_text(encoding="utf-8").splitlines())
    unknown = []
    for path in SOURCES:
        document = extracted(path)
        for block in document.blocks:
            text = text_of(document, block)
            if text not in known:
                unknown += [text[start:end] for start, end in sentences(text, "en") if text[start:end] not in known]
    assert unknown == []


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_the_demonstration_is_extracted_losslessly_and_without_furniture(path: Path) -> None:
    document = extracted(path)
    assert_lossless(document)
    for furniture in (
        "cookie",
        "Accept all",
        "Imprint",
        "newsletter",
        "All rights reserved",
        "Breadcrumb",
        "<",
        "---",
        "|",
    ):
        assert furniture not in document.text


@pytest.mark.parametrize(
    ("name", "title"),
    [("waste.md", "Bins and collection days"), ("parking.html", "Parking and resident permits"),
     ("penalty-notices.txt", "Parking fines and towed vehicles"), ("fees.pdf", "Fees and discounts 2026"),
     ("schools.docx", "Starting and changing school"), ("questions.csv", "Questions")],
)  # fmt: skip
def test_each_format_gives_a_title(name: str, title: str) -> None:
    assert extracted(DEMO / "sources" / name).title == title


@pytest.mark.parametrize("name", ["fees.pdf", "penalty-notices.txt", "schools.docx", "childcare.html", "payments.md"])
def test_each_format_gives_sections_under_the_title(name: str) -> None:
    document = extracted(DEMO / "sources" / name)
    headings = [block for block in document.blocks if block.kind is HEADING]
    assert [block.level for block in headings] == [1] + [2] * (len(headings) - 1)
    assert document.blocks[-1].path == (document.title, text_of(document, headings[-1]))


@pytest.mark.parametrize("name", ["fees", "schools", "new-residents"])
def test_a_binary_format_gives_the_blocks_of_its_original(name: str) -> None:
    made = next(path for path in SOURCES if path.stem == name)
    original = extracted(DEMO / "originals" / f"{name}.md")
    assert shown(extracted(made)) == shown(original)


# Markdown


def test_markdown_becomes_text_without_marks() -> None:
    document = from_text(
        'Intro with **bold**, _soft_, `code --here`, a [link](/x "T"), https://a.example/b and ~~old~~ text\nwrapped.\\\nNew line.\n\n'  # noqa: E501
        "## Head *two* {#anchor .class}\n\n1. First\n   - inner\n2. Second\n\n   more\n\n```sh\nrun  --it\n\n  indented\n```\n\n> Quoted.\n\n"  # noqa: E501
        "![picture](p.png)\n\n---\n\nLast[^1].\n\n[^1]: A note.\n",
        "guide.md",
    )
    assert shown(document) == [
        (PARAGRAPH, "Intro with bold, soft, code --here, a link, https://a.example/b and old text wrapped.\nNew line."),
        (HEADING, "Head two"), (ITEM, "First"), (ITEM, "inner"), (ITEM, "Second"), (PARAGRAPH, "more"),
        (CODE, "run  --it\n\n  indented"), (PARAGRAPH, "Quoted."), (PARAGRAPH, "Last."), (PARAGRAPH, "A note."),
    ]  # fmt: skip
    assert [block.level for block in document.blocks if block.kind is ITEM] == [0, 1, 0]


def test_a_markdown_table_gives_rows_with_their_headers() -> None:
    document = from_text("| Bin | Day |\n|---|:-:|\n| Grey | **Mon** |\n| Blue | |\n", "a.md")
    assert shown(document) == [(ROW, "Bin: Grey; Day: Mon"), (ROW, "Bin: Blue")]
    assert document.text == "Bin: Grey; Day: Mon\nBin: Blue"


@pytest.mark.parametrize(
    ("front", "title"),
    [("---\ntitle: \"A: b\"\nurl: https://x.example/a\nlastmod: 2026-01-05\n---\n", "A: b"),
     ("+++\ntitle = \"Toml\"\nurl = \"https://x.example/a\"\ndate = 2026-01-05\n+++\n", "Toml"),
     ("\ufeff---\r\ntitle: Marked\r\nurl: https://x.example/a\r\ndate: 2026-01-05\r\n---\r\n", "Marked")],
)  # fmt: skip
def test_front_matter_gives_title_and_metadata_and_never_shows(front: str, title: str) -> None:
    document = from_text(f"{front}\n# Heading\n\nBody.\n", "a.md")
    assert (document.title, document.text) == (title, "Heading\n\nBody.")
    assert document.metadata == {"url": "https://x.example/a", "date": "2026-01-05"}


@pytest.mark.parametrize("front", ["---\ntitle: [broken\n---\n", "---\n: :\na: b: c\n---\n", "---\n---\n"])
def test_broken_front_matter_never_shows(front: str) -> None:
    assert from_text(f"{front}Body.\n", "some-page.md").text == "Body."


def test_a_rule_at_the_top_is_no_front_matter() -> None:
    assert from_text("---\nReal content here.\n---\n\nMore.\n", "a.md").text == "Real content here.\n\nMore."


def test_the_title_falls_back_to_the_first_heading_and_to_the_file_name() -> None:
    assert from_text("## Only two\n\nx\n", "a.md").title == "Only two"
    assert from_text("x\n", "some_long-name.md").title == "Some long name"


def test_shortcodes_raw_html_and_comments_never_show() -> None:
    document = from_text(
        "# <a id=\"x\">Anchored</a>\n\n{{< figure src=\"a.png\" >}}\n\nA{{% ref \"b\" %}}B [c]({{< ref \"d\" >}})\n\n"
        "<!-- hidden\n\nstill hidden -->\n\n<div class=\"boxed\">\n\nBoxed *text*.\n\n</div>\n\n<style>p{}</style>\n<script>x()</script>\n"  # noqa: E501
        "{% include x.html %}\n\n{{< open",
        "a.md",
    )  # fmt: skip
    assert shown(document) == [(HEADING, "Anchored"), (PARAGRAPH, "AB c"), (PARAGRAPH, "Boxed text.")]


def test_a_shortcode_that_names_what_it_encloses_gives_the_name() -> None:
    document = from_text(
        '{{% def id="x" name="Certificate Authority" abbr="CA" %}} Issues them. {{% /def %}}\n\n'
        '{{% def abbr="RSA" %}}A key.{{% /def %}}\n',
        "a.md",
    )
    assert shown(document) == [(PARAGRAPH, "Certificate Authority (CA): Issues them."), (PARAGRAPH, "RSA: A key.")]


@pytest.mark.skipif(not LETSENCRYPT.is_dir(), reason="the shared documentation pages are not on this machine")
def test_real_hugo_pages_show_neither_shortcodes_nor_front_matter_nor_tags() -> None:
    documents = {}
    for path in sorted(LETSENCRYPT.glob("*.md")):
        if path.name == "_index.md":
            with pytest.raises(InvalidInput, match=r"_index\.md: no text"):
                extracted(path)
            continue
        documents[path.name] = document = extracted(path)
        assert_lossless(document)
        front = path.read_text(encoding="utf-8").split("---")[1]
        assert document.title == yaml.safe_load(front)["title"]
        prose = "\n".join(text for kind, text in shown(document) if kind is not CODE)
        assert (
            re.findall(
                r"\{\{[<%]|[>%]\}\}|^lastmod:|^slug:|<!--|\]\(|\*\*[A-Za-z]|</?(?:a|b|div|sup|code|style|script|link)\b",
                prose,
            )
            == []
        )
    assert len(documents) == 23
    faq = documents["faq.md"]
    assert ("General Questions", "What services does Let's Encrypt offer?") in {block.path for block in faq.blocks}


# HTML

PAGE = """<html lang="de"><head><title>Hundesteuer – Stadt</title><link rel="canonical" href="https://s.example/hund">
<meta name="author" content="Amt"></head><body>
<div class="header"><ul class="nav"><li><a href="/">Start</a></li><li><a href="/k">Kontakt</a></li></ul></div>
<div id="cookie-consent"><p>Wir verwenden Cookies.</p><button>OK</button></div>
{open}<h1>Hundesteuer <a class="anchor" href="#x">#</a></h1>
<p>Die Steuer beträgt 90&nbsp;Euro im Jahr für den ersten Hund. Melden Sie Ihren Hund innerhalb von 14 Tagen an.</p>
<h2>Ermäßigung</h2><p>Blindenhunde sind frei von der Steuer, wenn Sie einen Nachweis vorlegen und jährlich erneuern.</p>
<ul><li>Nachweis vom Arzt<ul><li>im Original</li></ul></li><li>Ausweis</li></ul>
<table><tr><th>Hund</th><th>Steuer</th></tr>
<tr><td>Erster</td><td>90 Euro</td></tr><tr><td>Zweiter</td><td>150 Euro</td></tr></table>
<p>Rufen Sie uns an, wenn Sie Fragen zur Steuer oder zur Anmeldung eines Hundes haben, von Montag bis Freitag.</p>{close}
<div class="footer"><p>© Stadt 2026 Impressum Datenschutz</p></div></body></html>"""


@pytest.mark.parametrize(
    ("open_", "close"),
    [("<main>", "</main>"), ("<div role='main'>", "</div>"), ("<article>", "</article>"), ("<div>", "</div>")],
)
def test_a_page_gives_its_main_content_with_its_structure(open_: str, close: str) -> None:
    document = from_text(PAGE.replace("{open}", open_).replace("{close}", close), "hund.html")
    assert [text for _, text in shown(document)] == [
        "Hundesteuer",
        "Die Steuer beträgt 90\xa0Euro im Jahr für den ersten Hund. Melden Sie Ihren Hund innerhalb von 14 Tagen an.",
        "Ermäßigung",
        "Blindenhunde sind frei von der Steuer, wenn Sie einen Nachweis vorlegen und jährlich erneuern.",
        "Nachweis vom Arzt", "im Original", "Ausweis", "Hund: Erster; Steuer: 90 Euro", "Hund: Zweiter; Steuer: 150 Euro",
        "Rufen Sie uns an, wenn Sie Fragen zur Steuer oder zur Anmeldung eines Hundes haben, von Montag bis Freitag.",
    ]  # fmt: skip
    assert document.title == "Hundesteuer"
    assert document.metadata == {"lang": "de", "url": "https://s.example/hund", "author": "Amt"}
    assert document.blocks[-1].path == ("Hundesteuer", "Ermäßigung")


def main(content: str) -> list[tuple[BlockKind, str]]:
    filler = "<p>A sentence that makes this long enough to be content.</p>"
    return shown(from_text(f"<html><body><main>{filler}{content}</main></body></html>", "a.html"))[1:]


@pytest.mark.parametrize(
    ("content", "blocks"),
    [
        ("<details><summary>How <b>much</b>?</summary><p>Five.</p></details>", [(HEADING, "How much?"), (PARAGRAPH, "Five.")]),
        ("<h3><button aria-controls='p'>Panel</button></h3><div id='p' hidden>In it</div>", [(HEADING, "Panel"), (PARAGRAPH, "In it")]),  # noqa: E501
        ("<div hidden>a</div><div style='display: none'>b</div><i aria-hidden='true'>c</i><p>d</p>", [(PARAGRAPH, "d")]),
        ("<dl><dt>T</dt><dd>One</dd><dt>U</dt><dt>V</dt><dd><p>Two</p><p>Three</p></dd><dt>W</dt></dl>",
         [(ITEM, "T: One"), (ITEM, "U, V: Two"), (PARAGRAPH, "Three"), (ITEM, "W")]),
        ("<p>a<br>b<br/>\n c</p>", [(PARAGRAPH, "a\nb\nc")]),
        ("<pre>x = 1<br>  y</pre>", [(CODE, "x = 1\n  y")]),
        ("<table><tr><th>Name</th><td>Anna</td></tr><tr><th>Age</th><td>5</td></tr></table>", [(ROW, "Name: Anna"), (ROW, "Age: 5")]),  # noqa: E501
        ("<table><tr><td>Day</td><td>Open</td></tr><tr><td>Mon</td><td>9 to 5</td></tr></table>", [(ROW, "Day: Mon; Open: 9 to 5")]),  # noqa: E501
        ("<table><tr><td>1</td><td>2</td></tr><tr><td>3</td><td>4</td></tr></table>", [(ROW, "1; 2"), (ROW, "3; 4")]),
        ("<table><tr><th>A</th><th>B</th></tr><tr><td rowspan=2>x</td><td>1</td></tr><tr><td>2</td></tr></table>",
         [(ROW, "A: x; B: 1"), (ROW, "A: x; B: 2")]),
        ("<table role='presentation'><tr><td><p>One.</p></td><td><p>Two.</p></td></tr></table>", [(PARAGRAPH, "One."), (PARAGRAPH, "Two.")]),  # noqa: E501
        ("<table><caption>Prices</caption><tr><th>A</th><th>B</th></tr><tr><td>1</td><td>2</td></tr></table>",
         [(PARAGRAPH, "Prices"), (ROW, "A: 1; B: 2")]),
        ("text<p>in p</p>tail", [(PARAGRAPH, "text"), (PARAGRAPH, "in p"), (PARAGRAPH, "tail")]),
        ("<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>", [(PARAGRAPH, "<script>alert(1)</script>")]),
        ("<p>a</p><script>x</script><noscript>y</noscript><svg><text>z</text></svg><textarea>q</textarea>", [(PARAGRAPH, "a")]),
        ("<nav>Menu</nav><div class='breadcrumbs'>Home</div><aside>See also</aside><p>b</p><footer>Foot</footer>", [(PARAGRAPH, "b")]),  # noqa: E501
        ("<p>o\u0308ffnen\u200e \u202eevil\u00ad</p>", [(PARAGRAPH, "öffnen\u200e evil")]),
    ],
)  # fmt: skip
def test_html_elements_are_read_as_a_reader_sees_them(content: str, blocks: list[tuple[BlockKind, str]]) -> None:
    assert main(content) == blocks


def test_a_fold_out_ends_with_its_section() -> None:
    document = from_text(
        "<main><h1>FAQ page of the city</h1><details><summary>Q?</summary>Answer in it.</details><p>After.</p></main>",
        "a.html",
    )
    assert document.blocks[-1].path == ("FAQ page of the city",)


def test_the_server_or_the_page_names_the_encoding() -> None:
    page = "<html><head>{}</head><body><main><p>Größe und Straße, für alle in der Stadt Larkmouth.</p></main></body></html>"
    declared = page.format('<meta charset="iso-8859-1">').encode("cp1252")
    assert "Größe" in extract(declared, filename="a.html").text
    assert "Größe" in extract(page.encode("utf-8"), filename="a", media_type="text/html; charset=utf-8").text
    assert "Größe" in extract(page.encode("cp1252"), filename="a", media_type='text/html; charset="windows-1252"').text


# Plain text


@pytest.mark.parametrize(
    ("text", "blocks"),
    [
        ("Title\n\nText here.\n\nHow much?\n\nFive.", [(HEADING, "Title"), (PARAGRAPH, "Text here."), (HEADING, "How much?"), (PARAGRAPH, "Five.")]),  # noqa: E501
        ("Title\n=====\n\nText.\n\nPart\n----\nMore.", [(HEADING, "Title"), (PARAGRAPH, "Text."), (HEADING, "Part"), (PARAGRAPH, "More.")]),  # noqa: E501
        ("- one\n* two\n  wrapped\n1. three\n  a) four", [(ITEM, "one"), (ITEM, "two\nwrapped"), (ITEM, "three"), (ITEM, "four")]),  # noqa: E501
        ("A sentence alone.\n\nAnother one.", [(PARAGRAPH, "A sentence alone."), (PARAGRAPH, "Another one.")]),
        ("Closed on Mondays", [(PARAGRAPH, "Closed on Mondays")]),
        ("Service Centre\n1 Harbour Square\n40217 Larkmouth", [(PARAGRAPH, "Service Centre\n1 Harbour Square\n40217 Larkmouth")]),
        ("The city collects waste from every home, each and\nevery week of the year, and also on most holidays,\nas you know.",
         [(PARAGRAPH, "The city collects waste from every home, each and every week of the year, and also on most holidays, as you know.")]),  # noqa: E501
        ("1.1 Opening hours\n\nAlways.\r\n\r\nhttps://x.example/a\r\n\r\nEnd.",
         [(HEADING, "1.1 Opening hours"), (PARAGRAPH, "Always."), (PARAGRAPH, "https://x.example/a"), (PARAGRAPH, "End.")]),
        ("标题\n\n城市每周收集垃圾。\n\n第二部分\n\n请打电话。", [(HEADING, "标题"), (PARAGRAPH, "城市每周收集垃圾。"), (HEADING, "第二部分"), (PARAGRAPH, "请打电话。")]),  # noqa: E501
    ],
)  # fmt: skip
def test_plain_text_has_structure_too(text: str, blocks: list[tuple[BlockKind, str]]) -> None:
    assert shown(from_text(text, "a.txt")) == blocks


@given(st.text(max_size=400))
@settings(max_examples=200, deadline=None)
def test_any_text_is_extracted_losslessly_or_refused(text: str) -> None:
    for name in ("a.txt", "a.md", "a.html"):
        with contextlib.suppress(InvalidInput):
            document = extract(text.encode("utf-8", "replace"), filename=name, media_type="text/plain; charset=utf-8")
            assert_lossless(document)
            assert document.title


@given(
    st.lists(
        st.text(alphabet=st.characters(blacklist_categories=["C", "Z"]), min_size=1, max_size=8),
        min_size=3,
        max_size=60,
    )
)
@settings(max_examples=100, deadline=None)
def test_no_word_of_a_plain_text_is_lost(words: list[str]) -> None:
    words = ["Start", *(word for word in words if word.isalnum()), "end."]
    text = " ".join(words)
    assert from_text(text, "a.txt").text.split() == unicodedata.normalize("NFC", text).split()


# PDF


def pdf(*paragraphs: tuple[str, str], furniture: bool = False) -> bytes:
    def edge(page: canvas.Canvas, template: SimpleDocTemplate) -> None:
        if furniture:
            page.drawString(50, 820, "City handbook 2026")
            page.drawString(280, 20, f"Page {template.page} of 9")

    data, styles = io.BytesIO(), getSampleStyleSheet()
    story = [Paragraph(text, styles[style]) for style, text in paragraphs]
    SimpleDocTemplate(data, pagesize=A4, title="Handbook").build(story, onFirstPage=edge, onLaterPages=edge)
    return data.getvalue()


def test_a_pdf_of_many_pages_loses_its_running_heads_and_joins_its_lines() -> None:
    story = [("Title", "Handbook")]
    for number in range(30):
        story += [
            ("Heading2", f"Chapter {number}"),
            ("BodyText", f"Rule {number} of the city concerns the waste of each home. " * 8),
        ]
    document = extract(pdf(*story, furniture=True), filename="a.pdf")
    assert shown(document) == [
        (HEADING if style != "BodyText" else PARAGRAPH, text.strip()) for style, text in story
    ]  # fmt: skip


def test_a_pdf_joins_words_cut_at_the_end_of_a_line_and_reads_bullets() -> None:
    data = io.BytesIO()
    page = canvas.Canvas(data)
    lines = page.beginText(50, 700)
    lines.setFont("Helvetica", 11)
    for line in ("The munici-", "pality empties the well-", "known bins. It is a well-known fact that", "this wraps here until it ends.",  # noqa: E501
                 "• First bullet goes over a", "  second line", "• Second", "1. One"):  # fmt: skip
        lines.textLine(line)
    page.drawText(lines)
    page.save()
    assert shown(extract(data.getvalue(), filename="a.pdf")) == [
        (PARAGRAPH, "The municipality empties the well-known bins. It is a well-known fact that this wraps here until it ends."),
        (ITEM, "First bullet goes over a second line"), (ITEM, "Second"), (ITEM, "One"),
    ]  # fmt: skip


# DOCX


def test_a_docx_gives_title_lists_tables_and_no_pictures() -> None:
    made = docx.Document()
    made.add_paragraph("Guide", style="Title")
    made.add_heading("Part", level=1)
    paragraph = made.add_paragraph("Some ")
    paragraph.add_run("bold").bold = True
    paragraph.add_run(" text <b>&amp; marks.")
    made.add_paragraph("One", style="List Bullet")
    made.add_paragraph("Two", style="List Number")
    table = made.add_table(rows=2, cols=2)
    for cell, text in zip(
        (cell for row in table.rows for cell in row.cells), ("Bin", "Day", "Grey", "Monday"), strict=True
    ):
        cell.text = text
    data = io.BytesIO()
    made.save(data)
    assert shown(extract(data.getvalue(), filename="a.docx")) == [
        (HEADING, "Guide"), (HEADING, "Part"), (PARAGRAPH, "Some bold text <b>&amp; marks."), (ITEM, "One"), (ITEM, "Two"),
        (ROW, "Bin: Grey; Day: Monday"),
    ]  # fmt: skip


# Tables of questions and answers


def test_a_table_gives_a_section_for_each_row_and_the_rows_with_their_places() -> None:
    data = '\ufeffTopic;ANSWER ;Question;Locale;URL\r\nwaste;"Put it out. \n\n- Early\n- Monday";Where  to?;de_AT;https://x.example/1\r\n;;;;\r\n;No question;;;\r\n;Yes.;Free?;;javascript:x\r\n'  # noqa: E501
    document, rows = question_rows(data.encode(), filename="my-faq.csv")
    assert rows == [
        QuestionRow("Where to?", "Put it out.\n\nEarly\nMonday", 11, 36, "de-at", "waste", "https://x.example/1"),
        QuestionRow("Free?", "Yes.", 45, 49),
    ]
    assert [document.text[row.start : row.end] for row in rows] == [row.answer for row in rows]
    assert document.title == "My faq"
    assert document.metadata["skipped"] == "4"
    assert [block.path for block in document.blocks if block.kind is not HEADING] == [("Where to?",)] * 3 + [("Free?",)]
    assert_lossless(document)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(delimiter: str) -> None:
    lines = [delimiter.join(cells) for cells in (("question", "answer", "topic"), ("A?", "b, c; d", "e"))]
    data = (
        "\n".join(lines)
        if delimiter not in ",;"
        else f'question{delimiter}answer{delimiter}topic\nA?{delimiter}"b, c; d"{delimiter}e'
    )
    assert question_rows(data.encode(), filename="a.csv")[1][0].answer == "b, c; d"
    assert question_rows(f"sep=;\nquestion;answer\nA?;b".encode(), filename="a.csv")[1][0].answer == "b"  # noqa: F541


def xlsx(*rows: tuple[object, ...]) -> bytes:
    workbook = openpyxl.Workbook()
    workbook.active.append([])
    sheet = workbook.create_sheet("FAQ")
    for row in rows:
        sheet.append(list(row))
    data = io.BytesIO()
    workbook.save(data)
    return data.getvalue()


def test_a_workbook_is_read_like_a_csv() -> None:
    data = xlsx(("Our FAQ",), ("Question", "Answer", "Locale"), ("How much?", 5.0, "en"), ("When?", "At 8.", None))
    assert [(row.question, row.answer, row.locale) for row in question_rows(data, filename="a.xlsx")[1]] == [
        ("How much?", "5", "en"), ("When?", "At 8.", ""),
    ]  # fmt: skip


def test_cells_that_look_like_formulas_are_text() -> None:
    data = b'question,answer\n"=HYPERLINK(""http://x"")","@SUM(1)+cmd|\' /C calc\'!A0"\n'
    (row,) = question_rows(data, filename="a.csv")[1]
    assert (row.question, row.answer) == ('=HYPERLINK("http://x")', "@SUM(1)+cmd|' /C calc'!A0")


def test_question_tables_are_told_from_other_files() -> None:
    table = b"Question,Answer\na,b\n"
    assert is_question_table(table, "a.csv")
    assert is_question_table(xlsx(("question", "answer"), ("a", "b")), "a.XLSX")
    assert not is_question_table(b"name,price\na,b\n", "a.csv")
    assert not is_question_table(table, "a.txt")
    assert not is_question_table(b"\x00\x01", "a.csv")
    assert not is_question_table(b"PK broken", "a.xlsx")


# Which format


@pytest.mark.parametrize(
    ("data", "filename", "media_type", "expected"),
    [
        (b"# A\n\nb", "a.md", "", "text/markdown"),
        (b"# A\n\nb", "a.md", "text/plain", "text/markdown"),
        (b"# A\n\nb", "readme", "text/markdown", "text/markdown"),
        (b"<!DOCTYPE html><p>Hello there</p>", "page", "", "text/html"),
        (b"<p>Hello there</p>", "page.php", "text/html; charset=utf-8", "text/html"),
        (b"Hello", "README", "", "text/plain"),
        (b"Hello", "a.txt", "application/octet-stream", "text/plain"),
        (b"question,answer\na,b", "a.csv", "application/vnd.ms-excel", "text/csv"),
    ],
)
def test_the_format_is_decided_by_server_name_and_content(
    data: bytes, filename: str, media_type: str, expected: str
) -> None:
    assert extract(data, filename=filename, media_type=media_type).media_type == expected
