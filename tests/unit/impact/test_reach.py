import sys

from hypothesis import given
from hypothesis import strategies as st

from cmdb.impact.reach import Way, downstream, hops, upstream
from tests.oracle.brute_force import Oracle
from tests.support.estates import Estate, estates

PLAIN, NUMPY = sys.maxsize, 0


@given(estates(repeats=True), st.data())
def test_walks_reach_what_the_oracle_reaches_in_one_order(estate: Estate, data: st.DataObject) -> None:
    topology, oracle = estate.topology, Oracle(estate.items, estate.dependencies)
    start = data.draw(st.integers(0, len(topology) - 1))
    up = upstream(topology, start, wide=PLAIN).tolist()
    assert up == upstream(topology, start, wide=NUMPY).tolist()
    assert up[0] == start
    assert {topology.keys[at] for at in up} == oracle.upstream(topology.keys[start])
    down = downstream(topology, [start], wide=PLAIN).tolist()
    assert (
        down == downstream(topology, [start], wide=NUMPY).tolist() == downstream(topology, [start]).tolist()
    )
    assert set(down) == {at for at in range(len(topology)) if start in upstream(topology, at)}


@given(estates(repeats=True), st.data())
def test_hops_grow_along_the_walk(estate: Estate, data: st.DataObject) -> None:
    topology = estate.topology
    start = data.draw(st.integers(0, len(topology) - 1))
    found = hops(topology, start, Way.UPSTREAM)
    assert list(found) == upstream(topology, start).tolist()
    assert list(found.values()) == sorted(found.values())
    for item, depth in found.items():
        nearer = [
            found[at] for at in hops(topology, item, Way.DOWNSTREAM) if at in found and found[at] < depth
        ]
        assert depth == 0 or depth - 1 in nearer


def test_several_sources_come_first_and_once() -> None:
    estate = Estate(items=(), dependencies=(), own={})
    assert downstream(estate.topology, []).tolist() == []
