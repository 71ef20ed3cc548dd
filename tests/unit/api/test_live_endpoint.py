"""Subscriptions over graphql-transport-ws: the protocol, its limits, and who is told what."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from cmdb.api import live_endpoint
from cmdb.api.app import App, build_app
from cmdb.api.operations import read_operation
from cmdb.application.requests import AttachReportRequest, OpenTicketRequest, UpdateTicketRequest
from cmdb.desk.access import SYSTEM
from cmdb.ingest.records import JsonRecordParser
from cmdb.model.records import TicketState
from tests.support.api_client import ApiClient
from tests.support.live_client import InProcess, connected
from tests.support.small_estate import Bench, furnished, raised

SERVICES = read_operation("watch_services")


@dataclass
class Hall:
    bench: Bench
    app: App

    async def write(self, *records: Any) -> int:
        outcome = await self.bench.assert_records(*records)
        self.bench.clock.advance(0.01)
        return outcome.revision


@pytest_asyncio.fixture
async def hall() -> AsyncIterator[Hall]:
    bench = await furnished()
    yield Hall(bench, build_app(bench.application, JsonRecordParser()))
    await bench.application.close()


def worst(news: Any) -> dict[str, str]:
    return {row["item"]["key"]: row["health"]["effective"] for row in news["services"]}


async def test_a_watcher_is_told_and_can_go_on_from_a_revision(hall: Hall) -> None:
    async with connected(hall.app) as client:
        await client.introduce()
        await client.watch("watch_services")
        first = await client.news()
        assert (first["reset"], first["services"]) == (True, [])
        await hall.write(raised("r1"))
        seen = await client.news()
        assert worst(seen) == {"finance": "CRITICAL", "vpn": "CRITICAL"}
    await hall.write(raised("printsrv"))
    async with connected(hall.app) as client:
        await client.introduce()
        await client.watch("watch_services", since=seen["basis"]["revision"])
        missed = await client.news()
        assert (missed["reset"], worst(missed)) == (False, {"print": "CRITICAL"})


async def test_tickets_and_situations_are_told_side_by_side(hall: Hall) -> None:
    revision = await hall.write(raised("r1"))
    async with connected(hall.app) as client:
        await client.introduce()
        await client.watch("watch_tickets", "t")
        assert (await client.news("t"))["tickets"] == []
        await client.watch("watch_situations", "s")
        (situation,) = (await client.news("s"))["situations"]
        assert (situation["cause"]["key"], situation["ticket"]) == ("r1", None)
        await hall.bench.application.open_ticket(SYSTEM, OpenTicketRequest(event="test:r1:down"))
        hall.bench.clock.advance(0.01)
        told = {}
        for _ in range(2):
            message = await client.hear()
            told[message["id"]] = message["payload"]["data"]
        (ticket,) = told["t"]["ticketNews"]["tickets"]
        assert (ticket["key"], ticket["causeItem"]["key"]) == ("INC000001", "r1")
        assert told["s"]["situationNews"]["situations"][0]["ticket"]["key"] == "INC000001"
        assert told["s"]["situationNews"]["basis"]["revision"] > revision


async def test_what_stands_below_the_news_is_as_new_as_they_are(hall: Hall) -> None:
    await hall.write(raised("r1"))
    desk = hall.bench.application
    incident = (await desk.open_ticket(SYSTEM, OpenTicketRequest(event="test:r1:down"))).ticket
    attached = await desk.attach_report(SYSTEM, AttachReportRequest(incident=incident, words="w"))
    hall.bench.clock.advance(0.01)
    text = "subscription($keys: [String!]) { ticketNews(tickets: $keys) { tickets { parent { state } } } }"
    async with connected(hall.app) as client:
        await client.introduce()
        payload = {"query": text, "variables": {"keys": [attached.attached[0]]}}
        await client.say({"type": "subscribe", "id": "1", "payload": payload})
        assert (await client.news())["tickets"] == [{"parent": {"state": "ASSIGNED"}}]
        await desk.update_ticket(SYSTEM, UpdateTicketRequest(ticket=incident, state=TicketState.RESOLVED))
        hall.bench.clock.advance(0.01)
        assert (await client.news())["tickets"] == [{"parent": {"state": "RESOLVED"}}]


@pytest.mark.parametrize("how", ["payload", "header"])
async def test_others_services_are_not_told_of(hall: Hall, how: str) -> None:
    headers = [(b"cmdb-act-as", b"subscriber:ann")] if how == "header" else []
    async with connected(hall.app, headers=headers) as client:
        await client.introduce({"Cmdb-Act-As": "subscriber:ann"} if how == "payload" else None)
        await client.watch("watch_services")
        await client.news()
        await hall.write(raised("r1"))
        assert worst(await client.news()) == {"vpn": "CRITICAL"}


async def test_a_completed_subscription_is_silent_and_its_id_is_free(hall: Hall) -> None:
    async with connected(hall.app) as client:
        await client.introduce()
        await client.watch("watch_services")
        await client.news()
        await client.say({"type": "complete", "id": "1"})
        await client.say({"type": "complete", "id": "unknown"})
        await hall.write(raised("r1"))
        assert await client.is_silent()
    async with connected(hall.app) as client:
        await client.introduce()
        for _ in range(2):
            await client.watch("watch_services")
            await client.news()
            await client.say({"type": "complete", "id": "1"})


async def test_a_trusted_document_is_watched_by_its_name(hall: Hall) -> None:
    async with connected(hall.app) as client:
        await client.introduce()
        payload = {"documentId": "watch_services", "variables": {"services": ["mail"]}}
        await client.say({"type": "subscribe", "id": "1", "payload": payload})
        assert worst(await client.news()) == {"mail": "OK"}


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({"query": "subscription { serviceNews { nothing } }"}, "UNKNOWN_FIELD"),
        ({"query": "subscription {"}, "SYNTAX"),
        ({"query": "{ __typename }"}, "BAD_ARGUMENT"),
        ({"query": SERVICES, "variables": {"since": "soon"}}, "WRONG_TYPE"),
        ({"query": SERVICES, "variables": []}, "WRONG_TYPE"),
        ({"query": 7}, "WRONG_TYPE"),
        ({}, "WRONG_TYPE"),
        ({"documentId": "nothing"}, "NOT_FOUND"),
        ({"query": SERVICES, "operationName": "other"}, "BAD_ARGUMENT"),
        (
            {"query": "subscription { a: serviceNews { reset } b: serviceNews { reset } }"},
            "SYNTAX",
        ),
    ],
)
async def test_what_cannot_be_watched_is_told_and_the_connection_goes_on(
    hall: Hall, payload: dict[str, object], code: str
) -> None:
    async with connected(hall.app) as client:
        await client.introduce()
        await client.say({"type": "subscribe", "id": "x", "payload": payload})
        answer = await client.hear()
        assert (answer["type"], answer["id"]) == ("error", "x")
        assert [error["extensions"]["code"] for error in answer["payload"]] == [code]
        await client.watch("watch_services", "x")
        await client.news("x")


SUBSCRIBE = {"type": "subscribe", "id": "1", "payload": {"query": SERVICES}}


@pytest.mark.parametrize(
    ("messages", "code"),
    [
        ([SUBSCRIBE], 4401),
        ([{"type": "connection_init"}] * 2, 4429),
        ([{"type": "connection_init"}, SUBSCRIBE, SUBSCRIBE], 4409),
        ([{"type": "connection_init", "payload": {"Cmdb-Act-As": "king"}}], 4403),
        ([{"type": "start"}], 4400),
        ([{"type": "subscribe", "id": "", "payload": {}}], 4400),
        ([{"type": "subscribe", "id": "1", "payload": "x"}], 4400),
        (["{"], 4400),
        (["[]"], 4400),
        (["[" * 100_000], 4400),
        ([" " * (live_endpoint.MESSAGE_LIMIT + 1)], 4400),
        (['"\\ud800"'], 4400),
    ],
)
async def test_who_breaks_the_protocol_is_cut_off_with_its_code(
    hall: Hall, messages: list[object], code: int
) -> None:
    async with connected(hall.app) as client:
        for message in messages:
            await client.say(message)
        assert await last_code(client) == code


async def last_code(client: InProcess) -> int:
    """Pass over what was answered before."""
    for _ in range(5):
        message = await asyncio.wait_for(client.heard.get(), 5)
        if message["type"] == "websocket.close":
            return int(message["code"])
    raise AssertionError("the connection stays open")


@pytest.mark.parametrize("protocols", [(), ("graphql-ws",)])
async def test_other_protocols_are_not_spoken(hall: Hall, protocols: tuple[str, ...]) -> None:
    async with connected(hall.app, protocols) as client:
        assert await client.close_code() == 4406


@pytest.mark.parametrize(
    ("host", "origin", "let_in"),
    [
        ("127.0.0.1:8000", b"http://localhost:3000", True),
        ("[::1]:8000", b"http://[::1]:8000", True),
        ("evil.example:8000", b"http://localhost", False),
        ("127.0.0.1:8000", b"https://evil.example", False),
        ("127.0.0.1:8000", b"null", False),
        ("127.0.0.1:8000", b"http://[", False),
    ],
)
async def test_pages_of_other_hosts_do_not_get_in(hall: Hall, host: str, origin: bytes, let_in: bool) -> None:
    async with connected(hall.app, host=host, headers=[(b"origin", origin)]) as client:
        if let_in:
            await client.introduce()
        else:
            assert await client.close_code() == 1008


async def test_who_says_nothing_is_cut_off(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_endpoint, "INIT_SECONDS", 0.01)
    async with connected(hall.app) as client:
        assert await client.close_code() == 4408


async def test_who_does_not_read_is_cut_off_rather_than_left_without_news(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_endpoint, "SEND_SECONDS", 0.05)
    async with connected(hall.app, unread=1) as client:
        await client.introduce()
        await client.watch("watch_services", "a")
        await client.watch("watch_services", "b")
        await asyncio.sleep(0.3)
        assert (await client.hear())["type"] == "next"
        assert await last_code(client) == 1013


async def test_a_ping_is_answered(hall: Hall) -> None:
    async with connected(hall.app) as client:
        await client.introduce()
        await client.say({"type": "ping"})
        await client.say({"type": "pong"})
        assert await client.hear() == {"type": "pong"}


async def test_one_connection_has_so_many_subscriptions_and_no_more(hall: Hall) -> None:
    async with connected(hall.app) as client:
        await client.introduce()
        for number in range(live_endpoint.MOST_SUBSCRIPTIONS):
            await client.watch("watch_services", str(number))
            await client.news(str(number))
        await client.watch("watch_services", "more")
        refused = await client.hear()
        assert (refused["type"], refused["id"]) == ("error", "more")
        assert refused["payload"][0]["extensions"]["code"] == "OVERLOADED"


async def test_a_server_has_so_many_connections_and_no_more(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_endpoint, "MOST_CONNECTIONS", 1)
    async with connected(hall.app) as first:
        await first.introduce()
        async with connected(hall.app) as second:
            assert await second.close_code() == 1013
    async with connected(hall.app) as third:
        await third.introduce()


async def test_subscriptions_are_not_asked_over_post(hall: Hall) -> None:
    async with ApiClient(hall.bench.application) as client:
        assert await client.codes(SERVICES) == ["BAD_ARGUMENT"]
