"""Every variable is typed: a wrong value stops the start and says which variable, and what it takes. A misspelt one is told."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from redis import Redis

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

    def test_connections_are_kept_for_a_minute_and_bounded_by_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(NAME, "postgresql://db/faq")
        found = env.database(NAME, Path("x"))
        assert (found["CONN_MAX_AGE"], found["OPTIONS"]) == (60, {})

    def test_a_pool_takes_the_place_of_kept_connections(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(NAME, "postgresql://db/faq")
        found = env.database(NAME, Path("x"), env.Session(pool=8))
        assert (found["CONN_MAX_AGE"], found["OPTIONS"]) == (0, {"pool": {"min_size": 1, "max_size": 8, "timeout": 10}})

    def test_bounds_join_the_options_of_the_url(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(NAME, "postgresql://db/faq?options=-c%20work_mem%3D8MB")
        found = env.database(NAME, Path("x"), env.Session(statement_seconds=15, lock_seconds=5))
        assert found["OPTIONS"] == {"options": "-c work_mem=8MB -c statement_timeout=15s -c lock_timeout=5s"}

    def test_the_variables_are_read(self, monkeypatch: pytest.MonkeyPatch) -> None:
        given = {"POOL": "8", "STATEMENT_SECONDS": "15", "LOCK_SECONDS": "5", "PASSWORD": PASSWORD}
        for name, value in given.items():
            monkeypatch.setenv(f"TRIED_{name}", value)
        assert env.session("TRIED_") == env.Session(PASSWORD, 8, 15, 5)


class TestPasswords:
    """A secret's file holds no more than the secret; the address is no secret."""

    def test_of_the_database(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(NAME, "postgresql://me@db/faq")
        assert env.database(NAME, Path("x"), env.Session(password="p@ss/:"))["PASSWORD"] == "p@ss/:"

    @pytest.mark.parametrize(
        ("url", "expected"),
        [
            ("redis://host:6379/0", "redis://:p%40ss%2F%3A@host:6379/0"),
            ("rediss://me@host/1?ssl_cert_reqs=none", "rediss://me:p%40ss%2F%3A@host/1?ssl_cert_reqs=none"),
            ("unix:///run/redis.sock?db=1", "unix://:p%40ss%2F%3A@/run/redis.sock?db=1"),
            ("", ""),
        ],
    )
    def test_of_a_server_from_a_file(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, url: str, expected: str
    ) -> None:
        (tmp_path / "secret").write_text("p@ss/:\n")
        monkeypatch.setenv(NAME, url)
        monkeypatch.setenv("TRIED_PASSWORD_FILE", str(tmp_path / "secret"))
        found = env.server(NAME, ("redis", "rediss", "unix"), "redis://h", credential="TRIED_PASSWORD")
        assert found == expected
        if found:
            assert Redis.from_url(found).connection_pool.connection_kwargs["password"] == "p@ss/:"

    def test_two_are_one_too_many_and_neither_is_repeated(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TRIED_PASSWORD", PASSWORD)
        monkeypatch.setenv(NAME, f"redis://:{PASSWORD}@host/0")
        with pytest.raises(ImproperlyConfigured, match=r"^Both POLYFAQ_TRIED and TRIED_PASSWORD hold") as of_server:
            env.server(NAME, ("redis",), "redis://h", credential="TRIED_PASSWORD")
        monkeypatch.setenv(NAME, f"postgresql://me:{PASSWORD}@db/faq")
        with pytest.raises(
            ImproperlyConfigured, match=r"^Both POLYFAQ_TRIED and DATABASE_PASSWORD hold"
        ) as of_database:
            env.database(NAME, Path("x"), env.Session(password=PASSWORD))
        assert [PASSWORD in str(error.value) for error in (of_server, of_database)] == [False, False]


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
