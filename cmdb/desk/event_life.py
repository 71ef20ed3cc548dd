"""An event's state as a fold over the set of its transitions: any order, any repeat, same state.

What an event has seen is kept with it (`cmdb.desk.step_memory`, which says how it is bounded). The fold is over what
sources say; what people decide about an event is not touched by it.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from cmdb.desk.episode import Episode, Step
from cmdb.desk.flapping import Turns
from cmdb.desk.step_memory import TEXTS, StepMemory, read_memory
from cmdb.model.records import RAW_LIMIT, Direction, Event, EventState, EventTransition
from cmdb.model.severity import Severity

AHEAD = timedelta(minutes=5)
"""How much later than its receipt a time may be before it counts as told by a clock that runs ahead."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LAST = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND
_BEFORE_MEMORY = "~"
"""Stands after every hash: what an event had seen before it had a memory is not counted again."""


def event_key(source: str, transition: EventTransition) -> str:
    """Return the event's identity: the source's own key, else (source, CI or subject, condition).

    A subject keeps it unchanged when its CI is found, whenever that is.
    """
    if transition.key:
        return f"{source}:{transition.key}"
    about = transition.subject.text if transition.subject else transition.item
    return f"{source}:{about}:{transition.condition}"


def fold(event: Event | None, source: str, transitions: Sequence[EventTransition]) -> Event:
    """Merge transitions of one event, at least one, into it; those that were seen before change nothing."""
    memory = _memory_of(event)
    texts: dict[str, Any] = {name: getattr(event, name) for name in TEXTS} if event else {}
    news = False
    for transition in transitions:
        step = step_of(transition)
        said = _said(memory, step, transition)
        texts.update(said)
        news = memory.take(step) or bool(said) or news
    if event is not None and not news:
        return event
    told = event or _blank(source, transitions[0])
    state = _state(memory.episode()) | {"clock_ahead": memory.is_ahead}
    return replace(told, **texts, **state, memory=memory.write())


def step_of(transition: EventTransition) -> Step:
    """Return what of a transition decides its event's state."""
    mark = _hash(repr(_content(transition)))
    return Step(
        sequence=-1 if transition.sequence is None else transition.sequence,
        at=_write_time(transition.at),
        cleared=transition.state is EventState.CLEARED,
        severity=int(transition.severity),
        mark=mark,
        name=_hash(transition.id) if transition.id else mark,
        direction=transition.direction.value,
        unknown=transition.unknown,
        repeat_seconds=transition.repeat_seconds,
        limit=_limit(transition),
    )


def _limit(transition: EventTransition) -> int | None:
    """Return the latest time that can be true, if another one was told; it takes no part in the order of steps."""
    if transition.received_at is None or transition.at <= transition.received_at + AHEAD:
        return None
    return _write_time(transition.received_at + AHEAD)


def _content(transition: EventTransition) -> tuple[object, ...]:
    """Return all that was said, equal times and subjects in one form."""
    subject = transition.subject.text if transition.subject else ""
    about = (transition.item, subject, transition.condition, transition.summary, transition.link)
    told = (transition.state.value, int(transition.severity), transition.direction.value, transition.unknown)
    return (
        *about,
        *told,
        _write_time(transition.at),
        transition.sequence,
        transition.repeat_seconds,
        transition.id,
    )


def _hash(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()


def _memory_of(event: Event | None) -> StepMemory:
    """Return what the event remembers; of one that was not folded, no more than where it stands."""
    if event is None:
        return StepMemory()
    if event.memory:
        return read_memory(event.memory)
    at = _write_time(event.last_seen_at)
    order = (-1, at, not event.is_open, int(event.severity), _BEFORE_MEMORY)
    said = {name: order for name in TEXTS if getattr(event, name)}
    return StepMemory([], order, _episode_of(event), said)


def _episode_of(event: Event) -> Episode:
    return Episode(
        raised=_write_time(event.raised_at),
        seen=_write_time(event.last_seen_at),
        changed=_write_time(event.changed_at),
        cleared=None if event.is_open else _write_time(event.cleared_at or event.changed_at),
        severity=int(event.severity),
        direction=event.direction.value,
        unknown=event.unknown,
        repeat_seconds=event.repeat_seconds,
        told=event.count,
        turns=Turns(),
    )


def _said(memory: StepMemory, step: Step, transition: EventTransition) -> dict[str, Any]:
    told = {name: getattr(transition, name) for name in TEXTS}
    told["raw"] = told["raw"][:RAW_LIMIT]
    return {name: value for name, value in told.items() if value and memory.says(name, step.order)}


def _blank(source: str, transition: EventTransition) -> Event:
    """Return the event before its first step: only its identity and place are taken from here."""
    return Event(
        key=event_key(source, transition),
        source=source,
        item="",
        condition="",
        severity=Severity.OK,
        state=EventState.OPEN,
        direction=Direction.ERROR,
        raised_at=_EPOCH,
        last_seen_at=_EPOCH,
        changed_at=_EPOCH,
    )


def _state(episode: Episode) -> dict[str, Any]:
    turns = episode.turns
    return {
        "severity": Severity(episode.severity),
        "state": EventState.OPEN if episode.is_open else EventState.CLEARED,
        "direction": Direction(episode.direction),
        "raised_at": _read_time(episode.raised),
        "last_seen_at": _read_time(episode.seen),
        "changed_at": _read_time(episode.changed),
        "cleared_at": None if episode.cleared is None else _read_time(episode.cleared),
        "count": episode.told,
        "unknown": episode.unknown,
        "repeat_seconds": episode.repeat_seconds,
        "flapping_until": _read_time(min(turns.ends_at(), _LAST)) if turns.flapping else None,
    }


def _write_time(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND


def _read_time(at: int) -> datetime:
    return _EPOCH + at * _MICROSECOND
