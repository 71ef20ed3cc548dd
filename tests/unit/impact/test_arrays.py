from hypothesis import given

from cmdb.impact.arrays import SINGLE
from tests.support.estates import Estate, estates


@given(estates(repeats=True))
def test_every_dependency_is_walked_once_each_way(estate: Estate) -> None:
    topology = estate.topology
    asked = sorted((row.consumer, row.provider, row.weight, row.group or "") for row in estate.dependencies)
    for walk in (topology.to_providers, topology.to_consumers):
        edges = [topology.edge(edge) for item in range(len(topology)) for edge in walk(item)]
        found = [
            (topology.keys[e.consumer], topology.keys[e.provider], e.weight, e.group or "") for e in edges
        ]
        assert sorted(found) == asked


@given(estates(repeats=True))
def test_edges_that_take_part_come_first_and_name_their_group(estate: Estate) -> None:
    topology, groups = estate.topology, estate.topology.groups
    for edge in range(len(topology.provider)):
        carries = edge in topology.up_edges
        assert carries == (edge < topology.live)
        group = int(topology.group[edge])
        if group != SINGLE:
            members = groups.members[groups.starts[group] : groups.starts[group + 1]]
            assert (edge in members) == carries
            assert groups.consumer[group] == topology.consumer[edge]
