"""The portal measured as its readers and editors meet it: asking, pages, ingest, start, and a web worker's memory."""

import re
import resource
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import quote

from benchmarks.rows import Row, at_most
from benchmarks.scratch import ROOT, Portal

LOCALES = ("en", "de", "fr", "es", "pl", "uk", "tr", "ar", "zh-hans")
OUTCOMES = ("curated", "composed", "abstained")
COLD_MS, HARD_MS, AGAIN_MS = 40, 80, 5
"""Of a question at the median: any; of one kind or language; of one that was asked before."""
ROUNDS = 3
"""Of what other work on the machine disturbs; the quietest counts."""
FAKE_ENGINE = "translation.engine.FakeEngine"
FAKE_EMBEDDER = "retrieval.embedders.fake.FakeEmbedder"
READY_SECONDS = 60


def asking(portal: Portal) -> list[Row]:
    """The quietest of several processes that are each asked everything once."""
    rounds = [portal.inside("ask", POLYFAQ_TRANSLATION_ENGINE=FAKE_ENGINE) for _ in range(ROUNDS)]
    if any(row["degraded"] for each in rounds for row in each["rows"]):
        raise SystemExit("The index could not be asked: the figures would be false.")
    found = min(rounds, key=lambda each: median(row["processor"] for row in each["rows"]))
    rows, calls = found["rows"], sum(each["engine_calls"] for each in rounds)
    lines = [_asked("ask, cold, p50 of all", rows)]
    lines += [_asked(f"… {each}", [row for row in rows if row["outcome"] == each], HARD_MS) for each in OUTCOMES]
    lines += [_asked(f"… in {locale}", [row for row in rows if row["locale"] == locale], HARD_MS) for locale in LOCALES]
    again = median(row["again"] for row in rows)
    lines.append(at_most("the same question again", again, AGAIN_MS, " ms", 2, note=" (by the clock, no query)"))
    if any(row["queries_again"] for row in rows if row["outcome"] != "abstained"):
        raise SystemExit("A question asked again was answered anew: the figure would be false.")
    lines.append(Row("calls of the translation engine while a reader waits", str(calls), "0", calls == 0))
    lines.append(Row("queries of one question, at most", str(max(row["queries"] for row in rows))))
    return lines


def _asked(what: str, rows: list[list[Any]], limit: float = COLD_MS) -> Row:
    times = sorted(row["processor"] for row in rows)
    if not times:
        return Row(what, "none", f"≤ {COLD_MS} ms", holds=False)
    slow, clock = times[int(0.95 * (len(times) - 1))], median(row["clock"] for row in rows)
    note = f" (p95 {slow:.0f} ms; by the clock {clock:.0f} ms; {len(times)} questions)"
    return at_most(what, median(times), limit, " ms", note=note)


def ingest(portal: Portal, folders: list[Path]) -> list[Row]:
    """Each folder into an empty portal, twice; inside the process, and with its start as one types it."""
    rows = []
    for number, folder in enumerate(folders):
        home = portal.copy(f"ingest-{number}")
        begun = time.perf_counter()
        first = home.inside("ingest", str(folder.resolve()))
        between = time.perf_counter()
        second = min((home.inside("ingest", str(folder.resolve())) for _ in range(ROUNDS)), key=lambda r: r["seconds"])
        typed = (time.perf_counter() - between) / ROUNDS
        if second["unchanged"] != first["added"] or second["added"] or second["revised"]:
            raise SystemExit(f"The second ingest of {folder} was no repetition: {second}")
        times = first["seconds"] / second["seconds"]
        rows.append(
            Row(
                f"second ingest of `{folder.name}`, {first['added']} unchanged sources",
                f"{times:,.0f} times faster ({first['seconds']:.1f} s, then {1000 * second['seconds']:.0f} ms)",
                "≥ 10 times",
                times >= 10,
            )
        )
        rows.append(Row("… as two commands, start of Python included", f"{between - begun:.1f} s, then {typed:.1f} s"))
    return rows


