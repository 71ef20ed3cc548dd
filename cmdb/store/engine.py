"""Runs the embedded engine: an ArcadeDB server as a detached process that serves Bolt on loopback.

Several processes may share one data folder: the first starts the engine, and after the last one it stops.
"""

import asyncio
import logging
import secrets
import socket
import subprocess
from importlib.util import find_spec
from pathlib import Path

from cmdb.errors import StoreError
from cmdb.store.connection import PING, StoreAddress, open_connection
from cmdb.store.engine_home import (
    START_SECONDS,
    EngineHome,
    Runtime,
    cannot_start,
    detach,
    end,
    is_alive,
    write_private,
)
from cmdb.store.engine_keeper import start_keeper

JOIN_SECONDS = 10.0
"""How long a process may stay silent before it is taken for a stranger with the engine's old number."""

WATCH_SECONDS = 0.5
"""How often a client looks whether the engine still runs."""

LOG = logging.getLogger("cmdb.store")
_DATABASE = "cmdb"

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


class EmbeddedEngine:
    """The engine of one data folder; `start` joins a running one, `stop` leaves it."""

    def __init__(self, data_dir: Path, heap: str, linger: float = 0) -> None:
        """Name the folder, the most memory that the engine may take, for example 512m, and how long it stays.

        `linger` seconds after its last client the engine stops; with 0 the last client itself stops it, and one whose
        last client is killed runs on.
        """
        self._data_dir = data_dir.absolute()
        self._home = EngineHome(data_dir)
        self._heap = heap
        self._linger = linger

    async def start(self) -> StoreAddress:
        """Return the address of the running engine."""
        self._home.make()
        async with self._home.locked():
            # First of all: whoever is killed while starting leaves an engine that is kept.
            if self._linger and not self._home.is_kept:
                start_keeper(self._data_dir, self._linger, subprocess.DEVNULL)
            runtime = self._home.known()
            if runtime is None or not await self._joins(runtime):
                runtime = await self._launch(runtime)
            self._home.sit()
        return _address(runtime)

    async def watch(self) -> None:
        """Start the engine again, where its clients know it, whenever it was killed; runs until cancelled."""
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            if self._home.running() is not None:
                continue
            LOG.warning("The embedded engine ended unasked and is started again: %s", self._last_words())
            try:
                await self.start()
            except StoreError as error:
                LOG.error("%s", error)  # noqa: TRY400 - an expected error has no trace

    async def stop(self) -> None:
        """Leave; without lingering the last one out stops the engine and waits until it is gone."""
        if not self._home.path.is_dir():
            return
        async with self._home.locked():
            self._home.leave()
            runtime = self._home.running()
            if self._linger or runtime is None or self._home.is_used():
                return
            self._home.forget()
            await end(runtime.pid)

    async def _joins(self, runtime: Runtime) -> bool:
        """Whether the engine answers, given time: whoever started it may have been killed before it was up."""
        loop = asyncio.get_running_loop()
        patience = START_SECONDS if self._home.is_engine(runtime.pid) else JOIN_SECONDS
        deadline = loop.time() + patience
        while is_alive(runtime.pid) and loop.time() < deadline:
            if await _answers(runtime):
                return True
            await asyncio.sleep(0.1)
        return False

    async def _launch(self, killed: Runtime | None) -> Runtime:
        """Start the engine, in the place of a killed one so that its other clients find it again.

        The runtime file keeps that place even when the start fails: the next one may succeed.
        """
        package = _package(self._home.path)
        port, http_port = _free_ports(0 if killed is None else killed.port, 0)
        password = secrets.token_urlsafe(24) if killed is None else killed.password
        arguments = self._home.arguments
        write_private(
            arguments, "\n".join(_quote(line) for line in self._arguments(package, port, http_port, password))
        )
        # The engine keeps the users of its first start; without the file it takes the password given now.
        (self._home.path / "config" / "server-users.jsonl").unlink(missing_ok=True)
        pid = self._spawn(package / "jre" / "bin" / "java", arguments)
        runtime = Runtime(pid, port, "root", password, _DATABASE)
        # Written first: whoever is killed while waiting leaves an engine that the next one finds.
        self._home.note(runtime)
        try:
            await self._wait(runtime)
        except BaseException:
            await end(runtime.pid)
            if killed is None:
                self._home.forget()
            raise
        return runtime

    def _spawn(self, java: Path, arguments: Path) -> int:
        with self._log.open("w") as log:
            return detach([java, f"@{arguments}"], self._home.path, log)

    @property
    def _log(self) -> Path:
        return self._home.path / "engine.log"

    def _arguments(self, package: Path, port: int, http_port: int, password: str) -> list[str]:
        settings = {
            "arcadedb.server.rootPath": self._home.path,
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

    async def _wait(self, runtime: Runtime) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + START_SECONDS
        while loop.time() < deadline:
            if not is_alive(runtime.pid):
                raise cannot_start(self._home.path, f"it ended at once: {self._last_words()}")
            if await _answers(runtime):
                return
            await asyncio.sleep(0.1)
        raise cannot_start(
            self._home.path, f"it did not answer within {START_SECONDS:.0f} s: {self._last_words()}"
        )

    def _last_words(self) -> str:
        lines = self._log.read_text(errors="replace").strip().splitlines()
        return " | ".join(lines[-3:])[-500:] or "it wrote nothing"


def _package(home: Path) -> Path:
    spec = find_spec("arcadedb_embedded")
    package = Path(spec.origin).parent if spec and spec.origin else None
    if package is None or not (package / "jre" / "bin" / "java").exists():
        raise cannot_start(home, "the package arcadedb-embedded with its Java runtime is not installed here")
    return package


def _address(runtime: Runtime) -> StoreAddress:
    return StoreAddress(f"bolt://127.0.0.1:{runtime.port}", runtime.user, runtime.password, runtime.database)


async def _answers(runtime: Runtime) -> bool:
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


def _quote(argument: str) -> str:
    """Java's argument files take backslashes inside quotes as escapes."""
    escaped = argument.replace("\\", "\\\\")
    return f'"{escaped}"'
