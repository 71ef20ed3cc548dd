"""The incident rule: a situation that hurts a service enough gets one incident, and later symptoms join it."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from cmdb.application.live import LiveTopology
from cmdb.application.requests import OpenTicketRequest
from cmdb.application.situation_question import incident_of
from cmdb.application.snapshot import Snapshot
from cmdb.application.ticketing import Ticketing
from cmdb.desk.situations import EventGroup
from cmdb.errors import Conflict, ErrorCode, NotFound
from cmdb.impact.propagation import spread
from cmdb.impact.reach import downstream
from cmdb.model.access import Principal, PrincipalRole
from cmdb.model.records import Record, TicketKind
from cmdb.model.severity import Severity
from cmdb.ports.clock import Clock
from cmdb.ports.graph import UNCONDITIONAL, GraphReader, GraphWriter, Precondition, WriteOutcome

RULE = Principal(name="incident rule", role=PrincipalRole.DESK)
"""In whose name the rule's incidents are opened."""

_NEVER = datetime.min.replace(tzinfo=UTC)
_FOR_GOOD = datetime.max.replace(tzinfo=UTC)


class IncidentRule:
    """Opens what is due, through the same use case as a person at the desk."""

    def __init__(
        self,
        live: LiveTopology,
        reader: GraphReader,
        writer: GraphWriter,
        clock: Clock,
        threshold: Severity,
    ) -> None:
        """Act from this severity of a service on."""
        self._live = live
        self._reader = reader
        self._writer = writer
        self._clock = clock
        self._threshold = threshold

    async def apply(self, snapshot: Snapshot, fence: int) -> None:
        """Take every step that is due, each in one transaction of this tenure; Conflict (ROLE_LOST) when it has ended.

        A step that the store refuses does not keep the others waiting; its Conflict is raised after them.

        Steps may be repeated: what was done is no longer due, and one open incident per cause is the store's own rule.
        """
        # Searching the downstream of every failing CI takes a while in a large estate.
        due = await asyncio.to_thread(due_events, snapshot, self._threshold)
        ticketing = Ticketing(self._live, self._reader, _TenureWriter(self._writer, fence), self._clock)
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


class _TenureWriter:
    """Writes under one tenure of the owner role."""

    def __init__(self, writer: GraphWriter, fence: int) -> None:
        self._writer = writer
        self._fence = fence

    async def write(
        self,
        principal: Principal,
        source: str,
        records: Sequence[Record],
        recorded_at: datetime,
        condition: Precondition = UNCONDITIONAL,
    ) -> WriteOutcome:
        """Add the tenure to the condition."""
        in_tenure = replace(condition, fence=self._fence)
        return await self._writer.write(principal, source, records, recorded_at, in_tenure)


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
    index = snapshot.topology.index
    places = {index[member.event.item] for member in group.members}
    failing = {place: int(snapshot.outage[place]) for place in places if snapshot.outage[place]}
    if not failing:
        return False
    reached = downstream(snapshot.topology, list(failing))
    hurt = reached[snapshot.is_service[reached] & (snapshot.effective[reached] >= threshold)].tolist()
    if not hurt:
        return False
    alone = spread(snapshot.topology, failing)
    without = snapshot.effective_with(dict.fromkeys(failing, 0))
    return any(
        alone.get(place, 0) >= threshold or without[place] < snapshot.effective[place] for place in hurt
    )


def _dealt_with(snapshot: Snapshot) -> dict[str, datetime]:
    """Return until when incidents answer for the events that they carry: while open for good, else until resolved."""
    found: dict[str, datetime] = {}
    for ticket in snapshot.tickets.values():
        if ticket.ticket_kind is TicketKind.INCIDENT:
            until = _FOR_GOOD if ticket.is_open else (ticket.resolved_at or ticket.changed_at)
            found.update((event, max(until, found.get(event, until))) for event in ticket.events)
    return found
