"""The interface's catalogues: compiled files say what the sources say, and no placeholder is lost in translation."""

import re
from io import StringIO
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from babel.messages.pofile import read_po
from django.conf import settings
from django.core.management import CommandError, call_command

from faq.management.commands.compile_catalogues import catalogues, compiled, complete

LANGUAGES = ["ar", "de", "es", "fr", "pl", "tr", "uk", "zh_Hans"]
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w*\}")


def messages(language: str) -> list[Message]:
    path = Path(settings.BASE_DIR) / "locale" / language / "LC_MESSAGES" / "django.po"
    with path.open("rb") as file:
        return [message for message in read_po(file) if message.id]


def forms(message: Message) -> list[str]:
    return [message.string] if isinstance(message.string, str) else list(message.string or ())


def test_there_is_a_catalogue_for_each_language_but_english() -> None:
    assert [path.parts[-3] for path in catalogues()] == LANGUAGES


def test_compiled_catalogues_are_up_to_date() -> None:
    call_command("compile_catalogues", check=True, stdout=StringIO())


def test_an_outdated_catalogue_is_named(tmp_path: Path, settings: object) -> None:
    folder = tmp_path / "de" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "django.po").write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\nmsgid "Yes"\nmsgstr "Ja"\n\n'
        'msgid "No"\nmsgstr ""\n\n#, fuzzy\nmsgid "Maybe"\nmsgstr "Vielleicht"\n',
        encoding="utf-8",
    )
    settings.LOCALE_PATHS = [tmp_path]  # type: ignore[attr-defined]
    with pytest.raises(CommandError, match=r"de/LC_MESSAGES/django\.po"):
        call_command("compile_catalogues", check=True, stdout=StringIO())
    call_command("compile_catalogues", stdout=StringIO())
    call_command("compile_catalogues", check=True, stdout=StringIO())
    data = compiled(folder / "django.po")
    assert b"Ja" in data
    assert b"Vielleicht" not in data
    assert b"No\x00" not in data


@pytest.mark.parametrize("language", LANGUAGES)
def test_placeholders_survive_translation(language: str) -> None:
    for message in messages(language):
        if not complete(message):
            continue
        ids = [message.id] if isinstance(message.id, str) else list(message.id)
        allowed = {tuple(sorted(PLACEHOLDER.findall(each))) for each in ids}
        for form in forms(message):
            found = tuple(sorted(PLACEHOLDER.findall(form)))
            # One form of a plural may say its number in words.
            assert found in allowed or (len(ids) > 1 and set(found) <= set(max(allowed, key=len)))
