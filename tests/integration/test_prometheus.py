"""A real Prometheus that discovers its targets from a file."""

import json
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep

import httpx
import pytest

from cmdb.model.records import Dependency, EntryRecord, Item
from tests.support.loader_answers import bundled_loaders
from tests.support.tools import tool

PATIENCE = 60
"""Seconds until it must have read its targets; a second is usual."""


def free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
        return port


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    program = tool("prometheus", "answers of a real Prometheus", "the Debian package prometheus")
    found = [{"targets": ["web-1.example.net:9100", "192.0.2.8:9100"], "labels": {"env": "production"}}]
    (tmp_path / "found.json").write_text(json.dumps(found), encoding="utf-8")
    configured = {"scrape_configs": [{"job_name": "node", "file_sd_configs": [{"files": ["found.json"]}]}]}
    (tmp_path / "prometheus.yml").write_text(json.dumps(configured), encoding="utf-8")
    listen = f"127.0.0.1:{free_port()}"
    options = (f"--web.listen-address={listen}", "--config.file=prometheus.yml", "--storage.tsdb.path=data")
    log = (tmp_path / "log").open("wb")
    with log, subprocess.Popen([program, *options], cwd=tmp_path, stdout=log, stderr=log) as server:
        yield f"http://{listen}"
        server.terminate()
        server.wait(30)


def answered(address: str, path: str, wanted: str) -> bytes:
    """Ask until the answer holds the wanted text."""
    end = monotonic() + PATIENCE
    while monotonic() < end:
        try:
            answer = httpx.get(f"{address}{path}", timeout=5, trust_env=False)
        except httpx.TransportError:
            sleep(0.1)
            continue
        if answer.status_code == 200 and wanted in answer.text:
            return answer.content
        sleep(0.1)
    pytest.fail(f"{path} did not answer with {wanted} within {PATIENCE} s")


def load(path: Path, content: bytes) -> list[EntryRecord]:
    path.write_bytes(content)
    return [located.record for located in bundled_loaders().load_file("prometheus", str(path))]


def test_targets_of_a_file_become_ports_of_hosts_with_their_identity(address: str, tmp_path: Path) -> None:
    records = load(tmp_path / "targets.json", answered(address, "/api/v1/targets", "web-1.example.net"))
    items = {record.key: record for record in records if isinstance(record, Item)}
    assert items["web-1.example.net"].attributes == {"fqdn": "web-1.example.net"}
    assert items["192.0.2.8"].attributes == {"ip_addresses": ("192.0.2.8",)}
    service = items["web-1.example.net:tcp/9100"]
    assert (service.attributes["service_name"], service.attributes["environment"]) == ("node", "production")
    assert ("192.0.2.8:tcp/9100", "RUNS_ON", "192.0.2.8") in {
        (record.consumer, record.verb, record.provider)
        for record in records
        if isinstance(record, Dependency)
    }


def test_the_files_of_the_discovery_say_the_same_of_hosts(address: str, tmp_path: Path) -> None:
    asked = load(tmp_path / "targets.json", answered(address, "/api/v1/targets", "web-1.example.net"))
    found = [
        located.record for located in bundled_loaders().load_file("prometheus", str(tmp_path / "found.json"))
    ]
    assert {record.key for record in found if isinstance(record, Item)} == {
        record.key for record in asked if isinstance(record, Item)
    }
