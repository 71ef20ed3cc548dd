"""Filling an empty store: who may begin, that nothing is written twice, and in which order it comes."""

from collections.abc import Callable
from typing import Any

import pytest

from cmdb.errors import ErrorCode, StoreError
from cmdb.model.kinds import RecordKind
from cmdb.model.records import Record
from cmdb.ports.graph import RowStatus
from cmdb.store.codec import content_of, digest_of
from cmdb.store.counter import (
    HEAD,
    HOLD_PROGRESS,
    PROGRESS,
    REMOVE_COUNTER,
    REMOVE_PROGRESS,
    SET_COUNTER,
    SET_PROGRESS,
)
from cmdb.store.cut import VERSION, Entry
from cmdb.store.plan import PlannedRow, Stamp
from cmdb.store.restoring import BATCH, begin, draw_links, end, write_entries
from cmdb.store.shape import LABELS
from cmdb.store.store import ANY_NODE
from cmdb.store.writing import ARCHIVE
from tests.fakes.connection import FakeConnection, Parameters
from tests.support.graph_records import EVERY_KIND, edge, event, incident, item
from tests.support.moments import NOON


def entry(record: Record, revision: int = 1) -> Entry:
    """Return what a backup holds of a record."""
    content = content_of(record)
    row = PlannedRow(record, content, digest_of(content), RowStatus.CREATED)
    return Entry(record.kind.value, row.properties(Stamp(revision, "test", NOON)))


def deaf(_: int) -> None:
    """Take no notice of progress."""


def statements(connection: FakeConnection, *wanted: str) -> list[str]:
    return [statement for statement, _ in connection.asked if statement in wanted]


# --- beginning and ending -------------------------------------------------------------------------------------------


async def test_an_empty_store_loses_its_counter_so_that_nobody_reads_or_writes() -> None:
    connection = FakeConnection({HEAD: [{"revision": 0}]})
    await begin(connection)
    assert statements(connection, REMOVE_COUNTER) == [REMOVE_COUNTER]


@pytest.mark.parametrize(
    "answers",
    [{HEAD: [{"revision": 3}]}, {HEAD: [{"revision": 0}], ANY_NODE: [{"key": "x"}]}],
    ids=["written by us", "filled by somebody else"],
)
async def test_a_store_that_holds_anything_is_refused_and_left_alone(answers: dict[str, Any]) -> None:
    connection = FakeConnection(answers)
    with pytest.raises(StoreError) as caught:
        await begin(connection)
    assert caught.value.code is ErrorCode.STORE_NOT_EMPTY
    assert "CMDB_STORE_DATABASE" in (caught.value.hint or "")
    assert statements(connection, REMOVE_COUNTER) == []
    assert not [statement for statement, _ in connection.asked if "DELETE" in statement]


async def test_a_beginning_whose_answer_was_lost_is_not_taken_for_a_store_in_use() -> None:
    heads = iter([[{"revision": 0}], []])
    connection = FakeConnection({HEAD: lambda _: next(heads)}, repeated=True)
    await begin(connection)
    assert statements(connection, REMOVE_COUNTER) == []


async def test_what_an_interrupted_restore_left_is_cleared_away_kind_by_kind() -> None:
    left = dict.fromkeys((*LABELS.values(), "Version"), 2)

    def clear(label: str) -> Callable[[Parameters], list[dict[str, int]]]:
        def answer(_: Parameters) -> list[dict[str, int]]:
            left[label] -= 1
            return [{"gone": 1}] if left[label] >= 0 else []

        return answer

    connection = FakeConnection({f"MATCH (n:{label}) WITH n": clear(label) for label in left})
    await begin(connection)
    assert set(left.values()) == {-1}, "each is asked again until nothing was left"
    assert statements(connection, REMOVE_PROGRESS) == [REMOVE_PROGRESS]


async def test_at_the_end_the_counter_stands_where_the_backup_stood() -> None:
    connection = FakeConnection()
    await end(connection, 42)
    assert connection.given(SET_COUNTER) == [{"revision": 42}]
    assert statements(connection, REMOVE_PROGRESS) == [REMOVE_PROGRESS]
    assert connection.transactions == 1


# --- entries --------------------------------------------------------------------------------------------------------


