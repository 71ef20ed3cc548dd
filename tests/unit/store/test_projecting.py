"""Reading the graph for the projection: columns, how far a tail goes, and values that somebody set by hand."""

import logging
from typing import Any

import pytest

from cmdb.desk.access import SYSTEM
from cmdb.desk.conformance import WEIGHT_LIMIT
from cmdb.errors import CmdbError, ErrorCode, Forbidden
from cmdb.model.access import Principal, PrincipalRole
from cmdb.model.kinds import RecordKind
from cmdb.model.records import Assignment
from cmdb.model.severity import AS_IS, MapKind, Severity, SeverityMap, Strength
from cmdb.ports.graph import GraphTotals
from cmdb.store.codec import content_of
from cmdb.store.counter import HEAD, HOLD_COUNTER
from cmdb.store.head import Head
from cmdb.store.projecting import (
    AHEAD,
    ALL_ASSIGNMENTS,
    ALL_ITEMS,
    COUNT_DEPENDENCIES,
    NEW_ITEMS,
    OPEN_EVENTS,
    PRESENT_DEPENDENCIES,
    PRESENT_EVENTS,
    PRESENT_ITEMS,
    TOTALS,
    ProjectionReader,
)
from cmdb.store.shape import BUCKETS, LABELS
from tests.fakes.connection import FakeConnection, Parameters
from tests.support.graph_records import EVERY_KIND, GROUP, event, item

TYPES = "CALLS|DEPENDS_ON"
EDGES = "RETURN [type(d)"


def graph(answers: dict[str, Any] | None = None) -> FakeConnection:
    """Return a graph at revision 9."""
    return FakeConnection({HEAD: [{"revision": 9}], **(answers or {})})


def reader(connection: FakeConnection) -> ProjectionReader:
    head = Head(connection)
    head.answered(9)
    return ProjectionReader(connection, head, TYPES)


def items_row(*keys: str, **fields: object) -> dict[str, object]:
    names = [f"name of {key}" for key in keys]
    row = {"class": "server", "groups": None, "retired": False, "keys": list(keys), "names": names}
    return {**row, **fields}


def edges_row(*ends: tuple[str, str], **how: object) -> dict[str, object]:
    consumers, providers = [one for one, _ in ends], [other for _, other in ends]
    told = [how.get(name) for name in ("strength", "map", "weight", "group")]
    return {"how": ["CALLS", *told], "consumers": consumers, "providers": providers}


# --- whole ----------------------------------------------------------------------------------------------------------


async def test_every_bucket_is_read_once_and_every_column_is_as_long_as_its_keys() -> None:
    def items(asked: Parameters) -> list[dict[str, object]]:
        return [items_row(*(f"k{bucket}" for bucket in asked["buckets"]))]

    connection = graph({ALL_ITEMS: items})
    delta = await reader(connection).delta(SYSTEM, 0)
    assert sorted(delta.items.keys) == sorted(f"k{bucket}" for bucket in range(BUCKETS))
    columns = (delta.items.names, delta.items.classes, delta.items.groups, delta.items.retired)
    assert {len(column) for column in columns} == {BUCKETS}
    asked = [bucket for given in connection.given(EDGES) for bucket in given["buckets"]]
    assert sorted(asked) == list(range(BUCKETS))
    assert delta.revision == 9


async def test_the_present_holds_records_of_every_kind_events_only_while_open() -> None:
    answers: dict[str, Any] = {OPEN_EVENTS: [{"held": [content_of(event("e1"))]}], ALL_ASSIGNMENTS: []}
    for record in EVERY_KIND:
        if record.kind in LABELS and record.kind not in (RecordKind.ITEM, RecordKind.EVENT):
            answers[f"MATCH (n:{LABELS[record.kind]}) RETURN"] = [{"held": [content_of(record)]}]
    answers[ALL_ASSIGNMENTS] = [
        {"held": [content_of(record)]} for record in EVERY_KIND if isinstance(record, Assignment)
    ]
    delta = await reader(graph(answers)).delta(SYSTEM, 0)
    for record in EVERY_KIND:
        if record.kind not in (RecordKind.ITEM, RecordKind.DEPENDENCY):
            assert [row.key for row in delta.records_of(record.kind)] == [record.key]


# --- tails ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("since", [9, 12])
async def test_where_nothing_is_newer_nothing_is_read(since: int) -> None:
    connection = graph()
    delta = await reader(connection).delta(SYSTEM, since)
    assert (delta.revision, delta.items.keys) == (9, [])
    assert [statement for statement, _ in connection.asked] == [HEAD]


async def test_a_tail_begins_after_what_is_known_and_takes_in_what_is_stamped_meanwhile() -> None:
    connection = graph({NEW_ITEMS: [items_row("a", "b", retired=True)], EDGES: [edges_row(("a", "x"))]})
    delta = await reader(connection).delta(SYSTEM, 4)
    assert (delta.items.keys, delta.items.retired) == (["a", "b"], [True, True])
    assert (delta.dependencies.consumers, delta.dependencies.providers) == (["a"], ["x"])
    ranged = [asked for _, asked in connection.asked if "first" in asked]
    assert {(asked["first"], asked["last"]) for asked in ranged} == {(5, 9 + AHEAD)}
    assert connection.given(EDGES) == [{"keys": ["a", "b"]}]
    assert len(ranged) == len(LABELS) + 1, "every kind but dependencies, which come with their consumers"


