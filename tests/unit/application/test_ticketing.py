"""Tickets from the first event to the last report."""

from collections.abc import Awaitable, Sequence
from dataclasses import replace
from datetime import datetime

import pytest

from cmdb.application.requests import (
    AttachReportRequest,
    DetachTicketRequest,
    MergeTicketsRequest,
    OpenTicketRequest,
    UpdateTicketRequest,
)
from cmdb.desk.access import SYSTEM
from cmdb.errors import CmdbError, ErrorCode
from cmdb.model.access import Principal, PrincipalRole
from cmdb.model.records import Record, Ticket, TicketKind, TicketState
from cmdb.model.severity import Severity
from cmdb.ports.graph import UNCONDITIONAL, Precondition, WriteOutcome
from tests.fakes.graph import FakeGraph
from tests.support.moments import NOON, minutes
from tests.support.small_estate import ESTATE, Bench, cleared, furnished, item, outage, raised

DOWN = OpenTicketRequest(event="test:r1:down")
TIMES = {key: NOON + minutes(20) for key in ("r1", "vpnc", "finance")}


async def open_incident(bench: Bench, event: str = "test:r1:down") -> str:
    return (await bench.application.open_ticket(SYSTEM, OpenTicketRequest(event=event))).ticket


async def step(bench: Bench, ticket: str, **fields: object) -> Ticket:
    request = UpdateTicketRequest(ticket=ticket, **fields)  # type: ignore[arg-type]
    await bench.application.update_ticket(SYSTEM, request)
    return await read(bench, ticket)


async def read(bench: Bench, key: str) -> Ticket:
    (ticket,) = await bench.application.tickets_by_key(SYSTEM, [key])
    assert ticket is not None
    return ticket


async def refusal(attempt: Awaitable[object]) -> ErrorCode:
    with pytest.raises(CmdbError) as caught:
        await attempt
    assert caught.value.hint
    return caught.value.code


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


async def test_an_incident_says_why_it_was_opened() -> None:
    bench = await outage()
    ticket = await read(bench, await open_incident(bench))
    assert ticket.title == "edge router 1: r1 is down"
    assert (ticket.state, ticket.cause_key) == (TicketState.ASSIGNED, "cause:r1")
    (note,) = ticket.notes
    assert note.author == SYSTEM.name
    assert "Probable cause: edge router 1" in note.text
    assert "Finance critical, VPN critical" in note.text
    assert ticket.expected_resolution_at == NOON + minutes(240)


async def test_without_a_support_group_an_incident_waits_for_one() -> None:
    bench = await furnished(raised("printsrv", Severity.MINOR))
    ticket = await read(bench, await open_incident(bench, "test:printsrv:down"))
    assert (ticket.state, ticket.support_group) == (TicketState.NEW, None)


async def test_a_title_that_is_given_stands() -> None:
    bench = await outage()
    request = OpenTicketRequest(event="test:r1:down", title="Router down")
    ticket = await read(bench, (await bench.application.open_ticket(SYSTEM, request)).ticket)
    assert ticket.title == "Router down"


async def test_numbers_go_on_from_the_highest_of_their_kind() -> None:
    strange = Ticket(
        key="INC7up", ticket_kind=TicketKind.INCIDENT, title="t", state=TicketState.CLOSED, opened_at=NOON,
        changed_at=NOON,
    )  # fmt: skip
    bench = await outage()
    await bench.assert_records(strange, replace(strange, key="INC000041"), replace(strange, key="X99"))
    assert await open_incident(bench) == "INC000042"
    report = OpenTicketRequest(item="print", text="no paper")
    assert (await bench.application.open_ticket(SYSTEM, report)).ticket == "REP000001"


async def test_an_unrelated_event_makes_another_incident() -> None:
    bench = await outage()
    first, other = await open_incident(bench), await open_incident(bench, "test:printsrv:down")
    assert (first, other) == ("INC000001", "INC000002")


