"""Incidents at ServiceNow, against a server that behaves as its documentation says."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import httpx
import pytest
import pytest_asyncio
from starlette.responses import Response

from cmdb.model.outgoing import Outgoing, Remote
from cmdb.model.records import Ticket, TicketKind, TicketState, WorkNote
from cmdb.outbound.calling import open_http
from cmdb.outbound.servicenow import ServiceNow
from cmdb.ports.outbox import DeliveryFailed
from tests.support.graph_records import incident
from tests.support.moments import NOON, minutes
from tests.support.outside_systems import PASSWORD, USER, ServiceNowServer, served, too_many

NOTES = tuple(WorkNote(at=NOON + minutes(at), author="ann", text=f"note {at}") for at in range(3))
TICKET = replace(incident("INC000001", title="Router down"), priority=2, notes=NOTES[:1])


@dataclass
class Desk:
    server: ServiceNowServer
    channel: ServiceNow
    url: str

    async def tell(self, ticket: Ticket = TICKET, remote: Remote | None = None) -> Remote | None:
        entry = Outgoing(key="k", channel="snow", ticket=ticket, opened=True, revision=1, at=NOON)
        return await self.channel.deliver(entry, remote)

    @property
    def row(self) -> dict[str, str]:
        (row,) = self.server.rows.values()
        return row


@pytest_asyncio.fixture
async def desk() -> AsyncIterator[Desk]:
    server = ServiceNowServer()
    async with served(server.app()) as url, open_http(url, (USER, PASSWORD)) as http:
        yield Desk(server, ServiceNow("snow", http), url)


async def failure(desk: Desk, ticket: Ticket = TICKET, remote: Remote | None = None) -> DeliveryFailed:
    with pytest.raises(DeliveryFailed) as caught:
        await desk.tell(ticket, remote)
    return caught.value


async def test_an_incident_is_made_and_brought_up_to_date(desk: Desk) -> None:
    made = await desk.tell()
    assert made == Remote(
        channel="snow", ticket="INC000001", remote_id=f"{1:032x}", number="INC0000001", state="1"
    )
    assert (desk.row["correlation_id"], desk.row["impact"], desk.row["urgency"]) == (
        "cmdb:INC000001",
        "1",
        "2",
    )
    moved = await desk.tell(replace(TICKET, state=TicketState.IN_PROGRESS, title="Router 1 down"), made)
    assert moved is not None
    assert (moved.state, desk.row["short_description"]) == ("2", "Router 1 down")


@pytest.mark.parametrize("state", list(TicketState))
async def test_every_state_of_ours_is_taken(desk: Desk, state: TicketState) -> None:
    made = await desk.tell(replace(TICKET, state=state))
    assert made is not None
    assert desk.row["state"] == made.state


async def test_an_answer_that_was_lost_makes_nothing_twice(desk: Desk) -> None:
    desk.server.lost = 1
    assert (await failure(desk)).passing
    made = await desk.tell()
    assert made is not None
    assert len(desk.server.rows) == 1
    assert desk.row["work_notes"].count("note 0") == 1


async def test_each_note_is_told_once(desk: Desk) -> None:
    await desk.tell()
    for notes in (NOTES, NOTES, NOTES[:2]):
        await desk.tell(replace(TICKET, notes=notes))
    assert [desk.row["work_notes"].count(f"note {at}") for at in range(3)] == [1, 1, 1]


async def test_a_rate_limit_says_how_long_to_wait(desk: Desk) -> None:
    desk.server.refusals = [too_many(37)]
    error = await failure(desk)
    assert (error.passing, error.wait) == (True, 37)
    assert await desk.tell() is not None


@pytest.mark.parametrize(
    ("status", "passing"), [(500, True), (503, True), (400, False), (403, False), (302, False)]
)
async def test_outages_pass_and_refusals_do_not(desk: Desk, status: int, passing: bool) -> None:
    desk.server.refusals = [Response("no", status)]
    assert (await failure(desk)).passing is passing


async def test_what_is_no_json_and_what_is_too_large_are_outages(desk: Desk) -> None:
    desk.server.refusals = [Response("<html>", 200), Response(b" " * (5 << 20), 200)]
    assert (await failure(desk)).passing
    assert "more than" in (await failure(desk)).reason


async def test_a_wrong_password_is_a_refusal(desk: Desk) -> None:
    async with open_http(desk.url, (USER, "wrong")) as http:
        error = await failure(Desk(desk.server, ServiceNow("snow", http), desk.url))
    assert not error.passing
    assert "401" in error.reason
    assert "wrong" not in error.reason


async def test_a_slow_server_is_an_outage(desk: Desk) -> None:
    desk.server.delay = 0.5
    async with httpx.AsyncClient(
        base_url=desk.url, auth=(USER, PASSWORD), timeout=0.05, trust_env=False
    ) as http:
        assert (await failure(Desk(desk.server, ServiceNow("snow", http), desk.url))).passing


async def test_nobody_there_is_an_outage() -> None:
    async with open_http("http://127.0.0.1:1") as http:
        assert (await failure(Desk(ServiceNowServer(), ServiceNow("snow", http), ""))).passing


async def test_an_incident_that_was_deleted_there_is_not_made_anew(desk: Desk) -> None:
    made = await desk.tell()
    desk.server.rows.clear()
    assert not (await failure(desk, remote=made)).passing
    assert desk.server.rows == {}


async def test_reports_stay_here(desk: Desk) -> None:
    assert await desk.tell(replace(TICKET, ticket_kind=TicketKind.REPORT)) is None
    assert desk.server.calls == []


async def test_what_changed_there_is_read_with_its_meaning(desk: Desk) -> None:
    made = await desk.tell()
    assert made is not None
    for state, means in (
        ("2", TicketState.IN_PROGRESS),
        ("7", TicketState.CLOSED),
        ("1", None),
        ("42", None),
    ):
        desk.row["state"] = state
        (told,) = await desk.channel.states([made, replace(made, remote_id="f" * 32)])
        assert (told.remote_id, told.state, told.means) == (made.remote_id, state, means)
