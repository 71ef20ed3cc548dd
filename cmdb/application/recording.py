"""Takes records in: conformance first, then one transaction; loads go in chunks that were checked as a whole."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from cmdb.application.binding import Binder, Bound
from cmdb.application.live import LiveTopology
from cmdb.application.rebinding import Rebinding, is_overtaken
from cmdb.application.requests import OnError, RecordBatch
from cmdb.application.screening import Screening, find_refusals
from cmdb.application.writing_order import kind_of
from cmdb.desk.access import SYSTEM, require_assert, require_events
from cmdb.desk.event_life import event_key, fold
from cmdb.desk.run_steps import keep_dependency_sightings, keep_sightings
from cmdb.errors import ErrorCode, Place
from cmdb.model.access import Principal
from cmdb.model.kinds import RecordKind
from cmdb.model.metamodel import Metamodel
from cmdb.model.records import Dependency, EntryRecord, Event, EventTransition, Item, Record
from cmdb.model.runs import Triple
from cmdb.ports.clock import Clock
from cmdb.ports.graph import (
    UNCONDITIONAL,
    GraphReader,
    GraphWriter,
    Precondition,
    RowProblem,
    RowResult,
    RowStatus,
    WriteOutcome,
)
from cmdb.ports.records import LocatedRecord
from cmdb.ports.runs import RunLog

CHUNK = 2000
"""Records per transaction: a write stays near 100 ms, so that loads and events alternate."""

REBUILDS = 5
"""How often a write is built anew that another process has overtaken."""

ATTEMPTS = 10
"""How often events are folded anew because another process wrote in between."""

MOST_PROBLEMS = 10_000
"""Faulty records that a load names; it looks for no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadProblem:
    """Why a record of a load was refused, and where it stands in its source."""

    place: str
    problem: RowProblem


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadReport:
    """What a load did: per kind how many records were created, updated or unchanged; with problems, none."""

    revision: int
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    problems: tuple[LoadProblem, ...] = ()
    dry_run: bool = False


