"""With two-factor login on, a password alone opens nothing; nobody locks themselves out; a lost telephone is no end."""

import re
import time
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from django_otp.oath import TOTP
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from faq.domain import two_factor
from faq.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable
from faq.models import AuditEntry
from tests.faq.desk import messages, person, signed_in

pytestmark = pytest.mark.django_db
PAGE, LOGIN, CODE = "/admin/two-factor/", "/admin/login/", "/admin/login/code/"
PASSWORD = "larkmouth on the river"


@pytest.fixture
def anna() -> User:
    return User.objects.create_user("anna", password=PASSWORD, is_staff=True)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Moves the time of codes and pauses on by seconds."""
    shift = [0.0]
    real, now = time.time, two_factor.timezone.now

    def move(seconds: float) -> None:
        shift[0] += seconds

    monkeypatch.setattr("time.time", lambda: real() + shift[0])
    monkeypatch.setattr("django.utils.timezone.now", lambda: now() + timedelta(seconds=shift[0]))
    return move


def code_of(who: User) -> str:
    """What the telephone shows now."""
    device = TOTPDevice.objects.get(user=who)
    totp = TOTP(device.bin_key, device.step, device.t0, device.digits, device.drift)
    totp.time = time.time()
    return f"{totp.token():06d}"


def turned_on(who: User) -> list[str]:
    two_factor.begin(who)
    return two_factor.confirm(who, code_of(who))


def log_in(password: str = PASSWORD, follow: str = "") -> tuple[Client, Any]:
    client = Client()
    address = f"{LOGIN}?next={follow}" if follow else LOGIN
    return client, client.post(address, {"username": "anna", "password": password})


def is_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_without_it_the_password_alone_logs_in(anna: User) -> None:
    client, response = log_in()
    assert (response.status_code, response["Location"], is_in(client)) == (302, "/admin/", True)


def test_a_right_password_alone_opens_nothing(anna: User) -> None:
    turned_on(anna)
    client, response = log_in()
    assert (response.status_code, response["Location"], is_in(client)) == (302, CODE, False)
    assert client.get("/admin/")["Location"] == "/admin/login/?next=/admin/"
    assert client.get("/admin/faq/source/").status_code == 302


def test_the_code_logs_in_and_leads_to_where_one_wanted_to_go(anna: User, clock: Callable[[float], None]) -> None:
    turned_on(anna)
    clock(60)
    client, _response = log_in(follow=PAGE)
    token = code_of(anna)
    response = client.post(CODE, {"token": f"{token[:3]} {token[3:]}"})
    assert (response.status_code, response["Location"], is_in(client)) == (302, PAGE, True)


def test_a_wrong_password_does_not_come_to_the_code(anna: User) -> None:
    turned_on(anna)
    client, response = log_in("something else")
    assert response.status_code == 200
    assert client.get(CODE)["Location"] == LOGIN
    assert client.post(CODE, {"token": code_of(anna)})["Location"] == LOGIN


def test_a_code_works_once(anna: User, clock: Callable[[float], None]) -> None:
    turned_on(anna)
    clock(60)
    token = code_of(anna)
    first, _response = log_in()
    first.post(CODE, {"token": token})
    second, _response = log_in()
    response = second.post(CODE, {"token": token})
    assert (is_in(first), is_in(second)) == (True, False)
    assert response.context["form"].errors["token"][0].startswith("This code is wrong or was used.")


def test_wrong_codes_make_one_wait_longer_each_time(anna: User, clock: Callable[[float], None]) -> None:
    turned_on(anna)
    clock(60)
    client, _response = log_in()
    waits = []
    for _ in range(3):
        client.post(CODE, {"token": "000000"})
        said = client.post(CODE, {"token": code_of(anna)}).context["form"].errors["token"][0]
        found = re.search(r"in (\d+) seconds", said)
        waits.append(int(found[1]) if found else 1)
        clock(waits[-1] + 0.5)
    assert waits[0] < waits[1] < waits[2]
    assert not is_in(client)
    client.post(CODE, {"token": code_of(anna)})
    assert is_in(client)


def test_the_second_step_must_follow_soon(anna: User, clock: Callable[[float], None]) -> None:
    turned_on(anna)
    client, _response = log_in()
    clock(301)
    response = client.post(CODE, {"token": code_of(anna)}, follow=True)
    assert messages(response) == ["That took too long. Log in again."]
    assert not is_in(client)


def test_who_was_shut_out_meanwhile_does_not_get_in_by_a_code(anna: User, clock: Callable[[float], None]) -> None:
    turned_on(anna)
    clock(60)
    client, _response = log_in()
    User.objects.update(is_active=False)
    client.post(CODE, {"token": code_of(anna)})
    assert not is_in(client)


def test_a_backup_code_logs_in_once(anna: User) -> None:
    codes = turned_on(anna)
    assert (len(codes), len(set(codes))) == (10, 10)
    client, _response = log_in()
    client.post(CODE, {"token": codes[0].upper()})
    assert is_in(client)
    assert two_factor.standing(anna).codes_left == 9
    with pytest.raises((Invalid, Unavailable)):
        two_factor.verify(anna, codes[0])


def test_a_secret_that_was_not_confirmed_locks_nobody_out(anna: User) -> None:
    two_factor.begin(anna)
    with pytest.raises(Invalid):
        two_factor.confirm(anna, "000000")
    client, _response = log_in()
    assert is_in(client)


def test_it_is_turned_on_at_the_desk_and_off_again(anna: User, clock: Callable[[float], None]) -> None:
    client = signed_in(anna)
    assert "Set it up" in client.get(PAGE).content.decode()
    page = client.post(PAGE, {"do": "begin"}).content.decode()
    assert "<svg" in page
    assert re.search(r"<code[^>]*>([A-Z2-7]{4} ?){8}</code>", page)
    response = client.post(PAGE, {"do": "confirm", "token": code_of(anna)})
    codes = response.context["codes"]
    assert len(codes) == 10
    assert all(each in response.content.decode() for each in codes)
    assert not any(each in client.get(PAGE).content.decode() for each in codes)
    clock(60)
    assert "This code is wrong" in client.post(PAGE, {"do": "off", "token": "000000"}).content.decode()
    clock(60)
    client.post(PAGE, {"do": "off", "token": code_of(anna)})
    assert two_factor.is_on(anna) is False
    assert StaticDevice.objects.count() == 0


def test_new_backup_codes_replace_the_old_ones(anna: User, clock: Callable[[float], None]) -> None:
    old = turned_on(anna)
    clock(60)
    new = two_factor.renew_codes(anna, code_of(anna))
    assert not set(old) & set(new)
    assert two_factor.standing(anna).codes_left == 10


def test_the_secret_of_a_login_that_is_on_is_not_shown_or_replaced(anna: User) -> None:
    turned_on(anna)
    client = signed_in(anna)
    page = client.post(PAGE, {"do": "begin"}).content.decode()
    assert "Two-factor login is on already." in page
    assert "<svg" not in page.split("</h2>", 1)[1]
    with pytest.raises(Conflict):
        two_factor.confirm(anna, code_of(anna))


def test_only_who_may_change_people_turns_it_off_for_others(anna: User) -> None:
    turned_on(anna)
    with pytest.raises(Forbidden):
        two_factor.turn_off(anna, actor=person("other", ["view_source"]))
    assert two_factor.is_on(anna)
    boss = signed_in(User.objects.create_superuser("boss"))
    data = {"action": "turn_off_two_factor", "_selected_action": [str(anna.pk)]}
    response = boss.post("/admin/auth/user/", data, follow=True)
    assert messages(response) == ["anna logs in with the password alone now."]
    assert not two_factor.is_on(anna)
    with pytest.raises(NotFound):
        two_factor.turn_off(anna)


def test_an_administrator_turns_off_the_own_one_with_a_code_only() -> None:
    boss = User.objects.create_superuser("boss")
    turned_on(boss)
    with pytest.raises((Invalid, Unavailable)):
        two_factor.turn_off(boss, actor=boss)
    assert two_factor.is_on(boss)


def test_what_was_turned_on_and_off_is_in_the_audit_log_without_a_secret(anna: User) -> None:
    turned_on(anna)
    two_factor.turn_off(anna)
    rows = AuditEntry.objects.filter(object_type="user").order_by("pk").values_list("verb", "actor", "before", "after")
    assert list(rows) == [("two-factor on", anna.pk, {}, {}), ("two-factor off", None, {}, {})]


def test_the_librarys_screens_with_everybodys_secrets_are_not_at_the_desk() -> None:
    boss = signed_in(User.objects.create_superuser("boss"))
    assert not admin.site.is_registered(TOTPDevice)
    assert boss.get("/admin/otp_totp/totpdevice/").status_code == 404
    assert boss.get("/admin/otp_static/staticdevice/").status_code == 404


def test_the_menu_under_ones_name_leads_to_the_password_and_to_two_factor_login(anna: User) -> None:
    page = signed_in(anna).get("/admin/").content.decode()
    assert [f'href="{address}"' in page for address in ("/admin/password_change/", PAGE)] == [True, True]


def test_the_page_is_for_people_of_the_desk_only() -> None:
    assert Client().get(PAGE)["Location"] == f"/admin/login/?next={PAGE}"
    reader = User.objects.create_user("reader", password=PASSWORD)
    assert signed_in(reader).get(PAGE).status_code == 302


def test_the_command_tells_and_turns_off(anna: User) -> None:
    def said(*args: str) -> str:
        out = StringIO()
        call_command("two_factor", *args, stdout=out)
        return out.getvalue().strip()

    turned_on(anna)
    assert said("anna").endswith("; 10 backup codes left.")
    assert said("anna", "--off") == "Off: the password alone logs in."
    assert said("anna", "--json") == '{"is_on": false, "since": null, "codes_left": 0}'
    with pytest.raises(CommandError, match="Two-factor login is off"):
        said("anna", "--off")
    with pytest.raises(CommandError, match="no person called 'nobody'"):
        said("nobody")
