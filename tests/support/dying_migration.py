"""A process that migrates a store and kills itself at one of its steps: `python -m tests.support.dying_migration`."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cmdb.store.connection import Connection, StoreAddress, open_connection
from cmdb.store.migrations import migrate, read_migrations
from tests.support.service import CHECKOUT

AMID_SECONDS = 0.002
"""How long a step is under way when the process dies amid it: enough to be sent, often not to be answered."""


class DyingConnection:
    """A connection whose process is killed after its n-th step, or while that is under way."""

    def __init__(self, connection: Connection, steps: int, *, amid: bool) -> None:
        """Count every statement or transaction that writes."""
        self._connection = connection
        self._left = steps
        self._amid = amid
        self.read = connection.read

    async def define(self, statement: str) -> None:
        """Run a statement."""
        await self._step(self._connection.define(statement))

    async def write(self, work: Any) -> Any:
        """Run a transaction."""
        return await self._step(self._connection.write(work))

    async def _step(self, step: Awaitable[Any]) -> Any:
        self._left -= 1
        if self._left == 0 and self._amid:
            task = asyncio.ensure_future(step)
            await asyncio.wait([task], timeout=AMID_SECONDS)
        answer = None if self._left == 0 and self._amid else await step
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer


def migrate_and_die(address: StoreAddress, folder: Path, steps: int, *, amid: bool) -> bool:
    """Run the process; return whether it was killed, and not through before."""
    told = {"address": asdict(address), "folder": str(folder), "steps": steps, "amid": amid}
    run = subprocess.run(
        [sys.executable, "-m", "tests.support.dying_migration"],
        input=json.dumps(told),
        text=True,
        cwd=CHECKOUT,
        check=False,
        timeout=120,
    )
    if run.returncode not in {0, -signal.SIGKILL}:
        raise AssertionError(f"the migration ended with {run.returncode}")
    return run.returncode != 0


async def _main() -> None:
    told = json.loads(sys.stdin.read())
    async with open_connection(StoreAddress(**told["address"])) as connection:
        dying = DyingConnection(connection, told["steps"], amid=told["amid"])
        await migrate(dying, read_migrations(Path(told["folder"])))  # type: ignore[arg-type]


if __name__ == "__main__":
    asyncio.run(_main())
