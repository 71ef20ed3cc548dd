"""What a graph store promises: one suite on the embedded engine, on Neo4j and on the fake that other tests use."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Protocol

import pytest

from cmdb.desk.access import SYSTEM
from cmdb.errors import CmdbError, ErrorCode
from cmdb.model.access import Principal, PrincipalRole
from cmdb.model.kinds import RecordKind
from cmdb.model.records import (
    Assignment,
    Change,
    Dependency,
    Event,
    EventState,
    Item,
    Party,
    PartyKind,
    Record,
    Role,
    SituationRecord,
    Ticket,
    TicketState,
    WorkNote,
)
from cmdb.model.severity import Strength
from cmdb.model.windows import Window
from cmdb.ports.graph import (
    GraphDelta,
    GraphReader,
    GraphWriter,
    Moment,
    PageKey,
    RecordFilter,
    RowStatus,
    WriteOutcome,
)
from cmdb.store.connection import StoreAddress
from cmdb.store.store import open_store
from tests.conftest import ENGINES, MIGRATIONS, VERBS, wipe
from tests.fakes.graph import FakeGraph
from tests.support.graph_records import EVERY_KIND, TABLE, edge, event, incident, item
from tests.support.moments import NOON, minutes

ANN = Principal(name="ann", role=PrincipalRole.SUBSCRIBER, party="ann")


class Graph(GraphReader, GraphWriter, Protocol):
    """Both ports."""


@pytest.fixture(params=("fake", *ENGINES))
def store_address(request: pytest.FixtureRequest) -> StoreAddress | None:
    """The address of each engine in turn, first None for the graph in memory."""
    if request.param == "fake":
        return None
    address = request.getfixturevalue(f"{request.param}_address")
    assert isinstance(address, StoreAddress)
    return address


@pytest.fixture
async def store(store_address: StoreAddress | None) -> AsyncIterator[Graph]:
    """An empty graph of each make."""
    if store_address is None:
        yield FakeGraph()
        return
    await wipe(store_address)
    async with open_store(store_address, VERBS, MIGRATIONS) as opened:
        yield opened


async def write(store: Graph, *records: Record, at: float = 0) -> WriteOutcome:
    return await store.write(SYSTEM, "test", records, NOON + minutes(at))


async def test_every_kind_comes_back_as_it_was_written(store: Graph) -> None:
    outcome = await write(store, *EVERY_KIND)
    assert {row.status for row in outcome.results} == {RowStatus.CREATED}
    for record in EVERY_KIND:
        (stored,) = await store.records(SYSTEM, record.kind, [record.key])
        given = (
            record
            if isinstance(record, Event | Ticket | SituationRecord)
            else replace(record, valid_from=NOON)
        )
        assert stored.record == given
        assert (stored.revision, stored.recorded_at, stored.source) == (1, NOON, "test")


async def test_empty_lists_and_texts_come_back_empty(store: Graph) -> None:
    bare = (
        replace(next(row for row in EVERY_KIND if isinstance(row, Change)), targets=()),
        replace(next(row for row in EVERY_KIND if isinstance(row, Window)), items=()),
        incident("t1", items=(), notes=(WorkNote(at=NOON, author="", text=""),)),
    )
    await write(store, *bare)
    delta = await store.delta(SYSTEM, 0)
    assert [len(rows) for rows in (delta.changes, delta.windows, delta.tickets)] == [1, 1, 1]
    assert (delta.changes[0].targets, delta.windows[0].items) == ((), ())
    assert delta.tickets[0].notes == bare[2].notes
    for record in bare:
        assert len(await store.records(SYSTEM, record.kind, [record.key])) == 1


async def test_an_unchanged_batch_takes_no_revision(store: Graph) -> None:
    await write(store, *EVERY_KIND)
    again = await write(store, *EVERY_KIND, at=5)
    assert again.revision == 1
    assert {row.status for row in again.results} == {RowStatus.UNCHANGED}
    assert await store.head() == 1


async def test_results_come_in_input_order_with_their_fate(store: Graph) -> None:
    await write(store, item("a"), item("b"))
    outcome = await write(store, item("c"), item("a"), item("b", name="new"))
    assert [(row.key, row.status.value) for row in outcome.results] == [
        ("c", "created"),
        ("a", "unchanged"),
        ("b", "updated"),
    ]


@pytest.mark.parametrize(
    "bad",
    [
        edge("a", "nowhere"),
        event("e", on="nowhere"),
        incident("t", items=("nowhere",)),
        Assignment(party="nobody", role=Role.OWNS, item="a"),
        Assignment(party="ann", role=Role.OWNS, item="nowhere"),
    ],
    ids=lambda record: f"{record.kind}",
)
async def test_a_dangling_end_refuses_the_whole_batch(store: Graph, bad: Record) -> None:
    await write(store, item("a"), Party(key="ann", party_kind=PartyKind.PERSON, name="Ann"))
    outcome = await write(store, item("new"), bad)
    assert [row.status for row in outcome.results] == [RowStatus.REFUSED, RowStatus.REFUSED]
    problem = outcome.results[1].problem
    assert problem is not None
    assert problem.code is ErrorCode.DANGLING_END
    assert "no" in problem.message
    assert problem.hint
    assert await store.records(SYSTEM, RecordKind.ITEM, ["new"]) == []
    assert (outcome.revision, await store.head()) == (1, 1)


async def test_ends_may_come_in_the_same_batch_in_any_order(store: Graph) -> None:
    outcome = await write(store, edge("a", "b"), event("e"), item("b"), item("a"))
    assert not outcome.refused


async def test_one_open_incident_per_cause(store: Graph) -> None:
    await write(store, item("a"), incident("t1"))
    second = await write(store, incident("t2"))
    assert second.results[0].problem is not None
    assert second.results[0].problem.code is ErrorCode.CONFLICT
    assert "t1" in second.results[0].problem.message
    both = await write(store, incident("t3", "other"), incident("t4", "other"))
    assert both.refused
    resolved = incident("t1", state=TicketState.RESOLVED, resolved_at=NOON)
    assert not (await write(store, resolved, incident("t2"))).refused


async def test_superseded_states_are_kept(store: Graph) -> None:
    await write(store, item("a"))
    await write(store, item("a", name="second"), at=10)
    await write(store, item("a", name="third", valid_from=NOON + minutes(15)), at=20)
    versions = await store.versions(SYSTEM, RecordKind.ITEM, "a")
    assert [row.record.name for row in versions if isinstance(row.record, Item)] == [
        "name of a",
        "second",
        "third",
    ]
    assert [(row.valid_from, row.valid_to) for row in versions] == [
        (NOON, NOON + minutes(10)),
        (NOON + minutes(10), NOON + minutes(15)),
        (NOON + minutes(15), None),
    ]
    assert [row.revision for row in versions] == [1, 2, 3]


async def test_dependencies_and_assignments_keep_their_past_too(store: Graph) -> None:
    ann = Party(key="ann", party_kind=PartyKind.PERSON, name="Ann")
    owns = Assignment(party="ann", role=Role.OWNS, item="a")
    await write(store, item("a"), item("b"), ann, edge("a", "b"), owns)
    await write(store, edge("a", "b", weight=2), replace(owns, ended=True), at=5)
    past = await store.versions(SYSTEM, RecordKind.DEPENDENCY, edge("a", "b").key)
    assert [row.record.weight for row in past if isinstance(row.record, Dependency)] == [1, 2]
    ended = await store.versions(SYSTEM, RecordKind.ASSIGNMENT, owns.key)
    assert [row.valid_to for row in ended] == [NOON + minutes(5), NOON + minutes(5)]


async def test_ending_and_asserting_again_opens_the_same_dependency(store: Graph) -> None:
    await write(store, item("a"), item("b"), edge("a", "b"))
    await write(store, edge("a", "b", ended=True), at=5)
    assert (await store.delta(SYSTEM, 0)).dependencies.consumers == []
    await write(store, edge("a", "b"), at=9)
    assert (await store.delta(SYSTEM, 0)).dependencies.consumers == ["a"]
    assert len(await store.versions(SYSTEM, RecordKind.DEPENDENCY, edge("a", "b").key)) == 3


async def test_ending_what_never_was_changes_nothing(store: Graph) -> None:
    await write(store, item("a"), item("b"))
    outcome = await write(store, edge("a", "b", ended=True), item("ghost", retired=True))
    assert {row.status for row in outcome.results} == {RowStatus.UNCHANGED}
    assert outcome.revision == 1


async def test_retiring_leaves_a_tombstone_and_closes_dependencies_at_both_ends(store: Graph) -> None:
    await write(store, item("a"), item("b"), item("c"), edge("a", "b"), edge("b", "c"))
    await write(store, item("b", retired=True), at=5)
    delta = await store.delta(SYSTEM, 1)
    assert dict(zip(delta.items.keys, delta.items.retired, strict=True)) == {
        "a": False,
        "b": True,
    }
    assert delta.dependencies.consumers == []
    assert sorted((await store.delta(SYSTEM, 0)).items.keys) == ["a", "c"]
    assert len(await store.versions(SYSTEM, RecordKind.DEPENDENCY, edge("a", "b").key)) == 2
    assert (await write(store, edge("a", "b"))).refused
    revived = await write(store, item("b"), edge("a", "b"), at=9)
    assert not revived.refused
    assert (await store.delta(SYSTEM, 0)).dependencies.consumers == ["a"]


async def test_work_on_a_retired_ci_can_still_be_finished(store: Graph) -> None:
    await write(store, item("a"), event("e"), incident("t1"))
    await write(store, item("a", retired=True), at=5)
    done = incident("t1", state=TicketState.RESOLVED, resolved_at=NOON)
    gone = event("e", state=EventState.CLEARED, cleared_at=NOON, changed_at=NOON + minutes(6))
    assert not (await write(store, done, gone, at=6)).refused


def shape(delta: GraphDelta) -> dict[str, object]:
    items = zip(delta.items.keys, delta.items.names, delta.items.classes, delta.items.groups, strict=True)
    rows = delta.dependencies
    edges = zip(
        rows.consumers,
        rows.providers,
        rows.verbs,
        rows.strengths,
        rows.maps,
        rows.weights,
        rows.groups,
        strict=True,
    )
    lists = (delta.events, delta.changes, delta.tickets, delta.parties, delta.assignments, delta.windows)
    return {
        "items": sorted(map(repr, items)),
        "edges": sorted(map(repr, edges)),
        "records": [sorted(record.key for record in records) for records in lists],
    }


async def test_the_whole_present_equals_what_the_tail_adds_up_to(store: Graph) -> None:
    await write(store, *EVERY_KIND)
    first = await store.delta(SYSTEM, 0)
    assert first.revision == 1
    assert shape(first)["edges"] == [
        repr(("a", "b", "DEPENDS_ON", Strength.SOFT, TABLE, 3, "wan"))
    ]  # fmt: skip
    await write(store, edge("b", "a"), at=1)
    tail = await store.delta(SYSTEM, 1)
    assert (tail.revision, tail.items.keys, tail.dependencies.consumers) == (2, ["b"], ["b"])
    assert (tail.events, tail.tickets, tail.assignments) == ([], [], [])
    ended = Assignment(party="ann", role=Role.SUBSCRIBES, item="a", ended=True)
    cleared = event("e1", state=EventState.CLEARED, cleared_at=NOON)
    await write(store, ended, cleared, at=2)
    tail = await store.delta(SYSTEM, 2)
    assert [(row.key, row.ended) for row in tail.assignments] == [(ended.key, True)]
    assert [row.state for row in tail.events] == [EventState.CLEARED]
    now = await store.delta(SYSTEM, 0)
    assert (now.events, now.assignments) == ([], [])
    assert (await store.delta(SYSTEM, 3)).items.keys == []


async def test_pages_go_newest_first_without_gap_or_repeat(store: Graph) -> None:
    times = [0, 0, 1, 60 * 24 * 3, -60 * 24 * 20, -60 * 24 * 300, -60 * 24 * 4000, 60 * 24 * 30]
    await write(store, item("a"), *(event(f"e{number}", at) for number, at in enumerate(times)))
    expected = [f"e{n}" for _, n in sorted(((at, n) for n, at in enumerate(times)), reverse=True)]
    assert await store.count(SYSTEM, RecordKind.EVENT, RecordFilter()) == len(times)
    for query in (RecordFilter(), RecordFilter(items=frozenset({"a"}))):
        seen: list[str] = []
        after: PageKey | None = None
        while rows := await store.page(SYSTEM, RecordKind.EVENT, query, after, 3):
            seen += [row.record.key for row in rows]
            last = rows[-1].record
            assert isinstance(last, Event)
            after = PageKey(last.raised_at, last.key)
        assert seen == expected


async def test_filters_narrow_pages_and_counts_alike(store: Graph) -> None:
    closed = event("e3", 5, state=EventState.CLEARED)
    await write(store, item("a"), item("b"), event("e1"), event("e2", 1, "b"), closed)
    for query, keys in (
        (RecordFilter(items=frozenset({"b"})), ["e2"]),
        (RecordFilter(states=frozenset({"open"})), ["e2", "e1"]),
        (RecordFilter(since=NOON + minutes(1)), ["e3", "e2"]),
        (RecordFilter(since=NOON, until=NOON + minutes(1)), ["e1"]),
        (RecordFilter(items=frozenset()), []),
    ):
        rows = await store.page(SYSTEM, RecordKind.EVENT, query, None, 10)
        assert [row.record.key for row in rows] == keys
        assert await store.count(SYSTEM, RecordKind.EVENT, query) == len(keys)


async def test_links_follow_their_record(store: Graph) -> None:
    await write(store, item("a"), item("b"), incident("t1"))
    await write(store, incident("t1", items=("b",)), at=1)
    on_a = await store.page(SYSTEM, RecordKind.TICKET, RecordFilter(items=frozenset({"a"})), None, 5)
    on_b = await store.page(SYSTEM, RecordKind.TICKET, RecordFilter(items=frozenset({"b"})), None, 5)
    assert (len(on_a), len(on_b)) == (0, 1)


async def test_a_subscriber_reads_only_what_hangs_off_their_services(store: Graph) -> None:
    await write(store, *EVERY_KIND)
    await write(
        store,
        event("hidden", on="b"),
        incident("t2", "x", items=("b",)),
        incident("t3", "y", items=("b",), caller="ann"),
    )
    assert [row.record.key for row in await store.records(ANN, RecordKind.ITEM, ["a", "b"])] == ["a"]
    events = await store.page(ANN, RecordKind.EVENT, RecordFilter(), None, 10)
    assert [row.record.key for row in events] == ["e1"]
    assert await store.count(ANN, RecordKind.EVENT, RecordFilter()) == 1
    (change,) = await store.page(ANN, RecordKind.CHANGE, RecordFilter(), None, 10)
    assert isinstance(change.record, Change)
    assert change.record.targets == ("a",)
    tickets = await store.records(ANN, RecordKind.TICKET, ["t1", "t2", "t3"])
    assert [(row.record.key, row.record.items) for row in tickets if isinstance(row.record, Ticket)] == [
        ("t1", ("a",)),
        ("t3", ()),
    ]
    assert await store.records(ANN, RecordKind.DEPENDENCY, [edge("a", "b", group="wan").key]) == []
    assert [row.record.key for row in await store.records(ANN, RecordKind.PARTY, ["ann"])] == ["ann"]
    assert await store.versions(ANN, RecordKind.EVENT, "hidden") == []
    with pytest.raises(CmdbError) as caught:
        await store.delta(ANN, 0)
    assert caught.value.code is ErrorCode.FORBIDDEN


async def test_duplicate_keys_in_one_batch_are_refused(store: Graph) -> None:
    with pytest.raises(CmdbError) as caught:
        await write(store, item("a"), item("a"))
    assert caught.value.code is ErrorCode.DUPLICATE_KEY


async def test_an_undeclared_verb_never_reaches_a_statement(store: Graph) -> None:
    with pytest.raises(CmdbError) as caught:
        await write(store, item("a"), edge("a", "a", verb="X]->() DETACH DELETE n //"))
    assert caught.value.code is ErrorCode.UNKNOWN_VERB


async def test_hostile_text_stays_text(store: Graph) -> None:
    key = "a'}) DETACH DELETE n //\"\\`$"
    await write(store, item(key, name=key, attributes={"os": key}), event("e'\"", on=key))
    (stored,) = await store.records(SYSTEM, RecordKind.ITEM, [key])
    assert stored.record.key == key
    rows = await store.page(SYSTEM, RecordKind.EVENT, RecordFilter(items=frozenset({key})), None, 5)
    assert [row.record.key for row in rows] == ["e'\""]


async def test_long_intervals_survive(store: Graph) -> None:
    early = NOON - timedelta(days=36500)
    await write(store, item("a", valid_from=early))
    (stored,) = await store.records(SYSTEM, RecordKind.ITEM, ["a"])
    assert stored.valid_from == early


async def test_the_past_is_what_held_then_by_what_was_known_then(store: Graph) -> None:
    await write(store, item("a"), item("b"), edge("a", "b"))
    told_late = item("a", name="second", valid_from=NOON + minutes(5))
    await write(store, told_late, edge("a", "b", ended=True), at=20)
    names: dict[tuple[int, int], list[object]] = {}
    for as_of, known_at in ((4, 60), (5, 60), (19, 10), (60, 60), (-1, 60)):
        moment = Moment(NOON + minutes(as_of), NOON + minutes(known_at))
        rows = await store.past(SYSTEM, moment)
        records = [row.record for row in rows]
        names[as_of, known_at] = [
            *(record.name for record in records if isinstance(record, Item)),
            *(record.ended for record in records if isinstance(record, Dependency)),
        ]
    assert names == {
        (4, 60): ["name of a", "name of b", False],
        (5, 60): ["second", "name of b", False],
        (19, 10): ["name of a", "name of b", False],
        (60, 60): ["second", "name of b", True],
        (-1, 60): [],
    }
    with pytest.raises(CmdbError) as caught:
        await store.past(ANN, Moment(NOON, NOON))
    assert caught.value.code is ErrorCode.FORBIDDEN
