"""The looks of `manage.py doctor` at what surrounds the portal: its settings, secrets, disk and clocks."""

import shutil
import stat
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import ERROR, run_checks
from django.core.checks import WARNING as CHECK_WARNING
from django.db import connection
from django.utils import timezone
from django.utils.http import is_same_domain

from faq import conf
from faq.domain import dependencies
from faq.domain.doctor import Finding, State
from faq.models import AuditEntry, Job

LEAST_BYTES, FEW_BYTES = 200_000_000, 2_000_000_000
SKEW_SECONDS = 5
MEASURED = datetime(2026, 1, 1, tzinfo=UTC)
"""No clock of a machine that runs this program is right and shows less."""


def configuration() -> Iterator[Finding]:
    wrong = [message for message in run_checks() if message.level >= CHECK_WARNING]
    for message in wrong:
        state = State.FAIL if message.level >= ERROR else State.WARN
        yield Finding(
            "settings", state, str(message.msg), str(message.hint or f"See {message.id} of `manage.py check`.")
        )
    if settings.DEBUG:
        yield Finding("settings", State.WARN, "Debug pages are on: errors show code.", "Unset POLYFAQ_DEBUG.")
    elif not wrong:
        yield Finding("settings", State.OK, "No contradiction between the settings.")


def hosts() -> Iterator[Finding]:
    allowed, host = list(settings.ALLOWED_HOSTS), urlsplit(str(settings.SITE_URL)).hostname or ""
    if "*" in allowed:
        yield Finding(
            "hosts",
            State.WARN,
            "Any host name is answered to.",
            "List the portal's own names in POLYFAQ_ALLOWED_HOSTS, or unset it.",
        )
    elif not any(is_same_domain(host, pattern) for pattern in allowed):
        yield Finding(
            "hosts",
            State.FAIL,
            f"{host}, the host of POLYFAQ_SITE_URL, is answered with 400.",
            f"Add {host} to POLYFAQ_ALLOWED_HOSTS, or unset that variable.",
        )
    else:
        yield Finding("hosts", State.OK, f"{host} and {len(allowed) - 1} other names are answered to.")


def secrets() -> Iterator[Finding]:
    key, kept = str(settings.SECRET_KEY), conf.home() / "secret_key"
    if len(key) < 32 or len(set(key)) < 8:
        yield Finding(
            "secrets",
            State.FAIL,
            "The secret key can be guessed.",
            "Set DJANGO_SECRET_KEY to 50 or more random characters, or unset it to have one generated.",
        )
    private = [path for path in (kept, _sqlite_path()) if path is not None and path.exists()]
    exposed = [path for path in private if path.stat().st_mode & _mask(path, kept)]
    for path in exposed:
        yield Finding("secrets", State.WARN, f"Other users of this machine can read {path}.", f"chmod 600 {path}")
    if conf.home().stat().st_mode & stat.S_IWOTH:
        yield Finding("secrets", State.FAIL, f"Anybody can write to {conf.home()}.", f"chmod 750 {conf.home()}")
    elif not exposed:
        yield Finding("secrets", State.OK, "Secret key and state are not open to other users.")


def _mask(path: Path, key: Path) -> int:
    """The bits of a file's mode that let in whom it should not: a key is its owner's alone, a database may be its group's.
    Whoever may not enter the directory reads nothing in it."""
    home = conf.home().stat().st_mode
    let_in = (0o070 if home & stat.S_IXGRP else 0) | (0o007 if home & stat.S_IXOTH else 0)
    return let_in & (0o077 if path == key else 0o007)


def _sqlite_path() -> Path | None:
    return Path(str(connection.settings_dict["NAME"])) if connection.vendor == "sqlite" else None


def disk() -> Iterator[Finding]:
    places = {"POLYFAQ_HOME": conf.home(), "POLYFAQ_INDEX_PATH": Path(conf.get("INDEX_PATH")).parent}
    seen: set[int] = set()
    for name, path in places.items():
        there = next(each for each in (path, *path.parents) if each.exists())
        device = there.stat().st_dev
        if device in seen:
            continue
        seen.add(device)
        yield _space(name, there)


def _space(name: str, path: Path) -> Finding:
    usage, index = shutil.disk_usage(path), Path(conf.get("INDEX_PATH"))
    # A new generation is built beside the one in use.
    needed = FEW_BYTES + (index.stat().st_size if index.exists() else 0)
    told = f"{usage.free / 1e9:.1f} of {usage.total / 1e9:.1f} GB are free where {name} is"
    if usage.free < LEAST_BYTES:
        return Finding("disk", State.FAIL, f"{told}.", "Free space now: writes are about to fail.")
    if usage.free < needed:
        return Finding(
            "disk",
            State.WARN,
            f"{told}; rebuilding the index wants {needed / 1e9:.1f}.",
            "Free space or enlarge the disk.",
        )
    return Finding("disk", State.OK, f"{told}.")


def clock() -> Iterator[Finding]:
    action = "Set the clock by NTP on every machine: retention, leases of jobs and certificates rely on it."
    skews = {name: seconds for name, seconds in others() if abs(seconds) > SKEW_SECONDS}
    newest = max(
        filter(
            None,
            (
                Job.objects.order_by("-created_at").values_list("created_at", flat=True).first(),
                AuditEntry.objects.order_by("-at").values_list("at", flat=True).first(),
            ),
        ),
        default=MEASURED,
    )
    ahead = newest - timezone.now()
    if timezone.now() < MEASURED:
        yield Finding("clock", State.FAIL, f"It shows {timezone.now():%Y-%m-%d}.", action)
    elif ahead > timedelta(seconds=SKEW_SECONDS):
        yield Finding("clock", State.WARN, f"Something was written {ahead.total_seconds():.0f} s from now.", action)
    elif skews:
        told = ", ".join(f"that of {name} differs by {seconds:.0f} s" for name, seconds in skews.items())
        yield Finding("clock", State.WARN, f"The clocks disagree: {told}.", action)
    else:
        yield Finding("clock", State.OK, f"It shows {timezone.now():%Y-%m-%d %H:%M:%S} UTC.")


def others() -> Iterator[tuple[str, float]]:
    """(server, by how many seconds its clock is ahead) of the servers that have one of their own."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT extract(epoch FROM clock_timestamp())")
            yield "the database", float(cursor.fetchone()[0]) - time.time()
    if settings.REDIS_URL:
        import redis

        try:
            with dependencies.redis_client() as client:
                seconds, microseconds = client.time()
            yield "Redis", seconds + microseconds / 1e6 - time.time()
        except (redis.RedisError, OSError):
            return  # told already
