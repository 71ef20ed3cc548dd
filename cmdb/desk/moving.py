"""What becomes of the dependencies of a CI when sources turn out to mean another one."""

from collections.abc import Iterable, Sequence

from cmdb.desk.merging import recorded_dependency
from cmdb.desk.run_steps import DependencyStep
from cmdb.model.provenance import DependencySighting
from cmdb.model.records import Dependency
from cmdb.model.runs import Triple

Voice = tuple[Triple, str, str]
"""What one feed says between two CIs: triple, source, scope."""


def move_dependencies(
    dependencies: Iterable[Dependency], start: str, end: str, sources: frozenset[str] | None
) -> list[DependencyStep]:
    """Return steps that move what these sources assert of `start` to `end`; None moves all that anybody asserts.

    A dependency between the two themselves would join a CI to itself and ends.
    """
    moved: dict[Voice, list[DependencySighting]] = {}
    for dependency in dependencies:
        triple = (dependency.consumer, dependency.verb, dependency.provider)
        target = _renamed(triple, start, end)
        for row in dependency.sightings or (recorded_dependency(dependency),):
            if sources is not None and row.source not in sources:
                continue
            moved.setdefault((triple, row.source, row.scope), [])
            if target[0] != target[2]:
                moved.setdefault((target, row.source, row.scope), []).append(row)
    return [
        DependencyStep(triple, source, scope, tuple(rows))
        for (triple, source, scope), rows in sorted(moved.items(), key=lambda entry: entry[0])
    ]


def add_standing(
    steps: Sequence[DependencyStep], standing: Iterable[Dependency], start: str
) -> list[DependencyStep]:
    """Keep what the same feeds say of the target already: a step replaces all that its feed says."""
    held: dict[Voice, list[DependencySighting]] = {}
    for dependency in standing:
        triple = (dependency.consumer, dependency.verb, dependency.provider)
        if start not in (triple[0], triple[2]):
            for row in dependency.sightings or (recorded_dependency(dependency),):
                held.setdefault((triple, row.source, row.scope), []).append(row)
    return [
        DependencyStep(
            step.triple,
            step.source,
            step.scope,
            _distinct([*held.get((step.triple, step.source, step.scope), ()), *step.rows]),
        )
        for step in steps
    ]


def _distinct(rows: Sequence[DependencySighting]) -> tuple[DependencySighting, ...]:
    """One voice says one thing a group: the first."""
    by_group: dict[str | None, DependencySighting] = {}
    for row in rows:
        by_group.setdefault(row.group, row)
    return tuple(by_group.values())


def _renamed(triple: Triple, start: str, end: str) -> Triple:
    consumer, verb, provider = triple
    return (end if consumer == start else consumer, verb, end if provider == start else provider)
