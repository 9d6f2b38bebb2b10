"""The knowledge base as a readable archive: what comes back into an empty portal is what went out, page by page."""

import hashlib
import json
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from faq import cache, tasks
from faq.domain import feedback, glossary, keys, knowledge, questions, sources, topics
from faq.domain.knowledge import archive
from faq.enums import Origin, Outcome
from faq.errors import Conflict, Forbidden, Invalid
from faq.models import (
    AnswerRevision,
    AuditEntry,
    Feedback,
    GlossaryTerm,
    Job,
    Locale,
    Passage,
    Question,
    Source,
    SourceRevision,
    TranslationUnit,
)
from tests.faq import worlds
from tests.faq.desk import EDITOR, person
from tests.faq.factories import PARKING, edit, make_portal, make_question, make_source

pytestmark = pytest.mark.django_db
PAGES = (
    "/en/", "/de/", "/en/questions/permit/", "/de/questions/permit/", "/ar/questions/permit/", "/en/sources/parking/",
    "/de/sources/harbour/", "/en/topics/parking/", "/sitemap.xml", "/en/llms.txt", "/api/v1/questions/permit?locale=de",
    "/api/v1/sources", "/de/questions/permit.md",
)  # fmt: skip


def build() -> None:
    """A portal with something of everything: also what is stale, drafted, retired, cited in an older revision, or asked."""
    make_source("The ferry left at noon.\n", title="Gone", publish=False)
    Source.objects.get(key="gone").delete()  # so that numbers have a gap
    permit = make_portal()
    questions.move_question(permit, topics.ensure_topic("parking", title="Parking", description="Cars."))
    edit(Source.objects.get(key="parking"), "30 euros", "35 euros")
    make_question("Who feeds the swans?", key="swans", publish=False)
    sources.add_source(title="", locale="en", data=PARKING.encode(), filename="parking.md", kind="file")
    TranslationUnit.objects.filter(target_locale_id="de").first().delete()  # type: ignore[union-attr]
    unit = TranslationUnit.objects.order_by("pk").last()
    TranslationUnit.objects.filter(pk=unit.pk).update(  # type: ignore[union-attr]
        origin=Origin.MACHINE, approved=False, verdict="numbers", engine="argos 1.9 & more"
    )
    glossary.save_term(GlossaryTerm(source_locale_id="en", term="Larkmouth", kind="keep", note="the city"))
    Locale.objects.filter(tag="pl").update(enabled=False, policy="draft")
    feedback.record_asked("Where are the swans fed?", "de", Outcome.ABSTAINED)
    for number, helpful in enumerate((True, True, False)):
        feedback.record_feedback(
            permit, "de", helpful, visitor=f"digest-of-visitor-{number}", comment="" if helpful else "Too dear."
        )
    parking = Source.objects.get(key="parking")
    sources.publish_later(parking, parking.revisions.get(number=1), timezone.now() + timedelta(days=3))
    sources.retire_later(Source.objects.get(key="harbour"), timezone.now() + timedelta(days=9))
    Source.objects.filter(key="harbour").update(updated_at=datetime(2020, 5, 17, 9, 30, tzinfo=UTC))
    cache.bump(cache.LOCALES, cache.CONTENT)


def shown(client: Client) -> dict[str, bytes]:
    cache.clear()
    return {page: client.get(page).content for page in PAGES}


def members(path: Path) -> dict[str, bytes]:
    """Without what names the moment."""
    with zipfile.ZipFile(path) as zipped:
        return {name: zipped.read(name) for name in zipped.namelist() if name not in ("README.md", archive.MANIFEST)}


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """The archive of a portal, which still stands."""
    build()
    path = tmp_path / "knowledge.zip"
    knowledge.export_knowledge(path)
    return path


