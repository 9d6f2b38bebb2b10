"""A killed process and a full disk in the middle of publishing, indexing and keeping uploads: readers see what was
published, whole; what was begun is done by the next start, or is as if it had never begun."""

import json
from pathlib import Path
from typing import Any

from tests.faq.factories import PARKING
from tests.faq.processes import COST, KILL, home, migrated, populated, python, run

__all__ = ["home", "migrated", "populated"]

HELPERS = f"""
import io, json, os
from django.db import connections
from django.test import Client
from faq.domain import answers, indexing, publication, sources, uploads
from faq.domain.answers import revisions
from faq.domain.sources import intake
from faq.errors import DomainError
from faq.gateways import retrieval
from faq.models import *
from retrieval.backends.embedded import EmbeddedBackend
from tests.faq.factories import citation

die = {KILL}

def killed(work, *places):
    \"\"\"Whether a child of this process died of SIGKILL in `work`, at the first of these places: (object, name).\"\"\"
    connections.close_all()
    retrieval.reset()
    child = os.fork()
    if child == 0:
        for thing, name in places:
            getattr(thing, name)
            setattr(thing, name, die)
        work()
        os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])

def source():
    return Source.objects.get(path="/kb/a.md")

def revise():
    sources.revise_content(source(), text={PARKING.replace("30 euros", "40 euros")!r})

def state():
    out, here = io.StringIO(), source()
    call_command("ask", "What does a permit cost?", json=True, stdout=out)
    live = here.published_revision
    page = Client().get("/en/questions/what-does-a-permit-cost/", headers={{"host": "localhost"}})
    return {{
        "state": here.state,
        "live": live.number if live else None,
        "passages": live.passages.count() if live else 0,
        "cited": [row.passage.revision.number for row in Citation.objects.all()],
        "page": [page.status_code, "30 euros" in page.content.decode(), "40 euros" in page.content.decode()],
        "quotes": [row["quote"] for row in json.loads(out.getvalue())["citations"]],
        "waiting": Job.objects.filter(state__in=["queued", "running"], kind="sync_index").count(),
        "index": indexing.check().clean,
    }}

def restart():
    Job.objects.update(heartbeat_at=None)  # it is long since a process had it
    call_command("worker", once=True)

def tell(*what):
    print(json.dumps(what))
"""
OLD = {
    "state": "published", "live": 1, "passages": 2, "cited": [1], "page": [200, True, False], "quotes": [COST],
    "waiting": 0, "index": True,
}  # fmt: skip


def told(home: Path, code: str, *, file_bytes: int = 0) -> Any:
    """What the code tells, run with the helpers."""
    return run(home, HELPERS + code, file_bytes=file_bytes)


