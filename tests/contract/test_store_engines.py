"""What only an engine can show: several writers at once, and whether a graph is empty."""

import asyncio
from dataclasses import replace

from cmdb.desk.access import SYSTEM
from cmdb.model.records import Dependency, Item, Record
from cmdb.store.connection import StoreAddress
from cmdb.store.store import Store, open_store
from tests.conftest import MIGRATIONS, VERBS, wipe
from tests.support.moments import NOON


def item(key: str, name: str = "") -> Item:
    return Item(key=key, ci_class="server", name=name or key)


def edge(consumer: str, provider: str) -> Dependency:
    return Dependency(consumer=consumer, verb="DEPENDS_ON", provider=provider)


async def test_four_writers_take_distinct_revisions_and_double_nothing(
    store_address_pair: tuple[Store, Store],
) -> None:
    first, second = store_address_pair
    await first.write(SYSTEM, "test", [item("hub")], NOON)

    async def load(store: Store, writer: int) -> list[int]:
        taken: list[int] = []
        for number in range(5):
            key = f"w{writer}-{number}"
            records: list[Record] = [
                item(key),
                item("shared", name=key),
                edge(key, "hub"),
                edge("shared", "hub"),
            ]
            outcome = await store.write(SYSTEM, "test", records, NOON)
            taken.append(outcome.revision)
        return taken

    taken = await asyncio.gather(*(load(store, writer) for writer, store in enumerate([first, second] * 2)))
    revisions = [revision for one in taken for revision in one]
    assert sorted(revisions) == list(range(2, 22))
    delta = await first.delta(SYSTEM, 0)
    assert len(delta.items.keys) == len(set(delta.items.keys)) == 22
    assert len(delta.dependencies.consumers) == 21


async def test_emptiness_is_told(store: Store) -> None:
    assert await store.is_empty()
    await store.write(SYSTEM, "test", [item("a")], NOON)
    assert not await store.is_empty()
    await store.ping()


async def test_an_address_of_a_cluster_works_too(neo4j_address: StoreAddress) -> None:
    await wipe(neo4j_address)
    routed = replace(neo4j_address, uri=neo4j_address.uri.replace("bolt", "neo4j", 1))
    async with (
        open_store(routed, VERBS, MIGRATIONS) as first,
        open_store(routed, VERBS, MIGRATIONS) as second,
    ):
        for number, store in enumerate((first, second) * 3, 1):
            assert (await store.write(SYSTEM, "test", [item(f"i{number}")], NOON)).revision == number
            for reader in (first, second):
                assert (await reader.delta(SYSTEM, number - 1)).items.keys == [f"i{number}"]
