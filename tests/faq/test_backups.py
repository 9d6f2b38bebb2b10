"""Backups: all of a portal in one archive, verified; a restore is the whole of it, or nothing was touched."""

import hashlib
import json
import shutil
import threading
import zipfile
from collections.abc import Callable
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection

from faq import conf
from faq.domain import backups, sources
from faq.domain.backups import archive, restoring, rows
from faq.errors import Conflict, Invalid, Unavailable
from faq.models import Job, Source
from tests.faq.factories import PARKING, make_portal, make_source

pytestmark = pytest.mark.django_db


def everything() -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table but jobs, which a restore adds to."""
    models = [model for model in rows.tables() if model is not Job]
    return {
        model._meta.label: list(model._base_manager.order_by("pk").values_list(*rows.columns(model)))
        for model in models
    }


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """An archive of a portal with an upload, which still stands."""
    make_portal()
    sources.add_source(title="", locale="en", data=PARKING.encode(), filename="parking.md", kind="file")
    path = tmp_path / "kept.zip"
    backups.back_up(path)
    return path


def rewritten(path: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """The archive with other members."""
    with zipfile.ZipFile(path) as old:
        members = {name: old.read(name) for name in old.namelist()}
    change(members)
    other = path.with_name("other.zip")
    with zipfile.ZipFile(other, "w") as new:
        for name, data in members.items():
            new.writestr(name, data)
    return other


def said(archived: dict[str, bytes], **other: Any) -> None:
    archived["manifest.json"] = json.dumps(json.loads(archived["manifest.json"]) | other).encode()


def test_a_replaced_portal_is_the_one_of_the_backup_row_by_row_with_its_files(made: Path) -> None:
    before, upload = everything(), Path(settings.MEDIA_ROOT) / str(Source.objects.exclude(upload="").get().upload)
    upload.unlink()
    make_source("Written after the backup.\n")
    assert everything() != before
    done = backups.restore(made, replace=True)
    assert (everything(), upload.read_bytes(), done.uploads) == (before, PARKING.encode(), 1)


def test_the_index_is_built_anew_by_one_job_of_the_same_transaction(made: Path) -> None:
    backups.restore(made, replace=True)
    assert Job.objects.filter(key=restoring.REBUILD_KEY, state="queued").count() == 1


def test_a_portal_that_holds_something_is_not_replaced_unasked(made: Path) -> None:
    before = everything()
    with pytest.raises(Conflict, match="--replace"):
        backups.restore(made)
    assert everything() == before


def test_an_archive_is_its_owners_only_and_replaces_no_file(made: Path) -> None:
    held = made.read_bytes()
    with pytest.raises(Conflict):
        backups.back_up(made)
    assert (made.read_bytes(), made.stat().st_mode & 0o777) == (held, 0o600)


def _flip(members: dict[str, bytes]) -> None:
    members["database/faq.Source.jsonl"] = members["database/faq.Source.jsonl"].replace(b"a", b"e", 1)


BROKEN: dict[str, Callable[[dict[str, bytes]], None]] = {
    "a row is changed": _flip,
    "a member is gone": lambda members: members.pop("database/faq.Source.jsonl") and None,
    "a member leads out": lambda members: members.update({"uploads/../../evil": b"x"}),
    "a member nobody listed": lambda members: members.update({"secret_key": b"x"}),
    "a listed name leads out": lambda members: said(members, members={"/etc/evil": {"size": 1, "sha256": ""}}),
    "a newer format": lambda members: said(members, format=archive.FORMAT + 1),
    "newer migrations": lambda members: said(members, migrations=["faq.9999_later"]),
    "no manifest": lambda members: members.pop("manifest.json") and None,
    "a manifest of nonsense": lambda members: members.update({"manifest.json": b"[]"}),
}


@pytest.mark.parametrize("change", BROKEN.values(), ids=BROKEN)
def test_an_archive_that_is_not_as_it_was_written_changes_nothing(made: Path, change: Callable[..., None]) -> None:
    before, other = everything(), rewritten(made, change)
    with pytest.raises(Invalid):
        backups.restore(other, replace=True)
    assert everything() == before


def test_an_untouched_archive_written_again_is_taken(made: Path) -> None:
    before = everything()
    backups.restore(rewritten(made, lambda members: None), replace=True)
    assert everything() == before


@pytest.mark.parametrize("kept", [0, 10, 1000, -1])
def test_a_cut_short_archive_changes_nothing(made: Path, kept: int) -> None:
    before = everything()
    made.write_bytes(made.read_bytes()[:kept])
    with pytest.raises(Invalid):
        backups.restore(made, replace=True)
    assert everything() == before


def test_a_restore_that_breaks_off_leaves_the_portal_as_it_was(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_source("Written after the backup.\n")
    before = everything()

    def full() -> None:
        from django.db import OperationalError

        raise OperationalError("full")

    monkeypatch.setattr(rows, "settle", full)
    with pytest.raises(Unavailable):
        backups.restore(made, replace=True)
    assert everything() == before


def test_rows_that_refer_to_nothing_change_nothing(made: Path) -> None:
    """The archive is whole as a file: its sums are those of what it holds."""

    def change(members: dict[str, bytes]) -> None:
        name = rows.member(Source)
        members[name] = members[name].replace(b'"en"', b'"xx"')
        told = json.loads(members["manifest.json"])["members"]
        told[name]["sha256"] = hashlib.sha256(members[name]).hexdigest()
        said(members, members=told)

    before = everything()
    with pytest.raises(Unavailable, match="The portal is as it was"):
        backups.restore(rewritten(made, change), replace=True)
    assert everything() == before


def test_a_line_longer_than_any_row_is_not_read_into_memory() -> None:
    assert list(rows.lines_of(BytesIO(b"[1]\n[22]\n"), most=5)) == [b"[1]\n", b"[22]\n"]
    with pytest.raises(Invalid, match="longer than any"):
        list(rows.lines_of(BytesIO(b"[1]\n[22]\n"), most=4))


def test_packages_and_the_secret_key_come_along_only_when_asked_for(
    made: Path, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tmp_path / "packages" / "en_de-1.9" / "model" / "model.bin"
    model.parent.mkdir(parents=True)
    model.write_bytes(b"weights")
    settings.POLYFAQ = settings.POLYFAQ | {"ARGOS_PACKAGES": tmp_path / "packages"}
    backups.back_up(tmp_path / "all.zip", packages=True, secret_key=True)
    with archive.opened(made) as found:
        assert (found.names(archive.PACKAGE), archive.SECRET_KEY in found.manifest.members) == ([], False)
    shutil.rmtree(tmp_path / "packages")
    kept = conf.home() / "secret_key"
    held = kept.read_bytes() if kept.exists() else None
    monkeypatch.setattr(restoring.files, "key_from_environment", lambda: False)
    try:
        done = backups.restore(tmp_path / "all.zip", replace=True)
        assert (done.packages, done.secret_key) == (1, True)
        assert (model.read_bytes(), kept.read_text()) == (b"weights", settings.SECRET_KEY)
    finally:
        kept.unlink(missing_ok=True) if held is None else kept.write_bytes(held)


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: Any) -> None:
        raise OSError(28, "No space left on device")

    folder = tmp_path / "backups"
    folder.mkdir()
    monkeypatch.setattr(archive.os, "fsync", full)
    with pytest.raises(Unavailable, match=r"No space left on device\. There is no backup of now"):
        backups.back_up(folder / "a.zip")
    assert list(folder.iterdir()) == []


def test_nobody_stays_logged_in(made: Path) -> None:
    with archive.opened(made) as found:
        assert [name for name in found.manifest.members if "session" in name.lower()] == []


@pytest.mark.django_db(transaction=True)
def test_what_is_written_meanwhile_is_in_none_of_its_tables(made: Path, tmp_path: Path) -> None:
    """Another source comes in between the first table and the last."""
    with archive.opened(made) as found:
        before = {name: table.rows for name, table in found.manifest.tables.items()}
    came: list[Source] = []

    def add() -> None:
        try:
            came.append(make_source("Written during the backup.\n"))
        finally:
            connection.close()

    def writing(done: int, total: int) -> None:
        if not came:
            thread = threading.Thread(target=add)
            thread.start()
            thread.join(60)

    backups.back_up(tmp_path / "later.zip", writing=writing)
    with archive.opened(tmp_path / "later.zip") as found:
        assert {name: table.rows for name, table in found.manifest.tables.items()} == before
    assert Source.objects.filter(pk=came[0].pk).exists()


def test_the_commands_tell_what_they_did_and_an_error_is_one_line(made: Path, tmp_path: Path) -> None:
    out, path = StringIO(), str(tmp_path / "told.zip")
    call_command("backup", path, stdout=out)
    call_command("restore", path, verify=True, stdout=out)
    first, second = out.getvalue().splitlines()
    assert (first.endswith("MB, verified."), second.startswith(f"{path} is whole: ")) == (True, True)
    with pytest.raises(CommandError, match="No such file"):
        call_command("restore", str(tmp_path / "none.zip"))
