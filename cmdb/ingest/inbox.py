"""The durable inbox of a data folder: implements `Intake`, `DeadLetters` and `Spool` of `cmdb.ports.intake`."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from cmdb.errors import Overloaded
from cmdb.ingest import inbox_tables as tables
from cmdb.ingest.inbox_writer import InboxWriter
from cmdb.ports.clock import Clock
from cmdb.ports.intake import (
    Backlog,
    DeadLetter,
    Delivery,
    InboxState,
    LetterState,
    Receipt,
    Rejected,
    Waiting,
)

ROOM_BYTES = 1 << 30
"""Bytes that may wait, without a setting."""

ROOM_DELIVERIES = 1_000_000
"""Deliveries that may wait, however small they are."""

RETRY_SECONDS = 5
"""When a refused sender is told to come back."""

GLANCE_SECONDS = 0.02
STORM = 10
"""Deliveries within a glance from which on senders are spared: 500 a second; ten glances' worth must wait, too."""

FILLED = 0.5
"""The used part of the room from which on senders are spared no more."""


@dataclass(slots=True)
class _Load:
    deliveries: int = 0
    size: int = 0


class Inbox:
    """One file, one writer; what waits is counted here, so that a full inbox refuses before it reads the disk."""

    def __init__(
        self, folder: Path, clock: Clock, room: int = ROOM_BYTES, most: int = ROOM_DELIVERIES
    ) -> None:
        """Open the inbox below `folder`; `room` in bytes and `most` deliveries make it full."""
        self._writer = InboxWriter(folder, tables.SCHEMA)
        self._clock = clock
        self._room = room
        self._most = most
        self._loads: dict[str, _Load] = {}
        self._total = _Load()
        self._arrived = asyncio.Event()
        self._waiters: dict[int, list[asyncio.Future[int]]] = {}
        self._arrivals = self._accepted = self._duplicates = self._applied = 0

    async def open(self) -> None:
        """Count what waits from before."""
        for source, deliveries, size in await self._writer.submit(tables.backlogs):
            self._count(source, deliveries, size)

    async def close(self) -> None:
        """End after what is under way."""
        await asyncio.to_thread(self._writer.close)

    @property
    def full(self) -> float:
        """The used part of the room, 0 to 1."""
        return max(self._total.size / self._room, self._total.deliveries / self._most)

    def require_room(self) -> None:
        """Raise Overloaded above the high-water mark, before a body is read."""
        if self.full >= 1:
            raise Overloaded(
                f"The inbox is full: {self._total.deliveries} deliveries, {self._total.size} bytes wait.",
                retry_after=RETRY_SECONDS,
            )

    async def accept(self, delivery: Delivery) -> Receipt:
        """Keep a delivery; see `Intake`."""
        self.require_room()
        # Counted before it is kept: requests that come together must not all see the same room.
        self._count(delivery.source, 1, len(delivery.body))
        self._arrivals += 1
        try:
            receipt = await self._writer.submit(partial(tables.add, delivery=delivery))
        except BaseException:
            self._count(delivery.source, -1, -len(delivery.body))
            raise
        self._take_in(receipt, delivery)
        return receipt

    async def applied(self, number: int, seconds: float) -> int | None:
        """Return the revision; see `Intake`."""
        waiter: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiters.setdefault(number, []).append(waiter)
        try:
            known = await self._writer.submit(partial(tables.revision_of, number=number))
            return known if known is not None else await asyncio.wait_for(waiter, seconds)
        except TimeoutError:
            return None
        finally:
            self._leave(number, waiter)

    async def dead_of(self, number: int) -> int:
        """Return how many records of a delivery were set aside; see `Intake`."""
        return await self._writer.submit(partial(tables.dead_of, number=number))

    async def state(self) -> InboxState:
        """Return how the inbox stands."""
        since = await self._writer.submit(partial(tables.oldest, sources=tuple(self._loads)))
        dead = await self._writer.submit(tables.dead_count)
        backlogs = (
            Backlog(source=source, deliveries=load.deliveries, size=load.size, oldest=since[source])
            for source, load in self._loads.items()
            if source in since
        )
        return InboxState(
            waiting=self._total.deliveries,
            size=self._total.size,
            full=self.full,
            accepted=self._accepted,
            duplicates=self._duplicates,
            applied=self._applied,
            dead=dead,
            backlogs=tuple(sorted(backlogs, key=lambda backlog: backlog.oldest)),
        )

    async def letters(self, state: LetterState, after: int, limit: int) -> Sequence[DeadLetter]:
        """Return letters; see `DeadLetters`."""
        return await self._writer.submit(partial(tables.letters, state=state, after=after, limit=limit))

    async def letter(self, number: int) -> DeadLetter:
        """Return one letter; see `DeadLetters`."""
        return await self._writer.submit(partial(tables.letter, number=number))

    async def replay(self, number: int, text: bytes | None = None) -> Receipt:
        """Put a letter back; see `DeadLetters`."""
        job = partial(tables.replay, number=number, text=text, at=self._clock.now())
        receipt, delivery = await self._writer.submit(job)
        self._count(delivery.source, 1, len(delivery.body))
        self._take_in(receipt, delivery)
        return receipt

    async def discard(self, number: int) -> None:
        """Give a letter up; see `DeadLetters`."""
        await self._writer.submit(partial(tables.discard, number=number))

    async def arrival(self, seconds: float) -> None:
        """Wait; see `Spool`."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._arrived.wait(), seconds)

    async def lull(self, seconds: float) -> None:
        """Wait; see `Spool`."""
        end = asyncio.get_running_loop().time() + seconds
        arrived = STORM
        while arrived >= STORM and self._is_stormy() and asyncio.get_running_loop().time() < end:
            before = self._arrivals
            await asyncio.sleep(GLANCE_SECONDS)
            arrived = self._arrivals - before

    def _is_stormy(self) -> bool:
        """Whether much waits, yet nobody for it and with room to spare."""
        return self._total.deliveries >= 10 * STORM and not self._waiters and self.full < FILLED

    async def sources(self) -> Sequence[str]:
        """Return who waits; see `Spool`."""
        self._arrived.clear()
        return tuple(self._loads)

    async def waiting(self, source: str, limit: int, size: int) -> Sequence[Waiting]:
        """Return what waits; see `Spool`."""
        return await self._writer.submit(partial(tables.next_of, source=source, limit=limit, size=size))

    async def settle(self, settled: Sequence[Waiting], rejected: Sequence[Rejected], revision: int) -> None:
        """Mark as applied; see `Spool`."""
        numbers = [waiting.number for waiting in settled]
        job = partial(
            tables.settle, numbers=numbers, rejected=rejected, revision=revision, at=self._clock.now()
        )
        await self._writer.submit(job)
        self._applied += len(settled)
        for waiting in settled:
            self._count(waiting.delivery.source, -1, -len(waiting.delivery.body))
            for waiter in self._waiters.pop(waiting.number, ()):
                if not waiter.done():
                    waiter.set_result(revision)

    async def tidy(self, before: datetime) -> int:
        """Forget what is old; see `Spool`."""
        return await self._writer.submit(partial(tables.tidy, before=before))

    def _take_in(self, receipt: Receipt, delivery: Delivery) -> None:
        if receipt.is_duplicate:
            self._duplicates += 1
            self._count(delivery.source, -1, -len(delivery.body))
            return
        self._accepted += 1
        self._arrived.set()

    def _count(self, source: str, deliveries: int, size: int) -> None:
        load = self._loads.setdefault(source, _Load())
        for counted in (load, self._total):
            counted.deliveries += deliveries
            counted.size += size
        if load.deliveries == 0:
            del self._loads[source]

    def _leave(self, number: int, waiter: "asyncio.Future[int]") -> None:
        waiters = self._waiters.get(number, [])
        if waiter in waiters:
            waiters.remove(waiter)
        if not waiters:
            self._waiters.pop(number, None)
