"""The folder of an exported site: written as a whole or not at all, and only where something changed."""

import json
import os
from pathlib import Path

import pytest

from faq.errors import Conflict, Invalid, Unavailable
from faq.export.folder import MANIFEST, Changes, Folder


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty folder; a test's tmp_path holds the portal's state."""
    return tmp_path_factory.mktemp("site")


def exported(path: Path, files: dict[str, bytes]) -> Changes:
    folder = Folder(path)
    for name, content in files.items():
        folder.put(name, content)
    return folder.finish({"version": "1"})


def contents(path: Path) -> dict[str, bytes]:
    return {
        each.relative_to(path).as_posix(): each.read_bytes()
        for each in path.rglob("*")
        if each.is_file() and each.name != MANIFEST
    }


FIRST = {"index.html": b"home", "de/a/index.html": b"a", "de/b/index.html": b"b"}


def test_what_was_put_is_there_with_its_manifest(folder: Path) -> None:
    changes = exported(folder / "site", FIRST)
    assert contents(folder / "site") == FIRST
    assert changes == Changes(written=list(FIRST))
    manifest = json.loads((folder / "site" / MANIFEST).read_text())
    assert manifest["version"] == "1"
    assert {name: row["size"] for name, row in manifest["files"].items()} == {k: len(v) for k, v in FIRST.items()}


def test_only_what_changed_is_written_and_what_is_gone_is_removed_with_its_folder(folder: Path) -> None:
    exported(folder, FIRST)
    for name in FIRST:
        os.utime(folder / name, (1, 1))
    changes = exported(folder, {"index.html": b"home", "de/a/index.html": b"A"})
    assert changes == Changes(written=["de/a/index.html"], unchanged=["index.html"], removed=["de/b/index.html"])
    assert (folder / "index.html").stat().st_mtime == 1
    assert contents(folder) == {"index.html": b"home", "de/a/index.html": b"A"}
    assert not (folder / "de" / "b").exists()


def test_a_file_that_somebody_lost_is_written_again(folder: Path) -> None:
    exported(folder, FIRST)
    (folder / "index.html").unlink()
    assert exported(folder, FIRST).written == ["index.html"]
    assert contents(folder) == FIRST


def test_nothing_changes_before_the_end(folder: Path) -> None:
    exported(folder, FIRST)
    export = Folder(folder)
    export.put("index.html", b"new")
    assert (folder / "index.html").read_bytes() == b"home"
    export.drop()
    assert contents(folder) == FIRST


def test_files_of_others_are_not_touched(folder: Path) -> None:
    (folder / "thesis.txt").write_bytes(b"mine")
    with pytest.raises(Conflict, match=r"thesis\.txt"):
        Folder(folder)
    assert contents(folder) == {"thesis.txt": b"mine"}


def test_files_that_others_put_beside_an_export_stay(folder: Path) -> None:
    exported(folder, FIRST)
    (folder / "CNAME").write_bytes(b"faq.example")
    exported(folder, {"index.html": b"home"})
    assert contents(folder) == {"index.html": b"home", "CNAME": b"faq.example"}


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"files": {"a": 1}}', '{"files": {"../x": {"sha256": "", "size": 1}}}']
)
def test_a_manifest_that_cannot_be_trusted_is_refused(folder: Path, text: str) -> None:
    (folder / MANIFEST).write_text(text)
    with pytest.raises(Invalid, match=r"manifest\.json"):
        Folder(folder)


def test_nothing_is_written_through_a_link(folder: Path) -> None:
    outside = folder / "outside"
    outside.mkdir()
    exported(folder / "site", {"index.html": b"home"})
    (folder / "site" / "de").symlink_to(outside)
    with pytest.raises(Conflict, match="link"):
        exported(folder / "site", FIRST)
    assert list(outside.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_named(folder: Path) -> None:
    (folder / "site").write_bytes(b"")
    with pytest.raises(Conflict, match="is a file"):
        Folder(folder / "site")
    (folder / "other").mkdir()
    export = Folder(folder / "other" / "new")
    (folder / "other" / "new").write_bytes(b"in the way")
    with pytest.raises(Unavailable, match="could not be written"):
        export.put("index.html", b"home")