async def test_nothing_new_to_take_in_writes_nothing() -> None:
    bench = await outage()
    await open_incident(bench)
    before = bench.graph.revision
    receipt = await bench.application.open_ticket(SYSTEM, DOWN)
    assert (receipt.opened, receipt.attached, receipt.revision, bench.graph.revision) == (
        False,
        (),
        before,
        before,
    )


async def test_a_cause_found_later_joins_the_incident_of_its_symptom() -> None:
    bench = await furnished(raised("finance", Severity.MAJOR, NOON + minutes(2)))
    incident = await open_incident(bench, "test:finance:down")
    await bench.assert_records(raised("r1"))
    receipt = await bench.application.open_ticket(SYSTEM, DOWN)
    assert (receipt.opened, receipt.ticket, receipt.attached) == (False, incident, ("test:r1:down",))


async def test_after_resolution_the_same_cause_makes_a_new_incident() -> None:
    bench = await outage()
    first = await open_incident(bench)
    await step(bench, first, state=TicketState.RESOLVED)
    second = await bench.application.open_ticket(SYSTEM, DOWN)
    assert (second.opened, second.ticket) == (True, "INC000002")
    reopen = UpdateTicketRequest(ticket=first, state=TicketState.IN_PROGRESS)
    assert await refusal(bench.application.update_ticket(SYSTEM, reopen)) is ErrorCode.CONFLICT
    assert (await read(bench, first)).state is TicketState.RESOLVED


@pytest.mark.parametrize(
    "request_",
    [
        OpenTicketRequest(event="test:nowhere:down"),
        OpenTicketRequest(item="nowhere", text="broken"),
        OpenTicketRequest(item="vpn", text="broken", caller="nobody"),
    ],
)
async def test_what_is_not_there_cannot_be_worked_on(request_: OpenTicketRequest) -> None:
    bench = await outage()
    assert await refusal(bench.application.open_ticket(SYSTEM, request_)) is ErrorCode.NOT_FOUND


@pytest.mark.parametrize(
    "request_", [OpenTicketRequest(), OpenTicketRequest(item="vpn"), OpenTicketRequest(text="x")]
)
async def test_a_report_needs_a_ci_and_words(request_: OpenTicketRequest) -> None:
    bench = await furnished()
    assert await refusal(bench.application.open_ticket(SYSTEM, request_)) is ErrorCode.BAD_ARGUMENT


async def test_a_cleared_event_opens_nothing() -> None:
    bench = await outage()
    await bench.assert_records(cleared("r1", NOON + minutes(20)))
    assert await refusal(bench.application.open_ticket(SYSTEM, DOWN)) is ErrorCode.NOT_FOUND


async def test_an_event_of_a_retired_ci_opens_nothing() -> None:
    bench = await outage()
    await bench.assert_records(item("printsrv", "server", retired=True))
    assert (
        await refusal(bench.application.open_ticket(SYSTEM, OpenTicketRequest(event="test:printsrv:down")))
        is ErrorCode.NOT_FOUND
    )


@pytest.mark.parametrize("role", [PrincipalRole.SUBSCRIBER, PrincipalRole.AGENT, PrincipalRole.LOADER])
async def test_roles_without_that_right_touch_no_ticket(role: PrincipalRole) -> None:
    bench, who = await outage(), Principal(name="n", role=role, party="ann")
    steps = (
        bench.application.open_ticket(who, DOWN),
        bench.application.update_ticket(who, UpdateTicketRequest(ticket="INC000001")),
        bench.application.attach_report(who, AttachReportRequest(incident="INC000001", words="w")),
    )
    for attempt in steps:
        with pytest.raises(CmdbError) as caught:
            await attempt
        assert caught.value.code is ErrorCode.FORBIDDEN
    assert bench.graph.revision == 1


