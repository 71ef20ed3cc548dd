"""What is open now, grouped by cause."""

from cmdb.desk.access import SYSTEM
from tests.support.small_estate import outage


async def test_situations_group_by_cause_and_leave_the_unrelated_out() -> None:
    situations = await (await outage()).application.situations(SYSTEM)
    assert {row.cause.key: {member.event.item for member in row.members} for row in situations} == {
        "r1": {"r1", "vpnc", "finance"},
        "printsrv": {"printsrv"},
    }
