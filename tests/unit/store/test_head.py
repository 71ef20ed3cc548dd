"""How far the graph can be read: which number is believed, and which one is waited for."""

import asyncio

import pytest

from cmdb.errors import ErrorCode, StoreError
from cmdb.store.counter import HEAD, HOLD_COUNTER
from cmdb.store.head import Head
from tests.fakes.connection import FakeConnection, Parameters


class Counter(FakeConnection):
    """A counter at `value`; `fails` is what a write meets."""

    def __init__(self, value: int) -> None:
        self.value = value
        self.fails: ErrorCode | None = None
        super().__init__({HOLD_COUNTER: self._hold, HEAD: lambda _: [{"revision": self.value}]})

    def _hold(self, _asked: Parameters) -> list[dict[str, object]]:
        if self.fails is not None:
            raise StoreError(self.fails, "No.")
        return []


async def test_a_number_that_was_answered_to_us_is_believed() -> None:
    counter = Counter(4)
    head = Head(counter)
    with head.writing():
        head.answered(4)
    assert [await head.read() for _ in range(3)] == [4, 4, 4]
    assert counter.transactions == 0


async def test_the_writer_of_any_other_number_is_waited_for_once() -> None:
    counter = Counter(4)
    head = Head(counter)
    assert [await head.read() for _ in range(3)] == [4, 4, 4]
    assert counter.transactions == 1
    counter.value = 6
    assert await asyncio.gather(*(head.read() for _ in range(5))) == [6] * 5
    assert counter.transactions == 2


async def test_nobody_is_made_to_start_over_on_an_engine_without_locks() -> None:
    counter = Counter(4)
    counter.has_locks = False
    assert await Head(counter).read() == 4
    assert counter.transactions == 0


async def test_what_is_written_while_a_writer_is_waited_for_counts() -> None:
    class Slow(Counter):
        def _hold(self, asked: Parameters) -> list[dict[str, object]]:
            self.value += 1
            return super()._hold(asked)

    assert await Head(Slow(4)).read() == 5


@pytest.mark.parametrize("answered", [True, False], ids=["answered", "its answer was lost"])
async def test_a_number_that_may_be_our_own_is_waited_for_without_a_lock(*, answered: bool) -> None:
    counter = Counter(4)
    head = Head(counter)
    head.answered(4)
    with head.writing():
        counter.value = 5
        reading = asyncio.create_task(head.read())
        await asyncio.sleep(0.01)
        assert (reading.done(), counter.transactions) == (False, 0)
        if answered:
            head.answered(5)
    assert await reading == 5
    # What nobody answered counts like the number of another process.
    assert counter.transactions == (0 if answered else 1)


async def test_an_older_number_means_another_store() -> None:
    counter = Counter(40)
    head = Head(counter)
    assert await head.read() == 40
    counter.value = 3
    assert await head.read() == 3
    assert counter.transactions == 2


@pytest.mark.parametrize(
    ("code", "revision"), [(ErrorCode.STORE_UNWRITABLE, 7), (ErrorCode.STORE_CONFLICT, 6)]
)
async def test_readers_go_on_where_the_writer_cannot_be_waited_for(code: ErrorCode, revision: int) -> None:
    counter = Counter(7)
    counter.fails = code
    assert await Head(counter).read() == revision


async def test_a_store_that_is_gone_is_told() -> None:
    counter = Counter(7)
    counter.fails = ErrorCode.STORE_GONE
    with pytest.raises(StoreError) as caught:
        await Head(counter).read()
    assert caught.value.code is ErrorCode.STORE_GONE
