"""Records that are read more than once: the same in memory and in a file."""

import random
from collections.abc import Iterator

import apsw
import pytest

from cmdb.application.writing_order import writing_order
from cmdb.errors import CmdbError, ErrorCode, Place
from cmdb.ingest.holding import hold_records
from cmdb.ports.records import LocatedRecord
from tests.support.small_estate import ESTATE, item, raised

ROWS = [
    LocatedRecord(entry, Place("feed", line))
    for line, entry in enumerate(
        [*random.Random(3).sample(ESTATE, len(ESTATE)), raised("r1"), raised("r2")], 1
    )
]


@pytest.mark.parametrize("few", [0, 1, len(ROWS) - 1, len(ROWS), len(ROWS) + 1])
def test_what_is_held_is_whole_sorted_and_read_again(few: int) -> None:
    wanted = sorted(ROWS, key=lambda row: writing_order(row.record))
    with hold_records(iter(ROWS), writing_order, few) as held:
        assert list(held) == wanted
        assert list(held) == wanted
        assert len(held) == len(ROWS)
        assert ROWS[0] in held
        assert LocatedRecord(item("other", "server"), Place("feed", 1)) not in held


@pytest.mark.parametrize("few", [0, 10])
def test_rows_of_equal_order_stay_as_they_came(few: int) -> None:
    steps = [LocatedRecord(raised(key), Place("feed", line)) for line, key in enumerate("bcabcd")]
    with hold_records(steps, writing_order, few) as held:
        assert list(held) == steps


def test_nothing_is_held_as_well() -> None:
    with hold_records([], writing_order) as held:
        assert (len(held), list(held)) == (0, [])


@pytest.mark.parametrize("few", [0, len(ROWS) + 1])
def test_a_fault_that_ends_the_reading_is_that_of_the_load(few: int) -> None:
    def broken() -> Iterator[LocatedRecord]:
        yield from ROWS
        raise CmdbError(ErrorCode.SYNTAX, "cut off")

    with pytest.raises(CmdbError, match="cut off"), hold_records(broken(), writing_order, few):
        pytest.fail("nothing may be done with half a load")


@pytest.mark.parametrize("fault", [apsw.FullError, apsw.IOError])
def test_no_room_for_them_is_told(fault: type[Exception]) -> None:
    def full() -> Iterator[LocatedRecord]:
        yield from ROWS
        raise fault("no room")

    with pytest.raises(CmdbError) as caught, hold_records(full(), writing_order, 0):
        pytest.fail("there is no room")
    assert caught.value.code is ErrorCode.TOO_LARGE
    assert "SQLITE_TMPDIR" in caught.value.hint
