"""A file far larger than what a load may take of memory: from the reader to the check of its last record."""

import json
import subprocess
import sys
from pathlib import Path

FILE = 150 << 20
GROWN = 75 << 20

RUN = """
import asyncio, json, resource, sys
from contextlib import closing
from functools import partial
import httpx
from cmdb.api.app import build_app
from cmdb.application.application import Application
from cmdb.cli.client import Client
from cmdb.cli.read_records import ReadRecords
from cmdb.ingest.holding import hold_records
from cmdb.ingest.records import JsonRecordParser
from tests.fakes.graph import FakeGraph
from tests.fakes.runs import FakeRunLog
from tests.support.loader_answers import bundled_loaders
from tests.support.moments import StandingClock
from tests.support.small_estate import METAMODEL

async def load(path):
    graph = FakeGraph()
    application = Application(graph, graph, METAMODEL, StandingClock(), FakeRunLog(graph),
                              hold=partial(hold_records, few=50))
    transport = httpx.ASGITransport(app=build_app(application, JsonRecordParser()))
    with closing(ReadRecords()) as read:
        read.take(bundled_loaders().records("records", [path]))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
            return await Client(http).upload("test", read.lines(), dry_run=True)

asyncio.run(load(sys.argv[1]))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
report = asyncio.run(load(sys.argv[2]))
grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
print(json.dumps({"counts": report["counts"], "problems": report["problems"], "grown": grown}))
"""


def write(path: Path, size: int) -> int:
    """Write a stream of CIs with long descriptions, the last of which nobody may refer to; return how many."""
    number, written = 0, 0
    with path.open("w", encoding="utf-8") as file:
        while written < size:
            row = {"kind": "item", "key": f"h{number}", "class": "server", "name": f"host {number}"}
            written += file.write(json.dumps({**row, "description": "x y " * 25_000}) + "\n")
            number += 1
    return number


def test_a_large_stream_is_read_sent_and_checked_in_bounded_memory(tmp_path: Path) -> None:
    small, large = tmp_path / "small.ndjson", tmp_path / "large.ndjson"
    write(small, 1 << 20)
    number = write(large, FILE)
    ran = subprocess.run(
        [sys.executable, "-c", RUN, str(small), str(large)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    assert told["counts"] == {"item": {"checked": number}}
    assert told["grown"] < GROWN, told
