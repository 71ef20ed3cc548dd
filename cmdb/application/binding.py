"""Binds events and changes to the CIs that they are about: when they come in, and again when CIs come or change."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from cmdb.application.snapshot import Snapshot
from cmdb.desk.binding import Binding, Named, NameIndex
from cmdb.impact.topology import Topology
from cmdb.model.metamodel import Metamodel
from cmdb.model.records import Change, EntryRecord, Event, EventTransition, Item, Record
from cmdb.model.subject import Subject
from cmdb.ports.graph import Stored
from cmdb.ports.runs import RunLog

_CONTAINS = "CONTAINED_IN"
"""The verb by which an interface depends on what holds it."""

_PART = "network_interface"


@dataclass(frozen=True, slots=True)
class Bound:
    """What came in, with the CIs that were found; `reasons` by the index of those entries that name a subject."""

    entries: list[EntryRecord]
    reasons: dict[int, str]


class Binder:
    """Holds what CIs are called, read when first needed and kept up with the graph."""

    def __init__(self, run_log: RunLog, metamodel: Metamodel) -> None:
        """Start without an index: who reports with our keys needs none."""
        self._run_log = run_log
        self._index = NameIndex(metamodel)
        self._revision = 0
        self._topology: Topology | None = None
        self._tried: Topology | None = None

    async def bind(
        self, present: Callable[[], Awaitable[Snapshot]], source: str, entries: Sequence[EntryRecord]
    ) -> Bound:
        """Fill in the CIs of those that name a subject and no CI; only for them the present is looked at."""
        bound, reasons = list(entries), dict[int, str]()
        for index, entry in enumerate(entries):
            if isinstance(entry, EventTransition) and entry.subject is not None and not entry.item:
                found = await self._find(await present(), source, entry.subject)
                bound[index], reasons[index] = replace(entry, item=found.key), found.reason
            elif isinstance(entry, Change) and entry.subjects:
                bound[index] = await self._bound_change(await present(), source, entry)
        return Bound(bound, reasons)

    def is_due(self, snapshot: Snapshot) -> bool:
        """Whether CIs have come or changed since unbound records were last tried."""
        return self._tried is not snapshot.topology

    def tried(self, snapshot: Snapshot | None) -> None:
        """Note that unbound records are tried against these CIs; None when that came to nothing."""
        self._tried = snapshot.topology if snapshot else None

    async def bind_again(self, snapshot: Snapshot, stored: Iterable[Stored]) -> list[Record]:
        """Return those of the events and changes whose CI is known by now."""
        found: list[Record] = []
        for row in stored:
            match row.record:
                case Event(item="", subject=Subject() as subject) as event:
                    binding = await self._find(snapshot, row.source, subject)
                    bound = replace(event, item=binding.key, binding=binding.reason)
                    found += [bound] if binding.key else []
                case Change() as change:
                    moved = await self._bound_change(snapshot, row.source, change)
                    found += [moved] if moved != change else []
        return found

    def _learn(self, items: Iterable[Item]) -> None:
        for item in items:
            self._index.put(item)

    async def _bound_change(self, snapshot: Snapshot, source: str, change: Change) -> Change:
        found = [(await self._find(snapshot, source, subject)).key for subject in change.subjects]
        targets = dict.fromkeys([*change.targets, *(key for key in found if key)])
        return replace(change, targets=tuple(targets))

    async def _find(self, snapshot: Snapshot, source: str, subject: Subject) -> Binding:
        if subject.reference in snapshot.topology.index and not subject.part:
            return Binding(subject.reference, f"reference {subject.reference}")
        if self._topology is not snapshot.topology:
            self._revision, items = await self._run_log.named_items(self._revision)
            # The first time these are all CIs, which takes seconds that others need not wait for.
            await asyncio.to_thread(self._learn, items)
            self._topology = snapshot.topology

        def parts_of(key: str) -> list[Named]:
            return _parts_of(snapshot.topology, key)

        found = self._index.find(source, subject, parts_of)
        if found.key and found.key not in snapshot.topology.index:
            return Binding("", f"{found.reason} is gone")
        return found


def _parts_of(topology: Topology, key: str) -> list[Named]:
    place = topology.index.get(key)
    if place is None:
        return []
    edges = (topology.edge(edge) for edge in topology.to_consumers(place))
    parts = (edge.consumer for edge in edges if edge.verb == _CONTAINS)
    return [(topology.keys[part], topology.names[part]) for part in parts if topology.classes[part] == _PART]