def edit(portal: Portal) -> list[Row]:
    """What one changed sentence costs."""
    found = portal.copy("edit").inside("edit", POLYFAQ_TRANSLATION_ENGINE=FAKE_ENGINE, POLYFAQ_EMBEDDER=FAKE_EMBEDDER)
    segments, languages = len(found["translated"]), found["locales"] - 1
    exact = segments == 1 and found["times"] == languages
    return [
        Row("one changed paragraph: embeddings", str(found["embedded"]), "1", found["embedded"] == 1),
        Row(
            "one changed paragraph: segments translated again",
            f"{segments} in each of {languages} languages",
            "those that changed (1)",
            exact,
        ),
    ]


def start(portal: Portal) -> list[Row]:
    """`manage.py check`, the quietest of a few."""
    portal.manage("check")  # compiles what an installation has compiled
    runs = []
    for _ in range(2 * ROUNDS):
        begun, worked = time.perf_counter(), _children()
        portal.manage("check")
        runs.append((_children() - worked, time.perf_counter() - begun))
    processor, clock = min(runs)
    return [at_most("`manage.py check`", processor, 2, " s", 2, note=f" (by the clock {clock:.2f} s)")]


def _children() -> float:
    """Seconds of the processor that finished child processes have used."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def worker(portal: Portal) -> list[Row]:
    """One web worker of gunicorn: its first question, and its memory after pages in every language."""
    with _served(portal) as (address, pid, log):
        soon = _get(f"{address}/de/ask/?q={quote('Wann wird meine Tonne geleert?')}")
        _wait(lambda: "Ready:" in log(), "the worker to be ready")
        first = _get(f"{address}/fr/ask/?q={quote('Quand ma poubelle est-elle vidée ?')}")
        page = urllib.request.urlopen(f"{address}/en/").read().decode()
        topics = sorted(set(re.findall(r'href="/en(/topics/[^"/]+/)"', page)))
        keys: set[str] = set()
        for topic in topics:
            keys |= set(
                re.findall(
                    r'href="/en(/questions/[^"/]+/)"', urllib.request.urlopen(f"{address}/en{topic}").read().decode()
                )
            )
        for tag in LOCALES:
            for path in ("/", *topics, *sorted(keys), f"/ask/?q={quote('How do I pay a fine?')}", "/search/?q=permit"):
                _get(f"{address}/{tag}{path}")
        rss, pss = _memory(pid)
    if not keys:
        raise SystemExit("The home page led to no question: the memory would be measured before anything was read.")
    return [
        Row("first question of a worker, right after its start", f"{1000 * soon:.0f} ms"),
        Row("first question in a language, when it has read everything", f"{1000 * first:.0f} ms"),
        at_most(
            "memory of a web worker that served every page in nine languages",
            rss, 250, " MB", note=f" (proportional share {pss:.0f} MB)",
        ),
    ]  # fmt: skip


@contextmanager
def _served(portal: Portal) -> Iterator[tuple[str, int, Callable[[], str]]]:
    """(address, process id of the one worker, what was logged so far)."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    path = portal.home / "server.log"
    command = [sys.executable, "-m", "gunicorn", "portal.wsgi:application", "--bind", f"127.0.0.1:{port}"]
    command += ["--workers", "1", "--threads", "8", "--timeout", "120"]
    with path.open("wb") as log:
        master = subprocess.Popen(
            command, cwd=ROOT, env=portal.environment(POLYFAQ_LOG_LEVEL="INFO"), stdout=log, stderr=log
        )
    try:
        _wait(lambda: _answers(port), "the server to answer")
        children = Path(f"/proc/{master.pid}/task/{master.pid}/children").read_text().split()
        yield f"http://127.0.0.1:{port}", int(children[0]), lambda: path.read_text(errors="replace")
    finally:
        master.send_signal(signal.SIGTERM)
        master.wait(30)


def _answers(port: int) -> bool:
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/robots.txt", timeout=30).read()
    except OSError:
        return False
    return True


def _wait(done: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not done():
        if time.monotonic() > deadline:
            raise SystemExit(f"Waited {READY_SECONDS} s for {what}.")
        time.sleep(0.1)


def _get(address: str) -> float:
    begun = time.perf_counter()
    urllib.request.urlopen(address, timeout=60).read()
    return time.perf_counter() - begun


def _memory(pid: int) -> tuple[float, float]:
    """Resident and proportional megabytes; Linux only."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    found = dict(re.findall(r"^(Rss|Pss):\s+(\d+) kB", text, re.MULTILINE))
    return int(found["Rss"]) / 1024, int(found["Pss"]) / 1024
