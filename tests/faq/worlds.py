"""A world that all tests of a file share: built once, in the database and an index, and the same before each test.

Building it takes longer than asking it. What a test writes is rolled back by its own transaction; the index it gets is a copy.
A test that does not ask for the world begins with an empty portal, as everywhere. Not for files with real transactions: they
empty the tables.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings as configured
from django.core.cache import cache
from django.core.management import call_command
from django.db import DEFAULT_DB_ALIAS
from django.test import override_settings

from faq import tasks
from faq.gateways import retrieval, translation
from faq.models import Locale
from tests.conftest import FAKE_EMBEDDER
from tests.faq.factories import make_locales

STARTER = "retrieval.embedders.starter.StarterEmbedder"


@contextmanager
def built(build: Callable[[], object], home: Path, blocker: Any, embedder: str = FAKE_EMBEDDER) -> Iterator[Path]:
    """What `build` makes stays in the database until the end; gives the directory of state, to be entered by each test."""
    values = configured.POLYFAQ | {
        "HOME": home,
        "INDEX_PATH": home / "index.sqlite3",
        "EMBEDDER": embedder,
        "TRANSLATION_ENGINE": "",
        "WORKER_THREAD": False,
    }
    with blocker.unblock(), override_settings(POLYFAQ=values, CELERY_BROKER_URL="memory://localhost//"):
        make_locales()
        _forget()
        build()
        _forget()
        tasks.background().deferred.clear()
        try:
            yield home
        finally:
            call_command("flush", interactive=False, verbosity=0)


def enter(home: Path, tmp_path: Path) -> None:
    """Give this test its own copy of the world's index. The database is as it was built."""
    shutil.copytree(home, tmp_path, dirs_exist_ok=True)
    _forget()


def leave() -> None:
    """Empty the portal for this test; its transaction brings everything back."""
    for model in apps.get_app_config("faq").get_models():
        if model is not Locale:
            model._default_manager.all()._raw_delete(DEFAULT_DB_ALIAS)  # keys are looked at when a transaction ends
    _forget()


def _forget() -> None:
    cache.clear()
    retrieval.reset()
    translation.reset()
