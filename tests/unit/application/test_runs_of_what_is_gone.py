"""Runs whose source speaks of CIs that it knows only as deleted: what happened to them is history, not a fault."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from cmdb.model.kinds import RecordKind
from cmdb.model.records import (
    Assignment,
    Change,
    ChangeKind,
    ChangeState,
    EntryRecord,
    Party,
    PartyKind,
    Role,
    Ticket,
    TicketKind,
    TicketState,
)
from cmdb.model.windows import Window, WindowKind
from tests.support.feeds import ci, living, named, open_dependencies, run, runs_on, seen
from tests.support.moments import NOON, minutes
from tests.support.small_estate import Bench, raised

GONE = replace(seen("i-1"), retired=True)
NET = Party(key="net", party_kind=PartyKind.SUPPORT_GROUP, name="Network")
TOLD: dict[str, EntryRecord] = {
    "change": Change(
        key="C",
        title="deleted",
        change_kind=ChangeKind.NORMAL,
        state=ChangeState.COMPLETED,
        targets=("i-1",),
        actual_end=NOON,
    ),
    "ticket": Ticket(
        key="T",
        title="where is it",
        ticket_kind=TicketKind.INCIDENT,
        state=TicketState.CLOSED,
        opened_at=NOON,
        changed_at=NOON,
        resolved_at=NOON,
        items=("i-1",),
    ),
    "window": Window(
        key="W",
        title="clearing out",
        window_kind=WindowKind.MAINTENANCE,
        items=("i-1",),
        start=NOON,
        end=NOON + minutes(60),
    ),
    "assignment": Assignment(party="net", role=Role.OWNS, item="i-1"),
    "event": raised("i-1"),
}
BEFORE: dict[str, Callable[[], tuple[EntryRecord, ...]]] = {
    "never seen": tuple,
    "known as gone": lambda: (GONE, NET),
    "known and in use": lambda: (seen("i-1"), NET),
}


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("kind", TOLD)
async def test_what_is_gone_can_have_had_all_kinds_of_things(kind: str, before: str) -> None:
    bench = Bench()
    if known := BEFORE[before]():
        await run(bench, "aws-config", *known, complete=False)
    for _ in range(2):
        report = await run(bench, "aws-config", GONE, NET, TOLD[kind], complete=False)
        assert report.problems == ()
        assert (await ci(bench, "i-1")).retired
    head = bench.graph.revision
    await run(bench, "aws-config", GONE, NET, TOLD[kind], complete=False)
    assert bench.graph.revision == head


@pytest.mark.parametrize("kind", TOLD)
async def test_what_a_run_names_may_have_been_deleted_in_an_earlier_one(kind: str) -> None:
    bench = Bench()
    await run(bench, "aws-config", GONE, NET, TOLD["change"], complete=False)
    report = await run(bench, "aws-config", TOLD[kind], complete=False)
    assert report.problems == ()
    assert "i-1" not in living(bench)


async def test_the_change_that_deleted_a_ci_names_it() -> None:
    bench = Bench()
    await run(bench, "aws-config", GONE, complete=False)
    await run(bench, "aws-config", TOLD["change"], complete=False)
    change = bench.graph.rows[RecordKind.CHANGE, "C"].record
    assert isinstance(change, Change)
    assert (change.targets, change.subjects) == (("i-1",), ())


@pytest.mark.parametrize("before", [(), (GONE,)], ids=["never seen", "known as gone"])
async def test_nothing_depends_on_what_is_gone(before: tuple[EntryRecord, ...]) -> None:
    bench = Bench()
    if before:
        await run(bench, "aws-config", *before, complete=False)
    for _ in range(2):
        report = await run(
            bench, "aws-config", GONE, named("i-1"), seen("i-2"), runs_on("i-2", "i-1"), complete=False
        )
        assert (report.problems, report.counts["dependencies.of_retired"]) == ((), 1)
    assert living(bench) == {"i-2"}
    assert open_dependencies(bench) == {}


async def test_a_mention_brings_back_what_was_gone_and_what_depends_on_it_counts() -> None:
    bench = Bench()
    await run(bench, "aws-config", GONE, complete=False)
    await run(bench, "aws-config", named("i-1"), seen("i-2"), runs_on("i-2", "i-1"), complete=False)
    assert living(bench) == {"i-1", "i-2"}
    assert len(open_dependencies(bench)) == 1
