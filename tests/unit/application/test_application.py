"""The questions, asked of a small estate through the facade."""

from dataclasses import replace

import pytest

from cmdb.application.requests import (
    AttachReportRequest,
    ImpactRequest,
    IntakeRequest,
    ItemFilter,
    OnError,
    OpenTicketRequest,
    PageRequest,
    TimelineRequest,
    TopologyRequest,
    UpdateTicketRequest,
    UpstreamChangesRequest,
    WhatIfRequest,
)
from cmdb.desk.access import SYSTEM
from cmdb.errors import CmdbError, ErrorCode
from cmdb.model.access import Principal, PrincipalRole
from cmdb.model.records import Assignment, Direction, Role, TicketState, Window, WindowKind
from cmdb.model.severity import Severity
from cmdb.ports.graph import RecordFilter, RowStatus
from tests.support.moments import NOON, minutes
from tests.support.small_estate import Bench, cleared, furnished, item, needs, raised

ANN = Principal(name="ann", role=PrincipalRole.SUBSCRIBER, party="ann")


async def outage() -> Bench:
    """Return the estate with the router down, symptoms downstream and an unrelated event."""
    return await furnished(
        raised("r1"),
        raised("vpnc", Severity.MAJOR, NOON + minutes(1)),
        raised("finance", Severity.MINOR, NOON + minutes(2)),
        raised("printsrv", Severity.MINOR, NOON + minutes(1)),
    )


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


async def test_a_subscriber_sees_only_their_services_and_a_count_of_the_rest() -> None:
    bench = await outage()
    with pytest.raises(CmdbError) as caught:
        await bench.application.impact(ANN, ImpactRequest(event="test:r1:down"))
    assert caught.value.code is ErrorCode.NOT_FOUND
    statuses = await bench.application.my_services(ANN, "ann")
    assert [(row.item.key, row.health.effective) for row in statuses] == [
        ("vpn", Severity.CRITICAL),
        ("mail", Severity.OK),
    ]
    assert "restricted" in statuses[0].summary
    assert "one more failure takes it down" in statuses[1].summary
    assert all(step.provider.key in ("", "vpn") for step in statuses[0].proof.path)


async def test_nobody_sees_another_subscribers_services() -> None:
    with pytest.raises(CmdbError) as caught:
        await (await furnished()).application.my_services(ANN, "bob")
    assert caught.value.code is ErrorCode.FORBIDDEN


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


async def test_probable_causes_name_the_router_first() -> None:
    bench = await outage()
    answer = await bench.application.probable_causes(SYSTEM, "finance")
    assert answer.causes[0].item.key == "r1"
    assert {event.item for event in answer.causes[0].explains} == {"vpnc", "finance"}


async def test_what_if_tells_what_worsens_and_what_loses_margin() -> None:
    bench = await furnished()
    answer = await bench.application.what_if(SYSTEM, WhatIfRequest(items=("r1",)))
    assert {row.item.key: (row.before, row.after) for row in answer.rows if row.after > row.before} == {
        "vpn": (Severity.OK, Severity.CRITICAL),
        "finance": (Severity.OK, Severity.CRITICAL),
    }
    mail = next(row for row in answer.rows if row.item.key == "mail")
    assert (mail.margin_before, mail.margin_after) == (1, 0)
    assert bench.graph.revision == 1


async def test_situations_group_by_cause_and_leave_the_unrelated_out() -> None:
    situations = await (await outage()).application.situations(SYSTEM)
    assert {row.cause.key: {member.event.item for member in row.members} for row in situations} == {
        "r1": {"r1", "vpnc", "finance"},
        "printsrv": {"printsrv"},
    }


async def test_one_cause_makes_one_incident() -> None:
    bench = await outage()
    first = await bench.application.open_ticket(SYSTEM, OpenTicketRequest(event="test:r1:down"))
    second = await bench.application.open_ticket(SYSTEM, OpenTicketRequest(event="test:finance:down"))
    assert (first.opened, second.opened, second.ticket) == (True, False, first.ticket)
    await bench.assert_records(raised("vpn", Severity.MAJOR, NOON + minutes(3)))
    third = await bench.application.open_ticket(SYSTEM, OpenTicketRequest(event="test:vpn:down"))
    assert (third.ticket, third.attached) == (first.ticket, ("test:vpn:down",))
    (ticket,) = await bench.application.tickets_by_key(SYSTEM, [first.ticket])
    assert ticket is not None
    assert (ticket.priority, ticket.support_group, ticket.cause_item) == (1, "network", "r1")
    assert set(ticket.items) == {"r1", "vpn", "finance"}
    assert "target of priority 1" in ticket.expected_resolution_basis


