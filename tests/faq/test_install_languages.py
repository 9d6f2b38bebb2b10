"""`manage.py install_languages`: packages from a file, a folder, an index; clear errors."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from faq.management.commands.install_languages import wanted_pairs
from tests.translation.packaging import REAL, small, write
from translation import packages
from translation.types import LanguagePair

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.POLYFAQ = settings.POLYFAQ | {"ARGOS_PACKAGES": tmp_path / "argos"}
    return tmp_path / "argos"


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("install_languages", *arguments, stdout=out)
    return out.getvalue()


def test_a_package_file_is_installed_listed_and_removed(folder: Path) -> None:
    assert run("--from", str(REAL)) == "en → de 0.1 (new)\n"
    assert run("--list") == "en → de 0.1\n"
    assert json.loads(run("--list", "--json")) == {
        "installed": [{"source": "en", "target": "de", "version": "0.1"}],
        "new": 0,
    }
    assert run("de", "--remove") == "No package is installed.\n"


def test_a_folder_gives_the_packages_of_the_named_languages(tmp_path: Path) -> None:
    write(tmp_path / "a.argosmodel", small(to_code="fr"))
    write(tmp_path / "b.argosmodel", small(to_code="pl"))
    assert run("pl", "--from", str(tmp_path)) == "en → pl 1.0 (new)\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "at least one language"),
        (("de", "--remove"), "No package of de"),
        (("--remove", "--list"), "Name the languages"),
        (("--from", "/nowhere/at/all"), "no file or folder"),
        (("--from", __file__), "zip archive"),
    ],
)
def test_errors_say_what_is_wrong(arguments: tuple[str, ...], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        run(*arguments)


def offer(monkeypatch: pytest.MonkeyPatch, *pairs: tuple[str, str]) -> list[LanguagePair]:
    """An index that offers these; what is installed from it."""
    rows = [
        packages.Available(source, target, "1.0", f"{source} → {target}", ("https://x",)) for source, target in pairs
    ]
    asked: list[LanguagePair] = []

    def install(pair: LanguagePair, folder: Path, url: str, progress: Any) -> packages.Package:
        asked.append(pair)
        path = write(folder.parent / "made.argosmodel", small(from_code=pair.source, to_code=pair.target))
        return packages.install_file(path, folder)

    monkeypatch.setattr(packages, "available", lambda url: rows)
    monkeypatch.setattr(packages, "install_from_index", install)
    return asked


def test_languages_are_installed_from_the_index_in_both_directions_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = offer(monkeypatch, ("en", "fr"), ("fr", "en"), ("en", "pl"))
    run("fr", "pl")
    assert asked == [LanguagePair("en", "fr"), LanguagePair("fr", "en"), LanguagePair("en", "pl")]
    run("fr", "pl")
    assert len(asked) == 3


def test_a_language_without_a_package_is_named_with_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    offer(monkeypatch, ("en", "fr"))
    with pytest.raises(CommandError, match=r"no package into xx\. It has: fr\."):
        run("xx")


def test_english_needs_none() -> None:
    assert wanted_pairs(["en", "en-GB"]) == []
    assert wanted_pairs(["zh-CN"]) == [LanguagePair("en", "zh-hans"), LanguagePair("zh-hans", "en")]
