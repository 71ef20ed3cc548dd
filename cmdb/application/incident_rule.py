"""The incident rule: a situation that hurts a service enough gets one incident, and later symptoms join it."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

from cmdb.application.affected import hurt_services
from cmdb.application.requests import OpenTicketRequest
from cmdb.application.situation_question import incident_of
from cmdb.application.snapshot import Snapshot
from cmdb.application.ticketing import Ticketing
from cmdb.desk.situations import EventGroup
from cmdb.errors import Conflict, ErrorCode, NotFound
from cmdb.model.access import Principal, PrincipalRole
from cmdb.model.records import TicketKind
from cmdb.model.severity import Severity

RULE = Principal(name="incident rule", role=PrincipalRole.DESK)
"""In whose name the rule's incidents are opened."""

_NEVER = datetime.min.replace(tzinfo=UTC)
_FOR_GOOD = datetime.max.replace(tzinfo=UTC)


class IncidentRule:
    """Opens what is due, through the same use case as a person at the desk."""

    def __init__(self, ticketing: Callable[[int], Ticketing], threshold: Severity) -> None:
        """Act from this severity of a service on, through the use case that `ticketing` returns for a tenure."""
        self._ticketing = ticketing
        self._threshold = threshold

    async def apply(self, snapshot: Snapshot, fence: int) -> None:
        """Take every step that is due, each in one transaction of this tenure; Conflict (ROLE_LOST) when it has ended.

        A step that the store refuses does not keep the others waiting; its Conflict is raised after them.

        Steps may be repeated: what was done is no longer due, and one open incident per cause is the store's own rule.
        """
        # Searching the downstream of every failing CI takes a while in a large estate.
        due = await asyncio.to_thread(due_events, snapshot, self._threshold)
        ticketing = self._ticketing(fence)
        refused: Conflict | None = None
        for event in due:
            try:
                await ticketing.open(RULE, OpenTicketRequest(event=event))
            except NotFound:
                # Between the look and the step it has cleared.
                continue
            except Conflict as error:
                if error.code is ErrorCode.ROLE_LOST:
                    raise
                refused = error
        if refused is not None:
            raise refused


def due_events(snapshot: Snapshot, threshold: Severity) -> list[str]:
    """Return one event of each situation that needs a step, worst situation first.

    A situation needs one while it holds an event that no incident has taken in, if an incident is at work on it or if
    it brings a service to `threshold` or above. An incident that was resolved has dealt with the events that it
    carries until they are raised anew: a person who closes it is not contradicted.
    """
    dealt_with = _dealt_with(snapshot)
    found: list[str] = []
    for group in snapshot.event_groups:
        events = (member.event for member in group.members)
        fresh = [event for event in events if event.raised_at > dealt_with.get(event.key, _NEVER)]
        if fresh and (incident_of(snapshot, group) is not None or hurts_service(snapshot, group, threshold)):
            found.append(fresh[0].key)
    return found


def hurts_service(snapshot: Snapshot, group: EventGroup, threshold: Severity) -> bool:
    """Whether the situation's failures bring a service to `threshold` or above, alone or with others."""
    return bool(hurt_services(snapshot, (member.event.item for member in group.members), threshold))


def _dealt_with(snapshot: Snapshot) -> dict[str, datetime]:
    """Return until when incidents answer for the events that they carry: while open for good, else until resolved."""
    found: dict[str, datetime] = {}
    for ticket in snapshot.tickets.values():
        if ticket.ticket_kind is TicketKind.INCIDENT:
            until = _FOR_GOOD if ticket.is_open else (ticket.resolved_at or ticket.changed_at)
            found.update((event, max(until, found.get(event, until))) for event in ticket.events)
    return found
