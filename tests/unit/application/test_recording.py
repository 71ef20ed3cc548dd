"""Batches and loads of records."""

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import pytest

from cmdb.application.recording import CHUNK, LoadReport
from cmdb.application.requests import OnError, RecordBatch
from cmdb.desk.access import SYSTEM
from cmdb.errors import ErrorCode, Forbidden, Place
from cmdb.model.access import Principal, PrincipalRole
from cmdb.model.kinds import RecordKind
from cmdb.model.records import (
    Dependency,
    EntryRecord,
    Event,
    EventState,
    EventTransition,
    Item,
    Record,
    Ticket,
    TicketKind,
    TicketState,
)
from cmdb.model.redundancy import RedundancyGroup
from cmdb.model.severity import Severity, Strength
from cmdb.ports.graph import UNCONDITIONAL, Precondition, RowStatus, WriteOutcome
from cmdb.ports.records import LocatedRecord
from tests.fakes.graph import FakeGraph
from tests.support.moments import NOON, minutes
from tests.support.small_estate import ESTATE, Bench, cleared, furnished, item, needs, raised

INGEST = Principal(name="probe", role=PrincipalRole.INGEST)
LOADER = Principal(name="loader", role=PrincipalRole.LOADER)
DESK = Principal(name="desk", role=PrincipalRole.DESK)


@dataclass
class RecordingGraph(FakeGraph):
    """Keeps which kinds each transaction wrote."""

    batches: list[list[RecordKind]] = field(default_factory=list)

    async def write(
        self,
        principal: Principal,
        source: str,
        records: Sequence[Record],
        recorded_at: datetime,
        condition: Precondition = UNCONDITIONAL,
    ) -> WriteOutcome:
        """Note the kinds and write."""
        self.batches.append([record.kind for record in records])
        return await super().write(principal, source, records, recorded_at, condition)


def located(*records: EntryRecord) -> list[LocatedRecord]:
    return [LocatedRecord(record, Place("file.jsonl", line)) for line, record in enumerate(records, start=1)]


async def load(bench: Bench, *records: EntryRecord, dry_run: bool = False) -> LoadReport:
    return await bench.application.load(LOADER, "file", located(*records), dry_run=dry_run)


async def event(bench: Bench, key: str) -> Event:
    (found,) = await bench.application.events_by_key(SYSTEM, [key])
    assert found is not None
    return found


async def test_a_refused_row_refuses_the_batch_or_is_skipped_as_asked() -> None:
    bench = await furnished()
    bad = item("x", "no_such_class")
    refused = await bench.assert_records(item("y", "server"), bad)
    assert [row.status for row in refused.results] == [RowStatus.REFUSED, RowStatus.REFUSED]
    assert refused.results[1].problem is not None
    assert refused.results[1].problem.code is ErrorCode.UNKNOWN_CLASS
    assert (refused.revision, bench.graph.revision) == (1, 1)
    skipped = await bench.assert_records(item("y", "server"), bad, on_error=OnError.SKIP_ROW)
    assert [row.status for row in skipped.results] == [RowStatus.CREATED, RowStatus.REFUSED]
    assert [row.index for row in skipped.results] == [0, 1]


async def test_a_batch_of_refused_rows_only_takes_no_revision() -> None:
    bench = await furnished()
    outcome = await bench.assert_records(item("x", "no_such_class"), on_error=OnError.SKIP_ROW)
    assert (outcome.revision, outcome.refused, bench.graph.revision) == (1, True, 1)


async def test_an_empty_batch_takes_no_revision() -> None:
    assert await (await furnished()).assert_records() == WriteOutcome(1, ())


async def test_an_unchanged_batch_takes_no_revision() -> None:
    bench = await furnished()
    again = await bench.assert_records(item("r1", "router", "edge router 1"), needs("vpnc", "r1"))
    assert [row.status for row in again.results] == [RowStatus.UNCHANGED, RowStatus.UNCHANGED]
    assert again.revision == 1


async def test_what_the_store_refuses_comes_back_with_its_row() -> None:
    bench = await furnished()

    def incident(key: str) -> Ticket:
        return Ticket(
            key=key, ticket_kind=TicketKind.INCIDENT, title=key, state=TicketState.NEW, opened_at=NOON,
            changed_at=NOON, items=("r1",), cause_key="cause:r1",
        )  # fmt: skip

    await bench.assert_records(incident("INC1"))
    outcome = await bench.assert_records(item("new", "server"), incident("INC2"))
    assert [row.status for row in outcome.results] == [RowStatus.REFUSED, RowStatus.REFUSED]
    assert outcome.results[1].problem is not None
    assert (outcome.results[1].problem.code, outcome.results[1].problem.field) == (
        ErrorCode.CONFLICT,
        "cause_key",
    )


