"""The files of an engine: what is noted and for whom, who uses it, and who holds its locks."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from cmdb.errors import ErrorCode, StoreError
from cmdb.store.engine_home import EngineHome, Runtime, detach, end, is_alive, seize, write_private

RUNTIME = Runtime(pid=1, port=7687, user="root", password="hush", database="cmdb")


@pytest.fixture
def home(tmp_path: Path) -> EngineHome:
    made = EngineHome(tmp_path)
    made.make()
    return made


@pytest.fixture
def ended() -> int:
    """The number of a process that is no more."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_what_was_noted_is_known_until_it_is_forgotten_and_only_to_its_owner(home: EngineHome) -> None:
    assert home.known() is None
    home.note(RUNTIME)
    assert home.known() == RUNTIME
    assert {mode(home.path), mode(home.path / "runtime.json")} == {0o700, 0o600}
    assert "hush" not in repr(RUNTIME)
    home.forget()
    home.forget()
    assert home.known() is None


@pytest.mark.parametrize("text", ["", "{", "[]", "7", '{"pid": 1}', '{"process": 1}'])
def test_what_cannot_be_read_names_no_engine(home: EngineHome, text: str) -> None:
    (home.path / "runtime.json").write_text(text)
    assert home.known() is None
    assert home.running() is None


def test_an_engine_runs_while_its_process_does(home: EngineHome, ended: int) -> None:
    home.note(Runtime(os.getpid(), 1, "root", "hush", "cmdb"))
    assert home.running() is not None
    home.note(Runtime(ended, 1, "root", "hush", "cmdb"))
    assert home.running() is None
    assert home.known() is not None, "its place is kept"


def test_seats_are_of_the_living_and_others_are_cleared_away(home: EngineHome, ended: int) -> None:
    clients = home.path / "clients"
    for name in (str(ended), "notes.txt"):
        (clients / name).touch()
    assert not home.is_used()
    assert list(clients.iterdir()) == []
    home.sit()
    assert home.is_used()
    home.leave()
    home.leave()
    assert not home.is_used()


def test_a_lock_is_held_by_one_until_its_file_is_closed(home: EngineHome) -> None:
    assert not home.is_kept
    with home.keeper_lock.open("w") as first:
        assert seize(first)
        assert home.is_kept
        with home.keeper_lock.open("w") as second:
            assert not seize(second)
    assert not home.is_kept


async def test_one_at_a_time_holds_the_folder(home: EngineHome) -> None:
    async with home.locked():
        with (home.path / "lock").open("w") as other:
            assert not seize(other)
    async with home.locked():
        pass


async def test_a_process_is_told_apart_from_the_engine_of_the_folder_and_ends_when_asked(
    home: EngineHome,
) -> None:
    sleeping = "import time; time.sleep(600)"
    engine = detach([sys.executable, "-c", sleeping, f"@{home.arguments}"], home.path, subprocess.DEVNULL)
    other = detach([sys.executable, "-c", sleeping], home.path, subprocess.DEVNULL)
    try:
        assert is_alive(engine)
        assert home.is_engine(engine) is Path("/proc/self/cmdline").exists()
        assert not home.is_engine(other)
        assert not home.is_engine(os.getpid())
    finally:
        await end(engine)
        await end(other)
    assert not is_alive(engine)
    assert not home.is_engine(engine)
    await end(engine)


def test_a_file_is_written_whole_in_place_of_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "arguments"
    path.write_text("old")
    path.chmod(0o644)
    write_private(path, "new")
    assert (path.read_text(), mode(path), [*tmp_path.iterdir()]) == ("new", 0o600, [path])


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "engine").write_text("a file")
    with pytest.raises(StoreError) as caught:
        EngineHome(tmp_path).make()
    assert (caught.value.code, "data folder" in caught.value.message) == (ErrorCode.ENGINE_CANNOT_START, True)
    assert str(caught.value.place) == str(tmp_path / "engine")