async def test_an_engineer_works_only_on_what_they_see() -> None:
    bench = await outage()
    incident = await open_incident(bench, "test:printsrv:down")
    narrow = Principal(name="e", role=PrincipalRole.ENGINEER, keys=frozenset({"vpn"}))
    for attempt in (
        bench.application.open_ticket(narrow, DOWN),
        bench.application.update_ticket(narrow, UpdateTicketRequest(ticket=incident, note="hm")),
    ):
        with pytest.raises(CmdbError) as caught:
            await attempt
        assert caught.value.code is ErrorCode.NOT_FOUND


async def test_a_step_changes_what_it_names_and_nothing_else() -> None:
    bench = await outage()
    incident = await open_incident(bench)
    before = await read(bench, incident)
    bench.clock.advance(5)
    ticket = await step(bench, incident, assignee="eve", note="looking at it")
    assert ticket == replace(
        before, assignee="eve", changed_at=NOON + minutes(5), notes=(*before.notes, ticket.notes[-1])
    )
    assert (ticket.notes[-1].text, ticket.notes[-1].at) == ("looking at it", NOON + minutes(5))


async def test_a_promised_time_says_who_promised_it() -> None:
    bench = await outage()
    ticket = await step(bench, await open_incident(bench), expected_resolution_at=NOON + minutes(90))
    assert (ticket.expected_resolution_at, ticket.expected_resolution_basis) == (
        NOON + minutes(90),
        "stated by system",
    )


async def test_an_illegal_step_is_refused() -> None:
    bench = await outage()
    incident = await open_incident(bench)
    closing = UpdateTicketRequest(ticket=incident, state=TicketState.CLOSED)
    assert await refusal(bench.application.update_ticket(SYSTEM, closing)) is ErrorCode.ILLEGAL_TRANSITION


async def test_a_ticket_lives_until_it_is_closed() -> None:
    bench = await outage()
    incident = await open_incident(bench)
    await step(bench, incident, state=TicketState.IN_PROGRESS)
    bench.clock.advance(10)
    resolved = await step(bench, incident, state=TicketState.RESOLVED)
    assert resolved.resolved_at == NOON + minutes(10)
    assert (await step(bench, incident, state=TicketState.IN_PROGRESS)).resolved_at is None
    bench.clock.advance(10)
    await step(bench, incident, state=TicketState.RESOLVED)
    bench.clock.advance(10)
    closed = await step(bench, incident, state=TicketState.CLOSED)
    assert (closed.state, closed.resolved_at) == (TicketState.CLOSED, NOON + minutes(20))
    assert sum("the outage lasted" in note.text for note in closed.notes) == 2


async def test_an_outage_that_still_runs_lasts_until_now() -> None:
    bench = await outage()
    incident = await open_incident(bench)
    bench.clock.advance(75)
    assert "lasted 1 h 15 min" in (await step(bench, incident, state=TicketState.RESOLVED)).notes[-1].text


async def test_a_report_follows_the_incident_it_is_attached_to() -> None:
    bench = await outage()
    incident = await open_incident(bench)
    opened = await bench.application.open_ticket(
        SYSTEM, OpenTicketRequest(item="finance", text="no access", caller="bob")
    )
    loose = await read(bench, opened.ticket)
    assert (loose.state, loose.parent, loose.items, loose.caller) == (
        TicketState.NEW,
        None,
        ("finance",),
        "bob",
    )
    receipt = await bench.application.attach_report(
        SYSTEM, AttachReportRequest(incident=incident, report=opened.ticket)
    )
    assert (receipt.ticket, receipt.attached) == (incident, (opened.ticket,))
    report, above = await read(bench, opened.ticket), await read(bench, incident)
    assert (report.parent, report.state, report.priority, report.support_group) == (
        incident,
        TicketState.ASSIGNED,
        above.priority,
        above.support_group,
    )
    assert report.expected_resolution_at == above.expected_resolution_at
    assert "no access" in above.notes[-1].text


