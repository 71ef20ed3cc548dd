"""Holds the live projection: refreshed from the store beside the questions, swapped as one immutable snapshot."""

import asyncio
import logging
from datetime import UTC, datetime, timedelta

from cmdb.application.carrying import first_snapshot, next_snapshot
from cmdb.application.projection import Projection, Step, follow, project
from cmdb.application.snapshot import Snapshot
from cmdb.application.watching import TotalsWatch
from cmdb.desk.access import SYSTEM
from cmdb.errors import CmdbError, ErrorCode
from cmdb.ports.clock import Clock
from cmdb.ports.graph import GraphDelta, GraphReader, GraphTotals

TICK = timedelta(milliseconds=200)
"""How long an answer may go without asking the store for news written by another process."""

MAX_AGE = timedelta(seconds=1)
"""A picture that nobody asked about for so long is not shown while a newer one is on its way."""

PATIENCE = 0.05
"""Seconds that a question waits for news on their way; then it goes on from the picture before them."""

COUNTING_SHARE = 50
"""Dependencies are counted again after this many times what counting took: the embedded engine walks all of them."""

_LOG = logging.getLogger(__name__)


class LiveTopology:
    """The one holder of the present; every question starts with `current`."""

    def __init__(
        self,
        reader: GraphReader,
        clock: Clock,
        service_classes: frozenset[str],
        *,
        patience: float = PATIENCE,
        counting_share: float = COUNTING_SHARE,
    ) -> None:
        """Start empty at revision 0; the first question reads the store."""
        self._reader = reader
        self._clock = clock
        self._service_classes = service_classes
        self._patience = patience
        self._counting_share = counting_share
        self._projection = Projection()
        self._snapshot: Snapshot | None = None
        self._refresh: asyncio.Task[None] | None = None
        self._began = 0.0
        self._overdue = False
        self._nodes, self._edges = TotalsWatch(), TotalsWatch()
        self._count_edges_at = 0.0
        self._suspicion, self._told = "", False

    async def current(self, at_least: int = 0) -> Snapshot:
        """Return a snapshot of at least that revision, and no older than a tick but while news take longer to read."""
        snapshot = self._snapshot
        if snapshot is None or snapshot.revision < at_least:
            snapshot = await self._reached(at_least)
        elif self._clock.now() - snapshot.confirmed_at >= TICK:
            snapshot = await self._soon()
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

    async def projection(self, at_least: int) -> Projection:
        """Return the projection behind a snapshot of at least that revision."""
        await self.current(at_least)
        return self._projection

    def suspect(self, found: str) -> None:
        """Let the next refresh read the store anew, whatever its totals say."""
        self._suspicion = found
        if self._snapshot is not None:
            self._snapshot = self._snapshot.later(self._snapshot.at, confirmed=False, verified=False)

    def declared_groups(self, item: str) -> frozenset[str]:
        """Return the names of the redundancy groups that a CI declares."""
        return self._projection.declared_groups(item)

    def group_uses(self, item: str) -> dict[str, str]:
        """Return the redundancy group of each open dependency of a CI that counts in one, by the dependency's key."""
        return self._projection.group_uses(item)

    async def close(self) -> None:
        """End a refresh that still runs, so that the store can be closed."""
        if self._refresh is not None:
            self._refresh.cancel()
            await asyncio.wait({self._refresh})

    async def _reached(self, at_least: int) -> Snapshot:
        """Wait for a refresh; one that ran already may have asked before the revision was written."""
        joined = self._refresh is not None and not self._refresh.done()
        await asyncio.shield(self._refreshing())
        snapshot = self._present()
        if joined and snapshot.revision < at_least:
            await asyncio.shield(self._refreshing())
            snapshot = self._present()
        return snapshot

    async def _soon(self) -> Snapshot:
        """Wait for a refresh as long as patience lasts, then go on from what is there."""
        refresh = self._refreshing()
        left = None if self._overdue else self._began + self._patience - asyncio.get_running_loop().time()
        await asyncio.wait({refresh}, timeout=None if left is None else max(0.0, left))
        if refresh.done():
            refresh.result()
            return self._present()
        now, snapshot = self._clock.now(), self._present()
        if now > snapshot.at and not snapshot.turns_by(now):
            self._snapshot = snapshot.later(now, confirmed=False, verified=snapshot.verified)
        return self._present()

    def _present(self) -> Snapshot:
        if self._snapshot is None:
            raise AssertionError("a refresh that ended left a snapshot")
        return self._snapshot

    def _confirmed(self) -> datetime:
        return datetime.min.replace(tzinfo=UTC) if self._snapshot is None else self._snapshot.confirmed_at

    def _refreshing(self) -> asyncio.Task[None]:
        """Return the refresh that runs, a new one if none does: all questions share it."""
        if self._refresh is None or self._refresh.done():
            loop = asyncio.get_running_loop()
            self._began = loop.time()
            self._overdue = self._clock.now() - self._confirmed() >= MAX_AGE
            self._refresh = loop.create_task(self._catch_up())
            self._refresh.add_done_callback(_look_at)
        return self._refresh

    async def _catch_up(self) -> None:
        """Take in what is new in the store; read it whole at first, and when it is no longer the store that it was."""
        now = self._clock.now()
        if self._snapshot is None:
            await self._read_whole(now)
            return
        totals = await self._reader.totals(SYSTEM)
        if self._suspicion:
            await self._distrust(self._suspicion)
        elif totals.revision < self._projection.revision:
            await self._distrust(f"Its revision fell from {self._projection.revision} to {totals.revision}.")
        elif totals.revision > self._projection.revision:
            await self._follow(await self._reader.delta(SYSTEM, self._projection.revision), now)
        elif await self._foreign(totals):
            await self._distrust("Its totals changed without a revision.")
        elif self._snapshot.turns_by(now):
            await self._follow(GraphDelta(totals.revision), now)
        else:
            self._snapshot = self._snapshot.later(now)

    async def _read_whole(self, now: datetime) -> None:
        delta = await self._reader.delta(SYSTEM, 0)
        step, snapshot = await asyncio.to_thread(self._build, delta, now)
        self._projection, self._snapshot = step.projection, snapshot

    def _build(self, delta: GraphDelta, now: datetime) -> tuple[Step, Snapshot]:
        step = Step(project(delta), delta)
        return step, first_snapshot(step, self._service_classes, now)

    async def _follow(self, delta: GraphDelta, now: datetime) -> None:
        """Evaluate beside the event loop and swap: questions go on from the snapshot before until then."""
        before = self._present()
        step, snapshot = await asyncio.to_thread(_advance, self._projection, before, delta, now)
        self._projection, self._snapshot = step.projection, snapshot

    async def _foreign(self, totals: GraphTotals) -> bool:
        """Whether somebody else wrote, confirmed while no writer is at work."""
        suspect = self._nodes.differs(totals.revision, totals.nodes)
        loop = asyncio.get_running_loop()
        began = loop.time()
        if began >= self._count_edges_at and not suspect:
            edges = await self._reader.count_dependencies(SYSTEM)
            self._count_edges_at = loop.time() + self._counting_share * (loop.time() - began)
            suspect = self._edges.differs(totals.revision, (edges,))
        if not suspect:
            return False
        settled = await self._reader.settled_totals(SYSTEM)
        edges = settled.dependencies
        return self._nodes.differs(settled.revision, settled.nodes) or self._edges.differs(
            settled.revision, (edges,)
        )

    async def _distrust(self, found: str) -> None:
        """Say so in answers and in the log, and read the store anew; if that fails, the next refresh tries again."""
        present, self._suspicion = self._present(), found
        if not self._told:
            _LOG.warning(
                "%s: the store was changed past this service. %s It is read anew.",
                ErrorCode.FOREIGN_WRITE,
                found,
            )
        self._told = True
        now = self._clock.now()
        if not present.turns_by(now):
            self._snapshot = present.later(now, confirmed=False, verified=False)
        self._nodes.forget()
        self._edges.forget()
        await self._read_whole(now)
        self._suspicion, self._told = "", False


def _advance(
    projection: Projection, before: Snapshot, delta: GraphDelta, now: datetime
) -> tuple[Step, Snapshot]:
    step = follow(projection, delta)
    return step, next_snapshot(before, step, now)


def _look_at(refresh: asyncio.Task[None]) -> None:
    """A refresh that nobody waited for may fail: the next question starts another one and is told."""
    if not refresh.cancelled():
        refresh.exception()
