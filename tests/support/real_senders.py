"""Real programs that send to us: Alertmanager, `cmdb listen` with what it hears, and how they are run and ended."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import httpx

from tests.support.debian_tools import tool
from tests.support.two_servers import until

IF_NAME = "1.3.6.1.2.1.31.1.1.1.1"


@contextmanager
def running(*command: str) -> Iterator[None]:
    """Run a program until the end of the block."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        end(process)


def end(process: "subprocess.Popen[bytes] | subprocess.Popen[str]") -> None:
    """End a program, if need be without asking."""
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def free_port() -> int:
    """Return a TCP port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_ready(url: str) -> bool:
    """Whether a program of the Prometheus family says so."""
    try:
        return httpx.get(f"{url}/-/ready", trust_env=False, timeout=30).is_success
    except httpx.TransportError:
        return False


def write(path: Path, content: object) -> None:
    """Write a configuration: YAML takes JSON."""
    path.write_text(json.dumps(content), encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Alertmanager:
    """A running Alertmanager that notifies a webhook at once, and every second again."""

    url: str

    def push(self, labels: Mapping[str, str], summary: str, since: datetime, until: datetime) -> None:
        """Tell it of an alert as Prometheus does: firing while `until` lies ahead."""
        alert = {
            "labels": dict(labels),
            "annotations": {"summary": summary},
            "startsAt": since.isoformat(),
            "endsAt": until.isoformat(),
        }
        answer = httpx.post(f"{self.url}/api/v2/alerts", json=[alert], trust_env=False, timeout=60)
        answer.raise_for_status()


@contextmanager
def alertmanager(folder: Path, hook: str, repeat_interval: str = "1h") -> Iterator[Alertmanager]:
    """Run Alertmanager with everything below `folder` and one receiver, the webhook `hook`."""
    program = tool("prometheus-alertmanager", "prometheus-alertmanager")
    port = free_port()
    route = {
        "receiver": "cmdb",
        "group_wait": "0s",
        "group_interval": "1s",
        "repeat_interval": repeat_interval,
    }
    receiver = {"name": "cmdb", "webhook_configs": [{"url": hook, "send_resolved": True}]}
    write(folder / "am.yml", {"route": route, "receivers": [receiver]})
    command = (
        program, f"--config.file={folder / 'am.yml'}", f"--storage.path={folder / 'am'}",
        f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address=",
    )  # fmt: skip
    with running(*command):
        url = f"http://127.0.0.1:{port}"
        until(lambda: is_ready(url))
        yield Alertmanager(url)


@contextmanager
def listener(environ: Mapping[str, str], kind: str, *options: str) -> Iterator[int]:
    """Run `cmdb listen` of that kind beside a server and yield its UDP port."""
    command = [sys.executable, "-m", "cmdb", "listen", kind, "--port", "0", *options]
    child = subprocess.Popen(
        command, env=dict(environ), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        told = child.stdout.readline().strip() if child.stdout else ""
        if not told:
            raise AssertionError(child.communicate()[1])
        yield int(told.rpartition(":")[2])
    finally:
        end(child)
        child.communicate()


def say_syslog(port: int, message: str) -> None:
    """Send one message as devices do."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(message.encode(), ("127.0.0.1", port))


def send_trap(port: int, community: str, agent: str, trap: int, if_name: str) -> None:
    """Send a trap of version 1, whose sender says its own address, with net-snmp's program."""
    program = tool("snmptrap", "snmp")
    head = [program, "-v", "1", "-c", community, f"127.0.0.1:{port}", "1.3.6.1.4.1.8072", agent]
    subprocess.run(
        [*head, str(trap), "0", "", f"{IF_NAME}.12", "s", if_name],
        check=True,
        capture_output=True,
        timeout=60,
    )
