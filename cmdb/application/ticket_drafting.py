"""Drafts incidents and reports: what they are about, how urgent they are, when they should be resolved."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from cmdb.application.impact_question import ImpactQuestion
from cmdb.application.lookup import missing
from cmdb.application.requests import ImpactRequest, OpenTicketRequest
from cmdb.application.snapshot import Snapshot
from cmdb.desk.access import SYSTEM
from cmdb.desk.expectation import STATED, expect_resolution
from cmdb.desk.situations import EventGroup, cause_key
from cmdb.desk.ticket_life import noted, priority
from cmdb.model.access import Principal
from cmdb.model.answers import ImpactRow
from cmdb.model.kinds import RecordKind
from cmdb.model.records import Item, Role, Ticket, TicketKind, TicketState, WorkNote
from cmdb.model.service_level import ServiceLevel, level_of
from cmdb.model.severity import Severity
from cmdb.ports.clock import Clock
from cmdb.ports.graph import GraphReader


class TicketDrafting:
    """Makes tickets that nobody has saved yet; `levels` says what is promised per priority."""

    def __init__(self, reader: GraphReader, clock: Clock, levels: Mapping[int, ServiceLevel]) -> None:
        """Read what the snapshot does not hold through `reader`."""
        self._reader = reader
        self._clock = clock
        self._levels = levels
        self._impact = ImpactQuestion(reader)

    async def incident(
        self, snapshot: Snapshot, principal: Principal, group: EventGroup, request: OpenTicketRequest
    ) -> Ticket:
        """Draft the incident of a situation, with everything that is known of it."""
        now = self._clock.now()
        affected = await self._affected(snapshot, group)
        cause = snapshot.topology.names[snapshot.topology.index[group.cause]]
        support_group = _group_of(snapshot, group.cause)
        first = group.members[0].event
        return self.expecting(
            snapshot,
            Ticket(
                key=next_key(snapshot, TicketKind.INCIDENT),
                ticket_kind=TicketKind.INCIDENT,
                title=request.title or f"{cause}: {first.summary or first.condition}",
                state=TicketState.ASSIGNED if support_group else TicketState.NEW,
                opened_at=now,
                changed_at=now,
                priority=await self.rank({row.item.key: row.severity for row in affected}),
                items=tuple(dict.fromkeys([group.cause, *(row.item.key for row in affected)])),
                events=tuple(member.event.key for member in group.members),
                cause_key=group.key,
                cause_item=group.cause,
                situation=snapshot.numbers.get(group.cause),
                support_group=support_group,
                notes=(WorkNote(at=now, author=principal.name, text=_opening(cause, group, affected)),),
            ),
        )

    def report(
        self, snapshot: Snapshot, principal: Principal, items: tuple[str, ...], caller: str | None, words: str
    ) -> Ticket:
        """Draft the report of a caller; NotFound when nobody knows the caller."""
        if caller is not None and caller not in snapshot.parties:
            raise missing("party", caller)
        now = self._clock.now()
        return Ticket(
            key=next_key(snapshot, TicketKind.REPORT),
            ticket_kind=TicketKind.REPORT,
            title=words,
            state=TicketState.NEW,
            opened_at=now,
            changed_at=now,
            items=items,
            caller=caller,
            notes=(WorkNote(at=now, author=principal.name, text=f"Reported: {words}"),),
        )

    def expecting(self, snapshot: Snapshot, ticket: Ticket) -> Ticket:
        """Return the ticket with the time at which it should be resolved; a person's word stands."""
        if ticket.expected_resolution_basis.startswith(STATED):
            return ticket
        topology = snapshot.topology

        def class_of(item: str | None) -> str | None:
            place = None if item is None else topology.index.get(item)
            return None if place is None else topology.classes[place]

        expected, basis = expect_resolution(
            ticket,
            snapshot.tickets.values(),
            class_of,
            level_of(self._levels, ticket.priority),
            self._clock.now(),
        )
        return replace(ticket, expected_resolution_at=expected, expected_resolution_basis=basis)

    def caused_by(
        self, snapshot: Snapshot, ticket: Ticket, cause: str, author: str, joined: Collection[str] = ()
    ) -> Ticket:
        """Return the incident with this CI as its cause, unless another open one has it that has not `joined` it.

        What was made from the cause follows it, its title and who is to mend it; what a person has said or taken stays.
        """
        holder = snapshot.incident_by_cause.get(cause_key(cause))
        is_free = holder is None or holder.key == ticket.key or holder.key in joined
        if cause == ticket.cause_item or not is_free:
            return ticket
        name, before = self._name(snapshot, cause), self._name(snapshot, ticket.cause_item)
        events = snapshot.events_at.get(cause, ())
        title = f"{name}: {events[0].summary or events[0].condition}" if events else ticket.title
        moved = replace(
            ticket,
            title=title if before and ticket.title.startswith(f"{before}: ") else ticket.title,
            items=tuple(dict.fromkeys((*ticket.items, cause))),
            cause_key=cause_key(cause),
            cause_item=cause,
        )
        told = f"The probable cause is {name} by now, no longer {before or 'what it was'}."
        group = _group_of(snapshot, cause)
        if group is not None and group != ticket.support_group and _is_untaken(snapshot, ticket):
            moved = replace(moved, support_group=group, state=TicketState.ASSIGNED)
            told += f" {snapshot.parties[group].name} is to mend it."
        return noted(moved, author, told, self._clock.now())

    @staticmethod
    def _name(snapshot: Snapshot, item: str | None) -> str:
        place = snapshot.topology.index.get(item or "")
        return "" if place is None else snapshot.topology.names[place]

    async def rank(self, services: Mapping[str, Severity]) -> int:
        """Return the priority that the severities of these services give, by their criticality."""
        items = await self._items(services)
        return priority(
            (services[item.key], str(item.attributes.get("criticality", "medium"))) for item in items
        )

    async def _items(self, keys: Iterable[str]) -> list[Item]:
        wanted = list(keys)
        stored = await self._reader.records(SYSTEM, RecordKind.ITEM, wanted) if wanted else []
        return [row.record for row in stored if isinstance(row.record, Item)]

    async def _affected(self, snapshot: Snapshot, group: EventGroup) -> list[ImpactRow]:
        request = ImpactRequest(item=group.cause, include_holding=False, first=100, as_if=group.severity)
        return list((await self._impact.answer(snapshot, SYSTEM, request)).rows)


