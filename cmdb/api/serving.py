"""Runs the ASGI application on a loopback address, and stops it in order."""

import asyncio
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import uvicorn
from starlette.applications import Starlette

from cmdb.api.access import require_loopback
from cmdb.api.live_endpoint import MESSAGE_LIMIT
from cmdb.errors import ErrorCode, InvalidInput, Place

NOTICE_SECONDS = 0.5
"""How long a server that is told to stop goes on taking requests, while `/readyz` sends clients elsewhere."""

FINISH_SECONDS = 8
"""How long requests in flight may take to end; together with what follows a server is gone within 20 s."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket, port 0 taking a free one; FORBIDDEN unless `host` is a loopback address."""
    require_loopback(host)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family)
    except OSError as error:
        raise InvalidInput(
            ErrorCode.BAD_ARGUMENT,
            f"Port {port} of {host} cannot be listened on: {error.strerror}.",
            hint="Take another port, or 0 for a free one.",
            place=Place("settings", field="port"),
        ) from error
    # asyncio leaves this out for a socket made without a protocol number; an answer then waits 40 ms for the client.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


async def serve(
    app: Starlette, listener: socket.socket, on_start: Callable[[], None], on_drain: Callable[[], None]
) -> None:
    """Serve on the socket until SIGINT or SIGTERM; `on_start` is called when it does and signals are taken.

    The first signal calls `on_drain`, and after a short notice no connection is accepted any more and requests in
    flight are finished; the second one ends at once, cutting them off.
    """
    config = uvicorn.Config(
        app,
        lifespan="off",
        access_log=False,
        log_level="warning",
        server_header=False,
        ws="wsproto",
        ws_max_size=MESSAGE_LIMIT,
        limit_concurrency=512,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=FINISH_SECONDS,
    )
    server = _Server(config, on_start, on_drain)
    with server.on_signals():
        await server.serve(sockets=[listener])


class _Server(uvicorn.Server):
    """A server that takes signals our way."""

    def __init__(
        self, config: uvicorn.Config, on_start: Callable[[], None], on_drain: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._on_start = on_start
        self._on_drain = on_drain
        self._stops = 0

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Say that connections are accepted from now on."""
        await super().startup(sockets)
        self._on_start()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone: `on_signals` takes them."""
        yield

    @contextmanager
    def on_signals(self) -> Iterator[None]:
        """Take the signals while the block runs."""
        loop = asyncio.get_running_loop()

        def take(_number: int, _frame: FrameType | None) -> None:
            loop.call_soon_threadsafe(self._stop, loop)

        before = {number: signal.signal(number, take) for number in _SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _stop(self, loop: asyncio.AbstractEventLoop) -> None:
        self._stops += 1
        if self._stops == 1:
            self._on_drain()
            loop.call_later(NOTICE_SECONDS, self._finish)
        else:
            self.force_exit = True
            self._finish()
            for connection in list(self.server_state.connections):
                connection.transport.close()

    def _finish(self) -> None:
        self.should_exit = True
