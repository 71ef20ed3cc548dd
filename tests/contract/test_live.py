"""Several services over one store, and somebody who writes past all of them, on both engines."""

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest

from cmdb.application.application import Application
from cmdb.application.live import LiveTopology
from cmdb.application.requests import RecordBatch
from cmdb.application.snapshot import Snapshot
from cmdb.desk.access import SYSTEM
from cmdb.errors import CmdbError, ErrorCode
from cmdb.metamodel import read_metamodel
from cmdb.model.records import Dependency, Item
from cmdb.model.severity import Severity
from cmdb.resources import folder
from cmdb.store.connection import Connection, StoreAddress, open_connection
from cmdb.store.store import Store
from tests.support.moments import StandingClock
from tests.support.small_estate import raised

METAMODEL = read_metamodel(folder("schema"))
ESTATE: tuple[Item | Dependency, ...] = (
    Item(key="shop", ci_class="business_service", name="Shop"),
    Item(key="db", ci_class="server", name="Database"),
    Dependency(consumer="shop", verb="DEPENDS_ON", provider="db"),
)
TICK = 0.005
"""Minutes that are longer than the tick, and shorter than a picture may be old."""
TICKS = 30
"""How often a service looks at most before a foreign write must have been noticed."""


class Service(Application):
    """An application with a clock of its own."""

    def __init__(self, store: Store) -> None:
        """Stand at noon."""
        self.clock, self.store = StandingClock(), store
        super().__init__(store, store, METAMODEL, self.clock, store.run_log)

    async def tick(self) -> None:
        """Let a tick pass and ask."""
        self.clock.advance(TICK)
        await self.refresh()

    async def refreshed(self) -> Snapshot:
        """Return the present as the use cases see it."""
        return await self._live.current()

    async def severity(self, key: str, at_least: int = 0) -> Severity:
        """Return how bad a CI is."""
        await self.refresh(at_least)
        return (await self.find_item(SYSTEM, key)).health.effective


@pytest.fixture
async def services(store_address_pair: tuple[Store, Store]) -> AsyncIterator[tuple[Service, Service]]:
    """Two services over one store that holds a shop and its database, both up to date."""
    first, second = (Service(store) for store in store_address_pair)
    await first.record(SYSTEM, RecordBatch(source="test", records=ESTATE))
    await second.refresh(1)
    yield first, second
    await first.close()
    await second.close()


@pytest.fixture
async def browser(store_address: StoreAddress, services: object) -> AsyncIterator[Connection]:
    """Somebody at the engine's own prompt, after the services came up."""
    del services
    async with open_connection(store_address) as connection:
        yield connection


async def test_a_write_of_one_service_is_in_the_others_answer_that_asks_for_its_revision(
    services: tuple[Service, Service],
) -> None:
    first, second = services
    outcome = await first.record(SYSTEM, RecordBatch(source="m", records=(raised("db"),)))
    assert await first.severity("shop") is Severity.CRITICAL
    assert await second.severity("shop") is Severity.OK
    assert await second.severity("shop", outcome.revision) is Severity.CRITICAL
    assert (await second.basis()).revision == outcome.revision


async def test_a_write_of_one_service_shows_in_the_other_without_asking_for_it(
    services: tuple[Service, Service],
) -> None:
    first, second = services
    await first.record(SYSTEM, RecordBatch(source="m", records=(raised("db"),)))
    second.clock.advance(1 / 60)
    assert await second.severity("shop") is Severity.CRITICAL


async def test_both_write_at_once_and_both_see_both(services: tuple[Service, Service]) -> None:
    first, second = services
    batches = [
        RecordBatch(source="test", records=(Item(key=f"extra-{number}", ci_class="server", name="x"),))
        for number in range(6)
    ]
    writes = [(first, second)[number % 2].record(SYSTEM, batch) for number, batch in enumerate(batches)]
    outcomes = await asyncio.gather(*writes)
    newest = max(outcome.revision for outcome in outcomes)
    for service in services:
        await service.refresh(newest)
        for number in range(6):
            assert (await service.find_item(SYSTEM, f"extra-{number}")).item.key == f"extra-{number}"


