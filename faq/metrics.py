"""What a process counts while it serves, for Prometheus: how questions end and how long each step takes, and what caches spare.

Invariants: labels are bounded (enabled locales, our own names of steps and outcomes, never a word of a reader); counting asks no
database and no network, and takes microseconds. What is counted in the database instead (jobs, index, translations) is in
portal.metrics. Processes of one server share their counts through files where PROMETHEUS_MULTIPROC_DIR names a directory
(gunicorn.conf.py sets it); elsewhere each process counts for itself.
"""

from collections.abc import Mapping

from prometheus_client import Counter, Histogram

STEPS = (
    "recall", "understand", "search_questions", "search_passages", "match", "answer", "compose", "generate", "database", "total",
)  # fmt: skip
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

ASKED = Counter(
    "polyfaq_asked",
    "Questions of readers, by how they ended; degraded: part of the search was away.",
    ["locale", "outcome", "degraded"],
)
ASK_SECONDS = Histogram("polyfaq_ask_seconds", "Time of each step of an answer.", ["step"], buckets=SECONDS)
LOOKED_UP = Counter(
    "polyfaq_cache", "Look-ups of what is kept, by what it is and whether it was there.", ["kept", "result"]
)


def asked(locale: str, outcome: str, *, degraded: bool, timings: Mapping[str, float]) -> None:
    """One answered question. `timings`: milliseconds by step; others than STEPS are left out."""
    ASKED.labels(locale, str(outcome), str(degraded).lower()).inc()
    for step in STEPS:
        if step in timings:
            ASK_SECONDS.labels(step).observe(timings[step] / 1000)


def looked_up(kept: str, *, found: bool) -> None:
    """One look at kept pages, answers or reads."""
    LOOKED_UP.labels(kept, "hit" if found else "miss").inc()
