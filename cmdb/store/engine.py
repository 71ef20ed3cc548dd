"""Runs the embedded engine: an ArcadeDB server as a child process that serves Bolt on loopback.

Several processes may share one data folder: the first starts the engine, the last one out stops it.
"""

import asyncio
import json
import logging
import os
import secrets
import signal
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TextIO

from cmdb.errors import ErrorCode, Place, StoreError
from cmdb.store.connection import PING, StoreAddress, open_connection

try:
    import fcntl
except ImportError:
    fcntl = None  # type: ignore[assignment]

START_SECONDS = 60.0
STOP_SECONDS = 6.0
"""How long the engine may take to stop before it is killed, which loses nothing; a server is gone within 20 s."""

JOIN_SECONDS = 10.0
"""How long an engine that runs may stay silent before it is taken for a stranger with the engine's old number."""

WATCH_SECONDS = 0.5
"""How often a client looks whether the engine still runs."""

LOG = logging.getLogger("cmdb.store")
_DATABASE = "cmdb"
_STARTED: dict[int, subprocess.Popen[bytes]] = {}
"""Handles are kept: an engine may outlive the object that started it, and Python warns of handles that it drops."""

_FLAGS = (
    "--add-modules=jdk.incubator.vector",
    "--enable-native-access=ALL-UNNAMED",
    "--add-opens=java.base/java.util.concurrent.atomic=ALL-UNNAMED",
    "--add-opens=java.base/java.nio.channels.spi=ALL-UNNAMED",
    "--add-opens=java.base/java.lang=ALL-UNNAMED",
    "-Djava.awt.headless=true",
    "-Dfile.encoding=UTF8",
    "-Dpolyglot.engine.WarnInterpreterOnly=false",
)


@dataclass(frozen=True, slots=True)
class _Runtime:
    """What a second process needs to join a running engine."""

    pid: int
    port: int
    user: str
    password: str = field(repr=False)
    database: str


