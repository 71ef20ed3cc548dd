"""The live projection: when it asks the store, and what it promises about revisions."""

import asyncio
import logging
from dataclasses import dataclass, field

import pytest

from cmdb.application.live import LiveTopology
from cmdb.desk.access import SYSTEM
from cmdb.errors import CmdbError, ErrorCode, StoreError
from cmdb.model.access import Principal
from cmdb.model.kinds import RecordKind
from cmdb.model.records import EventTransition
from cmdb.model.severity import Severity
from cmdb.model.windows import Window, WindowKind
from cmdb.ports.graph import GraphDelta, GraphTotals
from tests.fakes.graph import FakeGraph
from tests.support.moments import NOON, StandingClock, minutes
from tests.support.small_estate import ESTATE, furnished, item, needs, raised

TICK_MINUTES = 0.01
"""A little more than the tick after which the store is asked for news."""


@dataclass
class WatchedGraph(FakeGraph):
    """Counts what it is asked, gives way before it answers, and can be gone."""

    looks: int = 0
    deltas: int = 0
    gone: bool = False

    async def totals(self, principal: Principal) -> GraphTotals:
        """Count, give way, answer."""
        self.looks += 1
        await asyncio.sleep(0)
        if self.gone:
            raise StoreError(ErrorCode.STORE_GONE, "The connection to the store was lost.")
        return await super().totals(principal)

    async def delta(self, principal: Principal, since: int) -> GraphDelta:
        """Count, give way, answer."""
        self.deltas += 1
        await asyncio.sleep(0)
        return await super().delta(principal, since)


async def watched() -> tuple[WatchedGraph, StandingClock, LiveTopology]:
    """Return the estate in a watched graph, and a projection that has not read it yet."""
    graph, clock = WatchedGraph(), StandingClock()
    await graph.write(SYSTEM, "test", [row for row in ESTATE if not isinstance(row, EventTransition)], NOON)
    return graph, clock, LiveTopology(graph, clock, frozenset({"technical_service"}), patience=60)


async def test_the_first_question_reads_the_whole_graph_once() -> None:
    graph, _, live = await watched()
    assert (await live.current()).revision == 1
    assert (await live.current()) is (await live.current())
    assert (graph.deltas, graph.looks) == (1, 0)


async def test_questions_at_once_share_one_reading() -> None:
    graph, _, live = await watched()
    snapshots = await asyncio.gather(*(live.current() for _ in range(5)))
    assert {snapshot.revision for snapshot in snapshots} == {1}
    assert graph.deltas == 1


async def test_within_a_tick_the_store_is_left_alone_and_after_it_only_its_head_is_read() -> None:
    graph, clock, live = await watched()
    first = await live.current()
    assert await live.current() is first
    clock.advance(TICK_MINUTES)
    later = await live.current()
    assert (graph.looks, graph.deltas) == (1, 1)
    assert later.topology is first.topology


async def test_a_write_of_another_process_shows_after_the_tick() -> None:
    graph, clock, live = await watched()
    await live.current()
    await graph.write(SYSTEM, "other", [item("new", "server")], clock.now())
    assert "new" not in (await live.current()).topology.index
    clock.advance(TICK_MINUTES)
    snapshot = await live.current()
    assert ("new" in snapshot.topology.index, snapshot.revision) == (True, 2)


async def test_asking_for_a_revision_does_not_wait_for_the_tick() -> None:
    graph, clock, live = await watched()
    await live.current()
    await graph.write(SYSTEM, "other", [item("new", "server")], clock.now())
    assert "new" in (await live.current(2)).topology.index


async def test_a_revision_that_was_never_written_is_behind() -> None:
    _, _, live = await watched()
    with pytest.raises(CmdbError) as caught:
        await live.current(2)
    assert caught.value.code is ErrorCode.BEHIND
    assert "revision 1, 2 was asked for" in caught.value.message
    assert await live.revision() == 1


async def test_an_earlier_snapshot_stays_what_it_was() -> None:
    graph, clock, live = await watched()
    before = await live.current()
    down = await furnished(raised("r1"))
    await graph.write(SYSTEM, "test", [row.record for row in down.graph.rows.values()], clock.now())
    after = await live.current(2)
    place = before.topology.index["vpn"]
    assert (before.effective[place], after.effective[place]) == (Severity.OK, Severity.CRITICAL)


async def test_a_store_that_is_gone_fails_the_question_and_the_next_one_works_again() -> None:
    graph, clock, live = await watched()
    await live.current()
    graph.gone = True
    clock.advance(TICK_MINUTES)
    with pytest.raises(StoreError):
        await live.current()
    graph.gone = False
    assert await live.revision() == 1


async def test_a_window_that_opens_or_closes_changes_the_picture_without_a_write() -> None:
    window = Window(
        key="w", window_kind=WindowKind.MAINTENANCE, title="w", items=("r1",), start=NOON + minutes(5),
        end=NOON + minutes(9),
    )  # fmt: skip
    bench = await furnished(raised("r1"), window)
    seen: list[tuple[Severity, Severity]] = []
    for _ in range(3):
        health = (await bench.application.find_item(SYSTEM, "vpn")).health
        seen.append((health.effective, health.planned))
        bench.clock.advance(5)
    assert seen == [
        (Severity.CRITICAL, Severity.OK),
        (Severity.OK, Severity.CRITICAL),
        (Severity.CRITICAL, Severity.OK),
    ]


async def test_time_goes_on_where_nothing_is_written() -> None:
    _, clock, live = await watched()
    first = await live.current()
    clock.advance(240)
    later = await live.current()
    assert (first.at, later.at) == (NOON, NOON + minutes(240))
    assert later.basis.computed_at == clock.now()


