"""What is wrong around a CI: the open events that share its fate, and when it began."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cached_property

from cmdb.application.snapshot import Snapshot
from cmdb.impact.closure import providers_first
from cmdb.impact.marks import Marks, marks_downstream, marks_upstream
from cmdb.impact.reach import Way, hops
from cmdb.model.records import Direction, Event
from cmdb.model.severity import Severity


def onset_of(snapshot: Snapshot, place: int) -> datetime:
    """Return when the CI's trouble began: first error event among its causes, else first own event, else now."""
    topology = snapshot.topology
    causes = snapshot.explanation_of(place, snapshot.outage, snapshot.effective).causes
    failing = [event for cause in causes for event in _errors(snapshot, topology.keys[cause])]
    own = snapshot.events_at.get(topology.keys[place], ())
    return min((event.raised_at for event in failing or own), default=snapshot.at)


def _errors(snapshot: Snapshot, key: str) -> Iterable[Event]:
    return (event for event in snapshot.events_at.get(key, ()) if event.direction is Direction.ERROR)


class Symptoms:
    """The open events on a CI and on everything upstream of it, and which of them a failure there explains.

    `place` is the CI, `distance` are the hops to each CI upstream, itself included; `events` come worst first.
    """

    def __init__(self, snapshot: Snapshot, place: int) -> None:
        self._snapshot = snapshot
        self.place = place
        index = snapshot.topology.index
        self.distance = hops(snapshot.topology, place, Way.UPSTREAM)
        self._at = [
            (index[item], event)
            for item, events in snapshot.events_at.items()
            if index.get(item) in self.distance
            for event in events
        ]
        self._shares: dict[int, float] = {}

    @property
    def events(self) -> Sequence[Event]:
        """The symptoms themselves."""
        return [event for _, event in self._at]

    @cached_property
    def _order(self) -> list[int]:
        return providers_first(self._snapshot.topology, self.place)

    @cached_property
    def _bits(self) -> dict[int, int]:
        return {at: 1 << number for number, at in enumerate(dict.fromkeys(at for at, _ in self._at))}

    @cached_property
    def _below(self) -> Marks:
        return marks_downstream(self._snapshot.topology, self._order, self._bits) if self._at else {}

    @cached_property
    def _above(self) -> Marks:
        return marks_upstream(self._snapshot.topology, self._order, self._bits) if self._at else {}

    @cached_property
    def _failing(self) -> int:
        return sum({self._bits[at] for at, event in self._at if event.direction is Direction.ERROR})

    def fails(self, place: int) -> bool:
        """Whether the CI has an error of its own."""
        return bool(self._bits.get(place, 0) & self._failing)

    def fails_above(self, place: int) -> bool:
        """Whether anything upstream of the CI, itself left out, has an error of its own."""
        return bool(self._above.get(place, 0) & self._failing & ~self._bits.get(place, 0))

    def share_explained(self, place: int) -> float:
        """Return which share of the symptoms, weighted by severity, a failure of the CI explains."""
        found = self._shares.get(place)
        if found is None:
            self._shares[place] = found = self._share(place)
        return found

    def _share(self, place: int) -> float:
        below = self._below.get(place, 0)
        total = explained = 0
        for at, event in self._at:
            weight = max(int(event.severity), int(Severity.WARNING))
            total += weight
            starved = self._above.get(place, 0) if event.direction is Direction.STARVATION else 0
            if self._bits[at] & (below | starved):
                explained += weight
        return explained / total if total else 0.0

    def reached_from(self, place: int) -> list[tuple[int, Event]]:
        """Return the symptoms, each with its CI, on other CIs that a failure of this one can reach."""
        below = self._below.get(place, 0)
        return [(at, event) for at, event in self._at if at != place and self._bits[at] & below]
