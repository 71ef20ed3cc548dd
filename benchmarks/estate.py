"""A made-up estate of any size: deterministic, as columns for a projection or as records for a load."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from benchmarks.estate_plan import SHAPES, SITE_SIZE, Kind, Layout, Numbers, lay_out
from benchmarks.estate_wiring import wire
from cmdb import resources
from cmdb.impact.reach import downstream
from cmdb.impact.topology import Topology, build_topology
from cmdb.metamodel import read_metamodel
from cmdb.model.provenance import AttributeValue
from cmdb.model.records import Dependency, Item
from cmdb.model.severity import AS_IS, Strength
from cmdb.ports.graph import DependencyColumns, ItemColumns

SIZES = {"S": 10_000, "M": 100_000, "L": 1_000_000}
SAMPLE = 200


@dataclass(frozen=True)
class Estate:
    """CIs by number; `verbs` and `groups` [E] pick among `verb_names` and `group_names`."""

    layout: Layout
    consumers: Numbers
    providers: Numbers
    verbs: Numbers
    groups: Numbers
    verb_names: tuple[str, ...]
    group_names: tuple[str | None, ...]

    def __len__(self) -> int:
        return self.layout.size

    @cached_property
    def keys(self) -> list[str]:
        return [
            f"{SHAPES[kind].word}-{number:07d}" for kind in Kind for number in range(self.layout.counts[kind])
        ]

    @cached_property
    def strengths(self) -> list[Strength]:
        """How hard each verb of `verb_names` binds."""
        declared = read_metamodel(resources.folder("schema")).relationships
        return [declared[verb].strength for verb in self.verb_names]

    @cached_property
    def live(self) -> Numbers:
        """The dependencies that carry impact: all but telemetry."""
        silent = [number for number, hold in enumerate(self.strengths) if hold is Strength.TELEMETRY]
        return np.flatnonzero(~np.isin(self.verbs, silent))

    def item_columns(self, *, grouped: bool = True) -> ItemColumns:
        """Return the CIs; `grouped` False leaves redundancy out, for rivals that know none."""
        shapes = [SHAPES[kind] for kind in Kind for _ in range(self.layout.counts[kind])]
        return ItemColumns(
            keys=self.keys,
            names=[key.replace("-", " ") for key in self.keys],
            classes=[shape.ci_class for shape in shapes],
            groups=[shape.groups if grouped else () for shape in shapes],
            retired=[False] * len(shapes),
        )

    def dependency_columns(self, *, grouped: bool = True) -> DependencyColumns:
        """Return the dependencies; without groups soft ones count in full too, so that severity equals reach."""
        size = len(self.consumers)
        hard = [hold if grouped or hold is Strength.TELEMETRY else Strength.HARD for hold in self.strengths]
        return DependencyColumns(
            consumers=[self.keys[number] for number in self.consumers.tolist()],
            providers=[self.keys[number] for number in self.providers.tolist()],
            verbs=[self.verb_names[number] for number in self.verbs.tolist()],
            strengths=[hard[number] for number in self.verbs.tolist()],
            maps=[AS_IS] * size,
            weights=[1] * size,
            groups=[self.group_names[number] if grouped else None for number in self.groups.tolist()],
        )

    def topology(self, *, grouped: bool = True) -> Topology:
        """Return the projection; its CI numbers are the estate's."""
        return build_topology(self.item_columns(grouped=grouped), self.dependency_columns(grouped=grouped))

    def items(self) -> Iterator[Item]:
        """Stream the CIs with ten properties each."""
        keys = iter(self.keys)
        for kind in Kind:
            for number in range(self.layout.counts[kind]):
                yield _item(kind, number, next(keys))

    def dependencies(self) -> Iterator[Dependency]:
        """Stream the dependencies."""
        columns = (self.consumers, self.providers, self.verbs, self.groups)
        for consumer, provider, verb, group in zip(*(column.tolist() for column in columns), strict=True):
            yield Dependency(
                consumer=self.keys[consumer],
                verb=self.verb_names[verb],
                provider=self.keys[provider],
                strength=self.strengths[verb],
                group=self.group_names[group],
            )


def _item(kind: Kind, number: int, key: str) -> Item:
    shape = SHAPES[kind]
    attributes: dict[str, AttributeValue] = {
        "environment": ("production", "staging", "test")[number % 3],
        "lifecycle": "in_use",
        "location": f"hall {number % 7}",
        "tags": (f"team-{number % 40}", f"cost-{number % 90}"),
        "link": f"https://inventory.example/{key}",
    }
    if shape.extra is not None:
        attributes[shape.extra[0]] = shape.extra[1]
    return Item(
        key=key,
        ci_class=shape.ci_class,
        name=key.replace("-", " "),
        description=f"{shape.word} number {number}",
        attributes=attributes,
        groups=shape.groups,
    )


def estate(seed: int, size: str) -> Estate:
    """Return the estate of that seed and size (S, M or L); equal arguments give equal estates."""
    layout = lay_out(SIZES[size])
    wiring = wire(layout, np.random.default_rng(seed))
    return Estate(
        layout=layout,
        consumers=np.concatenate(wiring.consumers),
        providers=np.concatenate(wiring.providers),
        verbs=np.concatenate(wiring.verbs),
        groups=np.concatenate(wiring.groups),
        verb_names=tuple(wiring.verb_names),
        group_names=tuple(wiring.group_names),
    )


def samples(estate: Estate, number: int = SAMPLE) -> dict[str, list[int]]:
    """Return CIs to ask about, by class of question; drawn anew alike each time."""
    draw = np.random.default_rng(7)
    layout = estate.layout
    classes = {
        "random": np.arange(len(estate)),
        "host": layout.all(Kind.HOST),
        "switch": layout.all(Kind.SWITCH),
        "distribution router": layout.all(Kind.DISTRIBUTION),
        "core router": layout.all(Kind.CORE),
        "shared DNS": layout.all(Kind.DNS),
    }
    return {name: draw.permutation(found)[:number].tolist() for name, found in classes.items()}


def bands(estate: Estate) -> dict[str, tuple[float, float]]:
    """Return between which numbers of CIs the median reach of a class must lie.

    A distribution router reaches a quarter of a site to two and a half: 5,000 to 50,000 CIs where a site has 20,000.
    """
    site = min(SITE_SIZE, len(estate) / estate.layout.sites)
    return {
        "random": (5, 50),
        "host": (50, 500),
        "distribution router": (site / 4, site * 2.5),
        "core router": (len(estate) * 0.2, len(estate) * 0.8),
    }


def reaches(
    topology: Topology, chosen: dict[str, Sequence[int]] | dict[str, list[int]]
) -> dict[str, list[int]]:
    """Return how many CIs a failure of each chosen one can reach at most, itself left out."""
    return {
        name: [len(downstream(topology, [number])) - 1 for number in numbers]
        for name, numbers in chosen.items()
    }


def outside_bands(estate: Estate, reached: dict[str, list[int]]) -> list[str]:
    """Return what makes this estate unfit to publish figures of."""
    medians = {name: float(np.median(found)) for name, found in reached.items()}
    return [
        f"{name}: median reach {medians[name]:.0f} is not within {low:.0f} to {high:.0f}"
        for name, (low, high) in bands(estate).items()
        if not low <= medians[name] <= high
    ]
