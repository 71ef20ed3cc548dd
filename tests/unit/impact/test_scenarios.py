from hypothesis import given
from hypothesis import strategies as st

from cmdb.impact.closure import close
from cmdb.impact.scenarios import play, reaching, table
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


@given(st.lists(st.tuples(SCENARIO, st.integers(0, 4)), min_size=2, max_size=6), st.integers(0, 4))
def test_sums_close_to_the_whole_weight_are_exact(members: list[tuple[int, int]], short: int) -> None:
    trip = max(1, sum(weight for _, weight in members) - short)
    found = reaching(members, trip, FULL)
    for at in range(COUNT):
        assert found >> at & 1 == (sum(weight for bits, weight in members if bits >> at & 1) >= trip)


@given(estates(repeats=True), st.data())
def test_every_scenario_is_played_as_if_alone(estate: Estate, data: st.DataObject) -> None:
    topology, oracle = estate.topology, Oracle(estate.items, estate.dependencies)
    closure = close(topology, data.draw(st.integers(0, len(topology) - 1)))
    keys = [topology.keys[at] for at in closure.order]
    failing = {place: data.draw(SCENARIO) for place, key in enumerate(keys) if key in estate.own}
    start = {place: table(FULL, int(estate.own[keys[place]]), bits) for place, bits in failing.items()}
    tables = play(closure, start, closure.downstream(failing), FULL)
    for scenario in range(COUNT):
        own = {
            keys[place]: estate.own[keys[place]] for place, bits in failing.items() if bits >> scenario & 1
        }
        expected = oracle.severities(own)
        for place, key in enumerate(keys):
            assert max(rung for rung in range(5) if tables[place][rung] >> scenario & 1) == expected[key]
