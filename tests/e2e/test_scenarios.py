"""What editors come for, done from beginning to end as a person would, with the clicks counted: fewer is better, more fails.

A click is a click or Enter that a person makes; typing is not counted, and a page that is opened by a link that somebody was
sent is where the scenario begins.
"""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from faq.domain import answers, feedback, indexing, sources
from faq.enums import CitationStatus, Freshness, State
from faq.models import Citation, Gap, Question, Source
from faq.queries import freshness
from tests.e2e.test_admin import OPENING, POOL, TICKET, editor, log_in
from tests.faq.factories import make_question, make_source, passages

__all__ = ["editor"]
pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

COUNT = """
const count = () => { sessionStorage.clicks = 1 + Number(sessionStorage.clicks || 0); };
addEventListener('click', (e) => { if (e.isTrusted && e.detail) count(); }, true);
addEventListener('keydown', (e) => {
  if (e.isTrusted && e.key === 'Enter' && e.target.tagName !== 'TEXTAREA') count();
}, true);
"""
BINS = "# Bins\n\nThe grey bin is emptied on Mondays. A larger bin costs 12 euros a year."
LIBRARY = "# The library\n\nThe library lends books for four weeks. A lost card costs 5 euros."


@pytest.fixture
def desk(open_context: Any, editor: User, starter: Any) -> Any:
    """A page at the desk that counts from here on."""
    page = open_context().new_page()
    log_in(page)
    page.context.add_init_script(COUNT)
    page.reload()
    return page


def clicks(page: Any) -> int:
    return int(page.evaluate("Number(sessionStorage.clicks || 0)"))


def add_source(page: Any, text: str) -> None:
    """From wherever one is: the menu, the button, the text, add, publish."""
    page.locator("a[href='/admin/faq/source/']").first.click()
    page.locator("a[href='/admin/faq/source/add/']").first.click()
    page.get_by_label("Paste text or Markdown").fill(text)
    page.get_by_role("button", name="Add source").click()
    page.get_by_role("button", name="Publish revision 1").click()
    page.get_by_text("Published. The portal answers from it now.").wait_for()


def test_a_new_editors_first_hour(desk: Any) -> None:
    """Three sources, one published with each; a question whose draft is bad; mended; live in Arabic and Chinese."""
    for text in (POOL, BINS, LIBRARY):
        add_source(desk, text)
    assert clicks(desk) == 12
    desk.locator("a[href='/admin/faq/question/']").first.click()
    desk.locator("a[href='/admin/faq/question/add/']").first.click()
    desk.get_by_label("Question", exact=False).first.fill("What does a ticket for the pool cost?")
    desk.get_by_role("button", name="Create and draft an answer").click()
    answer = desk.get_by_label("Answer", exact=True)
    answer.wait_for()
    answer.fill("[1]")
    desk.get_by_label("Quote of citation 1").fill(TICKET)
    answer.fill(f"{TICKET} [1]")
    desk.get_by_role("button", name="Save and publish").click()
    desk.get_by_text("Published. Readers see it now.").wait_for()
    assert clicks(desk) == 16
    for language, wording, said in (
        ("العربية", "كم تكلفة تذكرة المسبح؟", "تكلفة التذكرة للبالغين 6 يورو."),
        ("简体中文", "泳池门票多少钱？", "成人票价为6欧元。"),
    ):
        desk.get_by_role("link", name=f"Translation into {language}").click()
        desk.get_by_label("Translation of the question").fill(wording)
        desk.get_by_label("Translation of sentence 1").fill(said)
        desk.get_by_role("button", name="Approve and publish").click()
        desk.get_by_text("Approved and published.").wait_for()
        desk.get_by_role("link", name="View on site").click()
        desk.wait_for_url("**/questions/**")
        assert desk.locator("h1").inner_text() == wording
        assert said in desk.locator(".answer-text").inner_text()
        desk.goto(reverse("admin:faq_question_change", args=[Question.objects.get().pk]))
    assert clicks(desk) == 22


def test_a_source_changes_and_two_answers_go_stale(desk: Any) -> None:
    """The desk says before publishing which answers it touches; each is two clicks from being right again."""
    source = make_source(POOL, title="Pool")
    first, second = passages(source)[:1][0], passages(source)[0]
    opening = make_question("When is the pool open?", cites=first, quote=OPENING, answer=f"{OPENING} [1]")
    ticket = make_question("What does a ticket cost?", cites=second, quote=TICKET, answer=f"{TICKET} [1]")
    indexing.sync_all()
    desk.goto(reverse("admin:faq_source_change", args=[source.pk]))
    changed = POOL.replace("10:00", "9:00").replace("6 euros", "7 euros")
    desk.get_by_label("Paste text or Markdown").fill(changed)
    desk.get_by_role("button", name="Read as a new revision").click()
    impact = desk.locator(".pf-impact")
    impact.wait_for()
    told = impact.inner_text()
    assert "2 answers lose a sentence" in told
    assert "When is the pool open?" in told
    assert "What does a ticket cost?" in told
    desk.get_by_role("button", name="Publish revision 2").click()
    desk.get_by_text("Published. The portal answers from it now.").wait_for()
    assert clicks(desk) == 2
    assert set(freshness.canonical_freshness().values()) == {Freshness.STALE}

    desk.goto("/admin/")
    desk.get_by_role("link", name="stale answers").click()
    for question, old, new in (
        (opening, OPENING, OPENING.replace("10:00", "9:00")),
        (ticket, TICKET, TICKET.replace("6", "7")),
    ):
        desk.goto(reverse("admin:faq_question_change", args=[question.pk]))
        desk.get_by_label("Answer", exact=True).fill(f"{new} [1]")
        row = desk.get_by_label("Quote of citation 1")
        assert row.input_value() == old
        row.locator("xpath=ancestor::*[.//button[normalize-space()='Remove']][1]").get_by_role(
            "button", name="Remove"
        ).click()
        desk.get_by_label("Answer", exact=True).fill("")
        desk.evaluate(
            """(words) => { const text = [...document.querySelectorAll('[data-passage]')].map((e) => e.firstChild)
                 .find((node) => node.data.includes(words)); const at = text.data.indexOf(words);
                 document.getSelection().setBaseAndExtent(text, at, text, at + words.length); }""",
            new,
        )
        desk.get_by_role("button", name="Cite Pool").first.click()
        mark = desk.get_by_label("Answer", exact=True).input_value().strip()
        desk.get_by_label("Answer", exact=True).fill(f"{new} {mark}")
        desk.get_by_role("button", name="Save and publish").click()
        desk.get_by_text("Published. Readers see it now.").wait_for()
    assert set(freshness.canonical_freshness().values()) == {Freshness.CURRENT}
    assert clicks(desk) == 9


