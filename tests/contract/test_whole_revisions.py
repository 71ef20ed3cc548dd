"""Whoever is told a revision sees all that it wrote, on engines that show a commit piece by piece."""

import asyncio

from cmdb.desk.access import SYSTEM
from cmdb.model.records import Item
from cmdb.store.store import Store
from tests.support.moments import NOON

REVISIONS = 6
ROWS = 1500
"""Enough that applying them takes an engine longer than a look at the counter."""


def rows(number: int) -> list[Item]:
    return [Item(key=f"{number}-{row}", ci_class="server", name="one of many") for row in range(ROWS)]


async def write_all(store: Store) -> None:
    for number in range(1, REVISIONS + 1):
        assert (await store.write(SYSTEM, "test", rows(number), NOON)).revision == number


async def follow_tails(store: Store) -> None:
    seen = 0
    while seen < REVISIONS:
        delta = await store.delta(SYSTEM, seen)
        told = {f"{number}-{row}" for number in range(seen + 1, delta.revision + 1) for row in range(ROWS)}
        assert told <= set(delta.items.keys), f"{seen} to {delta.revision}"
        seen = delta.revision
        await asyncio.sleep(0)


async def follow_names(store: Store) -> None:
    seen = 0
    while seen < REVISIONS:
        head, items = await store.run_log.named_items(seen)
        told = {f"{number}-{row}" for number in range(seen + 1, head + 1) for row in range(ROWS)}
        assert told <= {item.key for item in items}, f"{seen} to {head}"
        seen = head
        await asyncio.sleep(0)


async def test_what_a_revision_wrote_is_seen_as_a_whole(store_address_pair: tuple[Store, Store]) -> None:
    """Beside the writer and in another process."""
    followers = [follow(store) for follow in (follow_tails, follow_names) for store in store_address_pair]
    await asyncio.wait_for(asyncio.gather(write_all(store_address_pair[0]), *followers), 120)
