"""The exported site: what a visitor would see, as files, and only where something changed."""

import json
import re
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from rest_framework.settings import api_settings

from faq import cache
from faq.enums import State
from faq.errors import Invalid
from faq.export import export_site, searching, widget
from faq.export import site as exporting
from faq.models import Locale, Question
from tests.faq.factories import edit, make_question, make_source, passages
from tests.faq.pages import COST, permit

__all__ = ["permit"]
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _two_languages() -> None:
    Locale.objects.exclude(tag__in=["en", "ar"]).update(enabled=False)
    cache.bump(cache.LOCALES)


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty folder; a test's tmp_path holds the portal's state."""
    return tmp_path_factory.mktemp("site")


def written(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in folder.rglob("*")
        if path.suffix in {".html", ".json", ".xml", ".txt", ".md"}
    }


def test_every_page_is_a_file_and_every_link_leads_to_one(permit: Question, folder: Path) -> None:
    report = export_site(folder)
    files = written(folder)
    pages = {name for name in files if name.endswith(".html")}
    per_language = {"index.html", "about/index.html", "search/index.html", "questions/permit/index.html"}
    per_language |= {"topics/parking/index.html", "sources/parking/index.html"}
    assert pages == {f"{tag}/{name}" for tag in ("en", "ar") for name in per_language} | {"index.html", "404.html"}
    assert report.pages == len(pages)
    assert COST in files["en/questions/permit/index.html"]
    for name in pages:
        for link in re.findall(r'\s(?:href|src|action)="(/[^"#]*)', files[name]):
            assert (folder / link.lstrip("/") / ("index.html" if link.endswith("/") else "")).is_file(), (name, link)
    assert 'dir="rtl"' in files["ar/index.html"]


def test_a_reference_leads_to_its_passage_without_a_server(permit: Question, folder: Path) -> None:
    export_site(folder)
    files = written(folder)
    link = re.search(r'href="/en/sources/parking/#([^"]+)"', files["en/questions/permit/index.html"])
    assert link is not None
    assert f'id="{link.group(1)}"' in files["en/sources/parking/index.html"]


def test_a_site_of_files_offers_nothing_that_needs_a_server(permit: Question, folder: Path) -> None:
    export_site(folder)
    for name, text in written(folder).items():
        assert not re.search(r'method="post"|data-suggest|data-stream|/ask/"|/suggest/"', text), name


def test_questions_are_asked_at_the_live_portal_where_there_is_one(permit: Question, folder: Path) -> None:
    export_site(folder, live="https://faq.example")
    assert '<form class="ask" role="search" action="https://faq.example/ar/ask/"' in written(folder)["ar/index.html"]


def test_a_served_page_never_takes_itself_for_a_file(permit: Question, client: Any) -> None:
    page = client.get("/en/", headers={"polyfaq.exported": "1", "Polyfaq-Exported": "1"}).content.decode()
    assert "data-suggest" in page


def test_a_changed_answer_rewrites_only_its_pages(permit: Question, folder: Path) -> None:
    other = passages(make_source("The library opens at ten o'clock.", title="Library"))[0]
    make_question("When does the library open?", cites=other, quote="The library opens at ten o'clock.", key="library",
                  answer="The library opens at ten o'clock. [1]")  # fmt: skip
    cache.clear()
    assert export_site(folder).unchanged == 0
    assert (export_site(folder).written, export_site(folder).removed) == (0, 0)
    before = written(folder)
    edit(other.revision.source, "ten", "nine")
    cache.clear()
    export_site(folder)
    after = written(folder)
    changed = {name for name in after if after[name] != before.get(name)}
    assert {name for name in changed if "parking" in name or "permit" in name or "topics" in name} == set()
    assert "en/sources/library/index.html" in changed


def test_a_retired_question_is_gone_and_nothing_else_is(permit: Question, folder: Path) -> None:
    export_site(folder)
    lists = ("llms.txt", "en/llms.txt", "ar/llms.txt")
    assert ["permit.md" in written(folder)[name] for name in lists] == [True] * 3
    Question.objects.filter(pk=permit.pk).update(state=State.RETIRED)
    cache.clear()
    report = export_site(folder)
    left = written(folder)
    gone = {
        "questions/permit/index.html", "questions/permit.md", "topics/parking/index.html", "widget/questions/permit.json",
    }  # fmt: skip
    assert [name for name in left if name.partition("/")[2] in gone] == []
    assert report.removed == 2 * len(gone)
    assert ["permit" in left[name] for name in lists] == [False] * 3
    assert "en/sources/parking/index.html" in left


def test_the_widget_reads_from_files_what_the_api_tells_it(
    permit: Question, folder: Path, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where there is more than one page of them, and more than a visitor may ask for in a minute."""
    monkeypatch.setattr(widget, "PAGE_SIZE", 1)
    monkeypatch.setitem(api_settings.DEFAULT_THROTTLE_RATES, "anon", "1/min")
    other = passages(make_source("The library opens at ten o'clock.", title="Library"))[0]
    make_question("When does the library open?", cites=other, quote="The library opens at ten o'clock.", key="library",
                  answer="The library opens at ten o'clock. [1]")  # fmt: skip
    make_question("Who feeds the swans?", key="swans", publish=False)
    cache.clear()
    export_site(folder)
    read = {name: json.loads(text) for name, text in written(folder).items() if "widget/" in name}
    monkeypatch.setitem(api_settings.DEFAULT_THROTTLE_RATES, "anon", "9/min")
    told = client.get("/api/v1/questions/permit?locale=ar").json()
    held = read["ar/widget/questions/permit.json"]
    cited = told["answer"]["citations"][0]["passage"]
    passage = client.get(f"/api/v1/passages/{cited}?locale=ar").json()
    assert {name: held[name] for name in told} == told
    assert held["passages"] == {cited: {name: passage[name] for name in passage if name not in ("locale", "fallbacks")}}
    keys = [[row["key"] for row in read[f"{tag}/widget/questions.json"]["results"]] for tag in ("en", "ar")]
    assert keys == [["library", "permit"]] * 2
    assert [row["tag"] for row in read["widget/locales.json"]["results"]] == ["en", "ar"]
    scripts = {path.relative_to(folder).as_posix() for path in folder.glob("static/widget/*")}
    assert scripts >= {"static/widget/polyfaq-widget.js", "static/widget/polyfaq-files.js"}


