"""The k best paths are those that trying every simple path puts first."""

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from cmdb.impact.arrays import Topology
from cmdb.impact.best_paths import BestPaths
from cmdb.impact.paths import Links, PathsTo
from cmdb.impact.propagation import evaluate
from cmdb.model.severity import Severity
from tests.oracle.brute_force import Oracle
from tests.support.estates import Estate, estates
from tests.unit.impact.test_paths import wan

Walked = tuple[int, int, list[str]]


def _best(estate: Estate, item: int, origin: int, first: int) -> list[Walked]:
    topology = estate.topology
    links = Links(topology, evaluate(topology, estate.vector()))
    found = BestPaths(topology, links, PathsTo(topology, origin, links), origin).find(item, first)
    for edges, _ in found:
        walked = [item, *(int(topology.provider[edge]) for edge in edges)]
        assert [int(topology.consumer[edge]) for edge in edges] == walked[:-1]
    return [(severity, len(edges), _providers(topology, edges)) for edges, severity in found]


def _providers(topology: Topology, edges: tuple[int, ...]) -> list[str]:
    return [topology.keys[topology.provider[edge]] for edge in edges]


def _every_path(estate: Estate, item: str, origin: str) -> list[Walked]:
    """Walk all simple paths; a dependency hands on no more than its redundancy group gives by the oracle's rule."""
    oracle = Oracle(estate.items, estate.dependencies)
    now = oracle.severities(estate.own)
    carried: dict[tuple[str, str], int] = {}
    for row in estate.dependencies:
        given = oracle.handed_on(row, now)
        if given is not None:
            ends = row.consumer, row.provider
            carried[ends] = max(given, carried.get(ends, 0))

    def walk(at: str, passed: tuple[str, ...], severity: int) -> Iterator[Walked]:
        for (consumer, provider), given in carried.items():
            if consumer != at or provider in passed:
                continue
            along = (*passed, provider)
            if provider == origin:
                yield min(severity, given), len(along) - 1, list(along[1:])
            else:
                yield from walk(provider, along, min(severity, given))

    paths = walk(item, (item,), 4) if item != origin else iter(())
    return sorted(paths, key=lambda path: (-path[0], path[1], path[2]))


@given(estates(most_items=7, repeats=True), st.data())
def test_the_best_paths_are_those_of_trying_all(estate: Estate, data: st.DataObject) -> None:
    ends = st.integers(0, len(estate.keys) - 1)
    item, origin, first = data.draw(ends), data.draw(ends), data.draw(st.integers(1, 12))
    every = _every_path(estate, estate.keys[item], estate.keys[origin])
    assert _best(estate, item, origin, first) == every[:first]


def test_a_path_that_carries_comes_before_a_shorter_one_that_redundancy_breaks() -> None:
    estate = wan({"line-1": Severity.CRITICAL})
    assert _best(estate, 0, 1, 9) == [(4, 2, ["proxy", "line-1"]), (0, 1, ["line-1"])]
