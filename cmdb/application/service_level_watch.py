"""The duty that gives notice of targets: before a ticket's clock runs out, and when it has."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime

from cmdb.application.snapshot import Snapshot
from cmdb.application.ticketing import Ticketing
from cmdb.desk.service_notices import AUTHOR, next_notice
from cmdb.errors import NotFound
from cmdb.model.access import Principal, PrincipalRole
from cmdb.model.records import Ticket
from cmdb.model.service_level import ServiceLevel, level_of

WATCH = Principal(name=AUTHOR, role=PrincipalRole.DESK)
"""In whose name notices are given."""


class ServiceLevelWatch:
    """Looks at the clocks of open tickets and notes what is at risk or missed, each once."""

    def __init__(self, ticketing: Callable[[int], Ticketing], levels: Mapping[int, ServiceLevel]) -> None:
        """Step through the use case that `ticketing` returns for a tenure."""
        self._ticketing = ticketing
        self._levels = levels
        self._known: dict[str, tuple[Ticket, datetime | None]] = {}

    async def apply(self, snapshot: Snapshot, fence: int) -> datetime | None:
        """Give each notice that is due in one transaction of this tenure; return when the next one falls due."""
        # The working time of thousands of tickets takes a while to count.
        self._known = await asyncio.to_thread(self._look, snapshot)
        moments = {key: at for key, (_, at) in self._known.items() if at is not None}
        ticketing = self._ticketing(fence)
        for key in sorted(key for key, at in moments.items() if at <= snapshot.at):
            try:
                await ticketing.give_notice(WATCH, key)
            except NotFound:
                # All that it affects has been retired.
                continue
        return min((at for at in moments.values() if at > snapshot.at), default=None)

    def _look(self, snapshot: Snapshot) -> dict[str, tuple[Ticket, datetime | None]]:
        """Return when each open ticket next calls for a notice; most revisions change few tickets."""
        found: dict[str, tuple[Ticket, datetime | None]] = {}
        for ticket in snapshot.tickets.values():
            if not ticket.is_open:
                continue
            known = self._known.get(ticket.key)
            if known is None or known[0] is not ticket:
                level = level_of(self._levels, ticket.priority)
                known = ticket, next_notice(ticket, level, snapshot.at)
            found[ticket.key] = known
        return found
