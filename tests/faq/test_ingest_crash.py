"""A process killed in the middle of ingest or publish: nothing half-visible, nothing lost, the next start repairs."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.faq.factories import PARKING
from tests.faq.processes import KILL, KILLED, migrated, python

__all__ = ["migrated"]


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
    assert ingest(home, f"from faq.domain.sources import revisions; revisions._passages = {KILL}") == KILLED
    found = state(home)
    assert (found["sources"], found["without_text"], found["without_passages"]) == ([], 0, 0)
    assert ingest(home)["added"] == 2
    assert state(home)["index_ok"] is True


def test_killed_inside_the_transaction_that_publishes(home: Path) -> None:
    assert ingest(home, f"from faq.domain import publication; publication.audit.record = {KILL}") == KILLED
    assert state(home)["sources"] == []
    assert ingest(home)["added"] == 2


def test_killed_between_publishing_and_indexing_the_next_start_indexes(home: Path) -> None:
    assert ingest(home, f"from faq.domain import indexing; indexing.sync_sources = {KILL}") == KILLED
    found = state(home)
    published = [["Buses", "published"], ["Parking", "published"]]
    assert (found["sources"], found["unfinished"], found["index_ok"]) == (published, 1, False)
    aged = "from faq.models import Job; Job.objects.update(heartbeat_at=None); call_command('worker', once=True)"
    assert python(home, aged).returncode == 0
    found = state(home)
    assert (found["unfinished"], found["index_ok"]) == (0, True)


def test_killed_while_the_index_is_written(home: Path) -> None:
    kill = f"from retrieval.backends import embedded; embedded.EmbeddedBackend.upsert = {KILL}"
    assert ingest(home, kill) == KILLED
    assert python(home, "call_command('index', rebuild=True)").returncode == 0
    assert state(home)["index_ok"] is True
    assert ingest(home) == {"added": 0, "revised": 0, "unchanged": 2, "failed": []}
