"""Readiness: every reason against a server, in a form that machines read."""

import asyncio

import pytest

from cmdb.application.readiness import Readiness
from cmdb.errors import CmdbError, ErrorCode, StoreError
from cmdb.model.access import Principal
from cmdb.ports.graph import GraphTotals
from tests.fakes.graph import FakeGraph
from tests.support.small_estate import Bench, furnished, raised


class Probe:
    """A store that answers, fails or says nothing."""

    def __init__(self, outcome: int | StoreError | None) -> None:
        """Answer with a revision, raise the error, or wait for ever."""
        self.outcome = outcome

    async def __call__(self) -> int:
        """Answer."""
        if isinstance(self.outcome, StoreError):
            raise self.outcome
        if self.outcome is None:
            await asyncio.Event().wait()
        return self.outcome or 0


async def codes(readiness: Readiness) -> list[ErrorCode]:
    return [reason.code for reason in (await readiness.look()).reasons]


async def test_a_server_that_has_read_the_estate_is_ready_and_tells_role_and_lag() -> None:
    bench = await furnished(raised("r1"))
    duties = bench.application.duties(bench.graph.lease, "one", None)
    readiness = Readiness(bench.application.head, duties)
    assert await codes(readiness) == [ErrorCode.PROJECTION_UNVERIFIED]
    await duties.work_once()
    standing = await readiness.look()
    assert (standing.reasons, standing.revision, standing.lag) == ((), 1, 0)
    assert (standing.is_owner, standing.tenure) == (False, None)
    await duties.role.step(0.0)
    await bench.assert_records(raised("r2"))
    standing = await readiness.look()
    assert (standing.is_owner, standing.tenure, standing.lag) == (True, 1, 1)


async def test_what_the_store_says_is_the_reason_and_its_return_ends_it() -> None:
    probe = Probe(StoreError(ErrorCode.MIGRATION_PENDING, "Migration 2 is missing."))
    readiness = Readiness(probe)
    assert await codes(readiness) == [ErrorCode.MIGRATION_PENDING]
    probe.outcome = 7
    assert (await readiness.look()).revision == 7
    assert await codes(readiness) == []


async def test_a_store_that_says_nothing_is_gone() -> None:
    assert await codes(Readiness(Probe(None))) == [ErrorCode.STORE_GONE]


async def test_a_draining_server_says_so_first() -> None:
    readiness = Readiness(Probe(StoreError(ErrorCode.STORE_GONE, "Gone.")))
    readiness.drain()
    assert await codes(readiness) == [ErrorCode.DRAINING, ErrorCode.STORE_GONE]


class FaultyGraph(FakeGraph):
    """A store whose answers cannot be taken in for a while."""

    faulty = False

    async def totals(self, principal: Principal) -> GraphTotals:
        """Answer, or fail in a way that nobody foresaw."""
        if self.faulty:
            raise ZeroDivisionError
        return await super().totals(principal)


async def test_a_fault_in_the_projection_is_told_and_ended_by_the_next_good_look() -> None:
    graph = FaultyGraph()
    bench = Bench(graph)
    duties = bench.application.duties(graph.lease, "one", None)
    readiness = Readiness(Probe(0), duties)
    await duties.work_once()
    bench.clock.advance(1)
    graph.faulty = True
    with pytest.raises(ZeroDivisionError):
        await duties.work_once()
    standing = await readiness.look()
    assert [reason.code for reason in standing.reasons] == [ErrorCode.PROJECTION_UNVERIFIED]
    assert "ZeroDivisionError" in standing.reasons[0].message
    graph.faulty = False
    await duties.work_once()
    assert await codes(readiness) == []


async def test_a_projection_that_differs_from_the_store_is_told_until_it_is_read_anew() -> None:
    bench = Bench()
    duties = bench.application.duties(bench.graph.lease, "one", None)
    readiness = Readiness(Probe(0), duties)
    await duties.work_once()
    bench.application._live.suspect("An item is missing.")  # noqa: SLF001 - a foreign write, as its finder tells it
    await duties.work_once()
    assert await codes(readiness) == [ErrorCode.PROJECTION_UNVERIFIED]
    bench.clock.advance(1)
    await duties.work_once()
    assert await codes(readiness) == []


async def test_an_inbox_that_fills_up_is_a_reason_until_it_has_room() -> None:
    filling: list[CmdbError] = [CmdbError(ErrorCode.INBOX_FULL, "The inbox is 90 % full.")]
    readiness = Readiness(Probe(3), inbox=lambda: filling[0] if filling else None)
    assert await codes(readiness) == [ErrorCode.INBOX_FULL]
    filling.clear()
    assert await codes(readiness) == []


async def test_a_store_that_answers_but_keeps_no_writes_is_told() -> None:
    bench = await furnished()
    duties = bench.application.duties(bench.graph.lease, "one", None)
    await duties.work_once()
    readiness = Readiness(bench.application.head, duties)
    duties.role.trouble = StoreError(ErrorCode.STORE_UNWRITABLE, "The disk is full.")
    assert await codes(readiness) == [ErrorCode.STORE_UNWRITABLE]
    await duties.role.step(0.0)
    assert await codes(readiness) == []
