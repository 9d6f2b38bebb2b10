"""The doctor: each trouble is found, named with what to do, and keeps no other look from being taken."""

import json
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection
from django.utils import timezone

from faq.domain import dependencies, doctor, examinations, surroundings
from faq.domain.doctor import Finding, State
from faq.enums import JobKind, JobState
from faq.models import Job, Locale, Phrasing
from tests.faq.factories import make_portal

pytestmark = pytest.mark.django_db
SECRET = "correct-horse-battery-staple-7291-abcdef"


@pytest.fixture(autouse=True)
def healthy(settings: Any, tmp_path: Path) -> Any:
    """A portal with nothing to complain about: a key that cannot be guessed, a home that only its owner opens."""
    settings.SECRET_KEY = SECRET
    settings.ALLOWED_HOSTS = ["localhost"]
    settings.SITE_URL = "http://localhost:8000"
    settings.REDIS_URL = ""
    tmp_path.chmod(0o700)
    database = Path(str(connection.settings_dict["NAME"]))
    if connection.vendor == "sqlite":
        database.chmod(0o600)
    return settings


def found(name: str, **options: Any) -> list[Finding]:
    return [each for each in doctor.examine(**options) if each.name == name]


def states(name: str, **options: Any) -> list[State]:
    return [each.state for each in found(name, **options)]


def test_a_whole_portal_gets_ok_on_every_line() -> None:
    make_portal()
    disk = [each for each in doctor.examine() if each.name != "disk"]  # what this machine has free is no fact of ours
    wanting = [
        each for each in disk if each.state != State.OK and not each.detail.startswith("Nothing runs background")
    ]
    assert wanting == []
    assert {each.name for each in disk} == {
        "settings", "hosts", "secrets", "versions", "database", "index", "migrations", "clock", "jobs", "translation",
        "index integrity",
    }  # fmt: skip


def test_every_line_that_is_not_ok_says_what_to_do(settings: Any) -> None:
    settings.ALLOWED_HOSTS, settings.SECRET_KEY, settings.DEBUG = [], "guess", True
    Job.objects.create(kind=JobKind.INGEST, state=JobState.FAILED, finished_at=timezone.now())
    troubles = [each for each in doctor.examine() if each.state != State.OK]
    assert len(troubles) >= 4
    assert [each for each in troubles if not each.action] == []


@pytest.mark.parametrize(
    ("allowed", "state"), [(["faq.example.org"], State.OK), ([".example.org"], State.OK), (["*"], State.WARN),
                           (["localhost"], State.FAIL), (["faq.example.com"], State.FAIL)],
)  # fmt: skip
def test_the_portal_must_answer_to_its_own_name(settings: Any, allowed: list[str], state: State) -> None:
    settings.SITE_URL, settings.ALLOWED_HOSTS = "https://faq.example.org:8443/help", allowed
    assert states("hosts") == [state]


def test_a_key_that_can_be_guessed_fails_and_is_not_repeated(settings: Any) -> None:
    settings.SECRET_KEY = "swordfish" * 2
    first = found("secrets")[0]
    assert (first.state, "swordfish" in str(first)) == (State.FAIL, False)


@pytest.mark.parametrize(
    ("home", "mode", "state"),
    [
        (0o755, 0o600, State.OK), (0o755, 0o640, State.WARN), (0o755, 0o604, State.WARN),
        (0o700, 0o644, State.OK), (0o750, 0o604, State.OK), (0o750, 0o640, State.WARN),
    ],
)  # fmt: skip
def test_the_secret_key_is_its_owners_alone(tmp_path: Path, home: int, mode: int, state: State) -> None:
    tmp_path.chmod(home)
    kept = tmp_path / "secret_key"
    kept.write_text(SECRET)
    kept.chmod(mode)
    assert states("secrets") == [state]


def test_a_home_that_anybody_may_write_fails(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    assert State.FAIL in states("secrets")
    tmp_path.chmod(0o700)


def test_packages_that_are_missing_or_old_are_named(tmp_path: Path, settings: Any) -> None:
    (tmp_path / "requirements.txt").write_text(
        "# ours\nDjango>=5.2\nDjango>=99  # newer\nnot-there-at-all>=1\n-r other\n"
    )
    settings.BASE_DIR = tmp_path
    said = found("versions")[0]
    assert said.state == State.FAIL
    assert "Django (" in said.detail
    assert "not-there-at-all (missing)" in said.detail


def test_an_old_database_server_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examinations, "OLDEST_SQLITE", (99, 0))
    monkeypatch.setattr(examinations, "OLDEST_POSTGRESQL", 99)
    assert [(each.state, "99" in each.action) for each in found("versions")[1:]] == [(State.FAIL, True)]


def test_migrations_that_have_not_run_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dependencies, "unapplied_migrations", lambda: ["faq.0099_later"])
    said = found("migrations")[0]
    assert (said.state, "faq.0099_later" in said.detail) == (State.FAIL, True)