async def test_a_revision_that_no_service_wrote_is_behind(services: tuple[Service, Service]) -> None:
    with pytest.raises(CmdbError) as caught:
        await services[1].basis(99)
    assert caught.value.code is ErrorCode.BEHIND


FOREIGN = {
    "a dependency more": (
        "MATCH (a:ConfigurationItem {key: 'db'}), (b:ConfigurationItem {key: 'shop'}) CREATE (a)-[:DEPENDS_ON]->(b)"
    ),
    "a dependency less": "MATCH (:ConfigurationItem)-[d:DEPENDS_ON]->(:ConfigurationItem) DELETE d",
    "a CI less": "MATCH (c:ConfigurationItem {key: 'db'}) DETACH DELETE c",
    "a CI more": "CREATE (:ConfigurationItem {key: 'new', name: 'new', class: 'server', bucket: 3})",
    "half an event": "CREATE (:Event {key: 'half', state: 'open'})",
    "a dependency of nonsense": (
        "MATCH (a:ConfigurationItem {key: 'db'}), (b:ConfigurationItem {key: 'shop'}) "
        "CREATE (a)-[:DEPENDS_ON {strength: 'iron', weight: 'x', map: '{', group: 'none'}]->(b)"
    ),
    "half a CI": "CREATE (:ConfigurationItem {key: 'half', bucket: 3})",
}


@pytest.mark.parametrize("statement", FOREIGN.values(), ids=FOREIGN)
async def test_what_is_created_or_deleted_past_the_service_is_noticed_and_read(
    services: tuple[Service, Service], browser: Connection, caplog: pytest.LogCaptureFixture, statement: str
) -> None:
    clock, store = StandingClock(), services[0].store
    live = LiveTopology(store, clock, frozenset(), counting_share=0, patience=60)
    for _ in range(3):
        await tick(live, clock)
    await browser.define(statement)
    with caplog.at_level(logging.WARNING):
        await tick(live, clock)
        for _ in range(TICKS):
            if (await tick(live, clock)).verified:
                break
    assert ErrorCode.FOREIGN_WRITE in caplog.text
    assert (await live.current()).verified
    assert shown(await live.current()) == shown(await LiveTopology(store, clock, frozenset()).current())


async def tick(live: LiveTopology, clock: StandingClock) -> Snapshot:
    """Let a tick pass, ask, and give a refresh that goes on the time to end."""
    clock.advance(TICK)
    await live.current()
    await asyncio.sleep(0.05)
    return await live.current()


def shown(snapshot: Snapshot) -> dict[str, object]:
    """Return the CIs and their dependencies."""
    topology = snapshot.topology
    edges = [topology.edge(edge) for edge in range(len(topology.provider))]
    return {"keys": topology.keys, "edges": [(view.consumer, view.verb, view.provider) for view in edges]}


async def test_own_writes_raise_no_suspicion(
    services: tuple[Service, Service], caplog: pytest.LogCaptureFixture
) -> None:
    first, second = services
    with caplog.at_level(logging.WARNING):
        for number in range(8):
            item = Item(key=f"extra-{number}", ci_class="server", name="x")
            needs = Dependency(consumer=item.key, verb="DEPENDS_ON", provider="db")
            await first.record(SYSTEM, RecordBatch(source="test", records=(item, needs, raised(item.key))))
            for _ in range(4):
                await asyncio.gather(first.tick(), second.tick())
    assert not caplog.records


async def test_a_store_that_was_set_back_is_read_anew(
    services: tuple[Service, Service], browser: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    service = services[1]
    await service.record(SYSTEM, RecordBatch(source="m", records=(raised("db"),)))
    await browser.define("MATCH (n) WHERE NOT n:Migration AND NOT n:Counter DETACH DELETE n")
    await browser.define("MERGE (c:Counter {name: 'revision'}) SET c.value = 0")
    with caplog.at_level(logging.WARNING):
        service.clock.advance(1)
        await service.refresh()
    assert shown(await service.refreshed())["keys"] == ()
    assert len(caplog.records) == 1