async def test_a_report_without_a_ci_is_about_what_the_incident_is_about() -> None:
    bench = await outage()
    incident = await open_incident(bench)
    request = AttachReportRequest(incident=incident, words="all is dark")
    receipt = await bench.application.attach_report(SYSTEM, request)
    assert (await read(bench, receipt.attached[0])).items == (await read(bench, incident)).items


async def test_only_a_free_report_can_be_attached_and_only_to_an_open_incident() -> None:
    bench = await outage()
    incident, other = await open_incident(bench), await open_incident(bench, "test:printsrv:down")
    taken = await bench.application.attach_report(SYSTEM, AttachReportRequest(incident=incident, words="w"))
    for request, code in (
        (AttachReportRequest(incident=other, report=taken.attached[0]), ErrorCode.CONFLICT),
        (AttachReportRequest(incident=other, report=incident), ErrorCode.CONFLICT),
        (AttachReportRequest(incident=taken.attached[0], words="w"), ErrorCode.CONFLICT),
        (AttachReportRequest(incident="INC999999", words="w"), ErrorCode.NOT_FOUND),
        (AttachReportRequest(incident=other, report="REP999999"), ErrorCode.NOT_FOUND),
        (AttachReportRequest(incident=other), ErrorCode.MISSING_FIELD),
        (AttachReportRequest(incident=other, words="w", item="nowhere"), ErrorCode.NOT_FOUND),
    ):
        assert await refusal(bench.application.attach_report(SYSTEM, request)) is code, request


async def test_only_open_reports_of_the_incident_are_resolved_with_it() -> None:
    bench = await outage()
    incident, other = await open_incident(bench), await open_incident(bench, "test:printsrv:down")
    mine, done, foreign = [
        (await bench.application.attach_report(SYSTEM, AttachReportRequest(incident=to, words="w"))).attached[
            0
        ]
        for to in (incident, incident, other)
    ]
    await step(bench, done, state=TicketState.RESOLVED)
    await step(bench, done, state=TicketState.CLOSED)
    await step(bench, incident, state=TicketState.RESOLVED)
    states = [(await read(bench, key)).state for key in (mine, done, foreign)]
    assert states == [TicketState.RESOLVED, TicketState.CLOSED, TicketState.ASSIGNED]


def rival() -> Ticket:
    return Ticket(
        key="RIVAL", ticket_kind=TicketKind.INCIDENT, title="t", state=TicketState.NEW, opened_at=NOON,
        changed_at=NOON, items=("r1",), cause_key="cause:r1",
    )  # fmt: skip


async def test_an_incident_of_another_process_takes_the_event_in_at_once() -> None:
    bench = await outage()
    await bench.application.refresh()
    await bench.graph.write(SYSTEM, "other", [rival()], NOON)
    receipt = await bench.application.open_ticket(SYSTEM, DOWN)
    assert (receipt.ticket, receipt.opened) == ("RIVAL", False)


async def test_a_step_builds_on_that_of_another_process() -> None:
    bench = await outage()
    incident = await read(bench, await open_incident(bench))
    await bench.graph.write(SYSTEM, "other", [replace(incident, assignee="eve")], NOON)
    assert (await step(bench, incident.key, note="on my way")).assignee == "eve"


class RacingGraph(FakeGraph):
    """Lets another process open an incident just before the first ticket is written."""

    rival: Ticket | None = None

    async def write(
        self,
        principal: Principal,
        source: str,
        records: Sequence[Record],
        recorded_at: datetime,
        condition: Precondition = UNCONDITIONAL,
    ) -> WriteOutcome:
        """Be overtaken once."""
        if isinstance(records[0], Ticket) and self.rival is not None:
            theirs, self.rival = self.rival, None
            await super().write(principal, "other", [theirs], recorded_at)
        return await super().write(principal, source, records, recorded_at, condition)


async def race(theirs: Ticket) -> Bench:
    graph = RacingGraph()
    bench = Bench(graph)
    await bench.assert_records(*ESTATE, raised("r1"), raised("printsrv", Severity.MINOR))
    graph.rival = theirs
    return bench


