import sys

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cmdb.impact.propagation import change, evaluate, spread
from cmdb.model.records import Dependency, Item
from cmdb.model.severity import MapKind, Severity, SeverityMap
from tests.oracle.brute_force import Oracle
from tests.support.estates import VERB, Estate, estates

PLAIN, NUMPY = sys.maxsize, 0


def _ring(*maps: SeverityMap) -> tuple[tuple[Item, ...], tuple[Dependency, ...]]:
    keys = [f"ring-{place}" for place in range(len(maps))]
    items = tuple(Item(key=key, ci_class="service", name=key) for key in keys)
    pairs = zip(keys, keys[1:] + keys[:1], maps, strict=True)
    return items, tuple(Dependency(consumer=c, verb=VERB, provider=p, map=m) for c, p, m in pairs)


@given(estates(repeats=True))
def test_all_ways_agree_with_the_oracle(estate: Estate) -> None:
    expected = Oracle(estate.items, estate.dependencies).severities(estate.own)
    topology = estate.topology
    for wide in (PLAIN, NUMPY, 3):
        assert dict(zip(estate.keys, evaluate(topology, estate.vector(), wide=wide), strict=True)) == expected
        reached = spread(topology, estate.places(), wide=wide)
        assert {topology.keys[place]: rung for place, rung in reached.items()} == {
            key: rung for key, rung in expected.items() if rung
        }


@given(estates(repeats=True), st.data())
def test_a_change_equals_a_full_evaluation(estate: Estate, data: st.DataObject) -> None:
    topology, own = estate.topology, estate.vector()
    changed = data.draw(st.dictionaries(st.integers(0, len(own) - 1), st.sampled_from(range(5))))
    before = evaluate(topology, own)
    after = before.copy()
    for place, rung in change(topology, own, before, changed).items():
        assert rung != before[place]
        after[place] = rung
    replaced = own.copy()
    replaced[list(changed)] = list(changed.values())
    assert after.tolist() == evaluate(topology, replaced).tolist()


@given(estates(repeats=True), st.data())
def test_clearing_a_failure_worsens_nothing(estate: Estate, data: st.DataObject) -> None:
    own = estate.vector()
    cleared = own.copy()
    cleared[data.draw(st.integers(0, len(own) - 1))] = 0
    assert (evaluate(estate.topology, cleared) <= evaluate(estate.topology, own)).all()


@given(estates(repeats=True), st.data())
def test_a_further_dependency_of_its_own_improves_nothing(estate: Estate, data: st.DataObject) -> None:
    ends = st.sampled_from(estate.keys)
    row = Dependency(consumer=data.draw(ends), verb=VERB, provider=data.draw(ends))
    wider = Estate(estate.items, (*estate.dependencies, row), estate.own)
    assert (evaluate(wider.topology, estate.vector()) >= evaluate(estate.topology, estate.vector())).all()


@given(estates(repeats=True))
def test_nothing_fails_without_a_failure(estate: Estate) -> None:
    topology, own = estate.topology, estate.vector()
    clear = dict.fromkeys(range(len(own)), 0)
    assert not evaluate(topology, np.zeros_like(own)).any()
    effective = evaluate(topology, own)
    assert change(topology, own, effective, clear) == {int(at): 0 for at in np.flatnonzero(effective)}


def test_a_ring_climbs_and_lets_go() -> None:
    climb = SeverityMap(kind=MapKind.INCREASE, by=1)
    estate = Estate(*_ring(climb, SeverityMap(), SeverityMap()), {"ring-0": Severity.WARNING})
    topology, own = estate.topology, estate.vector()
    effective = evaluate(topology, own)
    assert effective.tolist() == [4, 4, 4]
    assert change(topology, own, effective, {0: 0}) == {0: 0, 1: 0, 2: 0}


def test_large_changes_fall_back_to_a_full_evaluation() -> None:
    leaves = 5000
    keys = ["hub", *(f"leaf-{place:04}" for place in range(leaves))]
    items = tuple(Item(key=key, ci_class="service", name=key) for key in keys)
    rows = tuple(Dependency(consumer=key, verb=VERB, provider="hub") for key in keys[1:])
    estate = Estate(items, rows, {"hub": Severity.MAJOR})
    topology, own = estate.topology, estate.vector()
    effective = evaluate(topology, own)
    assert len(change(topology, own, effective, {0: 0})) == leaves + 1
    assert set(change(topology, own, effective, {0: 4}).values()) == {4}
    assert spread(topology, {0: 2}) == dict.fromkeys(range(leaves + 1), 2)


def test_evaluation_leaves_its_input_alone() -> None:
    estate = Estate(*_ring(SeverityMap(), SeverityMap()), {"ring-0": Severity.MINOR})
    own = estate.vector()
    evaluate(estate.topology, own)
    assert own.tolist() == [2, 0]
