"""Metrics: for nobody who was not let in, without a word of a reader, and the same from whichever process is asked."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError
from django.http import HttpResponse
from django.test import Client, RequestFactory
from prometheus_client.parser import text_string_to_metric_families

from faq import metrics as counting
from faq.domain import ask, indexing, jobs
from faq.enums import JobKind
from portal import environment, metrics
from portal.metrics import Census, MetricsMiddleware
from tests.faq.factories import make_portal, make_source

TOKEN = "a-token-that-nobody-guesses"


def let_in(settings: Any, token: str = TOKEN, networks: tuple[str, ...] = ()) -> None:
    settings.POLYFAQ = settings.POLYFAQ | {"METRICS_TOKEN": token, "METRICS_NETWORKS": list(networks)}


def asked(**meta: str) -> str:
    middleware = MetricsMiddleware(lambda request: HttpResponse("the site"))
    return middleware(RequestFactory().get("/metrics", **meta)).content.decode()


def samples(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.mark.parametrize(
    "meta",
    [
        {},
        {"HTTP_AUTHORIZATION": "Bearer "},
        {"HTTP_AUTHORIZATION": f"Bearer {TOKEN}x"},
        {"HTTP_AUTHORIZATION": TOKEN},
        {"HTTP_AUTHORIZATION": "Bearer \udcff"},
        {"REMOTE_ADDR": "10.1.2.3", "HTTP_X_FORWARDED_FOR": "192.0.2.7"},
        {"REMOTE_ADDR": ""},
    ],
)
def test_who_is_not_let_in_gets_the_site(settings: Any, meta: dict[str, str]) -> None:
    let_in(settings, networks=("192.0.2.0/24",))
    assert asked(**({"REMOTE_ADDR": "10.1.2.3"} | meta)) == "the site"


def test_without_a_setting_it_is_not_there_for_anybody(settings: Any) -> None:
    let_in(settings, token="")
    assert asked(HTTP_AUTHORIZATION="Bearer ", REMOTE_ADDR="127.0.0.1") == "the site"


@pytest.mark.django_db
@pytest.mark.parametrize("meta", [{"HTTP_AUTHORIZATION": f"Bearer {TOKEN}"}, {"REMOTE_ADDR": "2001:db8::1"}])
def test_the_token_or_an_address_lets_in(settings: Any, meta: dict[str, str]) -> None:
    let_in(settings, networks=("2001:db8::/32",))
    assert samples(asked(**meta))[("polyfaq_database_up", ())] == 1


@pytest.mark.django_db
def test_it_is_answered_whatever_host_name_and_scheme_it_is_asked_by(settings: Any, client: Client) -> None:
    let_in(settings)
    settings.SECURE_SSL_REDIRECT = True
    response = client.get("/metrics", headers={"host": "elsewhere.example", "authorization": f"Bearer {TOKEN}"})
    assert (response.status_code, response["Cache-Control"]) == (200, "no-store")


@pytest.mark.django_db
def test_questions_are_counted_by_outcome_and_step_and_never_by_their_words() -> None:
    make_portal()
    indexing.sync_all()
    before = samples(metrics.counted().decode())
    result = ask.ask("What does a resident permit cost in Larkmouth?", "en")
    ask.ask("Who painted the Mona Lisa?", "en")
    ask.ask("Who painted the Mona Lisa?", "en", record=False)  # not a reader: a benchmark, or the warming
    text = metrics.counted().decode()
    now = samples(text)
    key = ("polyfaq_asked_total", (("degraded", "false"), ("locale", "en"), ("outcome", str(result.outcome))))
    total = ("polyfaq_ask_seconds_count", (("step", "total"),))
    assert now[key] > before.get(key, 0)
    assert now[total] - before.get(total, 0) == 2
    assert [word for word in ("Mona", "Larkmouth", "permit") if word in text] == []


def test_steps_that_nobody_knows_make_no_labels() -> None:
    counting.asked("en", "abstained", degraded=True, timings={"total": 1.0, "Mona Lisa": 2.0})
    assert "Mona" not in metrics.counted().decode()


@pytest.mark.django_db
def test_jobs_queues_and_the_index_stand_as_the_database_says() -> None:
    make_source()
    jobs.enqueue(JobKind.RECONCILE, {})
    found = samples(Census().text().decode())
    assert found[("polyfaq_jobs", (("kind", "reconcile"), ("state", "queued")))] == 1
    assert found[("polyfaq_queue_depth", (("queue", "ingest"),))] == 0
    assert sum(value for (name, _), value in found.items() if name == "polyfaq_queue_depth") >= 1
    assert found[("polyfaq_index_lag_seconds", ())] > 0
    assert found[("polyfaq_sources", (("state", "published"),))] == 1


@pytest.mark.django_db
def test_the_database_is_asked_once_for_many_scrapes(django_assert_num_queries: Any) -> None:
    census = Census()
    with django_assert_num_queries(5):
        first = census.text()
    with django_assert_num_queries(0):
        assert census.text() == first


def test_a_database_that_is_away_is_told_and_not_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> Any:
        raise OperationalError

    monkeypatch.setattr(metrics, "_jobs", away)
    assert samples(Census().text().decode()) == {("polyfaq_database_up", ()): 0.0}


def test_processes_of_one_server_add_up(tmp_path: Path) -> None:
    code = "from prometheus_client import Counter; Counter('x', 'x').inc(2)"
    for _ in range(2):
        subprocess.run([sys.executable, "-c", code], env={"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}, check=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
        assert samples(metrics.counted().decode())[("x_total", ())] == 4


def test_a_network_that_is_none_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLYFAQ_METRICS_NETWORKS", "10.0.0.0/8 everybody")
    with pytest.raises(ImproperlyConfigured, match="everybody"):
        environment.networks("POLYFAQ_METRICS_NETWORKS")


def test_the_alerts_ask_only_for_metrics_that_there_are() -> None:
    root = Path(settings.BASE_DIR)
    rules = yaml.safe_load((root / "deploy/prometheus/rules.yml").read_text(encoding="utf-8"))
    asked_for = "".join(rule["expr"] for group in rules["groups"] for rule in group["rules"])
    source = "".join((root / name).read_text(encoding="utf-8") for name in ("faq/metrics.py", "portal/metrics.py"))
    known = set(re.findall(r'"(polyfaq_\w+)"', source))
    named = {name.removesuffix("_total") for name in re.findall(r"polyfaq_\w+", asked_for)}
    assert (len(named) >= 5, named - known) == (True, set())
