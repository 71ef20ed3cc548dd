"""Runs the ASGI application on a loopback address."""

import uvicorn
from starlette.applications import Starlette

from cmdb.api.access import require_loopback


async def serve(app: Starlette, host: str, port: int) -> None:
    """Serve until interrupted; FORBIDDEN unless `host` is a loopback address."""
    require_loopback(host)
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        access_log=False,
        log_level="warning",
        server_header=False,
        limit_concurrency=512,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=10,
    )
    await uvicorn.Server(config).serve()
