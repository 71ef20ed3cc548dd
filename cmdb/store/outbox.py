"""The outbox in the graph: an entry per channel and step of a ticket, written in the transaction of that step."""

import json
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime
from typing import cast

from cmdb.model.kinds import RecordKind
from cmdb.model.outgoing import Outgoing, OutgoingState, Remote
from cmdb.model.records import Record, Ticket
from cmdb.ports.graph import RowStatus, WriteOutcome
from cmdb.store.codec import Properties, content_of, read_time, record_from, write_time
from cmdb.store.connection import Connection, Transaction
from cmdb.store.leasing import GraphLease, prove

# Let these steps wait to be told.
PUT_ENTRIES = "UNWIND $rows AS row MERGE (n:Outgoing {key: row.key}) SET n = row"

# Which entries of this channel wait, oldest first?
WAITING = """
MATCH (n:Outgoing {channel: $channel}) WHERE n.state = 'waiting'
RETURN properties(n) AS held ORDER BY n.revision, n.key LIMIT $limit
"""

# Which entries are there, dead ones first?
ENTRIES = "MATCH (n:Outgoing) RETURN properties(n) AS held ORDER BY n.state, n.revision, n.key LIMIT $limit"

# What does this channel keep of our tickets?
REMOTES = "MATCH (n:Remote {channel: $channel}) RETURN properties(n) AS held"

# These entries were delivered or given up.
DROP = "UNWIND $keys AS key MATCH (n:Outgoing {key: key}) DELETE n"

# Keep what the channel holds of a ticket.
PUT_REMOTE = "MERGE (n:Remote {key: $key}) SET n = $held"

# Keep how the attempts to deliver this entry went.
POSTPONE = "MATCH (n:Outgoing {key: $key}) SET n += $held"


_Work = Callable[[Transaction], Awaitable[None]]


class OutboxStore:
    """Implements `cmdb.ports.outbox.OutboxLog`; `channels` are told every step of a ticket."""

    def __init__(self, connection: Connection, lease: GraphLease, channels: Sequence[str]) -> None:
        """Write under the lease where a tenure is given."""
        self._connection = connection
        self._lease = lease
        self._channels = tuple(channels)

    async def add(
        self, transaction: Transaction, records: Sequence[Record], outcome: WriteOutcome, at: datetime
    ) -> None:
        """Let the tickets that this transaction wrote wait for every channel; part of that very transaction."""
        if not self._channels:
            return
        entries = [
            Outgoing(
                key=f"{channel}|{record.key}|{outcome.revision}",
                channel=channel,
                ticket=record,
                opened=row.status is RowStatus.CREATED,
                revision=outcome.revision,
                at=at,
            )
            for record, row in zip(records, outcome.results, strict=True)
            if isinstance(record, Ticket) and row.status in (RowStatus.CREATED, RowStatus.UPDATED)
            for channel in self._channels
        ]
        if entries:
            await transaction.run(PUT_ENTRIES, rows=[_written(entry) for entry in entries])

    async def waiting(self, channel: str, limit: int) -> list[Outgoing]:
        """Return the entries of a channel that wait, oldest revision first."""
        rows = await self._connection.read(WAITING, channel=channel, limit=limit)
        return [_read(row["held"]) for row in rows]

    async def entries(self, limit: int) -> list[Outgoing]:
        """Return entries of all channels, dead ones first, then the oldest."""
        return [_read(row["held"]) for row in await self._connection.read(ENTRIES, limit=limit)]

    async def remotes(self, channel: str) -> dict[str, Remote]:
        """Return what the channel keeps of tickets, by ticket."""
        rows = await self._connection.read(REMOTES, channel=channel)
        held = [{name: str(value) for name, value in row["held"].items() if name != "key"} for row in rows]
        return {remote["ticket"]: Remote(**remote) for remote in held}

    async def settle(self, keys: Collection[str], remote: Remote | None, fence: int | None = None) -> None:
        """Drop entries that were delivered or given up, and keep what the channel holds since."""

        async def work(transaction: Transaction) -> None:
            if keys:
                await transaction.run(DROP, keys=sorted(keys))
            if remote is not None:
                names = ("channel", "ticket", "remote_id", "number", "state")
                held = {"key": remote.key, **{name: getattr(remote, name) for name in names}}
                await transaction.run(PUT_REMOTE, key=remote.key, held=held)

        await self._write(work, fence)

    async def postpone(self, entry: Outgoing, fence: int | None = None) -> None:
        """Keep the entry's attempts, time, state and problem."""
        due = {} if entry.due_at is None else {"due_at": write_time(entry.due_at)}
        held = {"attempts": entry.attempts, "state": entry.state.value, "problem": entry.problem, **due}

        async def work(transaction: Transaction) -> None:
            await transaction.run(POSTPONE, key=entry.key, held=held)

        await self._write(work, fence)

    async def _write(self, work: _Work, fence: int | None) -> None:
        if fence is None:
            await self._connection.write(work)
            return

        async def in_tenure(transaction: Transaction) -> None:
            await prove(transaction, fence)
            await work(transaction)

        async with self._lease.turn:
            await self._connection.write(in_tenure)


def _written(entry: Outgoing) -> Properties:
    return {
        "key": entry.key,
        "channel": entry.channel,
        "ticket": json.dumps(content_of(entry.ticket), ensure_ascii=False),
        "opened": entry.opened,
        "revision": entry.revision,
        "at": write_time(entry.at),
        "attempts": entry.attempts,
        "state": entry.state.value,
        "problem": entry.problem,
    }


def _read(held: Properties) -> Outgoing:
    due_at = held.get("due_at")
    return Outgoing(
        key=str(held["key"]),
        channel=str(held["channel"]),
        ticket=cast("Ticket", record_from(RecordKind.TICKET, json.loads(str(held["ticket"])))),
        opened=bool(held["opened"]),
        revision=cast("int", held["revision"]),
        at=read_time(str(held["at"])),
        attempts=cast("int", held["attempts"]),
        due_at=read_time(str(due_at)) if due_at else None,
        state=OutgoingState(str(held["state"])),
        problem=str(held["problem"]),
    )
