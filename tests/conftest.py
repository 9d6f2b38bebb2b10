"""What every test gets: state in a directory of its own, no network, no services kept from the test before.

A test asks for `retriever` (hashed vectors, instant) or `starter` (the product's own vectors), and for
`django_capture_on_commit_callbacks` or a real transaction where it wants what happens after commit.
"""

import socket
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

FAKE_EMBEDDER = "retrieval.embedders.fake.FakeEmbedder"
LOOPBACK = {"localhost", "127.0.0.1", "::1", "0.0.0.0", ""}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The pass on PostgreSQL (`make postgresql`) is for what touches the database; the rest ran on SQLite, and is left out."""
    from django.conf import settings

    if "postgresql" not in settings.DATABASES["default"]["ENGINE"]:
        return
    chosen = [item for item in items if _uses_database(item)]
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
    from django.core.cache import cache

    from faq import tasks
    from faq.gateways import retrieval, translation

    settings.POLYFAQ = settings.POLYFAQ | {
        "HOME": tmp_path,
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

    settings.POLYFAQ = settings.POLYFAQ | {"EMBEDDER": "retrieval.embedders.starter.StarterEmbedder"}
    retrieval.reset()
    return retrieval.retriever()


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A translation engine that counts its calls: `[de] text`."""
    from faq.gateways import translation
    from translation.engine import FakeEngine

    fake = FakeEngine()
    monkeypatch.setattr(translation, "engine", lambda: fake)
    return fake
