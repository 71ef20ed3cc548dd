"""What a batch may not do to the graph, on both engines: rows that contradict one another or what is stored."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from cmdb.desk.access import SYSTEM
from cmdb.errors import ErrorCode
from cmdb.model.kinds import RecordKind
from cmdb.model.records import (
    Assignment,
    Change,
    ChangeKind,
    ChangeState,
    Item,
    Party,
    PartyKind,
    Record,
    Role,
)
from cmdb.model.windows import Window, WindowKind
from cmdb.ports.graph import Precondition, RowProblem, RowStatus, WriteOutcome
from cmdb.store.store import Store
from tests.support.graph_records import edge, event, incident, item
from tests.support.moments import NOON, minutes

CHANGE = Change(
    key="c", title="t", change_kind=ChangeKind.NORMAL, state=ChangeState.PLANNED, targets=("a", "nowhere")
)
WINDOW = Window(
    key="w",
    window_kind=WindowKind.MAINTENANCE,
    title="w",
    items=("nowhere",),
    start=NOON,
    end=NOON + minutes(1),
)


async def write(store: Store, *records: Record, at: float = 0) -> WriteOutcome:
    return await store.write(SYSTEM, "test", records, NOON + minutes(at))


def problem_of(outcome: WriteOutcome, index: int) -> RowProblem:
    problem = outcome.results[index].problem
    assert problem is not None
    return problem


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        (edge("nowhere", "a"), "consumer"),
        (edge("a", "nowhere"), "provider"),
        (event("e", on="nowhere"), "item"),
        (CHANGE, "targets"),
        (incident("t", items=("a", "nowhere")), "items"),
        (incident("t", events=("nowhere",)), "events"),
        (incident("t", parent="nowhere"), "parent"),
        (WINDOW, "items"),
        (Assignment(party="nowhere", role=Role.OWNS, item="a"), "party"),
        (Assignment(party="ann", role=Role.OWNS, item="nowhere"), "item"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.kind.value,
)
async def test_a_missing_end_is_named_with_its_field(store: Store, bad: Record, field: str) -> None:
    await write(store, item("a"), Party(key="ann", party_kind=PartyKind.PERSON, name="Ann"))
    outcome = await write(store, item("new"), bad)
    problem = problem_of(outcome, 1)
    assert (problem.code, problem.field) == (ErrorCode.DANGLING_END, field)
    assert "'nowhere'" in problem.message
    assert await store.records(SYSTEM, RecordKind.ITEM, ["new"]) == []


async def test_a_report_may_come_with_its_incident_and_its_event(store: Store) -> None:
    report = incident("t2", None, parent="t1", events=("e",))
    assert not (await write(store, report, incident("t1"), event("e"), item("a"))).refused
    assert not (await write(store, replace(report, title="other"), at=1)).refused


@pytest.mark.parametrize("order", [("t1", "t2"), ("t2", "t1")], ids="-".join)
async def test_an_incident_sent_again_unchanged_still_holds_its_cause(
    store: Store, order: Sequence[str]
) -> None:
    await write(store, item("a"), incident("t1"))
    outcome = await write(store, *(incident(key) for key in order))
    problem = problem_of(outcome, order.index("t2"))
    assert (problem.code, problem.field) == (ErrorCode.CONFLICT, "cause_key")
    assert await store.records(SYSTEM, RecordKind.TICKET, ["t2"]) == []


@pytest.mark.parametrize("weight", [1, 5], ids=["unchanged", "altered"])
async def test_a_ci_cannot_retire_in_the_batch_that_keeps_a_dependency_on_it(
    store: Store, weight: int
) -> None:
    await write(store, item("a"), item("b"), edge("a", "b"))
    outcome = await write(store, item("b", retired=True), edge("a", "b", weight=weight))
    assert problem_of(outcome, 1).code is ErrorCode.DANGLING_END
    delta = await store.delta(SYSTEM, 0)
    assert (sorted(delta.items.keys), delta.dependencies.providers) == (["a", "b"], ["b"])


async def test_what_hangs_off_a_retired_ci_may_be_sent_again(store: Store) -> None:
    hanging = (event("e"), incident("t"), replace(WINDOW, items=("a",)), replace(CHANGE, targets=("a",)))
    await write(store, item("a"), *hanging)
    await write(store, item("a", retired=True), at=5)
    again = await write(store, item("b"), *hanging, at=6)
    assert [row.status for row in again.results] == [RowStatus.CREATED, *[RowStatus.UNCHANGED] * 4]


async def test_a_retired_ci_takes_nothing_new(store: Store) -> None:
    await write(store, item("a"), item("b", retired=False))
    await write(store, item("b", retired=True), at=1)
    for bad in (edge("a", "b"), event("e", on="b"), incident("t", items=("b",))):
        assert problem_of(await write(store, bad, at=2), 0).code is ErrorCode.DANGLING_END
    (stored,) = await store.records(SYSTEM, RecordKind.ITEM, ["b"])
    assert isinstance(stored.record, Item)
    assert stored.record.retired


async def test_what_happened_to_a_retired_ci_is_taken_where_the_writer_says_so(store: Store) -> None:
    await write(store, item("a"), item("b"), Party(key="ann", party_kind=PartyKind.PERSON, name="Ann"))
    await write(store, item("b", retired=True), at=1)
    told = (
        event("e", on="b"),
        incident("t", items=("b",)),
        replace(WINDOW, items=("b",)),
        replace(CHANGE, targets=("b",)),
        Assignment(party="ann", role=Role.OWNS, item="b"),
    )
    past = Precondition(retired_ends=True)
    outcome = await store.write(SYSTEM, "test", told, NOON + minutes(2), past)
    assert [row.status for row in outcome.results] == [RowStatus.CREATED] * len(told)
    for bad in (edge("a", "b"), replace(WINDOW, key="w2"), event("e2", on="nowhere")):
        outcome = await store.write(SYSTEM, "test", [bad], NOON + minutes(3), past)
        assert problem_of(outcome, 0).code is ErrorCode.DANGLING_END
