"""A server's background work: when duties are done and done again, and what keeps them from it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from cmdb.application.duties import Duties, Duty, Worker
from cmdb.application.live import LiveTopology
from cmdb.application.owner_role import OwnerRole
from cmdb.application.snapshot import Snapshot
from cmdb.application.tenure import TenureWriter
from cmdb.desk.access import SYSTEM
from cmdb.errors import CmdbError, Conflict, ErrorCode, StoreError
from cmdb.model.access import Principal
from cmdb.model.windows import Window, WindowKind
from cmdb.ports.graph import GraphDelta
from tests.fakes.graph import FakeGraph
from tests.fakes.lease import FakeLease
from tests.support.moments import NOON, StandingClock, minutes
from tests.support.small_estate import METAMODEL, item

GONE = StoreError(ErrorCode.STORE_GONE, "The connection was lost.")
LOST = Conflict(ErrorCode.ROLE_LOST, "Another server has the role.")
REFUSED = Conflict(ErrorCode.CONFLICT, "Somebody was faster.")
Step = Callable[[Snapshot, int], Awaitable[None]]


@dataclass
class Scribe:
    """A duty that notes what it was given, then raises or writes as it is told."""

    name: str
    log: list[tuple[str, int, int]]
    then: Step | None = None
    fails: CmdbError | None = None

    async def apply(self, snapshot: Snapshot, fence: int) -> None:
        self.log.append((self.name, snapshot.revision, fence))
        if self.fails is not None:
            raise self.fails
        if self.then is not None:
            await self.then(snapshot, fence)


@dataclass
class Messenger:
    """A worker that notes its tenures, and raises what it is told to, once."""

    name: str = "messenger"
    fences: list[int] = field(default_factory=list)
    fails: Exception | None = None
    stepped: asyncio.Event = field(default_factory=asyncio.Event)

    async def step(self, fence: int) -> None:
        self.fences.append(fence)
        self.stepped.set()
        error, self.fails = self.fails, None
        if error is not None:
            raise error


@dataclass
class Shop(FakeGraph):
    """A store that can be out of order."""

    broken: Exception | None = None

    async def delta(self, principal: Principal, since: int) -> GraphDelta:
        if self.broken is not None:
            raise self.broken
        return await super().delta(principal, since)


class Place:
    """A server with these duties over a store of one CI; nothing runs by itself."""

    def __init__(self, *duties: Duty, workers: tuple[Worker, ...] = ()) -> None:
        self.graph, self.clock = Shop(), StandingClock()
        self.lease = self.graph.lease
        self.live = LiveTopology(self.graph, self.clock, METAMODEL.service_classes(), patience=60)
        self.role = OwnerRole(self.lease, "one")
        self.duties = Duties(self.live, self.role, duties, workers)

    async def owning(self) -> "Place":
        await self.role.step(0.0)
        return self

    async def write(self, key: str, fence: int | None = None) -> None:
        writer = self.graph if fence is None else TenureWriter(self.graph, fence)
        await writer.write(SYSTEM, "test", [item(key, "server")], self.clock.now())

    async def look(self) -> None:
        self.clock.advance(0.01)
        await self.duties.work_once()


async def test_the_owner_does_its_duties_once_per_revision_in_their_order() -> None:
    log = list[tuple[str, int, int]]()
    place = await Place(Scribe("a", log), Scribe("b", log)).owning()
    await place.write("x")
    await place.look()
    await place.look()
    assert log == [("a", 1, 1), ("b", 1, 1)]
    assert (place.duties.revision, place.role.done) == (1, 1)
    await place.write("y")
    await place.look()
    assert log[2:] == [("a", 2, 1), ("b", 2, 1)]


async def test_who_stands_by_keeps_its_projection_fresh_and_does_nothing() -> None:
    log = list[tuple[str, int, int]]()
    place = Place(Scribe("a", log))
    await place.write("x")
    await place.look()
    assert (log, place.duties.revision) == ([], 1)
    await place.owning()
    await place.look()
    assert log == [("a", 1, 1)]


async def test_a_duty_sees_what_the_one_before_it_wrote() -> None:
    log = list[tuple[str, int, int]]()

    async def write_once(snapshot: Snapshot, fence: int) -> None:
        if "y" not in snapshot.topology.index:
            await place.write("y", fence)
            place.clock.advance(0.01)

    place = await Place(Scribe("a", log, then=write_once), Scribe("b", log)).owning()
    await place.write("x")
    await place.look()
    assert log == [("a", 1, 1), ("b", 2, 1)]
    await place.look()
    assert log[2:] == [("a", 2, 1), ("b", 2, 1)], "its own write is looked at like any other"
    await place.look()
    assert len(log) == 4


async def test_the_end_of_a_window_and_a_new_tenure_are_work_without_a_write() -> None:
    log = list[tuple[str, int, int]]()
    place = await Place(Scribe("a", log)).owning()
    window = Window(
        key="w",
        window_kind=WindowKind.MAINTENANCE,
        title="w",
        items=("x",),
        start=NOON,
        end=NOON + minutes(9),
    )
    await place.graph.write(SYSTEM, "test", [item("x", "server"), window], NOON)
    await place.look()
    place.clock.advance(8)
    await place.look()
    assert len(log) == 1
    place.clock.advance(1)
    await place.look()
    assert len(log) == 2
    await place.role.release()
    await place.owning()
    await place.look()
    assert log[2:] == [("a", 1, 2)]


async def test_what_one_duty_meets_keeps_no_other_waiting_and_is_tried_again() -> None:
    log = list[tuple[str, int, int]]()
    first = Scribe("a", log, fails=REFUSED)
    place = await Place(first, Scribe("b", log)).owning()
    await place.write("x")
    with pytest.raises(Conflict, match="faster"):
        await place.look()
    assert (log, place.role.done) == ([("a", 1, 1), ("b", 1, 1)], 0)
    first.fails = None
    await place.look()
    assert (log[2:], place.role.done) == ([("a", 1, 1), ("b", 1, 1)], 1)


async def test_an_owner_that_was_followed_leaves_the_rest_to_the_next_one() -> None:
    log = list[tuple[str, int, int]]()
    place = await Place(Scribe("a", log, fails=LOST), Scribe("b", log)).owning()
    await place.write("x")
    with pytest.raises(Conflict):
        await place.look()
    assert (log, place.role.fence) == ([("a", 1, 1)], None)


@pytest.mark.parametrize(
    ("broken", "code", "says"),
    [
        (GONE, ErrorCode.STORE_GONE, "connection was lost"),
        (KeyError("x"), ErrorCode.PROJECTION_UNVERIFIED, "KeyError"),
    ],
    ids=["an expected error", "a fault of ours"],
)
async def test_what_keeps_the_projection_from_being_fresh_is_told_until_it_is_over(
    broken: Exception, code: ErrorCode, says: str
) -> None:
    place = await Place().owning()
    await place.write("x")
    place.graph.broken = broken
    with pytest.raises(type(broken)):
        await place.look()
    trouble = place.duties.trouble
    assert trouble is not None
    assert (trouble.code, says in trouble.message, place.duties.revision) == (code, True, None)
    place.graph.broken = None
    await place.look()
    assert (place.duties.trouble, place.duties.revision) == (None, 1)


async def test_a_foreign_write_is_trouble_until_the_store_was_read_anew() -> None:
    place = await Place().owning()
    await place.write("x")
    await place.look()
    place.live.suspect("a CI more than was written")
    await place.duties.work_once()
    trouble = place.duties.trouble
    assert trouble is not None
    assert (trouble.code, place.duties.revision) == (ErrorCode.PROJECTION_UNVERIFIED, 1)
    await place.look()
    assert place.duties.trouble is None


async def test_who_waits_for_the_first_reading_waits_no_longer_than_that() -> None:
    place = Place()
    await place.duties.wait_until_read(0.0)
    assert place.duties.revision is None
    await place.look()
    await asyncio.wait_for(place.duties.wait_until_read(60.0), 5)


async def test_it_works_by_itself_until_it_is_stopped_and_gives_the_role_back() -> None:
    log, messenger = list[tuple[str, int, int]](), Messenger()
    place = Place(Scribe("a", log), workers=(messenger,))
    await place.write("x")
    running = asyncio.create_task(place.duties.run())
    await asyncio.wait_for(messenger.stepped.wait(), 5)
    await asyncio.wait_for(place.duties.wait_until_read(60.0), 5)
    await place.duties.stop(running)
    assert running.done()
    assert (set(messenger.fences), place.lease.seen.holder, place.role.fence) == ({1}, None, None)


@pytest.mark.parametrize("error", [REFUSED, KeyError("x")], ids=["expected", "unexpected"])
async def test_a_worker_that_fails_goes_on(error: Exception) -> None:
    messenger = Messenger(fails=error)
    place = await Place(workers=(messenger,)).owning()
    running = asyncio.create_task(place.duties.run())
    await asyncio.wait_for(messenger.stepped.wait(), 5)
    messenger.stepped.clear()
    await asyncio.wait_for(messenger.stepped.wait(), 5)
    assert place.role.fence == 1
    await place.duties.stop(running)


async def test_a_worker_that_learns_of_the_end_of_the_tenure_works_on_in_the_next_one() -> None:
    messenger = Messenger(fails=LOST)
    place = await Place(workers=(messenger,)).owning()
    running = asyncio.create_task(place.duties.run())
    await asyncio.wait_for(messenger.stepped.wait(), 5)
    messenger.stepped.clear()
    await asyncio.wait_for(messenger.stepped.wait(), 10)
    assert messenger.fences == [1, 2]
    await place.duties.stop(running)


class Unreachable(FakeLease):
    """A lease that cannot be given back."""

    async def release(self, fence: int) -> None:
        raise GONE


async def test_a_role_that_cannot_be_given_back_does_not_keep_a_server_from_stopping() -> None:
    place = Place()
    place.role = OwnerRole(Unreachable(), "one")
    duties = Duties(place.live, place.role, ())
    running = asyncio.create_task(duties.run())
    await asyncio.wait_for(duties.wait_until_read(60.0), 5)
    await duties.stop(running)
    assert running.done()
