"""Gunicorn's settings wherever it is started in this directory; the command line goes before them."""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

# Nothing is written outside the portal's own directories: no control socket in the user's home.
control_socket_disable = True
# Signs of life in memory, where there is such a place: a slow disk must not look like a dead worker.
if os.access("/dev/shm", os.W_OK):  # noqa: S108
    worker_tmp_dir = "/dev/shm"  # noqa: S108


def on_starting(server: Any) -> None:
    """A directory of this server's own, in which its workers share what they count (portal.metrics)."""
    if (
        os.environ.get("POLYFAQ_METRICS_TOKEN")
        or os.environ.get("POLYFAQ_METRICS_TOKEN_FILE")
        or os.environ.get("POLYFAQ_METRICS_NETWORKS")
    ):
        os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", tempfile.mkdtemp(prefix="polyfaq-metrics-"))
        Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]).mkdir(parents=True, exist_ok=True)


def child_exit(server: Any, worker: Any) -> None:
    """What a worker that ended had counted stays counted; what it had right now does not."""
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        from prometheus_client import multiprocess

        multiprocess.mark_process_dead(worker.pid)


def on_exit(server: Any) -> None:
    if found := os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        shutil.rmtree(found, ignore_errors=True)
