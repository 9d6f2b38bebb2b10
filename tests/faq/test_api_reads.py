"""Reading over the API: what is published and nothing else, in the reader's language, told unchanged while it is."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from faq import cache
from faq.domain import publication, questions, topics
from faq.models import Asked, Question, Source
from faq.queries import content
from tests.faq import worlds
from tests.faq.factories import COST, GERMAN, HARBOUR, edit, make_portal, make_question, make_source, passages, remember

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]  # cursors and filters go through the ORM alone
V1 = "/api/v1"
SECRET = "The mayor's private parking space is number seven."


def build() -> None:
    make_portal()
    hidden = make_source(f"# Secrets\n\n{SECRET}\n", title="Secrets", publish=False)
    assert hidden.published_revision is None
    make_question("Where does the mayor park?", publish=False, key="mayor")
    topic = topics.ensure_topic("parking", title="Parking and permits")
    questions.move_question(Question.objects.get(key="permit"), topic)
    for n in range(5):
        make_question(f"Where is counter number {n}?", key=f"counter-{n}")
    remember("Parking", "Parken")
    remember("Parking and permits", "Parken und Ausweise")


@pytest.fixture(scope="module")
def portal(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with worlds.built(build, tmp_path_factory.mktemp("portal"), django_db_blocker) as home:
        yield home


@pytest.fixture(autouse=True)
def world(portal: Path, tmp_path: Path) -> None:
    worlds.enter(portal, tmp_path)


def read(client: Client, address: str, accept: str = "", **query: Any) -> Any:
    headers = {"accept-language": accept} if accept else {}
    response = client.get(f"{V1}/{address}", query, headers=headers)
    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/json"), response.content
    return response.json()


def english(text: str) -> dict[str, str]:
    return {"text": text, "lang": "en", "dir": "ltr"}


def german(text: str) -> dict[str, str]:
    return {"text": text, "lang": "de", "dir": "ltr"}


def every(client: Client, address: str, **query: Any) -> list[str]:
    """Keys of all pages of a list."""
    body, found = read(client, address, **query), []
    while True:
        found += [row["key"] for row in body["results"]]
        if body["next"] is None:
            return found
        body = client.get(body["next"]).json()


# What is read


def test_locales_say_how_they_are_written_and_what_they_fall_back_to(client: Client) -> None:
    rows = {row["tag"]: row for row in read(client, "locales")["results"]}
    assert rows["ar"] == {
        "tag": "ar", "name": "Arabic", "autonym": "العربية", "dir": "rtl", "fallbacks": ["en"], "default": False,
        "machine_translations": True,
    }  # fmt: skip
    assert [tag for tag, row in rows.items() if row["default"]] == ["en"]


def test_topics_are_named_in_the_readers_language_with_how_many_questions_they_have(client: Client) -> None:
    body = read(client, "topics", locale="de")
    assert [(row["key"], row["title"], row["questions"]) for row in body["results"]] == [
        ("parking", german("Parken und Ausweise"), 1)
    ]


def test_a_list_of_questions_holds_what_is_published_each_in_the_best_language(client: Client) -> None:
    rows = read(client, "questions", locale="de")["results"]
    assert [row["key"] for row in rows] == [*(f"counter-{n}" for n in range(5)), "permit"]
    assert (rows[-1]["text"], rows[-1]["topic"]) == (german("Was kostet ein Bewohnerausweis?"), "parking")
    assert (rows[0]["text"], rows[0]["topic"]) == (english("Where is counter number 0?"), None)


def test_a_question_comes_with_its_answer_its_references_and_the_original(client: Client) -> None:
    body = read(client, "questions/permit", locale="de")
    answer = body["answer"]
    assert (body["text"], answer["text"], answer["original_lang"]) == (
        german("Was kostet ein Bewohnerausweis?"), GERMAN[COST], "en",
    )  # fmt: skip
    assert [(s["text"], s["lang"], s["citations"], s["original"]) for s in answer["segments"]] == [
        (GERMAN[COST], "de", [1], COST)
    ]
    assert [s["text"] for s in answer["original"]] == [COST]
    reference = answer["citations"][0]
    assert (reference["number"], reference["quote"], reference["source"]["title"]) == (
        1, english(COST), german("Parken"),
    )  # fmt: skip
    assert body["page"] == "http://localhost:8000/de/questions/permit/"


def test_a_reference_leads_to_its_passage_by_key_and_by_number(client: Client) -> None:
    reference = read(client, "questions/permit")["answer"]["citations"][0]
    by_key = read(client, f"passages/{reference['passage']}")
    (passage, _) = passages(Source.objects.get(title="Parking"))
    assert by_key == read(client, f"passages/{passage.pk}")
    text = by_key["blocks"][0]["text"]["text"]
    assert text[reference["start"] : reference["end"]] == reference["quote"]["text"] == COST
    assert by_key["source"]["key"] == "parking"
    assert by_key["page"].endswith(f"/en/sources/parking/?passage={reference['passage']}")


def test_a_source_is_read_block_by_block_with_its_translations(client: Client) -> None:
    body = read(client, "sources/harbour", locale="de")
    blocks = [block for passage in body["passages"] for block in passage["blocks"]]
    assert blocks[0]["text"] == english(
        "The harbour ferry leaves every hour from the old pier. A crossing costs 2 euros."
    )
    assert blocks[0]["translation"] == german(
        "Die Hafenfähre legt jede Stunde am alten Pier ab. Eine Überfahrt kostet 2 Euro."
    )
    assert [passage["translated"] for passage in body["passages"]] == [True, False]


def test_sources_are_listed_with_the_language_they_are_written_in(client: Client) -> None:
    rows = read(client, "sources", locale="de")["results"]
    assert [(row["key"], row["language"], row["title"]) for row in rows] == [
        ("bibliothek", "de", german("Bibliothek")), ("harbour", "en", english("Harbour")),
        ("parking", "en", german("Parken")),
    ]  # fmt: skip


def test_nothing_unpublished_is_read_anywhere(client: Client) -> None:
    draft = Source.objects.get(title="Secrets")
    hidden = draft.revisions.get().passages.get()
    said = [
        client.get(f"{V1}/{address}").content.decode()
        for address in (
            "questions?page_size=200", "sources", "questions/permit", "search?q=mayor+private+parking",
            "suggest?q=mayor", "topics",
        )
    ]  # fmt: skip
    assert [text for text in said if "mayor" in text.lower() or "secrets" in text.lower()] == []
    gone = [f"questions/{'mayor'}", f"sources/{draft.key}", f"passages/{hidden.key}", f"passages/{hidden.pk}"]
    assert [client.get(f"{V1}/{address}").status_code for address in gone] == [404] * 4
    publication.publish_source(draft)
    assert client.get(f"{V1}/passages/{hidden.key}").status_code == 200


def test_a_search_finds_questions_and_passages_in_the_readers_language(client: Client) -> None:
    body = read(client, "search", q="resident permit cost", locale="de")
    found = content.search("resident permit cost", "de")
    assert [row["key"] for row in body["questions"]] == [link.key for link in found.questions] == ["permit"]
    assert [row["passage"] for row in body["passages"]] == [link.passage for link in found.passages]
    assert (body["degraded"], body["corrected"]) == (False, "")


def test_what_is_searched_in_vain_is_counted_each_time(client: Client) -> None:
    for _ in range(2):
        assert read(client, "search", q="zeppelin")["questions"] == []
    assert [(row.text, row.count) for row in Asked.objects.all()] == [("zeppelin", 2)]


def test_suggestions_mark_what_was_typed(client: Client) -> None:
    rows = read(client, "suggest", q="resid")["results"]
    assert [row["key"] for row in rows] == ["permit"]
    assert [part["text"] for part in rows[0]["parts"] if part["typed"]] == ["resid"]
    assert "".join(part["text"] for part in rows[0]["parts"]) == rows[0]["text"]["text"]


# Lists


@pytest.mark.parametrize("size", [1, 2, 3, 50])
def test_pages_of_a_list_hold_each_row_once(client: Client, size: int) -> None:
    assert every(client, "questions", page_size=size) == [*(f"counter-{n}" for n in range(5)), "permit"]


def test_what_is_published_while_somebody_pages_is_neither_doubled_nor_leads_to_gaps(client: Client) -> None:
    first = read(client, "questions", page_size=3)
    make_question("Where is the first counter?", key="a-first-one")
    rest = client.get(first["next"]).json()
    keys = [row["key"] for row in first["results"] + rest["results"]]
    assert keys == [*(f"counter-{n}" for n in range(5)), "permit"]


@pytest.mark.parametrize(
    ("query", "keys"),
    [
        ({"topic": "parking"}, ["permit"]),
        ({"topic": "nothing"}, []),
        ({"answered": "true"}, ["permit"]),
        ({"answered": "false"}, [f"counter-{n}" for n in range(5)]),
        ({"updated_since": "2999-01-01T00:00:00Z"}, []),
        ({"updated_since": "2001-01-01T00:00:00Z", "topic": "parking"}, ["permit"]),
    ],
)
def test_filters_choose_among_the_questions(client: Client, query: dict[str, str], keys: list[str]) -> None:
    assert every(client, "questions", **query) == keys


def test_sources_are_chosen_by_language(client: Client) -> None:
    assert every(client, "sources", language="de") == ["bibliothek"]


@pytest.mark.parametrize(
    ("address", "status", "kind"),
    [
        ("questions?updated_since=yesterday", 400, "invalid"),
        ("questions?topic=%00", 400, "invalid"),
        ("questions?cursor=nonsense", 400, "invalid"),
        ("questions?answered=yes", 400, "invalid"),
        ("questions?answered=", 400, "invalid"),
        ("questions?updated_since=", 400, "invalid"),
        ("search?q=permit&exact=1", 400, "invalid"),
        ("questions?page_size=0", 400, "invalid"),
        ("questions?page_size=201", 400, "invalid"),
        ("questions?page_size=many", 400, "invalid"),
        ("questions?locale=xx", 400, "invalid"),
        ("search", 400, "invalid"),
        ("search?q=%3F!", 400, "invalid"),
        ("suggest", 400, "invalid"),
        ("questions/none", 404, "not-found"),
        ("sources/none", 404, "not-found"),
        ("passages/none", 404, "not-found"),
        ("passages/99999999999999999999", 404, "not-found"),
    ],
)
def test_what_cannot_be_read_is_a_problem(client: Client, address: str, status: int, kind: str) -> None:
    response = client.get(f"{V1}/{address}")
    assert response.headers["Content-Type"] == "application/problem+json"
    assert (response.status_code, response.json()["type"]) == (status, f"https://polyfaq.org/problems/{kind}")


# Languages


@pytest.mark.parametrize(
    ("query", "header", "locale", "fallbacks"),
    [
        ({"locale": "de-AT"}, "fr", "de", ["en"]),
        ({}, "fr;q=0.3, zh_CN", "zh-hans", ["en"]),
        ({}, "xx", "en", []),
        ({}, "", "en", []),
        ({"locale": "uk"}, "", "uk", ["en"]),
    ],
)
def test_every_read_says_its_locale_and_what_it_falls_back_to(
    client: Client, query: dict[str, str], header: str, locale: str, fallbacks: list[str]
) -> None:
    for address in ("locales", "topics", "questions", "questions/permit", "sources", "sources/harbour"):
        body = read(client, address, header, **query)
        assert (address, body["locale"], body["fallbacks"]) == (address, locale, fallbacks)


# Copies


READS = ["locales", "topics", "questions", "questions/permit", "sources", "sources/harbour", "suggest?q=res"]


@pytest.mark.parametrize("address", READS)
def test_what_has_not_changed_is_told_without_a_query(client: Client, address: str) -> None:
    first = client.get(f"{V1}/{address}")
    with CaptureQueriesContext(
        connection,
    ) as made:
        again = client.get(f"{V1}/{address}", headers={"if-none-match": first.headers["ETag"]})
        anew = client.get(f"{V1}/{address}")
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    assert (anew.content, made.captured_queries) == (first.content, [])


def test_reads_may_be_kept_and_are_asked_for_each_time(client: Client) -> None:
    response = client.get(f"{V1}/questions")
    assert response.headers["Cache-Control"] == "public, no-cache"
    assert "Accept-Language" in response.headers["Vary"]
    assert client.get(f"{V1}/search?q=permit").headers["Cache-Control"] == "private, no-cache"
    assert client.get(f"{V1}/suggest?q=per").headers["Cache-Control"] == "public, max-age=60"


def test_a_changed_source_shows_at_once_in_every_read_of_it(client: Client) -> None:
    before = client.get(f"{V1}/sources/harbour")
    edit(Source.objects.get(key="harbour"), "2 euros", "3 euros")
    cache.bump(cache.CONTENT)  # a test's transaction never commits
    after = client.get(f"{V1}/sources/harbour", headers={"if-none-match": before.headers["ETag"]})
    assert (after.status_code, "3 euros" in after.content.decode()) == (200, True)
    assert after.headers["ETag"] != before.headers["ETag"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("questions?topic=parking", "questions?topic=none"),
        ("questions?page_size=1", "questions?page_size=2"),
        ("questions?locale=de", "questions?locale=en"),
        ("search?q=permit", "search?q=ferry"),
        ("search?q=permitt", "search?q=permitt&exact=true"),
    ],
)
def test_requests_that_ask_for_something_else_share_no_copy(client: Client, one: str, other: str) -> None:
    tags = {client.get(f"{V1}/{address}").headers["ETag"] for address in (one, other)}
    assert len(tags) == 2


def test_what_is_left_out_is_not_what_was_kept_for_an_empty_text(client: Client) -> None:
    asked = [client.get(f"{V1}/suggest{query}").status_code for query in ("?q=", "?q=", "")]
    assert asked == [200, 200, 400]


def test_what_is_kept_is_told_as_it_was_made(client: Client) -> None:
    for address in ("questions/permit", "suggest?q=res"):
        made, kept = (client.get(f"{V1}/{address}", headers={"accept-language": "de"}) for _ in range(2))
        said = [
            {name: response.headers[name] for name in ("Cache-Control", "Content-Language", "Content-Type", "ETag")}
            for response in (made, kept)
        ]
        assert said[0] == said[1]
        assert set(kept.headers["Vary"].split(", ")) == set(made.headers["Vary"].split(", "))
        assert kept.headers["RateLimit-Policy"] == made.headers["RateLimit-Policy"]


def test_what_is_kept_is_not_given_to_whoever_wants_another_format(client: Client) -> None:
    asked = [client.get(f"{V1}/questions", headers={"accept": accept}).status_code for accept in ("*/*", "text/html")]
    assert asked == [200, 406]


def test_a_parameter_that_nobody_knows_makes_no_copy_of_its_own(client: Client) -> None:
    tags = {client.get(f"{V1}/questions{query}").headers["ETag"] for query in ("", "?x=1", "?utm_source=mail")}
    assert len(tags) == 1


# Queries


@pytest.mark.parametrize(
    ("address", "most"),
    [("questions?page_size=200", 2), ("sources?page_size=200", 3), ("questions/permit", 8), ("sources/harbour", 3)],
)
def test_a_read_takes_as_many_queries_for_many_rows_as_for_few(client: Client, address: str, most: int) -> None:
    def queries() -> int:
        client.get(f"{V1}/topics?locale=de")  # what stands on every page is kept by now
        with CaptureQueriesContext(connection) as made:
            assert client.get(f"{V1}/{address}{'&' if '?' in address else '?'}locale=de").status_code == 200
        return len(made)

    cache.bump(cache.CONTENT)
    few = queries()
    for n in range(8):
        make_question(f"Who sits at desk {n}?", key=f"desk-{n}")
    for n in range(3):
        make_source(HARBOUR.replace("Lost property", f"Lost property {n}"), title=f"Harbour {n}")
    cache.bump(cache.CONTENT)
    assert queries() == few <= most
