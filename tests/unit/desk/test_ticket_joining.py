"""Merging and detaching, as far as the use cases do not show it."""

from dataclasses import replace

import pytest

from cmdb.desk.ticket_joining import merge, standing
from cmdb.errors import Conflict
from cmdb.model.records import Ticket, TicketKind, TicketState
from tests.support.moments import NOON

ONE = Ticket(
    key="INC1", ticket_kind=TicketKind.INCIDENT, title="one", state=TicketState.NEW, opened_at=NOON, changed_at=NOON
)  # fmt: skip
TWO = replace(ONE, key="INC2", title="two")


def test_numbers_lead_to_the_last_that_took_in_and_sources_own_parents_nowhere() -> None:
    merged = replace(ONE, state=TicketState.CLOSED)
    chain = {
        "INC1": ONE,
        "INC2": replace(merged, key="INC2", parent="INC1"),
        "INC3": replace(merged, key="INC3", parent="INC2"),
        "INC4": replace(ONE, key="INC4", parent="INC1"),
        "INC5": replace(merged, key="INC5", parent="INC1", resolved_at=NOON),
        "REP1": replace(ONE, key="REP1", ticket_kind=TicketKind.REPORT, parent="INC1"),
    }
    assert [ticket.key if (ticket := standing(chain, key)) else None for key in (*chain, "INC9")] == [
        "INC1",
        "INC1",
        "INC1",
        "INC4",
        "INC5",
        "REP1",
        None,
    ]
    circle = {"INC1": replace(merged, parent="INC2"), "INC2": replace(merged, key="INC2", parent="INC1")}
    assert standing(circle, "INC1") is not None


@pytest.mark.parametrize(
    "others",
    [
        (),
        (ONE,),
        (TWO, TWO),
        (replace(TWO, state=TicketState.RESOLVED),),
        (replace(TWO, ticket_kind=TicketKind.REPORT),),
        (replace(TWO, parent="INC7", state=TicketState.NEW),),
    ],
)
def test_only_other_open_incidents_are_taken_in(others: tuple[Ticket, ...]) -> None:
    with pytest.raises(Conflict):
        merge(ONE, others, (), "me", NOON)
