"""The embedded engine as a process: shared by clients, restarted after a kill, coded when it cannot start."""

import asyncio
import json
import os
import signal
import socket
import stat
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from cmdb.desk.access import SYSTEM
from cmdb.errors import ErrorCode, StoreError
from cmdb.model.kinds import RecordKind
from cmdb.model.records import Item
from cmdb.ports.graph import WriteOutcome
from cmdb.store.engine import EmbeddedEngine
from cmdb.store.store import Store, open_store
from tests.conftest import MIGRATIONS, VERBS
from tests.support.moments import NOON


def runtime(folder: Path) -> dict[str, object]:
    """Read the runtime file."""
    found: dict[str, object] = json.loads((folder / "engine" / "runtime.json").read_text())
    return found


def is_alive(pid: object) -> bool:
    """Whether a process runs; one that ended but was not reaped does not."""
    status = Path(f"/proc/{pid}/status")
    return status.exists() and "State:\tZ" not in status.read_text()


def engines_of(folder: Path) -> list[str]:
    """Return the processes that were started with the folder's arguments."""
    told = f"@{folder}/engine/arguments".encode()
    return [
        path.parent.name for path in Path("/proc").glob("[0-9]*/cmdline") if told in _read(path).split(b"\0")
    ]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # it ended in between
        return b""


async def test_an_interrupted_start_leaves_no_engine_behind(tmp_path: Path) -> None:
    starting = asyncio.create_task(EmbeddedEngine(tmp_path, "256m").start())
    while not engines_of(tmp_path):
        assert not starting.done(), "the start was to be interrupted"
        await asyncio.sleep(0.02)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert engines_of(tmp_path) == []


async def test_a_kill_loses_nothing_and_the_next_start_recovers(tmp_path: Path) -> None:
    engine = EmbeddedEngine(tmp_path, "256m")
    address = await engine.start()
    item = Item(key="kept", ci_class="server", name="kept")
    async with open_store(address, VERBS, MIGRATIONS) as store:
        await store.write(SYSTEM, "test", [item], NOON)
        os.kill(int(str(runtime(tmp_path)["pid"])), signal.SIGKILL)
        with pytest.raises(StoreError) as caught:
            await store.head()
        assert caught.value.code is ErrorCode.STORE_GONE
    again = EmbeddedEngine(tmp_path, "256m")
    try:
        async with open_store(await again.start(), VERBS, MIGRATIONS) as store:
            assert [row.record.key for row in await store.records(SYSTEM, RecordKind.ITEM, ["kept"])] == [
                "kept"
            ]
    finally:
        await again.stop()


async def test_a_killed_engine_is_started_again_where_its_clients_know_it(tmp_path: Path) -> None:
    engine = EmbeddedEngine(tmp_path, "256m")
    address = await engine.start()
    watching = asyncio.create_task(engine.watch())
    try:
        async with open_store(address, VERBS, MIGRATIONS) as store:
            await store.write(SYSTEM, "test", [Item(key="kept", ci_class="server", name="kept")], NOON)
            pid = runtime(tmp_path)["pid"]
            os.kill(int(str(pid)), signal.SIGKILL)
            while runtime(tmp_path)["pid"] == pid:
                assert not watching.done()
                await asyncio.sleep(0.05)
            assert (await write_at_last(store, "next")).revision == 2
            await kill_while_starting(tmp_path)
            assert (await write_at_last(store, "last")).revision == 3
        assert await engine.start() == address
    finally:
        watching.cancel()
        await engine.stop()
    assert not (tmp_path / "engine" / "runtime.json").exists()


async def write_at_last(store: Store, key: str) -> WriteOutcome:
    """Write an item as soon as the engine is back."""
    for _ in range(10):
        try:
            return await store.write(SYSTEM, "test", [Item(key=key, ci_class="server", name="n")], NOON)
        except StoreError as error:
            if error.code is not ErrorCode.STORE_GONE:
                raise
    raise AssertionError("the engine did not come back")


async def kill_while_starting(folder: Path) -> None:
    """Kill the engine, and again as soon as it is being started."""
    for _ in range(2):
        pid = runtime(folder)["pid"]
        os.kill(int(str(pid)), signal.SIGKILL)
        while runtime(folder)["pid"] == pid:
            await asyncio.sleep(0.01)


async def taken(port: int) -> socket.socket:
    """Listen on a port as soon as the dead process' threads have let go of it."""
    for _ in range(200):
        with suppress(OSError):
            return socket.create_server(("127.0.0.1", port))
        await asyncio.sleep(0.05)
    raise AssertionError(f"port {port} stayed taken")


async def test_a_port_that_was_taken_since_is_left_to_its_taker(tmp_path: Path) -> None:
    engine = EmbeddedEngine(tmp_path, "256m")
    address = await engine.start()
    port = int(address.uri.rpartition(":")[2])
    os.kill(int(str(runtime(tmp_path)["pid"])), signal.SIGKILL)
    while is_alive(runtime(tmp_path)["pid"]):
        await asyncio.sleep(0.05)
    with await taken(port):
        again = await engine.start()
    try:
        assert again.uri != address.uri
        async with open_store(again, VERBS, MIGRATIONS) as store:
            assert await store.head() == 0
    finally:
        await engine.stop()


