"""Values of other graphs as plain JSON, and what is said when a graph cannot be read."""

import json
from datetime import UTC

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from neo4j.graph import Graph, Node, Path
from neo4j.time import Date, DateTime, Duration, Time

from cmdb.errors import ErrorCode, StoreError
from cmdb.ports.bolt_source import Access
from cmdb.store.bolt_source import BoltRows, plain

SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.floats(allow_nan=False)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=30)
@given(JSON)
def test_what_is_json_already_stays_as_it_is(value: object) -> None:
    assert plain(value) == value
    assert json.loads(json.dumps(plain(value))) == value


def node(element_id: str, *labels: str, **properties: object) -> Node:
    return Node(GRAPH, element_id, 0, labels, properties)


GRAPH = Graph()
HERE = node("4:x:1", "Server", "Machine", name="web", seen=DateTime(2026, 3, 2, 12, 0, 0, tzinfo=UTC))
THERE = node("4:x:2", "Server", name="db")


def link() -> object:
    """Return a relationship as the driver makes it of an answer."""
    made = GRAPH.relationship_type("RUNS_ON")(GRAPH, "5:x:3", 0, {"since": Date(2026, 3, 2)})
    made._start_node, made._end_node = HERE, THERE  # noqa: SLF001 - only the driver's decoder builds one whole
    return made


def test_nodes_and_relationships_become_their_properties_with_what_they_are() -> None:
    assert plain(HERE) == {
        "labels": ["Machine", "Server"],
        "id": "4:x:1",
        "properties": {"name": "web", "seen": "2026-03-02T12:00:00.000000000+00:00"},
    }
    assert plain(link()) == {"type": "RUNS_ON", "id": "5:x:3", "properties": {"since": "2026-03-02"}}


def test_a_path_is_its_nodes_in_order() -> None:
    found = plain(Path(HERE, link()))  # type: ignore[arg-type]
    assert isinstance(found, list)
    assert [row["properties"]["name"] for row in found] == ["web", "db"]


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (Date(2026, 3, 2), "2026-03-02"),
        (Time(12, 30, 0), "12:30:00.000000000"),
        (DateTime(2026, 3, 2, 12, 30), "2026-03-02T12:30:00.000000000"),
        (Duration(months=1, days=2, seconds=3), "P1M2DT3S"),
        (b"\x01\xff", "01ff"),
        (bytearray(b"\x02"), "02"),
        ({1: (HERE["name"], [Date(2026, 3, 2)])}, {"1": ["web", ["2026-03-02"]]}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_times_are_text_bytes_are_digits_and_what_stands_inside_is_plain_too(
    value: object, written: object
) -> None:
    assert plain(value) == written
    json.dumps(plain(value))


@pytest.mark.parametrize("address", ["bolt://127.0.0.1:1/graph", "gopher://127.0.0.1:1", "nonsense", ""])
def test_a_source_that_cannot_be_reached_is_named_without_its_secret(address: str) -> None:
    with pytest.raises(StoreError) as caught:
        list(BoltRows().rows(address, Access(token="hush", user="reader"), "RETURN 1"))
    error = caught.value
    assert error.code is ErrorCode.SOURCE_UNREACHABLE
    assert error.place is not None
    assert (error.place.source, "address" in (error.hint or "")) == (address, True)
    assert "hush" not in f"{error} {error.hint}"
