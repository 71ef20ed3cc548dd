"""Incidents follow their situations: where situations join, their open incidents become one, the oldest.

An incident names the number of its situation. Its number tells that there is a step to take: while it has been merged
into another one the incident has not followed yet. So a step may be repeated, and who stands alone by a person's
decision, under the number that others have joined, is left alone. Without a number that lasts, its events tell.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from cmdb.desk.correlation import survivor_of
from cmdb.model.records import SituationRecord, Ticket, TicketKind


@dataclass(frozen=True, slots=True)
class Joining:
    """Open incidents that become one under the number of their situation, oldest first: it takes the others in."""

    situation: str
    incidents: tuple[str, ...]


def joinings(
    tickets: Iterable[Ticket], known: Mapping[str, SituationRecord], numbers: Mapping[str, str]
) -> list[Joining]:
    """Return the steps that are due; `numbers` holds the number of the situation of each open event that has one."""
    following: dict[str, list[str]] = {}
    standing: dict[str, list[str]] = {}
    for ticket in tickets:
        number = _number_of(ticket, known, numbers) if _may_follow(ticket) else None
        if number is not None:
            there = standing if ticket.situation == number else following
            there.setdefault(number, []).append(ticket.key)
    return [
        Joining(number, tuple(sorted((*keys, *_oldest(standing.get(number, ()))), key=age)))
        for number, keys in sorted(following.items())
    ]


def age(key: str) -> tuple[int, str]:
    """Order tickets of one kind by their numbers, also past the digits that they are filled up to."""
    return len(key), key


def _oldest(keys: Iterable[str]) -> Iterator[str]:
    yield from sorted(keys, key=age)[:1]


def _may_follow(ticket: Ticket) -> bool:
    """Whether it is an incident of its own that was opened here: those of sources are theirs to close."""
    is_incident = ticket.ticket_kind is TicketKind.INCIDENT and ticket.cause_item is not None
    return is_incident and ticket.is_open and ticket.parent is None


def _number_of(
    ticket: Ticket, known: Mapping[str, SituationRecord], numbers: Mapping[str, str]
) -> str | None:
    """Return the number of the situation that the incident is at work on by now."""
    record = survivor_of(ticket.situation or "", known)
    if record is not None and record.ended_at is None:
        return record.key
    return min((numbers[event] for event in ticket.events if event in numbers), default=None)
