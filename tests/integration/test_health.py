"""`/readyz` of a real server follows its store and schema; `/livez` does not care."""

import asyncio
import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from cmdb.store.connection import StoreAddress, open_connection
from tests.support.service import environment, serving

FLIP_SECONDS = 5
NEWER = "MERGE (m:Migration {version: 99}) SET m.state = 'applied', m.checksum = 'x'"
OLDER = "MATCH (m:Migration {version: 99}) DELETE m"
BEGUN = "MATCH (m:Migration {version: 1}) SET m.state = 'started'"
ENDED = "MATCH (m:Migration {version: 1}) SET m.state = 'applied'"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """A server, and how to reach the engine behind it."""
    with serving(environment(tmp_path, None)) as (url, _):
        yield url, json.loads((tmp_path / "engine" / "runtime.json").read_text())


def ready(url: str) -> tuple[int, dict[str, Any]]:
    answer = httpx.get(f"{url}/readyz", trust_env=False, timeout=30)
    return answer.status_code, answer.json()


def flips(url: str, status: int, code: str | None) -> dict[str, Any]:
    """Return the answer that tells so; it must come within the promised time."""
    deadline = time.monotonic() + FLIP_SECONDS
    while True:
        found, told = ready(url)
        if (found, told.get("code")) == (status, code):
            return told
        if time.monotonic() > deadline:
            raise AssertionError((found, told))
        time.sleep(0.1)


def change_store(runtime: dict[str, Any], statement: str) -> None:
    async def define() -> None:
        address = StoreAddress(
            f"bolt://127.0.0.1:{runtime['port']}", runtime["user"], runtime["password"], runtime["database"]
        )
        async with open_connection(address) as connection:
            await connection.define(statement)

    asyncio.run(define())


def test_a_ready_server_tells_revision_lag_and_role(server: tuple[str, dict[str, Any]]) -> None:
    url, _ = server
    deadline = time.monotonic() + FLIP_SECONDS
    while not ready(url)[1]["owner"] and time.monotonic() < deadline:
        time.sleep(0.1)
    assert ready(url) == (200, {"ready": True, "revision": 0, "lag": 0, "owner": True, "tenure": 1})


def test_a_store_that_says_nothing_takes_readiness_and_not_life(server: tuple[str, dict[str, Any]]) -> None:
    url, runtime = server
    flips(url, 200, None)
    os.kill(runtime["pid"], signal.SIGSTOP)
    try:
        told = flips(url, 503, "STORE_GONE")
        assert (told["ready"], told["reasons"][0]["code"]) == (False, "STORE_GONE")
        assert httpx.get(f"{url}/livez", trust_env=False, timeout=1).status_code == 200
    finally:
        os.kill(runtime["pid"], signal.SIGCONT)
    flips(url, 200, None)


def test_a_store_that_died_takes_readiness(server: tuple[str, dict[str, Any]]) -> None:
    url, runtime = server
    os.kill(runtime["pid"], signal.SIGKILL)
    assert flips(url, 503, "STORE_GONE")["hint"]
    assert httpx.get(f"{url}/livez", trust_env=False, timeout=1).status_code == 200


@pytest.mark.parametrize(
    ("harm", "mend", "code"),
    [(NEWER, OLDER, "STORE_TOO_NEW"), (BEGUN, ENDED, "MIGRATION_PENDING")],
)
def test_a_schema_that_is_not_ours_takes_readiness(
    server: tuple[str, dict[str, Any]], harm: str, mend: str, code: str
) -> None:
    url, runtime = server
    flips(url, 200, None)
    change_store(runtime, harm)
    flips(url, 503, code)
    change_store(runtime, mend)
    flips(url, 200, None)
