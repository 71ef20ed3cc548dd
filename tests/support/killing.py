"""A service under traffic whose processes are killed at random moments, and a journal to check it by."""

import itertools
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

import httpx

from cmdb.api.operations import read_operation
from cmdb.store.connection import StoreAddress
from tests.support.moments import NOON
from tests.support.neo4j_server import own_neo4j
from tests.support.service import environment

PATIENCE = 1800.0
"""Seconds after which a request that never succeeds is a failure: longer than a whole series of kills takes.

The next kill follows as soon as anything is acknowledged, so a long load may get through only after the last one.
"""

BATCH = 40
LOAD = 1500
EVENTS = 5


class Engine(Protocol):
    """What stores the graph: it can be killed, and is there again after `revive`."""

    store: StoreAddress | None

    def kill(self) -> None:
        """End its process at once."""

    def revive(self) -> None:
        """Start it again, where nobody else does."""


class EmbeddedProcess:
    """The embedded engine of a data folder; the service that uses it starts it again."""

    store: StoreAddress | None = None

    def __init__(self, data_dir: Path) -> None:
        """Read its number when it is needed: it changes with every start."""
        self._runtime = data_dir / "engine" / "runtime.json"

    def kill(self) -> None:
        """End its process at once; one that was killed just now is started again by the service first."""
        for _ in range(1200):
            with suppress(ProcessLookupError):
                os.kill(json.loads(self._runtime.read_text())["pid"], signal.SIGKILL)
                return
            time.sleep(0.05)
        raise AssertionError("nobody started the engine again")

    def revive(self) -> None:
        """Leave it to the service."""


@dataclass
class Neo4jProcess:
    """A Neo4j of one's own."""

    store: StoreAddress | None
    kill: Callable[[], None]
    revive: Callable[[], None]


@contextmanager
def engine_of(name: str, folder: Path) -> Iterator[Engine]:
    """Yield the engine of that name, at home in the folder."""
    if name == "embedded":
        yield EmbeddedProcess(folder)
        return
    with own_neo4j(folder / "neo4j") as server:
        yield Neo4jProcess(server.address, server.kill, server.start)


class ServerProcess:
    """`cmdb serve` on one data folder, killed and started again."""

    def __init__(self, environ: Mapping[str, str], folder: Path) -> None:
        """Keep what it says in the folder."""
        self._environ = dict(environ)
        self._log = folder / "server.log"
        self._process: subprocess.Popen[str] | None = None
        self.url = ""

    def start(self) -> None:
        """Start and wait for the address; a start that fails beside a starting engine is tried again."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            with self._log.open("a") as log:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "cmdb", "serve", "--port", "0"],
                    env=self._environ,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    text=True,
                )
            assert self._process.stdout is not None
            self.url = self._process.stdout.readline().strip()
            if self.url:
                return
            self._process.wait()
        raise AssertionError(self._log.read_text()[-2000:])

    def kill(self) -> None:
        """End it at once."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it in order."""
        self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(60)
            assert self._process.stdout is not None
            self._process.stdout.close()
            self._process = None


@dataclass
class Write:
    """One request: its rows by key, and what was told: the revision, and whether the first try was answered."""

    kind: str
    number: int
    revision: int | None = None
    tries: int = 0


@dataclass
class Traffic:
    """Three clients that write without pause, repeat what was not acknowledged, and keep a journal."""

    server: ServerProcess
    journal: list[Write] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        """Begin."""
        self._threads = [threading.Thread(target=self._go, args=(kind,)) for kind in SENDERS]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let each client finish its last request."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def wait_for_progress(self) -> None:
        """Wait until a write that is not begun yet is acknowledged."""
        begun = len(self.journal)
        while not self.faults and not any(write.revision for write in self.journal[begun:]):
            time.sleep(0.02)

    def _go(self, kind: str) -> None:
        for number in itertools.count():
            if self._stopping.is_set():
                return
            write = Write(kind, number)
            self.journal.append(write)
            try:
                self._insist(write)
            except Exception as error:  # noqa: BLE001 - told by the test; a thread cannot fail
                self.faults.append(f"{write}: {error!r}")
                return

    def _insist(self, write: Write) -> None:
        deadline = time.monotonic() + PATIENCE
        told: object = None
        while time.monotonic() < deadline:
            write.tries += 1
            try:
                write.revision = SENDERS[write.kind](self.server.url, write.number)
            except (httpx.TransportError, Unanswered) as error:
                told = error
                time.sleep(0.1)
            else:
                return
        raise TimeoutError(told)