@pytest.mark.parametrize(
    ("principal", "record"),
    [(INGEST, item("x", "server")), (DESK, item("x", "server")), (DESK, raised("r1"))],
)
async def test_roles_that_may_not_write_are_turned_away(principal: Principal, record: EntryRecord) -> None:
    bench = await furnished()
    with pytest.raises(Forbidden):
        await bench.application.record(principal, RecordBatch(source="s", records=(record,)))
    with pytest.raises(Forbidden):
        await bench.application.load(principal, "s", located(record))
    assert bench.graph.revision == 1


async def test_a_dependency_takes_the_strength_of_its_verb_unless_told() -> None:
    bench = await furnished()
    told = Dependency(consumer="print", verb="DEPENDS_ON", provider="r2", strength=Strength.TELEMETRY)
    await bench.assert_records(told)
    found = await bench.graph.records(
        SYSTEM, RecordKind.DEPENDENCY, ["print|DEPENDS_ON|r2|", "vpnc|DEPENDS_ON|r1|"]
    )
    declared = bench.application.metamodel.relationships["DEPENDS_ON"].strength
    assert [row.record.strength for row in found if isinstance(row.record, Dependency)] == [
        Strength.TELEMETRY,
        declared,
    ]


async def test_reporters_who_may_read_nothing_still_continue_their_events() -> None:
    bench = await furnished()
    again = raised("r1", Severity.MAJOR, NOON + minutes(3))
    for step in (raised("r1"), again, cleared("r1", NOON + minutes(9))):
        await bench.application.record(INGEST, RecordBatch(source="probe", records=(step,)))
    kept = await event(bench, "probe:r1:down")
    assert (kept.raised_at, kept.cleared_at, kept.count, kept.severity) == (
        NOON,
        NOON + minutes(9),
        2,
        Severity.MAJOR,
    )


async def test_steps_of_one_event_in_one_batch_fold_into_one_record() -> None:
    bench = await furnished()
    outcome = await bench.assert_records(cleared("r1", NOON + minutes(5)), raised("r1"))
    assert [(row.key, row.status.value) for row in outcome.results] == [("test:r1:down", "created")] * 2
    kept = await event(bench, "test:r1:down")
    assert (kept.state, kept.raised_at, kept.cleared_at) == (EventState.CLEARED, NOON, NOON + minutes(5))


async def test_sources_keep_their_events_apart() -> None:
    bench = await furnished(raised("r1"))
    batch = RecordBatch(source="other", records=(cleared("r1", NOON + minutes(5)),))
    await bench.application.record(SYSTEM, batch)
    assert (await event(bench, "test:r1:down")).is_open


async def test_a_loads_problems_name_their_places_and_nothing_is_written() -> None:
    bench = await furnished()
    report = await load(bench, item("a", "server"), item("b", "no_such_class"), needs("a", "nowhere"))
    assert [(problem.place, problem.problem.code) for problem in report.problems] == [
        ("file.jsonl:2", ErrorCode.UNKNOWN_CLASS),
        ("file.jsonl:3", ErrorCode.DANGLING_END),
    ]
    assert (report.revision, report.counts, bench.graph.revision) == (1, {}, 1)


async def test_a_dry_run_counts_and_writes_nothing() -> None:
    bench = await furnished()
    report = await load(bench, raised("r1"), item("a", "server"), item("b", "server"), dry_run=True)
    assert report == LoadReport(
        revision=1, counts={"event": {"checked": 1}, "item": {"checked": 2}}, dry_run=True
    )
    assert bench.graph.revision == 1


async def test_a_dry_run_tells_problems_too() -> None:
    bench = await furnished()
    report = await load(bench, item("b", "no_such_class"), dry_run=True)
    assert (len(report.problems), report.dry_run) == (1, True)


async def test_a_load_may_name_ends_before_they_come() -> None:
    graph = RecordingGraph()
    bench = Bench(graph)
    report = await load(bench, *reversed(ESTATE))
    assert report.problems == ()
    assert report.counts["item"] == {"created": 9}
    assert report.revision == graph.revision == 1
    order = list(dict.fromkeys(graph.batches[0]))
    assert order.index(RecordKind.ITEM) < order.index(RecordKind.DEPENDENCY)
    assert order.index(RecordKind.PARTY) < order.index(RecordKind.ASSIGNMENT)


