"""What a record refers to, and the time by which it is listed."""

from dataclasses import replace
from datetime import datetime

from cmdb.model.records import Assignment, Change, Dependency, Event, Item, Record, SituationRecord, Ticket
from cmdb.model.windows import Window

CAUSE_HIDDEN = "cause restricted"
"""The title of an incident for those who may not see the CI that causes it."""


def items_of(record: Record) -> tuple[str, ...]:
    """Return the keys of the CIs that the record is about."""
    match record:
        case Item():
            return (record.key,)
        case Dependency():
            return (record.consumer, record.provider)
        case Event():
            return (record.item,) if record.item else ()
        case Assignment():
            return (record.item,)
        case Change():
            return record.targets
        case Ticket() | Window():
            return record.items
        case SituationRecord():
            return (record.cause,)
    return ()


def named_items(record: Record) -> tuple[str, ...]:
    """Return the keys of all CIs that a reader of the record learns of."""
    cause = record.cause_item if isinstance(record, Ticket) else None
    return items_of(record) if cause is None else (*items_of(record), cause)


def item_ends(record: Record) -> tuple[str, ...]:
    """Return the keys of the CIs that must live for the record to hold; what has ended refers to nothing new."""
    return () if isinstance(record, Item) or has_ended(record) else items_of(record)


def without_hidden(record: Record, seen: set[str]) -> Record:
    """Return the change, ticket or window without the CIs outside `seen`; other records name one CI or two ends.

    The keys of events name CIs, so a situation loses them.
    """
    match record:
        case Change():
            return replace(record, targets=tuple(target for target in record.targets if target in seen))
        case Ticket():
            return ticket_without_hidden(record, seen)
        case Window():
            return replace(record, items=tuple(item for item in record.items if item in seen))
        case SituationRecord():
            return replace(record, events=())
    return record


def ticket_without_hidden(ticket: Ticket, seen: set[str]) -> Ticket:
    """Return the ticket without the CIs outside `seen`; an incident's title names its cause."""
    shown = replace(ticket, items=tuple(item for item in ticket.items if item in seen))
    if ticket.cause_item is None or ticket.cause_item in seen:
        return shown
    return replace(shown, title=CAUSE_HIDDEN, cause_item=None)


def moment_of(record: Record) -> datetime | None:
    """Return when an event was raised, a change begins or a ticket was opened."""
    match record:
        case Event():
            return record.raised_at
        case Change():
            return record.start
        case Ticket():
            return record.opened_at
    return None


def has_ended(record: Record) -> bool:
    """Whether the record says that what it names is no more."""
    match record:
        case Item():
            return record.retired
        case Dependency() | Assignment():
            return record.ended
    return False
