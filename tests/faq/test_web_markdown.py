"""Questions as Markdown and llms.txt: the page's sentences and references, and no text that turns into markup."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from faq.domain import questions
from faq.enums import State
from faq.models import Question
from faq.web.markdown import escaped
from tests.faq.factories import make_portal, make_question, make_source, passages
from tests.faq.pages import COST, TAGS, permit

__all__ = ["permit"]

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]

SITE = "http://localhost:8000"
ADDRESS = "/en/questions/permit/"
FILE = "/en/questions/permit.md"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


def read(client: Client, path: str, **headers: str) -> str:
    response = client.get(path, headers=headers)
    assert response.status_code == 200
    return str(response.content.decode())


def test_a_question_is_its_sentences_with_references_and_the_way_to_its_page(client: Client, permit: Question) -> None:
    response = client.get(FILE)
    assert response["Content-Type"] == "text/markdown; charset=utf-8"
    assert response["Link"] == f'<{SITE}/en/questions/permit/>; rel="canonical"'
    blocks = response.content.decode().split("\n\n")
    assert blocks[:2] == ["# What does a permit cost?", f"{COST}[^1]"]
    assert re.fullmatch(
        rf"\[\^1\]: \[.+\]\(<{re.escape(SITE)}/en/sources/parking/\?passage=\S+>\): “{re.escape(COST)}”", blocks[2]
    )
    assert blocks[-1] == f"<{SITE}/en/questions/permit/>\n"


def test_it_says_what_is_not_translated_and_in_which_language_it_is(client: Client, permit: Question) -> None:
    blocks = read(client, "/de/questions/permit.md").split("\n\n")
    assert blocks[1:3] == [
        "> Diese Antwort ist noch nicht ganz übersetzt. Einige Sätze werden in der Originalsprache gezeigt.",
        f"{COST} (Englisch)[^1]",
    ]


def test_it_says_of_a_translation_what_it_was_translated_from(client: Client) -> None:
    make_portal()
    blocks = read(client, "/de/questions/permit.md").split("\n\n")
    assert blocks[1:3] == [
        "> Übersetzung. Originalsprache: Englisch",
        "Ein Bewohnerausweis kostet 30 Euro im Jahr.[^1]",
    ]


@pytest.mark.parametrize("tag", TAGS)
def test_every_language_has_its_own(client: Client, permit: Question, tag: str) -> None:
    assert read(client, f"/{tag}/questions/permit.md").startswith("# ")
    lines = read(client, f"/{tag}/llms.txt").splitlines()
    assert f"- [{permit_text(client, tag)}]({SITE}/{tag}/questions/permit.md)" in lines
    assert [
        line for line in lines if line.endswith(f"/{tag}/llms.txt): {'zh-Hans' if tag == 'zh-hans' else tag}")
    ] != []


def permit_text(client: Client, tag: str) -> str:
    return read(client, f"/{tag}/questions/permit.md").splitlines()[0].removeprefix("# ")


@pytest.mark.parametrize(
    ("accepted", "status"),
    [
        ("text/markdown", 302),
        ("text/markdown, text/html;q=0.5", 302),
        ("text/html, text/markdown;q=0.5", 200),
        (BROWSER, 200),
        ("*/*", 200),
    ],
)
def test_who_asks_for_markdown_by_name_is_led_there_and_nobody_else(
    client: Client, permit: Question, accepted: str, status: int
) -> None:
    client.get(ADDRESS)  # kept from now on
    response = client.get(ADDRESS, headers={"accept": accepted})
    assert response.status_code == status
    if status == 302:
        assert (response["Location"], response["Cache-Control"], "Accept" in response["Vary"]) == (
            FILE, "private, no-cache", True,
        )  # fmt: skip
    assert client.get(ADDRESS).status_code == 200


def test_a_page_names_its_markdown(client: Client, permit: Question) -> None:
    assert f'<link rel="alternate" type="text/markdown" href="{FILE}">' in read(client, ADDRESS)


def test_what_is_not_public_is_not_there(client: Client, permit: Question) -> None:
    hidden = make_question("Who is the larkmouth spy?", key="spy", answer="")
    Question.objects.filter(pk=hidden.pk).update(state=State.DRAFT)
    assert client.get("/en/questions/spy.md").status_code == 404
    assert client.get("/en/questions/nowhere.md").status_code == 404
    assert client.get("/xx/questions/permit.md").status_code == 404
    assert "spy" not in read(client, "/en/llms.txt")


def test_a_changed_answer_is_there_at_once_and_an_unchanged_one_is_told_so(client: Client, permit: Question) -> None:
    tag = client.get(FILE)["ETag"]
    assert client.get(FILE, headers={"if-none-match": tag}).status_code == 304
    [wording] = permit.phrasings.all()
    questions.replace_phrasing(wording, text="What is the price of a permit?", origin=wording.origin)
    assert read(client, FILE, **{"if-none-match": tag}).startswith("# What is the price of a permit?\n")


def test_the_list_asks_the_same_queries_for_many_questions(client: Client, permit: Question) -> None:
    def cost() -> int:
        from faq.web import pages

        pages.kept.clear()
        with CaptureQueriesContext(connection) as queries:
            client.get("/llms.txt")
        return len(queries)

    few = cost()
    for number in range(12):
        make_question(f"Where is desk number {number}?", key=f"desk-{number}", answer="")
    assert (cost(), read(client, "/llms.txt").count("/questions/")) == (few, 13)


def test_the_sites_list_is_in_its_default_language_whoever_asks(client: Client, permit: Question) -> None:
    assert read(client, "/llms.txt", **{"accept-language": "de"}) == read(client, "/en/llms.txt")


HOSTILE = [
    "# no heading", "- no item", "1. no number", "*no* _emphasis_ `code` ~~gone~~", "<script>alert(1)</script>",
    "[no](javascript:alert(1)) ![image](x)", "&lt;b&gt; &amp; & $x$", "a | b", "[^1]: no footnote", "back\\slash \\* ",
    "+ plus", "= rule", "> quote", ": term", "2) two", "-", "***",
]  # fmt: skip


def parsed(markdown: str) -> list[tuple[str, str]]:
    """(kind of block, its text as a reader sees it)."""
    tokens = MarkdownIt("commonmark").parse(markdown)
    return [
        (tokens[at - 1].type, "".join(each.content for each in token.children or []))
        for at, token in enumerate(tokens)
        if token.type == "inline"
    ]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_is_markup(text: str) -> None:
    assert parsed(escaped(text)) == [("paragraph_open", " ".join(text.split()))]


@given(st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1))
def test_whatever_a_text_is_a_reader_sees_it_as_it_was(text: str) -> None:
    shown = " ".join(text.split())
    assert parsed(escaped(text)) == ([("paragraph_open", shown)] if shown else [])


def test_lists_stay_lists(client: Client) -> None:
    passage = passages(make_source(title="Parking"))[0]
    make_question("How?", cites=passage, quote=COST, key="how", answer=f"You can:\n\n- {COST} [1]\n- {COST} [1]\n")
    assert read(client, "/en/questions/how.md").split("\n\n")[1:3] == [
        "You can:[^1]", f"- {COST}[^1]\n- {COST}[^1]",
    ]  # fmt: skip
