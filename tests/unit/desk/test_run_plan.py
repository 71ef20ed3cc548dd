"""Whole plans: order and spelling of keys change nothing, what is done once is not done again."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmdb.application.run_batches import batches_of
from cmdb.desk.run_claims import read_claims
from cmdb.desk.run_plan import MISSES, PATIENCE, plan_run
from cmdb.desk.run_steps import RunFrame, RunPlan, revise_dependencies, revise_item
from cmdb.metamodel import read_metamodel
from cmdb.model.records import Dependency, EntryRecord, Item
from cmdb.model.redundancy import RedundancyGroup
from cmdb.model.runs import Estate, KnownItem, Triple
from cmdb.resources import folder
from tests.support.moments import NOON

METAMODEL = read_metamodel(folder("schema"))
DAY = timedelta(days=1)
VALUES = ["1", "2", "3"]

DESCRIPTIONS = st.builds(
    lambda native, ci_class, name, attributes, mention: Item(
        key=native, ci_class=ci_class, name=name, attributes=attributes, mention=mention
    ),
    st.sampled_from([f"k{n}" for n in range(6)]),
    st.sampled_from(["server", "virtual_machine", "switch"]),
    st.sampled_from(["n-1", "n-2", "n-3", "n-4"]),
    st.fixed_dictionaries(
        {},
        optional={
            "fqdn": st.sampled_from([f"f{value}.example.com" for value in VALUES]),
            "ip_addresses": st.lists(
                st.sampled_from([f"10.0.0.{value}" for value in VALUES]), unique=True, max_size=2
            ).map(tuple),
        },
    ),
    st.booleans(),
)
ENDS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=4)
FEEDS = st.tuples(st.lists(DESCRIPTIONS, max_size=6, unique_by=lambda item: item.key), ENDS)
Feed = tuple[list[Item], list[tuple[int, int]]]


def feed(made: Feed) -> list[EntryRecord]:
    """Return items, and dependencies between those whose places are there."""
    items, ends = made
    pairs = {(a, b) for a, b in ends if a != b and max(a, b) < len(items)}
    return [
        *items,
        *(
            Dependency(consumer=items[a].key, verb="DEPENDS_ON", provider=items[b].key)
            for a, b in sorted(pairs)
        ),
    ]


class World:
    """An estate in memory that plans are carried out on."""

    def __init__(self) -> None:
        self.items: dict[str, Item] = {}
        self.edges: dict[Triple, list[Dependency]] = {}
        self.starts: dict[str, tuple[datetime, ...]] = {}

    def estate(self) -> Estate:
        estate = Estate()
        for item in self.items.values():
            estate.items[item.key] = KnownItem(
                key=item.key,
                ci_class=item.ci_class,
                name=item.name,
                retired=item.retired,
                sightings=item.sightings,
                attributes={} if item.sightings else item.attributes,
            )
        for triple, rows in self.edges.items():
            living = [(row.group, row.sightings) for row in rows if not row.ended]
            if living:
                estate.dependencies[triple] = living
        return estate

    def plan(
        self, source: str, entries: Sequence[EntryRecord], at: datetime = NOON, complete: bool = True
    ) -> RunPlan:
        estate = self.estate()
        claims = read_claims(entries, source, estate, METAMODEL)
        assert not claims.faulty
        frame = RunFrame(
            source=source,
            scope="s",
            complete=complete,
            started_at=at,
            complete_starts=self.starts.get(source, ()),
        )
        return plan_run(claims, frame, estate, METAMODEL, {}, {})

    def run(self, source: str, entries: Sequence[EntryRecord], at: datetime = NOON) -> RunPlan:
        plan = self.plan(source, entries, at)
        for batch in batches_of(plan):
            for step in batch.items:
                item = revise_item(self.items.get(step.key), step, METAMODEL)
                if item is not None:
                    self.items[step.key] = item
            for link in batch.dependencies:
                present = [row for row in self.edges.get(link.triple, []) if not row.ended]
                self.edges[link.triple] = revise_dependencies(present, [link], METAMODEL)
        for triple, rows in self.edges.items():
            if any(self.items[end].retired for end in (triple[0], triple[2])):
                self.edges[triple] = [replace(row, ended=True, sightings=()) for row in rows]
        self.starts[source] = (*self.starts.get(source, ()), at)
        return plan

    def shape(self) -> tuple[Mapping[str, Item], frozenset[Dependency | None]]:
        open_edges = {row.key for rows in self.edges.values() for row in rows if not row.ended}
        return dict(self.items), frozenset(open_edges)  # type: ignore[arg-type]


@settings(max_examples=150)
@given(FEEDS, FEEDS, st.randoms(use_true_random=False))
def test_shuffled_feeds_make_the_same_world_and_a_repeat_changes_nothing(
    first: Feed, second: Feed, chance: random.Random
) -> None:
    straight, shuffled = World(), World()
    for source, made in (("netbox", first), ("ansible", second)):
        entries = feed(made)
        straight.run(source, entries)
        mixed = list(entries)
        chance.shuffle(mixed)
        shuffled.run(source, mixed)
    assert straight.shape() == shuffled.shape()
    for source, made in (("netbox", first), ("ansible", second)):
        straight.run(source, feed(made))
    settled = straight.shape()
    for source, made in (("netbox", first), ("ansible", second)):
        again = straight.plan(source, feed(made))
        assert (again.items, again.dependencies, straight.shape()) == ({}, {}, settled)


@settings(max_examples=150)
@given(FEEDS, FEEDS, st.permutations([f"k{n}" for n in range(6)]))
def test_how_keys_are_spelt_decides_nothing(first: Feed, second: Feed, other: list[str]) -> None:
    """Renaming the keys of a feed makes the same CIs: as many, with the same sightings but for the keys."""
    names = {f"k{n}": f"z{other[n]}" for n in range(6)}
    plain, renamed = World(), World()
    for source, made in (("netbox", first), ("ansible", second)):
        items, ends = made
        plain.run(source, feed((items, ends)))
        renamed.run(source, feed(([replace(item, key=names[item.key]) for item in items], ends)))
    assert _anonymous(plain, lambda key: names[key]) == _anonymous(renamed, lambda key: key)


def _anonymous(world: World, called: Callable[[str], str]) -> list[str]:
    return sorted(
        repr(
            (
                item.ci_class,
                item.name,
                sorted(item.attributes.items()),
                item.retired,
                item.mention,
                sorted((row.source, called(row.key), row.rule, row.weak) for row in item.sightings),
            )
        )
        for item in world.items.values()
    )


@given(st.lists(st.integers(1, 60), min_size=1, max_size=8))
def test_three_misses_and_seven_days_retire_and_nothing_less(hours: list[int]) -> None:
    world = World()
    stays = Item(key="stays", ci_class="server", name="stays")
    goes = Item(key="goes", ci_class="server", name="goes")
    world.run("netbox", [stays, goes])
    at, missed, due = NOON, list[datetime](), False
    for pause in hours:
        at += timedelta(hours=pause)
        missed.append(at)
        world.run("netbox", [stays], at)
        due = len(missed) >= MISSES and at - missed[0] >= PATIENCE
        assert world.items["goes"].retired is due
        assert world.items["goes"].sightings[0].missed_since == missed[0]
    back = world.run("netbox", [stays, goes], at + DAY)
    assert not world.items["goes"].retired
    assert world.items["goes"].sightings[0].missed_since is None
    assert set(world.items) == {"stays", "goes"}
    assert back.counts["items.revived"] == due


def test_a_plan_has_one_hash_whenever_it_is_made_and_another_when_it_differs() -> None:
    world = World()
    hosts = [Item(key=f"h{n}", ci_class="server", name=f"h{n}") for n in range(4)]
    world.run("netbox", hosts)
    monday, tuesday = (
        world.plan("netbox", hosts[:3], NOON + DAY),
        world.plan("netbox", hosts[2::-1], NOON + 2 * DAY),
    )
    assert monday.hash() == tuesday.hash()
    assert world.plan("netbox", hosts[:2], NOON + DAY).hash() != monday.hash()
    altered = [replace(hosts[0], name="other"), *hosts[1:3]]
    assert world.plan("netbox", altered, NOON + DAY).hash() != monday.hash()


@pytest.mark.parametrize("name", ["A", "None", "power"])
def test_a_repeat_changes_nothing_where_a_dependency_is_told_within_a_group_and_without(name: str) -> None:
    world = World()
    group = RedundancyGroup(name=name, need_up=1)
    ends = [Item(key="x", ci_class="server", name="x", groups=(group,))]
    ends += [Item(key="y", ci_class="server", name="y")]
    plain = Dependency(consumer="x", verb="DEPENDS_ON", provider="y")
    entries: list[EntryRecord] = [*ends, plain, replace(plain, group=name)]
    world.run("netbox", entries)
    again = world.plan("netbox", entries[::-1])
    assert (again.dependencies, again.counts["dependencies.unchanged"]) == ({}, 1)
