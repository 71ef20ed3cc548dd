"""One view of the present and the severities that hold in it."""

from dataclasses import replace

from cmdb.desk.access import SYSTEM
from cmdb.model.records import Window, WindowKind
from cmdb.model.severity import Severity
from tests.support.moments import NOON, minutes
from tests.support.small_estate import furnished, raised


async def test_maintenance_turns_outage_into_planned() -> None:
    window = Window(
        key="w1", window_kind=WindowKind.MAINTENANCE, title="patching", items=("r1",), start=NOON - minutes(10),
        end=NOON + minutes(10),
    )  # fmt: skip
    bench = await furnished(raised("r1"), window)
    view = await bench.application.find_item(SYSTEM, "vpn")
    assert (view.health.effective, view.health.planned) == (Severity.OK, Severity.CRITICAL)
    bench.clock.advance(11)
    view = await bench.application.find_item(SYSTEM, "vpn")
    assert (view.health.effective, view.health.planned) == (Severity.CRITICAL, Severity.OK)


async def test_unknown_providers_give_an_interval() -> None:
    bench = await furnished(replace(raised("r1"), unknown=True))
    health = (await bench.application.find_item(SYSTEM, "vpn")).health
    assert (health.effective, health.worst_case, health.certain) == (Severity.OK, Severity.CRITICAL, False)
