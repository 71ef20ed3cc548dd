"""The correlation duty: each situation of the moment has a number in the store."""

import asyncio
from dataclasses import dataclass

from cmdb.application.live import LiveTopology
from cmdb.application.snapshot import Snapshot
from cmdb.desk.access import SYSTEM
from cmdb.desk.correlation import correlate
from cmdb.errors import Conflict, ErrorCode
from cmdb.ports.clock import Clock
from cmdb.ports.graph import GraphWriter, Precondition

SOURCE = "correlation"


@dataclass(frozen=True)
class Correlation:
    """Writes what changed since; decided from the snapshot alone, so it can be run again after a crash."""

    live: LiveTopology
    writer: GraphWriter
    clock: Clock

    async def apply(self, snapshot: Snapshot, fence: int) -> None:
        """Number what is new, follow what split, joined or ended; Conflict when somebody wrote in between."""
        # Comparing the groups of a storm takes some milliseconds.
        rows = await asyncio.to_thread(
            correlate, snapshot.event_groups, snapshot.situations, self.clock.now()
        )
        if not rows:
            return
        condition = Precondition(seen=snapshot.revision, fence=fence)
        outcome = await self.writer.write(SYSTEM, SOURCE, rows, self.clock.now(), condition)
        if outcome.refused:
            raise Conflict(
                ErrorCode.CONFLICT,
                "The numbers of situations changed meanwhile, or their cause is gone.",
                hint="Wait: it is tried again on what is there then.",
            )
        await self.live.current(outcome.revision)
