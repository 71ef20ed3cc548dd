"""The owner binds what waits for CIs that another process brought, and tries again what came to nothing."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import pytest

from cmdb.application.duties import Duties
from cmdb.application.requests import RecordBatch
from cmdb.desk.access import SYSTEM
from cmdb.errors import ErrorCode, StoreError
from cmdb.model.access import Principal
from cmdb.model.kinds import RecordKind
from cmdb.model.records import (
    Change,
    ChangeKind,
    ChangeState,
    EntryRecord,
    Event,
    EventTransition,
    Item,
    Record,
)
from cmdb.model.severity import Severity
from cmdb.model.subject import Subject
from cmdb.ports.graph import UNCONDITIONAL, Precondition, WriteOutcome
from tests.fakes.graph import FakeGraph
from tests.support.moments import NOON
from tests.support.small_estate import Bench, furnished

STEP = EventTransition(
    subject=Subject(host="edge-9.example.org"), condition="down", severity=Severity.MAJOR, at=NOON, key="e9"
)
CHANGE = Change(
    key="c9",
    title="swap",
    change_kind=ChangeKind.NORMAL,
    state=ChangeState.RUNNING,
    subjects=(Subject(host="edge-9.example.org"),),
)
EDGE = Item(key="edge-9", ci_class="router", name="edge-9", attributes={"fqdn": "edge-9.example.org"})


class FailingGraph(FakeGraph):
    """Loses its connection at the next write, when told to."""

    fails = False

    async def write(
        self,
        principal: Principal,
        source: str,
        records: Sequence[Record],
        recorded_at: datetime,
        condition: Precondition = UNCONDITIONAL,
    ) -> WriteOutcome:
        """Write, or fail once."""
        if self.fails:
            self.fails = False
            raise StoreError(ErrorCode.STORE_GONE, "The connection was lost.")
        return await super().write(principal, source, records, recorded_at, condition)


async def waiting(*entries: EntryRecord, graph: FakeGraph | None = None) -> tuple[Bench, Duties]:
    """Return a bench with what waits for its CI, and the duties of its owner, who has seen it."""
    bench = Bench(graph) if graph else await furnished()
    outcome = await bench.application.record(SYSTEM, RecordBatch(source="mon", records=entries))
    assert not outcome.refused
    duties = bench.application.duties(bench.graph.lease, "one", None)
    await duties.role.step(0.0)
    await duties.work_once()
    return bench, duties


async def written_elsewhere(bench: Bench, *records: Record) -> None:
    """Write as a process does that ends before it has looked at what waits."""
    await bench.graph.write(SYSTEM, "inventory", records, bench.clock.now())
    bench.clock.advance(0.1)


async def where(bench: Bench) -> tuple[str, tuple[str, ...]]:
    """Return the CI of the event and the targets of the change."""
    event, change = "", tuple[str, ...]()
    for kind, key in ((RecordKind.EVENT, "mon:e9"), (RecordKind.CHANGE, "c9")):
        for row in await bench.graph.records(SYSTEM, kind, [key]):
            if isinstance(row.record, Event):
                event = row.record.item
            elif isinstance(row.record, Change):
                change = row.record.targets
    return event, change


async def test_an_event_and_a_change_are_bound_to_the_ci_that_another_process_wrote() -> None:
    bench, duties = await waiting(STEP, CHANGE)
    await written_elsewhere(bench, EDGE)
    assert await where(bench) == ("", ())
    await duties.work_once()
    assert await where(bench) == ("edge-9", ("edge-9",))


async def test_a_ci_that_gains_the_name_counts_as_much_as_a_new_one() -> None:
    bench, duties = await waiting(STEP)
    await written_elsewhere(bench, replace(EDGE, name="other", attributes={}))
    await duties.work_once()
    assert (await where(bench))[0] == ""
    await written_elsewhere(bench, replace(EDGE, name="other"))
    await duties.work_once()
    assert (await where(bench))[0] == "edge-9"


async def test_who_stands_by_leaves_it_to_the_owner() -> None:
    bench, _ = await waiting(STEP)
    other = bench.application.duties(bench.graph.lease, "two", None)
    await written_elsewhere(bench, EDGE)
    await other.work_once()
    assert (await where(bench))[0] == ""


async def test_what_the_store_did_not_take_is_tried_again() -> None:
    graph = FailingGraph()
    bench, duties = await waiting(STEP, graph=graph)
    await written_elsewhere(bench, EDGE)
    graph.fails = True
    with pytest.raises(StoreError):
        await duties.work_once()
    assert (await where(bench))[0] == ""
    await duties.work_once()
    assert (await where(bench))[0] == "edge-9"
