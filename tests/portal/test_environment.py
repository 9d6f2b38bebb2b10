"""Every variable is typed: a wrong value stops the start and says which variable, and what it takes. A misspelt one is told."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from faq.checks import check_settings
from portal import environment as env

Read = Callable[[], Any]
NAME = "POLYFAQ_TRIED"
PASSWORD = "hunter2-hunter2"

RIGHT: list[tuple[Read, str, Any]] = [
    (lambda: env.text(NAME, "d"), "  x ", "x"),
    (lambda: env.text(NAME, "d"), "", "d"),
    (lambda: env.boolean(NAME, False), "Yes", True),
    (lambda: env.boolean(NAME, True), "off", False),
    (lambda: env.boolean(NAME, True), "", True),
    (lambda: env.integer(NAME, 5, 1, 9), "9", 9),
    (lambda: env.words(NAME), "a, b\tc", ["a", "b", "c"]),
    (lambda: env.hosts(NAME, ""), "faq.example.org .example.org [::1]", ["faq.example.org", ".example.org", "[::1]"]),
    (lambda: env.choice(NAME, "INFO", ("INFO", "ERROR")), "error", "ERROR"),
    (lambda: env.dotted(NAME, "a.B"), "my.module.Engine", "my.module.Engine"),
    (lambda: env.dotted(NAME, "a.B", none=True), "none", ""),
    (lambda: env.dotted(NAME, "a.B", none=True), "", ""),
    (lambda: env.address(NAME), "https://faq.example.org/help/", "https://faq.example.org/help"),
    (lambda: env.origins(NAME), "https://a.org/ https://*.b.org", ["https://a.org", "https://*.b.org"]),
    (lambda: env.server(NAME, ("redis",), "redis://h"), "redis://:p@h:6379/0", "redis://:p@h:6379/0"),
    (lambda: env.server(NAME, ("unix",), "unix:///s"), "unix:///run/redis.sock", "unix:///run/redis.sock"),
    (lambda: env.time_zone(NAME, "UTC"), "Europe/Berlin", "Europe/Berlin"),
    (lambda: env.rate(NAME, "120/min"), "5/s", "5/s"),
]  # fmt: skip


@pytest.mark.parametrize(("read", "value", "expected"), RIGHT, ids=range(len(RIGHT)))
def test_a_right_value_is_read(monkeypatch: pytest.MonkeyPatch, read: Read, value: str, expected: Any) -> None:
    monkeypatch.setenv(NAME, value)
    assert read() == expected


WRONG: list[tuple[Read, str, str]] = [
    (lambda: env.boolean(NAME, False), "maybe", "yes"),
    (lambda: env.integer(NAME, 5, 1, 9), "ten", "from 1 to 9, such as 5"),
    (lambda: env.integer(NAME, 5, 1, 9), "10", "from 1 to 9, such as 5"),
    (lambda: env.integer(NAME, 5, 1, 9), "5.5", "from 1 to 9, such as 5"),
    (lambda: env.hosts(NAME, ""), "https://faq.example.org", "faq.example.org"),
    (lambda: env.choice(NAME, "INFO", ("INFO", "ERROR")), "loud", "INFO, ERROR"),
    (lambda: env.dotted(NAME, "a.b.C"), "starter", "a.b.C"),
    (lambda: env.dotted(NAME, "a.b.C"), "../a.b", "a.b.C"),
    (lambda: env.address(NAME), "faq.example.org", "https://faq.example.org"),
    (lambda: env.address(NAME), "https://:port", "https://faq.example.org"),
    (lambda: env.address(NAME), "https://host:x", "https://faq.example.org"),
    (lambda: env.origins(NAME), "faq.example.org", "https://faq.example.org"),
    (lambda: env.origins(NAME), "https://faq.example.org/en/", "https://faq.example.org"),
    (lambda: env.server(NAME, ("redis",), "redis://host:6379/0"), f"http://:{PASSWORD}@h", "redis://host:6379/0"),
    (lambda: env.server(NAME, ("redis",), "redis://host:6379/0"), f"{PASSWORD}", "redis://host:6379/0"),
    (lambda: env.server(NAME, ("redis",), "redis://host:6379/0"), f"redis://:{PASSWORD}@h:x", "redis://host:6379/0"),
    (lambda: env.time_zone(NAME, "UTC"), "Mars/Phobos", "Europe/Berlin"),
    (lambda: env.time_zone(NAME, "UTC"), "../../etc/passwd", "Europe/Berlin"),
    (lambda: env.time_zone(NAME, "UTC"), "Europe", "Europe/Berlin"),
    (lambda: env.rate(NAME, "120/min"), "120", "120/min"),
    (lambda: env.rate(NAME, "120/min"), "0/min", "120/min"),
    (lambda: env.directory(NAME, Path("x")), "/dev/null/x", "/var/lib/polyfaq"),
    (lambda: env.database(NAME, Path("x")), f"mysql://u:{PASSWORD}@h/d", "postgresql://"),
    (lambda: env.database(NAME, Path("x")), f"postgresql://u:{PASSWORD}@h", "postgresql://"),
    (lambda: env.database(NAME, Path("x")), f"postgresql://u:{PASSWORD}@h/d?nonsense=1", "postgresql://"),
]  # fmt: skip


@pytest.mark.parametrize(("read", "value", "example"), WRONG, ids=range(len(WRONG)))
def test_a_wrong_value_is_an_error_with_name_and_example(
    monkeypatch: pytest.MonkeyPatch, read: Read, value: str, example: str
) -> None:
    monkeypatch.setenv(NAME, value)
    with pytest.raises(ImproperlyConfigured) as caught:
        read()
    message = str(caught.value)
    assert (NAME in message, example in message, PASSWORD in message) == (True, True, False), message


class TestFiles:
    def test_a_value_may_stand_in_a_file(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        (tmp_path / "secret").write_text("kept\n")
        monkeypatch.setenv(f"{NAME}_FILE", str(tmp_path / "secret"))
        assert env.text(NAME) == "kept"

    def test_a_file_that_is_missing_is_named(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv(f"{NAME}_FILE", str(tmp_path / "nothing"))
        with pytest.raises(ImproperlyConfigured, match=r"POLYFAQ_TRIED_FILE .*nothing.*No such file"):
            env.text(NAME)

    def test_a_file_that_is_no_text_is_named(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        (tmp_path / "secret").write_bytes(b"\xff\xfe\x00")
        monkeypatch.setenv(f"{NAME}_FILE", str(tmp_path / "secret"))
        with pytest.raises(ImproperlyConfigured, match=r"POLYFAQ_TRIED_FILE .* not UTF-8"):
            env.text(NAME)

    def test_two_values_are_one_too_many(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        (tmp_path / "secret").write_text("one")
        monkeypatch.setenv(f"{NAME}_FILE", str(tmp_path / "secret"))
        monkeypatch.setenv(NAME, "two")
        with pytest.raises(ImproperlyConfigured, match=r"Both POLYFAQ_TRIED and POLYFAQ_TRIED_FILE"):
            env.text(NAME)


class TestDatabase:
    def test_a_url_in_full(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(NAME, "postgresql://me:p%40ss@db.example.org:5433/faq?sslmode=require&connect_timeout=5")
        found = env.database(NAME, Path("x"))
        assert {name: found[name] for name in ("NAME", "USER", "PASSWORD", "HOST", "PORT", "OPTIONS")} == {
            "NAME": "faq", "USER": "me", "PASSWORD": "p@ss", "HOST": "db.example.org", "PORT": "5433",
            "OPTIONS": {"sslmode": "require", "connect_timeout": "5"},
        }  # fmt: skip

    @pytest.mark.parametrize("url", ["postgresql://%2Frun%2FPost/faq", "postgresql:///faq?host=/run/Post"])
    def test_a_socket_keeps_its_case(self, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
        monkeypatch.setenv(NAME, url)
        found = env.database(NAME, Path("x"))
        assert (found["HOST"], found["NAME"], found["PASSWORD"]) == ("/run/Post", "faq", "")


class TestUnknown:
    @pytest.fixture(autouse=True)
    def only_these(self, monkeypatch: pytest.MonkeyPatch) -> None:
        import os

        for name in os.environ:
            if name.startswith("POLYFAQ_"):
                monkeypatch.delenv(name)

    def test_what_nothing_reads_is_told_with_what_was_meant(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("POLYFAQ_SITE_NAM", "x")
        monkeypatch.setenv("POLYFAQ_ZZZZ", "x")
        monkeypatch.setenv("POLYFAQ_SITE_NAME", "x")
        monkeypatch.setenv("POLYFAQ_EMBEDDER_KEY_FILE", "x")
        assert env.unknown() == {"POLYFAQ_SITE_NAM": "POLYFAQ_SITE_NAME", "POLYFAQ_ZZZZ": ""}

    def test_a_check_warns_of_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("POLYFAQ_SITE_NAM", "x")
        found = [
            (message.id, message.msg, message.hint) for message in check_settings() if message.id == "polyfaq.W003"
        ]
        assert found == [
            ("polyfaq.W003", "POLYFAQ_SITE_NAM is set, and Polyfaq knows no such variable.", "Did you mean POLYFAQ_SITE_NAME?")
        ]  # fmt: skip

    def test_nothing_is_said_of_what_exists(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("POLYFAQ_HSTS_SECONDS", "60")
        assert env.unknown() == {}
