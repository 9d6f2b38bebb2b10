"""What tests of the public site share: a page's text, and the world most of them look at."""

import pytest
from django.test import Client

from faq import cache
from faq.domain import topics
from faq.models import Question
from tests.faq.factories import make_question, make_source, passages

COST = "A resident permit costs 30 euros a year."
TAGS = ["en", "de", "fr", "es", "pl", "uk", "tr", "ar", "zh-hans"]


def page(client: Client, path: str, status: int = 200, **headers: str) -> str:
    """The text of a page that answers with this status."""
    response = client.get(path, headers=headers)
    assert response.status_code == status
    return response.content.decode()


@pytest.fixture
def permit() -> Question:
    """A published question in a topic, its answer cites one passage."""
    passage = passages(make_source(title="Parking"))[0]
    made = make_question("What does a permit cost?", cites=passage, quote=COST, key="permit", answer=f"{COST} [1]")
    made.topic = topics.ensure_topic("parking")
    made.save()
    cache.clear()
    return made
