"""How many cases property tests generate, and the two engines that store tests run on.

By default the same cases are generated each time; `HYPOTHESIS_PROFILE=long` asks for many more, others each time.
"""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from cmdb.metamodel import read_metamodel
from cmdb.resources import folder
from cmdb.store.connection import StoreAddress, open_connection
from cmdb.store.engine import EmbeddedEngine
from cmdb.store.store import Store, open_store
from tests.support.neo4j_server import neo4j_for_tests

# No deadline: a slow machine is not a failing test.
settings.register_profile("default", deadline=None, max_examples=200, derandomize=True)
settings.register_profile("long", deadline=None, max_examples=2_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

ENGINES = ("embedded", "neo4j")
VERBS = sorted(read_metamodel(folder("schema")).relationships)
MIGRATIONS = folder("schema") / "migrations"


@pytest.fixture(scope="session")
async def embedded_address(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[StoreAddress]:
    """Start the embedded engine once."""
    engine = EmbeddedEngine(tmp_path_factory.mktemp("engine"), "512m")
    try:
        yield await engine.start()
    finally:
        await engine.stop()


@pytest.fixture(scope="session")
def neo4j_address() -> Iterator[StoreAddress]:
    """Start or find Neo4j once."""
    with neo4j_for_tests() as address:
        yield address


@pytest.fixture(params=ENGINES)
def store_address(request: pytest.FixtureRequest) -> StoreAddress:
    """The address of each engine in turn; the other one is not started for it."""
    address = request.getfixturevalue(f"{request.param}_address")
    assert isinstance(address, StoreAddress)
    return address


async def wipe(address: StoreAddress) -> None:
    """Empty a test store but for what migrations left there."""
    async with open_connection(address) as connection:
        await connection.define("MATCH (n) WHERE NOT n:Migration AND NOT n:Counter DETACH DELETE n")
        await connection.define("MERGE (c:Counter {name: 'revision'}) SET c.value = 0")


@pytest.fixture
async def store(store_address: StoreAddress) -> AsyncIterator[Store]:
    """An empty store on each engine."""
    await wipe(store_address)
    async with open_store(store_address, VERBS, MIGRATIONS) as opened:
        yield opened


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return Path(__file__).resolve().parents[1]


@pytest.fixture
async def store_address_pair(store_address: StoreAddress) -> AsyncIterator[tuple[Store, Store]]:
    """Two stores over one empty graph, as two processes would hold them."""
    await wipe(store_address)
    async with (
        open_store(store_address, VERBS, MIGRATIONS) as first,
        open_store(store_address, VERBS, MIGRATIONS) as second,
    ):
        yield first, second
