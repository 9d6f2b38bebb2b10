"""The editors' desk in a browser: from a pasted source to an answer that cites it, both directions, keyboard, widths."""

import io
import zipfile
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import Group, User
from django.urls import reverse
from django.utils import timezone

from faq.domain import answers, feedback, gaps, indexing, jobs, keys, people, questions, roles, sources, topics
from faq.enums import JobKind, JobState
from faq.models import AnswerRevision, AuditEntry, Gap, GlossaryTerm, Job, Question, Source
from tests.e2e.chromium import violations
from tests.e2e.test_access import CONTRAST
from tests.faq.factories import citation, make_question, make_source, passages, remember

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

POOL = """# The swimming pool

The pool is open on Sundays from 10:00 to 18:00. A ticket for adults costs 6 euros.

# Getting there

Bus 4 stops in front of the pool. There are no parking spaces.
"""
ASKED = [("Where do the swans sleep?", "en"), ("أين تنام البجعات؟", "ar")]
OPENING = "The pool is open on Sundays from 10:00 to 18:00."
TICKET = "A ticket for adults costs 6 euros."
ARABIC = {OPENING: "يفتح المسبح أيام الأحد من الساعة 10:00 إلى 18:00.", TICKET: "تكلفة التذكرة للبالغين 6 يورو."}


@pytest.fixture
def editor(live_server: Any) -> User:
    return User.objects.create_superuser("editor", "editor@larkmouth.example", "larkmouth")


def log_in(page: Any, next_page: str = "/admin/") -> Any:
    """By keyboard, as people do: Enter in the password field."""
    page.goto(f"/admin/login/?next={next_page}")
    page.fill("#id_username", "editor")
    page.fill("#id_password", "larkmouth")
    page.press("#id_password", "Enter")
    # The address of the form ends with that of the next page: only its path tells them apart.
    page.wait_for_url(lambda url: urlsplit(url).path == next_page)
    return page


def test_from_a_pasted_source_to_cited_answers_in_two_languages(page: Any, editor: User, starter: Any) -> None:
    log_in(page)
    page.get_by_role("link", name="Add a source").click()
    page.get_by_label("Paste text or Markdown").fill(POOL)
    page.get_by_role("button", name="Add source").click()
    page.get_by_role("button", name="Publish revision 1").wait_for()
    assert page.locator(".pf-passage .pf-text").all_inner_texts() == [
        f"{OPENING} {TICKET}", "Bus 4 stops in front of the pool. There are no parking spaces.",
    ]  # fmt: skip
    page.get_by_role("button", name="Publish revision 1").click()
    page.get_by_text("Published. The portal answers from it now.").wait_for()

    page.goto("/en/ask/?q=When+is+the+pool+open+on+Sundays%3F")
    assert page.locator(".answer-text span").first.inner_text() == OPENING
    assert page.locator(".refs blockquote").first.inner_text().strip("“”\n ") == OPENING

    page.goto("/admin/faq/question/add/")
    page.get_by_label("Question", exact=False).first.fill("When is the pool open on Sundays?")
    page.get_by_role("button", name="Create and draft an answer").click()
    answer = page.get_by_label("Answer", exact=True)
    answer.wait_for()
    assert answer.input_value() == f"{OPENING} [1]"
    assert page.get_by_label("Quote of citation 1").input_value() == OPENING
    answer.fill(f"{OPENING} [1] {TICKET}")
    page.get_by_role("button", name="Cite The swimming pool").first.click()
    assert answer.input_value() == f"{OPENING} [1] {TICKET} [2]"
    page.get_by_role("button", name="Save and publish").click()
    page.get_by_text("Published. Readers see it now.").wait_for()
    page.get_by_role("link", name="View on site").click()
    page.wait_for_url("**/en/questions/**")
    assert page.locator("h1").inner_text() == "When is the pool open on Sundays?"
    assert TICKET in page.locator(".answer-text").inner_text()

    question = Question.objects.get()
    page.goto(reverse("admin:faq_question_change", args=[question.pk]))
    page.get_by_role("link", name="Translation into العربية").click()
    page.get_by_label("Translation of the question").fill("متى يفتح المسبح يوم الأحد؟")
    for number, text in enumerate(ARABIC.values(), start=1):
        field = page.get_by_label(f"Translation of sentence {number}")
        assert field.evaluate("e => getComputedStyle(e).direction") == "rtl"
        field.fill(text)
    page.get_by_role("button", name="Approve and publish").click()
    page.get_by_text("Approved and published.").wait_for()
    page.get_by_role("link", name="View on site").click()
    page.wait_for_url("**/ar/questions/**")
    assert page.locator("h1").inner_text() == "متى يفتح المسبح يوم الأحد؟"
    assert [page.locator(".answer-text span", has_text=text).count() > 0 for text in ARABIC.values()] == [True, True]
    made = AnswerRevision.objects.get(locale_id="ar")
    assert (made.origin, made.author) == ("human", editor)


