"""The outbox in the graph: written with the ticket or not at all, kept until it is delivered, by the owner alone."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio

from cmdb.desk.access import SYSTEM
from cmdb.errors import Conflict, ErrorCode
from cmdb.model.outgoing import Outgoing, OutgoingState, Remote
from cmdb.model.records import Pause, Record
from cmdb.ports.graph import Precondition
from cmdb.store.connection import StoreAddress
from cmdb.store.store import Store, open_store
from tests.conftest import MIGRATIONS, VERBS, wipe
from tests.support.graph_records import incident, item
from tests.support.moments import NOON, minutes

TICKET = incident("INC1", pauses=(Pause(NOON, NOON + minutes(1)),))


@pytest_asyncio.fixture
async def told(store_address: StoreAddress) -> AsyncIterator[Store]:
    """An empty store whose tickets are told to two channels."""
    await wipe(store_address)
    async with open_store(store_address, VERBS, MIGRATIONS, ("hook", "desk")) as opened:
        yield opened


async def write(store: Store, *records: Record, seen: int | None = None) -> int:
    return (await store.write(SYSTEM, "test", records, NOON, Precondition(seen=seen))).revision


async def waiting(store: Store, channel: str = "hook") -> list[Outgoing]:
    return await store.outbox.waiting(channel, 100)


async def test_each_step_waits_for_every_channel_as_it_was(told: Store) -> None:
    first = await write(told, item("a"), TICKET)
    second = await write(told, replace(TICKET, title="again"))
    for channel in ("hook", "desk"):
        one, two = await waiting(told, channel)
        assert (one.ticket, one.opened, one.revision, one.at) == (TICKET, True, first, NOON)
        assert (two.ticket.title, two.opened, two.revision) == ("again", False, second)
        assert one.key != two.key
    assert await told.outbox.waiting("hook", 1) == [(await waiting(told))[0]]
    assert await waiting(told, "elsewhere") == []


async def test_what_was_not_written_is_not_told(told: Store) -> None:
    await write(told, item("a"), TICKET)
    before = await waiting(told)
    await write(told, TICKET)
    await write(told, replace(TICKET, title="stale"), seen=0)
    await write(told, incident("INC2", items=("nowhere",)))
    await write(told, item("b"))
    assert await waiting(told) == before


async def test_without_channels_nothing_waits(store: Store) -> None:
    await write(store, item("a"), TICKET)
    assert await store.outbox.entries(10) == []


async def test_what_was_delivered_is_gone_and_leaves_what_the_channel_keeps(told: Store) -> None:
    await write(told, item("a"), TICKET)
    (entry,) = await waiting(told)
    remote = Remote(channel="hook", ticket="INC1", remote_id="77", number="X-1", state="new")
    await told.outbox.settle([entry.key], remote)
    assert (await waiting(told), await told.outbox.remotes("hook")) == ([], {"INC1": remote})
    assert len(await waiting(told, "desk")) == 1
    moved = replace(remote, state="done")
    await told.outbox.settle([], moved)
    assert (await told.outbox.remotes("hook"), await told.outbox.remotes("desk")) == ({"INC1": moved}, {})


async def test_attempts_are_kept_and_a_dead_entry_no_longer_waits(told: Store) -> None:
    await write(told, item("a"), TICKET)
    (entry,) = await waiting(told)
    tried = replace(entry, attempts=1, due_at=NOON + minutes(1), problem="refused")
    await told.outbox.postpone(tried)
    assert await waiting(told) == [tried]
    dead = replace(tried, state=OutgoingState.DEAD)
    await told.outbox.postpone(dead)
    assert await waiting(told) == []
    assert (await told.outbox.entries(10))[0] == dead
    await told.outbox.settle([entry.key], None)
    await told.outbox.postpone(tried)
    assert await waiting(told) == [], "what is settled stays so"


async def test_whoever_lost_the_role_settles_nothing(told: Store) -> None:
    await write(told, item("a"), TICKET)
    (entry,) = await waiting(told)
    taken = await told.lease.take("one", await told.lease.look())
    assert taken is not None
    for step in (
        told.outbox.settle([entry.key], None, taken.fence + 1),
        told.outbox.postpone(replace(entry, attempts=9), taken.fence + 1),
    ):
        with pytest.raises(Conflict) as caught:
            await step
        assert caught.value.code is ErrorCode.ROLE_LOST
    assert await waiting(told) == [entry]
    await told.outbox.settle([entry.key], None, taken.fence)
    assert await waiting(told) == []


async def test_bookkeeping_takes_no_revision_and_is_no_record(told: Store) -> None:
    await told.outbox.settle([], Remote(channel="hook", ticket="INC1", remote_id="77"))
    assert await told.head() == 0
