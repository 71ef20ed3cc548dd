"""A `cmdb serve` of the demo's own, as a child process on a free port."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from cmdb.cli.client import code_of
from cmdb.errors import CmdbError

STOP_SECONDS = 30.0


@asynccontextmanager
async def running_server(data_dir: Path) -> AsyncIterator[str]:
    """Yield the address of a fresh server on this data folder, and stop it afterwards."""
    log = data_dir / "serve.log"
    with log.open("wb") as errors:
        # Of a session of its own, so that an interrupt in the terminal reaches us first and we stop it in order.
        child = await asyncio.create_subprocess_exec(
            # The story's operator opens the incident, so the rule must not.
            *(
                sys.executable,
                "-m",
                "cmdb",
                "serve",
                "--port",
                "0",
                "--no-rules",
                "--data-dir",
                str(data_dir),
            ),
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        )
    try:
        yield await _address(child, log)
    finally:
        await _stop(child)


async def _address(child: asyncio.subprocess.Process, log: Path) -> str:
    """Wait for the line that names the address; a server that ends before tells its own error."""
    if child.stdout is None:
        raise AssertionError("the child was started with a pipe")
    line = (await child.stdout.readline()).decode().strip()
    if line:
        return line
    raise _told(log)


def _told(log: Path) -> CmdbError:
    head, _, advice = log.read_text(encoding="utf-8", errors="replace").strip().partition("\nhint: ")
    code, _, message = head.partition(": ")
    return CmdbError(
        code_of(code.partition(" ")[0]),
        message or "The server ended before it answered.",
        hint=advice or "Run `cmdb doctor`.",
    )


async def _stop(child: asyncio.subprocess.Process) -> None:
    if child.returncode is None:
        child.send_signal(signal.SIGTERM)
    try:
        await asyncio.wait_for(child.wait(), STOP_SECONDS)
    except TimeoutError:
        child.kill()
        await child.wait()
