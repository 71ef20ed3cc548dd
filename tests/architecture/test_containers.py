"""The container files agree with each other and with the code; no Docker is needed, so none is run."""

import re
from typing import Any

import yaml

from tests.architecture.source_tree import ROOT

_COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
_DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")


def test_compose_starts_the_service_after_a_healthy_store() -> None:
    services = _COMPOSE["services"]
    assert set(services) == {"cmdb", "neo4j"}
    assert services["cmdb"]["depends_on"] == {"neo4j": {"condition": "service_healthy"}}
    assert "RETURN 1" in services["neo4j"]["healthcheck"]["test"][-1]
    assert services["neo4j"]["image"].startswith("neo4j:5.26")


def test_compose_publishes_on_the_loopback_address_only() -> None:
    ports = [port for service in _COMPOSE["services"].values() for port in service.get("ports", [])]
    assert ports
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []


def test_compose_settings_are_read_by_the_service() -> None:
    read = set(re.findall(r'"(CMDB_[A-Z_]+)"', (ROOT / "cmdb" / "settings.py").read_text(encoding="utf-8")))
    assert set(_COMPOSE["services"]["cmdb"]["environment"]) <= read


def test_named_volumes_are_declared_and_used() -> None:
    used = {
        volume.partition(":")[0] for service in _COMPOSE["services"].values() for volume in service["volumes"]
    }
    assert used == set(_COMPOSE["volumes"])
    assert "cmdb:/data" in _COMPOSE["services"]["cmdb"]["volumes"]
    assert "CMDB_DATA_DIR=/data" in _DOCKERFILE


def test_image_runs_as_an_ordinary_user_and_reports_its_health() -> None:
    lines = _DOCKERFILE.splitlines()
    users = [number for number, line in enumerate(lines) if line.startswith("USER ")]
    entry = next(number for number, line in enumerate(lines) if line.startswith("ENTRYPOINT"))
    assert users
    assert users[-1] < entry
    assert lines[users[-1]] != "USER root"
    assert "http://127.0.0.1:8000/livez" in _DOCKERFILE


def test_build_context_holds_what_the_image_copies() -> None:
    kept = set(re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text(encoding="utf-8"), re.MULTILINE))
    needed = {
        "cmdb",
        "schema",
        "graphql",
        "loaders",
        "seeds",
        "pyproject.toml",
        "constraints.txt",
        "README.md",
        "LICENSE",
    }
    assert kept == needed
    assert [name for name in needed if not (ROOT / name).exists()] == []
