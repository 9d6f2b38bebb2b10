"""Import and export at the desk: the archive as a download, and into an empty portal."""

from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from faq.domain import knowledge
from faq.models import Question, Source
from tests.faq import worlds
from tests.faq.desk import EDITOR, messages, person, signed_in
from tests.faq.factories import make_portal

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]  # screens; what they call is tested in test_knowledge.py
ADDRESS = "/admin/faq/locale/knowledge/"


@pytest.fixture
def desk() -> Client:
    return signed_in(User.objects.create_superuser("admin"))


def test_what_is_downloaded_comes_into_an_empty_portal(desk: Client) -> None:
    make_portal()
    response = desk.post(ADDRESS, {"export": "1"})
    assert response.headers["Content-Disposition"].startswith('attachment; filename="knowledge-')
    data = b"".join(response.streaming_content)  # type: ignore[arg-type]
    assert "An archive comes into an empty portal only" in desk.get(ADDRESS).content.decode()
    worlds.leave()
    assert "Import this archive" in desk.get(ADDRESS).content.decode()
    response = desk.post(ADDRESS, {"archive": SimpleUploadedFile("knowledge.zip", data)}, follow=True)
    assert messages(response) == ["3 sources and 1 questions came in. The search index is being built."]
    assert Question.objects.get().key == "permit"


def test_what_is_no_archive_is_said_at_the_field(desk: Client) -> None:
    page = desk.post(ADDRESS, {"archive": SimpleUploadedFile("x.zip", b"nothing")}).content.decode()
    assert "is damaged" in page
    page = desk.post(ADDRESS, {}).content.decode()
    assert "This field is required." in page
    assert Source.objects.count() == 0


def test_a_portal_with_content_takes_none(desk: Client, tmp_path: Path) -> None:
    make_portal()
    path = tmp_path / "k.zip"
    knowledge.export_knowledge(path)
    desk.post(ADDRESS, {"archive": SimpleUploadedFile("k.zip", path.read_bytes())})
    assert Source.objects.count() == 3


def test_it_is_for_administrators(desk: Client) -> None:
    editor = signed_in(person("edith", EDITOR))
    assert [editor.get(ADDRESS).status_code, editor.post(ADDRESS, {"export": "1"}).status_code] == [403, 403]
    assert ADDRESS in desk.get("/admin/").content.decode()
    assert ADDRESS not in editor.get("/admin/").content.decode()