async def test_an_incident_that_comes_in_between_takes_the_event_in() -> None:
    bench = await race(rival())
    receipt = await bench.application.open_ticket(SYSTEM, DOWN)
    assert (receipt.opened, receipt.ticket) == (False, "RIVAL")


async def test_a_number_that_another_process_gave_away_is_not_given_twice() -> None:
    theirs = replace(rival(), key="INC000001", cause_key="cause:printsrv", events=("test:printsrv:down",))
    bench = await race(theirs)
    receipt = await bench.application.open_ticket(SYSTEM, DOWN)
    assert (receipt.opened, receipt.ticket) == (True, "INC000002")
    assert (await read(bench, "INC000001")).cause_key == "cause:printsrv"


async def test_a_step_of_another_process_in_between_is_kept() -> None:
    bench = await outage()
    mine = await read(bench, await open_incident(bench))
    graph = RacingGraph(
        **{name: getattr(bench.graph, name) for name in ("rows", "told", "archive", "revision")}
    )
    graph.rival = replace(mine, assignee="eve")
    stepped = await step(Bench(graph), mine.key, note="on my way")
    assert (stepped.assignee, stepped.notes[-1].text) == ("eve", "on my way")


async def merge(bench: Bench, into: str, *tickets: str) -> Ticket:
    await bench.application.merge_tickets(SYSTEM, MergeTicketsRequest(into=into, tickets=tickets))
    return await read(bench, into)


async def three_incidents() -> tuple[Bench, list[str]]:
    bench = await furnished(raised("r1"), raised("printsrv", Severity.MINOR), raised("mail1", Severity.MINOR))
    return bench, [await open_incident(bench, f"test:{key}:down") for key in ("r1", "printsrv", "mail1")]


async def test_incidents_are_merged_three_at_once_and_their_numbers_keep_leading_somewhere() -> None:
    bench, (first, second, third) = await three_incidents()
    report = (
        await bench.application.attach_report(SYSTEM, AttachReportRequest(incident=second, words="w"))
    ).attached[0]
    merged = await merge(bench, first, second, third)
    assert set(merged.events) == {"test:r1:down", "test:printsrv:down", "test:mail1:down"}
    assert {"r1", "printsrv", "mail1"} <= set(merged.items)
    assert (await read(bench, report)).parent == first
    for key in (second, third):
        ticket = await read(bench, key)
        assert (ticket.parent, ticket.state, ticket.resolved_at) == (first, TicketState.CLOSED, None)
        followed = await bench.application.standing_ticket(SYSTEM, key)
        assert followed is not None
        assert followed.key == first
    noted = await bench.application.update_ticket(SYSTEM, UpdateTicketRequest(ticket=third, note="by number"))
    assert noted.ticket == first
    attached = await bench.application.attach_report(SYSTEM, AttachReportRequest(incident=third, words="w"))
    assert attached.ticket == first
    members = (await bench.application.members(SYSTEM, [first]))[0]
    assert [ticket.key for ticket in members or ()] == [second, third, report, attached.attached[0]]


async def test_a_symptom_of_a_merged_cause_joins_the_incident_that_took_it_in() -> None:
    bench, (first, second, _) = await three_incidents()
    await merge(bench, first, second)
    await bench.assert_records(raised("print", Severity.MINOR))
    receipt = await bench.application.open_ticket(SYSTEM, OpenTicketRequest(event="test:print:down"))
    assert (receipt.ticket, receipt.opened, receipt.attached) == (first, False, ("test:print:down",))


async def test_incidents_merged_one_after_another_lead_to_the_last() -> None:
    bench, (first, second, third) = await three_incidents()
    await merge(bench, second, third)
    await merge(bench, first, second)
    followed = await bench.application.standing_ticket(SYSTEM, third)
    assert followed is not None
    assert followed.key == first


