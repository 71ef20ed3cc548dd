"""Steps of a plan: done twice is done once, and beside a step stands what others say."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmdb.desk.merging import RECORDED, fold_dependencies, fold_item, recorded_dependency, recorded_sighting
from cmdb.desk.run_steps import (
    DependencyStep,
    ItemStep,
    RunPlan,
    keep_dependency_sightings,
    keep_sightings,
    revise_dependencies,
    revise_item,
    sighting_key,
    steps_by_triple,
)
from cmdb.model.provenance import DependencySighting, Evidence, Sighting
from cmdb.model.records import Dependency, Item
from tests.support.moments import NOON
from tests.support.small_estate import METAMODEL

TRIPLE = ("x", "DEPENDS_ON", "y")
SIGHTINGS = st.builds(
    Sighting,
    source=st.sampled_from(["netbox", "ansible", RECORDED]),
    scope=st.sampled_from(["", "eu"]),
    key=st.sampled_from(["k", "l"]),
    ci_class=st.sampled_from(["server", "hypervisor"]),
    name=st.sampled_from(["n", "m"]),
    rule=st.just("fqdn"),
    attributes=st.dictionaries(st.sampled_from(["os", "role"]), st.sampled_from(["1", "2"])),
    retired=st.booleans(),
)
ROWS = st.builds(
    DependencySighting,
    source=st.sampled_from(["netbox", "ansible"]),
    scope=st.sampled_from(["", "eu"]),
    evidence=st.sampled_from(Evidence),
    group=st.sampled_from([None, "g", "h"]),
)
UNIQUE_ROWS = st.lists(ROWS, max_size=5, unique_by=lambda row: (row.source, row.scope, row.group))


def says(source: str = "netbox", **fields: object) -> Sighting:
    plain = Sighting(source=source, scope="s", key="k", ci_class="server", name="web", rule="fqdn")
    return replace(plain, **fields)  # type: ignore[arg-type]


def edge_says(source: str = "netbox", **fields: object) -> DependencySighting:
    plain = DependencySighting(source=source, scope="s", evidence=Evidence.DECLARED)
    return replace(plain, **fields)  # type: ignore[arg-type]


@settings(max_examples=60)
@given(
    st.lists(SIGHTINGS, max_size=4, unique_by=sighting_key),
    st.lists(SIGHTINGS, max_size=3, unique_by=sighting_key),
    st.sets(SIGHTINGS.map(sighting_key), max_size=3),
)
def test_a_step_leaves_what_it_puts_and_what_it_does_not_speak_of(
    held: list[Sighting], puts: list[Sighting], drops: set[tuple[str, str, str]]
) -> None:
    present = fold_item("x", held, METAMODEL) if held else None
    step = ItemStep("x", puts=puts, drops=drops)
    after = revise_item(present, step, METAMODEL)
    named = drops | {sighting_key(row) for row in puts}
    expected = [row for row in held if sighting_key(row) not in named] + puts
    if not puts and len(expected) == len(held):
        assert after is None, "nothing of it is there"
        return
    assert after is not None
    by_key = {sighting_key(row): row for row in after.sightings}
    assert by_key == {sighting_key(row): row for row in expected}
    assert after.retired is all(row.retired for row in expected)
    assert revise_item(after, step, METAMODEL) == (after if puts else None), "done twice is done once"


def test_a_ci_that_its_last_sighting_leaves_is_retired_under_its_last_words() -> None:
    present = replace(fold_item("x", [says(attributes={"os": "Debian"})], METAMODEL), valid_from=NOON)
    after = revise_item(present, ItemStep("x", drops={sighting_key(says())}), METAMODEL)
    assert after == replace(present, sightings=(), retired=True, valid_from=None)
    assert revise_item(after, ItemStep("x", drops={sighting_key(says())}), METAMODEL) is None


def test_what_was_recorded_directly_becomes_a_voice_beside_the_first_sighting() -> None:
    recorded = Item(key="x", ci_class="server", name="by hand", attributes={"os": "Debian"})
    after = revise_item(recorded, ItemStep("x", puts=[says(name="scanned")]), METAMODEL)
    assert after is not None
    assert after.sightings == (says(name="scanned"), recorded_sighting(recorded))
    assert (after.name, after.attributes) == ("by hand", {"os": "Debian"})


@settings(max_examples=60)
@given(UNIQUE_ROWS, UNIQUE_ROWS)
def test_a_step_replaces_all_that_its_feed_says_of_two_cis_and_nothing_else(
    held: list[DependencySighting], told: list[DependencySighting]
) -> None:
    present = fold_dependencies(TRIPLE, held, METAMODEL) if held else []
    mine = tuple(row for row in told if (row.source, row.scope) == ("netbox", "eu"))
    step = DependencyStep(TRIPLE, "netbox", "eu", mine)
    after = revise_dependencies(present, [step], METAMODEL)
    rows = {one for row in after if not row.ended for one in row.sightings}
    assert rows == {row for row in held if (row.source, row.scope) != ("netbox", "eu")}.union(mine)
    keys = [row.key for row in after]
    assert len(keys) == len(set(keys))
    assert {row.key for row in present} <= set(keys), "what nobody asserts any more ends, it does not vanish"
    living = [row for row in after if not row.ended]
    assert [row for row in revise_dependencies(living, [step], METAMODEL) if not row.ended] == living


def test_what_ends_keeps_how_it_was_and_nobody_asserts_it() -> None:
    (present,) = fold_dependencies(TRIPLE, [edge_says(weight=4, note="why")], METAMODEL)
    (ended,) = revise_dependencies(
        [replace(present, valid_from=NOON)], [DependencyStep(TRIPLE, "netbox", "s")], METAMODEL
    )
    assert ended == replace(present, sightings=(), ended=True, valid_from=None)


def test_what_people_record_stands_beside_what_sources_say_and_replaces_what_people_said() -> None:
    before = [says(attributes={"role": "web"}), says(RECORDED, scope="", key="x", name="old")]
    present = fold_item("x", before, METAMODEL)
    edited = Item(key="x", ci_class="server", name="new", attributes={"os": "Debian"}, valid_from=NOON)
    kept = keep_sightings(edited, present, METAMODEL)
    assert [row.source for row in kept.sightings] == ["netbox", RECORDED]
    assert (kept.name, kept.attributes, kept.valid_from) == ("new", {"os": "Debian", "role": "web"}, NOON)


@pytest.mark.parametrize("retired", [False, True])
def test_people_decide_whether_a_ci_is_retired(*, retired: bool) -> None:
    present = fold_item("x", [says(retired=not retired)], METAMODEL)
    edited = Item(key="x", ci_class="server", name="web", retired=retired)
    assert keep_sightings(edited, present, METAMODEL).retired is retired


def test_a_recorded_dependency_joins_the_group_that_a_source_knows() -> None:
    present = fold_dependencies(TRIPLE, [edge_says(group="power")], METAMODEL)
    plain = Dependency(consumer="x", verb="DEPENDS_ON", provider="y", weight=2, valid_from=NOON)
    kept = keep_dependency_sightings(plain, present, METAMODEL)
    assert (kept.group, kept.valid_from) == ("power", NOON)
    assert set(kept.sightings) == {edge_says(group="power"), recorded_dependency(plain)}
    again = keep_dependency_sightings(replace(plain, weight=3), [kept], METAMODEL)
    assert [row.weight for row in again.sightings if row.source == RECORDED] == [3]


def test_what_two_feeds_say_of_one_pair_is_written_at_once() -> None:
    other = ("y", "DEPENDS_ON", "z")
    steps = [
        DependencyStep(TRIPLE, "a", "s"),
        DependencyStep(other, "a", "s"),
        DependencyStep(TRIPLE, "b", "s"),
    ]
    assert steps_by_triple(steps) == {TRIPLE: [steps[0], steps[2]], other: [steps[1]]}


def plan(*rows: Sighting, edges: tuple[DependencySighting, ...] = (), drops: int = 0) -> RunPlan:
    steps = {"x": ItemStep("x", puts=list(rows), drops={("a", "b", str(n)) for n in range(drops)})}
    return RunPlan(items=steps, dependencies={TRIPLE: DependencyStep(TRIPLE, "netbox", "s", edges)})


def test_one_name_for_the_same_steps_whenever_they_are_planned() -> None:
    missed, later = says(missed_since=NOON), says(missed_since=NOON + timedelta(days=1))
    edge, edge_later = edge_says(missed_since=NOON), edge_says(missed_since=NOON + timedelta(days=1))
    assert plan(missed, edges=(edge,)).hash() == plan(later, edges=(edge_later,)).hash()
    one, other = says(attributes={"os": "1", "role": "2"}), says(attributes={"role": "2", "os": "1"})
    assert plan(one).hash() == plan(other).hash()
    assert plan(says(), says(key="l")).hash() == plan(says(key="l"), says()).hash()


def test_another_name_for_anything_that_would_be_written_otherwise() -> None:
    plans = [
        plan(),
        plan(says()),
        plan(says(missed_since=NOON)),
        plan(says(retired=True)),
        plan(says(attributes={"os": "1"})),
        plan(says(), drops=1),
        plan(says(), edges=(edge_says(),)),
        plan(says(), edges=(edge_says(missed_since=NOON),)),
        plan(says(), edges=(edge_says(weight=2),)),
    ]
    assert len({made.hash() for made in plans}) == len(plans)