async def test_declared_groups_are_those_of_the_present() -> None:
    graph, clock, live = await watched()
    await live.current()
    assert live.declared_groups("mail") == {"wan"}
    assert live.declared_groups("nowhere") == frozenset()
    await graph.write(SYSTEM, "test", [item("mail", "business_service")], clock.now())
    await live.current(2)
    assert live.declared_groups("mail") == frozenset()


async def test_a_dependency_alone_reaches_the_topology() -> None:
    graph, clock, live = await watched()
    assert (await live.current()).topology.to_providers(0) is not None
    await graph.write(SYSTEM, "test", [needs("printsrv", "r2")], clock.now())
    topology = (await live.current(2)).topology
    providers = [topology.edge(e).provider for e in topology.to_providers(topology.index["printsrv"])]
    assert [topology.keys[place] for place in providers] == ["r2"]


@dataclass
class SlowGraph(WatchedGraph):
    """Holds what is new back until it is let go."""

    gate: asyncio.Event = field(default_factory=asyncio.Event)

    async def delta(self, principal: Principal, since: int) -> GraphDelta:
        """Answer the first reading at once, the others when let go."""
        if since or self.deltas:
            await self.gate.wait()
        return await super().delta(principal, since)


async def slow() -> tuple[SlowGraph, StandingClock, LiveTopology]:
    """Return a projection that is up to date over a store that has something new and holds it back."""
    graph, clock = SlowGraph(), StandingClock()
    await graph.write(SYSTEM, "test", [row for row in ESTATE if not isinstance(row, EventTransition)], NOON)
    live = LiveTopology(graph, clock, frozenset(), patience=0)
    await live.current()
    await graph.write(SYSTEM, "other", [item("new", "server")], NOON)
    return graph, clock, live


async def test_questions_go_on_from_the_picture_before_while_news_are_read() -> None:
    graph, clock, live = await slow()
    for _ in range(3):
        clock.advance(TICK_MINUTES)
        snapshot = await live.current()
        assert (snapshot.revision, snapshot.at, snapshot.confirmed_at) == (1, clock.now(), NOON)
    assert (await live.current()).basis.lag_milliseconds == 1800
    graph.gate.set()
    assert (await live.current(2)).basis.lag_milliseconds == 0
    assert graph.deltas == 2


async def test_who_asks_for_a_revision_waits_for_it() -> None:
    graph, clock, live = await slow()
    clock.advance(TICK_MINUTES)
    asked = asyncio.create_task(live.current(2))
    assert (await live.current()).revision == 1
    assert not asked.done()
    graph.gate.set()
    assert (await asked).revision == 2


async def test_a_picture_that_nobody_asked_about_is_not_shown_once_it_is_old() -> None:
    graph, clock, live = await slow()
    clock.advance(60)
    asked = asyncio.create_task(live.current())
    await asyncio.sleep(0.01)
    assert not asked.done()
    graph.gate.set()
    assert (await asked).revision == 2


async def test_closing_ends_a_refresh_that_runs() -> None:
    _, clock, live = await slow()
    clock.advance(TICK_MINUTES)
    await live.current()
    await live.close()
    assert (await live.current()).revision == 1


async def test_while_a_foreign_write_is_read_answers_say_that_they_are_not_verified(
    caplog: pytest.LogCaptureFixture,
) -> None:
    graph, clock = SlowGraph(), StandingClock()
    await graph.write(SYSTEM, "test", [row for row in ESTATE if not isinstance(row, EventTransition)], NOON)
    live = LiveTopology(graph, clock, frozenset(), patience=0.01)
    await live.current()
    for _ in range(3):
        clock.advance(TICK_MINUTES)
        assert (await live.current()).verified
    del graph.rows[RecordKind.ITEM, "finance"]
    with caplog.at_level(logging.WARNING):
        clock.advance(TICK_MINUTES)
        before = await live.current()
        assert (before.verified, before.basis.verified) == (False, False)
        graph.gate.set()
        await asyncio.sleep(0.05)
        clock.advance(TICK_MINUTES)
        after = await live.current()
    assert (after.verified, "finance" in after.topology.index) == (True, False)
    told = [record for record in caplog.records if record.name.startswith("cmdb")]
    assert [ErrorCode.FOREIGN_WRITE in record.message for record in told] == [True]


async def test_a_foreign_write_stays_unverified_until_the_store_could_be_read(
    caplog: pytest.LogCaptureFixture,
) -> None:
    @dataclass
    class FailingGraph(WatchedGraph):
        failing: bool = False

        async def delta(self, principal: Principal, since: int) -> GraphDelta:
            if self.failing:
                raise StoreError(ErrorCode.STORE_GONE, "The connection to the store was lost.")
            return await super().delta(principal, since)

    graph, clock = FailingGraph(), StandingClock()
    await graph.write(SYSTEM, "test", [row for row in ESTATE if not isinstance(row, EventTransition)], NOON)
    live = LiveTopology(graph, clock, frozenset(), patience=60)
    for _ in range(3):
        clock.advance(TICK_MINUTES)
        await live.current()
    del graph.rows[RecordKind.ITEM, "finance"]
    graph.failing = True
    for _ in range(2):
        clock.advance(TICK_MINUTES)
        with pytest.raises(StoreError):
            await live.current()
    graph.failing = False
    clock.advance(TICK_MINUTES)
    snapshot = await live.current()
    assert (snapshot.verified, "finance" in snapshot.topology.index) == (True, False)
    # asyncio logs too, when it drops what another test left running.
    assert len([record for record in caplog.records if record.name.startswith("cmdb.")]) == 1
