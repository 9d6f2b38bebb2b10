"""The stack of compose.yaml as plain processes of this machine: the same commands, variables, order and health checks, with
addresses and paths of its own in the place of the containers'.

Invariants: nothing outside one temporary directory is written; a process that ends is started again, as `restart:
unless-stopped` does; and all end with the process that started them, however that one ends (a guardian sees to it).
"""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import yaml

from tests.services import servers

ROOT = Path(__file__).parents[2]
OURS = ("POLYFAQ_", "CELERY_", "DJANGO_", "REDIS_", "DATABASE_", "WEAVIATE_", "PG")
READY_SECONDS = 120
PORTS = {"8000": "web", "8080": "http", "8443": "https", "8081": "health", "6379": "redis"}
METRICS_TOKEN = "of-this-run-only"
ELSEWHERE = frozenset({"postgresql", "weaviate"})
"""Services that are not started from compose.yaml's command: PostgreSQL by Debian's programs, Weaviate where one is."""

# Reads until its starter is gone, then ends every process group written down, and removes the directory ($1).
GUARDIAN = """
trap '' INT TERM HUP
read -r _
for signal in TERM KILL; do
  for group in $(cat "$1/groups"); do kill -$signal "-$group" 2>/dev/null; done
  for _ in $(seq 50); do
    alive=; for group in $(cat "$1/groups"); do kill -0 "-$group" 2>/dev/null && alive=1; done
    [ -z "$alive" ] && break; sleep 0.2
  done
done
[ -e "$1/keep" ] || { cd / && rm -rf "$1"; }
"""


class NotReady(Exception):
    """A service did not become well; the message holds the end of its log."""


