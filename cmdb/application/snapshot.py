"""One immutable view of the present graph, with the severities that hold in it."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from cmdb.application.projection import Projection
from cmdb.desk.access import holds, visible
from cmdb.desk.correlation import claim, survivor_of
from cmdb.desk.event_flags import is_shelved, turns_of
from cmdb.desk.maintenance import Coverage, turns_of_window, under_maintenance
from cmdb.desk.own_state import OwnState, read_own_state
from cmdb.desk.situations import EventGroup, group_events
from cmdb.impact.causes import Explanation, explain
from cmdb.impact.exclusive import serving_only
from cmdb.impact.margin import Margins, present_margins
from cmdb.impact.mutual_reach import MutualReach
from cmdb.impact.propagation import change, evaluate
from cmdb.impact.reduction import inherited
from cmdb.impact.topology import IntArray, Topology
from cmdb.model.access import Everything, Predicate, Principal
from cmdb.model.answers import Basis, CiRef, Health
from cmdb.model.records import Assignment, Change, Event, Party, Role, SituationRecord, Ticket
from cmdb.model.severity import Severity
from cmdb.model.windows import Window
from cmdb.ports.graph import Moment

Severities = NDArray[np.uint8]
Mask = NDArray[np.bool_]
T = TypeVar("T")

LADDER = tuple(Severity)
"""The rungs by number: looking one up costs a tenth of making one."""

KEPT_ANSWERS = 64
"""Answers remembered a revision; each holds severities of the whole estate, a byte or two a CI."""


@dataclass(frozen=True)
class Snapshot:
    """The graph at one revision, evaluated for one moment; `service_classes` say which CIs are services.

    At `confirmed_at` the store said that nothing newer was written; `verified` False: somebody else changed it.
    """

    revision: int
    at: datetime
    confirmed_at: datetime
    topology: Topology
    events: Mapping[str, Event]
    changes: Mapping[str, Change]
    tickets: Mapping[str, Ticket]
    parties: Mapping[str, Party]
    assignments: tuple[Assignment, ...]
    windows: tuple[Window, ...]
    situations: Mapping[str, SituationRecord]
    subscribers: Mapping[str, frozenset[str]]
    service_classes: frozenset[str]
    moment: Moment | None = None
    verified: bool = True
    masks: dict[Predicate, Mask] = field(default_factory=dict, compare=False)
    explanations: dict[int, Explanation] = field(default_factory=dict, compare=False)
    refs: dict[int, CiRef] = field(default_factory=dict, compare=False)
    answers: dict[tuple[Predicate, object], object] = field(default_factory=dict, compare=False)
    earlier_reach: MutualReach | None = field(default=None, compare=False)

    @property
    def basis(self) -> Basis:
        """What answers from this snapshot hold for."""
        if self.moment is None:
            lag = (self.at - self.confirmed_at) // timedelta(milliseconds=1)
            return Basis(
                revision=self.revision, computed_at=self.at, verified=self.verified, lag_milliseconds=lag
            )
        return Basis(
            revision=self.revision,
            computed_at=self.at,
            as_of=self.moment.as_of,
            known_at=self.moment.known_at,
        )

    @cached_property
    def own(self) -> OwnState:
        """Own severities by CI key."""
        return read_own_state(self.events.values(), self.serviced, self.at)

    @cached_property
    def coverage(self) -> Coverage:
        """What maintenance windows name at this time."""
        return under_maintenance(self.windows, self.at)

    @cached_property
    def serviced(self) -> frozenset[str]:
        """The CIs in maintenance, by key."""
        coverage, topology = self.coverage, self.topology
        places: set[int] = set()
        if coverage.classes:
            places.update(place for place, name in enumerate(topology.classes) if name in coverage.classes)
        services = [topology.index[key] for key in coverage.services if key in topology.index]
        if services:
            places |= serving_only(topology, services)
        return coverage.items | {topology.keys[place] for place in places}

    @cached_property
    def turns(self) -> list[datetime]:
        """The moments at which severities change without a write: windows, stale events, ends of shelving; sorted."""
        of_windows = (moment for window in self.windows for moment in turns_of_window(window, self.at))
        of_events = (moment for event in self.events.values() for moment in turns_of(event))
        return sorted({*of_windows, *of_events})

    def turns_by(self, until: datetime, since: datetime | None = None) -> bool:
        """Whether one of these moments lies in (since, until], by default since the time of this view."""
        start = bisect_right(self.turns, since or self.at)
        return start < len(self.turns) and self.turns[start] <= until

    @cached_property
    def outage(self) -> Severities:
        """Own severities that travel, by CI index."""
        return self.vector(self.own.outage)

    @cached_property
    def calm(self) -> bool:
        """Whether nothing fails now, so that an assumed failure is the only one."""
        return not self.outage.any()

    @cached_property
    def effective(self) -> Severities:
        """Effective severities by CI index, unknown CIs taken as fine."""
        return evaluate(self.topology, self.outage)

    @cached_property
    def worst_case(self) -> Severities:
        """Effective severities by CI index, unknown CIs taken as down."""
        return evaluate(self.topology, with_unknown(self)) if self.own.unknown else self.effective

    @cached_property
    def planned(self) -> Severities:
        """What maintenance alone would show, by CI index."""
        return evaluate(self.topology, self.vector(self.own.planned))

    @cached_property
    def is_service(self) -> Mask:
        """Which CIs are services, by CI index."""
        classes = self.topology.classes
        return np.fromiter((name in self.service_classes for name in classes), bool, len(classes))

    @cached_property
    def events_at(self) -> Mapping[str, tuple[Event, ...]]:
        """Open events per CI key, worst first."""
        return events_by_item(self.events.values())

    @cached_property
    def mutual_reach(self) -> MutualReach:
        """Which CIs with open events can impact which others of them."""
        return self.known_reach().of(self.events_at.keys())

    def known_reach(self) -> MutualReach:
        """Return what this snapshot, or one before it, has found of this topology."""
        known: MutualReach | None = vars(self).get("mutual_reach") or self.earlier_reach
        return known if known is not None and known.topology is self.topology else MutualReach(self.topology)

    @cached_property
    def event_groups(self) -> list[EventGroup]:
        """The open events of the whole estate by their probable cause, worst first."""
        above = self.mutual_reach.above
        rows = (event for event in self.events.values() if event.item in above)
        return group_events((event for event in rows if not is_shelved(event, self.at)), above)

    @cached_property
    def group_by_event(self) -> Mapping[str, EventGroup]:
        """The group of each open event, by the event's key."""
        return {member.event.key: group for group in self.event_groups for member in group.members}

    @cached_property
    def numbers(self) -> Mapping[str, str]:
        """The number of each group that has one, by the group's cause; new groups wait for the owner of the duties."""
        known = (row for row in self.situations.values() if row.ended_at is None)
        return {cause: row.key for cause, row in claim(self.event_groups, known).by_cause.items()}

    @cached_property
    def incident_by_cause(self) -> Mapping[str, Ticket]:
        """The first open incident of each cause key."""
        return {ticket.cause_key: ticket for ticket in self._at_work() if ticket.cause_key}

    @cached_property
    def incident_by_event(self) -> Mapping[str, Ticket]:
        """The first open incident that carries each event, by the event's key."""
        return {event: ticket for ticket in self._at_work() for event in ticket.events}

    @cached_property
    def incident_by_situation(self) -> Mapping[str, Ticket]:
        """The first open incident of each situation, by the number that the incident's own leads to by now."""
        rows = ((survivor_of(row.situation or "", self.situations), row) for row in self._at_work())
        return {record.key: ticket for record, ticket in rows if record is not None}

    def _at_work(self) -> list[Ticket]:
        """Return the open incidents, the first one last, so that it stands where several claim one place."""
        rows = (row for row in self.tickets.values() if row.is_open and row.parent is None)
        return sorted(rows, key=lambda ticket: ticket.key, reverse=True)

    @cached_property
    def changes_at(self) -> Mapping[str, tuple[Change, ...]]:
        """Changes per target key, by key."""
        rows = sorted(self.changes.values(), key=lambda change: change.key)
        return _by_item((target, change) for change in rows for target in change.targets)

    @cached_property
    def open_tickets_at(self) -> Mapping[str, tuple[Ticket, ...]]:
        """Open incidents per affected CI key, the cause's CI included, by key."""
        rows = sorted((t for t in self.tickets.values() if t.is_open), key=lambda ticket: ticket.key)
        pairs = ((item, t) for t in rows for item in dict.fromkeys((*t.items, t.cause_item)) if item)
        return _by_item(pairs)

    @cached_property
    def assigned_at(self) -> Mapping[str, tuple[Assignment, ...]]:
        """Assignments per CI key."""
        return _by_item((row.item, row) for row in self.assignments)

    def later(self, at: datetime, *, confirmed: bool = True, verified: bool = True) -> "Snapshot":
        """Return the same view at a later time, computed severities included; none of its turns may lie in between.

        `confirmed`: the store was asked at that time and had nothing newer.
        """
        moved = copy(self)
        vars(moved).update(at=at, verified=verified)
        if confirmed:
            vars(moved).update(confirmed_at=at)
        return moved

    def kept(self, asked: tuple[Predicate, object]) -> object:
        """Return the answer if it is remembered, None if not; what is asked often stays."""
        answer = self.answers.pop(asked, None)
        if answer is not None:
            self.answers[asked] = answer
        return answer

    def keep(self, asked: tuple[Predicate, object], answer: object) -> None:
        """Remember an answer while this revision is the present; in an outage many ask the same."""
        if len(self.answers) >= KEPT_ANSWERS:
            self.answers.pop(next(iter(self.answers)), None)
        self.answers[asked] = answer

    @cached_property
    def margins(self) -> Margins:
        """The margins at the effective severities, with what is known from earlier revisions."""
        return present_margins(self.topology, self.effective)

    def margins_under(self, effective: Severities, beneath: IntArray | None = None) -> Margins:
        """Return the margins at these severities, by CI index, which differ from the present ones `beneath` alone."""
        return self.margins if effective is self.effective else self.margins.after(effective, beneath)

    def explanation_of(self, place: int, own: Severities, effective: Severities) -> Explanation:
        """Return why the CI stands where it does; the present is searched once."""
        if own is not self.outage:
            return explain(self.topology, own, effective, place)
        if place not in self.explanations:
            self.explanations[place] = explain(self.topology, own, effective, place)
        return self.explanations[place]

    def effective_with(self, own: Mapping[int, int]) -> Severities:
        """Return what the effective severities would be with these own severities, by CI index, in place of theirs."""
        replaced = {place: rung for place, rung in own.items() if rung != self.outage[place]}
        if not replaced:
            return self.effective
        return self.effective_but(change(self.topology, self.outage, self.effective, replaced))

    def effective_but(self, changed: Mapping[int, int]) -> Severities:
        """Return a copy of the effective severities with these, by CI index, in place of theirs."""
        effective = self.effective.copy()
        effective[list(changed)] = list(changed.values())
        return effective

    def vector(self, severities: Mapping[str, Severity]) -> Severities:
        """Turn severities by key into a vector; keys outside the topology are left out."""
        vector = np.zeros(len(self.topology.keys), dtype=np.uint8)
        for key, severity in severities.items():
            place = self.topology.index.get(key)
            if place is not None:
                vector[place] = severity
        return vector

    def mask(self, principal: Principal) -> Mask | None:
        """Return which CIs the principal may see, by CI index; None means all."""
        predicate = visible(principal)
        if isinstance(predicate, Everything):
            return None
        if predicate not in self.masks:
            topology = self.topology
            pairs = zip(topology.keys, topology.classes, strict=True)
            rows = (holds(predicate, key, name, self.subscribers.get(key, ())) for key, name in pairs)
            self.masks[predicate] = np.fromiter(rows, bool, len(topology.keys))
        return self.masks[predicate]

    def sees(self, principal: Principal, key: str) -> bool:
        """Whether the principal may see the CI with this key."""
        place = self.topology.index.get(key)
        mask = self.mask(principal)
        return place is not None and (mask is None or bool(mask[place]))

    def ref(self, place: int, mask: Mask | None = None) -> CiRef:
        """Return the CI at an index; where the mask hides it, no more than what kind of thing it is."""
        topology = self.topology
        if mask is not None and not mask[place]:
            ci_class = topology.classes[place]
            return CiRef(
                key="", name=f"restricted {ci_class.replace('_', ' ')}", ci_class=ci_class, restricted=True
            )
        found = self.refs.get(place)
        if found is None:
            found = CiRef(topology.keys[place], topology.names[place], topology.classes[place])
            self.refs[place] = found
        return found

    def health(self, place: int) -> Health:
        """Return the state of the CI at an index."""
        own, rung = self.own.local.get(self.topology.keys[place], Severity.OK), self.effective[place]
        # What stands at OK takes over nothing: the providers are looked at for the others alone.
        taken_over = inherited(self.topology, place, self.effective.data) if rung else 0
        return Health(
            own=own,
            inherited=LADDER[taken_over],
            effective=max(own, LADDER[rung]),
            worst_case=max(own, LADDER[self.worst_case[place]]),
            planned=LADDER[self.planned[place]],
        )

    def parties_of(self, key: str, role: Role) -> tuple[Party, ...]:
        """Return the parties in that role on a CI, by key."""
        keys = sorted(row.party for row in self.assigned_at.get(key, ()) if row.role is role)
        return tuple(self.parties[party] for party in keys if party in self.parties)