async def test_a_long_load_goes_in_chunks_ends_first() -> None:
    graph = RecordingGraph()
    bench = Bench(graph)
    keys = [f"s{number:04}" for number in range(CHUNK)]
    report = await load(
        bench, *(needs(key, keys[0]) for key in keys[1:3]), *(item(key, "server") for key in keys)
    )
    assert [len(batch) for batch in graph.batches] == [CHUNK, 2]
    assert set(graph.batches[0]) == {RecordKind.ITEM}
    assert report.counts == {"item": {"created": CHUNK}, "dependency": {"created": 2}}
    assert report.revision == 2
    assert len(await bench.application.refs(SYSTEM, keys)) == CHUNK
    again = await load(bench, *(item(key, "server") for key in keys))
    assert (again.revision, again.counts) == (2, {"item": {"unchanged": CHUNK}})


@dataclass
class BusyGraph(FakeGraph):
    """Lets one batch of somebody else come up while the first chunk of a load is written."""

    others: Coroutine[object, object, WriteOutcome] | None = None
    tasks: list[asyncio.Task[WriteOutcome]] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)

    async def write(
        self,
        principal: Principal,
        source: str,
        records: Sequence[Record],
        recorded_at: datetime,
        condition: Precondition = UNCONDITIONAL,
    ) -> WriteOutcome:
        """Note who writes, let the other one come as far as it can, and write."""
        self.sources.append(source)
        if source == "file" and self.others is not None:
            self.tasks.append(asyncio.create_task(self.others))
            self.others = None
            await asyncio.sleep(0)
        return await super().write(principal, source, records, recorded_at, condition)


async def busy_load(
    first: Item, batch: Sequence[EntryRecord], *rest: EntryRecord
) -> tuple[BusyGraph, LoadReport]:
    """Load one full chunk and the rest over a store that holds one CI; the batch comes during the first chunk."""
    graph = BusyGraph()
    bench = Bench(graph)
    await bench.assert_records(first)
    graph.sources.clear()
    graph.others = bench.assert_records(*batch)
    report = await load(bench, *(item(f"s{number:04}", "server") for number in range(CHUNK)), *rest)
    await asyncio.gather(*graph.tasks)
    return graph, report


async def test_an_event_does_not_wait_for_the_whole_load() -> None:
    graph, report = await busy_load(item("r1", "router"), [raised("r1")], needs("s0001", "r1"))
    assert graph.sources == ["file", "test", "file"]
    assert report.counts == {"item": {"created": CHUNK}, "dependency": {"created": 1}}


async def test_a_group_that_goes_between_two_chunks_refuses_the_dependency_that_counts_in_it() -> None:
    grouped = item("app", "server", groups=(RedundancyGroup(name="pair", need_up=1),))
    graph, report = await busy_load(grouped, [item("app", "server")], needs("app", "s0001", group="pair"))
    assert graph.sources == ["file", "test"]
    assert [(problem.place, problem.problem.code) for problem in report.problems] == [
        (f"file.jsonl:{CHUNK + 1}", ErrorCode.UNKNOWN_GROUP)
    ]
    assert report.counts == {"item": {"created": CHUNK}}


async def test_an_empty_load_reports_the_present_revision() -> None:
    assert await load(await furnished()) == LoadReport(revision=1)


async def test_what_the_store_refuses_in_a_load_names_its_place() -> None:
    bench = await furnished()
    twins = [
        Ticket(
            key=key, ticket_kind=TicketKind.INCIDENT, title=key, state=TicketState.NEW, opened_at=NOON,
            changed_at=NOON, items=("r1",), cause_key="cause:r1",
        )
        for key in ("INC1", "INC2")
    ]  # fmt: skip
    report = await load(bench, item("a", "server"), *twins)
    assert ("file.jsonl:3", ErrorCode.CONFLICT) in [
        (problem.place, problem.problem.code) for problem in report.problems
    ]
    assert bench.graph.revision == 1


async def test_a_transition_without_a_stored_event_clears_it_at_once() -> None:
    bench = await furnished()
    step = EventTransition(
        item="r1", condition="fan", severity=Severity.OK, at=NOON, state=EventState.CLEARED, key="native-7"
    )
    await bench.assert_records(step)
    kept = await event(bench, "test:native-7")
    assert (kept.is_open, kept.raised_at, kept.cleared_at) == (False, NOON, NOON)
