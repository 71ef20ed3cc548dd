"""Backup and restore on both engines: round trips, consistent cuts, and files that are not as they were written."""

import asyncio
import gzip
import itertools
import random
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from cmdb.desk.access import SYSTEM
from cmdb.errors import CmdbError, ErrorCode, StoreError
from cmdb.model.kinds import RecordKind
from cmdb.model.records import Assignment, EventState, Record, Role
from cmdb.ports.graph import RowStatus
from cmdb.store.archive import BackupSummary, read_backup, write_backup
from cmdb.store.archive_file import FORMAT, ArchiveWriter, Header
from cmdb.store.canonical import canonical_hash
from cmdb.store.connection import Connection, StoreAddress, open_connection
from cmdb.store.cut import Entry, read_cut
from cmdb.store.migrations import Migration, read_migrations
from cmdb.store.store import Store, open_store
from tests.conftest import ENGINES, MIGRATIONS, VERBS, wipe
from tests.contract.test_store import shape, write
from tests.support.graph_records import EVERY_KIND, edge, event, incident, item
from tests.support.moments import NOON, minutes


@dataclass(frozen=True)
class Site:
    """One engine's store with the connection below it."""

    address: StoreAddress
    store: Store
    connection: Connection

    async def backup(self, target: Path) -> BackupSummary:
        return await write_backup(self.connection, target, silently)

    async def restore(self, source: Path) -> BackupSummary:
        return await read_backup(self.connection, source, VERBS, read_migrations(MIGRATIONS), silently)


def silently(done: int) -> None:
    assert done >= 0


async def open_site(address: StoreAddress) -> AsyncIterator[Site]:
    await wipe_migrated(address)
    async with open_store(address, VERBS, MIGRATIONS) as store, open_connection(address) as connection:
        yield Site(address, store, connection)
    await wipe(address)


async def wipe_migrated(address: StoreAddress) -> None:
    async with open_store(address, VERBS, MIGRATIONS):
        await wipe(address)


@pytest.fixture
async def site(store_address: StoreAddress) -> AsyncIterator[Site]:
    async for opened in open_site(store_address):
        yield opened


@pytest.fixture(params=list(itertools.permutations(ENGINES)), ids="-to-".join)
def two_addresses(request: pytest.FixtureRequest) -> list[StoreAddress]:
    return [request.getfixturevalue(f"{engine}_address") for engine in request.param]


@pytest.fixture
async def two_sites(two_addresses: list[StoreAddress]) -> AsyncIterator[tuple[Site, Site]]:
    here, there = two_addresses
    async for first in open_site(here):
        async for second in open_site(there):
            yield first, second


async def furnish(store: Store) -> None:
    """Write every kind, and a past of every kind of change."""
    await write(store, *EVERY_KIND)
    cleared = event("e1", state=EventState.CLEARED, cleared_at=NOON, changed_at=NOON + minutes(1))
    await write(store, item("a", name="renamed"), cleared, at=1)
    await write(store, edge("a", "b", group="wan", weight=9), edge("b", "a"), at=2)
    ended = Assignment(party="ann", role=Role.SUBSCRIBES, item="a", ended=True)
    await write(store, ended, incident("t0", "other", parent="t1", items=("b",)), at=3)
    await write(store, item("c"), edge("c", "a"), item("ü'\"\\ \n"), at=4)
    await write(store, item("c", retired=True), at=5)


async def refused(code: ErrorCode, site: Site, source: Path) -> CmdbError:
    with pytest.raises(CmdbError) as caught:
        await site.restore(source)
    assert caught.value.code is code, str(caught.value)
    assert caught.value.hint
    return caught.value


async def test_a_restored_store_holds_the_same(site: Site, tmp_path: Path) -> None:
    await furnish(site.store)
    before = (shape(await site.store.delta(SYSTEM, 0)), await canonical_hash(site.connection))
    past = await site.store.versions(SYSTEM, RecordKind.ITEM, "a")
    written = await site.backup(tmp_path / "b")
    assert (written.records, written.versions, written.revision) == (15, 6, 6)
    assert written.content_hash == before[1]
    assert written.size == (tmp_path / "b").stat().st_size
    await wipe(site.address)
    assert await site.restore(tmp_path / "b") == written
    assert (shape(await site.store.delta(SYSTEM, 0)), await canonical_hash(site.connection)) == before
    assert await site.store.versions(SYSTEM, RecordKind.ITEM, "a") == past
    assert await site.store.head() == 6


