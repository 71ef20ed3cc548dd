"""The duty that lets incidents follow their situations: where situations join, so do their incidents."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from cmdb.application.incident_rule import RULE
from cmdb.application.snapshot import Snapshot
from cmdb.application.ticket_lookup import joinings_of
from cmdb.application.ticketing import Ticketing


@dataclass(frozen=True)
class IncidentJoining:
    """Joins through the same use case as a person who merges, decided from the snapshot alone."""

    ticketing: Callable[[int], Ticketing]

    async def apply(self, snapshot: Snapshot, fence: int) -> None:
        """Take each step that is due in one transaction of this tenure; Conflict when it has ended."""
        # Looking through years of tickets takes a while.
        due = await asyncio.to_thread(joinings_of, snapshot)
        ticketing = self.ticketing(fence)
        for joining in due:
            await ticketing.join(RULE, joining)
