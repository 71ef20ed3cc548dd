"""What is open now, grouped by cause."""

from dataclasses import replace

from cmdb.application.requests import OpenTicketRequest
from cmdb.desk.access import SYSTEM
from cmdb.model.access import Principal, PrincipalRole
from cmdb.model.records import Ticket, TicketKind, TicketState
from cmdb.model.severity import Severity
from tests.support.moments import NOON, minutes
from tests.support.small_estate import ANN, cleared, furnished, item, outage


async def test_situations_group_by_cause_and_leave_the_unrelated_out() -> None:
    situations = await (await outage()).application.situations(SYSTEM)
    assert {row.cause.key: {member.event.item for member in row.members} for row in situations} == {
        "r1": {"r1", "vpnc", "finance"},
        "printsrv": {"printsrv"},
    }


async def test_situations_come_worst_first_with_their_ticket_and_reasons() -> None:
    bench = await outage()
    ticket = (await bench.application.open_ticket(SYSTEM, OpenTicketRequest(event="test:r1:down"))).ticket
    first, second = await bench.application.situations(SYSTEM)
    assert (first.key, first.severity, first.since) == ("cause:r1", Severity.CRITICAL, NOON)
    assert first.ticket is not None
    assert (first.ticket.key, second.ticket) == (ticket, None)
    assert [(m.event.item, m.role, len(m.path)) for m in first.members] == [
        ("r1", "cause", 0),
        ("vpnc", "symptom", 1),
        ("finance", "symptom", 3),
    ]


async def test_a_quiet_estate_has_no_situation() -> None:
    assert await (await furnished()).application.situations(SYSTEM) == ()


async def test_cleared_events_leave_their_situation() -> None:
    bench = await outage()
    await bench.assert_records(cleared("r1", NOON + minutes(9)))
    situations = await bench.application.situations(SYSTEM)
    assert [row.cause.key for row in situations] == ["vpnc", "printsrv"]


async def test_hidden_events_are_left_out_and_so_are_situations_of_only_those() -> None:
    narrow = Principal(name="e", role=PrincipalRole.ENGINEER, keys=frozenset({"finance"}))
    (situation,) = await (await outage()).application.situations(narrow)
    assert (situation.cause.restricted, situation.key) == (True, "event:test:finance:down")
    assert [member.event.item for member in situation.members] == ["finance"]
    assert await (await outage()).application.situations(ANN) == ()


async def test_events_of_retired_cis_make_no_situation() -> None:
    bench = await outage()
    await bench.assert_records(item("printsrv", "server", retired=True))
    assert [row.cause.key for row in await bench.application.situations(SYSTEM)] == ["r1"]


async def test_the_incident_of_the_cause_goes_before_one_that_holds_an_event() -> None:
    def incident(key: str, **fields: object) -> Ticket:
        plain = Ticket(
            key=key, ticket_kind=TicketKind.INCIDENT, title=key, state=TicketState.NEW, opened_at=NOON, changed_at=NOON
        )  # fmt: skip
        return replace(plain, **fields)  # type: ignore[arg-type]

    holding = incident("INC1", events=("test:finance:down",))
    bench = await outage()
    await bench.assert_records(holding)
    assert [row.ticket.key for row in await bench.application.situations(SYSTEM) if row.ticket] == ["INC1"]
    await bench.assert_records(incident("INC2", cause_key="cause:r1"))
    assert [row.ticket.key for row in await bench.application.situations(SYSTEM) if row.ticket] == ["INC2"]
    await bench.assert_records(
        replace(holding, state=TicketState.CLOSED), incident("INC2", state=TicketState.CLOSED)
    )
    assert [row.ticket for row in await bench.application.situations(SYSTEM)] == [None, None]