async def test_batches_are_bounded_numbered_and_told_of() -> None:
    connection, told = FakeConnection(), list[int]()
    entries = [entry(item(f"k{number}")) for number in range(BATCH + 3)]
    await write_entries(connection, iter(entries), told.append)
    assert told == [BATCH, BATCH + 3]
    assert connection.given(SET_PROGRESS) == [{"batch": 0}, {"batch": 1}]
    assert [len(asked["rows"]) for asked in connection.given("MERGE (n:ConfigurationItem")] == [BATCH, 3]


@pytest.mark.parametrize(("reached", "written"), [([{"batch": 0}], 0), ([{"batch": 7}], 1), ([], 1)])
async def test_a_batch_that_a_lost_attempt_wrote_is_not_written_again(
    reached: list[dict[str, int]], written: int
) -> None:
    connection = FakeConnection({PROGRESS: reached}, repeated=True)
    await write_entries(connection, [entry(edge("a", "b"))], deaf)
    assert len(connection.given("CREATE (a)-[d:")) == written
    assert connection.asked[0][0] == HOLD_PROGRESS, "the lost attempt is waited for first"


async def test_a_first_attempt_does_not_ask_how_far_it_came() -> None:
    connection = FakeConnection({PROGRESS: [{"batch": 0}]})
    await write_entries(connection, [entry(item("a"))], deaf)
    assert connection.given(PROGRESS) == []


async def test_every_entry_of_every_kind_is_written_once_nodes_before_relationships() -> None:
    connection = FakeConnection()
    entries = [entry(record) for record in EVERY_KIND]
    await write_entries(connection, [*entries, Entry(VERSION, {"key": "item|a|1"})], deaf)
    rows = [
        row
        for _, asked in connection.asked
        for row in asked.get("rows", ())
        if "revision" in row or "held" in row
    ]
    held = [row.get("held", row) for row in rows]
    assert sorted(str(row["key"]) for row in held if "key" in row) == sorted(
        str(one.held["key"]) for one in entries
    )
    assert connection.given(ARCHIVE) == [{"rows": [{"key": "item|a|1"}]}]
    order = [statement for statement, _ in connection.asked]
    last_node = max(place for place, text in enumerate(order) if "MERGE (n:" in text)
    first_edge = min(place for place, text in enumerate(order) if "CREATE (a)-[d:" in text)
    assert last_node < first_edge


async def test_relationships_are_drawn_by_type_and_owners_know_when_they_were_last_touched() -> None:
    connection = FakeConnection()
    edges = [edge("a", "b"), edge("a", "c", verb="CALLS"), edge("d", "b")]
    await write_entries(
        connection, [entry(row, revision) for row, revision in zip(edges, (4, 9, 2), strict=True)], deaf
    )
    drawn = {
        statement.partition("[d:")[2].split(" ")[0]: [row["start"] for row in asked["rows"]]
        for statement, asked in connection.asked
        if "CREATE (a)-[d:" in statement
    }
    assert drawn == {"DEPENDS_ON": ["a", "d"], "CALLS": ["a"]}
    (raised,) = connection.given("n.revision < row.revision")
    assert raised["rows"] == [{"start": "a", "revision": 9}, {"start": "d", "revision": 2}]


async def test_an_assignment_hangs_off_its_party_by_its_role() -> None:
    connection = FakeConnection()
    (subscribes,) = [record for record in EVERY_KIND if record.kind is RecordKind.ASSIGNMENT]
    await write_entries(connection, [entry(subscribes)], deaf)
    ((statement, asked),) = [row for row in connection.asked if "CREATE (a)-[d:" in row[0]]
    assert "(a:Party {key: row.start})" in statement
    assert "[d:SUBSCRIBES " in statement
    assert [(row["start"], row["end"]) for row in asked["rows"]] == [("ann", "a")]


# --- links ----------------------------------------------------------------------------------------------------------


async def test_links_are_drawn_as_the_records_say_each_once() -> None:
    connection = FakeConnection()
    ticket = incident("t", items=("a", "b", "a"), events=("e",), parent="u")
    await draw_links(connection, [entry(ticket), entry(event("e")), entry(event("f", on=""))])
    drawn = {
        (statement.partition("(n)-[:")[2].split("]")[0]): [
            (row["start"], row["end"]) for row in asked["rows"]
        ]
        for statement, asked in connection.asked
    }
    assert drawn == {
        "AFFECTS": [("t", "a"), ("t", "b")],
        "RAISED_FROM": [("t", "e")],
        "ATTACHED_TO": [("t", "u")],
        "ON": [("e", "a")],
    }
