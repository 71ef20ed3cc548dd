"""A store in memory that keeps the ports' promises; for tests of what lies above the store.

`tests/contract/test_store.py` holds it to the same promises as the engines.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from cmdb.desk.access import holds, visible
from cmdb.errors import Conflict, ErrorCode, Forbidden, InvalidInput
from cmdb.metamodel import read_metamodel
from cmdb.model.access import Everything, Principal
from cmdb.model.kinds import RecordKind
from cmdb.model.records import (
    Assignment,
    Change,
    Dependency,
    Event,
    Item,
    Party,
    Record,
    Role,
    SituationRecord,
    Ticket,
    TicketKind,
)
from cmdb.model.reference import CAUSE_HIDDEN
from cmdb.model.severity import Strength
from cmdb.model.windows import Window
from cmdb.ports.graph import (
    UNCONDITIONAL,
    DependencyColumns,
    GraphDelta,
    GraphTotals,
    ItemColumns,
    Moment,
    PageKey,
    Precondition,
    RecordFilter,
    RowProblem,
    RowResult,
    RowStatus,
    Stored,
    WriteOutcome,
)
from cmdb.resources import folder
from tests.fakes.lease import FakeLease

Key = tuple[RecordKind, str]
VERBS = frozenset(read_metamodel(folder("schema")).relationships)


@dataclass
class FakeGraph:
    """Both ports over dicts; one instance is one store. `told` keeps each record as it was sent."""

    rows: dict[Key, Stored] = field(default_factory=dict)
    told: dict[Key, Record] = field(default_factory=dict)
    archive: dict[Key, list[Stored]] = field(default_factory=dict)
    lease: FakeLease = field(default_factory=FakeLease)
    feeds: dict[str, int] = field(default_factory=dict)
    revision: int = 0

    async def head(self) -> int:
        """Return the last committed revision."""
        return self.revision

    async def totals(self, principal: Principal) -> GraphTotals:
        """Count what there is, ended or not."""
        _require_everything(principal)
        return GraphTotals(self.revision, self._count(RecordKind.ITEM), self._count(RecordKind.EVENT))

    async def count_dependencies(self, principal: Principal) -> int:
        """Count dependencies, ended or not."""
        _require_everything(principal)
        return self._count(RecordKind.DEPENDENCY)

    async def present_totals(self, principal: Principal) -> GraphTotals:
        """Count what has not ended."""
        _require_everything(principal)
        items, events, dependencies = (
            sum(row_kind is kind and not _is_over(row.record) for (row_kind, _), row in self.rows.items())
            for kind in (RecordKind.ITEM, RecordKind.EVENT, RecordKind.DEPENDENCY)
        )
        return GraphTotals(self.revision, items, events, dependencies)

    async def settled_totals(self, principal: Principal) -> GraphTotals:
        """Nobody writes while this looks."""
        return replace(await self.totals(principal), dependencies=await self.count_dependencies(principal))

    def _count(self, kind: RecordKind) -> int:
        return sum(row_kind is kind for row_kind, _ in self.rows)

    async def write(
        self,
        principal: Principal,
        source: str,
        records: Sequence[Record],
        recorded_at: datetime,
        condition: Precondition = UNCONDITIONAL,
    ) -> WriteOutcome:
        """Upsert atomically."""
        del principal
        if condition.fence is not None and condition.fence != self.lease.seen.fence:
            raise Conflict(ErrorCode.ROLE_LOST, "The tenure has ended.")
        if condition.feed is not None and condition.feed != (
            condition.feed[0],
            self.feeds[condition.feed[0]],
        ):
            raise Conflict(ErrorCode.FEED_BUSY, "Another run has the feed.")
        _require_sound(records)
        statuses = [self._status(record) for record in records]
        changing = [r for r, s in zip(records, statuses, strict=True) if s is not RowStatus.UNCHANGED]
        problems = self._problems(records, changing, condition) | self._overtaken(
            records, changing, condition.seen
        )
        if problems:
            refused = (_refused(i, record, problems.get(i)) for i, record in enumerate(records))
            return WriteOutcome(self.revision, tuple(refused))
        if changing:
            closing = list(self._closings(records, changing))
            self.revision += 1
            for record in sorted([*changing, *closing], key=lambda row: _owner(row) is not None):
                self._put(record, source, recorded_at)
        rows = enumerate(zip(records, statuses, strict=True))
        return WriteOutcome(self.revision, tuple(_result(index, *row) for index, row in rows))

    def _status(self, record: Record) -> RowStatus:
        told = self.told.get((record.kind, record.key))
        if told is None:
            return RowStatus.UNCHANGED if _is_closing(record) else RowStatus.CREATED
        return RowStatus.UNCHANGED if told == record else RowStatus.UPDATED

    def _closings(self, records: Sequence[Record], changing: Sequence[Record]) -> Iterator[Record]:
        """Yield what ends the open dependencies of retiring CIs that the batch itself does not speak of."""
        retiring = {record.key: record for record in changing if isinstance(record, Item) and record.retired}
        spoken = {record.key for record in records}
        for stored in self.rows.values():
            known = stored.record
            if isinstance(known, Dependency) and not known.ended and known.key not in spoken:
                gone = retiring.get(known.consumer) or retiring.get(known.provider)
                if gone is not None:
                    yield replace(known, ended=True, valid_from=gone.valid_from)

    def _put(self, record: Record, source: str, recorded_at: datetime) -> None:
        key = (record.kind, record.key)
        since = record.valid_from or recorded_at
        if key in self.rows:
            self.archive.setdefault(key, []).append(replace(self.rows[key], valid_to=since))
        self.told[key] = record
        held = (
            record
            if isinstance(record, Event | Ticket | SituationRecord)
            else replace(record, valid_from=since)
        )
        ended_at = since if _is_closing(record) else None
        self.rows[key] = Stored(held, self.revision, since, recorded_at, source, ended_at)
        owner = _owner(record)
        if owner is not None:
            self.rows[owner] = replace(self.rows[owner], revision=self.revision)

    def _problems(
        self, records: Sequence[Record], changing: Sequence[Record], condition: Precondition
    ) -> dict[int, RowProblem]:
        problems: dict[int, RowProblem] = {}
        for index, record in enumerate(records):
            if not any(record is row for row in changing):
                continue
            past = condition.retired_ends and not isinstance(record, Dependency)
            missing = self._missing_item(record, records, past=past) or self._missing_party(record, records)
            first = self._first_incident(record, records)
            if missing is not None:
                problems[index] = _dangling(missing)
            elif first is not None and first != record.key:
                problems[index] = RowProblem(
                    code=ErrorCode.CONFLICT,
                    field="cause_key",
                    message=f"The incident {first} of the same cause is open.",
                    hint=f"Attach to {first} instead.",
                )
        return problems

    def _overtaken(
        self, records: Sequence[Record], changing: Sequence[Record], seen: int | None
    ) -> dict[int, RowProblem]:
        """Find the changing records that were written after the revision that the writer has seen."""
        late = [
            index
            for index, record in enumerate(records)
            if seen is not None
            and any(record is row for row in changing)
            and (record.kind, record.key) in self.rows
            and self.rows[record.kind, record.key].revision > seen
        ]
        return {index: RowProblem(code=ErrorCode.CONFLICT, message="Written since.") for index in late}

    def _missing_item(self, record: Record, records: Sequence[Record], *, past: bool) -> str | None:
        """Return the first end that does not live; what the stored record refers to already is not asked again."""
        batch = {row.key: row for row in records if isinstance(row, Item)}
        present = self.rows.get((record.kind, record.key))
        known = () if present is None or _is_closing(present.record) else _ends(present.record)
        for end in () if _is_closing(record) else _ends(record):
            stored = self.rows.get((RecordKind.ITEM, end))
            item = batch.get(end, stored.record if stored else None)
            if end not in known and (item is None or (_is_closing(item) and not past)):
                return f"CI '{end}'"
        return None

    def _missing_party(self, record: Record, records: Sequence[Record]) -> str | None:
        if not isinstance(record, Assignment) or record.ended:
            return None
        known = (RecordKind.PARTY, record.party) in self.rows
        arriving = any(isinstance(row, Party) and row.key == record.party for row in records)
        return None if known or arriving else f"party '{record.party}'"

    def _first_incident(self, record: Record, records: Sequence[Record]) -> str | None:
        """Return which ticket holds the cause of an open incident: one of the store, else the batch's first."""
        if not _claims_cause(record):
            return None
        batch = {row.key for row in records}
        stored = [row.record for key, row in self.rows.items() if key[1] not in batch]
        claims = [*filter(_claims_cause, stored), *filter(_claims_cause, records)]
        return next(row.key for row in claims if _cause(row) == _cause(record))

    async def delta(self, principal: Principal, since: int) -> GraphDelta:
        """Return what was written after `since`."""
        _require_everything(principal)
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
        return [self._shown(principal, row) for row in found if self._sees(principal, row.record)]

    async def page(
        self, principal: Principal, kind: RecordKind, query: RecordFilter, after: PageKey | None, limit: int
    ) -> list[Stored]:
        """Return a page, newest first."""
        rows = self._matching(principal, kind, query)
        found = [row for place, row in rows if after is None or place.rank < after.rank][:limit]
        return [self._shown(principal, row) for row in found]

    async def count(self, principal: Principal, kind: RecordKind, query: RecordFilter) -> int:
        """Return the number of matching records."""
        return len(self._matching(principal, kind, query))

    async def versions(self, principal: Principal, kind: RecordKind, key: str) -> list[Stored]:
        """Return every version, oldest first."""
        present = await self.records(principal, kind, [key])
        return [*self.archive.get((kind, key), []), *present] if present else []

    async def past(self, principal: Principal, moment: Moment) -> list[Stored]:
        """Return per record the state recorded last among those recorded and valid by then."""
        _require_everything(principal)
        found: dict[Key, Stored] = {}
        for key, row in self.rows.items():
            for state in (*self.archive.get(key, ()), row):
                if state.recorded_at <= moment.known_at and state.valid_from <= moment.as_of:
                    ended_at = state.valid_from if _is_closing(state.record) else None
                    found[key] = replace(state, valid_to=ended_at)
        return [found[key] for key in sorted(found)]

    def _matching(
        self, principal: Principal, kind: RecordKind, query: RecordFilter
    ) -> list[tuple[PageKey, Stored]]:
        found: list[tuple[PageKey, Stored]] = []
        for (row_kind, key), row in self.rows.items():
            at = _time(row.record)
            listed = row_kind is kind and (at is not None or kind is RecordKind.CHANGE)
            if listed and _fits(query, row.record, at) and self._sees(principal, row.record):
                found.append((PageKey(at, key), row))
        return sorted(found, key=lambda entry: entry[0].rank, reverse=True)

    def _sees(self, principal: Principal, record: Record) -> bool:
        if isinstance(visible(principal), Everything):
            return True
        if principal.party is not None and _own(record) == principal.party:
            return True
        ends = self._assigned(record.key) if isinstance(record, Party) else _ends(record)
        seen = [self._sees_item(principal, end) for end in ends if end]
        return all(seen) and bool(seen) if isinstance(record, Dependency) else any(seen)

    def _assigned(self, party: str) -> tuple[str, ...]:
        rows = (row.record for row in self.rows.values())
        return tuple(r.item for r in rows if isinstance(r, Assignment) and r.party == party and not r.ended)

    def _sees_item(self, principal: Principal, key: str) -> bool:
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
        return holds(visible(principal), key, item.ci_class, subscribers)

    def _shown(self, principal: Principal, row: Stored) -> Stored:
        """Drop the CIs that the principal may not see."""
        seen = tuple(end for end in _ends(row.record) if self._sees_item(principal, end))
        match row.record:
            case Change():
                return replace(row, record=replace(row.record, targets=seen))
            case Ticket(cause_item=str(cause)) if not self._sees_item(principal, cause):
                hidden = replace(row.record, items=seen, title=CAUSE_HIDDEN, cause_item=None)
                return replace(row, record=hidden)
            case Ticket() | Window():
                return replace(row, record=replace(row.record, items=seen))
            case SituationRecord() if not isinstance(visible(principal), Everything):
                return replace(row, record=replace(row.record, events=()))
        return row


