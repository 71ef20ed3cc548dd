"""What happened to a CI and upstream of it."""

import pytest

from cmdb.application.requests import (
    OpenTicketRequest,
    TimelineRequest,
)
from cmdb.desk.access import SYSTEM
from cmdb.errors import ErrorCode, InvalidInput, NotFound
from tests.support.moments import NOON, minutes
from tests.support.small_estate import ANN, cleared, furnished, outage


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


@pytest.mark.parametrize("length", [0, -1])
async def test_an_interval_that_ends_before_it_starts_is_refused(length: float) -> None:
    request = TimelineRequest(item="finance", since=NOON, until=NOON + minutes(length))
    with pytest.raises(InvalidInput) as caught:
        await (await furnished()).application.timeline(SYSTEM, request)
    assert caught.value.code is ErrorCode.BAD_INTERVAL


async def test_cleared_events_and_tickets_are_told_too() -> None:
    bench = await outage()
    ticket = (await bench.application.open_ticket(SYSTEM, OpenTicketRequest(event="test:r1:down"))).ticket
    await bench.assert_records(cleared("r1", NOON + minutes(20)))
    answer = await bench.application.timeline(SYSTEM, TimelineRequest(item="finance", since=NOON))
    told = {entry.what for entry in answer.entries if entry.item.key == "r1"}
    assert "event critical down: r1 is down, cleared 12:20" in told
    (entry,) = [entry for entry in answer.entries if entry.ticket is not None]
    assert (entry.ticket is not None and entry.ticket.key, entry.item.key, entry.hops) == (
        ticket,
        "finance",
        0,
    )
    assert entry.what.startswith("incident assigned: ")


async def test_the_timeline_is_cut_and_says_so() -> None:
    bench = await outage()
    whole = (await bench.application.timeline(SYSTEM, TimelineRequest(item="finance"))).entries
    for first in (1, len(whole) - 1, len(whole)):
        cut = await bench.application.timeline(SYSTEM, TimelineRequest(item="finance", first=first))
        assert (cut.entries, cut.has_more) == (whole[:first], first < len(whole))


async def test_what_is_hidden_did_not_happen() -> None:
    answer = await (await outage()).application.timeline(ANN, TimelineRequest(item="vpn"))
    assert answer.entries == ()
    with pytest.raises(NotFound):
        await (await outage()).application.timeline(ANN, TimelineRequest(item="finance"))


async def test_what_happened_downstream_is_not_told() -> None:
    answer = await (await outage()).application.timeline(SYSTEM, TimelineRequest(item="r1", since=NOON))
    assert {entry.item.key for entry in answer.entries} == {"r1"}
