"""A kept question page beside a bare view that returns the same bytes, on the same gunicorn at the same time.

Two servers run, each with one worker as the product is served: the portal, and a Django project of one view without
middleware. One client with a few kept-alive connections asks them in short turns, so that what else the machine does falls
on both; the ratio of a turn is of two neighbours, and the median ratio counts.
"""

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from urllib.parse import quote

from benchmarks.rows import Row, at_most
from benchmarks.scratch import ROOT, Portal

SHARE = 0.6
TURNS = 12
REQUESTS = 400
CONNECTIONS = 4
WORKERS = 3
ASKED_AFTER = 60
PATH = "/de/questions/{}/"
BARE = """
import os
from django.conf import settings
from django.http import HttpResponse
from django.urls import path
BODY = open(os.environ["BODY"], "rb").read()
settings.configure(ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, MIDDLEWARE=[], SECRET_KEY="bare", USE_I18N=False)
def page(request, rest):
    return HttpResponse(BODY, headers={"Content-Length": str(len(BODY))})
urlpatterns = [path("<path:rest>", page)]
from django.core.wsgi import get_wsgi_application
application = get_wsgi_application()
"""


def pages(portal: Portal) -> list[Row]:
    """What a page costs to make, to send again, and to tell unchanged."""
    key = portal.run("manage.py", "shell", "--no-imports", "-c", _FIRST).split()[-1]
    path = PATH.format(quote(key))
    with served(portal, "portal.wsgi:application") as portal_port:
        headers = {"Accept-Language": "de"}
        body, tag = _read(portal_port, path, headers)
        with _bare(portal, body) as bare_port:
            plain = _ratio(portal_port, bare_port, path, headers)
            unchanged = _ratio(portal_port, bare_port, path, headers | {"If-None-Match": tag})
    return [
        _live(portal, path, headers),
        Row(
            "cached question page, of a bare view's requests a second",
            f"{plain[0]:.2f} ({plain[1]:,.0f} of {plain[2]:,.0f} requests/s; {len(body) / 1000:.0f} kB)",
            f"≥ {SHARE}",
            plain[0] >= SHARE,
        ),
        Row("… told unchanged (`304`)", f"{unchanged[0]:.2f} ({unchanged[1]:,.0f} requests/s)"),
        *_inside(portal),
    ]


_FIRST = (
    "from faq.models import Question;"
    "print(Question.objects.filter(state='published', answer__revisions__state='published').order_by('pk')[0].key)"
)


def _live(portal: Portal, path: str, headers: dict[str, str]) -> Row:
    """Whether each of several processes tells of a change right after the command that made it."""
    with served(portal, "portal.wsgi:application", workers=WORKERS) as port:
        before = {_read(port, path, headers)[1] for _ in range(ASKED_AFTER)}
        portal.manage("shell", "--no-imports", "-c", "from faq import cache; cache.bump(cache.CONTENT)")
        late = sum(_read(port, path, headers)[1] in before for _ in range(ASKED_AFTER))
    what = f"a change told by one process: {ASKED_AFTER} pages right after it, from {WORKERS} others, that are old"
    return Row(what, str(late), "0", late == 0 and len(before) == 1)


def _inside(portal: Portal) -> list[Row]:
    """Queries and processor time of every published question's page, in every language, by how it is answered."""
    found = portal.inside("pages")
    rows = []
    for turn, limit in (("cold", 8), ("warm", 8), ("kept", 0), ("unchanged", 0)):
        queries = max(row[0] for row in found[turn])
        milliseconds = median(row[1] for row in found[turn])
        note = f" (p50 {milliseconds:.2f} ms of the processor)"
        rows.append(at_most(f"question page, {turn}: queries, at most", queries, limit, "", note=note))
    return rows


