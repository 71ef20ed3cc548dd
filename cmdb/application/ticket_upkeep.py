"""Keeps open incidents up to date with the estate: services that are hurt by now, and the priority that this gives."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from cmdb.application.affected import hurt_services
from cmdb.application.incident_rule import RULE
from cmdb.application.snapshot import Severities, Snapshot
from cmdb.application.ticket_lookup import open_items
from cmdb.application.ticketing import Ticketing
from cmdb.errors import NotFound
from cmdb.impact.topology import Topology
from cmdb.model.records import Ticket, TicketKind
from cmdb.model.severity import Severity

Impact = Mapping[str, Severity]


@dataclass(frozen=True, slots=True)
class _Look:
    """What open incidents did to services at a snapshot, by ticket, with the failing CIs that it follows from."""

    topology: Topology
    outage: Severities
    found: Mapping[str, tuple[tuple[str, ...], Impact]]

    def fits(self, snapshot: Snapshot) -> bool:
        """Whether the same CIs fail in the same estate, so that impacts are the same too."""
        return snapshot.topology is self.topology and np.array_equal(snapshot.outage, self.outage)


class TicketUpkeep:
    """A duty: looks at the open incidents of each new snapshot, and steps where their impact is another."""

    def __init__(self, ticketing: Callable[[int], Ticketing]) -> None:
        """Step through the use case that `ticketing` returns for a tenure."""
        self._ticketing = ticketing
        self._last: _Look | None = None

    async def apply(self, snapshot: Snapshot, fence: int) -> None:
        """Bring every open incident up to date, in this tenure; a step may be repeated."""
        look = await asyncio.to_thread(_look, snapshot, self._last)
        known = {} if self._last is None else self._last.found
        ticketing = self._ticketing(fence)
        for key, (_, impact) in look.found.items():
            if key not in known or known[key][1] != impact:
                try:
                    await ticketing.keep_current(RULE, key)
                except NotFound:
                    # All that it affects has been retired.
                    continue
        self._last = look


def _look(snapshot: Snapshot, last: _Look | None) -> _Look:
    """Return what the open events of each open incident do to services; most revisions change nothing of it."""
    known = last.found if last is not None and last.fits(snapshot) else {}
    found: dict[str, tuple[tuple[str, ...], Impact]] = {}
    for ticket in snapshot.tickets.values():
        if _is_at_work(ticket):
            items = tuple(open_items(snapshot, ticket))
            before = known.get(ticket.key)
            if before is None or before[0] != items:
                before = items, hurt_services(snapshot, items)
            found[ticket.key] = before
    return _Look(snapshot.topology, snapshot.outage, found)


def _is_at_work(ticket: Ticket) -> bool:
    return ticket.ticket_kind is TicketKind.INCIDENT and ticket.is_open and ticket.parent is None
