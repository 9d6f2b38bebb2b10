"""compose.yaml, the Dockerfile and the Kubernetes files keep what the documentation promises of them. Nothing is started."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.core.management import load_command_class
from gunicorn.config import Config

from faq.enums import Queue
from portal import environment

ROOT = Path(__file__).parents[2]
KUBERNETES = ROOT / "deploy" / "kubernetes" / "base"
SERVICES: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
ONE_SHOT = {"migrate"}
OBJECTS: list[tuple[str, dict[str, Any]]] = [
    (path.name, each)
    for path in sorted(KUBERNETES.glob("*.yaml"))
    for each in yaml.safe_load_all(path.read_text())
    if path.name != "kustomization.yaml"
]
PINNED = re.compile(r":\d+\.\d+(\.\d+)?(-[a-z]+)?\Z")
SECRET = re.compile(r"PASSWORD|SECRET|API_KEY\b")
DATA = {"postgresql", "redis", "weaviate"}


def pods() -> Iterator[tuple[str, dict[str, Any]]]:
    for _, each in OBJECTS:
        if each["kind"] in ("Deployment", "Job"):
            yield each["metadata"]["name"], each["spec"]["template"]["spec"]


def containers() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, pod in pods():
        for container in [*pod.get("initContainers", []), *pod["containers"]]:
            yield f"{name}/{container['name']}", container


def commands() -> dict[str, list[str]]:
    """Every command that containers run, by where it stands."""
    found = {f"compose {name}": each["command"] for name, each in SERVICES.items() if "command" in each}
    found |= {
        f"compose check {name}": each["healthcheck"]["test"][1:]
        for name, each in SERVICES.items()
        if name not in ONE_SHOT
    }
    for name, container in containers():
        found[f"kubernetes {name}"] = container["command"]
        for kind in ("startupProbe", "livenessProbe", "readinessProbe"):
            if probe := container.get(kind, {}).get("exec"):
                found[f"kubernetes {kind} {name}"] = probe["command"]
    dockerfile = (ROOT / "Dockerfile").read_text()
    for number, line in enumerate(re.findall(r"CMD (\[.*\])", dockerfile)):
        found[f"Dockerfile {number}"] = yaml.safe_load(line)
    return found


class TestEveryServiceOfCompose:
    def test_is_bounded_in_processor_memory_and_processes(self) -> None:
        bounded = {
            name
            for name, each in SERVICES.items()
            if set(each["deploy"]["resources"]["limits"]) == {"cpus", "memory", "pids"}
        }
        assert bounded == set(SERVICES)

    def test_has_a_health_check_unless_it_ends(self) -> None:
        checked = {name for name, each in SERVICES.items() if each["healthcheck"].get("test")}
        assert checked == set(SERVICES) - ONE_SHOT

    def test_begins_when_what_it_needs_is_well(self) -> None:
        for name, each in SERVICES.items():
            needed = each.get("depends_on", {})
            assert {
                needs: "service_completed_successfully" if needs in ONE_SHOT else "service_healthy" for needs in needed
            } == {needs: condition["condition"] for needs, condition in needed.items()}, name
        assert set(SERVICES["web"]["depends_on"]) == DATA | ONE_SHOT
        assert set(SERVICES["nginx"]["depends_on"]) == {"web"}

    def test_writes_nothing_but_its_own_and_gains_no_rights(self) -> None:
        for name, each in SERVICES.items():
            assert (each["read_only"], each["cap_drop"], each["security_opt"]) == (
                True,
                ["ALL"],
                ["no-new-privileges:true"],
            ), name

    def test_gets_secrets_as_files_only(self) -> None:
        shown = {
            (name, variable)
            for name, each in SERVICES.items()
            for variable in each.get("environment", {})
            if SECRET.search(variable) and not variable.endswith("_FILE") and not variable.endswith("_ENABLED")
        }
        assert shown == set()
        for name, each in SERVICES.items():
            given = {f"/run/secrets/{secret}" for secret in each.get("secrets", [])}
            used = set(
                re.findall(
                    r"/run/secrets/\w+", str([each.get(part) for part in ("environment", "command", "entrypoint")])
                )
            )
            assert used == given, name

    def test_has_a_version(self) -> None:
        images = {name: each["image"] for name, each in SERVICES.items()}
        images = {name: re.sub(r"\$\{\w+:-(.*)\}", r"\1", image) for name, image in images.items()}
        assert {name: image for name, image in images.items() if not PINNED.search(image)} == {}

    def test_that_holds_data_is_reached_from_inside_only(self) -> None:
        compose = yaml.safe_load((ROOT / "compose.yaml").read_text())
        assert compose["networks"]["servers"] == {"internal": True}
        assert {name: SERVICES[name]["networks"] for name in DATA} == {name: ["servers"] for name in DATA}
        assert {name for name, each in SERVICES.items() if "ports" in each} == {"nginx"}


def test_the_workers_together_serve_every_queue_once() -> None:
    for found in (
        [each["command"] for name, each in SERVICES.items() if name.startswith("worker")],
        [container["command"] for name, container in containers() if re.fullmatch(r"(worker[\w-]*)/\1", name)],
    ):
        queues = [queue for command in found for queue in command[command.index("--queues") + 1].split(",")]
        assert sorted(queues) == sorted(Queue)


@pytest.mark.parametrize("where", sorted(commands()))
def test_every_command_is_one_of_the_programs_and_takes_its_options(where: str) -> None:
    command = [re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", part) for part in commands()[where]]
    if command[:2] == ["python", "manage.py"]:
        app = "django.core" if command[2] == "migrate" else "faq"
        parser = load_command_class(app, command[2]).create_parser("manage.py", command[2])
        parser.parse_args(command[3:])  # an unknown option ends it
    elif command[:2] == ["python", "-m"]:
        assert (ROOT / f"{command[2].replace('.', '/')}.py").is_file()
    elif command[0] == "nginx":
        name = Path(command[command.index("-c") + 1]).name
        assert (ROOT / "deploy" / "nginx" / name).is_file()
    elif command[0] == "gunicorn":
        parsed = Config().parser().parse_args(command[1:])
        assert parsed.args == ["portal.wsgi:application"]
    else:
        assert command[0] in {"sh", "/bin/sh", "curl", "pg_isready", "wget"} or command[0].startswith("REDISCLI_AUTH")


class TestKubernetes:
    def test_every_container_is_bounded_and_gains_no_rights(self) -> None:
        for name, container in containers():
            assert (
                {"cpu", "memory"} == set(container["resources"]["limits"]) == set(container["resources"]["requests"])
            ), name
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
            }, name  # fmt: skip
        for name, pod in pods():
            context = pod["securityContext"]
            assert (context["runAsNonRoot"], context["seccompProfile"], pod["automountServiceAccountToken"]) == (
                True, {"type": "RuntimeDefault"}, False,
            ), name  # fmt: skip

    def test_every_container_that_goes_on_is_probed(self) -> None:
        going_on = {
            f"{name}/{each['name']}" for name, pod in pods() for each in pod["containers"] if name not in ONE_SHOT
        }
        assert {name for name, each in containers() if "livenessProbe" in each and "startupProbe" in each} == going_on
        web = dict(containers())["web/web"]
        assert [web[kind]["httpGet"]["path"] for kind in ("livenessProbe", "readinessProbe")] == ["/healthz", "/readyz"]

    def test_every_variable_is_one_that_the_program_reads_and_secrets_are_files(self) -> None:
        import portal.settings  # noqa: F401 - reads them all

        lines = [line.split("=", 1) for line in (KUBERNETES / "settings.env").read_text().splitlines() if line]
        given = {name for name, _ in lines} | {env["name"] for _, each in containers() for env in each.get("env", [])}
        known = environment.known() | {"WEB_CONCURRENCY"}
        assert {name for name in given if name not in known and name.removesuffix("_FILE") not in known} == set()
        assert {name for name in given if SECRET.search(name) and not name.endswith("_FILE")} == set()

    def test_they_are_all_built_and_every_claim_is_there(self) -> None:
        kustomization = yaml.safe_load((KUBERNETES / "kustomization.yaml").read_text())
        assert sorted(kustomization["resources"]) == sorted({name for name, _ in OBJECTS})
        assert {image["name"] for image in kustomization["images"]} == {each["image"] for _, each in containers()}
        assert [image for image in kustomization["images"] if not PINNED.search(f":{image['newTag']}")] == []

    def test_it_runs_as_compose_does(self) -> None:
        ours = {name for name in SERVICES if name not in DATA | {"nginx"}}
        told = {
            name: container["command"]
            for name, container in containers()
            if name in {f"{each}/{each}" for each in ours}
        }
        assert told == {f"{name}/{name}": SERVICES[name]["command"] for name in ours}


class TestTheImage:
    DOCKERFILE = (ROOT / "Dockerfile").read_text()

    def test_its_bases_have_versions(self) -> None:
        bases = re.findall(r"^FROM (\S+)", self.DOCKERFILE, re.MULTILINE)
        python = re.search(r"ARG PYTHON=(\S+)", self.DOCKERFILE)
        assert python is not None
        named = [base.replace("${REGISTRY}", "").replace("${PYTHON}", python[1]) for base in bases]
        assert [name for name in named if not PINNED.search(name.replace("-slim", ""))] == []

    def test_its_last_stages_are_not_root_and_run_nothing_that_builds(self) -> None:
        for stage in re.split(r"^FROM ", self.DOCKERFILE, flags=re.MULTILINE)[2:]:
            assert re.search(r"^USER \d+:\d+$", stage, re.MULTILINE)
            assert re.search(r"apt-get|pip install|gcc|pip --python", stage) is None

    def test_what_it_copies_is_let_in(self) -> None:
        let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
        copied = {
            part
            for line in re.findall(r"^COPY (?!--from)(.+)$", self.DOCKERFILE, re.MULTILINE)
            for part in line.split()[:-1]
        }
        assert copied == let_in


class TestTheProxy:
    def test_what_it_tells_the_portal_of_a_visitor_holds_at_every_address(self) -> None:
        """One proxy_set_header in a location would put all of those of the server out of force there, Host among them."""
        lines = (ROOT / "deploy" / "nginx" / "portal.conf").read_text().splitlines()
        told = [line.split()[1] for line in lines if line.startswith("proxy_set_header")]
        assert {"Host", "X-Forwarded-Proto", "X-Forwarded-For", "X-Forwarded-Host", "X-Request-ID"} <= set(told)
        assert [line for line in lines if line.startswith(" ") and "proxy_set_header" in line] == []

    def test_it_takes_bodies_as_large_as_the_portal_does(self) -> None:
        largest = re.findall(r"client_max_body_size (\d+)m", (ROOT / "deploy" / "nginx" / "portal.conf").read_text())
        uploads = int(settings.POLYFAQ["UPLOAD_MAX_BYTES"])
        assert [
            int(each) << 20 >= most
            for each, most in zip(largest, (settings.DATA_UPLOAD_MAX_MEMORY_SIZE, uploads, uploads), strict=True)
        ] == [True, True, True]

    def test_every_file_that_it_includes_is_there(self) -> None:
        folder = ROOT / "deploy" / "nginx"
        included = {
            name for path in folder.glob("*.conf") for name in re.findall(r"include ([\w.]+);", path.read_text())
        }
        assert {name for name in included if not (folder / name).is_file()} == set()
