"""What assistants may ask: the portal's answers with their references, and nothing that a reader may not see."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from faq.domain import indexing
from faq.enums import State
from faq.errors import Invalid, NotFound
from faq.models import Question, Source
from faq.web import assistants
from tests.faq.factories import make_portal, make_question, make_source, passages

SITE = "http://localhost:8000"
pytestmark = [pytest.mark.django_db, pytest.mark.any_database]


@pytest.fixture
def portal(retriever: Any) -> Question:
    made = make_portal()
    indexing.sync_all()
    return made


def test_search_names_questions_and_passages_with_addresses_in_the_readers_language(portal: Question) -> None:
    found = assistants.search("resident permit cost", "de")
    assert found.language == "de"
    assert found.questions[0] == assistants.QuestionFound(
        key="permit", question="Was kostet ein Bewohnerausweis?", language="de", url=f"{SITE}/de/questions/permit/"
    )
    assert found.passages[0].url.startswith(f"{SITE}/de/sources/")


def test_an_answer_has_its_references_with_addresses(portal: Question) -> None:
    answered = assistants.ask("What does a resident permit cost?")
    assert (answered.outcome, answered.language, answered.notice) == ("curated", "en", "")
    [cited] = answered.citations
    assert cited.quote == "A resident permit costs 30 euros a year."
    assert cited.url.startswith(f"{SITE}/en/sources/")
    assert answered.answer.startswith(f"{cited.quote}[^1]\n\n[^1]: ")


def test_what_the_sources_do_not_answer_is_said_in_the_readers_language(portal: Question) -> None:
    answered = assistants.ask("Wer hat die Fußballweltmeisterschaft 1954 gewonnen?", "de")
    assert (answered.outcome, answered.answer, answered.citations) == ("abstained", "", [])
    assert answered.notice.startswith("Unsere Quellen")


def test_a_question_is_read_as_on_the_site(portal: Question) -> None:
    assert assistants.read_question("permit", "de-AT").startswith("# Was kostet ein Bewohnerausweis?\n\n> Übersetzung.")


def test_a_long_source_is_read_from_passage_to_passage_and_nothing_is_left_out(
    retriever: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "".join(f"# Part {number}\n\n" + f"Sentence about thing {number}. " * 60 + "\n\n" for number in range(6))
    source = make_source(text, title="Parts")
    monkeypatch.setattr(assistants, "SOURCE_CHARACTERS", 4000)
    pieces, at, rounds = [], "", 0
    while rounds == 0 or at:
        read = assistants.read_source(source.key, passage=at)
        pieces.append(read.text)
        at, rounds = read.next_passage, rounds + 1
    whole = "\n\n".join(pieces)
    assert rounds > 1
    assert [whole.count(f"Sentence about thing {number}.") for number in range(6)] == [60] * 6
    assert max(map(len, pieces)) <= 4000
    with pytest.raises(Invalid, match="Leave it out"):
        assistants.read_source(source.key, passage="p0-nowhere")


def test_drafts_are_not_there(portal: Question) -> None:
    make_question("Who is the larkmouth spy?", key="spy", publish=False)
    hidden = make_source("# Spies\n\nThe larkmouth spy is Ada.\n", title="Spies", publish=False)
    for read in (lambda: assistants.read_question("spy"), lambda: assistants.read_source(hidden.key)):
        with pytest.raises(NotFound):
            read()
    assert "Ada" not in str(assistants.search("larkmouth spy Ada"))
    assert "Ada" not in str(assistants.ask("Who is the larkmouth spy?"))


@pytest.mark.parametrize("text", ["", "  ", "x" * 10_000])
def test_words_are_bounded(portal: Question, text: str) -> None:
    for call in (assistants.search, assistants.ask):
        with pytest.raises(Invalid, match="characters"):
            call(text)
    with pytest.raises(Invalid, match="Known languages: en, de"):
        assistants.search("permit", "xx")


def spoken(*calls: tuple[str, dict[str, Any]]) -> tuple[list[Any], list[str]]:
    """(results, names of tools) of the server, asked by the SDK's own client."""
    from mcp import Client

    from faq.web import mcp

    made = mcp.server()

    async def talk() -> tuple[list[Any], list[str]]:
        async with Client(made) as client:
            tools = (await client.list_tools()).tools
            return [await client.call_tool(*call) for call in calls], [tool.name for tool in tools]

    # In a thread of its own: the browser tests leave a running event loop in the main one.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(talk())).result()


@pytest.mark.django_db(transaction=True)
def test_an_assistant_gets_data_by_a_schema_and_errors_it_can_act_on(retriever: Any) -> None:
    make_portal()
    indexing.sync_all()
    Source.objects.filter(title="nowhere").update(state=State.DRAFT)
    (answered, read, missing, refused, wrong), names = spoken(
        ("ask", {"question": "What does a resident permit cost?", "language": "de"}),
        ("read_question", {"key": "permit"}),
        ("read_question", {"key": "nowhere"}),
        ("search", {"text": "permit", "language": "xx"}),
        ("search", {"text": 7, "other": "x"}),
    )
    assert names == ["search", "ask", "read_question", "read_source"]
    assert (answered.is_error, answered.structured_content["outcome"]) == (False, "curated")
    assert answered.structured_content["citations"][0]["number"] == 1
    assert read.content[0].text.startswith("# What does a resident permit cost?")
    assert [each.is_error for each in (missing, refused, wrong)] == [True, True, True]
    assert "Use the keys that search gives." in missing.content[0].text
    assert "Known languages: en, de" in refused.content[0].text


def test_without_its_package_the_command_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "mcp.server.mcpserver", None)
    monkeypatch.delitem(sys.modules, "faq.web.mcp", raising=False)
    with pytest.raises(CommandError, match=r"requirements-mcp\.txt"):
        call_command("mcp")


def test_passages_of_a_source_are_its_text(retriever: Any) -> None:
    source = make_source(title="Parking")
    read = assistants.read_source(source.key)
    assert (read.title, read.next_passage, read.url) == ("Parking", "", f"{SITE}/en/sources/{source.key}/")
    assert all(sentence in read.text for sentence in passages(source)[0].text.split("\n\n")[-1:])
