"""`cmdb serve`: the service on a loopback address, until it is told to stop."""

import asyncio
import signal
import sys
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Annotated, NoReturn

import typer

from cmdb.api.serving import listen, serve
from cmdb.bootstrap import open_service
from cmdb.cli.client import find_server
from cmdb.cli.server_file import announced
from cmdb.errors import Conflict, ErrorCode, Place
from cmdb.settings import Settings, read_settings


def serve_command(
    host: Annotated[str, typer.Option(help="A loopback address.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.", min=0, max=65535)] = 8000,
    data_dir: Annotated[Path | None, typer.Option(help="Data folder instead of CMDB_DATA_DIR.")] = None,
) -> None:
    """Serve GraphQL and record uploads on this machine."""
    settings = read_settings()
    if data_dir is not None:
        settings = replace(settings, data_dir=data_dir)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    try:
        asyncio.run(_serve(settings, host, port))
    except KeyboardInterrupt:
        sys.stderr.write("stopped\n")


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    """Both signals unwind: asyncio and the web server pass them on here after their own tidying."""
    raise KeyboardInterrupt


async def _serve(settings: Settings, host: str, port: int) -> None:
    with listen(host, port) as listener:
        await _require_alone(settings.data_dir)
        address = f"[{host}]" if ":" in host else host
        url = f"http://{address}:{listener.getsockname()[1]}"
        async with open_service(settings) as service:
            with announced(settings.data_dir, url, settings.store_uri):
                sys.stdout.write(f"{url}\n")
                sys.stdout.flush()
                await serve(service.app, listener)


async def _require_alone(data_dir: Path) -> None:
    """Refuse a second server on one data folder: commands would find the one and then the other."""
    other = await find_server(data_dir)
    if other is not None:
        raise Conflict(
            ErrorCode.CONFLICT,
            f"{other.url} serves this data folder already (process {other.pid}).",
            hint="Ask that server, stop it, or give this one its own folder with --data-dir.",
            place=Place(str(data_dir)),
        )
