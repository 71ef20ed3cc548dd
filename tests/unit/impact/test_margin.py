from hypothesis import given

from cmdb.impact.margin import MarginResult, margin
from cmdb.impact.propagation import evaluate
from cmdb.model.records import Dependency, Item
from cmdb.model.redundancy import RedundancyGroup
from cmdb.model.severity import Severity
from tests.oracle.brute_force import Oracle
from tests.support.estates import VERB, Estate, estates


def _margin(estate: Estate, key: str = "service", bound: int = 2) -> MarginResult:
    topology = estate.topology
    return margin(topology, evaluate(topology, estate.vector()), topology.index[key], bound=bound)


def _pool(size: int, need_up: int, failing: int = 0) -> Estate:
    """One service over a pool of equal nodes, each on its own host."""
    group = RedundancyGroup(name="pool", need_up=need_up)
    service = Item(key="service", ci_class="service", name="service", groups=(group,))
    keys = [f"{kind}-{place:03}" for kind in ("host", "node") for place in range(size)]
    rows = [Dependency(consumer="service", verb=VERB, provider=key, group="pool") for key in keys[size:]]
    rows += [
        Dependency(consumer=node, verb=VERB, provider=host)
        for host, node in zip(keys, keys[size:], strict=False)
    ]
    items = (service, *(Item(key=key, ci_class="service", name=key) for key in keys))
    return Estate(items, tuple(rows), dict.fromkeys(keys[:failing], Severity.CRITICAL))


@given(estates(most_items=6, repeats=True))
def test_margin_is_that_of_trying_every_set(estate: Estate) -> None:
    oracle, topology = Oracle(estate.items, estate.dependencies), estate.topology
    for key in estate.keys:
        sizes = [size for size in range(1, len(estate.keys)) if oracle.worsening(estate.own, key, size)]
        found = _margin(estate, key)
        alone = sorted(at for (at,) in oracle.worsening(estate.own, key, 1))
        assert [topology.keys[at] for at in found.next_failures] == alone
        if not sizes:
            assert found == MarginResult(None, exact=True, next_failures=())
        elif found.exact:
            assert found.survives == sizes[0] - 1
        else:
            assert found.survives == 2 < sizes[0]


def test_a_pool_survives_what_it_has_to_spare() -> None:
    assert _margin(_pool(4, need_up=3)) == MarginResult(1, exact=True, next_failures=())
    assert _margin(_pool(9, need_up=4)) == MarginResult(2, exact=False, next_failures=())
    assert _margin(_pool(9, need_up=4), bound=6).survives == 5
    assert _margin(_pool(3, need_up=1)) == MarginResult(2, exact=True, next_failures=())


def test_failures_that_hold_now_use_the_margin_up() -> None:
    estate = _pool(3, need_up=2, failing=1)
    found = _margin(estate)
    assert found.survives == 0
    assert [estate.topology.keys[at] for at in found.next_failures] == [
        "host-001",
        "host-002",
        "node-001",
        "node-002",
    ]


def test_a_large_pool_is_bounded_and_says_so() -> None:
    assert _margin(_pool(400, need_up=300)) == MarginResult(1, exact=False, next_failures=())


def test_critical_and_independent_items_have_no_margin() -> None:
    nothing_left = MarginResult(None, exact=True, next_failures=())
    assert _margin(_pool(2, need_up=1, failing=2)) == nothing_left
    assert _margin(_pool(2, need_up=1), "host-000") == nothing_left


def test_single_points_are_all_that_everything_hangs_on() -> None:
    estate = _pool(3, need_up=1)
    switch = Item(key="switch", ci_class="service", name="switch")
    feed = Item(key="feed", ci_class="service", name="feed")
    rows = [Dependency(consumer=f"host-{place:03}", verb=VERB, provider="switch") for place in range(3)]
    rows.append(Dependency(consumer="switch", verb=VERB, provider="feed"))
    wider = Estate((*estate.items, switch, feed), (*estate.dependencies, *rows), {})
    topology = wider.topology
    found = margin(topology, evaluate(topology, wider.vector()), topology.index["service"]).next_failures
    assert [topology.keys[at] for at in found] == ["feed", "switch"]


def test_a_provider_on_a_cycle_that_feeds_both_sides_is_a_single_point() -> None:
    """`left` and `right` stand in for each other; `a` and `b` need each other, one below each side."""
    pair = RedundancyGroup(name="pair", need_up=1)
    service = Item(key="service", ci_class="service", name="service", groups=(pair,))
    rows = [
        Dependency(consumer="service", verb=VERB, provider=end, group="pair") for end in ("left", "right")
    ]
    needs = [("left", "a"), ("a", "b"), ("b", "a"), ("right", "b")]
    rows += [Dependency(consumer=consumer, verb=VERB, provider=provider) for consumer, provider in needs]
    items = (service, *(Item(key=key, ci_class="service", name=key) for key in ("left", "right", "a", "b")))
    estate = Estate(items, tuple(rows), {})
    assert [estate.keys[at] for at in _margin(estate).next_failures] == ["a", "b"]