class EmbeddedEngine:
    """The engine of one data folder; `start` joins a running one, `stop` ends it when nobody else uses it."""

    def __init__(self, data_dir: Path, heap: str) -> None:
        """Name the folder and the most memory that the engine may take, for example 512m."""
        self._home = data_dir.absolute() / "engine"
        self._heap = heap

    async def start(self) -> StoreAddress:
        """Return the address of the running engine."""
        self._make_home()
        async with self._locked():
            runtime = self._known()
            if runtime is None or not await _joins(runtime):
                runtime = await self._launch(runtime)
            self._seat.touch()
        return _address(runtime)

    async def watch(self) -> None:
        """Start the engine again, where its clients know it, whenever it was killed; runs until cancelled."""
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            if self._running() is not None:
                continue
            LOG.warning("The embedded engine ended unasked and is started again: %s", self._last_words())
            try:
                await self.start()
            except StoreError as error:
                LOG.error("%s", error)  # noqa: TRY400 - an expected error has no trace

    async def stop(self) -> None:
        """Leave; the last one out stops the engine and waits until it is gone."""
        if not self._home.is_dir():
            return
        async with self._locked():
            self._seat.unlink(missing_ok=True)
            runtime = self._running()
            if runtime is None or self._others():
                return
            self._runtime_file.unlink(missing_ok=True)
            await self._end(runtime.pid)

    @property
    def _seat(self) -> Path:
        """A file per process that uses the engine."""
        return self._home / "clients" / str(os.getpid())

    @property
    def _runtime_file(self) -> Path:
        return self._home / "runtime.json"

    def _make_home(self) -> None:
        try:
            (self._home / "clients").mkdir(parents=True, exist_ok=True)
            self._home.chmod(0o700)
        except OSError as error:
            raise _cannot_start(self._home, f"the data folder cannot be used: {error.strerror}") from error

    @asynccontextmanager
    async def _locked(self) -> AsyncIterator[None]:
        """Let one at a time, of this process or another, start or stop the engine of this folder."""
        with (self._home / "lock").open("w") as lock:
            await self._seize(lock)
            yield

    async def _seize(self, lock: TextIO) -> None:
        """Poll for the lock: waiting inside the system call would stop the event loop of who holds it."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + START_SECONDS + STOP_SECONDS
        while fcntl is not None:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if loop.time() > deadline:
                    raise _cannot_start(self._home, "another process keeps the data folder locked") from None
                await asyncio.sleep(0.05)
            else:
                return

    def _known(self) -> _Runtime | None:
        """Return the engine that was started last, which may have been killed since."""
        try:
            return _Runtime(**json.loads(self._runtime_file.read_text()))
        except (OSError, ValueError, TypeError):
            return None

    def _running(self) -> _Runtime | None:
        runtime = self._known()
        return runtime if runtime is not None and _is_alive(runtime.pid) else None

    def _others(self) -> bool:
        """Whether another living process uses the engine; seats of dead ones are cleared away."""
        found = False
        for seat in (self._home / "clients").iterdir():
            if seat.name.isdecimal() and _is_alive(int(seat.name)):
                found = True
            else:
                seat.unlink(missing_ok=True)
        return found

    async def _launch(self, killed: _Runtime | None) -> _Runtime:
        """Start the engine, in the place of a killed one so that its other clients find it again.

        The runtime file keeps that place even when the start fails: the next one may succeed.
        """
        package = _package(self._home)
        port, http_port = _free_ports(0 if killed is None else killed.port, 0)
        password = secrets.token_urlsafe(24) if killed is None else killed.password
        arguments = self._home / "arguments"
        _write_private(
            arguments, "\n".join(_quote(line) for line in self._arguments(package, port, http_port, password))
        )
        # The engine keeps the users of its first start; without the file it takes the password given now.
        (self._home / "config" / "server-users.jsonl").unlink(missing_ok=True)
        pid = self._spawn(package / "jre" / "bin" / "java", arguments)
        runtime = _Runtime(pid, port, "root", password, _DATABASE)
        # Written first: whoever is killed while waiting leaves an engine that the next one finds.
        _write_private(self._runtime_file, json.dumps(asdict(runtime)))
        try:
            await self._wait(runtime)
        except BaseException:
            await self._end(runtime.pid)
            if killed is None:
                self._runtime_file.unlink(missing_ok=True)
            raise
        return runtime

    def _spawn(self, java: Path, arguments: Path) -> int:
        """Detach the engine from our terminal, so that an interrupt reaches us first."""
        with (self._home / "engine.log").open("wb") as log:
            child = subprocess.Popen(
                [java, f"@{arguments}"],
                cwd=self._home,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        _STARTED[child.pid] = child
        return child.pid

    def _arguments(self, package: Path, port: int, http_port: int, password: str) -> list[str]:
        settings = {
            "arcadedb.server.rootPath": self._home,
            "arcadedb.server.rootPassword": password,
            "arcadedb.server.plugins": "Bolt:com.arcadedb.bolt.BoltProtocolPlugin",
            "arcadedb.server.defaultDatabases": f"{_DATABASE}[]",
            "arcadedb.server.httpIncomingHost": "127.0.0.1",
            "arcadedb.server.httpIncomingPort": http_port,
            "arcadedb.bolt.host": "127.0.0.1",
            "arcadedb.bolt.port": port,
            "arcadedb.txWalFlush": 2,
        }
        defined = [f"-D{name}={value}" for name, value in settings.items()]
        classpath = ["-cp", str(package / "jars" / "*"), "com.arcadedb.server.ArcadeDBServer"]
        return [f"-Xmx{self._heap}", *_FLAGS, *defined, *classpath]

    async def _wait(self, runtime: _Runtime) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + START_SECONDS
        while loop.time() < deadline:
            if not _is_alive(runtime.pid):
                raise _cannot_start(self._home, f"it ended at once: {self._last_words()}")
            if await _answers(runtime):
                return
            await asyncio.sleep(0.1)
        raise _cannot_start(
            self._home, f"it did not answer within {START_SECONDS:.0f} s: {self._last_words()}"
        )

    def _last_words(self) -> str:
        lines = (self._home / "engine.log").read_text(errors="replace").strip().splitlines()
        return " | ".join(lines[-3:])[-500:] or "it wrote nothing"

    async def _end(self, pid: int) -> None:
        """Ask the engine to stop, and insist after a while; a stopped engine loses nothing either way."""
        for sign, seconds in ((signal.SIGTERM, STOP_SECONDS), (signal.SIGKILL, 5.0)):
            if not _is_alive(pid):
                return
            os.kill(pid, sign)
            for _ in range(int(seconds / 0.05)):
                if not _is_alive(pid):
                    return
                await asyncio.sleep(0.05)


def _package(home: Path) -> Path:
    spec = find_spec("arcadedb_embedded")
    package = Path(spec.origin).parent if spec and spec.origin else None
    if package is None or not (package / "jre" / "bin" / "java").exists():
        raise _cannot_start(home, "the package arcadedb-embedded with its Java runtime is not installed here")
    return package


def _address(runtime: _Runtime) -> StoreAddress:
    return StoreAddress(f"bolt://127.0.0.1:{runtime.port}", runtime.user, runtime.password, runtime.database)


async def _joins(runtime: _Runtime) -> bool:
    """Whether the engine answers, given time: whoever started it may have been killed before it was up."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + JOIN_SECONDS
    while _is_alive(runtime.pid) and loop.time() < deadline:
        if await _answers(runtime):
            return True
        await asyncio.sleep(0.1)
    return False


async def _answers(runtime: _Runtime) -> bool:
    """Whether the engine takes our password and holds the database."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        if probe.connect_ex(("127.0.0.1", runtime.port)) != 0:
            return False
    try:
        async with open_connection(_address(runtime)) as connection:
            return bool(await connection.read(PING))
    except StoreError:
        return False


def _is_alive(pid: int) -> bool:
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


def _free_ports(*wanted: int) -> list[int]:
    """Return these loopback ports, a free one for 0 and for one that is taken; none comes twice."""
    sockets = [socket.socket() for _ in wanted]
    try:
        for one, port in zip(sockets, wanted, strict=True):
            # What a killed engine had open lingers for a while and is no hindrance.
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                one.bind(("127.0.0.1", port))
            except OSError:
                one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]
    finally:
        for one in sockets:
            one.close()


def _write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, and never half of it."""
    draft = path.with_suffix(".new")
    draft.touch(mode=0o600)
    draft.chmod(0o600)
    draft.write_text(text)
    draft.replace(path)


def _quote(argument: str) -> str:
    """Java's argument files take backslashes inside quotes as escapes."""
    escaped = argument.replace("\\", "\\\\")
    return f'"{escaped}"'


def _cannot_start(home: Path, reason: str) -> StoreError:
    return StoreError(
        ErrorCode.ENGINE_CANNOT_START,
        f"The embedded engine cannot start: {reason}.",
        hint="Run 'cmdb doctor', or set CMDB_STORE_URI to use a Neo4j instead.",
        place=Place(str(home)),
    )
