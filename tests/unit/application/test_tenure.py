"""Writes of a tenure: they count while it lasts, and beside every other condition."""

import pytest

from cmdb.application.tenure import TenureWriter
from cmdb.desk.access import SYSTEM
from cmdb.errors import Conflict, ErrorCode
from cmdb.ports.graph import Precondition
from tests.fakes.graph import FakeGraph
from tests.support.graph_records import item
from tests.support.moments import NOON


async def begun(graph: FakeGraph, holder: str) -> TenureWriter:
    seen = await graph.lease.take(holder, graph.lease.seen)
    assert seen is not None
    return TenureWriter(graph, seen.fence)


async def test_a_write_counts_in_its_tenure_and_not_after_another_began() -> None:
    graph = FakeGraph()
    first = await begun(graph, "one")
    assert (await first.write(SYSTEM, "rule", [item("a")], NOON)).revision == 1
    second = await begun(graph, "two")
    with pytest.raises(Conflict) as lost:
        await first.write(SYSTEM, "rule", [item("b")], NOON)
    assert lost.value.code is ErrorCode.ROLE_LOST
    assert (await second.write(SYSTEM, "rule", [item("b")], NOON)).revision == 2


async def test_the_callers_own_condition_stands_beside_the_tenure() -> None:
    graph = FakeGraph()
    writer = await begun(graph, "one")
    await writer.write(SYSTEM, "rule", [item("a")], NOON)
    await writer.write(SYSTEM, "rule", [item("a", name="other")], NOON)
    late = await writer.write(SYSTEM, "rule", [item("a", name="late")], NOON, Precondition(seen=1))
    assert late.results[0].problem is not None
    assert late.revision == 2
    current = await writer.write(SYSTEM, "rule", [item("a", name="now")], NOON, Precondition(seen=2))
    assert (current.results[0].problem, current.revision) == (None, 3)
    graph.feeds["x"] = 2
    with pytest.raises(Conflict) as lost:
        await writer.write(SYSTEM, "rule", [item("a")], NOON, Precondition(fence=7, feed=("x", 1)))
    assert lost.value.code is ErrorCode.FEED_BUSY, "the fence is that of the tenure, whatever the caller says"
