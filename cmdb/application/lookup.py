"""Finds what a caller refers to, without telling hidden from absent."""

from cmdb.application.snapshot import Mask, Snapshot
from cmdb.errors import Conflict, ErrorCode, NotFound
from cmdb.model.access import Principal
from cmdb.model.records import Change, Event, Ticket
from cmdb.model.reference import named_items, ticket_without_hidden

_WHERE = {
    "CI": "Search by a part of its name: cmdb search WORDS, or the field `search`.",
    "item": "Search by a part of its name: cmdb search WORDS, or the field `search`.",
    "service": "Search by a part of its name: cmdb search WORDS, or the field `search`.",
    "ticket": "See which there are: cmdb get tickets, or the field `tickets`.",
    "event": "See which there are: cmdb get events, or the field `events`.",
    "change": "See which there are: cmdb get changes, or the field `changes`.",
    "situation": "See which there are: cmdb situations, or the field `situations`.",
    "party": "Give its key; `cmdb get` of a service names who supports, owns and uses it.",
    "entry of the outbox": "See which there are: cmdb outbox, or the field `outbox`.",
}


def find_place(snapshot: Snapshot, principal: Principal, reference: str) -> int:
    """Return the index of the CI with this key, else of the only one with this name (case folded)."""
    if snapshot.sees(principal, reference):
        return snapshot.topology.index[reference]
    place = _place_by_name(snapshot, principal, reference)
    if place is None:
        raise missing("CI", reference)
    return place


def _place_by_name(snapshot: Snapshot, principal: Principal, name: str) -> int | None:
    wanted = name.casefold()
    topology = snapshot.topology
    places = [place for place, known in enumerate(topology.names) if known.casefold() == wanted]
    seen = [place for place in places if snapshot.sees(principal, topology.keys[place])]
    if len(seen) > 1:
        keys = ", ".join(topology.keys[place] for place in seen[:5])
        raise Conflict(
            ErrorCode.AMBIGUOUS,
            f"'{name}' names {len(seen)} CIs: {keys}.",
            hint="Ask again with one of the keys.",
        )
    return seen[0] if seen else None


def missing(what: str, reference: str) -> NotFound:
    """Return the error for something that does not exist or is hidden."""
    return NotFound(
        ErrorCode.NOT_FOUND,
        f"No {what} '{reference}' is visible to you.",
        hint=_WHERE.get(what.removeprefix("open "), "Check the key."),
    )


def sees_change(snapshot: Snapshot, principal: Principal, change: Change) -> bool:
    """Whether at least one target is visible."""
    return any(snapshot.sees(principal, target) for target in change.targets)


def sees_ticket(snapshot: Snapshot, principal: Principal, ticket: Ticket) -> bool:
    """Whether at least one affected CI is visible, or the caller opened it."""
    if principal.party is not None and ticket.caller == principal.party:
        return True
    return any(snapshot.sees(principal, item) for item in ticket.items)


def shown_tickets(snapshot: Snapshot, mask: Mask | None, tickets: tuple[Ticket, ...]) -> tuple[Ticket, ...]:
    """Return tickets that may be seen without the CIs that may not."""
    if mask is None:
        return tickets
    index = snapshot.topology.index
    return tuple(
        ticket_without_hidden(
            ticket, {key for key in named_items(ticket) if key in index and mask[index[key]]}
        )
        for ticket in tickets
    )


def sees_event(snapshot: Snapshot, principal: Principal, event: Event) -> bool:
    """Whether its CI is visible; an unbound one is for those who see everything."""
    return snapshot.sees(principal, event.item) if event.item else snapshot.mask(principal) is None
