"""The keeper stops what nobody uses, once, and leaves alone what somebody uses; a sleeping process is the engine."""

import asyncio
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cmdb.store.engine_home import EngineHome, Runtime
from cmdb.store.engine_keeper import keep

SLEEPER = [sys.executable, "-c", "import time; time.sleep(600)"]


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """A process that does nothing for as long as a test takes."""
    child = subprocess.Popen(SLEEPER)
    yield child
    child.kill()
    child.wait()


@pytest.fixture
def home(tmp_path: Path, sleeper: subprocess.Popen[bytes]) -> EngineHome:
    """The folder of an engine that runs."""
    home = EngineHome(tmp_path)
    home.make()
    home.note(Runtime(sleeper.pid, 1, "root", "hush", "cmdb"))
    return home


async def kept(home: EngineHome) -> "asyncio.Task[None]":
    """Return the keeper at work."""
    keeper = asyncio.create_task(keep(home, 0.04))
    while not home.is_kept:
        await asyncio.sleep(0.005)
    return keeper


async def reaped(child: subprocess.Popen[bytes]) -> None:
    """Let the process be gone for good as soon as it is stopped, which its parent alone can do."""
    while child.poll() is None:
        await asyncio.sleep(0.005)


async def test_an_engine_without_clients_is_stopped_and_forgotten(
    home: EngineHome, sleeper: subprocess.Popen[bytes]
) -> None:
    await asyncio.gather(keep(home, 0.04), reaped(sleeper))
    assert (home.known(), home.is_kept) == (None, False)


async def test_an_engine_stays_as_long_as_a_client_lives_and_a_dead_one_does_not_count(
    home: EngineHome, sleeper: subprocess.Popen[bytes]
) -> None:
    client = subprocess.Popen(SLEEPER)
    seat = home.path / "clients" / str(client.pid)
    seat.touch()
    keeper = await kept(home)
    for _ in range(20):
        await asyncio.sleep(0.02)
        assert not keeper.done()
    assert sleeper.poll() is None
    client.kill()
    client.wait()
    await asyncio.gather(keeper, reaped(sleeper))
    assert not seat.exists()


async def test_a_second_keeper_goes_away(home: EngineHome) -> None:
    home.sit()
    keeper = await kept(home)
    await asyncio.wait_for(keep(home, 0.04), 10)
    assert not keeper.done()
    keeper.cancel()
    with pytest.raises(asyncio.CancelledError):
        await keeper
    assert not home.is_kept


async def test_a_killed_engine_is_left_to_its_clients_and_has_no_keeper_without_them(
    home: EngineHome, sleeper: subprocess.Popen[bytes]
) -> None:
    home.sit()
    keeper = await kept(home)
    sleeper.kill()
    sleeper.wait()
    for _ in range(10):
        await asyncio.sleep(0.02)
        assert not keeper.done()
    home.leave()
    await asyncio.wait_for(keeper, 10)


async def test_an_engine_whose_folder_was_removed_is_stopped(
    home: EngineHome, sleeper: subprocess.Popen[bytes]
) -> None:
    home.sit()
    keeper = await kept(home)
    shutil.rmtree(home.path)
    await asyncio.gather(keeper, reaped(sleeper))
