"""Editors' programs: what a token with scopes may do to sources, questions, translations and jobs, in its owner's name."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from faq.domain import jobs, keys
from faq.enums import JobKind, JobState
from faq.models import AuditEntry, Job, Question, Source, TranslationUnit
from tests.faq import worlds
from tests.faq.desk import EDITOR, person
from tests.faq.factories import COST, GERMAN, make_portal, make_question, make_source, passages

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]  # the domain's functions are tried in their own tests
DESK = "/api/v1/desk"
TOWN = "# Town hall\n\nThe town hall opens at nine.\n"


@pytest.fixture(scope="module")
def portal(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with worlds.built(make_portal, tmp_path_factory.mktemp("portal"), django_db_blocker) as home:
        yield home


@pytest.fixture(autouse=True)
def world(portal: Path, tmp_path: Path) -> None:
    worlds.enter(portal, tmp_path)


@pytest.fixture
def anna() -> User:
    return person("anna", EDITOR)


class Program:
    """A client with a token of these scopes."""

    def __init__(self, owner: User, *scopes: str) -> None:
        _, token = keys.create_server_token("Import", scopes=scopes, actor=owner)
        self.headers = {"authorization": f"Bearer {token}"}
        self.client = Client()

    def get(self, address: str, **query: Any) -> Any:
        return self.client.get(f"{DESK}/{address}", query, headers=self.headers)

    def send(self, address: str, body: Any = None, method: str = "post") -> Any:
        call = getattr(self.client, method)
        return call(f"{DESK}/{address}", body or {}, content_type="application/json", headers=self.headers)


@pytest.fixture
def program(anna: User) -> Program:
    return Program(anna, *keys.SCOPES)


def problem(response: Any) -> tuple[int, str]:
    assert response.headers["Content-Type"] == "application/problem+json", response.content
    return response.status_code, json.loads(response.content)["type"].removeprefix("https://polyfaq.org/problems/")


# Who


CALLS = [
    ("get", "sources", "sources:read"),
    ("post", "sources", "sources:write"),
    ("get", "sources/parking", "sources:read"),
    ("post", "sources/parking/revisions", "sources:write"),
    ("get", "sources/parking/impact", "sources:read"),
    ("post", "sources/parking/publish", "sources:publish"),
    ("post", "sources/parking/retire", "sources:publish"),
    ("get", "questions", "questions:read"),
    ("post", "questions", "questions:write"),
    ("get", "questions/permit", "questions:read"),
    ("post", "questions/permit/phrasings", "questions:write"),
    ("post", "questions/permit/answers", "questions:write"),
    ("post", "questions/permit/draft", "questions:write"),
    ("post", "questions/permit/publish", "questions:publish"),
    ("post", "questions/permit/retire", "questions:publish"),
    ("get", "translations", "translations:read"),
    ("post", "translations", "translations:write"),
    ("get", "translations/1", "translations:read"),
    ("put", "translations/1", "translations:write"),
    ("post", "translations/1/approve", "translations:publish"),
    ("get", "jobs", "jobs:read"),
    ("post", "jobs", "jobs:write"),
    ("get", "jobs/0d5b1f0e-0000-4000-8000-000000000000", "jobs:read"),
    ("post", "jobs/0d5b1f0e-0000-4000-8000-000000000000/cancel", "jobs:write"),
    ("post", "jobs/0d5b1f0e-0000-4000-8000-000000000000/retry", "jobs:write"),
]


def called(program: Program, method: str, address: str) -> Any:
    return program.get(address) if method == "get" else program.send(address, method=method)


def test_each_call_needs_its_own_scope_and_changes_nothing_without(anna: User) -> None:
    before = AuditEntry.objects.exclude(object_type="apikey").count()
    states = list(Source.objects.values_list("state")), list(Question.objects.values_list("state"))
    for scope in keys.SCOPES:
        others = Program(anna, *(each for each in keys.SCOPES if each != scope))
        refused = [problem(called(others, method, address)) for method, address, needed in CALLS if needed == scope]
        assert refused == [(403, "insufficient-scope")] * len(refused)
        assert refused != []
    assert AuditEntry.objects.exclude(object_type="apikey").count() == before
    assert states == (list(Source.objects.values_list("state")), list(Question.objects.values_list("state")))


def test_without_a_secret_token_there_is_no_desk(client: Client) -> None:
    widget = keys.create_widget_key("Shop", allowed_origins=["https://shop.example"])
    shop = {"authorization": f"Bearer {widget.public}", "origin": "https://shop.example"}
    for method, address, _ in CALLS:
        call = getattr(client, method)
        assert problem(call(f"{DESK}/{address}", headers={})) == (401, "unauthenticated")
        assert problem(call(f"{DESK}/{address}", headers=shop)) == (401, "unauthenticated")
    asked = client.options(
        f"{DESK}/sources", headers={"origin": "https://shop.example", "access-control-request-method": "POST"}
    )
    assert problem(asked) == (403, "origin-not-allowed")


def test_a_token_does_no_more_than_its_owner_may_now(anna: User, program: Program) -> None:
    assert program.get("sources").status_code == 200
    anna.user_permissions.clear()
    assert problem(program.get("sources")) == (403, "forbidden")
    assert problem(program.send("sources", {"text": TOWN, "locale": "en"})) == (403, "forbidden")
    assert Source.objects.filter(title="Town hall").count() == 0


def test_what_a_token_changes_is_its_owners_doing_and_kept_by_nobody(anna: User, program: Program) -> None:
    response = program.send("sources", {"text": TOWN, "locale": "en"})
    row = Source.objects.get(title="Town hall")
    entry = AuditEntry.objects.filter(object_type="source", object_id=str(row.pk)).first()
    assert entry is not None
    assert (entry.actor, response.headers["Cache-Control"]) == (anna, "no-store")


# Sources


def test_a_source_goes_from_text_to_readers_and_back(client: Client, program: Program) -> None:
    made = program.send(
        "sources", {"text": TOWN, "locale": "en", "path": "hall.md", "url": "https://town.example/hall"}
    )
    assert (made.status_code, made.json()["change"], made.json()["source"]["state"]) == (201, "added", "draft")
    key = made.json()["source"]["key"]
    assert client.get(f"/api/v1/sources/{key}").status_code == 404
    impact = program.get(f"sources/{key}/impact").json()
    assert (impact["passages_added"], impact["questions_stale"]) == (["The town hall opens at nine."], [])
    published = program.send(f"sources/{key}/publish").json()
    assert (published["state"], published["published_revision"], published["url"]) == (
        "published", 1, "https://town.example/hall",
    )  # fmt: skip
    assert client.get(f"/api/v1/sources/{key}").status_code == 200
    revised = program.send(f"sources/{key}/revisions", {"text": TOWN.replace("nine", "ten")})
    assert (revised.status_code, revised.json()["source"]["newest_revision"]) == (201, 2)
    assert program.send(f"sources/{key}/publish", {"revision": 2}).json()["published_revision"] == 2
    assert program.send(f"sources/{key}/publish", {"revision": 1}).json()["published_revision"] == 1
    assert program.send(f"sources/{key}/retire").json()["state"] == "retired"
    assert client.get(f"/api/v1/sources/{key}").status_code == 404


def test_the_same_path_again_revises_and_the_same_text_changes_nothing(program: Program) -> None:
    body = {"text": TOWN, "locale": "en", "path": "hall.md", "publish": True}
    answers = [program.send("sources", body | {"text": text}) for text in (TOWN, TOWN, TOWN.replace("nine", "ten"))]
    assert [(each.status_code, each.json()["change"]) for each in answers] == [
        (201, "added"), (200, "unchanged"), (200, "revised"),
    ]  # fmt: skip
    assert answers[-1].json()["source"]["published_revision"] == 2
    key = answers[0].json()["source"]["key"]
    same = program.send(f"sources/{key}/revisions", {"text": TOWN.replace("nine", "ten")})
    assert (same.status_code, same.json()["change"]) == (200, "unchanged")


def test_a_file_may_be_uploaded(program: Program) -> None:
    file = SimpleUploadedFile("hours.csv", b"question,answer\nWhen do you open?,At nine.\n")
    response = program.client.post(
        f"{DESK}/sources", {"file": file, "locale": "en", "publish": "true"}, headers=program.headers
    )
    assert (response.status_code, response.json()["source"]["kind"]) == (201, "file")
    assert Question.objects.filter(state="published", phrasings__text="When do you open?").count() == 1


def test_publishing_on_the_way_needs_its_scope_too(anna: User) -> None:
    writer = Program(anna, "sources:write", "questions:write", "translations:write")
    (permit, *_) = passages(Source.objects.get(key="parking"))
    cited = [{"number": 1, "passage": permit.key, "quote": COST}]
    refused = [
        writer.send("sources", {"text": TOWN, "locale": "en", "publish": True}),
        writer.send(
            "questions/permit/answers", {"text": f"{COST} [1]", "locale": "en", "citations": cited, "publish": True}
        ),
        writer.send("translations", {"text": "A", "source_locale": "en", "target_locale": "de", "translation": "B"}),
    ]
    assert [problem(each) for each in refused] == [(403, "insufficient-scope")] * 3
    assert Source.objects.filter(title="Town hall").count() == 0


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"locale": "en"}, "one of text, file and url"),
        ({"locale": "en", "text": "   "}, "one of text, file and url"),
        ({"text": TOWN}, "errors"),
        ({"text": TOWN, "locale": "xx"}, "no language"),
        ({"text": TOWN, "locale": "en", "topic": "none"}, "no topic"),
        ({"text": TOWN, "locale": "en", "url": "https://x.example/" + "x" * 3000}, "errors"),
        ({"url": "http://127.0.0.1/secret", "locale": "en"}, "127.0.0.1"),
    ],
)
def test_a_source_that_cannot_be_is_refused_with_the_reason(program: Program, body: dict[str, Any], said: str) -> None:
    before = Source.objects.count()
    response = program.send("sources", body)
    assert (response.status_code, said in response.content.decode(), Source.objects.count()) == (400, True, before)


def test_what_somebody_else_changed_meanwhile_is_a_conflict(program: Program) -> None:
    seen = program.get("sources/parking").json()["updated"]
    assert (
        program.send("sources/parking/revisions", {"text": "# Parking\n\nFree.\n", "expected": seen}).status_code == 201
    )
    Source.objects.get(key="parking").save()
    late = program.send("sources/parking/publish", {"expected": seen})
    assert problem(late) == (409, "conflict")


def test_drafts_are_listed_by_state_and_page(program: Program) -> None:
    make_source(TOWN, publish=False)
    assert [row["key"] for row in program.get("sources", state="draft").json()["results"]] == ["town-hall"]
    first = program.get("sources", page_size=3).json()
    rest = program.client.get(first["next"], headers=program.headers).json()
    keys_there = [row["key"] for row in first["results"] + rest["results"]]
    assert keys_there == sorted(Source.objects.values_list("key", flat=True))
    assert problem(program.get("sources", state="none")) == (400, "invalid")


# Questions


def test_a_question_is_worded_answered_with_a_quote_and_published(client: Client, program: Program) -> None:
    made = program.send("questions", {"locale": "en", "phrasings": ["What is a parking fine?", "Fine?"], "key": "fine"})
    assert (made.status_code, made.json()["state"], len(made.json()["phrasings"])) == (201, "draft", 2)
    program.send("questions/fine/phrasings", {"locale": "de", "text": "Was kostet Falschparken?"})
    (_, fine) = passages(Source.objects.get(key="parking"))
    body = {
        "locale": "en", "text": "A parking fine is 25 euros. [1]", "publish": True,
        "citations": [{"number": 1, "passage": fine.key, "quote": "A parking fine is 25 euros."}],
    }  # fmt: skip
    answered = program.send("questions/fine/answers", body)
    assert [(row["state"], row["text"]) for row in answered.json()["answers"]] == [
        ("published", "A parking fine is 25 euros. [1]")
    ]
    assert client.get("/api/v1/questions/fine").status_code == 404
    assert program.send("questions/fine/publish").json()["state"] == "published"
    shown = client.get("/api/v1/questions/fine", {"locale": "de"}).json()
    assert (shown["text"]["text"], shown["answer"]["text"]) == (
        "Was kostet Falschparken?",
        "A parking fine is 25 euros.",
    )
    assert program.send("questions/fine/retire").json()["state"] == "retired"
    assert client.get("/api/v1/questions/fine").status_code == 404


@pytest.mark.parametrize(
    ("quote", "passage", "said"),
    [
        ("A parking fine is 30 euros.", "", "word for word"),
        ("x", "none", "no such passage"),
        (COST, "", "no citation 2"),
    ],
)
def test_a_quote_that_does_not_stand_there_is_refused(program: Program, quote: str, passage: str, said: str) -> None:
    (permit, *_) = passages(Source.objects.get(key="parking"))
    cited = [{"number": 1, "passage": passage or permit.key, "quote": quote}]
    text = f"{COST} [1][2]" if quote == COST else f"{COST} [1]"
    response = program.send("questions/permit/answers", {"locale": "en", "text": text, "citations": cited})
    assert (response.status_code, said in response.json()["detail"]) == (400, True)
    assert len(program.get("questions/permit").json()["answers"]) == 1


def test_a_key_that_is_taken_is_a_conflict(program: Program) -> None:
    assert problem(program.send("questions", {"locale": "en", "phrasings": ["Again?"], "key": "permit"})) == (
        409,
        "conflict",
    )


def test_a_draft_is_composed_from_the_sources(program: Program) -> None:
    make_question("What does the ferry crossing cost?", key="ferry", publish=False)
    answers = program.send("questions/ferry/draft").json()["answers"]
    assert [(row["state"], "2 euros" in row["text"]) for row in answers] == [("draft", True)]


# Translations and jobs


def test_a_translation_is_recorded_corrected_and_shown(client: Client, program: Program) -> None:
    unit = TranslationUnit.objects.get(source_text=COST)
    row = program.get(f"translations/{unit.pk}").json()
    assert (row["text"], row["translation"], row["origin"]) == (COST, GERMAN[COST], "human")
    better = "Ein Bewohnerausweis kostet jährlich 30 Euro."
    assert program.send(f"translations/{unit.pk}", {"translation": better, "expected": "old"}, "put").status_code == 409
    assert program.send(f"translations/{unit.pk}", {"translation": better}, "put").json()["translation"] == better
    assert client.get("/api/v1/questions/permit?locale=de").json()["answer"]["text"] == better
    body = {"text": "Harbour", "source_locale": "en", "target_locale": "de", "translation": "Hafen"}
    assert program.send("translations", body).status_code == 201
    assert client.get("/api/v1/sources/harbour?locale=de").json()["title"] == {
        "text": "Hafen",
        "lang": "de",
        "dir": "ltr",
    }


def test_translations_that_failed_a_check_are_listed_and_cannot_be_approved(program: Program) -> None:
    unit = TranslationUnit.objects.get(source_text=COST)
    TranslationUnit.objects.filter(pk=unit.pk).update(verdict="numbers", origin="machine", approved=False)
    assert [row["id"] for row in program.get("translations", failed="true").json()["results"]] == [unit.pk]
    assert problem(program.send(f"translations/{unit.pk}/approve")) == (400, "invalid")
    TranslationUnit.objects.filter(pk=unit.pk).update(verdict="")
    assert program.send(f"translations/{unit.pk}/approve").json()["approved"] is True


def test_jobs_are_started_once_watched_cancelled_and_tried_again(program: Program) -> None:
    started = [program.send("jobs", {"kind": "populate"}) for _ in range(2)]
    assert [each.status_code for each in started] == [202, 202]
    (job,) = {each.json()["id"] for each in started}
    assert program.get(f"jobs/{job}").json()["state"] == "queued"
    assert program.send(f"jobs/{job}/cancel").json()["state"] == "cancelled"
    assert problem(program.send(f"jobs/{job}/cancel")) == (409, "conflict")
    assert program.send(f"jobs/{job}/retry").json()["state"] == "queued"
    assert [row["id"] for row in program.get("jobs", kind="populate").json()["results"]] == [job]
    assert problem(program.send("jobs", {"kind": "rebuild_index"})) == (400, "invalid")


def test_what_is_not_there_is_not_found(program: Program) -> None:
    nothing = "0d5b1f0e-0000-4000-8000-000000000000"
    gone = ["sources/none", "questions/none", "translations/999999999999", f"jobs/{nothing}", "sources/none/impact"]
    assert [problem(program.get(address)) for address in gone] == [(404, "not-found")] * len(gone)
    assert problem(program.send("sources/parking/publish", {"revision": 99})) == (404, "not-found")


@pytest.mark.parametrize(("address", "most"), [("sources", 1), ("questions", 2), ("translations", 1), ("jobs", 1)])
def test_a_list_takes_as_many_queries_for_many_rows_as_for_few(program: Program, address: str, most: int) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as made:
            assert program.get(address).status_code == 200
        return len(
            [each for each in made if not any(name in each["sql"] for name in ("auth_", "faq_apikey", "permission"))]
        )

    few = queries()
    for n in range(4):
        make_source(TOWN.replace("nine", str(n)), title=f"Hall {n}")
        make_question(f"Who sits at desk {n}?", key=f"desk-{n}")
        jobs.enqueue(JobKind.POPULATE, {}, key=f"p{n}")
    assert queries() == few == most


def test_a_finished_job_says_what_failed(program: Program) -> None:
    job = Job.objects.create(
        kind=JobKind.POPULATE,
        state=JobState.FAILED,
        failures=[{"item": "permit", "reason": "no evidence"}],
        error="one failed",
    )
    row = program.get(f"jobs/{job.pk}").json()
    assert (row["failures"], row["error"]) == ([{"item": "permit", "reason": "no evidence"}], "one failed")
