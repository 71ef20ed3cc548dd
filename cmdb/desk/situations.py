"""Groups open events into situations: one probable cause, its symptoms, and why each belongs.

A cause is an alerting CI (open error event) with no other alerting CI upstream of it that was there in time; its
symptoms are the events downstream of it, starvation upstream of it, and everything on the cause itself.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cmdb.model.records import Direction, Event
from cmdb.model.severity import Severity

DELAY = timedelta(minutes=15)
"""How much later than its symptoms a cause may be noticed: monitors poll (`time` window of correlation tools)."""


@dataclass(frozen=True, slots=True)
class Membership:
    """An event in a group, as `cause` or `symptom`, with the reason."""

    event: Event
    role: str
    reason: str


@dataclass(frozen=True, slots=True)
class EventGroup:
    """Events of one cause; `cause` is a CI key."""

    cause: str
    severity: Severity
    since: datetime
    members: tuple[Membership, ...]

    @property
    def key(self) -> str:
        """The identity of the situation while its cause stands; incidents carry it as cause key."""
        return f"cause:{self.cause}"


def group_events(events: Iterable[Event], downstream: Callable[[str], frozenset[str]]) -> list[EventGroup]:
    """Partition the open events; `downstream` returns the CIs that a CI's failure can reach, itself included."""
    open_events = sorted((event for event in events if event.is_open), key=lambda e: (e.raised_at, e.key))
    onset = _onsets(open_events)
    reach = {item: downstream(item) for item in onset}
    roots = _roots(onset, reach)
    groups: dict[str, list[Membership]] = {}
    for event in open_events:
        cause = _cause_of(event, roots, onset, reach, downstream)
        groups.setdefault(cause, []).append(_membership(event, cause))
    return sorted(map(_group, groups.items()), key=lambda group: (-group.severity, group.since, group.cause))


def _onsets(events: Sequence[Event]) -> dict[str, datetime]:
    """First error event per alerting CI."""
    onset: dict[str, datetime] = {}
    for event in events:
        if event.direction is Direction.ERROR and not event.unknown and event.severity > Severity.OK:
            onset.setdefault(event.item, event.raised_at)
    return onset


def _roots(onset: Mapping[str, datetime], reach: Mapping[str, frozenset[str]]) -> list[str]:
    """Alerting CIs that no other alerting CI explains; in a circle the earliest, then the smallest key, stands."""
    ranked = sorted(onset, key=lambda item: (onset[item], item))
    place = {item: number for number, item in enumerate(ranked)}

    def explained(item: str) -> bool:
        return any(
            item in reach[other]
            and onset[other] <= onset[item] + DELAY
            and (other not in reach[item] or place[other] < place[item])
            for other in ranked
            if other != item
        )

    return [item for item in ranked if not explained(item)]


def _cause_of(
    event: Event,
    roots: Sequence[str],
    onset: Mapping[str, datetime],
    reach: Mapping[str, frozenset[str]],
    downstream: Callable[[str], frozenset[str]],
) -> str:
    """Return the first root that reaches the event in time, else the event's own CI."""
    if event.item in roots:
        return event.item
    starved = downstream(event.item) if event.direction is Direction.STARVATION else frozenset()
    for root in roots:
        in_time = onset[root] <= event.raised_at + DELAY
        if in_time and (event.item in reach[root] or root in starved):
            return root
    return event.item


def _membership(event: Event, cause: str) -> Membership:
    if event.item == cause:
        return Membership(event, "cause", "raised on the probable cause itself")
    if event.direction is Direction.STARVATION:
        return Membership(event, "symptom", "gets too little work because its consumers fail")
    return Membership(event, "symptom", "depends on the probable cause")


def _group(entry: tuple[str, list[Membership]]) -> EventGroup:
    cause, members = entry
    ordered = tuple(sorted(members, key=lambda m: (m.role != "cause", -m.event.severity, m.event.key)))
    worst = max(member.event.severity for member in members)
    return EventGroup(cause, worst, min(member.event.raised_at for member in members), ordered)
