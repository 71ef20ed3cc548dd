from hypothesis import given

from cmdb.impact import causes
from cmdb.impact.arrays import SeverityArray, Topology
from cmdb.impact.causes import Explanation
from cmdb.impact.propagation import evaluate
from cmdb.model.records import Dependency, Item
from cmdb.model.redundancy import RedundancyGroup
from cmdb.model.severity import Severity
from tests.oracle.brute_force import Oracle
from tests.support.estates import VERB, Estate, estates

MANY = 1_000


def explain(topology: Topology, own: SeverityArray, item: int, *, most: int = 20) -> Explanation:
    return causes.explain(topology, own, evaluate(topology, own), item, most=most)


def _named(estate: Estate, sets: tuple[tuple[int, ...], ...]) -> list[frozenset[str]]:
    return [frozenset(estate.keys[place] for place in found) for found in sets]


def _pool(size: int, need_up: int, failing: int) -> Estate:
    """One service over a pool of equal nodes."""
    nodes = [f"node-{place:03}" for place in range(size)]
    group = RedundancyGroup(name="pool", need_up=need_up)
    service = Item(key="service", ci_class="service", name="service", groups=(group,))
    items = (service, *(Item(key=key, ci_class="service", name=key) for key in nodes))
    rows = tuple(Dependency(consumer="service", verb=VERB, provider=key, group="pool") for key in nodes)
    return Estate(items, rows, dict.fromkeys(nodes[:failing], Severity.CRITICAL))


@given(estates(most_items=7, repeats=True))
def test_causes_and_minimal_sets_are_those_of_all_subsets(estate: Estate) -> None:
    oracle, topology = Oracle(estate.items, estate.dependencies), estate.topology
    for place, key in enumerate(estate.keys):
        found = explain(topology, estate.vector(), place, most=MANY)
        assert found.exact
        assert [topology.keys[cause] for cause in found.causes] == sorted(oracle.causes(estate.own, key))
        failures, repairs = _named(estate, found.minimal_failures), _named(estate, found.repairs)
        assert len(failures) == len(set(failures))
        assert set(failures) == oracle.minimal_failures(estate.own, key)
        assert set(repairs) == oracle.repairs(estate.own, key)
        assert [len(repair) for repair in repairs] == sorted(len(repair) for repair in repairs)


def test_sixteen_failures_are_exact() -> None:
    estate = _pool(16, need_up=9, failing=16)
    found = explain(estate.topology, estate.vector(), 0, most=20_000)
    assert found.exact
    assert found.causes == tuple(range(1, 17))
    assert len(found.minimal_failures) == 12_870  # 16 choose 8
    assert found.repairs[0] == tuple(range(1, 10))


def test_the_number_of_listed_sets_is_the_callers() -> None:
    estate = _pool(16, need_up=9, failing=16)
    found = explain(estate.topology, estate.vector(), 0, most=3)
    assert [len(found.minimal_failures), len(found.repairs)] == [3, 3]


def test_many_failures_give_true_causes_and_true_minimal_sets() -> None:
    estate = _pool(300, need_up=200, failing=140)
    topology, own = estate.topology, estate.vector()
    found = explain(topology, own, 0)
    assert not found.exact
    assert found.causes
    assert set(found.causes) <= set(range(1, 141))
    assert {len(failures) for failures in found.minimal_failures} == {101}
    assert {len(repair) for repair in found.repairs} == {40}
    for repair in found.repairs:
        repaired = own.copy()
        repaired[list(repair)] = 0
        assert evaluate(topology, repaired)[0] == 0
        repaired[repair[0]] = Severity.CRITICAL
        assert evaluate(topology, repaired)[0] == Severity.CRITICAL


def test_more_failures_than_are_looked_at_still_end() -> None:
    estate = _pool(1_500, need_up=1_490, failing=1_400)
    found = explain(estate.topology, estate.vector(), 0)
    assert not found.exact
    assert not found.minimal_failures
    assert not found.repairs


def test_failures_held_throughout_leave_repairs_and_causes_true() -> None:
    estate = _pool(1_500, need_up=400, failing=1_150)
    topology, own = estate.topology, estate.vector()
    found = explain(topology, own, 0)
    assert not found.minimal_failures
    assert {len(repair) for repair in found.repairs} == {50}
    assert set(found.causes) <= set(range(1, 1_151))


def test_one_failure_among_many_that_suffices_is_found() -> None:
    estate = _pool(40, need_up=1, failing=39)
    router = Item(key="router", ci_class="service", name="router")
    row = Dependency(consumer="service", verb=VERB, provider="router")
    own = {**estate.own, "router": Severity.CRITICAL}
    wider = Estate((*estate.items, router), (*estate.dependencies, row), own)
    found = explain(wider.topology, wider.vector(), 0)
    assert _named(wider, found.minimal_failures) == [frozenset({"router"})]
    assert _named(wider, found.repairs) == [frozenset({"router"})]
    assert [wider.keys[cause] for cause in found.causes] == ["router"]


def test_a_healthy_item_has_no_causes() -> None:
    estate = _pool(40, need_up=1, failing=39)
    found = explain(estate.topology, estate.vector(), 0)
    assert (found.causes, found.minimal_failures, found.repairs) == ((), (), ())
