"""Speaks graphql-transport-ws with the ASGI application in-process, or with a server over a real WebSocket."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, CloseConnection, Ping, Request, TextMessage

from cmdb.api.operations import read_operation

PROTOCOL = "graphql-transport-ws"
PATIENCE = 5.0


class Closed(Exception):
    """The server closed the connection with this code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class LiveClient:
    """One connection; subclasses carry its texts."""

    async def say(self, message: object) -> None:
        """Send one message."""
        raise NotImplementedError

    async def _text(self) -> str:
        raise NotImplementedError

    async def hear(self) -> Any:
        """Return the next message; raises Closed."""
        return json.loads(await asyncio.wait_for(self._text(), PATIENCE))

    async def introduce(self, payload: object = None) -> None:
        """Say who asks, and wait until that is accepted."""
        await self.say({"type": "connection_init", **({"payload": payload} if payload else {})})
        answer = await self.hear()
        assert answer == {"type": "connection_ack"}, answer

    async def watch(self, operation: str, identity: str = "1", /, **variables: object) -> None:
        """Subscribe with a named operation."""
        payload = {"query": read_operation(operation), "variables": variables}
        await self.say({"type": "subscribe", "id": identity, "payload": payload})

    async def news(self, identity: str = "1") -> Any:
        """Return the only root field of the next answer of a subscription."""
        message = await self.hear()
        assert (message["type"], message["id"]) == ("next", identity), message
        assert "errors" not in message["payload"], message
        (value,) = message["payload"]["data"].values()
        return value

    async def is_silent(self) -> bool:
        """Whether nothing comes for a moment."""
        try:
            await asyncio.wait_for(self._text(), 0.1)
        except TimeoutError:
            return True
        return False

    async def close_code(self) -> int:
        """Return the code with which the server closes."""
        try:
            message = await self.hear()
        except Closed as closed:
            return closed.code
        raise AssertionError(message)


class InProcess(LiveClient):
    """Calls the application itself."""

    def __init__(self, unread: int) -> None:
        self.sent: asyncio.Queue[Message] = asyncio.Queue()
        self.heard: asyncio.Queue[Message] = asyncio.Queue(unread)

    async def say(self, message: object) -> None:
        text = message if isinstance(message, str) else json.dumps(message)
        await self.sent.put({"type": "websocket.receive", "text": text})

    async def _text(self) -> str:
        message = await self.heard.get()
        if message["type"] == "websocket.close":
            raise Closed(int(message["code"]))
        return str(message["text"])


@asynccontextmanager
async def connected(
    app: ASGIApp,
    protocols: Iterable[str] = (PROTOCOL,),
    host: str = "127.0.0.1:8000",
    headers: Iterable[tuple[bytes, bytes]] = (),
    unread: int = 0,
) -> AsyncIterator[InProcess]:
    """Connect to the application; afterwards the client leaves, and the application must end.

    `unread` messages at most lie between the two; 0 sets no limit.
    """
    client = InProcess(unread)
    scope = {
        "type": "websocket", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "ws", "path": "/graphql",
        "raw_path": b"/graphql", "query_string": b"", "root_path": "", "subprotocols": list(protocols),
        "headers": [(b"host", host.encode()), *headers], "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8000),
    }  # fmt: skip
    await client.sent.put({"type": "websocket.connect"})
    running = asyncio.ensure_future(app(scope, client.sent.get, client.heard.put))
    first = await asyncio.wait_for(client.heard.get(), PATIENCE)
    if first["type"] == "websocket.accept":
        assert first["subprotocol"] in (PROTOCOL, None)
    else:
        await client.heard.put(first)
    try:
        yield client
    finally:
        await client.sent.put({"type": "websocket.disconnect", "code": 1000})
        await asyncio.wait_for(running, PATIENCE)


class OverSocket(LiveClient):
    """A WebSocket over TCP."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._connection = WSConnection(ConnectionType.CLIENT)
        self._ready: list[str] = []

    async def open(self, host: str) -> None:
        """Ask for the protocol, and see it granted."""
        self._writer.write(
            self._connection.send(Request(host=host, target="/graphql", subprotocols=[PROTOCOL]))
        )
        for event in await self._events():
            assert isinstance(event, AcceptConnection), event
            assert event.subprotocol == PROTOCOL

    async def say(self, message: object) -> None:
        self._writer.write(self._connection.send(TextMessage(data=json.dumps(message))))
        await self._writer.drain()

    async def _text(self) -> str:
        parts = ""
        while not self._ready:
            for event in await self._events():
                if isinstance(event, Ping):
                    self._writer.write(self._connection.send(event.response()))
                elif isinstance(event, TextMessage):
                    parts += event.data
                    if event.message_finished:
                        self._ready.append(parts)
                        parts = ""
                elif isinstance(event, CloseConnection):
                    raise Closed(event.code)
        return self._ready.pop(0)

    async def _events(self) -> list[Any]:
        while True:
            received = await asyncio.wait_for(self._reader.read(65536), PATIENCE)
            self._connection.receive_data(received or None)
            if events := list(self._connection.events()):
                return events


@asynccontextmanager
async def over_socket(url: str) -> AsyncIterator[OverSocket]:
    """Connect to a running server."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        client = OverSocket(reader, writer)
        await client.open(parts.netloc)
        yield client
    finally:
        writer.close()
        await writer.wait_closed()
