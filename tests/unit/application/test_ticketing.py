"""Tickets from the first event to the last report."""

import pytest

from cmdb.application.requests import (
    AttachReportRequest,
    OpenTicketRequest,
    UpdateTicketRequest,
)
from cmdb.desk.access import SYSTEM
from cmdb.errors import CmdbError, ErrorCode
from cmdb.model.records import TicketState
from cmdb.model.severity import Severity
from tests.support.moments import NOON, minutes
from tests.support.small_estate import cleared, outage, raised


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
