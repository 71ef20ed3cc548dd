"""Who can impact whom, kept while CIs come and go, equals asking anew and walking by hand."""

from hypothesis import given
from hypothesis import strategies as st

from cmdb.impact.mutual_reach import MutualReach
from cmdb.impact.topology import Topology, build_topology
from cmdb.model.severity import AS_IS, Strength
from cmdb.ports.graph import DependencyColumns, ItemColumns

ITEMS = [f"i{number}" for number in range(8)]
EDGES = st.lists(st.tuples(st.sampled_from(ITEMS), st.sampled_from(ITEMS)), max_size=14)
CHOSEN = st.sets(st.sampled_from([*ITEMS, "unknown"]))


def topology_of(edges: list[tuple[str, str]]) -> Topology:
    size, many = len(ITEMS), len(edges)
    items = ItemColumns(ITEMS[:], ITEMS[:], ["server"] * size, [()] * size, [False] * size)
    dependencies = DependencyColumns(
        consumers=[consumer for consumer, _ in edges],
        verbs=["DEPENDS_ON"] * many,
        providers=[provider for _, provider in edges],
        strengths=[Strength.HARD] * many,
        maps=[AS_IS] * many,
        weights=[1] * many,
        groups=[None] * many,
    )
    return build_topology(items, dependencies)


def above_by_hand(edges: list[tuple[str, str]], chosen: set[str]) -> dict[str, set[str]]:
    found = {item: {item} for item in ITEMS}
    for _ in ITEMS:
        for consumer, provider in edges:
            found[consumer] |= found[provider]
    known = chosen.intersection(ITEMS)
    return {item: (found[item] & known) - {item} for item in known}


@given(EDGES, st.lists(CHOSEN, min_size=1, max_size=6))
def test_what_is_kept_equals_what_is_found_anew(edges: list[tuple[str, str]], steps: list[set[str]]) -> None:
    kept = MutualReach(topology_of(edges))
    for chosen in steps:
        kept = kept.of(chosen)
        assert kept.above == above_by_hand(edges, chosen)
        assert kept.above == MutualReach(kept.topology).of(chosen).above


def test_the_same_cis_cost_nothing_and_an_older_view_stays() -> None:
    first = MutualReach(topology_of([("i0", "i1"), ("i2", "i1")])).of({"i0", "i1"})
    second = first.of({"i1", "i2"})
    assert first.of({"i1", "i0"}) is first
    assert (first.above["i0"], second.above["i2"]) == (frozenset({"i1"}), frozenset({"i1"}))
    assert "i2" not in first.above
