"""Who may do what at the desk: denied unless allowed, POST for changes, and no change without the CSRF token."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from faq.domain import feedback, indexing, jobs
from faq.enums import JobKind
from faq.models import AnswerRevision, Asked, AuditEntry, Job, Question, Source, TranslationUnit
from tests.faq.desk import EDITOR, person, signed_in
from tests.faq.factories import make_question, make_source, passages, remember

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]  # permissions and addresses
COST = "A resident permit costs 30 euros a year."


class World:
    """One of everything, and the address, needed permissions and form of each screen of ours."""

    def __init__(self) -> None:
        self.source = make_source(title="Parking")
        self.question = make_question(cites=passages(self.source)[0], quote=COST, key="permit")
        self.unit = remember(COST, "Der Ausweis kostet 30 Euro im Jahr.")
        asked = feedback.record_asked("May I fish here?", "en", nearest=self.question)
        assert asked is not None
        self.asked = asked
        self.job = jobs.enqueue(JobKind.POPULATE, {})
        indexing.sync_all()

    def screens(self) -> dict[str, tuple[str, list[str], dict[str, str] | None]]:
        """Name -> address, permissions, form (None: a page to look at)."""
        source, question, asked, job = self.source.pk, self.question.pk, self.asked.pk, self.job.pk
        return {
            "sources": (reverse("admin:faq_source_changelist"), ["view_source"], None),
            "source": (reverse("admin:faq_source_change", args=[source]), ["view_source"], None),
            "add source": (reverse("admin:faq_source_add"), ["add_source"], None),
            "revise": (reverse("admin:faq_source_revise", args=[source]), ["change_source"], {"text": "New text here."}),
            "refresh": (reverse("admin:faq_source_refresh", args=[source]), ["change_source"], {}),
            "publish source": (reverse("admin:faq_source_publish", args=[source]), ["publish_source"], {}),
            "retire source": (reverse("admin:faq_source_retire", args=[source]), ["publish_source"], {}),
            "keep": (reverse("admin:faq_source_keep", args=[source]), ["publish_source"], {}),
            "folder": (reverse("admin:faq_source_folder"), ["add_source", "change_source"], None),
            "check": (reverse("admin:faq_question_check", args=[question]), ["view_question"], {"text": "It is 5."}),
            "preview": (reverse("admin:faq_question_preview", args=[question]), ["view_question"], None),
            "sitemap": (reverse("admin:faq_source_sitemap"), ["add_source"], None),
            "schedule": (
                reverse("admin:faq_source_schedule", args=[source]), ["publish_source"],
                {"do": "retire", "at": "2999-01-01T08:00"},
            ),
            "place source": (reverse("admin:faq_source_place", args=[source]), ["change_source"], {"title": "Elsewhere"}),
            "questions": (reverse("admin:faq_question_changelist"), ["view_question"], None),
            "question": (reverse("admin:faq_question_change", args=[question]), ["view_question"], None),
            "add question": (reverse("admin:faq_question_add"), ["add_question"], None),
            "save": (reverse("admin:faq_question_save", args=[question]), ["change_question"], {"text": "It is 5."}),
            "publish": (
                reverse("admin:faq_question_save", args=[question]),
                ["change_question", "publish_question"],
                {"text": "It is 5.", "publish": "1"},
            ),
            "draft": (reverse("admin:faq_question_draft", args=[question]), ["change_question"], {}),
            "retire": (reverse("admin:faq_question_retire", args=[question]), ["publish_question"], {}),
            "move": (reverse("admin:faq_question_place", args=[question]), ["change_question"], {}),
            "wording": (
                reverse("admin:faq_question_phrasing", args=[question]),
                ["change_question"],
                {"text": "Permit price?", "locale": "en"},
            ),
            "remove wording": (reverse("admin:faq_question_phrasing_remove", args=[question]), ["change_question"], {}),
            "translations": (reverse("admin:faq_answerrevision_changelist"), ["view_answerrevision"], None),
            "translation": (reverse("admin:faq_translation", args=[question, "de"]), ["view_answerrevision"], None),
            "save translation": (
                reverse("admin:faq_translation", args=[question, "de"]),
                ["view_answerrevision", "change_answerrevision"],
                {"source": COST, "text": "Dreißig Euro."},
            ),
            "approve translation": (
                reverse("admin:faq_translation", args=[question, "de"]),
                ["view_answerrevision", "change_answerrevision", "publish_answerrevision"],
                {"source": COST, "text": "Dreißig Euro.", "publish": "1"},
            ),
            "machine": (reverse("admin:faq_translation_machine", args=[question, "de"]), ["change_answerrevision"], {}),
            "unit": (reverse("admin:faq_translationunit_change", args=[self.unit.pk]), ["view_translationunit"], None),
            "correct": (
                reverse("admin:faq_translationunit_change", args=[self.unit.pk]),
                ["view_translationunit", "change_translationunit"],
                {"text": "Anders."},
            ),
            "gaps": (reverse("admin:faq_gap_changelist"), ["view_asked"], None),
            "gap": (reverse("admin:faq_gap_change", args=[self.asked.gap_id]), ["view_asked"], None),
            "gap of a wording": (reverse("admin:faq_gap_of", args=[asked]), ["view_asked"], None),
            "sort": (
                reverse("admin:faq_gap_sort", args=[self.asked.gap_id]), ["change_asked"],
                {"state": "spam", "asked": str(asked)},
            ),
            "take apart": (
                reverse("admin:faq_gap_apart", args=[self.asked.gap_id]), ["change_asked"], {"asked": str(asked)},
            ),
            "entry answers": (
                reverse("admin:faq_gap_entry", args=[self.asked.gap_id]), ["change_asked", "change_question"],
                {"asked": str(asked), "question": str(question)},
            ),
            "jobs": (reverse("admin:faq_job_changelist"), ["view_job"], None),
            "job": (reverse("admin:faq_job_change", args=[job]), ["view_job"], None),
            "job state": (reverse("admin:faq_job_state", args=[job]), ["view_job"], None),
            "active jobs": (reverse("admin:faq_job_active"), ["view_job"], None),
            "cancel": (reverse("admin:faq_job_cancel", args=[job]), ["change_job"], {}),
            "retry": (reverse("admin:faq_job_retry", args=[job]), ["change_job"], {}),
            "audit": (reverse("admin:faq_auditentry_change", args=[AuditEntry.objects.all()[0].pk]), ["view_auditentry"], None),
        }  # fmt: skip

    def facts(self) -> tuple[Any, ...]:
        """Everything that the forms above could change."""
        return (
            list(Source.objects.order_by("pk").values_list("state", "published_revision", "title", "retire_at")),
            list(Question.objects.order_by("pk").values_list("state")),
            list(AnswerRevision.objects.order_by("pk").values_list("pk", "state", "text")),
            list(TranslationUnit.objects.order_by("pk").values_list("target_text")),
            list(Asked.objects.values_list("state")),
            list(Job.objects.order_by("pk").values_list("state")),
            AuditEntry.objects.count(),
        )


@pytest.fixture
def world() -> World:
    return World()


NAMES = [
    "sources", "source", "add source", "revise", "refresh", "publish source", "retire source", "keep", "folder", "check",
    "preview", "sitemap", "schedule", "place source",
    "questions", "question", "add question", "save", "publish", "draft", "retire", "move", "wording",
    "remove wording", "translations", "translation", "save translation", "approve translation", "machine", "unit",
    "correct", "gaps", "gap", "gap of a wording", "sort", "take apart", "entry answers", "jobs", "job", "job state",
    "active jobs", "cancel", "retry", "audit",
]  # fmt: skip


def visit(client: Client, address: str, form: dict[str, str] | None) -> Any:
    return client.get(address) if form is None else client.post(address, form)


def test_every_screen_is_listed_here(world: World) -> None:
    assert list(world.screens()) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_screen_is_open_to_those_with_its_permissions_and_to_nobody_else(world: World, name: str) -> None:
    address, needed, form = world.screens()[name]
    before = world.facts()
    for missing in needed:
        # Who may change a thing may look at it.
        twins = {missing, missing.replace("view_", "change_")}
        others = [each for each in EDITOR if each not in twins]
        user = person(f"without_{missing}", others)
        assert visit(signed_in(user), address, form).status_code == 403, missing
    assert world.facts() == before
    allowed = visit(signed_in(person("just_enough", needed)), address, form)
    assert allowed.status_code in (200, 302)


@pytest.mark.parametrize("name", NAMES)
def test_a_visitor_is_sent_to_the_login(world: World, name: str) -> None:
    address, _needed, form = world.screens()[name]
    before = world.facts()
    response = visit(Client(), address, form)
    assert (response.status_code, response.headers["Location"]) == (302, f"/admin/login/?next={address}")
    assert world.facts() == before


@pytest.mark.parametrize(
    "name",
    ["revise", "refresh", "publish source", "retire source", "schedule", "place source", "save", "draft", "retire", "move",
     "wording", "remove wording", "machine", "sort", "take apart", "entry answers", "cancel", "retry"],
)  # fmt: skip
def test_changes_want_post(world: World, name: str) -> None:
    before = world.facts()
    response = signed_in(person()).get(world.screens()[name][0])
    assert response.status_code == 405
    assert world.facts() == before


FORMS = [
    "revise", "refresh", "publish source", "retire source", "schedule", "place source", "save", "publish", "draft",
    "retire", "move", "wording", "remove wording", "save translation", "approve translation", "machine", "correct",
    "sort", "take apart", "entry answers", "cancel", "retry",
]  # fmt: skip


@pytest.mark.parametrize("name", FORMS)
def test_changes_want_the_token(world: World, name: str) -> None:
    address, _needed, form = world.screens()[name]
    before = world.facts()
    response = signed_in(person(), enforce_csrf_checks=True).post(address, form)
    assert response.status_code == 403
    assert world.facts() == before


@pytest.mark.parametrize(
    "address",
    [
        "source/999/change/", "source/x/change/", "source/999/publish/", "question/999/change/", "question/x/change/",
        "question/999/save/", "answerrevision/of/999/de/", "answerrevision/999/change/", "gap/999/change/",
        "job/00000000-0000-0000-0000-000000000000/change/", "job/x/change/", "translationunit/x/change/",
        "auditentry/x/change/", "feedback/x/change/",
    ],
)  # fmt: skip
def test_what_is_not_there_is_not_found(address: str) -> None:
    client = signed_in(person())
    method = client.post if address.endswith(("publish/", "save/")) else client.get
    assert method(f"/admin/faq/{address}").status_code == 404


def test_what_may_not_be_done_is_not_offered(world: World) -> None:
    looker = signed_in(person("looker", ["view_source", "view_question", "view_answerrevision"]))
    source = looker.get(reverse("admin:faq_source_change", args=[world.source.pk])).content.decode()
    question = looker.get(reverse("admin:faq_question_change", args=[world.question.pk])).content.decode()
    sheet = looker.get(reverse("admin:faq_translation", args=[world.question.pk, "de"])).content.decode()
    editor = signed_in(person("editor"))
    for page, address, words in (
        (source, reverse("admin:faq_source_change", args=[world.source.pk]), ["/revise/", "/retire/"]),
        (
            question,
            reverse("admin:faq_question_change", args=[world.question.pk]),
            ['value="1">Save and', "data-cite="],
        ),
        (sheet, reverse("admin:faq_translation", args=[world.question.pk, "de"]), ["Approve and publish", "/machine/"]),
    ):
        full = editor.get(address).content.decode()
        for word in words:
            assert word in full
            assert word not in page


def test_the_first_page_shows_a_person_only_what_they_may_open(world: World) -> None:
    def shown(user: Any) -> tuple[bool, ...]:
        page = signed_in(user).get("/admin/").content.decode()
        words = ("published sources", "published questions", "How each language", "May I fish here?", "Background work")
        return tuple(word in page for word in words)

    assert shown(person("editor")) == (True,) * 5
    assert shown(person("sources", ["view_source"])) == (True, False, False, False, False)
    assert shown(person("asked", ["view_asked"])) == (False, False, False, True, False)
    assert shown(person("none", [])) == (False,) * 5


def test_the_menu_leads_only_to_lists_one_may_open(world: World) -> None:
    page = signed_in(person("sources", ["view_source"])).get("/admin/").content.decode()
    assert 'href="/admin/faq/source/"' in page
    assert 'href="/admin/faq/question/"' not in page
    assert 'href="/admin/auth/user/"' not in page


def test_the_permissions_to_publish_can_be_given() -> None:
    found = Permission.objects.filter(codename__startswith="publish_").order_by("codename")
    assert list(found.values_list("codename", flat=True)) == [
        "publish_answerrevision", "publish_question", "publish_source",
    ]  # fmt: skip


def test_the_desk_speaks_the_language_the_browser_asks_for() -> None:
    client = signed_in(person())
    page = client.get("/admin/", headers={"accept-language": "de-AT, en;q=0.5"}).content.decode()
    assert '<html lang="de"' in page
    assert "Der Stand in jeder Sprache" in page
    assert "How each language stands" not in page
    assert '<html lang="en"' in client.get("/admin/", headers={"accept-language": "xx"}).content.decode()
