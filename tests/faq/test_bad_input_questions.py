"""Bad input in questions: by domain call, command, web page and API, each surface answers or says what is wrong, and
operators of query languages are only punctuation."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from faq.domain import ask, feedback, indexing, questions
from faq.errors import Invalid, Unavailable
from faq.gateways import retrieval
from faq.models import Asked, Passage, Phrasing, Question, Source
from tests.faq import worlds
from tests.faq.factories import make_question, make_source

pytestmark = pytest.mark.django_db

COST = "A resident permit costs 30 euros a year."

WORDLESS = {
    "empty": "",
    "blank": " \t\n ",
    "emoji": "🚗🅿️🙂👩‍👩‍👧‍👦",
    "controls": "\x00\x01\x07\x1b\x7f\x85",
    "marks of direction": "\u202e\u2066\u200f\ufeff",
    "a quotation mark": '"',
    "a star": "*",
    "dashes": "- -- ---",
    "operators": '"* ( - ) : ^ + {"}',
    "half a pair": "\ud800",
    "a combining mark": "\u0301\u0301",
}
HUGE = {"100 kB": "a" * 100_000, "100 kB of words": "permit " * 15_000, "100 kB of emoji": "🙂" * 25_000}
WORDED = {
    "quoted": '"What does a permit cost?"',
    "an open quotation": '"What does a permit cost',
    "stars": "*What* does a permit* cost*",
    "NEAR": "NEAR(What does a permit cost, 5)",
    "dashes": "-What -does -a -permit -cost",
    "columns": "text:What does heading:a permit cost",
    "parentheses": ")))What does a ((permit cost",
    "SQL": "What does a permit cost'; DROP TABLE faq_source; --",
    "wildcards": "%What_ does a permit cost%",
    "HTML": "<b>What</b> does a <i>permit</i> cost<br>",
    "script": "What does a permit cost <script>alert(1)</script>",
    "a template": "{{ What does }} a {% permit cost %} ${7*7}",
    "controls": "What\x00 does\x1b a\x07 permit\u202e cost\ufeff?",
    "half a pair": "What does a permit cost \ud83d",
    "emoji": "🚗 What does a permit cost? 🙂",
    "mixed scripts": "What does a permit cost? 许可证 تصريح дозвіл",
    "wide letters": "Ｗｈａｔ does a ｐｅｒｍｉｔ cost？",
    "zero width": "What\u200b does\u00ad a permit cost",
}


def build() -> None:
    """A published question with its answer, and a source beside it that must not answer; both are indexed."""
    make_source("# Zoo\n\nThe zoo keeps seven penguins and an otter.\n")
    passage = Passage.objects.filter(revision=make_source().published_revision, text__contains="permit").get()
    make_question("What does a permit cost?", cites=passage, quote="A resident permit costs 30 euros a year.")
    indexing.sync_all()


@pytest.fixture(scope="module")
def portal(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with worlds.built(build, tmp_path_factory.mktemp("portal"), django_db_blocker) as home:
        yield home


@pytest.fixture
def permit(portal: Path, tmp_path: Path) -> Question:
    worlds.enter(portal, tmp_path)
    return Question.objects.get()


@pytest.fixture(autouse=True)
def _empty_without_it(request: pytest.FixtureRequest, db: None) -> None:
    if "permit" not in request.fixturenames:
        worlds.leave()


def everything() -> tuple[int, ...]:
    return tuple(model.objects.count() for model in (Source, Passage, Question, Phrasing))


def cases(*groups: dict[str, str]) -> Any:
    return [pytest.param(text, id=name) for group in groups for name, text in group.items()]


def post(client: Client, **body: str) -> Any:
    return client.post("/api/v1/ask", json.dumps(body), content_type="application/json")


class TestNothingIsAsked:
    @pytest.mark.parametrize("text", cases(WORDLESS))
    def test_the_domain_says_so_and_records_nothing(self, text: str, permit: Question) -> None:
        with pytest.raises(Invalid, match="Please write your question in words"):
            ask.ask(text, "en")
        assert not Asked.objects.exists()

    @pytest.mark.parametrize("text", cases({name: text for name, text in WORDLESS.items() if text}))
    def test_the_command_says_so(self, text: str, permit: Question) -> None:
        with pytest.raises(CommandError, match="Please write your question in words"):
            call_command("ask", text, json=True)

    def test_the_command_without_a_question_says_what_it_takes(self) -> None:
        with pytest.raises(CommandError, match="Give a question, or --batch FILE"):
            call_command("ask", "")

    @pytest.mark.parametrize("text", cases({name: text for name, text in WORDLESS.items() if name != "half a pair"}))
    def test_the_page_helps_and_records_nothing(self, text: str, permit: Question, client: Client) -> None:
        answer = client.get("/en/ask/", {"q": text})
        assert (answer.status_code, "30 euros" in answer.content.decode(), Asked.objects.count()) == (200, False, 0)

    @pytest.mark.parametrize("text", cases(WORDLESS))
    def test_the_api_answers_with_a_problem(self, text: str, permit: Question, client: Client) -> None:
        answer = post(client, question=text)
        assert (answer.status_code, answer.headers["Content-Type"]) == (400, "application/problem+json")
        assert answer.json()["type"].endswith("/invalid")
        assert not Asked.objects.exists()


class TestTooMuchIsAsked:
    @pytest.mark.parametrize("text", cases(HUGE))
    def test_the_domain_names_the_ceiling(self, text: str, permit: Question) -> None:
        with pytest.raises(Invalid, match="at most 500 characters"):
            ask.ask(text, "en")
        assert not Asked.objects.exists()

    @pytest.mark.parametrize("text", cases(HUGE))
    def test_the_command_names_the_ceiling(self, text: str, permit: Question) -> None:
        with pytest.raises(CommandError, match="at most 500 characters"):
            call_command("ask", text)

    @pytest.mark.parametrize("text", cases(HUGE))
    def test_the_page_names_the_ceiling_and_does_not_repeat_the_text(
        self, text: str, permit: Question, client: Client
    ) -> None:
        answer = client.get("/en/ask/", {"q": text})
        assert (answer.status_code, "500" in answer.content.decode()) == (200, True)
        assert len(answer.content) < 60_000

    @pytest.mark.parametrize("text", cases(HUGE))
    def test_the_api_names_the_field_or_the_ceiling(self, text: str, permit: Question, client: Client) -> None:
        answer = post(client, question=text)
        assert answer.status_code == 400
        assert "question" in answer.json().get("errors", {}) or "500 characters" in answer.json()["detail"]

    def test_text_just_above_the_ceiling_is_refused_and_just_below_is_asked(self, permit: Question) -> None:
        question = "What does a permit cost? "
        assert ask.ask(question + "x" * (500 - len(question)), "en").locale == "en"
        with pytest.raises(Invalid, match="at most 500"):
            ask.ask(question + "x" * (501 - len(question)), "en")


class TestOperatorsArePunctuation:
    @pytest.mark.parametrize("text", cases(WORDED))
    def test_the_question_is_found_all_the_same(self, text: str, permit: Question) -> None:
        before = everything()
        found = ask.ask(text, "en").as_dict()
        assert [row["quote"] for row in found["citations"]] == [COST]
        assert "penguins" not in found["answer"]
        assert (found["degraded"], everything()) == (False, before)

    @pytest.mark.parametrize("text", cases(WORDED))
    def test_the_page_answers_and_runs_nothing(self, text: str, permit: Question, client: Client) -> None:
        answer = client.get("/en/ask/?" + urlencode({"q": text}, errors="surrogatepass"))
        html = answer.content.decode()
        assert (answer.status_code, "30 euros a year" in html, "<script>alert" in html, "<b>What" in html) == (
            200, True, False, False,
        )  # fmt: skip

    @pytest.mark.parametrize("text", cases(WORDED))
    def test_the_api_answers(self, text: str, permit: Question, client: Client) -> None:
        answer = post(client, question=text, locale="en")
        if answer.status_code == 400:  # Django REST framework takes no control characters and no half of a pair
            assert "question" in answer.json()["errors"]
            assert any(ord(character) < 32 or "\ud800" <= character <= "\udfff" for character in text)
            return
        assert [row["quote"] for row in answer.json()["citations"]] == [COST]

    @pytest.mark.parametrize("text", cases(WORDED))
    def test_the_search_finds_it_where_all_words_are_its_own(self, text: str, permit: Question, client: Client) -> None:
        answer = client.get("/en/search/?" + urlencode({"q": text}, errors="surrogatepass"))
        html = answer.content.decode()
        assert (answer.status_code, "<script>alert" in html, "<b>What" in html) == (200, False, False)
        if not any(word in text for word in ("DROP", "<b>", "alert")):  # other words make it another search
            assert "/en/questions/what-does-a-permit-cost/" in html

    @pytest.mark.parametrize("text", cases(WORDED))
    def test_the_database_alone_bears_them_too(
        self, text: str, permit: Question, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def away() -> Any:
            raise Unavailable("The index is away.")

        monkeypatch.setattr(retrieval, "retriever", away)
        before = everything()
        found = ask.ask(text, "en")
        assert (found.degraded, everything()) == (True, before)

    def test_what_was_asked_in_vain_is_shown_to_nobody_as_markup(self, permit: Question) -> None:
        text = "Where is the <script>alert(1)</script> NEAR(zeppelin*)?"
        assert ask.ask(text, "en").outcome == "abstained"
        assert Asked.objects.get().text == text


class TestBatches:
    def run(self, path: Path, data: bytes) -> list[dict[str, Any]]:
        path.write_bytes(data)
        out = io.StringIO()
        call_command("ask", batch=path, stdout=out)
        return [json.loads(line) for line in out.getvalue().split("\n") if line]

    def test_a_bad_line_is_named_and_the_others_are_answered(self, tmp_path: Path, permit: Question) -> None:
        lines = [
            '{"question": "What does a permit cost?", "locale": "en"}',
            '{"question": ""}',
            "no json",
            "[]",
            '{"locale": "en"}',
            '{"question": "What does a permit cost?", "locale": "tlh"}',
            '{"question": "🙂"}',
            "",
            '{"question": "\\"What* does -a NEAR permit cost"}',
        ]
        rows = self.run(tmp_path / "q.jsonl", "\n".join(lines).encode())
        assert [row.get("error", row.get("answer", "")).split(":")[0] for row in rows] == [
            COST, "Line 2", "Line 3 is no JSON", "Line 4 is no JSON object with a text `question`.",
            "Line 5 is no JSON object with a text `question`.", "Line 6", "Line 7", COST,
        ]  # fmt: skip

    @pytest.mark.parametrize("character", ["\u2028", "\u2029", "\x85"])
    def test_a_line_ends_at_a_line_feed_and_nowhere_else(
        self, character: str, tmp_path: Path, permit: Question
    ) -> None:
        rows = self.run(tmp_path / "q.jsonl", f'{{"question": "What does a{character}permit cost?"}}\n'.encode())
        assert [row.get("answer") for row in rows] == [COST]

    def test_a_byte_order_mark_and_windows_line_ends_are_borne(self, tmp_path: Path, permit: Question) -> None:
        rows = self.run(tmp_path / "q.jsonl", b'\xef\xbb\xbf{"question": "What does a permit cost?"}\r\n')
        assert [row.get("answer") for row in rows] == [COST]

    def test_a_file_that_is_no_text_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(CommandError, match=r"q\.jsonl cannot be read"):
            self.run(tmp_path / "q.jsonl", b"\xff\xfe\x00\xd8")


class TestUnknownLocales:
    @pytest.mark.parametrize("tag", ["tlh", "e n", "../en", "en\x00", "x" * 5000, "'; --", "<b>"])
    def test_every_way_to_ask_says_which_there_are(self, tag: str, permit: Question, client: Client) -> None:
        with pytest.raises(Invalid, match="Known languages: en, de"):
            ask.ask("What does a permit cost?", tag)
        with pytest.raises(CommandError, match="Known languages: en, de"):
            call_command("ask", "What does a permit cost?", locale=tag)
        answer = post(client, question="What does a permit cost?", locale=tag)
        assert answer.status_code == 400
        assert "Known languages" in answer.json()["detail"] or "locale" in answer.json()["errors"]

    @pytest.mark.parametrize(
        "body", [b"", b"{", b"[]", b'"x"', b"null", b'{"question": 7.5e', b'{"question": []}', b"\xff"]
    )
    def test_a_body_that_is_no_question_is_a_problem(self, body: bytes, client: Client) -> None:
        answer = client.post("/api/v1/ask", body, content_type="application/json")
        assert (answer.status_code, answer.headers["Content-Type"]) == (400, "application/problem+json")

    @pytest.mark.parametrize("path", ["/tlh/", "/tlh/ask/?q=permit", "/tlh/search/?q=permit", "/en-x-/", "/e%20n/"])
    def test_a_page_in_no_language_is_not_found(self, path: str, client: Client) -> None:
        assert client.get(path).status_code == 404


class TestPhrasings:
    @pytest.mark.parametrize("text", cases(WORDLESS))
    def test_one_without_a_word_is_refused(self, text: str, permit: Question) -> None:
        before = everything()
        with pytest.raises(Invalid, match="no letter or digit"):
            questions.add_phrasing(permit, text=text, locale="en")
        with pytest.raises(Invalid, match=r"needs at least one wording|no letter or digit"):
            questions.create_question(phrasings=[text], locale="en")
        assert everything() == before

    @pytest.mark.parametrize("text", cases(HUGE | {"too long": "permit " * 80}))
    def test_one_that_is_too_long_is_refused_with_the_ceiling(self, text: str, permit: Question) -> None:
        before = everything()
        with pytest.raises(Invalid, match="at most 500 characters"):
            questions.add_phrasing(permit, text=text, locale="en")
        assert everything() == before

    @pytest.mark.parametrize("text", cases(WORDED))
    def test_any_other_is_kept_as_one_line_shown_as_text_and_found(
        self, text: str, permit: Question, client: Client
    ) -> None:
        made = questions.publish_question(questions.create_question(phrasings=[text], locale="en"))
        made.refresh_from_db()
        kept = Phrasing.objects.get(question=made).text
        assert (kept.isprintable(), len(kept.splitlines()), len(made.key) <= 120) == (True, 1, True)
        html = client.get(f"/en/questions/{made.key}/").content.decode()
        assert ("<script>alert" in html, "<b>What" in html, "{%" in html) == (False, False, "{%" in text)

    def test_an_unknown_locale_is_told_with_the_known_ones(self, permit: Question) -> None:
        for call in (
            lambda: questions.create_question(phrasings=["A permit?"], locale="tlh"),
            lambda: questions.add_phrasing(permit, text="A permit?", locale="tlh"),
        ):
            with pytest.raises(Invalid, match="Known languages: en, de"):
                call()

    @pytest.mark.parametrize("key", ["🙂", "---", "\x00", "<>"])
    def test_a_key_without_a_letter_is_refused(self, key: str) -> None:
        with pytest.raises(Invalid, match="cannot be a key"):
            questions.create_question(key=key, phrasings=["A permit?"], locale="en")

    @pytest.mark.parametrize("key", ["../../etc", "a/b?c#d", "<script>", "a" * 500])
    def test_a_key_is_made_fit_for_an_address(self, key: str, client: Client) -> None:
        made = questions.publish_question(questions.create_question(key=key, phrasings=["A permit?"], locale="en"))
        assert (made.key.replace("-", "").isalnum(), len(made.key) <= 120) == (True, True)
        assert client.get(f"/en/questions/{made.key}/").status_code == 200


@pytest.mark.parametrize("text", cases(WORDLESS))
def test_a_question_without_a_word_is_not_recorded(text: str) -> None:
    assert feedback.record_asked(text, "en") is None
    assert not Asked.objects.exists()
