from hypothesis import given
from hypothesis import strategies as st

from cmdb.impact.best_paths import BestPaths
from cmdb.impact.paths import Links, PathsTo, shortest_path
from cmdb.impact.propagation import evaluate
from cmdb.impact.reach import Way, hops, upstream
from cmdb.model.records import Dependency, Item
from cmdb.model.redundancy import RedundancyGroup
from cmdb.model.severity import Severity, Strength
from tests.support.estates import VERB, Estate, estates


@given(estates(repeats=True), st.data())
def test_a_path_joins_item_and_origin(estate: Estate, data: st.DataObject) -> None:
    topology = estate.topology
    effective = evaluate(topology, estate.vector())
    item = data.draw(st.integers(0, len(topology) - 1))
    origin = data.draw(st.sampled_from(upstream(topology, item).tolist()))
    edges = [topology.edge(edge) for edge in shortest_path(topology, item, origin, effective)]
    walked = [item, *(edge.provider for edge in edges)]
    assert [edge.consumer for edge in edges] == walked[:-1]
    assert walked[-1] == origin
    assert len(edges) >= hops(topology, item, Way.UPSTREAM)[origin]


def wan(own: dict[str, Severity]) -> Estate:
    """Mail over two lines, of which one is needed; a longer way to line 1 leads through the proxy."""
    keys = ["mail", "line-1", "line-2", "proxy"]
    wan = RedundancyGroup(name="wan", need_up=1)
    items = tuple(
        Item(key=key, ci_class="service", name=key, groups=(wan,) if key == "mail" else ()) for key in keys
    )
    rows = [
        Dependency(consumer="mail", verb=VERB, provider=f"line-{at}", group="wan", weight=1) for at in (1, 2)
    ]
    rows += [Dependency(consumer="mail", verb=VERB, provider="proxy")]
    rows += [Dependency(consumer="proxy", verb=VERB, provider="line-1")]
    return Estate(items, tuple(rows), own)


def _keys_along(estate: Estate, origin: str) -> list[str]:
    topology = estate.topology
    path = shortest_path(topology, 0, topology.index[origin], evaluate(topology, estate.vector()))
    return [topology.keys[topology.edge(edge).provider] for edge in path]


def test_a_path_along_which_severity_travels_is_preferred() -> None:
    assert _keys_along(wan({"line-1": Severity.CRITICAL}), "line-1") == ["proxy", "line-1"]
    both = {"line-1": Severity.CRITICAL, "line-2": Severity.CRITICAL}
    assert _keys_along(wan(both), "line-1") == ["line-1"]


def test_where_redundancy_holds_the_shortest_path_stands_in() -> None:
    assert _keys_along(wan({"line-2": Severity.CRITICAL}), "line-2") == ["line-2"]


def test_a_path_that_carries_less_proves_less_than_a_longer_one() -> None:
    keys = ["shop", "cache", "job", "queue", "database"]
    items = tuple(Item(key=key, ci_class="service", name=key) for key in keys)
    rows = [
        Dependency(consumer="shop", verb=VERB, provider="cache", strength=Strength.SOFT),
        Dependency(consumer="cache", verb=VERB, provider="database"),
        Dependency(consumer="shop", verb=VERB, provider="job"),
        Dependency(consumer="job", verb=VERB, provider="queue"),
        Dependency(consumer="queue", verb=VERB, provider="database"),
    ]
    failing = Estate(items, tuple(rows), {"database": Severity.CRITICAL})
    assert _keys_along(failing, "database") == ["job", "queue", "database"]
    strained = Estate(items, tuple(rows[:2]), {"database": Severity.CRITICAL})
    assert _keys_along(strained, "database") == ["cache", "database"]


@given(estates(repeats=True), st.data())
def test_the_path_is_the_first_of_the_best(estate: Estate, data: st.DataObject) -> None:
    topology = estate.topology
    effective = evaluate(topology, estate.vector())
    origin, item = (data.draw(st.integers(0, len(topology) - 1)) for _ in range(2))
    links = Links(topology, effective)
    towards = PathsTo(topology, origin, links)
    best = BestPaths(topology, links, towards, origin).find(item, 1)
    path = towards.path(item)
    provider, carried = topology.views.provider, [links.severity(edge) for edge in path]
    assert [provider[edge] for edge in path] == [provider[edge] for edges, _ in best for edge in edges]
    assert min(carried, default=0) == max((severity for _, severity in best), default=0)


def test_no_path_leads_to_what_is_not_upstream() -> None:
    topology = wan({}).topology
    calm = evaluate(topology, wan({}).vector())
    assert shortest_path(topology, topology.index["line-1"], 0, calm) == ()
    assert shortest_path(topology, 0, 0, calm) == ()


@given(estates(repeats=True), st.data())
def test_walking_down_from_an_origin_finds_what_walking_up_finds(estate: Estate, data: st.DataObject) -> None:
    topology = estate.topology
    effective = evaluate(topology, estate.vector())
    origin = data.draw(st.integers(0, len(topology) - 1))
    towards = PathsTo(topology, origin, Links(topology, effective))
    for item in range(len(topology)):
        assert towards.path(item) == shortest_path(topology, item, origin, effective)
        assert towards.reaches(item) == (origin in upstream(topology, item))
