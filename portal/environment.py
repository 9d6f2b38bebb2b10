"""Typed reading of environment variables, with errors that say which variable, what is wrong, and what it takes.

Every reader accepts `NAME_FILE` in place of `NAME`: the path of a file that holds the value (container secrets). The names
that were asked for are remembered, so that a misspelt `POLYFAQ_…` can be told from one that exists. An empty value is
no value: the default holds. No message repeats the value of a variable that may hold a password.
"""

import difflib
import ipaddress
import os
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit
from zoneinfo import ZoneInfo

from django.core.exceptions import ImproperlyConfigured

PREFIX = "POLYFAQ_"
TRUE = {"1", "true", "yes", "on"}
FALSE = {"0", "false", "no", "off"}
SQLITE_OPTIONS = {
    "timeout": 20,
    # A transaction takes the write lock when it begins: it waits its turn then, and never fails in the middle.
    "transaction_mode": "IMMEDIATE",
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;"
    " PRAGMA cache_size=-16000; PRAGMA temp_store=MEMORY;",
}
_asked: set[str] = set()


def text(name: str, default: str = "") -> str:
    """The variable's value, or what the file named by `NAME_FILE` holds, stripped; `default` when neither says anything."""
    _asked.add(name)
    path, value = os.environ.get(f"{name}_FILE", ""), os.environ.get(name, "").strip()
    if not path:
        return value or default
    if value:
        raise ImproperlyConfigured(f"Both {name} and {name}_FILE are set. Leave one of them out.")
    try:
        return Path(path).read_text(encoding="utf-8").strip() or default
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise ImproperlyConfigured(
            f"{name}_FILE names {path!r}, which cannot be read: {reason}. It takes the path of a file that holds the"
            f" value of {name}, such as /run/secrets/{name.lower()}."
        ) from error


def boolean(name: str, default: bool) -> bool:
    value = text(name, str(default)).lower()
    if value in TRUE | FALSE:
        return value in TRUE
    raise ImproperlyConfigured(f"{name} is {value!r}; it takes 1, true, yes, on or 0, false, no, off.")


def integer(name: str, default: int, low: int = 0, high: int = 2**31 - 1) -> int:
    value = text(name, str(default))
    try:
        number = int(value)
    except ValueError:
        number = low - 1
    if not low <= number <= high:
        raise ImproperlyConfigured(
            f"{name} is {value!r}; it takes a whole number from {low} to {high}, such as {default}."
        )
    return number


def words(name: str, default: str = "") -> list[str]:
    """A list separated by commas or white space."""
    return text(name, default).replace(",", " ").split()


def hosts(name: str, default: str) -> list[str]:
    """Host names as browsers send them: no scheme, no path."""
    found = words(name, default)
    for value in found:
        if "/" in value:
            raise ImproperlyConfigured(
                f"{name} holds {value!r}; it takes host names, separated by blanks, such as faq.example.org .example.org."
            )
    return found


def networks(name: str) -> list[str]:
    """Addresses and networks, `10.0.0.0/8 ::1`, as CIDR."""
    found = []
    for value in words(name):
        try:
            found.append(str(ipaddress.ip_network(value)))
        except ValueError:
            raise ImproperlyConfigured(
                f"{name} holds {value!r}; it takes addresses and networks, separated by blanks, such as 127.0.0.1 10.0.0.0/8."
            ) from None
    return found


def choice(name: str, default: str, choices: Collection[str]) -> str:
    """One of the choices, in whatever case it is written."""
    value = text(name, default).upper()
    if value not in choices:
        raise ImproperlyConfigured(f"{name} is {value!r}; it takes one of {', '.join(choices)}.")
    return value


def directory(name: str, default: Path) -> Path:
    """An absolute path of a directory, made when it is missing."""
    path = Path(text(name) or default).expanduser().resolve()
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(
            f"{name} is {str(path)!r}, which cannot be used as a directory: {error.strerror}. It takes a directory that this"
            " user may write, such as /var/lib/polyfaq."
        ) from error
    return path


def path(name: str, default: Path) -> Path:
    """An absolute path."""
    return Path(text(name) or default).expanduser().resolve()


def dotted(name: str, default: str, *, none: bool = False) -> str:
    """A dotted path of a class. With `none`, the word `none` or an empty value stands for no service: an empty string."""
    value = text(name, default)
    if none and (value.lower() == "none" or os.environ.get(name) == ""):
        return ""
    if not re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+", value):
        word = ", or none" if none else ""
        raise ImproperlyConfigured(
            f"{name} is {value!r}; it takes a class as package.module.Class, such as {default}{word}."
        )
    return value


def address(name: str, default: str = "", *, example: str = "https://faq.example.org") -> str:
    """An http or https address without its last slash; empty only when the default is."""
    value = text(name, default).rstrip("/")
    parts = _split(name, value, example)
    if value and (parts.scheme not in {"http", "https"} or not parts.hostname):
        raise ImproperlyConfigured(f"{name} is {value!r}; it takes an address such as {example}.")
    return value


def origins(name: str) -> list[str]:
    """Origins: scheme and host, no path."""
    found = words(name)
    for value in found:
        parts = _split(name, value, "https://faq.example.org")
        if parts.scheme not in {"http", "https"} or not parts.netloc or parts.path.strip("/"):
            raise ImproperlyConfigured(
                f"{name} holds {value!r}; it takes origins, separated by blanks, such as"
                " https://faq.example.org https://*.example.org."
            )
    return [value.rstrip("/") for value in found]