def _group_of(snapshot: Snapshot, item: str | None) -> str | None:
    supporters = snapshot.parties_of(item or "", Role.SUPPORTS)
    return supporters[0].key if supporters else None


def _is_untaken(snapshot: Snapshot, ticket: Ticket) -> bool:
    """Whether the incident lies where its cause has put it, and nobody has begun."""
    waits = ticket.state in (TicketState.NEW, TicketState.ASSIGNED) and ticket.assignee is None
    return waits and ticket.support_group == _group_of(snapshot, ticket.cause_item)


def next_key(snapshot: Snapshot, kind: TicketKind) -> str:
    """Return the number after the highest of its kind."""
    prefix = "INC" if kind is TicketKind.INCIDENT else "REP"
    taken = [key for key in snapshot.tickets if key.startswith(prefix)]
    numbers = [int(key[len(prefix) :]) for key in taken if key[len(prefix) :].isdecimal()]
    return f"{prefix}{max(numbers, default=0) + 1:06d}"


def _opening(cause: str, group: EventGroup, affected: Sequence[ImpactRow]) -> str:
    events = "; ".join(f"{m.event.item}: {m.event.summary or m.event.condition}" for m in group.members[:5])
    services = ", ".join(f"{row.item.name} {row.severity}" for row in affected) or "none"
    return f"Probable cause: {cause}. Events: {events}. Affected services: {services}."
