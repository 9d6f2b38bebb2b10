"""Private servers for tests: a PostgreSQL cluster and a Redis, each in a temporary directory of its own.

Invariants: nothing outside that directory is touched, no server of the machine is used, and a server ends with the process
that started it, however that one ends. A guardian shell holds the read end of a pipe; the kernel closes the other end
when the process is gone, also after SIGKILL, and the guardian then stops the server and removes the directory.
"""

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

START_SECONDS = 60
STOP_SECONDS = 30

# $1: directory; the rest: the server. SIGINT is PostgreSQL's fast and Redis's orderly shutdown.
GUARDIAN = """
directory=$1; shift
"$@" </dev/null >"$directory/log" 2>&1 &
read -r _
kill -INT $! 2>/dev/null
wait $!
cd / && rm -rf "$directory"
"""


class ServerMissing(Exception):
    """The server's programs are not installed; the message says which package has them."""


class ServerFailed(Exception):
    """The server is installed and did not start; the message holds the end of its log."""


def postgresql_programs() -> Path:
    """The directory of `initdb` and `postgres`: that of the newest version. Debian keeps it off PATH. ServerMissing."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    on_path = shutil.which("initdb")
    if not found and not on_path:
        raise ServerMissing("PostgreSQL's server programs are not installed (Debian: apt-get install postgresql).")
    return found[-1].parent if found else Path(on_path or "").resolve().parent


def redis_program() -> str:
    """The path of `redis-server`. ServerMissing."""
    found = shutil.which("redis-server")
    if not found:
        raise ServerMissing("redis-server is not installed (Debian: apt-get install redis-server).")
    return found


@contextlib.contextmanager
def postgresql() -> Iterator[str]:
    """A running cluster with an empty database `polyfaq`: its URL. It listens on a Unix socket in its directory only.

    PostgreSQL refuses to run as root: then the cluster belongs to `postgres`, else to `nobody`.
    """
    programs = postgresql_programs()
    user = _unprivileged()
    with _directory("polyfaq-postgresql-", user) as directory:
        data = directory / "data"
        _call([str(programs / "initdb"), "--pgdata", str(data), "--username", "polyfaq", "--auth", "trust",
               "--encoding", "UTF8", "--locale", "C", "--no-sync", "--no-instructions"], directory, user)  # fmt: skip
        # Nothing in it outlives the tests, so nothing is forced to disk.
        options = {
            "listen_addresses": "", "unix_socket_directories": str(directory), "port": "5432", "fsync": "off",
            "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "200", "shared_buffers": "64MB",
        }  # fmt: skip
        flags = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        with _running([str(programs / "postgres"), "-D", str(data), *flags], directory, user) as wait:
            address = f"postgresql://polyfaq@{quote(str(directory), safe='')}:5432"
            wait(lambda: _create_database(f"{address}/postgres"))
            yield f"{address}/polyfaq"


@contextlib.contextmanager
def redis(port: int = 0) -> Iterator[str]:
    """A running Redis on a port of the loopback address (0: a free one), which keeps nothing on disk: its URL."""
    program = redis_program()
    with _directory("polyfaq-redis-", None) as directory:
        port = port or free_port()
        command = [program, "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--dir", str(directory)]
        with _running(command, directory, None) as wait:
            url = f"redis://127.0.0.1:{port}/0"
            wait(lambda: _ping(url))
            yield url


def _unprivileged() -> str | None:
    """Who runs what root may not; None for an ordinary user, who runs it himself."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    raise ServerMissing("PostgreSQL does not run as root, and there is neither a user postgres nor a user nobody.")


@contextlib.contextmanager
def _directory(prefix: str, user: str | None) -> Iterator[Path]:
    """Under /tmp, whatever TMPDIR says: a socket's path is short, and the other user gets in."""
    directory = Path(tempfile.mkdtemp(prefix=prefix, dir="/tmp"))
    try:
        if user:
            account = pwd.getpwnam(user)
            os.chown(directory, account.pw_uid, account.pw_gid)
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _as(user: str | None) -> dict[str, object]:
    if user is None:
        return {}
    return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}


def _environment(directory: Path) -> dict[str, str]:
    """No PGHOST, PGDATA and the like of the machine; messages in English."""
    return {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(directory), "LC_ALL": "C", "TZ": "UTC"}


def _call(command: Sequence[str], directory: Path, user: str | None) -> None:
    done = subprocess.run(
        command, cwd=directory, env=_environment(directory), capture_output=True, text=True, check=False,
        timeout=STOP_SECONDS + START_SECONDS, **_as(user),
    )  # type: ignore[call-overload]  # fmt: skip
    if done.returncode:
        raise ServerFailed(f"{Path(command[0]).name} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


@contextlib.contextmanager
def _running(
    command: Sequence[str], directory: Path, user: str | None
) -> Iterator[Callable[[Callable[[], object]], None]]:
    """Run a server under its guardian; gives a function that waits until a probe no longer raises."""
    guardian = subprocess.Popen(
        ["/bin/sh", "-c", GUARDIAN, "guardian", str(directory), *command], cwd=directory, env=_environment(directory),
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        **_as(user),
    )  # type: ignore[call-overload]  # fmt: skip

    def wait(probe: Callable[[], object]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                probe()
                return
            except Exception as error:
                if time.monotonic() > deadline:
                    log = directory / "log"
                    tail = log.read_text(errors="replace")[-2000:] if log.exists() else ""
                    raise ServerFailed(f"{Path(command[0]).name} does not answer: {error}\n{tail}") from error
                time.sleep(0.05)

    try:
        yield wait
    finally:
        assert guardian.stdin is not None
        guardian.stdin.close()
        guardian.wait(STOP_SECONDS)


def _create_database(url: str) -> None:
    import psycopg

    with psycopg.connect(url, autocommit=True, connect_timeout=5) as connection:
        connection.execute("CREATE DATABASE polyfaq")


def _ping(url: str) -> None:
    import redis as client

    with client.Redis.from_url(url, socket_timeout=5) as connection:
        connection.ping()


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    return port
