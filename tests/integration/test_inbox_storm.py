"""One flapping source beside a quiet one, and a store that is away: what is seen through the public interfaces."""

import asyncio
import json
import os
import time
from datetime import timedelta
from pathlib import Path

from tests.support.inbox_series import wait_until_applied
from tests.support.killing import EmbeddedProcess
from tests.support.moments import NOON
from tests.support.posting import Connection, request
from tests.support.service import Asker, environment, serving

EVENTS = int(os.environ.get("CMDB_STORM_EVENTS", "10000"))
CONDITIONS = 500
A_BODY = 20
PATIENCE = 120.0
"""Far more than the quiet source needs; the figure itself is printed."""


def step(number: int) -> dict[str, object]:
    """Return a raise of one of the conditions, later than the one before."""
    at = (NOON + timedelta(milliseconds=number)).isoformat()
    condition = f"c{number % CONDITIONS}"
    return {"kind": "event", "item": "host", "condition": condition, "severity": "warning", "at": at}


async def test_a_storm_becomes_few_events_and_holds_nobody_up(tmp_path: Path) -> None:
    with serving(environment(tmp_path, None)) as (url, _):
        asker = Asker(url)
        rows = [{"key": "host", "class": "server", "name": "host"}]
        asker.ask("record_items", input={"source": "test", "rows": rows})
        storm = asyncio.create_task(_storm(url))
        delays: list[float] = []
        quiet = await Connection.to(url)
        while not storm.done():
            began = time.monotonic()
            body = json.dumps(step(len(delays))).encode()
            sent = request("/webhooks/records?source=quiet&wait=applied", body)
            while await asyncio.wait_for(quiet.status(sent), PATIENCE) != 200:
                assert time.monotonic() - began < PATIENCE
            delays.append(time.monotonic() - began)
            await asyncio.sleep(0.2)
        quiet.close()
        sent_events = await storm
        await wait_until_applied(url, PATIENCE)
        events = await asyncio.to_thread(asker.ask, "events", filter={"states": ["OPEN"]}, first=1)
    print(
        f"{sent_events} events of the storm; the other source applied within {max(delays):.1f} s "
        f"at worst, {sorted(delays)[len(delays) // 2]:.2f} s in the middle of {len(delays)}"
    )
    assert events["totalCount"] == CONDITIONS + min(len(delays), CONDITIONS)


async def _storm(url: str) -> int:
    connection = await Connection.to(url)
    number = 0
    while number < EVENTS:
        body = b"\n".join(json.dumps(step(number + offset)).encode() for offset in range(A_BODY))
        status = await connection.status(request("/webhooks/records?source=storm", body))
        if status == 202:
            number += A_BODY
    connection.close()
    return number


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
            sent = request("/webhooks/records?source=during", json.dumps(step(number)).encode())
            assert await connection.status(sent) == 202
        connection.close()
        await wait_until_applied(url, PATIENCE)
        events = asker.ask("events", filter={"states": ["OPEN"]}, first=1)
    assert events["totalCount"] == CONDITIONS
