"""The public site: right language, right links, nothing unsafe, and few queries."""

import json
import re
from collections.abc import Callable
from datetime import date
from html import unescape
from typing import Any
from xml.etree import ElementTree

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from faq import cache
from faq.domain import answers, ask, locales, questions, topics
from faq.enums import Origin, Outcome
from faq.errors import Invalid, Unavailable
from faq.models import Asked, Question
from faq.web import structured, views
from faq.web.localised import language_name, written
from faq.web.shown import grouped
from faq.web.tags import linked, topic_icon
from tests.faq.factories import citation, make_question, make_source, passages, remember
from tests.faq.pages import COST, TAGS, page, permit

__all__ = ["permit"]

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.any_database,
]  # pages over the payloads that test_content_queries asks for

PAGES = [
    "",
    "search/",
    "search/?q=permit",
    "ask/",
    "about/",
    "topics/parking/",
    "questions/permit/",
    "sources/parking/",
]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Make ask() answer with this JSON, or raise."""

    def give(result: dict[str, Any] | Exception) -> None:
        def answer(text: str, locale: str, **options: Any) -> Any:
            if isinstance(result, Exception):
                raise result
            whole = {"segments": [], "citations": [], "nearest": [], "degraded": False, "locale": locale} | result
            return type("Result", (), {"as_dict": lambda self: whole})()

        monkeypatch.setattr(ask, "ask", answer)

    return give


@pytest.mark.parametrize("tag", TAGS)
def test_every_page_answers_in_every_language(client: Client, permit: Question, tag: str) -> None:
    for path in PAGES:
        text = page(client, f"/{tag}/{path}")
        direction = "rtl" if tag == "ar" else "ltr"
        lang = "zh-Hans" if tag == "zh-hans" else tag
        assert f'<html lang="{lang}" dir="{direction}">' in text


def test_the_start_page_follows_cookie_then_accept_language_then_default(client: Client) -> None:
    assert client.get("/", headers={"accept-language": "xx, pt;q=0.9, pl-PL;q=0.8, en;q=0.1"}).url == "/pl/"
    for tag in ("zh", "zh-CN", "zh_CN", "zh-Hans-SG;q=0.7, en;q=0.2"):
        assert client.get("/", headers={"accept-language": tag}).url == "/zh-hans/"
    assert client.get("/", headers={"accept-language": "de;q=0, *"}).url == "/en/"
    response = client.get("/")
    assert response.url == "/en/"
    assert {"Accept-Language", "Cookie"} <= set(response["Vary"].split(", "))
    client.get("/tr/")
    assert client.get("/", headers={"accept-language": "de"}).url == "/tr/"


@pytest.mark.parametrize("spelling", ["zh", "zh-CN", "zh_CN", "ZH-Hans", "zh-hans-cn"])
def test_other_spellings_of_a_language_lead_to_ours(client: Client, permit: Question, spelling: str) -> None:
    response = client.get(f"/{spelling}/questions/permit/?a=1")
    assert (response.status_code, response.url) == (301, "/zh-hans/questions/permit/?a=1")


def test_an_unknown_language_or_page_is_explained_in_the_visitors_language(client: Client) -> None:
    for path in ("/xx/", "/tlh/questions/permit/", "/en/nothing/", "/de/questions/unknown/", "/favicon.ico"):
        text = page(client, path, 404, **{"accept-language": "fr"})
        assert 'action="/' in text
    locales.change_locale("fr", enabled=False)
    cache.clear()
    page(client, "/fr/", 404)


def test_the_language_menu_keeps_the_page_and_its_question(client: Client, permit: Question) -> None:
    text = unescape(page(client, "/en/ask/?q=a+%26+b"))
    for tag in TAGS:
        assert f'href="/{tag}/ask/?q=a+%26+b"' in text
    text = page(client, "/ar/questions/permit/")
    assert 'href="/zh-hans/questions/permit/" lang="zh-Hans" hreflang="zh-Hans"><span dir="ltr">简体中文</span>' in text


def test_alternates_lead_both_ways_and_name_a_default(client: Client, permit: Question) -> None:
    found = {}
    for tag in TAGS:
        text = page(client, f"/{tag}/questions/permit/")
        found[tag] = re.findall(r'rel="alternate" hreflang="([^"]+)" href="([^"]+)"', text)
        assert f'<link rel="canonical" href="http://localhost:8000/{tag}/questions/permit/">' in text
    assert len({tuple(each) for each in found.values()}) == 1
    assert dict(found["en"])["zh-Hans"] == "http://localhost:8000/zh-hans/questions/permit/"
    assert dict(found["en"])["x-default"] == "http://localhost:8000/en/questions/permit/"
    assert len(found["en"]) == len(TAGS) + 1


def test_the_sitemap_has_every_page_in_every_language_with_its_alternates(client: Client, permit: Question) -> None:
    tree = ElementTree.fromstring(page(client, "/sitemap.xml"))
    spaces = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9", "x": "http://www.w3.org/1999/xhtml"}
    rows = tree.findall("s:url", spaces)
    addresses = {row.findtext("s:loc", "", spaces) for row in rows}
    assert len(rows) == 5 * len(TAGS) == len(addresses)
    assert "http://localhost:8000/ar/questions/permit/" in addresses
    assert {len(row.findall("x:link", spaces)) for row in rows} == {len(TAGS) + 1}
    assert "Sitemap: http://localhost:8000/sitemap.xml" in page(client, "/robots.txt")


def test_a_large_sitemap_is_cut_into_parts(client: Client, permit: Question, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(structured, "MOST_ADDRESSES", 3 * len(TAGS))
    assert page(client, "/sitemap.xml").count("<sitemap>") == 2
    assert page(client, "/sitemap-1.xml").count("<url>") == 3 * len(TAGS)
    assert page(client, "/sitemap-2.xml").count("<url>") == 2 * len(TAGS)
    page(client, "/sitemap-3.xml", 404)


def test_a_question_page_shows_the_answer_with_a_reference_to_the_passage(client: Client, permit: Question) -> None:
    remember(COST, "Ein Ausweis kostet 30 Euro.", human=False)
    text = unescape(page(client, "/de/questions/permit/"))
    passage = permit.answer.revisions.get().citations.get().passage

    assert "Ein Ausweis kostet 30 Euro." in text
    assert f'href="/de/sources/parking/?passage={passage.key}&from=0&to={len(COST)}#{passage.key}"' in text
    assert 'href="#ref-1"' in text
    assert 'id="ref-1"' in text
    assert f'<blockquote lang="en" dir="ltr"><p>{COST}</p></blockquote>' in text
    assert "<details>" in text


def test_only_what_is_foreign_says_its_language(client: Client, permit: Question) -> None:
    text = page(client, "/ar/questions/permit/")
    assert '<h1 lang="en" dir="ltr">What does a permit cost?</h1>' in text
    assert '<span lang="en" dir="ltr" class="is-foreign">' in text


def test_structured_data_cannot_close_its_element(client: Client) -> None:
    passage = passages(make_source("# X\n\nWrite </script><script>alert(1)</script> & more.\n"))[0]
    make_question("Why </script><b>?", cites=passage, key="x")
    text = page(client, "/en/questions/x/")
    [block] = re.findall(r'<script type="application/ld\+json">(.*?)</script>', text, re.DOTALL)
    graph = json.loads(block)["@graph"]
    assert [each["@type"] for each in graph] == ["BreadcrumbList", "FAQPage"]
    assert graph[1]["mainEntity"][0]["name"] == "Why </script><b>?"
    assert "<b>" not in text
    assert "alert(1)</script>" not in text


@pytest.mark.parametrize("count", [1, 3])
def test_a_question_page_needs_few_queries(client: Client, count: int) -> None:
    cited = [passages(make_source(f"# Page {n}\n\nFact {n} is true.\n", title=f"Page {n}"))[0] for n in range(count)]
    question = questions.create_question(
        key="facts", topic=topics.ensure_topic("parking"), phrasings=["Which facts?"], locale="en"
    )
    rows = [citation(passage, number=place) for place, passage in enumerate(cited, start=1)]
    text = " ".join(f"{row.quote} [{row.number}]" for row in rows)
    answers.publish_revision(
        answers.save_revision(question, locale="en", text=text, citations=rows, origin=Origin.HUMAN), None
    )
    questions.publish_question(question, actor=None)
    cache.clear()
    page(client, "/de/")  # what every page needs is cached from here on
    with CaptureQueriesContext(connection) as queries:
        shown = page(client, "/de/questions/facts/")
    assert shown.count('class="ref-number"') == count
    assert len(queries) == 5


def test_a_composed_answer_is_shown_sentence_by_sentence(client: Client, permit: Question, asked: Any) -> None:
    passage = passages(make_source(title="Parking again"))[0]
    asked(
        {
            "outcome": Outcome.COMPOSED,
            "segments": [
                {"text": "يكلف التصريح 30 يورو.", "lang": "ar", "origin": "machine", "citations": [1]},
                {"text": "You can apply online.", "lang": "en", "origin": "source", "citations": [1]},
            ],
            "citations": [
                {
                    "number": 1,
                    "source": "Parking again",
                    "url": "",
                    "heading": "Parking",
                    "quote": "You can apply online.",
                    "passage": passage.pk,
                    "lang": "en",
                }
            ],
            "nearest": [{"key": "permit", "text": "What does a permit cost?", "lang": "en"}],
        }
    )
    text = unescape(page(client, "/ar/ask/?q=x"))
    start = passage.text.index("You can")
    assert '<span dir="rtl">يكلف التصريح 30 يورو.</span>' in text
    assert '<span lang="en" dir="ltr" class="is-foreign">You can apply online.</span>' in text
    assert f"/ar/sources/parking-again/?passage={passage.key}&from={start}&to={start + 21}#{passage.key}" in text
    assert 'href="/ar/questions/permit/"><span lang="en" dir="ltr">What does a permit cost?</span>' in text


def test_an_abstention_shows_what_comes_nearest(client: Client, permit: Question, asked: Any) -> None:
    asked(
        {"outcome": Outcome.ABSTAINED, "nearest": [{"key": "permit", "text": "Cost?", "lang": "en"}], "degraded": True}
    )
    text = page(client, "/en/ask/?q=Why+is+the+sky+blue")
    assert "We have passed it on to our editors." in text
    assert "Our search is limited" in text
    assert 'href="/en/questions/permit/"' in text


@pytest.mark.parametrize("error", [Invalid("no"), Unavailable("away")])
def test_what_cannot_be_asked_is_explained(client: Client, asked: Any, error: Exception) -> None:
    asked(error)
    assert 'role="alert"' in page(client, "/en/ask/?q=?")


def test_a_question_that_is_too_long_is_not_asked(client: Client) -> None:
    assert "at most 500 characters" in page(client, f"/en/ask/?q={'a' * 501}")


def test_ask_search_and_suggestions_stay_out_of_search_engines(client: Client) -> None:
    for path in ("/en/ask/", "/en/search/", "/en/suggest/?q=a"):
        assert client.get(path)["X-Robots-Tag"] == "noindex"


def test_a_search_without_results_helps_and_tells_the_editors(client: Client) -> None:
    text = page(client, "/en/search/?q=zeppelin")
    assert "We found nothing for your search" in text
    assert Asked.objects.get().text == "zeppelin"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "🙂",
        "\x00",
        "a" * 100_000,
        '"* NEAR( -',
        "' OR 1=1 --",
        "<script>alert(1)</script>",
        "%F0%28",
        "مرحبا hello 你好",
    ],
)
def test_no_words_break_a_page(client: Client, retriever: Any, text: str) -> None:
    for path in ("ask", "search", "suggest"):
        response = client.get(f"/en/{path}/", {"q": text})
        assert response.status_code == 200
        assert b"<script>alert" not in response.content


def test_suggestions_are_links_in_the_readers_language(client: Client, permit: Question) -> None:
    text = page(client, "/en/suggest/?q=perm")
    assert re.findall(r'href="([^"]+)" lang="en"', text) == ["/en/questions/permit/"]
    assert 'data-said="1 suggestion"' in text
    assert "<b>perm</b>it" in text
    assert page(client, "/en/suggest/?q=").strip() == ""


def test_suggestions_are_cached_for_all_readers_of_a_language_until_content_changes(
    client: Client, permit: Question, django_capture_on_commit_callbacks: Any
) -> None:
    response = client.get("/en/suggest/?q=perm")
    assert (response["Cache-Control"], response["Vary"]) == ("public, max-age=60", "Accept, Accept-Encoding")
    assert response.cookies.keys() == set()
    tag = response["ETag"]
    with CaptureQueriesContext(connection) as queries:
        again = client.get("/en/suggest/?q=perm", headers={"If-None-Match": tag})
    assert (again.status_code, len(queries)) == (304, 0)
    assert client.get("/de/suggest/?q=perm", headers={"If-None-Match": tag}).status_code == 200
    assert client.get("/en/suggest/?q=permi", headers={"If-None-Match": tag}).status_code == 200
    with django_capture_on_commit_callbacks(execute=True):
        questions.retire_question(permit)
    gone = client.get("/en/suggest/?q=perm", headers={"If-None-Match": tag})
    assert (gone.status_code, gone.content.strip()) == (200, b"")


def test_suggestions_come_as_json_to_whoever_prefers_it(client: Client, permit: Question) -> None:
    response = client.get("/en/suggest/?q=perm", headers={"Accept": "application/json"})
    assert response.json() == {
        "locale": "en",
        "suggestions": [
            {
                "key": "permit",
                "text": "What does a permit cost?",
                "lang": "en",
                "parts": [["What does a ", False], ["perm", True], ["it cost?", False]],
            }
        ],
    }


def test_pages_carry_a_strict_policy_and_no_inline_code(client: Client, permit: Question) -> None:
    for path in PAGES:
        response = client.get(f"/en/{path}")
        policy = response["Content-Security-Policy"]
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy
        text = response.content.decode()
        assert not re.search(r"<[^>]+\s(style|on\w+)=", text)
        assert "<style" not in text


def test_a_broken_page_says_so_in_the_visitors_language(
    client: Client, monkeypatch: pytest.MonkeyPatch, permit: Question
) -> None:
    def broken(*args: Any) -> Any:
        raise RuntimeError("broken")

    monkeypatch.setattr(views.content, "topics", broken)
    client.raise_request_exception = False
    text = page(client, "/ar/", 500)
    assert '<html lang="ar" dir="rtl">' in text


def test_addresses_in_texts_become_links_and_nothing_else_does() -> None:
    assert linked("See https://a.example/x?y=1&z=2. Or <b>a@b.example</b>") == (
        'See <a dir="ltr" href="https://a.example/x?y=1&amp;z=2" rel="nofollow">'
        "https://a.example<wbr>/x<wbr>?y<wbr>=1<wbr>&amp;z<wbr>=2</a>. "
        'Or &lt;b&gt;<a dir="ltr" href="mailto:a@b.example" rel="nofollow">a<wbr>@b.example</a>&lt;/b&gt;'
    )
    assert linked("javascript:alert(1)") == "javascript:alert(1)"


def test_sentences_become_paragraphs_and_lists() -> None:
    from faq.queries.payloads import SegmentPayload

    rows = [("One.", ""), ("Two.", " "), ("A", "\n- "), ("B", "\n- "), ("End.", "\n\n"), ("1st", "\n1. ")]
    shown = grouped([SegmentPayload(text, "en", "ltr", "human", (), before) for text, before in rows], "en")
    assert [(g.kind, [[s.text for s in item] for item in g.items]) for g in shown] == [
        ("p", [["One.", "Two."]]),
        ("ul", [["A"], ["B"]]),
        ("p", [["End."]]),
        ("ol", [["1st"]]),
    ]


def test_languages_and_dates_are_written_as_the_reader_writes_them() -> None:
    names = {tag: (language_name("en", tag), written(date(2026, 11, 3), tag)) for tag in [*TAGS, "tlh"]}
    assert names == {
        "en": ("English", "3 November 2026"),
        "de": ("Englisch", "3. November 2026"),
        "fr": ("anglais", "3 novembre 2026"),
        "es": ("inglés", "3 de noviembre de 2026"),
        "pl": ("angielski", "3 listopada 2026"),
        "uk": ("англійська", "3 листопада 2026\u202fр."),
        "tr": ("İngilizce", "3 Kasım 2026"),
        "ar": ("الإنجليزية", "3 نوفمبر 2026"),
        "zh-hans": ("英语", "2026年11月3日"),
        "tlh": ("en", "2026-11-03"),
    }


def test_a_page_that_does_not_exist_offers_the_topics_it_speaks_of(client: Client, permit: Question) -> None:
    assert 'href="/en/topics/parking/"' in page(client, "/en/nothing/", 404)


def test_an_answer_to_ones_own_question_leads_to_the_page_of_its_entry(
    client: Client, permit: Question, asked: Any
) -> None:
    segments = [{"text": COST, "lang": "en", "origin": "human", "citations": []}]
    asked({"outcome": Outcome.CURATED, "question": "permit", "segments": segments})
    text = page(client, "/en/ask/?q=costs%3F")
    assert "<bdi>costs?</bdi></h1>" in text
    assert '<p class="onward"><a href="/en/questions/permit/">' in text


def test_a_topic_gets_the_picture_its_key_speaks_of() -> None:
    assert topic_icon("parking") == topic_icon("public-transport") != topic_icon("waste")
    assert topic_icon("xyz") == topic_icon("")
