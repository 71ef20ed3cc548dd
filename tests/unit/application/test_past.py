"""Questions about the past: what was so then, and what was known then."""

import pytest

from cmdb.application.requests import (
    ImpactRequest,
    ItemFilter,
    PageRequest,
    TimelineRequest,
    UpstreamChangesRequest,
)
from cmdb.desk.access import SYSTEM
from cmdb.errors import CmdbError, ErrorCode
from cmdb.model.access import Principal, PrincipalRole
from cmdb.model.records import Assignment, Role
from cmdb.model.severity import Severity
from cmdb.ports.graph import RecordFilter
from tests.support.moments import NOON, minutes
from tests.support.small_estate import Bench, cleared, furnished, item, needs, raised

ANN = Principal(name="ann", role=PrincipalRole.SUBSCRIBER, party="ann")


async def story() -> Bench:
    """Router down at 12:01, told at 12:05; clear at 12:20, told at 12:30; a host of e-mail added at 12:40."""
    bench = await furnished()
    bench.clock.advance(5)
    await bench.assert_records(raised("r1", at=NOON + minutes(1)))
    bench.clock.advance(25)
    await bench.assert_records(cleared("r1", NOON + minutes(20)))
    bench.clock.advance(10)
    await bench.assert_records(item("mail9", "server"), needs("mail", "mail9"))
    bench.clock.advance(20)
    return bench


async def vpn_at(bench: Bench, as_of: float | None, known_at: float | None) -> Severity:
    moments = [None if at is None else NOON + minutes(at) for at in (as_of, known_at)]
    questions = await bench.application.at(moments[0], moments[1])
    return (await questions.find_item(SYSTEM, "vpn")).health.effective


@pytest.mark.parametrize(
    ("as_of", "known_at", "expected"),
    [
        (None, None, Severity.OK),
        (0, None, Severity.OK),
        (2, None, Severity.CRITICAL),
        (2, 4, Severity.OK),
        (2, 5, Severity.CRITICAL),
        (25, None, Severity.OK),
        (25, 29, Severity.CRITICAL),
        (None, 10, Severity.CRITICAL),
    ],
)
async def test_valid_time_and_knowledge_are_told_apart(
    as_of: float | None, known_at: float | None, expected: Severity
) -> None:
    assert await vpn_at(await story(), as_of, known_at) is expected


async def test_an_answer_names_its_moment() -> None:
    bench = await story()
    questions = await bench.application.at(NOON + minutes(10), None)
    basis = (await questions.impact(SYSTEM, ImpactRequest(event="test:r1:down"))).basis
    assert (basis.as_of, basis.known_at) == (NOON + minutes(10), bench.clock.now())


async def test_past_impact_holds_what_was_impacted_then() -> None:
    questions = await (await story()).application.at(NOON + minutes(10), None)
    answer = await questions.impact(SYSTEM, ImpactRequest(event="test:r1:down"))
    assert {row.item.key for row in answer.rows if row.impacted} == {"vpn", "finance"}
    changes = await questions.upstream_changes(SYSTEM, UpstreamChangesRequest(item="finance"))
    assert [row.change.key for row in changes.suspects] == ["PATCH", "NEWER"]


async def test_what_came_later_is_not_there_yet() -> None:
    questions = await (await story()).application.at(NOON + minutes(39), None)
    with pytest.raises(CmdbError) as caught:
        await questions.find_item(SYSTEM, "mail9")
    assert caught.value.code is ErrorCode.NOT_FOUND
    later = await (await story()).application.at(NOON + minutes(41), None)
    assert (await later.find_item(SYSTEM, "mail9")).item.key == "mail9"


async def test_lists_and_timelines_are_of_the_past_too() -> None:
    questions = await (await story()).application.at(NOON + minutes(10), None)
    events = await questions.events(SYSTEM, RecordFilter(states=frozenset({"open"})), PageRequest())
    assert [event.item for event in events.rows] == ["r1"]
    assert events.total == 1
    bad = await questions.items(SYSTEM, ItemFilter(min_severity=Severity.CRITICAL), PageRequest())
    assert {view.item.key for view in bad.rows} == {"r1", "vpnc", "vpn", "finance"}
    entries = (await questions.timeline(SYSTEM, TimelineRequest(item="vpn"))).entries
    assert all(entry.event is None or entry.event.cleared_at is None for entry in entries)


async def test_subscriptions_count_as_they_were() -> None:
    bench = await story()
    await bench.assert_records(Assignment(party="ann", role=Role.SUBSCRIBES, item="vpn", ended=True))
    then = await bench.application.at(NOON + minutes(10), None)
    assert [row.item.key for row in await then.my_services(ANN, "ann")] == ["vpn", "mail"]
    assert [row.item.key for row in await bench.application.my_services(ANN, "ann")] == ["mail"]


async def test_the_past_shows_a_subscriber_no_more_than_the_present() -> None:
    questions = await (await story()).application.at(NOON + minutes(10), None)
    assert [view.item.key for view in (await questions.items(ANN, ItemFilter(), PageRequest())).rows] == [
        "mail",
        "vpn",
    ]
    assert (await questions.events(ANN, RecordFilter(), PageRequest())).total == 0


@pytest.mark.parametrize(("as_of", "known_at"), [(61, None), (None, 61)])
async def test_the_future_is_refused(as_of: float | None, known_at: float | None) -> None:
    with pytest.raises(CmdbError) as caught:
        await vpn_at(await story(), as_of, known_at)
    assert caught.value.code is ErrorCode.BAD_ARGUMENT
    assert str(caught.value.place) == f"request, field {'asOf' if as_of else 'knownAt'}"


async def test_a_past_snapshot_is_built_once_until_more_is_known() -> None:
    bench = await story()
    first = await bench.application.at(NOON + minutes(10), NOON + minutes(30))
    await first.find_item(SYSTEM, "vpn")
    again = await bench.application.at(NOON + minutes(10), NOON + minutes(30))
    assert (await again.basis()) == (await first.basis())
