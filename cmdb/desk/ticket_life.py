"""How a ticket lives: legal steps and what they do to its times, priority from impact and criticality."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from cmdb.errors import Conflict, ErrorCode
from cmdb.model.records import Pause, Ticket, TicketState, WorkNote
from cmdb.model.severity import Severity

_WORKED = {TicketState.ASSIGNED, TicketState.IN_PROGRESS, TicketState.ON_HOLD, TicketState.RESOLVED}
_STEPS = {
    TicketState.NEW: _WORKED,
    TicketState.ASSIGNED: _WORKED,
    TicketState.IN_PROGRESS: _WORKED,
    TicketState.ON_HOLD: _WORKED,
    TicketState.RESOLVED: {TicketState.IN_PROGRESS, TicketState.CLOSED},
    TicketState.CLOSED: set[TicketState](),
}
_ANSWERED = {TicketState.IN_PROGRESS, TicketState.ON_HOLD}
_CRITICALITY = {"critical": 0, "high": 1, "medium": 2, "low": 3}


def require_step(ticket: Ticket, state: TicketState) -> None:
    """Let only legal steps pass; staying is legal."""
    if state is ticket.state or state in _STEPS[ticket.state]:
        return
    steps = sorted(step.value for step in _STEPS[ticket.state] if step is not ticket.state)
    legal = ", ".join(steps) or "none: it is closed"
    raise Conflict(
        ErrorCode.ILLEGAL_TRANSITION,
        f"{ticket.key} is {ticket.state.value} and cannot become {state.value}.",
        hint=f"Legal next states: {legal}.",
    )


def moved(ticket: Ticket, state: TicketState, now: datetime) -> Ticket:
    """Return the ticket in that state with its times: when it was answered and resolved, when its clock stood.

    Re-opened, it has stood since it was resolved: the people who work on it did not know better.
    """
    require_step(ticket, state)
    if state is ticket.state:
        return replace(ticket, changed_at=now)
    is_done = state in (TicketState.RESOLVED, TicketState.CLOSED)
    pauses = ticket.pauses if state is TicketState.CLOSED else resumed(ticket, now)
    return replace(
        ticket,
        state=state,
        changed_at=now,
        pauses=(*pauses, Pause(now)) if state is TicketState.ON_HOLD else pauses,
        responded_at=ticket.responded_at or (now if state in _ANSWERED else None),
        resolved_at=(ticket.resolved_at or now) if is_done else None,
    )


def resumed(ticket: Ticket, now: datetime) -> tuple[Pause, ...]:
    """Return the ticket's pauses, the open one ended; a resolved ticket has stood since it was resolved."""
    if ticket.state is TicketState.RESOLVED and ticket.resolved_at is not None:
        return (*ticket.pauses, Pause(ticket.resolved_at, now)) if ticket.resolved_at < now else ticket.pauses
    return tuple(pause if pause.end is not None else replace(pause, end=now) for pause in ticket.pauses)


def noted(ticket: Ticket, author: str, text: str, now: datetime) -> Ticket:
    """Return the ticket with one remark more."""
    return replace(ticket, changed_at=now, notes=(*ticket.notes, WorkNote(at=now, author=author, text=text)))


def priority(impacts: Iterable[tuple[Severity, str]]) -> int:
    """Return 1 (highest) to 5 from (severity, criticality) of the affected services, the worst one deciding."""
    return min((_priority(severity, criticality) for severity, criticality in impacts), default=4)


def _priority(severity: Severity, criticality: str) -> int:
    loss = int(Severity.CRITICAL) - int(severity)
    return min(5, max(1, 1 + loss // 2 + _CRITICALITY.get(criticality, 2)))


def spell_duration(span: timedelta) -> str:
    """Write a length as `2 h 05 min`."""
    minutes = round(span.total_seconds() / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"