def test_two_editors_collide_and_neither_loses_a_word(desk: Any, open_context: Any) -> None:
    """The second to save is shown both texts, and her own is saved with one click more."""
    source = make_source(POOL, title="Pool")
    question = make_question(
        "When is the pool open?", cites=passages(source)[0], quote=OPENING, answer=f"{OPENING} [1]"
    )
    address = reverse("admin:faq_question_change", args=[question.pk])
    User.objects.create_superuser("second", password="larkmouth")
    other = open_context().new_page()
    other.goto(f"/admin/login/?next={address}")
    other.fill("#id_username", "second")
    other.fill("#id_password", "larkmouth")
    other.press("#id_password", "Enter")
    other.get_by_label("Answer", exact=True).wait_for()
    desk.goto(address)
    other.get_by_label("Answer", exact=True).fill("Open on Sundays from 10:00 to 18:00. [1]")
    other.get_by_role("button", name="Save and publish").click()
    other.get_by_text("Published. Readers see it now.").wait_for()

    desk.get_by_label("Answer", exact=True).fill("Sundays, from 10:00 to 18:00. [1]")
    desk.get_by_role("button", name="Save and publish").click()
    desk.get_by_role("alert").wait_for()
    assert desk.get_by_label("Answer", exact=True).input_value() == "Sundays, from 10:00 to 18:00. [1]"
    assert "Open on Sundays from 10:00 to 18:00." in desk.locator("body").inner_text()
    live = answers.canonical_revision(question)
    assert live is not None
    assert live.text == "Open on Sundays from 10:00 to 18:00. [1]"
    desk.get_by_role("button", name="Save and publish").click()
    desk.get_by_text("Published. Readers see it now.").wait_for()
    live = answers.canonical_revision(question)
    assert live is not None
    assert live.text == "Sundays, from 10:00 to 18:00. [1]"
    assert clicks(desk) == 2


def test_a_publisher_rolls_back(desk: Any) -> None:
    """Two clicks from a bad revision to the one before, whose answers are right again."""
    source = make_source(POOL, title="Pool")
    make_question("When is the pool open?", cites=passages(source)[0], quote=OPENING, answer=f"{OPENING} [1]")
    sources.revise_content(source, text=POOL.replace(OPENING, "The pool is closed."))
    sources.publish_source(source)
    desk.goto(reverse("admin:faq_source_change", args=[source.pk]))
    desk.get_by_role("link", name="Revision 1", exact=True).click()
    assert "1 answer is right again" in desk.locator(".pf-impact").inner_text()
    desk.get_by_role("button", name="Publish revision 1").click()
    desk.get_by_text("Published. The portal answers from it now.").wait_for()
    source = Source.objects.get()
    assert (source.state, source.published_revision and source.published_revision.number) == (State.PUBLISHED, 1)
    assert freshness.citation_status(Citation.objects.get()) == CitationStatus.VALID
    assert clicks(desk) == 2


def test_what_readers_asked_in_three_languages_is_answered_once(desk: Any) -> None:
    """From the first page to a published answer that all three wordings find."""
    make_source(POOL, title="Pool")
    indexing.sync_all()
    made = [
        feedback.record_asked(text, tag)
        for text, tag in (
            ("How dear is the pool?", "en"),
            ("Was kostet das Schwimmbad?", "de"),
            ("Yüzme havuzu kaç para?", "tr"),
        )
    ]
    gap = Gap.objects.get(asked=made[0])
    for each in made:
        assert each is not None
        each.gap = gap
        each.compared = True
        each.save()
    Gap.objects.filter(asked=None).delete()
    desk.goto("/admin/")
    desk.get_by_role("link", name="Answer: How dear is the pool?").click()
    desk.get_by_role("button", name="Create and draft an answer").click()
    answer = desk.get_by_label("Answer", exact=True)
    answer.wait_for()
    if not answer.input_value():
        desk.get_by_role("button", name="Cite Pool").first.click()
        answer.fill(f"{TICKET} [1]")
    desk.get_by_role("button", name="Save and publish").click()
    desk.get_by_text("Published. Readers see it now.").wait_for()
    question = Question.objects.get()
    assert sorted(question.phrasings.values_list("locale", flat=True)) == ["de", "en", "tr"]
    assert clicks(desk) <= 4
    desk.goto("/admin/faq/gap/")
    assert "How dear is the pool?" not in desk.locator("body").inner_text()