def test_citing_takes_what_is_selected_and_removing_takes_the_mark_along(page: Any, editor: User, starter: Any) -> None:
    make_source(POOL, title="Pool")
    question = make_question("When is the pool open?", publish=False)
    log_in(page, reverse("admin:faq_question_change", args=[question.pk]))
    page.evaluate(
        """(words) => { const text = document.querySelector('[data-passage]').firstChild;
             const at = text.data.indexOf(words);
             document.getSelection().setBaseAndExtent(text, at, text, at + words.length); }""",
        TICKET,
    )
    page.get_by_role("button", name="Cite Pool").first.click()
    assert page.locator("[name=citation-quote]").input_value() == TICKET
    answer = page.get_by_label("Answer", exact=True)
    assert answer.input_value() == "[1]"
    page.evaluate("document.getSelection().removeAllRanges()")
    page.get_by_role("button", name="Cite Pool").first.click()
    quotes = page.locator("[name=citation-quote]")
    assert [quotes.nth(n).input_value() for n in range(2)] == [TICKET, f"{OPENING} {TICKET}"]
    assert answer.input_value() == "[1] [2]"
    page.get_by_role("button", name="Remove").first.click()
    assert answer.input_value() == " [2]"
    assert page.locator("[name=citation-number]").input_value() == "2"


def test_a_wrong_quote_keeps_the_text_and_shows_where_it_is_wrong(page: Any, editor: User, starter: Any) -> None:
    source = make_source(POOL, title="Pool")
    question = make_question("When is it open?", cites=passages(source)[0], quote=OPENING)
    log_in(page, reverse("admin:faq_question_change", args=[question.pk]))
    page.get_by_label("Answer", exact=True).fill("Never on Sundays. [1]")
    page.get_by_label("Quote of citation 1").fill("The pool is closed on Sundays.")
    page.get_by_role("button", name="Save and publish").click()
    alert = page.get_by_role("alert")
    alert.wait_for()
    assert "Citation 1: the quote is not in its passage word for word." in alert.inner_text()
    assert page.get_by_label("Answer", exact=True).input_value() == "Never on Sundays. [1]"
    assert page.get_by_label("Quote of citation 1").input_value() == "The pool is closed on Sundays."
    assert page.get_by_label("Quote of citation 1").get_attribute("aria-invalid") == "true"
    live = answers.canonical_revision(question)
    assert live is not None
    assert live.text == f"{OPENING} [1]"


def test_leaving_with_unsaved_text_asks_first(page: Any, editor: User, starter: Any) -> None:
    question = make_question("When is it open?", publish=False)
    address = reverse("admin:faq_question_change", args=[question.pk])
    log_in(page, address)
    page.get_by_label("Answer", exact=True).press_sequentially("Typed and not saved")
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    with page.expect_event("dialog"):
        page.get_by_role("button", name="Draft from sources").click()
    assert asked == ["beforeunload"]
    assert page.get_by_label("Answer", exact=True).input_value() == "Typed and not saved"


