"""A migration runs while the version before it still serves: it takes nothing away that this one reads or writes.

What must go, goes in two releases (docs/how-to/upgrade.md): one that no longer uses it, and one whose migration takes it away and
says so, with `contracts = "0.3"`, the first version that did without.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ModelState, ProjectState
from django.db.models import NOT_PROVIDED

BEFORE_THE_FIRST_RELEASE = "0005_housekeeping"
TAKES_AWAY = (
    migrations.RenameModel, migrations.RenameField, migrations.DeleteModel, migrations.RemoveField,
    migrations.AlterModelTable, migrations.AlterUniqueTogether, migrations.AddConstraint,
)  # fmt: skip
"""What the old version no longer finds, or what its writes no longer satisfy."""


def dangers(operations: list[Operation], before: ProjectState) -> Iterator[str]:
    """What in these operations breaks a version that knows only the models `before` them, or cannot be taken back."""
    made: set[str] = set()
    state = before.clone()
    for operation in operations:
        if isinstance(operation, migrations.SeparateDatabaseAndState):
            yield from dangers(operation.database_operations, state)
        elif isinstance(operation, migrations.CreateModel):
            made.add(operation.name_lower)
        elif _model(operation) not in made and (reason := _reason(operation, state)):
            yield f"{operation.describe()}: {reason}"
        if not operation.reversible:
            yield f"{operation.describe()}: cannot be taken back"
        operation.state_forwards("faq", state)


def _model(operation: Any) -> str:
    name = getattr(operation, "model_name", None) or getattr(operation, "name", "")
    return str(name).lower()


def _reason(operation: Any, state: ProjectState) -> str:
    if isinstance(operation, TAKES_AWAY):
        return "the old version does not know of it"
    if isinstance(operation, migrations.AddField):
        return "" if _optional(operation.field) else "the old version writes rows without it: give it db_default"
    if isinstance(operation, migrations.AlterField):
        old = state.models["faq", _model(operation)].fields[operation.name]
        return _narrower(old, operation.field)
    return ""


def _optional(field: Any) -> bool:
    return bool(field.many_to_many or field.null or field.db_default is not NOT_PROVIDED)


def _narrower(old: Any, new: Any) -> str:
    """Why rows of the old version may not fit the new field."""
    if type(old) is not type(new):
        return "the old version knows another type"
    if old.null and not new.null:
        return "the old version writes empty values"
    if new.unique and not old.unique:
        return "the old version writes values twice"
    length, before = getattr(new, "max_length", None), getattr(old, "max_length", None)
    if length is not None and (before is None or length < before):
        return "the old version writes longer values"
    return ""


@pytest.fixture(scope="module")
def loader() -> MigrationLoader:
    return MigrationLoader(None)


def history(loader: MigrationLoader) -> list[str]:
    return sorted(name for app, name in loader.disk_migrations if app == "faq")


def found(loader: MigrationLoader, name: str) -> list[str]:
    migration = loader.disk_migrations["faq", name]
    before = loader.project_state([parent for parent in migration.dependencies if parent in loader.disk_migrations])
    return list(dangers(migration.operations, before))


def test_no_migration_breaks_the_version_before_it(loader: MigrationLoader) -> None:
    names = history(loader)
    since = names[names.index(BEFORE_THE_FIRST_RELEASE) + 1 :]
    unsafe = {
        name: found(loader, name) for name in since if not getattr(loader.disk_migrations["faq", name], "contracts", "")
    }
    assert {name: reasons for name, reasons in unsafe.items() if reasons} == {}


def test_the_rule_finds_what_was_done_before_there_was_a_version_to_break(loader: MigrationLoader) -> None:
    assert found(loader, "0002_raw_hash_and_locales") == [
        "Add field raw_hash to source: the old version writes rows without it: give it db_default"
    ]
    assert [found(loader, name) for name in ("0001_initial", "0004_words", "0005_housekeeping")] == [[], [], []]


def thing(*operations: Operation) -> list[str]:
    """What is wrong with operations on a table of three columns."""
    state = ProjectState()
    fields: list[tuple[str, models.Field[Any, Any]]] = [
        ("id", models.BigAutoField(primary_key=True)),
        ("name", models.CharField(max_length=50)),
        ("note", models.TextField(null=True)),
    ]
    state.add_model(ModelState("faq", "Thing", fields))
    return [line.split(": ", 1)[1] for line in dangers(list(operations), state)]


@pytest.mark.parametrize(
    ("operation", "reason"),
    [
        (migrations.RenameModel("Thing", "Object"), "the old version does not know of it"),
        (migrations.RenameField("thing", "name", "title"), "the old version does not know of it"),
        (migrations.RemoveField("thing", "note"), "the old version does not know of it"),
        (migrations.DeleteModel("Thing"), "the old version does not know of it"),
        (
            migrations.AddConstraint("thing", models.UniqueConstraint(fields=["name"], name="once")),
            "the old version does not know of it",
        ),
        (
            migrations.AddField("thing", "size", models.IntegerField(default=0)),
            "the old version writes rows without it: give it db_default",
        ),
        (migrations.AlterField("thing", "name", models.TextField()), "the old version knows another type"),
        (migrations.AlterField("thing", "note", models.TextField()), "the old version writes empty values"),
        (
            migrations.AlterField("thing", "name", models.CharField(max_length=40)),
            "the old version writes longer values",
        ),
        (
            migrations.AlterField("thing", "name", models.CharField(max_length=50, unique=True)),
            "the old version writes values twice",
        ),
        (
            migrations.SeparateDatabaseAndState([migrations.RemoveField("thing", "note")]),
            "the old version does not know of it",
        ),
        (migrations.RunPython(lambda apps, schema: None), "cannot be taken back"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Operation) else "",
)
def test_what_breaks_the_old_version_is_found(operation: Operation, reason: str) -> None:
    assert thing(operation) == [reason]


@pytest.mark.parametrize(
    "operation",
    [
        migrations.AddField("thing", "size", models.IntegerField(db_default=0)),
        migrations.AddField("thing", "size", models.IntegerField(null=True)),
        migrations.AlterField("thing", "name", models.CharField(max_length=60)),
        migrations.RemoveConstraint("thing", "once"),
        migrations.RunPython(migrations.RunPython.noop, migrations.RunPython.noop),
    ],
    ids=lambda operation: type(operation).__name__,
)
def test_what_the_old_version_does_not_notice_is_left_alone(operation: Operation) -> None:
    if isinstance(operation, migrations.RemoveConstraint):
        once = migrations.AddConstraint("thing", models.UniqueConstraint(fields=["name"], name="once"))
        assert thing(once, operation) == thing(once)
    else:
        assert thing(operation) == []


def test_a_table_of_this_migration_is_nobody_elses() -> None:
    made = migrations.CreateModel("Other", [("id", models.BigAutoField(primary_key=True))])
    assert thing(made, migrations.AddField("other", "size", models.IntegerField(default=0))) == []