async def test_it_crosses_to_the_other_engine(two_sites: tuple[Site, Site], tmp_path: Path) -> None:
    here, there = two_sites
    await furnish(here.store)
    written = await here.backup(tmp_path / "b")
    assert await there.restore(tmp_path / "b") == written
    assert await canonical_hash(there.connection) == await canonical_hash(here.connection)
    back = await there.backup(tmp_path / "c")
    assert (tmp_path / "c").read_bytes() == (tmp_path / "b").read_bytes()
    assert back == written


async def test_links_are_drawn_anew(site: Site, tmp_path: Path) -> None:
    await furnish(site.store)
    await site.backup(tmp_path / "b")
    before = await links(site.connection)
    assert {"ON", "CHANGES", "AFFECTS", "RAISED_FROM", "ATTACHED_TO", "COVERS"} <= {
        link[1] for link in before
    }
    await wipe(site.address)
    await site.restore(tmp_path / "b")
    assert await links(site.connection) == before


async def links(connection: Connection) -> list[tuple[str, str, str]]:
    rows = await connection.read("MATCH (a)-[r]->(b) RETURN a.key AS a, type(r) AS r, b.key AS b")
    return sorted((row["a"], row["r"], row["b"]) for row in rows)


async def test_owners_keep_the_revision_of_what_they_own(site: Site, tmp_path: Path) -> None:
    await furnish(site.store)
    asked = "MATCH (n) WHERE n.revision IS NOT NULL RETURN n.key AS key, n.revision AS revision"
    before = {row["key"]: row["revision"] for row in await site.connection.read(asked)}
    assert before["b"] == 3
    await site.backup(tmp_path / "b")
    await wipe(site.address)
    await site.restore(tmp_path / "b")
    assert {row["key"]: row["revision"] for row in await site.connection.read(asked)} == before


async def test_work_goes_on_after_a_restore(site: Site, tmp_path: Path) -> None:
    await furnish(site.store)
    await site.backup(tmp_path / "b")
    await wipe(site.address)
    await site.restore(tmp_path / "b")
    assert (await write(site.store, item("b"))).revision == 6
    assert (await write(site.store, edge("b", "a", weight=4), item("b", name="new"), at=9)).revision == 7
    assert len(await site.store.versions(SYSTEM, RecordKind.DEPENDENCY, edge("b", "a").key)) == 2


async def test_a_store_that_holds_anything_is_left_alone(site: Site, tmp_path: Path) -> None:
    await furnish(site.store)
    await site.backup(tmp_path / "b")
    before = await canonical_hash(site.connection)
    await refused(ErrorCode.STORE_NOT_EMPTY, site, tmp_path / "b")
    assert await canonical_hash(site.connection) == before
    assert await site.store.head() == 6
    await wipe(site.address)
    await site.connection.define("CREATE (:Foreign {key: 'not ours'})")
    await refused(ErrorCode.STORE_NOT_EMPTY, site, tmp_path / "b")


async def test_an_interrupted_restore_is_neither_read_nor_written_and_starts_over(
    site: Site, tmp_path: Path
) -> None:
    await furnish(site.store)
    written = await site.backup(tmp_path / "b")
    await wipe(site.address)
    with pytest.raises(RuntimeError):
        await read_backup(site.connection, tmp_path / "b", VERBS, read_migrations(MIGRATIONS), interrupt)
    assert not await site.store.is_empty()
    for question in (site.store.head(), site.store.delta(SYSTEM, 0), write(site.store, item("x"))):
        with pytest.raises(CmdbError) as caught:
            await question
        assert caught.value.code is ErrorCode.STORE_UNFINISHED
    with pytest.raises(CmdbError):
        await site.backup(tmp_path / "half")
    assert [path.name for path in tmp_path.iterdir()] == ["b"]
    assert await site.restore(tmp_path / "b") == written


def interrupt(done: int) -> None:
    raise RuntimeError(done)


def craft(target: Path, *entries: Entry, **header: int) -> None:
    """Write a well sealed file that this program would not write."""
    with ArchiveWriter(target, Header(**{"format": FORMAT, "schema": 1, "revision": 1, **header})) as writer:
        writer.add(entries)
        writer.seal()


