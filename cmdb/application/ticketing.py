"""Opens, attaches and moves tickets; one open incident per cause, whoever opens it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from cmdb.application.impact_question import ImpactQuestion
from cmdb.application.live import LiveTopology
from cmdb.application.lookup import find_place, missing, sees_ticket
from cmdb.application.requests import (
    AttachReportRequest,
    ImpactRequest,
    OpenTicketRequest,
    TicketReceipt,
    UpdateTicketRequest,
)
from cmdb.application.situation_question import group_of, incident_of
from cmdb.application.snapshot import Snapshot
from cmdb.desk.access import SYSTEM, require_tickets
from cmdb.desk.situations import EventGroup
from cmdb.desk.ticket_life import expect_resolution, priority, require_step, spell_duration
from cmdb.errors import Conflict, ErrorCode, InvalidInput
from cmdb.model.access import Principal
from cmdb.model.answers import ImpactRow
from cmdb.model.records import Event, Item, RecordKind, Role, Ticket, TicketKind, TicketState, WorkNote
from cmdb.model.severity import Severity
from cmdb.ports.clock import Clock
from cmdb.ports.graph import GraphReader, GraphWriter, Precondition

SOURCE = "desk"
ATTEMPTS = 10
"""How often a step is taken anew because another process wrote in between."""


class _Overtaken(Conflict):
    """The store refused the step: what it builds on may have changed since."""


class Ticketing:
    """The use cases behind the ticket mutations; steps of one process take turns."""

    def __init__(self, live: LiveTopology, reader: GraphReader, writer: GraphWriter, clock: Clock) -> None:
        """The store refuses a second open incident of one cause, whichever process asks."""
        self._live = live
        self._reader = reader
        self._writer = writer
        self._clock = clock
        self._impact = ImpactQuestion(reader)
        self._turn = asyncio.Lock()

    async def open(self, principal: Principal, request: OpenTicketRequest) -> TicketReceipt:
        """Open an incident from an event, or a report from a caller; an open incident of the same cause takes it in."""
        require_tickets(principal)

        async def step(snapshot: Snapshot) -> TicketReceipt:
            if request.event is not None:
                return await self._open_from_event(snapshot, principal, request.event, request)
            return await self._open_report(snapshot, principal, request)

        return await self._take_turn(step)

    async def _take_turn(self, step: Callable[[Snapshot], Awaitable[TicketReceipt]]) -> TicketReceipt:
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
        ticket = await self._draft_incident(snapshot, principal, group, request)
        return await self._save(snapshot, principal, [ticket], opened=True)

    async def _take_in(
        self, snapshot: Snapshot, principal: Principal, incident: Ticket, group: EventGroup
    ) -> TicketReceipt:
        """Attach every event of the situation that the incident does not carry yet."""
        new = [member.event for member in group.members if member.event.key not in incident.events]
        if not new:
            return TicketReceipt(incident.key, opened=False, revision=await self._live.revision())
        told = f"{len(new)} further event(s) of the same cause, {new[0].summary or new[0].condition}"
        keys = [event.key for event in new]
        grown = replace(
            self._noted(principal, incident, told),
            events=(*incident.events, *keys),
            situation=incident.situation or snapshot.numbers.get(group.cause),
        )
        return await self._save(snapshot, principal, [grown], opened=False, attached=keys)

    async def _draft_incident(
        self, snapshot: Snapshot, principal: Principal, group: EventGroup, request: OpenTicketRequest
    ) -> Ticket:
        now = self._clock.now()
        affected = await self._affected(snapshot, group)
        rank = priority(await self._criticalities(affected))
        expected, basis = expect_resolution(now, rank, snapshot.tickets.values())
        cause = snapshot.topology.names[snapshot.topology.index[group.cause]]
        supporters = snapshot.parties_of(group.cause, Role.SUPPORTS)
        first = group.members[0].event
        return Ticket(
            key=_next_key(snapshot, TicketKind.INCIDENT),
            ticket_kind=TicketKind.INCIDENT,
            title=request.title or f"{cause}: {first.summary or first.condition}",
            state=TicketState.ASSIGNED if supporters else TicketState.NEW,
            opened_at=now,
            changed_at=now,
            priority=rank,
            items=tuple(dict.fromkeys([group.cause, *(row.item.key for row in affected)])),
            events=tuple(member.event.key for member in group.members),
            cause_key=group.key,
            cause_item=group.cause,
            situation=snapshot.numbers.get(group.cause),
            support_group=supporters[0].key if supporters else None,
            expected_resolution_at=expected,
            expected_resolution_basis=basis,
            notes=(WorkNote(at=now, author=principal.name, text=_opening_note(cause, group, affected)),),
        )

    async def _affected(self, snapshot: Snapshot, group: EventGroup) -> list[ImpactRow]:
        request = ImpactRequest(item=group.cause, include_holding=False, first=100, as_if=group.severity)
        answer = await self._impact.answer(snapshot, SYSTEM, request)
        return list(answer.rows)

    async def _criticalities(self, rows: Sequence[ImpactRow]) -> list[tuple[Severity, str]]:
        keys = [row.item.key for row in rows]
        stored = await self._reader.records(SYSTEM, RecordKind.ITEM, keys) if keys else []
        items = {row.record.key: row.record for row in stored if isinstance(row.record, Item)}
        return [
            (row.severity, str(items[row.item.key].attributes.get("criticality", "medium")))
            for row in rows
            if row.item.key in items
        ]

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
        report = self._draft_report(
            snapshot, principal, (key,), request.caller, request.title or request.text
        )
        return await self._save(snapshot, principal, [report], opened=True)

    def _draft_report(
        self, snapshot: Snapshot, principal: Principal, items: tuple[str, ...], caller: str | None, words: str
    ) -> Ticket:
        if caller is not None and caller not in snapshot.parties:
            raise missing("party", caller)
        now = self._clock.now()
        return Ticket(
            key=_next_key(snapshot, TicketKind.REPORT),
            ticket_kind=TicketKind.REPORT,
            title=words,
            state=TicketState.NEW,
            opened_at=now,
            changed_at=now,
            items=items,
            caller=caller,
            notes=(WorkNote(at=now, author=principal.name, text=f"Reported: {words}"),),
        )

    async def attach_report(self, principal: Principal, request: AttachReportRequest) -> TicketReceipt:
        """Attach a report to an open incident in one step; it is made from the words when it does not exist yet."""
        require_tickets(principal)

        async def step(snapshot: Snapshot) -> TicketReceipt:
            incident = _ticket(snapshot, principal, request.incident)
            _require_open_incident(incident)
            report = self._report(snapshot, principal, incident, request)
            attached = replace(
                report,
                parent=incident.key,
                state=TicketState.ASSIGNED,
                support_group=incident.support_group,
                priority=incident.priority,
                expected_resolution_at=incident.expected_resolution_at,
                expected_resolution_basis=incident.expected_resolution_basis,
                changed_at=self._clock.now(),
            )
            noted = self._noted(principal, incident, f"Report {report.key} attached: {report.title}")
            return await self._save(
                snapshot, principal, [noted, attached], opened=False, attached=[report.key]
            )

        return await self._take_turn(step)

    def _report(
        self, snapshot: Snapshot, principal: Principal, incident: Ticket, request: AttachReportRequest
    ) -> Ticket:
        if request.report is not None:
            report = _ticket(snapshot, principal, request.report)
            if report.ticket_kind is not TicketKind.REPORT or report.parent not in (None, incident.key):
                raise Conflict(
                    ErrorCode.CONFLICT,
                    f"{report.key} is no free report.",
                    hint="Attach a report that belongs to no other incident.",
                )
            return report
        if not request.words:
            raise InvalidInput(
                ErrorCode.MISSING_FIELD, "The caller's words are missing.", hint="Give 'words'."
            )
        items = incident.items
        if request.item is not None:
            items = (snapshot.topology.keys[find_place(snapshot, principal, request.item)],)
        return self._draft_report(snapshot, principal, items, request.caller, request.words)

    async def update(self, principal: Principal, request: UpdateTicketRequest) -> TicketReceipt:
        """Move a ticket one step; resolving an incident states the outage's length and resolves its reports."""
        require_tickets(principal)

        async def step(snapshot: Snapshot) -> TicketReceipt:
            ticket = _ticket(snapshot, principal, request.ticket)
            state = request.state or ticket.state
            require_step(ticket, state)
            changed = self._stepped(principal, ticket, state, request)
            changes = [changed]
            if changed.resolved_at is not None and ticket.resolved_at is None:
                length = await self._outage_length(ticket)
                changes = [self._noted(principal, changed, f"Resolved; the outage lasted {length}.")]
                changes += self._resolved_reports(snapshot, principal, changed, length)
            return await self._save(snapshot, principal, changes, opened=False)

        return await self._take_turn(step)

    def _stepped(
        self, principal: Principal, ticket: Ticket, state: TicketState, request: UpdateTicketRequest
    ) -> Ticket:
        now = self._clock.now()
        resolved = state in (TicketState.RESOLVED, TicketState.CLOSED)
        promised = request.expected_resolution_at
        stepped = replace(
            ticket,
            state=state,
            changed_at=now,
            support_group=request.support_group or ticket.support_group,
            assignee=request.assignee or ticket.assignee,
            resolved_at=(ticket.resolved_at or now) if resolved else None,
            expected_resolution_at=promised or ticket.expected_resolution_at,
            expected_resolution_basis=(
                f"stated by {principal.name}" if promised else ticket.expected_resolution_basis
            ),
        )
        return self._noted(principal, stepped, request.note) if request.note else stepped

    async def _outage_length(self, ticket: Ticket) -> str:
        """From the first event raised to the last one cleared; an event still open runs until now."""
        stored = (
            await self._reader.records(SYSTEM, RecordKind.EVENT, list(ticket.events)) if ticket.events else []
        )
        events = [row.record for row in stored if isinstance(row.record, Event)]
        now = self._clock.now()
        start = min((event.raised_at for event in events), default=ticket.opened_at)
        end = max((now if event.cleared_at is None else event.cleared_at for event in events), default=now)
        return spell_duration(max(timedelta(0), end - start))

    def _resolved_reports(
        self, snapshot: Snapshot, principal: Principal, incident: Ticket, length: str
    ) -> list[Ticket]:
        now: datetime = self._clock.now()
        reports = [t for t in snapshot.tickets.values() if t.parent == incident.key and t.is_open]
        text = f"Incident {incident.key} is resolved; the outage lasted {length}."
        return [
            self._noted(principal, replace(report, state=TicketState.RESOLVED, resolved_at=now), text)
            for report in sorted(reports, key=lambda report: report.key)
        ]

    def _noted(self, principal: Principal, ticket: Ticket, text: str) -> Ticket:
        now = self._clock.now()
        return replace(
            ticket, changed_at=now, notes=(*ticket.notes, WorkNote(at=now, author=principal.name, text=text))
        )

    async def _save(
        self,
        snapshot: Snapshot,
        principal: Principal,
        tickets: Sequence[Ticket],
        *,
        opened: bool,
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


def _ticket(snapshot: Snapshot, principal: Principal, key: str) -> Ticket:
    ticket = snapshot.tickets.get(key)
    if ticket is None or not sees_ticket(snapshot, principal, ticket):
        raise missing("ticket", key)
    return ticket


def _require_open_incident(ticket: Ticket) -> None:
    if ticket.ticket_kind is not TicketKind.INCIDENT or not ticket.is_open:
        raise Conflict(
            ErrorCode.CONFLICT,
            f"{ticket.key} is a {ticket.ticket_kind.value} in state {ticket.state.value}.",
            hint="Attach reports to an open incident; `situations` names the one at work.",
        )


def _opening_note(cause: str, group: EventGroup, affected: Sequence[ImpactRow]) -> str:
    events = "; ".join(f"{m.event.item}: {m.event.summary or m.event.condition}" for m in group.members[:5])
    services = ", ".join(f"{row.item.name} {row.severity}" for row in affected) or "none"
    return f"Probable cause: {cause}. Events: {events}. Affected services: {services}."


def _next_key(snapshot: Snapshot, kind: TicketKind) -> str:
    prefix = "INC" if kind is TicketKind.INCIDENT else "REP"
    taken = [key for key in snapshot.tickets if key.startswith(prefix)]
    numbers = [int(key[len(prefix) :]) for key in taken if key[len(prefix) :].isdecimal()]
    return f"{prefix}{max(numbers, default=0) + 1:06d}"
