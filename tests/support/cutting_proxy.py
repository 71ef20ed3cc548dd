"""A TCP proxy before a store that cuts connections exactly when a transaction is committed, or within it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from enum import Enum

from cmdb.store.connection import StoreAddress

COMMIT = b"\x00\x02\xb0\x12\x00\x00"
"""A Bolt COMMIT as it travels: a chunk of two bytes (structure without fields, tag) and the end."""

RUN = b"\xb3\x10"
"""How a Bolt RUN begins: a structure of three fields and its tag."""


class Moment(Enum):
    """When a connection is cut: the commit then was not asked for, may happen, or has happened untold."""

    WITHIN = "within"
    BEFORE = "before"
    UNDERWAY = "underway"
    AFTER = "after"


async def _nothing() -> None:
    """Do nothing between a cut and the moment the client learns of it."""


@dataclass
class CuttingProxy:
    """Cuts the connections of the next `cuts` commits at a moment; `between` runs before the client learns of it."""

    host: str
    port: int
    moment: Moment = Moment.AFTER
    cuts: int = 0
    every: int = 1
    between: Callable[[], Awaitable[object]] = _nothing
    met: int = 0
    done: int = 0
    _links: set[asyncio.Task[None]] = field(default_factory=set)

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one client connection until either side ends it or it is cut."""
        store_reader, store_writer = await asyncio.open_connection(self.host, self.port)
        wait_for_answer = asyncio.Event()
        down = asyncio.create_task(_pour(store_reader, writer, wait_for_answer))
        self._links.add(down)
        try:
            while data := await reader.read(1 << 20):
                if self._is_due(data):
                    await self._cut(data, store_writer, down, wait_for_answer)
                    break
                store_writer.write(data)
                await store_writer.drain()
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            down.cancel()
            self._links.discard(down)
            store_writer.transport.abort()
            writer.transport.abort()

    def _is_due(self, data: bytes) -> bool:
        if (RUN if self.moment is Moment.WITHIN else COMMIT) not in data:
            return False
        self.met += 1
        if self.done >= self.cuts or self.met % self.every:
            return False
        self.done += 1
        return True

    async def _cut(
        self, data: bytes, store: asyncio.StreamWriter, down: "asyncio.Task[None]", hold: asyncio.Event
    ) -> None:
        hold.set()
        if self.moment in {Moment.UNDERWAY, Moment.AFTER}:
            store.write(data)
            await store.drain()
        if self.moment is Moment.AFTER:
            await down
        store.transport.abort()
        await self.between()


async def _pour(store: asyncio.StreamReader, client: asyncio.StreamWriter, hold: asyncio.Event) -> None:
    """Pass answers on; once held, the next one is swallowed and ends the passing."""
    while data := await store.read(1 << 20):
        if hold.is_set():
            return
        client.write(data)
        await client.drain()


@asynccontextmanager
async def cutting(address: StoreAddress) -> AsyncIterator[tuple[StoreAddress, CuttingProxy]]:
    """Yield the address of a proxy before the store, and the proxy, which cuts nothing until it is told to."""
    host, _, port = address.uri.partition("://")[2].partition(":")
    proxy = CuttingProxy(host, int(port))
    server = await asyncio.start_server(proxy.accept, "127.0.0.1", 0)
    number = server.sockets[0].getsockname()[1]
    try:
        yield replace(address, uri=f"bolt://127.0.0.1:{number}"), proxy
    finally:
        server.close()
