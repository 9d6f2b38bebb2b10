"""The private servers themselves: reachable only from here, and gone with whoever started them."""

import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.services import servers
from tests.services.conftest import ROOT

OWNER = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # who runs the tests in the background has it ignored
from tests.services import servers
with getattr(servers, sys.argv[1])() as url:
    print(url, flush=True)
    time.sleep(600)
"""


def ends(there: Callable[[], bool], seconds: float = 60) -> bool:
    deadline = time.monotonic() + seconds
    while there():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def directory_of(url: str) -> Path:
    """The server's own directory; the server must answer."""
    if url.startswith("redis"):
        import redis

        with redis.Redis.from_url(url) as client:
            return Path(client.config_get("dir")["dir"])
    return Path(unquote(urlsplit(url).netloc.rpartition("@")[2].rpartition(":")[0]))


def answers(url: str) -> bool:
    import psycopg
    import redis

    try:
        if url.startswith("redis"):
            redis.Redis.from_url(url).ping()
        else:
            psycopg.connect(url, connect_timeout=5).close()
    except (psycopg.OperationalError, redis.ConnectionError):
        return False
    return True


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT], ids=lambda each: each.name)
@pytest.mark.parametrize("kind", ["postgresql", "redis"])
def test_a_server_ends_with_the_process_that_started_it(
    request: pytest.FixtureRequest, kind: str, ending: signal.Signals
) -> None:
    request.getfixturevalue(f"{kind}_url")  # skips where it is not installed
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, kind], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert owner.stdout is not None
    url = owner.stdout.readline().decode().strip()
    directory = directory_of(url)
    assert directory.exists()
    owner.send_signal(ending)
    owner.wait(60)
    assert (ends(lambda: answers(url)), ends(directory.exists)) == (True, True)


def test_postgresql_listens_on_its_socket_only(postgresql_url: str) -> None:
    import psycopg

    with psycopg.connect(postgresql_url) as connection:
        rows = connection.execute(
            "SELECT current_setting('listen_addresses'), current_setting('unix_socket_directories'),"
            " current_setting('data_directory'), current_setting('server_encoding')"
        ).fetchone()
    directory = directory_of(postgresql_url)
    assert rows == ("", str(directory), str(directory / "data"), "UTF8")


def test_postgresql_never_runs_as_root(postgresql_url: str) -> None:
    owner = pwd.getpwuid((directory_of(postgresql_url) / "data").stat().st_uid).pw_name
    expected = {"postgres", "nobody"} if os.geteuid() == 0 else {pwd.getpwuid(os.geteuid()).pw_name}
    assert owner in expected


def test_redis_is_on_the_loopback_address_and_keeps_nothing(redis_url: str) -> None:
    import redis

    with redis.Redis.from_url(redis_url) as client:
        assert (client.config_get("bind"), client.config_get("save")) == ({"bind": "127.0.0.1"}, {"save": ""})


@pytest.mark.parametrize("kind", ["postgresql", "redis"])
def test_where_a_server_is_not_installed_the_package_is_named(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setattr(Path, "glob", lambda self, pattern: iter(()))
    package = {"postgresql": "postgresql", "redis": "redis-server"}[kind]
    with pytest.raises(servers.ServerMissing, match=f"apt-get install {package}"), getattr(servers, kind)():
        pass


def beside(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.services", *command], cwd=ROOT, env=os.environ | environment, capture_output=True,
        text=True, timeout=120, check=False,
    )  # fmt: skip


def test_a_command_runs_beside_a_cluster_and_its_status_is_kept(postgresql_url: str) -> None:
    code = "import os, sys, psycopg; psycopg.connect(os.environ['DATABASE_URL']); sys.exit(7)"
    assert beside(sys.executable, "-c", code).returncode == 7


def test_without_a_command_it_says_how_to_use_it() -> None:
    done = beside()
    assert (done.returncode, "python -m tests.services" in done.stderr) == (2, True)
