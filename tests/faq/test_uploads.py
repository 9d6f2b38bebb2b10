"""Uploads: kept as they came under names of our own, read anew, handed back, and reached by nothing else."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from faq.domain import publication, sources, uploads
from faq.errors import Invalid, NotFound, Unavailable
from faq.models import Source
from tests.faq.factories import PARKING, make_source

pytestmark = pytest.mark.django_db


def give(data: bytes | str = PARKING, filename: str = "parking.md", **fields: Any) -> Source:
    data = data.encode() if isinstance(data, str) else data
    return sources.add_source(title="", locale="en", data=data, filename=filename, kind="file", **fields)


def files(tmp_path: Path) -> list[str]:
    root = tmp_path / "uploads"
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def content(source: Source) -> tuple[bytes, str]:
    file, name = uploads.open_upload(source)
    with file:
        return file.read(), name


def test_an_uploaded_file_is_kept_as_it_came_for_its_owner_only(tmp_path: Path) -> None:
    source = give()
    assert content(source) == (PARKING.encode(), "Parking.md")
    (kept,) = files(tmp_path)
    assert (kept, (tmp_path / "uploads" / kept).stat().st_mode & 0o777) == (str(source.upload), 0o600)


NAMES = [
    "../../../etc/passwd.md", "/etc/passwd.md", "..\\..\\boot.md", "a/b/c.md", "<script>alert(1)</script>.md", "🚗.md",
    "x\x00.md", "a\nb\u202e.md", "n" * 5000 + ".md", ".md", "--help.md", "CON.md", "file.md.", "许可证.md",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_no_name_leads_out_of_the_folder_or_is_written_to_disk(name: str, tmp_path: Path) -> None:
    try:
        source = give(filename=name)
    except Invalid:  # an ending that is not read
        assert files(tmp_path) == []
        return
    (kept,) = files(tmp_path)
    folder, digest_start, digest = kept.split("/")
    assert (folder, digest[:2], len(digest.partition(".")[0])) == ("sources", digest_start, 64)
    assert kept.replace("/", "").replace(".", "").isalnum()
    saved_as = content(source)[1]
    assert ("/" in saved_as, saved_as.startswith("."), saved_as.isprintable()) == (False, False, True)


def test_equal_files_are_kept_once(tmp_path: Path) -> None:
    assert str(give().upload) == str(give().upload)
    assert len(files(tmp_path)) == 1


def test_texts_pages_and_files_that_can_be_read_where_they_are_need_no_copy(tmp_path: Path) -> None:
    make_source()
    give(path="/kb/parking.md")
    assert (files(tmp_path), Source.objects.exclude(upload="").count()) == ([], 0)


def test_a_refused_file_is_not_kept(tmp_path: Path) -> None:
    with pytest.raises(Invalid):
        give(b"\x00\x01\x02binary\x00" * 50)
    assert files(tmp_path) == []


def test_new_content_takes_the_place_of_the_file_that_was_read_before(tmp_path: Path) -> None:
    source = give()
    sources.revise_content(source, data=b"# New\n\nAll is new.\n", filename="new.txt", kind="file")
    assert content(source) == (b"# New\n\nAll is new.\n", "Parking.txt")
    sources.revise_content(source, text="Pasted. Not a file.")
    with pytest.raises(NotFound, match="No file is kept for “Parking”"):
        uploads.open_upload(source)


def test_a_file_is_read_anew_when_files_are_read_better(monkeypatch: pytest.MonkeyPatch) -> None:
    source = publication.publish_source(give())
    assert sources.reread_source(source) is None
    monkeypatch.setattr("faq.gateways.retrieval.chunking_generation", lambda: 99)
    revision = sources.reread_source(source)
    assert revision is not None
    assert (revision.number, revision.chunking_generation, source.published_revision.number) == (2, 99, 1)
    with pytest.raises(NotFound, match="No file is kept"):
        sources.reread_source(make_source())


def test_a_file_that_is_gone_says_what_to_do(tmp_path: Path) -> None:
    source = give()
    (tmp_path / "uploads" / str(source.upload)).unlink()
    with pytest.raises(NotFound, match="Upload it again"):
        uploads.open_upload(source)


@pytest.mark.parametrize("name", ["../polyfaq.sqlite3", "/etc/passwd", "sources/../../secret_key"])
def test_a_row_cannot_name_what_lies_outside(name: str, tmp_path: Path) -> None:
    for outside in ("polyfaq.sqlite3", "secret_key"):
        (tmp_path / outside).write_text("secret")
    source = give()
    Source.objects.filter(pk=source.pk).update(upload=name)
    source.refresh_from_db()
    with pytest.raises(NotFound):
        uploads.open_upload(source)


def test_no_address_of_the_site_serves_the_folder(client: Client) -> None:
    source = give()
    paths = [f"/{source.upload}", f"/uploads/{source.upload}", f"/media/{source.upload}", f"/static/{source.upload}"]
    assert [client.get(path).status_code for path in [*paths, f"/en/{source.upload}"]] == [404] * 5


def test_a_folder_that_may_not_be_written_is_told_and_leaves_nothing(tmp_path: Path, settings: Any) -> None:
    (tmp_path / "taken").write_text("")
    settings.MEDIA_ROOT = tmp_path / "taken"
    with pytest.raises(Unavailable, match=r"parking\.md could not be kept in .*taken"):
        give()
    assert Source.objects.count() == 0


def test_sweeping_takes_old_files_of_nobody_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = give()
    uploads.keep(b"of nobody", "x.md")
    assert (uploads.sweep(), len(files(tmp_path))) == (0, 2)
    monkeypatch.setattr(uploads, "GRACE_SECONDS", -5)
    assert (uploads.sweep(), files(tmp_path)) == (1, [str(source.upload)])


def test_the_desk_hands_a_file_back_to_be_saved_and_only_to_those_who_may_see_sources(client: Any) -> None:
    from django.contrib.auth import get_user_model
    from django.contrib.auth.models import Permission

    source, _ = sources.ingest(
        title="Rules", locale="en", data=b"<p>Bins <b>out</b> by six.</p>", filename="a.html", kind="file"
    )
    person = get_user_model().objects.create_user("reader", password="x", is_staff=True)
    client.force_login(person)
    address = f"/admin/faq/source/{source.pk}/upload/"
    assert client.get(address).status_code == 403
    person.user_permissions.add(Permission.objects.get(codename="view_source"))
    answer = client.get(address)
    assert answer.headers["Content-Disposition"] == 'attachment; filename="Rules.html"'
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert b"".join(answer.streaming_content) == b"<p>Bins <b>out</b> by six.</p>"
    assert client.get("/admin/faq/source/999999/upload/").status_code == 404


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("terms.csv", "terms.csv"), ("../../etc/passwd", "passwd"), ("C:\\\\x\\\\back.xlf", "back.xlf"), ("", "file"),
        ("..", "file"),
        ("a\u202e\x00b.po", "ab.po"), ("问" * 300 + ".xliff", "问" * 54 + ".xliff"), ("n" * 80, "n" * 60),
    ],
)  # fmt: skip
def test_a_name_from_outside_is_short_printable_and_leads_nowhere(given: str, kept: str) -> None:
    assert uploads.short_name(given) == kept
    assert len(uploads.short_name(given).encode()) <= 255
