"""What serves some CIs and nothing else."""

from hypothesis import given
from hypothesis import strategies as st

from cmdb.impact.exclusive import serving_only
from tests.unit.impact.test_mutual_reach import EDGES, ITEMS, topology_of


def by_definition(edges: list[tuple[str, str]], named: set[str]) -> set[str]:
    """What the named ones need, without all whose failure reaches, on any way that avoids them, somebody else."""
    needed = set(named)
    for _ in ITEMS:
        needed |= {provider for consumer, provider in edges if consumer in needed}
    leaking = set(ITEMS) - needed
    for _ in ITEMS:
        leaking |= {provider for consumer, provider in edges if consumer in leaking and provider not in named}
    return needed - leaking


@given(EDGES, st.sets(st.sampled_from(ITEMS), min_size=1, max_size=2))
def test_it_is_what_the_definition_gives(edges: list[tuple[str, str]], named: set[str]) -> None:
    topology = topology_of(edges)
    found = serving_only(topology, [topology.index[item] for item in named])
    assert {topology.keys[place] for place in found} == by_definition(edges, named)


def test_what_is_shared_is_left_out_with_what_it_needs() -> None:
    edges = [("i0", "i1"), ("i0", "i2"), ("i3", "i2"), ("i2", "i4"), ("i1", "i5")]
    topology = topology_of(edges)
    found = {topology.keys[place] for place in serving_only(topology, [topology.index["i0"]])}
    assert found == {"i0", "i1", "i5"}
