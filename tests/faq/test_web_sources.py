"""A source's page: its passages, lists and tables, the cited words marked in both languages."""

import re
from html import unescape

import pytest
from django.test import Client

from faq.models import Question
from faq.queries.payloads import BlockPayload, PassagePayload, Text
from faq.web.passages import passage
from tests.faq.factories import make_source, passages, remember
from tests.faq.pages import COST, page, permit

__all__ = ["permit"]
pytestmark = pytest.mark.django_db


def test_a_source_page_marks_the_cited_words(client: Client, permit: Question) -> None:
    passage = permit.answer.revisions.get().citations.get().passage
    text = page(client, f"/en/sources/parking/?passage={passage.key}&from=0&to={len(COST)}")
    assert f"<mark>{COST}</mark>" in text
    assert f'<div class="passage cited" id="{passage.key}">' in text
    assert "<mark>" not in page(client, "/en/sources/parking/")
    assert "not in this source any more" in page(client, "/en/sources/parking/?passage=p1-gone-0&from=x&to=9")


def test_the_translation_of_the_cited_sentence_is_marked_too(client: Client) -> None:
    source = make_source(
        "# Fines\n\nA fine is 25 euros. Pay it within 14 days. Then keep the receipt.\n", title="Fines"
    )
    remember("A fine is 25 euros.", "الغرامة 25 يورو.", "ar")
    remember("Pay it within 14 days.", "ادفعوها خلال 14 يومًا.", "ar")
    remember("Then keep the receipt.", "ثم احتفظوا بالإيصال.", "ar")
    [cited] = passages(source)
    start = cited.text.index("Pay")
    address = f"/ar/sources/{source.key}/?passage={cited.key}&from={start}&to={start + 22}"
    text = page(client, address)
    assert re.findall("<mark>(.*?)</mark>", text) == ["Pay it within 14 days.", "ادفعوها خلال 14 يومًا."]
    assert "الغرامة 25 يورو. <mark>" in text


def test_rows_of_the_same_columns_are_a_table_again(client: Client) -> None:
    source = make_source("# Zones\n\n| Zone | Price |\n|---|---|\n| A | 3 euros |\n| B | 2 euros |\n", title="Zones")
    [cited] = passages(source)
    row = "Zone: B; Price: 2 euros"
    start = cited.text.index(row)
    text = page(client, f"/en/sources/{source.key}/?passage={cited.key}&from={start}&to={start + len(row)}")
    assert re.findall('<th scope="col">(.*?)</th>', text) == ["Zone", "Price"]
    assert re.findall(r'<tr><th scope="row">(.*?)</th><td>(.*?)</td></tr>', text) == [
        ("A", "3 euros"),
        ("<mark>B</mark>", "<mark>2 euros</mark>"),
    ]


@pytest.mark.parametrize(
    "rows",
    [
        ("Zone: A; Price: 3", "Area: B; Price: 2"),
        ("Zone: A; Price: 3", "Zone: B"),
        ("Only words", "Only words"),
        ("Open: 9:00; to 17:00; Price: 3", "Open: 9:00; to 17:00; Price: 3"),
    ],
)
def test_rows_that_are_no_table_stay_lines_and_lose_nothing(rows: tuple[str, ...]) -> None:
    blocks = tuple(BlockPayload("table_row", 0, Text(row, "en", "ltr")) for row in rows)
    [run] = passage(PassagePayload("p", (), blocks), None).runs
    assert (run.kind, [str(line.html) for line in run.lines]) == ("lines", list(rows))


@pytest.mark.parametrize("row", ["المنطقة: A; السعر: 3 يورو", "区域：A；价格：3欧元", "Zone : A ; Prix : 3 euros"])
def test_translated_rows_are_tables_in_every_script(row: str) -> None:
    [run] = passage(PassagePayload("p", (), (BlockPayload("table_row", 0, Text(row, "ar", "rtl")),)), None).runs
    assert (run.kind, len(run.head), len(run.rows[0])) == ("table", 2, 2)
    assert run.rows[0][0] == "A"


def test_code_and_markup_in_a_source_are_shown_and_not_run(client: Client) -> None:
    source = make_source("# X\n\n```\n<script>alert(1)</script>\n```\n\n- a <b>b</b>\n", title="X")
    text = page(client, f"/en/sources/{source.key}/")
    assert "<script>alert" not in text
    assert "<script>alert(1)</script>" in unescape(text)


def test_a_reference_names_the_heading_in_the_readers_language(client: Client, permit: Question) -> None:
    remember("Parking", "Parken")
    remember(COST, "Ein Ausweis kostet 30 Euro.")
    assert '<a href="/de/sources/parking/' in (text := page(client, "/de/questions/permit/"))
    assert re.search(r'lang="de" dir="ltr">Parken</a>', text)


def test_a_translation_says_on_the_page_of_the_source_who_made_it(client: Client) -> None:
    source = make_source("# Fines\n\nA fine is 25 euros.\n", title="Fines")
    remember("A fine is 25 euros.", "Ein Bußgeld kostet 25 Euro.", human=False)
    assert "Automatisch übersetzt" in page(client, f"/de/sources/{source.key}/")
    remember("A fine is 25 euros.", "Une amende coûte 25 euros.", "fr")
    text = page(client, f"/fr/sources/{source.key}/")
    assert "Traduction" in text
    assert "Traduit automatiquement" not in text