def rewritten(path: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """The archive with other members, and a manifest that agrees with them."""
    with zipfile.ZipFile(path) as old:
        held = {name: old.read(name) for name in old.namelist()}
    change(held)
    said = json.loads(held.pop(archive.MANIFEST))
    said["members"] = {name: hashlib.sha256(data).hexdigest() for name, data in held.items()}
    other = path.with_name("other.zip")
    with zipfile.ZipFile(other, "w") as new:
        for name, data in (held | {archive.MANIFEST: json.dumps(said).encode()}).items():
            new.writestr(name, data)
    return other


def test_the_pages_of_an_empty_portal_are_then_the_same_byte_for_byte(made: Path, client: Client) -> None:
    before = shown(client)
    assert b"35 euros" in before["/en/sources/parking/"]
    worlds.leave()
    assert shown(client)["/en/questions/permit/"] != before["/en/questions/permit/"]
    done = knowledge.import_knowledge(made)
    assert shown(client) == before
    assert (done.sources, done.questions, done.uploads) == (4, 2, 1)


def test_what_is_exported_again_is_what_was_imported(made: Path) -> None:
    worlds.leave()
    knowledge.import_knowledge(made)
    again = made.with_name("again.zip")
    knowledge.export_knowledge(again)
    assert members(again) == members(made)
    assert Locale.objects.get(tag="pl").enabled is False
    assert Feedback.objects.filter(comment="Too dear.", helpful=False).count() == 1
    entry = AuditEntry.objects.get(verb="import", after__file="knowledge.zip")
    assert (entry.after["sources"], entry.after["questions"]) == (4, 2)


def test_the_index_is_built_and_the_next_rows_get_new_numbers(made: Path, client: Client) -> None:
    worlds.leave()
    knowledge.import_knowledge(made)
    assert Job.objects.filter(kind="rebuild_index", state="queued").count() == 1
    list(tasks.drain())
    found = client.get("/api/v1/search?q=ferry").json()
    assert {row["source"]["key"] for row in found["passages"]} == {"harbour"}
    other = make_source("The swans are fed at noon.\n", title="Swans")
    assert Source.objects.filter(pk=other.pk).count() == 1
    assert other.pk > max(Source.objects.exclude(pk=other.pk).values_list("pk", flat=True))


def test_it_is_readable(made: Path) -> None:
    held = members(made)
    parking = Source.objects.get(key="parking")
    newest = SourceRevision.objects.filter(source=parking).latest("number")
    assert held[f"sources/parking/{newest.number}.md"].decode() == newest.text
    assert "text: Was kostet ein Bewohnerausweis?" in held["questions/permit.yaml"].decode()
    assert b'<prop type="x-verdict">numbers</prop>' in b"".join(held[n] for n in held if n.startswith("memory/"))
    assert b"Larkmouth" in held["glossary.csv"]


def test_nothing_of_people_leaves(made: Path) -> None:
    """No digest of a visitor, no account, no key."""
    anna = User.objects.create_superuser("anna", "anna@city.example", "larkmouth")
    Source.objects.update(owner=anna)
    _, token = keys.create_server_token("Import of the hall", scopes=["jobs:read"], actor=anna)
    path = made.with_name("with-people.zip")
    knowledge.export_knowledge(path)
    everything = b"".join(members(path).values())
    assert b"owner: anna" in everything
    visitors = list(Feedback.objects.values_list("visitor", flat=True))
    assert len(visitors) == 3
    private = [*visitors, "anna@city.example", anna.password, "Import of the hall", token]
    assert [each for each in private if each.encode() in everything] == []


def test_authors_that_are_known_here_keep_their_work(tmp_path: Path) -> None:
    anna = User.objects.create_superuser("anna")
    build()
    AnswerRevision.objects.update(author=anna)
    path = tmp_path / "knowledge.zip"
    knowledge.export_knowledge(path)
    worlds.leave()
    knowledge.import_knowledge(path)
    assert set(AnswerRevision.objects.values_list("author__username", flat=True)) == {"anna"}


def test_a_number_that_is_taken_gives_passages_keys_of_their_own(made: Path) -> None:
    worlds.leave()

    def renumbered(held: dict[str, bytes]) -> None:
        name = "sources/harbour/source.yaml"
        parking = held["sources/parking/source.yaml"].split(b"\n")[0]
        held[name] = b"\n".join([parking, *held[name].split(b"\n")[1:]])

    knowledge.import_knowledge(rewritten(made, renumbered))
    for passage in Passage.objects.select_related("revision"):
        assert passage.key.startswith(f"p{passage.revision.source_id}-")


def test_a_portal_that_holds_something_is_left_alone(made: Path) -> None:
    count = Question.objects.count()
    with pytest.raises(Conflict, match="not empty"):
        knowledge.import_knowledge(made)
    assert Question.objects.count() == count


def _aliases(held: dict[str, bytes]) -> None:
    held["knowledge.yaml"] = b"a: &a [x, x]\nlocales: [*a, *a]\ntopics: []\n"


def _upload(held: dict[str, bytes]) -> None:
    held["uploads/../../evil"] = b"x"


def _changed(old: bytes, new: bytes) -> Callable[[dict[str, bytes]], None]:
    name = "questions/permit.yaml"

    def change(held: dict[str, bytes]) -> None:
        assert old in held[name]
        held[name] = held[name].replace(old, new)

    return change


BROKEN: dict[str, Callable[[dict[str, bytes]], None]] = {
    "an endless text": _aliases,
    "a member leads out": _upload,
    "a text is gone": lambda held: held.pop("sources/harbour/1.md") and None,
    "a question of nonsense": lambda held: held.update({"questions/permit.yaml": b"[]"}),
    "no YAML": lambda held: held.update({"questions/permit.yaml": b"a: [}"}),
    "a field is gone": _changed(b"state:", b"stat:"),
    "a state that there is not": _changed(b"state: published", b"state: x"),
    "a citation of nothing": _changed(b"source: parking", b"source: nowhere"),
    "a memory that is none": lambda held: held.update({next(n for n in held if n.startswith("memory/")): b"<html/>"}),
    "readers that are none": lambda held: held.update({"readers.json": b"7"}),
}  # fmt: skip


@pytest.mark.parametrize("change", BROKEN.values(), ids=BROKEN)
def test_what_cannot_be_read_is_named_and_nothing_is_imported(made: Path, change: Callable[..., None]) -> None:
    worlds.leave()
    Locale.objects.filter(tag="pl").update(enabled=True)
    with pytest.raises(Invalid):
        knowledge.import_knowledge(rewritten(made, change))
    assert (Source.objects.count(), Question.objects.count(), TranslationUnit.objects.count()) == (0, 0, 0)
    assert Locale.objects.filter(enabled=True).count() == 9


def test_an_archive_that_is_not_as_it_was_written_is_refused(made: Path) -> None:
    worlds.leave()
    other = made.with_name("other.zip")
    with zipfile.ZipFile(made) as old, zipfile.ZipFile(other, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            new.writestr(name, data.replace(b"35 euros", b"99 euros") if name.endswith(".md") else data)
    with pytest.raises(Invalid, match="is not what was written"):
        knowledge.import_knowledge(other)
    made.write_bytes(b"PK nothing")
    with pytest.raises(Invalid):
        knowledge.import_knowledge(made)


def test_only_whoever_may_change_all_of_it_imports(made: Path) -> None:
    worlds.leave()
    with pytest.raises(Forbidden):
        knowledge.import_knowledge(made, person("edith", EDITOR))
    assert Source.objects.count() == 0


def test_the_commands_say_what_went_over(made: Path, capsys: Any, tmp_path: Path) -> None:
    path = tmp_path / "second.zip"
    call_command("export_knowledge", path)
    with pytest.raises(CommandError, match="is there already"):
        call_command("export_knowledge", path)
    worlds.leave()
    call_command("import_knowledge", path)
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith("4 sources, 2 questions, ")
    assert told[1].startswith("4 sources, 2 questions, ")
    with pytest.raises(CommandError, match="not empty"):
        call_command("import_knowledge", path)
