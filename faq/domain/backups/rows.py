"""The database's content as lines of JSON, and back: what any engine wrote, every engine reads.

A line is the list of one row's values in the order of the table's columns: numbers, text, booleans, JSON as it is, and times,
identifiers and the like as text. Rows keep their keys. Invariant: no table is held in memory, only a batch of bounded size.
"""

import json
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import IO, Any
from uuid import UUID

from django.apps import apps
from django.core.exceptions import ValidationError
from django.core.management.color import no_style
from django.db import connection, models, transaction

from faq.errors import Invalid

LEFT_OUT = {"sessions.Session"}
"""People log in again: a session is a key to the desk, and worth nothing to anybody else."""
BATCH_ROWS, BATCH_CHARACTERS = 500, 2_000_000
LINE_BYTES = 500_000_000
"""The longest line that is read: far above the longest text that a source may have, and no more than memory holds."""

Model = type[models.Model]


def tables() -> list[Model]:
    """Every table whose content is kept, those before others that refer to them."""
    found = [model for model in apps.get_models(include_auto_created=True) if model._meta.managed]
    return [model for model in _ordered(found) if not model._meta.proxy and model._meta.label not in LEFT_OUT]


def _ordered(found: Sequence[Model]) -> list[Model]:
    """What a table refers to comes before it; in a circle, the order in which they were found."""
    done: dict[Model, None] = {}

    def visit(model: Model, above: tuple[Model, ...]) -> None:
        if model in done or model in above:
            return
        for field in model._meta.concrete_fields:
            if field.remote_field is not None and field.related_model in found:
                visit(field.related_model, (*above, model))  # type: ignore[arg-type]
        done[model] = None

    for model in found:
        visit(model, ())
    return list(done)


def member(model: Model) -> str:
    """The archive's member that holds the table."""
    return f"database/{model._meta.label}.jsonl"


def columns(model: Model) -> tuple[str, ...]:
    return tuple(field.attname for field in model._meta.concrete_fields if not getattr(field, "generated", False))


@contextmanager
def snapshot() -> Iterator[None]:
    """Inside, every read sees the database as it is at the first one, while others go on writing."""
    if connection.in_atomic_block:
        yield  # a caller's transaction has its own moment
    elif connection.vendor == "postgresql":
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield
    else:
        # Django's own transactions take the write lock: editors would wait until the backup is done.
        with connection.cursor() as cursor:
            cursor.execute("BEGIN DEFERRED")
            try:
                yield
            finally:
                cursor.execute("ROLLBACK")


def write(model: Model, out: Callable[[bytes], None], wrote: Callable[[int], None]) -> int:
    """Each row as a line; returns how many. `wrote` is told how many more there are now."""
    rows = model._base_manager.order_by("pk").values_list(*columns(model))
    count, lines, length = 0, [], 0
    for row in rows.iterator(chunk_size=BATCH_ROWS):
        lines.append(json.dumps(row, ensure_ascii=False, separators=(",", ":"), default=_plain))
        length += len(lines[-1])
        if len(lines) == BATCH_ROWS or length > BATCH_CHARACTERS:
            count += _flush(lines, out, wrote)
            lines, length = [], 0
    return count + _flush(lines, out, wrote)


def _flush(lines: list[str], out: Callable[[bytes], None], wrote: Callable[[int], None]) -> int:
    if lines:
        out("".join(f"{line}\n" for line in lines).encode("utf-8", "surrogatepass"))
        wrote(len(lines))
    return len(lines)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, UUID | Decimal):
        return str(value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, bytes | memoryview):
        return b64encode(bytes(value)).decode()
    raise TypeError(type(value).__name__)


def lines_of(file: IO[bytes], most: int = LINE_BYTES) -> Iterator[bytes]:
    """The lines of a file. Invalid for one that is longer than any row."""
    while line := file.readline(most + 1):
        if len(line) > most:
            raise Invalid("A row in the archive is longer than any that a backup holds. Nothing was changed.")
        yield line


def read(model: Model, names: Sequence[str], lines: Iterable[bytes], wrote: Callable[[int], None]) -> int:
    """Insert the rows as they were, times and keys included; returns how many. Invalid for a line that is no such row.

    To be called in a transaction: references are checked at its end.
    """
    by_name = {field.attname: field for field in model._meta.concrete_fields}
    fields = [by_name[name] for name in names]
    most = min(BATCH_ROWS, connection.ops.bulk_batch_size(fields, range(BATCH_ROWS)) or BATCH_ROWS)
    count, batch, length = 0, [], 0
    for line in lines:
        batch.append(_instance(model, fields, line))
        length += len(line)
        if len(batch) >= most or length > BATCH_CHARACTERS:
            count += _insert(model, fields, batch, wrote)
            batch, length = [], 0
    return count + _insert(model, fields, batch, wrote)


def _instance(model: Model, fields: Sequence[Any], line: bytes) -> models.Model:
    try:
        values = json.loads(line)
        if not isinstance(values, list) or len(values) != len(fields):
            raise ValueError
        given = {
            field.attname: value if isinstance(field, models.JSONField) else field.to_python(value)
            for field, value in zip(fields, values, strict=True)
        }
    except (ValueError, TypeError, ValidationError) as error:
        raise Invalid(
            "A row of %(table)s in the archive cannot be read. Nothing was changed.", table=model._meta.label
        ) from error
    return model(**given)


def _insert(model: Model, fields: Sequence[Any], batch: list[models.Model], wrote: Callable[[int], None]) -> int:
    if batch:
        # As loading a fixture does: values go in as they are, no time of now and no signal.
        model._base_manager._insert(batch, fields=fields, using=connection.alias, raw=True)  # type: ignore[attr-defined]
        wrote(len(batch))
    return len(batch)


def lock() -> None:
    """Until the transaction ends, nobody else writes. SQLite's transactions have that lock from their beginning."""
    if connection.vendor == "postgresql":
        names = ", ".join(connection.ops.quote_name(model._meta.db_table) for model in tables())
        with connection.cursor() as cursor:
            cursor.execute(f"LOCK TABLE {names} IN EXCLUSIVE MODE")


def clear() -> None:
    """Delete every row, and every session with them."""
    sessions = [apps.get_model(label) for label in sorted(LEFT_OUT)]
    with connection.cursor() as cursor:
        for model in (*reversed(tables()), *sessions):
            cursor.execute(f"DELETE FROM {connection.ops.quote_name(model._meta.db_table)}")  # noqa: S608 - our own names


def settle() -> None:
    """After inserting: the next keys come after those that are there, and every reference leads somewhere (IntegrityError)."""
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), tables()):
            cursor.execute(statement)
    connection.check_constraints()