def server(name: str, schemes: Iterable[str], example: str, *, credential: str = "") -> str:
    """The URL of a server, empty when unset. Its value is never repeated: it may hold a password.

    `credential`: the name of a variable that holds the password, for a URL without one; a secret's file then holds no more
    than the secret.
    """
    value, secret = text(name), text(credential) if credential else ""
    parts = _split(name, value, example)
    if value and (parts.scheme not in set(schemes) or not (parts.netloc or parts.path)):
        raise ImproperlyConfigured(
            f"{name} begins with {parts.scheme or 'no scheme'}; it takes a URL such as {example}"
            f" (schemes: {', '.join(schemes)})."
        )
    if not (value and secret):
        return value
    if parts.password:
        raise ImproperlyConfigured(f"Both {name} and {credential} hold a password. Leave one of them out.")
    user, _, host = str(parts.netloc).rpartition("@")
    return str(urlunsplit(parts._replace(netloc=f"{user}:{quote(secret, safe='')}@{host}")))


def time_zone(name: str, default: str) -> str:
    value = text(name, default)
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):  # missing; not a name; a directory
        raise ImproperlyConfigured(
            f"{name} is {value!r}; it takes a name of the time zone database, such as Europe/Berlin."
        ) from None
    return value


def rate(name: str, default: str) -> str:
    """How many requests a visitor may make in a time: `120/min`."""
    value = text(name, default)
    if not re.fullmatch(r"[1-9]\d{0,8}/(s|sec|second|m|min|minute|h|hour|d|day)", value):
        raise ImproperlyConfigured(
            f"{name} is {value!r}; it takes a number and s, min, hour or day, such as {default}."
        )
    return value


@dataclass(frozen=True, slots=True)
class Session:
    """How connections to PostgreSQL are kept and bounded. `pool`: the most connections of one process; 0: one for each
    thread, kept for a minute. `statement_seconds`: a statement that takes longer is cancelled; `lock_seconds`: one that
    waits longer for a lock; 0: never."""

    password: str = ""
    pool: int = 0
    statement_seconds: int = 0
    lock_seconds: int = 0


def session(prefix: str = "DATABASE_") -> Session:
    """DATABASE_PASSWORD, DATABASE_POOL, DATABASE_STATEMENT_SECONDS and DATABASE_LOCK_SECONDS."""
    return Session(
        password=text(f"{prefix}PASSWORD"),
        pool=integer(f"{prefix}POOL", 0, 0, 1000),
        statement_seconds=integer(f"{prefix}STATEMENT_SECONDS", 0, 0, 86_400),
        lock_seconds=integer(f"{prefix}LOCK_SECONDS", 0, 0, 86_400),
    )


def database(name: str, sqlite_path: Path, kept: Session = Session()) -> dict[str, Any]:
    """Django's DATABASES entry: PostgreSQL from any URL that libpq reads, SQLite in `sqlite_path` when unset."""
    url = text(name)
    if not url:
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": sqlite_path, "OPTIONS": dict(SQLITE_OPTIONS)}
    example = "postgresql://user:password@host:5432/name?sslmode=require"
    if not url.startswith(("postgres://", "postgresql://")):
        raise ImproperlyConfigured(
            f"{name} is not a PostgreSQL URL; it looks like {example}. Without it, SQLite is used."
        )
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    try:
        options: dict[str, Any] = dict(conninfo_to_dict(url))
    except ProgrammingError:  # its text repeats parts of the URL
        raise ImproperlyConfigured(f"{name} cannot be read; it looks like {example}.") from None
    if not options.get("dbname"):
        raise ImproperlyConfigured(f"{name} names no database; it looks like {example}.")
    if options.get("password") and kept.password:
        raise ImproperlyConfigured(f"Both {name} and DATABASE_PASSWORD hold a password. Leave one of them out.")
    bounds = {"statement_timeout": kept.statement_seconds, "lock_timeout": kept.lock_seconds}
    flags = [str(options.get("options", "")), *(f"-c {key}={value}s" for key, value in bounds.items() if value)]
    if any(flags):
        options["options"] = " ".join(filter(None, flags))
    if kept.pool:
        # Waiting for a connection ends before a proxy's patience does.
        options["pool"] = {"min_size": 1, "max_size": kept.pool, "timeout": 10}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": options.pop("dbname"),
        "USER": options.pop("user", ""),
        "PASSWORD": options.pop("password", "") or kept.password,
        "HOST": options.pop("host", ""),
        "PORT": str(options.pop("port", "")),
        "CONN_MAX_AGE": 0 if kept.pool else 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
    }


def unknown() -> dict[str, str]:
    """Variables that are set and that nothing reads, because their names begin as ours do: name -> the likeliest one meant,
    or an empty string. To be called when the settings are loaded."""
    ours = {name for name in _asked if name.startswith(PREFIX)}
    known = ours | {f"{name}_FILE" for name in ours}
    strange = sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known)
    return {name: next(iter(difflib.get_close_matches(name, sorted(known), 1, 0.8)), "") for name in strange}


def known() -> frozenset[str]:
    """Every variable that was asked for so far."""
    return frozenset(_asked)


def _split(name: str, value: str, example: str) -> Any:
    try:
        parts = urlsplit(value)
        _ = parts.port  # ValueError for one that is no number
    except ValueError:
        raise ImproperlyConfigured(f"{name} cannot be read as a URL; it looks like {example}.") from None
    return parts