async def test_without_new_cis_no_dependency_is_read() -> None:
    connection = graph()
    await reader(connection).delta(SYSTEM, 4)
    assert connection.given(EDGES) == []


# --- values -----------------------------------------------------------------------------------------------------------


async def test_how_a_dependency_counts_is_read_and_what_is_left_out_is_the_usual() -> None:
    table = SeverityMap(MapKind.FIXED, to=Severity.MAJOR)
    text = content_of(next(row for row in EVERY_KIND if row.kind is RecordKind.DEPENDENCY))["map"]
    rows = [
        edges_row(("a", "b"), strength="soft", weight=3, group="wan", map='{"kind":"fixed","to":3}'),
        edges_row(("a", "c"), ("d", "c")),
        edges_row(("e", "f"), map=text),
    ]
    connection = graph({NEW_ITEMS: [items_row("a")], EDGES: rows})
    found = (await reader(connection).delta(SYSTEM, 4)).dependencies
    assert found.strengths == [Strength.SOFT, Strength.HARD, Strength.HARD, Strength.HARD]
    assert (found.weights, found.groups) == ([3, 1, 1, 1], ["wan", None, None, None])
    assert found.maps[:3] == [table, AS_IS, AS_IS]
    assert found.maps[3].kind is MapKind.TABLE


@pytest.mark.parametrize(
    ("how", "column", "expected"),
    [
        ({"strength": "firm"}, "strengths", Strength.HARD),
        ({"map": "{not json"}, "maps", AS_IS),
        ({"map": '{"kind": "twist"}'}, "maps", AS_IS),
        ({"weight": -3}, "weights", 1),
        ({"weight": "many"}, "weights", 1),
        ({"weight": 2**62}, "weights", 1),
        ({"weight": WEIGHT_LIMIT}, "weights", WEIGHT_LIMIT),
        ({"weight": 0}, "weights", 0),
    ],
)
async def test_what_somebody_set_by_hand_and_cannot_be_read_counts_as_the_usual(
    how: dict[str, object], column: str, expected: object
) -> None:
    connection = graph({NEW_ITEMS: [items_row("a")], EDGES: [edges_row(("a", "b"), **how)]})
    found = (await reader(connection).delta(SYSTEM, 4)).dependencies
    assert getattr(found, column) == [expected]
    assert found.consumers == ["a"], "the dependency itself stands"


async def test_a_record_that_cannot_be_read_is_left_out_and_said_so(caplog: pytest.LogCaptureFixture) -> None:
    sound = content_of(event("e1"))
    rows = [{"held": [{**sound, "severity": "awful"}, sound]}, {"held": [{}]}]
    connection = graph({"MATCH (n:Event) WHERE": rows})
    with caplog.at_level(logging.WARNING):
        delta = await reader(connection).delta(SYSTEM, 4)
    assert [one.key for one in delta.events] == ["e1"]
    assert [record.message.split(":")[0] for record in caplog.records] == [ErrorCode.FOREIGN_WRITE.value]


async def test_groups_are_read_for_all_cis_of_a_row_and_faulty_ones_are_none() -> None:
    text = content_of(item("x", groups=(GROUP,)))["groups"]
    rows = [items_row("a", "b", groups=text), items_row("c", groups="[{}]")]
    delta = await reader(graph({NEW_ITEMS: rows})).delta(SYSTEM, 4)
    assert delta.items.groups == [(GROUP,), (GROUP,), ()]


# --- totals ---------------------------------------------------------------------------------------------------------


async def test_totals_say_what_they_count() -> None:
    connection = graph(
        {
            TOTALS: [{"revision": 9, "items": 5, "events": 2}],
            PRESENT_ITEMS: [{"total": 4}],
            PRESENT_EVENTS: [{"total": 1}],
            PRESENT_DEPENDENCIES.replace("<types>", TYPES): [{"total": 7}],
            COUNT_DEPENDENCIES.replace("<types>", TYPES): [{"total": 8}],
        }
    )
    reading = reader(connection)
    assert await reading.totals(SYSTEM) == GraphTotals(9, 5, 2)
    assert await reading.count_dependencies(SYSTEM) == 8
    assert await reading.present_totals(SYSTEM) == GraphTotals(9, 4, 1, 7)
    connection.asked.clear()
    assert await reading.settled_totals(SYSTEM) == GraphTotals(9, 5, 2, 8)
    assert connection.asked[0][0] == HOLD_COUNTER, "whoever writes is waited for before anything is counted"
    assert connection.transactions == 1


async def test_a_store_that_is_being_restored_says_so() -> None:
    for question in (
        reader(FakeConnection()).totals(SYSTEM),
        reader(FakeConnection()).delta(SYSTEM, 0),
    ):
        with pytest.raises(CmdbError) as caught:
            await question
        assert caught.value.code is ErrorCode.STORE_UNFINISHED


async def test_who_may_not_see_everything_is_refused_before_anything_is_read() -> None:
    connection = graph()
    asking = reader(connection)
    ann = Principal(name="ann", role=PrincipalRole.SUBSCRIBER, party="ann")
    for question in (
        asking.delta(ann, 0),
        asking.totals(ann),
        asking.count_dependencies(ann),
        asking.present_totals(ann),
        asking.settled_totals(ann),
    ):
        with pytest.raises(Forbidden) as caught:
            await question
        assert caught.value.hint
    assert connection.asked == []
