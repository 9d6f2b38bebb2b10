"""What every test gets: state in a directory of its own, no network, no services kept from the test before.

A test asks for `retriever` (hashed vectors, instant) or `starter` (the product's own vectors), and for
`django_capture_on_commit_callbacks` or a real transaction where it wants what happens after commit.
"""

import functools
import os
import socket
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings as hypothesis

# The same examples in every run: a change is judged by what it changes. POLYFAQ_SEARCH=20 looks for new ones, so many times as
# many as usual.
hypothesis.register_profile("same", derandomize=True)
hypothesis.register_profile("search", max_examples=100 * int(os.environ.get("POLYFAQ_SEARCH", "1")))
hypothesis.load_profile("search" if os.environ.get("POLYFAQ_SEARCH") else "same")

FAKE_EMBEDDER = "retrieval.embedders.fake.FakeEmbedder"
LOOPBACK = {"localhost", "127.0.0.1", "::1", "0.0.0.0", ""}


HEAVY = (
    "tests/faq/test_load_demo.py", "tests/services", "tests/e2e", "tests/faq/test_bad_input_crashes.py",
    "tests/faq/test_bad_input_sources.py", "tests/faq/test_admin_access.py", "tests/retrieval/test_evaluation.py",
)  # fmt: skip
"""Files that take longest begin first: with two workers the end of a run is then a short file, and nobody waits for it."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Heavy files first; on PostgreSQL (`make postgresql`) only what can come out otherwise there.

    That is what touches the database, but for files marked `any_database`: they ask what readers and editors get to see, over
    the ORM alone, and ran on SQLite. Constraints, locks, transactions, concurrency, ordering and searching stay.
    """
    from django.conf import settings

    def weight(item: pytest.Item) -> int:
        return next((place for place, name in enumerate(HEAVY) if item.nodeid.startswith(name)), len(HEAVY))

    items.sort(key=weight)
    if "postgresql" not in settings.DATABASES["default"]["ENGINE"]:
        return
    chosen = [item for item in items if _uses_database(item) and item.get_closest_marker("any_database") is None]
    config.hook.pytest_deselected(items=[item for item in items if item not in set(chosen)])
    items[:] = chosen


def _uses_database(item: pytest.Item) -> bool:
    fixtures = {"db", "transactional_db", "live_server"} & set(getattr(item, "fixturenames", ()))
    return bool(fixtures) or item.get_closest_marker("django_db") is not None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Half characters in what a test logged are replaced: they end the process that sends them on."""
    report = yield
    report.sections = [(name, text.encode("utf-8", "replace").decode()) for name, text in report.sections]
    return report


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A file, as in production: threads and processes of a test meet the same locks as there."""
    from django.db import connections

    settings = connections["default"].settings_dict
    if "sqlite3" in settings["ENGINE"]:
        settings["TEST"]["NAME"] = str(tmp_path_factory.mktemp("database") / "polyfaq.sqlite3")


@pytest.fixture(autouse=True)
def _offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only this machine can be reached; a test that needs the network is wrong."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in LOOPBACK:
            raise AssertionError(f"A test tried to reach {address[0]}.")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(autouse=True)
def _isolated(tmp_path: Path, settings: Any) -> Iterator[None]:
    """State, services, caches and deferred jobs of this test only. Translation is off until a test asks for an engine."""
    from faq import cache, tasks
    from faq.gateways import retrieval, translation

    settings.POLYFAQ = settings.POLYFAQ | {
        "HOME": tmp_path,
        "INDEX_BACKEND": "retrieval.backends.embedded.EmbeddedBackend",
        "INDEX_PATH": tmp_path / "index.sqlite3",
        "ARGOS_PACKAGES": tmp_path / "argos",
        "EMBEDDER": FAKE_EMBEDDER,
        "TRANSLATION_ENGINE": "",
        "WORKER_THREAD": False,
    }
    settings.CELERY_BROKER_URL = "memory://localhost//"
    settings.MEDIA_ROOT = tmp_path / "uploads"
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    _forget(cache, retrieval, translation)
    tasks.background().deferred.clear()
    yield
    tasks.stop_worker()
    tasks.background().serving = False
    tasks.background().deferred.clear()
    _forget(cache, retrieval, translation)


def _forget(cache: Any, retrieval: Any, translation: Any) -> None:
    cache.clear()
    retrieval.reset()
    translation.reset()


@pytest.fixture(autouse=True)
def _locales(request: pytest.FixtureRequest) -> None:
    """The nine locales of the migration: a test with real transactions empties every table after itself, also for others."""
    marker = request.node.get_closest_marker("django_db")
    real = bool({"transactional_db", "live_server"} & set(request.fixturenames))
    if marker is None and not real and "db" not in request.fixturenames:
        return
    real = real or (marker is not None and bool(marker.kwargs.get("transaction")))
    request.getfixturevalue("transactional_db" if real else "db")
    from tests.faq.factories import make_locales

    make_locales()


@pytest.fixture
def retriever() -> Any:
    """The portal's retriever over an empty index, with the fake embedder."""
    from faq.gateways import retrieval

    return retrieval.retriever()


@pytest.fixture
def starter(settings: Any) -> Any:
    """The portal's retriever with the product's own vectors."""
    from faq.gateways import retrieval

    _read_the_starter_pack_once()
    settings.POLYFAQ = settings.POLYFAQ | {"EMBEDDER": "retrieval.embedders.starter.StarterEmbedder"}
    retrieval.reset()
    return retrieval.retriever()


@functools.cache
def _read_the_starter_pack_once() -> None:
    """In this process: reading the model takes longer than most tests, and it is the same bytes each time."""
    from retrieval.embedders.starter import DATA, StarterEmbedder

    read = StarterEmbedder._read
    shared = functools.cache(lambda: read(StarterEmbedder()))
    StarterEmbedder._read = lambda self: shared() if self._folder == DATA else read(self)  # type: ignore[method-assign]


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A translation engine that counts its calls: `[de] text`."""
    from faq.gateways import translation
    from translation.engine import FakeEngine

    fake = FakeEngine()
    monkeypatch.setattr(translation, "engine", lambda: fake)
    return fake
