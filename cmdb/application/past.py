"""The graph as it was: a reader over the states of one moment, so that every question can be asked of the past."""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property

from cmdb.application.projection import project, subscribers_of
from cmdb.application.snapshot import Snapshot, take_snapshot
from cmdb.desk.access import SYSTEM, holds, sees_all, visible
from cmdb.model.access import Principal
from cmdb.model.kinds import RecordKind
from cmdb.model.records import (
    Assignment,
    Change,
    Dependency,
    Event,
    Item,
    Party,
    Record,
    SituationRecord,
    Ticket,
)
from cmdb.model.reference import has_ended, items_of, moment_of, named_items, without_hidden
from cmdb.model.severity import Strength
from cmdb.model.windows import Window
from cmdb.ports.graph import GraphDelta, GraphReader, Moment, PageKey, RecordFilter, Stored

KEPT = 8
"""How many past snapshots stay in memory; a question about the past tends to be followed by others about it."""


class PastGraph:
    """Reads the states of one moment from memory, hidden ones left out, as the store reads the present."""

    def __init__(self, states: Sequence[Stored]) -> None:
        """Keep what had not ended by then."""
        self._rows = {(row.record.kind, row.record.key): row for row in states if not has_ended(row.record)}

    @property
    def revision(self) -> int:
        """The last revision that any of the states was recorded in."""
        return max((row.revision for row in self._rows.values()), default=0)

    @cached_property
    def subscribers(self) -> Mapping[str, frozenset[str]]:
        """Subscribing parties per CI key."""
        records = (row.record for row in self._rows.values())
        return subscribers_of(record for record in records if isinstance(record, Assignment))

    def whole(self) -> GraphDelta:
        """Return everything as the projection takes it in."""
        delta = GraphDelta(self.revision)
        for row in self._rows.values():
            _collect(delta, row.record)
        return delta

    async def records(self, principal: Principal, kind: RecordKind, keys: Sequence[str]) -> list[Stored]:
        """Return the records with these keys, in the order of `keys`."""
        found = [self._rows[kind, key] for key in keys if (kind, key) in self._rows]
        return [shown for row in found if (shown := self._shown(principal, row)) is not None]

    async def page(
        self, principal: Principal, kind: RecordKind, query: RecordFilter, after: PageKey | None, limit: int
    ) -> list[Stored]:
        """Return a keyset page, newest first."""
        rows = self._matching(principal, kind, query)
        return [row for place, row in rows if after is None or place.rank < after.rank][:limit]

    async def count(self, principal: Principal, kind: RecordKind, query: RecordFilter) -> int:
        """Return how many records fulfil the filter."""
        return len(self._matching(principal, kind, query))

    def _matching(
        self, principal: Principal, kind: RecordKind, query: RecordFilter
    ) -> list[tuple[PageKey, Stored]]:
        found: list[tuple[PageKey, Stored]] = []
        for (row_kind, key), row in self._rows.items():
            at = moment_of(row.record)
            # Plans may have no time yet; all else has happened.
            listed = row_kind is kind and (at is not None or kind is RecordKind.CHANGE)
            if not listed or not _fits(row.record, at, query):
                continue
            shown = self._shown(principal, row)
            if shown is not None:
                found.append((PageKey(at, key), shown))
        return sorted(found, key=lambda entry: entry[0].rank, reverse=True)

    def _shown(self, principal: Principal, row: Stored) -> Stored | None:
        """Return the row without the CIs that the principal may not see, or None when nothing is left."""
        record = row.record
        seen = {key for key in named_items(record) if self._sees(principal, key)}
        match record:
            case Party():
                return row if self._sees_party(principal, record) else None
            case Ticket() if principal.party is not None and record.caller == principal.party:
                return replace(row, record=without_hidden(record, seen))
            case Event(item=""):
                return row if sees_all(principal) else None
            case Dependency():
                return row if len(seen) == len(set(items_of(record))) else None
        return replace(row, record=without_hidden(record, seen)) if seen & {*items_of(record)} else None

    def _sees(self, principal: Principal, key: str) -> bool:
        row = self._rows.get((RecordKind.ITEM, key))
        if row is None or not isinstance(row.record, Item):
            return False
        return holds(visible(principal), key, row.record.ci_class, self.subscribers.get(key, ()))

    def _sees_party(self, principal: Principal, party: Party) -> bool:
        rows = (row.record for row in self._rows.values() if isinstance(row.record, Assignment))
        items = [row.item for row in rows if row.party == party.key]
        return party.key == principal.party or any(self._sees(principal, item) for item in items)


def _fits(record: Record, at: datetime | None, query: RecordFilter) -> bool:
    state = str(record.state) if isinstance(record, Event | Change | Ticket) else ""
    return (
        (query.items is None or not query.items.isdisjoint(items_of(record)))
        and (query.states is None or state in query.states)
        and (query.bound is None or not isinstance(record, Event) or bool(record.item) is query.bound)
        and (query.since is None or (at is not None and at >= query.since))
        and (query.until is None or (at is not None and at < query.until))
    )


def _collect(delta: GraphDelta, record: Record) -> None:
    match record:
        case Item():
            columns = delta.items
            columns.keys.append(record.key)
            columns.names.append(record.name)
            columns.classes.append(record.ci_class)
            columns.groups.append(record.groups)
            columns.retired.append(False)
        case Dependency():
            _collect_dependency(delta, record)
        case Event() | Change() | Ticket() | Party() | Assignment() | Window() | SituationRecord():
            delta.records_of(record.kind).append(record)


def _collect_dependency(delta: GraphDelta, record: Dependency) -> None:
    rows = delta.dependencies
    rows.consumers.append(record.consumer)
    rows.providers.append(record.provider)
    rows.verbs.append(record.verb)
    rows.strengths.append(record.strength or Strength.HARD)
    rows.maps.append(record.map)
    rows.weights.append(record.weight)
    rows.groups.append(record.group)


class Archive:
    """Builds past snapshots on demand and keeps the last few."""

    def __init__(self, reader: GraphReader, service_classes: frozenset[str]) -> None:
        """Read the past from the store."""
        self._reader = reader
        self._service_classes = service_classes
        self._kept: OrderedDict[tuple[Moment, int], tuple[Snapshot, PastGraph]] = OrderedDict()

    async def at(self, moment: Moment, head: int) -> tuple[Snapshot, PastGraph]:
        """Return the snapshot of that moment and its reader; a later head may know more of the same moment."""
        name = (moment, head)
        if name not in self._kept:
            states = await self._reader.past(SYSTEM, moment)
            self._kept[name] = await asyncio.to_thread(self._build, moment, states)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(name)
        return self._kept[name]

    def _build(self, moment: Moment, states: Sequence[Stored]) -> tuple[Snapshot, PastGraph]:
        graph = PastGraph(states)
        projection = project(graph.whole())
        return take_snapshot(projection, self._service_classes, moment.as_of, moment), graph