def test_a_paste_that_is_too_long_is_said_before_it_is_sent_and_stays(page: Any, editor: User) -> None:
    """With a ceiling of 20 characters: a browser takes its time to lay out the real one."""
    log_in(page, "/admin/faq/source/add/")
    text, title = page.locator("#id_text"), page.locator("#id_title")
    title.fill("A long text")
    text.fill("The pool opens at ten.")
    text.evaluate("area => { area.dataset.most = 20; }")
    page.get_by_role("button", name="Add source").click()
    said = "This text has 22 characters; the ceiling is 20. Upload it as a file instead."
    assert page.get_by_role("alert").all_inner_texts() == [said]
    assert (text.input_value(), title.input_value()) == ("The pool opens at ten.", "A long text")
    text.fill("The pool is open.")
    page.get_by_role("button", name="Add source").click()
    page.get_by_text("is added as a draft").wait_for()
    assert Source.objects.get().title == "A long text"


def test_a_running_job_moves_without_a_reload(page: Any, editor: User) -> None:
    job = jobs.enqueue(JobKind.POPULATE, {})
    Job.objects.filter(pk=job.pk).update(state=JobState.RUNNING, done=1, total=4)
    log_in(page, "/admin/faq/job/")
    page.locator("#pf-jobs progress[value='25']").wait_for()
    page.evaluate("window.sameDocument = true")
    Job.objects.filter(pk=job.pk).update(done=3)
    page.locator("#pf-jobs progress[value='75']").wait_for()
    assert page.evaluate("window.sameDocument") is True
    Job.objects.filter(pk=job.pk).update(state=JobState.SUCCEEDED, done=4)
    page.get_by_text("Nothing is running.").wait_for()
    page.locator("#result_list").get_by_text("succeeded").wait_for()


def test_the_matrix_is_walked_and_marked_by_keyboard(page: Any, editor: User) -> None:
    for n in range(2):
        make_question(f"What about {n}?", key=f"entry-{n}")
    log_in(page, "/admin/faq/question/coverage/")
    page.get_by_role("grid").locator("a").first.focus()

    def here() -> list[str]:
        return page.evaluate(  # type: ignore[no-any-return]
            "(e => [e.closest('tr').querySelector('th a').innerText, String(e.closest('td, th').cellIndex)])"
            "(document.activeElement)"
        )

    found = []
    for key in ("ArrowRight", "ArrowDown", "ArrowDown", "End", "Home", "ArrowRight", "Space"):
        page.keyboard.press(key)
        found.append(here())
    one, two = "What about 0?", "What about 1?"
    assert found == [[one, "3"], [two, "3"], [two, "3"], [two, "11"], [two, "0"], [two, "1"], [two, "1"]]
    marked = "[...document.querySelectorAll('[name=question]')].map((box) => box.checked)"
    assert page.evaluate(marked) == [False, True]
    assert page.evaluate("document.querySelectorAll('[data-grid] [tabindex=\"0\"]').length") == 1
    page.get_by_label("Action").select_option("retire")
    page.get_by_role("button", name="Preview").click()
    page.get_by_text("Changes to be made: 1.").wait_for()
    page.get_by_role("button", name="Retire questions").click()
    page.get_by_role("grid").wait_for()
    assert Job.objects.get(kind=JobKind.BULK).args["action"] == "retire"


