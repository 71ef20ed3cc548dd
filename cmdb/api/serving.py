"""Runs the ASGI application on a loopback address."""

import socket

import uvicorn
from starlette.applications import Starlette

from cmdb.api.access import require_loopback
from cmdb.errors import ErrorCode, InvalidInput, Place


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket, port 0 taking a free one; FORBIDDEN unless `host` is a loopback address."""
    require_loopback(host)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise InvalidInput(
            ErrorCode.BAD_ARGUMENT,
            f"Port {port} of {host} cannot be listened on: {error.strerror}.",
            hint="Take another port, or 0 for a free one.",
            place=Place("settings", field="port"),
        ) from error


async def serve(app: Starlette, listener: socket.socket) -> None:
    """Serve on the socket until SIGINT or SIGTERM; requests in flight are finished first."""
    config = uvicorn.Config(
        app,
        access_log=False,
        log_level="warning",
        server_header=False,
        limit_concurrency=512,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=10,
    )
    await uvicorn.Server(config).serve(sockets=[listener])
