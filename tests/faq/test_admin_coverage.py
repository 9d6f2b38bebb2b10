"""The coverage matrix: what each cell says, filters that find it, actions that say first what they will do, and a cost that
does not grow with the portal."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from faq.domain import answers, bulk, jobs, review, topics
from faq.enums import BulkAction, CellState, JobState, Origin, SkipReason, State, TranslationPolicy
from faq.errors import Forbidden, Invalid
from faq.models import (
    Answer,
    AnswerRevision,
    AuditEntry,
    Job,
    Locale,
    Phrasing,
    Question,
    Tally,
    TranslationUnit,
)
from faq.queries import coverage
from faq.queries.coverage import Filters
from tests.faq.desk import messages, person, signed_in
from tests.faq.factories import make_question, make_source, passages, remember, set_policy, translate_into, work

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]
MATRIX, ACTION = "/admin/faq/question/coverage/", "/admin/faq/question/coverage/action/"
COST, FINE = "A resident permit costs 30 euros a year.", "A parking fine is 25 euros."


class World:
    """Four entries: `permit` translated by a person (de), by a machine (fr), with a machine's draft (es); `fine` stale in
    German; `bare` without an answer; `gone` retired."""

    def __init__(self) -> None:
        first, second = passages(make_source(title="Parking"))
        topic = topics.ensure_topic("parking")
        self.permit = make_question("What does a permit cost?", cites=first, quote=COST, key="permit")
        Question.objects.filter(pk=self.permit.pk).update(topic=topic)
        self.fine = make_question("How high is a fine?", cites=second, quote=FINE, key="fine")
        self.bare = make_question("May I fish here?", key="bare")
        self.gone = make_question("Where is the old pier?", key="gone")
        Question.objects.filter(pk=self.gone.pk).update(state=State.RETIRED)
        review.settle(self.permit, "de", {COST: "Der Ausweis kostet 30 Euro im Jahr."}, publish=True)
        remember(COST, "Le permis coûte 30 euros par an.", "fr", human=False)
        remember(COST, "El permiso cuesta 30 euros al año.", "es", human=False)
        set_policy("es", TranslationPolicy.DRAFT)
        answers.translate_answer(self.permit, "fr")
        answers.translate_answer(self.permit, "es")
        review.settle(self.fine, "de", {FINE: "Ein Bußgeld beträgt 25 Euro."}, publish=True)
        canonical = answers.canonical_revision(self.fine)
        assert canonical is not None
        again = list(canonical.citations.all())
        answers.save_revision(self.fine, locale="en", text=f"Now: {FINE} [1]", citations=again, state=State.PUBLISHED)

    def asked(self, question: Question, times: int, days: int = 1, locale: str = "en") -> None:
        day = timezone.now().date() - timedelta(days=days)
        Tally.objects.create(day=day, locale_id=locale, outcome="curated", question=question, count=times)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def client() -> Client:
    return signed_in(person())


def shown(client: Client, query: str = "") -> dict[str, dict[str, str]]:
    """Question key -> locale -> state, as the page has them."""
    lines = client.get(f"{MATRIX}{query}").context["rows"]
    return {
        line.row.question.key: {each.cell.locale.tag: str(each.cell.state) for each in line.cells} for line in lines
    }


def keys(client: Client, query: str) -> list[str]:
    return list(shown(client, query))


def test_each_cell_says_how_fresh_it_is_and_where_it_came_from(world: World, client: Client) -> None:
    found = shown(client)
    assert list(found) == ["permit", "bare", "fine"]  # those of a topic first
    assert {tag: found["permit"][tag] for tag in ("en", "de", "fr", "es", "ar")} == {
        "en": "current", "de": "current", "fr": "machine", "es": "missing", "ar": "missing",
    }  # fmt: skip
    assert (found["fine"]["en"], found["fine"]["de"]) == ("current", "stale")
    assert set(found["bare"].values()) == {"missing"}
    page = client.get(MATRIX).content.decode()
    link = f"/admin/faq/answerrevision/of/{world.permit.pk}"
    assert f'pf-is-current pf-by-human"><a href="{link}/de/"><b>current</b><span>human</span></a>' in page
    assert f'pf-is-current pf-by-machine"><a href="{link}/fr/"><b>current</b><span>machine</span></a>' in page
    assert f'pf-by-nobody"><a href="{link}/es/"><b>missing</b><span class="pf-waits">draft waits</span></a>' in page
    assert f'<a href="/admin/faq/question/{world.bare.pk}/change/"><b>missing</b></a>' in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?topic=parking", ["permit"]),
        ("?topic=-", ["bare", "fine"]),
        ("?locale=de&cell=stale", ["fine"]),
        ("?locale=fr&cell=stale", []),
        ("?cell=machine", ["permit"]),
        ("?cell=draft", ["permit"]),
        ("?locale=de&cell=draft", []),
        ("?locale=de&cell=missing", ["bare"]),
        ("?q=FISH", ["bare"]),
        ("?state=retired", ["gone"]),
        ("?state=", ["permit", "bare", "fine", "gone"]),
        ("?cell=nonsense&locale=xx&demand=nonsense&state=nonsense&p=nonsense", ["permit", "bare", "fine"]),
    ],
)  # fmt: skip
def test_a_filter_finds_what_it_names_and_nothing_else(
    world: World, client: Client, query: str, found: list[str]
) -> None:
    assert keys(client, query) == found


def test_one_language_is_one_column(world: World, client: Client) -> None:
    assert {tuple(cells) for cells in shown(client, "?locale=ar").values()} == {("ar",)}


def test_reader_demand_filters_and_orders(world: World, client: Client) -> None:
    world.asked(world.fine, 7)
    world.asked(world.fine, 2, locale="de")
    world.asked(world.permit, 3)
    world.asked(world.bare, 50, days=coverage.DEMAND_DAYS + 1)
    assert keys(client, "?demand=asked&order=demand") == ["fine", "permit"]
    assert keys(client, "?demand=never") == ["bare"]
    rows = coverage.rows(coverage.chosen(Filters(by_demand=True)), [])
    assert [(row.question.key, row.demand) for row in rows] == [("fine", 9), ("permit", 3), ("bare", 0)]


def test_a_language_is_weighed_by_what_readers_ask(world: World) -> None:
    world.asked(world.permit, 3)
    world.asked(world.fine, 1)
    german, french = (
        next(row for row in coverage.by_language() if row.locale.tag == tag) for tag in ("de", "fr")
    )  # fmt: skip
    assert (german.current, german.stale, german.missing, german.asked_percent) == (1, 1, 1, 75)
    assert (french.current, french.machine, french.missing, french.asked_percent) == (1, 1, 2, 75)


# What an action would do


def reasons(plan: bulk.Plan, question: Question) -> dict[str, str]:
    return {skip.locale: str(skip.reason) for skip in plan.skipped if skip.question == question.pk}


def test_the_plan_of_translating_leaves_what_is_right(world: World) -> None:
    set_policy("pl", TranslationPolicy.OFF)
    plan = bulk.plan("translate", [world.permit.pk, world.bare.pk], ["en", "de", "fr", "pl", "ar"])
    assert [(step.question, step.locale) for step in plan.steps] == [(world.permit.pk, "fr"), (world.permit.pk, "ar")]
    assert reasons(plan, world.permit) == {"en": "original", "de": "by_person", "pl": "policy_off"}
    assert set(reasons(plan, world.bare).values()) == {"unanswered"}
    assert plan.memory_only == ("fr", "ar")  # no engine in this test
    assert plan.by_reason()[SkipReason.UNANSWERED] == 5


def test_the_plan_of_approving_takes_what_a_machine_made_and_is_current(world: World) -> None:
    plan = bulk.plan("approve", [world.permit.pk, world.fine.pk], ["de", "fr", "es"])
    assert plan.by_locale() == {"fr": 1, "es": 1}
    assert reasons(plan, world.permit) == {"de": "nothing_to_approve"}
    assert reasons(plan, world.fine) == {
        "de": "stale", "fr": "nothing_to_approve", "es": "nothing_to_approve",
    }  # fmt: skip


def test_the_plan_of_retiring_is_one_step_an_entry(world: World) -> None:
    plan = bulk.plan("retire", [world.gone.pk, world.fine.pk, world.fine.pk, 999_999], ["de"])
    assert ([step.question for step in plan.steps], reasons(plan, world.gone)) == ([world.fine.pk], {"": "retired"})


@pytest.mark.parametrize(
    ("action", "ids", "said"),
    [
        ("explode", [1], "There is no such action."),
        ("retire", [], "Choose at least one question."),
        ("retire", range(bulk.MOST + 1), "Choose at most 5000 questions at once."),
    ],
)
def test_what_cannot_be_planned_is_said(action: str, ids: Any, said: str) -> None:
    with pytest.raises(Invalid) as refused:
        bulk.plan(action, list(ids))
    assert str(refused.value) == said


# Doing it


def post(client: Client, action: str, *questions: Question, follow: bool = True, **form: str) -> Any:
    data = {"action": action, "question": [str(each.pk) for each in questions], **form}
    return client.post(ACTION, data, follow=follow)


def test_a_preview_changes_nothing_and_says_what_will_be_done_and_left(world: World, client: Client) -> None:
    before = (Job.objects.count(), AuditEntry.objects.count())
    response = post(client, "approve", world.permit, world.fine, query="locale=fr&order=demand")
    page = response.content.decode()
    assert "Changes to be made: 2." in page
    assert [(str(locale), count) for locale, count in response.context["by_locale"]] == [
        ("Français", 1),
        ("Español", 1),
    ]
    assert [(str(label), count) for label, count, _some in response.context["left"]] == [
        ("nothing waits for approval", 13), ("the original is in this language", 2), ("stale: translate it again first", 1),
    ]  # fmt: skip
    assert 'name="query" value="locale=fr&amp;order=demand"' in page
    assert (Job.objects.count(), AuditEntry.objects.count()) == before


def test_approving_publishes_in_the_name_of_who_asked_and_the_matrix_shows_the_job(
    world: World, client: Client
) -> None:
    response = post(client, "approve", world.permit, world.fine, confirm="1", query="topic=parking")
    job = Job.objects.get(kind="bulk")
    assert response.redirect_chain == [(f"{MATRIX}?topic=parking&job={job.pk}", 302)]
    assert response.context["job"] == job
    work()
    job.refresh_from_db()
    assert (job.state, job.done, job.total, job.failures) == (JobState.SUCCEEDED, 2, 2, [])
    made = AnswerRevision.objects.filter(
        answer__question=world.permit, state=State.PUBLISHED, locale_id__in=["fr", "es"]
    )
    assert {(row.locale_id, row.origin, str(row.author)) for row in made} == {
        ("fr", "human", "anna"), ("es", "human", "anna"),
    }  # fmt: skip
    assert set(shown(client, "?locale=es&topic=parking")["permit"].values()) == {"current"}


def test_an_item_that_fails_is_named_and_the_others_go_on(world: World) -> None:
    anna = person()
    job = bulk.start("approve", [world.permit.pk], ["fr", "es"], actor=anna)
    TranslationUnit.objects.filter(target_locale_id="fr").delete()
    AnswerRevision.objects.filter(locale_id="fr").update(segments=[])
    ended = jobs.run(job.pk)
    assert ended.state == JobState.SUCCEEDED
    assert ended.failures == [
        {"item": "permit (fr)", "reason": "Sentence 1 is not translated yet. Translate it, or save a draft."}
    ]
    assert AnswerRevision.objects.filter(locale_id="es", state=State.PUBLISHED, origin=Origin.HUMAN).count() == 1


def test_the_job_plans_again_so_that_what_a_person_did_meanwhile_stays(world: World) -> None:
    translate_into("fr")
    job = bulk.start("translate", [world.permit.pk], ["fr"], actor=person())
    review.settle(world.permit, "fr", {COST: "Trente euros par an."}, publish=True)
    ended = jobs.run(job.pk)
    assert (ended.state, ended.total) == (JobState.SUCCEEDED, 0)
    live = AnswerRevision.objects.get(answer__question=world.permit, locale_id="fr", state=State.PUBLISHED)
    assert live.text == "Trente euros par an. [1]"


def test_all_that_pass_the_filters_are_taken_not_only_those_marked(world: World, client: Client) -> None:
    post(client, "retire", world.fine, every="1", confirm="1", query="topic=-")
    work()
    states = dict(Question.objects.values_list("key", "state"))
    assert states == {"permit": "published", "fine": "retired", "bare": "retired", "gone": "retired"}
    assert AuditEntry.objects.filter(verb="retire", actor__username="anna").count() == 2


def test_nothing_chosen_is_said_and_the_filters_stay(client: Client, world: World) -> None:
    response = post(client, "retire", query="topic=parking")
    assert messages(response) == ["Choose at least one question."]
    assert response.redirect_chain == [(f"{MATRIX}?topic=parking", 302)]


def test_who_may_not_retire_is_offered_no_retiring_and_refused_when_forging_it(world: World) -> None:
    looker = person("lena", ["view_question", "view_answerrevision", "change_answerrevision"])
    client = signed_in(looker)
    assert [each.value for each in client.get(MATRIX).context["actions"]] == ["translate"]
    for form in ({}, {"confirm": "1"}):
        assert post(client, "retire", world.permit, **form).status_code == 403
    with pytest.raises(Forbidden):
        bulk.start("retire", [world.permit.pk], actor=looker)
    assert Question.objects.get(pk=world.permit.pk).state == State.PUBLISHED
    assert not Job.objects.filter(kind="bulk").exists()


def test_the_matrix_is_closed_to_who_may_not_see_translations() -> None:
    client = signed_in(person("lena", ["view_question"]))
    assert (client.get(MATRIX).status_code, client.post(ACTION).status_code) == (403, 403)


def test_every_action_names_the_permissions_it_needs() -> None:
    assert set(bulk.PERMISSIONS) == set(BulkAction)
    assert PermissionDenied is not Forbidden


# Size


def many(questions: int, extra_locales: int = 0) -> None:
    """Entries with a published answer in every language, written directly: only their number matters."""
    for n in range(extra_locales):
        Locale.objects.create(tag=f"x{n:02}"[:3], name=f"Language {n}", autonym=f"Language {n}", order=50 + n)
    tags = list(Locale.objects.values_list("tag", flat=True))
    start = Question.objects.count()
    made = Question.objects.bulk_create(
        Question(key=f"many-{start + n}", state=State.PUBLISHED) for n in range(questions)
    )
    Phrasing.objects.bulk_create(
        Phrasing(question=each, locale_id="en", text=f"What about {each.key}?", canonical=True) for each in made
    )
    found = Answer.objects.bulk_create(Answer(question=each) for each in made)
    AnswerRevision.objects.bulk_create(
        AnswerRevision(
            answer=each, locale_id=tag, number=1, text="Text.", state=State.PUBLISHED, is_translation=tag != "en",
            origin=Origin.MACHINE if tag != "en" else Origin.HUMAN,
        )
        for each in found
        for tag in tags
    )  # fmt: skip


def cost(client: Client, query: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(f"{MATRIX}{query}").status_code == 200
    return len(captured)


def test_the_matrix_costs_the_same_queries_for_twelve_entries_as_for_seven_hundred(client: Client) -> None:
    queries = ["", "?locale=de&cell=stale", "?cell=draft", "?demand=asked", "?order=demand&p=2"]
    many(12)
    client.get(MATRIX)
    few = [cost(client, query) for query in queries]
    many(700)
    assert [cost(client, query) for query in queries] == few
    assert len(client.get(MATRIX).context["rows"]) == 50


def test_every_entry_is_on_exactly_one_page(client: Client) -> None:
    many(120)
    pages = [keys(client, f"?p={n}") for n in (1, 2, 3)]
    assert [len(page) for page in pages] == [50, 50, 20]
    assert len({key for page in pages for key in page}) == 120


def test_a_cell_state_is_one_word_for_each_of_its_kinds() -> None:
    assert {str(each) for each in CellState} == {"current", "machine", "stale", "missing", "draft"}