def test_a_translator_clears_a_queue_of_thirty_sentences_by_keyboard(page: Any, editor: User) -> None:
    """Ten answers of three sentences, half of them like something in the memory; the mouse is not touched."""
    facts = [
        [f"Desk {n} opens at {n + 6} today.", f"Bring form {n}.", f"It costs {n + 1} euros."] for n in range(1, 11)
    ]
    for n, lines in enumerate(facts, start=1):
        source = make_source("\n\n".join(lines), title=f"Desk {n}")
        made = make_question(f"What about desk {n}?", cites=passages(source)[0], quote=lines[0], key=f"desk-{n:02}")
        first = passages(source)[0]
        texts = " [1] ".join(lines) + " [1]"
        answers.save_revision(made, locale="en", text=texts, citations=[citation(first, lines[0])], state="published")
    remember("Desk 77 opens at 13 today.", "Schalter 77 öffnet heute um 13.")
    translator = User.objects.create_user("tina", password="larkmouth", is_staff=True)
    roles.ensure()
    translator.groups.add(Group.objects.get(name="translator"))
    people.assign_locales(translator, ["de"])
    first_sheet = reverse("admin:faq_translation", args=[Question.objects.get(key="desk-01").pk, "de"])
    page.goto(f"/admin/login/?next={first_sheet}")
    page.fill("#id_username", "tina")
    page.fill("#id_password", "larkmouth")
    page.press("#id_password", "Enter")
    keys = 0
    for n in range(1, 11):
        page.wait_for_url(
            lambda url, n=n: (
                urlsplit(url).path
                == reverse("admin:faq_translation", args=[Question.objects.get(key=f"desk-{n:02}").pk, "de"])
            )
        )
        page.locator("#sheet[data-offered]").wait_for()
        focused = page.evaluate("document.activeElement.name")
        assert focused == "wording"
        page.keyboard.type(f"Was ist mit Schalter {n}?")
        page.keyboard.press("Alt+ArrowDown")
        page.keyboard.press("Alt+1")
        assert page.get_by_label("Translation of sentence 1").input_value() == f"Schalter {n} öffnet heute um {n + 6}."
        page.keyboard.press("Alt+ArrowDown")
        page.keyboard.type(f"Bringen Sie Formular {n} mit.")
        page.keyboard.press("Alt+ArrowDown")
        page.keyboard.type(f"Es kostet {n + 1} Euro.")
        page.keyboard.press("Control+Enter")
        keys += 5
    page.get_by_text("To do in this language: 0").wait_for()
    done = AnswerRevision.objects.filter(locale_id="de", state="published", origin="human")
    assert (done.count(), keys) == (10, 50)
    assert done.get(answer__question__key="desk-03").text == (
        "Schalter 3 öffnet heute um 9. [1] Bringen Sie Formular 3 mit. [1] Es kostet 4 Euro. [1]"
    )


def test_a_wrong_number_is_said_while_it_is_typed(page: Any, editor: User) -> None:
    passage = passages(make_source(POOL, title="Pool"))[0]
    question = make_question("When?", cites=passage, quote=OPENING)
    log_in(page, reverse("admin:faq_translation", args=[question.pk, "ar"]))
    field = page.get_by_label("Translation of sentence 1")
    field.fill("يفتح المسبح أيام الأحد من الساعة 11:00 إلى 18:00.")
    page.get_by_text("its numbers are others than the original's").wait_for()
    field.fill(ARABIC[OPENING])
    page.get_by_text("its numbers are others than the original's").wait_for(state="detached")