class Recorder:
    """The use cases behind every write of records."""

    def __init__(
        self,
        live: LiveTopology,
        reader: GraphReader,
        writer: GraphWriter,
        metamodel: Metamodel,
        clock: Clock,
        run_log: RunLog,
    ) -> None:
        """Checks run against the live graph; the store checks ends again inside its transaction."""
        self._live = live
        self._reader = reader
        self._writer = writer
        self._run_log = run_log
        self._metamodel = metamodel
        self._clock = clock
        self._binder = Binder(run_log, metamodel)
        self.rebinding = Rebinding(live, reader, self._binder, self.revise)
        self._turn = asyncio.Lock()
        self._loading = asyncio.Lock()
        self._batches = 0

    async def record(self, principal: Principal, batch: RecordBatch) -> WriteOutcome:
        """Write one batch atomically; refused rows either refuse the batch or are skipped, as the batch says."""
        _require(principal, {kind_of(record) for record in batch.records})
        async with self._turn:
            skipping = batch.on_error is OnError.SKIP_ROW
            refused = await find_refusals(self._live, self._metamodel, batch.records, skipping=skipping)
            if refused and not skipping:
                return WriteOutcome(
                    await self._live.revision(), _results(batch.records, refused, batch.source)
                )
            kept = [index for index in range(len(batch.records)) if index not in refused]
            self._batches += 1
            outcome = await self._write(principal, batch.source, [batch.records[index] for index in kept])
            await self._live.current(outcome.revision)
        written = dict(zip(kept, outcome.results, strict=True))
        revision = max(outcome.revision, await self.rebinding.bind_waiting())
        return WriteOutcome(revision, _results(batch.records, refused, batch.source, written))

    async def load(
        self, principal: Principal, source: str, rows: Collection[LocatedRecord], *, dry_run: bool
    ) -> LoadReport:
        """Check all rows, which come in writing order, then write in chunks; with a problem nothing is written.

        Batches may be written between two chunks: whoever reports an event does not wait for the whole load.
        """
        async with self._loading:
            return await self._load(principal, source, rows, dry_run=dry_run)

    async def _load(
        self, principal: Principal, source: str, rows: Collection[LocatedRecord], *, dry_run: bool
    ) -> LoadReport:
        batches, present = self._batches, await self._live.current()
        screening = Screening(self._live, present, self._metamodel)
        counts: Counter[RecordKind] = Counter()
        async for row in _unhurried(rows):
            screening.learn(row.record)
            counts[kind_of(row.record)] += 1
        _require(principal, counts)
        problems = await self._screened(screening, rows)
        if problems or dry_run:
            checked = {} if problems else {kind.value: {"checked": counts[kind]} for kind in sorted(counts)}
            return LoadReport(revision=present.revision, counts=checked, problems=problems, dry_run=dry_run)
        return await self._write_chunks(principal, source, rows, batches)

    async def revise(
        self,
        principal: Principal,
        source: str,
        build: Callable[[], Awaitable[Sequence[Record]]],
        condition: Precondition = UNCONDITIONAL,
    ) -> WriteOutcome:
        """Write what `build` makes of the present; when another process has written that meanwhile, build anew."""
        async with self._turn:
            self._batches += 1
            for attempt in range(1, REBUILDS + 1):
                seen = replace(condition, seen=await self._reader.head())
                now = self._clock.now()
                outcome = await self._writer.write(principal, source, await build(), now, seen)
                if attempt == REBUILDS or not is_overtaken(outcome):
                    return outcome
        raise AssertionError("unreachable: the last attempt returns")

    async def append(
        self,
        principal: Principal,
        source: str,
        entries: Sequence[EntryRecord],
        condition: Precondition = UNCONDITIONAL,
    ) -> WriteOutcome:
        """Write records that were checked elsewhere, events folded into those that are there."""
        async with self._turn:
            self._batches += 1
            return await self._write(principal, source, entries, condition)

    async def _screened(
        self, screening: Screening, rows: Collection[LocatedRecord]
    ) -> tuple[LoadProblem, ...]:
        found: list[tuple[Place, RowProblem]] = []
        async for row in _unhurried(rows):
            problem = screening.problem(row.record)
            if problem is not None:
                found.append((row.place, problem))
                if len(found) == MOST_PROBLEMS:
                    break
        found.sort(key=lambda pair: (pair[0].source, pair[0].line or 0))
        return tuple(LoadProblem(place=str(place), problem=problem) for place, problem in found)

    async def _write_chunks(
        self, principal: Principal, source: str, rows: Collection[LocatedRecord], batches: int
    ) -> LoadReport:
        counts: dict[str, Counter[str]] = {}
        revision = 0
        left = iter(rows)
        while chunk := list(islice(left, CHUNK)):
            async with self._turn:
                refused = await self._outdated(chunk, revision) if batches != self._batches else {}
                batches = self._batches
                if refused:
                    problems = _problems(chunk, refused)
                    return LoadReport(revision=revision, counts=counts, problems=problems)
                outcome = await self._write(principal, source, [row.record for row in chunk])
            revision = outcome.revision
            if outcome.refused:
                await self._live.current(revision)
                return LoadReport(revision=revision, counts=counts, problems=_store_problems(chunk, outcome))
            for (kind, status), number in Counter((row.kind, row.status) for row in outcome.results).items():
                counts.setdefault(kind.value, Counter())[status.value] += number
        # Only now: to take each chunk into the projection would build the topology of the whole graph each time.
        present = await self._live.current(revision)
        return LoadReport(
            revision=max(revision or present.revision, await self.rebinding.bind_waiting()), counts=counts
        )

    async def _outdated(self, chunk: Sequence[LocatedRecord], revision: int) -> dict[int, RowProblem]:
        """Check dependencies again after another's batch: their ends' classes and groups may have changed.

        Other records name their ends only, and that those exist the store checks inside its transaction.
        """
        await self._live.current(revision)
        refused = await find_refusals(self._live, self._metamodel, [row.record for row in chunk])
        return {
            index: problem
            for index, problem in refused.items()
            if isinstance(chunk[index].record, Dependency)
        }

    async def _write(
        self,
        principal: Principal,
        source: str,
        entries: Sequence[EntryRecord],
        condition: Precondition = UNCONDITIONAL,
    ) -> WriteOutcome:
        if not entries:
            return WriteOutcome(await self._live.revision(), ())
        records, outcome = await self._write_folded(principal, source, entries, condition)
        if len(outcome.results) == len(records):
            return outcome
        status = {(result.kind, result.key): result for result in outcome.results}
        results = tuple(
            _renumbered(index, status[record.kind, record.key]) for index, record in enumerate(records)
        )
        return WriteOutcome(outcome.revision, results)

    async def _beside_sightings(self, records: Sequence[Record]) -> list[Record]:
        """Return in order what becomes of each record: of what loaders have seen, it is one voice of many."""
        joined = list(records)
        items = {record.key for record in records if isinstance(record, Item) and not record.mention}
        edges = {_triple(record) for record in records if isinstance(record, Dependency) and not record.ended}
        if not (items or edges) or not await self._run_log.has_feeds():
            return joined
        seen = await self._run_log.sighted_items(items)
        between = await self._run_log.dependencies_between(edges)
        for index, record in enumerate(records):
            if isinstance(record, Item) and record.key in seen:
                joined[index] = keep_sightings(record, seen[record.key], self._metamodel)
            elif isinstance(record, Dependency) and any(
                held.sightings for held in between.get(_triple(record), ())
            ):
                joined[index] = keep_dependency_sightings(record, between[_triple(record)], self._metamodel)
        return joined

    async def _write_folded(
        self, principal: Principal, source: str, entries: Sequence[EntryRecord], condition: Precondition
    ) -> tuple[list[Record], WriteOutcome]:
        """Write what becomes of the entries, anew if another process wrote in between; one result a distinct record."""
        folds = condition.seen is None and any(isinstance(entry, EventTransition) for entry in entries)
        attempts = ATTEMPTS if folds else 1
        while True:
            attempts -= 1
            seen = await self._reader.head() if folds else None
            bound = await self._binder.bind(self._live.current, source, entries)
            events = await self._folded(source, bound)
            made = [
                events[event_key(source, e)] if isinstance(e, EventTransition) else self._completed(e)
                for e in bound.entries
            ]
            records = await self._beside_sightings(made)
            distinct = list({(record.kind, record.key): record for record in records}.values())
            stated = replace(condition, seen=seen) if folds else condition
            outcome = await self._writer.write(principal, source, distinct, self._clock.now(), stated)
            if not attempts or not outcome.refused or await self._reader.head() == seen:
                return records, outcome

    def _completed(self, entry: Record) -> Record:
        """Give a dependency without a strength that of its verb, so that the store holds what counts."""
        if isinstance(entry, Dependency) and entry.strength is None:
            return replace(entry, strength=self._metamodel.relationships[entry.verb].strength)
        return entry

    async def _folded(self, source: str, bound: Bound) -> Mapping[str, Event]:
        """Fold the batch's transitions into the events that the store holds, seen by who reports them or not."""
        steps = {
            index: entry for index, entry in enumerate(bound.entries) if isinstance(entry, EventTransition)
        }
        keys = list(dict.fromkeys(event_key(source, step) for step in steps.values()))
        stored = await self._reader.records(SYSTEM, RecordKind.EVENT, keys) if keys else []
        events = {row.record.key: row.record for row in stored if isinstance(row.record, Event)}
        told: dict[str, list[EventTransition]] = {key: [] for key in keys}
        for step in steps.values():
            told[event_key(source, step)].append(step)
        folded = {key: fold(events.get(key), source, rows) for key, rows in told.items()}
        for index, step in steps.items():
            key = event_key(source, step)
            event = folded[key]
            if index in bound.reasons and (not event.item or event.item == step.item):
                folded[key] = replace(event, item=step.item, binding=bound.reasons[index])
        return folded


