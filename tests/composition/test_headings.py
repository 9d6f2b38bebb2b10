"""Passages under a heading that asks the question: their sentences answer without repeating its words."""

from faq.composition.compose import compose
from tests.composition.making import evidence, sharing

QUESTION = "Do you issue wildcard certificates"


def shown(*items, question=QUESTION, limit=3):
    return [segment.text for segment in compose(question, items, sharing(question), limit=limit).segments]


def test_the_section_that_asks_the_question_answers_it():
    asked = evidence("Yes.", "The DNS challenge is needed.", heading=("FAQ", QUESTION), passage=1)
    alike = evidence("You issue certificates for servers.", heading=("FAQ", "Other matters"), passage=2)
    assert shown(alike, asked, limit=1) == ["Yes."]


def test_an_answer_under_such_a_heading_begins_with_its_first_sentence():
    asked = evidence("No.", "Nothing is kept.", "Servers keep certificates.", heading=("FAQ", QUESTION))
    assert shown(asked)[0] == "No."


def test_the_title_of_a_document_alone_asks_nothing():
    plain = evidence("Harbour news.", "We issue wildcard certificates.", heading=(QUESTION,))
    assert shown(plain, limit=1) == ["We issue wildcard certificates."]


def test_a_bare_address_is_no_sentence_to_answer_with():
    linked = evidence("https://example.org/wildcard-certificates", heading=("FAQ", QUESTION))
    assert shown(linked) == []
