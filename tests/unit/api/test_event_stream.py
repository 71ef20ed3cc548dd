"""Subscriptions as streams of events: their form, how they go on after a break, and how they end."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest
import pytest_asyncio
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import Message

from cmdb.api.app import App, build_app
from cmdb.api.event_stream import GraphQLOverHttp
from cmdb.api.graphql_endpoint import GraphQLEndpoint
from cmdb.api.live_endpoint import MOST_CONNECTIONS, LiveEndpoint
from cmdb.application.readiness import Readiness
from cmdb.ingest.records import JsonRecordParser
from tests.support.moments import NOON, minutes
from tests.support.small_estate import Bench, cleared, furnished, raised

PATIENCE = 20.0
WATCH = {"documentId": "watch_services"}


@dataclass
class Hall:
    """A bench behind the application, whose clock goes on with every step so that watchers look again."""

    bench: Bench
    app: App
    readiness: Readiness

    async def write(self, *records: Any) -> None:
        await self.bench.assert_records(*records)
        self.bench.clock.advance(0.01)


@pytest_asyncio.fixture
async def hall() -> AsyncIterator[Hall]:
    bench = await furnished(raised("r1"))
    readiness = Readiness(bench.application.head)
    yield Hall(bench, build_app(bench.application, JsonRecordParser(), readiness), readiness)
    await bench.application.close()


@dataclass
class Event:
    """One event of a stream, or a comment."""

    name: str
    id: str | None
    data: Any


class Listener:
    """A client of one stream, without a network."""

    def __init__(self, app: App, scope: Mapping[str, Any], body: bytes) -> None:
        self._sent: asyncio.Queue[Message] = asyncio.Queue()
        self._said: asyncio.Queue[Message] = asyncio.Queue()
        self._said.put_nowait({"type": "http.request", "body": body, "more_body": False})
        self.running = asyncio.create_task(app(dict(scope), self._said.get, self._sent.put))

    async def take(self) -> Message:
        return await asyncio.wait_for(self._sent.get(), PATIENCE)

    async def event(self) -> Event | None:
        """Return the next event, None at the end."""
        message = await self.take()
        if not message.get("more_body"):
            return None
        fields = dict(line.partition(":")[::2] for line in message["body"].decode().splitlines() if line)
        data = fields.get("data", "").strip()
        return Event(
            fields.get("event", "").strip(),
            fields["id"].strip() if "id" in fields else None,
            json.loads(data) if data else None,
        )

    async def news(self) -> Any:
        event = await self.event()
        assert event is not None
        assert event.name == "next"
        return event.data["data"]["serviceNews"]

    async def leave(self) -> None:
        self._said.put_nowait({"type": "http.disconnect"})
        await asyncio.wait_for(self.running, PATIENCE)


@asynccontextmanager
async def listening(
    app: App, asked: Mapping[str, Any], method: str = "POST", **headers: str
) -> AsyncIterator[Listener]:
    """Ask, and yield the client after the head of the answer, which must be a stream's."""
    listener, head = await ask(app, asked, method, **headers)
    assert head["status"] == 200
    assert dict(head["headers"])[b"content-type"].startswith(b"text/event-stream")
    try:
        yield listener
    finally:
        await listener.leave()


async def ask(
    app: App, asked: Mapping[str, Any], method: str = "POST", **headers: str
) -> tuple[Listener, Message]:
    given = {"host": "127.0.0.1", "accept": "text/event-stream", "content-type": "application/json"}
    given |= {name.replace("_", "-"): text for name, text in headers.items()}
    query = {name: value if isinstance(value, str) else json.dumps(value) for name, value in asked.items()}
    scope = {
        "type": "http",
        "method": method,
        "path": "/graphql",
        "query_string": urlencode(query).encode() if method == "GET" else b"",
        "headers": [(name.encode(), text.encode()) for name, text in given.items()],
    }
    listener = Listener(app, scope, json.dumps(asked).encode() if method == "POST" else b"")
    return listener, await listener.take()


def worst(news: Any) -> dict[str, str]:
    return {row["item"]["key"]: row["health"]["effective"] for row in news["services"]}


@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_news_come_as_events_that_name_their_revision(hall: Hall, method: str) -> None:
    asked = {**WATCH, "variables": {"services": ["vpn"]}}
    async with listening(hall.app, asked, method) as client:
        first = await client.event()
        assert first is not None
        assert (first.name, first.id) == ("next", str(await hall.bench.graph.head()))
        assert worst(first.data["data"]["serviceNews"]) == {"vpn": "CRITICAL"}
        await hall.write(cleared("r1", NOON + minutes(1)))
        later = await client.news()
        assert (later["reset"], worst(later)) == (False, {"vpn": "OK"})


