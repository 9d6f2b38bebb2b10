"""Roles are enforced where things are done: each role is tried at each action, as a person who calls the domain would."""

import io
import tempfile
import zipfile
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, Group, Permission, User
from django.db import transaction
from django.test import Client
from django.utils import timezone

from faq.domain import (
    access,
    answers,
    bulk,
    feedback,
    gaps,
    glossary,
    glossary_table,
    jobs,
    knowledge,
    locales,
    people,
    publication,
    questions,
    review,
    roles,
    sources,
    translations,
    translators,
    uploads,
)
from faq.domain import topics as shelves
from faq.domain.sources import importing
from faq.enums import JobKind, JobState, Role
from faq.errors import Forbidden, Invalid, Unavailable
from faq.gateways import translation
from faq.models import (
    AnswerRevision,
    Asked,
    AuditEntry,
    Gap,
    GlossaryTerm,
    Job,
    Locale,
    Question,
    Source,
    Topic,
    TranslationUnit,
)
from tests.faq.desk import signed_in
from tests.faq.factories import COST, citation, make_question, make_source, passages, remember

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]
GERMAN = {COST: "Ein Ausweis kostet 30 Euro im Jahr."}


@pytest.fixture(autouse=True)
def groups() -> None:
    roles.ensure()  # a test with real transactions empties every table after itself, also for others


def somebody(role: Role | None) -> User:
    user = User.objects.create_user(f"the {role or 'nobody'}", is_staff=True)
    if role:
        user.groups.add(Group.objects.get(name=role.value))
    return user


