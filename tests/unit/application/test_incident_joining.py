"""Symptoms that came before their root: the wait that spares incidents, and the joining of those that were opened."""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from cmdb.application.duties import Duties
from cmdb.application.incident_rule import RULE, RuleSettings
from cmdb.application.requests import (
    AttachReportRequest,
    DetachTicketRequest,
    OpenTicketRequest,
    UpdateTicketRequest,
)
from cmdb.desk.access import SYSTEM
from cmdb.model.records import Ticket, TicketKind, TicketState
from cmdb.model.severity import Severity
from tests.support.moments import NOON, minutes
from tests.support.small_estate import Bench, cleared, furnished, raised

AT_ONCE = RuleSettings(Severity.MINOR)
SETTLING = RuleSettings(Severity.MINOR, timedelta(seconds=10))


async def owner_of(bench: Bench, rules: RuleSettings = AT_ONCE) -> Duties:
    duties = bench.application.duties(bench.graph.lease, "one", rules)
    await duties.role.step(0.0)
    return duties


async def look(bench: Bench, duties: Duties, seconds: float = 1) -> dict[str, Ticket]:
    """Let the owner look after some seconds, and return all tickets."""
    bench.clock.advance(seconds / 60)
    await duties.work_once()
    return dict((await bench.snapshot()).tickets)


def open_ones(tickets: dict[str, Ticket]) -> list[str]:
    return sorted(key for key, ticket in tickets.items() if ticket.is_open and ticket.parent is None)


async def test_a_root_that_comes_while_its_symptoms_settle_gets_the_only_incident() -> None:
    bench = await furnished(raised("vpnc"), raised("mail"))
    duties = await owner_of(bench, SETTLING)
    assert await look(bench, duties) == {}
    assert await look(bench, duties, 5) == {}
    await bench.assert_records(raised("r1", at=NOON + minutes(1)))
    assert await look(bench, duties, 4) == {}
    (ticket,) = (await look(bench, duties, 1)).values()
    assert (ticket.cause_key, len(ticket.events)) == ("cause:r1", 3)


async def test_the_end_of_the_wait_is_work_though_nothing_is_written() -> None:
    bench = await furnished(raised("r1"))
    duties = await owner_of(bench, SETTLING)
    assert await look(bench, duties) == {}
    revision = bench.graph.revision
    assert await look(bench, duties, 9) == {}
    assert bench.graph.revision == revision
    assert [*await look(bench, duties, 1)] == ["INC000001"]


async def test_a_symptom_of_an_incident_that_is_open_waits_for_nothing() -> None:
    bench = await furnished(raised("r1"))
    duties = await owner_of(bench, SETTLING)
    await look(bench, duties)
    await look(bench, duties, 11)
    await bench.assert_records(raised("vpnc", at=NOON + minutes(1)))
    (ticket,) = (await look(bench, duties, 0.5)).values()
    assert "test:vpnc:down" in ticket.events


async def two_incidents() -> tuple[Bench, Duties]:
    """Return two symptoms with an incident each, a report on the younger one."""
    bench = await furnished(raised("vpnc"))
    duties = await owner_of(bench)
    await look(bench, duties)
    await bench.assert_records(raised("mail"))
    assert open_ones(await look(bench, duties)) == ["INC000001", "INC000002"]
    await bench.application.attach_report(
        SYSTEM, AttachReportRequest(incident="INC000002", words="no e-mail")
    )
    return bench, duties


async def test_where_situations_join_the_older_incident_takes_the_younger_in_and_tells_the_cause() -> None:
    bench, duties = await two_incidents()
    await bench.assert_records(raised("r1"))
    tickets = await look(bench, duties)
    older, younger, report = tickets["INC000001"], tickets["INC000002"], tickets["REP000001"]
    assert open_ones(tickets) == ["INC000001"]
    assert (younger.is_merged, younger.parent, report.parent) == (True, "INC000001", "INC000001")
    assert set(older.events) == {"test:vpnc:down", "test:mail:down", "test:r1:down"}
    assert (older.cause_key, older.cause_item, older.situation) == ("cause:r1", "r1", "SIT000001")
    assert older.title == "edge router 1: r1 is down"
    assert {"r1", "mail", "finance"} <= set(older.items)
    assert any("probable cause is edge router 1" in note.text for note in older.notes)
    assert {note.author for note in older.notes} == {RULE.name}
    update = UpdateTicketRequest(ticket="INC000002", state=TicketState.RESOLVED)
    assert (await bench.application.update_ticket(SYSTEM, update)).ticket == "INC000001"
    assert (await look(bench, duties))["REP000001"].state is TicketState.RESOLVED


