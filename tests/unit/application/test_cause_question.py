"""Why a CI is as it is."""

from cmdb.desk.access import SYSTEM
from tests.support.small_estate import outage


async def test_probable_causes_name_the_router_first() -> None:
    bench = await outage()
    answer = await bench.application.probable_causes(SYSTEM, "finance")
    assert answer.causes[0].item.key == "r1"
    assert {event.item for event in answer.causes[0].explains} == {"vpnc", "finance"}
