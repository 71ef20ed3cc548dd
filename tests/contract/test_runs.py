"""Runs over both engines: loaded twice is written once, an interrupted run converges, broken feeds do no harm."""

import random
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from cmdb.application import run_batches
from cmdb.application.application import Application
from cmdb.application.requests import RecordBatch
from cmdb.application.runs import RunReport, RunRequest
from cmdb.desk.access import SYSTEM
from cmdb.errors import Conflict, ErrorCode, StoreError
from cmdb.metamodel import read_metamodel
from cmdb.model.access import Principal
from cmdb.model.kinds import RecordKind
from cmdb.model.provenance import Evidence
from cmdb.model.records import (
    Assignment,
    Change,
    ChangeKind,
    ChangeState,
    EntryRecord,
    Item,
    Party,
    PartyKind,
    Record,
    Role,
)
from cmdb.model.runs import Feed, Review, Run, RunState
from cmdb.model.severity import Strength
from cmdb.ports.graph import UNCONDITIONAL, Precondition, WriteOutcome
from cmdb.resources import folder
from cmdb.store.canonical import canonical_hash
from cmdb.store.connection import StoreAddress, open_connection
from cmdb.store.store import Store
from tests.conftest import wipe
from tests.support.feeds import DAY, located, named, runs_on, seen
from tests.support.moments import NOON, StandingClock

METAMODEL = read_metamodel(folder("schema"))
SIZE = 40
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
KINDS = ("empty", "half", "other site", "renamed", "truncated", "1970", "doubled", "no edges", "cut identity")


def netbox() -> list[EntryRecord]:
    """Return a feed of an inventory."""
    hosts = [seen(f"dev:{n}", "server", f"h{n}", fqdn=f"h{n}.example.com", role="web") for n in range(SIZE)]
    return [*hosts, *(runs_on(f"dev:{n}", f"dev:{n // 2}") for n in range(1, SIZE))]


