"""Who may stop the engine and what is told when it cannot start; a sleeping process stands in for the engine."""

import asyncio
import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from cmdb.errors import ErrorCode, StoreError
from cmdb.store.engine import EmbeddedEngine

KEEPER = "import subprocess; c = subprocess.Popen(['sleep', '600']); print(c.pid, flush=True); c.wait()"


@dataclass(frozen=True)
class Sleeper:
    """A process that is no child of ours, as an engine that another one started; its parent ends with it."""

    pid: int
    parent: "subprocess.Popen[str]"

    @property
    def runs(self) -> bool:
        """Whether it runs still."""
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        return True


@pytest.fixture
def sleeper() -> Iterator[Sleeper]:
    """A process in the engine's place."""
    with subprocess.Popen([sys.executable, "-c", KEEPER], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        made = Sleeper(int(parent.stdout.readline()), parent)
        yield made
        with suppress(ProcessLookupError):
            os.kill(made.pid, signal.SIGKILL)
        parent.wait()


@pytest.fixture
def ended() -> int:
    """The number of a process that is no more."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


def home(folder: Path, pid: int | None, *seats: object, **changed: object) -> Path:
    """Lay a data folder out as if the process `pid` were its engine, used by the processes in `seats`."""
    made = folder / "engine"
    (made / "clients").mkdir(parents=True)
    for seat in seats:
        (made / "clients" / str(seat)).touch()
    if pid is not None:
        runtime = {"pid": pid, "port": 1, "user": "root", "password": "hush", "database": "cmdb"}
        (made / "runtime.json").write_text(json.dumps({**runtime, **changed}))
    return made


def seats(made: Path) -> set[str]:
    return {seat.name for seat in (made / "clients").iterdir()}


async def stop(folder: Path) -> None:
    await EmbeddedEngine(folder, "64m").stop()


async def test_a_folder_that_never_had_an_engine_has_none_to_stop(tmp_path: Path) -> None:
    await stop(tmp_path)
    assert list(tmp_path.iterdir()) == []


async def test_the_last_one_out_stops_the_engine_and_forgets_it(tmp_path: Path, sleeper: Sleeper) -> None:
    made = home(tmp_path, sleeper.pid, os.getpid())
    await stop(tmp_path)
    assert not sleeper.runs
    assert not (made / "runtime.json").exists()
    assert seats(made) == set()


async def test_who_leaves_before_others_leaves_the_engine_to_them(tmp_path: Path, sleeper: Sleeper) -> None:
    made = home(tmp_path, sleeper.pid, os.getpid(), sleeper.parent.pid)
    await stop(tmp_path)
    assert sleeper.runs
    assert (made / "runtime.json").exists()
    assert seats(made) == {str(sleeper.parent.pid)}


async def test_seats_of_the_dead_and_what_is_no_seat_keep_no_engine_up(
    tmp_path: Path, sleeper: Sleeper, ended: int
) -> None:
    made = home(tmp_path, sleeper.pid, os.getpid(), ended, "notes.txt")
    await stop(tmp_path)
    assert not sleeper.runs
    assert seats(made) == set()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1}', '{"process": 1}'])
async def test_a_runtime_file_that_cannot_be_read_names_no_engine(tmp_path: Path, text: str) -> None:
    made = home(tmp_path, None, os.getpid())
    (made / "runtime.json").write_text(text)
    await stop(tmp_path)
    assert seats(made) == set()


async def test_two_that_leave_at_once_stop_it_together(tmp_path: Path, sleeper: Sleeper) -> None:
    home(tmp_path, sleeper.pid, os.getpid())
    first, second = EmbeddedEngine(tmp_path, "64m"), EmbeddedEngine(tmp_path, "64m")
    await asyncio.gather(first.stop(), second.stop())
    assert not sleeper.runs


async def test_an_engine_that_cannot_start_is_told_and_leaves_no_trace_of_itself(tmp_path: Path) -> None:
    with pytest.raises(StoreError) as caught:
        await EmbeddedEngine(tmp_path, "not a size").start()
    error = caught.value
    assert error.code is ErrorCode.ENGINE_CANNOT_START
    assert error.place is not None
    assert (error.place.source, "CMDB_STORE_URI" in (error.hint or "")) == (str(tmp_path / "engine"), True)
    assert not (tmp_path / "engine" / "runtime.json").exists()
    assert seats(tmp_path / "engine") == set()


async def test_what_the_folder_holds_is_for_its_owner_alone(tmp_path: Path) -> None:
    with pytest.raises(StoreError):
        await EmbeddedEngine(tmp_path, "not a size").start()
    made = tmp_path / "engine"
    assert stat.S_IMODE(made.stat().st_mode) == 0o700
    arguments = made / "arguments"
    assert stat.S_IMODE(arguments.stat().st_mode) == 0o600
    assert '"-Xmxnot a size"' in arguments.read_text().splitlines()


async def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "engine").write_text("a file")
    with pytest.raises(StoreError) as caught:
        await EmbeddedEngine(tmp_path, "64m").start()
    assert (caught.value.code, "data folder" in caught.value.message) == (ErrorCode.ENGINE_CANNOT_START, True)
    assert (tmp_path / "engine").read_text() == "a file"


async def test_a_killed_engine_whose_start_fails_keeps_its_place_for_the_next_start(
    tmp_path: Path, ended: int
) -> None:
    made = home(tmp_path, ended, password="kept")
    with pytest.raises(StoreError):
        await EmbeddedEngine(tmp_path, "not a size").start()
    assert json.loads((made / "runtime.json").read_text())["password"] == "kept"
