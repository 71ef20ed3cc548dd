"""What happened to a CI and upstream of it."""

from cmdb.application.requests import (
    TimelineRequest,
)
from cmdb.desk.access import SYSTEM
from tests.support.moments import NOON, minutes
from tests.support.small_estate import outage


async def test_the_timeline_covers_what_it_depends_on() -> None:
    bench = await outage()
    answer = await bench.application.timeline(SYSTEM, TimelineRequest(item="finance"))
    assert [(entry.item.key, entry.event is not None) for entry in answer.entries if entry.at >= NOON] == [
        ("r1", False),
        ("finance", True),
        ("vpnc", True),
        ("r1", True),
    ]
    short = await bench.application.timeline(
        SYSTEM, TimelineRequest(item="finance", since=NOON, until=NOON + minutes(1))
    )
    assert [entry.item.key for entry in short.entries] == ["r1"]
