"""Impact of an event, a CI and a change, with, without and only the origin."""

from dataclasses import replace
from datetime import timedelta

import pytest

from cmdb.application.requests import (
    ImpactRequest,
    OpenTicketRequest,
)
from cmdb.application.snapshot import KEPT_ANSWERS
from cmdb.desk.access import SYSTEM
from cmdb.errors import CmdbError, ErrorCode, NotFound
from cmdb.model.access import Everything, Principal, PrincipalRole
from cmdb.model.records import Direction, EventTransition
from cmdb.model.severity import Severity
from cmdb.model.subject import Subject
from cmdb.model.windows import Window, WindowKind
from tests.support.moments import NOON, minutes
from tests.support.small_estate import Bench, change, cleared, furnished, outage, raised


async def impacted(
    bench: Bench, request: ImpactRequest, principal: Principal = SYSTEM
) -> dict[str, Severity]:
    answer = await bench.application.impact(principal, request)
    return {row.item.key: row.severity for row in answer.rows if row.impacted}


async def test_an_event_impacts_the_services_downstream_and_redundancy_holds() -> None:
    bench = await outage()
    answer = await bench.application.impact(SYSTEM, ImpactRequest(event="test:r1:down"))
    assert {row.item.key: row.severity for row in answer.rows if row.impacted} == {
        "vpn": Severity.CRITICAL,
        "finance": Severity.CRITICAL,
    }
    mail = next(row for row in answer.rows if not row.impacted)
    assert (mail.item.key, mail.margin.survives, mail.margin.exact) == ("mail", 0, True)
    assert [ref.key for ref in mail.margin.next_failures] == ["r2"]
    assert [(verdict.weight, verdict.weight_up, verdict.tripped) for verdict in mail.proof.groups] == [
        (2, 1, False)
    ]
    assert (answer.impacted, answer.holding, answer.reached) == (2, 1, 4)


async def test_the_path_leads_from_the_service_to_the_origin() -> None:
    bench = await outage()
    answer = await bench.application.impact(SYSTEM, ImpactRequest(event="test:r1:down"))
    finance = next(row for row in answer.rows if row.item.key == "finance")
    assert [step.provider.key for step in finance.proof.path] == ["vpn", "vpnc", "r1"]
    assert {row.item.key for row in finance.proof.causes} == {"r1"}
    assert [party.key for party in finance.owners] == ["bob"]


async def test_a_local_event_impacts_nothing_beyond_its_ci() -> None:
    bench = await furnished(raised("r1", Severity.CRITICAL, direction=Direction.LOCAL))
    assert await impacted(bench, ImpactRequest(event="test:r1:down")) == {}


async def test_a_healthy_ci_is_assumed_down() -> None:
    bench = await furnished()
    assert set(await impacted(bench, ImpactRequest(item="r1"))) == {"vpn", "finance"}
    assert set(await impacted(bench, ImpactRequest(change="PATCH"))) == {"vpn", "finance"}


async def test_a_second_failure_breaks_what_redundancy_held() -> None:
    bench = await furnished(raised("r2"))
    answer = await bench.application.impact(SYSTEM, ImpactRequest(item="r1"))
    mail = next(row for row in answer.rows if row.item.key == "mail")
    assert (mail.impacted, mail.alone, mail.without, mail.severity) == (
        True,
        Severity.OK,
        Severity.OK,
        Severity.CRITICAL,
    )


@pytest.mark.parametrize("request_", [ImpactRequest(), ImpactRequest(item="r1", event="x")])
async def test_impact_needs_exactly_one_origin(request_: ImpactRequest) -> None:
    with pytest.raises(CmdbError) as caught:
        await (await furnished()).application.impact(SYSTEM, request_)
    assert caught.value.code is ErrorCode.BAD_ARGUMENT


async def test_two_events_of_a_ci_are_told_apart() -> None:
    worse = replace(raised("r1", Severity.CRITICAL), condition="fan")
    bench = await furnished(raised("r1", Severity.MINOR), worse)
    answer = await bench.application.impact(SYSTEM, ImpactRequest(event="test:r1:down"))
    vpn = next(row for row in answer.rows if row.item.key == "vpn")
    assert (vpn.alone, vpn.without, vpn.severity) == (Severity.MINOR, Severity.CRITICAL, Severity.CRITICAL)


async def test_a_cleared_event_impacts_nothing_any_more() -> None:
    bench = await outage()
    await bench.assert_records(cleared("r1", NOON + minutes(9)))
    answer = await bench.application.impact(SYSTEM, ImpactRequest(event="test:r1:down"))
    assert (answer.impacted, [ref.key for ref in answer.origins]) == (0, ["r1"])


async def test_an_event_under_maintenance_impacts_nothing_now() -> None:
    window = Window(
        key="w", window_kind=WindowKind.MAINTENANCE, title="w", items=("r1",), start=NOON, end=NOON + minutes(9)
    )  # fmt: skip
    bench = await furnished(raised("r1"), window)
    assert await impacted(bench, ImpactRequest(event="test:r1:down")) == {}
    bench.clock.advance(9)
    assert set(await impacted(bench, ImpactRequest(event="test:r1:down"))) == {"vpn", "finance"}


async def test_an_event_of_unknown_state_is_taken_as_fine() -> None:
    bench = await furnished(replace(raised("r1"), unknown=True))
    assert await impacted(bench, ImpactRequest(event="test:r1:down")) == {}


async def test_a_failing_ci_counts_as_it_is_and_not_as_assumed() -> None:
    bench = await furnished(raised("r1", Severity.MINOR))
    found = await impacted(bench, ImpactRequest(item="r1", as_if=Severity.CRITICAL))
    assert set(found.values()) == {Severity.MINOR}
    assert set((await impacted(bench, ImpactRequest(item="r2", as_if=Severity.MAJOR))).values()) == {
        Severity.MINOR
    }


