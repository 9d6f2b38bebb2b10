"""The single looks of `manage.py doctor`, in the order in which they are shown: what others rest on comes first."""

import platform
from collections.abc import Iterator
from datetime import timedelta
from importlib import metadata
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.utils import timezone

from faq import conf
from faq.domain import dependencies, indexing, readiness, surroundings
from faq.domain.dependencies import Condition
from faq.domain.doctor import Finding, Look, State
from faq.enums import JobState
from faq.errors import DomainError
from faq.models import Job, Locale
from retrieval.sync import IndexState

WAITING_MINUTES = 10
OLDEST_SQLITE, OLDEST_POSTGRESQL = (3, 37), 14
SHOWN = 5


def looks(*, integrity: bool) -> list[tuple[str, Look]]:
    """(name, look) of everything."""
    found: list[tuple[str, Look]] = [
        ("settings", surroundings.configuration),
        ("hosts", surroundings.hosts),
        ("secrets", surroundings.secrets),
        ("versions", _versions),
        ("dependencies", _dependencies),
        ("migrations", _migrations),
        ("disk", surroundings.disk),
        ("clock", surroundings.clock),
        ("jobs", _jobs),
        ("translation", _translation),
    ]
    if integrity:
        found.append(("index integrity", _integrity))
    return found


def _versions() -> Iterator[Finding]:
    told = f"Python {platform.python_version()}, Django {metadata.version('Django')}"
    missing = _unmet(Path(settings.BASE_DIR) / "requirements.txt")
    if missing:
        names = ", ".join(missing[:SHOWN]) + (f" and {len(missing) - SHOWN} more" if len(missing) > SHOWN else "")
        yield Finding(
            "versions",
            State.FAIL,
            f"{told}. Not as requirements.txt asks: {names}.",
            "Run `make setup`, or pip install -c requirements.lock -r requirements.txt.",
        )
    else:
        yield Finding("versions", State.OK, f"{told}; all packages are as requirements.txt asks.")
    yield _database_version()


def _unmet(path: Path) -> list[str]:
    """Requirements that are not met, as `name (installed version or “missing”)`."""
    from packaging.requirements import Requirement

    found = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        text = line.partition("#")[0].strip()
        if not text or text.startswith("-"):
            continue
        wanted = Requirement(text)
        try:
            there = metadata.version(wanted.name)
        except metadata.PackageNotFoundError:
            found.append(f"{wanted.name} (missing)")
            continue
        if not wanted.specifier.contains(there, prereleases=True):
            found.append(f"{wanted.name} ({there})")
    return found


def _database_version() -> Finding:
    if connection.vendor == "sqlite":
        import sqlite3

        told, old = f"SQLite {sqlite3.sqlite_version}", sqlite3.sqlite_version_info < OLDEST_SQLITE
        least = ".".join(str(part) for part in OLDEST_SQLITE)
    else:
        with connection.cursor() as cursor:
            cursor.execute("SHOW server_version_num")
            number = int(cursor.fetchone()[0])
        told, old = f"PostgreSQL {number // 10000}.{number % 100}", number // 10000 < OLDEST_POSTGRESQL
        least = str(OLDEST_POSTGRESQL)
    if old:
        return Finding("versions", State.FAIL, f"{told} is too old.", f"Upgrade to {least} or newer.")
    return Finding("versions", State.OK, f"{told}.")


ACTIONS = {
    "database": "See that the server of DATABASE_URL runs and lets this user in; `manage.py migrate` makes its tables.",
    "index": "`manage.py index --rebuild` builds it anew; with WEAVIATE_URL, see that the server runs.",
    "cache": "See that the server of REDIS_URL runs and can be reached from here.",
    "broker": "See that the server of CELERY_BROKER_URL (or REDIS_URL) runs and can be reached from here.",
}


def _dependencies() -> Iterator[Finding]:
    for each in dependencies.every():
        if each.condition == Condition.UP:
            yield Finding(each.name, State.OK, f"It answers ({each.milliseconds:.0f} ms).")
            continue
        state = State.FAIL if each.condition == Condition.DOWN else State.WARN
        yield Finding(each.name, state, each.detail, ACTIONS[each.name])


