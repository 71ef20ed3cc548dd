"""A series of kills under posted events, and the proof that each acknowledged one is in the graph once."""

import asyncio
import random
import time
from collections.abc import Callable
from pathlib import Path

from tests.support.killing import Engine, ServerProcess, service_on
from tests.support.posting import Senders
from tests.support.service import Asker

SENDERS = 16
APPLIED_SECONDS = 60.0
"""Within this time of the last kill everything must be applied; it is a promise, not a measure of speed."""


async def run_inbox_series(
    engine_name: str, victim: str, folder: Path, seed: int, *, kills: int, posts: int
) -> None:
    """Kill `victim` at random moments while events are posted; nothing may be lost, nothing be there twice."""
    chance = random.Random(seed)
    with service_on(engine_name, folder) as (engine, server):
        _furnish(server.url)
        senders = Senders(lambda: server.url, "storm", SENDERS, posts)
        posting = asyncio.create_task(senders.run())
        try:
            for kill in range(kills):
                await _reach(senders, posting, posts * kill // kills)
                await asyncio.sleep(chance.uniform(0, 0.5))
                await asyncio.to_thread(_kill(victim, engine, server))
            await posting
        finally:
            senders.stop = True
            await asyncio.wait([posting], timeout=60)
        since = time.monotonic()
        await wait_until_applied(server.url, APPLIED_SECONDS)
        seconds = time.monotonic() - since
        found, expected = counted(server.url, "storm"), senders.expected()
        wrong = {
            key: (found.get(key, 0), expected.get(key, 0))
            for key in found.keys() | expected.keys()
            if found.get(key, 0) != expected.get(key, 0)
        }
        assert wrong == {}, f"{len(wrong)} events, (found, acknowledged): {dict(list(wrong.items())[:10])}"
    print(
        f"{engine_name} {victim}: {kills} kills, {senders.total} acknowledged, {senders.repeated} connections lost, "
        f"statuses {senders.statuses}, all applied {seconds:.1f} s after the last"
    )
    assert set(senders.statuses) <= {200, 202, 503}


def _kill(victim: str, engine: Engine, server: ServerProcess) -> Callable[[], None]:
    def end() -> None:
        if victim == "server":
            server.kill()
            server.start()
        else:
            engine.kill()
            engine.revive()

    return end


async def _reach(senders: Senders, posting: "asyncio.Task[None]", total: int) -> None:
    while senders.total < total and not posting.done():
        await asyncio.sleep(0.02)


def _furnish(url: str) -> None:
    rows = [{"key": "host", "class": "server", "name": "host"}]
    Asker(url).ask("record_items", input={"source": "test", "rows": rows})


async def wait_until_applied(url: str, seconds: float) -> None:
    """Return when the inbox is empty; its state when it is not within that time."""
    end = time.monotonic() + seconds
    while (state := await asyncio.to_thread(Asker(url).ask, "inbox"))["waiting"]:
        assert time.monotonic() < end, state
        await asyncio.sleep(0.2)
    assert state["dead"] == 0, state


def counted(url: str, source: str) -> dict[str, int]:
    """Return how often each event of the source was seen, by its key."""
    asker, after = Asker(url), None
    found: dict[str, int] = {}
    while True:
        page = asker.ask("events", first=100, after=after)
        found |= {
            edge["node"]["key"]: edge["node"]["count"]
            for edge in page["edges"]
            if edge["node"]["source"] == source
        }
        if not page["pageInfo"]["hasNextPage"]:
            return found
        after = page["pageInfo"]["endCursor"]
