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


def test_numbers_lead_to_the_last_that_took_in_even_in_a_circle() -> None:
    chain = {
        "INC1": ONE,
        "INC2": replace(TWO, parent="INC1"),
        "INC3": replace(ONE, key="INC3", parent="INC2"),
        "REP1": replace(ONE, key="REP1", ticket_kind=TicketKind.REPORT, parent="INC1"),
    }
    assert [ticket.key if (ticket := standing(chain, key)) else None for key in (*chain, "INC9")] == [
        "INC1",
        "INC1",
        "INC1",
        "REP1",
        None,
    ]
    circle = {"INC1": replace(ONE, parent="INC2"), "INC2": replace(TWO, parent="INC1")}
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
