"""How a feed says things: its records as sightings of CIs and dependencies."""

from collections.abc import Iterable

from cmdb.desk.identity import Binding
from cmdb.model.provenance import DependencySighting, Sighting
from cmdb.model.records import Dependency, Item
from cmdb.model.runs import KnownItem


class Voice:
    """One scope of one source."""

    def __init__(self, source: str, scope: str) -> None:
        """Speak for the scope."""
        self._source = source
        self._scope = scope
        self._said: dict[tuple[object, ...], DependencySighting] = {}

    def item(self, claim: Item, binding: Binding) -> Sighting:
        """Return what the feed says of the CI that the claim is bound to."""
        return Sighting(
            source=self._source,
            scope=self._scope,
            key=claim.key,
            ci_class=claim.ci_class,
            name=claim.name,
            rule=binding.rule,
            description=claim.description,
            attributes=claim.attributes,
            groups=claim.groups,
            mention=claim.mention,
            weak=binding.weak,
            retired=claim.retired,
        )

    def heard(self, item: KnownItem | None, native: str) -> Sighting | None:
        """Return what the feed said of the CI before; what another scope says of it stands beside that."""
        rows = item.sightings if item is not None else ()
        mine = (self._source, self._scope, native)
        return next((row for row in rows if (row.source, row.scope, row.key) == mine), None)

    def dependency(self, claim: Dependency) -> DependencySighting:
        """Return what the feed says of a dependency; what it says of many alike is one object."""
        said = (
            claim.evidence,
            claim.confidence,
            claim.strength,
            claim.map,
            claim.weight,
            claim.group,
            claim.note,
        )
        if said not in self._said:
            self._said[said] = DependencySighting(
                source=self._source,
                scope=self._scope,
                evidence=claim.evidence,
                confidence=claim.confidence,
                strength=claim.strength,
                map=claim.map,
                weight=claim.weight,
                group=claim.group,
                note=claim.note,
            )
        return self._said[said]


def firmness(row: DependencySighting) -> tuple[bool, bool, int, str]:
    """Return how firmly it is said; the firmest of several records of one dependency counts."""
    return row.evidence == "declared", row.evidence == "inferred", row.confidence, repr(row)


def in_order(rows: Iterable[DependencySighting]) -> tuple[DependencySighting, ...]:
    """Return what one feed says of two CIs by redundancy group, so that equal voices compare equal."""
    found = tuple(rows)
    if len(found) < 2:
        return found
    return tuple(sorted(found, key=lambda row: (row.group is not None, row.group or "")))
