"""When a ticket should be resolved, and where that time comes from: past tickets like it, else what is promised."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from math import ceil

from cmdb.desk.calendars import after_working
from cmdb.model.records import Ticket, TicketKind
from cmdb.model.service_level import ServiceLevel

SHARE = 80
"""Percent of the past tickets that were resolved within the time that is told: a median is wrong every second time."""

ENOUGH = 3
"""So few past tickets can be told of by a share of them; fewer are chance."""

MEMORY = timedelta(days=366)
"""Older tickets tell of another estate."""

STATED = "stated by "
"""How the basis of a person's word begins."""

ClassOf = Callable[[str | None], str | None]


def expect_resolution(
    ticket: Ticket, past: Iterable[Ticket], class_of: ClassOf, level: ServiceLevel, now: datetime
) -> tuple[datetime | None, str]:
    """Return when the ticket should be resolved and the basis of it: the closest likeness with enough tickets decides.

    Tickets that were resolved sooner than this one has been open for say nothing any more. `class_of` returns the
    class of a CI key, None when it is not known.
    """
    age = now - ticket.opened_at
    known = [(one, length) for one, length in _lengths(past, now) if length > age and one.key != ticket.key]
    for words, alike in _likenesses(ticket, class_of):
        lengths = sorted(length for one, length in known if alike(one))
        if len(lengths) >= ENOUGH:
            told = lengths[ceil(SHARE * len(lengths) / 100) - 1]
            return ticket.opened_at + told, f"{SHARE}% of {len(lengths)} resolved incidents {words}"
    due = after_working(level.calendar, ticket.opened_at, level.resolution)
    hours = f"{level.resolution / timedelta(hours=1):g} h"
    when = "after opening" if level.calendar.is_always else f"of calendar {level.calendar.name} after opening"
    return due, f"target of priority {ticket.priority}: {hours} {when}"


def _lengths(past: Iterable[Ticket], now: datetime) -> Iterator[tuple[Ticket, timedelta]]:
    """Yield incidents of their own that were resolved not too long ago, and how long they took."""
    for ticket in past:
        at = ticket.resolved_at
        is_own = ticket.ticket_kind is TicketKind.INCIDENT and ticket.parent is None
        if is_own and not ticket.is_open and at is not None and now - MEMORY <= at <= now:
            yield ticket, at - ticket.opened_at


def _likenesses(ticket: Ticket, class_of: ClassOf) -> Iterator[tuple[str, Callable[[Ticket], bool]]]:
    """Yield what makes tickets alike, closest first."""
    rank, cause = ticket.priority, ticket.cause_item
    kind = class_of(cause)
    if cause is not None:
        yield f"of priority {rank} caused by {cause}", lambda o: o.priority == rank and o.cause_item == cause
    if kind is not None:
        yield (
            f"of priority {rank} caused by a {kind.replace('_', ' ')}",
            lambda o: o.priority == rank and class_of(o.cause_item) == kind,
        )
    yield f"of priority {rank}", lambda o: o.priority == rank
