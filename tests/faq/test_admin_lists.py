"""The desk's lists: the same number of queries for three rows as for twelve; filters on what is derived; jobs and
readers' questions; the set-up screens."""

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from faq.domain import answers, feedback, indexing, jobs, publication, review, sources, topics
from faq.enums import JobKind, JobState, State, TermKind, TranslationPolicy
from faq.models import AuditEntry, GlossaryTerm, Job, Locale, Question, Source, Topic
from tests.faq.desk import messages, person, signed_in
from tests.faq.factories import PARKING, make_portal, make_question, make_source, passages, remember

pytestmark = pytest.mark.django_db
COST = "A resident permit costs 30 euros a year."


@pytest.fixture
def client() -> Client:
    return signed_in(person())


@pytest.fixture
def operator() -> Client:
    return signed_in(User.objects.create_superuser("otto", password="larkmouth"))


def entry(n: int) -> Question:
    """A published source, a question that cites it, its translation, a reader's question, a vote, a job."""
    source = make_source(
        f"# Permit {n}\n\n{COST} Number {n} is green.", title=f"Permit {n}", topic=topics.ensure_topic(f"t{n}")
    )
    question = make_question(f"What does permit {n} cost?", cites=passages(source)[0], quote=COST)
    review.settle(
        question, "de", {COST: "Ein Ausweis kostet 30 Euro im Jahr."}, wording=f"Was kostet {n}?", publish=True
    )
    feedback.record_asked(f"May I fish in lake {n}?", "en", nearest=question)
    feedback.record_feedback(question, "en", helpful=True, visitor=f"visitor {n}")
    jobs.enqueue(JobKind.POPULATE, {}, key=f"test:{n}")
    remember(f"Sentence {n}.", f"Satz {n}.")
    return question


