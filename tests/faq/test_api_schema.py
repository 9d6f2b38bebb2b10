"""The API's description: complete, the same as the file that clients are generated from, and true of what is answered."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.test import Client
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from faq.api import schema
from faq.domain import keys
from tests.faq import worlds
from tests.faq.desk import EDITOR, person
from tests.faq.factories import make_portal

pytestmark = pytest.mark.any_database  # shapes
ROOT = Path(settings.BASE_DIR)
SNAPSHOT = ROOT / "docs" / "reference" / "openapi.json"
CLIENT = ROOT / "tests" / "client"
METHODS = {"get", "post", "put", "delete"}


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    return json.loads(schema.description())


@pytest.fixture(scope="module")
def portal(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with worlds.built(make_portal, tmp_path_factory.mktemp("portal"), django_db_blocker) as home:
        yield home


def operations(described: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, operation)
        for path, item in described["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    ]


def test_the_file_that_clients_are_generated_from_says_what_the_portal_says() -> None:
    """`python manage.py write_schema` writes it anew; look at the difference: nothing may be renamed or removed."""
    assert SNAPSHOT.read_bytes() == schema.description()


def test_every_address_of_the_api_is_described(described: dict[str, Any]) -> None:
    from faq.api.urls import urlpatterns

    addresses = {
        "/" + re.sub(r"<\w+:(\w+)>", lambda found: "{id}" if found[1] == "pk" else f"{{{found[1]}}}", str(each.pattern))
        for each in urlpatterns
        if str(each.pattern).startswith("api/v1/")
    }
    assert set(described["paths"]) == addresses - {"/api/v1/schema/", "/api/v1/docs/"}


def test_every_operation_says_what_it_does_who_may_and_how_it_refuses(described: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, _, operation in operations(described)]
    assert len(names) == len(set(names)) == 37
    for path, method, operation in operations(described):
        desk = path.startswith("/api/v1/desk/")
        assert (path, operation["security"]) == (path, schema.TOKEN_ONLY if desk else schema.ANYBODY)
        assert operation["summary"]
        assert {"400", "401", "403", "429"} <= set(operation["responses"])
        assert ("404" in operation["responses"]) == ("{" in path), (path, method)
        assert ("requestBody" in operation) <= ("415" in operation["responses"])
        for status, response in operation["responses"].items():
            assert set(response["headers"]) >= {"RateLimit", "RateLimit-Policy"}
            if status >= "400":
                assert list(response["content"]) == ["application/problem+json"]
    assert described["openapi"].startswith("3.1")


def test_what_need_not_be_sent_is_not_required(described: dict[str, Any]) -> None:
    requests = {name: each for name, each in described["components"]["schemas"].items() if name.endswith("Request")}
    assert requests["AskRequest"]["required"] == ["question"]
    assert requests["NewSourceRequest"]["required"] == ["locale"]
    assert [name for name, each in requests.items() if "default" in json.dumps(each)] == []


@pytest.mark.django_db
def test_the_description_may_be_read_by_anybody_from_anywhere(client: Client) -> None:
    response = client.get("/api/v1/schema/", headers={"origin": "https://shop.example"})
    assert (response.content, response.headers["Access-Control-Allow-Origin"]) == (schema.description(), "*")
    assert response.headers["Content-Type"] == "application/vnd.oai.openapi+json; version=3.1"


@pytest.mark.django_db
def test_the_page_to_try_it_on_needs_nothing_from_elsewhere(client: Client) -> None:
    response = client.get("/api/v1/docs/")
    page = response.content.decode()
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert response.status_code == 200
    assert [address for address in loaded if not address.startswith("/")] == []
    assert "unpkg" not in page + client.get("/api/v1/docs/?script=").content.decode()
    assert "script-src 'self';" in response.headers["Content-Security-Policy"]
    assert re.search(r"<script>\s*\S", page) is None
    assert finders.find("drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js")


# What is answered is what is described


@pytest.fixture(scope="module")
def shapes(described: dict[str, Any]) -> Any:
    """Checks a body against a component of the description."""
    registry: Any = Registry().with_resource("urn:api", Resource(described, DRAFT202012))

    def check(name: str, body: Any) -> list[str]:
        reference = {"$ref": f"urn:api#/components/schemas/{name}"}
        return [error.message for error in Draft202012Validator(reference, registry=registry).iter_errors(body)]

    return check


def declared(described: dict[str, Any], path: str, method: str, status: int) -> str:
    """The component that an operation answers with."""
    content = described["paths"][path][method]["responses"][str(status)]["content"]
    found: str = next(iter(content.values()))["schema"]["$ref"]
    return found.rpartition("/")[2]


def fields(described: dict[str, Any], name: str) -> set[str]:
    return set(described["components"]["schemas"][name]["properties"])


CALLS = [
    ("get", "/api/v1/locales", "", None),
    ("get", "/api/v1/topics", "", None),
    ("get", "/api/v1/questions", "", None),
    ("get", "/api/v1/questions/{key}", "permit", None),
    ("get", "/api/v1/sources", "", None),
    ("get", "/api/v1/sources/{key}", "parking", None),
    ("get", "/api/v1/search", "?q=permit", None),
    ("get", "/api/v1/suggest", "?q=permit", None),
    ("post", "/api/v1/ask", "", {"question": "What does a resident permit cost?"}),
    ("post", "/api/v1/ask", "", {}),
    ("get", "/api/v1/questions/{key}", "none", None),
    ("post", "/api/v1/desk/sources", "", {"text": "# Hall\n\nOpen at nine.\n", "locale": "en"}),
    ("get", "/api/v1/desk/sources", "", None),
    ("get", "/api/v1/desk/sources/{key}", "parking", None),
    ("get", "/api/v1/desk/sources/{key}/impact", "parking", None),
    ("get", "/api/v1/desk/questions", "", None),
    ("get", "/api/v1/desk/questions/{key}", "permit", None),
    ("get", "/api/v1/desk/translations", "", None),
    ("post", "/api/v1/desk/jobs", "", {"kind": "populate"}),
    ("get", "/api/v1/desk/jobs", "", None),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("method", "path", "more", "body"), CALLS)
def test_answers_have_the_shape_that_is_described_and_no_field_besides(
    client: Client, described: dict[str, Any], shapes: Any, portal: Path, tmp_path: Path, method: str, path: str,
    more: str, body: Any,
) -> None:  # fmt: skip
    worlds.enter(portal, tmp_path)
    _, token = keys.create_server_token("Import", scopes=keys.SCOPES, actor=person("anna", EDITOR))
    address = path.replace("{key}", more) if "{key}" in path else path + more
    headers = {"authorization": f"Bearer {token}"}
    response = getattr(client, method)(address, body, headers=headers, content_type="application/json") if body is not None else (
        client.get(address, headers=headers)
    )  # fmt: skip
    said = json.loads(response.content)
    name = declared(described, path, method, response.status_code)
    assert (shapes(name, said), set(said) - fields(described, name)) == ([], set())
    rows = said.get("results") or []
    if rows:
        row = described["components"]["schemas"][name]["properties"]["results"]["items"]["$ref"].rpartition("/")[2]
        assert {field for each in rows for field in each} - fields(described, row) == set()


# A client made of it


@pytest.mark.skipif(shutil.which("node") is None, reason="node is missing")
@pytest.mark.skipif(not (CLIENT / "node_modules").is_dir(), reason="`npm install` was not run in tests/client")
def test_a_generated_client_compiles(tmp_path: Path) -> None:
    tools = CLIENT / "node_modules" / ".bin"
    shutil.copy(CLIENT / "use.ts", tmp_path)
    generate = [tools / "openapi-typescript", SNAPSHOT, "-o", tmp_path / "api.ts"]
    subprocess.run(generate, check=True, capture_output=True, timeout=120)
    options = ["--noEmit", "--strict", "--target", "es2022", "--module", "esnext", "--moduleResolution", "bundler"]
    compile_it = [tools / "tsc", *options, tmp_path / "use.ts"]
    made = subprocess.run(compile_it, capture_output=True, text=True, timeout=120, check=False)
    assert (made.stdout, made.returncode) == ("", 0)