def _require_everything(principal: Principal) -> None:
    if not isinstance(visible(principal), Everything):
        raise Forbidden(ErrorCode.FORBIDDEN, f"The role {principal.role.value} may not read all.")


def _require_sound(records: Sequence[Record]) -> None:
    if len({(record.kind, record.key) for record in records}) < len(records):
        raise InvalidInput(ErrorCode.DUPLICATE_KEY, "Two records have the same kind and key.")
    for record in records:
        if isinstance(record, Dependency) and record.verb not in VERBS:
            raise InvalidInput(ErrorCode.UNKNOWN_VERB, f"The verb '{record.verb}' is not declared.")


def _ends(record: Record) -> tuple[str, ...]:
    match record:
        case Item():
            return (record.key,)
        case Dependency():
            return (record.consumer, record.provider)
        case Event():
            return (record.item,) if record.item else ()
        case Assignment():
            return (record.item,)
        case Change():
            return record.targets
        case Ticket() | Window():
            return record.items
        case SituationRecord():
            return (record.cause,)
    return ()


def _owner(record: Record) -> Key | None:
    """Return the record that carries the stamp of what hangs off it."""
    match record:
        case Dependency():
            return (RecordKind.ITEM, record.consumer)
        case Assignment():
            return (RecordKind.PARTY, record.party)
    return None


