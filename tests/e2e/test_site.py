"""The public site in a browser: what a visitor does, in both directions, with and without JavaScript."""

from typing import Any

import pytest

from faq.models import Feedback, Question
from tests.e2e.conftest import COST

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


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
    page.wait_for_url("**#ref-1")
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
    page.wait_for_selector(".feedback-done:focus" if scripts else ".feedback:focus .feedback-done")
    assert page.url.endswith("/permit/" if scripts else "feedback=thanks#feedback")
    vote = Feedback.objects.get()
    assert (vote.helpful, vote.comment) == (False, "Where do I apply?")
    page.click("#feedback button[name=undo]")
    page.wait_for_selector("#feedback button[value=yes]")
    assert Feedback.objects.count() == 0


def test_suggestions_are_a_combobox_that_the_keyboard_walks_through(page: Any, permit: Question) -> None:
    page.goto("/en/")
    box = page.get_by_role("combobox", name="Your question")
    state = "e => [e.ariaExpanded, e.getAttribute('aria-activedescendant'), document.activeElement === e]"
    assert box.evaluate(state) == ["false", None, False]
    box.press_sequentially("residnt")
    option = page.get_by_role("option")
    option.wait_for()
    assert page.get_by_role("listbox", name="Suggestions").count() == 1
    page.locator(".ask [role=status]", has_text="1 suggestion").wait_for(state="attached")
    assert box.evaluate(state) == ["true", None, True]
    page.keyboard.press("ArrowDown")
    assert box.evaluate(state) == ["true", option.get_attribute("id"), True]
    assert option.get_attribute("aria-selected") == "true"
    page.keyboard.press("ArrowDown")  # back to what was typed
    assert box.evaluate(state) == ["true", None, True]
    page.keyboard.press("Escape")
    assert (box.evaluate(state), box.input_value()) == (["false", None, True], "residnt")
    page.keyboard.press("ArrowUp")  # opens again, at the end
    assert option.get_attribute("aria-selected") == "true"
    page.keyboard.press("Enter")
    page.wait_for_url("**/en/questions/permit/")


def test_a_suggestion_is_chosen_by_pointer_and_leaving_closes_the_list(page: Any, permit: Question) -> None:
    page.goto("/ar/about/")
    page.locator("#mini-q").press_sequentially("تصريح")
    page.get_by_role("option").wait_for()
    page.keyboard.press("Tab")
    page.get_by_role("option").wait_for(state="hidden")
    page.locator("#mini-q").focus()
    page.keyboard.press("ArrowDown")
    page.get_by_role("option").click()
    page.wait_for_url("**/ar/questions/permit/")


def test_only_the_last_of_what_was_typed_is_asked_for_and_nothing_twice(page: Any, permit: Question) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/suggest/" in request.url else None)
    # In one task, as by a quick hand: keys that a busy machine delivers late would each be a pause.
    typing = "(box, texts) => texts.forEach(t => { box.value = t; box.dispatchEvent(new InputEvent('input')); })"
    page.goto("/en/")
    page.locator("#q").focus()
    page.locator("#q").evaluate(typing, ["r", "re", "res", "resi", "resid"])
    page.get_by_role("option").wait_for()
    page.locator("#q").evaluate(typing, ["resi", "resid"])
    page.get_by_role("option").wait_for()
    assert [url.rpartition("=")[2] for url in asked] == ["resid"]


def test_a_printed_answer_has_its_references_and_no_menus(page: Any, permit: Question) -> None:
    page.goto("/en/questions/permit/")
    page.emulate_media(media="print")
    assert page.locator(".refs").is_visible()
    assert not page.locator(".site-tools").is_visible()
    assert not page.locator(".feedback").is_visible()


def test_nothing_needs_javascript(open_context: Any, permit: Question) -> None:
    """Ask, follow the reference, change the language, search, and come back."""
    page = open_context(width=390, height=800, java_script_enabled=False).new_page()
    page.goto("/en/")
    page.fill("#q", "What does a resident permit cost?")
    page.keyboard.press("Enter")
    page.wait_for_url("**/en/ask/?q=*")
    assert page.locator("h1 bdi").inner_text() == "What does a resident permit cost?"
    page.click(".refs a")
    page.wait_for_url("**/en/sources/parking/?*")
    assert page.locator("mark").inner_text() == COST
    page.click("details.languages summary")
    page.click("details.languages a[hreflang='ar']")
    page.wait_for_url("**/ar/sources/parking/?*")
    page.go_back()
    page.go_back()
    page.wait_for_url("**/en/ask/?q=*")
    page.click("button.plain")
    page.wait_for_url("**/en/search/?q=*")
    assert page.locator(".links a").first.inner_text() == "What does a resident permit cost?"


def test_back_returns_to_the_question_that_was_asked(page: Any, permit: Question) -> None:
    page.goto("/en/")
    page.locator("#q").press_sequentially("What does a resident permit cost?")
    page.get_by_role("option").wait_for()
    page.keyboard.press("Enter")
    page.wait_for_url("**/en/ask/?q=*")
    page.click(".refs a")
    page.wait_for_url("**/sources/parking/**")
    page.go_back()
    page.wait_for_url("**/en/ask/?q=*")
    assert page.locator(".answer-text").is_visible()
    page.go_back()
    page.wait_for_url("**/en/")


def test_skipping_to_the_content_moves_the_focus_there(page: Any, permit: Question) -> None:
    page.goto("/ar/questions/permit/")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("#content:focus")
    page.keyboard.press("Tab")
    assert page.evaluate("!!document.activeElement.closest('main')") is True


def test_the_original_opens_beside_its_translation(page: Any, permit: Question) -> None:
    page.goto("/ar/questions/permit/")
    assert not page.locator(".original").is_visible()
    page.click(".origin summary")
    assert page.locator(".original span").first.inner_text() == COST
    assert page.locator(".original").get_attribute("dir") == "ltr"
