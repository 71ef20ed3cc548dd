"""`cmdb serve`: the service on a loopback address, until it is told to stop."""

import asyncio
import gc
import signal
import sys
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Annotated, NoReturn

import typer
from uvicorn.loops.auto import auto_loop_factory

from cmdb.api.serving import listen, serve
from cmdb.bootstrap import open_server
from cmdb.cli.server_file import announced, only_server, store_of
from cmdb.settings import Settings, read_settings

COLLECTION_THRESHOLDS = (10_000, 20)
"""An answer makes some thousand objects and no cycles: so many are let be before the young are looked through."""


def serve_command(
    host: Annotated[str, typer.Option(help="A loopback address.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.", min=0, max=65535)] = 8000,
    data_dir: Annotated[Path | None, typer.Option(help="Data folder instead of CMDB_DATA_DIR.")] = None,
    rules: Annotated[
        bool, typer.Option("--rules/--no-rules", help="Open incidents by rule (CMDB_INCIDENT_SEVERITY).")
    ] = True,
) -> None:
    """Serve GraphQL and record uploads on this machine."""
    settings = read_settings()
    if data_dir is not None:
        settings = replace(settings, data_dir=data_dir)
    if not rules:
        settings = replace(settings, incident_severity="off")
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    try:
        with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
            runner.run(_serve(settings, host, port))
    except KeyboardInterrupt:
        sys.stderr.write("stopped\n")


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    """Both signals unwind while the server is coming up or going; while it serves it takes them itself."""
    raise KeyboardInterrupt


async def _serve(settings: Settings, host: str, port: int) -> None:
    with listen(host, port) as listener, only_server(settings.data_dir):
        address = f"[{host}]" if ":" in host else host
        url = f"http://{address}:{listener.getsockname()[1]}"
        async with open_server(settings) as server:
            _spare_collections()
            with announced(settings.data_dir, url, store_of(settings)):
                await serve(server.app, listener, lambda: _tell(url), server.readiness.drain)


def _spare_collections() -> None:
    """Leave what was read for the start out of all later collections: one over it stops every request meanwhile."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTION_THRESHOLDS)


def _tell(url: str) -> None:
    """Print the address: whoever reads it may connect, and stop us in order."""
    sys.stdout.write(f"{url}\n")
    sys.stdout.flush()
