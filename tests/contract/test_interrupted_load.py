"""A load that was killed and sent again ends as if it had run once: whole chunks, one revision each."""

import asyncio
import json
import sys
from collections import Counter
from dataclasses import asdict

from cmdb.application.application import Application
from cmdb.application.recording import CHUNK, LoadReport
from cmdb.desk.access import SYSTEM
from cmdb.errors import Place
from cmdb.metamodel import read_metamodel
from cmdb.model.records import Dependency, Item
from cmdb.ports.records import LocatedRecord
from cmdb.resources import folder
from cmdb.store.canonical import canonical_hash
from cmdb.store.connection import StoreAddress, open_connection
from cmdb.store.store import Store, open_store
from tests.conftest import MIGRATIONS, VERBS, wipe
from tests.support.graph_records import edge, item
from tests.support.moments import StandingClock

CHUNKS = 3
SECONDS = 120.0

LOADING = """
import asyncio, json, sys
from cmdb.store.connection import StoreAddress
from cmdb.store.store import open_store
from tests.conftest import MIGRATIONS, VERBS
from tests.contract.test_interrupted_load import load

async def main():
    async with open_store(StoreAddress(**json.loads(sys.stdin.readline())), VERBS, MIGRATIONS) as store:
        await load(store)

asyncio.run(main())
"""


async def load(store: Store) -> LoadReport:
    """Load CIs and, in the last chunk, dependencies."""
    keys = [f"s{number:05}" for number in range(CHUNK * (CHUNKS - 1))]
    records: list[Item | Dependency] = [
        *map(item, keys),
        *(edge(key, keys[0]) for key in keys[1 : CHUNK + 1]),
    ]
    located = [LocatedRecord(record, Place("file", line)) for line, record in enumerate(records)]
    application = Application(store, store, read_metamodel(folder("schema")), StandingClock(), store.run_log)
    return await application.load(SYSTEM, "file", located)


async def killed_load(store: Store, address: StoreAddress) -> None:
    """Let another process load, and kill it as soon as its first chunk is there."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", LOADING, stdin=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    assert child.stdin is not None
    child.stdin.write(json.dumps(asdict(address)).encode() + b"\n")
    async with asyncio.timeout(SECONDS):
        while await store.head() == 0:
            assert child.returncode is None, "the load was to be killed"
            await asyncio.sleep(0.005)
    child.kill()
    await child.communicate()


async def hash_of(address: StoreAddress) -> str:
    async with open_connection(address) as connection:
        return await canonical_hash(connection, stamps=False)


async def test_a_killed_load_can_be_sent_again(store: Store, store_address: StoreAddress) -> None:
    await killed_load(store, store_address)
    report = await load(store)
    told: Counter[str] = sum((Counter(counts) for counts in report.counts.values()), Counter())
    assert report.problems == ()
    assert told["unchanged"] in range(CHUNK, CHUNK * CHUNKS, CHUNK), "only whole chunks were there, not all"
    assert told["created"] == CHUNK * CHUNKS - told["unchanged"]
    assert await store.head() == report.revision == CHUNKS
    resumed = await hash_of(store_address)
    await wipe(store_address)
    async with open_store(store_address, VERBS, MIGRATIONS) as fresh:
        assert (await load(fresh)).revision == CHUNKS
    assert await hash_of(store_address) == resumed
