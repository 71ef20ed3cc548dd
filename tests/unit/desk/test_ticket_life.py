"""Ticket steps, priority and expected resolution."""

from datetime import timedelta

import pytest

from cmdb.desk.ticket_life import priority, require_step, spell_duration
from cmdb.errors import Conflict, ErrorCode
from cmdb.model.records import Ticket, TicketKind, TicketState
from cmdb.model.severity import Severity
from tests.support.moments import NOON


def ticket(state: TicketState = TicketState.NEW, hours: int | None = None, rank: int = 1) -> Ticket:
    return Ticket(
        key="INC1", ticket_kind=TicketKind.INCIDENT, title="t", state=state, opened_at=NOON, changed_at=NOON,
        priority=rank, resolved_at=None if hours is None else NOON + timedelta(hours=hours),
    )  # fmt: skip


def test_legal_and_illegal_steps() -> None:
    require_step(ticket(), TicketState.ASSIGNED)
    require_step(ticket(TicketState.RESOLVED), TicketState.IN_PROGRESS)
    require_step(ticket(TicketState.CLOSED), TicketState.CLOSED)
    with pytest.raises(Conflict) as caught:
        require_step(ticket(TicketState.CLOSED), TicketState.NEW)
    assert caught.value.code is ErrorCode.ILLEGAL_TRANSITION


@pytest.mark.parametrize(
    ("impacts", "expected"),
    [
        ([], 4),
        ([(Severity.CRITICAL, "critical")], 1),
        ([(Severity.CRITICAL, "low"), (Severity.MAJOR, "critical")], 1),
        ([(Severity.CRITICAL, "medium")], 3),
        ([(Severity.WARNING, "low")], 5),
    ],
)
def test_the_worst_service_decides_the_priority(impacts: list[tuple[Severity, str]], expected: int) -> None:
    assert priority(impacts) == expected


def test_durations_read_well() -> None:
    assert spell_duration(timedelta(minutes=42)) == "42 min"
    assert spell_duration(timedelta(hours=2, minutes=5)) == "2 h 05 min"
