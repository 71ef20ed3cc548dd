"""What people decide about events: it shows in severities and situations, and ends by itself."""

from dataclasses import replace

import pytest

from cmdb.desk.access import SYSTEM
from cmdb.errors import ErrorCode, Forbidden, InvalidInput, NotFound
from cmdb.model.access import Principal, PrincipalRole
from cmdb.model.records import Event
from cmdb.model.severity import Severity
from cmdb.model.windows import Window, WindowKind
from tests.support.moments import NOON, minutes
from tests.support.small_estate import ANN, Bench, cleared, furnished, item, needs, outage, raised

R1 = "test:r1:down"
ENGINEER = Principal(name="eva", role=PrincipalRole.ENGINEER)


async def event(bench: Bench, key: str = R1) -> Event:
    (found,) = await bench.application.events_by_key(SYSTEM, [key])
    assert found is not None
    return found


async def vpn(bench: Bench) -> tuple[Severity, Severity]:
    """Return how VPN stands: unknown CIs taken as fine, and as down."""
    snapshot = await bench.snapshot()
    health = snapshot.health(snapshot.topology.index["vpn"])
    return health.effective, health.worst_case


async def test_an_acknowledgement_names_who_took_note_and_changes_no_severity() -> None:
    bench = await outage()
    before = await vpn(bench)
    revision = await bench.application.acknowledge_event(ENGINEER, R1)
    assert revision == bench.graph.revision
    assert ((await event(bench)).acknowledged_by, (await event(bench)).acknowledged_at) == ("eva", NOON)
    assert await vpn(bench) == before
    assert await bench.application.acknowledge_event(SYSTEM, R1) == revision
    await bench.assert_records(raised("r1", at=NOON + minutes(5)))
    assert (await event(bench)).acknowledged_by == "eva"


async def test_a_note_that_is_taken_back_leaves_no_trace_and_can_be_taken_anew() -> None:
    bench = await outage()
    await bench.application.acknowledge_event(ENGINEER, R1)
    await bench.application.acknowledge_event(SYSTEM, R1, undo=True)
    found = await event(bench)
    assert (found.acknowledged_by, found.acknowledged_at, found.acknowledged_seen) == ("", None, None)
    revision = bench.graph.revision
    assert await bench.application.acknowledge_event(SYSTEM, R1, undo=True) == revision
    await bench.application.acknowledge_event(SYSTEM, R1)
    assert (await event(bench)).acknowledged_by == SYSTEM.name


async def test_a_shelved_event_counts_nowhere_until_its_time_is_over() -> None:
    bench = await outage()
    assert await vpn(bench) == (Severity.CRITICAL, Severity.CRITICAL)
    await bench.application.shelve_event(ENGINEER, R1, NOON + minutes(5))
    assert (await vpn(bench))[0] is Severity.MAJOR
    assert [row.cause.key for row in await bench.application.situations(SYSTEM)] == ["vpnc", "printsrv"]
    bench.clock.advance(5)
    assert (await vpn(bench))[0] is Severity.CRITICAL
    assert [row.cause.key for row in await bench.application.situations(SYSTEM)] == ["r1", "printsrv"]


async def test_a_shelved_event_can_be_taken_back_at_once() -> None:
    bench = await outage()
    await bench.application.shelve_event(ENGINEER, R1, NOON + minutes(5))
    await bench.application.shelve_event(ENGINEER, R1, None)
    assert (await vpn(bench))[0] is Severity.CRITICAL


async def test_an_event_whose_source_fell_silent_is_unknown_and_not_fine() -> None:
    bench = await furnished(replace(raised("r1"), repeat_seconds=60))
    assert await vpn(bench) == (Severity.CRITICAL, Severity.CRITICAL)
    await bench.application.situations(SYSTEM)
    bench.clock.advance(3)
    await bench.application.situations(SYSTEM)
    assert await vpn(bench) == (Severity.OK, Severity.CRITICAL)
    await bench.assert_records(replace(raised("r1", at=NOON + minutes(3)), repeat_seconds=60))
    assert await vpn(bench) == (Severity.CRITICAL, Severity.CRITICAL)


async def test_a_window_over_a_service_leaves_what_others_need_an_outage() -> None:
    bench = await furnished(raised("r1"), raised("vpnc"))
    window = Window(
        key="w", window_kind=WindowKind.MAINTENANCE, title="w", start=NOON, end=NOON + minutes(9), services=("finance",)
    )  # fmt: skip
    await bench.assert_records(window)
    snapshot = await bench.snapshot()
    assert snapshot.serviced == {"finance", "vpn", "vpnc"}
    assert (snapshot.own.outage, snapshot.own.planned) == (
        {"r1": Severity.CRITICAL},
        {"vpnc": Severity.CRITICAL},
    )


async def test_a_window_over_a_class_comes_again_and_takes_in_who_joins_the_class() -> None:
    bench = await furnished(raised("r1"))
    window = Window(
        key="w", window_kind=WindowKind.MAINTENANCE, title="w", start=NOON - minutes(24 * 60), rule="FREQ=DAILY",
        end=NOON - minutes(24 * 60 - 5), classes=("router",),
    )  # fmt: skip
    await bench.assert_records(window)
    assert await vpn(bench) == (Severity.OK, Severity.OK)
    await bench.application.situations(SYSTEM)
    await bench.assert_records(item("r9", "router"), needs("vpn", "r9"), raised("r9"))
    assert await effective(bench, "vpn") is Severity.OK
    bench.clock.advance(5)
    assert await effective(bench, "vpn") is Severity.CRITICAL
    bench.clock.advance(24 * 60 - 5)
    assert await effective(bench, "vpn") is Severity.OK


async def effective(bench: Bench, key: str) -> Severity:
    """Return how a CI stands in the projection that is carried on from write to write."""
    rows = await bench.application.my_services(SYSTEM, "ann")
    return next(row.health.effective for row in rows if row.item.key == key)


async def test_what_is_no_longer_open_or_hidden_is_not_found() -> None:
    bench = await outage()
    await bench.assert_records(cleared("printsrv", NOON + minutes(9)))
    for key in ("test:printsrv:down", "nothing"):
        with pytest.raises(NotFound):
            await bench.application.acknowledge_event(ENGINEER, key)
    narrow = replace(ENGINEER, keys=frozenset({"vpn"}))
    with pytest.raises(NotFound):
        await bench.application.shelve_event(narrow, R1, None)


async def test_who_may_not_work_on_tickets_decides_nothing_and_no_time_lies_in_the_past() -> None:
    bench = await outage()
    with pytest.raises(Forbidden):
        await bench.application.acknowledge_event(ANN, R1)
    with pytest.raises(InvalidInput) as caught:
        await bench.application.shelve_event(ENGINEER, R1, NOON)
    assert caught.value.code is ErrorCode.BAD_ARGUMENT