def stray_edge(verb: str = "DEPENDS_ON") -> Entry:
    ends = {"consumer": "no", "provider": "where", "verb": verb}
    return Entry("dependency", {**ends, "key": "k", "revision": 1, "recorded_in": 1})


async def test_what_differs_after_writing_stays_closed(site: Site, tmp_path: Path) -> None:
    craft(tmp_path / "b", stray_edge())
    await refused(ErrorCode.RESTORE_DIFFERS, site, tmp_path / "b")
    with pytest.raises(CmdbError):
        await site.store.head()


@pytest.mark.parametrize(
    ("code", "entry", "header"),
    [
        (ErrorCode.BACKUP_TOO_NEW, None, {"format": FORMAT + 1}),
        (ErrorCode.BACKUP_TOO_NEW, None, {"schema": 99}),
        (ErrorCode.UNKNOWN_VERB, stray_edge("X]->() DETACH DELETE n //"), {}),
    ],
    ids=["format", "schema", "verb"],
)
async def test_what_this_program_cannot_keep_is_refused(
    site: Site, tmp_path: Path, code: ErrorCode, entry: Entry | None, header: dict[str, int]
) -> None:
    craft(tmp_path / "b", *([entry] if entry else []), **header)
    await refused(code, site, tmp_path / "b")
    assert await site.store.is_empty()
    assert await site.store.head() == 0


async def test_an_older_backup_meets_the_migrations_that_it_has_not_seen(site: Site, tmp_path: Path) -> None:
    await furnish(site.store)
    await site.backup(tmp_path / "b")
    await wipe(site.address)
    later = Migration(2, "mark", "-", ("MATCH (n:Party) SET n.marked = true",))
    known = [*read_migrations(MIGRATIONS), later]
    await read_backup(site.connection, tmp_path / "b", VERBS, known, silently)
    marked = await site.connection.read("MATCH (n:Party) RETURN n.marked AS marked")
    assert marked == [{"marked": True}]
    await site.connection.define("MATCH (m:Migration {version: 2}) DELETE m")