def _triple(dependency: Dependency) -> Triple:
    return dependency.consumer, dependency.verb, dependency.provider


def _require(principal: Principal, kinds: Iterable[RecordKind]) -> None:
    if set(kinds) <= {RecordKind.EVENT, RecordKind.CHANGE}:
        require_events(principal)
    else:
        require_assert(principal)


async def _unhurried(rows: Iterable[LocatedRecord]) -> AsyncIterator[LocatedRecord]:
    """Let others have their turn now and then."""
    for number, row in enumerate(rows):
        if number % CHUNK == 0:
            await asyncio.sleep(0)
        yield row


def _renumbered(index: int, result: RowResult) -> RowResult:
    return RowResult(
        index=index, kind=result.kind, key=result.key, status=result.status, problem=result.problem
    )


def _problems(located: Sequence[LocatedRecord], refused: Mapping[int, RowProblem]) -> tuple[LoadProblem, ...]:
    return tuple(
        LoadProblem(place=str(located[index].place), problem=refused[index]) for index in sorted(refused)
    )


def _store_problems(chunk: Sequence[LocatedRecord], outcome: WriteOutcome) -> tuple[LoadProblem, ...]:
    return tuple(
        LoadProblem(place=str(chunk[row.index].place), problem=row.problem)
        for row in outcome.results
        if row.problem
    )


def _results(
    entries: Sequence[EntryRecord],
    refused: Mapping[int, RowProblem],
    source: str,
    written: Mapping[int, RowResult] | None = None,
) -> tuple[RowResult, ...]:
    """One result per row; in a refused batch the sound rows are refused too, with that reason."""
    dragged = RowProblem(
        code=ErrorCode.CONFLICT,
        message="Another row of this batch was refused, so nothing was written.",
        hint="Mend or drop the refused rows and send the batch again.",
    )
    results: list[RowResult] = []
    for index, entry in enumerate(entries):
        if written is not None and index in written:
            results.append(_renumbered(index, written[index]))
            continue
        results.append(
            RowResult(
                index=index,
                kind=kind_of(entry),
                key=event_key(source, entry) if isinstance(entry, EventTransition) else entry.key,
                status=RowStatus.REFUSED,
                problem=refused.get(index, dragged),
            )
        )
    return tuple(results)
