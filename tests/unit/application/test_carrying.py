"""A snapshot that took over from the one before equals one that computes everything anew."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from cmdb.application.carrying import first_snapshot, next_snapshot
from cmdb.application.projection import Projection, Step, follow, project
from cmdb.application.snapshot import Snapshot
from cmdb.desk.access import SYSTEM
from cmdb.model.access import Principal, PrincipalRole
from cmdb.model.records import (
    Assignment,
    Dependency,
    Direction,
    Event,
    EventState,
    Item,
    Party,
    PartyKind,
    Record,
    Role,
    SituationRecord,
    Ticket,
    TicketKind,
    TicketState,
)
from cmdb.model.redundancy import RedundancyGroup
from cmdb.model.severity import Severity
from cmdb.model.windows import Window, WindowKind
from tests.fakes.graph import FakeGraph
from tests.support.moments import NOON

KEYS = [f"ci-{number}" for number in range(6)]
SERVICES = frozenset({"business_service"})
ANN = Principal(name="ann", role=PrincipalRole.SUBSCRIBER, party="ann")
POOL = RedundancyGroup(name="pool", need_up=1)
VIEWS = ("effective", "worst_case", "planned", "outage", "is_service")


def items() -> st.SearchStrategy[Record]:
    return st.builds(
        Item,
        key=st.sampled_from(KEYS),
        ci_class=st.sampled_from(["server", "business_service"]),
        name=st.sampled_from(["one", "two"]),
        groups=st.sampled_from([(), (POOL,)]),
        retired=st.sampled_from([False, False, True]),
    )


def dependencies() -> st.SearchStrategy[Record]:
    return st.builds(
        Dependency,
        consumer=st.sampled_from(KEYS),
        verb=st.just("DEPENDS_ON"),
        provider=st.sampled_from(KEYS),
        group=st.sampled_from([None, "pool"]),
        ended=st.sampled_from([False, False, True]),
    )


def events() -> st.SearchStrategy[Record]:
    return st.builds(
        Event,
        key=st.sampled_from(["e1", "e2", "e3", "e4"]),
        source=st.just("m"),
        item=st.sampled_from(KEYS),
        condition=st.just("down"),
        severity=st.sampled_from(list(Severity)[1:]),
        state=st.sampled_from([EventState.OPEN, EventState.OPEN, EventState.CLEARED]),
        direction=st.sampled_from([Direction.ERROR, Direction.ERROR, Direction.LOCAL]),
        raised_at=st.just(NOON),
        last_seen_at=st.just(NOON),
        changed_at=st.just(NOON),
        unknown=st.booleans(),
        repeat_seconds=st.sampled_from([None, 40]),
        shelved_until=st.sampled_from([None, NOON + timedelta(minutes=3)]),
    )


def others() -> st.SearchStrategy[Record]:
    window = st.builds(
        Window,
        key=st.just("w"),
        window_kind=st.just(WindowKind.MAINTENANCE),
        title=st.just("w"),
        items=st.lists(st.sampled_from(KEYS), max_size=2).map(tuple),
        start=st.just(NOON),
        end=st.sampled_from([NOON + timedelta(minutes=2), NOON + timedelta(minutes=9)]),
    )
    ticket = st.builds(
        Ticket,
        key=st.just("INC1"),
        ticket_kind=st.just(TicketKind.INCIDENT),
        title=st.just("t"),
        state=st.sampled_from([TicketState.NEW, TicketState.CLOSED]),
        opened_at=st.just(NOON),
        changed_at=st.just(NOON),
        items=st.just(tuple(KEYS[:1])),
    )
    assignment = st.builds(
        Assignment,
        party=st.just("ann"),
        role=st.sampled_from(Role),
        item=st.sampled_from(KEYS),
        ended=st.booleans(),
    )
    situation = st.builds(
        SituationRecord,
        key=st.sampled_from(["SIT1", "SIT2"]),
        cause=st.sampled_from(KEYS),
        events=st.lists(st.sampled_from(["e1", "e2", "e3"]), max_size=2, unique=True).map(tuple),
        opened_at=st.just(NOON),
        changed_at=st.just(NOON),
        ended_at=st.sampled_from([None, None, NOON]),
    )
    return st.one_of(window, ticket, assignment, situation)


def batches() -> st.SearchStrategy[list[Record]]:
    one = st.one_of(items(), dependencies(), events(), others())
    return st.lists(one, min_size=1, max_size=4, unique_by=lambda row: (row.kind, row.key))


GROUND: list[Record] = [
    *(Item(key=key, ci_class="business_service", name=key, groups=(POOL,)) for key in KEYS),
    Party(key="ann", party_kind=PartyKind.PERSON, name="Ann"),
]


@given(steps=st.lists(batches(), min_size=1, max_size=6))
async def test_step_by_step_equals_computing_anew(steps: list[list[Record]]) -> None:
    graph, at = FakeGraph(), NOON
    await graph.write(SYSTEM, "test", GROUND, at)
    projection, snapshot = await anew(graph, at)
    snapshot.mask(ANN)
    for batch in steps:
        at += timedelta(minutes=1)
        await graph.write(SYSTEM, "test", batch, at)
        step = follow(projection, await graph.delta(SYSTEM, projection.revision))
        snapshot = next_snapshot(snapshot, step, at)
        projection = step.projection
        _, fresh = await anew(graph, at)
        assert shown(snapshot) == shown(fresh)
        for place in range(len(fresh.topology)):
            assert snapshot.margins.of(place) == fresh.margins.of(place)


async def anew(graph: FakeGraph, at: datetime) -> tuple[Projection, Snapshot]:
    """Read the whole graph."""
    delta = await graph.delta(SYSTEM, 0)
    projection = project(delta)
    return projection, first_snapshot(Step(projection, delta), SERVICES, at)


def shown(snapshot: Snapshot) -> Mapping[str, object]:
    """Return all that questions read, in words and plain numbers."""
    mask = snapshot.mask(ANN)
    assert mask is not None
    assigned = {key: sorted(row.key for row in rows) for key, rows in snapshot.assigned_at.items()}
    return {
        **{name: getattr(snapshot, name).tolist() for name in VIEWS},
        "keys": snapshot.topology.keys,
        "own": snapshot.own,
        "events": snapshot.events_at,
        "groups": snapshot.event_groups,
        "numbers": snapshot.numbers,
        "by event": snapshot.group_by_event,
        "turns": snapshot.turns,
        "tickets": snapshot.open_tickets_at,
        "changes": snapshot.changes_at,
        "assigned": assigned,
        "mask": mask.tolist(),
    }


async def test_what_nothing_touched_is_the_very_same() -> None:
    graph = FakeGraph()
    await graph.write(SYSTEM, "test", GROUND, NOON)
    projection, before = await anew(graph, NOON)
    ticket = Ticket(
        key="t", ticket_kind=TicketKind.INCIDENT, title="t", state=TicketState.NEW, opened_at=NOON, changed_at=NOON
    )  # fmt: skip
    groups, numbers = before.event_groups, before.numbers
    await graph.write(SYSTEM, "test", [ticket], NOON)
    after = next_snapshot(before, follow(projection, await graph.delta(SYSTEM, 1)), NOON)
    assert after.effective is before.effective
    assert after.events is before.events
    assert after.event_groups is groups
    assert after.numbers is numbers
    assert list(after.tickets) == ["t"]


async def test_a_dependency_that_comes_groups_events_anew() -> None:
    graph = FakeGraph()
    rows = [
        Event(
            key=key, source="m", item=key, condition="down", severity=Severity.MAJOR, state=EventState.OPEN,
            direction=Direction.ERROR, raised_at=NOON, last_seen_at=NOON, changed_at=NOON,
        )
        for key in KEYS[:2]
    ]  # fmt: skip
    await graph.write(SYSTEM, "test", [*GROUND, *rows], NOON)
    projection, before = await anew(graph, NOON)
    assert len(before.event_groups) == 2
    needs = Dependency(consumer=KEYS[0], verb="DEPENDS_ON", provider=KEYS[1])
    await graph.write(SYSTEM, "test", [needs], NOON)
    after = next_snapshot(before, follow(projection, await graph.delta(SYSTEM, 1)), NOON)
    assert [group.cause for group in after.event_groups] == [KEYS[1]]
