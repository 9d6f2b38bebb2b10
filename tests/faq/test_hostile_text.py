"""Text that a database may refuse (PostgreSQL: NUL, half of a surrogate pair, more than a column holds) is answered like any
other bad input, on every database."""

import json
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client

from faq.domain import feedback, jobs, questions, sources, topics
from faq.enums import JobKind
from faq.errors import Invalid
from faq.models import Asked, Feedback, Passage, Phrasing, Question
from faq.queries import content, locales
from tests.faq.factories import make_question, make_source

pytestmark = pytest.mark.django_db

NUL = "per\x00mit"
HALF = "per\ud800mit"
HUGE = "9" * 30


@pytest.fixture
def permit() -> Question:
    source = make_source()
    passage = Passage.objects.filter(revision=source.published_revision, text__contains="permit").get()
    return make_question(cites=passage, quote="A resident permit costs 30 euros a year.", key="permit")


ADDRESSES = [
    (f"/en/search/?q={quote(NUL)}", 200),
    (f"/en/search/?q=permit&topic={quote(NUL)}", 200),
    (f"/en/suggest/?q={quote(NUL)}", 200),
    (f"/api/v1/search?q={quote(NUL)}&topic={quote(NUL)}", 200),
    (f"/api/v1/suggest?q={quote(NUL)}", 200),
    (f"/api/v1/questions?topic={quote(NUL)}", 400),
    (f"/api/v1/sources?topic={quote(NUL)}&cursor={quote(NUL)}", 400),
    (f"/api/v1/questions/{quote(NUL)}", 404),
    (f"/api/v1/questions?locale={quote(NUL)}", 400),
    (f"/en/ask/?q={quote(NUL)}", 200),
    ("/en/ask/?q=%ed%a0%80", 200),
    (f"/en/topics/{quote(NUL)}/", 404),
    (f"/en/questions/{quote(NUL)}/", 404),
    (f"/en/sources/{quote(NUL)}/", 404),
    (f"/{quote(NUL)}/", 404),
    (f"/en/questions/{'k' * 3000}/", 404),
    (f"/sitemap-{HUGE}.xml", 404),
    (f"/en/questions/permit/?feedback={quote(NUL)}", 200),
]


@pytest.mark.parametrize(("address", "status"), ADDRESSES, ids=range(len(ADDRESSES)))
def test_no_address_breaks_a_page(client: Client, permit: Question, address: str, status: int) -> None:
    assert client.get(address).status_code == status


@pytest.mark.parametrize("passage", [NUL, HUGE, HALF.encode("utf-8", "surrogatepass").decode("latin-1")])
def test_a_source_page_bears_any_passage(client: Client, permit: Question, passage: str) -> None:
    key = Passage.objects.get(text__contains="permit").revision.source.key
    assert client.get(f"/en/sources/{key}/?passage={quote(passage)}&from=0&to={HUGE}").status_code == 200


def test_a_cookie_and_a_header_are_only_text(client: Client, permit: Question) -> None:
    client.cookies["polyfaq_locale"] = NUL
    answer = client.get("/", headers={"accept-language": NUL})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/en/")


BODIES = [
    {"question": NUL},
    {"question": HALF},
    {"question": "permit", "locale": NUL},
    {"question": "permit", "locale": HALF},
]


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
def test_the_api_answers_or_refuses(client: Client, permit: Question, body: dict[str, str]) -> None:
    answer = client.post("/api/v1/ask", json.dumps(body), content_type="application/json")
    assert answer.status_code in {200, 400}, answer.content


@pytest.mark.parametrize("comment", [NUL, HALF, "x" * 5000], ids=["NUL", "half a pair", "long"])
def test_a_vote_keeps_what_can_be_kept_of_its_comment(permit: Question, comment: str) -> None:
    feedback.record_feedback(permit, "en", False, comment, "visitor")
    kept = Feedback.objects.get().comment
    assert ("\x00" in kept, "\ud800" in kept, len(kept) <= 1000, kept[:1]) == (False, False, True, comment[0])


