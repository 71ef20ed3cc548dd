"""The process beside an embedded engine that stops it some time after its last client, killed clients included."""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from cmdb.store.engine_home import EngineHome, Runtime, detach, end, seize

LOOK_SECONDS = 1.0


async def keep(home: EngineHome, linger: float) -> None:
    """Return when the engine was stopped, `linger` seconds after its last client, or has ended without clients."""
    with home.keeper_lock.open("w") as lock:
        if not seize(lock):
            return
        pause, unused, runtime = min(LOOK_SECONDS, linger / 4), 0.0, home.known()
        while True:
            try:
                async with home.locked():
                    runtime, used = home.running(), home.is_used()
                    unused = 0.0 if used else unused + pause
                    if not used and (runtime is None or unused >= linger):
                        await _stop(home, runtime)
                        # Let go before others may start an engine, so that they see that it needs a keeper.
                        lock.close()
                        return
            except FileNotFoundError:
                # Who removes the folder needs the engine no more, and nobody could find it again.
                await _stop(home, runtime)
                return
            await asyncio.sleep(pause)


async def _stop(home: EngineHome, runtime: Runtime | None) -> None:
    if runtime is not None:
        home.forget()
        await end(runtime.pid)


def start_keeper(data_dir: Path, linger: float, output: int) -> None:
    """Start the keeper of a folder as a process of its own."""
    command: list[str | Path] = [sys.executable, "-m", __name__, data_dir.absolute(), str(linger)]
    detach(command, data_dir, output)


def main(arguments: Sequence[str]) -> None:
    """Keep the engine of the data folder named first for the seconds named second."""
    folder, linger = arguments
    asyncio.run(keep(EngineHome(Path(folder)), float(linger)))


if __name__ == "__main__":
    main(sys.argv[1:])
