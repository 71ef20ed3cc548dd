"""A storm beside a quiet source, and a store that is away: what is seen through the public interfaces.

`CMDB_STORM_EVENTS` says how many events the storm has.
"""

import asyncio
import json
import os
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cmdb.store.connection import StoreAddress
from tests.conftest import ENGINES, wipe
from tests.support.inbox_series import wait_until_applied
from tests.support.killing import EmbeddedProcess
from tests.support.moments import NOON
from tests.support.posting import Connection, request
from tests.support.service import Asker, environment, serving
from tests.support.two_servers import send

EVENTS = int(os.environ.get("CMDB_STORM_EVENTS", "5000"))
CONDITIONS = 500
A_BODY = 20
A_LOAD = 250
"""Rows of the estate in one transaction: a store that has just started is slow, and gives up after 15 s."""

PATIENCE = max(120.0, EVENTS / 100)
"""Far more than the quiet source needs; the figures themselves are printed."""

Line = Mapping[str, object]


def estate() -> list[dict[str, str]]:
    """One router below all servers but the quiet one, one service on top of each."""
    rows = [
        {"kind": "item", "key": "core", "class": "router", "name": "core"},
        {"kind": "item", "key": "quiet", "class": "server", "name": "quiet"},
    ]
    for number in range(1, CONDITIONS):
        server, service = failing(number), f"service{number}"
        rows += [
            {"kind": "item", "key": server, "class": "server", "name": server},
            {"kind": "item", "key": service, "class": "business_service", "name": service},
        ]
        rows += [
            {"kind": "dependency", "consumer": consumer, "verb": "DEPENDS_ON", "provider": provider}
            for consumer, provider in ((server, "core"), (service, server))
        ]
    return rows


def failing(number: int) -> str:
    return f"server{number}" if number else "core"


def step(item: str, number: int, severity: str = "critical") -> Line:
    """Return a raise, later than those before it."""
    at = (NOON + timedelta(milliseconds=number)).isoformat()
    return {"kind": "event", "item": item, "condition": "down", "severity": severity, "at": at}


def alarms(numbers: Sequence[int], begin: int, end: int) -> Iterator[Line]:
    """Yield the events from `begin` to `end`: round by round one of each condition, each round in another order."""
    chance = random.Random(begin)
    for start in range(begin, end, len(numbers)):
        mixed = chance.sample(numbers, len(numbers))
        yield from (step(failing(number), start + place) for place, number in enumerate(mixed))


@dataclass
class Seen:
    """What stands at the end, and how long the quiet source's events took meanwhile."""

    delays: list[float]
    events: int
    situations: dict[str, int]
    tickets: list[dict[str, Any]]

    def told(self) -> str:
        opened, merged = len(self.tickets), sum(ticket["state"] == "CLOSED" for ticket in self.tickets)
        return (
            f"{self.events} open events, {len(self.situations)} situations ({self.situations}), {opened} incidents "
            f"opened of which {merged} were joined; the quiet source's events applied within "
            f"{max(self.delays):.2f} s at worst, {sorted(self.delays)[len(self.delays) // 2]:.2f} s in the middle "
            f"of {len(self.delays)}"
        )


class Storm:
    """Posts to a running server, and looks at what becomes of it."""

    def __init__(self, url: str) -> None:
        """Furnish the estate."""
        self._url = url
        self._asker = Asker(url)
        rows = sorted(estate(), key=lambda row: row["kind"], reverse=True)
        for start in range(0, len(rows), A_LOAD):
            send(url, rows[start : start + A_LOAD])

    async def post(self, lines: Iterator[Line]) -> int:
        """Post all lines, many to a body; what is not taken is sent again."""
        connection = await Connection.to(self._url)
        sent = 0
        while body := [line for line, _ in zip(lines, range(A_BODY), strict=False)]:
            text = b"\n".join(json.dumps(line).encode() for line in body)
            while await connection.status(request("/webhooks/records?source=storm", text)) != 202:
                await asyncio.sleep(0.1)
            sent += len(body)
        connection.close()
        return sent

    async def beside(self, storm: "asyncio.Task[None]") -> list[float]:
        """Let the quiet source speak until the storm has passed; return how long each event took to be applied."""
        delays: list[float] = []
        quiet = await Connection.to(self._url)
        while not storm.done():
            began = time.monotonic()
            sent = request(
                "/webhooks/records?source=quiet&wait=applied",
                json.dumps(step("quiet", len(delays), "warning")).encode(),
            )
            while await asyncio.wait_for(quiet.status(sent), PATIENCE) != 200:
                assert time.monotonic() - began < PATIENCE
            delays.append(time.monotonic() - began)
            await asyncio.sleep(0.2)
        quiet.close()
        await storm
        return delays

    async def until(self, reached: str, among: int = 1) -> None:
        """Wait until there are so many open incidents."""
        end = time.monotonic() + PATIENCE
        while True:
            found = [ticket for ticket in await self.tickets() if ticket["state"] != "CLOSED"]
            if len(found) == among if reached == "exactly" else len(found) >= among:
                return
            assert time.monotonic() < end, len(found)
            await asyncio.sleep(0.5)

    async def ask(self, operation: str, **variables: object) -> Any:
        return await asyncio.to_thread(lambda: self._asker.ask(operation, None, **variables))

    async def tickets(self) -> list[dict[str, Any]]:
        """Return all tickets, oldest first."""
        found: list[dict[str, Any]] = []
        after = None
        while True:
            page = await self.ask("tickets", first=100, after=after)
            found += (edge["node"] for edge in page["edges"])
            if not page["pageInfo"]["hasNextPage"]:
                return sorted(found, key=lambda ticket: ticket["key"])
            after = page["pageInfo"]["endCursor"]

    async def look(self, delays: list[float]) -> Seen:
        """Return what there is now."""
        events = await self.ask("events", filter={"states": ["OPEN"]}, first=1)
        rows = (await self.ask("situations"))["situations"]
        return Seen(
            delays,
            events["totalCount"],
            {row["cause"]["key"]: len(row["members"]) for row in rows},
            await self.tickets(),
        )


