"""How a ticket lives: legal steps, priority from impact and criticality, expected resolution with its basis."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from statistics import median_low

from cmdb.errors import Conflict, ErrorCode
from cmdb.model.records import Ticket, TicketState
from cmdb.model.severity import Severity

_STEPS = {
    TicketState.NEW: {TicketState.ASSIGNED, TicketState.IN_PROGRESS, TicketState.RESOLVED},
    TicketState.ASSIGNED: {TicketState.IN_PROGRESS, TicketState.RESOLVED},
    TicketState.IN_PROGRESS: {TicketState.ASSIGNED, TicketState.RESOLVED},
    TicketState.RESOLVED: {TicketState.IN_PROGRESS, TicketState.CLOSED},
    TicketState.CLOSED: set[TicketState](),
}
TARGETS = {
    1: timedelta(hours=4),
    2: timedelta(hours=8),
    3: timedelta(days=1),
    4: timedelta(days=3),
    5: timedelta(days=5),
}
_CRITICALITY = {"critical": 0, "high": 1, "medium": 2, "low": 3}
_ENOUGH = 3


def require_step(ticket: Ticket, state: TicketState) -> None:
    """Let only legal steps pass; staying is legal."""
    if state is ticket.state or state in _STEPS[ticket.state]:
        return
    legal = ", ".join(sorted(step.value for step in _STEPS[ticket.state])) or "none: it is closed"
    raise Conflict(
        ErrorCode.ILLEGAL_TRANSITION,
        f"{ticket.key} is {ticket.state.value} and cannot become {state.value}.",
        hint=f"Legal next states: {legal}.",
    )


def priority(impacts: Iterable[tuple[Severity, str]]) -> int:
    """Return 1 (highest) to 5 from (severity, criticality) of the affected services, the worst one deciding."""
    return min((_priority(severity, criticality) for severity, criticality in impacts), default=4)


def _priority(severity: Severity, criticality: str) -> int:
    loss = int(Severity.CRITICAL) - int(severity)
    return min(5, max(1, 1 + loss // 2 + _CRITICALITY.get(criticality, 2)))


def expect_resolution(opened_at: datetime, rank: int, past: Iterable[Ticket]) -> tuple[datetime, str]:
    """Return when a ticket of this priority should be resolved, and where that time comes from."""
    seconds = [
        (ticket.resolved_at - ticket.opened_at).total_seconds()
        for ticket in past
        if ticket.resolved_at is not None and ticket.priority == rank and ticket.parent is None
    ]
    if len(seconds) >= _ENOUGH:
        return opened_at + timedelta(
            seconds=median_low(seconds)
        ), f"median of {len(seconds)} resolved tickets of priority {rank}"
    target = TARGETS[rank]
    return (
        opened_at + target,
        f"target of priority {rank}: {target.total_seconds() / 3600:.0f} h after opening",
    )


def spell_duration(span: timedelta) -> str:
    """Write a length as `2 h 05 min`."""
    minutes = round(span.total_seconds() / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"