def queries(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


LISTS = [
    "source/", "question/", "question/?answer=current", "question/?missing=fr", "answerrevision/",
    "answerrevision/?need=check", "answerrevision/?need=stale", "gap/", "feedback/", "auditentry/", "job/",
    "translationunit/",
]  # fmt: skip


def test_no_list_asks_more_often_when_it_is_longer(client: Client) -> None:
    for n in range(3):
        entry(n)
    addresses = ["/admin/", *(f"/admin/faq/{name}" for name in LISTS)]
    for address in addresses:
        client.get(address)
    few = {address: queries(client, address) for address in addresses}
    for n in range(3, 12):
        entry(n)
    assert {address: queries(client, address) for address in addresses} == few


def test_no_screen_asks_more_often_when_there_is_more_around_it(client: Client) -> None:
    question = entry(0)
    source = Source.objects.get()
    entry(1)  # with one entry, there is nothing beside it to compare
    indexing.sync_all()
    addresses = [
        reverse("admin:faq_source_change", args=[source.pk]),
        reverse("admin:faq_question_change", args=[question.pk]),
        reverse("admin:faq_translation", args=[question.pk, "de"]),
    ]
    for address in addresses:
        client.get(address)
    few = [queries(client, address) for address in addresses]
    for n in range(2, 9):
        entry(n)
    sources.revise_content(source, text="\n\n".join(f"# Part {n}\n\nPart {n} costs {n} euros." for n in range(12)))
    publication.publish_source(source)
    indexing.sync_all()
    assert [queries(client, address) <= count for address, count in zip(addresses, few, strict=True)] == [True] * 3


# The first page and the filters behind its numbers


@pytest.mark.parametrize(
    ("address", "title"),
    [
        ("translationunit/", "Translation memory"), ("translationunit/files/", "Translators' files"),
        ("question/", "Questions"), ("question/coverage/", "Coverage"), ("locale/", "Languages"),
        ("locale/knowledge/", "Import and export"), ("glossaryterm/files/", "Glossary"),
    ],
)  # fmt: skip
def test_the_menu_marks_one_place(address: str, title: str) -> None:
    boss = signed_in(person("boss", [], is_superuser=True))
    menu = boss.get(f"/admin/faq/{address}").context["sidebar_navigation"]
    marked = [str(item["title"]) for group in menu for item in group["items"] if item.get("active")]
    assert marked == [title]


def test_an_empty_portal_says_how_to_begin(client: Client) -> None:
    page = client.get("/admin/").content.decode()
    assert "Three steps to a first answer" in page
    assert 'href="/admin/faq/source/add/"' in page
    make_source()
    assert "Three steps to a first answer" not in client.get("/admin/").content.decode()


def test_each_number_leads_to_the_rows_it_counts(client: Client) -> None:
    source = make_source()
    make_source("# Draft\n\nNot out yet.", publish=False)
    stale = make_question("What does it cost?", cites=passages(source)[0], quote=COST)
    make_question("What about fines?", cites=passages(source)[1])
    make_question("Who answers this?")
    make_question("Not public yet?", publish=False)
    sources.revise_content(source, text=PARKING.replace("30 euros", "45 euros"))
    publication.publish_source(source)
    feedback.record_asked("May I fish?", "en")
    tiles = {tile.label: tile for tile in client.get("/admin/").context["tiles"]}
    assert {label: tile.value for label, tile in tiles.items()} == {
        "published sources": 1, "sources to publish": 1, "published questions": 3, "without an answer": 1,
        "stale answers": 1, "readers' open questions": 1,
    }  # fmt: skip
    for tile in tiles.values():
        assert client.get(tile.link).context["cl"].result_count == tile.value, tile.label
    rows = client.get(tiles["stale answers"].link).context["cl"].result_list
    assert [row.pk for row in rows] == [stale.pk]


def test_the_table_of_languages_leads_to_what_is_to_be_done(client: Client) -> None:
    source = make_source()
    question = make_question("What does it cost?", cites=passages(source)[0], quote=COST)
    other = make_question("What about fines?", cites=passages(source)[1], quote="A parking fine is 25 euros.")
    remember(COST, "Ein Ausweis kostet 30 Euro.", human=False)
    answers.translate_answer(question, "de")

    def found(address: str) -> list[int]:
        return [row.pk for row in client.get(f"/admin/faq/{address}").context["cl"].result_list]

    german = answers.last_written(question, "de")
    assert found("answerrevision/?locale__tag__exact=de&need=check") == [german]
    assert found("answerrevision/?locale__tag__exact=de&need=stale") == []
    assert found("question/?missing=de") == [other.pk]

    canonical = answers.canonical_revision(question)
    assert canonical is not None
    again = list(canonical.citations.all())
    answers.save_revision(question, locale="en", text=f"Now: {COST} [1]", citations=again, state=State.PUBLISHED)
    assert found("answerrevision/?locale__tag__exact=de&need=stale") == [german]


# Jobs


def test_a_running_job_is_watched_and_its_end_shows_the_new_list(client: Client) -> None:
    job = jobs.enqueue(JobKind.POPULATE, {})
    Job.objects.filter(pk=job.pk).update(state=JobState.RUNNING, done=3, total=12, message="permit")
    page = client.get("/admin/faq/job/").content.decode()
    assert 'hx-get="/admin/faq/job/active/?busy=1" hx-trigger="every 2s"' in page
    fragment = client.get("/admin/faq/job/active/?busy=1")
    assert 'value="25"' in fragment.content.decode()
    assert "HX-Refresh" not in fragment.headers
    Job.objects.filter(pk=job.pk).update(state=JobState.SUCCEEDED)
    ended = client.get("/admin/faq/job/active/?busy=1")
    assert "Nothing is running." in ended.content.decode()
    assert ended.headers["HX-Refresh"] == "true"
    assert "HX-Refresh" not in client.get("/admin/faq/job/active/").headers


def test_a_job_is_cancelled_and_tried_again(client: Client) -> None:
    job = jobs.enqueue(JobKind.POPULATE, {})
    cancel, retry = (reverse(f"admin:faq_job_{verb}", args=[job.pk]) for verb in ("cancel", "retry"))
    response = client.post(cancel, follow=True)
    assert messages(response) == ["Cancelled: the job stops at its next step. What it did so far stays."]
    assert response.context["job"].state == JobState.CANCELLED
    assert messages(client.post(cancel, follow=True)) == ["The job is already over: cancelled."]
    assert client.post(retry, follow=True).context["job"].state == JobState.QUEUED
    verbs = AuditEntry.objects.filter(object_type="job", actor__username="anna").order_by("pk")
    assert list(verbs.values_list("verb", flat=True)) == ["cancel", "retry"]


def test_a_failed_job_says_why_and_which_items(client: Client) -> None:
    job = jobs.enqueue(JobKind.POPULATE, {})
    failures = [{"item": "permit", "reason": "The engine is away."}]
    Job.objects.filter(pk=job.pk).update(state=JobState.FAILED, error="It broke.", failures=failures)
    response = client.get(reverse("admin:faq_job_change", args=[job.pk]))
    page = response.content.decode()
    assert "It broke." in page
    assert "<b>permit</b>: The engine is away." in page
    assert "Try again" in page
    assert response.context["is_active"] is False


# The audit log


def test_the_log_says_who_did_what_to_which_object(client: Client) -> None:
    client.post("/admin/faq/source/add/", {"text": PARKING, "locale": "en", "title": ""})
    source = Source.objects.get()
    page = client.get("/admin/faq/auditentry/?q=anna").content.decode()
    assert f'href="/admin/faq/source/{source.pk}/change/">source {source.pk}</a>' in page
    row = AuditEntry.objects.get(verb="add")
    detail = client.get(reverse("admin:faq_auditentry_change", args=[row.pk])).content.decode()
    assert "&quot;title&quot;: &quot;Parking&quot;" in detail


# Set-up


def test_a_language_is_changed_through_the_domain(operator: Client) -> None:
    data = {"name": "German", "autonym": "Deutsch", "direction": "ltr", "fallback": "", "policy": "off", "order": "1"}
    operator.post("/admin/faq/locale/de/change/", {**data, "enabled": "on"})
    assert Locale.objects.get(pk="de").policy == TranslationPolicy.OFF
    written = AuditEntry.objects.get(object_type="locale")
    assert (written.verb, written.after["policy"], str(written.actor)) == ("change", "off", "otto")
    assert Job.objects.filter(kind=JobKind.SYNC_INDEX).count() == 1


@pytest.mark.parametrize(
    ("tag", "changes", "said"),
    [
        ("en", {}, "en is the default language. Make another one the default first."),
        ("en", {"enabled": "on", "fallback": "de"}, "en cannot fall back to de: that leads back to en."),
    ],
)
def test_what_a_language_cannot_be_is_said_on_its_form(
    operator: Client, tag: str, changes: dict[str, str], said: str
) -> None:
    Locale.objects.filter(pk="de").update(fallback_id="en")
    data = {
        "name": "My name",
        "autonym": "English",
        "direction": "ltr",
        "fallback": "",
        "policy": "publish",
        "order": "0",
    }
    response = operator.post(f"/admin/faq/locale/{tag}/change/", data | changes)
    assert list(response.context["adminform"].form.non_field_errors()) == [said]
    assert response.context["adminform"].form["name"].value() == "My name"
    assert Locale.objects.get(pk=tag).name == "English"


def test_a_language_is_added_and_made_the_default(operator: Client) -> None:
    data = {
        "name": "Italian",
        "autonym": "Italiano",
        "direction": "ltr",
        "fallback": "en",
        "policy": "off",
        "order": "9",
    }
    bad = operator.post("/admin/faq/locale/add/", {**data, "tag": "it is"})
    assert bad.context["adminform"].form.errors["tag"] == [
        "This is no language tag. Write it as in de, pt-br or zh-hans."
    ]  # fmt: skip
    operator.post("/admin/faq/locale/add/", {**data, "tag": "IT", "enabled": "on"})
    assert Locale.objects.get(pk="it").fallback_id == "en"
    response = operator.post("/admin/faq/locale/", {"action": "make_default", "_selected_action": ["it"]}, follow=True)
    assert messages(response)[-1] == "Italiano is what readers get whose own language is not here."
    assert list(Locale.objects.filter(is_default=True).values_list("pk", flat=True)) == ["it"]
    response = operator.post(
        "/admin/faq/locale/", {"action": "make_default", "_selected_action": ["en", "de"]}, follow=True
    )
    assert messages(response)[-1] == "Choose one language: there is one default."


def test_topics_are_written_through_the_domain(operator: Client) -> None:
    operator.post("/admin/faq/topic/add/", {"title": "Parking", "key": "parking", "description": "", "order": "1"})
    topic = Topic.objects.get()
    question = make_question()
    Question.objects.filter(pk=question.pk).update(topic=topic)
    operator.post(
        f"/admin/faq/topic/{topic.pk}/change/", {"title": "Cars", "key": "parking", "description": "", "order": "1"}
    )
    operator.post(f"/admin/faq/topic/{topic.pk}/delete/", {"post": "yes"})
    log = (
        AuditEntry.objects.filter(object_type="topic")
        .order_by("pk")
        .values_list("verb", "before__title", "after__title")
    )
    assert list(log) == [("create", None, "Parking"), ("change", "Parking", "Cars"), ("delete", "Cars", None)]
    question.refresh_from_db()
    assert (Topic.objects.count(), question.topic) == (0, None)


NEEDLESS = "A term that is not translated has no translation: leave it empty, or choose another kind."
INCOMPLETE = "Give the language and the translation, or choose “do not translate”."


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"kind": TermKind.KEEP, "translation": "Rathaus"}, NEEDLESS),
        ({"kind": TermKind.PREFERRED, "translation": "Rathaus"}, INCOMPLETE),
        ({"kind": TermKind.PREFERRED, "target_locale": "de"}, INCOMPLETE),
    ],
)
def test_a_glossary_entry_says_what_it_lacks(operator: Client, given: dict[str, str], said: str) -> None:
    data = {"source_locale": "en", "target_locale": "", "term": "town hall", "translation": "", "note": "a note"}
    response = operator.post("/admin/faq/glossaryterm/add/", data | given)
    assert list(response.context["adminform"].form.non_field_errors()) == [said]
    assert response.context["adminform"].form["note"].value() == "a note"
    assert not GlossaryTerm.objects.exists()


