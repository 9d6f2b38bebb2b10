"""Sources at the desk: every way in, what is refused and how, publish, revise, retire, two editors at once."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError
from django.test import Client
from django.urls import reverse

from faq.admin.forms import MOST_FILES, PASTE_LENGTH
from faq.domain import jobs, publication, sources
from faq.enums import State
from faq.models import AuditEntry, Job, Question, Source
from tests.faq.desk import EDITOR, messages, person, signed_in
from tests.faq.factories import PARKING, make_question, make_source, passages

pytestmark = pytest.mark.django_db
ADD = "/admin/faq/source/add/"
BINS = "# Bins\n\nThe grey bin is emptied every two weeks. Glass goes to the glass bank.\n"


@pytest.fixture
def client() -> Client:
    return signed_in(person())


def form(**fields: Any) -> dict[str, Any]:
    return {"title": "", "locale": "en", "topic": "", "text": "", "url": "", **fields}


def errors(response: Any) -> list[str]:
    """All that the form on the page says is wrong."""
    assert response.status_code == 200
    return [error for found in response.context["form"].errors.values() for error in found]


@pytest.fixture
def website(settings: Any) -> Iterator[Any]:
    """A server with one page, whose text a test may change."""

    class Page(BaseHTTPRequestHandler):
        text = BINS.replace("# Bins", "")

        def do_GET(self) -> None:
            found = self.path == "/bins"
            body = f"<html><head><title>Bins</title></head><body><main><h1>Bins</h1><p>{Page.text}</p></main></body></html>"
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *args: Any) -> None:
            pass

    settings.POLYFAQ = settings.POLYFAQ | {"FETCH_ALLOW_PRIVATE": True}
    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    Page.address = f"http://127.0.0.1:{server.server_port}"  # type: ignore[attr-defined]
    yield Page
    server.shutdown()
    server.server_close()


def test_a_pasted_text_waits_as_a_draft_and_shows_its_passages(client: Client) -> None:
    response = client.post(ADD, form(text=PARKING), follow=True)
    source = Source.objects.get()
    assert (source.title, source.state, source.kind, str(source.owner)) == ("Parking", State.DRAFT, "text", "anna")
    assert messages(response) == ["“Parking” is added as a draft. Look at its passages, then publish it."]
    shown = [passage.text for passage, _fresh in response.context["passages"]]
    assert shown == [
        "A resident permit costs 30 euros a year. You can apply online.",
        "A parking fine is 25 euros. Pay it within 14 days.",
    ]
    assert "2 passages are new or changed" in response.content.decode()


def test_published_at_once_it_is_what_readers_see(client: Client) -> None:
    response = client.post(ADD, form(text=PARKING, title="Permits", publish="on"), follow=True)
    source = Source.objects.get()
    assert (source.title, source.state, source.published_revision) == (
        "Permits",
        State.PUBLISHED,
        source.revisions.get(),
    )
    assert messages(response) == ["“Permits” is added and published. The portal answers from it now."]


def test_who_may_not_publish_adds_drafts_even_when_the_form_is_bent() -> None:
    client = signed_in(person("writer", [each for each in EDITOR if each != "publish_source"]))
    assert "publish" not in client.get(ADD).context["form"].fields
    client.post(ADD, form(text=PARKING, publish="on"))
    assert Source.objects.get().state == State.DRAFT


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("bins.md", BINS.encode(), "text/markdown"),
        ("bins.txt", BINS.encode(), "text/plain"),
        ("bins.html", f"<html><body><main><h1>Bins</h1><p>{BINS[8:]}</p></main></body></html>".encode(), "text/html"),
    ],
)
def test_a_file_is_read_by_what_it_is(client: Client, name: str, data: bytes, kind: str) -> None:
    client.post(ADD, form(upload=SimpleUploadedFile(name, data, kind)))
    source = Source.objects.get()
    assert (source.kind, source.state) == ("file", State.DRAFT)
    assert "The grey bin is emptied every two weeks." in source.revisions.get().text


def test_a_table_of_questions_becomes_questions(client: Client) -> None:
    table = "question,answer\nWhat does a permit cost?,A permit costs 30 euros.\nWhere do I pay?,Pay at the Service Centre.\n"
    client.post(ADD, form(upload=SimpleUploadedFile("faq.csv", table.encode()), publish="on"))
    assert sorted(Question.objects.values_list("key", "state")) == [
        ("what-does-a-permit-cost", State.PUBLISHED),
        ("where-do-i-pay", State.PUBLISHED),
    ]


def test_an_address_is_fetched_and_looked_at_again(client: Client, website: Any) -> None:
    client.post(ADD, form(url=f"{website.address}/bins", publish="on"))
    source = Source.objects.get()
    assert (source.kind, source.title, source.state) == ("url", "Bins", State.PUBLISHED)
    refresh = reverse("admin:faq_source_refresh", args=[source.pk])

    assert messages(client.post(refresh, follow=True))[-1] == "The page says what it said before."
    website.text = "The grey bin is emptied every week from May. Glass goes to the glass bank."
    response = client.post(refresh, follow=True)
    assert messages(response) == ["The page changed: look at the new revision, then publish it."]
    assert response.context["shown"].number == 2
    assert "Revision 2 in place of revision 1" in response.content.decode()


def test_an_address_that_does_not_answer_keeps_the_form_and_says_so(client: Client, website: Any) -> None:
    response = client.post(ADD, form(url=f"{website.address}/gone", title="My title"))
    assert [("404" in error) for error in errors(response)] == [True]
    assert response.context["form"]["title"].value() == "My title"
    assert response.context["form"]["url"].value() == f"{website.address}/gone"
    assert not Source.objects.exists()


def test_an_address_inside_the_house_is_refused(client: Client) -> None:
    response = client.post(ADD, form(url="http://127.0.0.1:9/"))
    assert len(errors(response)) == 1
    assert not Source.objects.exists()


def test_an_address_that_is_here_already_is_named(client: Client, website: Any) -> None:
    client.post(ADD, form(url=f"{website.address}/bins"))
    response = client.post(ADD, form(url=f"{website.address}/bins"))
    assert errors(response) == [
        "This address is here already, as “Bins”. Open that source and look for changes there."
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "Nothing is given yet: paste a text, choose a file or write an address."),
        (
            {"text": "Words.", "url": "https://example.org/"},
            "Give only one: a text, a file or an address. Empty the others.",
        ),
        ({"url": "not an address"}, "This is no web address. Write it as in https://example.org/page."),
        (
            {"text": "x" * (PASTE_LENGTH + 1)},
            f"This text has {PASTE_LENGTH + 1} characters; the ceiling is {PASTE_LENGTH}. Upload it as a file instead.",
        ),
    ],
)
def test_what_is_refused_comes_back_with_the_reason(client: Client, given: dict[str, str], said: str) -> None:
    response = client.post(ADD, form(title="My title", **given))
    assert errors(response) == [said]
    shown = response.context["form"]
    assert shown["title"].value() == "My title"
    assert {name: shown[name].value() for name in given} == given
    assert not Source.objects.exists()


def test_a_broken_file_is_named_and_must_be_chosen_again(client: Client) -> None:
    response = client.post(ADD, form(title="My title", upload=SimpleUploadedFile("report.pdf", b"%PDF-1.4 broken")))
    found = errors(response)
    assert len(found) == 2
    assert any("report.pdf" in error for error in found)
    assert "Choose the file again: browsers do not keep it." in found
    assert response.context["form"]["title"].value() == "My title"


def test_an_empty_file_is_named(client: Client) -> None:
    response = client.post(ADD, form(upload=SimpleUploadedFile("empty.txt", b"")))
    assert any("empty.txt" in error for error in errors(response))


def test_a_file_above_the_ceiling_is_refused_before_it_is_read(client: Client, settings: Any) -> None:
    settings.POLYFAQ = settings.POLYFAQ | {"UPLOAD_MAX_BYTES": 1000}
    response = client.post(ADD, form(upload=SimpleUploadedFile("big.txt", b"word " * 300)))
    assert errors(response)[0].startswith("big.txt has 0.0 MB") is True


def test_script_in_a_source_is_text(client: Client) -> None:
    given = form(title="<script>alert(1)</script>", text="Costs <script>alert(2)</script> 5 euros.")
    response = client.post(ADD, given, follow=True)
    page = response.content.decode()
    assert "<script>alert(" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_new_content_shows_what_publishing_it_would_change(client: Client) -> None:
    source = make_source()
    question = make_question(cites=passages(source)[0], quote="A resident permit costs 30 euros a year.")
    revise = reverse("admin:faq_source_revise", args=[source.pk])
    response = client.post(revise, {"text": PARKING.replace("30 euros", "45 euros")}, follow=True)
    assert messages(response) == ["Revision 2 is read. Look at it, then publish it."]
    assert [(passage.text[:40], fresh) for passage, fresh in response.context["passages"]] == [
        ("A resident permit costs 45 euros a year.", True),
        ("A parking fine is 25 euros. Pay it withi", False),
    ]
    broken = [(question.pk, "What does a permit cost?")]
    assert (response.context["broken"], response.context["stale"]) == (broken, [])
    assert response.context["retiring"]["broken"] == broken
    page = response.content.decode()
    assert ("1 answer loses a sentence" in page, "costs <del>30</del><ins>45</ins> euros" in page) == (True, True)
    source.refresh_from_db()
    assert source.published_revision.number == 1

    publish = {"revision": "2", "expected": source.updated_at.isoformat()}
    response = client.post(reverse("admin:faq_source_publish", args=[source.pk]), publish, follow=True)
    assert messages(response) == ["Published. The portal answers from it now."]
    source.refresh_from_db()
    assert source.published_revision.number == 2
    assert AuditEntry.objects.filter(verb="publish", actor__username="anna").count() == 1


def files(*named: tuple[str, bytes]) -> list[SimpleUploadedFile]:
    return [SimpleUploadedFile(name, data) for name, data in named]


def test_several_files_become_a_source_each_and_a_bad_one_stops_none(client: Client) -> None:
    given = files(("bins.md", BINS.encode()), ("broken.pdf", b"%PDF-1.4 broken"), ("permits.md", PARKING.encode()))
    response = client.post(ADD, form(upload=given, publish="on"), follow=True)
    assert messages(response) == ["Sources that are being read: 3."]
    job = Job.objects.get(kind="ingest")
    assert response.redirect_chain[-1][0] == reverse("admin:faq_job_change", args=[job.pk])
    job = jobs.run(job.pk)
    assert (job.state, job.done, [failure["item"] for failure in job.failures]) == ("succeeded", 3, ["broken.pdf"])
    made = Source.objects.order_by("pk").values_list("title", "kind", "state", "published_revision__number")
    assert list(made) == [("Bins", "file", "published", 1), ("Parking", "file", "published", 1)]
    assert [source.upload.read() for source in Source.objects.order_by("pk")] == [BINS.encode(), PARKING.encode()]
    assert set(AuditEntry.objects.filter(verb="publish").values_list("actor__username", flat=True)) == {"anna"}


def test_a_run_that_was_cut_off_adds_no_file_twice(client: Client) -> None:
    client.post(ADD, form(upload=files(("bins.md", BINS.encode()), ("permits.md", PARKING.encode()))))
    job = jobs.run(Job.objects.get(kind="ingest").pk)
    Job.objects.filter(pk=job.pk).update(state="queued", done=0, finished_at=None)
    assert jobs.run(job.pk).state == "succeeded"
    assert list(Source.objects.order_by("pk").values_list("title", flat=True)) == ["Bins", "Parking"]


def test_several_files_are_refused_together_with_a_reason(client: Client, settings: Any) -> None:
    settings.POLYFAQ = settings.POLYFAQ | {"UPLOAD_MAX_BYTES": 100}
    two = ("bins.md", BINS.encode()), ("permits.md", b"x" * 200)
    assert "permits.md has 0.0 MB" in errors(client.post(ADD, form(upload=files(*two))))[0]
    small = [(f"{number}.md", b"# Bins\n\nA text.\n") for number in range(MOST_FILES + 1)]
    assert errors(client.post(ADD, form(upload=files(*small)))) == [f"Too many files at once; at most: {MOST_FILES}."]
    titled = errors(client.post(ADD, form(upload=files(*small[:2]), title="Mine")))
    assert titled[0] == "Several files have titles of their own: leave this empty."
    assert Source.objects.exists() is Job.objects.filter(kind="ingest").exists() is False


def test_the_same_content_makes_no_revision(client: Client) -> None:
    source = make_source()
    response = client.post(reverse("admin:faq_source_revise", args=[source.pk]), {"text": PARKING}, follow=True)
    assert messages(response) == ["Nothing changed: this is what the newest revision says already."]
    assert source.revisions.count() == 1


def test_refused_content_comes_back_on_the_sources_page(client: Client) -> None:
    source = make_source()
    given = {"text": "***", "url": ""}
    response = client.post(reverse("admin:faq_source_revise", args=[source.pk]), given)
    assert ["no text was found" in error for error in errors(response)] == [True]
    assert response.context["form"]["text"].value() == "***"
    assert response.context["source"] == source
    assert source.revisions.count() == 1


def test_of_two_editors_the_second_is_told_and_changes_nothing(client: Client) -> None:
    source = make_source(publish=False)
    page = client.get(reverse("admin:faq_source_change", args=[source.pk]))
    seen = page.context["source"].updated_at.isoformat()
    sources.revise_content(source, text=PARKING.replace("30", "90"))
    publication.publish_source(source)
    publication.retire_source(source)
    publish = reverse("admin:faq_source_publish", args=[source.pk])
    response = client.post(publish, {"revision": "1", "expected": seen}, follow=True)
    assert messages(response)[0].startswith("Somebody else changed “Parking” meanwhile.")
    source.refresh_from_db()
    assert source.state == State.RETIRED


def test_content_given_to_what_somebody_else_changed_comes_back(client: Client) -> None:
    source = make_source()
    seen = source.updated_at.isoformat()
    sources.revise_content(source, text=PARKING.replace("30", "90"))
    address, given = reverse("admin:faq_source_revise", args=[source.pk]), {"text": BINS, "expected": seen}
    response = client.post(address, given)
    assert [error.startswith("Somebody else changed “Parking”") for error in errors(response)] == [True]
    assert response.context["form"]["text"].value() == BINS
    assert source.revisions.count() == 2
    source.refresh_from_db()
    client.post(address, {"text": BINS, "expected": source.updated_at.isoformat()})
    assert source.revisions.count() == 3


def test_a_retired_source_can_be_published_again(client: Client) -> None:
    source = make_source()
    client.post(reverse("admin:faq_source_retire", args=[source.pk]), {"expected": source.updated_at.isoformat()})
    source.refresh_from_db()
    assert (source.state, source.published_revision) == (State.RETIRED, None)
    client.post(reverse("admin:faq_source_publish", args=[source.pk]), {"revision": "1"})
    source.refresh_from_db()
    assert source.state == State.PUBLISHED


def test_a_source_is_never_deleted(client: Client) -> None:
    source = make_source()
    assert client.post(reverse("admin:faq_source_delete", args=[source.pk]), {"post": "yes"}).status_code == 403
    assert Source.objects.filter(pk=source.pk).exists()


def full(*args: Any, **fields: Any) -> None:
    raise OperationalError("database or disk is full")


def test_a_full_disk_while_an_editor_saves_is_told_and_the_text_stays(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "ingest", full)
    answer = client.post(ADD, form(text=BINS))
    assert errors(answer) == [
        "The database could not write this (database or disk is full). Nothing of it was saved. Free disk space, or wait"
        " a moment, then try again."
    ]
    assert answer.context["form"]["text"].value() == BINS
    assert Source.objects.count() == 0


def test_a_full_disk_while_publishing_is_told(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    source = make_source(BINS, publish=False)
    monkeypatch.setattr(publication, "publish_source", full)
    client.post(f"/admin/faq/source/{source.pk}/publish/", {"revision": "1"})
    assert "database or disk is full" in messages(client.get("/admin/faq/source/"))[0]
    source.refresh_from_db()
    assert source.published_revision_id is None


def test_a_paste_beyond_what_a_form_carries_is_told_and_changes_nothing(client: Client) -> None:
    """The browser says so before it sends (tests/e2e); this is what comes without JavaScript."""
    response = client.post(ADD, form(text="x" * (2 * 2**20 + 1)), headers={"accept-language": "de"})
    said = response.content.decode()
    assert (response.status_code, "höchstens 2 MB getippten Text" in said, "als Datei hoch" in said) == (
        413,
        True,
        True,
    )
    assert Source.objects.count() == 0


@pytest.mark.parametrize(
    ("language", "said"), [("en", "the ceiling is %(ceiling)d"), ("fr", "le plafond est de %(ceiling)d")]
)
def test_the_page_knows_the_ceiling_of_a_paste_and_how_to_say_it(client: Client, language: str, said: str) -> None:
    page = client.get(ADD, headers={"accept-language": language}).content.decode()
    assert (f'data-most="{PASTE_LENGTH}"' in page, said in page) == (True, True)


def test_a_revision_older_than_those_listed_is_shown_by_its_number(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("faq.admin.sources.REVISIONS", 1)
    source = make_source()
    sources.revise_content(source, text="Quite another text. It is short.")
    address = reverse("admin:faq_source_change", args=[source.pk])
    shown = [
        client.get(address, {"revision": asked}).context["shown"].number for asked in ("1", "2", "9", "x", "9" * 40)
    ]
    assert shown == [1, 2, 2, 2, 2]
