"""One channel's courier: order, repeats, failures, and what comes back."""

from dataclasses import dataclass, field, replace

import pytest

from cmdb.application.courier import TRIES, Courier
from cmdb.application.requests import OpenTicketRequest, UpdateTicketRequest
from cmdb.application.tenure import TenureWriter
from cmdb.application.ticketing import Ticketing
from cmdb.desk.access import SYSTEM
from cmdb.errors import Conflict
from cmdb.model.outgoing import Outgoing, OutgoingState, Remote, RemoteState
from cmdb.model.records import Ticket, TicketState
from tests.fakes.outbox import FakeChannel, FakeOutboxLog, passing, refused
from tests.support.graph_records import incident
from tests.support.moments import NOON, minutes
from tests.support.small_estate import Bench, outage

FENCE = 1


def entry(ticket: str, revision: int) -> Outgoing:
    return Outgoing(
        key=f"other|{ticket}|{revision}",
        channel="other",
        ticket=incident(ticket, title=str(revision)),
        opened=revision == 1,
        revision=revision,
        at=NOON,
    )


@dataclass
class Scene:
    bench: Bench
    channel: FakeChannel = field(default_factory=FakeChannel)
    log: FakeOutboxLog = field(default_factory=FakeOutboxLog)

    def __post_init__(self) -> None:
        self.courier = Courier(
            self.channel, self.log, self.bench.clock, self.tickets, self.ticketing, lambda: 1.0
        )

    async def tickets(self) -> dict[str, Ticket]:
        return dict((await self.bench.snapshot()).tickets)

    def ticketing(self, fence: int) -> Ticketing:
        graph = self.bench.graph
        live = self.bench.application._live  # noqa: SLF001 - steps are taken on what the application shows
        return Ticketing(live, graph, TenureWriter(graph, fence), self.bench.clock)

    async def step(self, after: float = 0) -> list[tuple[str, int]]:
        """Step after so many minutes; return what the channel was told by then."""
        self.bench.clock.advance(after)
        await self.courier.step(FENCE)
        return [(told.ticket.key, told.revision) for told in self.channel.told]


@pytest.fixture
async def scene() -> Scene:
    bench = await outage()
    taken = await bench.graph.lease.take("one", await bench.graph.lease.look())
    assert taken is not None
    return Scene(bench, log=FakeOutboxLog(fence=FENCE))


async def test_every_step_is_told_in_order_and_then_gone(scene: Scene) -> None:
    scene.log.put(entry("INC2", 3), entry("INC1", 1), entry("INC1", 2))
    assert await scene.step() == [("INC1", 1), ("INC1", 2), ("INC2", 3)]
    assert scene.log.held == {}
    assert set(scene.log.known["other"]) == {"INC1", "INC2"}


async def test_a_system_that_keeps_tickets_is_told_the_latest_alone(scene: Scene) -> None:
    scene.channel.latest_only = True
    scene.log.put(entry("INC1", 1), entry("INC1", 2), entry("INC2", 3))
    assert await scene.step() == [("INC1", 2), ("INC2", 3)]
    assert scene.log.held == {}


async def test_an_outage_holds_everything_back_and_never_gives_up(scene: Scene) -> None:
    scene.log.put(entry("INC1", 1), entry("INC2", 2))
    scene.channel.failures = [passing() for _ in range(20)]
    for _ in range(20):
        assert await scene.step(after=6) == []
    assert [row.attempts for row in scene.log.held.values()] == [20, 0]
    assert await scene.step(after=6) == [("INC1", 1), ("INC2", 2)]


async def test_a_channel_that_asks_for_time_gets_it(scene: Scene) -> None:
    scene.log.put(entry("INC1", 1))
    scene.channel.failures = [passing(wait=600)]
    assert await scene.step() == []
    assert await scene.step(after=9) == []
    assert await scene.step(after=1.1) == [("INC1", 1)]


async def test_a_refusal_keeps_only_its_own_ticket_back_and_is_set_aside_in_the_end(scene: Scene) -> None:
    scene.log.put(entry("INC1", 1), entry("INC1", 2), entry("INC2", 3))
    scene.channel.failures = [refused()]
    assert await scene.step() == [("INC2", 3)]
    scene.channel.failures = [refused() for _ in range(TRIES - 1)]
    for _ in range(TRIES - 1):
        await scene.step(after=6)
    dead = scene.log.held["other|INC1|1"]
    assert (dead.state, dead.attempts, dead.problem) == (OutgoingState.DEAD, TRIES, "no such field")
    assert await scene.step(after=6) == [("INC2", 3), ("INC1", 2)]


