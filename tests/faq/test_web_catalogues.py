"""The interface's catalogues: compiled files say what the sources say, and no placeholder is lost in translation."""

import re
from io import BytesIO, StringIO
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from babel.messages.extract import extract
from babel.messages.pofile import read_po
from django.conf import settings
from django.core.management import CommandError, call_command
from django.utils.translation.template import templatize

from faq.management.commands.compile_catalogues import catalogues, compiled, complete

LANGUAGES = ["ar", "de", "es", "fr", "pl", "tr", "uk", "zh_Hans"]
SHOWN = [
    "faq/web/*.py", "templates/site/*.html", "templates/500.html",
    "faq/api/*.py",
    "faq/admin/*.py", "templates/admin/**/*.html", "portal/settings.py", "faq/models/*.py", "faq/enums.py",
    "faq/domain/**/*.py", "faq/queries/*.py",
]  # fmt: skip
"""What speaks to readers, programs and editors: the site, the API, the desk, and what the domain refuses."""
OPERATORS = ("faq/domain/demo.py", "faq/domain/backups/")
"""What only a command says, in English."""
KEYWORDS = {
    "_": None, "gettext": None, "gettext_noop": None, "gettext_lazy": None,
    "ngettext": (1, 2), "pgettext": ((1, "c"), 2), "npgettext": ((1, "c"), 2, 3),
    "Invalid": None, "NotFound": None, "Forbidden": None, "Conflict": None, "Unavailable": None,
}  # fmt: skip
PLURALS = {"ar": 6, "de": 2, "es": 2, "fr": 2, "pl": 4, "tr": 2, "uk": 4, "zh_Hans": 1}
"""How many forms each language needs for whole numbers."""
INFORMAL = {
    "de": r"\b(du|dich|dir|deine?[mnrs]?)\b",
    "es": r"\b(tú|tus?|contigo|tuy[oa]s?)\b",
    "fr": r"\b(tu|toi|ton|tes)\b",
    "pl": r"\b(ty|twój|twoj\w*|ciebie)\b",
    "tr": r"\b(sen|senin|seni)\b",
    "uk": r"\b(ти|твій|твоє|твоя|твої|тебе)\b",
    "zh_Hans": r"你",
}
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


@pytest.fixture(scope="module")
def shown() -> dict[tuple[str | None, str], str]:
    """(context, text) -> file of every string that somebody is shown; the singular where there are two."""
    found = {}
    root = Path(settings.BASE_DIR)
    paths = sorted({path for pattern in SHOWN for path in root.glob(pattern)})
    for path in paths:
        name = path.relative_to(root).as_posix()
        text = path.read_text(encoding="utf-8")
        code = (templatize(text) if path.suffix == ".html" else text).encode()
        for _, said, _, context in extract("python", BytesIO(code), KEYWORDS, options={"encoding": "utf-8"}):
            said = said if isinstance(said, str) else said[0]
            if said and not name.startswith(OPERATORS):
                found[context, said] = name
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_string_that_is_shown_is_translated_in_every_form(
    language: str, shown: dict[tuple[str | None, str], str]
) -> None:
    known = {
        (message.context, message.id if isinstance(message.id, str) else message.id[0]): message
        for message in messages(language)
        if complete(message)
    }
    assert len(shown) > 500
    assert {text: shown[context, text] for context, text in shown.keys() - known.keys()} == {}
    plural = [known[each] for each in shown if not isinstance(known[each].id, str)]
    assert {len(forms(message)) for message in plural} == {PLURALS[language]}


@pytest.mark.parametrize("language", sorted(INFORMAL))
def test_readers_are_addressed_formally(language: str) -> None:
    found = [
        form for message in messages(language) for form in forms(message) if re.search(INFORMAL[language], form, re.I)
    ]
    assert found == []


def test_french_has_its_spaces_before_high_punctuation_and_no_line_breaks_there() -> None:
    loose = re.compile(r"(?<![\u202f\s(])[;?!](?!\S)|[ \u00a0][;?!]|(?<!\u00a0):(?=\s|\Z)|«(?!\u00a0)|(?<!\u00a0)»")
    assert [form for message in messages("fr") for form in forms(message) if loose.search(form)] == []


def test_chinese_and_arabic_use_their_own_punctuation() -> None:
    chinese = [form for message in messages("zh_Hans") for form in forms(message)]
    arabic = [form for message in messages("ar") for form in forms(message)]
    assert [form for form in chinese if re.search(r"[\u4e00-\u9fff][,;:?!]|[\u4e00-\u9fff]\.(?!\w)", form)] == []
    assert [form for form in arabic if re.search(r"[\u0621-\u064a][,;?]", form)] == []
