"""A real `cmdb serve` child and a plain HTTP client of it, for tests through public interfaces only."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from cmdb.api.operations import read_operation
from cmdb.demo.seed import Seed, SeedFile
from cmdb.resources import folder
from cmdb.store.connection import StoreAddress

START_SECONDS = 120
TRIES = 5
CHECKOUT = folder("seeds").parent


def environment(data_dir: Path, store: StoreAddress | None) -> dict[str, str]:
    """Return a process environment in which `cmdb` uses this data folder and store (None: the embedded engine)."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CMDB_")}
    kept |= {"CMDB_DATA_DIR": str(data_dir), "PYTHONPATH": str(CHECKOUT), "NO_COLOR": "1"}
    # An engine that stays for the next command would be one per test; those of the keeper let it stay.
    kept["CMDB_ENGINE_LINGER"] = "0"
    # Tests that open incidents by hand must not race with the rule; those of the rule switch it on.
    kept["CMDB_INCIDENT_SEVERITY"] = "off"
    kept["CMDB_INCIDENT_SETTLE_SECONDS"] = "0"
    if store is None:
        return kept
    return kept | {
        "CMDB_STORE_URI": store.uri,
        "CMDB_STORE_USER": store.user,
        "CMDB_STORE_PASSWORD": store.password,
        "CMDB_STORE_DATABASE": store.database,
    }


def run_cmdb(environ: Mapping[str, str], *arguments: str, sent: str = "") -> subprocess.CompletedProcess[str]:
    """Run the command line to its end."""
    return subprocess.run(
        [sys.executable, "-m", "cmdb", *arguments],
        env=dict(environ),
        input=sent,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


@contextmanager
def serving(environ: Mapping[str, str]) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Yield the address and process of a fresh server; it is stopped afterwards unless it has ended by then."""
    child = subprocess.Popen(
        [sys.executable, "-m", "cmdb", "serve", "--port", "0"],
        env=dict(environ),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        url = child.stdout.readline().strip() if child.stdout else ""
        if not url:
            raise AssertionError(child.communicate()[1])
        yield url, child
    finally:
        if child.poll() is None:
            child.send_signal(signal.SIGTERM)
        child.communicate(timeout=60)


@dataclass(frozen=True, slots=True)
class Asker:
    """Asks a running server the named operations, and sends it records."""

    url: str

    def ask(self, operation: str, act_as: str | None = None, **variables: object) -> Any:
        """Return the root field of an answer without errors."""
        answer = httpx.post(
            f"{self.url}/graphql",
            json={"query": read_operation(operation), "variables": variables},
            headers={"Cmdb-Act-As": act_as} if act_as else {},
            timeout=60,
            trust_env=False,
        ).json()
        if answer.get("errors"):
            raise AssertionError(answer["errors"])
        (value,) = answer["data"].values()
        return value

    def play(self, seed: Seed, files: Iterable[SeedFile]) -> None:
        """Send record files with their times moved to now, again while the store asks for that: it may be cold."""
        for file in files:
            lines = b"\n".join(seed.lines(file, datetime.now(UTC)))
            report = self._load(file.source, lines)
            for _ in range(TRIES):
                if report.get("code") == "STORE_CONFLICT":
                    report = self._load(file.source, lines)
            if report.get("problems") != []:
                raise AssertionError((file.path.name, report))

    def _load(self, source: str, lines: bytes) -> Any:
        return httpx.post(
            f"{self.url}/records",
            params={"source": source},
            content=lines,
            headers={"content-type": "application/x-ndjson"},
            timeout=60,
            trust_env=False,
        ).json()
