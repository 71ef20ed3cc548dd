"""The lease in the graph, and writes under a condition: nobody who has lost the role writes anything."""

import asyncio
from dataclasses import replace

import pytest

from cmdb.desk.access import SYSTEM
from cmdb.errors import Conflict, ErrorCode
from cmdb.model.records import Ticket
from cmdb.ports.graph import Precondition, RowStatus, WriteOutcome
from cmdb.ports.leasing import OwnerLease, Sighting
from cmdb.store.store import Store
from tests.support.graph_records import incident
from tests.support.moments import NOON
from tests.support.small_estate import item

Pair = tuple[Store, Store]


async def take(lease: OwnerLease, holder: str) -> int:
    taken = await lease.take(holder, await lease.look())
    assert taken is not None
    assert taken.holder == holder
    return taken.fence


async def write(
    store: Store, *records: Ticket, fence: int | None = None, seen: int | None = None
) -> WriteOutcome:
    return await store.write(SYSTEM, "desk", records, NOON, Precondition(fence=fence, seen=seen))


async def test_a_lease_that_nobody_ever_took_is_free_and_no_record(store: Store) -> None:
    assert await store.lease.look() == Sighting()
    assert await take(store.lease, "one") == 1
    assert await store.is_empty()
    assert await store.head() == 0, "the lease takes no revision"


async def test_renewing_counts_and_keeps_how_far_the_duties_are_done(store: Store) -> None:
    fence = await take(store.lease, "one")
    before = await store.lease.look()
    assert await store.lease.renew(fence, 7)
    assert await store.lease.renew(fence, 5)
    after = await store.lease.look()
    assert (after.renewals, after.done, after.fence, after.holder) == (before.renewals + 2, 7, fence, "one")


async def test_a_renewal_in_between_keeps_a_challenger_off(store: Store) -> None:
    fence = await take(store.lease, "one")
    seen = await store.lease.look()
    assert await store.lease.renew(fence, 0)
    assert await store.lease.take("two", seen) is None
    present = await store.lease.look()
    assert (present.holder, present.renewals) == ("one", seen.renewals + 1), (
        "a lost challenge leaves no trace"
    )


async def test_each_term_has_a_higher_number_and_ends_the_one_before(store: Store) -> None:
    first = await take(store.lease, "one")
    second = await take(store.lease, "two")
    assert second == first + 1
    assert not await store.lease.renew(first, 9)
    await store.lease.release(first)
    present = await store.lease.look()
    assert (present.holder, present.fence, present.done) == ("two", second, 0)


async def test_a_role_given_back_is_free_at_once_and_keeps_its_number(store: Store) -> None:
    fence = await take(store.lease, "one")
    await store.lease.renew(fence, 3)
    await store.lease.release(fence)
    free = await store.lease.look()
    assert (free.holder, free.fence, free.done) == (None, fence, 3)
    assert await take(store.lease, "two") == fence + 1


async def test_of_many_challengers_one_wins(store_address_pair: Pair) -> None:
    leases = [store.lease for store in store_address_pair]
    for tenure in range(1, 4):
        seen = await leases[0].look()
        attempts = [leases[n % 2].take(f"challenger {tenure}.{n}", seen) for n in range(6)]
        taken = [won for won in await asyncio.gather(*attempts) if won is not None]
        assert [won.fence for won in taken] == [tenure]
        assert (await leases[1].look()).holder == taken[0].holder


async def test_an_old_owner_writes_nothing(store_address_pair: Pair) -> None:
    old, new = store_address_pair
    fence = await take(old.lease, "old")
    assert (await write(old, incident("INC1", items=()), fence=fence)).revision == 1
    await take(new.lease, "new")
    with pytest.raises(Conflict) as caught:
        await write(old, incident("INC2", items=()), fence=fence)
    assert caught.value.code is ErrorCode.ROLE_LOST
    assert (await new.head(), len((await new.delta(SYSTEM, 0)).tickets)) == (1, 1)


async def test_tenures_that_end_while_their_owners_write_leave_no_late_write(
    store_address_pair: Pair,
) -> None:
    """Whatever interleaving: each write of tenure n comes before tenure n + 1 begins."""
    ended: set[ErrorCode] = set()

    async def own(store: Store, name: str) -> None:
        for turn in range(4):
            fence = await take_soon(store.lease, name)
            for number in range(2):
                # Long enough for the other one to begin a tenure between two writes.
                await asyncio.sleep(0.1 * number)
                ticket = incident(f"{name}{turn}{number}", items=(), title=str(fence), cause_key=None)
                try:
                    await write(store, ticket, fence=fence)
                except Conflict as lost:
                    ended.add(lost.code)
                    break

    await asyncio.gather(*(own(store, name) for store, name in zip(store_address_pair, "ab", strict=True)))
    rows = [
        (await store_address_pair[0].records(SYSTEM, t.kind, [t.key]))[0]
        for t in (await store_address_pair[0].delta(SYSTEM, 0)).tickets
    ]
    by_revision = [
        int(row.record.title)
        for row in sorted(rows, key=lambda row: row.revision)
        if isinstance(row.record, Ticket)
    ]
    assert by_revision == sorted(by_revision)
    assert ended <= {ErrorCode.ROLE_LOST}
    assert ended or len(by_revision) == 16


async def take_soon(lease: OwnerLease, name: str) -> int:
    for _ in range(100):
        taken = await lease.take(name, await lease.look())
        if taken is not None:
            return taken.fence
    raise AssertionError("never free")


async def test_a_record_written_since_it_was_read_is_refused(store_address_pair: Pair) -> None:
    mine, theirs = store_address_pair
    first = incident("INC1", items=())
    await write(mine, first)
    await write(theirs, replace(first, assignee="eve"))
    late = await write(mine, replace(first, assignee="kim"), seen=1)
    assert (late.revision, late.results[0].status) == (2, RowStatus.REFUSED)
    assert late.results[0].problem is not None
    assert late.results[0].problem.code is ErrorCode.CONFLICT
    fresh = await write(mine, replace(first, assignee="kim"), seen=2)
    assert (fresh.revision, fresh.results[0].status) == (3, RowStatus.UPDATED)


async def test_a_new_record_whose_key_was_given_away_since_is_refused(store_address_pair: Pair) -> None:
    mine, theirs = store_address_pair
    await write(theirs, incident("INC1", items=(), title="theirs"))
    late = await write(mine, incident("INC1", items=(), title="mine"), seen=0)
    assert late.refused
    assert (await mine.delta(SYSTEM, 0)).tickets[0].title == "theirs"
    both = await write(mine, incident("INC1", items=(), title="mine"), incident("INC2", items=()), seen=0)
    assert both.refused
    assert await mine.head() == 1, "all or nothing"


async def test_the_condition_says_nothing_of_what_did_not_change(store: Store) -> None:
    await store.write(SYSTEM, "test", [item("r1", "router")], NOON)
    again = await store.write(SYSTEM, "test", [item("r1", "router")], NOON, Precondition(seen=0))
    assert [row.status for row in again.results] == [RowStatus.UNCHANGED]
