"""What a follower is told, against whole pictures: nothing that changed is missing, nothing else is told."""

import itertools
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmdb.application.feed import Change, Feed
from cmdb.application.live import LiveTopology
from cmdb.application.snapshot import Snapshot
from cmdb.errors import ErrorCode, StoreError
from cmdb.model.access import Principal
from cmdb.model.records import Direction, EntryRecord
from cmdb.model.severity import Severity
from cmdb.ports.graph import GraphTotals
from tests.fakes.graph import FakeGraph
from tests.support.moments import NOON, minutes
from tests.support.small_estate import ESTATE, Bench, cleared, furnished, raised

Health = tuple[Severity, Severity, Severity]


@dataclass
class Watch:
    """A feed over a bench that looks when it is told to, and keeps every picture that it took."""

    bench: Bench
    feed: Feed
    seen: list[Snapshot] = field(default_factory=list)

    async def write(self, *records: EntryRecord) -> int:
        outcome = await self.bench.assert_records(*records)
        await self.look()
        return outcome.revision

    async def look(self) -> None:
        self.bench.clock.advance(0.01)
        await self.feed.look()
        self.seen.append(await self.bench.snapshot())


async def watch(memory: int = 100, bench: Bench | None = None) -> Watch:
    bench = bench or await furnished()
    live = LiveTopology(bench.graph, bench.clock, bench.application.metamodel.service_classes(), patience=60)
    made = Watch(bench, Feed(live, memory))
    await made.look()
    return made


async def told(watched: Watch, since: int | None) -> Change | None:
    """Return what a follower from that revision is told first, None when nothing changed since."""
    stream = watched.feed.follow(since)
    waiting: Any = anext(stream)
    try:
        # Driven by hand, so that waiting for news shows at once and not after some time.
        waiting.send(None)
    except StopIteration as found:
        change: Change = found.value
        return change
    else:
        waiting.close()
        return None
    finally:
        await watched.feed.close()


def services(snapshot: Snapshot) -> dict[str, Health]:
    """Return the states of all services, fine ones too."""
    found = {}
    for place, key in enumerate(snapshot.topology.keys):
        if snapshot.is_service[place]:
            health = snapshot.health(place)
            found[key] = (health.effective, health.worst_case, health.planned)
    return found


def differing(before: Snapshot, after: Snapshot) -> set[str]:
    old, new = services(before), services(after)
    return {key for key in old if old[key] != new[key]}


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["r1", "r2", "vpnc", "printsrv", "vpn"]),
        st.sampled_from([None, Severity.MINOR, Severity.CRITICAL]),
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=25)
@given(STEPS, st.data())
async def test_a_follower_from_any_revision_is_told_every_service_that_ever_differed_since(
    steps: Sequence[tuple[str, Severity | None]], data: st.DataObject
) -> None:
    watched = await watch()
    for number, (key, severity) in enumerate(steps, start=1):
        at = NOON + minutes(number)
        await watched.write(cleared(key, at) if severity is None else raised(key, severity, at))
    pictures = {snapshot.revision: snapshot for snapshot in watched.seen}
    since = data.draw(st.sampled_from(sorted(pictures)))
    later = [pictures[revision] for revision in sorted(pictures) if revision >= since]
    expected = set[str]()
    for before, after in itertools.pairwise(later):
        expected |= differing(before, after)
    change = await told(watched, since)
    assert (change is None) is (len(later) == 1)
    if change is not None:
        assert (change.reset, set(change.services)) == (False, expected)
        assert change.picture.snapshot.revision == max(pictures)
        assert differing(pictures[since], later[-1]) <= set(change.services)


async def test_at_first_all_that_is_not_fine_is_told_and_all_that_is_open() -> None:
    watched = await watch(bench=await furnished(raised("r1", Severity.MAJOR)))
    change = await told(watched, None)
    assert change is not None
    assert (change.reset, set(change.services)) == (True, {"vpn", "finance"})
    assert set(change.situations) == {"cause:r1"}
    assert change.ended == {}


async def test_what_does_not_travel_is_told_of_the_service_itself() -> None:
    watched = await watch()
    revision = await watched.write(raised("vpn", Severity.MAJOR, direction=Direction.LOCAL))
    change = await told(watched, revision - 1)
    assert change is not None
    assert change.services == {"vpn"}


@pytest.mark.parametrize("since", [-1, 0, 99])
async def test_a_revision_that_is_forgotten_or_not_written_yet_is_a_reset(since: int) -> None:
    watched = await watch()
    await watched.write(raised("r1"))
    change = await told(watched, since)
    assert change is not None
    assert change.reset


async def test_no_more_steps_are_kept_than_the_memory_holds() -> None:
    watched = await watch(memory=2)
    revisions = [await watched.write(raised("r1", at=NOON + minutes(number))) for number in range(5)]
    resets = []
    for revision in revisions[:-1]:
        change = await told(watched, revision)
        assert change is not None
        resets.append(change.reset)
    assert resets == [True, True, False, False]


async def test_a_write_that_changes_nothing_watched_is_a_step_that_tells_of_nothing() -> None:
    watched = await watch()
    revision = await watched.write(raised("mail1", Severity.MINOR))
    change = await told(watched, revision - 1)
    assert change is not None
    assert (*change.services, *change.tickets, *change.situations) == ("cause:mail1",)


async def test_a_repeat_of_an_event_is_no_news_of_its_situation_and_its_end_is() -> None:
    watched = await watch()
    first = await watched.write(raised("r1"))
    second = await watched.write(raised("r1", at=NOON + minutes(3)))
    change = await told(watched, first)
    assert change is not None
    assert dict(change.situations) == {}
    await watched.write(cleared("r1", NOON + minutes(5)))
    change = await told(watched, second)
    assert change is not None
    assert set(change.ended) == {"cause:r1"}
    assert [member.event.key for member in change.ended["cause:r1"].members] == ["test:r1:down"]


@dataclass
class Moody(FakeGraph):
    """A store that can be gone."""

    gone: bool = False

    async def totals(self, principal: Principal) -> GraphTotals:
        if self.gone:
            raise StoreError(ErrorCode.STORE_GONE, "The connection was lost.")
        return await super().totals(principal)

    async def head(self) -> int:
        if self.gone:
            raise StoreError(ErrorCode.STORE_GONE, "The connection was lost.")
        return await super().head()


async def test_what_was_written_while_the_store_was_gone_is_told_afterwards() -> None:
    graph = Moody()
    bench = Bench(graph)
    await bench.assert_records(*ESTATE)
    watched = await watch(bench=bench)
    revision = watched.seen[-1].revision
    await bench.assert_records(raised("r1"))
    graph.gone = True
    bench.clock.advance(1)
    with pytest.raises(StoreError):
        await watched.feed.look()
    graph.gone = False
    await watched.look()
    change = await told(watched, revision)
    assert change is not None
    assert change.services == {"vpn", "finance"}


async def test_it_is_closed_once_and_again() -> None:
    watched = await watch()
    stream: AsyncIterator[Change] = watched.feed.follow(None)
    assert (await anext(stream)).reset
    await watched.feed.close()
    await watched.feed.close()
