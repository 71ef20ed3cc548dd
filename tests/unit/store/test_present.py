"""What a write must know of the present: one question a kind, none for nothing, closed sets in statements."""

import pytest

from cmdb.model.kinds import RecordKind
from cmdb.model.records import Assignment, Party, PartyKind, Record, Role
from cmdb.store.present import Present, start_of
from tests.fakes.connection import FakeConnection, FakeTransaction
from tests.support.graph_records import EVERY_KIND, edge, event, incident, item

OWNS = Assignment(party="ann", role=Role.OWNS, item="a")
ANN = Party(key="ann", party_kind=PartyKind.PERSON, name="Ann")


def present(graph: FakeConnection) -> Present:
    return Present(FakeTransaction(graph), "CALLS|DEPENDS_ON")


def graph() -> FakeConnection:
    """Return a graph that holds whatever is asked for, in more rows than one."""
    return FakeConnection(
        {
            "AS pairs": lambda _: [{"pairs": [["k1", "d1"], ["k2", "d2"]]}, {"pairs": [["k3", "d3"]]}],
            "AS keys": lambda asked: [{"keys": asked["keys"][:1]}, {"keys": asked["keys"][1:]}],
            "RETURN DISTINCT": [{"held": {"key": "k1"}}, {"held": {"key": "k2"}}],
            "AS held": [{"held": [{"key": "k1"}]}, {"held": [{"key": "k2"}]}],
            "AS cause": [{"key": "INC1", "cause": "cause:a"}],
        }
    )


@pytest.mark.parametrize("record", EVERY_KIND, ids=lambda record: record.kind.value)
async def test_each_kind_is_asked_for_where_it_lies(record: Record) -> None:
    asked = graph()
    assert await present(asked).digests(record.kind, [record]) == {"k1": "d1", "k2": "d2", "k3": "d3"}
    assert await present(asked).held(record.kind, [record]) == {"k1": {"key": "k1"}, "k2": {"key": "k2"}}
    for statement, _ in asked.asked:
        assert "<" not in statement.replace("<-", ""), "no place of the statement is left open"
        is_dependency = record.kind is RecordKind.DEPENDENCY
        assert ("CALLS|DEPENDS_ON" in statement) is is_dependency


async def test_relationships_are_looked_up_from_the_node_that_they_start_from_each_once() -> None:
    asked = graph()
    edges = [edge("a", "x"), edge("b", "y"), edge("a", "z")]
    await present(asked).digests(RecordKind.DEPENDENCY, edges)
    await present(asked).digests(RecordKind.ASSIGNMENT, [OWNS, OWNS])
    assert [given["starts"] for given in asked.given("AS pairs")] == [["a", "b"], ["ann"]]
    await present(asked).held(RecordKind.DEPENDENCY, edges[:1])
    assert asked.given("AS held")[0]["rows"] == [{"start": "a", "key": "a|DEPENDS_ON|x|"}]


@pytest.mark.parametrize(
    ("record", "start"),
    [(edge("a", "x"), "a"), (OWNS, "ann"), (item("a"), ""), (event("e"), ""), (incident("t"), ""), (ANN, "")],
)
def test_only_relationships_start_from_a_node(record: Record, start: str) -> None:
    assert start_of(record) == start


async def test_nothing_is_asked_where_nothing_is_wanted() -> None:
    asked = graph()
    looking = present(asked)
    assert await looking.held(RecordKind.ITEM, []) == {}
    assert await looking.living_items([]) == set()
    assert await looking.known(RecordKind.PARTY, []) == set()
    assert await looking.open_dependencies([]) == []
    assert await looking.open_incidents([]) == []
    assert asked.asked == []


async def test_keys_are_asked_for_once_and_in_order() -> None:
    asked = graph()
    looking = present(asked)
    assert await looking.living_items(["b", "a", "b"]) == {"a", "b"}
    assert await looking.known(RecordKind.TICKET, iter(["b", "a", "b"])) == {"a", "b"}
    assert await looking.open_incidents(["cause:b", "cause:a", "cause:b"]) == [("INC1", "cause:a")]
    assert [given["keys"] for given in asked.given("AS keys")] == [["a", "b"], ["a", "b"]]
    assert [given["causes"] for given in asked.given("AS cause")] == [["cause:a", "cause:b"]]
    assert await looking.open_dependencies(["x"]) == [{"key": "k1"}, {"key": "k2"}]
