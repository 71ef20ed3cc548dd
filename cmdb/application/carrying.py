"""What a snapshot takes over from the one before it: a write that touches little must not evaluate a whole estate."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cmdb.application.projection import Step
from cmdb.application.snapshot import (
    Mask,
    Severities,
    Snapshot,
    events_by_item,
    take_snapshot,
    with_unknown,
)
from cmdb.desk.access import holds
from cmdb.desk.own_state import OwnState, read_own_state
from cmdb.impact.numbering import GONE
from cmdb.impact.propagation import change
from cmdb.impact.topology import Topology
from cmdb.model.access import Predicate
from cmdb.model.records import Event
from cmdb.model.severity import Severity

_TABLES = {"changes": "changes_at", "tickets": "open_tickets_at", "assignments": "assigned_at"}
"""Which view is derived from which table alone."""


KEPT_MASKS = 64
"""How many principals' views are carried on; each costs a byte a CI and a copy a write."""


def first_snapshot(step: Step, service_classes: frozenset[str], at: datetime) -> Snapshot:
    """Return the snapshot of a graph that was read whole, evaluated."""
    return _evaluated(take_snapshot(step.projection, service_classes, at))


def next_snapshot(before: Snapshot, step: Step, at: datetime) -> Snapshot:
    """Return the evaluated snapshot after a step; equal to one that is computed anew, at the price of the step."""
    after = take_snapshot(step.projection, before.service_classes, at)
    carry = _Carry(before, after, step)
    carry.tables()
    carry.severities(carry.events())
    carry.topology()
    carry.situations()
    vars(after).update(earlier_reach=before.known_reach())
    return _evaluated(after)


def _evaluated(snapshot: Snapshot) -> Snapshot:
    """Compute now, beside the event loop, what every question asks for."""
    for name in ("effective", "worst_case", "planned", "is_service", "events_at", *_TABLES.values()):
        getattr(snapshot, name)
    return snapshot


