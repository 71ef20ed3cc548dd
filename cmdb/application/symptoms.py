"""What is wrong around a CI: the open events that share its fate, and when it began."""

from collections.abc import Iterable
from datetime import datetime

from cmdb.application.snapshot import Snapshot
from cmdb.impact.reach import downstream, upstream
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


def symptoms_around(snapshot: Snapshot, place: int) -> list[Event]:
    """Return the open events on the CI and on everything upstream of it, worst first."""
    topology = snapshot.topology
    around = {topology.keys[index] for index in upstream(topology, place).tolist()}
    return [event for item, events in snapshot.events_at.items() if item in around for event in events]


def share_reached(snapshot: Snapshot, place: int, symptoms: Iterable[Event]) -> float:
    """Return which share of the symptoms, weighted by severity, a failure of the CI explains."""
    topology = snapshot.topology
    reach = {topology.keys[index] for index in downstream(topology, [place]).tolist()}
    above: set[str] = set()
    total = explained = 0
    for event in symptoms:
        weight = max(int(event.severity), int(Severity.WARNING))
        total += weight
        if event.direction is Direction.STARVATION and not above:
            above = {topology.keys[index] for index in upstream(topology, place).tolist()}
        if event.item in reach or (event.direction is Direction.STARVATION and event.item in above):
            explained += weight
    return explained / total if total else 0.0