async def test_what_was_merged_stands_on_its_own_again_with_its_events() -> None:
    bench, (first, second, _) = await three_incidents()
    await merge(bench, first, second)
    await bench.application.detach_ticket(SYSTEM, DetachTicketRequest(ticket=second))
    alone, left = await read(bench, second), await read(bench, first)
    assert (alone.parent, alone.state, alone.events) == (None, TicketState.NEW, ("test:printsrv:down",))
    assert left.events == ("test:r1:down",)
    receipt = await bench.application.open_ticket(SYSTEM, OpenTicketRequest(event="test:printsrv:down"))
    assert (receipt.ticket, receipt.opened) == (second, False)


async def test_a_detached_report_is_free_for_another_incident() -> None:
    bench, (first, second, _) = await three_incidents()
    report = (
        await bench.application.attach_report(SYSTEM, AttachReportRequest(incident=first, words="w"))
    ).attached[0]
    await bench.application.detach_ticket(SYSTEM, DetachTicketRequest(ticket=report))
    free = await read(bench, report)
    assert (free.parent, free.state, free.expected_resolution_at) == (None, TicketState.NEW, None)
    await bench.application.attach_report(SYSTEM, AttachReportRequest(incident=second, report=report))
    assert (await read(bench, report)).parent == second


@pytest.mark.parametrize("key", ["INC000001", "INC999999"])
async def test_only_what_is_attached_or_merged_can_be_detached(key: str) -> None:
    bench, _ = await three_incidents()
    expected = ErrorCode.CONFLICT if key == "INC000001" else ErrorCode.NOT_FOUND
    attempt = bench.application.detach_ticket(SYSTEM, DetachTicketRequest(ticket=key))
    assert await refusal(attempt) is expected


async def test_a_resolved_report_is_not_detached() -> None:
    bench, (first, _, _) = await three_incidents()
    report = (
        await bench.application.attach_report(SYSTEM, AttachReportRequest(incident=first, words="w"))
    ).attached[0]
    await step(bench, first, state=TicketState.RESOLVED)
    attempt = bench.application.detach_ticket(SYSTEM, DetachTicketRequest(ticket=report))
    assert await refusal(attempt) is ErrorCode.CONFLICT


async def test_reports_come_back_with_their_incident_but_not_those_resolved_before() -> None:
    bench, (first, _, _) = await three_incidents()
    mine, done = [
        (
            await bench.application.attach_report(SYSTEM, AttachReportRequest(incident=first, words="w"))
        ).attached[0]
        for _ in range(2)
    ]
    await step(bench, done, state=TicketState.RESOLVED)
    bench.clock.advance(10)
    await step(bench, first, state=TicketState.RESOLVED)
    bench.clock.advance(10)
    await step(bench, first, state=TicketState.IN_PROGRESS)
    assert (await read(bench, mine)).state is TicketState.IN_PROGRESS
    assert (await read(bench, done)).state is TicketState.RESOLVED


async def test_callers_are_told_who_works_on_it_and_until_when() -> None:
    bench, (first, _, _) = await three_incidents()
    report = (
        await bench.application.attach_report(SYSTEM, AttachReportRequest(incident=first, words="w"))
    ).attached[0]
    await step(bench, first, support_group="network", expected_resolution_at=NOON + minutes(42))
    told = await read(bench, report)
    assert (told.support_group, told.expected_resolution_at) == ("network", NOON + minutes(42))


async def test_changes_are_linked_to_a_ticket_and_must_be_known() -> None:
    bench, (first, _, _) = await three_incidents()
    assert (await step(bench, first, changes=("PATCH",))).changes == ("PATCH",)
    assert (await step(bench, first, changes=("NEWER", "PATCH"))).changes == ("PATCH", "NEWER")
    attempt = bench.application.update_ticket(SYSTEM, UpdateTicketRequest(ticket=first, changes=("nothing",)))
    assert await refusal(attempt) is ErrorCode.NOT_FOUND