class TestPublishing:
    def test_killed_before_the_commit_readers_see_the_old_revision_whole(self, home: Path) -> None:
        code = """
revise()
places = [
    (publication, "live_citations"), (publication, "_follow_title"), (publication, "_is_table"),
    (publication.audit, "record"), (publication.signals.source_published, "send"), (publication, "_index_after_commit"),
    (publication.jobs.Job.objects, "create"),
]
found = [(killed(lambda: publication.publish_source(source()), place), state()) for place in places]
publication.publish_source(source())
tell(found, state()["live"])
"""
        found, live = told(home, code)
        assert (found, live) == ([[True, OLD]] * 7, 2)

    def test_killed_between_commit_and_index_nobody_sees_old_text_and_the_next_start_indexes(self, home: Path) -> None:
        code = """
revise()
died = killed(lambda: publication.publish_source(source()), (indexing, "sync_sources"))
between = state()
restart()
tell(died, between, state())
"""
        died, between, after = told(home, code)
        assert (died, between["live"], between["passages"], between["waiting"], between["index"]) == (
            True,
            2,
            2,
            1,
            False,
        )
        assert (between["page"][1], "30 euros" in json.dumps(between["quotes"])) == (False, False)
        assert (after["live"], after["waiting"], after["index"]) == (2, 0, True)

    def test_killed_while_retiring_the_source_stays_or_is_gone_whole(self, home: Path) -> None:
        code = """
retire = lambda: publication.retire_source(source())
early = killed(retire, (publication.audit, "record")), state()
late = killed(retire, (indexing, "sync_sources")), state()
restart()
tell(early, late, state()["index"])
"""
        early, (died, late), whole = told(home, code)
        assert (early, died, whole) == ([True, OLD], True, True)
        assert (late["state"], late["live"], late["quotes"], late["page"][1]) == ("retired", None, [], False)

    def test_killed_while_an_answer_is_published_the_one_before_stays(self, home: Path) -> None:
        code = f"""
row = citation(Citation.objects.get().passage, {COST!r})
draft = answers.save_revision(Question.objects.get(), locale="en", text="Thirty euros. [1]", citations=[row])
publish = lambda: answers.publish_revision(draft)
found = [killed(publish, (revisions, name)) for name in ("_retire_overtaken", "tell")]
whole = state()
publish()
tell(found, whole, AnswerRevision.objects.get(state="published").text)
"""
        found, whole, text = told(home, code)
        assert (found, whole | {"cited": [1]}, text) == ([True, True], OLD, "Thirty euros. [1]")


class TestIndexSwitch:
    def test_killed_at_any_step_readers_are_answered_and_the_next_rebuild_ends_well(self, home: Path) -> None:
        code = """
indexing.rebuild()
found = []
for step in ("create", "upsert", "complete", "activate", "drop"):
    died = killed(indexing.rebuild, (EmbeddedBackend, step))
    between = state()
    indexing.rebuild()
    found.append([died, between, state()])
tell(*found)
"""
        assert told(home, code) == [[True, OLD, OLD]] * 5

    def test_an_index_file_that_is_lost_is_told_with_the_command_that_makes_it_again(self, home: Path) -> None:
        for path in home.glob("index.sqlite3*"):
            path.unlink()
        code = """
lost, out, status = state(), io.StringIO(), 0
try:
    call_command("index", check=True, stdout=out)
except SystemExit as ended:
    status = ended.code
indexing.rebuild()
tell(lost, status, out.getvalue(), state())
"""
        lost, status, said, after = told(home, code)
        assert (lost["page"], lost["quotes"], lost["index"]) == ([200, True, False], [COST], False)
        assert (status, "Run `manage.py index --" in said, after) == (1, True, OLD)

    def test_an_index_file_that_is_broken_is_told_with_the_command_that_makes_it_again(self, home: Path) -> None:
        for path in home.glob("index.sqlite3-*"):
            path.unlink()
        (home / "index.sqlite3").write_bytes(b"no database at all " * 500)
        code = """
try:
    call_command("index", check=True)
except Exception as error:
    said = str(error)
page = Client().get("/en/ask/?q=What+does+a+permit+cost", headers={"host": "localhost"})
retrieval.reset()
call_command("index", rebuild=True, stdout=io.StringIO())
tell(said, page.status_code, "30 euros" in page.content.decode(), state())
"""
        said, status, answered, after = told(home, code)
        assert ("manage.py index --rebuild" in said, status, answered, after) == (True, 200, True, OLD)


