"""What a comparison of the live projection with the store tells, and what follows from it."""

import logging
from dataclasses import replace

import pytest

from cmdb.desk.access import SYSTEM
from cmdb.errors import CmdbError, ErrorCode
from cmdb.model.access import Principal
from cmdb.model.kinds import RecordKind
from cmdb.model.records import Dependency, Item
from cmdb.ports.graph import GraphDelta
from tests.fakes.graph import FakeGraph
from tests.support.moments import NOON
from tests.support.small_estate import Bench, furnished, item, raised


async def renamed(key: str, name: str) -> Bench:
    """Return a bench in whose store somebody renamed a CI, without a revision, after the service had read it."""
    bench = await furnished(raised("r1"))
    await bench.application.refresh()
    row = bench.graph.rows[RecordKind.ITEM, key]
    assert isinstance(row.record, Item)
    bench.graph.rows[RecordKind.ITEM, key] = replace(row, record=replace(row.record, name=name))
    return bench


async def test_a_picture_that_is_as_stored_has_no_differences() -> None:
    bench = await furnished(raised("r1"))
    told = await bench.application.verify(SYSTEM)
    assert (told.found, told.differences, told.revision) == (0, (), 1)
    assert told.items == sum(kind is RecordKind.ITEM for kind, _ in bench.graph.rows)


async def test_what_was_set_past_the_service_is_told_in_words_and_read_anew(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bench = await renamed("vpn", "Other")
    told = await bench.application.verify(SYSTEM)
    assert told.differences == ("CI 'vpn': name 'VPN' is served, 'Other' is stored",)
    assert not (await bench.application.basis()).verified
    bench.clock.advance(1)
    with caplog.at_level(logging.WARNING):
        assert (await bench.application.find_item(SYSTEM, "vpn")).ref.name == "Other"
    assert [ErrorCode.FOREIGN_WRITE in record.message for record in caplog.records] == [True]
    assert (await bench.application.basis()).verified
    assert (await bench.application.verify(SYSTEM)).found == 0


async def test_every_kind_of_difference_is_named() -> None:
    bench = await furnished(raised("r1"))
    await bench.application.refresh()
    graph, (event,) = bench.graph, [key for kind, key in bench.graph.rows if kind is RecordKind.EVENT]
    edge = next(row.record for row in graph.rows.values() if isinstance(row.record, Dependency))
    fresh = graph.rows[RecordKind.ITEM, "r1"]
    graph.rows[RecordKind.ITEM, "new"] = replace(fresh, record=item("new", "server"))
    del graph.rows[RecordKind.EVENT, event]
    graph.rows[RecordKind.DEPENDENCY, edge.key] = replace(
        graph.rows[RecordKind.DEPENDENCY, edge.key], record=replace(edge, weight=7)
    )
    told = await bench.application.verify(SYSTEM)
    assert told.found == 3
    assert "CI 'new': only in the store" in told.differences
    assert f"events '{event}': no longer in the store" in told.differences
    assert any(
        f"CI '{edge.consumer}': dependencies" in line and ", 7, [" in line for line in told.differences
    )


async def test_a_store_that_never_rests_is_behind() -> None:
    class Restless(FakeGraph):
        async def delta(self, principal: Principal, since: int) -> GraphDelta:
            delta = await super().delta(principal, since)
            if since == 0 and self.rows:
                await self.write(
                    SYSTEM, "other", [Item(key="x", ci_class="server", name=str(self.revision))], NOON
                )
            return delta

    bench = Bench(Restless())
    await bench.assert_records(item("a", "server"))
    with pytest.raises(CmdbError) as caught:
        await bench.application.verify(SYSTEM)
    assert caught.value.code is ErrorCode.BEHIND
