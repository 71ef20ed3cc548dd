"""An event's state as a fold over its transitions: any order, any repeat, same state.

The winner is the transition with the greatest (time, state rank, severity); first and last times and the
count come from minimum, maximum and the number of distinct moments seen in order.
"""

from dataclasses import replace
from datetime import datetime

from cmdb.model.records import RAW_LIMIT, Event, EventState, EventTransition

_RANK = {EventState.OPEN: 0, EventState.CLEARED: 1}


def event_key(source: str, transition: EventTransition) -> str:
    """Return the event's identity: the source's own key, else (source, CI or subject, condition).

    A subject keeps it unchanged when its CI is found, whenever that is.
    """
    if transition.key:
        return f"{source}:{transition.key}"
    about = transition.subject.text if transition.subject else transition.item
    return f"{source}:{about}:{transition.condition}"


def fold(event: Event | None, source: str, transition: EventTransition) -> Event:
    """Merge one transition into the event; a transition that was seen before changes nothing."""
    if event is None:
        return _first(source, transition)
    if transition.at in (event.changed_at, event.last_seen_at) and _same(event, transition):
        return event
    if not _wins(event, transition):
        return replace(
            event, raised_at=min(event.raised_at, transition.at), count=_count(event, transition.at)
        )
    return _overtaken(event, transition)


def _first(source: str, transition: EventTransition) -> Event:
    cleared = transition.at if transition.state is EventState.CLEARED else None
    return Event(
        key=event_key(source, transition),
        source=source,
        item=transition.item,
        condition=transition.condition,
        severity=transition.severity,
        state=transition.state,
        direction=transition.direction,
        raised_at=transition.at,
        last_seen_at=transition.at,
        changed_at=transition.at,
        summary=transition.summary,
        cleared_at=cleared,
        unknown=transition.unknown,
        subject=transition.subject,
        link=transition.link,
        raw=transition.raw[:RAW_LIMIT],
    )


def _same(event: Event, transition: EventTransition) -> bool:
    return event.state is transition.state and (
        event.severity is transition.severity or event.state is EventState.CLEARED
    )


def _wins(event: Event, transition: EventTransition) -> bool:
    mine = (event.last_seen_at, _RANK[event.state], event.severity)
    return (transition.at, _RANK[transition.state], transition.severity) >= mine


def _overtaken(event: Event, transition: EventTransition) -> Event:
    reopened = not event.is_open and transition.state is EventState.OPEN
    same = _same(event, transition)
    cleared = transition.state is EventState.CLEARED
    return replace(
        event,
        severity=event.severity if cleared else transition.severity,
        state=transition.state,
        direction=event.direction if cleared else transition.direction,
        summary=transition.summary or event.summary,
        raised_at=transition.at if reopened else event.raised_at,
        last_seen_at=transition.at,
        changed_at=event.changed_at if same else transition.at,
        cleared_at=(event.cleared_at if same else transition.at) if cleared else None,
        count=1 if reopened else event.count + (not cleared),
        unknown=transition.unknown,
        link=transition.link or event.link,
        raw=transition.raw[:RAW_LIMIT] or event.raw,
    )


def _count(event: Event, at: datetime) -> int:
    """A late repeat counts only when it lies before the first one seen; a doubled delivery does not."""
    return event.count + (at < event.raised_at)
