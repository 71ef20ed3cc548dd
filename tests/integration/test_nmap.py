"""The real nmap against servers that this test starts on loopback."""

import subprocess
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from cmdb.model.records import Dependency, EntryRecord, Item
from tests.support.loader_answers import bundled_loaders
from tests.support.tools import tool

ADDRESS = "127.0.0.1"


class Quiet(BaseHTTPRequestHandler):
    """Answers every request with an empty page and says nothing."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Keep test output readable."""


@pytest.fixture
def nmap() -> str:
    return tool("nmap", "real nmap output", "the Debian package nmap")


@pytest.fixture
def ports() -> Iterator[list[int]]:
    servers = [ThreadingHTTPServer((ADDRESS, 0), Quiet) for _ in range(2)]
    threads = [Thread(target=server.serve_forever, daemon=True) for server in servers]
    for thread in threads:
        thread.start()
    yield sorted(server.server_port for server in servers)
    for server, thread in zip(servers, threads, strict=True):
        server.shutdown()
        server.server_close()
        thread.join()


def scan(nmap: str, path: Path, ports: list[int], *options: str) -> list[EntryRecord]:
    wanted = ",".join(map(str, ports))
    command = [nmap, "-sT", "-Pn", *options, "-p", wanted, "-oX", str(path), ADDRESS]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    remarks: list[str] = []
    found = [located.record for located in bundled_loaders().load_file("nmap", str(path), remarks.append)]
    assert remarks == []
    return found


def test_a_real_scan_gives_host_and_open_ports(nmap: str, ports: list[int], tmp_path: Path) -> None:
    records = scan(nmap, tmp_path / "scan.xml", ports)
    (host,) = [r for r in records if isinstance(r, Item) and r.ci_class == "server"]
    services = [r for r in records if isinstance(r, Item) and r.ci_class == "network_service"]
    assert host.attributes["ip_addresses"] == (ADDRESS,)
    assert [service.attributes["port"] for service in services] == ports
    assert [service.key for service in services] == [f"{host.key}:tcp/{port}" for port in ports]
    assert {(d.consumer, d.verb, d.provider) for d in records if isinstance(d, Dependency)} == {
        (service.key, "RUNS_ON", host.key) for service in services
    }


def test_keys_stay_when_a_scan_looks_closer(nmap: str, ports: list[int], tmp_path: Path) -> None:
    plain = scan(nmap, tmp_path / "plain.xml", ports[:1])
    closer = scan(nmap, tmp_path / "closer.xml", ports[:1], "-sV", "--version-light")
    assert [r.key for r in closer if isinstance(r, Item)] == [r.key for r in plain if isinstance(r, Item)]
    (service,) = [r for r in closer if isinstance(r, Item) and r.ci_class == "network_service"]
    assert service.attributes["service_name"] == "http"


def test_a_closed_port_is_no_service(nmap: str, ports: list[int], tmp_path: Path) -> None:
    records = scan(nmap, tmp_path / "scan.xml", [1, ports[0]])
    assert [r.attributes["port"] for r in records if isinstance(r, Item) and "port" in r.attributes] == ports[
        :1
    ]
