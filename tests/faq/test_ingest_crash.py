"""A process killed in the middle of ingest or publish: nothing half-visible, nothing lost, the next start repairs.

The product runs in a process of its own, over a database file; the kill is a function put in the place of one of the
product's, from outside.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.faq.factories import PARKING

ROOT = Path(__file__).parents[2]
KILL = "lambda *args, **kwargs: __import__('os').kill(__import__('os').getpid(), 9)"


def python(home: Path, code: str) -> subprocess.CompletedProcess[str]:
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("POLYFAQ_", "CELERY_", "DJANGO_"))
    }
    environment |= {
        "POLYFAQ_HOME": str(home),
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "POLYFAQ_EMBEDDER": "retrieval.embedders.fake.FakeEmbedder",
        "POLYFAQ_TRANSLATION_ENGINE": "",
    }
    environment.pop("DATABASE_URL", None)
    setup = "import django; django.setup(); from django.core.management import call_command\n"
    return subprocess.run(
        [sys.executable, "-c", setup + code], env=environment, cwd=ROOT, capture_output=True, text=True, timeout=120
    )


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    done = python(home, "call_command('migrate', verbosity=0)")
    assert done.returncode == 0, done.stderr
    return home


@pytest.fixture
def home(migrated: Path, tmp_path: Path) -> Path:
    here = tmp_path / "home"
    shutil.copytree(migrated, here)
    (tmp_path / "kb").mkdir()
    (tmp_path / "kb" / "a.md").write_text(PARKING)
    (tmp_path / "kb" / "b.md").write_text("# Buses\n\nBuses run every ten minutes.\n")
    return here


def ingest(home: Path, before: str = "") -> Any:
    done = python(
        home, f"{before}\ncall_command('ingest', {str(home.parent / 'kb')!r}, locale='en', publish=True, json=True)"
    )
    return json.loads(done.stdout.strip().splitlines()[-1]) if done.returncode == 0 else done.returncode


def state(home: Path) -> dict[str, Any]:
    """What a start finds: sources by state, passages, jobs, and whether the index is as the database says."""
    code = """
import json
from faq.models import *
from faq.domain import indexing
report = indexing.check()
print(json.dumps({
    "sources": sorted(Source.objects.values_list("title", "state")),
    "without_text": Source.objects.filter(revisions__isnull=True).count(),
    "without_passages": SourceRevision.objects.filter(passages__isnull=True).count(),
    "unfinished": Job.objects.filter(state__in=["queued", "running"], kind="sync_index").count(),
    "index_ok": not (list(report.missing) or list(report.orphaned) or list(report.differing)),
}))
"""
    done = python(home, code)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def test_killed_while_passages_are_written(home: Path) -> None:
    assert ingest(home, f"from faq.domain.sources import revisions; revisions._passages = {KILL}") == -9
    found = state(home)
    assert (found["sources"], found["without_text"], found["without_passages"]) == ([], 0, 0)
    assert ingest(home)["added"] == 2
    assert state(home)["index_ok"] is True


def test_killed_inside_the_transaction_that_publishes(home: Path) -> None:
    assert ingest(home, f"from faq.domain import publication; publication.audit.record = {KILL}") == -9
    assert state(home)["sources"] == []
    assert ingest(home)["added"] == 2


def test_killed_between_publishing_and_indexing_the_next_start_indexes(home: Path) -> None:
    assert ingest(home, f"from faq.domain import indexing; indexing.sync_source = {KILL}") == -9
    found = state(home)
    assert (found["sources"], found["unfinished"], found["index_ok"]) == ([["Parking", "published"]], 1, False)
    aged = "from faq.models import Job; Job.objects.update(heartbeat_at=None); call_command('worker', once=True)"
    assert python(home, aged).returncode == 0
    found = state(home)
    assert (found["unfinished"], found["index_ok"]) == (0, True)


def test_killed_while_the_index_is_written(home: Path) -> None:
    kill = f"from retrieval.backends import embedded; embedded.EmbeddedBackend.upsert = {KILL}"
    assert ingest(home, kill) == -9
    assert python(home, "call_command('index', rebuild=True)").returncode == 0
    assert state(home)["index_ok"] is True
    assert ingest(home) == {"added": 1, "revised": 0, "unchanged": 1, "failed": []}
