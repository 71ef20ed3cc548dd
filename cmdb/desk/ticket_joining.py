"""Incidents that turn out to be one, and reports that belong to them: merge, detach, resolve and re-open together."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from cmdb.desk.ticket_life import moved, noted, resumed
from cmdb.errors import Conflict, ErrorCode
from cmdb.model.records import Ticket, TicketKind, TicketState

NAMED = 20
"""Incidents that the note of the one that takes them in names: a storm can open hundreds."""


def standing(tickets: Mapping[str, Ticket], key: str) -> Ticket | None:
    """Return the ticket that this number leads to: a merged one leads to the incident that took it in."""
    ticket = tickets.get(key)
    passed: set[str] = set()
    # Sources can record tickets that name each other.
    while ticket is not None and ticket.is_merged and ticket.key not in passed:
        passed.add(ticket.key)
        ticket = tickets.get(str(ticket.parent))
    return ticket


def merge(
    survivor: Ticket, others: Sequence[Ticket], reports: Sequence[Ticket], author: str, now: datetime
) -> list[Ticket]:
    """Return the incident that took the others in, those, and their reports moved to it; Conflict unless all are open.

    What the others carry stays with them, so that each can be detached again.
    """
    for ticket in (survivor, *others):
        _require_open_incident(ticket)
    keys = [ticket.key for ticket in others]
    if not keys or len({survivor.key, *keys}) <= len(keys):
        raise Conflict(
            ErrorCode.CONFLICT,
            f"{survivor.key} cannot take in {', '.join(keys) or 'nothing'}.",
            hint="Name one or more other incidents, each once.",
        )
    titles = "; ".join(f"{ticket.key} {ticket.title}" for ticket in others[:NAMED])
    more = f" and {len(others) - NAMED} more" if len(others) > NAMED else ""
    joined = replace(
        survivor,
        items=_union(survivor.items, *(ticket.items for ticket in others)),
        events=_union(survivor.events, *(ticket.events for ticket in others)),
        changes=_union(survivor.changes, *(ticket.changes for ticket in others)),
        priority=min(ticket.priority for ticket in (survivor, *others)),
    )
    return [
        noted(joined, author, f"Merged in: {titles}{more}.", now),
        *(_taken_in(ticket, survivor.key, author, now) for ticket in others),
        *(follow(report, joined, author, now) for report in reports),
    ]


def _taken_in(ticket: Ticket, into: str, author: str, now: datetime) -> Ticket:
    closed = replace(ticket, state=TicketState.CLOSED, parent=into, pauses=resumed(ticket, now))
    return noted(closed, author, f"Merged into {into}.", now)


def detach(ticket: Ticket, parent: Ticket, author: str, now: datetime) -> list[Ticket]:
    """Return what was attached to or merged into `parent` on its own again, and the parent without its events."""
    if ticket.ticket_kind is TicketKind.REPORT:
        return [_freed(ticket, author, now), noted(parent, author, f"Report {ticket.key} detached.", now)]
    again = TicketState.ASSIGNED if ticket.support_group else TicketState.NEW
    state = again if ticket.is_merged else ticket.state
    # One open incident has a cause; where the parent has taken it over, what is freed stands without a claim to it.
    cause = None if parent.is_open and parent.cause_key == ticket.cause_key else ticket.cause_key
    free = replace(ticket, parent=None, state=state, cause_key=cause)
    alone = noted(free, author, f"Detached from {parent.key}.", now)
    kept = tuple(event for event in parent.events if event not in ticket.events)
    left = replace(parent, events=kept) if parent.is_open else parent
    return [alone, noted(left, author, f"{ticket.key} detached.", now)]


def _freed(report: Ticket, author: str, now: datetime) -> Ticket:
    if not report.is_open:
        raise Conflict(
            ErrorCode.CONFLICT,
            f"{report.key} is {report.state.value}.",
            hint="Re-open the report first: set its state to in_progress.",
        )
    free = replace(
        report,
        parent=None,
        state=TicketState.NEW,
        pauses=resumed(report, now),
        expected_resolution_at=None,
        expected_resolution_basis="",
    )
    return noted(free, author, f"Detached from {report.parent}.", now)


def follow(report: Ticket, incident: Ticket, author: str, now: datetime) -> Ticket:
    """Return the report attached to the incident: who works on it and until when is what the incident says."""
    state = TicketState.ASSIGNED if report.is_open else report.state
    attached = replace(
        report,
        parent=incident.key,
        state=state,
        pauses=resumed(report, now) if report.is_open else report.pauses,
        **_told(incident),
    )
    return noted(attached, author, f"Attached to {incident.key}.", now)


def resolve_with(report: Ticket, incident: Ticket, text: str, author: str, now: datetime) -> Ticket:
    """Return an open report resolved when its incident was; it is never closed with it."""
    resolved = moved(report, TicketState.RESOLVED, now)
    return noted(replace(resolved, resolved_at=incident.resolved_at), author, text, now)


def reopen_with(report: Ticket, incident: Ticket, author: str, now: datetime) -> Ticket:
    """Return a report at work again because its incident is."""
    again = moved(report, TicketState.IN_PROGRESS, now)
    return noted(again, author, f"Incident {incident.key} was re-opened.", now)


def _require_open_incident(ticket: Ticket) -> None:
    if ticket.ticket_kind is TicketKind.INCIDENT and ticket.is_open and ticket.parent is None:
        return
    found = f"was merged into {ticket.parent}" if ticket.is_merged else f"is {ticket.state.value}"
    raise Conflict(
        ErrorCode.CONFLICT,
        f"{ticket.key} is a {ticket.ticket_kind.value} that {found}.",
        hint="Merge open incidents; attach reports.",
    )


def _union(*lists: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(entry for entries in lists for entry in entries))


def carry(
    before: Ticket, after: Ticket, reports: Sequence[Ticket], length: str, author: str, now: datetime
) -> list[Ticket]:
    """Return the reports that a step of their incident changes: they resolve, come back and are told who works on it.

    Reports that were resolved on their own, before or after it, stay as they are.
    """
    if before.resolved_at is None and after.resolved_at is not None:
        text = f"Incident {after.key} is resolved; the outage lasted {length}."
        return [resolve_with(report, after, text, author, now) for report in reports if report.is_open]
    if before.resolved_at is not None and after.resolved_at is None:
        with_it = [report for report in reports if report.resolved_at == before.resolved_at]
        return [
            reopen_with(report, after, author, now)
            for report in with_it
            if report.state is TicketState.RESOLVED
        ]
    if _told(before) == _told(after):
        return []
    return [replace(report, changed_at=now, **_told(after)) for report in reports if report.is_open]


def _told(incident: Ticket) -> dict[str, Any]:
    """Return what callers are told of the incident that their report is attached to."""
    names = ("support_group", "priority", "expected_resolution_at", "expected_resolution_basis")
    return {name: getattr(incident, name) for name in names}
