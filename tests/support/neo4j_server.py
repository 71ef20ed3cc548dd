"""Finds a Neo4j for tests: one that is named, one in a container, or one started from its published artifacts."""

import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from neo4j import GraphDatabase
from neo4j.exceptions import AuthError, DriverError, Neo4jError
from testcontainers.community.neo4j import Neo4jContainer

from cmdb.store.connection import StoreAddress

_ROOT = Path(__file__).resolve().parents[2]
_POM = Path(__file__).parent / "neo4j" / "pom.xml"
_PASSWORD = "only-for-tests"
_START_SECONDS = 120
_OPENS = [f"--add-opens=java.base/{name}=ALL-UNNAMED" for name in ("java.nio", "java.io", "sun.nio.ch")]
_OPENS += [f"--add-opens=java.base/java.util{name}=ALL-UNNAMED" for name in ("", ".concurrent")]


@contextmanager
def neo4j_for_tests() -> Iterator[StoreAddress]:
    """Yield the address of a Neo4j; skip loudly, or fail where tools are required, when there is none."""
    uri = os.environ.get("CMDB_TEST_NEO4J_URI")
    if uri:
        user = os.environ.get("CMDB_TEST_NEO4J_USER", "neo4j")
        yield StoreAddress(uri, user, os.environ.get("CMDB_TEST_NEO4J_PASSWORD", ""), "neo4j")
    elif _docker_answers():
        with Neo4jContainer("neo4j:5.26-community") as container:
            yield StoreAddress(container.get_connection_url(), "neo4j", container.password, "neo4j")
    elif _java_version() >= 17 and shutil.which("mvn"):
        with tempfile.TemporaryDirectory(prefix="cmdb-neo4j-") as home, own_neo4j(Path(home)) as server:
            yield server.address
    else:
        _missing("no CMDB_TEST_NEO4J_URI, no Docker daemon, and not both java (17 or later) and mvn")


@contextmanager
def own_neo4j(home: Path) -> "Iterator[Neo4jServer]":
    """Yield a running Neo4j of one's own, to be killed and started again; skip or fail where there is none."""
    if _java_version() < 17 or not shutil.which("mvn"):
        _missing("a Neo4j that is killed needs java (17 or later) and mvn")
    server = Neo4jServer(home)
    try:
        server.start()
        yield server
    finally:
        server.stop()


def _missing(why: str) -> None:
    text = f"NOT CHECKED ON NEO4J: {why}"
    required = {os.environ.get("CMDB_REQUIRE_TOOLS"), os.environ.get("CMDB_REQUIRE_NEO4J")}
    if "1" in required:
        pytest.fail(text)
    pytest.skip(text)


def _docker_answers() -> bool:
    if not shutil.which("docker"):
        return False
    asked = ["docker", "version", "--format", "{{.Server.Version}}"]
    return subprocess.run(asked, capture_output=True, check=False, timeout=10).returncode == 0


def _java_version() -> int:
    if not shutil.which("java"):
        return 0
    told = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False)
    found = re.search(r'version "(\d+)', told.stderr)
    return int(found[1]) if found else 0


def _jars() -> Path:
    """Fetch the artifacts once and keep them in the cache folder."""
    cache = Path(os.environ.get("CMDB_TEST_CACHE", _ROOT / ".cache")) / "neo4j-5.26.28"
    if not (cache / "complete").exists():
        cache.mkdir(parents=True, exist_ok=True)
        command = [
            "mvn",
            "-q",
            "-B",
            "-f",
            str(_POM),
            "dependency:copy-dependencies",
            f"-DoutputDirectory={cache}",
        ]
        fetched = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
        if fetched.returncode != 0:
            _missing(f"mvn could not fetch it: {fetched.stdout[-300:]}")
        (cache / "complete").touch()
    return cache


class Neo4jServer:
    """A Neo4j process that keeps its folder and port over kills and starts."""

    def __init__(self, home: Path) -> None:
        """Settle in an empty folder."""
        self._home = home
        self._port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.address = StoreAddress(f"bolt://127.0.0.1:{self._port}", "neo4j", _PASSWORD, "neo4j")
        (home / "conf").mkdir(parents=True)
        (home / "conf" / "neo4j.conf").write_text(
            f"server.bolt.listen_address=127.0.0.1:{self._port}\n"
            "server.http.enabled=false\n"
            "server.https.enabled=false\n"
            "server.memory.pagecache.size=128m\n"
            "dbms.usage_report.enabled=false\n"
        )

    def start(self) -> None:
        """Start and wait until it answers."""
        command = ["java", "-Xmx768m", *_OPENS, "-cp", f"{_jars()}/*", "org.neo4j.server.CommunityEntryPoint"]
        command += [f"--home-dir={self._home}", f"--config-dir={self._home / 'conf'}"]
        with (self._home / "out.log").open("wb") as log:
            self._process = subprocess.Popen(
                command, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
            )
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            if self._answers():
                return
            time.sleep(0.5)
        pytest.fail(f"Neo4j did not come up: {(self._home / 'out.log').read_text(errors='replace')[-1000:]}")

    def kill(self) -> None:
        """End it at once, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self) -> None:
        """End it in order."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self.kill()

    def _answers(self) -> bool:
        """Whether it takes our password; a new one is given it first."""
        try:
            try:
                self._run(_PASSWORD, "neo4j", "RETURN 1")
            except AuthError:
                self._run("neo4j", "system", f"ALTER CURRENT USER SET PASSWORD FROM 'neo4j' TO '{_PASSWORD}'")
        except (DriverError, Neo4jError, OSError):
            return False
        return True

    def _run(self, password: str, database: str, statement: str) -> None:
        with (
            GraphDatabase.driver(self.address.uri, auth=("neo4j", password)) as driver,
            driver.session(database=database) as session,
        ):
            session.run(statement).consume()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
