"""Jira issues through its REST API; a label names our ticket, so nothing is made twice."""

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import httpx

from cmdb.model.outgoing import Outgoing, Remote, RemoteState
from cmdb.model.records import Ticket, TicketKind, TicketState
from cmdb.outbound.calling import call
from cmdb.outbound.servicenow import written
from cmdb.ports.outbox import DeliveryFailed

ISSUE = "/rest/api/2/issue"
SEARCH = "/rest/api/3/search/jql"
CATEGORIES: Mapping[TicketState, str] = MappingProxyType(
    {
        TicketState.NEW: "new",
        TicketState.ASSIGNED: "new",
        TicketState.IN_PROGRESS: "indeterminate",
        TicketState.ON_HOLD: "indeterminate",
        TicketState.RESOLVED: "done",
        TicketState.CLOSED: "done",
    }
)
"""Its status categories: every workflow has other names, these three are the same in all."""

MEANS: Mapping[str, TicketState] = MappingProxyType(
    {"indeterminate": TicketState.IN_PROGRESS, "done": TicketState.RESOLVED}
)
COMMENTS = 5000
"""How many comments of an issue are looked through for notes that it has already."""


class Jira:
    """Keeps one issue per incident; implements `cmdb.ports.outbox.Channel`."""

    latest_only = True

    def __init__(
        self, name: str, http: httpx.AsyncClient, project: str, issue_type: str, prefix: str = "cmdb"
    ) -> None:
        """Labels begin with `prefix`, which tells two deployments apart."""
        self.name = name
        self._http = http
        self._project = project
        self._issue_type = issue_type
        self._prefix = prefix

    async def deliver(self, entry: Outgoing, remote: Remote | None) -> Remote | None:
        """Make the issue or bring it up to date, then its comments, then its status."""
        ticket = entry.ticket
        if ticket.ticket_kind is not TicketKind.INCIDENT:
            return None
        # What was made is found by its id at once; the search learns of it only after a while.
        key = remote.number if remote is not None else await self._find(ticket.key)
        if key is None:
            key = await self._create(ticket)
        else:
            await call(self._http, "PUT", f"{ISSUE}/{key}", json={"fields": self._fields(ticket)})
        await self._comment(key, ticket)
        return await self._move(key, ticket)

    async def _find(self, ticket: str) -> str | None:
        jql = f'project = "{self._project}" AND labels = "{self._label(ticket)}" ORDER BY created ASC'
        asked = {"jql": jql, "fields": ["status"], "maxResults": 1}
        issues = (await call(self._http, "POST", SEARCH, json=asked))["issues"]
        return str(issues[0]["key"]) if issues else None

    async def _create(self, ticket: Ticket) -> str:
        fields = {
            "project": {"key": self._project},
            "issuetype": {"name": self._issue_type},
            "labels": [self._label(ticket.key)],
            **self._fields(ticket),
        }
        return str((await call(self._http, "POST", ISSUE, json={"fields": fields}))["key"])

    def _fields(self, ticket: Ticket) -> dict[str, object]:
        lines = [
            f"Ticket {ticket.key}, priority {ticket.priority}",
            f"Probable cause: {ticket.cause_item}" if ticket.cause_item else "",
            f"Affected: {', '.join(ticket.items[:50])}" if ticket.items else "",
            f"Merged into: {ticket.parent}" if ticket.is_merged else "",
        ]
        return {
            # It refuses line breaks and more than 255 characters here.
            "summary": " ".join(ticket.title.split())[:255],
            "description": "\n".join(line for line in lines if line),
        }

    async def _comment(self, key: str, ticket: Ticket) -> None:
        path = f"{ISSUE}/{key}/comment"
        known = await call(self._http, "GET", path, params={"maxResults": str(COMMENTS)})
        told = {comment["body"] for comment in known["comments"]}
        for note in map(written, ticket.notes):
            if note not in told:
                await call(self._http, "POST", path, json={"body": note})

    async def _move(self, key: str, ticket: Ticket) -> Remote:
        wanted = CATEGORIES[ticket.state]
        issue = await self._status(key)
        if issue["fields"]["status"]["statusCategory"]["key"] != wanted:
            path = f"{ISSUE}/{key}/transitions"
            offered = (await call(self._http, "GET", path))["transitions"]
            fitting = [one["id"] for one in offered if one["to"]["statusCategory"]["key"] == wanted]
            if not fitting:
                raise DeliveryFailed(f"{key} has no transition to a status of '{wanted}'", passing=False)
            await call(self._http, "POST", path, json={"transition": {"id": fitting[0]}})
            issue = await self._status(key)
        state = str(issue["fields"]["status"]["statusCategory"]["key"])
        return Remote(
            channel=self.name,
            ticket=ticket.key,
            remote_id=str(issue["id"]),
            number=str(issue["key"]),
            state=state,
        )

    async def _status(self, key: str) -> Any:  # noqa: ANN401 - an issue
        return await call(self._http, "GET", f"{ISSUE}/{key}", params={"fields": "status"})

    async def states(self, remotes: Sequence[Remote]) -> list[RemoteState]:
        """Return how these issues stand."""
        asked = {
            "jql": f"id IN ({','.join(remote.remote_id for remote in remotes)})",
            "fields": ["status"],
            "maxResults": len(remotes),
        }
        issues = (await call(self._http, "POST", SEARCH, json=asked))["issues"]
        rows = [(str(one["id"]), str(one["fields"]["status"]["statusCategory"]["key"])) for one in issues]
        return [RemoteState(identity, category, MEANS.get(category)) for identity, category in rows]

    def _label(self, key: str) -> str:
        # Labels hold no blanks, and quotes would end the text in a query.
        return re.sub(r"[^\w.:-]", "_", f"{self._prefix}-{key}")
