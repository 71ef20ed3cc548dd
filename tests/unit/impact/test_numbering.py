"""Numbers after items came and left, against a plain dict of the items."""

from collections.abc import Sequence

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from cmdb.impact.arrays import Topology
from cmdb.impact.numbering import GONE, counts_at, positions, renumber, spliced
from cmdb.impact.topology import build_topology
from cmdb.model.records import Item
from cmdb.model.redundancy import RedundancyGroup
from cmdb.ports.graph import DependencyColumns
from tests.support.estates import item_columns

ITEMS = st.builds(
    lambda key, name, ci_class, groups, retired: Item(
        key=key, name=name, ci_class=ci_class, groups=groups, retired=retired
    ),
    st.sampled_from([f"ci-{number}" for number in range(6)]),
    st.sampled_from(["one", "two"]),
    st.sampled_from(["server", "service"]),
    st.lists(st.sampled_from("ab"), unique=True, max_size=2).map(
        lambda names: tuple(RedundancyGroup(name=name, need_up=1) for name in names)
    ),
    st.booleans(),
)
OLD = st.lists(ITEMS, max_size=6, unique_by=lambda item: item.key).map(
    lambda items: sorted((item for item in items if not item.retired), key=lambda item: item.key)
)


def built(items: Sequence[Item]) -> Topology:
    return build_topology(item_columns(tuple(items)), DependencyColumns())


@settings(max_examples=60)
@given(OLD, st.lists(ITEMS, max_size=6))
def test_after_writes_it_is_numbered_as_if_built_anew(old: list[Item], written: list[Item]) -> None:
    found = renumber(built(old), item_columns(tuple(written)))
    before = {item.key: item for item in old}
    last = {item.key: item for item in written}
    after = {key: item for key, item in {**before, **last}.items() if not item.retired}
    keys = sorted(after)
    assert list(found.keys) == keys
    assert list(found.names) == [after[key].name for key in keys]
    assert list(found.classes) == [after[key].ci_class for key in keys]
    assert {key: found.index[key] for key in keys} == {key: place for place, key in enumerate(keys)}
    assert found.moved.tolist() == [keys.index(item.key) if item.key in after else GONE for item in old]
    came = [keys.index(key) for key in keys if key in last]
    assert found.came.tolist() == came
    assert found.rewritten.tolist() == [item.key in last for item in old]
    groups = [(place, group.name) for place in came for group in after[keys[place]].groups]
    told = list(zip(found.declared.owners.tolist(), [g.name for g in found.declared.groups], strict=True))
    assert told == groups


@settings(max_examples=40)
@given(OLD, st.lists(ITEMS, max_size=6))
def test_old_numbers_are_turned_into_new_ones_and_left_alone_where_all_stay(
    old: list[Item], written: list[Item]
) -> None:
    found = renumber(built(old), item_columns(tuple(written)))
    staying = np.array(
        [place for place, number in enumerate(found.moved.tolist()) if number != GONE], np.int32
    )
    assert [found.keys[place] for place in found.of(staying).tolist()] == [
        old[place].key for place in staying
    ]
    same = [item.key for item in old] == list(found.keys)
    assert found.renumbered is not same
    if same:
        assert found.of(staying) is staying


COLUMN = st.lists(st.integers(), max_size=8)


@settings(max_examples=60)
@given(COLUMN, st.data())
def test_a_column_is_spliced_like_a_list(column: list[int], data: st.DataObject) -> None:
    places = st.integers(0, len(column))
    at = sorted(data.draw(st.lists(places, max_size=5)))
    gone = sorted(data.draw(st.sets(st.integers(0, len(column) - 1)))) if column else []
    values = [1000 + nth for nth in range(len(at))]
    expected = list[int]()
    for place in range(len(column) + 1):
        expected += [value for value, before in zip(values, at, strict=True) if before == place]
        expected += [column[place]] if place < len(column) and place not in gone else []
    old = tuple(column)
    found = spliced(old, gone, at, values)
    assert list(found) == expected
    assert found is old or gone or at


@settings(max_examples=60)
@given(st.integers(0, 8), st.data())
def test_kept_and_inserted_places_fill_the_new_column_without_overlap(size: int, data: st.DataObject) -> None:
    at = np.array(sorted(data.draw(st.lists(st.integers(0, size), max_size=6))), np.intp)
    kept, came = positions(at, size)
    assert sorted([*kept.tolist(), *came.tolist()]) == list(range(size + len(at)))
    words = dict(zip(kept.tolist(), range(size), strict=True))
    words.update((place, 100 + nth) for nth, place in enumerate(came.tolist()))
    expected = spliced(tuple(range(size)), [], at.tolist(), [100 + nth for nth in range(len(at))])
    assert tuple(words[place] for place in sorted(words)) == expected
    assert counts_at(at, size).sum() == len(at)
