"""Accumulates what the store reports into the present graph and builds its topology."""

from dataclasses import dataclass, field

from cmdb.impact.topology import Topology, build_topology
from cmdb.model.records import Assignment, Change, Event, Party, Role, Ticket, Window
from cmdb.model.redundancy import RedundancyGroup
from cmdb.model.severity import SeverityMap, Strength
from cmdb.ports.graph import DependencyColumns, GraphDelta, ItemColumns

_Edge = tuple[str, str, Strength, SeverityMap, int, str | None]
_Head = tuple[str, str, tuple[RedundancyGroup, ...]]


@dataclass(slots=True)
class Projection:
    """The present graph in memory, patched by deltas; only its owner touches it."""

    revision: int = 0
    heads: dict[str, _Head] = field(default_factory=dict)
    edges: dict[str, list[_Edge]] = field(default_factory=dict)
    events: dict[str, Event] = field(default_factory=dict)
    changes: dict[str, Change] = field(default_factory=dict)
    tickets: dict[str, Ticket] = field(default_factory=dict)
    parties: dict[str, Party] = field(default_factory=dict)
    assignments: dict[str, Assignment] = field(default_factory=dict)
    windows: dict[str, Window] = field(default_factory=dict)
    topology: Topology = field(default_factory=lambda: build_topology(ItemColumns(), DependencyColumns()))

    def apply(self, delta: GraphDelta) -> None:
        """Take in what was written; the topology is rebuilt only when CIs or dependencies were touched."""
        self._apply_records(delta)
        if delta.items.keys:
            self._apply_items(delta.items)
            self._apply_dependencies(delta.dependencies)
            self.topology = self._build()
        self.revision = delta.revision

    def _apply_records(self, delta: GraphDelta) -> None:
        for event in delta.events:
            if event.is_open:
                self.events[event.key] = event
            else:
                self.events.pop(event.key, None)
        self.changes.update((change.key, change) for change in delta.changes)
        self.tickets.update((ticket.key, ticket) for ticket in delta.tickets)
        self.parties.update((party.key, party) for party in delta.parties)
        self.windows.update((window.key, window) for window in delta.windows)
        for assignment in delta.assignments:
            if assignment.ended:
                self.assignments.pop(assignment.key, None)
            else:
                self.assignments[assignment.key] = assignment

    def _apply_items(self, items: ItemColumns) -> None:
        columns = zip(items.keys, items.names, items.classes, items.groups, items.retired, strict=True)
        for key, name, ci_class, groups, retired in columns:
            self.edges.pop(key, None)
            if retired:
                self.heads.pop(key, None)
            else:
                self.heads[key] = (name, ci_class, groups)

    def _apply_dependencies(self, rows: DependencyColumns) -> None:
        columns = zip(
            rows.consumers,
            rows.providers,
            rows.verbs,
            rows.strengths,
            rows.maps,
            rows.weights,
            rows.groups,
            strict=True,
        )
        for consumer, *edge in columns:
            provider, verb, strength, severity_map, weight, group = edge
            self.edges.setdefault(consumer, []).append(
                (provider, verb, strength, severity_map, weight, group)
            )

    def _build(self) -> Topology:
        items, rows = ItemColumns(), DependencyColumns()
        for key in sorted(self.heads):
            name, ci_class, groups = self.heads[key]
            items.keys.append(key)
            items.names.append(name)
            items.classes.append(ci_class)
            items.groups.append(groups)
            items.retired.append(False)
        for consumer in items.keys:
            for edge in self.edges.get(consumer, ()):
                if edge[0] in self.heads:
                    _append(rows, consumer, self._declared(consumer, edge))
        return build_topology(items, rows)

    def _declared(self, consumer: str, edge: _Edge) -> _Edge:
        """Let a dependency count alone whose group is gone: another process may have written both at once."""
        group = edge[5]
        if group is None or any(known.name == group for known in self.heads[consumer][2]):
            return edge
        return (*edge[:5], None)

    def subscribers(self) -> dict[str, frozenset[str]]:
        """Return the subscribing parties per CI key."""
        found: dict[str, set[str]] = {}
        for assignment in self.assignments.values():
            if assignment.role is Role.SUBSCRIBES:
                found.setdefault(assignment.item, set()).add(assignment.party)
        return {item: frozenset(parties) for item, parties in found.items()}


def _append(rows: DependencyColumns, consumer: str, edge: _Edge) -> None:
    provider, verb, strength, severity_map, weight, group = edge
    rows.consumers.append(consumer)
    rows.providers.append(provider)
    rows.verbs.append(verb)
    rows.strengths.append(strength)
    rows.maps.append(severity_map)
    rows.weights.append(weight)
    rows.groups.append(group)
