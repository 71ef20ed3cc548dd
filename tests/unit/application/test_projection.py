"""Deltas add up to the present graph, whatever way they come."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from cmdb.application.projection import Projection, follow, project
from cmdb.desk.access import SYSTEM
from cmdb.model.records import (
    Assignment,
    Direction,
    Event,
    EventState,
    EventTransition,
    Record,
    Role,
    Ticket,
    TicketKind,
    TicketState,
)
from cmdb.model.severity import Severity
from cmdb.model.windows import Window, WindowKind
from cmdb.ports.graph import GraphDelta
from tests.fakes.graph import FakeGraph
from tests.support.moments import NOON, minutes
from tests.support.small_estate import ESTATE, item, needs

GROUND = [row for row in ESTATE if not isinstance(row, EventTransition)]
EVENT = Event(
    key="e", source="m", item="r1", condition="down", severity=Severity.MAJOR, state=EventState.OPEN,
    direction=Direction.ERROR, raised_at=NOON, last_seen_at=NOON, changed_at=NOON,
)  # fmt: skip


async def followed(*steps: Iterable[Record]) -> tuple[Projection, FakeGraph]:
    """Write step by step, the projection following each."""
    graph, projection = FakeGraph(), project(GraphDelta(0))
    for number, records in enumerate(steps):
        outcome = await graph.write(SYSTEM, "test", list(records), NOON + timedelta(minutes=number))
        assert not outcome.refused
        projection = follow(projection, await graph.delta(SYSTEM, projection.revision)).projection
    return projection, graph


def edges(projection: Projection) -> set[tuple[str, str]]:
    topology = projection.topology
    views = (topology.edge(edge) for place in range(len(topology)) for edge in topology.to_providers(place))
    return {(topology.keys[view.consumer], topology.keys[view.provider]) for view in views}


async def test_following_step_by_step_equals_reading_at_once() -> None:
    steps: list[list[Record]] = [
        list[Record](GROUND),
        [needs("print", "r2"), item("extra", "server")],
        [item("r1", "router", retired=True)],
        [replace(needs("print", "printsrv"), ended=True)],
        [item("r1", "router", "back again"), needs("vpnc", "r1")],
    ]
    followed_up, graph = await followed(*steps)
    fresh = project(await graph.delta(SYSTEM, 0))
    assert followed_up.topology.keys == fresh.topology.keys
    assert followed_up.topology.names == fresh.topology.names
    assert edges(followed_up) == edges(fresh)
    assert ("print", "r2") in edges(fresh)
    assert not {("print", "printsrv"), ("mail", "r1")} & edges(fresh)
    assert followed_up.revision == fresh.revision == len(steps)


async def test_keys_stand_in_order_however_they_came() -> None:
    projection, _ = await followed([item("b", "server")], [item("c", "server"), item("a", "server")])
    assert projection.topology.keys == ("a", "b", "c")


async def test_records_alone_leave_the_topology_as_it_is() -> None:
    projection, graph = await followed(GROUND)
    before = projection.topology
    await graph.write(SYSTEM, "test", [EVENT], NOON)
    step = follow(projection, await graph.delta(SYSTEM, 1))
    projection = step.projection
    assert (step.patched, projection.topology) == (None, before)
    assert list(projection.events) == ["e"]


async def test_a_cleared_event_leaves_and_a_reopened_one_returns() -> None:
    cleared = replace(EVENT, state=EventState.CLEARED, cleared_at=NOON)
    projection, _ = await followed(GROUND, [EVENT], [cleared])
    assert projection.events == {}
    projection, _ = await followed(GROUND, [EVENT], [cleared], [EVENT])
    assert list(projection.events) == ["e"]


async def test_subscribers_are_those_of_open_subscriptions() -> None:
    ended = Assignment(party="ann", role=Role.SUBSCRIBES, item="vpn", ended=True)
    projection, _ = await followed(GROUND)
    assert projection.subscribers == {
        "vpn": frozenset({"ann"}),
        "mail": frozenset({"ann"}),
        "finance": frozenset({"bob"}),
    }
    projection, _ = await followed(GROUND, [ended])
    assert "vpn" not in projection.subscribers


async def test_windows_and_tickets_are_replaced_by_key() -> None:
    window = Window(
        key="w", window_kind=WindowKind.MAINTENANCE, title="w", items=("r1",), start=NOON,
        end=NOON + minutes(5),
    )  # fmt: skip
    ticket = Ticket(
        key="t", ticket_kind=TicketKind.INCIDENT, title="t", state=TicketState.NEW, opened_at=NOON, changed_at=NOON
    )  # fmt: skip
    longer, done = replace(window, end=NOON + minutes(9)), replace(ticket, state=TicketState.CLOSED)
    projection, _ = await followed(GROUND, [window, ticket], [longer, done])
    assert [row.end for row in projection.windows.values()] == [NOON + minutes(9)]
    assert [row.state for row in projection.tickets.values()] == [TicketState.CLOSED]


async def test_a_dependency_whose_group_is_gone_counts_alone() -> None:
    projection, _ = await followed(GROUND, [item("mail", "business_service", "E-mail")])
    topology = projection.topology
    found = [topology.edge(edge) for edge in topology.to_providers(topology.index["mail"])]
    assert [(topology.keys[view.provider], view.group) for view in found] == [("r1", None), ("r2", None)]
