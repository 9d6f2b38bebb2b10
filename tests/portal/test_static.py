"""Static files: names that change with their content are kept for good, and sent compressed."""

import gzip
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.templatetags.static import static
from django.test import Client

from portal import static as served

FOREVER = "max-age=315360000, public, immutable"


@pytest.fixture(autouse=True)
def root(tmp_path: Path, settings: Any) -> Path:
    settings.STATIC_ROOT = str(tmp_path / "static")
    (tmp_path / "static").mkdir()
    served._hashed.cache_clear()
    return tmp_path / "static"


def content(name: str) -> bytes:
    return Path(str(finders.find(name))).read_bytes()


def test_a_name_holds_the_digest_of_its_content_and_is_kept_for_good() -> None:
    address = static("site/site.css")
    assert re.fullmatch(r"/static/site/site\.[0-9a-f]{12}\.css", address)
    response = Client().get(address)
    assert (response.status_code, response["Cache-Control"]) == (200, FOREVER)
    assert response.getvalue() == content("site/site.css")


def test_it_is_sent_compressed_to_whoever_takes_that() -> None:
    address = static("site/site.css")
    for accepted, encoding in (("gzip", "gzip"), ("identity", None)):
        response = Client().get(address, headers={"accept-encoding": accepted})
        assert (response.get("Content-Encoding"), response["Vary"]) == (encoding, "Accept-Encoding")
        body = response.getvalue()
        assert (gzip.decompress(body) if encoding else body) == content("site/site.css")


@pytest.mark.django_db
def test_another_digest_is_no_name_and_the_plain_one_is_kept_shortly() -> None:
    address = static("site/site.css")
    other = address.replace(address.split(".")[1], "0" * 12)
    assert Client().get(other).status_code == 404
    assert Client().get("/static/site/none.000000000000.css").status_code == 404
    plain = Client().get("/static/site/site.css")
    assert (plain.status_code, plain["Cache-Control"]) == (200, "max-age=60, public")


def test_a_file_that_is_not_there_keeps_its_name() -> None:
    assert static("site/none.css") == "/static/site/none.css"


def test_where_nothing_can_be_written_the_file_itself_is_served(root: Path) -> None:
    (root / served.PACKED).write_text("no directory")
    response = Client().get(static("site/site.css"), headers={"accept-encoding": "gzip"})
    assert (response.status_code, response.get("Content-Encoding")) == (200, None)
    assert response.getvalue() == content("site/site.css")


def test_while_developing_a_changed_file_has_another_name_at_once(
    settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.DEBUG = True
    file = tmp_path / "a.css"
    monkeypatch.setattr(finders, "find", lambda name: str(file))
    names = []
    for text in ("a{}", "b{}"):
        file.write_text(text)
        names.append(served.hashed("site/a.css"))
    assert len(set(names)) == 2


class TestCollected:
    """What `manage.py collectstatic` lays down for a web server, and for a disk that cannot be written."""

    @pytest.fixture
    def collected(self, root: Path, settings: Any, tmp_path: Path) -> Iterator[Path]:
        """Two files of ours in the place of the seven hundred."""
        source = tmp_path / "source"
        (source / "site").mkdir(parents=True)
        (source / "site" / "long.css").write_text("a{color:red}" * 200)
        (source / "site" / "short.txt").write_text("x")
        settings.STATICFILES_DIRS, settings.STATICFILES_FINDERS = [source], [FILES]
        finders.get_finder.cache_clear()
        served._hashed.cache_clear()
        call_command("collectstatic", interactive=False, verbosity=0)
        yield root
        finders.get_finder.cache_clear()
        served._hashed.cache_clear()

    def test_every_file_lies_under_its_plain_name_and_the_one_that_pages_use(self, collected: Path) -> None:
        packed = [static(name).removeprefix("/static/") for name in ("site/long.css", "site/short.txt")]
        expected = ["site/long.css", "site/short.txt", *(f"packed/{name}" for name in packed), f"packed/{packed[0]}.gz"]
        assert files(collected) == sorted(expected)
        assert gzip.decompress((collected / f"packed/{packed[0]}.gz").read_bytes()) == b"a{color:red}" * 200

    def test_the_portal_serves_them_compressed_and_writes_nothing(self, collected: Path) -> None:
        before = {name: (collected / name).stat().st_mtime_ns for name in files(collected)}
        response = Client().get(static("site/long.css"), headers={"accept-encoding": "gzip"})
        assert (response.status_code, response["Content-Encoding"]) == (200, "gzip")
        assert gzip.decompress(response.getvalue()) == b"a{color:red}" * 200
        assert {name: (collected / name).stat().st_mtime_ns for name in files(collected)} == before


FILES = "django.contrib.staticfiles.finders.FileSystemFinder"


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
