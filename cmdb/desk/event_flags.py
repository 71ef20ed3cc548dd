"""What stands beside an event's severity: acknowledged, shelved, stale. Flags, never rungs."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from cmdb.model.records import Event

MISSED_REPEATS = 3
"""How many promised repeats may stay out before an event is stale: its source may have died, it has not cleared."""


def stale_at(event: Event) -> datetime | None:
    """Return from when on nobody knows whether the event still runs; None where that never comes."""
    if not event.is_open or not event.repeat_seconds:
        return None
    try:
        return event.last_seen_at + timedelta(seconds=MISSED_REPEATS * event.repeat_seconds)
    except OverflowError:
        return None  # past the last year that there is: it never comes


def is_unknown(event: Event, at: datetime) -> bool:
    """Whether nobody knows how bad it is: its source says so, or is silent for too long."""
    silent_from = stale_at(event)
    return event.unknown or (silent_from is not None and at >= silent_from)


def is_shelved(event: Event, at: datetime) -> bool:
    """Whether somebody put it aside for the time being."""
    return event.shelved_until is not None and at < event.shelved_until


def is_acknowledged(event: Event) -> bool:
    """Whether somebody has taken note of this episode; the next one is to be noted anew."""
    seen = event.acknowledged_seen
    return event.is_open and seen is not None and event.raised_at <= seen


def turns_of(event: Event) -> Iterator[datetime]:
    """Yield the moments at which an open event begins or ceases to count without anybody saying anything."""
    silent_from = stale_at(event)
    if silent_from is not None:
        yield silent_from
    if event.shelved_until is not None:
        yield event.shelved_until


def acknowledge(event: Event, who: str, at: datetime) -> Event:
    """Return the event with a note of who has seen this episode; who did so first stands."""
    if is_acknowledged(event):
        return event
    # Whether a later raise is another episode is a matter of the source's clock, so its latest word is kept.
    return replace(event, acknowledged_by=who, acknowledged_at=at, acknowledged_seen=event.last_seen_at)


def withdraw(event: Event) -> Event:
    """Return the event without a note of who has seen it."""
    return replace(event, acknowledged_by="", acknowledged_at=None, acknowledged_seen=None)


def shelve(event: Event, until: datetime | None) -> Event:
    """Return the event put aside until then; None takes it back at once."""
    return replace(event, shelved_until=until)
