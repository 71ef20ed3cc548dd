import numpy as np
import pytest

from cmdb.errors import ErrorCode, InvalidInput
from cmdb.impact.topology import Topology, build_topology
from cmdb.model.records import Dependency, Item
from cmdb.model.redundancy import OnTrip, RedundancyGroup
from cmdb.model.severity import MapKind, SeverityMap, Strength
from tests.support.estates import dependency_columns, item_columns


def _item(key: str, *groups: RedundancyGroup, name: str = "", retired: bool = False) -> Item:
    return Item(key=key, ci_class="service", name=name or key, groups=groups, retired=retired)


def _build(items: list[Item], rows: list[Dependency]) -> Topology:
    return build_topology(item_columns(tuple(items)), dependency_columns(tuple(rows)))


def _refusal(items: list[Item], rows: list[Dependency]) -> InvalidInput:
    with pytest.raises(InvalidInput) as raised:
        _build(items, rows)
    assert raised.value.hint
    return raised.value


def test_edges_speak_in_words() -> None:
    pool = RedundancyGroup(name="pool", need_up=1)
    rows = [
        Dependency(
            consumer="a", verb="RUNS_ON", provider="b", weight=300, group="pool", strength=Strength.SOFT
        ),
        Dependency(consumer="a", verb="CALLS", provider="b"),
    ]
    topology = _build([_item("a", pool), _item("b")], rows)
    assert [topology.edge(edge) for edge in topology.to_providers(0)] == [
        (0, 1, "RUNS_ON", Strength.SOFT, "pool", 300),
        (0, 1, "CALLS", Strength.HARD, None, 1),
    ]


def test_silent_edges_are_walked_but_carry_nothing() -> None:
    ignored = SeverityMap(kind=MapKind.IGNORE)
    rows = [
        Dependency(consumer="a", verb="USES", provider="c", strength=Strength.TELEMETRY),
        Dependency(consumer="b", verb="USES", provider="c", map=ignored),
        Dependency(consumer="b", verb="USES", provider="a"),
    ]
    topology = _build([_item("a"), _item("b"), _item("c")], rows)
    assert topology.live == 1
    assert [[topology.edge(edge).provider for edge in topology.to_providers(at)] for at in range(3)] == [
        [2],
        [0, 2],
        [],
    ]
    assert [[topology.edge(edge).consumer for edge in topology.to_consumers(at)] for at in range(3)] == [
        [1],
        [],
        [0, 1],
    ]


def test_of_equal_keys_the_last_item_holds_and_retired_ones_leave() -> None:
    items = [_item("a", name="old"), _item("gone"), _item("a", name="new"), _item("gone", retired=True)]
    topology = _build(items, [])
    assert (topology.keys, topology.names, dict(topology.index)) == (("a",), ("new",), {"a": 0})


def test_groups_keep_the_least_weight_that_trips() -> None:
    thirds = RedundancyGroup(name="thirds", trip=(1, 3), on_trip=OnTrip.WORST)
    at_any = RedundancyGroup(name="any", trip=(0, 1))
    rows = [
        Dependency(consumer="a", verb="USES", provider="b", weight=5, group=name)
        for name in ("thirds", "any")
    ]
    rows += [Dependency(consumer="a", verb="USES", provider="a", weight=2, group="thirds")]
    groups = _build([_item("a", thirds, at_any), _item("b")], rows).groups
    assert groups.trip.tolist() == [3, 1]
    assert groups.weight.tolist() == [7, 5]
    assert groups.worst.tolist() == [True, False]


def test_weights_and_sums_are_exact_past_32_bits() -> None:
    pool = RedundancyGroup(name="pool", trip=(1, 2))
    heavy = [10**12, 10**12 + 1]
    rows = [
        Dependency(consumer="a", verb="USES", provider=end, weight=weight, group="pool")
        for end, weight in zip("bc", heavy, strict=True)
    ]
    topology = _build([_item("a", pool), _item("b"), _item("c")], rows)
    assert topology.groups.trip.tolist() == [10**12 + 1]
    assert sorted(topology.weight.tolist()) == heavy


@pytest.mark.parametrize("weight", [2**62, 2**70])
def test_weights_that_sums_cannot_hold_are_refused(weight: int) -> None:
    row = Dependency(consumer="a", verb="USES", provider="a", weight=weight)
    assert _refusal([_item("a")], [row]).code is ErrorCode.TOO_LARGE


def test_unknown_ends_and_groups_are_named() -> None:
    row = Dependency(consumer="a", verb="USES", provider="nowhere")
    refusal = _refusal([_item("a")], [row])
    assert (refusal.code, "'nowhere'" in refusal.message) == (ErrorCode.DANGLING_END, True)
    row = Dependency(consumer="a", verb="USES", provider="a", group="pool")
    refusal = _refusal([_item("a")], [row])
    assert (refusal.code, "'pool'" in refusal.message) == (ErrorCode.UNKNOWN_GROUP, True)


def test_an_empty_estate_is_a_topology() -> None:
    topology = _build([], [])
    assert len(topology) == 0
    assert topology.down.dtype == np.int32
