"""A store in memory that keeps the ports' promises; for tests of what lies above the store."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from cmdb.desk.access import holds, visible
from cmdb.errors import ErrorCode
from cmdb.model.access import Principal
from cmdb.model.records import (
    Assignment,
    Change,
    Dependency,
    Event,
    Item,
    Party,
    Record,
    RecordKind,
    Role,
    Ticket,
    TicketKind,
    Window,
)
from cmdb.model.severity import Strength
from cmdb.ports.graph import (
    DependencyColumns,
    GraphDelta,
    ItemColumns,
    PageKey,
    RecordFilter,
    RowProblem,
    RowResult,
    RowStatus,
    Stored,
    WriteOutcome,
)

Key = tuple[RecordKind, str]


@dataclass
class FakeGraph:
    """Both ports over dicts; one instance is one store."""

    rows: dict[Key, Stored] = field(default_factory=dict)
    archive: dict[Key, list[Stored]] = field(default_factory=dict)
    revision: int = 0

    async def head(self) -> int:
        """Return the last committed revision."""
        return self.revision

    async def write(
        self, principal: Principal, source: str, records: Sequence[Record], recorded_at: datetime
    ) -> WriteOutcome:
        """Upsert atomically."""
        del principal
        problems = self._problems(records)
        if problems:
            return WriteOutcome(
                self.revision, tuple(_refused(i, r, problems.get(i)) for i, r in enumerate(records))
            )
        statuses = [self._status(record) for record in records]
        if all(status is RowStatus.UNCHANGED for status in statuses):
            return WriteOutcome(
                self.revision, tuple(_result(i, r, RowStatus.UNCHANGED) for i, r in enumerate(records))
            )
        self.revision += 1
        for record, status in zip(records, statuses, strict=True):
            if status is not RowStatus.UNCHANGED:
                self._put(record, source, recorded_at)
        rows = enumerate(zip(records, statuses, strict=True))
        return WriteOutcome(self.revision, tuple(_result(index, *row) for index, row in rows))

    def _status(self, record: Record) -> RowStatus:
        present = self.rows.get((record.kind, record.key))
        if present is None:
            return RowStatus.CREATED
        return RowStatus.UNCHANGED if present.record == record else RowStatus.UPDATED

    def _put(self, record: Record, source: str, recorded_at: datetime) -> None:
        key = (record.kind, record.key)
        if key in self.rows:
            self.archive.setdefault(key, []).append(self.rows[key])
        self.rows[key] = Stored(record, self.revision, record.valid_from or recorded_at, recorded_at, source)
        if isinstance(record, Dependency):
            consumer = (RecordKind.ITEM, record.consumer)
            self.rows[consumer] = replace(self.rows[consumer], revision=self.revision)

    def _problems(self, records: Sequence[Record]) -> dict[int, RowProblem]:
        items = {record.key for record in records if isinstance(record, Item)}
        items |= {key for kind, key in self.rows if kind is RecordKind.ITEM}
        problems: dict[int, RowProblem] = {}
        for index, record in enumerate(records):
            missing = [end for end in _ends(record) if end not in items]
            if missing:
                message = f"There is no CI '{missing[0]}'."
                problems[index] = RowProblem(code=ErrorCode.DANGLING_END, message=message)
            elif isinstance(record, Ticket) and self._second_incident(record):
                problems[index] = RowProblem(
                    code=ErrorCode.CONFLICT, message="An incident of this cause is open."
                )
        return problems

    def _second_incident(self, ticket: Ticket) -> bool:
        others = (row.record for row in self.rows.values() if isinstance(row.record, Ticket))
        return ticket.is_open and any(
            other.is_open and other.cause_key == ticket.cause_key and other.key != ticket.key
            for other in others
            if ticket.cause_key is not None and other.ticket_kind is TicketKind.INCIDENT
        )

    async def delta(self, principal: Principal, since: int) -> GraphDelta:
        """Return what was written after `since`."""
        del principal
        delta = GraphDelta(self.revision)
        fresh = [row for row in self.rows.values() if row.revision > since]
        for row in fresh:
            _collect(delta, row.record, whole=since == 0)
        touched = set(delta.items.keys)
        for stored in self.rows.values():
            record = stored.record
            if isinstance(record, Dependency) and record.consumer in touched and not record.ended:
                _collect_dependency(delta.dependencies, record)
        return delta

    async def records(self, principal: Principal, kind: RecordKind, keys: Sequence[str]) -> list[Stored]:
        """Return present records in the order of the keys."""
        found = [self.rows[kind, key] for key in keys if (kind, key) in self.rows]
        return [row for row in found if self._sees(principal, row.record)]

    async def page(
        self, principal: Principal, kind: RecordKind, query: RecordFilter, after: PageKey | None, limit: int
    ) -> list[Stored]:
        """Return a page, newest first."""
        rows = self._matching(principal, kind, query)
        position = (after.at, after.key) if after else None
        return [row for at, key, row in rows if position is None or (at, key) < position][:limit]

    async def count(self, principal: Principal, kind: RecordKind, query: RecordFilter) -> int:
        """Return the number of matching records."""
        return len(self._matching(principal, kind, query))

    async def versions(self, principal: Principal, kind: RecordKind, key: str) -> list[Stored]:
        """Return every version, oldest first."""
        del principal
        present = [self.rows[kind, key]] if (kind, key) in self.rows else []
        return [*self.archive.get((kind, key), []), *present]

    def _matching(
        self, principal: Principal, kind: RecordKind, query: RecordFilter
    ) -> list[tuple[datetime, str, Stored]]:
        found: list[tuple[datetime, str, Stored]] = []
        for (row_kind, key), row in self.rows.items():
            at = _time(row.record)
            if row_kind is not kind or at is None or not self._sees(principal, row.record):
                continue
            if query.items is not None and not query.items.intersection(_ends(row.record)):
                continue
            if query.states is not None and _state(row.record) not in query.states:
                continue
            if (query.since and at < query.since) or (query.until and at >= query.until):
                continue
            found.append((at, key, row))
        return sorted(found, key=lambda entry: entry[:2], reverse=True)

    def _sees(self, principal: Principal, record: Record) -> bool:
        predicate = visible(principal)
        ends = [record.key] if isinstance(record, Item) else _ends(record)
        return isinstance(record, Party) or any(self._sees_item(predicate, end) for end in ends)

    def _sees_item(self, predicate: object, key: str) -> bool:
        item = self.rows[RecordKind.ITEM, key].record
        subscribers = {
            row.record.party
            for row in self.rows.values()
            if isinstance(row.record, Assignment)
            and row.record.item == key
            and row.record.role is Role.SUBSCRIBES
            and not row.record.ended
        }
        assert isinstance(item, Item)
        return holds(predicate, key, item.ci_class, subscribers)  # type: ignore[arg-type]


def _ends(record: Record) -> tuple[str, ...]:
    match record:
        case Dependency():
            return (record.consumer, record.provider)
        case Event() | Assignment():
            return (record.item,)
        case Change():
            return record.targets
        case Ticket() | Window():
            return record.items
    return ()


def _time(record: Record) -> datetime | None:
    match record:
        case Event():
            return record.raised_at
        case Change():
            return record.start
        case Ticket():
            return record.opened_at
    return None


def _state(record: Record) -> str:
    return str(record.state) if isinstance(record, Event | Change | Ticket) else ""


def _collect(delta: GraphDelta, record: Record, *, whole: bool) -> None:  # noqa: C901 - one case per record kind
    if whole and _is_past(record):
        return
    match record:
        case Item():
            _collect_item(delta.items, record)
        case Event():
            delta.events.append(record)
        case Change():
            delta.changes.append(record)
        case Ticket():
            delta.tickets.append(record)
        case Party():
            delta.parties.append(record)
        case Assignment():
            delta.assignments.append(record)
        case Window():
            delta.windows.append(record)


def _is_past(record: Record) -> bool:
    match record:
        case Item():
            return record.retired
        case Event():
            return not record.is_open
        case Assignment():
            return record.ended
    return False


def _collect_item(items: ItemColumns, item: Item) -> None:
    items.keys.append(item.key)
    items.names.append(item.name)
    items.classes.append(item.ci_class)
    items.groups.append(item.groups)
    items.retired.append(item.retired)


def _collect_dependency(rows: DependencyColumns, record: Dependency) -> None:
    rows.consumers.append(record.consumer)
    rows.providers.append(record.provider)
    rows.verbs.append(record.verb)
    rows.strengths.append(record.strength or Strength.HARD)
    rows.maps.append(record.map)
    rows.weights.append(record.weight)
    rows.groups.append(record.group)


def _result(index: int, record: Record, status: RowStatus) -> RowResult:
    return RowResult(index=index, kind=record.kind, key=record.key, status=status)


def _refused(index: int, record: Record, problem: RowProblem | None) -> RowResult:
    drag = RowProblem(code=ErrorCode.CONFLICT, message="Another row was refused.")
    return RowResult(
        index=index, kind=record.kind, key=record.key, status=RowStatus.REFUSED, problem=problem or drag
    )