@pytest.fixture(params=ENGINES)
async def environ(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    """A process environment with the rule on, for each engine."""
    store: StoreAddress | None = None
    if request.param == "neo4j":
        store = request.getfixturevalue("neo4j_address")
        assert store is not None
        await wipe(store)
    return environment(tmp_path, store) | {"CMDB_INCIDENT_SEVERITY": "critical"}


async def require_one_of_each(storm: Storm, posting: "asyncio.Task[None]") -> None:
    """Wait for the end, and see one situation with one open incident of all conditions beside the quiet source's."""
    began = time.monotonic()
    seen = await storm.look(await storm.beside(posting))
    print(f"{EVENTS} events: all at rest after {time.monotonic() - began:.1f} s; {seen.told()}")
    assert seen.situations == {"core": CONDITIONS, "quiet": 1}
    assert seen.events == CONDITIONS + 1
    oldest, *others = seen.tickets
    assert oldest["state"] != "CLOSED"
    incident = await storm.ask("ticket", key=oldest["key"])
    assert (incident["causeItem"]["key"], len(incident["events"])) == ("core", CONDITIONS)
    assert incident["title"].startswith("core: ")
    for other in others:
        assert (await storm.ask("ticket", key=other["key"]))["key"] == oldest["key"]


async def test_a_storm_is_one_situation_with_one_incident_and_holds_nobody_up(
    environ: dict[str, str],
) -> None:
    with serving(environ | {"CMDB_INCIDENT_SETTLE_SECONDS": "2"}) as (url, _):
        storm = Storm(url)

        async def blow() -> None:
            await storm.post(alarms(range(CONDITIONS), 0, EVENTS))
            await wait_until_applied(url, PATIENCE)
            await storm.until("exactly")

        await require_one_of_each(storm, asyncio.create_task(blow()))


async def test_symptoms_with_incidents_of_their_own_become_one_when_their_root_tells(
    environ: dict[str, str],
) -> None:
    with serving(environ) as (url, _):
        storm = Storm(url)

        async def blow() -> None:
            without = EVENTS * 4 // 5
            await storm.post(alarms(range(1, CONDITIONS), 0, without))
            await storm.until("at least", 2)
            await storm.post(alarms(range(CONDITIONS), without, EVENTS))
            await wait_until_applied(url, PATIENCE)
            await storm.until("exactly")

        await require_one_of_each(storm, asyncio.create_task(blow()))


async def test_deliveries_are_taken_while_the_store_is_away_and_applied_when_it_is_back(
    tmp_path: Path,
) -> None:
    with serving(environment(tmp_path, None)) as (url, _):
        asker = Asker(url)
        rows = [{"key": "host", "class": "server", "name": "host"}]
        asker.ask("record_items", input={"source": "test", "rows": rows})
        EmbeddedProcess(tmp_path).kill()
        connection = await Connection.to(url)
        for number in range(CONDITIONS):
            line = {**step("host", number), "condition": f"c{number}"}
            sent = request("/webhooks/records?source=during", json.dumps(line).encode())
            assert await connection.status(sent) == 202
        connection.close()
        await wait_until_applied(url, PATIENCE)
        events = asker.ask("events", filter={"states": ["OPEN"]}, first=1)
    assert events["totalCount"] == CONDITIONS
