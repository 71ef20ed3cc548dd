"""The command line in this process, over an application in memory."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from typer.testing import CliRunner

from cmdb.api.app import build_app
from cmdb.cli.app import build_cli
from cmdb.cli.client import Client
from cmdb.cli.session import Session
from cmdb.errors import CmdbError
from cmdb.ingest.records import JsonRecordParser
from tests.support.inbox import Desk
from tests.support.small_estate import Bench
from tests.support.vpn_outage import SEED, outage_of


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str
    error: CmdbError | None


def invoke(session: Session, *arguments: str) -> Ran:
    """Run one command; an expected error is returned, where `main` would print it."""
    done = CliRunner().invoke(build_cli(), arguments, obj=session, env={"COLUMNS": "100"})
    error = done.exception
    if error is not None and not isinstance(error, SystemExit | CmdbError):
        raise error
    return Ran(done.exit_code, done.stdout, done.stderr, error if isinstance(error, CmdbError) else None)


class CommandLine:
    """Runs commands against an application that `make` builds anew for each: it belongs to one event loop."""

    def __init__(self, make: Callable[[], Coroutine[Any, Any, Bench]]) -> None:
        """Ask what `make` returns."""
        self._make = make

    def run(self, *arguments: str, act_as: str | None = None, as_of: str | None = None) -> Ran:
        """Run one command against a fresh application."""
        return invoke(Session(self._connect, act_as, as_of), *arguments)

    @asynccontextmanager
    async def _connect(self) -> AsyncIterator[Client]:
        async with client_of(await self._make()) as client:
            yield client


@asynccontextmanager
async def client_of(bench: Bench | Desk) -> AsyncIterator[Client]:
    """Yield the command line's client of an application in this process."""
    transport = httpx.ASGITransport(app=build_app(bench.application, JsonRecordParser()))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        yield Client(http)


async def outage() -> Bench:
    """Return the height of the VPN outage."""
    bench, _ = await outage_of(SEED)
    return bench


async def nothing() -> Bench:
    """Return an empty application."""
    await asyncio.sleep(0)
    return Bench()
