"""Many wordings of a question at once, in several languages."""

import pytest

from faq.domain import questions
from faq.errors import Invalid
from faq.models import AuditEntry, Phrasing, Question

pytestmark = pytest.mark.django_db


@pytest.fixture
def permit() -> Question:
    return questions.create_question(key="permit", phrasings=["What does a permit cost?"], locale="en")


def worded(question: Question) -> list[tuple[str, str, bool]]:
    rows = Phrasing.objects.filter(question=question).order_by("pk")
    return list(rows.values_list("locale_id", "text", "canonical"))


def test_wordings_in_several_languages_are_added_at_once_the_first_of_a_new_language_canonical(
    permit: Question,
) -> None:
    added = questions.add_phrasings(
        permit, {"en": ["permit price"], "de": ["Was kostet der Ausweis?", "preis ausweis"]}
    )
    assert added == 3
    assert worded(permit) == [
        ("en", "What does a permit cost?", True),
        ("en", "permit price", False),
        ("de", "Was kostet der Ausweis?", True),
        ("de", "preis ausweis", False),
    ]


def test_adding_twice_changes_nothing(permit: Question) -> None:
    wordings = {"en": ["permit price", "permit  price"], "de": ["Preis"]}
    assert [questions.add_phrasings(permit, wordings) for _ in range(2)] == [2, 0]
    assert AuditEntry.objects.filter(verb="word").count() == 1


def test_one_bad_wording_and_none_is_added(permit: Question) -> None:
    with pytest.raises(Invalid):
        questions.add_phrasings(permit, {"en": ["permit price"], "de": ["???"]})
    with pytest.raises(Invalid):
        questions.add_phrasings(permit, {"en": ["permit price"], "xx": ["Preis"]})
    assert len(worded(permit)) == 1
