"""What loaders and other systems meet after a restore: nothing that was decided or told is asked or told again."""

import itertools
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from cmdb.application.requests import RecordBatch
from cmdb.desk.access import SYSTEM
from cmdb.model.kinds import RecordKind
from cmdb.model.outgoing import OutgoingState, Remote
from cmdb.model.records import EntryRecord, Item
from cmdb.model.runs import Run, RunState
from cmdb.store.bookkeeping import read_books
from cmdb.store.connection import StoreAddress
from cmdb.store.store import Store, open_store
from tests.conftest import ENGINES, MIGRATIONS, VERBS
from tests.contract.test_archive import Site, open_site
from tests.contract.test_runs import Loading, netbox
from tests.support.feeds import DAY, runs_on, seen
from tests.support.graph_records import incident, item
from tests.support.moments import NOON, minutes

TWINS: list[EntryRecord] = [
    seen("one", fqdn="t.example.com"),
    seen("two", fqdn="t.example.com"),
    seen("app"),
    runs_on("one", "app"),
]
SIGHT: list[EntryRecord] = [seen("t", fqdn="t.example.com"), seen("u"), runs_on("u", "t"), runs_on("t", "u")]
GONE = "dev:39"


@pytest.fixture(params=list(itertools.permutations(ENGINES)), ids="-to-".join)
def addresses(request: pytest.FixtureRequest) -> list[StoreAddress]:
    return [request.getfixturevalue(f"{engine}_address") for engine in request.param]


@pytest.fixture
async def two(addresses: list[StoreAddress]) -> AsyncIterator[tuple[Site, Site]]:
    here, there = addresses
    async for first in open_site(here):
        async for second in open_site(there):
            yield first, second


async def carry(two: tuple[Site, Site], path: Path) -> None:
    """Restore into the second store what the first one holds."""
    here, there = two
    summary = await here.backup(path)
    assert await there.restore(path) == summary
    assert summary.beside > 0


def resumed(loading: Loading, store: Store) -> Loading:
    """Return the service over the other store, at the same time."""
    again = Loading(store)
    again.clock.moment = loading.clock.moment
    return again


async def test_sources_go_on_as_if_nothing_had_happened(two: tuple[Site, Site], tmp_path: Path) -> None:
    here, there = two
    loading = Loading(here.store)
    await loading.run("netbox", netbox())
    await loading.run("inventory", TWINS)
    await loading.run("ansible", SIGHT)
    (review,) = await loading.application.reviews.list_open(SYSTEM)
    await loading.application.reviews.reject(SYSTEM, review.key)
    loading.clock.moment += DAY
    less = [row for row in netbox() if GONE not in (row.key, getattr(row, "consumer", ""))]
    await loading.run("netbox", less)
    await carry(two, tmp_path / "b")

    log, past = there.store.run_log, here.store.run_log
    assert await log.feeds() == await past.feeds()
    assert await log.runs(None, 99) == await past.runs(None, 99)
    assert await log.reviews() == await past.reviews()
    after, head = resumed(loading, there.store), await there.store.head()
    after.clock.moment += DAY
    assert (await after.run("ansible", SIGHT)).counts.keys() == {"items.unchanged", "dependencies.unchanged"}
    assert await after.application.reviews.list_open(SYSTEM) == []
    assert await there.store.head() == head

    for _ in range(2):
        after.clock.moment += 8 * DAY
        await after.run("netbox", less)
    (gone,) = await there.store.records(SYSTEM, RecordKind.ITEM, [GONE])
    assert isinstance(gone.record, Item)
    assert gone.record.retired, "three runs have missed it, the first of them before the backup"


async def test_what_is_recorded_by_hand_stays_one_voice_of_many(
    two: tuple[Site, Site], tmp_path: Path
) -> None:
    here, there = two
    await Loading(here.store).run("netbox", netbox())
    await carry(two, tmp_path / "b")
    by_hand = item("dev:1", name="h1", attributes={"os": "Debian"})
    await Loading(there.store).application.record(SYSTEM, RecordBatch(source="desk", records=(by_hand,)))
    (held,) = await there.store.records(SYSTEM, RecordKind.ITEM, ["dev:1"])
    assert isinstance(held.record, Item)
    assert held.record.attributes["fqdn"] == "h1.example.com"
    assert held.record.attributes["os"] == "Debian"


async def test_a_run_that_was_under_way_holds_nobody_up(two: tuple[Site, Site], tmp_path: Path) -> None:
    here, there = two
    feed = await here.store.run_log.take_feed("netbox", "default", NOON, NOON + 99 * DAY, "somebody")
    run = Run(
        key="r", source="netbox", scope="default", state=RunState.RUNNING, complete=True, started_at=NOON
    )
    await here.store.run_log.renew_feed(feed, run, NOON + 99 * DAY)
    await carry(two, tmp_path / "b")
    await there.store.run_log.take_feed("netbox", "default", NOON, NOON + DAY, "somebody else")
    (told,) = await there.store.run_log.runs(None, 9)
    assert (told.key, told.state) == ("r", RunState.FAILED)


async def test_other_systems_are_told_what_they_were_not_told_and_nothing_twice_anew(
    two: tuple[Site, Site], tmp_path: Path
) -> None:
    here, there = two
    async with open_store(here.address, VERBS, MIGRATIONS, ("hook", "desk")) as telling:
        first, second = incident("INC1", cause_key="ci:a"), incident("INC2", cause_key="ci:b")
        assert not (await telling.write(SYSTEM, "test", [item("a"), first, second], NOON)).refused
        delivered, waiting = await telling.outbox.waiting("desk", 9)
        remote = Remote(channel="desk", ticket="INC1", remote_id="77", number="X77", state="open")
        await telling.outbox.settle([delivered.key], remote)
        refused = replace(
            waiting, attempts=5, state=OutgoingState.DEAD, problem="no", due_at=NOON + minutes(1)
        )
        await telling.outbox.postpone(refused)
        await carry(two, tmp_path / "b")
        assert await there.store.outbox.entries(99) == await telling.outbox.entries(99)
        assert [row.key for row in await there.store.outbox.waiting("hook", 9)] == [
            row.key for row in await telling.outbox.waiting("hook", 9)
        ]
        assert await there.store.outbox.remotes("desk") == {"INC1": remote}


async def test_steps_after_the_cut_are_not_told_of(two: tuple[Site, Site]) -> None:
    here, _ = two
    async with open_store(here.address, VERBS, MIGRATIONS, ("hook",)) as telling:
        cut = (await telling.write(SYSTEM, "test", [item("a"), incident("INC1")], NOON)).revision
        await telling.write(SYSTEM, "test", [incident("INC1", title="later")], NOON)
        found = [entry async for entry in read_books(here.connection, ("outgoing",), cut)]
    assert [entry.held["revision"] for entry in found] == [cut]
