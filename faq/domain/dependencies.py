"""What the portal depends on, and how each of it stands now; for `/readyz` and `manage.py doctor`.

Invariants: a look at one dependency takes SECONDS or little more, whatever ails it, and never raises; what it says holds no
password and no text of visitors or sources. Only the database is indispensable: without the others pages are served, searched
in the database, and work waits.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection

from faq.domain import indexing, readiness
from faq.errors import DomainError
from retrieval.sync import IndexState

log = logging.getLogger(__name__)

SECONDS = 2
"""The longest that connecting to a service, or its answer, is waited for."""


class Condition(StrEnum):
    UP = "up"
    DEGRADED = "degraded"
    DOWN = "down"


class Status(StrEnum):
    """Of the portal as a whole."""

    READY = "ready"
    DEGRADED = "degraded"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class Dependency:
    """`detail`: in a sentence, empty when all is well. `milliseconds`: how long the look took."""

    name: str
    condition: Condition
    detail: str = ""
    milliseconds: float = 0.0


def every() -> list[Dependency]:
    """The database first; what is not configured is left out."""
    looks: list[tuple[str, Callable[[], tuple[Condition, str]]]] = [("database", _database), ("index", _index)]
    if settings.REDIS_URL:
        looks.append(("cache", _cache))
    if not str(settings.CELERY_BROKER_URL).startswith("memory"):
        looks.append(("broker", _broker))
    return [_looked(name, look) for name, look in looks]


def status(found: list[Dependency]) -> Status:
    """Unavailable without the database alone; degraded when anything else is not up."""
    if any(each.condition == Condition.DOWN for each in found if each.name == "database"):
        return Status.UNAVAILABLE
    return Status.READY if all(each.condition == Condition.UP for each in found) else Status.DEGRADED


def _looked(name: str, look: Callable[[], tuple[Condition, str]]) -> Dependency:
    begun = time.perf_counter()
    condition, detail = look()
    return Dependency(name, condition, detail, round((time.perf_counter() - begun) * 1000, 1))


_migrated = False
"""Once seen, it stays so while this process lives."""


def unapplied_migrations() -> list[str]:
    """Names of the migrations of this version that have not run. DatabaseError when the database is away."""
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


def _database() -> tuple[Condition, str]:
    global _migrated
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        if not _migrated and unapplied_migrations():
            return Condition.DOWN, "Its tables are of an older version: migrate."
    except DatabaseError as error:
        connection.close()  # the next look begins with a connection of its own
        return Condition.DOWN, f"It cannot be reached ({type(error).__name__})."
    _migrated = True
    return Condition.UP, ""


def _index() -> tuple[Condition, str]:
    try:
        state = indexing.state()
        if state not in readiness.EFFECTS or (state == IndexState.MISSING and not readiness.anything_published()):
            return Condition.UP, ""
        return Condition.DEGRADED, f"{readiness.EFFECTS[state]}."
    except (DomainError, DatabaseError) as error:
        return Condition.DEGRADED, f"It cannot be reached ({type(error).__name__}): the database is searched."


def _cache() -> tuple[Condition, str]:
    import redis

    try:
        with redis_client() as client:
            client.ping()
    except (redis.RedisError, OSError, ValueError) as error:
        return Condition.DOWN, f"It cannot be reached ({type(error).__name__})."
    return Condition.UP, ""


def redis_client() -> Any:
    """A client of REDIS_URL that does not wait long."""
    import redis

    return redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=SECONDS, socket_timeout=SECONDS)


def _broker() -> tuple[Condition, str]:
    url = str(settings.CELERY_BROKER_URL)
    options = {"socket_connect_timeout": SECONDS, "socket_timeout": SECONDS} if "redis" in url else {}
    connecting: Any = import_module("kombu").Connection  # kombu has no types
    broker = connecting(url, connect_timeout=SECONDS, transport_options=options)
    known: tuple[type[Exception], ...] = (*broker.connection_errors, *broker.channel_errors, OSError)
    try:
        broker.ensure_connection(max_retries=1, interval_start=0, interval_step=0, timeout=SECONDS)
    except (*known, import_module("kombu.exceptions").KombuError) as error:
        return Condition.DOWN, f"It cannot be reached ({type(error).__name__}): jobs wait in the database."
    finally:
        broker.release()
    return Condition.UP, ""
