"""Finds the tickets that a step is about, as far as the principal may see them, and what hangs off them."""

from cmdb.application.lookup import missing, sees_ticket
from cmdb.application.snapshot import Snapshot
from cmdb.desk.situation_following import Joining, joinings
from cmdb.desk.ticket_joining import standing
from cmdb.model.access import Principal
from cmdb.model.records import Ticket, TicketKind


def joinings_of(snapshot: Snapshot) -> list[Joining]:
    """Return which open incidents are to become one because their situations did."""
    grouped = snapshot.group_by_event.items()
    found = ((event, snapshot.numbers.get(group.cause)) for event, group in grouped)
    numbers = {event: number for event, number in found if number is not None}
    return joinings(snapshot.tickets.values(), snapshot.situations, numbers)


def open_items(snapshot: Snapshot, ticket: Ticket) -> list[str]:
    """Return the CIs of the ticket's events that are still open."""
    events = (snapshot.events.get(key) for key in ticket.events)
    return [event.item for event in events if event is not None and event.is_open]


def ticket_of(snapshot: Snapshot, principal: Principal, key: str) -> Ticket:
    """Return the visible ticket that this number leads to."""
    named_ticket(snapshot, principal, key)
    ticket = standing(snapshot.tickets, key)
    if ticket is None or not sees_ticket(snapshot, principal, ticket):
        raise missing("ticket", key)
    return ticket


def named_ticket(snapshot: Snapshot, principal: Principal, key: str) -> Ticket:
    """Return the visible ticket of this number itself."""
    ticket = snapshot.tickets.get(key)
    if ticket is None or not sees_ticket(snapshot, principal, ticket):
        raise missing("ticket", key)
    return ticket


def reports_of(snapshot: Snapshot, incident: Ticket) -> list[Ticket]:
    """Return the reports that are attached to an incident, by number."""
    found = (ticket for ticket in snapshot.tickets.values() if ticket.parent == incident.key)
    return sorted(
        (ticket for ticket in found if ticket.ticket_kind is TicketKind.REPORT), key=lambda ticket: ticket.key
    )
