from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from cmdb.impact.propagation import evaluate
from cmdb.impact.reduction import group_severity, inherited
from cmdb.model.redundancy import OnTrip
from tests.oracle.brute_force import Oracle
from tests.support.estates import Estate, estates


@given(estates(repeats=True))
def test_inherited_is_what_remains_without_own(estate: Estate) -> None:
    topology, own = estate.topology, estate.vector()
    effective = evaluate(topology, own)
    for item in range(len(topology)):
        assert effective[item] == max(own[item], inherited(topology, item, effective.data))


@given(estates(repeats=True), st.sampled_from(OnTrip))
def test_a_group_stands_where_the_oracle_puts_it(estate: Estate, on_trip: OnTrip) -> None:
    items = tuple(
        replace(item, groups=tuple(replace(group, on_trip=on_trip) for group in item.groups))
        for item in estate.items
    )
    topology = Estate(items, estate.dependencies, estate.own).topology
    levels = evaluate(topology, estate.vector()).data
    for number, consumer in enumerate(topology.groups.consumer.tolist()):
        name = topology.groups.names[number]
        alone = [
            row for row in estate.dependencies if (row.consumer, row.group) == (topology.keys[consumer], name)
        ]
        mirror = [replace(row, consumer="asked") for row in alone]
        asked = replace(items[consumer], key="asked")
        own = {key: levels[place] for place, key in enumerate(topology.keys)}
        expected = Oracle([*items, asked], mirror).severities(own)["asked"]
        assert group_severity(topology.views, number, levels) == expected
