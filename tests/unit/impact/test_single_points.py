from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from cmdb.impact.arrays import SeverityArray, Topology
from cmdb.impact.margin import Margins, margin, present_margins
from cmdb.impact.node_rules import TOP
from cmdb.impact.propagation import evaluate
from cmdb.impact.single_points import Found, SinglePoints, beyond, enough
from cmdb.model.records import Dependency, Item
from cmdb.model.redundancy import RedundancyGroup
from cmdb.model.severity import Severity
from tests.oracle.brute_force import Oracle
from tests.support.estates import VERB, Estate, estates

OWN = st.dictionaries(st.integers(0, 5), st.sampled_from(list(Severity)[1:]))


def _with(estate: Estate, failing: dict[int, Severity]) -> Estate:
    own = {estate.keys[at]: rung for at, rung in failing.items() if at < len(estate.keys)}
    return Estate(estate.items, estate.dependencies, own)


def _check(estate: Estate, topology: Topology, points: SinglePoints) -> None:
    """Fail each item in turn and look at which rung all others stand then."""
    oracle = Oracle(estate.items, estate.dependencies)
    now = oracle.severities(estate.own)
    after = {
        key: oracle.severities({**estate.own, key: Severity.CRITICAL})
        for key in estate.keys
        if now[key] < TOP
    }
    for key in estate.keys:
        for rung in range(now[key] + 1, TOP + 1):
            found = points.of(topology.index[key], rung)
            assert sorted(topology.keys[at] for at in found) == sorted(
                other for other, then in after.items() if then[key] >= rung
            )


@given(estates(most_items=6, repeats=True))
def test_single_points_are_those_of_failing_each_item_in_turn(estate: Estate) -> None:
    topology = estate.topology
    _check(estate, topology, SinglePoints(topology, evaluate(topology, estate.vector()), Found()))


def _supposed(base: SinglePoints, effective: SeverityArray) -> SinglePoints:
    topology = base.topology
    reached = beyond(topology, base.effective, effective)
    return SinglePoints(topology, effective, Found(), base=base, beneath=reached)


@given(estates(most_items=6, repeats=True), OWN, OWN)
def test_a_supposed_state_on_top_of_another_is_worked_out_where_they_differ(
    estate: Estate, first: dict[int, Severity], second: dict[int, Severity]
) -> None:
    before, after = _with(estate, first), _with(estate, second)
    topology = estate.topology
    base = SinglePoints(topology, evaluate(topology, before.vector()), Found())
    _check(before, topology, base)
    _check(after, topology, _supposed(base, evaluate(topology, after.vector())))


@given(estates(most_items=6, repeats=True), st.lists(OWN, min_size=2, max_size=4))
def test_margins_kept_from_revision_to_revision_are_those_worked_out_anew(
    estate: Estate, states: list[dict[int, Severity]]
) -> None:
    topology = estate.topology
    held: list[tuple[Margins, Estate]] = []
    for failing in states:
        now = _with(estate, failing)
        held.append((present_margins(topology, evaluate(topology, now.vector())), now))
        _compare(*held[-1], topology)
    for margins, then in held:  # an older revision's answers do not turn into the newer one's
        _compare(margins, then, topology)
        supposed = evaluate(topology, estate.vector())
        for item in range(len(topology)):
            assert margins.after(supposed).of(item) == margin(topology, supposed, item)


def test_a_lost_member_makes_single_points_of_the_others() -> None:
    """The set kept from the healthy revision was empty; what it follows from has changed, not the item itself."""
    group = RedundancyGroup(name="pool", need_up=2)
    service = Item(key="service", ci_class="service", name="service", groups=(group,))
    nodes = [f"node-{place}" for place in range(3)]
    items = (service, *(Item(key=key, ci_class="service", name=key) for key in nodes))
    rows = tuple(Dependency(consumer="service", verb=VERB, provider=key, group="pool") for key in nodes)
    topology = Estate(items, rows, {}).topology
    survived = []
    for own in ({}, {"node-0": Severity.CRITICAL}, {}):
        effective = evaluate(topology, Estate(items, rows, own).vector())
        survived.append(present_margins(topology, effective).of(0).survives)
    assert survived == [1, 0, 1]


def _compare(margins: Margins, estate: Estate, topology: Topology) -> None:
    effective = evaluate(topology, estate.vector())
    for item in range(len(topology)):
        assert margins.of(item) == margin(topology, effective, item)


@given(estates(most_items=6, repeats=True), st.integers(0, 12))
def test_without_room_for_the_sets_the_margin_is_the_same(estate: Estate, room: int) -> None:
    topology = estate.topology
    effective = evaluate(topology, estate.vector())
    for item in range(len(topology)):
        assert margin(topology, effective, item, most=room) == margin(topology, effective, item)


def test_a_full_state_forgets_and_goes_on() -> None:
    """A line of ten items, whose last one hangs on all of them: 55 items in all sets together."""
    keys = [f"ci-{number}" for number in range(10)]
    items = tuple(Item(key=key, ci_class="service", name=key) for key in keys)
    rows = tuple(Dependency(consumer=above, verb=VERB, provider=key) for key, above in pairwise(keys))
    topology = Estate(items, rows, {}).topology
    found = Found(60)
    points = SinglePoints(topology, evaluate(topology, Estate(items, rows, {}).vector()), found)
    assert points.of(9, 1) == frozenset(range(10))
    assert found.room == 5
    assert points.of(4, 4) == frozenset(range(5))
    assert len(found.sets) == 5


def test_enough_counts_what_fails_already() -> None:
    one, two = frozenset({1}), frozenset({1, 2})
    assert enough([one, two, None], [1, 1, 1], 2) == two
    assert enough([one, two, None], [1, 1, 1], 3) == one
    assert enough([one, two, None], [1, 1, 1], 4) == frozenset()
    assert enough([one, None], [0, 2], 2) is None