class World:
    """One of everything, and each action on it."""

    def __init__(self) -> None:
        self.source = make_source()
        self.passage = passages(self.source)[0]
        self.question = make_question(cites=self.passage, quote=COST, key="permit")
        self.unit = remember(COST, GERMAN[COST], human=False)
        asked = feedback.record_asked("May I fish?", "en")
        assert asked is not None
        self.asked = asked
        other = feedback.record_asked("May I swim?", "en")
        assert other is not None
        self.other = other
        self.job = jobs.enqueue(JobKind.RECONCILE, {}, key="roles")
        self.failed = Job.objects.create(kind=JobKind.RECONCILE, state=JobState.FAILED)
        self.page = make_source("# Page\n\nA page of the web.", title="Page", publish=False)
        Source.objects.filter(pk=self.page.pk).update(kind="url")
        self.page.refresh_from_db()
        self.kept = glossary.save_term(GlossaryTerm(source_locale_id="en", term="resident", kind="keep"))
        self._files()

    def _files(self) -> None:
        """What comes in as a file."""
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("docs/new.md", "# New\n\nA new text.")
        self.folder = sources.keep_folder(packed.getvalue(), "docs.zip")
        self.table = uploads.keep(b"question,answer\nHow old is it?,Ten years.\n", "q.csv")
        folder = Path(tempfile.mkdtemp())
        self.terms = folder / "terms.csv"
        self.terms.write_text("term,from,into,kind,translation\nQuay,en,,keep,\n")
        tmx = folder / "de.tmx"
        translation.write_tmx(tmx, [("You can swim there.", "Dort kann man schwimmen.")], "en", "de")
        self.tmx = uploads.keep(tmx.read_bytes(), "de.tmx")

    def original(self, actor: Any, state: str) -> AnswerRevision:
        rows = [citation(self.passage, COST)]
        return answers.save_revision(
            self.question, locale="en", text=f"{COST} [1]", citations=rows, state=state, actor=actor
        )

    def actions(self, who: Any) -> dict[str, Callable[[], object]]:
        waiting = self.original(None, "draft")
        draft = answers.save_translation(self.question, "de", GERMAN)
        wording = questions.add_phrasing(self.question, text="Permit price?", locale="en")
        another = questions.add_phrasing(self.question, text="Price of it?", locale="en")
        topic = shelves.ensure_topic("cars")
        term = glossary.save_term(GlossaryTerm(source_locale_id="en", term="Larkmouth", kind="keep"))
        assert draft is not None
        return {
            "add source": lambda: sources.add_source(title="A", locale="en", text="Quite short. A text.", actor=who),
            "revise source": lambda: sources.revise_content(self.source, text="Another text. Short.", actor=who),
            "publish source": lambda: publication.publish_source(self.source, actor=who),
            "schedule publishing": lambda: sources.publish_later(
                self.source, publication.newest_revision(self.source), timezone.now() + timedelta(days=1), actor=who
            ),
            "schedule retiring": lambda: sources.retire_later(
                self.source, timezone.now() + timedelta(days=1), actor=who
            ),
            "take schedule back": lambda: sources.take_back(self.source, actor=who),
            "retire source": lambda: publication.retire_source(self.source, actor=who),
            "create question": lambda: questions.create_question(phrasings=["Why?"], locale="en", actor=who),
            "word question": lambda: questions.add_phrasing(self.question, text="Cost?", locale="en", actor=who),
            "remove wording": lambda: questions.remove_phrasing(wording, who),
            "move question": lambda: questions.move_question(self.question, topic, who),
            "publish question": lambda: questions.publish_question(self.question, who),
            "retire question": lambda: questions.retire_question(self.question, who),
            "draft answer": lambda: self.original(who, "draft"),
            "publish answer": lambda: self.original(who, "published"),
            "publish revision": lambda: answers.publish_revision(waiting, who),
            "draft translation": lambda: review.settle(self.question, "de", GERMAN, publish=False, actor=who),
            "approve translation": lambda: review.settle(self.question, "de", GERMAN, publish=True, actor=who),
            "publish translation": lambda: answers.publish_revision(draft, who),
            "machine translation": lambda: answers.translate_answer(self.question, "de", who),
            "correct memory": lambda: translations.correct_unit(self.unit, "Anders.", who),
            "approve memory": lambda: translations.approve_unit(self.unit, who),
            "sort asked": lambda: feedback.set_asked_state(self.asked, "spam", who),
            "sort gap": lambda: gaps.sort([self.asked], "spam", who),
            "take gap apart": lambda: gaps.take_apart([self.asked], who),
            "put gaps together": lambda: gaps.put_together([self.asked.gap, self.other.gap], who),
            "entry answers gap": lambda: gaps.answered_by([self.asked], self.question, who),
            "cancel job": lambda: jobs.cancel(self.job.pk, actor=who),
            "add topic": lambda: shelves.save_topic(Topic(key="new", title="New"), who),
            "delete topic": lambda: shelves.delete_topic(topic, who),
            "add term": lambda: glossary.save_term(GlossaryTerm(source_locale_id="en", term="Pier", kind="keep"), who),
            "delete term": lambda: glossary.delete_term(term, who),
            "change language": lambda: locales.change_locale("de", actor=who, policy="off"),
            "keep published": lambda: publication.keep_published(self.source, actor=who),
            "place source": lambda: sources.place_source(self.source, title="Elsewhere", topic=None, actor=who),
            "let pages go live": lambda: sources.place_source(
                self.page, title="Page", topic=None, refresh_policy="publish", actor=who
            ),
            "look at folder": lambda: sources.look_at_folder(self.folder, "docs", "en", actor=who),
            "bring folder": lambda: sources.ingest_folder(self.folder, "docs", "en", actor=who),
            "bring folder and publish": lambda: sources.ingest_folder(
                self.folder, "docs", "en", publish=True, actor=who
            ),
            "import questions": lambda: importing.bring_in(self.table, "q.csv", COLUMNS, locale="en", actor=who),
            "import and publish": lambda: importing.bring_in(
                self.table, "q.csv", COLUMNS, locale="en", publish=True, actor=who
            ),
            "draft from sources": lambda: _but_for_the_index(lambda: answers.draft_answer(self.question, who)),
            "replace wording": lambda: questions.replace_phrasing(another, text="Price?", origin="human", actor=who),
            "retire answer": lambda: answers.retire_revision(waiting, who),
            "record translation": lambda: translations.record_translation("One.", "en", "de", "Eins.", actor=who),
            "take translators' file": lambda: translators.import_file(self.tmx, "de.tmx", actor=who),
            "take glossary": lambda: glossary_table.import_file(self.terms, who),
            "change term": lambda: glossary.save_term(self.kept, who),
            "machine follows term": lambda: glossary.translate_touched(self.kept, who),
            "retry job": lambda: jobs.retry(self.failed.pk, actor=who),
            "add language": lambda: locales.add_locale(Locale(tag="nl", name="Dutch", autonym="Nederlands"), who),
            "default language": lambda: locales.make_default("de", actor=who),
            "import knowledge": lambda: knowledge.import_knowledge(Path("none.zip"), who),
            "bulk translate": lambda: bulk.start("translate", [self.question.pk], ["de"], actor=who),
            "bulk re-index": lambda: bulk.start("reindex", [self.question.pk], actor=who),
            "bulk approve": lambda: bulk.start("approve", [self.question.pk], ["de"], actor=who),
            "bulk retire": lambda: bulk.start("retire", [self.question.pk], actor=who),
        }

    @staticmethod
    def facts() -> tuple[Any, ...]:
        tables = (
            Locale,
            Source,
            Question,
            AnswerRevision,
            TranslationUnit,
            Asked,
            Gap,
            Job,
            Topic,
            GlossaryTerm,
            AuditEntry,
        )
        return tuple(list(table.objects.order_by("pk").values()) for table in tables)  # type: ignore[attr-defined]


COLUMNS = {"question": 0, "answer": 1}


