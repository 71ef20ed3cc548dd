"""What changed upstream."""

from cmdb.application.requests import (
    UpstreamChangesRequest,
)
from cmdb.desk.access import SYSTEM
from tests.support.moments import NOON
from tests.support.small_estate import outage


async def test_the_patch_is_the_first_suspect_and_later_work_is_excluded() -> None:
    bench = await outage()
    answer = await bench.application.upstream_changes(SYSTEM, UpstreamChangesRequest(item="finance"))
    assert answer.onset == NOON
    assert [row.change.key for row in answer.suspects] == ["PATCH", "NEWER"]
    assert [step.provider.key for step in answer.suspects[0].path] == ["vpn", "vpnc", "r1"]
    assert [(row.change.key, row.excluded) for row in answer.excluded] == [
        ("FUTURE", "started after the symptom")
    ]
    assert answer.upstream == 3