async def test_rows_can_be_paged_without_gap_or_repeat() -> None:
    bench = await outage()
    whole = await bench.application.impact(SYSTEM, ImpactRequest(event="test:r1:down"))
    pages = [
        await bench.application.impact(SYSTEM, ImpactRequest(event="test:r1:down", first=1, skip=skip))
        for skip in range(4)
    ]
    assert [row.item.key for page in pages for row in page.rows] == [row.item.key for row in whole.rows]
    assert [page.has_more for page in pages] == [True, True, False, False]
    assert [row.item.key for row in whole.rows] == ["finance", "vpn", "mail"]


async def test_what_redundancy_holds_can_be_left_out() -> None:
    bench = await outage()
    answer = await bench.application.impact(
        SYSTEM, ImpactRequest(event="test:r1:down", include_holding=False)
    )
    assert ([row.item.key for row in answer.rows], answer.holding) == (["finance", "vpn"], 1)


async def test_every_ci_reached_is_listed_on_request() -> None:
    found = await impacted(await outage(), ImpactRequest(event="test:r1:down", services_only=False))
    assert set(found) == {"r1", "vpnc", "vpn", "finance"}


@pytest.mark.parametrize(
    "request_", [ImpactRequest(event="nope"), ImpactRequest(item="nope"), ImpactRequest(change="nope")]
)
async def test_an_origin_that_is_not_there_is_not_found(request_: ImpactRequest) -> None:
    with pytest.raises(NotFound):
        await (await outage()).application.impact(SYSTEM, request_)


async def test_an_unbound_event_impacts_nothing_and_says_why() -> None:
    bench = await outage()
    before = await bench.snapshot()
    stray = EventTransition(
        condition="down", severity=Severity.CRITICAL, at=NOON, subject=Subject(host="nobody")
    )
    outcome = await bench.assert_records(stray)
    assert (await bench.snapshot()).effective.tolist() == before.effective.tolist()
    with pytest.raises(NotFound, match="No CI is known"):
        await bench.application.impact(SYSTEM, ImpactRequest(event=outcome.results[0].key))
    subscriber = Principal(name="ann", role=PrincipalRole.SUBSCRIBER, party="ann")
    with pytest.raises(NotFound, match="No event"):
        await bench.application.impact(subscriber, ImpactRequest(event=outcome.results[0].key))


async def test_what_is_hidden_is_counted_and_not_named() -> None:
    narrow = Principal(name="e", role=PrincipalRole.ENGINEER, keys=frozenset({"r1", "vpn"}))
    answer = await (await outage()).application.impact(narrow, ImpactRequest(event="test:r1:down"))
    assert ([row.item.key for row in answer.rows], answer.impacted, answer.restricted) == (["vpn"], 1, 1)
    (step, other) = answer.rows[0].proof.path
    assert (step.provider.restricted, step.provider.key) == (True, "")
    assert other.provider.key == "r1"


async def test_a_change_fails_all_of_its_targets() -> None:
    both = replace(change("BOTH", "r1", timedelta(0)), targets=("r1", "r2"))
    found = await impacted(await furnished(both), ImpactRequest(change="BOTH"))
    assert set(found) == {"vpn", "finance", "mail"}


async def test_open_tickets_and_owners_stand_with_what_they_are_about() -> None:
    bench = await outage()
    ticket = (await bench.application.open_ticket(SYSTEM, OpenTicketRequest(event="test:r1:down"))).ticket
    answer = await bench.application.impact(SYSTEM, ImpactRequest(event="test:r1:down"))
    assert {row.item.key: [t.key for t in row.tickets] for row in answer.rows} == {
        "finance": [ticket],
        "vpn": [ticket],
        "mail": [],
    }


async def test_an_answer_is_kept_for_its_revision_and_for_who_sees_the_same() -> None:
    bench = await outage()
    request = ImpactRequest(item="r1")
    first = await bench.application.impact(SYSTEM, request)
    bench.clock.advance(5)
    again = await bench.application.impact(SYSTEM, request)
    assert again.rows is first.rows
    assert again.basis.computed_at > first.basis.computed_at
    with pytest.raises(NotFound):
        await bench.application.impact(Principal(name="x", role=PrincipalRole.SUBSCRIBER), request)
    await bench.assert_records(cleared("r1", NOON + minutes(9)))
    after = await bench.application.impact(SYSTEM, request)
    assert after.basis.revision > first.basis.revision
    assert after.rows is not first.rows


async def test_the_answers_asked_longest_ago_make_room() -> None:
    snapshot = await (await outage()).snapshot()
    for number in range(1, KEPT_ANSWERS + 1):
        snapshot.keep((Everything(), number), number)
    assert snapshot.kept((Everything(), 1)) == 1
    snapshot.keep((Everything(), 0), 0)
    assert len(snapshot.answers) == KEPT_ANSWERS
    assert snapshot.kept((Everything(), 2)) is None
    assert snapshot.kept((Everything(), 1)) == 1


@pytest.mark.parametrize("as_if", [Severity.OK, Severity.MINOR, Severity.CRITICAL])
async def test_an_assumed_failure_is_told_alike_where_it_is_the_only_one_and_where_it_is_not(
    as_if: Severity,
) -> None:
    request = ImpactRequest(item="r1", as_if=as_if, services_only=False)
    calm = await (await furnished()).application.impact(SYSTEM, request)
    busy = await (await furnished(raised("printsrv"))).application.impact(SYSTEM, request)
    assert calm.rows == busy.rows
    assert [bool(row.proof.causes) for row in calm.rows] == [row.severity > 0 for row in calm.rows]
