"""Processes without a port show that they are alive, and a health check sees it."""

import logging
import os
import time
from pathlib import Path

import pytest
from celery.beat import ScheduleEntry
from celery.signals import heartbeat_sent

from portal import alive
from portal.beat import AliveScheduler
from portal.celery import app


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(alive.VARIABLE, str(tmp_path / "alive"))
    return tmp_path / "alive"


def test_a_workers_heartbeat_is_a_sign_of_life(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (alive.main(), "No such file or directory" in capsys.readouterr().err) == (1, True)
    heartbeat_sent.send(sender=None)
    assert (alive.main(), file.exists()) == (0, True)


def test_a_timer_that_looks_at_what_is_due_is_alive(file: Path) -> None:
    assert app.conf.beat_scheduler == "portal.beat:AliveScheduler"
    AliveScheduler(app, schedule={}, lazy=True).tick()
    assert (alive.main(), file.exists()) == (0, True)


def test_a_broker_that_is_away_costs_the_timer_one_line(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refused(*args: object, **options: object) -> None:
        raise ConnectionRefusedError("connection refused")

    monkeypatch.setattr(app, "send_task", refused)
    timer = AliveScheduler(app, schedule={}, lazy=True)
    with caplog.at_level(logging.WARNING):
        timer.apply_entry(ScheduleEntry("sweep", "not.here", schedule=10.0, app=app))
    told = [(each.name, each.exc_info, each.getMessage()) for each in caplog.records]
    assert told == [
        ("portal.beat", None, "sweep was not sent: Couldn't apply scheduled task sweep: connection refused")
    ]


def test_an_old_sign_is_none(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    alive.touch()
    long_ago = time.time() - alive.SECONDS - 10
    os.utime(file, (long_ago, long_ago))
    assert (alive.main(), "no sign of life for 19" in capsys.readouterr().err) == (1, True)


def test_without_the_variable_nothing_is_written_and_the_check_says_so(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(alive.VARIABLE)
    alive.touch()
    assert (alive.main(), file.exists(), "names no file" in capsys.readouterr().err) == (1, False, True)
