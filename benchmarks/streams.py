"""`python -m benchmarks.streams HOME [READERS]`: so many answers streamed at once, by two workers as the product is served.

Each reader opens the site's stream of a question at the same moment, no two questions spelt alike, and reads it to its end.
Every stream must end with `done`; an error, a cut or another status is counted. The quotas are lifted.
"""

import itertools
import os
import socket
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from urllib.parse import quote

from benchmarks.pages import served
from benchmarks.readers import questions
from benchmarks.rows import Row
from benchmarks.scratch import Portal

TITLE = "Streams at once, two workers of eight threads"
READERS = 200
PATIENCE = 120.0


def rows(portal: Portal, readers: int = READERS) -> list[Row]:
    asked = itertools.islice(itertools.cycle(questions()), readers)
    paths = [f"/{locale}/ask/stream/?q={quote(text + '?' * (n % 7 + 1))}" for n, (locale, text) in enumerate(asked)]
    ended: Counter[str] = Counter()
    firsts: list[float] = []
    lasts: list[float] = []
    with served(portal, "portal.wsgi:application", workers=2, POLYFAQ_API_RATE="100000000/min") as port:
        _stream(port, paths[0], threading.Barrier(1))  # reads vectors and lexicons, as a server's first reader does
        gate, lock = threading.Barrier(readers), threading.Lock()

        def read(path: str) -> None:
            how, first, last = _stream(port, path, gate)
            with lock:
                ended[how] += 1
                firsts.append(first)
                lasts.append(last)

        threads = [threading.Thread(target=read, args=(path,), daemon=True) for path in paths]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
    whole = ended["done"]
    told = ", ".join(f"{times} {how}" for how, times in ended.items())
    return [
        Row(f"{readers} streams opened at once, read to their end", told, f"= {readers} done", whole == readers),
        Row("… first event, p50 / p95", _seconds(firsts)),
        Row("… last event, p50 / p95", _seconds(lasts)),
    ]


def _seconds(values: list[float]) -> str:
    ordered = sorted(values)
    return f"{ordered[len(ordered) // 2]:.1f} / {ordered[int(0.95 * (len(ordered) - 1))]:.1f} s" if ordered else "–"


def _stream(port: int, path: str, gate: threading.Barrier) -> tuple[str, float, float]:
    """How it ended, and the seconds to its first and last event."""
    gate.wait(30)
    begun, first, text = time.monotonic(), 0.0, b""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as reading:
            host = "Host: localhost\r\nAccept: text/event-stream\r\nConnection: close\r\n\r\n"
            reading.sendall(f"GET {path} HTTP/1.1\r\n{host}".encode())
            while piece := reading.recv(65536):
                text += piece
                if not first and b"event:" in text:
                    first = time.monotonic() - begun
    except OSError as error:
        return type(error).__name__, first, time.monotonic() - begun
    status = text.split(b" ", 2)[1:2]
    how = "done" if b"event: done" in text else f"cut after {b' '.join(status).decode() or 'nothing'}"
    return how, first, time.monotonic() - begun


def main() -> None:
    portal = Portal(Path(sys.argv[1]).resolve(), Path(os.environ.get("PYTHONPYCACHEPREFIX", "/tmp/stream-modules")))
    found = rows(portal, int(sys.argv[2]) if len(sys.argv) > 2 else READERS)
    print("\n".join(f"{row.what}: {row.value} {row.limit} {'' if row.holds else 'MISSED'}" for row in found))


if __name__ == "__main__":
    main()
