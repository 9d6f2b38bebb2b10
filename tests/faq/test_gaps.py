"""Unanswered questions that ask the same stand together, in the editor's language, and are dealt with together."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from faq.admin import gaps as screens
from faq.domain import feedback, gaps, jobs
from faq.enums import AskedState, JobKind, JobState
from faq.errors import Invalid
from faq.models import Asked, AuditEntry, Gap, Job, Phrasing, Question
from faq.queries.gaps import Alike, compare, joined, value
from tests.faq.desk import messages, person, signed_in
from tests.faq.factories import make_portal, make_question

pytestmark = pytest.mark.django_db
POOL = [
    ("When is the swimming pool open on Sundays?", "en"),
    ("Wann hat das Schwimmbad am Sonntag geöffnet?", "de"),
    ("Yüzme havuzu pazar günleri saat kaçta açılıyor?", "tr"),
]
FISH = ("Do I need a licence to fish in the River Lark?", "en")


def ask(text: str, locale: str, **about: Any) -> Asked:
    made = feedback.record_asked(text, locale, **about)
    assert made is not None
    return made


def grouped(locale: str | None = None) -> Job:
    """Run the job as a worker does."""
    job = jobs.enqueue(JobKind.GROUP_ASKED, {"locale": locale} if locale else {})
    jobs.run(str(job.pk))
    return jobs.get(job.pk)


def together() -> list[set[str]]:
    return [{asked.text for asked in gap.asked.all()} for gap in Gap.objects.order_by("pk")]


@pytest.fixture
def client() -> Client:
    return signed_in(person())


@pytest.fixture
def pool(starter: Any) -> Gap:
    """One gap of three languages, and another question."""
    make_portal()
    for text, tag in (*POOL, FISH):
        ask(text, tag)
    assert grouped().state == JobState.SUCCEEDED
    return Gap.objects.get(asked__text=POOL[0][0])


# Which ask the same


def test_a_new_question_joins_the_gap_whose_two_best_are_alike() -> None:
    assert joined({}, []) is None
    assert joined({0: 3.0}, [7]) == 7
    assert joined({0: 1.0}, [7]) is None  # not above
    assert joined({0: 3.0, 1: -2.0}, [7, 7]) is None
    assert joined({0: 3.0, 1: 2.0, 2: -9.0}, [7, 7, 7]) == 7
    assert joined({0: 3.0}, [7, 7]) is None  # the other one was not among the nearest
    assert joined({0: 3.0, 1: 4.0}, [7, 8]) == 8


def test_nothing_in_common_is_worth_less_than_nothing() -> None:
    assert value(Alike(0, 0, 0, 0, 0, 0, 0, 0)) < 0
    assert value(Alike(1, 0, 1, 1, 1, 1, 1, 0)) > 1
    assert value(Alike(1, 0, 1, 1, 1, 1, 1, 1)) < value(Alike(1, 0, 1, 1, 1, 1, 1, 0))


def test_a_question_is_compared_with_the_nearest_only(starter: Any) -> None:
    others = [(f"Where is office number {n} of the council?", "en") for n in range(30)] + POOL[1:]
    found = compare(POOL[0], others)
    assert len(found) == 24
    assert {30, 31} <= set(found)
    assert max(found, key=lambda n: value(found[n])) == 30


def test_questions_that_ask_the_same_in_three_languages_become_one_gap(pool: Gap) -> None:
    assert together() == [{text for text, _tag in POOL}, {FISH[0]}]


def test_grouping_again_changes_nothing(pool: Gap) -> None:
    before = list(Asked.objects.order_by("pk").values())
    grouped()
    assert list(Asked.objects.order_by("pk").values()) == before


def test_a_new_question_is_in_the_inbox_before_any_job_has_run(starter: Any, client: Client) -> None:
    make_portal()
    asked = ask(*FISH)
    assert [gap.pk for gap in client.get("/admin/faq/gap/").context["cl"].result_list] == [asked.gap_id]


def test_many_new_questions_wait_for_one_job(starter: Any) -> None:
    make_portal()
    for text, tag in POOL:
        ask(text, tag)
    assert Job.objects.filter(kind=JobKind.GROUP_ASKED).count() == 1


def test_what_an_older_version_recorded_without_a_gap_gets_one(starter: Any, client: Client) -> None:
    make_portal()
    asked = ask(*FISH)
    Asked.objects.update(gap=None)
    Gap.objects.all().delete()
    assert len(client.get("/admin/faq/gap/").context["cl"].result_list) == 1
    asked.refresh_from_db()
    assert asked.gap is not None


def test_where_an_editor_put_a_wording_it_stays(pool: Gap) -> None:
    turkish = pool.asked.get(locale="tr")
    gaps.take_apart([turkish])
    grouped()
    assert together() == [{POOL[0][0], POOL[1][0]}, {FISH[0]}, {POOL[2][0]}]


def test_taking_apart_is_undone_by_putting_together_and_both_are_in_the_log(pool: Gap) -> None:
    other = gaps.take_apart([pool.asked.get(locale="tr")])
    gaps.put_together([pool, other])
    assert together() == [{text for text, _tag in POOL}, {FISH[0]}]
    said = list(AuditEntry.objects.filter(object_type="asked").order_by("pk").values_list("verb", "before", "after"))
    assert said == [
        ("take apart", {"gap": pool.pk}, {"gap": other.pk}), ("put together", {"gap": other.pk}, {"gap": pool.pk}),
    ]  # fmt: skip
    with pytest.raises(Invalid, match="at least two"):
        gaps.put_together([pool])


def test_a_dismissed_question_draws_no_new_one_to_itself(pool: Gap) -> None:
    gaps.sort(list(pool.asked.all()), AskedState.DISMISSED)
    asked = ask("When is the swimming pool open on Sunday?", "en")
    grouped()
    asked.refresh_from_db()
    assert asked.gap_id != pool.pk
    assert asked.compared is True


# In the editor's language


def test_questions_are_told_in_the_language_that_the_desk_is_read_in(pool: Gap, engine: Any) -> None:
    ask("May I fish?", "en")
    grouped("de")
    assert Asked.objects.get(text="May I fish?").told == {"de": "[de] May I fish?"}
    assert pool.asked.get(locale="de").told == {}


def test_what_readers_wrote_does_not_go_into_the_memory(pool: Gap, engine: Any) -> None:
    from faq.models import TranslationUnit

    ask("May I fish?", "en")
    before = TranslationUnit.objects.count()
    grouped("de")
    assert Asked.objects.filter(told__de="[de] May I fish?").count() == 1
    assert TranslationUnit.objects.count() == before


def test_looking_at_the_inbox_begins_the_work_once(pool: Gap, engine: Any, client: Client) -> None:
    Job.objects.all().delete()
    for _ in range(2):
        client.get("/admin/faq/gap/", headers={"accept-language": "de"})
    assert [job.args for job in Job.objects.all()] == [{"locale": "de"}]


def test_without_an_engine_the_inbox_begins_no_work(pool: Gap, client: Client) -> None:
    Job.objects.all().delete()
    client.get("/admin/faq/gap/", headers={"accept-language": "de"})
    assert Job.objects.count() == 0


# The screens


def page(gap: Gap) -> str:
    return reverse("admin:faq_gap_change", args=[gap.pk])


def send(client: Client, name: str, gap: Gap, *asked: Asked, **given: Any) -> Any:
    address = reverse(f"admin:faq_gap_{name}", args=[gap.pk])
    return client.post(address, {"asked": [str(row.pk) for row in asked], **given}, follow=True)


def test_the_list_counts_what_was_asked_in_all_wordings_and_languages(client: Client, pool: Gap) -> None:
    ask(*POOL[1])
    rows = client.get("/admin/faq/gap/").context["cl"].result_list
    assert [(gap.times, gap.wordings) for gap in rows] == [(4, 3), (1, 1)]
    german = client.get("/admin/faq/gap/?locale=de").context["cl"].result_list
    assert [gap.pk for gap in german] == [pool.pk]


def test_the_list_is_searched_by_the_words_of_any_wording(client: Client, pool: Gap) -> None:
    assert [gap.pk for gap in client.get("/admin/faq/gap/?q=Schwimmbad+Sonntag").context["cl"].result_list] == [pool.pk]
    assert list(client.get("/admin/faq/gap/?q=Schwimmbad+Lark").context["cl"].result_list) == []


def test_the_list_takes_as_many_queries_for_forty_as_for_two(
    client: Client, pool: Gap, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(30) as few:
        client.get("/admin/faq/gap/")
    for n in range(38):
        Asked.objects.filter(pk=ask(f"Where is lake number {n}?", "en").pk).update(compared=True)
    with django_assert_max_num_queries(30) as many:
        client.get("/admin/faq/gap/")
    assert len(many) == len(few)


def test_dismissing_takes_the_ticked_wordings_and_leaves_the_others(client: Client, pool: Gap) -> None:
    english = pool.asked.get(locale="en")
    response = send(client, "sort", pool, english, state="spam")
    assert messages(response) == ["1 marked as spam."]
    assert sorted(pool.asked.values_list("locale", "state")) == [("de", "open"), ("en", "spam"), ("tr", "open")]


def test_without_a_tick_nothing_is_done(client: Client, pool: Gap) -> None:
    for name, given in (("sort", {"state": "spam"}), ("apart", {}), ("entry", {"question": make_question().pk})):
        assert messages(send(client, name, pool, **given)) == ["Tick at least one wording."]
    assert set(Asked.objects.values_list("state", flat=True)) == {"open"}


def test_wordings_of_another_gap_are_not_touched(client: Client, pool: Gap) -> None:
    other = Asked.objects.get(text=FISH[0])
    assert messages(send(client, "sort", pool, other, state="spam")) == ["Tick at least one wording."]
    other.refresh_from_db()
    assert other.state == "open"


def test_a_state_that_does_not_exist_is_refused(client: Client, pool: Gap) -> None:
    assert messages(send(client, "sort", pool, *pool.asked.all(), state="gone")) == ["A question cannot be 'gone'."]


def test_an_entry_that_answers_it_gets_the_wordings_of_every_language(client: Client, pool: Gap) -> None:
    question = make_question(key="pool")
    response = send(client, "entry", pool, *pool.asked.all(), question=question.pk)
    assert messages(response) == ["Added as wordings of “What does a permit cost?”."]
    added = question.phrasings.filter(text__in=[text for text, _tag in POOL])
    assert sorted(added.values_list("text", "locale")) == sorted(POOL)
    assert set(pool.asked.values_list("state", flat=True)) == {"answered"}


def test_the_entry_must_be_chosen_and_be_there(client: Client, pool: Gap) -> None:
    assert messages(send(client, "entry", pool, *pool.asked.all())) == ["Choose the entry that answers it."]
    assert send(client, "entry", pool, *pool.asked.all(), question="999").status_code == 404
    assert set(pool.asked.values_list("state", flat=True)) == {"open"}


def test_another_entry_is_found_by_its_words(client: Client, pool: Gap) -> None:
    question = Question.objects.get(key="permit")
    entries = client.get(page(pool), {"find": "permit"}).context["entries"]
    assert [pk for pk, _text in entries] == [question.pk]
    assert client.get(page(pool), {"find": "zebra"}).context["entries"] == []


def test_answering_takes_the_wordings_along_and_leaves_those_unticked(client: Client, pool: Gap) -> None:
    address = f"{reverse('admin:faq_question_add')}?gap={pool.pk}"
    shown = client.get(address).context
    assert shown["form"]["text"].value() == POOL[0][0]
    assert [chosen for _row, _told, chosen in shown["wordings"]] == [True, True, True]
    some = [str(row.pk) for row in pool.asked.exclude(locale="tr")]
    client.post(address, {"text": "When does the pool open?", "locale": "en", "asked": some})
    question = Question.objects.get(phrasings__text="When does the pool open?")
    assert sorted(Phrasing.objects.filter(question=question).values_list("text", "canonical")) == [
        (POOL[1][0], True), ("When does the pool open?", True), (POOL[0][0], False),
    ]  # fmt: skip
    assert sorted(pool.asked.values_list("locale", "state")) == [("de", "answered"), ("en", "answered"), ("tr", "open")]


def test_an_answer_begins_with_what_the_question_was_told_as(client: Client, pool: Gap, engine: Any) -> None:
    asked = ask("Darf ich grillen?", "de")
    grouped("en")
    asked.refresh_from_db()
    form = client.get(f"{reverse('admin:faq_question_add')}?gap={asked.gap_id}").context["form"]
    assert (form["text"].value(), form["locale"].value()) == ("[en] Darf ich grillen?", "en")


def test_a_refused_answer_comes_back_with_its_ticks(client: Client, pool: Gap) -> None:
    address = f"{reverse('admin:faq_question_add')}?gap={pool.pk}"
    one = pool.asked.get(locale="tr")
    shown = client.post(address, {"text": "???", "locale": "en", "asked": [str(one.pk)]}).context
    assert [row.pk for row, _told, chosen in shown["wordings"] if chosen] == [one.pk]
    assert set(pool.asked.values_list("state", flat=True)) == {"open"}


def test_several_gaps_are_put_together_and_sorted_from_the_list(client: Client, pool: Gap) -> None:
    both = [str(gap.pk) for gap in Gap.objects.all()]
    response = client.post("/admin/faq/gap/", {"action": "put_together", "_selected_action": both}, follow=True)
    assert Gap.objects.count() == 1
    assert messages(response)[0].startswith("Put together.")
    whole = str(Gap.objects.get().pk)
    response = client.post("/admin/faq/gap/", {"action": "mark_dismissed", "_selected_action": [whole]}, follow=True)
    assert messages(response) == ["4 marked as dismissed."]
    assert list(response.context["cl"].result_list) == []
    assert len(client.get("/admin/faq/gap/?state=dismissed").context["cl"].result_list) == 1


def test_the_first_page_shows_gaps_by_how_often_they_were_asked(client: Client, pool: Gap) -> None:
    shown = client.get("/admin/").context["asked"]
    assert [(gap.pk, gap.times) for gap, _head, _told in shown] == [
        (pool.pk, 3),
        (Asked.objects.get(text=FISH[0]).gap_id, 1),
    ]


def test_the_wording_that_stands_for_a_gap_is_an_open_one_asked_most(pool: Gap) -> None:
    ask(*POOL[2])
    assert screens.head(pool.asked.all()).locale_id == "tr"
    gaps.sort([pool.asked.get(locale="tr")], AskedState.SPAM)
    assert screens.head(pool.asked.all()).locale_id == "en"
