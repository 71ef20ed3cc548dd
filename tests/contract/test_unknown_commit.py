"""A connection that is lost around the commit: written exactly once, and the caller is told what is so."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cmdb.desk.access import SYSTEM
from cmdb.model.kinds import RecordKind
from cmdb.model.records import Item
from cmdb.ports.graph import RowStatus, WriteOutcome
from cmdb.store.archive import read_backup, write_backup
from cmdb.store.canonical import canonical_hash
from cmdb.store.connection import Connection, StoreAddress, Transaction, open_connection
from cmdb.store.counter import TAKE_REVISION
from cmdb.store.migrations import read_migrations
from cmdb.store.store import Store, open_store
from tests.conftest import MIGRATIONS, VERBS, wipe
from tests.contract.test_store import write
from tests.support.cutting_proxy import CuttingProxy, Moment, cutting
from tests.support.graph_records import EVERY_KIND, edge, item
from tests.support.moments import NOON, minutes

AROUND = (Moment.BEFORE, Moment.UNDERWAY, Moment.AFTER)
COUNT = (
    "MATCH (n) WHERE n.recorded_in IS NOT NULL RETURN n.key AS key, n.recorded_in AS revision ORDER BY key"
)
EDGES = "MATCH (:ConfigurationItem)-[d]->(:ConfigurationItem) RETURN d.key AS key, d.recorded_in AS revision"


@dataclass(frozen=True)
class Line:
    """A store whose connection can be cut, and another one over the same graph whose connection holds."""

    store: Store
    proxy: CuttingProxy
    other: Store
    connection: Connection
    address: StoreAddress

    def cut(self, moment: Moment, cuts: int = 1) -> None:
        self.proxy.moment, self.proxy.cuts, self.proxy.met, self.proxy.done = moment, cuts, 0, 0


@pytest.fixture
async def line(store_address: StoreAddress) -> AsyncIterator[Line]:
    async with open_store(store_address, VERBS, MIGRATIONS) as other, open_connection(store_address) as plain:
        await wipe(store_address)
        async with (
            cutting(store_address) as (address, proxy),
            open_store(address, VERBS, MIGRATIONS) as store,
        ):
            yield Line(store, proxy, other, plain, address)


def statuses(outcome: WriteOutcome) -> set[RowStatus]:
    return {row.status for row in outcome.results}


@pytest.mark.parametrize(
    ("moment", "cuts"), [(Moment.WITHIN, 1), (Moment.BEFORE, 2), (Moment.UNDERWAY, 1), (Moment.AFTER, 2)]
)
async def test_a_batch_is_written_once_and_answered_as_if_nothing_had_happened(
    line: Line, moment: Moment, cuts: int
) -> None:
    line.cut(moment, cuts)
    outcome = await write(line.store, *EVERY_KIND)
    assert line.proxy.done == (1 if moment is Moment.AFTER else cuts) or moment is Moment.UNDERWAY
    assert (outcome.revision, statuses(outcome)) == (1, {RowStatus.CREATED})
    assert {row["revision"] for row in await line.connection.read(COUNT)} == {1}
    assert await line.connection.read(EDGES) == [{"key": edge("a", "b", group="wan").key, "revision": 1}]
    assert await line.store.head() == 1


@pytest.mark.parametrize("moment", AROUND)
async def test_an_update_and_its_archived_state_are_written_once(line: Line, moment: Moment) -> None:
    await write(line.store, item("a"), item("b"), edge("a", "b"))
    line.cut(moment)
    outcome = await write(line.store, item("a"), edge("a", "b", weight=7), at=1)
    assert outcome.revision == 2
    assert [row.status for row in outcome.results] == [RowStatus.UNCHANGED, RowStatus.UPDATED]
    versions = await line.store.versions(SYSTEM, RecordKind.DEPENDENCY, edge("a", "b").key)
    assert [version.revision for version in versions] == [1, 2]


@pytest.mark.parametrize("moment", AROUND)
async def test_another_writer_in_between_keeps_what_it_wrote_later(line: Line, moment: Moment) -> None:
    await write(line.store, item("a"), item("b"), edge("a", "b"))
    line.proxy.between = lambda: write(line.other, item("a", name="theirs"), edge("a", "b", weight=2), at=5)
    line.cut(moment)
    ours = await write(line.store, item("a", name="ours"), edge("a", "b", weight=9), at=4)
    assert statuses(ours) == {RowStatus.UPDATED}
    for kind, key in ((RecordKind.ITEM, "a"), (RecordKind.DEPENDENCY, edge("a", "b").key)):
        versions = await line.store.versions(SYSTEM, kind, key)
        assert [version.revision for version in versions] == [1, 2, 3]
        (mine,) = [version for version in versions if version.recorded_at == NOON + minutes(4)]
        assert mine.revision == ours.revision
    if moment is Moment.AFTER:
        (last,) = await line.store.records(SYSTEM, RecordKind.ITEM, ["a"])
        assert isinstance(last.record, Item)
        assert (ours.revision, last.record.name) == (2, "theirs")


async def test_an_equal_write_of_another_is_not_taken_for_ones_own(line: Line) -> None:
    line.proxy.between = lambda: write(line.other, item("a"), at=5)
    line.cut(Moment.BEFORE)
    ours = await write(line.store, item("a"), at=4)
    assert (ours.revision, statuses(ours)) == (1, {RowStatus.UNCHANGED})
    (held,) = await line.store.records(SYSTEM, RecordKind.ITEM, ["a"])
    assert held.recorded_at == NOON + minutes(5)


@pytest.mark.parametrize("moment", AROUND)
async def test_a_restore_whose_commits_get_lost_holds_the_same(
    line: Line, moment: Moment, tmp_path: Path
) -> None:
    await write(line.store, *EVERY_KIND)
    await write(line.store, item("c"), edge("c", "a"), edge("a", "b", group="wan", weight=9), at=1)
    written = await write_backup(line.connection, tmp_path / "b", lambda _: None)
    await wipe(line.address)
    line.cut(moment, cuts=1000)
    line.proxy.every = 2
    async with open_connection(line.address) as lossy:
        known = read_migrations(MIGRATIONS)
        assert await read_backup(lossy, tmp_path / "b", VERBS, known, lambda _: None) == written
    assert line.proxy.done >= 2
    assert await canonical_hash(line.connection) == written.content_hash
    assert sorted(row["revision"] for row in await line.connection.read(EDGES)) == [2, 2]
    assert (await write(line.other, item("d"), at=2)).revision == 3
    left = await line.connection.read("MATCH (c:Counter) RETURN c.name AS name")
    assert left == [{"name": "revision"}]


class Overtaken:
    """A connection beside which another writer commits as soon as a transaction has taken its number."""

    def __init__(self, connection: Connection, overtake: Callable[[], Awaitable[object]]) -> None:
        self._connection = connection
        self._overtake = overtake
        self.read = connection.read
        self.has_locks = connection.has_locks

    async def write(self, work: Callable[[Any], Awaitable[Any]]) -> Any:
        async def overtaken(transaction: Transaction) -> Any:
            return await work(self.Turn(transaction, self._overtake))

        return await self._connection.write(overtaken)

    class Turn:
        """The transaction."""

        repeated = False

        def __init__(self, transaction: Transaction, overtake: Callable[[], Awaitable[object]]) -> None:
            self._transaction = transaction
            self._overtake = overtake

        async def run(self, statement: str, /, **parameters: object) -> list[dict[str, Any]]:
            rows = await self._transaction.run(statement, **parameters)
            if statement == TAKE_REVISION:
                await self._overtake()
            return rows


async def test_an_unchanged_batch_answers_no_earlier_revision_than_that_of_what_it_found(
    embedded_address: StoreAddress,
) -> None:
    """Only an engine without locks lets another writer in here."""
    async with open_store(embedded_address, VERBS, MIGRATIONS) as other:
        await wipe(embedded_address)
        await write(other, item("z"))
        async with open_connection(embedded_address) as connection:
            store = Store(Overtaken(connection, lambda: write(other, item("a"))), VERBS)  # type: ignore[arg-type]
            outcome = await write(store, item("a"))
    assert (outcome.revision, statuses(outcome)) == (2, {RowStatus.UNCHANGED})


async def test_writers_that_lock_each_other_out_are_both_written(store_address: StoreAddress) -> None:
    async with open_connection(store_address) as connection:
        await connection.define("MATCH (n:Scratch) DELETE n")
        await connection.define("CREATE (:Scratch {name: 'x', hits: 0}), (:Scratch {name: 'y', hits: 0})")
        met = asyncio.Barrier(2)
        waiting = {"xy": True, "yx": True}

        async def cross(order: str, transaction: Transaction) -> None:
            for name in order:
                await transaction.run("MATCH (n:Scratch {name: $name}) SET n.hits = n.hits + 1", name=name)
                if waiting[order]:
                    waiting[order] = False
                    await met.wait()

        await asyncio.gather(
            connection.write(lambda transaction: cross("xy", transaction)),
            connection.write(lambda transaction: cross("yx", transaction)),
        )
        rows = await connection.read("MATCH (n:Scratch) RETURN n.hits AS hits")
        assert [row["hits"] for row in rows] == [2, 2]
        await connection.define("MATCH (n:Scratch) DELETE n")
