"""Lists and look-ups."""

from dataclasses import replace

import pytest

from cmdb.application.requests import (
    ItemFilter,
    OpenTicketRequest,
    PageRequest,
)
from cmdb.desk.access import SYSTEM
from cmdb.errors import ErrorCode, InvalidInput
from cmdb.model.access import Principal, PrincipalRole
from cmdb.model.records import Role
from cmdb.model.severity import Severity
from cmdb.ports.graph import RecordFilter
from tests.support.moments import NOON
from tests.support.small_estate import ANN, Bench, furnished, item, outage


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


async def keys(bench: Bench, principal: Principal = SYSTEM, **fields: object) -> list[str]:
    page = await bench.application.items(principal, ItemFilter(**fields), PageRequest())  # type: ignore[arg-type]
    assert page.total == len(page.rows)
    return [view.item.key for view in page.rows]


async def test_filters_narrow_together() -> None:
    bench = await outage()
    assert await keys(bench, text="EDGE") == ["r1", "r2"]
    assert await keys(bench, text="prints") == ["printsrv"]
    assert await keys(bench, subscribed_by="ann") == ["mail", "vpn"]
    assert await keys(bench, subscribed_by="nobody") == []
    assert await keys(bench, services_only=True, min_severity=Severity.WARNING, subscribed_by="ann") == [
        "vpn"
    ]
    assert await keys(bench, classes=frozenset({"router"}), text="2") == ["r2"]
    assert await keys(bench, classes=frozenset()) == []


async def test_a_class_that_is_not_declared_is_refused() -> None:
    with pytest.raises(InvalidInput, match="no_such_class") as caught:
        await keys(await furnished(), classes=frozenset({"router", "no_such_class"}))
    assert caught.value.code is ErrorCode.UNKNOWN_CLASS


async def test_hidden_cis_are_neither_listed_nor_counted() -> None:
    bench = await furnished()
    assert await keys(bench, ANN) == ["mail", "vpn"]
    assert await bench.application.items_by_key(ANN, ["r1"]) == [None]


async def test_a_page_after_the_last_row_is_empty() -> None:
    page = await (await furnished()).application.items(SYSTEM, ItemFilter(), PageRequest(after=("zzz",)))
    assert (page.rows, page.has_more, page.total) == ((), False, 9)


async def test_paging_goes_on_where_the_last_row_has_gone_meanwhile() -> None:
    bench = await furnished()
    first = await bench.application.items(SYSTEM, ItemFilter(), PageRequest(first=2))
    await bench.assert_records(item("mail", "business_service", retired=True))
    rest = await bench.application.items(SYSTEM, ItemFilter(), PageRequest(after=first.positions[-1]))
    assert [view.item.key for view in first.rows] == ["finance", "mail"]
    assert [view.item.key for view in rest.rows] == ["mail1", "print", "printsrv", "r1", "r2", "vpn", "vpnc"]


async def test_cis_come_in_the_order_of_the_keys_with_gaps() -> None:
    views = await (await furnished()).application.items_by_key(SYSTEM, ["vpn", "nowhere", "r1", "vpn"])
    assert [view and view.item.key for view in views] == ["vpn", None, "r1", "vpn"]
    assert await (await furnished()).application.items_by_key(SYSTEM, []) == []


async def test_a_view_says_where_the_ci_comes_from_and_who_stands_to_it() -> None:
    view = await (await furnished()).application.find_item(SYSTEM, "finance")
    assert (view.source, view.recorded_at, view.revision, view.ref.name) == ("test", NOON, 1, "Finance")
    assert [(row.party.key, row.role) for row in view.parties] == [
        ("bob", Role.OWNS),
        ("bob", Role.SUBSCRIBES),
    ]


async def test_secret_attributes_are_shown_to_admins_only() -> None:
    declared = Bench().application.metamodel.classes
    name, secret = next(
        (name, attribute.name)
        for name, known in sorted(declared.items())
        for attribute in known.attributes.values()
        if attribute.secret and not known.abstract and not any(a.required for a in known.attributes.values())
    )
    bench = await furnished(item("box", name, attributes={secret: "hush"}))
    engineer = Principal(name="e", role=PrincipalRole.ENGINEER)
    assert (await bench.application.find_item(SYSTEM, "box")).item.attributes == {secret: "hush"}
    shown = await bench.application.find_item(engineer, "box")
    assert shown.item == replace((await bench.application.find_item(SYSTEM, "box")).item, attributes={})


@pytest.mark.parametrize(
    "after", [(), ("x",), ("not a time", "k"), ("2026-03-02T12:00:00+00:00", "k", "more")]
)
async def test_a_cursor_of_another_list_is_refused(after: tuple[str, ...]) -> None:
    with pytest.raises(InvalidInput) as caught:
        await (await furnished()).application.events(SYSTEM, RecordFilter(), PageRequest(after=after))
    assert caught.value.code is ErrorCode.BAD_CURSOR


async def test_changes_and_tickets_page_by_their_own_times() -> None:
    bench = await outage()
    await bench.application.open_ticket(SYSTEM, OpenTicketRequest(event="test:r1:down"))
    bench.clock.advance(5)
    await bench.application.open_ticket(SYSTEM, OpenTicketRequest(event="test:printsrv:down"))
    changes = await bench.application.changes(SYSTEM, RecordFilter(), PageRequest(first=2))
    assert ([row.key for row in changes.rows], changes.has_more, changes.total) == (
        ["FUTURE", "NEWER"],
        True,
        4,
    )
    rest = await bench.application.changes(SYSTEM, RecordFilter(), PageRequest(after=changes.positions[-1]))
    assert ([row.key for row in rest.rows], rest.has_more) == (["PRINT", "PATCH"], False)
    tickets = await bench.application.tickets(SYSTEM, RecordFilter(), PageRequest())
    assert [row.key for row in tickets.rows] == ["INC000002", "INC000001"]


async def test_records_by_key_keep_order_and_hide_what_is_hidden() -> None:
    bench = await outage()
    changes = await bench.application.changes_by_key(SYSTEM, ["PATCH", "nope", "NEWER"])
    assert [row and row.key for row in changes] == ["PATCH", None, "NEWER"]
    assert await bench.application.changes_by_key(ANN, ["PATCH"]) == [None]
    parties = await bench.application.parties_by_key(ANN, ["bob", "ann"])
    assert [row and row.key for row in parties] == [None, "ann"]
    assert await bench.application.events_by_key(SYSTEM, []) == []