def damages(sound: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the file with single bytes changed, with its end cut off, and made otherwise by other hands."""
    chance = random.Random(20260302)
    for _ in range(40):
        place, mask = chance.randrange(len(sound)), chance.randrange(1, 256)
        yield f"byte {place}", sound[:place] + bytes([sound[place] ^ mask]) + sound[place + 1 :]
    for place in (0, 1, 3, 10, len(sound) - 1, *(chance.randrange(len(sound)) for _ in range(40))):
        yield f"cut at {place}", sound[:place]
    text = gzip.decompress(sound)
    _, _, rest = text.partition(b"\n")
    yield "longer", sound + b"\0"
    yield "packed again", gzip.compress(text)
    yield "without its last line", gzip.compress(text.rsplit(b"\n", 2)[0] + b"\n")
    yield "without its first line", gzip.compress(rest)
    yield "no backup", b"hello" * 100


async def test_a_file_that_is_not_as_it_was_written_is_refused_unread(site: Site, tmp_path: Path) -> None:
    await furnish(site.store)
    await site.backup(tmp_path / "b")
    await wipe(site.address)
    for what, text in damages((tmp_path / "b").read_bytes()):
        (tmp_path / "bad").write_bytes(text)
        error = await refused(ErrorCode.BACKUP_DAMAGED, site, tmp_path / "bad")
        assert str(tmp_path / "bad") in str(error), what
    assert await site.store.is_empty()
    assert await site.store.head() == 0


async def test_files_that_cannot_be_used_are_told(site: Site, tmp_path: Path) -> None:
    await refused(ErrorCode.BAD_ARGUMENT, site, tmp_path / "nothing")
    with pytest.raises(CmdbError) as caught:
        await site.backup(tmp_path / "no folder" / "b")
    assert caught.value.code is ErrorCode.BAD_ARGUMENT


async def test_a_backup_is_for_its_owner_only(site: Site, tmp_path: Path) -> None:
    await site.backup(tmp_path / "b")
    assert (tmp_path / "b").stat().st_mode & 0o777 == 0o600


async def test_a_cut_stays_as_it_was_whatever_is_written_between_its_slices(site: Site) -> None:
    await furnish(site.store)
    before = [entry async for entries in read_cut(site.connection, 6) for entry in entries]
    found: list[Entry] = []
    step = 10
    async for entries in read_cut(site.connection, 6):
        found += entries
        cleared = event("e1", at=step, state=EventState.CLEARED, changed_at=NOON + minutes(step))
        await write(site.store, item("a", name=f"{step}"), item(f"new {step}"), cleared, at=step)
        await write(site.store, edge("a", "b", group="wan", weight=step), edge("a", f"new {step}"), at=step)
        await write(site.store, item("b", retired=step % 2 == 0), at=step)
        step += 1
    assert found == before
    assert [entry async for entries in read_cut(site.connection, 6) for entry in entries] == before
    assert step > 15


class Traffic:
    """Two writers that create, alter, end and revive without pause; remembers what each revision wrote."""

    def __init__(self, stores: Sequence[Store]) -> None:
        self._stores = stores
        self.running = True
        self.log: dict[int, tuple[int, tuple[Record, ...]]] = {}

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for number, store in enumerate(self._stores):
                group.create_task(self._write(number, store))

    async def _write(self, writer: int, store: Store) -> None:
        chance = random.Random(writer)
        for step in itertools.count():
            if not self.running:
                return
            records = self._records(chance, writer, step)
            try:
                outcome = await write(store, *records, at=step)
            except StoreError as error:
                # Two that write without pause make each other start over on an engine without locks.
                if error.code is ErrorCode.STORE_CONFLICT:
                    continue
                raise
            changed = [row for row in outcome.results if row.status is not RowStatus.UNCHANGED]
            assert not outcome.refused
            if changed:
                self.log[outcome.revision] = (step, records)

    def _records(self, chance: random.Random, writer: int, step: int) -> tuple[Record, ...]:
        """Keep to one's own keys: writers must not refuse each other."""
        keys = [f"w{writer}-{number}" for number in range(12)]
        consumer, other, provider, leaving = chance.sample(keys, 4)
        return (
            item(leaving, retired=chance.random() < 0.3),
            *(item(key, name=f"{key} {chance.randrange(4)}") for key in (consumer, other, provider)),
            edge(consumer, provider, weight=chance.randrange(4), ended=chance.random() < 0.2),
            event(f"e{writer}-{chance.randrange(9)}", at=step, on=other, count=step + 1),
        )


async def test_a_backup_under_writers_is_the_state_of_its_revision(
    site: Site, store_address: StoreAddress, tmp_path: Path
) -> None:
    async with open_store(store_address, VERBS, MIGRATIONS) as second:
        traffic = Traffic((site.store, second))
        writing = asyncio.create_task(traffic.run())
        try:
            taken: list[BackupSummary] = []
            overtaken = 0
            while overtaken < 3 and not writing.done():
                taken.append(await site.backup(tmp_path / "b"))
                overtaken += await site.store.head() > taken[-1].revision
        finally:
            traffic.running = False
            await writing
    assert sorted(traffic.log) == list(range(1, max(traffic.log) + 1))
    await wipe(site.address)
    expected = {0: await canonical_hash(site.connection)}
    for revision, (step, records) in sorted(traffic.log.items()):
        assert (await write(site.store, *records, at=step)).revision == revision
        if revision in {one.revision for one in taken}:
            expected[revision] = await canonical_hash(site.connection)
    assert [one.content_hash for one in taken] == [expected[one.revision] for one in taken]


async def test_without_stamps_two_loads_of_the_same_facts_are_equal(site: Site) -> None:
    await write(site.store, *EVERY_KIND)
    whole = (await canonical_hash(site.connection), await canonical_hash(site.connection, stamps=False))
    await wipe(site.address)
    assert await canonical_hash(site.connection, stamps=False) != whole[1]
    for number, record in enumerate((*EVERY_KIND[:2], EVERY_KIND[6], *EVERY_KIND)):
        await write(site.store, record, at=number)
    assert await canonical_hash(site.connection) != whole[0]
    assert await canonical_hash(site.connection, stamps=False) == whole[1]
    await write(site.store, item("a", name="other"), at=99)
    other = await canonical_hash(site.connection, stamps=False)
    assert other != whole[1]
    await wipe(site.address)
    await write(site.store, *EVERY_KIND[1:], replace(EVERY_KIND[0], valid_from=NOON - minutes(1)))  # type: ignore[arg-type]
    assert await canonical_hash(site.connection, stamps=False) not in (other, whole[1])
