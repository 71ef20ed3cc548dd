"""What a CI or dependency is, as a fold of what its sources say: any order of sightings, same result."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from cmdb.model.metamodel import CiClass, Metamodel
from cmdb.model.provenance import AttributeValue, DependencySighting, Evidence, Sighting
from cmdb.model.records import Dependency, Item
from cmdb.model.redundancy import RedundancyGroup
from cmdb.model.runs import Triple
from cmdb.model.severity import Strength

RECORDED = "records"
"""The source of what was recorded directly, by people and scripts."""

RECORDED_RULE = "recorded directly"

_EVIDENCE = (Evidence.DECLARED, Evidence.INFERRED, Evidence.OBSERVED)
_STRENGTH = (Strength.HARD, Strength.SOFT, Strength.TELEMETRY)


@dataclass(frozen=True, slots=True)
class Assertion:
    """One value that one source gives for one attribute; `wins` says that the CI shows it."""

    attribute: str
    value: AttributeValue
    source: str
    key: str
    wins: bool


def fold_item(key: str, sightings: Iterable[Sighting], metamodel: Metamodel) -> Item:
    """Return the CI that these sightings make; it is retired when every source has given it up.

    Descriptions count before weakly recognised ones, and these before mentions; per attribute the best ranked source
    that still sees the CI wins, and the closer class wins over the one that it extends.
    """
    rows = sorted(sightings, key=lambda row: (row.source, row.key, row.scope))
    ranked = _ranked(rows, metamodel)
    ci_class = _class_of(ranked, metamodel)
    attributes = {name: row.attributes[name] for name, row in _winners(ranked, ci_class, metamodel).items()}
    groups: dict[str, RedundancyGroup] = {}
    for row in ranked:
        for group in row.groups:
            groups.setdefault(group.name, group)
    return Item(
        key=key,
        ci_class=ci_class,
        name=ranked[0].name,
        description=next((row.description for row in ranked if row.description), ""),
        attributes=attributes,
        groups=tuple(groups[name] for name in sorted(groups)),
        mention=all(row.mention for row in ranked),
        sightings=tuple(rows),
        retired=all(row.retired for row in rows),
    )


def assertions(sightings: Sequence[Sighting], metamodel: Metamodel) -> tuple[Assertion, ...]:
    """Return who says what of each attribute, the winner first: where each value of a folded CI comes from."""
    if not sightings:
        return ()
    ranked = _ranked(sightings, metamodel)
    winners = _winners(ranked, _class_of(ranked, metamodel), metamodel)
    rows = sorted(sightings, key=lambda row: (row.source, row.key, row.scope))
    found = [
        Assertion(name, value, row.source, row.key, wins=winners.get(name) is row)
        for row in rows
        for name, value in row.attributes.items()
    ]
    return tuple(sorted(found, key=lambda row: (row.attribute, not row.wins, row.source, row.key)))


def counted(sightings: Sequence[Sighting]) -> list[Sighting]:
    """Return the sightings that make the CI; of one that all have given up the last words stand."""
    rows = [row for row in sightings if not row.retired] or list(sightings)
    described = [row for row in rows if not row.mention]
    return [row for row in described if not row.weak] or described or rows


def _ranked(sightings: Sequence[Sighting], metamodel: Metamodel) -> list[Sighting]:
    """Return the sightings that make the CI, best first."""
    rank = metamodel.precedence.rank
    rows = counted(sightings)
    if len(rows) < 2:
        return rows
    return sorted(
        rows,
        key=lambda row: (
            row.missed_since is not None,
            rank(row.source),
            row.source,
            # How a source spells its keys decides nothing while it says something else of them.
            repr((row.ci_class, row.name, row.description, sorted(row.attributes.items()), row.groups)),
            row.key,
            row.scope,
        ),
    )


def _class_of(ranked: Sequence[Sighting], metamodel: Metamodel) -> str:
    """Return the class that the best source gives, or one that extends it where another source knows better."""
    chosen = ranked[0].ci_class
    for row in ranked[1:]:
        if metamodel.is_a(row.ci_class, chosen):
            chosen = row.ci_class
    return chosen


def _winners(ranked: Sequence[Sighting], ci_class: str, metamodel: Metamodel) -> Mapping[str, Sighting]:
    """Return per attribute of the class the sighting whose value counts."""
    known = metamodel.classes[ci_class]
    winners: dict[str, Sighting] = {}
    for name in sorted({name for row in ranked for name in row.attributes} & known.attributes.keys()):
        holders = [row for row in ranked if name in row.attributes]
        experts = _experts(known, name, metamodel)
        # `ranked` is in order already and sorting is stable: experts only come forward among what is fresh.
        winners[name] = min(
            holders,
            key=lambda row: (
                row.missed_since is not None,
                row.source != RECORDED,
                experts.index(row.source) if row.source in experts else len(experts),
            ),
        )
    return winners


def _experts(known: CiClass, attribute: str, metamodel: Metamodel) -> tuple[str, ...]:
    declared = metamodel.precedence.attributes
    for ci_class in (known.name, *known.ancestors):
        if (ci_class, attribute) in declared:
            return declared[ci_class, attribute]
    return ()


def recorded_sighting(item: Item) -> Sighting:
    """Return what a CI that was recorded directly holds, as what people say of it."""
    return Sighting(
        source=RECORDED,
        scope="",
        key=item.key,
        ci_class=item.ci_class,
        name=item.name,
        rule=RECORDED_RULE,
        description=item.description,
        attributes=dict(item.attributes),
        groups=item.groups,
        retired=item.retired,
    )


def recorded_dependency(dependency: Dependency) -> DependencySighting:
    """Return what a dependency that was recorded directly holds, as what people say of it."""
    return DependencySighting(
        source=RECORDED,
        scope="",
        evidence=dependency.evidence,
        confidence=dependency.confidence,
        strength=dependency.strength,
        map=dependency.map,
        weight=dependency.weight,
        group=dependency.group,
        note=dependency.note,
    )


def fold_dependencies(
    triple: Triple, sightings: Iterable[DependencySighting], metamodel: Metamodel
) -> list[Dependency]:
    """Return the dependencies that these sightings make between two CIs, one a redundancy group.

    Who knows of no group speaks of the dependency in the first group that somebody else declares.
    """
    rows = sorted(sightings, key=_order)
    named = {row.group for row in rows if row.group is not None}
    by_group: dict[str | None, list[DependencySighting]] = {}
    for row in rows:
        by_group.setdefault(row.group or (min(named) if named else None), []).append(row)
    return [_fold(triple, group, by_group[group], metamodel) for group in sorted(by_group, key=str)]


def _order(row: DependencySighting) -> tuple[str, str, str, str]:
    return row.source, row.scope, row.group or "", row.evidence


def _fold(
    triple: Triple, group: str | None, rows: Sequence[DependencySighting], metamodel: Metamodel
) -> Dependency:
    consumer, verb, provider = triple
    fresh = [row for row in rows if row.missed_since is None] or list(rows)
    evidence = min((row.evidence for row in fresh), key=_EVIDENCE.index)
    best = [row for row in fresh if row.evidence is evidence]
    leading = min(best, key=lambda row: (metamodel.precedence.rank(row.source), _order(row)))
    default = metamodel.relationships[verb].strength
    return Dependency(
        consumer=consumer,
        verb=verb,
        provider=provider,
        strength=min((row.strength or default for row in best), key=_STRENGTH.index),
        map=leading.map,
        weight=leading.weight,
        group=group,
        note=next((row.note for row in (leading, *best) if row.note), ""),
        evidence=evidence,
        confidence=_combined(fresh),
        sightings=tuple(rows),
    )


def _combined(rows: Sequence[DependencySighting]) -> int:
    """Return the percent at which at least one source is right, each source counted once; rounded down."""
    by_source: dict[str, int] = {}
    for row in rows:
        by_source[row.source] = max(row.confidence, by_source.get(row.source, 0))
    wrong, whole = 1, 1
    for confidence in by_source.values():
        wrong, whole = wrong * (100 - confidence), whole * 100
    return (whole - wrong) * 100 // whole