@contextmanager
def _bare(portal: Portal, body: bytes) -> Iterator[int]:
    folder = portal.home / "bare"
    folder.mkdir(exist_ok=True)
    (folder / "bare_view.py").write_text(BARE, encoding="utf-8")
    (folder / "body").write_bytes(body)
    with served(portal, "bare_view:application", BODY=str(folder / "body"), PYTHONPATH=str(folder)) as port:
        if _read(port, "/page", {})[0] != body:
            raise SystemExit("The bare view returns other bytes: the ratio would be false.")
        yield port


@contextmanager
def served(portal: Portal, application: str, workers: int = 1, **environment: str) -> Iterator[int]:
    """The port of a gunicorn with workers of eight threads."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    command = [sys.executable, "-m", "gunicorn", application, "--bind", f"127.0.0.1:{port}", "--workers", str(workers)]
    command += ["--threads", "8", "--timeout", "120", "--keep-alive", "30", "--log-level", "error"]
    with (portal.home / "pages.log").open("ab") as log:
        server = subprocess.Popen(command, cwd=ROOT, env=portal.environment(**environment), stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 60
        while not _answers(port):
            if server.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"{application} does not answer:\n{(portal.home / 'pages.log').read_text()[-3000:]}")
            time.sleep(0.1)
        yield port
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(30)


def _answers(port: int) -> bool:
    try:
        _read(port, "/robots.txt", {})
    except (OSError, http.client.HTTPException):
        return False
    return True


def _read(port: int, path: str, headers: dict[str, str]) -> tuple[bytes, str]:
    """Body and ETag."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    found = answer.read(), answer.headers.get("ETag") or ""
    connection.close()
    return found


def _ratio(portal: int, bare: int, path: str, headers: dict[str, str]) -> tuple[float, float, float]:
    """(median ratio of neighbouring turns, requests a second of the portal, of the bare view)."""
    ports = (portal, bare)
    turns: dict[int, list[float]] = {portal: [], bare: []}
    for port in ports:
        _turn(port, path, headers)
    for turn in range(TURNS):
        for port in ports if turn % 2 else reversed(ports):
            turns[port].append(_turn(port, path, headers))
    ratio = median(ours / theirs for ours, theirs in zip(turns[portal], turns[bare], strict=True))
    return ratio, median(turns[portal]), median(turns[bare])


def _turn(port: int, path: str, headers: dict[str, str]) -> float:
    """Requests a second over a few connections, read as bytes: the client must not be what is measured."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n".encode()
    wrong: list[str] = []
    work = [
        threading.Thread(target=_ask, args=(port, request, REQUESTS // CONNECTIONS, wrong)) for _ in range(CONNECTIONS)
    ]
    begun = time.perf_counter()
    for each in work:
        each.start()
    for each in work:
        each.join()
    if wrong:
        raise SystemExit(f"{path} answered {wrong[0]}")
    return REQUESTS / (time.perf_counter() - begun)


def _ask(port: int, request: bytes, times: int, wrong: list[str]) -> None:
    with socket.create_connection(("127.0.0.1", port), 60) as connection:
        for _ in range(times):
            connection.sendall(request)
            status = _response(connection)
            if status not in (b"200", b"304"):
                wrong.append(status.decode())
                return


def _response(connection: socket.socket) -> bytes:
    """The status of one response, which is read whole."""
    data = connection.recv(65536)
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    status = head[9:12]
    lengths = [line[15:] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    left = (0 if status == b"304" or not lengths else int(lengths[0])) - len(body)
    while left > 0:
        left -= len(connection.recv(65536))
    return status


def main() -> None:
    """`python -m benchmarks.pages HOME`: of a portal that is there already."""
    portal = Portal(Path(sys.argv[1]).resolve(), Path(os.environ.get("PYTHONPYCACHEPREFIX", "/tmp/pages-modules")))
    print("\n".join(f"{row.what}: {row.value} {row.limit} {'' if row.holds else 'MISSED'}" for row in pages(portal)))


if __name__ == "__main__":
    main()
