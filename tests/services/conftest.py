"""Servers for a whole test session, and portals: the product in processes of its own, on a database and broker of its own."""

import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.services import servers

ROOT = Path(__file__).parents[2]
OURS = ("POLYFAQ_", "CELERY_", "DJANGO_", "REDIS_", "DATABASE_")
SECONDS = 180
"""Tells a hang from an answer, nothing else."""
SETUP = "import django; django.setup(); from django.core.management import call_command\n"


class Portal:
    """One portal: its state, its environment, and the processes that a test starts in it."""

    def __init__(self, home: Path, **variables: str) -> None:
        self.home = home
        self.processes: list[subprocess.Popen[bytes]] = []
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        self.environment |= {
            "POLYFAQ_HOME": str(home),
            "DJANGO_SETTINGS_MODULE": "portal.settings",
            "POLYFAQ_EMBEDDER": "retrieval.embedders.fake.FakeEmbedder",
            "POLYFAQ_TRANSLATION_ENGINE": "none",
            **variables,
        }

    def run(self, code: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run Python code in a process of its own, after django.setup()."""
        return subprocess.run(
            [sys.executable, "-c", SETUP + code], env=self.environment | variables, cwd=ROOT, capture_output=True,
            text=True, timeout=SECONDS, check=False,
        )  # fmt: skip

    def python(self, code: str, **variables: str) -> Any:
        """What the code's last printed line says, as JSON. The code must succeed."""
        done = self.run(code, **variables)
        assert done.returncode == 0, done.stderr
        lines = done.stdout.strip().splitlines()
        return json.loads(lines[-1]) if lines else None

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start `python ARGUMENTS` in the background; it ends with the test."""
        log = (self.home / f"process-{len(self.processes)}.log").open("wb")
        process = subprocess.Popen(
            [sys.executable, *arguments], env=self.environment, cwd=ROOT, stdout=log, stderr=log, start_new_session=True
        )
        self.processes.append(process)
        return process

    def finished(self, *fields: str) -> list[tuple[Any, ...]]:
        """Wait until no job waits or runs; then the fields of every job, oldest first. Asks the database itself: a process
        of the product takes two seconds to say the same."""
        deadline = time.monotonic() + 120
        while self.rows("SELECT 1 FROM faq_job WHERE state IN ('queued', 'running')") and time.monotonic() < deadline:
            time.sleep(0.1)
        rows = self.rows(f"SELECT {', '.join(fields)} FROM faq_job ORDER BY created_at")
        return [tuple(_as_text(value) for value in row) for row in rows]

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What the portal's database answers."""
        url = self.environment.get("DATABASE_URL")
        if url:
            import psycopg

            with psycopg.connect(url) as server:
                return server.execute(query.encode()).fetchall()
        with closing(sqlite3.connect(self.home / "polyfaq.sqlite3", timeout=30)) as file:
            return file.execute(query).fetchall()

    def log(self) -> str:
        return "\n".join(path.read_text(errors="replace") for path in sorted(self.home.glob("process-*.log")))

    def stop(self) -> None:
        """SIGKILL to each whole group: the test is over, and how a process ends by itself is for tests of their own."""
        for process in self.processes:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(30)


def _as_text(value: Any) -> Any:
    """An id as text, whichever database it is from."""
    if isinstance(value, UUID):
        return str(value)
    return str(UUID(value)) if isinstance(value, str) and re.fullmatch("[0-9a-f]{32}", value) else value


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """The URL of a private PostgreSQL's database."""
    try:
        with servers.postgresql() as url:
            yield url
    except servers.ServerMissing as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """The URL of a private Redis."""
    try:
        with servers.redis() as url:
            yield url
    except servers.ServerMissing as missing:
        pytest.skip(str(missing))


@pytest.fixture
def broker(redis_url: str) -> str:
    """The private Redis, emptied."""
    import redis

    with redis.Redis.from_url(redis_url) as client:
        client.flushall()
    return redis_url


@pytest.fixture(scope="session")
def migrated_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The state of a portal on SQLite just after `migrate`."""
    home = tmp_path_factory.mktemp("migrated")
    Portal(home).python("call_command('migrate', verbosity=0)")
    return home


@pytest.fixture(scope="session")
def migrated_database(postgresql_url: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of a PostgreSQL database just after `migrate`; a template, which nobody may use."""
    home = tmp_path_factory.mktemp("postgresql")
    Portal(home, DATABASE_URL=postgresql_url).python("call_command('migrate', verbosity=0)")
    return postgresql_url


@pytest.fixture(params=["sqlite", "postgresql"])
def new_portal(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., Portal]]:
    """Makes a migrated portal on each database; variables are given as keywords."""
    made: list[Portal] = []

    def make(**variables: str) -> Portal:
        home = tmp_path / f"home-{len(made)}"
        if request.param == "sqlite":
            shutil.copytree(request.getfixturevalue("migrated_home"), home)
        else:
            home.mkdir()
            template = request.getfixturevalue("migrated_database")
            variables["DATABASE_URL"] = copy_database(template, f"portal_{os.getpid()}_{id(made)}_{len(made)}")
        made.append(Portal(home, **variables))
        return made[-1]

    yield make
    for portal in made:
        portal.stop()


def copy_database(template: str, name: str) -> str:
    """The URL of a new database like the template."""
    import psycopg

    address, _, source = template.rpartition("/")
    with psycopg.connect(f"{address}/postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{source}"')
    return f"{address}/{name}"