class TestFullDisk:
    LONG = "\n\n".join(
        f"# Part {n}\n\nRule {n} says that item {n} costs {n} euros a year in the city." for n in range(1500)
    )

    def test_in_ingest_the_file_is_named_the_others_stay_and_later_it_comes_in(
        self, home: Path, tmp_path: Path
    ) -> None:
        kb = tmp_path / "kb"
        kb.mkdir()
        (kb / "long.md").write_text(self.LONG)
        ingest = f"call_command('ingest', {str(kb)!r}, locale='en', publish=True, json=True, no_wait=True)"
        done = python(home, ingest, file_bytes=100_000)
        report = json.loads(done.stdout.strip().splitlines()[-1])
        assert (done.returncode, report["added"], [Path(each["path"]).name for each in report["failed"]]) == (
            1, 0, ["long.md"],
        )  # fmt: skip
        assert "Nothing of it was kept" in report["failed"][0]["reason"]
        assert told(home, "tell(state())") == [OLD]
        assert run(home, ingest)["added"] == 1
        assert told(home, "tell(state())") == [OLD]

    def test_in_the_index_what_was_published_is_published_and_the_next_start_indexes_it(self, home: Path) -> None:
        add = f"""
sources.add_source(title="Rules", locale="en", text={self.LONG!r}, kind="text")
tell()
"""
        told(home, add)
        publish = """
rules = publication.publish_source(Source.objects.get(title="Rules"))
tell(rules.state, list(Job.objects.filter(kind="sync_index").values_list("state", "error")))
"""
        published, waiting = told(home, publish, file_bytes=100_000)
        assert (published, [job[0] for job in waiting]) == ("published", ["queued"])
        assert "disk" in waiting[0][1]
        between, after = told(home, "between = state()\nrestart()\ntell(between, state())")
        assert (between, after) == (OLD | {"waiting": 1, "index": False}, OLD)

    def test_in_a_rebuild_the_index_in_use_stays_in_use(self, home: Path) -> None:
        add = f"""
publication.publish_source(sources.add_source(title="Rules", locale="en", text={self.LONG!r}, kind="text"))
tell()
"""
        told(home, add)
        rebuild = """
try:
    indexing.rebuild()
except DomainError as error:
    tell(error.status, str(error))
"""
        status, message = told(home, rebuild, file_bytes=100_000)
        assert (status, "disk" in message) == (503, True)
        assert told(home, "between = state()\nindexing.rebuild()\ntell(between, state())") == [OLD, OLD]


class TestUploads:
    GIVE = f"""
def give(text="Upload."):
    data = {PARKING!r} + text
    return sources.add_source(title="", locale="en", data=data.encode(), filename="up.md", kind="file")

def files():
    from pathlib import Path
    from django.conf import settings
    root = Path(settings.MEDIA_ROOT)
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())
"""

    def test_killed_before_its_source_is_written_a_file_is_of_nobody_and_swept(self, home: Path) -> None:
        code = """
half = killed(give, (uploads.os, "fsync")), [name.rsplit("/", 1)[1][0] for name in files()]
alone = killed(lambda: give("Another."), (intake, "_store")), len(files())
count = Source.objects.count()
kept = str(give().upload)
young = uploads.sweep()
uploads.GRACE_SECONDS = -5
tell(half, alone, count, young, uploads.sweep(), files() == [kept], Source.objects.count())
"""
        assert told(home, self.GIVE + code) == [[True, ["."]], [True, 2], 1, 0, 2, True, 2]

    def test_a_full_disk_is_told_with_the_file_and_leaves_nothing(self, home: Path) -> None:
        code = """
try:
    give("Upload. " * 20_000)
except DomainError as error:
    tell(error.status, str(error), files())
"""
        status, message, files = told(home, self.GIVE + code, file_bytes=100_000)
        assert (status, message.startswith("up.md could not be kept in "), "free space" in message, files) == (
            503, True, True, [],
        )  # fmt: skip
        assert told(home, "tell(state())") == [OLD]


def test_a_first_start_needs_nothing_and_a_service_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert python(tmp_path, "call_command('check')").returncode == 0
    wrong = "import os; os.environ['POLYFAQ_EMBEDDER']='nowhere.Embedder'\nfrom django.conf import settings\n"
    wrong += "settings.POLYFAQ['EMBEDDER'] = 'nowhere.Embedder'\ncall_command('check')"
    done = python(tmp_path, wrong)
    assert (done.returncode, "polyfaq.E004" in done.stderr, "'nowhere.Embedder'" in done.stderr) == (1, True, True)