def _but_for_the_index(act: Callable[[], object]) -> None:
    """What is refused is refused before anything is looked for."""
    with suppress(Unavailable):
        act()


TRANSLATES = {
    "record translation", "take translators' file", "bulk translate",
    "draft translation", "approve translation", "publish translation", "machine translation", "correct memory",
    "approve memory", "bulk approve",
}  # fmt: skip
EDITS = {
    "place source", "look at folder", "bring folder", "import questions", "draft from sources", "replace wording",
    "record translation", "take translators' file", "take glossary", "change term", "machine follows term", "retry job",
    "bulk translate", "bulk re-index",
    "add source", "revise source", "create question", "word question", "remove wording", "move question", "draft answer",
    "draft translation", "machine translation", "correct memory", "approve memory", "sort asked", "cancel job",
    "sort gap", "take gap apart", "put gaps together", "entry answers gap",
    "add topic", "add term", "delete term",
}  # fmt: skip
PUBLISHES = EDITS | TRANSLATES | {
    "keep published", "let pages go live", "bring folder and publish", "import and publish", "retire answer",
    "publish source", "retire source", "schedule publishing", "schedule retiring", "take schedule back", "publish question",
    "retire question", "publish answer", "publish revision",
    "delete topic", "bulk retire",
}  # fmt: skip
ALLOWED: dict[Role | None, set[str]] = {
    None: set(), Role.VIEWER: set(), Role.TRANSLATOR: TRANSLATES, Role.EDITOR: EDITS, Role.PUBLISHER: PUBLISHES,
}  # fmt: skip
ADMINISTERS = {"change language", "add language", "default language", "import knowledge"}
ACTIONS = sorted(PUBLISHES | ADMINISTERS)


def test_the_table_has_every_action() -> None:
    assert sorted(World().actions(None)) == ACTIONS


@pytest.mark.parametrize("role", list(ALLOWED), ids=lambda role: str(role))
def test_a_role_does_what_it_may_and_changes_nothing_else(role: Role | None) -> None:
    world, who = World(), somebody(role)
    actions, done = world.actions(who), set()
    for name, act in actions.items():
        before = world.facts()
        with transaction.atomic():
            mark = transaction.savepoint()
            try:
                act()
                done.add(name)
            except Forbidden:
                assert world.facts() == before, name
            transaction.savepoint_rollback(mark)
        for row in (world.source, world.question, world.unit, world.asked):
            row.refresh_from_db()
    assert done == ALLOWED[role]


def test_the_program_itself_a_stranger_and_an_administrator() -> None:
    world = World()
    with pytest.raises(Forbidden):
        questions.retire_question(world.question, AnonymousUser())
    questions.retire_question(world.question, None)
    locales.change_locale("de", actor=User.objects.create_superuser("root"), policy="off")


def test_who_was_deactivated_does_nothing_more() -> None:
    world, who = World(), somebody(Role.PUBLISHER)
    User.objects.filter(pk=who.pk).update(is_active=False)
    with pytest.raises(Forbidden):
        questions.retire_question(world.question, User.objects.get(pk=who.pk))


def test_a_refusal_does_not_open_the_door_for_the_next_call() -> None:
    world, who = World(), somebody(Role.TRANSLATOR)
    review.settle(world.question, "de", GERMAN, wording="Was kostet er?", publish=True, actor=who)
    with pytest.raises(Forbidden):
        questions.add_phrasing(world.question, text="Was kostet das?", locale="de", actor=who)


def test_the_groups_are_made_once_and_an_administrators_changes_stay() -> None:
    viewer = Group.objects.get(name="viewer")
    viewer.permissions.add(Permission.objects.get(codename="add_question"))
    Group.objects.get(name="editor").delete()
    assert roles.ensure() == ["editor"]
    assert roles.ensure() == []
    assert viewer.permissions.filter(codename="add_question").exists()
    found = Group.objects.get(name="editor").permissions.values_list("codename", flat=True)
    assert set(found) == roles.PERMISSIONS[Role.EDITOR]


def test_every_permission_of_a_role_is_one_that_there_is() -> None:
    wanted = frozenset().union(*roles.PERMISSIONS.values())
    known = Permission.objects.filter(content_type__app_label="faq").values_list("codename", flat=True)
    assert wanted - set(known) == set()


def test_a_translator_is_offered_the_sheet_and_neither_publishing_of_answers_nor_sources() -> None:
    world = World()
    client: Client = signed_in(somebody(Role.TRANSLATOR))
    page = client.get(f"/admin/faq/question/{world.question.pk}/change/").content.decode()
    assert ("Save and publish" in page, "Retire question" in page, "Save as draft" in page) == (False, False, False)
    sheet = client.get(f"/admin/faq/answerrevision/of/{world.question.pk}/de/").content.decode()
    assert "Approve and publish" in sheet
    assert client.get("/admin/faq/source/add/").status_code == 403


