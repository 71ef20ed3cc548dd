"""The folder of an embedded engine: who uses it, how it is reached, and who may start or stop it now.

Only the standard library is needed here, so that the process that keeps an engine stays small.
"""

import asyncio
import json
import os
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TextIO

from cmdb.errors import ErrorCode, Place, StoreError

try:
    import fcntl
except ImportError:
    fcntl = None  # type: ignore[assignment]

START_SECONDS = 60.0
STOP_SECONDS = 6.0
"""How long the engine may take to stop before it is killed, which loses nothing; a server is gone within 20 s."""

_STARTED: dict[int, subprocess.Popen[bytes]] = {}
"""Handles are kept: a child may outlive the object that started it, and Python warns of handles that it drops."""


@dataclass(frozen=True, slots=True)
class Runtime:
    """What a second process needs to join a running engine."""

    pid: int
    port: int
    user: str
    password: str = field(repr=False)
    database: str


class EngineHome:
    """The files of one engine, below a data folder."""

    def __init__(self, data_dir: Path) -> None:
        """Name the data folder; nothing is made yet."""
        self.path = data_dir.absolute() / "engine"

    def make(self) -> None:
        """Make the folder, for its owner alone."""
        try:
            (self.path / "clients").mkdir(parents=True, exist_ok=True)
            self.path.chmod(0o700)
        except OSError as error:
            raise cannot_start(self.path, f"the data folder cannot be used: {error.strerror}") from error

    @asynccontextmanager
    async def locked(self) -> AsyncIterator[None]:
        """Let one at a time, of this process or another, start or stop the engine of this folder."""
        with (self.path / "lock").open("w") as lock:
            await self._seize(lock)
            yield

    async def _seize(self, lock: TextIO) -> None:
        """Poll for the lock: waiting inside the system call would stop the event loop of who holds it."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + START_SECONDS + STOP_SECONDS
        while not seize(lock):
            if loop.time() > deadline:
                raise cannot_start(self.path, "another process keeps the data folder locked")
            await asyncio.sleep(0.05)

    @property
    def keeper_lock(self) -> Path:
        """The file that the engine's keeper holds locked as long as it lives."""
        return self.path / "keeper"

    @property
    def is_kept(self) -> bool:
        """Whether a keeper lives; ask, and start one, only while the folder is locked."""
        with self.keeper_lock.open("w") as lock:
            return not seize(lock)

    # --- how it is reached ---------------------------------------------------------------------------------------

    @property
    def _runtime_file(self) -> Path:
        return self.path / "runtime.json"

    def known(self) -> Runtime | None:
        """Return the engine that was started last, which may have been killed since."""
        try:
            return Runtime(**json.loads(self._runtime_file.read_text()))
        except (OSError, ValueError, TypeError):
            return None

    def running(self) -> Runtime | None:
        """Return the engine that runs."""
        runtime = self.known()
        return runtime if runtime is not None and is_alive(runtime.pid) else None

    @property
    def arguments(self) -> Path:
        """The file that the engine is started with."""
        return self.path / "arguments"

    def is_engine(self, pid: int) -> bool:
        """Whether a process was started as the engine of this folder; False too where the system does not tell."""
        try:
            told = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return False
        return f"@{self.arguments}".encode() in told.split(b"\0")

    def note(self, runtime: Runtime) -> None:
        """Let others find this engine."""
        write_private(self._runtime_file, json.dumps(asdict(runtime)))

    def forget(self) -> None:
        """Let nobody look for an engine that is stopped."""
        self._runtime_file.unlink(missing_ok=True)

    # --- who uses it ---------------------------------------------------------------------------------------------

    @property
    def _seat(self) -> Path:
        return self.path / "clients" / str(os.getpid())

    def sit(self) -> None:
        """Say that this process uses the engine."""
        self._seat.touch()

    def leave(self) -> None:
        """Say that this process uses it no more."""
        self._seat.unlink(missing_ok=True)

    def is_used(self) -> bool:
        """Whether a living process uses the engine; seats of dead ones are cleared away."""
        found = False
        for seat in (self.path / "clients").iterdir():
            if seat.name.isdecimal() and is_alive(int(seat.name)):
                found = True
            else:
                seat.unlink(missing_ok=True)
        return found


def seize(lock: TextIO) -> bool:
    """Lock an open file until it is closed; False when somebody else holds it."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def detach(command: list[str | Path], folder: Path, output: int | TextIO) -> int:
    """Start a process away from our terminal, so that an interrupt reaches us first; return its number."""
    child = subprocess.Popen(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    _STARTED[child.pid] = child
    return child.pid


async def end(pid: int) -> None:
    """Ask a process to stop, and insist after a while; a stopped engine loses nothing either way."""
    for sign, seconds in ((signal.SIGTERM, STOP_SECONDS), (signal.SIGKILL, 5.0)):
        if not is_alive(pid):
            return
        os.kill(pid, sign)
        for _ in range(int(seconds / 0.05)):
            if not is_alive(pid):
                return
            await asyncio.sleep(0.05)


def is_alive(pid: int) -> bool:
    """Whether the process runs; our own ended children are reaped here, or they would seem to run for ever."""
    child = _STARTED.get(pid)
    if child is not None:
        return child.poll() is None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, and never half of it."""
    draft = path.with_suffix(".new")
    draft.touch(mode=0o600)
    draft.chmod(0o600)
    draft.write_text(text)
    draft.replace(path)


def cannot_start(home: Path, reason: str) -> StoreError:
    """Return the error of an engine that does not start."""
    return StoreError(
        ErrorCode.ENGINE_CANNOT_START,
        f"The embedded engine cannot start: {reason}.",
        hint="Run 'cmdb doctor', or set CMDB_STORE_URI to use a Neo4j instead.",
        place=Place(str(home)),
    )