class Stack:
    """The running stack. `url`: where nginx listens. `services`: compose.yaml's, by name."""

    def __init__(self, directory: Path, database: str, *, tls: bool, weaviate: Mapping[str, str]) -> None:
        self.directory, self.tls = directory, tls
        self.services: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
        self.ports = {name: servers.free_port() for name in PORTS.values()}
        self.url = f"https://localhost:{self.ports['https']}" if tls else f"http://localhost:{self.ports['http']}"
        self._weaviate = dict(weaviate)
        self._database = database
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._kept_down: set[str] = set()
        self._lock = threading.Lock()
        self.restarts: list[str] = []
        self._prepare()

    def log(self, service: str) -> str:
        path = self.directory / "logs" / f"{service}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def start_all(self) -> None:
        """Each service when those it depends on are as compose.yaml says that they must be."""
        waiting = [name for name in self.services if name not in ELSEWHERE]
        done: set[str] = set(ELSEWHERE)
        while waiting:
            name = next(each for each in waiting if set(self.services[each].get("depends_on", ())) <= done)
            waiting.remove(name)
            self.start(name)
            self.wait(name)
            done.add(name)
        threading.Thread(target=self._restart_what_ended, daemon=True).start()

    def start(self, service: str) -> None:
        with self._lock:
            self._kept_down.discard(service)
            log = (self.directory / "logs" / f"{service}.log").open("ab")
            process = subprocess.Popen(
                self.command(service), env=self.environment(service), cwd=ROOT, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
            log.close()
            with (self.directory / "groups").open("a") as groups:
                groups.write(f"{process.pid}\n")
            self._running[service] = process

    def kill(self, service: str, number: int = signal.SIGKILL, *, stay_down: bool = False) -> None:
        """A signal to all processes of a service, as a container's end. Without `stay_down` it is started again."""
        with self._lock:
            if stay_down:
                self._kept_down.add(service)
            process = self._running[service]
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, number)
        if stay_down:
            process.wait(60)

    def wait(self, service: str) -> None:
        """Until the service is well, or has ended well when it is one that ends. NotReady."""
        described, deadline = self.services[service], time.monotonic() + READY_SECONDS
        ends = described.get("healthcheck", {}).get("disable", False)
        while time.monotonic() < deadline:
            status = self._running[service].poll()
            if ends and status is not None:
                if status == 0:
                    return
                break
            if not ends and self.is_well(service):
                return
            time.sleep(0.2)
        raise NotReady(f"{service} is not well.\n{self.log(service)[-3000:]}")

    def is_well(self, service: str) -> bool:
        """What the service's own health check says."""
        kind, *test = self.services[service]["healthcheck"]["test"]
        if service == "redis":
            # Debian's client knows no port but the usual one unless it is told.
            test = [test[0].replace("redis-cli", f"redis-cli -p {self.ports['redis']}")]
        command = ["sh", "-c", self._adapted(test[0])] if kind == "CMD-SHELL" else self._program(test)
        if command[-1] == "portal.health":
            command.append(str(self.ports["web"]))
        done = subprocess.run(
            command, env=self.environment(service), cwd=ROOT, capture_output=True, timeout=60, check=False
        )
        return done.returncode == 0

    def manage(self, *arguments: str) -> str:
        """`docker compose exec web python manage.py …`: what it prints. CalledProcessError holds its errors."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments], env=self.environment("web"), cwd=ROOT, capture_output=True,
            text=True, timeout=600, check=False,
        )  # fmt: skip
        if done.returncode:
            sys.stderr.write(done.stderr[-3000:])
            raise subprocess.CalledProcessError(done.returncode, arguments, done.stdout, done.stderr[-3000:])
        return done.stdout

    def command(self, service: str) -> list[str]:
        command = self._program(self.services[service]["command"])
        if service == "nginx":
            command[command.index("-c") + 1] = str(
                self.directory / "nginx" / ("https.conf" if self.tls else "http.conf")
            )
            if os.geteuid() == 0:
                command[-1] += " user root;"  # the container's nginx is not root to begin with
        return command

    def environment(self, service: str) -> dict[str, str]:
        found = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        given = self.services[service].get("environment", {})
        found |= {name: self._adapted(_substituted(str(value))) for name, value in given.items()}
        if "DATABASE_URL" not in given:
            return found
        found |= {
            "DATABASE_URL": self._database,
            "REDIS_URL": f"redis://127.0.0.1:{self.ports['redis']}/0",
            "POLYFAQ_SITE_URL": self.url,
            "POLYFAQ_HOME": str(self.directory / "state"),
            "POLYFAQ_STATIC_ROOT": str(self.directory / "static"),
            "POLYFAQ_ALIVE_FILE": str(self.directory / "tmp" / f"alive-{service}"),
            "POLYFAQ_SITE_NAME": "City of Larkmouth",
            "POLYFAQ_FETCH_ALLOW_PRIVATE": "1",
            "POLYFAQ_METRICS_TOKEN": METRICS_TOKEN,
        }
        for name in ("WEAVIATE_URL", "WEAVIATE_API_KEY_FILE"):
            found.pop(name, None)
        return found | self._weaviate

    def _prepare(self) -> None:
        for name in ("logs", "state", "secrets", "redis", "pages", "tmp", "acme"):
            (self.directory / name).mkdir()
        for name in ("postgres_password", "redis_password", "weaviate_api_key", "secret_key"):
            (self.directory / "secrets" / name).write_text(os.urandom(32).hex())
        if self.tls:
            _certificate(self.directory / "secrets")
        shutil.copytree(ROOT / "deploy" / "nginx", self.directory / "nginx")
        for path in (self.directory / "nginx").glob("*.conf"):
            path.write_text(
                re.sub(r"(listen (?:127\.0\.0\.1:)?)(8\d{3})\b", self._listens, self._adapted(path.read_text()))
            )
        # A container's name is looked up again and again; here it is one address.
        (self.directory / "nginx" / "upstream.conf").write_text(
            f"upstream portal {{ server 127.0.0.1:{self.ports['web']} max_fails=0; keepalive 16; }}\n"
        )
        self.manage("collectstatic", "--noinput", "--verbosity", "0")

    def _listens(self, found: re.Match[str]) -> str:
        address = found[1] if found[1].endswith(":") else f"{found[1]}127.0.0.1:"
        return f"{address}{self.ports[PORTS[found[2]]]}"

    def _adapted(self, text: str) -> str:
        """Paths and ports of containers turned into this stack's."""
        for inside, here in {
            "/run/secrets": "secrets", "/etc/nginx/polyfaq": "nginx", "/srv/static": "static", "/srv/acme": "acme",
            "/var/cache/nginx/pages": "pages", "/data": "redis",
        }.items():  # fmt: skip
            text = re.sub(rf"(?<![\w.-]){inside}(?=[\s/;\"']|$)", str(self.directory / here), text)
        text = re.sub(r"(?<![\w/-])/tmp/(?!polyfaq-stack)", f"{self.directory}/tmp/", text)
        return text.replace("$$", "$")

    def _program(self, command: Sequence[str]) -> list[str]:
        """The command with our interpreter, and every port that it names."""
        first, *rest = [self._adapted(part) for part in command]
        rest = [
            re.sub(r"(?<=[:\s])(8000|8081|6379)\b", lambda found: str(self.ports[PORTS[found[0]]]), part)
            for part in rest
        ]
        rest = [part.replace("0.0.0.0:", "127.0.0.1:") for part in rest]
        if first == "python":
            return [sys.executable, *rest]
        return [sys.executable, "-m", "gunicorn", *rest] if first == "gunicorn" else [first, *rest]

    def _restart_what_ended(self) -> None:
        while True:
            time.sleep(0.5)
            for name, process in list(self._running.items()):
                again = str(self.services[name].get("restart")) == "unless-stopped"
                if again and name not in self._kept_down and process.poll() is not None:
                    self.restarts.append(name)
                    self.start(name)


