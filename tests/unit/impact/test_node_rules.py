from cmdb.impact.arrays import Topology
from cmdb.impact.node_rules import MOST_RULES, TOP, rules_of
from cmdb.model.records import Dependency, Item
from cmdb.model.redundancy import RedundancyGroup
from cmdb.model.severity import Strength
from tests.support.estates import VERB, Estate


def _pool(need_up: int, strength: Strength = Strength.HARD) -> Topology:
    """A service on two of a pool, and on a disk of its own."""
    group = RedundancyGroup(name="pool", need_up=need_up)
    service = Item(key="service", ci_class="service", name="service", groups=(group,))
    items = (service, *(Item(key=key, ci_class="service", name=key) for key in ("disk", "one", "two")))
    needed = [
        Dependency(consumer="service", verb=VERB, provider=key, group="pool", strength=strength)
        for key in ("one", "two")
    ]
    disk = Dependency(consumer="service", verb=VERB, provider="disk")
    return Estate(items, (disk, *needed), {}).topology


def _node(topology: Topology, key: str, rung: int) -> int:
    return topology.index[key] * TOP + rung - 1


def test_a_node_follows_from_single_providers_and_from_groups() -> None:
    topology = _pool(need_up=1)
    rule = rules_of(topology)[_node(topology, "service", 2)]
    assert rule.alone == (_node(topology, "disk", 2),)
    (group,) = rule.groups
    assert (group.trip, set(group.nodes), group.every) == (
        2,
        {_node(topology, "one", 2), _node(topology, "two", 2)},
        True,
    )
    assert set(rule.nodes) == {*rule.alone, *group.nodes}


def test_one_of_two_needed_is_not_every_member() -> None:
    topology = _pool(need_up=2)
    (group,) = rules_of(topology)[_node(topology, "service", 1)].groups
    assert (group.trip, group.every) == (1, False)


def test_a_rung_that_no_member_can_bring_about_has_no_rule() -> None:
    topology = _pool(need_up=1, strength=Strength.SOFT)
    assert rules_of(topology)[_node(topology, "service", 1)].groups
    assert not rules_of(topology)[_node(topology, "service", 2)].groups


def test_rules_stay_with_their_topology_and_within_their_bound() -> None:
    topology = _pool(need_up=1)
    rules = rules_of(topology)
    kept = rules[_node(topology, "service", 1)]
    assert rules_of(topology)[_node(topology, "service", 1)] is kept
    rules.update(dict.fromkeys(range(-MOST_RULES, 0), kept))
    again = rules[_node(topology, "disk", 1)]
    assert (len(rules), again.nodes) == (1, ())
