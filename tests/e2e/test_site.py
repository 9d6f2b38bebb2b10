"""The public site in a browser: both directions, both widths, keyboard only, with and without JavaScript."""

from typing import Any

import pytest

from faq.domain import indexing, questions, topics
from faq.models import Feedback, Question
from tests.faq.factories import make_question, make_source, passages, remember

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

COST = "A resident permit costs 30 euros a year."
TAGS = ["en", "de", "fr", "es", "pl", "uk", "tr", "ar", "zh-hans"]
NARROW = 360
PATHS = [
    "",
    "topics/parking/",
    "questions/permit/",
    "ask/?q=resident+permit",
    "search/?q=permit",
    "sources/parking/",
    "about/",
    "nothing/",
]


@pytest.fixture
def permit(live_server: Any) -> Question:
    """A published question with an Arabic wording and translation, found by search."""
    passage = passages(make_source(title="Parking"))[0]
    made = make_question(
        "What does a resident permit cost?", cites=passage, quote=COST, key="permit", answer=f"{COST} [1]"
    )
    questions.add_phrasing(made, text="كم تكلفة تصريح السكان؟", locale="ar", canonical=True)
    remember(COST, "تكلفة تصريح السكان 30 يورو في السنة.", "ar")
    Question.objects.filter(pk=made.pk).update(topic=topics.ensure_topic("parking"))
    indexing.sync_all()
    return made


def test_asking_in_arabic_gives_a_page_from_right_to_left(page: Any, permit: Question) -> None:
    page.goto("/ar/")
    page.fill("#q", "كم تكلفة تصريح السكان؟")
    page.keyboard.press("Enter")
    page.wait_for_url("**/ar/ask/?q=*")

    assert page.evaluate("getComputedStyle(document.documentElement).direction") == "rtl"
    sentence = page.locator(".answer-text span").first
    assert sentence.inner_text() == "تكلفة تصريح السكان 30 يورو في السنة."
    box, card = sentence.bounding_box(), page.locator(".answer").bounding_box()
    assert box["x"] + box["width"] > card["x"] + card["width"] * 0.8
    assert page.locator(".refs blockquote").get_attribute("dir") == "ltr"


def test_a_reference_leads_to_the_marked_passage(page: Any, permit: Question) -> None:
    page.goto("/en/questions/permit/")
    page.click(".ref a")
    assert page.url.endswith("#ref-1")
    page.click("#ref-1 a")
    page.wait_for_url("**/sources/parking/**")
    assert page.locator(".passage.cited mark").inner_text() == COST
    assert page.locator(".passage.cited").evaluate("e => e.getBoundingClientRect().top < innerHeight") is True


def test_the_language_menu_keeps_the_page(page: Any, permit: Question) -> None:
    page.goto("/en/questions/permit/")
    page.click("details.languages summary")
    page.click("details.languages a[hreflang='ar']")
    page.wait_for_url("**/ar/questions/permit/")
    assert page.locator("h1").inner_text() == "كم تكلفة تصريح السكان؟"
    page.goto("/")
    assert page.url.endswith("/ar/")


@pytest.mark.parametrize("scripts", [True, False])
def test_feedback_works_with_and_without_javascript(open_context: Any, permit: Question, scripts: bool) -> None:
    page = open_context(java_script_enabled=scripts).new_page()
    page.goto("/en/questions/permit/")
    page.click("button[name=helpful][value=no]")
    page.wait_for_selector("#feedback textarea")
    page.fill("#feedback textarea", "Where do I apply?")
    page.click("#feedback button")
    page.wait_for_selector(".feedback-done")
    assert page.url.endswith("/permit/" if scripts else "feedback=thanks#feedback")
    vote = Feedback.objects.get()
    assert (vote.helpful, vote.comment) == (False, "Where do I apply?")


def test_suggestions_appear_while_typing_and_are_walked_by_arrow_keys(page: Any, permit: Question) -> None:
    page.goto("/en/")
    page.locator("#q").press_sequentially("resid")
    page.wait_for_selector("#suggestions a")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.textContent") == "What does a resident permit cost?"
    page.keyboard.press("Escape")
    assert page.locator("#suggestions a").count() == 0
    assert page.evaluate("document.activeElement.id") == "q"


@pytest.mark.parametrize("tag", TAGS)
def test_nothing_scrolls_sideways_on_a_small_telephone(open_context: Any, permit: Question, tag: str) -> None:
    page = open_context(width=NARROW, height=740).new_page()
    paths = (
        "",
        "topics/parking/",
        "questions/permit/",
        "ask/?q=resident+permit",
        "search/?q=permit",
        "sources/parking/",
        "about/",
    )
    for path in paths:
        page.goto(f"/{tag}/{path}")
        width = page.evaluate("document.documentElement.scrollWidth")
        assert (path, width) == (path, NARROW)
    page.click("details.languages summary")
    box = page.locator("details.languages ul").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= NARROW


@pytest.mark.parametrize("path", ["/en/", "/ar/questions/permit/"])
def test_everything_is_reached_by_keyboard_and_shows_where_one_is(page: Any, permit: Question, path: str) -> None:
    page.goto(path)
    wanted = page.evaluate(
        "[...document.querySelectorAll('a[href], button, input:not([type=hidden]), summary')]"
        ".filter(e => e.checkVisibility() && !(e.closest('details:not([open])') && e.tagName != 'SUMMARY')).length"
    )
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    seen = 0
    for _ in range(wanted):
        seen += page.evaluate(
            """() => {
              const e = document.activeElement;
              if (e === document.body) return 0;
              const shown = [e, e.closest('.ask-row'), e.closest('.mini-search'), e.closest('.card')].filter(Boolean);
              return shown.some(each => getComputedStyle(each).outlineStyle !== 'none') ? 1 : 0;
            }"""
        )
        page.keyboard.press("Tab")
    assert seen == wanted


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(open_context: Any, permit: Question, scheme: str) -> None:
    """WCAG AA: 4.5 to 1, measured on what is drawn."""
    page = open_context(color_scheme=scheme).new_page()
    for path in ("/en/", "/en/questions/permit/", "/ar/sources/parking/"):
        page.goto(path)
        assert page.evaluate(CONTRAST) == []


def test_reduced_motion_is_kept(open_context: Any, permit: Question) -> None:
    page = open_context(reduced_motion="reduce").new_page()
    page.goto("/en/")
    assert page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"
    assert page.evaluate("getComputedStyle(document.querySelector('.card')).transitionDuration") == "0s"


def test_a_printed_answer_has_its_references_and_no_menus(page: Any, permit: Question) -> None:
    page.goto("/en/questions/permit/")
    page.emulate_media(media="print")
    assert page.locator(".refs").is_visible()
    assert not page.locator(".site-tools").is_visible()
    assert not page.locator(".feedback").is_visible()


CONTRAST = """() => {
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgba = (value) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = value; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data]; };
  const light = ([r, g, b]) => { const f = (c) => (c /= 255) <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4;
    return .2126 * f(r) + .7152 * f(g) + .0722 * f(b); };
  const ground = (e) => { for (; e; e = e.parentElement) { const c = rgba(getComputedStyle(e).backgroundColor);
    if (c[3] === 255) return c; } return rgba('Canvas'); };
  const bad = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const e = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || !e.checkVisibility() || e.closest('.unseen, script')) continue;
    const [a, b] = [light(rgba(getComputedStyle(e).color)), light(ground(e))];
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < 4.5) bad.push([e.className || e.tagName, ratio.toFixed(2), walker.currentNode.textContent.trim().slice(0, 30)]);
  }
  return bad;
}"""
