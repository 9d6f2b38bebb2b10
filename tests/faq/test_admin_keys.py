"""Keys at the desk: made, shown once where they are secret, changed and revoked, by whom it is allowed."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from faq.domain import keys
from faq.models import ApiKey, AuditEntry
from tests.faq.desk import messages, person, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]  # screens and permissions
ADD, TOKEN = "admin:faq_apikey_add", "admin:faq_apikey_add_token"
MAY = ["view_apikey", "add_apikey", "change_apikey", "change_source"]


@pytest.fixture
def anna() -> User:
    return person("anna", MAY)


@pytest.fixture
def desk(anna: User) -> Client:
    return signed_in(anna)


def widget(**fields: Any) -> dict[str, Any]:
    return {"name": "Shop", "origins": "https://shop.example\n\nhttps://*.Clinic.example/\n", "per_minute": 60} | fields


def test_a_publishable_key_is_made_and_shown_whenever_it_is_looked_at(desk: Client, anna: User) -> None:
    response = desk.post(reverse(ADD), widget(locales=["de", "fr"]), follow=True)
    key = ApiKey.objects.get()
    assert (key.name, key.origins, key.locales, key.per_minute, key.owner) == (
        "Shop", ["https://shop.example", "https://*.clinic.example"], ["de", "fr"], 60, anna,
    )  # fmt: skip
    assert messages(response) == ["The key is made. Put it into the pages of its origins."]
    assert key.public in response.content.decode()


def test_a_secret_token_is_shown_by_the_answer_that_makes_it_and_never_again(desk: Client) -> None:
    made = desk.post(reverse(TOKEN), {"name": "Import", "scopes": ["sources:write"], "per_minute": 60})
    (secret,) = re.findall(r"sk_[\w-]{32}", made.content.decode())
    access = keys.find(secret)
    assert access is not None
    assert (made.status_code, access.scopes) == (200, {"sources:write"})
    assert "no-store" in made.headers["Cache-Control"]
    later = [
        desk.get(reverse("admin:faq_apikey_change", args=[access.id])), desk.get(reverse("admin:faq_apikey_changelist")),
        desk.get(reverse(TOKEN)),
    ]  # fmt: skip
    assert [response.status_code for response in later] == [200] * 3
    assert [response for response in later if secret in response.content.decode()] == []
    assert secret[:9] in later[0].content.decode()


def test_only_scopes_of_ones_own_role_are_offered_and_taken(desk: Client) -> None:
    page = desk.get(reverse(TOKEN)).content.decode()
    assert ("sources:write" in page, "sources:publish" in page) == (True, False)
    desk.post(reverse(TOKEN), {"name": "Import", "scopes": ["sources:publish"], "per_minute": 60})
    assert ApiKey.objects.count() == 0


def test_what_is_refused_stays_in_the_form_with_the_reason(desk: Client) -> None:
    response = desk.post(reverse(ADD), widget(origins="https://shop.example\nshop"))
    page = response.content.decode()
    assert (ApiKey.objects.count(), "is no origin" in page, "https://shop.example\nshop" in page) == (0, True, True)


def test_a_key_allows_what_is_saved_and_is_revoked_with_one_press(desk: Client) -> None:
    key = keys.create_widget_key("Shop", allowed_origins=["https://shop.example"])
    address = reverse("admin:faq_apikey_change", args=[key.pk])
    said = messages(desk.post(address, widget(origins="https://other.example"), follow=True))
    key.refresh_from_db()
    assert (said, key.origins) == (["Saved. It holds from now on."], ["https://other.example"])
    response = desk.post(reverse("admin:faq_apikey_revoke", args=[key.pk]), follow=True)
    assert (keys.find(key.public), "revoked" in response.content.decode()) == (None, True)
    assert 'name="origins"' not in response.content.decode()


def test_who_may_not_make_or_change_keys_cannot() -> None:
    key = keys.create_widget_key("Shop", allowed_origins=["https://shop.example"])
    looking, other = signed_in(person("berta", ["view_apikey"])), signed_in(person("carla", ["view_source"]))
    change = reverse("admin:faq_apikey_change", args=[key.pk])
    revoke = reverse("admin:faq_apikey_revoke", args=[key.pk])
    assert looking.get(change).status_code == 200
    refused = [
        looking.post(change, widget()), looking.post(revoke), looking.get(reverse(ADD)), looking.post(reverse(ADD), widget()),
        looking.get(reverse(TOKEN)), looking.post(reverse(TOKEN), {"name": "x", "per_minute": 1}), other.get(change),
        other.get(reverse("admin:faq_apikey_changelist")),
    ]  # fmt: skip
    assert [response.status_code for response in refused] == [403] * len(refused)
    key.refresh_from_db()
    assert (key.origins, key.revoked_at, ApiKey.objects.count()) == (["https://shop.example"], None, 1)
    assert AuditEntry.objects.filter(object_type="apikey").count() == 1


def test_the_list_takes_as_many_queries_for_many_keys_as_for_few(
    desk: Client, django_capture_on_commit_callbacks: Any, django_assert_max_num_queries: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        for n in range(12):
            keys.create_widget_key(f"Shop {n}", allowed_origins=[])
    with django_assert_max_num_queries(10):
        assert desk.get(reverse("admin:faq_apikey_changelist")).status_code == 200