@contextlib.contextmanager
def running(*, tls: bool, keep: bool, weaviate: Mapping[str, str]) -> Iterator[Stack]:
    """The stack, ready for readers. ServerMissing where PostgreSQL, Redis or nginx is not installed; NotReady."""
    if not shutil.which("nginx"):
        raise servers.ServerMissing("nginx is not installed (Debian: apt-get install nginx-light).")
    servers.redis_program()
    directory = Path(tempfile.mkdtemp(prefix="polyfaq-stack-", dir="/tmp"))
    (directory / "groups").touch()
    guardian = subprocess.Popen(
        ["/bin/sh", "-c", GUARDIAN, "guardian", str(directory)], stdin=subprocess.PIPE, start_new_session=True
    )
    try:
        with servers.postgresql() as database:
            stack = Stack(directory, database, tls=tls, weaviate=weaviate)
            stack.start_all()
            try:
                yield stack
            finally:
                for name in stack.services:  # orderly, and before the database goes
                    if name in stack._running:
                        stack._kept_down.add(name)
                        stack.kill(name, signal.SIGTERM)
                for process in stack._running.values():
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        process.wait(30)
    finally:
        if keep:
            (directory / "keep").touch()
            sys.stderr.write(f"Logs and state are in {directory}.\n")
        assert guardian.stdin is not None
        guardian.stdin.close()
        guardian.wait(60)


def drop_collections(url: str, key: str, prefix: str) -> None:
    """Leave the Weaviate server as it was."""
    fields = {"Authorization": f"Bearer {key}"} if key else {}

    def call(path: str, method: str = "GET") -> Any:
        with urlopen(Request(f"{url}/v1/{path}", method=method, headers=fields), timeout=30) as answer:
            return json.loads(answer.read() or b"{}")

    for alias in call("aliases").get("aliases", []):
        if alias["alias"].startswith(f"{prefix}_"):
            call(f"aliases/{alias['alias']}", "DELETE")
    for each in call("schema")["classes"]:
        if each["class"].startswith(f"{prefix}_"):
            call(f"schema/{each['class']}", "DELETE")


def _substituted(text: str) -> str:
    """compose's ${NAME:-default}, with the default."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)


def _certificate(folder: Path) -> None:
    """A certificate for localhost that nobody vouches for."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", str(folder / "tls_key"),
         "-out", str(folder / "tls_certificate")],
        check=True, capture_output=True,
    )  # fmt: skip
