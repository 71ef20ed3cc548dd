"""The one counter that numbers writes."""

from typing import cast

import pytest
from neo4j import AsyncDriver

from cmdb.errors import ErrorCode, StoreError
from cmdb.store.connection import Connection, StoreAddress
from cmdb.store.counter import read_head, settled_revision, take_revision
from tests.fakes.bolt import FakeDriver, Outcome


def over(*script: Outcome) -> Connection:
    return Connection(cast(AsyncDriver, FakeDriver(list(script))), StoreAddress("bolt://h", "u", "p", "d"))


async def test_the_counters_value_is_the_revision() -> None:
    assert await read_head(over([{"revision": 7}])) == 7
    assert await over([{"revision": 8}]).write(take_revision) == 8
    assert await over([], [{"revision": 8}]).write(settled_revision) == 8


async def test_a_store_without_counter_is_being_restored() -> None:
    for attempt in (read_head(over([])), over([]).write(take_revision), over([], []).write(settled_revision)):
        with pytest.raises(StoreError) as caught:
            await attempt
        assert caught.value.code is ErrorCode.STORE_UNFINISHED
        assert "cmdb restore" in caught.value.hint
