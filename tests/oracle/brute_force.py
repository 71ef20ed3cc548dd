"""The rule of impact written down once more, as plainly as possible, to judge the kernel by.

Follows `golden/README.md` step by step with exact fractions, a plain fixpoint and subset enumeration, and shares
nothing with `cmdb.impact`. Slow on purpose; for small estates only.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, combinations

from cmdb.model.records import Dependency, Item
from cmdb.model.redundancy import OnTrip, RedundancyGroup
from cmdb.model.severity import MapKind, Strength

Own = Mapping[str, int]
Failures = frozenset[str]


@dataclass(frozen=True)
class Oracle:
    """An estate to be asked about; severities are 0 (ok) to 4 (critical), items are named by key."""

    items: Sequence[Item]
    dependencies: Sequence[Dependency]

    def severities(self, own: Own) -> dict[str, int]:
        """All items start at ok; apply the item rule to all until nothing changes."""
        now = dict.fromkeys((item.key for item in self.items), 0)
        while True:
            following = {item.key: self._item(item, own, now) for item in self.items}
            if following == now:
                return now
            now = following

    def _item(self, item: Item, own: Own, now: Mapping[str, int]) -> int:
        members = [row for row in self.dependencies if row.consumer == item.key and _takes_part(row)]
        results = [own.get(item.key, 0)]
        results += [_mapped(row, now[row.provider]) for row in members if row.group is None]
        for group in item.groups:
            pairs = [
                (_mapped(row, now[row.provider]), row.weight) for row in members if row.group == group.name
            ]
            results.append(_group(group, pairs))
        return max(results)

    def upstream(self, key: str) -> Failures:
        """The item and everything that it needs in the end, over dependencies that take part."""
        reached = {key}
        while True:
            more = {row.provider for row in self.dependencies if row.consumer in reached and _takes_part(row)}
            if more <= reached:
                return frozenset(reached)
            reached |= more

    def handed_on(self, row: Dependency, now: Mapping[str, int]) -> int | None:
        """What the dependency hands to its consumer, at most what its group gives; None if it takes no part."""
        if not _takes_part(row):
            return None
        given = _mapped(row, now[row.provider])
        if row.group is None:
            return given
        (item,) = (item for item in self.items if item.key == row.consumer)
        (group,) = (group for group in item.groups if group.name == row.group)
        rows = [
            other for other in self.dependencies if other.consumer == item.key and other.group == group.name
        ]
        pairs = [(_mapped(other, now[other.provider]), other.weight) for other in rows if _takes_part(other)]
        return min(given, _group(group, pairs))

    def sufficient(self, own: Own, key: str) -> list[Failures]:
        """All sets of failures that alone give the item at least its present severity."""
        level = self.severities(own)[key]
        failing = sorted(at for at in self.upstream(key) if own.get(at, 0) > 0)
        return [found for found in _subsets(failing) if self.severities(_only(own, found))[key] >= level]

    def causes(self, own: Own, key: str) -> set[str]:
        """Failures f with a set R such that R alone leaves the item below its severity and R with f does not."""
        yes = set(self.sufficient(own, key))
        if not self.severities(own)[key]:
            return set()
        return {failure for found in yes for failure in found if found - {failure} not in yes}

    def minimal_failures(self, own: Own, key: str) -> set[Failures]:
        """Inclusion-minimal sets of failures that alone give the item its severity."""
        return _minimal(self.sufficient(own, key)) if self.severities(own)[key] else set()

    def repairs(self, own: Own, key: str) -> set[Failures]:
        """Inclusion-minimal sets whose repair lowers the item."""
        if not self.severities(own)[key]:
            return set()
        failing = sorted(at for at in self.upstream(key) if own.get(at, 0) > 0)
        yes = set(self.sufficient(own, key))
        return _minimal([found for found in _subsets(failing) if frozenset(failing) - found not in yes])

    def worsening(self, own: Own, key: str, size: int) -> list[Failures]:
        """Sets of that many providers, not critical yet, whose joint failure would worsen the item."""
        now = self.severities(own)
        others = sorted(at for at in self.upstream(key) - {key} if now[at] < 4)
        raised = (frozenset(found) for found in combinations(others, size))
        return [
            found for found in raised if self.severities({**own, **dict.fromkeys(found, 4)})[key] > now[key]
        ]


def _takes_part(row: Dependency) -> bool:
    return row.map.kind is not MapKind.IGNORE and row.strength is not Strength.TELEMETRY


def _mapped(row: Dependency, severity: int) -> int:
    if severity == 0:
        return 0
    given = row.map
    table = [int(rung) for rung in given.table or ()]
    results = {
        MapKind.AS_IS: severity,
        MapKind.INCREASE: min(4, severity + given.by),
        MapKind.DECREASE: max(1, severity - given.by),
        MapKind.FIXED: int(given.to),
        MapKind.TABLE: table[severity] if table else 0,
    }
    mapped = results[given.kind]
    return min(1, mapped) if row.strength is Strength.SOFT else mapped


def _group(group: RedundancyGroup, members: list[tuple[int, int]]) -> int:
    whole = sum(weight for _, weight in members)
    if not members:
        return 0
    if whole == 0:
        return max(severity for severity, _ in members)
    at_trip = _at_trip(sorted(members, reverse=True), _trip(group, whole) * whole)
    if group.on_trip is OnTrip.WORST:
        return max(severity for severity, _ in members) if at_trip > 0 else 0
    return at_trip


def _at_trip(worst_first: list[tuple[int, int]], limit: Fraction) -> int:
    summed = 0
    for severity, weight in worst_first:
        summed += weight
        if summed >= limit:
            return severity
    raise AssertionError("the whole weight reaches every trip")


def _trip(group: RedundancyGroup, whole: int) -> Fraction:
    """A need of k up trips once less than weight k can be up; a need in percent likewise."""
    if group.trip is not None:
        return Fraction(*group.trip)
    needed = (
        Fraction(whole * group.need_percent, 100)
        if group.need_percent is not None
        else Fraction(group.need_up or 0)
    )
    least = next((failing for failing in range(whole + 1) if whole - failing < needed), whole + 1)
    return Fraction(least, whole)


def _subsets(things: Sequence[str]) -> Iterator[Failures]:
    sizes = (combinations(things, size) for size in range(len(things) + 1))
    return (frozenset(found) for found in chain.from_iterable(sizes))


def _minimal(sets: Iterable[Failures]) -> set[Failures]:
    known = list(sets)
    return {found for found in known if not any(other < found for other in known)}


def _only(own: Own, failing: Failures) -> dict[str, int]:
    return {key: rung for key, rung in own.items() if key in failing}