@pytest.mark.parametrize("role", [Role.TRANSLATOR, Role.PUBLISHER], ids=str)
@pytest.mark.parametrize(("languages", "refused"), [(["de", "fr"], set()), (["fr"], TRANSLATES)], ids=["own", "other"])
def test_who_has_languages_translates_into_those_and_no_others(
    role: Role, languages: list[str], refused: set[str]
) -> None:
    """The translating actions of the table are all into German."""
    world, who = World(), somebody(role)
    people.assign_locales(who, languages)
    actions, found = world.actions(who), set()
    for name in sorted(TRANSLATES):
        before = world.facts()
        with transaction.atomic():
            mark = transaction.savepoint()
            try:
                actions[name]()
            except Forbidden:
                found.add(name)
                assert world.facts() == before, name
            transaction.savepoint_rollback(mark)
        world.unit.refresh_from_db()
    assert found == refused


def test_a_language_is_refused_by_its_name_and_with_what_is_allowed() -> None:
    world, who = World(), somebody(Role.TRANSLATOR)
    people.assign_locales(who, ["fr", "tr"])
    with pytest.raises(Forbidden, match="You translate into Français, Türkçe, not into Deutsch"):
        review.settle(world.question, "de", GERMAN, publish=False, actor=who)
    with pytest.raises(Forbidden, match="not into Deutsch"):
        translations.record_translation(COST, "en", "DE", GERMAN[COST], who)


def test_the_originals_and_everything_else_are_not_narrowed_by_languages() -> None:
    world, who = World(), somebody(Role.PUBLISHER)
    people.assign_locales(who, ["fr"])
    assert world.original(who, "published").locale_id == "en"
    assert bulk.start("retire", [world.question.pk], actor=who).kind == JobKind.BULK


def test_an_action_on_every_language_is_one_on_the_persons_own() -> None:
    world, who = World(), somebody(Role.TRANSLATOR)
    people.assign_locales(who, ["fr", "tr"])
    assert set(bulk.plan("translate", [world.question.pk], actor=who).by_locale()) == {"fr", "tr"}
    assert bulk.start("translate", [world.question.pk], actor=who).args["locales"] == ["fr", "tr"]


def test_languages_are_given_by_who_may_change_people_and_it_is_on_record() -> None:
    who, root = somebody(Role.TRANSLATOR), User.objects.create_superuser("root")
    with pytest.raises(Forbidden):
        people.assign_locales(who, [], who)
    people.assign_locales(who, ["tr", "DE"], root)
    people.assign_locales(who, ["de", "tr"], root)
    entry = AuditEntry.objects.get(verb="assign")
    assert (entry.actor, entry.object_id, entry.before, entry.after) == (
        root, str(who.pk), {"languages": []}, {"languages": ["de", "tr"]},
    )  # fmt: skip
    with pytest.raises(Invalid):
        people.assign_locales(who, ["xx"], root)
    assert access.assigned(who) == {"de", "tr"}
    people.assign_locales(who, [], root)
    assert access.assigned(who) is None


def test_an_administrator_is_not_narrowed() -> None:
    root = User.objects.create_superuser("root")
    people.assign_locales(root, ["fr"])
    assert access.assigned(root) is None


def test_the_desk_shows_other_languages_and_offers_nothing_there() -> None:
    world, who = World(), somebody(Role.TRANSLATOR)
    review.settle(world.question, "de", GERMAN, publish=True)
    people.assign_locales(who, ["fr"])
    client = signed_in(who)
    theirs, own = (
        client.get(f"/admin/faq/answerrevision/of/{world.question.pk}/{tag}/").content.decode() for tag in ("de", "fr")
    )
    assert ("Approve and publish" in theirs, "Approve and publish" in own) == (False, True)
    listed = "/admin/faq/answerrevision/"
    assert (">Deutsch</bdi>" in client.get(listed).content.decode().split("result_list")[-1]) is False
    assert ">Deutsch</bdi>" in client.get(f"{listed}?locale__tag__exact=de").content.decode()


def test_an_administrator_marks_languages_at_a_persons_account() -> None:
    who, root = somebody(Role.TRANSLATOR), User.objects.create_superuser("root")
    client = signed_in(root)
    address = f"/admin/auth/user/{who.pk}/change/"
    form = {
        "username": "aydin", "is_active": "on", "is_staff": "on", "groups": [str(who.groups.get().pk)],
        "translates_into": ["fr", "zh-hans"], "date_joined_0": "2026-01-01", "date_joined_1": "10:00:00",
    }  # fmt: skip
    answer = client.post(address, form)
    assert answer.status_code == 302, answer.context["errors"]
    assert access.assigned(who) == {"fr", "zh-hans"}
    assert client.get(address).context["adminform"].form["translates_into"].value() == ["fr", "zh-hans"]
