from hypothesis import given

from cmdb.impact.counterfactual import if_alone, if_repaired
from cmdb.impact.propagation import evaluate, spread
from tests.support.estates import Estate, estates


@given(estates(repeats=True))
def test_each_scenario_is_what_evaluating_it_gives(estate: Estate) -> None:
    topology, own = estate.topology, estate.vector()
    effective, everything = evaluate(topology, own), list(range(len(topology)))
    for item in everything:
        alone = [spread(topology, {at: 4}).get(item, 0) for at in everything]
        assert if_alone(topology, item, everything) == alone
        repaired = []
        for at in everything:
            left = own.copy()
            left[at] = 0
            repaired.append(int(evaluate(topology, left)[item]))
        assert if_repaired(topology, own, effective, item, everything) == repaired
