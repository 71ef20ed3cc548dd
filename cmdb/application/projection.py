"""The present graph in memory: each delta makes the next projection and leaves the one before as it was."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from cmdb.desk.change_windows import change_windows
from cmdb.errors import ErrorCode, InvalidInput
from cmdb.impact.patching import Patched, patch_topology
from cmdb.impact.topology import Topology, build_topology
from cmdb.model.records import Assignment, Change, Event, Party, Role, SituationRecord, Ticket
from cmdb.model.windows import Window
from cmdb.ports.graph import DependencyColumns, GraphDelta, ItemColumns

_UNSOUND = frozenset({ErrorCode.DANGLING_END, ErrorCode.UNKNOWN_GROUP})


@dataclass(frozen=True, kw_only=True)
class Projection:
    """The graph at one revision; tables that a delta did not touch are shared with the projection before it."""

    revision: int = 0
    events: Mapping[str, Event] = field(default_factory=dict)
    changes: Mapping[str, Change] = field(default_factory=dict)
    tickets: Mapping[str, Ticket] = field(default_factory=dict)
    parties: Mapping[str, Party] = field(default_factory=dict)
    assignments: Mapping[str, Assignment] = field(default_factory=dict)
    windows: Mapping[str, Window] = field(default_factory=dict)
    planned_work: tuple[Window, ...] = ()
    situations: Mapping[str, SituationRecord] = field(default_factory=dict)
    subscribers: Mapping[str, frozenset[str]] = field(default_factory=dict)
    topology: Topology = field(default_factory=lambda: build_topology(ItemColumns(), DependencyColumns()))

    def declared_groups(self, item: str) -> frozenset[str]:
        """Return the names of the redundancy groups that a CI declares."""
        place = self.topology.index.get(item)
        if place is None:
            return frozenset()
        groups = self.topology.groups
        first, end = groups.consumer.searchsorted([place, place + 1])
        return frozenset(group.name for group in groups.declared[first:end])

    def group_uses(self, item: str) -> dict[str, str]:
        """Return the redundancy group of each open dependency of a CI that counts in one, by the dependency's key."""
        topology = self.topology
        place = topology.index.get(item)
        found = (topology.edge(edge) for edge in topology.to_providers(place)) if place is not None else ()
        return {
            f"{item}|{view.verb}|{topology.keys[view.provider]}|{view.group}": view.group
            for view in found
            if view.group is not None
        }


@dataclass(frozen=True)
class Step:
    """The projection after a delta, and what the delta did to the topology; None: nothing, or it was built anew."""

    projection: Projection
    delta: GraphDelta
    patched: Patched | None = None


def project(delta: GraphDelta) -> Projection:
    """Return the projection of a whole graph."""
    items, dependencies = _in_order(delta.items), delta.dependencies
    try:
        topology = build_topology(items, dependencies)
    except InvalidInput as refusal:
        if refusal.code not in _UNSOUND:
            raise
        topology = build_topology(items, _sound(Projection(), items, dependencies))
    return replace(_with_records(Projection(), delta), topology=topology)


def follow(projection: Projection, delta: GraphDelta) -> Step:
    """Return the next projection; the topology is patched only when CIs or dependencies were touched."""
    known = _with_records(projection, delta)
    if not delta.items.keys:
        return Step(known, delta)
    dependencies = _sound(projection, delta.items, delta.dependencies)
    patched = patch_topology(projection.topology, delta.items, dependencies)
    return Step(replace(known, topology=patched.topology), delta, patched)


def _with_records(projection: Projection, delta: GraphDelta) -> Projection:
    changed: dict[str, Any] = {
        name: _merged(getattr(projection, name), rows)
        for name, rows in (
            ("events", delta.events),
            ("changes", delta.changes),
            ("tickets", delta.tickets),
            ("parties", delta.parties),
            ("assignments", delta.assignments),
            ("windows", delta.windows),
            ("situations", delta.situations),
        )
        if rows
    }
    if delta.assignments:
        changed["subscribers"] = subscribers_of(changed["assignments"].values())
    if delta.changes:
        changed["planned_work"] = tuple(change_windows(changed["changes"].values()))
    return replace(projection, revision=delta.revision, **changed)


def _merged(held: Mapping[str, Any], rows: Iterable[Any]) -> Mapping[str, Any]:
    merged = dict(held)
    for row in rows:
        if _is_over(row):
            merged.pop(row.key, None)
        else:
            merged[row.key] = row
    return merged


def _is_over(row: object) -> bool:
    return (isinstance(row, Event) and not row.is_open) or (isinstance(row, Assignment) and row.ended)


def subscribers_of(assignments: Iterable[Assignment]) -> dict[str, frozenset[str]]:
    """Return the subscribing parties per CI key."""
    found: dict[str, set[str]] = {}
    for assignment in assignments:
        if assignment.role is Role.SUBSCRIBES:
            found.setdefault(assignment.item, set()).add(assignment.party)
    return {item: frozenset(parties) for item, parties in found.items()}


def _in_order(items: ItemColumns) -> ItemColumns:
    """Return the columns in the order of keys, as patching needs them."""
    if items.keys == sorted(items.keys):
        return items
    order = sorted(range(len(items.keys)), key=items.keys.__getitem__)
    columns = (getattr(items, column.name) for column in fields(items))
    return ItemColumns(*([column[row] for row in order] for column in columns))


def _sound(projection: Projection, items: ItemColumns, rows: DependencyColumns) -> DependencyColumns:
    """Return the rows whose ends live; a row counts alone whose group is gone.

    A store is read piece by piece while others write: what does not fit yet is read once more by the next delta.
    """
    groups = {key: {group.name for group in held} for key, held in zip(items.keys, items.groups, strict=True)}
    retired = {key for key, over in zip(items.keys, items.retired, strict=True) if over}
    came, index = groups.keys() - retired, projection.topology.index
    kept = [
        row
        for row, (consumer, provider) in enumerate(zip(rows.consumers, rows.providers, strict=True))
        if consumer in came and (provider in came or (provider not in retired and provider in index))
    ]
    columns = [[getattr(rows, column.name)[row] for row in kept] for column in fields(rows)]
    sound = DependencyColumns(*columns)
    pairs = zip(sound.consumers, sound.groups, strict=True)
    sound.groups = [group if group in groups[consumer] else None for consumer, group in pairs]
    return sound