def test_a_glossary_entry_is_kept_and_logged(operator: Client) -> None:
    data = {
        "source_locale": "en",
        "target_locale": "de",
        "term": "town hall",
        "translation": "Rathaus",
        "kind": "preferred",
    }
    operator.post("/admin/faq/glossaryterm/add/", data)
    term = GlossaryTerm.objects.get()
    operator.post(f"/admin/faq/glossaryterm/{term.pk}/delete/", {"post": "yes"})
    log = AuditEntry.objects.filter(object_type="glossaryterm").order_by("pk")
    assert list(log.values_list("verb", flat=True)) == ["add", "delete"]
    assert not GlossaryTerm.objects.exists()


# The desk's language


def test_looking_at_a_page_in_another_language_does_not_change_the_desks(client: Client) -> None:
    make_portal()
    client.cookies["polyfaq_locale"] = "ar"
    assert 'lang="de"' in client.get("/admin/", headers={"accept-language": "de"}).content.decode()


def test_the_desk_keeps_the_language_that_was_chosen_there(client: Client) -> None:
    response = client.post("/admin/language/", {"language": "zh-hans", "next": "/admin/faq/source/"})
    assert (response.status_code, response["Location"]) == (302, "/admin/faq/source/")
    cookie = response.cookies["polyfaq_desk_language"]
    assert (cookie["path"], cookie["samesite"], cookie["httponly"]) == ("/admin/", "Lax", True)
    assert 'lang="zh-hans"' in client.get("/admin/", headers={"accept-language": "de"}).content.decode()
    assert 'lang="en"' in client.get("/en/").content.decode()


def test_a_language_that_the_desk_does_not_speak_is_not_chosen(client: Client) -> None:
    client.cookies["polyfaq_desk_language"] = "xx"
    assert 'lang="de"' in client.get("/admin/", headers={"accept-language": "de"}).content.decode()
    assert client.post("/admin/language/", {"language": "de", "next": "https://evil.example/"})["Location"] == "/"
