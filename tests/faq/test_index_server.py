"""The portal on an index server (the double of Weaviate): publishing fills it, and readers are served while it is away."""

import io
import json
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from django.core.management import call_command
from django.test import Client

from faq import checks
from faq.domain import indexing
from faq.domain.ask import ask as ask_portal
from faq.errors import Unavailable
from faq.gateways import retrieval
from faq.queries import finding
from retrieval.sync import IndexState
from tests.doubles.weaviate import Double
from tests.faq.factories import COST, make_portal

pytestmark = pytest.mark.django_db

QUESTION = "What does a resident permit cost?"
WORDS = "permit cost"
LIMITED = "Search is limited at the moment"
AT_ASKING = "Our search is limited at the moment"


@pytest.fixture(scope="module")
def server() -> Iterator[Double]:
    running = Double().start()
    yield running
    running.stop()


@pytest.fixture
def double(server: Double, settings: Any) -> Iterator[Double]:
    """The portal's index from now on, filled with the portal of make_portal()."""
    server.clear()
    settings.POLYFAQ = settings.POLYFAQ | {
        "INDEX_BACKEND": "retrieval.backends.weaviate.WeaviateBackend",
        "WEAVIATE": settings.POLYFAQ["WEAVIATE"]
        | {"url": server.url, "grpc_url": server.grpc_url, "read_seconds": 5.0},
    }
    retrieval.reset()
    make_portal()
    yield server
    retrieval.retriever()._backend.close()


@pytest.fixture
def probing(double: Double) -> None:
    """Every call after a failure probes, so that no test waits."""
    retrieval.retriever()._backend._connection._own().breaker._first = 0.0


def ask(text: str) -> dict[str, Any]:
    return ask_portal(text, "en").as_dict()


def site(path: str) -> str:
    response = Client().get(path)
    assert response.status_code == 200
    return response.content.decode()


def test_what_is_published_is_found_on_the_server(double: Double) -> None:
    found = finding.search(WORDS, "en")
    assert (found.degraded, found.questions[0].key) == (False, "permit")
    result = ask(QUESTION)
    assert (result["degraded"], result["answer"]) == (False, COST)
    assert "Search" in double.calls


@pytest.mark.parametrize(
    "faults",
    [
        {"reading": grpc.StatusCode.UNAVAILABLE},
        {"reading": grpc.StatusCode.UNKNOWN},
        {"reading": grpc.StatusCode.PERMISSION_DENIED},
        {"http": 503},
    ],
)
@pytest.mark.usefixtures("probing")
def test_while_the_server_fails_the_database_answers_marked_and_recovers_by_itself(
    double: Double, faults: dict[str, Any]
) -> None:
    with double.failing(**faults):
        found, result = finding.search(WORDS, "en"), ask(QUESTION)
        assert (found.degraded, [link.key for link in found.questions]) == (True, ["permit"])
        assert (result["degraded"], result["answer"]) == (True, COST)
        assert ask("Who repairs broken umbrellas?")["degraded"]
        assert "permit" in site("/en/suggest/?q=resident+perm")
    assert (finding.search(WORDS, "en").degraded, ask(QUESTION)["degraded"]) == (False, False)


def test_pages_say_so_and_no_page_fails(double: Double) -> None:
    assert LIMITED not in site("/en/search/?q=permit+cost")
    with double.failing(reading=grpc.StatusCode.UNAVAILABLE):
        assert LIMITED in site("/en/search/?q=permit+cost")
        assert AT_ASKING in site("/en/ask/?q=Who+repairs+broken+umbrellas")
        for path in ("/en/", "/en/questions/permit/"):
            assert "limited at the moment" not in site(path)


def test_one_reader_meets_the_dead_server_and_the_next_ones_do_not(double: Double) -> None:
    with double.failing(reading=grpc.StatusCode.UNAVAILABLE):
        finding.search(WORDS, "en")
        asked = len(double.calls)
        assert (finding.search(WORDS, "en").degraded, ask(QUESTION)["degraded"]) == (True, True)
        assert len(double.calls) == asked


def test_the_state_of_the_index_is_told_of_a_server_too(double: Double) -> None:
    out = io.StringIO()
    call_command("index", "--status", "--json", stdout=out)
    said = json.loads(out.getvalue())
    assert (said["state"], said["backend"], said["entries"] > 0) == (IndexState.CURRENT, "WeaviateBackend", True)
    with double.failing(http=503), pytest.raises(Unavailable, match="503"):
        indexing.state()


def test_an_index_that_is_not_whole_is_told_and_built_anew(double: Double) -> None:
    double.collections.pop(double.aliases["Polyfaq_Active"])
    assert indexing.state() == IndexState.UNREADABLE
    assert finding.search(WORDS, "en").degraded
    indexing.rebuild()
    assert (indexing.state(), finding.search(WORDS, "en").degraded) == (IndexState.CURRENT, False)
    assert indexing.check().clean


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"url": "ftp://host"}, "WEAVIATE_URL cannot be used"),
        ({"url": "http://host", "quantiser": "pq"}, "WEAVIATE_QUANTISER is 'pq'"),
        ({"url": "http://host", "prefix": "small"}, "WEAVIATE_PREFIX is 'small'"),
    ],
)
def test_wrong_settings_are_told_before_anything_starts(settings: Any, changes: dict[str, str], said: str) -> None:
    settings.POLYFAQ = settings.POLYFAQ | {"WEAVIATE": settings.POLYFAQ["WEAVIATE"] | changes}
    assert [(each.id, said in each.msg) for each in checks.check_settings() if each.id == "polyfaq.E008"] == [
        ("polyfaq.E008", True)
    ]


def test_choosing_the_backend_without_an_address_is_told(settings: Any) -> None:
    settings.POLYFAQ = settings.POLYFAQ | {
        "INDEX_BACKEND": "retrieval.backends.weaviate.WeaviateBackend",
        "WEAVIATE": settings.POLYFAQ["WEAVIATE"] | {"url": ""},
    }
    assert [each.msg for each in checks.check_settings() if each.id == "polyfaq.E008"] == [
        "The Weaviate backend needs an address: set WEAVIATE_URL, such as http://localhost:8080."
    ]
