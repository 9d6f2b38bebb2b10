"""A folder comes in as a ZIP: looked at first, each file a source, known again by its place when it comes in once more."""

import io
import zipfile
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from faq.domain import jobs, publication, sources
from faq.domain.sources import folders
from faq.enums import State
from faq.errors import Invalid
from faq.models import AuditEntry, Job, Source
from tests.faq.desk import EDITOR, person, signed_in

pytestmark = pytest.mark.django_db
PAGE = "/admin/faq/source/folder/"
BINS, PERMITS = "# Bins\n\nBins are emptied on Monday.\n", "# Permits\n\nA permit costs 30 euros.\n"


def packed(files: dict[str, str | bytes]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for place, data in files.items():
            archive.writestr(place, data)
    return held.getvalue()


def looked(files: dict[str, str | bytes], name: str = "docs", locale: str = "en") -> sources.Folder:
    return sources.look_at_folder(sources.keep_folder(packed(files), "docs.zip"), name, locale)


def bring(files: dict[str, str | bytes], name: str = "docs", **about: Any) -> Job:
    kept = sources.keep_folder(packed(files), "docs.zip")
    return jobs.run(sources.ingest_folder(kept, name, "en", **about).pk)


def titles() -> list[tuple[str, str]]:
    return list(Source.objects.order_by("path").values_list("path", "title"))


def test_each_file_becomes_a_source_at_its_place_and_what_is_no_text_is_left_out() -> None:
    files: dict[str, str | bytes] = {
        "docs/waste/bins.md": BINS, "docs/parking/permits.md": PERMITS, "docs/logo.png": b"\x89PNG",
        "docs/.git/config.md": "no", "__MACOSX/docs/._bins.md": "no", "docs/~lock": "",
    }  # fmt: skip
    found = looked(files)
    assert (found.new, found.changed, found.same, found.unread, found.other) == (
        ("parking/permits.md", "waste/bins.md"), (), 0, (), 4,
    )  # fmt: skip
    assert Source.objects.exists() is False
    job = bring(files)
    assert (job.state, job.done, job.failures) == ("succeeded", 2, [])
    assert titles() == [("folder:docs/parking/permits.md", "Permits"), ("folder:docs/waste/bins.md", "Bins")]
    assert [source.upload.read() for source in Source.objects.order_by("path")] == [PERMITS.encode(), BINS.encode()]


def test_a_folder_that_comes_again_revises_what_changed_and_names_what_is_gone() -> None:
    bring({"bins.md": BINS, "permits.md": PERMITS}, publish=True)
    gone = Source.objects.get(title="Permits")
    again: dict[str, str | bytes] = {"bins.md": BINS.replace("Monday", "Friday"), "new.md": "# New\n\nA new text.\n"}
    found = looked(again)
    assert (found.new, found.changed, found.same, found.gone) == (("new.md",), ("bins.md",), 0, (gone,))
    bring(again)
    bins = Source.objects.get(title="Bins")
    assert (bins.revisions.count(), bins.published_revision.number) == (2, 1)  # type: ignore[union-attr]
    same = looked(again)
    assert (same.brings, same.same) == (0, 2)
    with pytest.raises(Invalid, match="Nothing in this folder is new"):
        bring(again)
    # Another folder's files of the same places are other sources.
    assert looked(again, "other").new == ("bins.md", "new.md")


def test_what_an_editor_retired_stays_retired_and_is_not_called_gone() -> None:
    bring({"bins.md": BINS, "permits.md": PERMITS}, publish=True)
    publication.retire_source(Source.objects.get(title="Permits"))
    assert looked({"bins.md": BINS}).gone == ()
    bring({"bins.md": BINS, "permits.md": PERMITS.replace("30", "31")}, publish=True)
    assert Source.objects.get(title="Permits").state == State.RETIRED


def test_two_files_of_the_same_words_stay_two_sources() -> None:
    table = "question,answer\nWhen?,Now.\n"
    bring({"a/faq.csv": table, "b/faq.csv": table})
    assert [path for path, _ in titles()] == ["folder:docs/a/faq.csv", "folder:docs/b/faq.csv"]
    bring({"a/faq.csv": table.replace("Now", "Then"), "b/faq.csv": table})
    numbers = Source.objects.order_by("path").values_list("path", "revisions__number")
    assert list(numbers) == [
        ("folder:docs/a/faq.csv", 1), ("folder:docs/a/faq.csv", 2), ("folder:docs/b/faq.csv", 1),
    ]  # fmt: skip


def test_a_bad_file_is_named_and_stops_none_of_the_others(settings: Any) -> None:
    settings.POLYFAQ = settings.POLYFAQ | {"UPLOAD_MAX_BYTES": 1000}
    files: dict[str, str | bytes] = {"a.md": BINS, "big.md": "x" * 1001, "broken.pdf": b"%PDF-1.4 broken"}
    found = looked(files)
    assert found.new == ("a.md", "broken.pdf")
    assert found.unread == (("big.md", "big.md is larger than 0 MB; divide it."),)
    job = bring(files)
    assert [failure["item"] for failure in job.failures] == ["big.md", "broken.pdf"]
    assert [title for _, title in titles()] == ["Bins"]


def test_what_an_archive_says_of_itself_is_not_believed(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    settings.POLYFAQ = settings.POLYFAQ | {"UPLOAD_MAX_BYTES": 2000}
    bomb = packed({"bomb.md": "0" * 1_000_000, "../../etc/up.md": BINS})
    kept = sources.keep_folder(bomb, "bomb.zip")
    found = sources.look_at_folder(kept, "bomb", "en")
    assert found.unread == (("bomb.md", "bomb.md is larger than 0 MB; divide it."),)
    assert found.new == ("etc/up.md",)
    monkeypatch.setattr(folders, "MOST_IN_FOLDER", 1)
    with pytest.raises(Invalid, match="2 files are too many at once; at most 1"):
        sources.keep_folder(bomb, "bomb.zip")
    monkeypatch.setattr(folders, "MOST_IN_FOLDER", 2)
    monkeypatch.setattr(folders, "MOST_BYTES", 999_999)
    with pytest.raises(Invalid, match="have 1 MB together"):
        sources.keep_folder(bomb, "bomb.zip")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"no archive", "docs.zip is no ZIP archive, or is damaged."),
        (packed({"logo.png": b"x"}), "docs.zip holds no file that can be read."),
        (packed({}), "docs.zip holds no file that can be read."),
    ],
)
def test_what_is_no_folder_is_refused_in_words(data: bytes, said: str) -> None:
    with pytest.raises(Invalid) as refused:
        sources.keep_folder(data, "docs.zip")
    assert str(refused.value) == said


