"""Holds the live projection: refreshed from the store, swapped as one immutable snapshot."""

import asyncio
from datetime import datetime, timedelta

from cmdb.application.projection import Projection
from cmdb.application.snapshot import Snapshot, boundaries, take_snapshot
from cmdb.desk.access import SYSTEM
from cmdb.errors import CmdbError, ErrorCode
from cmdb.ports.clock import Clock
from cmdb.ports.graph import GraphReader

TICK = timedelta(milliseconds=200)
"""How long an answer may go without asking the store for news written by another process."""


class LiveTopology:
    """The one holder of the present; every question starts with `current`."""

    def __init__(self, reader: GraphReader, clock: Clock, service_classes: frozenset[str]) -> None:
        """Start empty at revision 0; the first question reads the store."""
        self._reader = reader
        self._clock = clock
        self._service_classes = service_classes
        self._projection = Projection()
        self._snapshot: Snapshot | None = None
        self._checked: datetime | None = None
        self._lock = asyncio.Lock()

    async def current(self, at_least: int = 0) -> Snapshot:
        """Return a snapshot no older than one tick and no earlier than the revision asked for."""
        now = self._clock.now()
        snapshot = self._snapshot
        if (
            snapshot is None
            or self._checked is None
            or now - self._checked >= TICK
            or snapshot.revision < at_least
        ):
            snapshot = await self._refresh(now)
        if snapshot.revision < at_least:
            raise CmdbError(
                ErrorCode.BEHIND,
                f"The store stands at revision {snapshot.revision}, {at_least} was asked for.",
                hint="Ask again without a revision, or with one that a write has returned.",
            )
        return snapshot

    async def revision(self) -> int:
        """Return the revision of the present snapshot."""
        return (await self.current()).revision

    def declared_groups(self, item: str) -> frozenset[str]:
        """Return the names of the redundancy groups that a CI declares."""
        head = self._projection.heads.get(item)
        return frozenset(group.name for group in head[2]) if head else frozenset()

    def group_uses(self, item: str) -> dict[str, str]:
        """Return the redundancy group of each open dependency of a CI that counts in one, by the dependency's key."""
        return {
            f"{item}|{verb}|{provider}|{group}": group
            for provider, verb, _, _, _, group in self._projection.edges.get(item, ())
            if group is not None
        }

    async def _refresh(self, now: datetime) -> Snapshot:
        async with self._lock:
            delta = None
            if self._snapshot is None or await self._reader.head() != self._projection.revision:
                delta = await self._reader.delta(SYSTEM, self._projection.revision)
                self._projection.apply(delta)
            if self._snapshot is None or delta is not None or self._outdated(self._snapshot, now):
                self._snapshot = take_snapshot(self._projection, self._service_classes, now)
            elif now > self._snapshot.at:
                self._snapshot = self._snapshot.later(now)
            self._checked = now
            return self._snapshot

    @staticmethod
    def _outdated(snapshot: Snapshot, now: datetime) -> bool:
        return boundaries(snapshot.windows, snapshot.at, now)