def _own(record: Record) -> str | None:
    """Return the party that may always read the record."""
    match record:
        case Party():
            return record.key
        case Ticket():
            return record.caller
    return None


def _is_closing(record: Record) -> bool:
    return record.retired if isinstance(record, Item) else bool(getattr(record, "ended", False))


def _is_over(record: Record) -> bool:
    return _is_closing(record) or (isinstance(record, Event) and not record.is_open)


def _claims_cause(record: Record) -> bool:
    return isinstance(record, Ticket) and (
        record.ticket_kind is TicketKind.INCIDENT and record.is_open and record.cause_key is not None
    )


def _cause(record: Record) -> str | None:
    return record.cause_key if isinstance(record, Ticket) else None


def _time(record: Record) -> datetime | None:
    match record:
        case Event():
            return record.raised_at
        case Change():
            return record.start
        case Ticket():
            return record.opened_at
    return None


def _fits(query: RecordFilter, record: Record, at: datetime | None) -> bool:
    state = str(record.state) if isinstance(record, Event | Change | Ticket) else ""
    return (
        (query.items is None or not query.items.isdisjoint(_ends(record)))
        and (query.states is None or state in query.states)
        and (query.bound is None or not isinstance(record, Event) or bool(record.item) is query.bound)
        and (query.since is None or (at is not None and at >= query.since))
        and (query.until is None or (at is not None and at < query.until))
    )


def _collect(delta: GraphDelta, record: Record, *, whole: bool) -> None:  # noqa: C901 - one case per record kind
    if whole and (_is_closing(record) or (isinstance(record, Event) and not record.is_open)):
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
        case SituationRecord():
            delta.situations.append(record)


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


def _dangling(missing: str) -> RowProblem:
    message = f"There is no {missing}, neither in this batch nor in the store."
    return RowProblem(code=ErrorCode.DANGLING_END, message=message, hint="Write it first.")


def _refused(index: int, record: Record, problem: RowProblem | None) -> RowResult:
    drag = RowProblem(code=ErrorCode.CONFLICT, message="Another row was refused.")
    return RowResult(
        index=index, kind=record.kind, key=record.key, status=RowStatus.REFUSED, problem=problem or drag
    )
