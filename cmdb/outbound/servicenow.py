"""ServiceNow incidents through the Table API; `correlation_id` names our ticket, so nothing is made twice."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import httpx

from cmdb.model.outgoing import Outgoing, Remote, RemoteState
from cmdb.model.records import Ticket, TicketKind, TicketState, WorkNote
from cmdb.outbound.calling import call
from cmdb.ports.outbox import DeliveryFailed

TABLE = "/api/now/table/incident"
FIELDS = "sys_id,number,state,work_notes"
STATES: Mapping[TicketState, str] = MappingProxyType(
    {
        TicketState.NEW: "1",
        TicketState.ASSIGNED: "1",
        TicketState.IN_PROGRESS: "2",
        TicketState.ON_HOLD: "3",
        TicketState.RESOLVED: "6",
        TicketState.CLOSED: "7",
    }
)
"""Its states of an incident: new, in progress, on hold, resolved, closed."""

MEANS: Mapping[str, TicketState] = MappingProxyType(
    {
        "2": TicketState.IN_PROGRESS,
        "3": TicketState.ON_HOLD,
        "6": TicketState.RESOLVED,
        "7": TicketState.CLOSED,
        "8": TicketState.RESOLVED,
    }
)
"""What its states mean for us; 8 is cancelled, and new calls for nothing."""

RANKS: Mapping[int, tuple[str, str]] = MappingProxyType(
    {1: ("1", "1"), 2: ("1", "2"), 3: ("2", "2"), 4: ("2", "3"), 5: ("3", "3")}
)
"""Impact and urgency, from which it computes the priority itself."""


class ServiceNow:
    """Keeps one incident per incident of ours; implements `cmdb.ports.outbox.Channel`."""

    latest_only = True

    def __init__(self, name: str, http: httpx.AsyncClient, prefix: str = "cmdb") -> None:
        """Correlation ids begin with `prefix`, which tells two deployments apart."""
        self.name = name
        self._http = http
        self._prefix = prefix

    async def deliver(self, entry: Outgoing, remote: Remote | None) -> Remote | None:
        """Make the incident or bring it up to date; notes that it has already are not sent again."""
        ticket = entry.ticket
        if ticket.ticket_kind is not TicketKind.INCIDENT:
            return None
        found = await self._find(ticket.key)
        if found is None and remote is not None:
            raise DeliveryFailed(f"{remote.number} is no longer there", passing=False)
        told = "" if found is None else str(found["work_notes"]["display_value"])
        sent = {**_fields(ticket), **_notes(ticket, told)}
        if found is None:
            sent |= {"correlation_id": self._correlation(ticket.key), "correlation_display": "CMDB"}
            answer = await call(self._http, "POST", TABLE, json=sent, params={"sysparm_fields": FIELDS})
        else:
            path = f"{TABLE}/{found['sys_id']['value']}"
            answer = await call(self._http, "PATCH", path, json=sent, params={"sysparm_fields": FIELDS})
        row = answer["result"]
        return Remote(
            channel=self.name,
            ticket=ticket.key,
            remote_id=str(row["sys_id"]),
            number=str(row["number"]),
            state=str(row["state"]),
        )

    async def states(self, remotes: Sequence[Remote]) -> list[RemoteState]:
        """Return how these incidents stand."""
        query = "sys_idIN" + ",".join(remote.remote_id for remote in remotes)
        rows = await self._list(query, "sys_id,state", len(remotes), "false")
        return [RemoteState(row["sys_id"], row["state"], MEANS.get(row["state"])) for row in rows]

    async def _find(self, key: str) -> Any:  # noqa: ANN401 - a row of the table
        query = f"correlation_id={self._correlation(key)}^ORDERBYsys_created_on"
        rows = await self._list(query, FIELDS, 1, "all")
        return rows[0] if rows else None

    async def _list(self, query: str, names: str, limit: int, display: str) -> list[Any]:
        asked = {
            "sysparm_query": query,
            "sysparm_fields": names,
            "sysparm_limit": str(limit),
            "sysparm_display_value": display,
        }
        rows: list[Any] = (await call(self._http, "GET", TABLE, params=asked))["result"]
        return rows

    def _correlation(self, key: str) -> str:
        # In its queries a caret joins conditions.
        return f"{self._prefix}:{key}".replace("^", " ")


def _fields(ticket: Ticket) -> dict[str, str]:
    impact, urgency = RANKS[min(max(ticket.priority, 1), 5)]
    fields = {
        "short_description": ticket.title[:160],
        "description": _describe(ticket),
        "impact": impact,
        "urgency": urgency,
        "state": STATES[ticket.state],
    }
    if ticket.state is TicketState.ON_HOLD:
        # It refuses to hold an incident without a reason; 1 is 'awaiting caller'.
        fields["hold_reason"] = "1"
    if not ticket.is_open:
        # It refuses to resolve an incident without these.
        fields |= {
            "close_code": "Duplicate" if ticket.is_merged else "Resolved by request",
            "close_notes": ticket.notes[-1].text if ticket.notes else "Resolved.",
        }
    return fields


def _describe(ticket: Ticket) -> str:
    lines = [
        f"Probable cause: {ticket.cause_item}" if ticket.cause_item else "",
        f"Affected: {', '.join(ticket.items[:50])}" if ticket.items else "",
        f"Changes: {', '.join(ticket.changes)}" if ticket.changes else "",
        f"Merged into: {ticket.parent}" if ticket.is_merged else "",
    ]
    return "\n".join(line for line in lines if line)


def _notes(ticket: Ticket, told: str) -> dict[str, str]:
    new = [text for text in map(written, ticket.notes) if text not in told]
    return {"work_notes": "\n\n".join(new)} if new else {}


def written(note: WorkNote) -> str:
    """Return a note as other systems are given it: with its author and time, by which it is known again."""
    return f"[{note.author}, {note.at:%Y-%m-%d %H:%M:%S} UTC] {note.text}"