def test_drafts_and_unpublished_sources_are_in_no_file(permit: Question, folder: Path) -> None:
    make_source("The mayor resigns on Monday.", title="Secret", publish=False)
    make_question("Who resigns on Monday?", key="resigns", publish=False)
    export_site(folder)
    assert [name for name, text in written(folder).items() if "Monday" in text or "Secret" in text] == []


def test_search_without_a_server_knows_questions_their_wordings_and_passages(permit: Question, folder: Path) -> None:
    from faq.domain import questions

    questions.add_phrasing(permit, text="Price of a parking card", locale="en", canonical=False)
    cache.clear()
    export_site(folder)
    found = json.loads((folder / "en/search/questions.json").read_text())
    assert found == {
        "questions": [["/en/questions/permit/", "What does a permit cost?", "en", COST, ["Price of a parking card"]]]
    }
    told = json.loads((folder / "en/search/passages.json").read_text())["passages"]
    assert [row[1:3] for row in told] == [["Parking", "en"]] * len(told)
    assert any(COST in row[3] for row in told)


def test_too_many_passages_for_a_browser_are_left_out_and_said(
    permit: Question, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "MOST_BYTES", 10)
    assert export_site(folder).unsearched == ("en", "ar")
    assert not (folder / "en/search/passages.json").exists()


def test_a_link_that_leads_nowhere_stops_the_export_and_changes_nothing(
    permit: Question, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export_site(folder)
    before = written(folder)
    monkeypatch.setattr(exporting, "located", lambda *_: ("/en/questions/not-there/",))
    with pytest.raises(Invalid, match="/en/questions/not-there/"):
        export_site(folder)
    assert written(folder) == before


def test_content_that_changes_during_the_walk_is_walked_again(
    permit: Question, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    walk, walks = exporting._Export.walk, []

    def changing(self: Any) -> None:
        walk(self)
        walks.append(1)
        if len(walks) == 1:
            cache.bump(cache.CONTENT)

    monkeypatch.setattr(exporting._Export, "walk", changing)
    export_site(folder)
    assert len(walks) == 2


def test_the_command_says_what_it_wrote(permit: Question, folder: Path) -> None:
    out = StringIO()
    call_command("export_site", folder / "site", json=True, stdout=out)
    assert json.loads(out.getvalue())["pages"] == 14
    (folder / "other").mkdir()
    (folder / "other" / "a.txt").write_text("mine")
    with pytest.raises(CommandError, match=r"a\.txt"):
        call_command("export_site", folder / "other")
