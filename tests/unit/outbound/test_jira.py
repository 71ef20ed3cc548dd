"""Issues at Jira, against a server that behaves as its documentation says."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
import pytest_asyncio

from cmdb.model.outgoing import Outgoing, Remote
from cmdb.model.records import Ticket, TicketKind, TicketState, WorkNote
from cmdb.outbound.calling import open_http
from cmdb.outbound.jira import Jira
from cmdb.ports.outbox import DeliveryFailed
from tests.support.graph_records import incident
from tests.support.moments import NOON, minutes
from tests.support.outside_systems import PASSWORD, USER, JiraServer, served, too_many

NOTES = tuple(WorkNote(at=NOON + minutes(at), author="ann", text=f"note {at}") for at in range(3))
TICKET = replace(incident('INC "1"', title="Router\ndown " + "x" * 300), notes=NOTES[:1])


@dataclass
class Desk:
    server: JiraServer
    channel: Jira

    async def tell(self, ticket: Ticket = TICKET, remote: Remote | None = None) -> Remote | None:
        entry = Outgoing(key="k", channel="jira", ticket=ticket, opened=True, revision=1, at=NOON)
        return await self.channel.deliver(entry, remote)

    @property
    def issue(self) -> Any:
        (issue,) = self.server.issues.values()
        return issue


@pytest_asyncio.fixture
async def desk() -> AsyncIterator[Desk]:
    server = JiraServer()
    async with served(server.app()) as url, open_http(url, (USER, PASSWORD)) as http:
        yield Desk(server, Jira("jira", http, "OPS", "Incident"))


async def failure(desk: Desk, ticket: Ticket = TICKET, remote: Remote | None = None) -> DeliveryFailed:
    with pytest.raises(DeliveryFailed) as caught:
        await desk.tell(ticket, remote)
    return caught.value


async def test_an_issue_is_made_and_brought_up_to_date(desk: Desk) -> None:
    made = await desk.tell()
    assert made == Remote(channel="jira", ticket=TICKET.key, remote_id="10001", number="OPS-1", state="new")
    fields = desk.issue["fields"]
    assert (fields["project"], fields["issuetype"], fields["labels"]) == (
        {"key": "OPS"},
        {"name": "Incident"},
        ["cmdb-INC__1_"],
    )
    assert fields["summary"].startswith("Router down x")
    moved = await desk.tell(replace(TICKET, state=TicketState.RESOLVED, title="new title"), made)
    assert moved is not None
    assert (moved.state, fields["summary"], fields["status"]["name"]) == ("done", "new title", "Done")


@pytest.mark.parametrize("lost", range(1, 5))
async def test_wherever_an_answer_is_lost_nothing_is_made_twice(desk: Desk, lost: int) -> None:
    ticket = replace(TICKET, state=TicketState.IN_PROGRESS, notes=NOTES[:2])
    for _ in range(lost):
        desk.server.lost = 1
        await failure(desk, ticket)
    made = await desk.tell(ticket)
    assert made is not None
    assert [comment["body"].endswith(f"note {at}") for at, comment in enumerate(desk.issue["comments"])] == [
        True,
        True,
    ]


async def test_what_is_known_by_its_number_needs_no_search(desk: Desk) -> None:
    made = await desk.tell()
    desk.server.blind = 5
    await desk.tell(replace(TICKET, notes=NOTES), made)
    assert len(desk.server.issues) == 1
    assert len(desk.issue["comments"]) == 3


async def test_a_workflow_without_a_way_is_a_refusal_that_says_so(desk: Desk) -> None:
    desk.server.workflow = desk.server.workflow[:1]
    error = await failure(desk, replace(TICKET, state=TicketState.RESOLVED))
    assert not error.passing
    assert "OPS-1 has no transition" in error.reason


async def test_a_rate_limit_says_how_long_to_wait(desk: Desk) -> None:
    desk.server.refusals = [too_many(7)]
    error = await failure(desk)
    assert (error.passing, error.wait) == (True, 7)


async def test_an_issue_that_was_deleted_there_is_not_made_anew(desk: Desk) -> None:
    made = await desk.tell()
    desk.server.issues.clear()
    assert not (await failure(desk, remote=made)).passing


async def test_reports_stay_here(desk: Desk) -> None:
    assert await desk.tell(replace(TICKET, ticket_kind=TicketKind.REPORT)) is None
    assert desk.server.calls == []


async def test_what_changed_there_is_read_with_its_meaning(desk: Desk) -> None:
    made = await desk.tell()
    assert made is not None
    for category, means in (
        ("indeterminate", TicketState.IN_PROGRESS),
        ("done", TicketState.RESOLVED),
        ("new", None),
    ):
        desk.issue["fields"]["status"] = {"name": "any", "statusCategory": {"key": category}}
        (told,) = await desk.channel.states([made])
        assert (told.remote_id, told.state, told.means) == ("10001", category, means)
