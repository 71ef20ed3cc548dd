"""Keeps open incidents up to date with the estate: services that are hurt by now, and the priority that this gives."""

import asyncio
from collections.abc import Callable, Mapping

from cmdb.application.affected import hurt_services
from cmdb.application.incident_rule import RULE
from cmdb.application.snapshot import Snapshot
from cmdb.application.ticketing import Ticketing, open_items
from cmdb.errors import NotFound
from cmdb.model.records import Ticket, TicketKind
from cmdb.model.severity import Severity

Impact = Mapping[str, Severity]


class TicketUpkeep:
    """A duty: looks at the open incidents of each new snapshot, and steps where their impact is another."""

    def __init__(self, ticketing: Callable[[int], Ticketing]) -> None:
        """Step through the use case that `ticketing` returns for a tenure."""
        self._ticketing = ticketing
        self._known: dict[str, Impact] = {}

    async def apply(self, snapshot: Snapshot, fence: int) -> None:
        """Bring every open incident up to date, in this tenure; a step may be repeated."""
        found = await asyncio.to_thread(_impacts, snapshot)
        ticketing = self._ticketing(fence)
        for key, impact in found.items():
            if self._known.get(key) != impact:
                try:
                    await ticketing.keep_current(RULE, key)
                except NotFound:
                    # All that it affects has been retired.
                    continue
        self._known = found


def _impacts(snapshot: Snapshot) -> dict[str, Impact]:
    """Return what the open events of each open incident do to services."""
    incidents = [ticket for ticket in snapshot.tickets.values() if _is_at_work(ticket)]
    return {ticket.key: hurt_services(snapshot, open_items(snapshot, ticket)) for ticket in incidents}


def _is_at_work(ticket: Ticket) -> bool:
    return ticket.ticket_kind is TicketKind.INCIDENT and ticket.is_open and ticket.parent is None
