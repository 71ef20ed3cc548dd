"""Turns open events into own severities: outage, planned and unknown."""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from cmdb.desk.event_flags import is_shelved, is_unknown
from cmdb.model.records import Direction, Event
from cmdb.model.severity import Severity


@dataclass(frozen=True, slots=True)
class OwnState:
    """Own severities per CI key.

    `outage` holds error events outside maintenance and travels to consumers; `planned` those inside it;
    `local` the worst of all open events, for display of the CI itself; `unknown` CIs whose state no one knows.
    """

    outage: Mapping[str, Severity] = field(default_factory=dict)
    planned: Mapping[str, Severity] = field(default_factory=dict)
    local: Mapping[str, Severity] = field(default_factory=dict)
    unknown: frozenset[str] = frozenset()


def read_own_state(events: Iterable[Event], serviced: Container[str], at: datetime) -> OwnState:
    """Fold open events into own severities; those of CIs in maintenance (`serviced`) are planned, no outage.

    Shelved ones count nowhere; of stale ones nobody knows how bad they are.
    """
    outage: dict[str, Severity] = {}
    planned: dict[str, Severity] = {}
    local: dict[str, Severity] = {}
    unknown = set()
    for event in events:
        if not event.is_open or is_shelved(event, at):
            continue
        if is_unknown(event, at):
            unknown.add(event.item)
            continue
        in_service = event.item not in serviced
        if in_service:
            _raise(local, event.item, event.severity)
        if event.direction is Direction.ERROR:
            _raise(outage if in_service else planned, event.item, event.severity)
    return OwnState(outage, planned, local, frozenset(unknown))


def _raise(severities: dict[str, Severity], item: str, severity: Severity) -> None:
    if severity > severities.get(item, Severity.OK):
        severities[item] = severity