async def test_an_engine_stays_a_while_for_the_next_client(tmp_path: Path) -> None:
    engine = EmbeddedEngine(tmp_path, "256m", linger=2)
    address = await engine.start()
    await engine.stop()
    pid = runtime(tmp_path)["pid"]
    assert is_alive(pid)
    assert await EmbeddedEngine(tmp_path, "256m", linger=2).start() == address
    assert runtime(tmp_path)["pid"] == pid
    await engine.stop()
    while (tmp_path / "engine" / "runtime.json").exists() or engines_of(tmp_path):
        await asyncio.sleep(0.05)


async def test_an_engine_whose_last_client_was_killed_stops_all_the_same(tmp_path: Path) -> None:
    client = await client_of(tmp_path, WAITING_CLIENT.replace('"256m")', '"256m", linger=1)'))
    assert client.stdout
    assert await client.stdout.readline()
    client.kill()
    await client.wait()
    while engines_of(tmp_path):
        await asyncio.sleep(0.05)


async def test_two_starters_share_one_engine_and_only_its_owner_can_read_the_password(tmp_path: Path) -> None:
    first, second = EmbeddedEngine(tmp_path, "256m"), EmbeddedEngine(tmp_path, "256m")
    assert await first.start() == await second.start()
    pid = runtime(tmp_path)["pid"]
    modes = {
        name: stat.S_IMODE((tmp_path / "engine" / name).stat().st_mode)
        for name in ("runtime.json", "arguments")
    }
    assert modes == {"runtime.json": 0o600, "arguments": 0o600}
    await first.stop()
    for _ in range(100):
        if not is_alive(pid):
            break
        await asyncio.sleep(0.05)
    assert not is_alive(pid)


async def test_starters_at_the_same_moment_share_one_engine(tmp_path: Path) -> None:
    first, second = EmbeddedEngine(tmp_path, "256m"), EmbeddedEngine(tmp_path, "256m")
    try:
        async with asyncio.timeout(60):
            addresses = await asyncio.gather(first.start(), second.start())
        assert addresses[0] == addresses[1]
    finally:
        await first.stop()
    await second.stop()


WAITING_CLIENT = """
import asyncio, sys
from contextlib import suppress
from pathlib import Path
from cmdb.store.engine import EmbeddedEngine

async def main():
    engine = EmbeddedEngine(Path(sys.argv[1]), "256m")
    print((await engine.start()).uri, flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    await engine.stop()

asyncio.run(main())
"""

KILLED_CLIENT = """
import asyncio, os, sys
from contextlib import suppress
from pathlib import Path
from cmdb.store.engine import EmbeddedEngine

async def main():
    folder = Path(sys.argv[1])
    starting = asyncio.create_task(EmbeddedEngine(folder, "256m").start())
    while not (folder / "engine" / "runtime.json").exists():
        await asyncio.sleep(0.01)
    os.kill(os.getpid(), 9)

asyncio.run(main())
"""


async def client_of(folder: Path, script: str) -> asyncio.subprocess.Process:
    """Start another process that uses the engine of this folder."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        script,
        str(folder),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )


async def test_two_processes_at_the_same_moment_share_one_engine_and_the_last_one_stops_it(
    tmp_path: Path,
) -> None:
    clients = [await client_of(tmp_path, WAITING_CLIENT) for _ in range(2)]
    async with asyncio.timeout(90):
        addresses = {await client.stdout.readline() for client in clients if client.stdout}
        assert len(addresses) == 1
        pid = runtime(tmp_path)["pid"]
        await clients[0].communicate(b"\n")
        assert is_alive(pid)
        await clients[1].communicate(b"\n")
    assert not is_alive(pid)


async def test_an_engine_whose_starter_was_killed_before_it_was_up_is_joined(tmp_path: Path) -> None:
    killed = await client_of(tmp_path, KILLED_CLIENT)
    await killed.communicate()
    assert killed.returncode == -signal.SIGKILL
    pid = runtime(tmp_path)["pid"]
    engine = EmbeddedEngine(tmp_path, "256m")
    await engine.start()
    assert runtime(tmp_path)["pid"] == pid
    await engine.stop()
    assert not is_alive(pid)


async def test_another_living_client_keeps_the_engine_up(tmp_path: Path) -> None:
    engine = EmbeddedEngine(tmp_path, "256m")
    await engine.start()
    pid = runtime(tmp_path)["pid"]
    other = tmp_path / "engine" / "clients" / str(os.getppid())
    other.touch()
    await engine.stop()
    assert is_alive(pid)
    other.unlink()
    again = EmbeddedEngine(tmp_path, "256m")
    await again.start()
    assert runtime(tmp_path)["pid"] == pid
    await again.stop()
    assert not is_alive(pid)


async def test_a_data_folder_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(StoreError) as caught:
        await EmbeddedEngine(file, "256m").start()
    assert caught.value.code is ErrorCode.ENGINE_CANNOT_START
    assert str(file) in str(caught.value)


async def test_an_engine_that_dies_at_once_is_told_with_its_last_words(tmp_path: Path) -> None:
    with pytest.raises(StoreError) as caught:
        await EmbeddedEngine(tmp_path, "nonsense").start()
    assert caught.value.code is ErrorCode.ENGINE_CANNOT_START
    assert "nonsense" in caught.value.message
    assert "CMDB_STORE_URI" in caught.value.hint
