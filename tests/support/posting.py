"""Senders that post events to a webhook over plain sockets, quickly, and repeat what was not acknowledged."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlsplit

from tests.support.moments import NOON

STEPS = 100
"""Steps of one event, after which a sender begins another one."""


def step(sender: int, number: int) -> bytes:
    """Return the next step of a sender's event, later than the ones before."""
    at = NOON + timedelta(milliseconds=number)
    return json.dumps(
        {
            "kind": "event",
            "item": "host",
            "condition": f"c{sender}-{number // STEPS}",
            "severity": "warning",
            "at": at.isoformat(),
            "summary": "x" * 400,
        }
    ).encode()


def request(path: str, body: bytes, headers: str = "") -> bytes:
    """Return a whole HTTP request."""
    head = f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: {len(body)}\r\n{headers}\r\n"
    return head.encode() + body


@dataclass
class Connection:
    """One kept-alive connection; `status` sends a request and returns the status of its answer."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @classmethod
    async def to(cls, url: str) -> "Connection":
        """Connect."""
        address = urlsplit(url)
        return cls(*await asyncio.open_connection(address.hostname, address.port))

    async def status(self, sent: bytes) -> int:
        """Send and read the answer to its end."""
        self.writer.write(sent)
        head = await self.reader.readuntil(b"\r\n\r\n")
        lines = head.lower().split(b"\r\n")
        length = next(int(line[15:]) for line in lines if line.startswith(b"content-length:"))
        await self.reader.readexactly(length)
        return int(head.split(b" ", 2)[1])

    def close(self) -> None:
        """Close at once."""
        self.writer.close()


@dataclass
class Senders:
    """Posts until `enough` are acknowledged or `stop`; `acknowledged` counts per sender, from number 0 on."""

    url: Callable[[], str]
    source: str
    senders: int
    enough: int
    acknowledged: list[int] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)
    repeated: int = 0
    stop: bool = False

    @property
    def total(self) -> int:
        """How many were acknowledged so far."""
        return sum(self.acknowledged)

    async def run(self) -> None:
        """Post from all senders at once."""
        self.acknowledged = [0] * self.senders
        async with asyncio.TaskGroup() as group:
            for sender in range(self.senders):
                group.create_task(self._send(sender))

    async def _send(self, sender: int) -> None:
        path = f"/webhooks/records?source={self.source}"
        # What was sent may be on disk although its answer was lost, so it is sent again until it is acknowledged: with
        # 202, or with 200 when it has been applied meanwhile.
        open_end = False
        while open_end or not self._is_over():
            connection = None
            try:
                connection = await Connection.to(self.url())
                while open_end or not self._is_over():
                    sent, open_end = request(path, step(sender, self.acknowledged[sender])), True
                    status = await asyncio.wait_for(connection.status(sent), 30)
                    self.statuses[status] = self.statuses.get(status, 0) + 1
                    if status in (200, 202):
                        self.acknowledged[sender] += 1
                        open_end = False
                    else:
                        await asyncio.sleep(0.05)
            except (OSError, EOFError, TimeoutError):
                self.repeated += 1
                await asyncio.sleep(0.05)
            finally:
                if connection is not None:
                    connection.close()
            if self.stop:
                return

    def _is_over(self) -> bool:
        return self.stop or self.total >= self.enough

    def expected(self) -> dict[str, int]:
        """Return how often each event must have been seen, by its key."""
        return {
            f"{self.source}:host:c{sender}-{event}": min(STEPS, count - event * STEPS)
            for sender, count in enumerate(self.acknowledged)
            for event in range(-(-count // STEPS))
        }