async def test_who_comes_back_goes_on_after_the_last_event(hall: Hall) -> None:
    async with listening(hall.app, WATCH) as client:
        first = await client.event()
    assert first is not None
    assert first.id is not None
    await hall.write(cleared("r1", NOON + minutes(1)))
    again = {**WATCH, "variables": {"since": 0}}
    async with listening(hall.app, again, last_event_id=first.id) as client:
        missed = await client.news()
    assert (missed["reset"], worst(missed)["vpn"]) == (False, "OK")


async def test_each_is_told_what_concerns_him(hall: Hall) -> None:
    async with listening(hall.app, WATCH, cmdb_act_as="subscriber:ann") as client:
        assert set(worst(await client.news())) == {"vpn"}


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"query": "{ head { revision } }"}, "BAD_ARGUMENT"),
        ({"query": "subscription { nope }"}, "UNKNOWN_FIELD"),
        ({"query": "subscription {"}, "SYNTAX"),
        ({"documentId": "nothing"}, "NOT_FOUND"),
        ({"variables": {}}, "WRONG_TYPE"),
    ],
)
async def test_what_is_no_subscription_is_told_in_the_stream(hall: Hall, asked: Any, code: str) -> None:
    async with listening(hall.app, asked) as client:
        told = await client.event()
        assert told is not None
        assert [error["extensions"]["code"] for error in told.data["errors"]] == [code]
        last = await client.event()
        assert last is not None
        assert (last.name, last.data) == ("complete", None)
        assert await client.event() is None


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"cmdb_act_as": "nobody"}, 400, "WRONG_TYPE"),
        ({"content_type": "text/plain"}, 415, "WRONG_TYPE"),
    ],
)
async def test_what_is_no_request_is_refused_at_once(
    hall: Hall, headers: dict[str, str], status: int, code: str
) -> None:
    listener, head = await ask(hall.app, WATCH, **headers)
    assert head["status"] == status
    told = json.loads((await listener.take())["body"])
    assert told["errors"][0]["extensions"]["code"] == code
    await listener.leave()


@pytest.mark.parametrize(
    ("method", "origin", "status"),
    [
        ("GET", "https://elsewhere.example", 403),
        ("GET", "null", 403),
        ("GET", "http://localhost:3000", 200),
        ("POST", "https://portal.example", 200),
    ],
)
async def test_no_foreign_page_opens_a_stream(hall: Hall, method: str, origin: str, status: int) -> None:
    listener, head = await ask(hall.app, WATCH, method, origin=origin)
    assert head["status"] == status
    await listener.leave()


async def test_a_get_without_a_stream_is_not_served(hall: Hall) -> None:
    listener, head = await ask(hall.app, WATCH, "GET", accept="text/html")
    assert (head["status"], dict(head["headers"])[b"allow"]) == (405, b"POST")
    await listener.leave()


async def test_a_server_that_stops_ends_its_streams(hall: Hall) -> None:
    async with listening(hall.app, WATCH) as client:
        await client.news()
        hall.readiness.drain()
        assert await client.event() is None, "not even complete: the client is to come back"


async def test_streams_count_among_the_connections_of_a_server_and_leave_their_place(hall: Hall) -> None:
    clients = [await ask(hall.app, WATCH) for _ in range(MOST_CONNECTIONS)]
    assert {head["status"] for _, head in clients} == {200}
    listener, head = await ask(hall.app, WATCH)
    assert (head["status"], dict(head["headers"])[b"retry-after"]) == (503, b"60")
    await listener.leave()
    await asyncio.gather(*(client.leave() for client, _ in clients))
    async with listening(hall.app, WATCH) as client:
        assert (await client.news())["reset"] is True


async def test_proxies_hear_of_a_stream_that_has_no_news(hall: Hall) -> None:
    application = hall.bench.application
    served = GraphQLOverHttp(
        GraphQLEndpoint(application), LiveEndpoint(application), hall.readiness, look=0.001
    )
    app = Starlette(routes=[Route("/graphql", served)])
    async with listening(app, WATCH) as client:
        await client.news()
        for _ in range(3):
            assert (await client.take())["body"] == b":\n\n"
