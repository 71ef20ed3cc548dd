"""Batches and loads of records."""

from cmdb.application.requests import (
    OnError,
)
from cmdb.errors import ErrorCode
from cmdb.ports.graph import RowStatus
from tests.support.small_estate import furnished, item, needs


async def test_a_refused_row_refuses_the_batch_or_is_skipped_as_asked() -> None:
    bench = await furnished()
    bad = item("x", "no_such_class")
    refused = await bench.assert_records(item("y", "server"), bad)
    assert [row.status for row in refused.results] == [RowStatus.REFUSED, RowStatus.REFUSED]
    assert refused.results[1].problem is not None
    assert refused.results[1].problem.code is ErrorCode.UNKNOWN_CLASS
    skipped = await bench.assert_records(item("y", "server"), bad, on_error=OnError.SKIP_ROW)
    assert [row.status for row in skipped.results] == [RowStatus.CREATED, RowStatus.REFUSED]


async def test_an_unchanged_batch_takes_no_revision() -> None:
    bench = await furnished()
    again = await bench.assert_records(item("r1", "router", "edge router 1"), needs("vpnc", "r1"))
    assert [row.status for row in again.results] == [RowStatus.UNCHANGED, RowStatus.UNCHANGED]
    assert again.revision == 1