def test_damaged_and_encrypted_files_are_named() -> None:
    damaged = bytearray(packed({"bins.md": BINS * 20}))
    damaged[60:70] = bytes(10)
    kept = sources.keep_folder(bytes(damaged), "docs.zip")
    assert sources.look_at_folder(kept, "docs", "en").unread == (("bins.md", "bins.md cannot be read: it is damaged."),)
    secret = bytearray(packed({"bins.md": BINS}))
    directory = secret.index(b"PK\x01\x02")
    secret[6] |= 1
    secret[directory + 8] |= 1
    kept = sources.keep_folder(bytes(secret), "docs.zip")
    assert sources.look_at_folder(kept, "docs", "en").unread[0][1] == "bins.md cannot be read: it is encrypted."


def test_a_folder_in_another_language_than_before_is_said(client: Client) -> None:
    bring({"bins.md": BINS})
    found = looked({"bins.md": BINS}, locale="de")
    assert (found.brings, found.unread[0][0]) == (0, "bins.md")
    assert "“Bins” is here in en" in found.unread[0][1]


def test_the_desk_looks_first_then_brings_in(starter: Any) -> None:
    client = signed_in(person())
    files: dict[str, str | bytes] = {"handbook/bins.md": BINS, "handbook/permits.md": PERMITS}
    upload = SimpleUploadedFile("handbook.zip", packed(files), "application/zip")
    form = {"name": "", "locale": "en", "topic": ""}
    response = client.post(PAGE, {**form, "file": upload})
    page = response.content.decode()
    assert "2 files would come in" in page
    assert "permits.md" in page
    assert Source.objects.exists() is False
    token = response.context["token"]
    taken = client.post(PAGE, {**form, "token": token, "publish": "on", "take": ""}, follow=True)
    job = Job.objects.get(kind="ingest")
    assert taken.redirect_chain[-1][0] == reverse("admin:faq_job_change", args=[job.pk])
    jobs.run(job.pk)
    assert titles() == [("folder:handbook/bins.md", "Bins"), ("folder:handbook/permits.md", "Permits")]
    assert set(Source.objects.values_list("state", flat=True)) == {State.PUBLISHED}
    assert set(AuditEntry.objects.filter(verb="publish").values_list("actor__username", flat=True)) == {"anna"}
    # What was looked at is one's own, and whole.
    other = signed_in(person("berta"))
    for asked in (client.post(PAGE, form), other.post(PAGE, {**form, "token": token})):
        assert asked.context["form"].non_field_errors() == ["Choose the folder, or a ZIP of it."]


def test_bringing_a_folder_in_needs_the_permissions_of_what_it_does(client: Client) -> None:
    upload = {"file": SimpleUploadedFile("docs.zip", packed({"bins.md": BINS})), "locale": "en"}
    for missing in ("add_source", "change_source"):
        some = signed_in(person(missing, [name for name in EDITOR if name != missing]))
        assert some.get(PAGE).status_code == 403
        assert some.post(PAGE, upload).status_code == 403
    writer = signed_in(person("writer", [name for name in EDITOR if name != "publish_source"]))
    assert "publish" not in writer.get(PAGE).context["form"].fields
    assert client.get(PAGE).status_code == 302