def events_by_item(events: Iterable[Event]) -> Mapping[str, tuple[Event, ...]]:
    """Return the events per CI key, worst first."""
    rows = sorted(events, key=lambda event: (-event.severity, event.raised_at, event.key))
    return _by_item((event.item, event) for event in rows)


def with_unknown(snapshot: Snapshot) -> Severities:
    """Return own severities that travel, unknown CIs taken as down, by CI index."""
    down = dict.fromkeys(snapshot.own.unknown, Severity.CRITICAL)
    return np.maximum(snapshot.outage, snapshot.vector(down))


def _by_item(pairs: Iterable[tuple[str, T]]) -> Mapping[str, tuple[T, ...]]:
    found: dict[str, list[T]] = {}
    for item, row in pairs:
        found.setdefault(item, []).append(row)
    return {item: tuple(rows) for item, rows in found.items()}


def take_snapshot(
    projection: Projection, service_classes: frozenset[str], at: datetime, moment: Moment | None = None
) -> Snapshot:
    """Return the view of the projection at that time, tables shared; `moment` marks a past one."""
    return Snapshot(
        revision=projection.revision,
        at=at,
        confirmed_at=at,
        topology=projection.topology,
        events=projection.events,
        changes=projection.changes,
        tickets=projection.tickets,
        parties=projection.parties,
        assignments=tuple(projection.assignments.values()),
        windows=(*projection.windows.values(), *projection.planned_work),
        situations=projection.situations,
        subscribers=projection.subscribers,
        service_classes=service_classes,
        moment=moment,
    )
