"""A whole estate backed up under load on one engine and restored on the other; CMDB_BACKUP_SIZE is S or M."""

import asyncio
import itertools
import os
import random
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from benchmarks.engines import open_engine
from benchmarks.estate import estate
from cmdb.desk.access import SYSTEM
from cmdb.errors import CmdbError, ErrorCode
from cmdb.model.records import Record
from cmdb.store.archive import BackupSummary, read_backup, write_backup
from cmdb.store.archive_file import FORMAT, ArchiveWriter, Header
from cmdb.store.canonical import canonical_hash
from cmdb.store.connection import Connection, StoreAddress, open_connection
from cmdb.store.cut import Entry
from cmdb.store.migrations import migrate, read_migrations
from cmdb.store.plan import Stamp, draft, plan_rows
from cmdb.store.store import Store, open_store
from tests.conftest import MIGRATIONS, VERBS
from tests.support.graph_records import event, item
from tests.support.moments import NOON, minutes

SIZE = os.environ.get("CMDB_BACKUP_SIZE", "S")
SECONDS_BETWEEN_WRITES = 0.1


@contextmanager
def timed(what: str) -> Iterator[None]:
    start, before = time.perf_counter(), time.process_time()
    yield
    used = time.process_time() - before
    print(
        f"{SIZE} {what}: {time.perf_counter() - start:.1f} s, {used:.1f} s of them at work here", flush=True
    )


@dataclass
class Place:
    """One engine with an empty, migrated store."""

    name: str
    address: StoreAddress
    connection: Connection

    async def restore(self, source: Path) -> BackupSummary:
        return await read_backup(self.connection, source, VERBS, read_migrations(MIGRATIONS), silently)


def silently(done: int) -> None:
    assert done >= 0


@asynccontextmanager
async def place(name: str) -> AsyncIterator[Place]:
    opening = open_engine(name)
    address = await asyncio.to_thread(opening.__enter__)
    if address is None:
        pytest.skip("NOT CHECKED: no Neo4j")
    try:
        async with open_connection(address) as connection:
            await migrate(connection, read_migrations(MIGRATIONS))
            yield Place(name, address, connection)
    finally:
        await asyncio.to_thread(opening.__exit__, None, None, None)


async def disturb(store: Store, stop: asyncio.Event) -> int:
    """Write events and alter items without pause; return the last revision."""
    chance, revision = random.Random(1), 0
    for step in itertools.count():
        if stop.is_set():
            return revision
        keys = [f"busy-{chance.randrange(500)}" for _ in range(20)]
        rows: list[Record] = [item(key, name=f"{key} {step}") for key in dict.fromkeys(keys)]
        rows += [event(f"e{chance.randrange(300)}-{step}", at=step, on=keys[0])]
        outcome = await store.write(SYSTEM, "busy", rows, NOON + minutes(step))
        revision = outcome.revision
        await asyncio.sleep(SECONDS_BETWEEN_WRITES)
    raise AssertionError("unreachable")


def craft(target: Path) -> None:
    """Write the backup that a store holds after one load of the estate: quicker than to load it."""
    made = estate(7, SIZE)
    stamp = Stamp(1, "estate", NOON)
    records: Iterable[Record] = itertools.chain(made.items(), made.dependencies())
    rows = plan_rows(map(draft, records), {})
    header = Header(FORMAT, len(read_migrations(MIGRATIONS)), stamp.revision)
    with ArchiveWriter(target, header) as writer:
        writer.add([Entry(row.record.kind.value, row.properties(stamp)) for row in rows])
        writer.seal()


async def restored(site: Place, source: Path) -> BackupSummary:
    with timed(f"restore on {site.name}"):
        summary = await site.restore(source)
    assert await canonical_hash(site.connection) == summary.content_hash
    return summary


async def backed_up(site: Place, target: Path) -> BackupSummary:
    """Take a backup while others write."""
    async with open_store(site.address, VERBS, MIGRATIONS) as store:
        stop = asyncio.Event()
        writing = asyncio.create_task(disturb(store, stop))
        await asyncio.sleep(1)
        with timed(f"backup on {site.name}"):
            written = await write_backup(site.connection, target, silently)
        stop.set()
        assert await writing > written.revision, "nothing was written meanwhile"
    print(f"{written.records:,} records, {written.versions:,} versions, {written.size:,} bytes", flush=True)
    return written


async def test_it_crosses_to_the_other_engine_and_back(tmp_path: Path) -> None:
    craft(tmp_path / "made")
    async with place("embedded") as embedded:
        await restored(embedded, tmp_path / "made")
        written = await backed_up(embedded, tmp_path / "there")
    async with place("neo4j") as neo4j:
        await refuse_damaged(neo4j, tmp_path / "there")
        assert await restored(neo4j, tmp_path / "there") == written
        written = await backed_up(neo4j, tmp_path / "back")
    async with place("embedded") as embedded:
        assert await restored(embedded, tmp_path / "back") == written


async def refuse_damaged(site: Place, sound: Path) -> None:
    """Refuse flipped bytes and cut ends of the large file, wherever they are."""
    chance, bad = random.Random(3), sound.with_name("bad")
    text = sound.read_bytes()
    for place_of_damage in [
        0,
        len(text) // 2,
        len(text) - 1,
        *(chance.randrange(len(text)) for _ in range(3)),
    ]:
        flipped = bytearray(text)
        flipped[place_of_damage] ^= 1 << chance.randrange(8)
        for damaged in (bytes(flipped), text[:place_of_damage]):
            bad.write_bytes(damaged)
            with pytest.raises(CmdbError) as caught:
                await site.restore(bad)
            assert caught.value.code is ErrorCode.BACKUP_DAMAGED
    bad.unlink()
