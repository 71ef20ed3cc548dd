"""Starts what is measured: both engines, and the service as a process of its own."""

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cmdb.store.connection import StoreAddress
from cmdb.store.engine import EmbeddedEngine
from tests.support.neo4j_server import neo4j_for_tests

ENGINES = ("embedded", "neo4j")


@contextmanager
def open_engine(name: str, heap: str = "1g") -> Iterator[StoreAddress | None]:
    """Yield a running empty engine, or None where no Neo4j can be had, which is said aloud."""
    if name == "embedded":
        with _embedded(heap) as address:
            yield address
        return
    try:
        server = neo4j_for_tests()
        address = server.__enter__()
    except pytest.skip.Exception as missing:
        print(f"NOT MEASURED: {missing}", file=sys.stderr)
        yield None
        return
    try:
        yield address
    finally:
        server.__exit__(None, None, None)


@contextmanager
def _embedded(heap: str) -> Iterator[StoreAddress]:
    with tempfile.TemporaryDirectory(prefix="cmdb-bench-") as folder:
        engine = EmbeddedEngine(Path(folder), heap)
        try:
            yield asyncio.run(engine.start())
        finally:
            asyncio.run(engine.stop())


@contextmanager
def serve(address: StoreAddress) -> Iterator[int]:
    """Run `cmdb serve` on the engine and yield its port; the first answer, and so the projection, is still to come."""
    with tempfile.TemporaryDirectory(prefix="cmdb-bench-") as folder:
        environment = os.environ | {
            "CMDB_STORE_URI": address.uri,
            "CMDB_STORE_USER": address.user,
            "CMDB_STORE_PASSWORD": address.password,
            "CMDB_STORE_DATABASE": address.database,
            "CMDB_DATA_DIR": folder,
        }
        command = [sys.executable, "-m", "cmdb", "serve", "--port", "0"]
        server = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        try:
            assert server.stdout is not None
            url = server.stdout.readline().strip()
            if not url:
                raise RuntimeError("the service did not start")
            yield int(url.rpartition(":")[2])
        finally:
            server.terminate()
            server.wait(30)
