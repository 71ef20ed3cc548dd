"""Groups open events into situations: one probable cause, its symptoms, and why each belongs.

A cause is an alerting CI (open error event) with no other alerting CI upstream of it that was there in time; its
symptoms are the events downstream of it, starvation upstream of it, and everything on the cause itself.
"""

from collections.abc import Iterable, Mapping, Sequence
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
        return cause_key(self.cause)


def cause_key(cause: str) -> str:
    """Return what makes the open incident of this cause unique."""
    return f"cause:{cause}"


def group_events(events: Iterable[Event], above: Mapping[str, frozenset[str]]) -> list[EventGroup]:
    """Partition the open events; `above` holds for each of their CIs the others among them that can impact it.

    Takes time in proportion to the events and to the pairs in `above`.
    """
    open_events = sorted((event for event in events if event.is_open), key=lambda e: (e.raised_at, e.key))
    onset = _onsets(open_events)
    ranked = sorted(onset, key=lambda item: (onset[item], item))
    causes = _Causes(onset, {item: number for number, item in enumerate(ranked)}, above)
    groups: dict[str, list[Membership]] = {}
    for event in open_events:
        cause = causes.of(event)
        groups.setdefault(cause, []).append(_membership(event, cause))
    return sorted(map(_group, groups.items()), key=lambda group: (-group.severity, group.since, group.cause))


def _onsets(events: Sequence[Event]) -> dict[str, datetime]:
    """First error event per alerting CI."""
    onset: dict[str, datetime] = {}
    for event in events:
        if event.direction is Direction.ERROR and not event.unknown and event.severity > Severity.OK:
            onset.setdefault(event.item, event.raised_at)
    return onset


class _Causes:
    """Finds the probable cause of each event; `place` ranks alerting CIs by onset, then by key."""

    def __init__(
        self,
        onset: Mapping[str, datetime],
        place: Mapping[str, int],
        above: Mapping[str, frozenset[str]],
    ) -> None:
        self._onset = onset
        self._place = place
        self._above = above
        self._roots = {item for item in place if not self._is_explained(item)}

    def of(self, event: Event) -> str:
        """Return the first root that reaches the event in time, else the event's own CI."""
        if event.item in self._roots:
            return event.item
        reaching = self._above[event.item] & self._roots
        if event.direction is Direction.STARVATION:
            reaching |= {root for root in self._roots if event.item in self._above[root]}
        in_time = (root for root in reaching if self._onset[root] - event.raised_at <= DELAY)
        return min(in_time, key=self._place.__getitem__, default=event.item)

    def _is_explained(self, item: str) -> bool:
        """Whether another alerting CI explains it; in a circle the earliest, then the smallest key, stands."""
        return any(self._explains(other, item) for other in self._above[item] if other in self._onset)

    def _explains(self, other: str, item: str) -> bool:
        mutual = item in self._above[other]
        in_time = self._onset[other] - self._onset[item] <= DELAY
        return in_time and (not mutual or self._place[other] < self._place[item])


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
