"""The lease in the graph: one node that tells the owner, the number of its tenure and its signs of life.

Each step counts `renewals` up first. That takes the node's lock before anything is read, so that whoever looks
afterwards sees what the last one left; a step that finds the lease changed is rolled back, the count with it.
"""

import asyncio

from cmdb.errors import Conflict, ErrorCode
from cmdb.ports.leasing import Sighting
from cmdb.store.connection import Connection, Row, Transaction

# Who may step in? Whoever counts waits until the one before has ended.
TOUCH = """
MERGE (l:Lease {name: 'owner'})
ON CREATE SET l.fence = 0, l.renewals = 1, l.done = 0
ON MATCH SET l.renewals = l.renewals + 1
"""

# Who owns the role, in which tenure, and how far are the duties done?
LOOK = """
MATCH (l:Lease {name: 'owner'})
RETURN l.fence AS fence, l.renewals AS renewals, l.holder AS holder, l.done AS done
"""

# Begin a tenure.
TAKE = "MATCH (l:Lease {name: 'owner'}) SET l.fence = $fence, l.holder = $holder"

# Keep how far the duties are done.
KEEP = "MATCH (l:Lease {name: 'owner'}) SET l.done = $done"

# Give the role back.
RELEASE = "MATCH (l:Lease {name: 'owner'}) REMOVE l.holder"


class _Changed(Exception):
    """Rolls a step back: the lease is no longer what the caller goes by."""


class GraphLease:
    """Implements OwnerLease; steps of one process take turns, `turn` lets its fenced writes join them."""

    def __init__(self, connection: Connection) -> None:
        """Keep the lease in the graph behind the connection."""
        self._connection = connection
        self.turn = asyncio.Lock()

    async def look(self) -> Sighting:
        """Return the lease as it is; one that was never taken is at tenure 0."""
        rows = await self._connection.read(LOOK)
        return _sighting(rows)

    async def take(self, holder: str, seen: Sighting) -> Sighting | None:
        """Begin the next tenure if the lease is still as seen."""

        async def work(transaction: Transaction) -> Sighting:
            found = await _stepped(transaction)
            # A commit whose answer was lost is tried again, and finds itself.
            if found.holder == holder and found.fence == seen.fence + 1:
                return found
            if (found.fence, found.renewals) != (seen.fence, seen.renewals + 1):
                raise _Changed
            await transaction.run(TAKE, fence=seen.fence + 1, holder=holder)
            return Sighting(fence=seen.fence + 1, renewals=found.renewals, holder=holder, done=found.done)

        async with self.turn:
            try:
                return await self._connection.write(work)
            except _Changed:
                return None

    async def renew(self, fence: int, done: int) -> bool:
        """Give a sign of life; False when the tenure has ended."""

        async def work(transaction: Transaction) -> None:
            found = await _stepped(transaction)
            if found.fence != fence:
                raise _Changed
            if done > found.done:
                await transaction.run(KEEP, done=done)

        async with self.turn:
            try:
                await self._connection.write(work)
            except _Changed:
                return False
            return True

    async def release(self, fence: int) -> None:
        """Give the role back, if the tenure lasts."""

        async def work(transaction: Transaction) -> None:
            if (await _stepped(transaction)).fence != fence:
                raise _Changed
            await transaction.run(RELEASE)

        async with self.turn:
            try:
                await self._connection.write(work)
            except _Changed:
                return


async def prove(transaction: Transaction, fence: int) -> None:
    """Let the transaction go on only in the tenure `fence`; nobody can begin the next one until it has ended."""
    found = await _stepped(transaction)
    if found.fence != fence:
        raise Conflict(
            ErrorCode.ROLE_LOST,
            f"The tenure {fence} of the owner role has ended, the store is in tenure {found.fence}.",
            hint="Nothing was written; the owner of the present tenure does the work.",
        )


async def _stepped(transaction: Transaction) -> Sighting:
    await transaction.run(TOUCH)
    return _sighting(await transaction.run(LOOK))


def _sighting(rows: list[Row]) -> Sighting:
    return Sighting(**rows[0]) if rows else Sighting()