@pytest.mark.parametrize(
    ("free", "state"), [(surroundings.LEAST_BYTES - 1, State.FAIL), (surroundings.FEW_BYTES - 1, State.WARN),
                        (surroundings.FEW_BYTES + 10**9, State.OK)],
)  # fmt: skip
def test_a_disk_that_fills_warns_before_it_fails(monkeypatch: pytest.MonkeyPatch, free: int, state: State) -> None:
    monkeypatch.setattr(
        surroundings.shutil, "disk_usage", lambda path: type("Usage", (), {"free": free, "total": 10**12, "used": 0})
    )
    assert states("disk") == [state]


def test_what_was_written_in_the_future_tells_of_a_clock_that_was_wrong() -> None:
    job = Job.objects.create(kind=JobKind.INGEST, state=JobState.SUCCEEDED)
    assert states("clock") == [State.OK]
    Job.objects.filter(pk=job.pk).update(created_at=timezone.now() + timedelta(hours=1))
    assert states("clock") == [State.WARN]


def test_a_server_whose_clock_differs_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(surroundings, "others", lambda: iter([("Redis", -40.0), ("the database", 0.2)]))
    said = found("clock")[0]
    assert (said.state, said.detail) == (State.WARN, "The clocks disagree: that of Redis differs by -40 s.")


def test_jobs_that_wait_long_and_jobs_that_failed_are_counted() -> None:
    job = Job.objects.create(kind=JobKind.INGEST)
    Job.objects.filter(pk=job.pk).update(created_at=timezone.now() - timedelta(minutes=11))
    Job.objects.create(kind=JobKind.INGEST)
    Job.objects.create(kind=JobKind.INGEST, state=JobState.FAILED, finished_at=timezone.now() - timedelta(hours=2))
    Job.objects.create(kind=JobKind.INGEST, state=JobState.FAILED, finished_at=timezone.now() - timedelta(hours=30))
    assert [each.detail for each in found("jobs")] == [
        "1 have waited for more than 10 minutes.",
        "1 failed since yesterday.",
    ]


def test_languages_without_a_package_and_broken_packages_are_named(tmp_path: Path, settings: Any) -> None:
    settings.POLYFAQ = settings.POLYFAQ | {"TRANSLATION_ENGINE": "translation.argos.ArgosEngine"}
    Locale.objects.exclude(tag__in=["en", "de", "fr"]).update(enabled=False)
    Locale.objects.filter(tag="fr").update(policy="off")
    (tmp_path / "argos" / "half").mkdir(parents=True)
    (tmp_path / "argos" / ".partial").mkdir()
    assert [each.detail for each in found("translation")] == [
        "Packages that cannot be read: half.",
        "There is no package from en into de: readers see the originals.",
    ]


def test_an_index_that_differs_from_the_database_is_told_unless_it_shall_be_quick() -> None:
    make_portal()
    assert states("index integrity") == [State.OK]
    Phrasing.objects.filter(canonical=True, locale_id="en").update(text="What is the price of a resident permit?")
    assert [(each.state, each.action) for each in found("index integrity")] == [
        (State.WARN, "`manage.py index --sync`")
    ]
    assert found("index integrity", integrity=False) == []


def test_a_dead_cache_and_a_dead_broker_are_told_without_their_passwords(settings: Any) -> None:
    settings.REDIS_URL = settings.CELERY_BROKER_URL = "redis://:hunter2@127.0.0.1:1/0"
    said = [each for name in ("cache", "broker") for each in found(name)]
    assert [(each.name, each.state) for each in said] == [("cache", State.FAIL), ("broker", State.FAIL)]
    assert "hunter2" not in str(said)


def test_one_look_that_goes_wrong_keeps_no_other_from_being_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> list[str]:
        raise OperationalError("no such table: parking permits of Jane Doe")

    monkeypatch.setattr(dependencies, "unapplied_migrations", broken)
    said = list(doctor.examine())
    assert [each.state for each in said if each.name == "migrations"] == [State.FAIL]
    assert said[-1].name == "index integrity"
    assert "Jane Doe" not in str(said)


@pytest.fixture
def command() -> Callable[..., tuple[str, int]]:
    """Output and exit status."""

    def run(**options: Any) -> tuple[str, int]:
        out = StringIO()
        try:
            call_command("doctor", stdout=out, no_color=True, **options)
        except SystemExit as ended:
            return out.getvalue(), int(str(ended.code))
        return out.getvalue(), 0

    return run


def test_the_command_ends_with_1_when_something_fails_and_0_when_it_only_warns(
    command: Callable[..., tuple[str, int]], settings: Any
) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    out, code = command(quick=True)
    assert (code, "warn  hosts: Any host name is answered to." in out) == (0, True)
    assert "      → List the portal's own names in POLYFAQ_ALLOWED_HOSTS, or unset it." in out
    settings.ALLOWED_HOSTS = ["elsewhere.example"]
    assert command(quick=True)[1] == 1


def test_programs_get_the_same_as_json(command: Callable[..., tuple[str, int]], settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["elsewhere.example"]
    out, code = command(json=True)
    said = json.loads(out)
    assert (code, said["state"]) == (1, "fail")
    assert [each["state"] for each in said["findings"] if each["name"] == "hosts"] == ["fail"]
    assert all(set(each) == {"name", "state", "detail", "action"} for each in said["findings"])
