"""Keys of the API: what each allows, from where, how often; and that it ends the moment it is revoked."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from faq import cache
from faq.domain import keys, origins, topics
from faq.errors import Forbidden, Invalid
from faq.models import ApiKey, AuditEntry
from tests.faq.desk import person

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]  # constraints are tried below on SQLite as well


@pytest.fixture
def anna() -> User:
    """May do anything."""
    return User.objects.create_superuser("anna", password="larkmouth")


def widget(*allowed: str, **fields: Any) -> ApiKey:
    return keys.create_widget_key(
        fields.pop("name", "Shop"), allowed_origins=allowed or ["https://shop.example"], **fields
    )


# Origins


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://shop.example.org", "https://shop.example.org"),
        (" HTTPS://Shop.Example.ORG/ ", "https://shop.example.org"),
        ("https://shop.example.org:443", "https://shop.example.org"),
        ("https://shop.example.org:8443", "https://shop.example.org:8443"),
        ("http://localhost:5173", "http://localhost:5173"),
        ("http://[::1]:5173", "http://[::1]:5173"),
        ("https://*.example.org", "https://*.example.org"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        ("https://*.bücher.example", "https://*.xn--bcher-kva.example"),
    ],
)
def test_an_origin_is_kept_as_browsers_send_it(given: str, kept: str) -> None:
    assert origins.normalised(given) == kept
    assert origins.normalised(kept) == kept


@pytest.mark.parametrize(
    "given",
    [
        "", "*", "null", "https://*", "https://*.org", "shop.example.org", "//shop.example.org", "ftp://shop.example.org",
        "https://shop.example.org/cart", "https://shop.example.org?x=1", "https://anna@shop.example.org",
        "https://shop.*.org", "https://*shop.example.org", "https://shop.example.org:99999", "https://shop example.org",
        "javascript:alert(1)", "https://-shop.example.org", "https://" + "a" * 400 + ".org", "https://shop.example.org#x",
    ],
)  # fmt: skip
def test_what_is_no_origin_is_refused_with_an_example(given: str) -> None:
    with pytest.raises(Invalid, match=r"https://shop\.example\.org"):
        origins.normalised(given)


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("https://example.org", True),
        ("https://EXAMPLE.org", True),
        ("https://a.shop.example", True),
        ("https://a.b.shop.example", True),
        ("https://shop.example", False),
        ("http://example.org", False),
        ("http://a.shop.example", False),
        ("https://example.org:8443", False),
        ("https://a.shop.example:8443", False),
        ("https://evilshop.example", False),
        ("https://evil.example/.shop.example", False),
        ("https://evil.example?.shop.example", False),
        ("https://a.shop.example.evil.example", False),
        ("https://example.org.evil.example", False),
        ("https://*.shop.example", False),
        ("https://.shop.example", False),
        ("null", False),
        ("", False),
        ("*", False),
    ],
)
def test_a_key_fits_its_own_origins_and_subdomains_and_no_others(origin: str, allowed: bool) -> None:
    access = keys.find(widget("https://example.org", "https://*.shop.example").public)
    assert access is not None
    assert access.from_origin(origin) is allowed


def test_a_key_without_origins_may_be_used_from_nowhere() -> None:
    key = keys.create_widget_key("Nobody's", allowed_origins=[])
    access = keys.find(key.public)
    assert access is not None
    assert not access.from_origin("https://shop.example")
    assert not keys.origin_known("https://shop.example")


# Making


def test_a_secret_is_in_no_row_and_no_log(anna: User) -> None:
    row, secret = keys.create_server_token("Import", scopes=["sources:write"], actor=anna)
    stored = [
        str(value) for model in (ApiKey, AuditEntry) for values in model.objects.values_list() for value in values
    ]
    assert [text for text in stored if secret in text or secret[3:] in text] == []
    assert (secret.startswith(row.hint), len(row.hint), len(secret) >= 35) == (True, 9, True)
    assert (keys.find(secret).scopes, keys.find(secret).owner) == (frozenset({"sources:write"}), anna.pk)  # type: ignore[union-attr]


def test_no_two_keys_are_alike(anna: User) -> None:
    made = {keys.create_server_token("A", scopes=[], actor=anna)[1] for _ in range(5)} | {
        widget().public for _ in range(5)
    }
    assert len(made) == 10


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"allowed_origins": ["shop"]}, "is no origin"),
        ({"allowed_origins": [f"https://{n}.example" for n in range(51)]}, "at most 50 origins"),
        ({"tags": ["xx"]}, "no language"),
        ({"topics": ["parking", "none"]}, "no topic 'none'"),
        ({"per_minute": 0}, "from 1 to"),
        ({"per_minute": 1_000_000}, "from 1 to"),
        ({"name": "  "}, "needs a name"),
    ],
)
def test_a_key_that_cannot_be_is_not_made(fields: dict[str, Any], said: str) -> None:
    topics.ensure_topic("parking")
    with pytest.raises(Invalid, match=said):
        keys.create_widget_key(**{"name": "Shop", "allowed_origins": []} | fields)
    assert (ApiKey.objects.count(), AuditEntry.objects.filter(object_type="apikey").count()) == (0, 0)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"actor": None}, "needs an owner"),
        ({"scopes": ["sources:write", "everything"]}, "no scope 'everything'"),
        ({"expires_at": timezone.now() - timedelta(days=1)}, "over already"),
    ],
)
def test_a_token_that_cannot_be_is_not_made(anna: User, fields: dict[str, Any], said: str) -> None:
    with pytest.raises(Invalid, match=said):
        keys.create_server_token("Import", **{"scopes": [], "actor": anna} | fields)
    assert ApiKey.objects.count() == 0


def test_who_made_changed_and_revoked_a_key_is_written_down(anna: User) -> None:
    key = widget(actor=anna)
    keys.change_widget_key(key, name="Shop", allowed_origins=["https://other.example"], actor=anna)
    keys.change_widget_key(key, name="Shop", allowed_origins=["https://other.example"], actor=anna)
    keys.revoke_key(key, anna)
    keys.revoke_key(key, anna)
    rows = AuditEntry.objects.filter(object_type="apikey", actor=anna).order_by("pk")
    assert [row.verb for row in rows] == ["create", "change", "revoke"]
    assert (rows[1].before["origins"], rows[1].after["origins"]) == (
        ["https://shop.example"],
        ["https://other.example"],
    )


def test_nobody_gives_a_token_what_his_own_role_does_not_allow() -> None:
    editor = person("berta", ["change_source"])
    assert keys.grantable(editor) == ("sources:write",)
    with pytest.raises(Forbidden, match="sources:publish"):
        keys.create_server_token("Import", scopes=["sources:write", "sources:publish"], actor=editor)
    _, secret = keys.create_server_token("Import", scopes=["sources:write"], actor=editor)
    access = keys.find(secret)
    assert access is not None
    assert keys.owner_allowing(access, "sources:write") == editor
    editor.user_permissions.clear()
    with pytest.raises(Forbidden, match="no longer"):
        keys.owner_allowing(access, "sources:write")


# Ending


def test_a_revoked_key_lets_nobody_in(anna: User) -> None:
    key, (token, secret) = widget(), keys.create_server_token("Import", scopes=[], actor=anna)
    assert None not in (keys.find(key.public), keys.find(secret))
    keys.revoke_key(key)
    keys.revoke_key(token)
    assert (keys.find(key.public), keys.find(secret), keys.origin_known("https://shop.example")) == (None, None, False)


def test_a_changed_key_allows_what_it_says_now() -> None:
    key = widget("https://shop.example")
    assert keys.find(key.public).from_origin("https://shop.example")  # type: ignore[union-attr]
    keys.change_widget_key(key, name="Shop", allowed_origins=["https://other.example"])
    access = keys.find(key.public)
    assert access is not None
    assert (access.from_origin("https://shop.example"), access.from_origin("https://other.example")) == (False, True)


def test_what_a_token_allows_never_grows(anna: User) -> None:
    token, _ = keys.create_server_token("Import", scopes=["jobs:read"], actor=anna)
    with pytest.raises(Invalid, match="cannot be changed"):
        keys.change_widget_key(token, name="Import", allowed_origins=[])


def test_a_token_ends_with_its_time_and_with_its_owner(anna: User, monkeypatch: pytest.MonkeyPatch) -> None:
    soon = timezone.now() + timedelta(hours=1)
    _, secret = keys.create_server_token("Import", scopes=[], expires_at=soon, actor=anna)
    assert keys.find(secret) is not None
    with monkeypatch.context() as later:
        later.setattr(timezone, "now", lambda: soon)
        assert keys.find(secret) is None
    User.objects.filter(pk=anna.pk).update(is_active=False)
    cache.bump(cache.KEYS)
    assert keys.find(secret) is None
    anna.delete()
    assert (keys.find(secret), ApiKey.objects.get().owner) == (None, None)


@pytest.mark.parametrize("text", ["", "pk_", "sk_unknown", "pk_" + "x" * 200, "\0", "\ud800"])
def test_what_is_no_key_opens_nothing(text: str) -> None:
    widget()
    assert keys.find(text) is None


def test_looking_a_key_up_takes_no_query_while_nothing_changed(
    django_capture_on_commit_callbacks: Any,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        key = widget()
    keys.find(key.public)
    with CaptureQueriesContext(connection) as made:
        assert keys.find(key.public) is not None
        assert keys.find("pk_unknown") is None
    assert len(made) == 0
    with django_capture_on_commit_callbacks(execute=True):
        keys.revoke_key(key)
    assert keys.find(key.public) is None


def test_the_use_of_a_key_is_noted_once_a_day() -> None:
    key = widget()
    access = keys.find(key.public)
    assert access is not None
    with CaptureQueriesContext(connection) as made:
        keys.note_use(access)
        keys.note_use(access)
    key.refresh_from_db()
    assert (len(made), key.used_on) == (1, timezone.localdate())


@pytest.mark.parametrize(
    "fields", [{"kind": "server", "public": "pk_x"}, {"kind": "widget", "public": ""}, {"per_minute": 0}]
)
def test_the_database_holds_no_key_that_is_both_or_none(fields: dict[str, Any]) -> None:
    from django.db import IntegrityError, transaction

    row = {"kind": "widget", "public": "pk_x", "per_minute": 1, "name": "x", "digest": "x", "hint": "x"} | fields
    with pytest.raises(IntegrityError), transaction.atomic():
        ApiKey.objects.create(**row)
