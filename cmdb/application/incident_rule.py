"""The incident rule: a situation that hurts a service enough gets one incident, and later symptoms join it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

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


@dataclass(frozen=True, slots=True)
class RuleSettings:
    """From which severity of a service on the rule acts, and how long a situation settles before it is looked at."""

    threshold: Severity
    settling: timedelta = timedelta(0)


@dataclass(slots=True)
class DueSteps:
    """One event of each situation that needs a step, and when the next situation has settled."""

    events: list[str] = field(default_factory=list)
    again: datetime | None = None


class IncidentRule:
    """Opens what is due, through the same use case as a person at the desk."""

    def __init__(self, ticketing: Callable[[int], Ticketing], settings: RuleSettings) -> None:
        """Act through the use case that `ticketing` returns for a tenure."""
        self._ticketing = ticketing
        self._settings = settings

    async def apply(self, snapshot: Snapshot, fence: int) -> datetime | None:
        """Take every step that is due, each in one transaction of this tenure; Conflict (ROLE_LOST) when it has ended.

        A step that the store refuses does not keep the others waiting; its Conflict is raised after them.

        Steps may be repeated: what was done is no longer due, and one open incident per cause is the store's own rule.
        """
        # Searching the downstream of every failing CI takes a while in a large estate.
        due = await asyncio.to_thread(due_steps, snapshot, self._settings)
        ticketing = self._ticketing(fence)
        refused: Conflict | None = None
        for event in due.events:
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
        return due.again


def due_steps(snapshot: Snapshot, settings: RuleSettings) -> DueSteps:
    """Return what needs a step, worst situation first.

    A situation needs one while it holds an event that no incident has taken in, if an incident is at work on it, or
    if it has settled and brings a service to the threshold or above. An incident that was resolved has dealt with the
    events that it carries until they are raised anew: a person who closes it is not contradicted.
    """
    dealt_with = _dealt_with(snapshot)
    due = DueSteps()
    for group in snapshot.event_groups:
        events = (member.event for member in group.members)
        fresh = [event for event in events if event.raised_at > dealt_with.get(event.key, _NEVER)]
        if not fresh:
            continue
        if incident_of(snapshot, group) is None:
            settled_at = _begun(snapshot, group) + settings.settling
            if settled_at > snapshot.at:
                due.again = min(settled_at, due.again or settled_at)
                continue
            if not hurts_service(snapshot, group, settings.threshold):
                continue
        due.events.append(fresh[0].key)
    return due


def _begun(snapshot: Snapshot, group: EventGroup) -> datetime:
    """Return since when the situation is known here; the times of its events are those of its sources' clocks."""
    record = snapshot.situations.get(snapshot.numbers.get(group.cause, ""))
    return snapshot.at if record is None else record.opened_at


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
