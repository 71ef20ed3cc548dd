"""The store: both ports over one connection, opened with its schema up to date."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from cmdb.model.access import Principal
from cmdb.model.kinds import RecordKind
from cmdb.model.records import Record
from cmdb.ports.graph import (
    UNCONDITIONAL,
    GraphDelta,
    GraphTotals,
    Moment,
    PageKey,
    Precondition,
    RecordFilter,
    Stored,
    WriteOutcome,
)
from cmdb.store.connection import PING, Connection, StoreAddress, Transaction, open_connection
from cmdb.store.counter import read_head, touch_counter
from cmdb.store.head import Head
from cmdb.store.leasing import GraphLease, prove
from cmdb.store.looking_up import RecordReader
from cmdb.store.migrations import Migration, migrate, read_migrations, require_migrated
from cmdb.store.outbox import OutboxStore
from cmdb.store.projecting import ProjectionReader
from cmdb.store.remembering import PastReader
from cmdb.store.repeating import RepeatableWrite, WrittenBefore
from cmdb.store.run_log import RunLogStore, prove_feed
from cmdb.store.writing import NothingWritten

# Does the graph hold anything but its own bookkeeping?
ANY_NODE = """
MATCH (n) WHERE NOT n:Counter AND NOT n:Migration AND NOT n:Lease RETURN n.key AS key LIMIT 1
"""


class Store:
    """Implements GraphReader and GraphWriter; writers of one process take turns."""

    def __init__(
        self,
        connection: Connection,
        verbs: Sequence[str],
        migrations: Sequence[Migration] = (),
        channels: Sequence[str] = (),
    ) -> None:
        """The verbs are the closed set of dependency types that may stand in statements.

        What is written of tickets is to be told to every one of `channels`.
        """
        self._connection = connection
        self._migrations = migrations
        self._verbs = frozenset(verbs)
        types = "|".join(sorted(verbs))
        self._head = Head(connection)
        self._projection = ProjectionReader(connection, self._head, types)
        self._records = RecordReader(connection, types)
        self._past = PastReader(connection, types)
        self.run_log = RunLogStore(connection, self._head, types)
        self._turn = asyncio.Lock()
        self.lease = GraphLease(connection)
        self.outbox = OutboxStore(connection, self.lease, channels)

    async def ping(self) -> None:
        """Return when the store answers, raise StoreError when it does not."""
        await self._connection.read(PING)

    async def probe(self) -> int:
        """Return the last committed revision; StoreError says why this program cannot use the store."""
        await require_migrated(self._connection, self._migrations)
        return await read_head(self._connection)

    async def touch(self) -> None:
        """Write what changes nothing; StoreError says why this store keeps no writes."""
        await self._connection.write(touch_counter)

    async def is_empty(self) -> bool:
        """Whether the graph holds no node but its own bookkeeping."""
        return not await self._connection.read(ANY_NODE)

    async def head(self) -> int:
        """Return the last committed revision of which all is visible."""
        return await self._head.read()

    async def totals(self, principal: Principal) -> GraphTotals:
        """Return the last committed revision and the totals of CIs and events."""
        return await self._projection.totals(principal)

    async def count_dependencies(self, principal: Principal) -> int:
        """Return how many dependencies there are, ended ones included."""
        return await self._projection.count_dependencies(principal)

    async def present_totals(self, principal: Principal) -> GraphTotals:
        """Return how many CIs, dependencies and events hold now."""
        return await self._projection.present_totals(principal)

    async def settled_totals(self, principal: Principal) -> GraphTotals:
        """Return all totals as they are while no writer is at work."""
        return await self._projection.settled_totals(principal)

    async def delta(self, principal: Principal, since: int) -> GraphDelta:
        """Return what was written after `since`; 0 asks for the whole present."""
        return await self._projection.delta(principal, since)

    async def records(self, principal: Principal, kind: RecordKind, keys: Sequence[str]) -> list[Stored]:
        """Return the present records with these keys, in the order of `keys`."""
        return await self._records.records(principal, kind, keys)

    async def page(
        self, principal: Principal, kind: RecordKind, query: RecordFilter, after: PageKey | None, limit: int
    ) -> list[Stored]:
        """Return a keyset page, newest first."""
        return await self._records.page(principal, kind, query, after, limit)

    async def count(self, principal: Principal, kind: RecordKind, query: RecordFilter) -> int:
        """Return how many records fulfil the filter."""
        return await self._records.count(principal, kind, query)

    async def versions(self, principal: Principal, kind: RecordKind, key: str) -> list[Stored]:
        """Return every recorded version of one record, the present one last."""
        return await self._records.versions(principal, kind, key)

    async def past(self, principal: Principal, moment: Moment) -> list[Stored]:
        """Return the state of every record that held then, as far as it was known then."""
        return await self._past.past(principal, moment)

    async def write(
        self,
        principal: Principal,
        source: str,
        records: Sequence[Record],
        recorded_at: datetime,
        condition: Precondition = UNCONDITIONAL,
    ) -> WriteOutcome:
        """Upsert the records in one transaction; roles are checked where use cases are."""
        del principal
        batch = RepeatableWrite(self._verbs, source, records, recorded_at, condition)
        async with self._turn:
            try:
                with self._head.writing():
                    outcome = await self._write_once(batch, condition)
                    self._head.answered(outcome.revision)
                    return outcome
            except NothingWritten as nothing:
                # An engine without locks shows what others committed after this writer took its number.
                return replace(nothing.outcome, revision=await self.head())

    async def _write_once(self, batch: RepeatableWrite, condition: Precondition) -> WriteOutcome:
        async def work(transaction: Transaction) -> WriteOutcome:
            if condition.fence is not None:
                await prove(transaction, condition.fence)
            if condition.feed is not None:
                await prove_feed(transaction, *condition.feed, batch.recorded_at)
            outcome = await batch.run(transaction)
            await self.outbox.add(transaction, batch.records, outcome, batch.recorded_at)
            return outcome

        try:
            if condition.fence is None:
                return await self._connection.write(work)
            async with self.lease.turn:
                return await self._connection.write(work)
        except WrittenBefore as lost:
            return lost.outcome


@asynccontextmanager
async def open_store(
    address: StoreAddress, verbs: Sequence[str], migrations: Path, channels: Sequence[str] = ()
) -> AsyncIterator[Store]:
    """Connect, bring the schema up to date and return the store."""
    async with open_connection(address) as connection:
        released = read_migrations(migrations)
        await migrate(connection, released)
        yield Store(connection, verbs, released, channels)
