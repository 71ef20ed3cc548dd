"""Takes datagrams in: decoded at once, handed on in batches; what is too much is counted, not kept."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from cmdb.errors import ErrorCode, InvalidInput, Place
from cmdb.ingest.document import Document, Remark

QUEUE = 20_000
"""Messages that wait while a batch is written: some seconds of a storm."""

BATCH = 500
"""Messages of one batch at most."""

Decode = Callable[[bytes, str, datetime], object]
"""Makes a document of a datagram, its sender's address and the time; InvalidInput when it is none."""


@dataclass(slots=True)
class Listener:
    """The messages that came in at `port` and wait; `lost` could not wait, `refused` were none."""

    port: int = 0
    lost: int = 0
    refused: int = 0
    _waiting: asyncio.Queue[Document] = field(default_factory=lambda: asyncio.Queue(QUEUE))

    async def batch(self) -> list[Document]:
        """Wait for a message and return it with those that wait behind it."""
        batch = [await self._waiting.get()]
        while len(batch) < BATCH and not self._waiting.empty():
            batch.append(self._waiting.get_nowait())
        return batch

    def take(self, document: Document) -> None:
        """Let a message wait, or count it as lost."""
        try:
            self._waiting.put_nowait(document)
        except asyncio.QueueFull:
            self.lost += 1


class _Port(asyncio.DatagramProtocol):
    def __init__(self, listener: Listener, decode: Decode, remark: Remark) -> None:
        self._listener = listener
        self._decode = decode
        self._remark = remark

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        now = datetime.now(UTC)
        try:
            value = self._decode(data, addr[0].partition("%")[0], now)
        except InvalidInput as error:
            self._listener.refused += 1
            # The first of each magnitude: a stray sender must not fill the log.
            if str(self._listener.refused).strip("0") == "1":
                self._remark(f"{error.message} {error.hint} ({self._listener.refused} so far)")
            return
        self._listener.take(Document(value, received_at=now))


@asynccontextmanager
async def listening(host: str, port: int, decode: Decode, remark: Remark) -> AsyncIterator[Listener]:
    """Listen for datagrams at this address; port 0 takes a free one, which the listener tells."""
    listener = Listener()
    try:
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: _Port(listener, decode, remark), local_addr=(host, port)
        )
    except OSError as error:
        raise InvalidInput(
            ErrorCode.BAD_ARGUMENT,
            f"UDP port {port} of {host} cannot be listened on: {error.strerror or error}.",
            hint="Take another --host or --port; ports below 1024 are for privileged users.",
            place=Place("command line", field="--host"),
        ) from error
    try:
        listener.port = transport.get_extra_info("sockname")[1]
        yield listener
    finally:
        transport.close()
