"""The settings as a process finds them: nothing set, one variable wrong, several processes at once."""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction

import faq

ROOT = Path(__file__).parents[2]
OURS = ("POLYFAQ_", "CELERY_", "DJANGO_", "REDIS_", "DATABASE_")


def environment(home: Path, **variables: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    return kept | {"POLYFAQ_HOME": str(home), "DJANGO_SETTINGS_MODULE": "portal.settings", **variables}


def load(home: Path, code: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", f"import json\nfrom portal import settings as s\n{code}"], cwd=ROOT, check=False,
        env=environment(home, **variables), capture_output=True, text=True, timeout=120,
    )  # fmt: skip


def value(home: Path, expression: str, **variables: str) -> Any:
    done = load(home, f"print(json.dumps({expression}))", **variables)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_nothing_needs_to_be_set(tmp_path: Path) -> None:
    found = value(tmp_path, "[s.DEBUG, s.DATABASES['default']['ENGINE'], s.CELERY_BROKER_URL, len(s.SECRET_KEY) >= 50]")
    assert found == [False, "django.db.backends.sqlite3", "memory://localhost//", True]


@pytest.mark.parametrize(("variable", "debug"), [("1", True), ("0", False), ("", False)])
def test_one_variable_decides_on_debug(tmp_path: Path, variable: str, debug: bool) -> None:
    assert value(tmp_path, "s.DEBUG", POLYFAQ_DEBUG=variable) is debug


class TestSecretKey:
    def test_it_is_made_once_and_read_by_its_owner_only(self, tmp_path: Path) -> None:
        first, second = (value(tmp_path, "s.SECRET_KEY") for _ in range(2))
        path = tmp_path / "secret_key"
        assert (first, path.read_text()) == (second, first)
        assert (path.stat().st_mode & 0o777, sorted(each.name for each in tmp_path.iterdir())) == (
            0o600,
            ["secret_key", "stamps", "static"],
        )

    def test_processes_that_start_at_once_agree(self, tmp_path: Path) -> None:
        command = [sys.executable, "-c", "from portal import settings; print(settings.SECRET_KEY)"]
        started = [
            subprocess.Popen(command, cwd=ROOT, env=environment(tmp_path), stdout=subprocess.PIPE, text=True)
            for _ in range(4)
        ]
        keys = {process.communicate(timeout=120)[0].strip() for process in started}
        assert keys == {(tmp_path / "secret_key").read_text()}

    def test_a_given_one_is_not_written(self, tmp_path: Path) -> None:
        assert value(tmp_path, "s.SECRET_KEY", DJANGO_SECRET_KEY="given") == "given"
        assert not (tmp_path / "secret_key").exists()

    def test_an_empty_file_is_told(self, tmp_path: Path) -> None:
        (tmp_path / "secret_key").touch()
        done = load(tmp_path)
        assert (done.returncode, "secret_key is empty. Delete it" in done.stderr) == (1, True)


def test_a_wrong_value_ends_the_start_with_one_line(tmp_path: Path) -> None:
    done = load(tmp_path, POLYFAQ_LOG_LEVEL="loud")
    last = done.stderr.strip().splitlines()[-1]
    assert (done.returncode, last) == (
        1,
        "django.core.exceptions.ImproperlyConfigured: POLYFAQ_LOG_LEVEL is 'LOUD'; it takes one of DEBUG, INFO, WARNING,"
        " ERROR, CRITICAL.",
    )


def test_https_is_on_where_the_address_is(tmp_path: Path) -> None:
    names = "[getattr(s, 'SESSION_COOKIE_SECURE', False), getattr(s, 'SECURE_SSL_REDIRECT', False)]"
    assert value(tmp_path, names, POLYFAQ_SITE_URL="https://faq.example.org") == [True, True]
    assert value(tmp_path, names) == [False, False]


@pytest.mark.parametrize(
    ("variables", "broker"),
    [
        ({"REDIS_URL": "redis://h:6379/0"}, "redis://h:6379/0"),
        ({"REDIS_URL": "unix:///run/redis.sock"}, "redis+socket:///run/redis.sock"),
        ({"REDIS_URL": "redis://h:6379/0", "CELERY_BROKER_URL": "amqp://h"}, "amqp://h"),
    ],
)
def test_redis_is_cache_and_broker_at_once(tmp_path: Path, variables: dict[str, str], broker: str) -> None:
    found = value(tmp_path, "[s.CELERY_BROKER_URL, s.CACHES['default']['LOCATION']]", **variables)
    assert found == [broker, variables["REDIS_URL"]]


def test_a_server_says_every_wrong_relation_at_its_start(tmp_path: Path) -> None:
    variables = {"POLYFAQ_EMBEDDER": "retrieval.embedders.http.HttpEmbedder", "POLYFAQ_INDEX_PATH": str(tmp_path)}
    done = load(tmp_path, "import portal.wsgi", **variables)
    assert done.returncode == 1
    assert [number in done.stderr for number in ("polyfaq.E002", "polyfaq.E005")] == [True, True]


def test_a_server_warns_of_a_misspelt_variable(tmp_path: Path) -> None:
    done = load(
        tmp_path, "import portal.wsgi", POLYFAQ_SITE_NAM="x", POLYFAQ_WORKER_THREAD="0", CELERY_BROKER_URL="redis://h"
    )
    assert (done.returncode, "Did you mean POLYFAQ_SITE_NAME?" in done.stderr) == (0, True)


@pytest.mark.django_db(transaction=True)
class TestSQLite:
    """As production opens it: the test database is a file, under the same options."""

    @pytest.fixture(autouse=True)
    def _on_sqlite(self) -> None:
        if connection.vendor != "sqlite":
            pytest.skip("This pass is on PostgreSQL; the other one is on SQLite.")

    def pragma(self, name: str) -> Any:
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA {name}")
            return cursor.fetchone()[0]

    def test_readers_never_wait_for_a_writer(self) -> None:
        assert (self.pragma("journal_mode"), self.pragma("foreign_keys"), self.pragma("busy_timeout")) == (
            "wal",
            1,
            20_000,
        )

    def test_a_transaction_takes_the_write_lock_when_it_begins(self, settings: Any) -> None:
        import sqlite3

        path = settings.DATABASES["default"]["NAME"]
        with transaction.atomic(), sqlite3.connect(path, timeout=0) as other:
            assert other.execute("SELECT count(*) FROM faq_locale").fetchone() == (9,)
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                other.execute("BEGIN IMMEDIATE")
        with sqlite3.connect(path, timeout=0) as other:
            other.execute("BEGIN IMMEDIATE")
            other.rollback()

    def test_a_row_without_its_other_half_is_refused(self) -> None:
        from django.db import IntegrityError

        with pytest.raises(IntegrityError), connection.cursor() as cursor:
            cursor.execute("INSERT INTO faq_answer (question_id) VALUES (424242)")


def test_the_package_and_the_program_have_one_version() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert declared == faq.__version__
