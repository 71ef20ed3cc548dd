"""The story's stage: an empty store and a fresh server on each engine."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from cmdb.demo.seed import read_seed
from cmdb.store.connection import StoreAddress
from tests.conftest import ENGINES, wipe
from tests.support.service import Asker, environment, serving

Tell = Callable[[Path], Asker]


@pytest.fixture(scope="module", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> StoreAddress | None:
    """Each engine in turn; None is the embedded one, which needs no address."""
    if request.param == "embedded":
        return None
    address = request.getfixturevalue("neo4j_address")
    assert isinstance(address, StoreAddress)
    return address


@pytest.fixture(scope="module")
def empty(
    engine: StoreAddress | None, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], dict[str, str]]:
    """Return a maker of environments, each with an empty store."""

    def make() -> dict[str, str]:
        if engine is not None:
            asyncio.run(wipe(engine))
        return environment(tmp_path_factory.mktemp("data"), engine)

    return make


@pytest.fixture(scope="module")
def tell(empty: Callable[[], dict[str, str]]) -> Iterator[Tell]:
    """Return a function that plays a seed up to the height of its outage on a fresh server."""
    with ExitStack() as stack:

        def play(folder: Path) -> Asker:
            # One server at a time: on Neo4j they would share the store.
            stack.close()
            url, _ = stack.enter_context(serving(empty()))
            seed, asker = read_seed(folder), Asker(url)
            asker.play(seed, [*seed.files, *seed.outage])
            return asker

        yield play