@dataclass(frozen=True)
class _Carry:
    """Fills what `after` would compute from what `before` has computed."""

    before: Snapshot
    after: Snapshot
    step: Step

    def tables(self) -> None:
        """Share the views of tables that were not written."""
        for table, view in _TABLES.items():
            if not getattr(self.step.delta, table):
                self._set(view, getattr(self.before, view))

    def events(self) -> set[str] | None:
        """Take the events of the CIs that were told about anew; return these CIs, None when a window came between."""
        before, after = self.before, self.after
        came = {event.key for event in self.step.delta.events}
        items = {held.item for key in came for held in _of(before.events, after.events, key)}
        rows = [event for item in items for event in before.events_at.get(item, ()) if event.key not in came]
        rows += [after.events[key] for key in came if key in after.events]
        events_at = dict(before.events_at)
        for item in items:
            events_at.pop(item, None)
        self._set("events_at", {**events_at, **events_by_item(rows)})
        if self._maintenance_moved():
            return None
        self._set("own", _renewed(before.own, items, read_own_state(rows, after.serviced, after.at)))
        return items

    def _maintenance_moved(self) -> bool:
        """Whether a window came, opened or closed, or CIs changed of which one covers a class or a service."""
        if self.before.windows != self.after.windows or self.before.turns_by(self.after.at):
            return True
        if self.step.patched is None:
            self._set("coverage", self.before.coverage)
            self._set("serviced", self.before.serviced)
            return False
        return bool(self.after.coverage.classes or self.after.coverage.services)

    def severities(self, items: set[str] | None) -> None:
        """Let the fixpoint change where own severities of these CIs, or dependencies, did."""
        before, after = self.before, self.after
        self._set("outage", self._outage(items))
        self._set("effective", self._settled(before.outage, before.effective, after.outage))
        if after.own.unknown:
            was, now = with_unknown(before), with_unknown(after)
            self._set("worst_case", self._settled(was, before.worst_case, now))
        was, now = before.vector(before.own.planned), after.vector(after.own.planned)
        self._set("planned", self._settled(was, before.planned, now))
        if self.step.patched is None and after.outage is before.outage:
            after.explanations.update(before.explanations)

    def _outage(self, items: set[str] | None) -> Severities:
        """Return own severities that travel; the same vector when none of them moved."""
        before, after, topology = self.before, self.after, self.after.topology
        if items is None:
            return after.vector(after.own.outage)
        if self.step.patched is not None:
            items = items.union(topology.keys[place] for place in self.step.patched.touched.tolist())
        outage = self._moved(before.outage)
        for item in items:
            place = topology.index.get(item)
            if place is not None:
                outage[place] = after.own.outage.get(item, 0)
        return before.outage if np.array_equal(outage, before.outage) else outage

    def topology(self) -> None:
        """Keep which CIs are services, and who may see which, but for those that were written."""
        topology, classes = self.after.topology, self.after.service_classes
        touched = set() if self.step.patched is None else set(self.step.patched.touched.tolist())
        is_service = self._moved(self.before.is_service)
        for place in touched:
            is_service[place] = topology.classes[place] in classes
        self._set("is_service", is_service)
        regarded = {topology.index.get(row.item) for row in self.step.delta.assignments}
        renewed = touched | {place for place in regarded if place is not None}
        for predicate, mask in list(self.before.masks.copy().items())[-KEPT_MASKS:]:
            self.after.masks[predicate] = self._mask(predicate, self._moved(mask), topology, renewed)

    def situations(self) -> None:
        """Keep which events belong together while none was told about: in a storm tickets are written one by one."""
        turned = self.before.turns_by(self.after.at)
        if self.step.delta.events or self.step.patched is not None or turned:
            return
        numbers = () if self.step.delta.situations else ("numbers",)
        for name in ("event_groups", "group_by_event", *numbers):
            if name in vars(self.before):
                self._set(name, vars(self.before)[name])

    def _mask(self, predicate: Predicate, mask: Mask, topology: Topology, places: Iterable[int]) -> Mask:
        for place in places:
            key = topology.keys[place]
            subscribers = self.after.subscribers.get(key, ())
            mask[place] = holds(predicate, key, topology.classes[place], subscribers)
        return mask

    def _settled(self, was: Severities, effective: Severities, now: Severities) -> Severities:
        """Return effective severities under the own ones `now`; the same vector when none of them changed."""
        patched, topology = self.step.patched, self.after.topology
        own, base = self._moved(was), self._moved(effective)
        places = np.flatnonzero(own != now)
        rewired = [] if patched is None else patched.touched.tolist()
        changed = dict(zip(places.tolist(), now[places].tolist(), strict=True))
        risen = change(topology, own, base, changed, rewired)
        if not risen and (patched is None or patched.moved is None):
            return effective  # the very same, so that what was computed from it can be kept
        base[list(risen)] = list(risen.values())
        return base

    def _moved(self, column: NDArray[Any]) -> NDArray[Any]:
        """Return a copy by the new numbers of CIs, zero for new ones."""
        patched = self.step.patched
        if patched is None or patched.moved is None:
            return column.copy()
        stays = patched.moved != GONE
        moved = np.zeros(len(self.after.topology), column.dtype)
        moved[patched.moved[stays]] = column[stays]
        return moved

    def _set(self, name: str, value: object) -> None:
        vars(self.after)[name] = value


def _of(before: Mapping[str, Event], after: Mapping[str, Event], key: str) -> list[Event]:
    return [events[key] for events in (before, after) if key in events]


def _renewed(own: OwnState, items: set[str], told: OwnState) -> OwnState:
    """Return the own state in which these CIs stand as told."""

    def merged(before: Mapping[str, Severity], now: Mapping[str, Severity]) -> Mapping[str, Severity]:
        severities = dict(before)
        for item in items:
            severities.pop(item, None)
        return {**severities, **now}

    return OwnState(
        merged(own.outage, told.outage),
        merged(own.planned, told.planned),
        merged(own.local, told.local),
        (own.unknown - items) | told.unknown,
    )
