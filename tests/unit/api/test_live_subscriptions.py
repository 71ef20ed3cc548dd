"""News of services, tickets and situations: chosen by key, from a revision on, as they stand now."""

from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio

from cmdb.api.app import App, build_app
from cmdb.application.requests import OpenTicketRequest, UpdateTicketRequest
from cmdb.desk.access import SYSTEM
from cmdb.ingest.records import JsonRecordParser
from cmdb.model.records import TicketState
from tests.support.live_client import connected
from tests.support.moments import NOON, minutes
from tests.support.small_estate import Bench, cleared, furnished, raised


class Hall:
    """A bench behind the application, whose clock goes on with every step so that watchers look again."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.app: App = build_app(bench.application, JsonRecordParser())

    async def write(self, *records: Any) -> int:
        outcome = await self.bench.assert_records(*records)
        self.bench.clock.advance(0.01)
        return outcome.revision

    async def open_ticket(self, event: str) -> str:
        key = (await self.bench.application.open_ticket(SYSTEM, OpenTicketRequest(event=event))).ticket
        self.bench.clock.advance(0.01)
        return key

    async def move(self, ticket: str, state: TicketState) -> None:
        await self.bench.application.update_ticket(SYSTEM, UpdateTicketRequest(ticket=ticket, state=state))
        self.bench.clock.advance(0.01)


@pytest_asyncio.fixture
async def hall() -> AsyncIterator[Hall]:
    opened = Hall(await furnished(raised("r1"), raised("printsrv")))
    yield opened
    await opened.bench.application.close()


def states(news: Any) -> dict[str, str]:
    return {row["key"]: row["state"] for row in news["tickets"]}


async def test_chosen_services_are_all_told_at_first_and_only_they_later(hall: Hall) -> None:
    async with connected(hall.app) as client:
        await client.introduce()
        await client.watch("watch_services", services=["vpn", "mail", "nothing"])
        first = await client.news()
        told = {row["item"]["key"]: row["health"]["effective"] for row in first["services"]}
        assert (first["reset"], told) == (True, {"mail": "OK", "vpn": "CRITICAL"})
        await hall.write(cleared("printsrv", NOON + minutes(1)), cleared("r1", NOON + minutes(1)))
        later = await client.news()
        assert [row["item"]["key"] for row in later["services"]] == ["vpn"]
        assert (later["reset"], later["services"][0]["health"]["effective"]) == (False, "OK")


async def test_chosen_tickets_are_told_and_others_are_not(hall: Hall) -> None:
    first, second = await hall.open_ticket("test:r1:down"), await hall.open_ticket("test:printsrv:down")
    async with connected(hall.app) as client:
        await client.introduce()
        await client.watch("watch_tickets", tickets=[second])
        assert list(states(await client.news())) == [second]
        await hall.move(first, TicketState.IN_PROGRESS)
        await hall.move(second, TicketState.IN_PROGRESS)
        assert states(await client.news()) == {second: "IN_PROGRESS"}


async def test_news_go_on_from_the_revision_that_was_told_last(hall: Hall) -> None:
    key = await hall.open_ticket("test:r1:down")
    async with connected(hall.app) as client:
        await client.introduce()
        await client.watch("watch_tickets")
        first = await client.news()
        assert (first["reset"], list(states(first))) == (True, [key])
    await hall.move(key, TicketState.IN_PROGRESS)
    async with connected(hall.app) as client:
        await client.introduce()
        await client.watch("watch_tickets", since=first["basis"]["revision"])
        missed = await client.news()
        assert (missed["reset"], states(missed)) == (False, {key: "IN_PROGRESS"})
        assert missed["basis"]["revision"] > first["basis"]["revision"]


async def test_a_situation_is_told_when_it_begins_and_when_it_has_ended(hall: Hall) -> None:
    async with connected(hall.app) as client:
        await client.introduce()
        await client.watch("watch_situations")
        first = await client.news()
        causes = {row["cause"]["key"]: row["key"] for row in first["situations"]}
        assert (first["reset"], set(causes), first["ended"]) == (True, {"printsrv", "r1"}, [])
        await hall.write(cleared("printsrv", NOON + minutes(1)))
        later = await client.news()
        assert (later["reset"], later["ended"]) == (False, [causes["printsrv"]])
        assert causes["r1"] not in [row["key"] for row in later["situations"]]


async def test_a_subscriber_is_told_of_no_service_but_those_that_concern_him(hall: Hall) -> None:
    async with connected(hall.app, headers=[(b"cmdb-act-as", b"subscriber:ann")]) as client:
        await client.introduce()
        await client.watch("watch_services", services=["vpn", "print", "mail"])
        assert {row["item"]["key"] for row in (await client.news())["services"]} == {"mail", "vpn"}
