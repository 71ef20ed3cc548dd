"""Finding the tickets that a step is about, as far as the caller sees them."""

import pytest

from cmdb.application.snapshot import Snapshot
from cmdb.application.ticket_lookup import named_ticket, open_items, reports_of, ticket_of
from cmdb.desk.access import SYSTEM
from cmdb.errors import ErrorCode, NotFound
from cmdb.model.access import Principal
from cmdb.model.records import TicketKind, TicketState
from tests.support.graph_records import incident
from tests.support.moments import NOON, minutes
from tests.support.small_estate import ANN, cleared, furnished, raised

MERGED = incident("INC2", None, items=("vpn",), state=TicketState.CLOSED, parent="INC1")
INTO_HIDDEN = incident("INC4", None, items=("vpn",), state=TicketState.CLOSED, parent="INC3")
REPORT = incident("REP2", None, items=("vpn",), ticket_kind=TicketKind.REPORT, parent="INC1")


async def desk() -> Snapshot:
    bench = await furnished(
        incident("INC1", None, items=("vpn",)),
        MERGED,
        incident("INC3", None, items=("printsrv",)),
        INTO_HIDDEN,
        REPORT,
        incident("REP1", None, items=("printsrv",), ticket_kind=TicketKind.REPORT, parent="INC1"),
    )
    return await bench.snapshot()


async def test_the_number_of_a_merged_incident_leads_on_and_names_itself() -> None:
    snapshot = await desk()
    assert ticket_of(snapshot, SYSTEM, "INC2").key == "INC1"
    assert named_ticket(snapshot, SYSTEM, "INC2").key == "INC2"
    assert ticket_of(snapshot, ANN, "INC1").key == "INC1"


@pytest.mark.parametrize(
    ("principal", "key"), [(SYSTEM, "INC9"), (ANN, "INC3"), (ANN, "REP1"), (ANN, "INC4")],
    ids=["absent", "hidden", "a hidden report", "merged into a hidden one"],
)  # fmt: skip
async def test_what_is_hidden_is_as_absent_as_what_is_not_there(principal: Principal, key: str) -> None:
    with pytest.raises(NotFound) as caught:
        ticket_of(await desk(), principal, key)
    assert caught.value.code is ErrorCode.NOT_FOUND
    assert caught.value.message == f"No ticket '{key}' is visible to you."


async def test_reports_of_an_incident_come_by_number_without_what_was_merged_into_it() -> None:
    snapshot = await desk()
    assert [ticket.key for ticket in reports_of(snapshot, snapshot.tickets["INC1"])] == ["REP1", "REP2"]
    assert reports_of(snapshot, snapshot.tickets["INC3"]) == []


async def test_only_the_cis_of_events_that_still_run_are_open() -> None:
    bench = await furnished(raised("r1"), raised("vpnc"), cleared("vpnc", NOON + minutes(1)))
    ticket = incident("INC1", events=("test:r1:down", "test:vpnc:down", "test:gone:down"))
    assert open_items(await bench.snapshot(), ticket) == ["r1"]