def ansible() -> list[EntryRecord]:
    """Return a feed of a discovery that sees the same hosts, some more, and names one that nobody describes."""
    hosts = [
        seen(f"h{n}", "server", f"h{n}", fqdn=f"h{n}.example.com", os="Debian")
        for n in range(SIZE // 2, SIZE + 5)
    ]
    edges = [
        runs_on(f"h{n}", f"h{n + 1}", evidence=Evidence.OBSERVED, confidence=70, strength=Strength.SOFT)
        for n in range(SIZE // 2, SIZE + 4)
    ]
    return [*hosts, *edges, named("gw", "network_appliance", "gateway"), runs_on("h30", "gw")]


class Loading:
    """An application over a store, and a standing clock."""

    def __init__(self, store: Store, writer: "Failing | None" = None) -> None:
        self.store = store
        self.clock = StandingClock()
        self.application = Application(store, writer or store, METAMODEL, self.clock, store.run_log)

    async def run(self, source: str, entries: Sequence[EntryRecord], **asked: object) -> RunReport:
        request = RunRequest(source=source, located=located(entries), complete=True, **asked)  # type: ignore[arg-type]
        return await self.application.runs.load(SYSTEM, request)


class Failing:
    """A writer whose store goes away before the given write."""

    def __init__(self, store: Store, after: int) -> None:
        self._store = store
        self.left = after

    async def write(
        self,
        principal: Principal,
        source: str,
        records: Sequence[Record],
        recorded_at: datetime,
        condition: Precondition = UNCONDITIONAL,
    ) -> WriteOutcome:
        """Write, or fail."""
        self.left -= 1
        if self.left < 0:
            raise StoreError(ErrorCode.STORE_GONE, "gone")
        return await self._store.write(principal, source, records, recorded_at, condition)


@pytest.fixture
async def hash_of(store_address: StoreAddress) -> AsyncIterator[object]:
    async with open_connection(store_address) as connection:

        async def compute() -> str:
            return await canonical_hash(connection, stamps=False)

        yield compute


async def test_a_second_load_of_the_same_writes_nothing(store: Store) -> None:
    loading = Loading(store)
    first = await loading.run("netbox", netbox())
    await loading.run("ansible", ansible())
    assert first.counts == {"dependencies.created": SIZE - 1, "items.created": SIZE}
    head = await store.head()
    for source, feed in (("netbox", netbox()), ("ansible", ansible())):
        report = await loading.run(source, feed)
        assert {name.partition(".")[2] for name in report.counts} == {"unchanged"}
    assert await store.head() == head
    runs = await store.run_log.runs(None, 10)
    assert [run.state for run in runs] == [RunState.DONE] * 4
    assert len(await store.run_log.runs("ansible", 10)) == 2


async def test_the_order_of_records_changes_nothing(
    store: Store, store_address: StoreAddress, hash_of: object
) -> None:
    hashes = set()
    for seed in range(3):
        await wipe(store_address)
        loading = Loading(store)
        for source, feed in (("netbox", netbox()), ("ansible", ansible())):
            random.Random(seed).shuffle(feed)
            await loading.run(source, feed)
        hashes.add(await hash_of())  # type: ignore[operator]
    assert len(hashes) == 1


async def test_a_run_that_ends_before_any_of_its_batches_converges_when_it_is_made_again(
    store: Store, store_address: StoreAddress, hash_of: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_batches, "STEPS", 16)

    async def story(after: int) -> int:
        """Load, let things drift, move and go; break the second run; return how many writes it had left."""
        await wipe(store_address)
        await Loading(store).run("ansible", ansible())
        await Loading(store).run("netbox", netbox())
        failing = Failing(store, after)
        loading = Loading(store, failing)
        loading.clock.moment = NOON + DAY
        feed = [
            *(row for row in ansible() if getattr(row, "key", "") != "h21" and "h21" not in repr(row)),
            seen("gw2", "router", "gateway", fqdn="gw.example.com"),
        ]
        try:
            await loading.run("ansible", feed)
        except StoreError:
            again = Loading(store)
            again.clock.moment = NOON + DAY
            await again.run("ansible", feed)
        return failing.left

    assert await story(100) > 0
    clean = await hash_of()  # type: ignore[operator]
    for after in range(100 - await story(100)):
        await story(after)
        assert await hash_of() == clean  # type: ignore[operator]


def damaged(seed: int) -> tuple[str, list[EntryRecord]]:  # noqa: C901 - one case a kind
    """Return a broken feed of each kind in turn."""
    chance = random.Random(seed)
    feed = netbox()
    items = [row for row in feed if isinstance(row, Item)]
    kind = KINDS[seed % len(KINDS)]
    match kind:
        case "empty":
            return kind, []
        case "half":
            kept = {row.key for row in chance.sample(items, SIZE // 2)}
            return kind, [row for row in items if row.key in kept]
        case "other site":
            return kind, [seen(f"x:{seed}:{n}", fqdn=f"x{n}.other.example.com") for n in range(SIZE)]
        case "renamed":
            return kind, [seen(f"new:{row.key}", fqdn=str(row.attributes["fqdn"])) for row in items]
        case "truncated":
            return kind, list(feed[: chance.randint(1, SIZE * 3 // 4)])
        case "1970":
            return kind, [replace(row, valid_from=EPOCH) for row in feed]  # type: ignore[arg-type]
        case "doubled":
            return kind, [*feed, *feed]
        case "no edges":
            return kind, list(items)
    return kind, [seen(f"new:{n}") for n in range(SIZE)]


async def test_broken_feeds_retire_and_mark_nothing_without_an_approved_plan(store: Store) -> None:
    loading = Loading(store)
    await loading.run("netbox", netbox())
    head = await store.head()
    for seed in range(40):
        loading.clock.moment += 8 * DAY
        kind, feed = damaged(seed)
        if kind in ("doubled", "1970"):
            assert (await loading.run("netbox", feed)).counts["items.unchanged"] == SIZE
        else:
            with pytest.raises(Conflict) as refused:
                await loading.run("netbox", feed)
            assert refused.value.code is ErrorCode.PLAN_REFUSED, kind
        assert await store.head() == head, kind


async def test_feeds_are_held_by_one_run_and_remember_the_last_good_ones(store: Store) -> None:
    log = store.run_log
    assert not await log.has_feeds()
    first = await log.take_feed("netbox", "eu", NOON, NOON + DAY, "ann")
    assert await log.has_feeds()
    with pytest.raises(Conflict) as busy:
        await log.take_feed("netbox", "eu", NOON, NOON + DAY, "bob")
    assert busy.value.code is ErrorCode.FEED_BUSY
    await log.take_feed("netbox", "us", NOON, NOON + DAY, "bob")
    later = await log.take_feed("netbox", "eu", NOON + DAY, NOON + 2 * DAY, "bob")
    assert (first.token, later.token) == (1, 2)
    run = Run(key="r", source="netbox", scope="eu", state=RunState.RUNNING, complete=True, started_at=NOON)
    for overtaken in (log.renew_feed(first, run, NOON), log.release_feed(first, run)):
        with pytest.raises(Conflict):
            await overtaken
    await log.renew_feed(later, run, NOON + 3 * DAY)
    done = Run(
        key="r", source="netbox", scope="eu", state=RunState.DONE, complete=True, started_at=NOON, ended_at=NOON,
        counts={"items.created": 3}, problems=("a 'quoted' one",), documents=("a.json", "b.json"), revision=7,
    )  # fmt: skip
    await log.release_feed(later, done)
    (kept,) = [feed for feed in await log.feeds() if feed.scope == "eu"]
    assert kept == Feed(
        source="netbox", scope="eu", token=2, last_started=NOON, last_ended=NOON, complete_starts=(NOON,)
    )
    assert await log.runs("netbox", 5) == [done]


async def test_an_interrupted_run_is_told_when_the_next_one_takes_its_feed(store: Store) -> None:
    log = store.run_log
    feed = await log.take_feed("netbox", "eu", NOON, NOON + DAY, "ann")
    run = Run(key="r", source="netbox", scope="eu", state=RunState.RUNNING, complete=True, started_at=NOON)
    await log.renew_feed(feed, run, NOON + DAY)
    await log.take_feed("netbox", "eu", NOON + DAY, NOON + 2 * DAY, "ann")
    (kept,) = await log.runs(None, 5)
    assert (kept.state, kept.problems) == (RunState.FAILED, ("interrupted: a later run took the feed",))


async def test_reviews_are_kept_and_replaced(store: Store) -> None:
    review = Review(
        source="s",
        scope="x",
        native="n|1",
        name="N",
        item=None,
        candidates=("a", "b"),
        reason="r",
        opened_at=NOON,
    )
    await store.run_log.put_reviews([review])
    await store.run_log.put_reviews([review, replace(review, native="n2", rejected=("a",))])
    assert [row.native for row in await store.run_log.reviews()] == ["n2", "n|1"]
    assert (await store.run_log.reviews())[1] == review


async def test_what_people_decide_holds_and_can_be_undone(store: Store, hash_of: object) -> None:
    loading = Loading(store)
    twin = seen("one", "server", fqdn="t.example.com"), seen("two", "server", fqdn="t.example.com")
    await loading.run("netbox", [*twin, seen("app", "server"), runs_on("one", "app")])
    await loading.run(
        "ansible", [seen("t", fqdn="t.example.com"), seen("u"), runs_on("u", "t"), runs_on("t", "u")]
    )
    (review,) = await loading.application.reviews.list_open(SYSTEM)
    assert (review.item, review.candidates) == ("t", ("one", "two"))
    before = await _living(store)
    await loading.application.reviews.accept(SYSTEM, review.key, "two")
    assert await _living(store) == before - {"t"}
    edges = {row.key for row in await store.run_log.dependencies_of("two")}
    assert edges == {"u|DEPENDS_ON|two|", "two|DEPENDS_ON|u|"}
    again = await loading.run(
        "ansible", [seen("t", fqdn="t.example.com"), seen("u"), runs_on("u", "t"), runs_on("t", "u")]
    )
    assert set(again.counts) == {"items.unchanged", "dependencies.unchanged"}
    await loading.application.reviews.split(SYSTEM, "two", "ansible", "t")
    assert await _living(store) == before
    assert await store.run_log.dependencies_of("two") == []
    assert len(await store.run_log.dependencies_of("t")) == 2
    again = await loading.run(
        "ansible", [seen("t", fqdn="t.example.com"), seen("u"), runs_on("u", "t"), runs_on("t", "u")]
    )
    assert set(again.counts) == {"items.unchanged", "dependencies.unchanged"}


async def _living(store: Store) -> set[str]:
    estate = await store.run_log.estate()
    return {item.key for item in estate.items.values() if not item.retired}


async def test_the_estate_tells_what_was_recorded_directly_from_what_was_seen(store: Store) -> None:
    loading = Loading(store)
    item = Item(
        key="direct", ci_class="server", name="D", attributes={"fqdn": "d.example.com", "cpu_count": 4}
    )
    await store.write(SYSTEM, "test", [item, Item(key="gone", ci_class="server", name="G")], NOON)
    await store.write(SYSTEM, "test", [Item(key="gone", ci_class="server", name="G", retired=True)], NOON)
    await loading.run("netbox", [seen("a"), seen("b"), runs_on("a", "b")])
    estate = await store.run_log.estate()
    assert estate.items["direct"].attributes == item.attributes
    assert (estate.items["gone"].retired, estate.items["a"].sightings[0].key) == (True, "a")
    ((group, rows),) = estate.dependencies["a", "DEPENDS_ON", "b"]
    assert (group, [row.source for row in rows]) == (None, ["netbox"])
    assert set(await store.run_log.sighted_items({"a", "direct", "no"})) == {"a"}
    (stored,) = await store.records(SYSTEM, RecordKind.ITEM, ["a"])
    assert isinstance(stored.record, Item)
    assert stored.record.sightings == estate.items["a"].sightings


async def test_what_cis_are_called_is_read_whole_and_then_by_revision(store: Store) -> None:
    one = Item(key="one", ci_class="server", name="One", attributes={"ip_addresses": ("192.0.2.1",)})
    two = Item(key="two", ci_class="server", name="Two")
    await store.write(SYSTEM, "test", [one, two], NOON)
    head, found = await store.run_log.named_items(0)
    assert sorted((item.key, item.name, item.attributes) for item in found) == [
        ("one", "One", one.attributes),
        ("two", "Two", {}),
    ]
    assert await store.run_log.named_items(head) == (head, [])
    await store.write(SYSTEM, "test", [replace(two, name="Zwei"), replace(one, retired=True)], NOON)
    later, found = await store.run_log.named_items(head)
    assert later > head
    assert {(item.key, item.name, item.retired) for item in found} == {
        ("one", "One", True),
        ("two", "Zwei", False),
    }
    assert [item.key for item in (await store.run_log.named_items(0))[1]] == ["two"]


async def test_what_another_process_wrote_meanwhile_is_not_lost(
    store_address_pair: tuple[Store, Store],
) -> None:
    here, there = store_address_pair
    loading = Loading(here)
    await loading.run("netbox", [seen("a", fqdn="a.example.com", role="web"), seen("b")])
    meddling = Meddling(here, there)
    other = Application(here, meddling, METAMODEL, loading.clock, here.run_log)
    feed = located([seen("a", fqdn="a.example.com", role="mail"), seen("b")])
    await other.runs.load(SYSTEM, RunRequest(source="netbox", located=feed, complete=True))
    (stored,) = await here.records(SYSTEM, RecordKind.ITEM, ["a"])
    assert isinstance(stored.record, Item)
    assert [row.source for row in stored.record.sightings] == ["netbox", "records"]
    assert stored.record.attributes == {"fqdn": "a.example.com", "role": "mail", "os": "by hand"}


class Meddling(Failing):
    """A writer before whose first write another process records one of the CIs directly."""

    def __init__(self, store: Store, other: Store) -> None:
        super().__init__(store, 100)
        self._other = Loading(other)

    async def write(
        self,
        principal: Principal,
        source: str,
        records: Sequence[Record],
        recorded_at: datetime,
        condition: Precondition = UNCONDITIONAL,
    ) -> WriteOutcome:
        """Let the other one write first, once."""
        if self.left == 100:
            edit = Item(key="a", ci_class="server", name="a", attributes={"os": "by hand"})
            await self._other.application.record(SYSTEM, RecordBatch(source="desk", records=(edit,)))
        return await super().write(principal, source, records, recorded_at, condition)


class Overtaken(Failing):
    """A writer that falls asleep before a write until another process has taken the feed."""

    def __init__(self, store: Store, other: Store, after: int) -> None:
        super().__init__(store, after)
        self._other = other

    async def write(
        self,
        principal: Principal,
        source: str,
        records: Sequence[Record],
        recorded_at: datetime,
        condition: Precondition = UNCONDITIONAL,
    ) -> WriteOutcome:
        """Let the other one take the feed before the given write."""
        if self.left == 0:
            later = NOON + 1000 * DAY
            await self._other.run_log.take_feed(source, "default", later, later + DAY, "other")
            self.left = 100
        return await super().write(principal, source, records, recorded_at, condition)


async def test_a_run_that_sleeps_through_its_lease_writes_no_batch_more(
    store_address_pair: tuple[Store, Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has renewed its lease before the batch, and wakes up inside it."""
    here, there = store_address_pair
    monkeypatch.setattr(run_batches, "STEPS", 16)
    change = Change(
        key="C", title="c", change_kind=ChangeKind.NORMAL, state=ChangeState.PLANNED, targets=("dev:1",)
    )
    for after, expected in ((0, 0), (2, 2), (6, 6)):
        head = await here.head()
        loading = Loading(here, Overtaken(here, there, after))
        loading.clock.moment += timedelta(days=10 * after)
        source = f"source {after}"
        feed = [*netbox(), change]
        with pytest.raises(Conflict) as lost:
            await loading.run(source, feed)
        assert lost.value.code is ErrorCode.FEED_BUSY
        assert await here.head() - head == expected


async def test_an_owner_that_a_run_no_longer_names_owns_no_more_and_is_owner_again_when_it_does(
    store: Store,
) -> None:
    loading = Loading(store)
    teams = [Party(key=key, party_kind=PartyKind.SUPPORT_GROUP, name=key) for key in ("old", "new")]
    feeds: dict[str, list[EntryRecord]] = {
        party.key: [seen("till"), *teams, Assignment(party=party.key, role=Role.OWNS, item="till")]
        for party in teams
    }
    for days, owner in enumerate(("old", "new", "old")):
        loading.clock.moment = NOON + days * DAY
        await loading.run("backstage", feeds[owner])
        assert [row.party for row in (await store.delta(SYSTEM, 0)).assignments] == [owner]
    head = await store.head()
    await loading.run("backstage", feeds["old"])
    assert await store.head() == head