async def test_reports_follow_their_incident() -> None:
    bench = await outage()
    incident = (await bench.application.open_ticket(SYSTEM, OpenTicketRequest(event="test:r1:down"))).ticket
    receipt = await bench.application.attach_report(
        SYSTEM, AttachReportRequest(incident=incident, caller="bob", words="no access", item="finance")
    )
    bench.clock.advance(30)
    times = {key: NOON + minutes(20) for key in ("r1", "vpnc", "finance")}
    await bench.assert_records(*(cleared(key, at) for key, at in times.items()))
    await bench.application.update_ticket(
        SYSTEM, UpdateTicketRequest(ticket=incident, state=TicketState.RESOLVED)
    )
    report = (await bench.application.tickets_by_key(SYSTEM, [receipt.attached[0]]))[0]
    assert report is not None
    assert (report.parent, report.state) == (incident, TicketState.RESOLVED)
    assert "lasted 20 min" in report.notes[-1].text
    with pytest.raises(CmdbError) as caught:
        await bench.application.attach_report(SYSTEM, AttachReportRequest(incident=incident, words="again"))
    assert caught.value.code is ErrorCode.CONFLICT


async def test_intake_finds_the_service_by_words_alias_and_subscription() -> None:
    bench = await outage()
    ask = bench.application.symptom_intake
    named = await ask(SYSTEM, IntakeRequest(words="I cannot open the finance application", caller="bob"))
    assert named.candidates[0].service.key == "finance"
    assert named.candidates[0].causes[0].item.key == "r1"
    alias = await ask(SYSTEM, IntakeRequest(words="the ledger hangs", caller="bob"))
    assert alias.candidates[0].terms[0].value == 1.0
    vague = await ask(SYSTEM, IntakeRequest(words="everything hangs", caller="ann"))
    assert [row.service.key for row in vague.candidates] == ["vpn", "mail"]


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


async def test_search_and_topology_walk() -> None:
    bench = await furnished()
    hits = await bench.application.search(SYSTEM, "edge router")
    assert {hit.item.key for hit in hits} == {"r1", "r2"}
    walk = await bench.application.topology(
        SYSTEM, TopologyRequest(item="vpn", direction="upstream", depth=2)
    )
    assert [node.key for node in walk.nodes] == ["vpn", "vpnc", "r1"]
    cut = await bench.application.topology(
        SYSTEM, TopologyRequest(item="vpn", direction="both", depth=5, limit=2)
    )
    assert cut.truncated


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


async def test_references_by_name_and_their_errors() -> None:
    bench = await furnished(item("twin1", "server", "twin"), item("twin2", "server", "twin"))
    assert (await bench.application.find_item(SYSTEM, "e-mail")).item.key == "mail"
    for reference, code in (("twin", ErrorCode.AMBIGUOUS), ("nothing", ErrorCode.NOT_FOUND)):
        with pytest.raises(CmdbError) as caught:
            await bench.application.find_item(SYSTEM, reference)
        assert caught.value.code is code


async def test_a_refused_row_refuses_the_batch_or_is_skipped_as_asked() -> None:
    bench = await furnished()
    bad = item("x", "no_such_class")
    refused = await bench.assert_records(item("y", "server"), bad)
    assert [row.status for row in refused.results] == [RowStatus.REFUSED, RowStatus.REFUSED]
    assert refused.results[1].problem is not None
    assert refused.results[1].problem.code is ErrorCode.UNKNOWN_CLASS
    skipped = await bench.assert_records(item("y", "server"), bad, on_error=OnError.SKIP_ROW)
    assert [row.status for row in skipped.results] == [RowStatus.CREATED, RowStatus.REFUSED]


async def test_contradicting_rows_of_one_batch_are_refused() -> None:
    bench = await furnished()
    outcome = await bench.assert_records(item("y", "server"), item("y", "router"))
    assert outcome.results[1].problem is not None
    assert outcome.results[1].problem.code is ErrorCode.DUPLICATE_KEY


async def test_an_unchanged_batch_takes_no_revision() -> None:
    bench = await furnished()
    again = await bench.assert_records(item("r1", "router", "edge router 1"), needs("vpnc", "r1"))
    assert [row.status for row in again.results] == [RowStatus.UNCHANGED, RowStatus.UNCHANGED]
    assert again.revision == 1


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


async def test_an_ended_subscription_hides_the_service() -> None:
    bench = await furnished()
    await bench.assert_records(Assignment(party="ann", role=Role.SUBSCRIBES, item="vpn", ended=True))
    assert [row.item.key for row in await bench.application.my_services(ANN, "ann")] == ["mail"]


async def test_an_answer_can_ask_for_a_revision() -> None:
    bench = await furnished()
    answer = await bench.application.impact(SYSTEM, ImpactRequest(item="r1"), at_least=1)
    assert answer.basis.revision == 1
    with pytest.raises(CmdbError) as caught:
        await bench.application.impact(SYSTEM, ImpactRequest(item="r1"), at_least=2)
    assert caught.value.code is ErrorCode.BEHIND


async def test_a_write_of_another_process_shows_after_the_tick() -> None:
    bench = await furnished()
    await bench.graph.write(SYSTEM, "elsewhere", [item("new", "server")], NOON)
    bench.clock.advance(1)
    assert (await bench.application.find_item(SYSTEM, "new")).item.key == "new"