@pytest.fixture
def screens(editor: User, starter: Any) -> list[str]:
    """The address of every screen of ours, with something on it."""
    source = make_source(POOL, title="Pool")
    question = make_question("When is it open?", cites=passages(source)[0], quote=OPENING)
    questions.add_phrasing(question, text="متى يفتح؟", locale="ar", canonical=True)
    indexing.sync_all()
    job = jobs.enqueue(JobKind.POPULATE, {})
    later = timezone.now() + timedelta(days=3)
    sources.retire_later(source, later)
    asked = [feedback.record_asked(text, tag, nearest=question) for text, tag in ASKED]
    gaps.put_together([each.gap for each in asked if each is not None and each.gap is not None])
    term = GlossaryTerm.objects.create(source_locale_id="en", term="pool", kind="keep")
    unit = remember(OPENING, ARABIC[OPENING], "ar", human=False)
    topic = topics.ensure_topic("water")
    key = keys.create_widget_key("Shop", allowed_origins=["https://shop.example.org"])
    args = {"source": source.pk, "question": question.pk, "job": job.pk, "gap": Gap.objects.get().pk}
    return [
        "/admin/", "/admin/faq/question/coverage/",
        "/admin/faq/source/", "/admin/faq/source/add/", "/admin/faq/source/sitemap/", "/admin/faq/source/folder/",
        "/admin/two-factor/",
        f"/admin/auth/user/{editor.pk}/change/",
        f"/admin/faq/question/add/?gap={Gap.objects.get().pk}", "/admin/faq/question/", "/admin/faq/question/add/",
        "/admin/faq/translationunit/files/", "/admin/faq/locale/knowledge/", "/admin/faq/question/import/",
        "/admin/faq/glossaryterm/", "/admin/faq/glossaryterm/files/", "/admin/faq/glossaryterm/add/",
        "/admin/faq/translationunit/", "/admin/faq/locale/", "/admin/faq/topic/", "/admin/faq/apikey/", "/admin/auth/user/",
        "/admin/faq/answerrevision/", "/admin/faq/gap/", "/admin/faq/job/", "/admin/faq/auditentry/",
        *(reverse(f"admin:faq_{name}_change", args=[pk]) for name, pk in args.items()),
        reverse("admin:faq_topic_change", args=[topic.pk]), reverse("admin:faq_glossaryterm_change", args=[term.pk]),
        reverse("admin:faq_glossary_touched", args=[term.pk]), reverse("admin:faq_locale_change", args=["de"]),
        reverse("admin:faq_translationunit_change", args=[unit.pk]), reverse("admin:faq_apikey_change", args=[key.pk]),
        reverse("admin:faq_apikey_embed", args=[key.pk]), "/admin/faq/apikey/add/", "/admin/faq/apikey/add/token/",
        reverse("admin:faq_auditentry_change", args=[AuditEntry.objects.all()[0].pk]), "/admin/faq/feedback/",
        "/admin/auth/user/add/", "/admin/password_change/",
        reverse("admin:faq_question_preview", args=[question.pk]) + "?lang=ar",
        reverse("admin:faq_translation", args=[question.pk, "ar"]),
        reverse("admin:faq_translation", args=[question.pk, "zh-hans"]),
    ]  # fmt: skip


def test_nothing_scrolls_sideways_on_a_telephone(open_context: Any, screens: list[str]) -> None:
    page = log_in(open_context(width=390, height=844).new_page())
    wide = {}
    for address in screens:
        page.goto(address)
        if (width := page.evaluate("document.documentElement.scrollWidth")) != 390:
            wide[address] = width
    assert wide == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_our_screens_stand_out_from_their_ground_and_every_field_has_a_name(
    open_context: Any, screens: list[str], scheme: str
) -> None:
    """WCAG AA on what is ours (.pf-card, .pf-tile); the frame around it is django-unfold's."""
    page = log_in(open_context(color_scheme=scheme).new_page())
    for address in screens:
        page.goto(address)
        # Measured on a page of nothing but our own parts.
        page.evaluate(
            """() => { const parts = [...document.querySelectorAll('body > style, .pf-card, .pf-tile')];
                 document.body.replaceChildren(...parts); }"""
        )
        assert (address, page.evaluate(CONTRAST)) == (address, [])
        nameless = page.evaluate(
            """[...document.querySelectorAll('input:not([type=hidden]), textarea, select, button')].filter((e) =>
                 !e.closest('template') && !(e.labels?.length || e.ariaLabel || e.textContent.trim())).map((e) => e.outerHTML)"""
        )
        assert (address, nameless) == (address, [])


@pytest.mark.parametrize("language", ["en", "ar"])
def test_axe_finds_nothing_serious_on_our_screens(open_context: Any, screens: list[str], language: str) -> None:
    page = log_in(open_context(extra_http_headers={"Accept-Language": language}).new_page())
    found = {}
    for address in screens:
        page.goto(address)
        if told := violations(page):
            found[address] = told
    assert found == {}