class Unanswered(Exception):
    """The service said that it cannot write now."""


def _posted(url: str, **sent: Any) -> Any:
    answer = httpx.post(url, timeout=60, trust_env=False, **sent)
    if answer.status_code == 503:
        raise Unanswered(answer.text)
    document = answer.json()
    for error in document.get("errors", ()):
        if error["extensions"]["code"].startswith("STORE_"):
            raise Unanswered(error)
        raise AssertionError(error)
    return document


def _record(url: str, operation: str, rows: Sequence[Mapping[str, object]]) -> int:
    sent = {"query": read_operation(operation), "variables": {"input": {"source": "clients", "rows": rows}}}
    ((_, payload),) = _posted(f"{url}/graphql", json=sent)["data"].items()
    if payload["userErrors"] or any(row["code"] for row in payload["rows"]):
        if any(error["code"].startswith("STORE_") for error in payload["userErrors"]):
            raise Unanswered(payload["userErrors"])
        raise AssertionError(payload)
    return int(payload["revision"])


def send_batch(url: str, number: int) -> int:
    """Record some items in one transaction."""
    return _record(url, "record_items", batch_rows(number))


def batch_rows(number: int) -> list[dict[str, object]]:
    """Return the rows of a batch."""
    keys = [f"batch-{number}-{row}" for row in range(BATCH)]
    return [{"key": key, "class": "server", "name": key} for key in keys]


def send_events(url: str, number: int) -> int:
    """Record a step of each of a few events, after the items that they are on."""
    if number == 0:
        _record(url, "record_items", [{"key": "host", "class": "server", "name": "host"}])
    return _record(url, "record_events", event_rows(number))


def event_rows(number: int) -> list[dict[str, object]]:
    """Return the next step of each event."""
    at = (NOON + timedelta(seconds=number)).isoformat()
    severity = ("WARNING", "MAJOR")[number % 2]
    return [{"item": "host", "condition": f"c{row}", "severity": severity, "at": at} for row in range(EVENTS)]


def send_load(url: str, number: int) -> int:
    """Load a document of several transactions."""
    told = _posted(
        f"{url}/records",
        params={"source": "loader"},
        content=b"\n".join(load_lines(number)),
        headers={"content-type": "application/x-ndjson"},
    )
    if told.get("problems") != []:
        raise AssertionError(told)
    return int(told["revision"])


def load_lines(number: int) -> list[bytes]:
    """Return items in a chain, as many again as fit one transaction."""
    keys = [f"load-{number}-{row:04d}" for row in range(LOAD)]
    rows: list[dict[str, object]] = [
        {"kind": "item", "key": key, "class": "server", "name": key} for key in keys
    ]
    rows += [
        {"kind": "dependency", "consumer": key, "verb": "DEPENDS_ON", "provider": provider}
        for key, provider in itertools.pairwise(keys)
    ]
    return [json.dumps(row).encode() for row in rows]


SENDERS: dict[str, Callable[[str, int], int]] = {
    "batch": send_batch,
    "events": send_events,
    "load": send_load,
}


@dataclass(frozen=True)
class Series:
    """What is killed, how often, by which seed; returns the journal once every write was acknowledged."""

    victims: tuple[str, ...]
    kills: int
    seed: int

    def run(self, engine: Engine, server: ServerProcess, traffic: Traffic) -> None:
        """Kill at random moments, start again, and go on."""
        chance = random.Random(self.seed)
        traffic.start()
        try:
            for _ in range(self.kills):
                # Mostly amid writes, sometimes while what was killed last is still starting.
                if chance.random() < 0.8:
                    traffic.wait_for_progress()
                time.sleep(chance.uniform(0, 1))
                self._kill(engine, server)
                assert traffic.faults == [], "\n".join(traffic.faults)
            traffic.wait_for_progress()
        finally:
            traffic.stop()
        assert traffic.faults == [], "\n".join(traffic.faults)

    def _kill(self, engine: Engine, server: ServerProcess) -> None:
        if "server" in self.victims:
            server.kill()
        if "engine" in self.victims:
            engine.kill()
            engine.revive()
        if "server" in self.victims:
            server.start()


@contextmanager
def service_on(name: str, folder: Path) -> Iterator[tuple[Engine, ServerProcess]]:
    """Yield an engine with its running service."""
    with engine_of(name, folder) as engine:
        server = ServerProcess(environment(folder, engine.store), folder)
        server.start()
        try:
            yield engine, server
        finally:
            server.stop()