async def test_what_was_joined_is_left_as_it_is() -> None:
    bench, duties = await two_incidents()
    await bench.assert_records(raised("r1"))
    before = await look(bench, duties)
    revision = bench.graph.revision
    await bench.assert_records(raised("r1", at=NOON + minutes(1)))
    assert await look(bench, duties) == before
    assert bench.graph.revision == revision + 1


async def test_a_person_who_detaches_is_not_contradicted_until_the_event_is_raised_anew() -> None:
    bench, duties = await two_incidents()
    await bench.assert_records(raised("r1"))
    await look(bench, duties)
    await bench.application.detach_ticket(SYSTEM, DetachTicketRequest(ticket="INC000002"))
    assert open_ones(await look(bench, duties)) == ["INC000001", "INC000002"]
    await bench.assert_records(raised("vpn", at=NOON + minutes(1)))
    tickets = await look(bench, duties)
    assert open_ones(tickets) == ["INC000001", "INC000002"]
    assert tickets["INC000002"].situation == "SIT000001"
    assert "test:vpn:down" in tickets["INC000001"].events


async def test_an_incident_that_holds_the_cause_can_be_detached_from_the_one_that_took_it_over() -> None:
    bench = await furnished(raised("vpnc"))
    duties = await owner_of(bench, RuleSettings(Severity.CRITICAL, timedelta(0)))
    await look(bench, duties)
    await bench.application.open_ticket(SYSTEM, OpenTicketRequest(event="test:vpnc:down"))
    # A cause that is noticed much later than its symptom is not its cause, until the symptom is raised anew.
    await bench.assert_records(raised("r1", at=NOON + minutes(20)))
    assert open_ones(await look(bench, duties)) == ["INC000001", "INC000002"]
    await bench.assert_records(cleared("vpnc", NOON + minutes(21)), raised("vpnc", at=NOON + minutes(22)))
    tickets = await look(bench, duties)
    assert open_ones(tickets) == ["INC000001"]
    assert (tickets["INC000001"].cause_key, tickets["INC000002"].cause_key) == ("cause:r1", "cause:r1")
    await bench.application.detach_ticket(SYSTEM, DetachTicketRequest(ticket="INC000002"))
    tickets = await look(bench, duties)
    assert open_ones(tickets) == ["INC000001", "INC000002"]
    assert [tickets[key].cause_key for key in open_ones(tickets)] == ["cause:r1", None]


async def test_an_incident_that_a_person_opened_before_there_was_a_number_gets_it() -> None:
    bench = await furnished(raised("printsrv", Severity.WARNING))
    await bench.application.open_ticket(SYSTEM, OpenTicketRequest(event="test:printsrv:down"))
    (ticket,) = (await look(bench, await owner_of(bench))).values()
    assert ticket.situation == "SIT000001"
    assert len(ticket.notes) == 1


ALARMS = ("r1", "vpnc", "vpn", "finance", "mail")


@settings(max_examples=40)
@given(
    order=st.permutations(ALARMS),
    looks=st.lists(st.booleans(), min_size=len(ALARMS), max_size=len(ALARMS)),
    reports=st.booleans(),
)
async def test_in_whatever_order_alarms_come_there_is_one_incident_with_all_of_them_in_the_end(
    order: list[str], looks: list[bool], *, reports: bool
) -> None:
    bench = await furnished()
    duties = await owner_of(bench)
    for key, seen in zip(order, looks, strict=True):
        await bench.assert_records(raised(key))
        if not seen:
            continue
        for number in open_ones(await look(bench, duties)):
            if reports and number.startswith("INC"):
                request = AttachReportRequest(incident=number, words="help")
                await bench.application.attach_report(SYSTEM, request)
    tickets = await look(bench, duties)
    (standing,) = open_ones(tickets)
    assert standing == "INC000001"
    assert set(tickets[standing].events) == {f"test:{key}:down" for key in ALARMS}
    assert tickets[standing].cause_item == "r1"
    for ticket in tickets.values():
        assert standing in (ticket.key, ticket.parent)
        assert ticket.ticket_kind is TicketKind.INCIDENT or ticket.is_open
    assert await look(bench, duties) == tickets
