"""Lists and look-ups."""

from cmdb.application.requests import (
    ItemFilter,
    PageRequest,
)
from cmdb.desk.access import SYSTEM
from cmdb.model.severity import Severity
from cmdb.ports.graph import RecordFilter
from tests.support.small_estate import outage


async def test_items_page_by_key_and_filter() -> None:
    bench = await outage()
    ask = bench.application.items
    first = await ask(SYSTEM, ItemFilter(services_only=True), PageRequest(first=2))
    assert ([view.item.key for view in first.rows], first.has_more, first.total) == (
        ["finance", "mail"],
        True,
        4,
    )
    rest = await ask(SYSTEM, ItemFilter(services_only=True), PageRequest(first=2, after=first.positions[-1]))
    assert [view.item.key for view in rest.rows] == ["print", "vpn"]
    network = await ask(SYSTEM, ItemFilter(classes=frozenset({"network_device"})), PageRequest())
    assert {view.item.key for view in network.rows} == {"r1", "r2", "vpnc"}
    bad = await ask(SYSTEM, ItemFilter(min_severity=Severity.CRITICAL), PageRequest())
    assert {view.item.key for view in bad.rows} == {"r1", "vpnc", "vpn", "finance"}


async def test_events_page_newest_first() -> None:
    bench = await outage()
    first = await bench.application.events(SYSTEM, RecordFilter(), PageRequest(first=1))
    assert (first.rows[0].item, first.total) == ("finance", 4)
    rest = await bench.application.events(
        SYSTEM, RecordFilter(), PageRequest(first=5, after=first.positions[0])
    )
    assert [event.item for event in rest.rows] == ["vpnc", "printsrv", "r1"]
