"""Opens, attaches, merges and moves tickets; one open incident per cause, whoever opens it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from cmdb.application.affected import hurt_services
from cmdb.application.live import LiveTopology
from cmdb.application.lookup import find_place, missing
from cmdb.application.requests import (
    AttachReportRequest,
    DetachTicketRequest,
    MergeTicketsRequest,
    OpenTicketRequest,
    TicketReceipt,
    UpdateTicketRequest,
)
from cmdb.application.situation_question import group_of, incident_of
from cmdb.application.snapshot import Snapshot
from cmdb.application.ticket_drafting import TicketDrafting
from cmdb.application.ticket_lookup import joinings_of, named_ticket, open_items, reports_of, ticket_of
from cmdb.desk.access import SYSTEM, require_tickets
from cmdb.desk.correlation import survivor_of
from cmdb.desk.expectation import STATED
from cmdb.desk.service_notices import due_notices
from cmdb.desk.situation_following import Joining
from cmdb.desk.situations import EventGroup
from cmdb.desk.ticket_joining import carry, detach, follow, merge
from cmdb.desk.ticket_life import moved, noted, spell_duration
from cmdb.errors import Conflict, ErrorCode, InvalidInput
from cmdb.model.access import Principal
from cmdb.model.kinds import RecordKind
from cmdb.model.records import Event, Ticket, TicketKind
from cmdb.model.service_level import STANDARD_LEVELS, ServiceLevel, level_of
from cmdb.ports.clock import Clock
from cmdb.ports.graph import GraphReader, GraphWriter, Precondition

SOURCE = "desk"
ATTEMPTS = 10
"""How often a step is taken anew because another process wrote in between."""

Step = Callable[[Snapshot], Awaitable[TicketReceipt]]


class _Overtaken(Conflict):
    """The store refused the step: what it builds on may have changed since."""


class Ticketing:
    """The use cases behind the ticket mutations; steps of one process take turns."""

    def __init__(
        self,
        live: LiveTopology,
        reader: GraphReader,
        writer: GraphWriter,
        clock: Clock,
        levels: Mapping[int, ServiceLevel] = STANDARD_LEVELS,
    ) -> None:
        """The store refuses a second open incident of one cause, whichever process asks."""
        self._live = live
        self._reader = reader
        self._writer = writer
        self._clock = clock
        self._levels = levels
        self._drafting = TicketDrafting(reader, clock, levels)
        self._turn = asyncio.Lock()

    async def open(self, principal: Principal, request: OpenTicketRequest) -> TicketReceipt:
        """Open an incident from an event, or a report from a caller; an open incident of the same cause takes it in."""
        require_tickets(principal)

        async def step(snapshot: Snapshot) -> TicketReceipt:
            if request.event is not None:
                return await self._open_from_event(snapshot, principal, request.event, request)
            return await self._open_report(snapshot, principal, request)

        return await self._take_turn(step)

    async def _take_turn(self, step: Step) -> TicketReceipt:
        """Run a step on what the store holds now, and anew when another process wrote in between."""
        async with self._turn:
            snapshot = await self._fresh()
            for _ in range(ATTEMPTS):
                try:
                    return await step(snapshot)
                except _Overtaken:
                    before, snapshot = snapshot, await self._fresh()
                    if snapshot.revision == before.revision:
                        raise
            return await step(snapshot)

    async def _fresh(self) -> Snapshot:
        """Return what the store holds now: a step on a ticket as it was would undo another process's step."""
        return await self._live.current(await self._reader.head())

    async def _open_from_event(
        self, snapshot: Snapshot, principal: Principal, key: str, request: OpenTicketRequest
    ) -> TicketReceipt:
        event = snapshot.events.get(key)
        if event is None or not snapshot.sees(principal, event.item):
            raise missing("open event", key)
        group = group_of(snapshot, event)
        if group is None:
            raise missing("situation of event", key)
        incident = incident_of(snapshot, group)
        if incident is not None:
            return await self._take_in(snapshot, principal, incident, group)
        ticket = await self._drafting.incident(snapshot, principal, group, request)
        return await self._save(snapshot, principal, [ticket], opened=True)

    async def _take_in(
        self, snapshot: Snapshot, principal: Principal, incident: Ticket, group: EventGroup
    ) -> TicketReceipt:
        """Attach every event of the situation that the incident does not carry yet."""
        new = [member.event for member in group.members if member.event.key not in incident.events]
        if not new:
            return await self._unchanged(incident)
        told = f"{len(new)} further event(s) of the same cause, {new[0].summary or new[0].condition}"
        keys = [event.key for event in new]
        grown = replace(
            self._noted(principal, incident, told),
            events=(*incident.events, *keys),
            situation=incident.situation or snapshot.numbers.get(group.cause),
        )
        if any(event.item == group.cause for event in new):
            grown = self._drafting.caused_by(snapshot, grown, group.cause, principal.name)
        return await self._save(snapshot, principal, [grown], attached=keys)

    async def _open_report(
        self, snapshot: Snapshot, principal: Principal, request: OpenTicketRequest
    ) -> TicketReceipt:
        if request.item is None or not (request.text or request.title):
            raise InvalidInput(
                ErrorCode.BAD_ARGUMENT,
                "Neither an event nor a CI with a text was given.",
                hint="Give the event to open an incident from, or the CI and the caller's words for a report.",
            )
        key = snapshot.topology.keys[find_place(snapshot, principal, request.item)]
        words = request.title or request.text
        report = self._drafting.report(snapshot, principal, (key,), request.caller, words)
        return await self._save(snapshot, principal, [report], opened=True)

    async def attach_report(self, principal: Principal, request: AttachReportRequest) -> TicketReceipt:
        """Attach a report to an open incident in one step; it is made from the words when it does not exist yet."""
        require_tickets(principal)

        async def step(snapshot: Snapshot) -> TicketReceipt:
            incident = ticket_of(snapshot, principal, request.incident)
            _require_open_incident(incident)
            report = self._report(snapshot, principal, incident, request)
            attached = follow(report, incident, principal.name, self._clock.now())
            told = self._noted(principal, incident, f"Report {report.key} attached: {report.title}")
            return await self._save(snapshot, principal, [told, attached], attached=[report.key])

        return await self._take_turn(step)

    def _report(
        self, snapshot: Snapshot, principal: Principal, incident: Ticket, request: AttachReportRequest
    ) -> Ticket:
        if request.report is not None:
            report = ticket_of(snapshot, principal, request.report)
            if report.ticket_kind is not TicketKind.REPORT or report.parent not in (None, incident.key):
                raise Conflict(
                    ErrorCode.CONFLICT,
                    f"{report.key} is no free report.",
                    hint="Attach a report that belongs to no other incident; detach it first.",
                )
            return report
        if not request.words:
            raise InvalidInput(
                ErrorCode.MISSING_FIELD, "The caller's words are missing.", hint="Give 'words'."
            )
        items = incident.items
        if request.item is not None:
            items = (snapshot.topology.keys[find_place(snapshot, principal, request.item)],)
        return self._drafting.report(snapshot, principal, items, request.caller, request.words)

    async def merge(self, principal: Principal, request: MergeTicketsRequest) -> TicketReceipt:
        """Let an open incident take other open ones in; their reports move to it, their numbers lead to it."""
        require_tickets(principal)

        async def step(snapshot: Snapshot) -> TicketReceipt:
            survivor = ticket_of(snapshot, principal, request.into)
            others = [named_ticket(snapshot, principal, key) for key in request.tickets]
            moving = [report for other in others for report in reports_of(snapshot, other)]
            tickets = merge(survivor, others, moving, principal.name, self._clock.now())
            tickets[0] = self._drafting.expecting(snapshot, tickets[0])
            return await self._save(snapshot, principal, tickets, attached=request.tickets)

        return await self._take_turn(step)

    async def join(self, principal: Principal, joining: Joining) -> TicketReceipt:
        """Let incidents whose situations have joined become one, the oldest, which tells the cause of them all."""
        require_tickets(principal)

        async def step(snapshot: Snapshot) -> TicketReceipt:
            if joining not in joinings_of(snapshot):
                return await self._unchanged(snapshot.tickets[joining.incidents[0]])
            survivor, *others = (snapshot.tickets[key] for key in joining.incidents)
            now, tickets = self._clock.now(), [replace(survivor, changed_at=self._clock.now())]
            if others:
                moving = [report for other in others for report in reports_of(snapshot, other)]
                tickets = merge(survivor, others, moving, principal.name, now)
            cause = snapshot.situations[joining.situation].cause
            joined = self._drafting.caused_by(snapshot, tickets[0], cause, principal.name, joining.incidents)
            tickets[0] = self._drafting.expecting(snapshot, replace(joined, situation=joining.situation))
            attached = joining.incidents[1:]
            return await self._save(snapshot, principal, tickets, attached=attached)

        return await self._take_turn(step)

    async def give_notice(self, principal: Principal, key: str) -> TicketReceipt:
        """Note on a ticket which of its targets are at risk or missed, each once."""
        require_tickets(principal)

        async def step(snapshot: Snapshot) -> TicketReceipt:
            ticket = told = ticket_of(snapshot, principal, key)
            now = self._clock.now()
            for notice in due_notices(ticket, level_of(self._levels, ticket.priority), now):
                told = noted(told, principal.name, notice.text, now)
            if told is ticket:
                return await self._unchanged(ticket)
            return await self._save(snapshot, principal, [told])

        return await self._take_turn(step)

    async def detach(self, principal: Principal, request: DetachTicketRequest) -> TicketReceipt:
        """Take a report off its incident, or a merged incident out of the one that took it in."""
        require_tickets(principal)

        async def step(snapshot: Snapshot) -> TicketReceipt:
            ticket = named_ticket(snapshot, principal, request.ticket)
            parent = snapshot.tickets.get(ticket.parent or "")
            if parent is None:
                raise Conflict(
                    ErrorCode.CONFLICT,
                    f"{ticket.key} belongs to no other ticket.",
                    hint="Detach a report that is attached, or an incident that was merged.",
                )
            tickets = detach(ticket, parent, principal.name, self._clock.now())
            # Under the number that its situation has joined it is where a person wants it to be.
            number = survivor_of(ticket.situation or parent.situation or "", snapshot.situations)
            if number is not None and ticket.ticket_kind is TicketKind.INCIDENT:
                tickets[0] = replace(tickets[0], situation=number.key)
            return await self._save(snapshot, principal, tickets)

        return await self._take_turn(step)

    async def update(self, principal: Principal, request: UpdateTicketRequest) -> TicketReceipt:
        """Move a ticket one step; resolving an incident states the outage's length and resolves its reports."""
        require_tickets(principal)

        async def step(snapshot: Snapshot) -> TicketReceipt:
            ticket = ticket_of(snapshot, principal, request.ticket)
            changed, length = self._stepped(snapshot, principal, ticket, request), ""
            if changed.resolved_at is not None and ticket.resolved_at is None:
                length = await self._outage_length(ticket)
                changed = self._noted(principal, changed, f"Resolved; the outage lasted {length}.")
            reports = reports_of(snapshot, ticket)
            carried = carry(ticket, changed, reports, length, principal.name, self._clock.now())
            return await self._save(snapshot, principal, [changed, *carried])

        return await self._take_turn(step)

    def _stepped(
        self, snapshot: Snapshot, principal: Principal, ticket: Ticket, request: UpdateTicketRequest
    ) -> Ticket:
        promised = request.expected_resolution_at
        unknown = [key for key in request.changes if key not in snapshot.changes]
        if unknown:
            raise missing("change", unknown[0])
        stepped = moved(ticket, request.state or ticket.state, self._clock.now())
        stepped = replace(
            stepped,
            support_group=request.support_group or ticket.support_group,
            assignee=request.assignee or ticket.assignee,
            changes=tuple(dict.fromkeys((*ticket.changes, *request.changes))),
            expected_resolution_at=promised or ticket.expected_resolution_at,
            expected_resolution_basis=(
                STATED + principal.name if promised else ticket.expected_resolution_basis
            ),
        )
        return self._noted(principal, stepped, request.note) if request.note else stepped

    async def keep_current(self, principal: Principal, key: str) -> TicketReceipt:
        """Add the services that an open incident's events hurt by now; a worse impact raises its priority.

        Services that have recovered stay: they were affected, and their users wait to hear of the end.
        """
        require_tickets(principal)

        async def step(snapshot: Snapshot) -> TicketReceipt:
            ticket = ticket_of(snapshot, principal, key)
            hurt = hurt_services(snapshot, open_items(snapshot, ticket))
            new = [item for item in hurt if item not in ticket.items]
            rank = min(ticket.priority, await self._drafting.rank(hurt)) if hurt else ticket.priority
            if not ticket.is_open or (not new and rank == ticket.priority):
                return await self._unchanged(ticket)
            grown = replace(ticket, items=(*ticket.items, *new), priority=rank)
            if rank < ticket.priority:
                grown = self._drafting.expecting(snapshot, grown)
            told = self._noted(principal, grown, _growth(snapshot, new, ticket.priority, rank))
            reports = reports_of(snapshot, ticket)
            carried = carry(ticket, told, reports, "", principal.name, self._clock.now())
            return await self._save(snapshot, principal, [told, *carried])

        return await self._take_turn(step)

    async def _outage_length(self, ticket: Ticket) -> str:
        """From the first event raised to the last one cleared; an event still open runs until now."""
        stored = (
            await self._reader.records(SYSTEM, RecordKind.EVENT, list(ticket.events)) if ticket.events else []
        )
        events = [row.record for row in stored if isinstance(row.record, Event)]
        now: datetime = self._clock.now()
        start = min((event.raised_at for event in events), default=ticket.opened_at)
        end = max((now if event.cleared_at is None else event.cleared_at for event in events), default=now)
        return spell_duration(max(timedelta(0), end - start))

    def _noted(self, principal: Principal, ticket: Ticket, text: str) -> Ticket:
        return noted(ticket, principal.name, text, self._clock.now())

    async def _unchanged(self, ticket: Ticket) -> TicketReceipt:
        return TicketReceipt(ticket.key, opened=False, revision=await self._live.revision())

    async def _save(
        self,
        snapshot: Snapshot,
        principal: Principal,
        tickets: Sequence[Ticket],
        *,
        opened: bool = False,
        attached: Sequence[str] = (),
    ) -> TicketReceipt:
        """Write what was decided on the snapshot; a number that another process gave away is not given twice."""
        condition = Precondition(seen=snapshot.revision)
        outcome = await self._writer.write(principal, SOURCE, tickets, self._clock.now(), condition)
        for row in outcome.results:
            if row.problem is not None:
                raise _Overtaken(row.problem.code, row.problem.message, hint=row.problem.hint)
        await self._live.current(outcome.revision)
        return TicketReceipt(tickets[0].key, opened, outcome.revision, tuple(attached))


def _require_open_incident(ticket: Ticket) -> None:
    if ticket.ticket_kind is not TicketKind.INCIDENT or not ticket.is_open:
        raise Conflict(
            ErrorCode.CONFLICT,
            f"{ticket.key} is a {ticket.ticket_kind.value} in state {ticket.state.value}.",
            hint="Attach reports to an open incident; `situations` names the one at work.",
        )


def _growth(snapshot: Snapshot, new: Sequence[str], before: int, rank: int) -> str:
    names = ", ".join(snapshot.topology.names[snapshot.topology.index[key]] for key in new)
    added = f"Affected by now too: {names}. " if new else ""
    raised = f"Priority raised from {before} to {rank}." if rank < before else ""
    return (added + raised).strip()
