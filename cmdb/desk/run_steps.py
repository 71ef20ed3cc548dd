"""The plan of a run in steps, and what each makes of the present: a step done twice is a step done once."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from cmdb.desk.merging import fold_dependencies, fold_item, recorded_dependency, recorded_sighting
from cmdb.model.metamodel import Metamodel
from cmdb.model.provenance import DependencySighting, Sighting
from cmdb.model.records import Assignment, Change, Dependency, EntryRecord, Item
from cmdb.model.runs import Review, Triple

SightingKey = tuple[str, str, str]
"""Source, scope and native key."""


def sighting_key(row: Sighting) -> SightingKey:
    """Return what tells a sighting from the others of a CI: each scope of a source speaks for itself."""
    return row.source, row.scope, row.key


@dataclass(slots=True)
class ItemStep:
    """What becomes of one CI: sightings to put, in place of those with the same key, and sightings that leave it.

    `change` is the drift that the step shows; it is written together with it, or never. `born` says that the CI is
    new, and its source knows it only as gone.
    """

    key: str
    puts: list[Sighting] = field(default_factory=list)
    drops: set[SightingKey] = field(default_factory=set)
    change: Change | None = None
    born: bool = False


@dataclass(slots=True)
class DependencyStep:
    """What one feed says of the dependencies between two CIs from now on: all of it, or nothing."""

    triple: Triple
    source: str
    scope: str
    rows: tuple[DependencySighting, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFrame:
    """What is known of a run before its records are looked at.

    `complete_starts` are those of earlier runs, `assignments` the open ones that the source was the last to write.
    """

    source: str
    scope: str
    complete: bool
    started_at: datetime
    complete_starts: tuple[datetime, ...] = ()
    assignments: tuple[Assignment, ...] = ()


@dataclass(slots=True)
class RunPlan:
    """The steps of a run, what people should know of it, and why somebody must approve it."""

    items: dict[str, ItemStep] = field(default_factory=dict)
    dependencies: dict[Triple, DependencyStep] = field(default_factory=dict)
    others: list[EntryRecord] = field(default_factory=list)
    reviews: list[Review] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    lines: list[str] = field(default_factory=list)
    objections: tuple[str, ...] = ()

    def hash(self) -> str:
        """Return a name of exactly these steps, whenever they are planned: times are left out."""
        digest = hashlib.sha256()
        for key in sorted(self.items):
            step = self.items[key]
            puts = sorted(repr(_timeless(row)) for row in step.puts)
            digest.update(repr((key, puts, sorted(step.drops))).encode())
        for triple in sorted(self.dependencies):
            rows = [repr(_timeless(row)) for row in self.dependencies[triple].rows]
            digest.update(repr((triple, rows)).encode())
        for key in sorted(row.key for row in self.others if isinstance(row, Assignment) and row.ended):
            digest.update(repr(key).encode())
        return digest.hexdigest()[:16]


def _timeless(row: Sighting | DependencySighting) -> tuple[object, ...]:
    attributes = sorted(row.attributes.items()) if isinstance(row, Sighting) else []
    plain = replace(row, attributes={}) if isinstance(row, Sighting) else row
    return replace(plain, missed_since=None), attributes, row.missed_since is not None


def revise_item(present: Item | None, step: ItemStep, metamodel: Metamodel) -> Item | None:
    """Return the CI after the step; None when there is nothing to write.

    A CI that its last sighting leaves is retired: nobody asserts it any more.
    """
    held = _sightings(present)
    leaving = step.drops | {sighting_key(row) for row in step.puts}
    rows = [row for row in held if sighting_key(row) not in leaving]
    if not step.puts and len(rows) == len(held):
        return None
    if rows or step.puts:
        return fold_item(step.key, rows + step.puts, metamodel)
    return None if present is None else replace(present, sightings=(), retired=True, valid_from=None)


def _sightings(present: Item | None) -> tuple[Sighting, ...]:
    if present is None:
        return ()
    return present.sightings or (recorded_sighting(present),)


def revise_dependencies(
    present: Sequence[Dependency], steps: Sequence[DependencyStep], metamodel: Metamodel
) -> list[Dependency]:
    """Return the dependencies between two CIs after the steps, those that nobody asserts any more ended."""
    rows = [row for dependency in present for row in _rows_of(dependency)]
    for step in steps:
        rows = [row for row in rows if (row.source, row.scope) != (step.source, step.scope)]
        rows += step.rows
    triple = steps[0].triple
    folded = fold_dependencies(triple, rows, metamodel)
    kept = {dependency.key for dependency in folded}
    ended = [
        replace(dependency, sightings=(), ended=True, valid_from=None)
        for dependency in present
        if dependency.key not in kept
    ]
    return [*folded, *ended]


def _rows_of(dependency: Dependency) -> tuple[DependencySighting, ...]:
    return dependency.sightings or (recorded_dependency(dependency),)


def keep_sightings(item: Item, present: Item, metamodel: Metamodel) -> Item:
    """Return a CI that was recorded directly, beside what sources say of it; one that people retire is retired."""
    mine = recorded_sighting(item)
    others = [row for row in present.sightings if row.source != mine.source]
    folded = fold_item(item.key, [*others, mine], metamodel)
    return replace(folded, retired=item.retired, valid_from=item.valid_from)


def keep_dependency_sightings(
    dependency: Dependency, present: Sequence[Dependency], metamodel: Metamodel
) -> Dependency:
    """Return a dependency that was recorded directly, beside what sources say of it: in their group if it has none."""
    triple = (dependency.consumer, dependency.verb, dependency.provider)
    mine = recorded_dependency(dependency)
    rows = [
        row
        for held in present
        for row in held.sightings
        if (row.source, row.group) != (mine.source, mine.group)
    ]
    folded = fold_dependencies(triple, [*rows, mine], metamodel)
    (joined,) = [row for row in folded if mine in row.sightings]
    return replace(joined, valid_from=dependency.valid_from)


def steps_by_triple(steps: Sequence[DependencyStep]) -> Mapping[Triple, list[DependencyStep]]:
    """Return the steps of each pair of CIs: what two feeds say of one is written at once."""
    found: dict[Triple, list[DependencyStep]] = {}
    for step in steps:
        found.setdefault(step.triple, []).append(step)
    return found
