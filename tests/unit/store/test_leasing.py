"""The lease as one node: who steps in, who is told that it changed, and what a lost commit leaves."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmdb.errors import Conflict, ErrorCode
from cmdb.ports.leasing import Sighting
from cmdb.store.connection import Connection, Row, Transaction
from cmdb.store.leasing import KEEP, LOOK, RELEASE, TAKE, TOUCH, GraphLease, prove
from tests.fakes.lease import FakeLease

T = TypeVar("T")


@dataclass
class LeaseGraph(Connection):
    """A graph that holds one lease; writes that fail leave it as it was."""

    node: dict[str, Any] = field(default_factory=dict)
    lost: int = 0

    async def read(self, statement: str, /, **parameters: object) -> list[Row]:
        return self.run(statement, parameters)

    async def write(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        before = dict(self.node)
        try:
            result = await work(LeaseTransaction(self))
        except BaseException:
            self.node = before
            raise
        if self.lost:
            self.lost -= 1
            return await self.write(work)
        return result

    def run(self, statement: str, given: dict[str, object]) -> list[Row]:
        if statement == TOUCH:
            self.node = self.node or {"fence": 0, "renewals": 0, "done": 0}
            self.node["renewals"] += 1
        elif statement == LOOK:
            return [{"holder": None, **self.node}] if self.node else []
        elif statement == RELEASE:
            self.node.pop("holder", None)
        else:
            assert statement in (TAKE, KEEP)
            self.node.update(given)
        return []


class LeaseTransaction(Transaction):
    """A transaction over it."""

    def __init__(self, graph: LeaseGraph) -> None:
        self._graph = graph

    async def run(self, statement: str, /, **parameters: object) -> list[Row]:
        return self._graph.run(statement, parameters)


async def taken(lease: GraphLease, holder: str) -> Sighting:
    found = await lease.take(holder, await lease.look())
    assert found is not None
    return found


async def test_a_lease_that_was_never_taken_is_at_tenure_0_and_looking_leaves_no_sign() -> None:
    graph = LeaseGraph()
    lease = GraphLease(graph)
    assert await lease.look() == Sighting()
    assert graph.node == {}
    await taken(lease, "one")
    assert await lease.look() == await lease.look() == Sighting(fence=1, renewals=1, holder="one")


async def test_of_two_that_saw_the_same_one_begins_a_tenure() -> None:
    graph = LeaseGraph()
    first, second = GraphLease(graph), GraphLease(graph)
    seen = await first.look()
    assert await first.take("one", seen) == Sighting(fence=1, renewals=1, holder="one")
    held = dict(graph.node)
    assert await second.take("two", seen) is None
    assert graph.node == held, "a step that finds the lease changed leaves nothing"


async def test_a_sign_of_life_keeps_others_from_stepping_in() -> None:
    lease = GraphLease(LeaseGraph())
    mine = await taken(lease, "one")
    assert await lease.renew(mine.fence, 7)
    assert await lease.take("two", mine) is None
    assert (await taken(lease, "two")) == Sighting(fence=2, renewals=3, holder="two", done=7)


async def test_a_taking_whose_answer_was_lost_finds_itself() -> None:
    lease = GraphLease(LeaseGraph(lost=1))
    found = await taken(lease, "one")
    assert (found.fence, found.holder) == (1, "one")


async def test_what_was_done_never_falls_back() -> None:
    lease = GraphLease(LeaseGraph())
    fence = (await taken(lease, "one")).fence
    for done in (5, 3, 6):
        assert await lease.renew(fence, done)
    assert (await lease.look()).done == 6


async def test_who_was_followed_neither_renews_nor_releases() -> None:
    graph = LeaseGraph()
    lease = GraphLease(graph)
    old = await taken(lease, "one")
    await taken(lease, "two")
    held = dict(graph.node)
    assert not await lease.renew(old.fence, 99)
    await lease.release(old.fence)
    assert graph.node == held


async def test_a_role_given_back_is_free_and_keeps_how_far_it_came() -> None:
    lease = GraphLease(LeaseGraph())
    fence = (await taken(lease, "one")).fence
    await lease.renew(fence, 4)
    await lease.release(fence)
    assert await lease.look() == Sighting(fence=1, renewals=3, holder=None, done=4)


async def test_a_write_proves_its_tenure_in_its_own_transaction() -> None:
    graph = LeaseGraph()
    fence = (await taken(GraphLease(graph), "one")).fence
    await graph.write(lambda transaction: prove(transaction, fence))
    held = dict(graph.node)
    with pytest.raises(Conflict) as lost:
        await graph.write(lambda transaction: prove(transaction, fence + 1))
    assert (lost.value.code, graph.node) == (ErrorCode.ROLE_LOST, held)
    assert "the store is in tenure 1" in lost.value.message


async def test_steps_of_one_process_take_turns_with_its_fenced_writes() -> None:
    graph = LeaseGraph()
    lease = GraphLease(graph)
    fence = (await taken(lease, "one")).fence
    async with lease.turn:
        renewing = asyncio.create_task(lease.renew(fence, 0))
        await asyncio.sleep(0)
        assert graph.node["renewals"] == 1
    assert await renewing
    assert graph.node["renewals"] == 2


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["look", "take", "renew", "release"]),
        st.sampled_from(["one", "two"]),
        st.integers(0, 5),
    ),
    max_size=12,
)


@settings(max_examples=60)
@given(STEPS)
async def test_it_behaves_as_the_lease_in_memory_that_others_are_tested_with(
    steps: list[tuple[str, str, int]],
) -> None:
    ours, fake = GraphLease(LeaseGraph()), FakeLease()
    seen = {"one": Sighting(), "two": Sighting()}
    fences = {"one": 0, "two": 0}
    for step, who, number in steps:
        if step == "look":
            seen[who] = await ours.look()
            assert await fake.look() == seen[who]
        elif step == "take":
            found = await ours.take(who, seen[who])
            assert await fake.take(who, seen[who]) == found
            fences[who] = found.fence if found else fences[who]
        elif step == "renew" and fences[who]:
            assert await ours.renew(fences[who], number) is await fake.renew(fences[who], number)
        elif step == "release" and fences[who]:
            await ours.release(fences[who])
            await fake.release(fences[who])
    assert await ours.look() == await fake.look()
