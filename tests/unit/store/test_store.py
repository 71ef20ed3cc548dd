"""The store as a whole: what a write proves first, who waits for whom, and what is told when nothing was written."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import pytest

from cmdb.desk.access import SYSTEM
from cmdb.errors import CmdbError, Conflict, ErrorCode
from cmdb.model.records import Record
from cmdb.ports.graph import Precondition, RowStatus
from cmdb.store.codec import content_of, digest_of
from cmdb.store.connection import PING, Transaction
from cmdb.store.counter import HEAD, TAKE_REVISION
from cmdb.store.leasing import LOOK, TOUCH
from cmdb.store.migrations import SEEN, Migration
from cmdb.store.run_log import TOUCH_FEED
from cmdb.store.store import ANY_NODE, Store
from tests.fakes.connection import FakeConnection
from tests.support.graph_records import incident, item
from tests.support.moments import NOON

T = TypeVar("T")


def graph(*held: Record, **answers: Any) -> FakeConnection:
    """Return a graph at revision 8, in tenure 3, that holds these records."""
    pairs = [[record.key, digest_of(content_of(record))] for record in held]
    return FakeConnection(
        {
            HEAD: [{"revision": 8}],
            TAKE_REVISION: [{"revision": 9}],
            LOOK: [{"fence": 3, "renewals": 1, "holder": "one", "done": 0}],
            TOUCH_FEED: [{"held": {"source": "netbox", "scope": "eu", "token": 2}}],
            "AS pairs": [{"pairs": pairs}],
            "AS keys": lambda asked: [{"keys": asked["keys"]}],
            **answers,
        }
    )


def store(connection: FakeConnection, *channels: str) -> Store:
    return Store(connection, ["DEPENDS_ON"], channels=channels)


def places(connection: FakeConnection, *parts: str) -> list[int]:
    """Return where the first statement with each part stands among those that were run."""
    order = [statement for statement, _ in connection.asked]
    return [next(place for place, text in enumerate(order) if part in text) for part in parts]


async def test_a_write_is_one_transaction_with_the_next_revision() -> None:
    connection = graph()
    outcome = await store(connection).write(SYSTEM, "test", [item("a")], NOON)
    assert (outcome.revision, [row.status for row in outcome.results]) == (9, [RowStatus.CREATED])
    assert connection.transactions == 1


async def test_what_is_there_already_is_answered_with_the_last_revision_of_anybody() -> None:
    connection = graph(item("a"))
    outcome = await store(connection).write(SYSTEM, "test", [item("a")], NOON)
    assert (outcome.revision, [row.status for row in outcome.results]) == (8, [RowStatus.UNCHANGED])


async def test_tenure_and_feed_are_proved_before_anything_is_read_or_written() -> None:
    connection = graph()
    condition = Precondition(fence=3, feed=("netbox|eu", 2))
    assert (await store(connection).write(SYSTEM, "test", [item("a")], NOON, condition)).revision == 9
    lease, feed, number, created = places(connection, TOUCH, TOUCH_FEED, TAKE_REVISION, "CREATE (n:")
    assert lease < feed < number < created


@pytest.mark.parametrize(
    ("condition", "code"),
    [
        (Precondition(fence=2), ErrorCode.ROLE_LOST),
        (Precondition(feed=("netbox|eu", 1)), ErrorCode.FEED_BUSY),
    ],
)
async def test_who_was_followed_writes_nothing(condition: Precondition, code: ErrorCode) -> None:
    connection = graph()
    with pytest.raises(Conflict) as caught:
        await store(connection).write(SYSTEM, "test", [item("a")], NOON, condition)
    assert caught.value.code is code
    assert connection.given("CREATE (n:") == connection.given(TAKE_REVISION) == []


async def test_channels_are_to_be_told_in_the_transaction_of_the_ticket() -> None:
    connection = graph()
    await store(connection, "desk").write(SYSTEM, "test", [incident("INC1")], NOON)
    (told,) = connection.given("MERGE (n:Outgoing")
    assert [row["key"] for row in told["rows"]] == ["desk|INC1|9"]
    assert connection.transactions == 1
    quiet = graph()
    await store(quiet).write(SYSTEM, "test", [incident("INC1")], NOON)
    assert quiet.given("MERGE (n:Outgoing") == []


class Slow(FakeConnection):
    """A connection whose transactions wait to be let through, and that knows how many there are at once."""

    def __init__(self) -> None:
        super().__init__(graph().answers)
        self.gate = asyncio.Event()
        self.at_once = self.most = 0

    async def write(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        await self.gate.wait()
        result = await super().write(work)
        self.at_once -= 1
        return result


async def test_writers_of_one_process_take_turns() -> None:
    connection = Slow()
    shared = store(connection)
    writing = [asyncio.create_task(shared.write(SYSTEM, "test", [item(key)], NOON)) for key in "abc"]
    await asyncio.sleep(0)
    connection.gate.set()
    await asyncio.gather(*writing)
    assert (connection.most, connection.transactions) == (1, 3)


async def test_a_fenced_write_waits_for_the_lease_and_another_one_does_not() -> None:
    connection = graph()
    shared = store(connection)
    async with shared.lease.turn:
        await shared.write(SYSTEM, "test", [item("a")], NOON)
        fenced = asyncio.create_task(shared.write(SYSTEM, "test", [item("b")], NOON, Precondition(fence=3)))
        await asyncio.sleep(0)
        assert connection.transactions == 1
    assert (await fenced).revision == 9


async def test_a_store_is_empty_that_holds_only_its_own_bookkeeping() -> None:
    assert await store(graph()).is_empty()
    assert not await store(graph(**{ANY_NODE: [{"key": "a"}]})).is_empty()


async def test_a_probe_tells_why_the_store_cannot_be_used() -> None:
    known = [Migration(1, "begin", "sum", ("RETURN 1",))]
    applied = [{"version": 1, "checksum": "sum", "state": "applied"}]
    assert await Store(graph(**{SEEN: applied}), [], known).probe() == 8
    for seen, code in (
        ([], ErrorCode.MIGRATION_PENDING),
        ([{"version": 1, "checksum": "other", "state": "applied"}], ErrorCode.MIGRATION_CHANGED),
        ([*applied, {"version": 2, "checksum": "sum", "state": "applied"}], ErrorCode.STORE_TOO_NEW),
    ):
        with pytest.raises(CmdbError) as caught:
            await Store(graph(**{SEEN: seen}), [], known).probe()
        assert caught.value.code is code


async def test_a_ping_asks_the_store_and_no_more() -> None:
    connection = graph()
    await store(connection).ping()
    assert [statement for statement, _ in connection.asked] == [PING]
