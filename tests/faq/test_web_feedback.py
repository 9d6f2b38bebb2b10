"""Was this helpful: one vote a visitor, with and without JavaScript, and back again."""

import pytest
from django.test import Client

from faq.models import Feedback, Question
from tests.faq.pages import page, permit

__all__ = ["permit"]
pytestmark = pytest.mark.django_db


def test_feedback_without_javascript_returns_to_the_page(client: Client, permit: Question) -> None:
    response = client.post("/en/questions/permit/feedback/", {"helpful": "yes"})
    assert (response.status_code, response.url) == (302, "/en/questions/permit/?feedback=thanks#feedback")
    response = client.post("/en/questions/permit/feedback/", {"helpful": "no"})
    assert response.url == "/en/questions/permit/?feedback=more#feedback"
    assert "<textarea" in page(client, "/en/questions/permit/?feedback=more")
    response = client.post("/en/questions/permit/feedback/", {"helpful": "no", "comment": "Prices are missing."})
    assert response.url.endswith("?feedback=thanks#feedback")
    vote = Feedback.objects.get()
    assert (vote.helpful, vote.comment, len(vote.visitor)) == (False, "Prices are missing.", 64)


def test_feedback_by_htmx_gets_a_fragment(client: Client, permit: Question) -> None:
    response = client.post("/en/questions/permit/feedback/", {"helpful": "no"}, headers={"hx-request": "true"})
    assert response.content.decode().startswith('<section id="feedback"')
    assert b"<html" not in response.content
    assert client.post("/en/questions/unknown/feedback/", {"helpful": "yes"}).status_code == 404
    assert client.get("/en/questions/permit/feedback/").status_code == 405


def test_a_form_from_elsewhere_is_refused_with_a_page(permit: Question) -> None:
    response = Client(enforce_csrf_checks=True).post("/en/questions/permit/feedback/", {"helpful": "yes"})
    assert response.status_code == 403
    assert b"This form is no longer valid" in response.content


@pytest.mark.parametrize("headers", [{}, {"hx-request": "true"}])
def test_a_vote_can_be_taken_back_with_its_comment(client: Client, permit: Question, headers: dict[str, str]) -> None:
    address = "/en/questions/permit/feedback/"
    other = Client(headers={"user-agent": "another"})
    other.post(address, {"helpful": "yes"})
    client.post(address, {"helpful": "no", "comment": "Prices are missing."})
    response = client.post(address, {"undo": "1", "helpful": "no"}, headers=headers)
    if headers:
        assert b"Your vote is withdrawn." in response.content
        assert b'value="yes"' in response.content
    else:
        assert response.url == "/en/questions/permit/?feedback=undone#feedback"
    assert [vote.helpful for vote in Feedback.objects.all()] == [True]


def test_taking_back_a_vote_that_was_never_given_changes_nothing(client: Client, permit: Question) -> None:
    assert client.post("/en/questions/permit/feedback/", {"undo": "1"}).status_code == 302
    assert Feedback.objects.count() == 0
