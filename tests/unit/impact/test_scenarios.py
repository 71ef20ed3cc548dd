from hypothesis import given
from hypothesis import strategies as st

from cmdb.impact.scenarios import play, providers_first, reaching, table
from tests.oracle.brute_force import Oracle
from tests.support.estates import Estate, estates

COUNT = 6
FULL = (1 << COUNT) - 1
SCENARIO = st.integers(0, FULL)


@given(
    st.lists(st.tuples(SCENARIO, st.one_of(st.integers(0, 9), st.integers(0, 10**15)))),
    st.integers(1, 10**15),
)
def test_sums_are_exact_in_every_scenario(members: list[tuple[int, int]], trip: int) -> None:
    found = reaching(members, trip, FULL)
    for at in range(COUNT):
        assert found >> at & 1 == (sum(weight for bits, weight in members if bits >> at & 1) >= trip)


@given(st.lists(st.tuples(SCENARIO, st.integers(0, 9)), min_size=1), st.integers(1, 40))
def test_sums_near_the_trip_are_exact(members: list[tuple[int, int]], trip: int) -> None:
    found = reaching(members, trip, FULL)
    for at in range(COUNT):
        assert found >> at & 1 == (sum(weight for bits, weight in members if bits >> at & 1) >= trip)


@given(estates(repeats=True), st.data())
def test_every_scenario_is_played_as_if_alone(estate: Estate, data: st.DataObject) -> None:
    topology, oracle = estate.topology, Oracle(estate.items, estate.dependencies)
    failing = {topology.index[key]: data.draw(SCENARIO) for key in estate.own}
    start = {at: table(FULL, int(estate.own[topology.keys[at]]), bits) for at, bits in failing.items()}
    everything = set(range(len(topology)))
    order = list(
        dict.fromkeys(at for item in everything for at in providers_first(topology, item, everything))
    )
    tables = play(topology, order, start, FULL)
    for scenario in range(COUNT):
        own = {
            topology.keys[at]: estate.own[topology.keys[at]]
            for at, bits in failing.items()
            if bits >> scenario & 1
        }
        expected = oracle.severities(own)
        for at, key in enumerate(topology.keys):
            rungs = tables.get(at, table(FULL, 0, 0))
            assert max(rung for rung in range(5) if rungs[rung] >> scenario & 1) == expected[key]


@given(estates(repeats=True))
def test_without_cycles_providers_come_first(estate: Estate) -> None:
    topology = estate.topology
    order = providers_first(topology, 0, set(range(len(topology))))
    place = {item: at for at, item in enumerate(order)}
    assert order[-1] == 0
    assert len(place) == len(order)
    for item in order:
        for edge in topology.up_edges[topology.up[item] : topology.up[item + 1]].tolist():
            provider = int(topology.provider[edge])
            loops = item in providers_first(topology, provider, set(range(len(topology))))
            assert loops or place[provider] < place[item]
