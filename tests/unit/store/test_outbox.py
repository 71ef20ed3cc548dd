"""What waits for channels: which steps of which tickets, and that an entry is read as it was written."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmdb.errors import Conflict, ErrorCode
from cmdb.model.outgoing import Outgoing, OutgoingState, Remote
from cmdb.model.records import Record
from cmdb.ports.graph import RowResult, RowStatus, WriteOutcome
from cmdb.store.codec import Properties
from cmdb.store.leasing import LOOK, GraphLease
from cmdb.store.outbox import DROP, POSTPONE, PUT_ENTRIES, PUT_REMOTE, OutboxStore
from tests.fakes.connection import FakeConnection, FakeTransaction, Parameters
from tests.support.graph_records import event, incident, item
from tests.support.moments import NOON, minutes
from tests.support.records import MOMENTS, TEXTS, tickets

REMOTE = Remote(channel="desk", ticket="INC1", remote_id="42", number="T-1", state="new")


class Graph(FakeConnection):
    """A graph that keeps entries and remotes; its owner role is in tenure 3."""

    def __init__(self) -> None:
        super().__init__({LOOK: [{"fence": 3, "renewals": 9, "holder": "one", "done": 0}]})
        self.entries: dict[str, Properties] = {}
        self.remotes: dict[str, Properties] = {}
        self.answers |= {
            PUT_ENTRIES: self._put,
            POSTPONE: self._postpone,
            DROP: self._drop,
            PUT_REMOTE: self._put_remote,
            "Outgoing": lambda asked: [{"held": row} for row in self.entries.values()][: asked["limit"]],
            "Remote": lambda _asked: [{"held": row} for row in self.remotes.values()],
        }

    def _put(self, asked: Parameters) -> list[Any]:
        self.entries.update((row["key"], row) for row in asked["rows"])
        return []

    def _postpone(self, asked: Parameters) -> list[Any]:
        self.entries[asked["key"]].update(asked["held"])
        return []

    def _drop(self, asked: Parameters) -> list[Any]:
        for key in asked["keys"]:
            self.entries.pop(key, None)
        return []

    def _put_remote(self, asked: Parameters) -> list[Any]:
        self.remotes[asked["key"]] = asked["held"]
        return []


def outbox(graph: Graph, *channels: str) -> OutboxStore:
    return OutboxStore(graph, GraphLease(graph), channels)


async def written(
    store: OutboxStore, graph: Graph, *rows: tuple[Record, RowStatus], revision: int = 7
) -> None:
    results = tuple(
        RowResult(index=number, kind=record.kind, key=record.key, status=status)
        for number, (record, status) in enumerate(rows)
    )
    outcome = WriteOutcome(revision, results)
    await store.add(FakeTransaction(graph), [record for record, _ in rows], outcome, NOON)


async def test_every_channel_is_to_be_told_of_every_ticket_that_was_written() -> None:
    graph = Graph()
    store = outbox(graph, "desk", "hook")
    new, same = incident("INC1"), incident("INC2")
    await written(
        store,
        graph,
        (new, RowStatus.CREATED),
        (item("a"), RowStatus.CREATED),
        (same, RowStatus.UNCHANGED),
        (event("e"), RowStatus.UPDATED),
        (incident("INC3"), RowStatus.UPDATED),
        (incident("INC4"), RowStatus.REFUSED),
    )
    found = await store.entries(99)
    assert [(entry.channel, entry.ticket.key, entry.opened) for entry in found] == [
        ("desk", "INC1", True),
        ("hook", "INC1", True),
        ("desk", "INC3", False),
        ("hook", "INC3", False),
    ]
    first = found[0]
    assert first == Outgoing(key="desk|INC1|7", channel="desk", ticket=new, opened=True, revision=7, at=NOON)


async def test_without_channels_or_tickets_nothing_is_written() -> None:
    graph = Graph()
    await written(outbox(graph), graph, (incident("INC1"), RowStatus.CREATED))
    await written(outbox(graph, "desk"), graph, (item("a"), RowStatus.CREATED))
    assert graph.asked == []


async def test_a_repeated_transaction_leaves_one_entry_a_step_and_another_step_another() -> None:
    graph = Graph()
    store = outbox(graph, "desk")
    for revision in (7, 7, 8):
        await written(store, graph, (incident("INC1"), RowStatus.UPDATED), revision=revision)
    assert [entry.revision for entry in await store.entries(99)] == [7, 8]


@settings(max_examples=30)
@given(tickets(), st.booleans(), st.integers(1, 2**40), MOMENTS)
async def test_an_entry_is_read_as_it_was_written(ticket: Any, opened: bool, revision: int, at: Any) -> None:
    graph = Graph()
    store = outbox(graph, "desk")
    status = RowStatus.CREATED if opened else RowStatus.UPDATED
    result = RowResult(index=0, kind=ticket.kind, key=ticket.key, status=status)
    await store.add(FakeTransaction(graph), [ticket], WriteOutcome(revision, (result,)), at)
    (entry,) = await store.waiting("desk", 9)
    assert (entry.ticket, entry.opened, entry.revision, entry.at) == (ticket, opened, revision, at)
    assert all(isinstance(value, str | int | bool) for value in next(iter(graph.entries.values())).values())


@pytest.mark.parametrize("due", [None, NOON + minutes(3)])
async def test_how_attempts_went_is_kept(due: Any) -> None:
    graph = Graph()
    store = outbox(graph, "desk")
    await written(store, graph, (incident("INC1"), RowStatus.CREATED))
    (entry,) = await store.entries(9)
    late = replace(entry, attempts=4, due_at=due, state=OutgoingState.DEAD, problem="refused: 422")
    await store.postpone(late)
    assert await store.entries(9) == [late]


@given(TEXTS, TEXTS, TEXTS, TEXTS, TEXTS)
@settings(max_examples=40)
async def test_a_remote_is_read_as_it_was_kept(
    channel: str, ticket: str, remote_id: str, number: str, state: str
) -> None:
    graph = Graph()
    store = outbox(graph, "desk")
    remote = Remote(channel=channel, ticket=ticket, remote_id=remote_id, number=number, state=state)
    await store.settle([], remote)
    assert await store.remotes(channel) == {ticket: remote}
    assert graph.given(DROP) == []


async def test_settling_drops_the_entries_and_keeps_the_remote_in_one_transaction() -> None:
    graph = Graph()
    store = outbox(graph, "desk")
    await written(store, graph, (incident("INC1"), RowStatus.CREATED), (incident("INC2"), RowStatus.CREATED))
    await store.settle({"desk|INC1|7"}, REMOTE)
    assert graph.transactions == 1
    assert [entry.ticket.key for entry in await store.entries(9)] == ["INC2"]
    assert await store.remotes("desk") == {"INC1": REMOTE}


async def test_a_courier_whose_tenure_ended_changes_nothing() -> None:
    graph = Graph()
    store = outbox(graph, "desk")
    await written(store, graph, (incident("INC1"), RowStatus.CREATED))
    (entry,) = await store.entries(9)
    before = json.dumps(graph.entries)
    for attempt in (
        store.settle([entry.key], REMOTE, fence=2),
        store.postpone(replace(entry, attempts=1), fence=2),
    ):
        with pytest.raises(Conflict) as lost:
            await attempt
        assert lost.value.code is ErrorCode.ROLE_LOST
    assert (json.dumps(graph.entries), graph.remotes) == (before, {})
    await store.settle([entry.key], REMOTE, fence=3)
    assert graph.entries == {}