async def test_a_retry_waits_longer_each_time(scene: Scene) -> None:
    scene.log.put(entry("INC1", 1))
    waits = []
    for _ in range(4):
        scene.channel.failures = [refused()]
        await scene.step(after=10)
        due = scene.log.held["other|INC1|1"].due_at
        assert due is not None
        waits.append((due - scene.bench.clock.now()).total_seconds())
    assert waits == [1, 2, 4, 8]


async def test_a_channel_that_stumbles_over_one_entry_goes_on_with_the_others(scene: Scene) -> None:
    scene.log.put(entry("INC1", 1), entry("INC2", 2))
    scene.channel.failures = [KeyError("result")]
    assert await scene.step() == [("INC2", 2)]
    assert scene.log.held["other|INC1|1"].problem == "KeyError: 'result'"


async def test_without_the_role_nothing_is_settled(scene: Scene) -> None:
    scene.log.put(entry("INC1", 1))
    scene.log.fence = FENCE + 1
    with pytest.raises(Conflict):
        await scene.step()
    assert list(scene.log.held) == ["other|INC1|1"]


async def kept(scene: Scene, state: str = "new") -> str:
    """Open an incident that the channel keeps in that state of its own."""
    key = (await scene.bench.application.open_ticket(SYSTEM, OpenTicketRequest(event="test:r1:down"))).ticket
    remote = Remote(channel="other", ticket=key, remote_id="7", number="X7", state=state)
    await scene.log.settle([], remote)
    return key


async def ticket(scene: Scene, key: str) -> Ticket:
    (found,) = await scene.bench.application.tickets_by_key(SYSTEM, [key])
    assert found is not None
    return found


@pytest.mark.parametrize("state", [TicketState.IN_PROGRESS, TicketState.RESOLVED, TicketState.CLOSED])
async def test_what_changed_there_comes_back_once(scene: Scene, state: TicketState) -> None:
    key = await kept(scene)
    scene.channel.now = [RemoteState("7", "theirs", state)]
    await scene.step()
    after = await ticket(scene, key)
    assert after.state is state
    assert any(note.text.startswith("X7 at other is") for note in after.notes)
    await scene.step(after=5)
    assert await ticket(scene, key) == after


async def test_a_state_that_was_there_before_does_not_undo_ours(scene: Scene) -> None:
    key = await kept(scene, state="working")
    step = UpdateTicketRequest(ticket=key, state=TicketState.RESOLVED)
    await scene.bench.application.update_ticket(SYSTEM, step)
    scene.channel.now = [RemoteState("7", "working", TicketState.IN_PROGRESS)]
    await scene.step()
    assert (await ticket(scene, key)).state is TicketState.RESOLVED


async def test_our_own_news_go_first(scene: Scene) -> None:
    key = await kept(scene)
    waiting = replace(entry(key, 9), due_at=NOON + minutes(60))
    scene.log.put(waiting)
    scene.channel.now = [RemoteState("7", "theirs", TicketState.RESOLVED)]
    await scene.step()
    assert (await ticket(scene, key)).state is not TicketState.RESOLVED


async def test_what_calls_for_nothing_is_only_remembered(scene: Scene) -> None:
    key = await kept(scene)
    before = await ticket(scene, key)
    scene.channel.now = [RemoteState("7", "triaged", None)]
    await scene.step()
    assert (await ticket(scene, key), scene.log.known["other"][key].state) == (before, "triaged")


async def test_a_channel_is_asked_once_a_minute_and_not_about_closed_tickets(scene: Scene) -> None:
    key = await kept(scene)
    for after in (0, 0.5, 0.6):
        await scene.step(after)
    assert len(scene.channel.asked) == 2
    for state in (TicketState.RESOLVED, TicketState.CLOSED):
        step = UpdateTicketRequest(ticket=key, state=state)
        await scene.bench.application.update_ticket(SYSTEM, step)
    await scene.step(after=5)
    assert len(scene.channel.asked) == 2


async def test_a_channel_that_does_not_tell_is_asked_again(scene: Scene) -> None:
    key = await kept(scene)
    scene.channel.now = [RemoteState("7", "theirs", TicketState.RESOLVED)]
    scene.channel.failures = [passing()]
    await scene.step()
    await scene.step(after=2)
    assert (await ticket(scene, key)).state is TicketState.RESOLVED