@pytest.mark.parametrize("language", ["en", "ar"])
def test_axe_finds_nothing_serious_on_what_forms_lead_to(open_context: Any, screens: list[str], language: str) -> None:
    page = log_in(open_context(extra_http_headers={"Accept-Language": language}).new_page())
    found = {}

    def look(name: str) -> None:
        assert page.locator("[aria-invalid=true]").count() == 0
        if told := violations(page):
            found[name] = told

    page.goto("/admin/faq/question/coverage/")
    page.locator("[data-mark-all]").check()
    page.locator("select[name=action]").select_option("approve")
    page.locator(".pf-bulk button").first.click()
    page.wait_for_url("**/coverage/action/**")
    look("bulk preview")
    page.goto("/admin/faq/question/import/")
    table = {"name": "q.csv", "mimeType": "text/csv", "buffer": b"Frage;Antwort\nWie alt?;Zehn Jahre.\n"}
    page.set_input_files("input[type=file]", table)
    page.locator("form .pf-primary").first.click()
    page.locator("input[name=token]").first.wait_for(state="attached")
    look("columns of a table")
    page.goto("/admin/faq/source/folder/")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("docs/new.md", "# New\n\nA new text.")
    page.set_input_files(
        "[name=file]", {"name": "docs.zip", "mimeType": "application/zip", "buffer": packed.getvalue()}
    )
    page.locator("form .pf-primary").click()
    page.locator("button[name=take]").wait_for()
    look("folder")
    page.goto("/admin/faq/question/add/")
    page.locator("#id_text").fill("When is it open?")
    page.locator("form .pf-primary").click()
    page.locator(".pf-impact[role=alert]").wait_for()
    look("a question that is there")
    assert found == {}


def test_what_the_quotes_do_not_say_is_said_while_it_is_typed(page: Any, editor: User, starter: Any) -> None:
    passage = passages(make_source(POOL))[0]
    question = make_question("When is the pool open?", key="pool", cites=passage, quote=OPENING)
    indexing.sync_all()
    log_in(page)
    page.goto(reverse("admin:faq_question_change", args=[question.pk]))
    check = page.locator("#check")
    assert "Its one sentence says what its quotes say." in check.inner_text()
    answer = page.get_by_label("Answer", exact=True)
    answer.fill(f"{OPENING.replace('18:00', '20:00')} [1]")
    check.get_by_text("A number or a day in it is in none of its quotes.").wait_for()
    answer.fill(f"{OPENING} [1] {TICKET}")
    page.get_by_role("button", name="Cite The swimming pool").first.click()
    check.get_by_text("All 2 sentences say what their quotes say.").wait_for()


def test_a_text_is_looked_at_as_readers_see_it_before_it_is_saved(page: Any, editor: User, starter: Any) -> None:
    passage = passages(make_source(POOL))[0]
    question = make_question("When is the pool open?", key="pool", cites=passage, quote=OPENING)
    remember("On Sundays it is open from 10:00 to 18:00.", ARABIC[OPENING], "ar")
    log_in(page)
    page.goto(reverse("admin:faq_question_change", args=[question.pk]))
    page.get_by_label("Answer", exact=True).fill("On Sundays it is open from 10:00 to 18:00. [1]")
    with page.expect_popup() as opened:
        page.get_by_role("button", name="Preview").click()
    shown = opened.value
    frame = shown.frame_locator("#shown")
    frame.get_by_text("On Sundays it is open from 10:00 to 18:00.").wait_for()
    assert shown.locator("#shown").evaluate("frame => frame.contentWindow.innerWidth") == 1280
    shown.get_by_role("button", name="Telephone").click()
    assert shown.locator("#shown").evaluate("frame => frame.contentWindow.innerWidth") == 390
    shown.get_by_role("button", name="العربية").click()
    frame.get_by_text(ARABIC[OPENING]).wait_for()
    assert frame.locator("html").get_attribute("dir") == "rtl"
    # A reference is gone to within the frame; what is linked elsewhere opens beside, for no page of the site may be framed.
    frame.locator(".answer-text a").first.click()
    assert len(shown.context.pages) == 2
    with shown.context.expect_page() as beside:
        frame.locator(".refs a").first.click()
    beside.value.wait_for_url("**/ar/sources/**")
    # Nothing of it was saved, and the page with the text still asks before it is left.
    assert AnswerRevision.objects.get().text == f"{OPENING} [1]"
    page.once("dialog", lambda dialog: dialog.dismiss())
    page.evaluate("location.href = '/admin/'")
    assert page.get_by_label("Answer", exact=True).input_value() == "On Sundays it is open from 10:00 to 18:00. [1]"


