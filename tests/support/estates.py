"""Random small estates as model records, for property tests: cycles, self loops, groups, maps, every strength."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from cmdb.impact.arrays import SeverityArray, Topology
from cmdb.impact.topology import build_topology
from cmdb.model.records import Dependency, Item
from cmdb.model.redundancy import OnTrip, RedundancyGroup
from cmdb.model.severity import AS_IS, MapKind, Severity, SeverityMap, Strength
from cmdb.ports.graph import DependencyColumns, ItemColumns

VERB = "DEPENDS_ON"
GROUP_NAMES = ("a", "b")


@dataclass(frozen=True)
class Estate:
    """Items, dependencies and the own severities of those that fail."""

    items: tuple[Item, ...]
    dependencies: tuple[Dependency, ...]
    own: Mapping[str, Severity]

    @property
    def keys(self) -> list[str]:
        return [item.key for item in self.items]

    @property
    def topology(self) -> Topology:
        return build_topology(item_columns(self.items), dependency_columns(self.dependencies))

    def vector(self) -> SeverityArray:
        return np.array([self.own.get(key, 0) for key in self.keys], np.uint8)

    def places(self) -> dict[int, int]:
        return {place: int(self.own[key]) for place, key in enumerate(self.keys) if self.own.get(key)}


def item_columns(items: tuple[Item, ...]) -> ItemColumns:
    return ItemColumns(
        keys=[item.key for item in items],
        names=[item.name for item in items],
        classes=[item.ci_class for item in items],
        groups=[item.groups for item in items],
        retired=[item.retired for item in items],
    )


def dependency_columns(dependencies: tuple[Dependency, ...]) -> DependencyColumns:
    return DependencyColumns(
        consumers=[row.consumer for row in dependencies],
        providers=[row.provider for row in dependencies],
        verbs=[row.verb for row in dependencies],
        strengths=[row.strength or Strength.HARD for row in dependencies],
        maps=[row.map for row in dependencies],
        weights=[row.weight for row in dependencies],
        groups=[row.group for row in dependencies],
    )


def _tables() -> st.SearchStrategy[SeverityMap]:
    rungs = st.lists(st.sampled_from(Severity), min_size=4, max_size=4).map(sorted)
    return rungs.map(lambda found: SeverityMap(kind=MapKind.TABLE, table=(Severity.OK, *found)))


def maps() -> st.SearchStrategy[SeverityMap]:
    by = st.integers(0, 4)
    return st.one_of(
        st.just(AS_IS),
        by.map(lambda steps: SeverityMap(kind=MapKind.INCREASE, by=steps)),
        by.map(lambda steps: SeverityMap(kind=MapKind.DECREASE, by=steps)),
        st.sampled_from(Severity).map(lambda rung: SeverityMap(kind=MapKind.FIXED, to=rung)),
        st.just(SeverityMap(kind=MapKind.IGNORE)),
        _tables(),
    )


@st.composite
def redundancy_groups(draw: st.DrawFn, name: str) -> RedundancyGroup:
    on_trip = draw(st.sampled_from(OnTrip))
    form = draw(st.sampled_from(["need_up", "need_percent", "trip"]))
    if form == "need_up":
        return RedundancyGroup(name=name, need_up=draw(st.integers(1, 6)), on_trip=on_trip)
    if form == "need_percent":
        return RedundancyGroup(name=name, need_percent=draw(st.integers(1, 100)), on_trip=on_trip)
    den = draw(st.integers(1, 6))
    return RedundancyGroup(name=name, trip=(draw(st.integers(0, den)), den), on_trip=on_trip)


@st.composite
def estates(draw: st.DrawFn, *, most_items: int = 8, repeats: bool = False) -> Estate:
    """Any small estate; dependency keys are unique, as a store demands, unless `repeats`."""
    keys = [f"ci-{number}" for number in range(draw(st.integers(1, most_items)))]
    declared = {key: draw(st.lists(st.sampled_from(GROUP_NAMES), unique=True)) for key in keys}
    items = tuple(
        Item(
            key=key,
            ci_class="service",
            name=f"CI {key[3:]}",
            groups=tuple(draw(redundancy_groups(name)) for name in declared[key]),
        )
        for key in keys
    )
    rows = []
    for _ in range(draw(st.integers(0, 3 * len(keys)))):
        consumer = draw(st.sampled_from(keys))
        rows.append(
            Dependency(
                consumer=consumer,
                verb=VERB,
                provider=draw(st.sampled_from(keys)),
                strength=draw(st.sampled_from([Strength.HARD, Strength.HARD, *Strength])),
                map=draw(st.one_of(st.just(AS_IS), maps())),
                weight=draw(st.integers(0, 4)),
                group=draw(st.sampled_from([None, *declared[consumer]])),
            )
        )
    kept = rows if repeats else {row.key: row for row in rows}.values()
    own = draw(st.dictionaries(st.sampled_from(keys), st.sampled_from(list(Severity)[1:])))
    return Estate(items, tuple(kept), own)
