"""Real senders: net-snmp's snmptrap, and Prometheus with Alertmanager; what they send ends as an event on its CI."""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from io import BytesIO
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from cmdb.application.requests import RecordBatch
from cmdb.desk.access import SYSTEM
from cmdb.ingest.listening import listening
from cmdb.ingest.trap_decoder import decode_trap
from cmdb.model.kinds import RecordKind
from cmdb.model.records import Dependency, EntryRecord, Event, EventTransition, Item
from cmdb.model.severity import Severity
from tests.support.debian_tools import tool
from tests.support.loader_answers import bundled_loaders
from tests.support.real_senders import alertmanager, free_port, is_ready, running, write
from tests.support.small_estate import Bench, furnished
from tests.support.two_servers import until

EDGE = Item(
    key="edge-9",
    ci_class="router",
    name="edge-9",
    attributes={"fqdn": "edge-9.example.org", "ip_addresses": ("192.0.2.9",)},
)
PORT = Item(key="edge-9/4", ci_class="network_interface", name="GigabitEthernet0/4")
CONTAINED = Dependency(consumer=PORT.key, verb="CONTAINED_IN", provider=EDGE.key)
PATIENCE = 60.0
IF_NAME = "1.3.6.1.2.1.31.1.1.1.1.4"
LINK_DOWN, LINK_UP = "1.3.6.1.6.3.1.1.5.3", "1.3.6.1.6.3.1.1.5.4"


async def record(bench: Bench, source: str, *entries: EntryRecord) -> None:
    outcome = await bench.application.record(SYSTEM, RecordBatch(source=source, records=entries))
    assert not outcome.refused


async def only_event(bench: Bench, key: str) -> Event:
    (row,) = await bench.graph.records(SYSTEM, RecordKind.EVENT, [key])
    assert isinstance(row.record, Event)
    return row.record


@pytest.mark.parametrize("version", ["1", "2c"])
async def test_a_real_trap_raises_and_clears_an_event_on_the_interface(version: str) -> None:
    snmptrap = tool("snmptrap", "snmp")
    bench = await furnished(EDGE, PORT, CONTAINED)
    loaders = bundled_loaders()
    mapping = loaders.mapping(loaders.loader("snmptrap"))
    decode = partial(decode_trap, communities=("ours",))
    states: list[tuple[str, bool]] = []
    async with listening("127.0.0.1", 0, decode, pytest.fail) as listener:
        for number, trap in ((2, LINK_DOWN), (3, LINK_UP)):
            head = [snmptrap, "-v", version, "-c", "ours", f"127.0.0.1:{listener.port}"]
            sent = ["1.3.6.1.4.1.8072", "192.0.2.9", str(number), "0", ""] if version == "1" else ["", trap]
            await asyncio.to_thread(
                subprocess.run,
                [*head, *sent, IF_NAME, "s", "Gi0/4"],
                check=True,
                capture_output=True,
                timeout=30,
            )
            (document,) = await asyncio.wait_for(listener.batch(), PATIENCE)
            # A trap of version 2c names its sender by its address alone, which here is this machine.
            if isinstance(document.value, dict):
                document.value["agent"] = "192.0.2.9"
            made = [row.record for row in mapping.records([("snmptrap", document)])]
            await record(bench, "snmptrap", *made)
            event = await only_event(bench, "snmptrap:127.0.0.1/link down/Gi0/4")
            states.append((event.item, event.is_open))
    assert states == [("edge-9/4", True), ("edge-9/4", False)]


class Inlet:
    """Takes webhook bodies on loopback."""

    def __init__(self) -> None:
        self.bodies: asyncio.Queue[bytes] = asyncio.Queue()
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        (length,) = (line[15:] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        self.bodies.put_nowait(await reader.readexactly(int(length)))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()


@asynccontextmanager
async def inlet() -> AsyncIterator[Inlet]:
    made = Inlet()
    async with await asyncio.start_server(made.serve, "127.0.0.1", 0) as server:
        made.port = server.sockets[0].getsockname()[1]
        yield made


def rule(expression: str) -> str:
    labels = {"severity": "critical", "instance": "edge-9.example.org:9116", "ifName": "Gi0/4"}
    alert = {
        "alert": "InterfaceDown",
        "expr": expression,
        "labels": labels,
        "annotations": {"summary": "port 4"},
    }
    return json.dumps({"groups": [{"name": "edge", "interval": "1s", "rules": [alert]}]})


async def test_a_real_alert_raises_and_clears_an_event_on_the_interface(tmp_path: Path) -> None:
    prometheus = tool("prometheus", "prometheus")
    bench = await furnished(EDGE, PORT, CONTAINED)
    async with inlet() as taken:
        hook = f"http://127.0.0.1:{taken.port}/webhooks/alertmanager"
        with alertmanager(tmp_path, hook) as manager:
            watcher = f"127.0.0.1:{free_port()}"
            (tmp_path / "rules.yml").write_text(rule("vector(1)"), encoding="utf-8")
            targets = {"alertmanagers": [{"static_configs": [{"targets": [urlsplit(manager.url).netloc]}]}]}
            watched = {
                "global": {"evaluation_interval": "1s"},
                "rule_files": ["rules.yml"],
                "alerting": targets,
            }
            write(tmp_path / "prometheus.yml", watched)
            at_watcher = (
                f"--config.file={tmp_path / 'prometheus.yml'}", f"--storage.tsdb.path={tmp_path / 'tsdb'}",
                f"--web.listen-address={watcher}", "--web.enable-lifecycle", "--rules.alert.resend-delay=1s",
            )  # fmt: skip
            with running(prometheus, *at_watcher):
                await asyncio.to_thread(until, lambda: is_ready(f"http://{watcher}"))
                (raised,) = await posted(taken, bench)
                assert (raised.item, raised.severity, raised.summary) == (
                    PORT.key,
                    Severity.CRITICAL,
                    "port 4",
                )
                assert raised.is_open
                (tmp_path / "rules.yml").write_text(rule("vector(1) > 1"), encoding="utf-8")
                async with httpx.AsyncClient() as client:
                    (await client.post(f"http://{watcher}/-/reload")).raise_for_status()
                (cleared,) = await posted(taken, bench)
    assert (cleared.key, cleared.item, cleared.is_open) == (raised.key, PORT.key, False)


async def posted(taken: Inlet, bench: Bench) -> list[Event]:
    """Return the events after the next message."""
    body = await asyncio.wait_for(taken.bodies.get(), PATIENCE)
    located = bundled_loaders().load_stream("alertmanager", BytesIO(body), "alertmanager")
    await record(bench, "alertmanager", *(row.record for row in located))
    return [
        await only_event(bench, f"alertmanager:{row.record.key}")
        for row in located
        if isinstance(row.record, EventTransition)
    ]