def test_a_question_that_may_be_there_already_is_shown_first(page: Any, editor: User, starter: Any) -> None:
    passage = passages(make_source(POOL))[0]
    make_question("When is the pool open?", key="pool", cites=passage, quote=OPENING)
    indexing.sync_all()
    log_in(page, "/admin/faq/question/add/")
    page.get_by_label("Question", exact=False).first.fill("When is the pool open?")
    page.get_by_role("button", name="Create and draft an answer").click()
    page.get_by_role("heading", name="An entry may ask the same already").wait_for()
    page.get_by_text("the same words").wait_for()
    assert page.get_by_label("Question", exact=False).first.input_value() == "When is the pool open?"
    page.get_by_role("button", name="It asks something else: create it").click()
    page.wait_for_url(lambda url: "/change/" in url)
    assert Question.objects.count() == 2


def test_a_folder_is_packed_by_the_browser_and_comes_in_with_its_places(
    page: Any, editor: User, starter: Any, tmp_path: Any
) -> None:
    folder = tmp_path / "handbook"
    (folder / "zeiten").mkdir(parents=True)
    (folder / "pool.md").write_text(POOL)
    (folder / "zeiten" / "öffnung.md").write_text("# Times\n\nThe town hall opens at nine.\n")
    (folder / "logo.png").write_bytes(b"\x89PNG")
    log_in(page, "/admin/faq/source/folder/")
    page.locator("#directory").set_input_files(folder)
    page.get_by_text("Files of “handbook” that will be sent: 2").wait_for()
    page.get_by_role("button", name="Look it through").click()
    page.get_by_role("heading", name="2 files would come in").wait_for()
    assert page.locator(".pf-addresses bdi").all_inner_texts() == ["pool.md", "zeiten/öffnung.md"]
    page.get_by_role("button", name="Bring them in").click()
    page.wait_for_url("**/admin/faq/job/**")
    job = jobs.run(Job.objects.get(kind=JobKind.INGEST).pk)
    assert (job.state, job.failures) == (JobState.SUCCEEDED, [])
    assert list(Source.objects.order_by("path").values_list("path", "title")) == [
        ("folder:handbook/pool.md", "The swimming pool"), ("folder:handbook/zeiten/öffnung.md", "Times"),
    ]  # fmt: skip


def test_files_are_dropped_anywhere_on_the_form(page: Any, editor: User) -> None:
    log_in(page, "/admin/faq/source/add/")
    page.evaluate(
        """() => {
          const carried = new DataTransfer();
          for (const name of ["pool.md", "bus.md"]) carried.items.add(new File(["# " + name], name, { type: "text/markdown" }));
          const form = document.querySelector("form.pf-form");
          for (const name of ["dragover", "drop"]) {
            form.dispatchEvent(new DragEvent(name, { dataTransfer: carried, bubbles: true, cancelable: true }));
          }
        }"""
    )
    assert page.locator("input[type=file]").evaluate("field => [...field.files].map((file) => file.name)") == [
        "pool.md", "bus.md",
    ]  # fmt: skip
    page.get_by_role("button", name="Add source").click()
    page.get_by_text("Sources that are being read: 2.").wait_for()
