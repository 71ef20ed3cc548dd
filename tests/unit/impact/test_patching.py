"""A patched topology is the one that would be built anew, whatever was written in whatever order."""

from collections.abc import Iterable, Mapping
from dataclasses import fields

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cmdb.impact.arrays import SINGLE, Topology
from cmdb.impact.patching import Patched, patch_topology
from cmdb.impact.propagation import evaluate
from cmdb.impact.topology import build_topology
from cmdb.model.records import Dependency, Item
from cmdb.model.redundancy import RedundancyGroup
from cmdb.model.severity import Strength
from tests.support.estates import dependency_columns, item_columns, maps, redundancy_groups

KEYS = [f"ci-{number}" for number in range(7)]
State = dict[str, tuple[Item, tuple[Dependency, ...]]]


def _item(key: str, *groups: RedundancyGroup, name: str = "", retired: bool = False) -> Item:
    return Item(key=key, ci_class="service", name=name or key, groups=groups, retired=retired)


def _columns(rows: Iterable[tuple[Item, tuple[Dependency, ...]]]) -> Topology:
    held = list(rows)
    edges = tuple(edge for _, edges in held for edge in edges)
    return build_topology(item_columns(tuple(item for item, _ in held)), dependency_columns(edges))


def built(state: State) -> Topology:
    """Build anew, keys in order."""
    return _columns(state[key] for key in sorted(state))


@st.composite
def written(draw: st.DrawFn, state: State) -> tuple[State, list[Item], list[Dependency]]:
    """Write some CIs with all that they need, retire others with all that needs them; also what came of it."""
    keys = draw(st.lists(st.sampled_from(KEYS), unique=True, max_size=4))
    retired = {key for key in keys if draw(st.integers(0, 3)) == 0}
    living = (set(state) | set(keys)) - retired
    needing = [key for key, (_, edges) in state.items() if any(edge.provider in retired for edge in edges)]
    after = {key: row for key, row in state.items() if key not in retired}
    for key in dict.fromkeys([*keys, *needing]):
        if key in retired:
            continue
        names = draw(st.lists(st.sampled_from(["a", "b"]), unique=True))
        item = Item(
            key=key,
            ci_class=draw(st.sampled_from(["server", "service"])),
            name=draw(st.sampled_from(["one", "two"])),
            groups=tuple(draw(redundancy_groups(name)) for name in names),
        )
        edges = [
            Dependency(
                consumer=key,
                verb=draw(st.sampled_from(["RUNS_ON", "CALLS", "USES"])),
                provider=draw(st.sampled_from(sorted(living))),
                strength=draw(st.sampled_from([Strength.HARD, *Strength])),
                map=draw(maps()),
                weight=draw(st.sampled_from([0, 1, 2, 300, 70_000])),
                group=draw(st.sampled_from([None, *names])),
            )
            for _ in range(draw(st.integers(0, 4)))
        ]
        after[key] = (item, tuple({edge.key: edge for edge in edges}.values()))
    touched = [key for key in dict.fromkeys([*keys, *needing]) if key not in retired]
    items = [after[key][0] for key in touched] + [_item(key, retired=True) for key in retired]
    return after, draw(st.permutations(items)), [edge for key in touched for edge in after[key][1]]


def words(topology: Topology) -> Mapping[str, object]:
    """Return every array, numbers of verbs and rung rows in words: their numbering is free."""
    found: dict[str, object] = {}
    for part in (topology, topology.groups):
        for field in fields(part):
            held = getattr(part, field.name)
            found[f"{type(part).__name__}.{field.name}"] = (
                (held.dtype, held.tolist()) if isinstance(held, np.ndarray) else held
            )
    for name in ("groups", "verbs", "tables", "verb", "rungs"):
        found.pop(f"Topology.{name}")
    rows = [*map(tuple, topology.tables.tolist())]
    found["verbs"] = [topology.verbs[verb] for verb in topology.verb.tolist()]
    found["rungs"] = [rows[rung] if rung < len(rows) else None for rung in topology.rungs.tolist()]
    found["Topology.index"] = dict(topology.index)
    return found


@given(data=st.data())
def test_any_sequence_of_writes_gives_what_building_anew_gives(data: st.DataObject) -> None:
    state: State = {}
    topology = built(state)
    for _ in range(data.draw(st.integers(1, 4))):
        state, items, edges = data.draw(written(state))
        patched = patch_topology(topology, item_columns(tuple(items)), dependency_columns(tuple(edges)))
        fresh = built(state)
        assert words(patched.topology) == words(fresh)
        _require_moves(topology, patched)
        topology = patched.topology
        own = np.array(
            data.draw(st.lists(st.integers(0, 4), min_size=len(fresh), max_size=len(fresh))), np.uint8
        )
        assert evaluate(topology, own).tolist() == evaluate(fresh, own).tolist()


def _require_moves(before: Topology, patched: Patched) -> None:
    """`moved` and `touched` together account for every item."""
    after = patched.topology
    moved = range(len(before)) if patched.moved is None else patched.moved.tolist()
    stayed = {new: before.keys[old] for old, new in enumerate(moved) if new >= 0}
    assert all(after.keys[new] == key for new, key in stayed.items())
    assert set(range(len(after))) - stayed.keys() <= set(patched.touched.tolist())
    for place in set(range(len(after))) - set(patched.touched.tolist()):
        old = before.index[after.keys[place]]
        assert (before.names[old], before.classes[old]) == (after.names[place], after.classes[place])


def test_words_are_shared_where_no_item_came_or_left() -> None:
    before = built({key: (_item(key), ()) for key in "abc"})
    edge = Dependency(consumer="b", verb="USES", provider="a")
    after = patch_topology(before, item_columns((_item("b"),)), dependency_columns((edge,)))
    assert after.moved is None
    assert after.topology.keys is before.keys
    assert after.topology.names is before.names
    assert after.topology.provider.tolist() == [0]


def test_dependencies_on_an_item_that_left_leave_even_if_their_consumer_was_not_told() -> None:
    edges = (
        Dependency(consumer="a", verb="USES", provider="b"),
        Dependency(consumer="a", verb="USES", provider="c"),
    )
    before = built({"a": (_item("a"), edges), "b": (_item("b"), ()), "c": (_item("c"), ())})
    after = patch_topology(before, item_columns((_item("b", retired=True),)), dependency_columns(()))
    topology = after.topology
    assert [topology.keys[topology.edge(edge).provider] for edge in topology.to_providers(0)] == ["c"]
    assert after.moved is not None
    assert after.moved.tolist() == [0, -1, 1]


def test_an_earlier_topology_stays_what_it_was() -> None:
    pool = RedundancyGroup(name="pool", need_up=1)
    edge = Dependency(consumer="a", verb="USES", provider="b", group="pool")
    before = built({"a": (_item("a", pool), (edge,)), "b": (_item("b"), ())})
    told = words(before)
    after = patch_topology(before, item_columns((_item("a"), _item("aa"))), dependency_columns(()))
    assert words(before) == told
    assert (len(after.topology.groups.declared), len(after.topology.provider)) == (0, 0)
    assert SINGLE not in before.group