def test_a_vote_by_form_bears_any_comment(client: Client, permit: Question) -> None:
    sent = client.post("/en/questions/permit/feedback/", {"helpful": "no", "comment": NUL})
    assert (sent.status_code, Feedback.objects.get().comment.replace(" ", "")) == (302, "permit")


@pytest.mark.parametrize("text", [NUL, HALF, "why " * 400], ids=["NUL", "half a pair", "long"])
def test_what_was_asked_in_vain_is_kept_as_text(text: str) -> None:
    feedback.record_asked(text, "en")
    kept = Asked.objects.get().text
    assert ("\x00" in kept, "\ud800" in kept, len(kept) <= 500) == (False, False, True)


@pytest.mark.parametrize("text", [NUL, HALF], ids=["NUL", "half a pair"])
def test_a_phrasing_is_stored_clean_or_refused(text: str) -> None:
    try:
        question = questions.create_question(key="", topic=None, phrasings=[text], locale="en", actor=None)
    except Invalid:
        assert not Question.objects.exists()
    else:
        kept = Phrasing.objects.get(question=question).text
        assert kept.encode("utf-8").decode() == kept.replace("\x00", "")


@pytest.mark.parametrize("text", [NUL, HALF], ids=["NUL", "half a pair"])
def test_a_source_is_stored_clean_or_refused(text: str) -> None:
    try:
        source = make_source(f"# {text}\n\nA {text} costs 30 euros.\n", title=text)
    except Invalid:
        assert not Passage.objects.exists()
    else:
        kept = [source.title, *Passage.objects.values_list("text", flat=True)]
        assert [each.encode("utf-8").decode() for each in kept] == [each.replace("\x00", "") for each in kept]


@pytest.mark.parametrize(
    "name", [f"{NUL}.md", f"{'n' * 400}.md", f"{'n' * 90}/{'ü' * 300}.md"], ids=["NUL", "long", "path"]
)
def test_a_file_may_have_any_name(name: str) -> None:
    try:
        source = sources.add_source(
            title="", locale="en", data=b"Buses run every ten minutes.\n", filename=name, kind="file", path=name
        )
    except Invalid:
        return
    source.refresh_from_db()
    assert ("\x00" in source.title + source.path + source.key, len(source.title) <= 300) == (False, True)


@pytest.mark.parametrize("title", [NUL, "t" * 900], ids=["NUL", "long"])
def test_a_topic_is_stored_clean_or_refused(title: str) -> None:
    try:
        topic = topics.ensure_topic(title)
    except Invalid:
        return
    topic.refresh_from_db()
    assert ("\x00" in topic.title + topic.key, len(topic.title) <= 120) == (False, True)


def test_the_reason_of_a_failed_item_is_kept_whatever_it_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    from faq.domain import handlers

    def work(args: Any, progress: jobs.Progress) -> None:
        progress.start(1, NUL * 200)
        progress.fail(f"{NUL}.md", HALF * 300)
        raise RuntimeError(NUL + HALF)

    monkeypatch.setitem(handlers.HANDLERS, JobKind.POPULATE, work)
    job = jobs.run(jobs.enqueue(JobKind.POPULATE, {}).pk)
    assert (job.state, job.error) == ("failed", "RuntimeError: per mitper mit")
    assert (job.failures[0]["item"], "\ud800" in job.failures[0]["reason"]) == ("per mit.md", False)


@pytest.mark.parametrize("name", [NUL, HALF, "x" * 5000])
def test_what_is_no_language_is_none(name: str) -> None:
    assert locales.resolve(name) is None


@pytest.mark.parametrize("word", ["PERMIT", "Permit", "pErMiT"])
def test_without_the_index_the_database_is_searched_in_any_case(
    permit: Question, word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from faq.errors import Unavailable
    from faq.gateways import retrieval

    def away(*args: Any, **kwargs: Any) -> Any:
        raise Unavailable("The index is away.")

    monkeypatch.setattr(retrieval, "search", away, raising=False)
    monkeypatch.setattr(retrieval, "retriever", away)
    found = content.search(word, "en", topic="")
    assert [link.key for link in found.questions] == ["permit"]
