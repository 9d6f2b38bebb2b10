"""Fifty readers at once: `python -m benchmarks.readers [--readers N] [--minutes M] [--pause SECONDS]`.

The stack of compose.yaml as processes of this machine (nginx, gunicorn, PostgreSQL, Redis, Celery workers; the index in
Weaviate where WEAVIATE_URL names one, else the embedded one) holds the demonstration. Each reader asks on the site, one
question after the other, in nine languages, no two of them spelt alike, so that none is answered from memory; a worker
rebuilds the whole index again and again meanwhile. The readers run on the same machine. Exits with 1 when a reader got an
error, a page said that search is limited, or no rebuild came to its end.
"""

import argparse
import itertools
import json
import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import quote, urlsplit

from tests.e2e.stacked import Stack, drop_collections, running

ROOT = Path(__file__).resolve().parent.parent
ASKED = ROOT / "tests" / "data" / "asked" / "paraphrases.tsv"
SECONDS = 60
"""A reader's patience; an answer that takes longer is an error."""
LIMITED = ("Our search is limited at the moment", "We cannot answer at the moment")
"""What an English page says when search is degraded, or away."""
REINDEX = """
import json, select, sys, time
import django; django.setup()
from faq.domain import jobs
from faq.models import Job
while not select.select([sys.stdin], [], [], 0.2)[0]:
    if not Job.objects.filter(kind="rebuild_index", state__in=["queued", "running"]).exists():
        jobs.enqueue("rebuild_index", {})
rows = Job.objects.filter(kind="rebuild_index").order_by().values_list("state", flat=True)
print(json.dumps(list(rows)))
"""


@dataclass
class Found:
    """What the readers got. `statuses`: 0 for no answer at all."""

    seconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)

    def quantile(self, share: float) -> float:
        """Milliseconds."""
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000 if ordered else 0.0


def questions() -> list[tuple[str, str]]:
    """(locale, text), as readers put it."""
    rows = [line.split("\t") for line in ASKED.read_text().splitlines()[1:]]
    return [(row[1], row[3]) for row in rows]


def endings() -> Iterator[str]:
    """Ends of sentences, no two alike."""
    for length in itertools.count(1):
        for marks in itertools.product("?!", repeat=length):
            yield "".join(marks)


def read(
    url: str,
    asked: Iterator[tuple[str, str]],
    lock: threading.Lock,
    until: float,
    pause: float,
    into: Found,
    number: int,
) -> None:
    """One reader, on a connection that stays open as a browser's does, from an address of their own: nginx bounds each."""
    parts, chance = urlsplit(url), random.Random()
    own = (f"127.0.1.{number + 1}", 0)
    connection = HTTPConnection("127.0.0.1", parts.port, timeout=SECONDS, source_address=own)
    time.sleep(chance.uniform(0, pause or 1))  # people do not begin in the same moment
    while time.monotonic() < until:
        with lock:
            locale, text = next(asked)
        begun = time.monotonic()
        try:
            connection.request(
                "GET", f"/{locale}/ask/?q={quote(text)}", headers={"Accept-Language": locale, "Host": parts.netloc}
            )
            answer = connection.getresponse()
            body, status = answer.read().decode(errors="replace"), answer.status
        except (OSError, HTTPException) as error:
            body, status = type(error).__name__, 0
            connection.close()
        took = time.monotonic() - begun
        with lock:
            into.seconds.append(took)
            into.statuses[status] += 1
            into.outcomes["answered" if 'class="answer"' in body else "not answered"] += 1
            if status != 200 or any(text in body for text in LIMITED):
                into.errors.append(f"{status} {locale} {text!r}: {body[:200]}")
        time.sleep(chance.uniform(0.5, 1.5) * pause)


@contextmanager
def reindexing(stack: Stack) -> Iterator[list[str]]:
    """Have a worker rebuild the index again and again; afterwards the list holds the states of those jobs."""
    states: list[str] = []
    process = subprocess.Popen(
        [sys.executable, "-c", REINDEX], cwd=ROOT,
        env=stack.environment("worker-housekeeping") | {"DJANGO_SETTINGS_MODULE": "portal.settings"},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        yield states
        output, _ = process.communicate("\n", timeout=SECONDS)
        states += json.loads(output.splitlines()[-1])
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        process.wait(30)


def together(url: str, readers: int, seconds: float, pause: float) -> Found:
    """What so many readers got in so long."""
    chosen, endless = questions(), endings()
    random.Random(5).shuffle(chosen)
    asked = ((locale, text.rstrip("?!؟？ ") + ending) for ending in endless for locale, text in chosen)
    found, lock = Found(), threading.Lock()
    until = time.monotonic() + seconds
    threads = [
        threading.Thread(target=read, args=(url, asked, lock, until, pause, found, number), daemon=True)
        for number in range(readers)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(seconds + 2 * SECONDS)
    return found


def report(found: Found, seconds: float, states: list[str]) -> bool:
    """Print the figures; whether all is as it must be."""
    rebuilt = states.count("succeeded")
    line = (
        f"{len(found.seconds)} asks in {seconds:.0f} s: {len(found.seconds) / seconds:.1f} a second;"
        f" p50 {found.quantile(0.5):.0f} ms, p95 {found.quantile(0.95):.0f} ms, slowest {found.quantile(1):.0f} ms;"
        f" {dict(found.outcomes)}; {len(found.errors)} errors; {rebuilt} rebuilds; load average {os.getloadavg()[1]:.1f}"
    )
    sys.stdout.write(f"{line}\n")
    for error in found.errors[:5]:
        sys.stdout.write(f"  {error}\n")
    return bool(found.seconds) and not found.errors and rebuilt > 0 and "failed" not in states


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.readers", description=__doc__)
    parser.add_argument("--readers", type=int, default=50)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--pause", type=float, default=0.0, help="seconds between a reader's questions, on average")
    options = parser.parse_args()
    weaviate = {name: value for name, value in os.environ.items() if name.startswith("WEAVIATE_")}
    if weaviate:
        weaviate["WEAVIATE_PREFIX"] = f"Readers{os.getpid()}"
    try:
        with running(tls=False, keep=False, weaviate=weaviate) as stack:
            try:
                stack.manage("load_demo")
            except subprocess.CalledProcessError as error:
                raise SystemExit(f"The demonstration could not be loaded.\n{error.stderr}") from error
            together(stack.url, 4, 15, 0)  # every process reads what it needs
            with reindexing(stack) as states:
                begun = time.monotonic()
                found = together(stack.url, options.readers, options.minutes * 60, options.pause)
                seconds = time.monotonic() - begun
            well = report(found, seconds, states)
    finally:
        if url := weaviate.get("WEAVIATE_URL"):
            drop_collections(url, weaviate.get("WEAVIATE_API_KEY", ""), weaviate["WEAVIATE_PREFIX"])
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