def _migrations() -> Iterator[Finding]:
    waiting = dependencies.unapplied_migrations()
    if waiting:
        more = f" and {len(waiting) - SHOWN} more" if len(waiting) > SHOWN else ""
        detail = f"{len(waiting)} have not run: {', '.join(waiting[:SHOWN])}{more}."
        yield Finding("migrations", State.FAIL, detail, "Back up, then run `manage.py migrate`.")
    else:
        yield Finding("migrations", State.OK, "All have run.")


def _jobs() -> Iterator[Finding]:
    now = timezone.now()
    old = Job.objects.filter(state=JobState.QUEUED, created_at__lt=now - timedelta(minutes=WAITING_MINUTES))
    failed = Job.objects.filter(state=JobState.FAILED, finished_at__gt=now - timedelta(days=1)).count()
    waiting = old.count()
    if waiting:
        detail = f"{waiting} have waited for more than {WAITING_MINUTES} minutes."
        yield Finding(
            "jobs", State.WARN, detail, "See that a worker runs (`manage.py worker`) or a server without a broker."
        )
    if failed:
        detail = f"{failed} failed since yesterday."
        yield Finding(
            "jobs", State.WARN, detail, "`manage.py jobs --all` says why; `manage.py jobs --retry ID` repeats one."
        )
    if not waiting and not failed:
        yield Finding("jobs", State.OK, "None waits long, and none failed since yesterday.")


def _translation() -> Iterator[Finding]:
    from faq.gateways import translation

    if not conf.get("TRANSLATION_ENGINE"):
        yield Finding("translation", State.OK, "By hand only (POLYFAQ_TRANSLATION_ENGINE is none).")
        return
    default = Locale.objects.filter(is_default=True).values_list("tag", flat=True).first() or settings.LANGUAGE_CODE
    wanted = (
        Locale.objects.filter(enabled=True).exclude(tag=default).exclude(policy="off").values_list("tag", flat=True)
    )
    lacking = [tag for tag in wanted.order_by("tag") if not translation.supports(default, tag)]
    broken = _broken_packages()
    if broken:
        detail = f"Packages that cannot be read: {', '.join(broken[:SHOWN])}."
        yield Finding("translation", State.WARN, detail, "Delete those folders and install the packages again.")
    if lacking:
        detail = f"There is no package from {default} into {', '.join(lacking)}: readers see the originals."
        action = f"`manage.py install_languages {' '.join(lacking)}`, or set these languages' policy to off."
        yield Finding("translation", State.WARN, detail, action)
    if not broken and not lacking:
        yield Finding("translation", State.OK, f"Every enabled language can be translated into from {default}.")


def _broken_packages() -> list[str]:
    from faq.gateways import translation

    folder = Path(conf.get("ARGOS_PACKAGES"))
    if not folder.is_dir():
        return []
    usable = translation.package_folders()
    return sorted(
        path.name for path in folder.iterdir() if path.is_dir() and path.name[0] != "." and path.name not in usable
    )


def _integrity() -> Iterator[Finding]:
    name = "index integrity"
    try:
        state = indexing.state()
        if state == IndexState.MISSING and not readiness.anything_published():
            yield Finding(name, State.OK, "Nothing is published yet.")
            return
        if state in readiness.EFFECTS:
            yield Finding(name, State.WARN, f"{readiness.EFFECTS[state]}.", ACTIONS["index"])
            return
        report = indexing.check()
    except DomainError:
        yield Finding(name, State.WARN, "It cannot be compared while the index is away.", ACTIONS["index"])
        return
    counts = {
        what: len(keys)
        for what, keys in (("missing", report.missing), ("orphaned", report.orphaned), ("differing", report.differing))
        if keys
    }
    if counts:
        told = ", ".join(f"{number} {what}" for what, number in counts.items())
        yield Finding(name, State.WARN, f"Entries are not as the database says: {told}.", "`manage.py index --sync`")
    elif report.recipe_differs:
        yield Finding(name, State.WARN, "It was made by another recipe.", "`manage.py index --rebuild`")
    else:
        yield Finding(name, State.OK, "Every entry is as the database says.")


__all__ = ["looks"]
